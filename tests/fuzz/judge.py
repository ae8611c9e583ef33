"""What may come of any bytes at all: the documented rejection, issues, and bills that the database can hold. Pure.

Everything behind the reader that touches what it yields is judged with it: normalize, check, rows, the proof, the
quarantine's copy, the excerpt behind each origin, and the answer to the sender.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from io import BytesIO

import msgspec

from billing_sources import rows
from billing_sources.adapter import Adapter, Outcome
from billing_sources.canonical import CanonicalInvoice, ControlTotals, FileRejected, Issue
from billing_sources.checks import check
from billing_sources.normalize import normalize
from billing_sources.proof import Proof
from billing_sources.reading import DIGITS
from billing_sources.rows import Written, storable

MOST_EXCERPTS = 3
_NOW = datetime(2026, 11, 21, 4, 5, tzinfo=UTC)
_LARGEST_EXPONENT = 16_000  # PostgreSQL's numeric: 131,072 digits before the point, 16,383 behind it
_copy = msgspec.json.Encoder().encode
_copied = msgspec.json.Decoder(CanonicalInvoice).decode


def judge(adapter: Adapter, content: bytes, excerpts: bool = True) -> str:
    """ "read" or "refused". Raises AssertionError for what the database could not take, and whatever else escapes."""
    proof, origins, issues = Proof(), list[str](), list[Issue]()
    is_accepted = True
    with localcontext(prec=DIGITS):
        try:
            for parsed in adapter.read(BytesIO(content), adapter):
                origins += _judge(parsed, adapter, proof, issues)
        except FileRejected as rejected:
            is_accepted = False
            issues.append(rejected.issue)
        if flaw := proof.flaw():
            issues.append(flaw)
    for issue in issues:
        said = (issue.rule, issue.position, issue.field, issue.expected, issue.found, issue.number)
        _require_texts("issue", *map(storable, said))
    if excerpts:
        _look_up(adapter, content, origins[:MOST_EXCERPTS])
    if adapter.acknowledge:
        outcome = Outcome("A.x12", is_accepted, proof.read_bills, proof.read_amount, 0, tuple(issues), _NOW)
        adapter.acknowledge(BytesIO(content), outcome)
    return "read" if is_accepted else "refused"


def judge_control(adapter: Adapter, content: bytes) -> str:
    assert adapter.read_control
    try:
        totals = adapter.read_control(content)
    except FileRejected as rejected:
        _require_texts("issue", storable(rejected.issue.found))
        return "refused"
    proof = Proof()
    proof.countersign(totals, "")
    proof.flaw()
    return "read"


def _judge(
    parsed: CanonicalInvoice | Issue | ControlTotals, adapter: Adapter, proof: Proof, issues: list[Issue]
) -> Iterator[str]:
    """The origins that it names."""
    if isinstance(parsed, Issue):
        issues.append(parsed)
    elif isinstance(parsed, ControlTotals):
        proof.declare(parsed)
    else:
        bill = normalize(parsed, adapter)
        found = check(bill)
        issues += found
        proof.read(bill.total)
        _require_texts("held", storable(parsed.number), storable(parsed.currency))
        assert _copied(_copy(parsed)) == parsed, "what is held comes back as it was read"
        if not any(issue.is_fatal for issue in found):
            _require_rows(rows.write(bill))
            _require_amounts(bill.payable, bill.total)
            _require_texts("account", *(text for one in parsed.accounts for text in (one.level, one.name, one.parent)))
        yield parsed.origin
        yield from (charge.origin for charge in parsed.charges)


def _look_up(adapter: Adapter, content: bytes, origins: list[str]) -> None:
    """An excerpt of a file that was cut may be refused as the file was; nothing else may happen."""
    for origin in [*origins, "line 99999999999", ""] if adapter.locate else []:
        try:
            adapter.locate(BytesIO(content), origin)  # type: ignore[misc]  # it is there: asked above
        except (LookupError, FileRejected):
            continue


def _require_rows(written: Written) -> None:
    """As `load` puts them together: no line falls apart, no column holds what its type refuses."""
    lines = [*written.charges, *written.taxes, *written.usage, written.header]
    for line in lines:
        _require_texts("row", line)
        assert "\n" not in line and "\r" not in line, f"a row of two lines: {line!r}"
    for width, found in ((15, written.charges), (7, written.taxes), (9, written.usage), (28, [written.header])):
        for line in found:
            assert line.count("\t") == width - 1, f"not {width} columns: {line!r}"
    invoice = written.bill.invoice
    amounts = [getattr(invoice, name) for name in ("line_total", "tax", "amount_due", "prepaid", "balance_forward")]
    for charge in invoice.charges:
        amounts += [charge.amount, charge.quantity, charge.unit_price]
    for tax in invoice.taxes:
        amounts += [tax.amount, tax.base, tax.rate_percent]
    for record in invoice.usage:
        amounts += [record.amount, record.quantity]
    _require_amounts(*amounts)


def _require_amounts(*amounts: Decimal | None) -> None:
    for amount in amounts:
        if amount is not None:
            assert isinstance(amount, Decimal), f"{type(amount)} is no amount"
            assert amount.is_finite(), f"{amount} is no amount"
            assert abs(amount.adjusted()) < _LARGEST_EXPONENT, f"{amount} is out of range"


def _require_texts(what: str, *texts: str) -> None:
    for text in texts:
        assert "\0" not in text, f"{what}: PostgreSQL has no NUL: {text[:80]!r}"
        text.encode()  # a surrogate has no bytes
