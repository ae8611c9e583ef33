"""What is disputed goes with the money: on the slip, in the workbook and the 820, and into what is approved."""

from __future__ import annotations

from decimal import Decimal

import pytest

from payments.domain.refusals import Refused, Rule
from payments.models import Payment
from payments.operations import Place
from payments.x12.writer import Envelope
from portal.tenancy import carrier
from remittance.queries import advice_of
from remittance.sheets import note_of
from remittance.x12_820 import read_820, write_820
from tests.factories import make_invoice
from tests.payments.disputes import Table


def test_a_short_pay_names_its_disputes_on_slip_and_820(table: Table) -> None:
    desk, bill = table.customer, make_invoice(table.customer.people.harlow_west, "100.00")
    known = table.get(table.dispute(bill, "10.00"))
    run = desk.open(bill)
    payment = desk.pay(run)
    desk.do("short_pay", run=run, invoice=bill.code, amount=Decimal("25.00"), reason="duplicate_charge")
    desk.do("allocate", run=run, placements=[Place(bill.code, payment, Decimal("75.00"))])
    desk.do("submit_run", run=run)
    desk.do("approve_run", desk.people.victor, run=run, sha256=desk.run(run).submitted_sha256)
    desk.do("release_run", desk.people.victor, run=run)
    numbers = f"D-{known.number}, D-{table.of(bill)[1].number}"

    with carrier(read_only=True):
        advice = advice_of(Payment.objects.select_related("run").get(code=payment))
    (line,) = advice.lines
    envelope = Envelope(sender="TRIBUTARY", receiver="MERIDIANAR", interchange_control=7, group_control=7, at=desk.now)
    (received,) = read_820(write_820(advice, envelope), "820")

    assert (line.short_paid, line.disputes) == (Decimal("25.00"), numbers)
    assert note_of(line) == f"426·19 Charged twice · disputed as {numbers}"
    assert (received.lines[0].short_paid, received.lines[0].disputes) == (Decimal("25.00"), numbers)


def test_what_is_approved_includes_what_is_disputed(table: Table) -> None:
    desk, bill = table.customer, make_invoice(table.customer.people.harlow_west, "100.00")
    dispute = table.dispute(bill, "20.00")
    run = desk.submitted(bill)
    seen = desk.run(run).submitted_sha256

    table.step("withdraw_dispute", dispute)

    with pytest.raises(Refused) as refused:
        desk.do("approve_run", desk.people.victor, run=run, sha256=seen)

    assert refused.value.rule == Rule.NOT_SUBMITTED
    assert desk.run(run).version == 2
