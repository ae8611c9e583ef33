"""One bill of a delimited file, put together record by record. Pure."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import NamedTuple

from msgspec import structs

from billing_sources.canonical import (
    BillType,
    CanonicalAccount,
    CanonicalCharge,
    CanonicalInvoice,
    CanonicalTax,
    CanonicalUsage,
    Issue,
)
from billing_sources.readers.delimited.layout import TAXES, Layout, Role
from billing_sources.readers.delimited.rollups import Sums, differences
from billing_sources.readers.delimited.shapes import Cell, Shape, cell_of
from billing_sources.readers.delimited.values import Value
from billing_sources.readers.delimited.words import Words
from billing_sources.readers.values import ZERO, Unreadable

_MOST_FLAWS = 25  # of one bill; a person needs no more to see what is wrong with it

_MIDNIGHT = time()


class Node(NamedTuple):
    """An account or service record, kept until all that is below it has been read."""

    shape: Shape
    fields: list[str]
    line: int


class Draft:
    """The bill under way. Every record of it is given to the method of its role, with the line it stands on."""

    def __init__(self, layout: Layout, words: Words, number: str, line: int) -> None:
        self.number, self.line = number, line
        self._layout, self._words = layout, words
        self.stated: dict[str, Value] = {}
        self._nodes: list[Node] = []
        self._sums = Sums()
        self._charges: list[CanonicalCharge] = []
        self._taxes: list[CanonicalTax] = []
        self._usage: list[tuple[CanonicalUsage, str, str]] = []
        self._explained: dict[tuple[str, str], list[tuple[str, int]]] = {}
        self._flaws: list[Issue] = []
        self.take = {
            Role.NODE.value: self._node,
            Role.CHARGE.value: self._charge,
            Role.TAX.value: self._tax,
            Role.ENTRY.value: self._entry,
            Role.USAGE.value: self._use,
        }

    def flaw(self, rule: str, line: int, field: str, expected: str, found: str) -> None:
        if len(self._flaws) < _MOST_FLAWS:
            self._flaws.append(Issue(rule, f"line {line}", field, expected, found[:80], self.number))

    def bill(self, shape: Shape, fields: list[str], line: int) -> None:
        self._nodes.append(Node(shape, fields, line))
        self.state(shape, fields, line)

    def state(self, shape: Shape, fields: list[str], line: int) -> None:
        """Fields of the invoice itself. The first column that is not blank counts."""
        for cell in shape.cells:
            value = self._value(cell, fields, line)
            if value not in (None, "") and self.stated.get(cell.canonical) in (None, ""):
                self.stated[cell.canonical] = value

    def first_flaw(self) -> Issue | None:
        return next(iter(self._flaws), None)

    def finished(self, system: str) -> CanonicalInvoice | Issue:
        """The bill, or the one issue that stands for it where not even its date can be read."""
        self.take.clear()  # these refer back to us: without them we are freed at once, not when cycles are looked for
        self._check_roll_ups()
        billed_on, number = self.stated.pop("billed_on", None), self.number
        if not isinstance(billed_on, date) or not number:
            said = "DLM-VALUE", f"line {self.line}", "billed_on", "number and date", "neither", number
            return structs.replace(self.first_flaw() or Issue(*said), account=str(self.stated.get("account", "")))
        self._match_usage()
        company, name = str(self.stated.pop("account", "")), str(self.stated.get("buyer", ""))
        top = CanonicalAccount(company, "", self._layout.top_level, name)
        bill_type = self.stated.pop("bill_type", BillType.INVOICE)
        stated = {field: value for field, value in self.stated.items() if field not in ("", "bill", "number")}
        invoice = CanonicalInvoice(
            system=system,
            number=number,
            bill_type=bill_type if isinstance(bill_type, BillType) else BillType.INVOICE,
            type_code=str(stated.pop("type_code", "")),
            currency=str(stated.pop("currency", "")),
            billed_on=billed_on,
            account=company,
            is_payable=bill_type is not BillType.MEMO,
            accounts=[top, *self._accounts(company)],
            charges=self._charges,
            taxes=self._taxes,
            usage=[usage for usage, _, _ in self._usage],
            origin=f"line {self.line}",
            flaws=self._flaws,
        )
        for field, value in stated.items():
            setattr(invoice, field, value)
        return invoice

    # One method a role

    def _node(self, shape: Shape, fields: list[str], line: int) -> None:
        """What nodes state of the invoice is added up."""
        self._nodes.append(Node(shape, fields, line))
        for cell in shape.cells:
            if "." in cell.canonical or cell.canonical == "bill":
                continue
            value = self._value(cell, fields, line)
            if isinstance(value, Decimal):
                so_far = self.stated.get(cell.canonical)
                self.stated[cell.canonical] = value + (so_far if isinstance(so_far, Decimal) else ZERO)

    def _charge(self, shape: Shape, fields: list[str], line: int) -> None:
        at, text = shape.charge, self._words.text
        amount, quantity, price, start, end = self._figures(
            (at.amount, at.quantity, at.unit_price, at.period_start, at.period_end), fields, line
        )
        account, service = fields[at.account.at].strip(), fields[at.service.at].strip()
        bucket = fields[at.bucket.at].strip()
        position = len(self._charges) + 1
        verdict = self._words.verdict(shape.terms, fields)
        counted = amount if isinstance(amount, Decimal) else self._nothing(at.amount, amount, line)
        self._charges.append(
            CanonicalCharge(
                position,
                verdict.category,
                verdict.term,
                counted,
                text(at.description, fields),
                account,
                service,
                text(at.product_code, fields),
                quantity if isinstance(quantity, Decimal) else None,
                text(at.unit, fields),
                price if isinstance(price, Decimal) else None,
                start if isinstance(start, date) else None,
                end if isinstance(end, date) else None,
                is_mapped=verdict.is_mapped,
                origin=f"line {line}",
            )
        )
        self._sums.add(account, service, bucket, counted)
        if bucket == self._layout.usage_bucket or not self._layout.usage_bucket:
            key = fields[at.key.at].strip()
            self._explained.setdefault((account, service), []).append((key, position))

    def _tax(self, shape: Shape, fields: list[str], line: int) -> None:
        at = shape.tax
        amount, account = self._amount(at.amount, fields, line), fields[at.account.at].strip()
        self._taxes.append(
            CanonicalTax(
                category=self._words.text(at.category, fields),
                amount=amount,
                base=self._decimal(at.base, fields, line),
                rate_percent=self._decimal(at.rate_percent, fields, line),
                jurisdiction=self._words.text(at.jurisdiction, fields),
                account=account,
                origin=f"line {line}",
            )
        )
        self._sums.add(account, fields[at.service.at].strip(), TAXES, amount)

    def _entry(self, shape: Shape, fields: list[str], line: int) -> None:
        self._sums.add_entry(shape.record.code, self._amount(cell_of(shape.cells, "entry.amount"), fields, line))

    def _use(self, shape: Shape, fields: list[str], line: int) -> None:
        at, text = shape.usage, self._words.text
        day, clock, amount, quantity = self._figures((at.date, at.time, at.amount, at.quantity), fields, line)
        if not isinstance(day, date):
            return self.flaw("DLM-VALUE", line, at.date.source, "a day", fields[at.date.at])
        usage = CanonicalUsage(
            0,
            datetime.combine(day, clock if isinstance(clock, time) else _MIDNIGHT),
            amount if isinstance(amount, Decimal) else self._nothing(at.amount, amount, line),
            text(at.kind, fields),
            fields[at.service.at].strip(),
            fields[at.other_party.at].strip(),
            quantity if isinstance(quantity, Decimal) else None,
            text(at.unit, fields),
            f"line {line}",
        )
        self._usage.append((usage, fields[at.account.at].strip(), fields[at.key.at].strip()))

    # What all of it makes

    def _check_roll_ups(self) -> None:
        below, accounts, entries = self._sums.of_bill(), self._sums.of_accounts(), self._sums.of_entries()
        for shape, fields, line in self._nodes:
            if shape.record.role is Role.NODE:
                account, service = (fields[cell.at].strip() for cell in (shape.node.account, shape.node.service))
                below = self._sums.of_service(account, service) if service else accounts.get(account, {})
            for rule, field, expected, found in differences(shape, fields, below, entries):
                self.flaw(rule, line, field, expected, found)

    def _match_usage(self) -> None:
        """By account and service; by the key too where several charges of a service are explained."""
        for usage, account, key in self._usage:
            charges = self._explained.get((account, usage.service), [])
            fitting = [position for its_key, position in charges if its_key == key] or [at for _, at in charges]
            usage.charge = fitting[0] if len(fitting) == 1 or key in dict(charges) else 0

    def _accounts(self, company: str) -> list[CanonicalAccount]:
        found = []
        for shape, fields, _ in self._nodes:
            if shape.record.role is Role.NODE and not fields[shape.node.service.at].strip():
                account, _, name, street, *town = (fields[cell.at].strip() for cell in shape.node)
                address = ", ".join(filter(None, (street, " ".join(filter(None, town)))))
                found.append(CanonicalAccount(account, company, self._layout.level, name, address))
        return [account for account in found if account.external_id not in ("", company)]

    # Values; what cannot be read is a flaw of the bill

    def _figures(self, cells: tuple[Cell, ...], fields: list[str], line: int) -> list[Value]:
        """All of them at once where all can be read, which is nearly always."""
        try:
            return [cell.read(fields[cell.at]) for cell in cells]
        except Unreadable:
            return [self._value(cell, fields, line) for cell in cells]

    def _amount(self, cell: Cell, fields: list[str], line: int) -> Decimal:
        """An amount that must be there."""
        value = self._value(cell, fields, line)
        return value if isinstance(value, Decimal) else self._nothing(cell, value, line)

    def _nothing(self, cell: Cell, found: Value, line: int) -> Decimal:
        """Stands for an amount that is missing; of one that cannot be read, it has been told already."""
        if found is None:
            self.flaw("DLM-VALUE", line, cell.source, "an amount", "nothing")
        return ZERO

    def _decimal(self, cell: Cell, fields: list[str], line: int) -> Decimal | None:
        value = self._value(cell, fields, line)
        return value if isinstance(value, Decimal) else None

    def _value(self, cell: Cell, fields: list[str], line: int) -> Value:
        text = fields[cell.at]
        if cell.must_be and text.strip() != cell.must_be:
            self.flaw("DLM-VALUE", line, cell.source, cell.must_be, text)
        try:
            return cell.read(self._words.text(cell, fields) if cell.codes else text)
        except Unreadable as unreadable:
            self.flaw("DLM-VALUE", line, cell.source, str(unreadable), text)
            return ""
