"""Coverage: which systems customers see, said openly, and changed with a reason."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.urls import reverse

from billing_sources.models import BillCycle, BillingSystem, ImportRun
from billing_sources.night import ring_night
from billing_sources.stages import stages_of
from portal.audit.models import AuditEvent
from portal.tenancy import carrier
from tests.billing_sources.bills import invoices
from tests.billing_sources.staff import ORDER, Night, text_of

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


def opened(night: Night, system: str = "ferry", **fields: object) -> Any:
    stated = {"code": "05", "day": 5, "mode": "shadow", "reason": "the contract says the 5th", **fields}
    return night.erik.post(reverse("system_cycles", args=[system]), stated, follow=True)


def test_a_new_systems_cycle_is_opened_in_the_shadow_without_a_shell(bills_came_in: Night) -> None:
    page = text_of(opened(bills_came_in))
    assert "Cycle 05 is open." in page and "day 5" in page
    with carrier(read_only=True):
        cycle = BillCycle.objects.select_related("system").get(system__key="ferry")
        assert (cycle.code, cycle.day, stages_of(cycle.system_id).mode("05")) == ("05", 5, "shadow")
        act = AuditEvent.objects.get(verb="opened")
    assert act.user_id == bills_came_in.people.erik.user_id
    assert act.detail == {"day": 5, "stage": "shadow", "reason": "the contract says the 5th"}
    rung = ring_night(datetime(2026, 12, 5, 0, 1, tzinfo=UTC))
    with carrier(read_only=True):
        assert ImportRun.objects.filter(pk__in=rung, system__key="ferry").count() == 1


def test_bills_of_a_cycle_that_came_before_it_was_opened_go_where_it_goes(bills_came_in: Night) -> None:
    bills_came_in.import_order(replace(ORDER, cycle="9", seed=9, faults=()))
    assert "Cycle 9 is open" in text_of(opened(bills_came_in, "atlas", code="9"))
    assert {(row.cycle, row.state) for row in invoices()} == {("2", "held"), ("9", "shadow")}


def test_a_live_cycle_opens_in_a_system_that_is_in_the_shadow(bills_came_in: Night) -> None:
    address = reverse("system_stages", args=["ferry"])
    bills_came_in.erik.post(address, {"cycle": "", "do": "shadow", "reason": "beside the old way"})
    opened(bills_came_in, mode="live", reason="proven elsewhere")
    opened(bills_came_in, code="20", day=20)
    with carrier(read_only=True):
        system = BillingSystem.objects.get(key="ferry")
        assert (stages_of(system.pk).of_system, stages_of(system.pk).of_cycle) == ("shadow", {"05": "live"})


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"code": "  "}, "This field is required"),
        ({"code": "x" * 13}, "at most 12 characters"),
        ({"code": "a\tb"}, "Name the cycle as its bills do"),
        ({"code": "0\0"}, "Null characters are not allowed"),
        ({"day": 29}, "less than or equal to 28"),
        ({"day": 0}, "greater than or equal to 1"),
        ({"mode": "both"}, "Select a valid choice"),
        ({"reason": " "}, "This field is required"),
    ],
)
def test_a_cycle_that_cannot_be_is_refused_in_words(bills_came_in: Night, fields: dict[str, Any], said: str) -> None:
    answer = opened(bills_came_in, **fields)
    assert answer.status_code == 422 and said in text_of(answer)
    with carrier(read_only=True):
        assert not BillCycle.objects.filter(system__key="ferry").exists()


def test_the_same_form_twice_opens_one_cycle_and_says_so(bills_came_in: Night) -> None:
    opened(bills_came_in)
    again = opened(bills_came_in, day=6)
    assert again.status_code == 422 and "has a cycle 05 already: it closes on day 5" in text_of(again)
    with carrier(read_only=True):
        assert AuditEvent.objects.filter(verb="opened").count() == 1
