"""Payments for the pages of a customer's people. Called inside `acting(actor)`.

A payment is shown whole or not at all, as its slip is: to those who may see each of its invoices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce
from django.urls import reverse

from payments.domain.references import payment_code
from payments.invoices.selection import read_code
from payments.models import Allocation, Payment
from payments.runs.rows import PAYMENT_STATES
from portal.actor import Actor
from portal.customers import access
from portal.money import format_amount

LIST_SIZE: Final = 100
FILTERS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "": ("All", ("planned", "released", "sent", "accepted", "posted", "partly_posted", "rejected")),
    "planned": ("Planned", ("planned",)),
    "waiting": ("Waiting for AR", ("released", "sent", "accepted")),
    "posted": ("Posted", ("posted",)),
    "rejected": ("Not posted in full", ("partly_posted", "rejected")),
}

# As released: what AR has answered since moves the ledger, never what was paid.
_LINES: Final = """
    SELECT i.code, COALESCE(i.number, c.number), COALESCE(a.name, ''), side(COALESCE(i.payable, -1)) * e.amount,
           al.held, al.settled, al.verdict, al.reason, COALESCE(s.amount, 0), COALESCE(s.reason, '')
    FROM (SELECT claim,
                 sum(CASE kind WHEN 'held' THEN amount WHEN 'released' THEN -amount ELSE 0 END) AS amount
          FROM payments_allocationevent WHERE payment_id = %(payment)s AND at <= %(until)s GROUP BY 1) e
    JOIN payments_allocation al ON al.payment_id = %(payment)s AND al.claim = e.claim
    LEFT JOIN billing_sources_invoice i ON i.id = al.invoice_id
    LEFT JOIN payments_onaccountcredit c ON c.id = al.credit_id
    LEFT JOIN customers_account a ON a.id = COALESCE(i.account_id, c.account_id)
    LEFT JOIN payments_shortpay s ON s.run_id = %(run)s AND s.invoice_id = al.invoice_id
    WHERE e.amount > 0 OR al.settled <> 0
    ORDER BY (al.verdict = 'rejected') DESC, 2, al.claim
"""


@dataclass(frozen=True)
class PaymentFilter:
    state: str = ""
    before: UUID | None = None


@dataclass(frozen=True, slots=True)
class PaidLine:
    """An invoice of a payment, or a credit on account (no `code`): what was paid of it, and what AR made of that."""

    code: UUID | None
    number: str
    account: str
    amount: Decimal
    held: Decimal
    settled: Decimal
    verdict: str
    reason: str
    short: Decimal
    short_reason: str


def read_payment_filter(params: Mapping[str, str]) -> PaymentFilter:
    state = params.get("state", "")
    return PaymentFilter(state if state in FILTERS else "", read_code(params.get("before", "")))


def payments_for(actor: Actor) -> QuerySet[Payment]:
    """The payments that the actor may see wholly."""
    payments = Payment.objects.filter(customer_id=actor.customer_id)
    reach = access.scope(actor, "see")
    if reach.everything:
        return payments
    within = RawSQL("SELECT unnest(%s::bigint[])", [list(reach.ids)])
    beyond = Allocation.objects.annotate(account=Coalesce("invoice__account_id", "credit__account_id"))
    return payments.exclude(pk__in=beyond.exclude(account__in=within).values("payment"))


def get_payment_for(actor: Actor, code: UUID) -> Payment | None:
    people = ("run__created_by", "run__released_by")
    return payments_for(actor).select_related("run", *people).filter(code=code).first()


def list_payments_for(actor: Actor, chosen: PaymentFilter) -> dict[str, Any]:
    """A page of them, newest first, with totals of the whole filter per currency."""
    found = payments_for(actor).filter(state__in=FILTERS[chosen.state][1])
    anchor = _pk_of(actor, chosen.before)
    page = found.filter(pk__lt=anchor) if anchor else found
    shown = list(page.select_related("run").order_by("-pk")[: LIST_SIZE + 1])
    has_older = len(shown) > LIST_SIZE
    del shown[LIST_SIZE:]
    invoices = _invoices_of(shown)
    totals = found.order_by("currency").values_list("currency").annotate(Count("pk"), Sum("amount"))
    return {
        "rows": [_row(payment, invoices.get(payment.pk, 0)) for payment in shown],
        "chips": [(key, label, key == chosen.state) for key, (label, _) in FILTERS.items()],
        "totals": [(currency, _counted(count), format_amount(amount, currency)) for currency, count, amount in totals],
        "older_url": f"?state={chosen.state}&before={shown[-1].code}" if has_older else "",
        "newest_url": f"?state={chosen.state}" if anchor else "",
    }


def paid_lines(payment: Payment) -> list[PaidLine]:
    """What was released on the payment, what AR rejected first; of a planned one what stands on it now."""
    until = payment.run.released_at or payment.run.edited_at
    with connection.cursor() as cursor:
        cursor.execute(_LINES, {"payment": payment.pk, "run": payment.run_id, "until": until})
        return [PaidLine(*row) for row in cursor.fetchall()]


def _pk_of(actor: Actor, code: UUID | None) -> int | None:
    """Where the page begins; a payment that there is not is as if none were named."""
    return payments_for(actor).filter(code=code).values_list("pk", flat=True).first() if code else None


def _counted(count: int) -> str:
    return "1 payment" if count == 1 else f"{count:,} payments"


def _invoices_of(payments: list[Payment]) -> dict[int, int]:
    standing = Allocation.objects.filter(payment__in=payments).exclude(Q(held=0) & Q(settled=0) & Q(verdict=""))
    return dict(standing.order_by().values_list("payment").annotate(Count("pk")))


def _row(payment: Payment, invoices: int) -> dict[str, Any]:
    state, tone = PAYMENT_STATES[payment.state]
    return {
        "url": reverse("payment", args=[payment.code]),
        "name": payment_code(payment.run.number, payment.position),
        "number": payment.position,
        "method": payment.get_method_display(),
        "run": f"Pay run {payment.run.number} · {payment.run.title}",
        "reference": payment.reference,
        "value_on": payment.value_on.isoformat(),
        "invoices": f"{invoices:,}",
        "amount": format_amount(payment.amount, payment.currency),
        "currency": payment.currency,
        "state": state,
        "tone": tone,
    }
