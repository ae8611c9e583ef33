"""X12 811 and 810 as canonical bills. Pure.

Every transaction set of a file becomes exactly one bill or one fatal issue that stands for it, so that
what GE01 declares can be proven. Source: the mapping of the adapter; what it cannot say as rows stands here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import takewhile
from typing import BinaryIO, NamedTuple

from msgspec import structs

from billing_sources.adapter import Adapter, Parsed
from billing_sources.canonical import BillType, CanonicalInvoice, ControlTotals, Issue
from billing_sources.readers.values import Unreadable
from billing_sources.readers.x12 import Segment
from billing_sources.readers.x12_envelope import GroupTotals, TransactionSet, element, transaction_sets
from billing_sources.readers.x12_heading import BillRefused, Heading
from billing_sources.readers.x12_lines import Lines, Lookup
from billing_sources.readers.x12_table import Detail, Table, compiled
from billing_sources.readers.x12_totals import state_balances, state_totals
from billing_sources.readers.x12_values import KNOWN_TYPES

_Step = Callable[[Lines, Segment, int], None]

_HEADING: dict[str, _Step] = {"ITA": Lines.allowance, "SAC": Lines.allowance, "TXI": Lines.tax}
_DETAIL: dict[str, _Step] = _HEADING | {
    "DTM": Lines.period,
    "HL": Lines.loop,
    "IT1": Lines.item,
    "N1": Lines.party,
    "NM1": Lines.party,
    "PID": Lines.text,
    "QTY": Lines.quantity,
    "REF": Lines.reference,
    "SI": Lines.service_code,
    "SLN": Lines.item,
}
_OPENS_LINES = frozenset({"HL", "IT1"})
_OPENS_SUMMARY = frozenset({"TDS", "CTT"})  # behind the lines of an 810; an 811 has TDS in its heading
_NUMBERS = ("REF02*14", "REF02*12", "REF02*11")  # a heading's account numbers: master, billing account, account


def read_bills(stream: BinaryIO, adapter: Adapter) -> Iterator[Parsed]:
    """Stream the bills of an X12 file. Memory is one bill. Raises `FileRejected`, possibly only at the end."""
    table = compiled(adapter.mapping)
    source = _Source(adapter, table, Detail.of(table), lru_cache(maxsize=4096)(adapter.vocabulary.category))
    for walked in transaction_sets(stream):
        if isinstance(walked, TransactionSet):
            yield _read_set(_Reading(walked, source))
        elif isinstance(walked, GroupTotals):
            yield ControlTotals(bills=walked.sets)


class _Source(NamedTuple):
    """What all sets of a file are read by."""

    adapter: Adapter
    table: Table
    detail: Detail
    lookup: Lookup


def _read_set(reading: _Reading) -> CanonicalInvoice | Issue:
    """The bill of one set, or the fatal issue that stands for it."""
    try:
        return reading.invoice()
    except BillRefused as refused:
        number, account = reading.named()
        return structs.replace(refused.issue, number=number, account=account)


class _Reading:
    """One set while it is read."""

    def __init__(self, walked: TransactionSet, source: _Source) -> None:
        self.walked = walked
        self.adapter, self._table, detail, lookup = source
        self.heading = Heading(self._table)
        self.lines = Lines(detail, lookup, self.adapter.level_names, is_blank_tax_added=walked.set_id == "810")

    def invoice(self) -> CanonicalInvoice:
        """Raises `BillRefused`."""
        if self.walked.set_id not in ("810", "811"):
            raise _refused("X12-ST01", self.walked.position, "ST01", "810 or 811", self.walked.set_id)
        if self.walked.fault:
            raise BillRefused(self.walked.fault)
        self._walk()
        self._check_count()
        return self._stated()

    def named(self) -> tuple[str, str]:
        """Number and account of a bill that is refused, as far as its heading can be read."""
        walked = self.walked
        number = next((element(s, 2) for s in walked.segments if s[0] == "BIG"), "") or f"set {walked.control}"
        self.heading = Heading(self._table)
        heading = takewhile(lambda segment: segment[0] not in _OPENS_LINES, walked.segments)
        for position, segment in enumerate(heading, walked.position + 1):
            self.heading.collect(segment, position)
        return number, self.heading.word("account")

    def _walk(self) -> None:
        heading, lines = self.heading, self.lines
        steps, turns = _HEADING, _OPENS_LINES
        heading.collect(self.walked.group, self.walked.position)
        for position, segment in enumerate(self.walked.segments, self.walked.position + 1):
            tag = segment[0]
            step = steps.get(tag)
            if step is None and tag in turns:
                steps, turns = self._turn(steps)
                step = steps.get(tag)
            if step is not None:
                try:
                    step(lines, segment, position)
                except Unreadable as problem:
                    raise _refused("X12-VALUE", position, tag, str(problem), "*".join(segment)) from problem
            elif steps is _HEADING:
                heading.collect(segment, position)
        lines.close()

    def _turn(self, steps: dict[str, _Step]) -> tuple[dict[str, _Step], frozenset[str]]:
        """From the heading into the lines, or behind them into the summary."""
        if steps is _HEADING:
            self._place_accounts()
            self.lines.is_summary = False
            return _DETAIL, _OPENS_SUMMARY
        self.lines.close()
        return _HEADING, _OPENS_LINES

    def _place_accounts(self) -> None:
        stated = self.heading.texts("account")
        numbers = {source[-2:]: stated[source] for source in _NUMBERS if source in stated}
        billed = self.heading.word("account") if numbers else ""
        self.lines.tree.head(numbers, billed)

    def _check_count(self) -> None:
        """CTT01 counts lines, or loops in some senders' 811."""
        declared = self.heading.word("declared_lines")
        if not declared:
            return
        counts = Counter(segment[0] for segment in self.walked.segments)
        lines = counts["IT1"] + counts["SLN"]
        if declared.lstrip("0") not in {str(n or "") for n in (counts["IT1"], lines, counts["HL"])}:
            raise _refused("X12-CTT01", self.walked.position, "CTT01", str(counts["IT1"]), declared)

    def _stated(self) -> CanonicalInvoice:
        heading = self.heading
        billed_on, number, total = heading.day("billed_on"), heading.word("number"), heading.money("tax_included")
        if billed_on is None or not number:
            raise _refused("X12-BIG", self.walked.position, "BIG", "a date and a number", "none")
        if total is None:
            raise _refused("X12-TDS", self.walked.position, "TDS01", "a total", "none")
        tree = self.lines.tree
        account = self._account()
        tree.include(account, heading.word("buyer"))
        bill_type = _type_of(heading)
        invoice = CanonicalInvoice(
            system=self.adapter.key,
            number=number,
            bill_type=bill_type,
            type_code=heading.word("type_code"),
            currency=heading.word("currency") or self.adapter.default_currency,
            billed_on=billed_on,
            account=account,
            entity=heading.word("seller_id"),
            due_on=heading.day("due_on", billed_on),
            period_start=heading.day("period_start"),
            period_end=heading.day("period_end"),
            cycle=heading.word("cycle"),
            seller=heading.word("seller"),
            seller_id=heading.word("seller_id"),
            buyer=heading.word("buyer"),
            buyer_id=heading.word("buyer_id"),
            buyer_address=", ".join(heading.lines("buyer_address")),
            remit_to=heading.lines("remit_to"),
            payment_reference=heading.word("payment_reference"),
            preceding=heading.word("preceding"),
            note=heading.word("note"),
            is_payable=bill_type is not BillType.MEMO,
            accounts=list(tree.accounts.values()),
            charges=self.lines.charges,
            taxes=self.lines.taxes,
            origin=f"set {self.walked.control}, segment {self.walked.position}",
        )
        if not invoice.preceding and bill_type in (BillType.CREDIT_NOTE, BillType.CORRECTED):
            invoice.preceding = heading.word("preceding_of_credit")
        if invoice.type_code not in KNOWN_TYPES:
            found = invoice.type_code[:80]
            flaw = Issue("X12-BIG07", invoice.origin, "BIG07", "a known type of bill", found, number, is_fatal=False)
            invoice.flaws.append(flaw)
        state_totals(invoice, total)
        state_balances(invoice, heading)
        return invoice

    def _account(self) -> str:
        """The heading's account number; else that of the first loop; else whoever the heading names as payer."""
        has_number = any(source in self.heading.texts("account") for source in _NUMBERS)
        stated = self.heading.word("account")
        return stated if has_number else self.lines.tree.first or stated


def _type_of(heading: Heading) -> BillType:
    stated = heading.value("bill_type")
    return stated if isinstance(stated, BillType) else BillType.INVOICE


def _refused(rule: str, position: int, field: str, expected: str, found: str) -> BillRefused:
    return BillRefused(Issue(rule, f"segment {position}", field, expected, found[:80]))
