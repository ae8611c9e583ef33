"""What a folder of generated delta files holds, as its server finds it: the newest word on each bill."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from billing_sources.transports.pages import Page, read_pages
from billing_sources.transports.rest_mark import values_at

_RAWS = msgspec.json.Decoder(list[msgspec.Raw])


class _Record(NamedTuple):
    raw: bytes
    said: Any
    bill: str  # id of the bill that it came with


class Records:
    """Files are read as they appear, in the order of their names; a bill that comes again takes the other's place."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: set[str] = set()
        self._lock = threading.Lock()
        self._records: dict[str, dict[str, _Record]] = {}

    def matching(self, resource: str, asked: Mapping[str, str]) -> list[bytes]:
        """The records that meet every filter, as they were written."""
        with self._lock:
            self._read_new_files()
            tests = [_test(name, text) for name, text in asked.items()]
            records = self._records.get(resource, {}).values()
            return [record.raw for record in records if all(test(record.said) for test in tests)]

    def _read_new_files(self) -> None:
        for path in sorted(self._folder.glob("*.pages")):
            if path.name not in self._seen:
                self._seen.add(path.name)
                self._read(path)

    def _read(self, path: Path) -> None:
        bill = ""
        with path.open("rb") as file:
            for page in read_pages(file):
                if isinstance(page, Page):
                    for raw in map(bytes, _RAWS.decode(page.body)):
                        said = msgspec.json.decode(raw)
                        if page.resource == "customerBill":
                            bill = said["id"]
                            self._forget(bill)
                        self._records.setdefault(page.resource, {})[said["id"]] = _Record(raw, said, bill)

    def _forget(self, bill: str) -> None:
        """What came with an earlier word on this bill. Cycles and accounts stay, for they belong to others too."""
        if bill not in self._records.get("customerBill", {}):
            return
        for resource in ("customerBill", "appliedCustomerBillingRate", "usage"):
            kept = self._records.get(resource, {})
            self._records[resource] = {one: record for one, record in kept.items() if record.bill != bill}


def _test(name: str, text: str) -> Any:
    """TMF630: several values mean any of them; `.gt` and `.gte` compare instants as they are printed."""
    path, _, operator = name.rpartition(".")
    if operator == "gt":
        return lambda said: any(value > text for value in values_at(said, path))
    if operator == "gte":
        return lambda said: any(value >= text for value in values_at(said, path))
    wanted = frozenset(text.split(","))
    return lambda said: not wanted.isdisjoint(values_at(said, name))
