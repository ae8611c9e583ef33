"""The books are re-derived from their events, and a tampered figure is named."""

from __future__ import annotations

from decimal import Decimal

import psycopg
import pytest
from django.core.management import call_command

from portal import roles
from tests.factories import make_invoice
from tests.payments.conftest import Desk


@pytest.mark.parametrize(
    ("tamper", "named"),
    [
        ("UPDATE billing_sources_invoice SET held = held - 1", "I03 invoices"),
        ("UPDATE payments_allocation SET held = held + 1", "I03 allocations"),
        ("UPDATE payments_payment SET placed = placed - 1", "I04 payments are the sum"),
        ("UPDATE payments_shortpay SET amount = 999", "I20"),
        ("UPDATE payments_payrunitem SET left_open = NOT left_open", "I10"),
        ("UPDATE payments_payrun SET created_by_id = (SELECT approver_id FROM payments_approval)", "I11 whoever"),
        ("UPDATE payments_payrun SET submitted_sha256 = 'x'", "I11 nothing is released"),
        ("UPDATE payments_payment SET state = 'sent'", "I24"),
        ("UPDATE payments_payrun SET state = 'cancelled'", "nothing is held"),
    ],
)
def test_a_tampered_figure_is_named_and_the_command_fails(
    desk: Desk, database: str, capsys: pytest.CaptureFixture[str], tamper: str, named: str
) -> None:
    invoice = make_invoice(desk.people.harlow_west, "100.00")
    other = make_invoice(desk.people.harlow_west, "50.00")
    run = desk.open(invoice, other)
    payment = desk.pay(run)
    desk.place(run, payment, invoice, other, amount="40.00")
    desk.do("short_pay", run=run, invoice=other.code, amount=Decimal("10.00"), reason="tax_exempt")
    desk.do("leave_open", run=run, invoices=[invoice.code])
    desk.do("submit_run", run=run)
    desk.do("approve_run", desk.people.victor, run=run, sha256=desk.run(run).submitted_sha256)
    call_command("check_money")
    assert "The books hold." in capsys.readouterr().out

    desk.has_tampered = True
    with psycopg.connect(database) as owner:
        owner.execute(f"SET ROLE {roles.OWNER}")
        for table in ("payments_payrun", "payments_payment", "payments_payrunitem", "payments_shortpay"):
            owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        owner.execute(tamper)

    with pytest.raises(SystemExit) as stopped:
        call_command("check_money")
    assert stopped.value.code == 1
    assert named in capsys.readouterr().out
