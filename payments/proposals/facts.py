"""What a proposal for a pay run is made from. Called inside `acting`; for a decision, lock run, payments and items."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Final
from uuid import UUID

from django.db import connection

from payments.domain.eligibility import METHODS, why_not_by
from payments.domain.proposing.inputs import Bill, Inputs, Lane, Rules, inputs_of
from payments.domain.reasons import reason
from payments.facts import method_rules
from payments.groups.facts import GroupFacts, groups_of
from payments.models import Payment, PayRun
from portal.money import ZERO, format_amount

_BILLS: Final = """
    SELECT i.id, i.code, s.key, i.entity, i.number, i.series, i.revision, i.currency, i.account_id, i.due_on, i.open,
           i.disputed, i.is_current, i.is_payable, t.left_open, t.to_pay, COALESCE(sp.amount, 0),
           COALESCE(sp.reason, '')
    FROM payments_payrunitem t
    JOIN billing_sources_invoice i ON i.id = t.invoice_id
    JOIN billing_sources_billingsystem s ON s.id = i.system_id
    LEFT JOIN payments_shortpay sp ON sp.run_id = t.run_id AND sp.invoice_id = t.invoice_id
    WHERE t.run_id = %(run)s
    UNION ALL
    SELECT -c.id, c.code, 'on-account', '', c.number, '', 1, c.currency, c.account_id, NULL, -c.open,
           0, true, true, t.left_open, NULL, 0, ''
    FROM payments_payrunitem t JOIN payments_onaccountcredit c ON c.id = t.credit_id
    WHERE t.run_id = %(run)s
"""
_STANDS: Final = """
    SELECT a.claim, p.position, a.held FROM payments_allocation a JOIN payments_payment p ON p.id = a.payment_id
    WHERE p.run_id = %s AND a.held <> 0 ORDER BY a.claim, p.position
"""

Stands = tuple[tuple[int, Decimal], ...]
Withheld = tuple[tuple[str, Decimal], ...]
Refusing = Callable[[str, int, str], tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class _Row:
    claim: int
    code: UUID
    system: str
    entity: str
    number: str
    series: str
    revision: int
    currency: str
    account_id: int
    due_on: date | None
    open: Decimal
    disputed: Decimal
    is_current: bool
    is_payable: bool
    left_open: bool
    to_pay: Decimal | None
    short: Decimal
    reason: str


def gather(run: PayRun, payments: Sequence[Payment], rules: Rules) -> Inputs:
    """The run as the engine sees it: five statements, however many bills there are."""
    stands: dict[int, Stands] = {}
    with connection.cursor() as cursor:
        cursor.execute(_STANDS, [run.pk])
        for claim, position, held in cursor.fetchall():
            stands[claim] = (*stands.get(claim, ()), (position, held))
        cursor.execute(_BILLS, {"run": run.pk})
        rows = [_Row(*row) for row in cursor.fetchall()]
    groups = groups_of(run.customer_id, [row.claim for row in rows if row.claim > 0])
    refusing = _refusing()
    bills = [_bill(row, stands.get(row.claim, ()), groups.get(row.claim, ()), refusing, rules) for row in rows]
    return inputs_of(bills, lanes_of(payments), rules)


def lanes_of(payments: Iterable[Payment]) -> list[Lane]:
    return [
        Lane(each.position, each.currency, each.method, each.value_on, each.planned, each.note.strip())
        for each in payments
    ]


def _refusing() -> Refusing:
    """Which methods cannot pay a place, and why: asked once for each place."""
    rules = method_rules()

    @cache
    def refused(system: str, account_id: int, currency: str) -> tuple[tuple[str, str], ...]:
        whys = ((method, why_not_by(method, system, account_id, currency, rules)) for method in METHODS)
        return tuple((method, why) for method, why in whys if why)

    return refused


def _bill(row: _Row, stands: Stands, groups: Sequence[GroupFacts], refusing: Refusing, rules: Rules) -> Bill:
    standing = sum((amount for _, amount in stands), ZERO)
    fixed = "" if row.is_current else "replaced by a later bill"
    fixed = fixed or ("" if row.is_payable else "asks for no payment")
    amount = row.open + standing
    payer = next((group for group in groups if group.method or group.reference), None)
    return Bill(
        code=str(row.code),
        system=row.system,
        entity=row.entity,
        number=row.number,
        series=row.series,
        revision=row.revision,
        currency=row.currency,
        amount=amount,
        withheld=() if fixed else _withheld(row, amount, ZERO if rules.is_anew else standing, standing),
        stands=stands,
        due_on=row.due_on,
        pay_by=_pay_by(row.due_on, groups),
        refused=refusing(row.system, row.account_id, row.currency),
        group=payer.name if payer else "",
        method=payer.method if payer else "",
        reference=payer.reference.strip() if payer else "",
        fixed=fixed,
    )


def _pay_by(due_on: date | None, groups: Iterable[GroupFacts]) -> date | None:
    """The first group that says how long before decides."""
    days = next((group.days_before_due for group in groups if group.days_before_due is not None), 0)
    return None if due_on is None else due_on - timedelta(days=days)


def _withheld(row: _Row, amount: Decimal, kept: Decimal, standing: Decimal) -> Withheld:
    """What is not asked for: disputed, short-paid, left open on purpose. Never more than is left beside `kept`."""
    sign = -1 if amount < 0 else 1
    budget = abs(amount - kept)
    found = []
    for why, most in _reasons(row, abs(amount), abs(standing)):
        part = min(most, budget)
        budget -= part
        if part > 0:
            found.append((why, sign * part))
    return tuple(found)


def _reasons(row: _Row, amount: Decimal, standing: Decimal) -> list[tuple[str, Decimal]]:
    known = reason(row.reason)
    short = max(row.short - row.disputed, ZERO)
    reasons = [("disputed", row.disputed), (f"short-paid: {known.words if known else row.reason}", short)]
    if row.left_open:
        wanted = standing if row.to_pay is None else row.to_pay
        said = "" if row.to_pay is None else f": {format_amount(row.to_pay, row.currency)} is to be paid"
        reasons.append((f"left open on purpose{said}", max(amount - row.disputed - short - wanted, ZERO)))
    return reasons
