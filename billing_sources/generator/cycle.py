"""Writes the files of one bill cycle, bill by bill: memory does not grow with the file. Pure."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import partial
from typing import BinaryIO, Protocol

from billing_sources.generator.batch import Batch
from billing_sources.generator.bill import Bill
from billing_sources.generator.carrier import Account
from billing_sources.generator.faults import RULES, PlantedFault, check_faults, spoil
from billing_sources.generator.plan import FIRST_COUNTER, CycleOrder, Plan, month_before
from billing_sources.generator.x12 import Interchange

_NUMBER = re.compile(r"[A-Z].*-([0-9]{8})-([0-9]+)")
_SUFFIX = {"atlas": "x12", "boreal": "xml"}
_LOWERED_BY = -6  # percent
_REISSUED = 3  # bills of a planted reissue
_CUT_AFTER = 60  # percent of the bills of a truncated file
_FILE_FAULTS = frozenset({"truncated", "wrong_trailer", "reissue"})


@dataclass
class Manifest:
    """What a file holds, in all its currencies together; a credit note counts negative, as in the canonical model.

    The figures are those of the true bills: a planted fault does not change them. Memo sets are not counted.
    """

    name: str
    bills: int = 0
    charges: int = 0
    amount_due: Decimal = Decimal(0)
    charge_total: Decimal = Decimal(0)  # net of tax, document charges and allowances included
    tax_total: Decimal = Decimal(0)
    faults: list[PlantedFault] = field(default_factory=list)

    def add(self, bill: Bill) -> None:
        sign = -1 if bill.form == "credit_note" and bill.account.system == "boreal" else 1
        self.bills += 1
        self.charges += len(bill.charges) + len(bill.document_charges)
        self.amount_due += _money(sign * bill.due)
        self.charge_total += _money(sign * bill.net)
        self.tax_total += _money(sign * bill.tax)


@dataclass(frozen=True)
class GeneratedFile:
    """A file that can be written once its place is known."""

    name: str
    write: Callable[[BinaryIO], Manifest]


def generate_cycle(order: CycleOrder) -> Iterator[GeneratedFile]:
    """The files of a cycle: one, and a corrected one behind it when a reissue is to be planted.

    Raises ValueError for faults that are not on the list or more than there are bills.
    """
    check_faults(order.faults)
    if len(order.faults) >= order.invoices:
        raise ValueError("more faults than bills to plant them in")
    yield GeneratedFile(_name(order), partial(_write_cycle, order))
    if "reissue" in order.faults:
        earlier = replace(order, billed_on=month_before(order.billed_on), faults=())
        numbers = [earlier.number(index, earlier.billed_on) for index in range(min(_REISSUED, order.invoices))]
        yield corrected_file(earlier, numbers, _LOWERED_BY)


def billed_accounts(order: CycleOrder) -> Iterator[Account]:
    """The accounts behind a cycle's bills, each with its customer and its tree. The same in every month."""
    return Plan(order).accounts()


def corrected_file(order: CycleOrder, numbers: Sequence[str], percent: int) -> GeneratedFile:
    """A file of these bills again, their recurring prices raised by `percent`, or lowered where it is negative.

    The bills' own dates decide, whatever `order.billed_on` says; everything else is as in the order they came with.
    Raises ValueError for numbers that the order cannot have given, or that are of several days.
    """
    read = [_read_number(number) for number in numbers]
    days, indexes = {day for day, _ in read}, [index for _, index in read]
    if len(days) != 1 or not percent:
        raise ValueError("a corrected file needs bills of one day and a change")
    order = replace(order, billed_on=days.pop(), faults=())
    for number, index in zip(numbers, indexes, strict=True):
        if not 0 <= index < order.invoices or number != order.number(index, order.billed_on):
            raise ValueError(f"not a bill of this cycle: {number}")
    stem, _, suffix = _name(order).rpartition(".")
    name = f"{stem}-corrected.{suffix}"
    return GeneratedFile(name, partial(_write_corrected, order, indexes, percent, name))


class _Writer(Protocol):
    def head(self) -> bytes: ...

    def bill(self, bill: Bill) -> bytes: ...

    def tail(self, false_count: int = 0) -> bytes: ...


def _write_cycle(order: CycleOrder, file: BinaryIO) -> Manifest:
    plan, manifest, writer = Plan(order), Manifest(_name(order)), _writer(order)
    pending = _places(order)
    whole = _whole_bills(order)
    file.write(writer.head())
    for place, index in enumerate(plan.indexes()):
        bill = plan.bill(index)
        if place == whole:
            text = writer.bill(bill)
            file.write(text[: len(text) // 2])
            break
        is_due = pending and place >= pending[0][0] and bill.form != "credit_note"
        _write_bill(bill, pending.popleft()[1] if is_due else "", writer, file, manifest)
    else:
        file.write(writer.tail(false_count=int("wrong_trailer" in order.faults)))
    manifest.faults += [_planted(order.system, fault, "") for fault in order.faults if fault in _FILE_FAULTS]
    return manifest


def _write_bill(bill: Bill, fault: str, writer: _Writer, file: BinaryIO, manifest: Manifest) -> None:
    system = bill.account.system
    file.write(spoil(system, fault, writer.bill(bill)))
    manifest.add(bill)
    if fault == "duplicate_bill":
        file.write(writer.bill(bill))
    if fault:
        manifest.faults.append(_planted(system, fault, bill.number))


def _write_corrected(order: CycleOrder, indexes: Iterable[int], percent: int, name: str, file: BinaryIO) -> Manifest:
    plan, manifest, writer = Plan(order), Manifest(name), _writer(order)
    file.write(writer.head())
    for index in sorted(indexes, key=lambda index: (plan.form(index) != "statement", index)):
        _write_bill(plan.bill(index, raised_by=percent), "", writer, file, manifest)
    file.write(writer.tail())
    return manifest


def _places(order: CycleOrder) -> deque[tuple[int, str]]:
    """From which place in the file on a fault is to be planted: spread evenly, never on the first bill."""
    faults = [fault for fault in order.faults if fault not in _FILE_FAULTS]
    bills = _whole_bills(order)
    return deque(((turn + 1) * bills // (len(faults) + 1), fault) for turn, fault in enumerate(faults))


def _whole_bills(order: CycleOrder) -> int:
    """How many bills the file holds in full."""
    return order.invoices * _CUT_AFTER // 100 if "truncated" in order.faults else order.invoices


def _planted(system: str, fault: str, number: str) -> PlantedFault:
    return PlantedFault(fault, number, RULES[system].get(fault, ""))


def _writer(order: CycleOrder) -> _Writer:
    return Interchange(order.seed, order.billed_on, order.cycle) if order.system == "atlas" else Batch()


def _name(order: CycleOrder) -> str:
    return f"{order.letter}{order.cycle}-{order.billed_on:%Y%m%d}.{_SUFFIX[order.system]}"


def _read_number(number: str) -> tuple[date, int]:
    """Day and index of a bill number. Raises ValueError for any other text."""
    match = _NUMBER.fullmatch(number)
    if not match:
        raise ValueError(f"not a bill number: {number}")
    return date.fromisoformat(match[1]), int(match[2]) - FIRST_COUNTER


def _money(minor: int) -> Decimal:
    return Decimal(minor).scaleb(-2)
