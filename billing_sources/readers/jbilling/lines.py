"""The lines of one bill: charges, taxes, carried debt and the calls behind them. Pure.

Type 3 ("due invoice") is the debt of the bills that were delegated to this one. Each of those is a bill of its own, so
the line is shown and never added: however long the chain, each charge counts once. The type's number decides this and
which lines are tax (2), not its name: a translated name must not turn debt into money owed again.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from billing_sources.adapter import Vocabulary
from billing_sources.canonical import CanonicalAccount, CanonicalCharge, CanonicalTax, CanonicalUsage, Category
from billing_sources.readers.jbilling.columns import Columns, Tables, Unreadable
from billing_sources.readers.jbilling.rows import BillRow, LineRow, UsageRow
from billing_sources.readers.jbilling.values import cleaned

TAX, DUE_INVOICE = 2, 3
NOISE = "float noise"
"""Source term of the line that shows what was taken off the amounts of a bill."""

_ZERO = Decimal(0)


class Lines(msgspec.Struct):
    """What the lines of a bill come to. `carried` is None where no debt was carried onto the bill.

    `positions` tells the charge of an item; 0 where several are of one item.
    """

    charges: list[CanonicalCharge] = []
    taxes: list[CanonicalTax] = []
    usage: list[CanonicalUsage] = []
    branches: dict[int, CanonicalAccount] = {}
    positions: dict[int | None, int] = {}
    carried: Decimal | None = None
    noise: Decimal = _ZERO

    def period(self) -> tuple[date | None, date | None]:
        """From the first day to the last that a charge tells."""
        starts = [charge.period_start for charge in self.charges if charge.period_start]
        ends = [charge.period_end for charge in self.charges if charge.period_end]
        return min(starts, default=None), max(ends, default=None)


def read_lines(row: BillRow, origin: str, tables: Tables, vocabulary: Vocabulary) -> Lines:
    """Raises `Unreadable`."""
    lines, billed = Lines(), row.base_user.id
    mediated = {usage.item_id for usage in row.usage if usage.item_id is not None}
    for line in row.lines:
        where = f"{origin}/invoice_line {line.id}"
        if line.type_id == TAX:
            lines.taxes.append(_tax(line, _read(line, billed, tables.tax), where))
        else:
            found = _read(line, billed, tables.charge)
            _add(lines, _charge(line, found, vocabulary, where, is_mediated=line.item_id in mediated), line)
        if line.source_user_id not in (None, billed):
            _note_branch(line, billed, lines)
        if line.amount and (noise := cleaned(line.amount).noise):
            lines.noise += noise
    lines.usage = [_usage(usage, lines, tables, f"{origin}/mediation_record_line {usage.id}") for usage in row.usage]
    if lines.noise:
        lines.charges.append(_noise(lines, origin))
    return lines


def _read(line: LineRow, billed: int | None, columns: Columns) -> dict[str, Any]:
    """What charges and taxes have in common: an amount, a period in words, the branch it is for."""
    found = columns.read(line)
    if "amount" not in found:
        raise Unreadable("invoice_line.amount", "an amount", "none")
    if period := found.pop("period", None):
        found["period_start"], found["period_end"] = period
    if line.source_user_id == billed:
        found.pop("account", None)
    if line.is_percentage:  # the price is a rate then, and no quantity times price
        found.pop("unit_price", None)
        found.pop("quantity", None)
    else:
        found.pop("rate_percent", None)
    return found


def _charge(
    line: LineRow, found: dict[str, Any], vocabulary: Vocabulary, where: str, *, is_mediated: bool
) -> CanonicalCharge:
    """Its position is given when it is added."""
    term = found.pop("source_term", "") or f"line type {line.type_id}"
    if is_mediated:
        term += " (mediated)"
    is_carried = line.type_id == DUE_INVOICE
    category = Category.CARRIED_BALANCE if is_carried else vocabulary.category(term)
    return CanonicalCharge(
        position=0,
        category=category or Category.ADJUSTMENT,
        source_term=term,
        is_mapped=category is not None,
        origin=where,
        **found,
    )


def _add(lines: Lines, charge: CanonicalCharge, line: LineRow) -> None:
    lines.charges.append(charge)
    charge.position = len(lines.charges)
    lines.positions[line.item_id] = 0 if line.item_id in lines.positions else charge.position
    if charge.category is Category.CARRIED_BALANCE:
        charge.is_information_only = True
        lines.carried = (lines.carried or _ZERO) + charge.amount


def _tax(line: LineRow, found: dict[str, Any], where: str) -> CanonicalTax:
    found.setdefault("category", f"line type {line.type_id}")
    return CanonicalTax(origin=where, **found)


def _note_branch(line: LineRow, billed: int | None, lines: Lines) -> None:
    branch = line.source_user_id
    if branch is not None and branch not in lines.branches:
        name = line.source_user or ""
        lines.branches[branch] = CanonicalAccount(str(branch), str(billed), "sub-account", name)


def _usage(usage: UsageRow, lines: Lines, tables: Tables, where: str) -> CanonicalUsage:
    found = tables.usage.read(usage)
    for field in ("started_at", "amount"):
        if field not in found:
            raise Unreadable(f"mediation_record_line.{field}", "a value", "none")
    charge = lines.positions.get(usage.item_id, 0) if usage.item_id is not None else 0
    return CanonicalUsage(charge=charge, origin=where, **found)


def _noise(lines: Lines, origin: str) -> CanonicalCharge:
    """Shown and never added: amounts without it are those that were meant, with it those that the database holds."""
    position = len(lines.charges) + 1
    return CanonicalCharge(
        position, Category.ROUNDING, NOISE, lines.noise, scope="document", is_information_only=True, origin=origin
    )
