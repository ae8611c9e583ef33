"""An account rep looks as a customer's user: on record, for half an hour, and can change nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.utils import DatabaseError

from portal.actor import CarrierActor
from portal.audit.models import AuditEvent
from portal.customers.access import Denied
from portal.customers.models import Customer, Membership
from portal.customers.operations import allow_visits
from portal.impersonation.models import SupportSession
from portal.impersonation.operations import VisitRefused, end_visit, record_page_view, start_visit
from portal.impersonation.queries import list_visits_for, live_visit
from portal.tenancy import acting, carrier
from tests.personas import Personas

REASON = "Dana asked why invoice 464 is held"


def begin(people: Personas, now: datetime, **changes: object) -> SupportSession:
    fields: dict[str, Any] = {
        "actor": people.sam,
        "customer_code": str(people.harlow.code),
        "user_id": people.dana.user_id,
        "reason": REASON,
        "ticket": "T-100",
        "now": now,
    }
    return start_visit(**{**fields, **changes})


def test_the_rep_sees_as_the_user_and_both_names_are_on_every_act(people: Personas, now: datetime) -> None:
    begin(people, now)

    visiting = live_visit(people.sam, now)
    assert visiting is not None
    record_page_view(actor=visiting, path="/invoices/", now=now)

    with acting(people.ada):
        event = AuditEvent.objects.get(verb="page seen")
    assert (event.user_id, event.real_user_id) == (people.dana.user_id, people.sam.user_id)


def test_it_ends_by_itself_after_thirty_minutes(people: Personas, now: datetime) -> None:
    begin(people, now)

    assert live_visit(people.sam, now + timedelta(minutes=29))
    assert live_visit(people.sam, now + timedelta(minutes=30)) is None


def test_the_database_refuses_a_longer_visit(people: Personas, now: datetime) -> None:
    with carrier(), pytest.raises(DatabaseError, match="a_visit_is_short"):
        SupportSession.objects.create(
            customer=people.harlow,
            rep_id=people.sam.user_id,
            user_id=people.dana.user_id,
            reason=REASON,
            ticket="T-1",
            started_at=now,
            expires_at=now + timedelta(minutes=31),
        )


@pytest.mark.parametrize("words", [{"reason": "because"}, {"ticket": " "}])
def test_a_visit_needs_a_reason_and_a_ticket(people: Personas, now: datetime, words: dict[str, str]) -> None:
    with pytest.raises(VisitRefused):
        begin(people, now, **words)


def test_only_a_rep_visits(people: Personas, now: datetime) -> None:
    with pytest.raises(Denied):
        begin(people, now, actor=people.erik)


def test_a_person_of_another_customer_cannot_be_seen_as(people: Personas, now: datetime) -> None:
    with pytest.raises(VisitRefused):
        begin(people, now, user_id=people.carol.user_id)


def test_there_is_no_visit_within_a_visit(people: Personas, now: datetime) -> None:
    begin(people, now)

    with pytest.raises(VisitRefused, match="going on"):
        begin(people, now, customer_code=str(people.lumen.code), user_id=people.carol.user_id)


def test_a_customer_that_forbids_visits_is_left_alone_at_once(people: Personas, now: datetime) -> None:
    begin(people, now)

    allow_visits(actor=people.ada, allowed=False, now=now)

    assert live_visit(people.sam, now) is None
    end_visit(actor=people.sam, now=now)
    with pytest.raises(VisitRefused, match="does not allow"):
        begin(people, now)


def test_a_visit_ends_when_the_user_leaves_the_customer(people: Personas, now: datetime) -> None:
    begin(people, now)

    with carrier():
        Membership.objects.filter(user_id=people.dana.user_id).delete()

    assert live_visit(people.sam, now) is None


def test_the_visitor_can_write_nothing_even_by_mistake_in_our_code(people: Personas, now: datetime) -> None:
    begin(people, now)
    visiting = live_visit(people.sam, now)
    assert visiting is not None

    with acting(visiting), pytest.raises(DatabaseError, match="read-only"):
        Customer.objects.update(allows_support=False)


def test_the_customer_reads_who_came_why_and_until_when(people: Personas, now: datetime) -> None:
    begin(people, now)
    end_visit(actor=people.sam, now=now + timedelta(minutes=5))

    with acting(people.ada):
        (visit,) = list_visits_for(people.ada, now + timedelta(hours=1))

    assert (visit.rep, visit.seen_as, visit.reason, visit.ticket) == ("Sam", "Dana", REASON, "T-100")
    assert visit.ended_at == now + timedelta(minutes=5)
    assert not visit.is_live
    with acting(people.carol):
        assert list_visits_for(people.carol, now) == []


def test_another_reps_visit_is_not_mine(people: Personas, now: datetime) -> None:
    begin(people, now)

    assert live_visit(CarrierActor(people.erik.user_id, "Erik", "rep"), now) is None
