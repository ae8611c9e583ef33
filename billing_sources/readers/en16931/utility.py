"""UBL 2.1 UtilityStatement: what stands behind an invoice of energy, water or telephony (formats.md §1.7). Pure.

Never payable: it explains an invoice that comes by itself, its parent document. Customer → subscriber → consumption
point are nodes of the account tree; the lines of each supplier and the telephone supply are charges of their point; a
call is a usage record of its supply line. The totals are those of the lines. Its tree is held whole while it is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from billing_sources.adapter import FieldMap
from billing_sources.canonical import (
    BillType,
    CanonicalAccount,
    CanonicalCharge,
    CanonicalInvoice,
    CanonicalUsage,
    Category,
    Issue,
)
from billing_sources.readers.terms import Terms
from billing_sources.readers.xml import local_name
from billing_sources.readers.xml_parser import Element
from billing_sources.readers.xml_tables import Row, Table, Unreadable, clark

_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
_NAMESPACES = {
    "us": f"{_UBL}UtilityStatement-2",
    "cac": f"{_UBL}CommonAggregateComponents-2",
    "cbc": f"{_UBL}CommonBasicComponents-2",
}
UTILITY_NAME = "UtilityStatement"
UTILITY_STATEMENT = clark("us:UtilityStatement", _NAMESPACES)
LEVELS = ("customer", "subscriber", "consumption point")

_HEADER = Table(
    _NAMESPACES,
    Row("number", "cbc:ID"),
    Row("type_code", "cbc:UtilityStatementTypeCode"),
    Row("billed_on", "cbc:IssueDate", "date"),
    Row("currency", "cbc:DocumentCurrencyCode", "currency"),
    Row("note", "cbc:Note"),
    Row("preceding", "cac:ParentDocumentReference/cbc:ID"),
    Row("seller", "cac:SenderParty/cac:PartyName/cbc:Name"),
    Row("seller_id", "cac:SenderParty/cac:PartyIdentification/cbc:ID"),
    Row("seller_id", "cac:SenderParty/cbc:EndpointID"),
    Row("buyer", "cac:CustomerParty/cac:Party/cac:PartyName/cbc:Name"),
    Row("buyer", "cac:ReceiverParty/cac:PartyName/cbc:Name"),
    Row("buyer_id", "cac:CustomerParty/cac:Party/cac:PartyIdentification/cbc:ID"),
    Row("buyer_id", "cac:ReceiverParty/cac:PartyIdentification/cbc:ID"),
    Row("buyer_id", "cac:ReceiverParty/cbc:EndpointID"),
)
_SUBSCRIBER = Table(
    _NAMESPACES,
    Row("subscriber", "cac:SubscriberParty/cac:PartyIdentification/cbc:ID"),
    Row("subscriber", "cbc:ConsumptionID"),
    Row("subscriber.name", "cac:SubscriberParty/cac:PartyName/cbc:Name"),
    Row("point", "cac:UtilityConsumptionPoint/cbc:ID"),
    Row("meter", "cac:UtilityConsumptionPoint/cac:UtilityMeter/cbc:MeterNumber"),
)
_LINE = Table(
    _NAMESPACES,
    Row("amount", "cbc:LineExtensionAmount", "amount"),
    Row("source_term", "cac:UtilityItem/cbc:CurrentChargeType"),
    Row("source_term", "cac:UtilityItem/cbc:OneTimeChargeType"),
    Row("source_term", "cac:UtilityItem/cbc:ConsumptionType"),
    Row("source_term", "cbc:Description"),
    Row("description", "cac:UtilityItem/cbc:Description"),
    Row("product_code", "cac:UtilityItem/cbc:ID"),
    Row("service", "cbc:PhoneNumber"),
    Row("quantity", "cbc:InvoicedQuantity", "amount"),
    Row("unit", "cbc:InvoicedQuantity/@unitCode"),
    Row("unit_price", "cac:Price/cbc:PriceAmount", "amount"),
    Row("period_start", "cac:Period/cbc:StartDate", "date"),
    Row("period_end", "cac:Period/cbc:EndDate", "date"),
)
_CALL = Table(
    _NAMESPACES,
    Row("day", "cbc:CallDate", "date"),
    Row("time", "cbc:CallTime"),
    Row("amount", "cbc:CallExtensionAmount", "amount"),
    Row("amount", "cbc:CallBaseAmount", "amount"),
    Row("kind", "cbc:TelecommunicationsServiceCategory"),
    Row("kind", "cbc:TelecommunicationsServiceCall"),
    Row("other_party", "cbc:ServiceNumberCalled"),
    Row("quantity", "cbc:Quantity", "amount"),
    Row("quantity", "cac:TimeDuty/cbc:Quantity", "amount"),
    Row("unit", "cbc:Quantity/@unitCode"),
    Row("unit", "cac:TimeDuty/cbc:Quantity/@unitCode"),
)
_SUPPLY_LINE = clark("cac:TelecommunicationsSupplyLine", _NAMESPACES)
_LINES = (clark("cac:ConsumptionLine", _NAMESPACES), _SUPPLY_LINE)
_SUBSCRIBERS = clark("cac:SubscriberConsumption", _NAMESPACES)
_CALLS = clark("cac:TelecommunicationsService", _NAMESPACES)


def read_statement(document: Element, position: str, system: str, terms: Terms) -> CanonicalInvoice | Issue:
    """The statement as a memo, or the issue that stands for it."""
    try:
        return _Statement(document, position, system, terms).memo()
    except Unreadable as error:
        number = _HEADER.text(document, "number") or position
        return Issue(error.rule, position, error.field, error.expected, error.found, number)


def statement_mapping() -> tuple[FieldMap, ...]:
    """The tables as `describe_source` prints them."""
    tables = (("", _HEADER), ("account.", _SUBSCRIBER), ("charge.", _LINE), ("usage.", _CALL))
    return tuple(
        FieldMap(prefix + row.canonical, f"{UTILITY_NAME} {row.path}", row.transform)
        for prefix, table in tables
        for row in table.rows
    )


def find_in_statement(document: Element, steps: Sequence[tuple[str, int]]) -> tuple[Element, Table]:
    """The element that `steps` of an origin lead to ((name, place from 1), …), and the table that read it.

    Raises LookupError.
    """
    element, table = document, _HEADER
    for name, place in steps:
        if name == "SubscriberConsumption":
            found, table = list(element.iterchildren(_SUBSCRIBERS)), _SUBSCRIBER
        elif name == "TelecommunicationsService":
            found, table = list(element.iterchildren(_CALLS)), _CALL
        else:
            found, table = list(element.iter(*_LINES)), _LINE
        if not 0 < place <= len(found):
            raise LookupError(f"{name}[{place}]")
        element = found[place - 1]
    return element, table


class _Statement:
    """One statement, tier by tier."""

    def __init__(self, document: Element, position: str, system: str, terms: Terms) -> None:
        self._document = document
        self._position = position
        self._system = system
        self._terms = terms
        self._accounts: dict[str, CanonicalAccount] = {}
        self._charges: list[CanonicalCharge] = []
        self._usage: list[CanonicalUsage] = []

    def memo(self) -> CanonicalInvoice:
        header = _HEADER.read(self._document)
        for name in ("number", "billed_on", "currency"):
            if name not in header:
                raise Unreadable("EN-MISSING", name, "a value")
        customer = header.get("buyer_id") or header.get("buyer", "")
        self._accounts[customer] = CanonicalAccount(customer, "", LEVELS[0], header.get("buyer", ""))
        for index, subscriber in enumerate(self._document.iterchildren(_SUBSCRIBERS), 1):
            self._read_subscriber(subscriber, customer, f"SubscriberConsumption[{index}]")
        return CanonicalInvoice(
            system=self._system,
            entity=header.get("seller_id") or header.get("seller", ""),
            bill_type=BillType.MEMO,
            is_payable=False,
            account=customer,
            accounts=list(self._accounts.values()),
            charges=self._charges,
            usage=self._usage,
            origin=self._position,
            **{"type_code": "", **header},
        )

    def _read_subscriber(self, element: Element, customer: str, origin: str) -> None:
        found = _SUBSCRIBER.read(element)
        subscriber = self._node(customer, found.get("subscriber", ""), LEVELS[1], found.get("subscriber.name", ""))
        point = self._node(subscriber, found.get("point", ""), LEVELS[2], "")
        for index, line in enumerate(element.iter(*_LINES), 1):
            self._read_line(line, point, found.get("meter", ""), f"{origin}/{local_name(line)}[{index}]")

    def _node(self, parent: str, name: str, level: str, title: str) -> str:
        """Names are unique below their parent alone. One that is not stated is its parent."""
        if not name:
            return parent
        external_id = f"{parent}/{name}"
        self._accounts.setdefault(external_id, CanonicalAccount(external_id, parent, level, title or name))
        return external_id

    def _read_line(self, line: Element, point: str, meter: str, origin: str) -> None:
        found: dict[str, Any] = _LINE.read(line)
        if "amount" not in found:
            raise Unreadable("EN-MISSING", "charge.amount", "a net amount")
        term = found.setdefault("source_term", found.get("description", ""))
        category = self._terms.category("", term, found.get("unit", ""))
        found.setdefault("service", meter)
        position = len(self._charges) + 1
        self._charges.append(
            CanonicalCharge(
                position=position,
                category=category or Category.ADJUSTMENT,
                is_mapped=category is not None,
                account=point,
                origin=origin,
                **found,
            )
        )
        self._usage += _calls(line, position, found["service"], origin)


def _calls(line: Element, charge: int, service: str, origin: str) -> Iterator[CanonicalUsage]:
    for index, element in enumerate(line.iterchildren(_CALLS), 1):
        found = _CALL.read(element)
        day, time = found.pop("day", None), found.pop("time", "00:00:00")
        if day is None:
            raise Unreadable("EN-MISSING", "usage.started_at", "the date of a call")
        try:
            started_at = datetime.fromisoformat(f"{day}T{time.removesuffix('Z')}").replace(tzinfo=None)
        except ValueError as error:
            raise Unreadable("EN-VALUE", "usage.started_at", "an xsd:time at cbc:CallTime", time[:80]) from error
        place = f"{origin}/{local_name(element)}[{index}]"
        yield CanonicalUsage(charge, started_at, service=service, origin=place, **{"amount": Decimal(0), **found})
