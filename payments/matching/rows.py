"""The rows and totals of a paste as its page shows them: every cell is text. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from payments.domain.pasting.rows import AS_PASTED
from payments.domain.pasting.verdicts import UNRESOLVED, Candidate, Judged, Verdict, VerdictTotal
from portal.money import format_amount, is_exact

WORDS: Final = {
    Verdict.AMBIGUOUS: ("Ambiguous", "warn"),
    Verdict.UNREADABLE: ("Amount not readable", "warn"),
    Verdict.TWICE: ("Twice in the paste", "warn"),
    Verdict.REPLACED: ("Replaced", "info"),
    Verdict.UNKNOWN: ("Unknown", "bad"),
    Verdict.NOT_YOURS: ("Not yours", "bad"),
    Verdict.FOUND: ("Found", "good"),
    Verdict.PAID: ("Already paid", "off"),
    Verdict.IN_RUN: ("In a pay run", "info"),
    Verdict.DROPPED: ("Dropped", "off"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """An invoice that an ambiguous row may mean."""

    code: str
    words: str
    is_like: bool


@dataclass(frozen=True, slots=True)
class PastedRow:
    """A row of the page. `takes` words what the paste suggests, for a button, or is ""."""

    line: int
    number: str
    verdict: str
    tone: str
    why: str
    invoice_url: str
    invoice: str
    account: str
    currency: str
    pasted: str
    open: str
    difference: str
    difference_tone: str
    amount_text: str
    is_unresolved: bool
    is_amount_asked: bool
    is_changed: bool
    takes: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class VerdictLine:
    """A line of the proof: a verdict, its rows, what they come to in each currency of the paste."""

    key: str
    word: str
    tone: str
    count: str
    amounts: tuple[str, ...]
    is_shown: bool


def row_of(one: Judged, url: str, problem: str) -> PastedRow:
    """`url` is the list of invoices; an invoice lives below it. `problem` says why its amount cannot be paid, or ""."""
    word, tone = WORDS[one.verdict]
    row, invoice = one.row, one.invoice
    return PastedRow(
        line=row.line,
        number=row.number,
        verdict=word,
        tone=tone,
        why=one.why or problem,
        invoice_url=f"{url}{invoice.code}/" if invoice else "",
        invoice=invoice.number if invoice else "",
        account=invoice.account if invoice else "",
        currency=invoice.currency if invoice else row.currency,
        pasted=plain_amount(row.amount, row.currency) if row.amount is not None else row.amount_text,
        open=format_amount(invoice.open, invoice.currency) if invoice else "",
        difference=_difference(one),
        difference_tone="muted" if not one.difference else "bad" if one.difference > 0 else "warn",
        amount_text=row.amount_text,
        is_unresolved=one.verdict in UNRESOLVED,
        is_amount_asked=bool(problem) or one.verdict is Verdict.UNREADABLE,
        is_changed=row.decided != AS_PASTED,
        takes=_takes(one),
        choices=tuple(_choice(one, each) for each in one.candidates) if one.verdict is Verdict.AMBIGUOUS else (),
    )


def proof(totals: Sequence[VerdictTotal], currencies: Sequence[str], shown: str) -> list[VerdictLine]:
    return [_line(total, currencies, shown) for total in totals]


def currencies_of(totals: Iterable[VerdictTotal]) -> list[str]:
    """Those that were pasted, "" for amounts without one."""
    return sorted({currency for total in totals for currency in total.amounts})


def plain_amount(amount: Decimal, currency: str) -> str:
    """As many decimals as were pasted, but at least those of the currency."""
    if is_exact(amount, currency):
        return format_amount(amount, currency)
    return f"{amount.normalize():,f}".replace("-", "\u2212")


def _line(total: VerdictTotal, currencies: Sequence[str], shown: str) -> VerdictLine:
    word, tone = WORDS[total.verdict]
    amounts = tuple(plain_amount(total.amounts.get(each, Decimal(0)), each) for each in currencies)
    return VerdictLine(
        key=total.verdict.value,
        word=word,
        tone=tone,
        count=f"{total.count:,}",
        amounts=amounts,
        is_shown=total.verdict == shown,
    )


def _difference(one: Judged) -> str:
    if one.difference is None or one.invoice is None or one.verdict in (Verdict.DROPPED, Verdict.TWICE):
        return ""
    sign = "+" if one.difference > 0 else ""
    return f"{sign}{plain_amount(one.difference, one.invoice.currency)}"


def _takes(one: Judged) -> str:
    if one.verdict is Verdict.TWICE:
        return "Count together"
    if one.is_over_open:
        return "Pay what is open"
    if one.verdict is not Verdict.REPLACED or one.invoice is None:
        return ""
    return f"Take {one.invoice.replaced_by}" if one.invoice.replaced_by else f"Take revision {one.invoice.revision}"


def _choice(one: Judged, each: Candidate) -> Choice:
    due = f" · due {each.due_on}" if each.due_on else ""
    open_ = f"{format_amount(each.open, each.currency)} {each.currency} open"
    words = f"{each.number} · {each.system} · {each.account}{due} · {open_}"
    return Choice(str(each.code), words, one.row.amount in (each.open, each.payable))
