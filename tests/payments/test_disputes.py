"""What is disputed is not asked for, comes back to the cent, and everybody sees each step."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection

from payments.domain.dispute import MOVES
from payments.domain.reasons import SHORT_PAY_REASONS
from payments.domain.refusals import NotFound, Refused, Rule
from payments.models import Dispute, DisputeMessage, PayRun
from payments.operations import ChargeClaim, Place, dispute_invoice
from payments.operations.meet_revisions import meet_revisions
from portal.customers import access
from portal.tenancy import acting, carrier
from tests.factories import make_charge, make_invoice
from tests.payments.conftest import Desk, at_once
from tests.payments.disputes import REASON, Table

# --- The tables of code and database are one ------------------------------------------------------------------------


def test_the_database_knows_the_same_moves_of_a_dispute_as_the_code(desk: Desk) -> None:
    with carrier(read_only=True), connection.cursor() as cursor:
        cursor.execute("SELECT before, after, by FROM dispute_moves()")
        assert set(cursor.fetchall()) == MOVES
        cursor.execute("SELECT reason FROM undisputed_reasons()")
        undisputed = {reason for (reason,) in cursor.fetchall()}
    assert undisputed == {reason.key for reason in SHORT_PAY_REASONS if not reason.is_disputing}


def test_every_other_move_is_refused_by_the_database(table: Table) -> None:
    dispute = table.dispute(make_invoice(table.customer.people.harlow_west), "20")

    for state in ("asked", "answered", "proposed", "decided", "settled", "upheld"):
        with pytest.raises(DatabaseError, match="cannot go from"), acting(table.customer.people.dana):
            Dispute.objects.filter(code=dispute).update(state=state, version=2)


# --- Disputing ------------------------------------------------------------------------------------------------------


def test_what_is_disputed_cannot_be_placed(table: Table) -> None:
    desk, bill = table.customer, make_invoice(table.customer.people.harlow_west, "100.00")
    dispute = table.get(table.dispute(bill, "20.00"))
    assert (dispute.amount, dispute.state, dispute.standing) == (Decimal("20.00"), "opened", Decimal("20.00"))
    assert (desk.invoice(bill).open, desk.invoice(bill).disputed) == (100, 20)

    run = desk.open(bill)
    payment = desk.pay(run)
    desk.place(run, payment, bill)

    assert desk.invoice(bill).held == Decimal("80.00")
    assert table.short_pays(run) == {bill.number: (Decimal("20.00"), REASON)}
    with pytest.raises(Refused, match="beside the 20.00 USD disputed") as refused:
        desk.place(run, payment, bill, amount="80.01")
    assert refused.value.rule == Rule.OVER_INVOICE


def test_what_stands_on_runs_in_preparation_is_given_back_for_a_dispute(table: Table) -> None:
    desk, bill = table.customer, make_invoice(table.customer.people.harlow_west, "100.00")
    run = desk.approved(bill)

    table.dispute(bill, "30.00")

    assert desk.invoice(bill).held == Decimal("70.00")
    assert desk.run(run).state == PayRun.State.DRAFT
    assert desk.run(run).version == 2
    assert table.short_pays(run)[bill.number][0] == Decimal("30.00")


@pytest.mark.parametrize(
    ("amount", "rule"),
    [
        ("0", Rule.NOT_POSITIVE),
        ("-5", Rule.NOT_POSITIVE),
        ("NaN", Rule.NOT_POSITIVE),
        ("100.01", Rule.OVER_INVOICE),
        ("1E+40", Rule.OVER_INVOICE),
        ("10.005", Rule.NOT_MINOR_UNITS),
    ],
)
def test_no_other_amount_can_be_disputed_than_what_is_open(table: Table, amount: str, rule: Rule) -> None:
    bill = make_invoice(table.customer.people.harlow_west, "100.00")

    with pytest.raises(Refused) as refused:
        table.dispute(bill, amount)

    assert refused.value.rule == rule
    assert table.of(bill) == []


def test_a_dispute_has_a_reason_from_the_list(table: Table) -> None:
    bill = make_invoice(table.customer.people.harlow_west)
    for reason, note in (("", ""), ("too dear", ""), ("credit_expected", ""), ("other", " "), (REASON, "x" * 1001)):
        with pytest.raises(Refused):
            table.dispute(bill, "5", reason=reason, note=note)
    with pytest.raises(Refused):
        table.dispute(bill, "5", note="a\0b")


def test_single_charges_are_disputed_but_never_more_than_was_charged(table: Table) -> None:
    bill = make_invoice(table.customer.people.harlow_west, "100.00")
    make_charge(bill, "60.00", position=1, description="Circuit 88")
    make_charge(bill, "40.00", position=2)

    def charges(*claims: tuple[int, str]) -> dict[str, Any]:
        return {"charges": [ChargeClaim(position, Decimal(amount)) for position, amount in claims]}

    table.dispute(bill, **charges((1, "25.00"), (2, "10.00")))

    assert table.of(bill)[0].amount == Decimal("35.00")
    wrong = [
        charges((1, "35.01")),
        charges((9, "1.00")),
        charges((1, "1.00"), (1, "1.00")),
        charges((2, "0.001")),
        charges((2, "-1.00")),
    ]
    for claims in wrong:
        with pytest.raises(Refused):
            table.dispute(bill, **claims)
    assert len(table.of(bill)) == 1


def test_many_invoices_are_disputed_in_one_act_by_a_percentage(table: Table) -> None:
    people = table.customer.people
    bills = [make_invoice(people.harlow_west, amount) for amount in ("100.00", "33.33", "0.10")]
    codes = [bill.code for bill in bills]

    done = table.customer.do("dispute_invoices", invoices=codes, reason=REASON, percent=Decimal(50))

    assert done.message.startswith("3 invoices disputed as D-")
    assert [table.of(bill)[0].amount for bill in bills] == [Decimal("50.00"), Decimal("16.67"), Decimal("0.05")]
    for percent in ("0", "-10", "101", "NaN"):
        with pytest.raises(Refused):
            table.customer.do("dispute_invoices", invoices=codes, reason=REASON, percent=Decimal(percent))


def test_the_same_form_twice_opens_one_dispute(table: Table) -> None:
    people, bill = table.customer.people, make_invoice(table.customer.people.harlow_west)
    asked: dict[str, Any] = {
        "invoice": bill.code,
        "reason": REASON,
        "amount": Decimal(60),
        "key": uuid4(),
        "now": table.customer.now,
    }

    answers = at_once([partial(dispute_invoice, people.dana, **asked) for _ in range(3)])

    assert {answer.code for answer in answers if not isinstance(answer, Exception)} == {str(table.of(bill)[0].code)}
    assert len(table.of(bill)) == 1


def test_two_people_at_once_dispute_no_more_than_is_open(table: Table) -> None:
    bill = make_invoice(table.customer.people.harlow_west, "100.00")

    at_once([partial(table.dispute, bill, "60.00") for _ in range(4)])

    assert [dispute.amount for dispute in table.of(bill)] == [Decimal("60.00")]


def test_others_disputes_and_invoices_are_not_found(table: Table) -> None:
    people, bill = table.customer.people, make_invoice(table.customer.people.harlow_west)
    dispute = table.dispute(bill, "10")

    with pytest.raises(NotFound):
        table.customer.do("dispute_invoice", people.carol, invoice=bill.code, reason=REASON, amount=Decimal(5))
    with pytest.raises(NotFound):
        table.step("withdraw_dispute", dispute, actor=people.carol)
    with pytest.raises(access.Denied):
        table.reply(dispute, actor=people.victor)  # sees it, and may not prepare
    with acting(people.carol):
        assert not Dispute.objects.exists()
        assert not DisputeMessage.objects.exists()
    credit = make_invoice(people.harlow_west, "-10")
    with pytest.raises(Refused) as refused:
        table.dispute(credit, "5")
    assert refused.value.rule == Rule.CREDIT_NOTE


# --- Pay runs -------------------------------------------------------------------------------------------------------


def released_short(table: Table, bill: Any, short: str, reason: str = REASON) -> Any:
    desk = table.customer
    run = desk.open(bill)
    payment = desk.pay(run)
    desk.do("short_pay", run=run, invoice=bill.code, amount=Decimal(short), reason=reason)
    desk.do("allocate", run=run, placements=[Place(bill.code, payment, bill.payable - Decimal(short))])
    desk.do("submit_run", run=run)
    desk.do("approve_run", desk.people.victor, run=run, sha256=desk.run(run).submitted_sha256)
    return run, desk.do("release_run", desk.people.victor, run=run)


def test_a_released_short_pay_opens_a_dispute_of_the_same_amount(table: Table) -> None:
    bill = make_invoice(table.customer.people.harlow_west, "100.00")

    run, done = released_short(table, bill, "12.50")

    (dispute,) = table.of(bill)
    assert "1 dispute opened" in done.message
    assert (dispute.amount, dispute.reason, dispute.run_id) == (
        Decimal("12.50"),
        REASON,
        table.customer.run(run).pk,
    )
    assert dispute.opened_by_id == table.customer.people.dana.user_id
    assert table.customer.invoice(bill).open == table.customer.invoice(bill).disputed == Decimal("12.50")


def test_a_short_pay_for_a_credit_that_is_expected_disputes_nothing(table: Table) -> None:
    bill = make_invoice(table.customer.people.harlow_west, "100.00")
    released_short(table, bill, "12.50", reason="credit_expected")
    assert table.of(bill) == []


def test_a_released_short_pay_links_the_dispute_that_stands_and_opens_one_for_the_rest(table: Table) -> None:
    bill = make_invoice(table.customer.people.harlow_west, "100.00")
    table.dispute(bill, "10.00")

    released_short(table, bill, "25.00")

    assert [each.amount for each in table.of(bill)] == [Decimal("10.00"), Decimal("15.00")]
    assert table.customer.invoice(bill).disputed == Decimal("25.00")


def test_a_run_cannot_be_released_without_disputes_of_its_short_pays_even_by_raw_sql(table: Table) -> None:
    desk, bill = table.customer, make_invoice(table.customer.people.harlow_west, "100.00")
    run = desk.open(bill)
    payment = desk.pay(run)
    desk.do("short_pay", run=run, invoice=bill.code, amount=Decimal(5), reason=REASON)
    desk.place(run, payment, bill, amount="95.00")
    desk.do("submit_run", run=run)
    desk.do("approve_run", desk.people.victor, run=run, sha256=desk.run(run).submitted_sha256)

    with pytest.raises(DatabaseError, match="no dispute of its amount"), acting(desk.people.victor):
        PayRun.objects.filter(code=run).update(state="released")


def test_a_withdrawn_dispute_is_asked_for_again_and_a_cancelled_run_leaves_disputes_alone(table: Table) -> None:
    desk, bill = table.customer, make_invoice(table.customer.people.harlow_west, "100.00")
    dispute = table.dispute(bill, "20")
    run, other = desk.open(bill), desk.open(bill, title="Another")
    desk.do("cancel_run", run=other)
    assert table.get(dispute).standing == 20

    table.step("withdraw_dispute", dispute)

    assert table.short_pays(run) == {}
    desk.place(run, desk.pay(run), bill)
    assert desk.invoice(bill).held == Decimal("100.00")
    with pytest.raises(Refused):
        table.reply(dispute)


# --- Corrected bills ------------------------------------------------------------------------------------------------


def revise(table: Table, bill: Any, payable: str, bill_type: str = "invoice") -> Any:
    waiting = {"number": bill.number, "revision": bill.revision + 1, "state": "waiting", "is_current": False}
    return make_invoice(table.customer.people.harlow_west, payable, bill_type=bill_type, **waiting)


@pytest.mark.parametrize(
    ("payable", "kind", "disputed", "state"),
    [
        ("120.00", "invoice", "40", "opened"),
        ("30.00", "invoice", "30", "opened"),
        ("0.00", "void", "0", "settled"),
    ],
)
def test_a_corrected_bill_takes_its_dispute_over_as_far_as_it_goes(
    table: Table, payable: str, kind: str, disputed: str, state: str
) -> None:
    bill = make_invoice(table.customer.people.harlow_west, "100.00")
    dispute = table.dispute(bill, "40")
    new = revise(table, bill, payable, kind)

    assert meet_revisions(table.customer.now) == 1

    found = table.get(dispute)
    assert (found.state, found.standing) == (state, Decimal(disputed))
    assert table.customer.invoice(new).disputed == Decimal(disputed)
    assert table.customer.invoice(bill).disputed == 0
    assert table.conversation(dispute)[-1].startswith(f"Tributary: {bill.number}")


def test_a_corrected_bill_gives_money_its_place_before_what_is_disputed(table: Table) -> None:
    desk, bill = table.customer, make_invoice(table.customer.people.harlow_west, "100.00")
    dispute = table.dispute(bill, "40")
    run = desk.submitted(bill)
    new = revise(table, bill, "75.00")

    meet_revisions(desk.now)

    assert (desk.invoice(new).held, desk.invoice(new).disputed) == (60, 15)
    assert table.get(dispute).credited == table.get(dispute).settled == 25
    assert table.short_pays(run)[bill.number][0] == 15
    assert desk.run(run).state == PayRun.State.DRAFT
