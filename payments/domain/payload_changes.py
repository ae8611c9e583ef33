"""What differs between two submitted versions of a pay run, cell by cell. Pure.

Works on the canonical bytes as they were hashed, so that versions of before an upgrade can be compared as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from payments.domain.reasons import reason
from portal.money import format_amount

NOTHING: Final = "–"
METHODS: Final = {"ach_credit": "ACH credit", "wire": "Wire", "cheque": "Cheque"}
_LABELS: Final = {"value_on": "value date", "short_paid": "short-paid", "left_open": "left open on purpose"}


@dataclass(frozen=True)
class Change:
    """One cell: of what, which, and what it was and is."""

    about: str
    cell: str
    before: str
    after: str


def changes(before: str, after: str) -> list[Change]:
    """From one version's bytes to another's; empty when only the version number differs."""
    was, now = json.loads(before), json.loads(after)
    return [*_title(was, now), *_steps(was, now), *_payments(was, now), *_lines(was, now)]


def _title(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    if was["title"] != now["title"]:
        yield Change("The run", "title", was["title"], now["title"])


def _steps(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    if was.get("steps") != now.get("steps"):
        yield Change("Approval", "people asked for", _people(was), _people(now))


def _people(version: Mapping[str, Any]) -> str:
    return ", then ".join(f"{step['people']}" for step in version.get("steps", [])) or NOTHING


def _payments(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    old, new = ({each["position"]: each for each in version["payments"]} for version in (was, now))
    for position in sorted(old.keys() | new.keys()):
        about = f"Payment {position}"
        if position not in old:
            yield Change(about, "added", NOTHING, _payment(new[position]))
        elif position not in new:
            yield Change(about, "removed", _payment(old[position]), NOTHING)
        else:
            yield from _cells(about, old[position], new[position])


def _payment(payment: Mapping[str, Any]) -> str:
    method = METHODS.get(payment["method"], payment["method"])
    return f"{method}, {_money(payment['amount'], payment['currency'])}, {payment['value_on']}"


def _lines(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    old, new = ({_key(line): line for line in version["lines"]} for version in (was, now))
    for key in sorted(old.keys() | new.keys()):
        about = key[2]
        if key not in old:
            yield Change(about, "added", NOTHING, _line(new[key]))
        elif key not in new:
            yield Change(about, "removed", _line(old[key]), NOTHING)
        elif old[key] != new[key]:
            yield from _placed(about, old[key], new[key])
            yield from _cells(about, old[key], new[key], but="placed")


def _key(line: Mapping[str, Any]) -> tuple[str, str, str]:
    return line["system"], line["entity"], line["number"]


def _line(line: Mapping[str, Any]) -> str:
    placed = [f"{_money(amount, line['currency'])} on payment {position}" for position, amount in line["placed"]]
    short = [f"short-paid {_money(line['short_paid'], line['currency'])}"] if line["short_paid"] else []
    return ", ".join([*placed, *short]) or "nothing placed"


def _placed(about: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    old, new = dict(was["placed"]), dict(now["placed"])
    for position in sorted(old.keys() | new.keys()):
        if old.get(position) != new.get(position):
            cells = (_money(placed.get(position), now["currency"]) for placed in (old, new))
            yield Change(about, f"on payment {position}", *cells)


def _cells(about: str, was: Mapping[str, Any], now: Mapping[str, Any], but: str = "") -> Iterator[Change]:
    """Every other cell that differs, whatever it is called: nothing that is hashed goes unseen."""
    for name in sorted(was.keys() | now.keys()):
        if name != but and was.get(name) != now.get(name):
            label = _LABELS.get(name, name.replace("_", " "))
            yield Change(about, label, _text(name, was), _text(name, now))


def _text(name: str, of: Mapping[str, Any]) -> str:
    value = of.get(name)
    if name in ("amount", "short_paid"):
        return _money(value, of["currency"])
    if name == "reason":
        known = reason(value or "")
        return known.words if known else value or NOTHING
    if name == "method":
        return METHODS.get(str(value), str(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return NOTHING if value in (None, "", []) else f"{value}"


def _money(amount: str | None, currency: str) -> str:
    return NOTHING if amount is None else f"{format_amount(Decimal(amount), currency)} {currency}"
