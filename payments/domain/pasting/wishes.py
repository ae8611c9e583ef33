"""What of the found rows becomes a wish to pay: an amount, and a reason for what is less. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from payments.domain.allocation import InvoiceFacts
from payments.domain.pasting.verdicts import Candidate, Judged, Verdict
from payments.domain.to_pay import ToPayWish, why_not_wanted
from portal.money import ZERO, format_amount


@dataclass(frozen=True)
class LeftOut:
    """A row whose amount cannot be wanted, and why."""

    line: int
    why: str


@dataclass(frozen=True)
class Wishes:
    """`invoices` can go into a pay run; `wishes` are for those of them with a pasted amount, credits never."""

    invoices: tuple[UUID, ...]
    wishes: tuple[ToPayWish, ...]
    left_out: tuple[LeftOut, ...]


def wishes_of(judged: Iterable[Judged]) -> Wishes:
    """Rows of one invoice count together. Whoever pasted amounts wants these: a row whose amount cannot be wanted is
    left out as a whole, so that its invoice is not paid in full by mistake."""
    invoices: list[UUID] = []
    wishes: list[ToPayWish] = []
    left_out: list[LeftOut] = []
    for invoice, rows in _by_invoice(judged):
        wish, why = _wish(invoice, rows)
        if why:
            left_out.append(LeftOut(rows[0].row.line, why))
            continue
        invoices.append(wish.invoice)
        if wish.amount is not None:
            wishes.append(wish)
    return Wishes(tuple(invoices), tuple(wishes), tuple(left_out))


def _by_invoice(judged: Iterable[Judged]) -> Iterable[tuple[Candidate, list[Judged]]]:
    together: dict[int, tuple[Candidate, list[Judged]]] = {}
    for one in judged:
        if one.verdict is Verdict.FOUND and one.invoice:
            together.setdefault(one.invoice.id, (one.invoice, []))[1].append(one)
    return together.values()


def _wish(invoice: Candidate, rows: Sequence[Judged]) -> tuple[ToPayWish, str]:
    """What is wanted of one invoice, and why it cannot be."""
    amounts = [one.row.amount for one in rows if one.row.amount is not None]
    amount = sum(amounts, ZERO) if amounts else None
    if invoice.open < 0:
        return ToPayWish(invoice.code, None), _why_not_credit(rows, invoice, amount)
    reason = next((one.row.reason for one in rows if one.row.reason), "")
    is_less = amount is not None and amount < invoice.open
    note = next((one.row.note for one in rows if one.row.note), "") if reason else ""
    wish = ToPayWish(invoice.code, amount, reason if is_less else "", note if is_less else "")
    return wish, _why_not(rows, invoice, wish)


def _why_not(rows: Sequence[Judged], invoice: Candidate, wish: ToPayWish) -> str:
    if any(one.is_in_other_currency for one in rows):
        return f"{invoice.number} is billed in {invoice.currency}, not in what was pasted."
    unknown = next((one.row.reason_text for one in rows if one.row.reason_text and not one.row.reason), "")
    if unknown:
        return f"{invoice.number}: “{unknown}” is not one of the reasons."
    asked = wish if wish.amount is not None else ToPayWish(invoice.code, max(invoice.open, ZERO))
    refusal = why_not_wanted(_facts(invoice), None, asked)
    return refusal.words if refusal else ""


def _why_not_credit(rows: Sequence[Judged], invoice: Candidate, amount: Decimal | None) -> str:
    """A credit goes into a run as it is; how much of it is used where, the run says."""
    if any(one.is_in_other_currency for one in rows) or amount not in (None, invoice.open):
        open_ = format_amount(invoice.open, invoice.currency)
        return f"{invoice.number} is a credit of {open_} {invoice.currency}: paste that amount, or none."
    return ""


def _facts(invoice: Candidate) -> InvoiceFacts:
    return InvoiceFacts(
        id=invoice.id,
        number=invoice.number,
        currency=invoice.currency,
        payable=invoice.payable,
        open=invoice.open,
        is_current=True,
        is_payable=invoice.is_payable,
        account_id=invoice.account_id or 0,
    )
