"""One bill while its document streams by. Pure.

Lines come one at a time and are gone afterwards; the header is read when the document ends, for CII writes it behind
the lines. The first value that cannot be read makes an `Issue` of the whole bill: half a bill is no bill.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from billing_sources.canonical import BillType, CanonicalCharge, CanonicalInvoice, CanonicalTax, Category, Issue
from billing_sources.readers.en16931 import credit
from billing_sources.readers.en16931.accounts import NAMES_ACCOUNT, account_tree, billed_account
from billing_sources.readers.en16931.lines import Lines
from billing_sources.readers.en16931.syntax import Syntax
from billing_sources.readers.terms import Terms
from billing_sources.readers.xml import local_name
from billing_sources.readers.xml_parser import Element
from billing_sources.readers.xml_patterns import Known
from billing_sources.readers.xml_tables import Unreadable
from billing_sources.readers.xml_values import line

_BILL_TYPES = {"384": BillType.CORRECTED, "325": BillType.MEMO, "751": BillType.MEMO}
_MANDATORY = ("number", "billed_on", "currency")
_SUBJECT_CODE = re.compile(r"\s*#[A-Z]{3}#")


class Draft:
    """`position` says where the document stands in its file: `Invoice[3]`."""

    def __init__(self, syntax: Syntax, position: str, system: str, terms: Terms) -> None:
        self._syntax = syntax
        self._position = position
        self._system = system
        self._lines = Lines(syntax, terms)
        self._line_count = 0
        self._problem: tuple[Unreadable, str] | None = None

    def add_line(self, element: Element) -> None:
        self._line_count += 1
        if self._problem is not None:
            return
        origin = f"{local_name(element)}[{self._line_count}]"
        try:
            self._lines.add(element, origin)
        except Unreadable as error:
            self._problem = error, f"{self._position}/{origin}"

    def add_known_line(self, line: Known) -> None:
        self._line_count += 1
        if self._problem is None:
            origin = f"{line.name}[{self._line_count}]"
            try:
                self._lines.add_found(line.found, origin)
            except Unreadable as error:
                self._problem = error, f"{self._position}/{origin}"

    def finish(self, document: Element) -> CanonicalInvoice | Issue:
        """The bill, or the issue that stands for it. A bill without a number goes by its position."""
        if self._problem is None:
            try:
                return self._invoice(document)
            except Unreadable as error:
                self._problem = error, self._position
        problem, position = self._problem
        header = self._syntax.header
        number = header.text(document, "number") or self._position
        named = header.read_some(document, NAMES_ACCOUNT)
        said = (problem.rule, position, problem.field, problem.expected, problem.found, number)
        return Issue(*said, account=billed_account(named))

    def _invoice(self, document: Element) -> CanonicalInvoice:
        found = self._syntax.header.read(document)
        for name in _MANDATORY:
            if name not in found:
                raise Unreadable("EN-MISSING", name, "a value")
        account = billed_account(found)
        self._lines.settle(account)
        is_credit = document.tag == self._syntax.credit_note or found.get("type_code") in credit.TYPE_CODES
        bill_type = BillType.CREDIT_NOTE if is_credit else _BILL_TYPES.get(found.get("type_code", ""), BillType.INVOICE)
        total, breakdown = self._syntax.tax_figures(document, found["currency"])
        invoice = CanonicalInvoice(
            system=self._system,
            entity=found.get("seller_id") or found.get("seller", ""),
            bill_type=bill_type,
            is_payable=bill_type is not BillType.MEMO,
            account=account,
            accounts=account_tree(found, self._lines.costs),
            charges=[*self._lines.charges, *self._document_charges(document)],
            tax=total,
            taxes=list(self._taxes(breakdown, found["currency"])),
            note=_note(document, self._syntax.notes),
            buyer_address=", ".join(_address(found, "buyer_address")),
            remit_to=_remit_to(found),
            origin=self._position,
            **{"type_code": "", **_canonical(found)},
        )
        if self._syntax.repair is not None:
            self._syntax.repair(invoice, found)
        invoice.flaws.extend(self._foreign_amounts(invoice, found))
        if is_credit:
            credit.make_negative(invoice)
        return invoice

    def _document_charges(self, document: Element) -> Iterator[CanonicalCharge]:
        """Allowances and charges on the whole document: their own charges, an allowance below zero (BG-20, BG-21)."""
        service_name = self._syntax.service_charges.rpartition("}")[2]
        for index, element in enumerate(self._syntax.document_charges(document), 1):
            found = self._syntax.allowance.read(element)
            origin = f"{local_name(element)}[{index}]"
            is_charge = True if local_name(element) == service_name else found.get("is_charge")
            if is_charge is None or "amount" not in found:
                raise Unreadable("EN-MISSING", "document charge", "an indicator and an amount")
            self._lines.currencies.setdefault(found.get("amount.currency", ""), origin)
            yield CanonicalCharge(
                position=len(self._lines.charges) + index,
                category=Category.SURCHARGE if is_charge else Category.DISCOUNT,
                source_term=found.get("source_term", "charge" if is_charge else "allowance"),
                amount=found["amount"] if is_charge else credit.negated(found["amount"]),
                scope="document",
                origin=origin,
            )

    def _taxes(self, breakdown: list[Element], currency: str) -> Iterator[CanonicalTax]:
        for index, element in enumerate(breakdown, 1):
            found = self._syntax.tax.read(element)
            if found.pop("amount.currency", currency) != currency:
                continue  # the same tax once more, in the currency of account
            if "amount" not in found:
                raise Unreadable("EN-MISSING", "tax.amount", "an amount")
            yield CanonicalTax(**{"category": "", **found}, origin=f"{local_name(element)}[{index}]")

    def _foreign_amounts(self, invoice: CanonicalInvoice, found: dict[str, Any]) -> Iterator[Issue]:
        """Amounts in another currency than the bill's would be added as if they were in its own."""
        stated = {found.get("currency.totals", ""): "amount_due", **self._lines.currencies}
        for currency, place in stated.items():
            if currency not in ("", invoice.currency):
                position = f"{self._position}/{place}"
                yield Issue("EN-CURRENCY", position, "currency", invoice.currency, currency, invoice.number)


def _canonical(found: dict[str, Any]) -> dict[str, Any]:
    """The fields alone, without their ingredients."""
    return {name: value for name, value in found.items() if "." not in name}


def _note(document: Element, path: str) -> str:
    """All notes. UBL writes the subject code in front of the text, as `#AAI#`; it is no text."""
    texts = (note.text or "" for note in document.iterfind(path))
    notes = (line(text[match.end() :] if (match := _SUBJECT_CODE.match(text)) else text) for text in texts)
    return "\n".join(note for note in notes if note)


def _remit_to(found: dict[str, Any]) -> tuple[str, ...]:
    """Whom to pay: the payee, else the seller with its address; then the bank account and its bank."""
    payee = found.get("remit_to.payee", "")
    address = [] if payee else _address(found, "remit_to")
    bank = [found.get("remit_to.bank_account", ""), found.get("remit_to.bank", "")]
    return tuple(text for text in (payee or found.get("seller", ""), *address, *bank) if text)


def _address(found: dict[str, Any], of: str) -> list[str]:
    """Lines of an address, without those that are not stated."""
    town = " ".join(filter(None, (found.get(f"{of}.zone"), found.get(f"{of}.city"))))
    streets = [found.get(f"{of}.{name}", "") for name in ("street", "street_2", "street_3")]
    return [line for line in (*streets, town, found.get(f"{of}.country", "")) if line]
