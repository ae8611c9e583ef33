"""A night of all six systems: its files, and a digest of everything that it leaves in the database."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import psycopg

from billing_sources.generator import SYSTEMS, CycleOrder, generate_cycle
from billing_sources.registry import ADAPTERS
from billing_sources.transports import Payload
from tests.billing_sources import castle_texts

Night = dict[str, list[Payload]]
"""System → what its transport offers, in order."""

_CYCLES = 28
_FAULTS = ("", "wrong_total", "reissue", "truncated", "duplicate_bill", "unknown_term")
# What the database itself gives a row differs from night to night; what a bill says does not.
_OURS = [
    *("id", "code", "file_id", "run_id", "invoice_id", "document_id", "account_link_id", "system_id", "attempts"),
    *("received_at", "published_at", "first_seen_at", "written_at", "next_attempt_at"),
]
_SYSTEM = "JOIN billing_sources_billingsystem s ON s.id ="
_FILE = """
    JOIN billing_sources_importfile f ON f.id = t.file_id JOIN billing_sources_rawdocument d ON d.id = f.document_id
    """
_BILL = "s.key, i.entity, i.number, i.series, i.revision"
_OF_BILL = f"JOIN billing_sources_invoice i ON i.id = t.invoice_id {_SYSTEM} i.system_id"
_LINK = "JOIN billing_sources_accountlink a ON a.id = t.account_link_id"
# Table → what names its rows beside their own columns, and what is joined for that
_TABLES = {
    "invoice": ("s.key, d.name, a.external_id", f"{_SYSTEM} t.system_id {_LINK} {_FILE}"),
    "charge": (f"{_BILL}, a.external_id", f"{_OF_BILL} {_LINK}"),
    "taxitem": (_BILL, _OF_BILL),
    "usagerecord": (_BILL, _OF_BILL),
    "accountlink": ("s.key", f"{_SYSTEM} t.system_id"),
    "importfile": ("d.name", "JOIN billing_sources_rawdocument d ON d.id = t.document_id"),
    "importissue": ("d.name", _FILE),
    "quarantinedinvoice": ("d.name", _FILE),
    "termcount": ("d.name", _FILE),
    "filereply": ("d.name", _FILE),
    "rawdocument": ("s.key", f"{_SYSTEM} t.system_id"),
}
_HALF_VISIBLE = """
    SELECT f.state, f.loaded_bills, count(i) FROM billing_sources_importfile f
    LEFT JOIN billing_sources_invoice i ON i.file_id = f.id
    GROUP BY f.id HAVING CASE WHEN f.state = 'published' THEN count(i) < f.created + f.revised ELSE count(i) > 0 END
    """


def night(folder: Path, files: int) -> Night:
    """At least so many files in all: good ones, corrected ones, one that is cut, some with bills that do not tie."""
    offered: Night = {system: [] for system in SYSTEMS}
    number = 0
    while sum(map(len, offered.values())) < files:
        for system in SYSTEMS:
            offered[system] += _written(folder / system, system, number)
        number += 1
    offered["castle"] += _rebilled(folder / "castle")
    return offered


def digest(database: str) -> dict[str, str]:
    """Table → its number of rows, and a hash of all that they say. As owner, who sees every customer's."""
    with psycopg.connect(database) as owner:
        return dict(_digests(owner))


def half_visible(database: str) -> list[tuple[object, ...]]:
    """Files of which something can be seen before all can."""
    with psycopg.connect(database) as owner:
        return owner.execute(_HALF_VISIBLE).fetchall()


def _digests(owner: psycopg.Connection) -> Iterator[tuple[str, str]]:
    for table, (names, joins) in _TABLES.items():
        query = f"SELECT {names}, (to_jsonb(t) - %s::text[])::text FROM billing_sources_{table} t {joins}"
        rows = sorted(map(repr, owner.execute(query.encode(), [_OURS]).fetchall()))
        yield table, f"{len(rows)} rows, {hashlib.sha256(repr(rows).encode()).hexdigest()[:16]}"


def _written(folder: Path, system: str, number: int) -> list[Payload]:
    fault = _FAULTS[number % len(_FAULTS)]
    order = CycleOrder(
        system,
        customers=3,
        accounts=5,
        invoices=5,
        seed=7,
        billed_on=date(2026, 1 + number // _CYCLES % 12, 20),
        cycle=str(1 + number % _CYCLES),
        charges=3,
        calls=2,
        faults=(fault,) if fault else (),
    )
    payloads = []
    for generated in generate_cycle(order):
        folder.mkdir(parents=True, exist_ok=True)
        generated.write_into(folder)
        payloads.append(Payload.of(folder / generated.name, ADAPTERS[system].control_suffix))
    return payloads


def _rebilled(folder: Path) -> Sequence[Payload]:
    """A bill, and the one that takes its place under a number of its own."""
    first = castle_texts.bill(castle_texts.charge(), number="C126309002T")
    second = castle_texts.bill(
        castle_texts.charge(9000), castle_texts.adjustment(0, "RBIL", "C126309002T"), current=9000, number="C126309003T"
    )
    paths = [folder / "first.ebc", folder / "second.ebc"]
    for path, lines, total in zip(paths, (first, second), (10000, 9000), strict=True):
        path.write_bytes(castle_texts.extract(*lines, total=total))
    return [Payload.of(path) for path in paths]
