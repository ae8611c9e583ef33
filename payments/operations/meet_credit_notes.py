"""A promised credit arrives: a credit note that names the disputed bill settles the dispute. One of the carrier's jobs.

One that names no bill is linked by the desk (dispute_desk.settle_dispute)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db import connection
from django.db.models import Sum

from billing_sources.models import Invoice
from payments.domain.dispute import DECIDED
from payments.models import Dispute
from payments.operations.dispute_desk import hold_runs, return_runs, settle
from payments.operations.dispute_ledger import PORTAL
from portal.audit.record import record
from portal.money import ZERO
from portal.tenancy import carrier

_PAIRS: Final = """
    SELECT d.id, n.id FROM payments_dispute d
    JOIN billing_sources_invoice i ON i.id = d.invoice_id
    JOIN billing_sources_invoice n ON n.customer_id = i.customer_id AND n.system_id = i.system_id
        AND n.entity = i.entity AND n.currency = i.currency AND n.preceding = i.number
    WHERE d.state = 'decided' AND d.standing > 0 AND n.state = 'published' AND n.is_current AND n.payable < 0
    ORDER BY d.id, n.id
"""


def meet_credit_notes(now: datetime) -> int:
    """Settle what can be; how many disputes were. Each is a transaction of its own."""
    with carrier(read_only=True), connection.cursor() as cursor:
        cursor.execute(_PAIRS)
        pairs = cursor.fetchall()
    return sum(_meet(dispute_id, note_id, now) for dispute_id, note_id in pairs)


def _meet(dispute_id: int, note_id: int, now: datetime) -> bool:
    with carrier():
        invoice_id = Dispute.objects.values_list("invoice_id", flat=True).get(pk=dispute_id)
        hold_runs(invoice_id)
        locked = Invoice.objects.select_for_update(no_key=True).filter(pk__in=[invoice_id, note_id]).order_by("pk")
        bills = {bill.pk: bill for bill in locked}
        dispute = Dispute.objects.select_for_update(no_key=True).get(pk=dispute_id)
        note = bills[note_id]
        if (dispute.state, dispute.invoice_id) != (DECIDED, invoice_id) or dispute.standing > _left_of(note):
            return False
        reason = f"Credit note {note.number} settled {dispute}: what it kept back is owed less the credit."
        return_runs(invoice_id, reason, now)
        settle(dispute, note, PORTAL, "", now)
        detail = {"credit_note": note.number}
        record(None, "dispute settled", f"dispute {dispute}", detail, now=now, customer_id=dispute.customer_id)
        return True


def _left_of(note: Invoice) -> Decimal:
    """What of the credit note settles no other dispute yet."""
    used = Dispute.objects.filter(credit_note=note).aggregate(used=Sum("settled"))["used"]
    left: Decimal = -note.payable - (used or ZERO)
    return left
