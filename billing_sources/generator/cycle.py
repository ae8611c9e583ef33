"""Writes the files of one bill cycle, bill by bill: memory does not grow with the file. Pure."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import BinaryIO

from billing_sources.generator.bill import Bill
from billing_sources.generator.carrier import Account
from billing_sources.generator.faults import FILE_FAULTS, PlantedFault, check_faults
from billing_sources.generator.format import Format, Writer
from billing_sources.generator.plan import FIRST_COUNTER, CycleOrder, Plan, month_before

_LOWERED_BY = -6  # percent
_REISSUED = 3  # bills of a planted reissue
_CUT_AFTER = 60  # percent of the bills of a truncated file


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
    usage_records: int = 0
    faults: list[PlantedFault] = field(default_factory=list)
    control: bytes = b""  # its control file, where the system writes one

    def add(self, bill: Bill) -> None:
        is_turned = bill.form == "credit_note" and bill.account.format.credits_are_positive
        sign = -1 if is_turned else 1
        self.bills += 1
        self.usage_records += len(bill.calls)
        self.charges += len(bill.charges) + len(bill.document_charges)
        self.amount_due += _money(sign * bill.due)
        self.charge_total += _money(sign * bill.net)
        self.tax_total += _money(sign * bill.tax)


@dataclass(frozen=True)
class GeneratedFile:
    """A file that can be written once its place is known; its control file, if it has one, is in the manifest."""

    name: str
    write: Callable[[BinaryIO], Manifest]
    control_suffix: str = ""

    def write_into(self, folder: Path) -> Manifest:
        """Lay it there under a temporary name first: a watched folder never offers half a file. Control file last."""
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = folder / f"{self.name}.part"
        with unfinished.open("wb") as file:
            manifest = self.write(file)
        unfinished.rename(folder / self.name)
        if manifest.control:
            unfinished.write_bytes(manifest.control)
            unfinished.rename(folder / f"{self.name}{self.control_suffix}")
        return manifest


def generate_cycle(order: CycleOrder) -> Iterator[GeneratedFile]:
    """The files of a cycle: one, and a corrected one behind it when a reissue is to be planted.

    Raises ValueError for faults that are not on the list or more than there are bills.
    """
    check_faults(order.faults, order.format.own_faults)
    if len(order.faults) >= order.invoices:
        raise ValueError("more faults than bills to plant them in")
    yield GeneratedFile(_name(order), partial(_write_cycle, order), order.format.control_suffix)
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
    read = [order.format.numbering.read(number) for number in numbers]
    days, indexes = {day for day, _ in read}, [counter - FIRST_COUNTER for _, counter in read]
    if len(days) != 1 or not percent:
        raise ValueError("a corrected file needs bills of one day and a change")
    order = replace(order, billed_on=days.pop(), faults=())
    for number, index in zip(numbers, indexes, strict=True):
        if not 0 <= index < order.invoices or number != order.number(index, order.billed_on):
            raise ValueError(f"not a bill of this cycle: {number}")
    stem, _, suffix = _name(order).rpartition(".")
    name = f"{stem}-corrected.{suffix}"
    write = partial(_write_corrected, order, indexes, percent, name)
    return GeneratedFile(name, write, order.format.control_suffix)


def _write_cycle(order: CycleOrder, target: BinaryIO) -> Manifest:
    plan, manifest, writer, file = Plan(order), Manifest(_name(order)), order.format.writer(order), _Sink(order, target)
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
    of_file = _of_file(order.format)
    manifest.faults += [_planted(order.format, fault, "") for fault in order.faults if fault in of_file]
    manifest.control = file.control(writer)
    return manifest


def _write_bill(bill: Bill, fault: str, writer: Writer, file: _Sink, manifest: Manifest) -> None:
    format = bill.account.format
    spoil = format.spoils.get(fault, bytes)
    file.write(spoil(writer.bill(bill)))
    manifest.add(bill)
    if fault == "duplicate_bill":
        file.write(writer.bill(bill))
    if fault:
        manifest.faults.append(_planted(format, fault, bill.number))


def _write_corrected(order: CycleOrder, indexes: Iterable[int], percent: int, name: str, target: BinaryIO) -> Manifest:
    plan, manifest, writer, file = Plan(order), Manifest(name), order.format.writer(order), _Sink(order, target)
    file.write(writer.head())
    for index in sorted(indexes, key=lambda index: (plan.form(index) != "statement", index)):
        _write_bill(plan.bill(index, raised_by=percent), "", writer, file, manifest)
    file.write(writer.tail())
    manifest.control = file.control(writer)
    return manifest


class _Sink:
    """The file, and its hash where a control file will state it."""

    def __init__(self, order: CycleOrder, target: BinaryIO) -> None:
        self._target, self._make_control = target, order.format.control
        self._digest = hashlib.sha256()

    def write(self, text: bytes) -> None:
        self._target.write(text)
        if self._make_control:
            self._digest.update(text)

    def control(self, writer: Writer) -> bytes:
        return self._make_control(writer, self._digest.hexdigest()) if self._make_control else b""


def _places(order: CycleOrder) -> deque[tuple[int, str]]:
    """From which place in the file on a fault is to be planted: spread evenly, never on the first bill."""
    faults = [fault for fault in order.faults if fault not in _of_file(order.format)]
    bills = _whole_bills(order)
    return deque(((turn + 1) * bills // (len(faults) + 1), fault) for turn, fault in enumerate(faults))


def _whole_bills(order: CycleOrder) -> int:
    """How many bills the file holds in full."""
    return order.invoices * _CUT_AFTER // 100 if "truncated" in order.faults else order.invoices


def _of_file(format: Format) -> frozenset[str]:
    return FILE_FAULTS | format.file_faults


def _planted(format: Format, fault: str, number: str) -> PlantedFault:
    return PlantedFault(fault, number, format.rules.get(fault, ""))


def _name(order: CycleOrder) -> str:
    return f"{order.format.letter}{order.cycle}-{order.billed_on:%Y%m%d}.{order.format.suffix}"


def _money(minor: int) -> Decimal:
    return Decimal(minor).scaleb(-2)
