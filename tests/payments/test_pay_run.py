"""From chosen invoices to released payments, as AP staff do it."""

from __future__ import annotations

from tests.factories import make_invoice
from tests.payments.conftest import Desk


def test_a_run_of_two_invoices_is_paid_by_one_payment_and_released(desk: Desk) -> None:
    west = desk.people.harlow_west
    first, second = make_invoice(west, "100.00"), make_invoice(west, "50.25")

    run = desk.released(first, second)

    (payment,) = desk.payments(run)
    assert (payment.state, payment.planned, payment.placed) == ("released", payment.amount, payment.amount)
    assert str(payment.amount) == "150.25"
    assert payment.reference.startswith("RF")
    assert desk.invoice(first).open == 0
