"""Small UBL and CII documents, written by hand, that the tests of boreal vary."""

from __future__ import annotations

from io import BytesIO

from billing_sources.adapter import Parsed
from billing_sources.adapters.boreal import BOREAL
from billing_sources.canonical import CanonicalInvoice, FileRejected, Issue

UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
CII = "urn:un:unece:uncefact:data:standard:"
DECLARED = '<?xml version="1.0" encoding="UTF-8"?>\n'


def ubl(root: str = "Invoice", *, number: str = "N-1", head: str = "", totals: str = "", lines: str = "") -> str:
    """A document without its XML declaration, so that batches can hold it."""
    return (
        f'<{root} xmlns="{UBL}{root}-2" xmlns:cac="{UBL}CommonAggregateComponents-2" '
        f'xmlns:cbc="{UBL}CommonBasicComponents-2">'
        f"<cbc:ID>{number}</cbc:ID><cbc:IssueDate>2026-03-01</cbc:IssueDate>"
        f"<cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>{head}"
        f"<cac:LegalMonetaryTotal>{totals or ubl_totals()}</cac:LegalMonetaryTotal>{lines}</{root}>"
    )


def ubl_totals(due: str = "125.00", net: str = "100.00", included: str = "125.00") -> str:
    return (
        f"<cbc:LineExtensionAmount>{net}</cbc:LineExtensionAmount>"
        f"<cbc:TaxExclusiveAmount>{net}</cbc:TaxExclusiveAmount>"
        f"<cbc:TaxInclusiveAmount>{included}</cbc:TaxInclusiveAmount><cbc:PayableAmount>{due}</cbc:PayableAmount>"
    )


def ubl_line(amount: str = "100.00", name: str = "Subscription", more: str = "", kind: str = "Invoice") -> str:
    quantity = "InvoicedQuantity" if kind == "Invoice" else "CreditedQuantity"
    return (
        f'<cac:{kind}Line><cbc:ID>1</cbc:ID><cbc:{quantity} unitCode="C62">2</cbc:{quantity}>'
        f"<cbc:LineExtensionAmount>{amount}</cbc:LineExtensionAmount>{more}"
        f"<cac:Item><cbc:Name>{name}</cbc:Name></cac:Item></cac:{kind}Line>"
    )


def cii(*, type_code: str = "380", lines: str = "", settlement: str = "", number: str = "N-1") -> str:
    return (
        f'<r:CrossIndustryInvoice xmlns:r="{CII}CrossIndustryInvoice:100" '
        f'xmlns="{CII}ReusableAggregateBusinessInformationEntity:100" xmlns:u="{CII}UnqualifiedDataType:100">'
        f"<r:ExchangedDocument><ID>{number}</ID><TypeCode>{type_code}</TypeCode><IssueDateTime>"
        '<u:DateTimeString format="102">20260301</u:DateTimeString></IssueDateTime></r:ExchangedDocument>'
        f"<r:SupplyChainTradeTransaction>{lines}<ApplicableHeaderTradeSettlement>"
        f"<InvoiceCurrencyCode>EUR</InvoiceCurrencyCode>{settlement}</ApplicableHeaderTradeSettlement>"
        "</r:SupplyChainTradeTransaction></r:CrossIndustryInvoice>"
    )


def cii_line(line_id: str, amount: str, parent: str = "", status: str = "") -> str:
    parent = parent and f"<ParentLineID>{parent}</ParentLineID>"
    status = status and f"<LineStatusReasonCode>{status}</LineStatusReasonCode>"
    return (
        "<IncludedSupplyChainTradeLineItem><AssociatedDocumentLineDocument>"
        f"<LineID>{line_id}</LineID>{parent}{status}</AssociatedDocumentLineDocument>"
        "<SpecifiedTradeProduct><Name>Equipment</Name></SpecifiedTradeProduct><SpecifiedLineTradeSettlement>"
        f"<SpecifiedTradeSettlementLineMonetarySummation><LineTotalAmount>{amount}</LineTotalAmount>"
        "</SpecifiedTradeSettlementLineMonetarySummation></SpecifiedLineTradeSettlement>"
        "</IncludedSupplyChainTradeLineItem>"
    )


def batch(*documents: str, trailer: str | None = None, payable: str = "0") -> str:
    trailer = trailer if trailer is not None else f'<ControlTotals documents="{len(documents)}" payable="{payable}"/>'
    return f'<InvoiceBatch xmlns="urn:tributary:invoice-batch:1">{"".join(documents)}{trailer}</InvoiceBatch>'


def read(text: str | bytes) -> list[Parsed]:
    raw = text if isinstance(text, bytes) else (DECLARED + text).encode()
    return list(BOREAL.read(BytesIO(raw), BOREAL))


def read_one(text: str | bytes) -> CanonicalInvoice:
    (invoice,) = read(text)
    assert isinstance(invoice, CanonicalInvoice), invoice
    return invoice


def read_issue(text: str | bytes) -> Issue:
    (issue,) = read(text)
    assert isinstance(issue, Issue), issue
    return issue


def rejection(text: str | bytes) -> Issue:
    """Why the whole file is refused."""
    try:
        found = read(text)
    except FileRejected as error:
        return error.issue
    raise AssertionError(f"the file was read: {found}")
