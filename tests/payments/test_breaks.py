"""A difference has an age, an owner and an end: the carrier's people see it, take it and say what explains it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import IntegrityError
from django.urls import reverse
from django.utils import timezone

from payments.models import Break
from portal.audit.models import AuditEvent
from portal.tenancy import carrier
from tests.payments.pages import Reader, url, words
from tests.personas import Personas


def differ(people: Personas, subject: str, days: int = 0, amount: str | None = "30.00") -> Break:
    with carrier():
        return Break.objects.create(
            customer=people.harlow,
            kind="on_account_credit",
            subject=subject,
            expected="120.00 USD",
            found="30.00 USD more was booked",
            amount=Decimal(amount) if amount else None,
            currency="USD" if amount else "",
            opened_at=timezone.now() - timedelta(days=days),
        )


def acts(verb: str) -> list[tuple[int | None, object]]:
    with carrier(read_only=True):
        return list(AuditEvent.objects.filter(verb=verb).order_by("pk").values_list("user_id", "detail__reason"))


@pytest.mark.parametrize("name", ["erik", "sam"])
def test_open_breaks_are_seen_with_age_money_and_owner_the_oldest_first(people: Personas, name: str) -> None:
    differ(people, "PAY-2-1", days=3, amount="900.00")
    differ(people, "PAY-1-1", days=9)
    reader = Reader.of(getattr(people, name))
    said = words(reader.see(reverse("breaks")))
    assert "Harlow Freight Group 120.00 USD 30.00 USD more was booked 30.00 USD 9 days nobody" in said
    assert said.index("PAY-1-1") < said.index("PAY-2-1")
    largest = words(reader.see(reverse("breaks") + "?sort=amount"))
    assert largest.index("PAY-2-1") < largest.index("PAY-1-1")
    assert reverse("breaks") in reader.see(reverse("breaks"))  # the rail leads there


def test_whoever_takes_a_break_owns_it_until_somebody_else_does(people: Personas) -> None:
    found = differ(people, "PAY-1-1")
    for person in (people.erik, people.sam):
        Reader.of(person).client.post(url("break_owner", found.code))
    assert "PAY-1-1" not in words(Reader.of(people.erik).see(reverse("breaks") + "?state=mine"))
    assert "PAY-1-1" in words(Reader.of(people.sam).see(reverse("breaks") + "?state=mine"))
    assert [user for user, _ in acts("break taken")] == [people.erik.user_id, people.sam.user_id]


def test_a_break_is_closed_once_and_only_with_what_explains_it(people: Personas) -> None:
    found, erik = differ(people, "PAY-1-1"), Reader.of(people.erik)
    silent = erik.client.post(url("break_explanation", found.code), {"explanation": "  "}, follow=True)
    assert "Say what explains the difference." in words(silent)

    erik.client.post(url("break_explanation", found.code), {"explanation": "Paid twice by cheque; refunded."})
    assert "PAY-1-1" not in words(erik.see(reverse("breaks")))
    assert "Erik Paid twice by cheque; refunded." in words(erik.see(reverse("breaks") + "?state=closed"))
    assert acts("break closed") == [(people.erik.user_id, "Paid twice by cheque; refunded.")]

    for again in ("break_explanation", "break_owner"):
        assert erik.client.post(url(again, found.code), {"explanation": "No."}).status_code == 404
    assert erik.client.post(url("break_owner", uuid4())).status_code == 404


def test_the_database_closes_no_break_without_words_and_an_owner(people: Personas) -> None:
    found = differ(people, "PAY-1-1")
    with pytest.raises(IntegrityError, match="closed_break_is_explained"), carrier():
        Break.objects.filter(pk=found.pk).update(closed_at=timezone.now())


def test_a_customers_people_see_none_of_it(people: Personas) -> None:
    found = differ(people, "PAY-1-1")
    victor = Reader.of(people.victor)
    victor.see(reverse("breaks"), status=404)
    assert victor.client.post(url("break_owner", found.code)).status_code == 404
