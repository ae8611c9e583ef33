"""Pay less on purpose, with the reason: mandatory, from a closed list."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from payments.commands import Done, command
from payments.domain.allocation import InvoiceFacts
from payments.domain.reasons import why_not_reason
from payments.domain.refusals import Refused, Rule, refuse
from payments.models import ShortPay
from payments.operations.choose import lock_chosen
from payments.operations.editing import begin_edit, subject
from portal.actor import Actor
from portal.money import format_amount, is_exact


@command
def short_pay(
    actor: Actor, *, run: UUID, invoice: UUID, amount: Decimal, reason: str, note: str = "", key: UUID, now: datetime
) -> Done:
    """State that `amount` of the invoice's open rest is not paid, and why. A second statement replaces the first."""
    draft, voided = begin_edit(actor, run, now)
    found = lock_chosen(actor, draft, [invoice])[invoice]
    _check_amount(found, amount)
    if refusal := why_not_reason(reason, note):
        raise Refused(refusal)
    ShortPay.objects.update_or_create(
        run=draft,
        invoice_id=found.id,
        customer_id=actor.customer_id,
        defaults={
            "amount": amount,
            "reason": reason,
            "note": note.strip(),
            "stated_by_id": actor.user_id,
            "stated_at": now,
            "is_filled_in": False,
        },
    )
    message = f"{found.number} is short-paid by {format_amount(amount, found.currency)} {found.currency}.{voided}"
    detail = {"invoice": found.number, "amount": str(amount), "reason": reason}
    return Done(message, "invoice short-paid", subject(draft), str(draft.code), detail)


@command
def withdraw_short_pay(actor: Actor, *, run: UUID, invoice: UUID, key: UUID, now: datetime) -> Done:
    """The invoice is to be paid whole after all."""
    draft, voided = begin_edit(actor, run, now)
    found = lock_chosen(actor, draft, [invoice])[invoice]
    count, _ = ShortPay.objects.filter(run=draft, invoice_id=found.id).delete()
    if not count:
        raise refuse(Rule.EMPTY, f"{found.number} is not short-paid.")
    message = f"{found.number} is no longer short-paid.{voided}"
    return Done(message, "short pay withdrawn", subject(draft), str(draft.code), {"invoice": found.number})


def _check_amount(invoice: InvoiceFacts, amount: Decimal) -> None:
    if invoice.side < 0:
        raise refuse(Rule.CREDIT_NOTE, f"{invoice.number} is a credit: use it, or leave it open.")
    if not amount.is_finite() or amount <= 0:
        raise refuse(Rule.NOT_POSITIVE, "A short pay is above zero.")
    if not is_exact(amount, invoice.currency):
        raise refuse(Rule.NOT_MINOR_UNITS, f"{amount} is finer than {invoice.currency} can pay.")
    if amount > invoice.open:
        left = format_amount(invoice.open, invoice.currency)
        raise refuse(Rule.OVER_INVOICE, f"{invoice.number} has {left} {invoice.currency} open, not that much.")
