"""The figures of a released payment, as its advice needs them, and the slips that were issued.

Call inside `acting(actor)` or `carrier()`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, cast
from uuid import UUID

from django.db import connection

from payments.domain.reasons import reason
from payments.domain.references import payment_code
from payments.models import Payment, PayRun
from portal.actor import Actor
from portal.customers import access
from portal.customers.models import Customer
from remittance.advice import AdviceLine, Issue, Method, Payer, PaymentFacts, RemittanceAdvice, build
from remittance.models import RemittanceSlip
from remittance.payees import payee_for

# As released: what AR has answered since moves the ledger, never the paper. What a run short-pays without paying any
# of it stands on its first payment in that currency; what it pays in parts is short-paid on the first part.
_LINES: Final = """
    WITH placed AS (
        SELECT e.payment_id, e.invoice_id, e.credit_id,
               sum(side(COALESCE(i.payable, -1))
                   * CASE e.kind WHEN 'held' THEN e.amount WHEN 'released' THEN -e.amount ELSE 0 END) AS amount
        FROM payments_allocationevent e
        LEFT JOIN billing_sources_invoice i ON i.id = e.invoice_id
        JOIN payments_payment p ON p.id = e.payment_id
        JOIN payments_payrun r ON r.id = p.run_id
        WHERE p.run_id = %(run)s AND e.at <= r.released_at
        GROUP BY 1, 2, 3
    ), first_part AS (
        SELECT s.invoice_id, min(p.position) AS position
        FROM payments_shortpay s
        JOIN billing_sources_invoice i ON i.id = s.invoice_id
        JOIN payments_payment p ON p.run_id = s.run_id AND p.currency = i.currency AND p.state <> 'cancelled'
        LEFT JOIN placed ON placed.payment_id = p.id AND placed.invoice_id = s.invoice_id AND placed.amount > 0
        WHERE s.run_id = %(run)s
          AND (placed.amount IS NOT NULL OR NOT EXISTS (
              SELECT FROM placed other WHERE other.invoice_id = s.invoice_id AND other.amount > 0))
        GROUP BY 1
    )
    SELECT i.number, b.key, l.external_id, a.name, i.payable, COALESCE(placed.amount, 0),
           COALESCE(s.amount, 0), i.billed_on, COALESCE(s.reason, ''),
           CASE WHEN i.revision > 1 THEN 'reissued, revision ' || i.revision ELSE '' END, i.id,
           COALESCE((SELECT string_agg('D-' || d.number, ', ' ORDER BY d.number) FROM payments_shortpaydispute met
                     JOIN payments_dispute d ON d.id = met.dispute_id
                     WHERE met.run_id = s.run_id AND met.invoice_id = s.invoice_id), '')
    FROM billing_sources_invoice i
    JOIN billing_sources_billingsystem b ON b.id = i.system_id
    JOIN billing_sources_accountlink l ON l.id = i.account_link_id
    JOIN customers_account a ON a.id = i.account_id
    LEFT JOIN placed ON placed.invoice_id = i.id AND placed.payment_id = %(payment)s AND placed.amount <> 0
    LEFT JOIN first_part f ON f.invoice_id = i.id AND f.position = %(position)s
    LEFT JOIN payments_shortpay s ON s.invoice_id = i.id AND s.run_id = %(run)s AND f.invoice_id IS NOT NULL
    WHERE placed.amount IS NOT NULL OR s.amount IS NOT NULL
    UNION ALL
    SELECT c.number, 'on-account', a.external_id, a.name, -c.amount, placed.amount, 0, NULL, '', c.note, -c.id, ''
    FROM placed JOIN payments_onaccountcredit c ON c.id = placed.credit_id
    JOIN customers_account a ON a.id = c.account_id
    WHERE placed.payment_id = %(payment)s AND placed.amount <> 0
    ORDER BY 1, 11
"""


def advice_of(payment: Payment) -> RemittanceAdvice:
    """The advice of a released payment, version 1, dated by its release; raises `AdviceDoesNotTie`."""
    run, customer = payment.run, Customer.objects.get(pk=payment.customer_id)
    live = Payment.objects.filter(run=run).exclude(state=Payment.State.CANCELLED)
    positions = list(live.order_by("position").values_list("position", flat=True))
    if run.released_at is None:
        raise ValueError(f"{payment_code(run.number, payment.position)} is not released")
    facts = PaymentFacts(
        code=payment_code(run.number, payment.position),
        run=str(run.number),
        place=positions.index(payment.position) + 1,
        places=len(positions),
        method=cast(Method, payment.method),
        value_on=payment.value_on,
        currency=payment.currency,
        amount=payment.amount,
    )
    payer = Payer(customer.name, customer.number, tuple(customer.address_lines))
    issue = Issue(version=1, issued_at=run.released_at)
    return build(facts, payee_for(payment.currency), payer, _lines(payment), issue)


def _lines(payment: Payment) -> Iterator[AdviceLine]:
    with connection.cursor() as cursor:
        cursor.execute(_LINES, {"run": payment.run_id, "payment": payment.pk, "position": payment.position})
        for number, system, external_id, account, payable, paid, short, billed_on, why, note, _, disputes in cursor:
            known = reason(why) if why else None
            yield AdviceLine(
                invoice=number,
                system=system,
                account=external_id,
                account_label=account,
                gross=payable,
                paid=paid,
                short_paid=short,
                billed_on=billed_on,
                reason=known.words if known else "",
                x12_reason=known.x12 if known else "",
                note=note,
                disputes=disputes,
            )


def payments_without_slip(limit: int) -> list[int]:
    """Ids of released payments whose slip is still to be issued, oldest first. Call inside `carrier()`."""
    released = Payment.objects.filter(run__state__in=[PayRun.State.RELEASED, PayRun.State.CLOSED])
    waiting = released.exclude(state=Payment.State.CANCELLED).exclude(pk__in=RemittanceSlip.objects.values("payment"))
    return list(waiting.order_by("run__released_at", "position").values_list("pk", flat=True)[:limit])


def is_slip_on_its_way(actor: Actor, code: UUID) -> bool:
    """Whether the payment is released, and may be seen wholly, so that its slip is about to be issued."""
    states = [PayRun.State.RELEASED, PayRun.State.CLOSED]
    payment = Payment.objects.filter(code=code, customer_id=actor.customer_id, run__state__in=states).first()
    return payment is not None and _sees_all_of(actor, payment.pk)


def get_slip_for(actor: Actor, code: UUID) -> RemittanceSlip | None:
    """The newest slip of a payment the actor may see wholly, or None. Call inside `acting(actor)`."""
    slip = RemittanceSlip.objects.filter(payment__code=code, customer_id=actor.customer_id).order_by("-version").first()
    if slip is None or not _sees_all_of(actor, slip.payment_id):
        return None
    return slip


def _sees_all_of(actor: Actor, payment_id: int) -> bool:
    """A slip names every invoice of its payment, so it is for those who may see each of them."""
    reach = access.scope(actor, "see")
    if reach.everything:
        return True
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT COALESCE(i.account_id, c.account_id) FROM payments_allocation a"
            " LEFT JOIN billing_sources_invoice i ON i.id = a.invoice_id"
            " LEFT JOIN payments_onaccountcredit c ON c.id = a.credit_id WHERE a.payment_id = %s",
            [payment_id],
        )
        return all(account_id in reach for (account_id,) in cursor.fetchall())
