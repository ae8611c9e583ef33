"""A cycle is rolled back while its customers are at work."""

from __future__ import annotations

from billing_sources.models import BillingSystem
from billing_sources.stages import roll_back
from portal.tenancy import carrier
from tests.factories import make_invoice
from tests.payments.conftest import Desk


def test_what_a_pay_run_in_preparation_has_chosen_stays_and_the_rest_is_taken_back(desk: Desk) -> None:
    root = desk.people.harlow_root
    chosen, placed, free = (make_invoice(root) for _ in range(3))
    desk.open(chosen)
    run = desk.open(placed)
    desk.place(run, desk.pay(run), placed)
    with carrier():
        system = BillingSystem.objects.get(key="atlas")

    moved = roll_back(actor=desk.people.erik, system=system, cycle="", reason="rates were wrong", now=desk.now)

    assert moved == (1, 2)
    states = []
    with carrier():
        for invoice in (chosen, placed, free):
            invoice.refresh_from_db()
            states.append(invoice.state)
    assert states == ["published", "published", "shadow"]


def test_what_a_cancelled_run_had_chosen_is_free_again(desk: Desk) -> None:
    invoice = make_invoice(desk.people.harlow_root)
    run = desk.open(invoice)
    desk.do("cancel_run", run=run)
    with carrier():
        system = BillingSystem.objects.get(key="atlas")
    assert roll_back(actor=desk.people.erik, system=system, cycle="", reason="wrong", now=desk.now) == (1, 0)
