"""What waits for a person: files held whole, and bills held alone. As frozen rows; call inside `carrier()`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import Abs
from django.urls import reverse

from billing_sources.canonical import CanonicalInvoice
from billing_sources.models import ImportFile, ImportIssue, QuarantinedInvoice
from billing_sources.quarantine import held_bill
from billing_sources.staff.figures import age, exact, instant, money
from billing_sources.staff.file_queries import IssueRow, issue_row
from billing_sources.staff.rules import plain_words
from portal.money import ZERO, exponent, format_amount

BILLS_SHOWN = 200
SORTS = {"amount": ("-size", "pk"), "age": ("file__received_at", "pk")}

_State = QuarantinedInvoice.State


@dataclass(frozen=True)
class HeldFile:
    url: str
    name: str
    system: str
    meaning: str
    rule: str
    expected: str
    found: str
    declared: str
    age: str


@dataclass(frozen=True)
class HeldBill:
    """One bill that does not tie. `amount_minor` is in minor units of its currency, for the sum bar."""

    code: str
    url: str
    number: str
    system: str
    file: str
    file_url: str
    meaning: str
    rule: str
    expected: str
    found: str
    currency: str
    amount: str
    amount_minor: int
    age: str
    word: str
    tone: str
    reason: str
    decided: str


@dataclass(frozen=True)
class HeldDetail:
    bill: HeldBill
    issues: tuple[IssueRow, ...]
    facts: tuple[tuple[str, str], ...]
    figures: tuple[tuple[str, str], ...]
    can_decide: bool
    can_load: bool


def held_files(now: datetime) -> list[HeldFile]:
    """The oldest first."""
    files = ImportFile.objects.filter(state=ImportFile.State.QUARANTINED).select_related("document", "run__system")
    found = list(files.order_by("received_at")[:BILLS_SHOWN])
    issues = {
        issue.file_id: issue for issue in ImportIssue.objects.filter(file__in=found, is_fatal=True).order_by("-pk")
    }
    return [_held_file(file, issues.get(file.pk), now) for file in found]


def held_bills(state: str, sort: str, now: datetime) -> list[HeldBill]:
    """Bills in one state, by money or by age. `sort` is a key of `SORTS`."""
    bills = _bills(state).annotate(size=Abs("amount")).order_by(*SORTS[sort])[:BILLS_SHOWN]
    return _rows(list(bills), now)


def count_by_state() -> dict[str, str]:
    """State → how many bills; files held whole wait as well."""
    counts = dict(QuarantinedInvoice.objects.order_by().values_list("state").annotate(Count("pk")))
    files = ImportFile.objects.filter(state=ImportFile.State.QUARANTINED).count()
    counts[_State.HELD] = counts.get(_State.HELD, 0) + files
    return {state: f"{counts.get(state, 0):,}" for state in _State.values}


def held_sums() -> list[dict[str, Any]]:
    """What is held and not decided, a row a currency, as components/sum.html shows it."""
    rows = _bills(_State.HELD).exclude(currency="").order_by("currency").values_list("currency")
    return [
        {
            "currency": currency,
            "exponent": exponent(currency),
            "figures": [
                {"label": "Bills held", "amount": f"{number:,}"},
                {"label": "Held", "amount": format_amount(amount, currency)},
                {"label": "Selected", "name": "selected", "amount": format_amount(ZERO, currency), "minor": 0},
            ],
        }
        for currency, number, amount in rows.annotate(Count("pk"), Sum("amount"))
    ]


def get_held(code: UUID, now: datetime) -> HeldDetail | None:
    held = QuarantinedInvoice.objects.select_related("file__document", "file__run__system", "decided_by")
    found = held.filter(code=code).first()
    if found is None:
        return None
    issues = ImportIssue.objects.filter(file=found.file_id, number=found.number).order_by("-is_fatal", "pk")[:50]
    bill = held_bill(found) if found.canonical else None
    return HeldDetail(
        bill=_rows([found], now)[0],
        issues=tuple(map(issue_row, issues)),
        facts=tuple(_facts(bill)) if bill else (),
        figures=tuple(_figures(bill)) if bill else (),
        can_decide=found.state == _State.HELD,
        can_load=bill is not None,
    )


def _bills(state: str) -> QuerySet[Any]:
    return (
        QuarantinedInvoice.objects.filter(state=state)
        .select_related("file__document", "file__run__system", "decided_by")
        .defer("canonical")
    )


def _rows(bills: Sequence[Any], now: datetime) -> list[HeldBill]:
    """With the first fatal issue of each."""
    issues = ImportIssue.objects.filter(
        file__in={bill.file_id for bill in bills}, number__in={bill.number for bill in bills}
    ).order_by("is_fatal", "-pk")
    first = {(issue.file_id, issue.number): issue for issue in issues}
    return [_held_bill(bill, first.get((bill.file_id, bill.number)), now) for bill in bills]


def _held_file(file: Any, issue: ImportIssue | None, now: datetime) -> HeldFile:
    return HeldFile(
        url=reverse("import_file", args=[file.code]),
        name=file.document.name,
        system=file.run.system.name,
        meaning=plain_words(issue.rule).meaning if issue else "",
        rule=issue.rule if issue else "",
        expected=issue.expected if issue else "",
        found=issue.found if issue else "",
        declared=f"{file.declared_bills:,} bills" if file.declared_bills is not None else "not known",
        age=age(file.received_at, now),
    )


def _held_bill(bill: Any, issue: ImportIssue | None, now: datetime) -> HeldBill:
    word, tone = _word(bill)
    return HeldBill(
        code=str(bill.code),
        url=reverse("held_invoice", args=[bill.code]),
        number=bill.number or "no number",
        system=bill.file.run.system.name,
        file=bill.file.document.name,
        file_url=reverse("import_file", args=[bill.file.code]),
        meaning=plain_words(issue.rule).meaning if issue else "",
        rule=issue.rule if issue else "",
        expected=issue.expected if issue else "",
        found=issue.found if issue else "",
        currency=bill.currency,
        amount=money(bill.amount, bill.currency) if bill.currency else "not known",
        amount_minor=int(bill.amount.scaleb(exponent(bill.currency))) if bill.currency else 0,
        age=age(bill.file.received_at, now),
        word=word,
        tone=tone,
        reason=bill.reason,
        decided=f"{bill.decided_by.name}, {instant(bill.decided_at)}" if bill.decided_by else "",
    )


def _word(bill: QuarantinedInvoice) -> tuple[str, str]:
    if bill.state == _State.RELEASED:
        return ("Released and loaded", "good") if bill.loaded_at else ("Released, waiting for a worker", "info")
    return ("Left out", "off") if bill.state == _State.DISCARDED else ("Held", "bad")


def _facts(bill: CanonicalInvoice) -> Iterable[tuple[str, str]]:
    period = f"{bill.period_start} – {bill.period_end}" if bill.period_start and bill.period_end else ""
    stated = {
        "Kind": bill.bill_type.replace("_", " "),
        "Account": bill.account,
        "Billed to": bill.buyer,
        "Billed on": str(bill.billed_on),
        "Due on": str(bill.due_on or ""),
        "Period": period,
        "Currency": bill.currency,
        "Charges": f"{len(bill.charges):,}",
        "Where in the file": bill.origin,
    }
    return [(label, text) for label, text in stated.items() if text]


def _figures(bill: CanonicalInvoice) -> Iterable[tuple[str, str]]:
    """The totals that the bill states, in the order in which they add up."""
    stated = {
        "Lines": bill.line_total,
        "Allowances": bill.allowance_total,
        "Charges of the document": bill.charge_total,
        "Total without tax": bill.tax_excluded,
        "Tax": bill.tax,
        "Total with tax": bill.tax_included,
        "Prepaid": bill.prepaid,
        "Rounding": bill.rounding,
        "Previous balance": bill.previous_balance,
        "Payments received": bill.payments_received,
        "Adjustments": bill.adjustments_prior,
        "Balance forward": bill.balance_forward,
        "Amount due": bill.amount_due,
    }
    return [(label, exact(amount)) for label, amount in stated.items() if amount is not None]
