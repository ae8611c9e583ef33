"""Writes one bill as a UN/CEFACT CrossIndustryInvoice (D16B) that EN 16931's rules accept. Pure.

The same figures as in `ubl`, in the other syntax; element order follows the CII schema.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from xml.sax.saxutils import escape

from billing_sources.generator.bill import Bill, Charge, Tax
from billing_sources.generator.carrier import MERIDIAN_AB
from billing_sources.generator.figures import UNIT_CODES, creditor_reference, price_of, text_of, vat_id
from billing_sources.generator.taxes import REASONS, split_vat, vat_of
from billing_sources.generator.terms import boreal_terms

_UNECE = "urn:un:unece:uncefact:data:standard:"


def document(bill: Bill) -> str:
    """The whole document, from its root's start tag to its end tag."""
    lines = "".join(_lines(bill))
    return (
        f'<rsm:CrossIndustryInvoice xmlns:rsm="{_UNECE}CrossIndustryInvoice:100"'
        f' xmlns:ram="{_UNECE}ReusableAggregateBusinessInformationEntity:100"'
        f' xmlns:udt="{_UNECE}UnqualifiedDataType:100">\n'
        "<rsm:ExchangedDocumentContext><ram:GuidelineSpecifiedDocumentContextParameter>"
        "<ram:ID>urn:cen.eu:en16931:2017</ram:ID>"
        "</ram:GuidelineSpecifiedDocumentContextParameter></rsm:ExchangedDocumentContext>\n"
        f"{_header(bill)}<rsm:SupplyChainTradeTransaction>\n{lines}"
        f"{_agreement(bill)}{_delivery(bill)}{_settlement(bill)}"
        "</rsm:SupplyChainTradeTransaction></rsm:CrossIndustryInvoice>\n"
    )


def _header(bill: Bill) -> str:
    return (
        f"<rsm:ExchangedDocument><ram:ID>{bill.number}</ram:ID>"
        f"<ram:TypeCode>{'381' if bill.form == 'credit_note' else '380'}</ram:TypeCode>"
        f"<ram:IssueDateTime>{_day(bill.billed_on)}</ram:IssueDateTime>"
        f"<ram:IncludedNote><ram:Content>Bill cycle {escape(bill.account.cycle)}</ram:Content></ram:IncludedNote>"
        "</rsm:ExchangedDocument>\n"
    )


def _lines(bill: Bill) -> Iterator[str]:
    account = bill.account
    terms, names_sites = boreal_terms(account.currency), len(account.sites) > 1
    period = _period(bill)
    for number, charge in enumerate(bill.charges, start=1):
        unit = UNIT_CODES.get(charge.unit, charge.unit)
        yield (
            "<ram:IncludedSupplyChainTradeLineItem>"
            f"<ram:AssociatedDocumentLineDocument><ram:LineID>{number}</ram:LineID></ram:AssociatedDocumentLineDocument>"
            f"<ram:SpecifiedTradeProduct><ram:SellerAssignedID>{charge.code}</ram:SellerAssignedID>"
            f"<ram:Name>{terms[charge.category]}</ram:Name>"
            f"<ram:Description>{charge.text}</ram:Description></ram:SpecifiedTradeProduct>"
            "<ram:SpecifiedLineTradeAgreement><ram:NetPriceProductTradePrice>"
            f"<ram:ChargeAmount>{price_of(charge.rate)}</ram:ChargeAmount>"
            "</ram:NetPriceProductTradePrice></ram:SpecifiedLineTradeAgreement>"
            f'<ram:SpecifiedLineTradeDelivery><ram:BilledQuantity unitCode="{unit}">{charge.quantity}'
            "</ram:BilledQuantity></ram:SpecifiedLineTradeDelivery><ram:SpecifiedLineTradeSettlement>"
            f"{_category('ApplicableTradeTax', vat_of(charge, account))}{period}"
            "<ram:SpecifiedTradeSettlementLineMonetarySummation>"
            f"<ram:LineTotalAmount>{text_of(charge.amount)}</ram:LineTotalAmount>"
            f"</ram:SpecifiedTradeSettlementLineMonetarySummation>{_object(charge)}"
            f"{_cost_centre(charge) if names_sites else ''}"
            "</ram:SpecifiedLineTradeSettlement></ram:IncludedSupplyChainTradeLineItem>\n"
        )


def _cost_centre(charge: Charge) -> str:
    return (
        f"<ram:ReceivableSpecifiedTradeAccountingAccount><ram:ID>{charge.site.name}</ram:ID>"
        "</ram:ReceivableSpecifiedTradeAccountingAccount>"
    )


def _object(charge: Charge) -> str:
    if not charge.service:
        return ""
    return (
        f"<ram:AdditionalReferencedDocument><ram:IssuerAssignedID>{charge.service}</ram:IssuerAssignedID>"
        "<ram:TypeCode>130</ram:TypeCode></ram:AdditionalReferencedDocument>"
    )


def _agreement(bill: Bill) -> str:
    account = bill.account
    customer, place = account.customer, account.address
    return (
        f"<ram:ApplicableHeaderTradeAgreement><ram:BuyerReference>{customer.number}</ram:BuyerReference>\n"
        f"<ram:SellerTradeParty><ram:Name>{MERIDIAN_AB.name}</ram:Name><ram:SpecifiedLegalOrganization>"
        f'<ram:ID schemeID="0007">{MERIDIAN_AB.seller_id}</ram:ID></ram:SpecifiedLegalOrganization>'
        f"{_address(MERIDIAN_AB.postcode, MERIDIAN_AB.street, MERIDIAN_AB.city, MERIDIAN_AB.country)}"
        f"{_registration(MERIDIAN_AB.vat_id)}</ram:SellerTradeParty>\n"
        f"<ram:BuyerTradeParty><ram:ID>{account.master}</ram:ID><ram:Name>{escape(customer.name)}</ram:Name>"
        f"{_address(place.postcode, place.street, place.city, place.country)}"
        f"{_registration(vat_id(account.country, customer.digits))}</ram:BuyerTradeParty>\n"
        "<ram:AdditionalReferencedDocument>"
        f"<ram:IssuerAssignedID>{account.external_id}</ram:IssuerAssignedID><ram:TypeCode>130</ram:TypeCode>"
        "</ram:AdditionalReferencedDocument></ram:ApplicableHeaderTradeAgreement>\n"
    )


def _address(postcode: str, street: str, city: str, country: str) -> str:
    return (
        f"<ram:PostalTradeAddress><ram:PostcodeCode>{postcode}</ram:PostcodeCode>"
        f"<ram:LineOne>{escape(street)}</ram:LineOne><ram:CityName>{city}</ram:CityName>"
        f"<ram:CountryID>{country}</ram:CountryID></ram:PostalTradeAddress>"
    )


def _registration(number: str) -> str:
    return f'<ram:SpecifiedTaxRegistration><ram:ID schemeID="VA">{number}</ram:ID></ram:SpecifiedTaxRegistration>'


def _delivery(bill: Bill) -> str:
    site = bill.account.sites[0]
    place = site.place
    return (
        "<ram:ApplicableHeaderTradeDelivery><ram:ShipToTradeParty>"
        f"<ram:ID>{bill.account.site_id(site)}</ram:ID><ram:Name>{escape(site.name)}</ram:Name>"
        f"{_address(place.postcode, place.street, place.city, place.country)}"
        "</ram:ShipToTradeParty></ram:ApplicableHeaderTradeDelivery>\n"
    )


def _settlement(bill: Bill) -> str:
    currency = bill.account.currency
    taxes = "".join(_tax(tax) for tax in bill.taxes)
    document_charges = "".join(_document_charge(charge, bill) for charge in bill.document_charges)
    return (
        "<ram:ApplicableHeaderTradeSettlement>"
        f"<ram:PaymentReference>{creditor_reference(bill.number)}</ram:PaymentReference>"
        f"<ram:InvoiceCurrencyCode>{currency}</ram:InvoiceCurrencyCode>\n"
        "<ram:SpecifiedTradeSettlementPaymentMeans><ram:TypeCode>30</ram:TypeCode>"
        f"<ram:PayeePartyCreditorFinancialAccount><ram:IBANID>{MERIDIAN_AB.iban}</ram:IBANID>"
        f"<ram:AccountName>{MERIDIAN_AB.name}</ram:AccountName></ram:PayeePartyCreditorFinancialAccount>"
        f"<ram:PayeeSpecifiedCreditorFinancialInstitution><ram:BICID>{MERIDIAN_AB.bic}</ram:BICID>"
        "</ram:PayeeSpecifiedCreditorFinancialInstitution></ram:SpecifiedTradeSettlementPaymentMeans>\n"
        f"{taxes}{_period(bill)}\n{document_charges}{_terms(bill)}{_totals(bill)}{_preceding(bill)}"
        "</ram:ApplicableHeaderTradeSettlement>\n"
    )


def _tax(tax: Tax) -> str:
    reason = REASONS.get(tax.category)
    because = f"<ram:ExemptionReason>{reason}</ram:ExemptionReason>" if reason else ""
    return (
        f"<ram:ApplicableTradeTax><ram:CalculatedAmount>{text_of(tax.amount)}</ram:CalculatedAmount>"
        f"<ram:TypeCode>VAT</ram:TypeCode>{because}<ram:BasisAmount>{text_of(tax.base)}</ram:BasisAmount>"
        f"<ram:CategoryCode>{tax.category}</ram:CategoryCode>"
        f"<ram:RateApplicablePercent>{tax.percent}</ram:RateApplicablePercent></ram:ApplicableTradeTax>\n"
    )


def _document_charge(charge: Charge, bill: Bill) -> str:
    is_charge = "true" if charge.amount > 0 else "false"
    return (
        "<ram:SpecifiedTradeAllowanceCharge>"
        f"<ram:ChargeIndicator><udt:Indicator>{is_charge}</udt:Indicator></ram:ChargeIndicator>"
        f"<ram:ActualAmount>{text_of(abs(charge.amount))}</ram:ActualAmount>"
        f"<ram:ReasonCode>{charge.code}</ram:ReasonCode><ram:Reason>{charge.text}</ram:Reason>"
        f"{_category('CategoryTradeTax', vat_of(charge, bill.account))}</ram:SpecifiedTradeAllowanceCharge>\n"
    )


@lru_cache(maxsize=64)
def _category(name: str, vat: str) -> str:
    category, percent = split_vat(vat)
    return (
        f"<ram:{name}><ram:TypeCode>VAT</ram:TypeCode><ram:CategoryCode>{category}</ram:CategoryCode>"
        f"<ram:RateApplicablePercent>{percent}</ram:RateApplicablePercent></ram:{name}>"
    )


def _terms(bill: Bill) -> str:
    is_credit = bill.form == "credit_note"
    due = "" if is_credit else f"<ram:DueDateDateTime>{_day(bill.due_on)}</ram:DueDateDateTime>"
    return (
        f"<ram:SpecifiedTradePaymentTerms><ram:Description>30 days net</ram:Description>{due}"
        "</ram:SpecifiedTradePaymentTerms>\n"
    )


def _totals(bill: Bill) -> str:
    lines = sum(charge.amount for charge in bill.charges)
    allowances = -sum(charge.amount for charge in bill.document_charges if charge.amount < 0)
    charges = sum(charge.amount for charge in bill.document_charges if charge.amount > 0)
    rounding = f"<ram:RoundingAmount>{text_of(bill.rounding)}</ram:RoundingAmount>" if bill.rounding else ""
    prepaid = f"<ram:TotalPrepaidAmount>{text_of(bill.prepaid)}</ram:TotalPrepaidAmount>" if bill.prepaid else ""
    return (
        "<ram:SpecifiedTradeSettlementHeaderMonetarySummation>"
        f"<ram:LineTotalAmount>{text_of(lines)}</ram:LineTotalAmount>"
        f"<ram:ChargeTotalAmount>{text_of(charges)}</ram:ChargeTotalAmount>"
        f"<ram:AllowanceTotalAmount>{text_of(allowances)}</ram:AllowanceTotalAmount>"
        f"<ram:TaxBasisTotalAmount>{text_of(bill.net)}</ram:TaxBasisTotalAmount>"
        f'<ram:TaxTotalAmount currencyID="{bill.account.currency}">{text_of(bill.tax)}</ram:TaxTotalAmount>{rounding}'
        f"<ram:GrandTotalAmount>{text_of(bill.current)}</ram:GrandTotalAmount>{prepaid}"
        f"<ram:DuePayableAmount>{text_of(bill.due)}</ram:DuePayableAmount>"
        "</ram:SpecifiedTradeSettlementHeaderMonetarySummation>\n"
    )


def _preceding(bill: Bill) -> str:
    if bill.preceding_on is None:
        return ""
    return (
        f"<ram:InvoiceReferencedDocument><ram:IssuerAssignedID>{bill.preceding}</ram:IssuerAssignedID>"
        '<ram:FormattedIssueDateTime><qdt:DateTimeString xmlns:qdt="'
        f'{_UNECE}QualifiedDataType:100" format="102">{bill.preceding_on:%Y%m%d}</qdt:DateTimeString>'
        "</ram:FormattedIssueDateTime></ram:InvoiceReferencedDocument>\n"
    )


def _period(bill: Bill) -> str:
    return (
        f"<ram:BillingSpecifiedPeriod><ram:StartDateTime>{_day(bill.period_start)}</ram:StartDateTime>"
        f"<ram:EndDateTime>{_day(bill.period_end)}</ram:EndDateTime></ram:BillingSpecifiedPeriod>"
    )


def _day(day: date) -> str:
    return f'<udt:DateTimeString format="102">{day:%Y%m%d}</udt:DateTimeString>'
