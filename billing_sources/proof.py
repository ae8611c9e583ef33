"""The proof of a file: what it declares = what was read = what was loaded and held, by count and by money. Pure."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from billing_sources.canonical import ControlTotals, FileRejected, Issue
from billing_sources.tally import Tally
from portal.money import ZERO

MOST_BILLS = 2**31 - 1  # of a file: what its row can hold


class Proof(msgspec.Struct):
    """Figures of one file while it is read. Amounts are what the bills state as due, as control totals count them."""

    declared_bills: int | None = None
    declared_amount: Decimal | None = None
    declared_records: int | None = None
    control: ControlTotals | None = None
    sha256: str = ""
    read_bills: int = 0
    read_amount: Decimal = ZERO
    held_bills: int = 0
    held_amount: Decimal = ZERO
    unreadable_bills: int = 0
    created: int = 0
    revised: int = 0
    unchanged: int = 0
    unchanged_amount: Decimal = ZERO
    loaded_bills: int = 0
    loaded_amount: Decimal = ZERO
    charges: int = 0
    usage_records: int = 0
    derived: int = 0  # voids of bills that a rebill took the place of: in no file, and of no amount
    tally: Tally = msgspec.field(default_factory=Tally)  # of what was loaded, as it was read

    def declare(self, totals: ControlTotals) -> None:
        """Control totals come once or in parts, at any place. Raises `FileRejected` for what counts no bills."""
        if totals.bills is not None:
            declared = (self.declared_bills or 0) + totals.bills
            if not 0 <= declared <= MOST_BILLS:
                raise FileRejected(_issue("CONTROL-01", "bills", f"from 0 to {MOST_BILLS}", "a number beyond"))
            self.declared_bills = declared
        if totals.amount is not None:
            self.declared_amount = (self.declared_amount or ZERO) + totals.amount
        if totals.records is not None:
            self.declared_records = (self.declared_records or 0) + totals.records

    def countersign(self, control: ControlTotals, sha256: str) -> None:
        """The control file beside a bill file: a second, independent declaration. `sha256` is the file's own."""
        self.control, self.sha256 = control, sha256

    def read(self, amount: Decimal) -> None:
        self.read_bills += 1
        self.read_amount += amount

    def hold(self, amount: Decimal) -> None:
        self.held_bills += 1
        self.held_amount += amount

    def hold_unreadable(self) -> None:
        """A bill that could not be read counts; its money is known only from what the file declares."""
        self.read(ZERO)
        self.hold(ZERO)
        self.unreadable_bills += 1

    def flaw(self) -> Issue | None:
        """What does not tie: then nothing of the file is published."""
        if self.unreadable_bills and self.declared_amount is not None:
            missing = self.declared_amount - self.read_amount
            self.read_amount += missing
            self.held_amount += missing
        if self.declared_bills not in (None, self.read_bills):
            return _issue("CONTROL-01", "bills", f"{self.declared_bills}", f"{self.read_bills}")
        if self.declared_amount not in (None, self.read_amount):
            return _issue("CONTROL-02", "amount", f"{self.declared_amount:f}", f"{self.read_amount:f}")
        return self._flaw_of_control() or self._flaw_of_loading()

    def _flaw_of_control(self) -> Issue | None:
        control = self.control
        if control is None:
            return None
        if control.sha256 not in ("", self.sha256):
            return _issue("CONTROL-03", "sha256", control.sha256, self.sha256)
        if control.bills not in (None, self.read_bills):
            return _issue("CONTROL-04", "bills", f"{control.bills}", f"{self.read_bills}")
        if control.amount not in (None, self.read_amount):
            return _issue("CONTROL-05", "amount", f"{control.amount:f}", f"{self.read_amount:f}")
        if self.declared_records is not None and control.records not in (None, self.declared_records):
            return _issue("CONTROL-06", "records", f"{control.records}", f"{self.declared_records}")
        return None

    def _flaw_of_loading(self) -> Issue | None:
        done = (self.loaded_bills + self.held_bills, self.loaded_amount + self.held_amount)
        if done != (self.read_bills, self.read_amount):
            expected = f"{self.read_bills} bills, {self.read_amount:f}"
            return _issue("PROOF-01", "loaded and held", expected, f"{done[0]} bills, {done[1]:f}")
        return None


def _issue(rule: str, field: str, expected: str, found: str) -> Issue:
    return Issue(rule, field=field, expected=expected, found=found)
