"""Advice → X12 820 (004010, remittance information only), and back. Pure. Facts: formats.md §1.2, §5.

One 820 states one payment in one currency. BPR02 = ΣRMR04: what was short-paid on an invoice is already out of its
RMR04, and stands in an ADX below it to say why.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from payments.x12.documents import Document, Segment, read_documents, unreadable
from payments.x12.writer import Envelope, fits, identifier, interchange, name, segment
from portal.money import exponent
from remittance.advice import AdviceLine, Method, RemittanceAdvice

FUNCTIONAL_GROUP, TRANSACTION_SET = "RA", "820"

# BPR04 (payment method) and BPR05 (format, which only an ACH credit has).
_METHODS: dict[Method, tuple[str, str]] = {"ach_credit": ("ACH", "CTX"), "wire": ("FWT", ""), "cheque": ("CHK", "")}


@dataclass(frozen=True)
class ReceivedLine:
    """One RMR: what was paid on an invoice, of what, and what was withheld (positive) for which X12 426 reason."""

    invoice: str
    paid: Decimal
    gross: Decimal
    system: str = ""
    account: str = ""
    billed_on: date | None = None
    short_paid: Decimal = Decimal(0)
    x12_reason: str = ""
    disputes: str = ""


@dataclass(frozen=True)
class Received820:
    """An 820 as its receiver reads it, with the control numbers that an answer quotes."""

    sender: str
    interchange_control: int
    group_control: int
    set_control: int
    reference: str
    payment_code: str
    currency: str
    amount: Decimal
    method: str
    value_on: date
    payer: str
    payer_number: str
    payee: str
    lines: tuple[ReceivedLine, ...]


def write_820(advice: RemittanceAdvice, envelope: Envelope) -> bytes:
    """One interchange with one 820. Raises `CannotWriteX12` for a number that X12 cannot carry unchanged."""
    return interchange(envelope, group=FUNCTIONAL_GROUP, set_id=TRANSACTION_SET, body=list(_body(advice)))


def read_820(payload: bytes, file: str) -> list[Received820]:
    """Every 820 in the file. Raises `UnreadableX12` for anything else, or where ΣRMR04 is not BPR02."""
    return [_received(document) for document in read_documents(payload, file)]


def _body(advice: RemittanceAdvice) -> Iterator[str]:
    yield from _heading(advice)
    yield segment("ENT", "1")
    for line in advice.lines:
        yield from _open_item(line, advice.payment.currency)


def _heading(advice: RemittanceAdvice) -> Iterator[str]:
    payment = advice.payment
    method, format_code = _METHODS[payment.method]
    amount = _amount(payment.amount, payment.currency)
    yield segment("BPR", "I", amount, "C", method, format_code, *[""] * 10, f"{payment.value_on:%Y%m%d}")
    yield segment("TRN", "1", identifier(advice.reference))
    yield segment("CUR", "PR", payment.currency)
    yield segment("REF", "ZZ", identifier(payment.code), "PAYMENT")
    yield segment("N1", "PR", name(advice.payer.name), "91", identifier(advice.payer.number, 80))
    yield segment("N1", "PE", name(advice.payee.name))


def _open_item(line: AdviceLine, currency: str) -> Iterator[str]:
    """RMR, then in the order of the standard REF, DTM and ADX. The system stands in a REF: invoice numbers are unique
    within one system only."""
    number = identifier(line.invoice)
    yield segment("RMR", "IV", number, "", _amount(line.paid, currency), _amount(line.gross, currency))
    yield segment("REF", "ZZ", identifier(line.system), "SYSTEM")
    if fits(line.account):
        yield segment("REF", "ZZ", line.account, "ACCOUNT")
    for dispute in filter(None, line.disputes.split(", ")):
        yield segment("REF", "ZZ", dispute, "DISPUTE")
    if line.billed_on:
        yield segment("DTM", "003", f"{line.billed_on:%Y%m%d}")
    if line.short_paid:
        yield segment("ADX", _amount(-line.short_paid, currency), line.x12_reason, "IV", number)


def _amount(amount: Decimal, currency: str) -> str:
    return f"{amount:.{exponent(currency)}f}"


def _received(document: Document) -> Received820:
    if document.set_id != TRANSACTION_SET:
        raise unreadable(document.opening, f"{document.set_id} is not an 820")
    bpr = document.first("BPR")
    lines = tuple(_received_line(loop) for loop in _open_items(document))
    amount = _read_amount(bpr, 2)
    if sum((line.paid for line in lines), Decimal(0)) != amount:
        raise unreadable(bpr, f"{amount} is not the sum of the invoices paid")
    payer = _party(document, "PR")
    return Received820(
        sender=document.sender,
        interchange_control=int(document.interchange_control),
        group_control=int(document.group_control),
        set_control=int(document.control),
        reference=document.first("TRN").get(2),
        payment_code=document.first("REF").get(2),
        currency=document.first("CUR").get(2),
        amount=amount,
        method=bpr.get(4),
        value_on=_read_date(bpr, 16),
        payer=payer.get(2),
        payer_number=payer.get(4),
        payee=_party(document, "PE").get(2),
        lines=lines,
    )


def _open_items(document: Document) -> list[list[Segment]]:
    loops: list[list[Segment]] = []
    for found in document.segments:
        if found.tag == "RMR":
            loops.append([found])
        elif loops:
            loops[-1].append(found)
    return loops


def _received_line(loop: list[Segment]) -> ReceivedLine:
    rmr, *rest = loop
    adx = next((found for found in rest if found.tag == "ADX"), None)
    dated = next((found for found in rest if found.tag == "DTM" and found.get(1) == "003"), None)
    named = {found.get(3): found.get(2) for found in rest if found.tag == "REF"}
    return ReceivedLine(
        invoice=rmr.get(2),
        paid=_read_amount(rmr, 4),
        gross=_read_amount(rmr, 5),
        system=named.get("SYSTEM", ""),
        account=named.get("ACCOUNT", ""),
        billed_on=_read_date(dated, 2) if dated else None,
        short_paid=-_read_amount(adx, 1) if adx else Decimal(0),
        x12_reason=adx.get(2) if adx else "",
        disputes=", ".join(found.get(2) for found in rest if (found.tag, found.get(3)) == ("REF", "DISPUTE")),
    )


def _party(document: Document, role: str) -> Segment:
    for found in document.segments:
        if found.tag == "N1" and found.get(1) == role:
            return found
    raise unreadable(document.opening, f"820 without N1*{role}")


def _read_amount(found: Segment, number: int) -> Decimal:
    try:
        return Decimal(found.get(number))
    except InvalidOperation as error:
        raise unreadable(found, f"{found.get(number)!r} is not an amount") from error


def _read_date(found: Segment, number: int) -> date:
    try:
        return datetime.strptime(found.get(number), "%Y%m%d").date()
    except ValueError as error:
        raise unreadable(found, f"{found.get(number)!r} is not a date") from error
