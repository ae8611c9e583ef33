"""A cycle in the shadow: loaded and proven, seen by the carrier alone, until it goes live; and back again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from billing_sources.models import BillCycle, BillingSystem, Invoice
from billing_sources.operations import NotDone
from billing_sources.stages import go_live, read_stages, roll_back
from portal.tenancy import acting, carrier
from tests.billing_sources.bills import Desk, bill, invoices, link_to
from tests.personas import Personas

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@pytest.fixture
def paper(database: str, people: Personas) -> BillingSystem:
    """A system with two cycles, whose account is Dana's, in the shadow from the start."""
    link_to(people.harlow_root)
    with carrier():
        system = BillingSystem.objects.get(key="paper")
        for code, day in (("1", 1), ("2", 15)):
            BillCycle.objects.create(system=system, code=code, day=day)
    roll_back(actor=people.erik, system=system, cycle="", reason="new system", now=NOW)
    return system


def seen_by(actor: object) -> list[tuple[str, int, str]]:
    with acting(actor, read_only=True):  # type: ignore[arg-type]
        rows = Invoice.objects.order_by("number", "revision")
        return [(row.number, row.revision, row.state) for row in rows]


def test_what_a_shadow_brings_is_loaded_and_seen_by_nobody_outside(
    desk: Desk, paper: BillingSystem, people: Personas
) -> None:
    file = desk.hand_in(bill("100.00"))
    assert (file.state, file.loaded_bills) == ("published", 1)
    assert [row.state for row in invoices()] == ["shadow"]
    assert seen_by(people.dana) == []


def test_going_live_shows_all_that_the_shadow_holds_in_one_act(
    desk: Desk, paper: BillingSystem, people: Personas
) -> None:
    desk.hand_in(bill("100.00", number="1"), bill("50.00", number="2", account="unknown", accounts=[]))
    assert go_live(actor=people.erik, system=paper, cycle="", reason="two cycles compared", now=NOW) == 2
    assert seen_by(people.dana) == [("1", 1, "published")]
    assert [row.state for row in invoices()] == ["published", "held"]


def test_a_cycle_goes_live_without_the_others(desk: Desk, paper: BillingSystem, people: Personas) -> None:
    desk.hand_in(bill("100.00", number="1", cycle="1"), bill("50.00", number="2", cycle="2"))
    assert go_live(actor=people.erik, system=paper, cycle="2", reason="compared", now=NOW) == 1
    assert seen_by(people.dana) == [("2", 1, "published")]
    desk.hand_in(bill("60.00", number="3", cycle="2"), bill("70.00", number="4", cycle="1"))
    assert [row[0] for row in seen_by(people.dana)] == ["2", "3"]


def test_revisions_made_in_the_shadow_stay_there_when_the_bill_is_shown(
    desk: Desk, paper: BillingSystem, people: Personas
) -> None:
    desk.hand_in(bill("100.00"))
    desk.hand_in(bill("90.00"))
    go_live(actor=people.erik, system=paper, cycle="", reason="compared", now=NOW)
    assert seen_by(people.dana) == [("1001", 2, "published")]


def test_rolling_back_takes_back_what_no_customer_works_with(
    desk: Desk, paper: BillingSystem, people: Personas
) -> None:
    go_live(actor=people.erik, system=paper, cycle="", reason="compared", now=NOW)
    desk.hand_in(bill("100.00", number="1"), bill("50.00", number="2"))
    desk.put_money_on(invoices(number="2")[0], "20.00")
    assert roll_back(actor=people.erik, system=paper, cycle="", reason="rates were wrong", now=NOW) == (1, 1)
    assert seen_by(people.dana) == [("2", 1, "published")]


def test_a_bill_that_its_customer_sees_is_revised_in_the_open_even_in_a_shadow(
    desk: Desk, paper: BillingSystem, people: Personas
) -> None:
    go_live(actor=people.erik, system=paper, cycle="", reason="compared", now=NOW)
    desk.hand_in(bill("100.00"))
    desk.put_money_on(invoices()[0], "20.00")
    roll_back(actor=people.erik, system=paper, cycle="", reason="rates were wrong", now=NOW)
    desk.put_money_on(invoices()[0], "0")
    desk.hand_in(bill("90.00"))
    assert seen_by(people.dana) == [("1001", 1, "superseded"), ("1001", 2, "published")]


def test_a_rebill_of_a_bill_that_its_customer_sees_is_seen_even_in_a_shadow(
    desk: Desk, paper: BillingSystem, people: Personas
) -> None:
    """Else the customer would see the bill void, and nothing in its place."""
    go_live(actor=people.erik, system=paper, cycle="", reason="compared", now=NOW)
    desk.hand_in(bill("100.00"))
    desk.put_money_on(invoices()[0], "20.00")
    roll_back(actor=people.erik, system=paper, cycle="", reason="rates were wrong", now=NOW)
    desk.put_money_on(invoices()[0], "0")
    desk.hand_in(bill("90.00", number="1002", replaces="1001"), bill("5.00", number="1003"))
    assert seen_by(people.dana) == [
        ("1001", 1, "superseded"),
        ("1001", 2, "published"),
        ("1002", 1, "published"),
    ]


def test_a_bill_keeps_the_day_on_which_it_was_first_published(
    desk: Desk, paper: BillingSystem, people: Personas
) -> None:
    go_live(actor=people.erik, system=paper, cycle="", reason="compared", now=NOW)
    desk.hand_in(bill("100.00"))
    (first,) = invoices()
    roll_back(actor=people.erik, system=paper, cycle="", reason="rates were wrong", now=NOW)
    go_live(actor=people.erik, system=paper, cycle="", reason="rates are right", now=NOW.replace(year=2027))
    assert invoices()[0].published_at == first.published_at


def test_an_act_needs_a_reason_and_something_to_change(paper: BillingSystem, people: Personas) -> None:
    with pytest.raises(NotDone, match="Say why"):
        go_live(actor=people.erik, system=paper, cycle="1", reason=" ", now=NOW)
    with pytest.raises(NotDone, match="Paper, cycle 1 is in the shadow already"):
        roll_back(actor=people.erik, system=paper, cycle="1", reason="again", now=NOW)


def test_an_act_on_the_system_overrules_what_was_said_of_its_cycles() -> None:
    stages = read_stages([("1", "shadow"), ("", "live"), ("2", "shadow")])
    assert [stages.mode(cycle) for cycle in ("1", "2", "3")] == ["live", "shadow", "live"]
