"""UBL 2.1 Invoice and CreditNote as mapping tables (formats.md §1.5 and §4.1). Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from billing_sources.canonical import CanonicalInvoice
from billing_sources.readers.en16931.syntax import Syntax, TaxFigures
from billing_sources.readers.xml_parser import Element
from billing_sources.readers.xml_tables import Row, Table, clark

_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
_NAMESPACES = {
    "in": f"{_UBL}Invoice-2",
    "cn": f"{_UBL}CreditNote-2",
    "cac": f"{_UBL}CommonAggregateComponents-2",
    "cbc": f"{_UBL}CommonBasicComponents-2",
}
_TOTAL = "cac:LegalMonetaryTotal/"
_MEANS = "cac:PaymentMeans/"
_SELLER = "cac:AccountingSupplierParty/cac:Party/"
_BUYER = "cac:AccountingCustomerParty/cac:Party/"
_ADDRESS = f"{_SELLER}cac:PostalAddress/"
_BUYER_ADDRESS = f"{_BUYER}cac:PostalAddress/"
_PAYEE = "cac:PayeeParty/"

_HEADER = Table(
    _NAMESPACES,
    Row("number", "cbc:ID"),
    Row("type_code", "cbc:InvoiceTypeCode"),
    Row("type_code", "cbc:CreditNoteTypeCode"),
    Row("billed_on", "cbc:IssueDate", "date"),
    Row("due_on", "cbc:DueDate", "date"),
    Row("due_on", f"{_MEANS}cbc:PaymentDueDate", "date"),
    Row("period_start", "cac:InvoicePeriod/cbc:StartDate", "date"),
    Row("period_end", "cac:InvoicePeriod/cbc:EndDate", "date"),
    Row("currency", "cbc:DocumentCurrencyCode", "currency"),
    Row("currency.totals", f"{_TOTAL}cbc:PayableAmount/@currencyID"),
    Row("tax_currency", "cbc:TaxCurrencyCode"),
    Row("tax_excluded.customization", "cbc:CustomizationID"),
    Row("account.object", "cac:AdditionalDocumentReference[cbc:DocumentTypeCode='130']/cbc:ID"),
    Row("account.reference", "cbc:BuyerReference"),
    Row("account.reference", "cbc:AccountingCost"),
    Row("seller", f"{_SELLER}cac:PartyLegalEntity/cbc:RegistrationName"),
    Row("seller", f"{_SELLER}cac:PartyName/cbc:Name"),
    Row("seller_id", f"{_SELLER}cac:PartyLegalEntity/cbc:CompanyID"),
    Row("seller_id", f"{_SELLER}cac:PartyIdentification/cbc:ID[not(@schemeID='SEPA')]"),
    Row("seller_id", f"{_SELLER}cac:PartyTaxScheme[cac:TaxScheme/cbc:ID='VAT']/cbc:CompanyID"),
    Row("seller_id", f"{_SELLER}cbc:EndpointID"),
    Row("buyer", f"{_BUYER}cac:PartyLegalEntity/cbc:RegistrationName"),
    Row("buyer", f"{_BUYER}cac:PartyName/cbc:Name"),
    Row("buyer_id", f"{_BUYER}cac:PartyIdentification/cbc:ID"),
    Row("buyer_id", f"{_BUYER}cac:PartyLegalEntity/cbc:CompanyID"),
    Row("buyer_id", f"{_BUYER}cac:PartyTaxScheme[cac:TaxScheme/cbc:ID='VAT']/cbc:CompanyID"),
    Row("buyer_id", f"{_BUYER}cbc:EndpointID"),
    Row("buyer_address.street", f"{_BUYER_ADDRESS}cbc:StreetName"),
    Row("buyer_address.street_2", f"{_BUYER_ADDRESS}cbc:AdditionalStreetName"),
    Row("buyer_address.street_3", f"{_BUYER_ADDRESS}cac:AddressLine/cbc:Line"),
    Row("buyer_address.zone", f"{_BUYER_ADDRESS}cbc:PostalZone"),
    Row("buyer_address.city", f"{_BUYER_ADDRESS}cbc:CityName"),
    Row("buyer_address.country", f"{_BUYER_ADDRESS}cac:Country/cbc:IdentificationCode"),
    Row("remit_to.payee", f"{_PAYEE}cac:PartyName/cbc:Name"),
    Row("remit_to.street", f"{_ADDRESS}cbc:StreetName"),
    Row("remit_to.street_2", f"{_ADDRESS}cbc:AdditionalStreetName"),
    Row("remit_to.street_3", f"{_ADDRESS}cac:AddressLine/cbc:Line"),
    Row("remit_to.zone", f"{_ADDRESS}cbc:PostalZone"),
    Row("remit_to.city", f"{_ADDRESS}cbc:CityName"),
    Row("remit_to.country", f"{_ADDRESS}cac:Country/cbc:IdentificationCode"),
    Row("remit_to.bank_account", f"{_MEANS}cac:PayeeFinancialAccount/cbc:ID"),
    Row("remit_to.bank", f"{_MEANS}cac:PayeeFinancialAccount/cac:FinancialInstitutionBranch/cbc:ID"),
    Row("payment_reference", f"{_MEANS}cbc:PaymentID"),
    Row("preceding", "cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID"),
    Row("preceding", "cac:BillingReference/cac:CreditNoteDocumentReference/cbc:ID"),
    Row("line_total", f"{_TOTAL}cbc:LineExtensionAmount", "amount"),
    Row("allowance_total", f"{_TOTAL}cbc:AllowanceTotalAmount", "amount"),
    Row("charge_total", f"{_TOTAL}cbc:ChargeTotalAmount", "amount"),
    Row("tax_excluded", f"{_TOTAL}cbc:TaxExclusiveAmount", "amount"),
    Row("tax_included", f"{_TOTAL}cbc:TaxInclusiveAmount", "amount"),
    Row("prepaid", f"{_TOTAL}cbc:PrepaidAmount", "amount"),
    Row("rounding", f"{_TOTAL}cbc:PayableRoundingAmount", "amount"),
    Row("amount_due", f"{_TOTAL}cbc:PayableAmount", "amount"),
)

_LINE = Table(
    _NAMESPACES,
    Row("amount", "cbc:LineExtensionAmount", "amount"),
    Row("amount.currency", "cbc:LineExtensionAmount/@currencyID"),
    Row("source_term", "cac:Item/cbc:Name"),
    Row("category.class", "cac:Item/cac:CommodityClassification/cbc:ItemClassificationCode"),
    Row("description", "cac:Item/cbc:Description"),
    Row("description", "cbc:Note"),
    Row("account", "cbc:AccountingCost"),
    Row("service", "cac:DocumentReference[cbc:DocumentTypeCode='130']/cbc:ID"),
    Row("product_code", "cac:Item/cac:SellersItemIdentification/cbc:ID"),
    Row("product_code", "cac:Item/cac:StandardItemIdentification/cbc:ID"),
    Row("quantity", "cbc:InvoicedQuantity", "amount"),
    Row("quantity", "cbc:CreditedQuantity", "amount"),
    Row("unit", "cbc:InvoicedQuantity/@unitCode"),
    Row("unit", "cbc:CreditedQuantity/@unitCode"),
    Row("unit_price", "cac:Price/cbc:PriceAmount", "amount"),
    Row("unit_price.base", "cac:Price/cbc:BaseQuantity", "amount"),
    Row("period_start", "cac:InvoicePeriod/cbc:StartDate", "date"),
    Row("period_end", "cac:InvoicePeriod/cbc:EndDate", "date"),
)

_ALLOWANCE = Table(
    _NAMESPACES,
    Row("is_charge", "cbc:ChargeIndicator", "flag"),
    Row("amount", "cbc:Amount", "amount"),
    Row("amount.currency", "cbc:Amount/@currencyID"),
    Row("source_term", "cbc:AllowanceChargeReason"),
    Row("source_term", "cbc:AllowanceChargeReasonCode"),
)

_TAX_TOTAL = Table(
    _NAMESPACES,
    Row("tax", "cbc:TaxAmount", "amount"),
    Row("tax.currency", "cbc:TaxAmount/@currencyID"),
)

_TAX = Table(
    _NAMESPACES,
    Row("category", "cac:TaxCategory/cbc:ID"),
    Row("amount", "cbc:TaxAmount", "amount"),
    Row("base", "cbc:TaxableAmount", "amount"),
    Row("rate_percent", "cac:TaxCategory/cbc:Percent", "amount"),
)


def _tax_figures(document: Element, currency: str) -> TaxFigures:
    """The total and subtotals in the bill's own currency. A second TaxTotal, in the currency of account, is left."""
    total: Decimal | None = None
    subtotals: list[Element] = []
    for element in document.iterfind(clark("cac:TaxTotal", _NAMESPACES)):
        found = _TAX_TOTAL.read(element)
        if "tax" in found and found.get("tax.currency", currency) == currency:
            total = found["tax"] if total is None else total + found["tax"]
            subtotals += element.iterfind(clark("cac:TaxSubtotal", _NAMESPACES))
    return TaxFigures(total, subtotals)


def _repair_oioubl(invoice: CanonicalInvoice, found: dict[str, Any]) -> None:
    """OIOUBL defines TaxExclusiveAmount as the sum of the taxes; the total without tax is stated nowhere."""
    if found.get("tax_excluded.customization", "").startswith("OIOUBL-") and invoice.tax_excluded == invoice.tax:
        invoice.tax_excluded = None


UBL = Syntax(
    name="UBL",
    invoice=clark("in:Invoice", _NAMESPACES),
    credit_note=clark("cn:CreditNote", _NAMESPACES),
    lines=frozenset({clark("cac:InvoiceLine", _NAMESPACES), clark("cac:CreditNoteLine", _NAMESPACES)}),
    sub_lines=(clark("cac:SubInvoiceLine", _NAMESPACES), clark("cac:SubCreditNoteLine", _NAMESPACES)),
    attachment=clark("cbc:EmbeddedDocumentBinaryObject", _NAMESPACES),
    header=_HEADER,
    line=_LINE,
    allowance=_ALLOWANCE,
    allowances=clark("cac:AllowanceCharge", _NAMESPACES),
    tax=_TAX,
    tax_figures=_tax_figures,
    notes=clark("cbc:Note", _NAMESPACES),
    repair=_repair_oioubl,
)
