"""Roll-ups of a bill: records that repeat the sums of what is below them. Checked, never added. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

from billing_sources.readers.delimited.layout import ALL, REST, TAXES
from billing_sources.readers.delimited.shapes import Shape
from billing_sources.readers.values import ZERO, Unreadable

Buckets = dict[str, Decimal]


class Sums:
    """What a bill's facts add up to: charges and taxes by account, service and bucket; entries by record code."""

    def __init__(self) -> None:
        self._facts: dict[tuple[str, str], Buckets] = {}
        self._entries: Buckets = {}

    def add(self, account: str, service: str, bucket: str, amount: Decimal) -> None:
        node = self._facts.get((account, service))
        if node is None:
            node = self._facts[account, service] = {}
        node[bucket] = node.get(bucket, ZERO) + amount

    def add_entry(self, code: str, amount: Decimal) -> None:
        self._entries[code] = self._entries.get(code, ZERO) + amount

    def of_bill(self) -> Buckets:
        return _merged(self._facts.values())

    def of_entries(self) -> Buckets:
        return self._entries

    def of_accounts(self) -> dict[str, Buckets]:
        """By account, its services included."""
        parts: dict[str, list[Buckets]] = {}
        for (account, _), buckets in self._facts.items():
            parts.setdefault(account, []).append(buckets)
        return {account: _merged(buckets) for account, buckets in parts.items()}

    def of_service(self, account: str, service: str) -> Buckets:
        return self._facts.get((account, service), {})


class Difference(NamedTuple):
    rule: str
    field: str
    expected: str
    found: str


def differences(shape: Shape, fields: list[str], below: Buckets, entries: Buckets) -> Iterator[Difference]:
    """Every roll-up of a record that is not what is below it. A blank one states nothing."""
    named = {roll_up.of for roll_up in shape.sums}
    for roll_up in shape.sums:
        text = fields[roll_up.at]
        try:
            stated = roll_up.read(text)
        except Unreadable as unreadable:
            yield Difference("DLM-VALUE", roll_up.source, str(unreadable), text)
            continue
        expected = entries.get(roll_up.of) or _sum(roll_up.of, below, named)
        if stated is not None and stated != expected:
            yield Difference("DLM-ROLLUP", roll_up.source, f"{expected:f}", f"{stated}")


def _sum(of: str, below: Buckets, named: set[str]) -> Decimal:
    if of == ALL:
        return sum(below.values(), ZERO)
    if of == REST:
        return sum((amount for bucket, amount in below.items() if bucket not in named | {TAXES}), ZERO)
    return below.get(of, ZERO)


def _merged(parts: Iterable[Buckets]) -> Buckets:
    merged: Buckets = {}
    for buckets in parts:
        for bucket, amount in buckets.items():
            merged[bucket] = merged.get(bucket, ZERO) + amount
    return merged
