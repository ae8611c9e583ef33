"""Facts for money decisions, fetched under lock inside the actor's transaction. Lock order everywhere: run, payments
by id, invoices by id, credits by id (invariants §2.2). Foreign things are not found: row security hides them.

A credit on account is told as an invoice whose id is below zero."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import connection

from payments.domain import eligibility
from payments.domain.allocation import InvoiceFacts, Pair, PaymentFacts
from payments.domain.payload import Payload, PayloadLine, PayloadPayment, PayloadStep
from payments.domain.refusals import NotFound
from payments.domain.submission import ON_ACCOUNT, Item
from payments.models import Allocation, ApprovalStep, Dispute, MethodRule, Payment, PayRun
from portal.actor import Actor
from portal.customers.models import Customer


def lock_run(actor: Actor, code: UUID) -> PayRun:
    """The run, held until the end of the transaction; raises `NotFound`."""
    runs = PayRun.objects.select_for_update(no_key=True).filter(code=code, customer_id=actor.customer_id)
    run = runs.first()
    if run is None:
        raise NotFound("pay run")
    return run


def lock_payments(run: PayRun) -> list[Payment]:
    """The run's payments but for the cancelled ones, by id. The caller holds the run."""
    live = Payment.objects.select_for_update(no_key=True).filter(run=run).exclude(state=Payment.State.CANCELLED)
    return list(live.order_by("id"))


def payment_facts(payment: Payment) -> PaymentFacts:
    return PaymentFacts(
        payment.pk,
        payment.position,
        payment.currency,
        payment.planned,
        payment.placed,
        payment.method,
        payment.value_on,
    )


def method_rules() -> list[eligibility.MethodRule]:
    """What the carrier takes now, of the actor's customer and of everybody, the rules of accounts first."""
    rows = MethodRule.objects.filter(ended_at=None).order_by("account", "system", "pk")
    found = rows.values_list("system__key", "account", "currency", "methods", "why")
    return [
        eligibility.MethodRule(system or "", account, currency, tuple(methods), why)
        for system, account, currency, methods, why in found
    ]


def lock_invoices(codes: Iterable[UUID]) -> dict[UUID, InvoiceFacts]:
    """The actor's customer's invoices and credits on account of these codes, locked; raises `NotFound` if any lacks."""
    wanted = set(codes)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT l.code, l.id, l.number, l.currency, l.payable, l.open, l.is_current, l.is_payable, l.account_id,"
            " l.disputed, s.key FROM lock_invoices(%s) l JOIN billing_sources_invoice i ON i.id = l.id"
            " JOIN billing_sources_billingsystem s ON s.id = i.system_id",
            [list(wanted)],
        )
        found = {row[0]: InvoiceFacts(*row[1:]) for row in cursor.fetchall()}
    if len(found) != len(wanted):
        found |= _lock_credits(wanted - found.keys())
    if len(found) != len(wanted):
        raise NotFound("invoice")
    return found


def _lock_credits(codes: set[UUID]) -> dict[UUID, InvoiceFacts]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT code, -id, number, currency, -amount, -open, true, true, account_id, 0::numeric, %s"
            " FROM lock_credits(%s)",
            [ON_ACCOUNT, list(codes)],
        )
        return {row[0]: InvoiceFacts(*row[1:]) for row in cursor.fetchall()}


def standing(payments: Sequence[Payment], invoice_ids: Sequence[int]) -> dict[Pair, Decimal]:
    """What stands now on each pair of these payments and invoices; of a credit it is below zero."""
    rows = Allocation.objects.filter(
        payment_id__in=[payment.pk for payment in payments], claim__in=list(invoice_ids)
    ).exclude(held=0)
    return {(payment, claim): held for payment, claim, held in rows.values_list("payment_id", "claim", "held")}


_ITEMS: Final = """
    SELECT i.id, i.account_id, s.key, i.entity, i.number, i.revision, i.currency, i.is_current, i.open, t.left_open,
           sp.amount, COALESCE(sp.reason, ''), COALESCE(sp.note, '')
    FROM payments_payrunitem t
    JOIN billing_sources_invoice i ON i.id = t.invoice_id
    JOIN billing_sources_billingsystem s ON s.id = i.system_id
    LEFT JOIN payments_shortpay sp ON sp.run_id = t.run_id AND sp.invoice_id = t.invoice_id
    WHERE t.run_id = %(run)s
    UNION ALL
    SELECT -c.id, c.account_id, 'on-account', '', c.number, 1, c.currency, true, -c.open, t.left_open, NULL, '', ''
    FROM payments_payrunitem t JOIN payments_onaccountcredit c ON c.id = t.credit_id
    WHERE t.run_id = %(run)s ORDER BY 1
"""

_PLACED: Final = """
    SELECT a.claim, p.position, a.held FROM payments_allocation a JOIN payments_payment p ON p.id = a.payment_id
    WHERE p.run_id = %s AND a.held <> 0 ORDER BY a.claim, p.position
"""


def items(run: PayRun) -> list[Item]:
    """The run's invoices by id. For a decision on them, lock run, payments and invoices first."""
    placed: dict[int, list[tuple[int, Decimal]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_PLACED, [run.pk])
        for invoice_id, position, held in cursor.fetchall():
            placed.setdefault(invoice_id, []).append((position, held))
        cursor.execute(_ITEMS, {"run": run.pk})
        rows = [(*row, tuple(placed.get(row[0], ()))) for row in cursor.fetchall()]
    return [Item(*row) for row in rows]


def lock_items(run: PayRun) -> list[Item]:
    """The run's invoices, and then its credits on account, locked by id. The caller holds run and payments."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM lock_invoices(ARRAY(SELECT i.code FROM payments_payrunitem t"
            " JOIN billing_sources_invoice i ON i.id = t.invoice_id WHERE t.run_id = %s))",
            [run.pk],
        )
        cursor.execute(
            "SELECT count(*) FROM lock_credits(ARRAY(SELECT c.code FROM payments_payrunitem t"
            " JOIN payments_onaccountcredit c ON c.id = t.credit_id WHERE t.run_id = %s))",
            [run.pk],
        )
    return items(run)


def payload(run: PayRun, payments: Sequence[Payment], of_items: Sequence[Item]) -> Payload:
    """What an approval of this version of the run binds to."""
    disputes = _disputes(of_items)
    return Payload(
        customer_number=Customer.objects.values_list("number", flat=True).get(pk=run.customer_id),
        run_number=run.number,
        version=run.version,
        title=run.title,
        payments=tuple(
            PayloadPayment(p.position, p.method, p.currency, p.value_on, p.planned or p.placed, p.note)
            for p in payments
        ),
        lines=tuple(
            PayloadLine(
                system=item.system,
                entity=item.entity,
                number=item.number,
                revision=item.revision,
                currency=item.currency,
                placed=item.placed,
                short_paid=item.short_paid,
                reason=item.reason,
                note=item.note,
                left_open=item.left_open,
                disputes=tuple(disputes.get(item.invoice_id, ())),
            )
            for item in of_items
        ),
        steps=tuple(
            PayloadStep(step.position, step.people, tuple(step.named))
            for step in ApprovalStep.objects.filter(run=run, version=run.version).order_by("position")
        ),
    )


def _disputes(of_items: Sequence[Item]) -> dict[int, list[tuple[int, Decimal]]]:
    """What is disputed of each invoice, by number of the dispute."""
    found: dict[int, list[tuple[int, Decimal]]] = {}
    standing = Dispute.objects.filter(invoice_id__in=[item.invoice_id for item in of_items], standing__gt=0)
    for invoice_id, number, amount in standing.values_list("invoice_id", "number", "standing"):
        found.setdefault(invoice_id, []).append((number, amount))
    return found
