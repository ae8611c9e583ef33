"""Say how much of an invoice is to be paid, and why not the rest, before it is in a pay run.

A wish is in one place: with its invoice, or in the run that chose the invoice (`take_over`), and with the invoice
again when the run lets go of it (`give_back`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection

from payments.commands import Done, command
from payments.domain.allocation import InvoiceFacts
from payments.domain.refusals import Refusal, Rule, refuse, refuse_any
from payments.domain.to_pay import ToPayWish, Wanted, in_words, why_not_wanted
from payments.facts import lock_invoices
from payments.models import PayRun, ToPay
from portal.actor import Actor
from portal.customers import access
from portal.money import round_to

_WRITE: Final = """
    INSERT INTO payments_topay AS w (customer_id, invoice_id, currency, amount, reason, note, set_by_id, set_at)
    SELECT %s, wish.invoice_id, wish.currency, wish.amount, wish.reason, wish.note, %s, %s
    FROM unnest(%s::bigint[], %s::text[], %s::numeric[], %s::text[], %s::text[])
        AS wish (invoice_id, currency, amount, reason, note)
    ON CONFLICT (invoice_id) DO UPDATE SET amount = EXCLUDED.amount, reason = EXCLUDED.reason, note = EXCLUDED.note,
        set_by_id = EXCLUDED.set_by_id, set_at = EXCLUDED.set_at
"""

# Who said how much is to be paid has edited the run, and so cannot approve it.
_TAKE_OVER: Final = """
    WITH taken AS (
        DELETE FROM payments_topay w USING billing_sources_invoice i
        WHERE i.id = w.invoice_id AND w.invoice_id = ANY(%(invoices)s)
        RETURNING w.*, LEAST(w.amount, i.open) AS to_pay, i.open - LEAST(w.amount, i.open) AS rest),
    chosen AS (
        UPDATE payments_payrunitem t SET to_pay = taken.to_pay, left_open = taken.rest > 0 AND taken.reason = ''
        FROM taken WHERE t.run_id = %(run)s AND t.invoice_id = taken.invoice_id),
    edited AS (
        INSERT INTO payments_payruneditor (run_id, customer_id, user_id)
        SELECT DISTINCT %(run)s, customer_id, set_by_id FROM taken ON CONFLICT (run_id, user_id) DO NOTHING)
    INSERT INTO payments_shortpay (run_id, customer_id, invoice_id, amount, reason, note, stated_by_id, stated_at)
    SELECT %(run)s, customer_id, invoice_id, rest, reason, note, set_by_id, set_at
    FROM taken WHERE rest > 0 AND reason <> ''
"""

# What was wished anew meanwhile stands.
_GIVE_BACK: Final = """
    INSERT INTO payments_topay (customer_id, invoice_id, currency, amount, reason, note, set_by_id, set_at)
    SELECT t.customer_id, t.invoice_id, i.currency, LEAST(t.to_pay, i.open),
        COALESCE(s.reason, ''), COALESCE(s.note, ''), %s, %s
    FROM payments_payrunitem t JOIN billing_sources_invoice i ON i.id = t.invoice_id
    LEFT JOIN payments_shortpay s ON s.run_id = t.run_id AND s.invoice_id = t.invoice_id
    WHERE t.run_id = %s AND t.invoice_id = ANY(%s) AND t.to_pay IS NOT NULL AND i.is_current AND i.open > 0
    ON CONFLICT (invoice_id) DO NOTHING
"""


@command
def set_to_pay(actor: Actor, *, wishes: Sequence[ToPayWish], key: UUID, now: datetime) -> Done:
    """Say it of these invoices, all or none: thousands in one call. A wish replaces the one before."""
    if not wishes:
        raise refuse(Rule.EMPTY, "Choose at least one invoice.")
    invoices = lock_invoices(wish.invoice for wish in wishes)
    access.require(actor, "prepare", {invoice.account_id for invoice in invoices.values()})
    standing = wanted_of(invoice.id for invoice in invoices.values())
    refuse_any(_refusals(wishes, invoices, standing))
    write_wishes(actor, wishes, invoices, now)
    message = _message(wishes, invoices)
    return Done(message, "amounts to pay set", _subject(wishes, invoices), "", {"invoices": len(wishes)})


def write_wishes(
    actor: Actor, wishes: Sequence[ToPayWish], invoices: Mapping[UUID, InvoiceFacts], now: datetime
) -> None:
    """Two statements for all. The caller holds the invoices and has judged the wishes."""
    gone = [invoices[wish.invoice].id for wish in wishes if wish.amount is None]
    ToPay.objects.filter(invoice_id__in=gone).delete()
    rows = [
        (found.id, found.currency, round_to(wish.amount, found.currency), wish.reason, wish.note.strip())
        for wish in wishes
        if wish.amount is not None and (found := invoices[wish.invoice])
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_WRITE, [actor.customer_id, actor.user_id, now, *map(list, zip(*rows, strict=True))])


def wanted_of(invoice_ids: Iterable[int]) -> dict[int, Wanted]:
    """The wishes that stand at these invoices."""
    rows = ToPay.objects.filter(invoice_id__in=list(invoice_ids))
    return {row[0]: Wanted(*row[1:]) for row in rows.values_list("invoice_id", "amount", "reason", "note")}


def take_over(run: PayRun, invoice_ids: Sequence[int]) -> None:
    """The wishes of these invoices of the run become what the run does with them. The caller holds both."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_OVER, {"run": run.pk, "invoices": list(invoice_ids)})


def give_back(actor: Actor, run: PayRun, invoice_ids: Sequence[int], now: datetime) -> None:
    """The run lets go of these invoices: what was wanted of them is wanted still. The caller holds both."""
    with connection.cursor() as cursor:
        cursor.execute(_GIVE_BACK, [actor.user_id, now, run.pk, list(invoice_ids)])


def _refusals(
    wishes: Sequence[ToPayWish], invoices: Mapping[UUID, InvoiceFacts], standing: Mapping[int, Wanted]
) -> list[Refusal]:
    twice = {code for code, count in Counter(wish.invoice for wish in wishes).items() if count > 1}
    found = [Refusal(Rule.TWICE, f"{invoices[code].number} is named twice.") for code in twice]
    for wish in wishes:
        invoice = invoices[wish.invoice]
        refusal = why_not_wanted(invoice, standing.get(invoice.id), wish)
        if refusal:
            found.append(refusal)
    return found


def _message(wishes: Sequence[ToPayWish], invoices: Mapping[UUID, InvoiceFacts]) -> str:
    if len(wishes) > 1:
        return f"What is to be paid of {len(wishes):,} invoices is set."
    wish, invoice = wishes[0], invoices[wishes[0].invoice]
    if wish.amount is None:
        return f"Nothing is said any more of what to pay of {invoice.number}."
    return f"{invoice.number}: {in_words(Wanted(wish.amount, wish.reason), invoice.currency)}."


def _subject(wishes: Sequence[ToPayWish], invoices: Mapping[UUID, InvoiceFacts]) -> str:
    return f"invoice {invoices[wishes[0].invoice].number}" if len(wishes) == 1 else "invoices"
