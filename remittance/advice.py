"""The figures on the paper, already added up. Pure.

Paper, workbook and 820 are three renderings of one `RemittanceAdvice`; none of them adds anything up that stands here.
An advice that does not tie cannot exist: the constructor refuses it, whether it was built or read back as stored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, cast

import msgspec

from payments.domain.references import make_reference
from portal.money import ZERO, is_exact
from remittance.references import make_scan_line, minor_units, read_scan_line

Method = Literal["ach_credit", "wire", "cheque"]

METHOD_LABELS: dict[Method, str] = {"ach_credit": "ACH credit", "wire": "wire transfer", "cheque": "cheque"}

X12_REASON_LENGTH = 2


class AdviceDoesNotTie(ValueError):
    """Figures that do not add up, or a line that cannot be remitted; the message names the line and both sums."""


@dataclass(frozen=True)
class BankAccount:
    """Where the money goes. `scheme` says what `account` and `routing` are: IBAN and BIC, or account number and ABA."""

    bank_name: str
    scheme: Literal["iban", "aba"]
    account: str
    routing: str


@dataclass(frozen=True)
class Payee:
    """The carrier and its remit-to address. `bank` is None where a carrier takes cheques only."""

    name: str
    lines: tuple[str, ...]
    bank: BankAccount | None = None


@dataclass(frozen=True)
class Payer:
    """The customer, under the number that the carrier knows it by."""

    name: str
    number: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class PaymentFacts:
    """One payment of a pay run: `place` 3 of `places` 3."""

    code: str
    run: str
    place: int
    places: int
    method: Method
    value_on: date
    currency: str
    amount: Decimal


@dataclass(frozen=True)
class AdviceLine:
    """One invoice or credit note. All amounts in the payment's currency; a credit note is negative throughout.

    `short_paid` is what the customer withholds for good, with its reason; what is neither paid nor short-paid
    (`gross - paid - short_paid`) is settled by another payment or stays open.
    """

    invoice: str
    system: str
    account: str
    account_label: str
    gross: Decimal
    paid: Decimal
    short_paid: Decimal = ZERO
    billed_on: date | None = None
    reason: str = ""
    x12_reason: str = ""  # X12 data element 426, two characters
    note: str = ""
    disputes: str = ""  # numbers of the disputes that the short pay is about: "D-1001, D-1002"

    @property
    def elsewhere(self) -> Decimal:
        """What this payment leaves: paid by another payment, or open."""
        return self.gross - self.paid - self.short_paid


@dataclass(frozen=True)
class Totals:
    """Sums over lines. `paid` of all lines is the control total."""

    count: int = 0
    gross: Decimal = ZERO
    short_paid: Decimal = ZERO
    paid: Decimal = ZERO

    def plus(self, line: AdviceLine) -> Totals:
        return Totals(self.count + 1, self.gross + line.gross, self.short_paid + line.short_paid, self.paid + line.paid)


@dataclass(frozen=True)
class Issue:
    """Which printing this is. `issued_at` is aware; a version above 1 replaces the one before it."""

    version: int
    issued_at: datetime
    voided: bool = False


@dataclass(frozen=True)
class RemittanceAdvice:
    """Everything that paper, workbook and 820 say about one payment."""

    payment: PaymentFacts
    payee: Payee
    payer: Payer
    lines: tuple[AdviceLine, ...]
    totals: Totals
    reference: str
    scan_line: str
    issue: Issue

    def __post_init__(self) -> None:
        _check_heading(self)
        for line in self.lines:
            _check_line(line, self.payment.currency)
        _check_sums(self)


def build(
    payment: PaymentFacts, payee: Payee, payer: Payer, lines: Iterable[AdviceLine], issue: Issue
) -> RemittanceAdvice:
    """An advice with its totals, reference and scan line; raises `AdviceDoesNotTie` or `ReferenceInvalid`."""
    kept = tuple(lines)
    return RemittanceAdvice(
        payment=payment,
        payee=payee,
        payer=payer,
        lines=kept,
        totals=add_up(kept),
        reference=make_reference(payer.number, payment.code),
        scan_line=make_scan_line(
            customer_number=payer.number, code=payment.code, amount=payment.amount, currency=payment.currency
        ),
        issue=issue,
    )


def add_up(lines: Iterable[AdviceLine], start: Totals | None = None) -> Totals:
    """Running totals: `start` (nothing) and the lines."""
    totals = start or Totals()
    for line in lines:
        totals = totals.plus(line)
    return totals


def to_plain(advice: RemittanceAdvice) -> dict[str, Any]:
    """For a JSON column: amounts as strings with all their decimals, dates ISO."""
    return cast(dict[str, Any], msgspec.to_builtins(advice))


def from_plain(stored: dict[str, Any]) -> RemittanceAdvice:
    """The same advice again; raises `AdviceDoesNotTie` if it was changed so that it no longer ties."""
    try:
        return msgspec.convert(stored, type=RemittanceAdvice)
    except msgspec.ValidationError as error:
        raise AdviceDoesNotTie(f"not a stored advice: {error}") from error


def digest(advice: RemittanceAdvice) -> bytes:
    """SHA-256 over every figure and word of the advice: what the same paper is the same as."""
    return hashlib.sha256(msgspec.json.encode(advice, order="deterministic")).digest()


def _check_heading(advice: RemittanceAdvice) -> None:
    payment = advice.payment
    if not advice.lines:
        raise AdviceDoesNotTie(f"{payment.code} settles no invoice")
    if payment.amount <= 0:
        raise AdviceDoesNotTie(f"{payment.code}: {payment.amount} is not an amount to pay")
    if not 1 <= payment.place <= payment.places:
        raise AdviceDoesNotTie(f"{payment.code} cannot be {payment.place} of {payment.places}")
    if advice.issue.version < 1 or advice.issue.issued_at.utcoffset() is None:
        raise AdviceDoesNotTie(f"{payment.code}: a slip has a version from 1 and an instant with its zone")
    _check_scan_line(advice)


def _check_scan_line(advice: RemittanceAdvice) -> None:
    payment, scanned = advice.payment, read_scan_line(advice.scan_line)
    if scanned.reference != advice.reference or scanned.minor_units != minor_units(payment.amount, payment.currency):
        raise AdviceDoesNotTie(f"{payment.code}: the scan line {advice.scan_line} is that of another payment")


def _check_line(line: AdviceLine, currency: str) -> None:
    for amount in (line.gross, line.paid, line.short_paid):
        if not is_exact(amount, currency):
            raise AdviceDoesNotTie(f"{line.invoice}: {amount} is not whole minor units of {currency}")
    if not (_is_part_of_invoice(line) or _is_part_of_credit(line)):
        raise AdviceDoesNotTie(
            f"{line.invoice}: {line.paid} paid and {line.short_paid} short-paid do not fit into {line.gross}"
        )
    if line.short_paid and not (line.reason and len(line.x12_reason) == X12_REASON_LENGTH):
        raise AdviceDoesNotTie(f"{line.invoice} is short-paid by {line.short_paid} without a reason")


def _is_part_of_invoice(line: AdviceLine) -> bool:
    return min(line.paid, line.short_paid) >= 0 and 0 < line.paid + line.short_paid <= line.gross


def _is_part_of_credit(line: AdviceLine) -> bool:
    return line.gross <= line.paid < 0 and not line.short_paid


def _check_sums(advice: RemittanceAdvice) -> None:
    code, amount = advice.payment.code, advice.payment.amount
    summed = add_up(advice.lines)
    if summed != advice.totals:
        raise AdviceDoesNotTie(f"{code}: totals {advice.totals} are not the sums of the lines, {summed}")
    if summed.paid != amount:
        raise AdviceDoesNotTie(f"{code}: the lines come to {summed.paid}, the payment to {amount}")
    if summed.count != len({(line.system, line.invoice) for line in advice.lines}):
        raise AdviceDoesNotTie(f"{code} settles an invoice twice")
