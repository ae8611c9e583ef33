"""One slip for a released payment: kept with its bytes, for those who may see all of it."""

from __future__ import annotations

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import pypdf
import pytest
from django.db import connection
from django.db.utils import DatabaseError
from django.test import Client
from django.utils import timezone

from payments.models import Payment
from payments.x12.writer import Envelope
from portal.tenancy import acting, carrier
from portal.users.models import User
from remittance.models import RemittanceSlip
from remittance.operations import issue_slip
from remittance.pdf import render_slip
from remittance.queries import advice_of, payments_without_slip
from remittance.x12_820 import read_820, write_820
from tests.factories import make_invoice
from tests.payments.conftest import Desk
from tests.personas import Personas


@pytest.fixture
def desk(people: Personas) -> Desk:
    return Desk(people, timezone.now())


def released(desk: Desk) -> Payment:
    """Two invoices on one payment, 20.00 of the second short-paid."""
    first, second = (make_invoice(desk.people.harlow_root, amount) for amount in ("80.00", "120.00"))
    run = desk.open(first, second)
    payment = desk.pay(run, "wire")
    desk.place(run, payment, first)
    desk.place(run, payment, second, amount="100.00")
    desk.do("short_pay", run=run, invoice=second.code, amount=Decimal(20), reason="rate_not_as_agreed")
    desk.do("submit_run", run=run)
    desk.do("approve_run", desk.people.victor, run=run, sha256=desk.run(run).submitted_sha256)
    desk.do("release_run", desk.people.victor, run=run)
    return payment_of(desk, payment)


def payment_of(desk: Desk, code: UUID) -> Payment:
    with carrier(read_only=True):
        return Payment.objects.select_related("run").get(code=code)


def client_of(user_id: int) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=user_id))
    return client


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


def test_the_slip_says_what_was_released(desk: Desk) -> None:
    payment = released(desk)

    text = text_of(bytes(issue_slip(payment_id=payment.pk).pdf))

    for word in ("180.00", "20.00", "Rate not as agreed", "Harlow Freight Group"):
        assert word in text
    assert payment.reference in text.replace(" ", "")


def test_the_slip_of_a_draft_cannot_be_issued(desk: Desk) -> None:
    invoice = make_invoice(desk.people.harlow_root)
    payment = payment_of(desk, desk.pay(desk.open(invoice)))

    with pytest.raises(ValueError, match="not released"):
        issue_slip(payment_id=payment.pk)


def test_a_reprint_is_the_same_to_the_byte(desk: Desk) -> None:
    payment = released(desk)
    slip = issue_slip(payment_id=payment.pk)

    again = issue_slip(payment_id=payment.pk)
    with carrier(read_only=True):
        drawn_anew = render_slip(advice_of(payment))

    assert bytes(again.pdf) == bytes(slip.pdf) == drawn_anew
    assert hashlib.sha256(drawn_anew).hexdigest() == slip.pdf_sha256


def test_what_ar_answers_later_does_not_change_the_paper(desk: Desk) -> None:
    payment = released(desk)
    before = bytes(issue_slip(payment_id=payment.pk).pdf)

    with carrier(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO payments_allocationevent"
            " (customer_id, payment_id, invoice_id, currency, kind, amount, reason, at)"
            " SELECT customer_id, payment_id, invoice_id, currency, 'settled', held, '', now() + interval '1 s'"
            " FROM payments_allocation WHERE payment_id = %s",
            [payment.pk],
        )
    with carrier(read_only=True):
        assert render_slip(advice_of(payment)) == before


def test_two_workers_at_once_issue_one_slip(desk: Desk) -> None:
    payment = released(desk)

    def work(_: int) -> str:
        try:
            return issue_slip(payment_id=payment.pk).pdf_sha256
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as workers:
        shas = set(workers.map(work, range(2)))

    assert len(shas) == 1
    with carrier(read_only=True):
        assert RemittanceSlip.objects.count() == 1
        assert payments_without_slip(10) == []


def test_an_issued_slip_cannot_be_changed_by_anybody(desk: Desk) -> None:
    slip = issue_slip(payment_id=released(desk).pk)

    for scope in (carrier(), acting(desk.people.dana)):
        with pytest.raises(DatabaseError, match="permission denied|append-only"), scope:
            RemittanceSlip.objects.filter(pk=slip.pk).update(pdf=b"")


def test_the_download_waits_for_the_slip_and_then_is_it(desk: Desk) -> None:
    payment = released(desk)
    dana = client_of(desk.people.dana.user_id)

    waiting = dana.get(f"/payments/{payment.code}/slip.pdf")
    slip = issue_slip(payment_id=payment.pk)
    found = dana.get(f"/payments/{payment.code}/slip.pdf")

    assert (waiting.status_code, waiting.headers["Refresh"]) == (202, "2")
    assert (found.status_code, found.content) == (200, bytes(slip.pdf))
    assert found.headers["Content-Disposition"] == 'attachment; filename="PAY-1-1-v1.pdf"'


def test_another_customer_and_one_who_sees_a_part_get_no_slip(desk: Desk, now: datetime) -> None:
    payment = released(desk)
    issue_slip(payment_id=payment.pk)

    for person in (desk.people.carol, desk.people.nils):
        assert client_of(person.user_id).get(f"/payments/{payment.code}/slip.pdf").status_code == 404
        assert client_of(person.user_id).get(f"/payments/{payment.code}/slip.xlsx").status_code == 404


def test_a_credit_stands_on_slip_workbook_and_820_with_its_sign_and_all_three_add_up(desk: Desk) -> None:
    invoice, credit = (make_invoice(desk.people.harlow_root, amount) for amount in ("100.00", "-25.00"))
    run = desk.released(invoice, credit)
    payment = payment_of(desk, desk.payments(run)[0].code)

    with carrier(read_only=True):
        advice = advice_of(payment)
    (received,) = read_820(write_820(advice, Envelope("TRIBUTARY", "AR", 1, 1, desk.now)), "820")

    assert {line.invoice: line.paid for line in advice.lines} == {
        invoice.number: Decimal("100.00"),
        credit.number: Decimal("-25.00"),
    }
    assert advice.totals.paid == payment.amount == received.amount == Decimal("75.00")
    assert {line.invoice: line.paid for line in received.lines}[credit.number] == Decimal("-25.00")
    assert "−25.00" in text_of(bytes(issue_slip(payment_id=payment.pk).pdf))
