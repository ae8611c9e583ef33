"""Svefaktura 1.0, the Swedish invoice before Peppol (UBL 1.0 with own namespaces), as mapping tables. Pure.

Its total with tax is rounded already, so that it is what is due; the total before rounding is not stated. Allowances
and charges are listed, and their totals are not.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from billing_sources.canonical import CanonicalInvoice
from billing_sources.readers.en16931.syntax import Syntax, TaxFigures
from billing_sources.readers.xml_parser import Element
from billing_sources.readers.xml_tables import Row, Table, clark

_NAMESPACES = {
    "in": "urn:sfti:documents:BasicInvoice:1:0",
    "cac": "urn:sfti:CommonAggregateComponents:1:0",
    "cbc": "urn:oasis:names:tc:ubl:CommonBasicComponents:1:0",
}
_TOTAL = "cac:LegalTotal/"
_SELLER = "cac:SellerParty/cac:Party/"
_BUYER = "cac:BuyerParty/cac:Party/"
_ADDRESS = f"{_SELLER}cac:Address/"
_BUYER_ADDRESS = f"{_BUYER}cac:Address/"
_MEANS = "cac:PaymentMeans/"
_BANK = f"{_MEANS}cac:PayeeFinancialAccount/"

_HEADER = Table(
    _NAMESPACES,
    Row("number", "in:ID"),
    Row("type_code", "in:InvoiceTypeCode"),
    Row("billed_on", "cbc:IssueDate", "date"),
    Row("due_on", f"{_MEANS}cbc:DuePaymentDate", "date"),
    Row("period_start", "in:InvoicingPeriod/cbc:StartDateTime", "moment"),
    Row("period_end", "in:InvoicingPeriod/cbc:EndDateTime", "moment"),
    Row("currency", "in:InvoiceCurrencyCode", "currency"),
    Row("currency.totals", f"{_TOTAL}cbc:TaxInclusiveTotalAmount/@amountCurrencyID"),
    Row("account.reference", "in:RequisitionistDocumentReference/cac:ID"),
    Row("seller", f"{_SELLER}cac:PartyName/cbc:Name"),
    Row("seller_id", f"{_SELLER}cac:PartyIdentification/cac:ID"),
    Row("seller_id", f"{_SELLER}cac:PartyTaxScheme[cac:TaxScheme/cac:ID='SWT']/cac:CompanyID"),
    Row("seller_id", f"{_SELLER}cac:PartyTaxScheme[cac:TaxScheme/cac:ID='VAT']/cac:CompanyID"),
    Row("buyer", f"{_BUYER}cac:PartyName/cbc:Name"),
    Row("buyer_id", f"{_BUYER}cac:PartyIdentification/cac:ID"),
    Row("buyer_id", f"{_BUYER}cac:PartyTaxScheme[cac:TaxScheme/cac:ID='SWT']/cac:CompanyID"),
    Row("buyer_id", f"{_BUYER}cac:PartyTaxScheme[cac:TaxScheme/cac:ID='VAT']/cac:CompanyID"),
    Row("buyer_address.street", f"{_BUYER_ADDRESS}cbc:StreetName"),
    Row("buyer_address.street_2", f"{_BUYER_ADDRESS}cbc:Postbox"),
    Row("buyer_address.zone", f"{_BUYER_ADDRESS}cbc:PostalZone"),
    Row("buyer_address.city", f"{_BUYER_ADDRESS}cbc:CityName"),
    Row("buyer_address.country", f"{_BUYER_ADDRESS}cac:Country/cac:IdentificationCode"),
    Row("remit_to.street", f"{_ADDRESS}cbc:StreetName"),
    Row("remit_to.street_2", f"{_ADDRESS}cbc:Postbox"),
    Row("remit_to.zone", f"{_ADDRESS}cbc:PostalZone"),
    Row("remit_to.city", f"{_ADDRESS}cbc:CityName"),
    Row("remit_to.country", f"{_ADDRESS}cac:Country/cac:IdentificationCode"),
    Row("remit_to.bank_account", f"{_BANK}cac:ID"),
    Row("remit_to.bank", f"{_BANK}cac:FinancialInstitutionBranch/cac:FinancialInstitution/cac:ID"),
    Row("payment_reference", f"{_BANK}cac:PaymentInstructionID"),
    Row("preceding", "in:InitialInvoiceDocumentReference/cac:ID"),
    Row("line_total", f"{_TOTAL}cbc:LineExtensionTotalAmount", "amount"),
    Row("tax_excluded", f"{_TOTAL}cbc:TaxExclusiveTotalAmount", "amount"),
    Row("rounding", f"{_TOTAL}cac:RoundOffAmount", "amount"),
    Row("amount_due", f"{_TOTAL}cbc:TaxInclusiveTotalAmount", "amount"),
)

_LINE = Table(
    _NAMESPACES,
    Row("amount", "cbc:LineExtensionAmount", "amount"),
    Row("amount.currency", "cbc:LineExtensionAmount/@amountCurrencyID"),
    Row("source_term", "cac:Item/cbc:Description"),
    Row("description", "cbc:Note"),
    Row("product_code", "cac:Item/cac:SellersItemIdentification/cac:ID"),
    Row("product_code", "cac:Item/cac:StandardItemIdentification/cac:ID"),
    Row("quantity", "cbc:InvoicedQuantity", "amount"),
    Row("unit", "cbc:InvoicedQuantity/@quantityUnitCode"),
    Row("unit_price", "cac:Item/cac:BasePrice/cbc:PriceAmount", "amount"),
    Row("unit_price.base", "cac:Item/cac:BasePrice/cbc:BaseQuantity", "amount"),
)

_ALLOWANCE = Table(
    _NAMESPACES,
    Row("is_charge", "cbc:ChargeIndicator", "flag"),
    Row("amount", "cbc:Amount", "amount"),
    Row("amount.currency", "cbc:Amount/@amountCurrencyID"),
    Row("source_term", "cac:ReasonCode/@name"),
    Row("source_term", "cac:ReasonCode"),
)

_TAX_TOTAL = Table(_NAMESPACES, Row("tax", "cbc:TotalTaxAmount", "amount"))

_TAX = Table(
    _NAMESPACES,
    Row("category", "cac:TaxCategory/cac:ID"),
    Row("amount", "cbc:TaxAmount", "amount"),
    Row("base", "cbc:TaxableAmount", "amount"),
    Row("rate_percent", "cac:TaxCategory/cbc:Percent", "amount"),
)


def _tax_figures(document: Element, currency: str) -> TaxFigures:
    """Stated in the bill's own currency alone."""
    totals = [_TAX_TOTAL.read(element) for element in document.iterfind(clark("cac:TaxTotal", _NAMESPACES))]
    stated = [found["tax"] for found in totals if "tax" in found]
    total = sum(stated, Decimal(0)) if stated else None
    return TaxFigures(total, document.findall(clark("cac:TaxTotal/cac:TaxSubTotal", _NAMESPACES)))


def _add_up_allowances(invoice: CanonicalInvoice, found: dict[str, Any]) -> None:
    amounts = [charge.amount for charge in invoice.charges if charge.scope == "document"]
    if amounts:
        invoice.charge_total = sum((amount for amount in amounts if amount > 0), Decimal(0))
        invoice.allowance_total = -sum((amount for amount in amounts if amount < 0), Decimal(0))


SVEFAKTURA = Syntax(
    name="Svefaktura",
    invoice=clark("in:Invoice", _NAMESPACES),
    credit_note="",
    lines=frozenset({clark("cac:InvoiceLine", _NAMESPACES)}),
    attachment="",
    header=_HEADER,
    line=_LINE,
    allowance=_ALLOWANCE,
    allowances=clark("in:AllowanceCharge", _NAMESPACES),
    tax=_TAX,
    tax_figures=_tax_figures,
    notes=clark("cbc:Note", _NAMESPACES),
    repair=_add_up_allowances,
)
