"""UN/CEFACT Cross Industry Invoice (D16B, D22B), and ZUGFeRD 1, as mapping tables (formats.md §1.6, §4.1). Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal

from billing_sources.readers.en16931.syntax import Syntax, TaxFigures
from billing_sources.readers.xml_parser import Element
from billing_sources.readers.xml_tables import Row, Table, clark

_STEP = re.compile(r"\w+:\w+")
_TRANSACTION = "rsm:SupplyChainTradeTransaction"
_AGREEMENT = f"{_TRANSACTION}/ram:ApplicableHeaderTradeAgreement/"
_SETTLEMENT = f"{_TRANSACTION}/ram:ApplicableHeaderTradeSettlement/"
_TOTAL = f"{_SETTLEMENT}ram:SpecifiedTradeSettlementHeaderMonetarySummation/"
_PERIOD = "ram:BillingSpecifiedPeriod/"
_MEANS = f"{_SETTLEMENT}ram:SpecifiedTradeSettlementPaymentMeans/"
_CREDITOR = f"{_MEANS}ram:PayeePartyCreditorFinancialAccount/"
_SELLER = f"{_AGREEMENT}ram:SellerTradeParty/"
_BUYER = f"{_AGREEMENT}ram:BuyerTradeParty/"
_ADDRESS = f"{_SELLER}ram:PostalTradeAddress/"
_BUYER_ADDRESS = f"{_BUYER}ram:PostalTradeAddress/"

_HEADER = (
    Row("number", "rsm:ExchangedDocument/ram:ID"),
    Row("type_code", "rsm:ExchangedDocument/ram:TypeCode"),
    Row("billed_on", "rsm:ExchangedDocument/ram:IssueDateTime/udt:DateTimeString", "date 102"),
    Row(
        "due_on",
        f"{_SETTLEMENT}ram:SpecifiedTradePaymentTerms/ram:DueDateDateTime/udt:DateTimeString",
        "date 102",
    ),
    Row("period_start", f"{_SETTLEMENT}{_PERIOD}ram:StartDateTime/udt:DateTimeString", "date 102"),
    Row("period_end", f"{_SETTLEMENT}{_PERIOD}ram:EndDateTime/udt:DateTimeString", "date 102"),
    Row("currency", f"{_SETTLEMENT}ram:InvoiceCurrencyCode", "currency"),
    Row("currency.totals", f"{_TOTAL}ram:DuePayableAmount/@currencyID"),
    Row("tax_currency", f"{_SETTLEMENT}ram:TaxCurrencyCode"),
    Row("account.object", f"{_AGREEMENT}ram:AdditionalReferencedDocument[ram:TypeCode='130']/ram:IssuerAssignedID"),
    Row("account.reference", f"{_AGREEMENT}ram:BuyerReference"),
    Row("account.reference", f"{_SETTLEMENT}ram:ReceivableSpecifiedTradeAccountingAccount/ram:ID"),
    Row("seller", f"{_SELLER}ram:Name"),
    Row("seller", f"{_SELLER}ram:SpecifiedLegalOrganization/ram:TradingBusinessName"),
    Row("seller_id", f"{_SELLER}ram:SpecifiedLegalOrganization/ram:ID"),
    Row("seller_id", f"{_SELLER}ram:GlobalID"),
    Row("seller_id", f"{_SELLER}ram:ID"),
    Row("seller_id", f"{_SELLER}ram:SpecifiedTaxRegistration/ram:ID[@schemeID='VA']"),
    Row("seller_id", f"{_SELLER}ram:URIUniversalCommunication/ram:URIID"),
    Row("buyer", f"{_BUYER}ram:Name"),
    Row("buyer", f"{_BUYER}ram:SpecifiedLegalOrganization/ram:TradingBusinessName"),
    Row("buyer_id", f"{_BUYER}ram:GlobalID"),
    Row("buyer_id", f"{_BUYER}ram:ID"),
    Row("buyer_id", f"{_BUYER}ram:SpecifiedLegalOrganization/ram:ID"),
    Row("buyer_id", f"{_BUYER}ram:SpecifiedTaxRegistration/ram:ID[@schemeID='VA']"),
    Row("buyer_id", f"{_BUYER}ram:URIUniversalCommunication/ram:URIID"),
    Row("buyer_address.street", f"{_BUYER_ADDRESS}ram:LineOne"),
    Row("buyer_address.street_2", f"{_BUYER_ADDRESS}ram:LineTwo"),
    Row("buyer_address.street_3", f"{_BUYER_ADDRESS}ram:LineThree"),
    Row("buyer_address.zone", f"{_BUYER_ADDRESS}ram:PostcodeCode"),
    Row("buyer_address.city", f"{_BUYER_ADDRESS}ram:CityName"),
    Row("buyer_address.country", f"{_BUYER_ADDRESS}ram:CountryID"),
    Row("remit_to.payee", f"{_SETTLEMENT}ram:PayeeTradeParty/ram:Name"),
    Row("remit_to.street", f"{_ADDRESS}ram:LineOne"),
    Row("remit_to.street_2", f"{_ADDRESS}ram:LineTwo"),
    Row("remit_to.street_3", f"{_ADDRESS}ram:LineThree"),
    Row("remit_to.zone", f"{_ADDRESS}ram:PostcodeCode"),
    Row("remit_to.city", f"{_ADDRESS}ram:CityName"),
    Row("remit_to.country", f"{_ADDRESS}ram:CountryID"),
    Row("remit_to.bank_account", f"{_CREDITOR}ram:IBANID"),
    Row("remit_to.bank_account", f"{_CREDITOR}ram:ProprietaryID"),
    Row("remit_to.bank", f"{_MEANS}ram:PayeeSpecifiedCreditorFinancialInstitution/ram:BICID"),
    Row("payment_reference", f"{_SETTLEMENT}ram:PaymentReference"),
    Row("preceding", f"{_SETTLEMENT}ram:InvoiceReferencedDocument/ram:IssuerAssignedID"),
    Row("line_total", f"{_TOTAL}ram:LineTotalAmount", "amount"),
    Row("allowance_total", f"{_TOTAL}ram:AllowanceTotalAmount", "amount"),
    Row("charge_total", f"{_TOTAL}ram:ChargeTotalAmount", "amount"),
    Row("tax_excluded", f"{_TOTAL}ram:TaxBasisTotalAmount", "amount"),
    Row("tax_included", f"{_TOTAL}ram:GrandTotalAmount", "amount"),
    Row("prepaid", f"{_TOTAL}ram:TotalPrepaidAmount", "amount"),
    Row("rounding", f"{_TOTAL}ram:RoundingAmount", "amount"),
    Row("amount_due", f"{_TOTAL}ram:DuePayableAmount", "amount"),
)

_LINE_DOCUMENT = "ram:AssociatedDocumentLineDocument/"
_PRODUCT = "ram:SpecifiedTradeProduct/"
_PRICE = "ram:SpecifiedLineTradeAgreement/ram:NetPriceProductTradePrice/"
_QUANTITY = "ram:SpecifiedLineTradeDelivery/ram:BilledQuantity"
_LINE_SETTLEMENT = "ram:SpecifiedLineTradeSettlement/"
_LINE_TOTAL = f"{_LINE_SETTLEMENT}ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount"

_LINE = (
    Row("amount", _LINE_TOTAL, "amount"),
    Row("amount.currency", f"{_LINE_TOTAL}/@currencyID"),
    Row("line.id", f"{_LINE_DOCUMENT}ram:LineID"),
    Row("line.parent", f"{_LINE_DOCUMENT}ram:ParentLineID"),
    Row("line.status", f"{_LINE_DOCUMENT}ram:LineStatusReasonCode"),
    Row("source_term", f"{_PRODUCT}ram:Name"),
    Row("category.class", f"{_PRODUCT}ram:DesignatedProductClassification/ram:ClassCode"),
    Row("description", f"{_PRODUCT}ram:Description"),
    Row("description", f"{_LINE_DOCUMENT}ram:IncludedNote/ram:Content"),
    Row("account", f"{_LINE_SETTLEMENT}ram:ReceivableSpecifiedTradeAccountingAccount/ram:ID"),
    Row(
        "service",
        f"{_LINE_SETTLEMENT}ram:AdditionalReferencedDocument[ram:TypeCode='130']/ram:IssuerAssignedID",
    ),
    Row("product_code", f"{_PRODUCT}ram:SellerAssignedID"),
    Row("product_code", f"{_PRODUCT}ram:GlobalID"),
    Row("quantity", _QUANTITY, "amount"),
    Row("unit", f"{_QUANTITY}/@unitCode"),
    Row("unit_price", f"{_PRICE}ram:ChargeAmount", "amount"),
    Row("unit_price.base", f"{_PRICE}ram:BasisQuantity", "amount"),
    Row("period_start", f"{_LINE_SETTLEMENT}{_PERIOD}ram:StartDateTime/udt:DateTimeString", "date 102"),
    Row("period_end", f"{_LINE_SETTLEMENT}{_PERIOD}ram:EndDateTime/udt:DateTimeString", "date 102"),
)

_ALLOWANCE = (
    Row("is_charge", "ram:ChargeIndicator/udt:Indicator", "flag"),
    Row("amount", "ram:ActualAmount", "amount"),
    Row("amount", "ram:AppliedAmount", "amount"),
    Row("amount.currency", "ram:ActualAmount/@currencyID"),
    Row("source_term", "ram:Reason"),
    Row("source_term", "ram:Description"),
    Row("source_term", "ram:ReasonCode"),
)

_TAX_TOTAL = (Row("tax", ".", "amount"), Row("tax.currency", "@currencyID"))

_TAX = (
    Row("category", "ram:CategoryCode"),
    Row("amount", "ram:CalculatedAmount", "amount"),
    Row("amount.currency", "ram:CalculatedAmount/@currencyID"),
    Row("base", "ram:BasisAmount", "amount"),
    Row("rate_percent", "ram:RateApplicablePercent", "amount"),
)


def cross_industry(name: str, root: str, namespaces: dict[str, str], other_names: dict[str, str]) -> Syntax:
    """CII, or what came before it: the same tables with other namespaces, and other names for some steps."""

    def path(text: str) -> str:
        return _STEP.sub(lambda step: other_names.get(step[0], step[0]), text)

    def table(rows: tuple[Row, ...]) -> Table:
        return Table(namespaces, *(replace(row, path=path(row.path)) for row in rows))

    def clark_path(text: str) -> str:
        return clark(path(text), namespaces)

    return Syntax(
        name=name,
        invoice=clark(root, namespaces),
        credit_note="",
        lines=frozenset({clark_path("ram:IncludedSupplyChainTradeLineItem")}),
        holder=clark_path(_TRANSACTION),
        attachment=clark_path("ram:AttachmentBinaryObject"),
        header=table(_HEADER),
        line=table(_LINE),
        allowance=table(_ALLOWANCE),
        allowances=clark_path(f"{_SETTLEMENT}ram:SpecifiedTradeAllowanceCharge"),
        service_charges=clark_path(f"{_SETTLEMENT}ram:SpecifiedLogisticsServiceCharge"),
        tax=table(_TAX),
        tax_figures=_TaxFigures(
            table(_TAX_TOTAL),
            clark_path(f"{_TOTAL}ram:TaxTotalAmount"),
            clark_path(f"{_SETTLEMENT}ram:ApplicableTradeTax"),
        ),
        notes=clark_path("rsm:ExchangedDocument/ram:IncludedNote/ram:Content"),
    )


@dataclass(frozen=True)
class _TaxFigures:
    """The total in the bill's own currency; the breakdown is stated in no other."""

    table: Table
    totals: str
    breakdown: str

    def __call__(self, document: Element, currency: str) -> TaxFigures:
        total: Decimal | None = None
        for element in document.iterfind(self.totals):
            found = self.table.read(element)
            if "tax" in found and found.get("tax.currency", currency) == currency:
                total = found["tax"] if total is None else total + found["tax"]
        return TaxFigures(total, document.findall(self.breakdown))


_UNECE = "urn:un:unece:uncefact:data:standard:"

CII = cross_industry(
    "CII",
    "rsm:CrossIndustryInvoice",
    {
        "rsm": f"{_UNECE}CrossIndustryInvoice:100",
        "ram": f"{_UNECE}ReusableAggregateBusinessInformationEntity:100",
        "udt": f"{_UNECE}UnqualifiedDataType:100",
    },
    {},
)

ZUGFERD_1 = cross_industry(
    "ZUGFeRD 1",
    "rsm:CrossIndustryDocument",
    {
        "rsm": "urn:ferd:CrossIndustryDocument:invoice:1p0",
        "ram": f"{_UNECE}ReusableAggregateBusinessInformationEntity:12",
        "udt": f"{_UNECE}UnqualifiedDataType:15",
    },
    {
        "rsm:ExchangedDocument": "rsm:HeaderExchangedDocument",
        "rsm:SupplyChainTradeTransaction": "rsm:SpecifiedSupplyChainTradeTransaction",
        "ram:ApplicableHeaderTradeAgreement": "ram:ApplicableSupplyChainTradeAgreement",
        "ram:ApplicableHeaderTradeSettlement": "ram:ApplicableSupplyChainTradeSettlement",
        "ram:SpecifiedTradeSettlementHeaderMonetarySummation": "ram:SpecifiedTradeSettlementMonetarySummation",
        "ram:SpecifiedTradeSettlementLineMonetarySummation": "ram:SpecifiedTradeSettlementMonetarySummation",
        "ram:SpecifiedLineTradeAgreement": "ram:SpecifiedSupplyChainTradeAgreement",
        "ram:SpecifiedLineTradeDelivery": "ram:SpecifiedSupplyChainTradeDelivery",
        "ram:SpecifiedLineTradeSettlement": "ram:SpecifiedSupplyChainTradeSettlement",
        "ram:RateApplicablePercent": "ram:ApplicablePercent",
        "ram:IssuerAssignedID": "ram:ID",
    },
)
