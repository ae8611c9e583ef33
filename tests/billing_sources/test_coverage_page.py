"""Coverage: which systems customers see, said openly, and changed with a reason."""

from __future__ import annotations

import re

from django.urls import reverse

from tests.billing_sources.bills import invoices
from tests.billing_sources.staff import Night, text_of

pytest_plugins = ["tests.billing_sources.staff"]


def test_coverage_tells_of_systems_that_have_sent_nothing_yet(bills_came_in: Night) -> None:
    page = text_of(bills_came_in.erik.get(reverse("coverage")))
    assert re.search(r"1 of [2-9] systems live", page)
    assert "Boreal" in page and "To come" in page


def test_an_engineer_rolls_a_cycle_back_and_shows_it_again(bills_came_in: Night) -> None:
    address = reverse("system_stages", args=["atlas"])
    taken = bills_came_in.erik.post(address, {"cycle": "2", "do": "shadow", "reason": "rates were wrong"}, follow=True)
    assert "22 bills were taken back" in text_of(taken)
    assert {row.state for row in invoices()} == {"shadow"}
    assert "Partly live" in text_of(taken)

    shown = bills_came_in.erik.post(address, {"cycle": "", "do": "live", "reason": "rates are right"}, follow=True)
    assert "22 bills appeared for their customers" in text_of(shown)
    assert "Rolled back into the shadow, cycle 2" in text_of(shown)
    assert {row.state for row in invoices()} == {"held"}  # nobody has linked the accounts


def test_an_act_without_a_reason_is_refused_in_words(bills_came_in: Night) -> None:
    address = reverse("system_stages", args=["atlas"])
    answer = bills_came_in.erik.post(address, {"cycle": "", "do": "shadow", "reason": " "})
    assert answer.status_code == 422
    assert "Say why: the reason stays on record." in text_of(answer)


def test_an_act_that_is_none_is_not_found(bills_came_in: Night) -> None:
    address = reverse("system_stages", args=["atlas"])
    assert bills_came_in.erik.post(address, {"cycle": "", "do": "vanish", "reason": "x"}).status_code == 404
    assert bills_came_in.erik.get(reverse("system_stages", args=["nowhere"])).status_code == 404


def test_a_new_system_is_put_into_the_shadow_before_its_first_file(bills_came_in: Night) -> None:
    address = reverse("system_stages", args=["ferry"])
    assert address in bills_came_in.erik.get(reverse("coverage")).content.decode()
    assert "All cycles" in text_of(bills_came_in.erik.get(address))
    answer = bills_came_in.erik.post(address, {"cycle": "", "do": "shadow", "reason": "two cycles beside"}, follow=True)
    assert "In the shadow. 0 bills were taken back." in text_of(answer)
