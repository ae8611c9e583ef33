"""Issue a payment's slip: once, kept with its bytes, so that a reprint is the same."""

from __future__ import annotations

import hashlib

from django.db import connection

from payments.models import Payment
from portal.tenancy import carrier
from remittance.advice import to_plain
from remittance.models import RemittanceSlip
from remittance.pdf import render_slip
from remittance.queries import advice_of
from remittance.xlsx import render_workbook


def issue_slip(*, payment_id: int) -> RemittanceSlip:
    """The slip of a released payment; the one that was issued, if there is one. Raises `AdviceDoesNotTie`."""
    with carrier():
        _one_at_a_time(payment_id)
        if issued := RemittanceSlip.objects.filter(payment_id=payment_id).order_by("-version").first():
            return issued
        payment = Payment.objects.select_related("run").get(pk=payment_id)
        advice = advice_of(payment)
        pdf = render_slip(advice)
        return RemittanceSlip.objects.create(
            customer_id=payment.customer_id,
            payment=payment,
            version=advice.issue.version,
            advice=to_plain(advice),
            pdf=pdf,
            pdf_sha256=hashlib.sha256(pdf).hexdigest(),
            xlsx=render_workbook(advice),
            issued_at=advice.issue.issued_at,
        )


def _one_at_a_time(payment_id: int) -> None:
    """Two workers may be woken for one payment: the second waits and finds the slip."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('remittance slip'), %s)", [payment_id])
