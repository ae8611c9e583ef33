"""Writes one bill as a UBL 2.1 Invoice or CreditNote that EN 16931's rules accept. Pure.

Totals follow BR-CO-10 to BR-CO-17; element order follows the UBL schema. A credit note's amounts are positive.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from xml.sax.saxutils import escape

from billing_sources.generator.bill import Bill, Charge, Tax
from billing_sources.generator.carrier import MERIDIAN_AB
from billing_sources.generator.figures import (
    UNIT_CODES,
    creditor_reference,
    location_number,
    price_of,
    text_of,
    vat_id,
)
from billing_sources.generator.taxes import REASONS, split_vat, vat_of
from billing_sources.generator.terms import boreal_terms

_CBC = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
_CAC = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
_CUSTOMIZATION = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"


def document(bill: Bill) -> str:
    """The whole document, from its root's start tag to its end tag."""
    root = "CreditNote" if bill.form == "credit_note" else "Invoice"
    namespace = f"urn:oasis:names:specification:ubl:schema:xsd:{root}-2"
    lines = "".join(_lines(bill, root))
    return (
        f'<{root} xmlns="{namespace}" xmlns:cac="{_CAC}" xmlns:cbc="{_CBC}">\n'
        f"{_header(bill, root)}{_parties(bill)}{_delivery(bill)}{_payment(bill)}"
        f"{_document_charges(bill)}{_taxes(bill)}{_totals(bill)}{lines}</{root}>\n"
    )


def _header(bill: Bill, root: str) -> str:
    account, is_credit = bill.account, root == "CreditNote"
    due = "" if is_credit else f"<cbc:DueDate>{bill.due_on}</cbc:DueDate>\n"
    preceding = (
        f"<cac:BillingReference><cac:InvoiceDocumentReference><cbc:ID>{bill.preceding}</cbc:ID>"
        f"<cbc:IssueDate>{bill.preceding_on}</cbc:IssueDate></cac:InvoiceDocumentReference></cac:BillingReference>\n"
        if bill.preceding
        else ""
    )
    return (
        f"<cbc:CustomizationID>{_CUSTOMIZATION}</cbc:CustomizationID>\n"
        "<cbc:ProfileID>urn:fdc:peppol.eu:2017:poacc:billing:01:1.0</cbc:ProfileID>\n"
        f"<cbc:ID>{bill.number}</cbc:ID>\n<cbc:IssueDate>{bill.billed_on}</cbc:IssueDate>\n{due}"
        f"<cbc:{root}TypeCode>{'381' if is_credit else '380'}</cbc:{root}TypeCode>\n"
        f"<cbc:Note>Bill cycle {escape(account.cycle)}</cbc:Note>\n"
        f"<cbc:DocumentCurrencyCode>{account.currency}</cbc:DocumentCurrencyCode>\n"
        f"<cbc:AccountingCost>{escape(account.sites[0].region)}</cbc:AccountingCost>\n"
        f"<cbc:BuyerReference>{account.customer.number}</cbc:BuyerReference>\n"
        f"{_period(bill)}\n{preceding}"
        f"<cac:AdditionalDocumentReference><cbc:ID>{account.external_id}</cbc:ID>"
        "<cbc:DocumentTypeCode>130</cbc:DocumentTypeCode></cac:AdditionalDocumentReference>\n"
    )


def _parties(bill: Bill) -> str:
    customer, place = bill.account.customer, bill.account.address
    country = bill.account.country
    seller = (
        f'<cbc:EndpointID schemeID="0007">{MERIDIAN_AB.seller_id}</cbc:EndpointID>'
        f'<cac:PartyIdentification><cbc:ID schemeID="0007">{MERIDIAN_AB.seller_id}</cbc:ID></cac:PartyIdentification>'
        f"<cac:PartyName><cbc:Name>{MERIDIAN_AB.name}</cbc:Name></cac:PartyName>"
        f"{_address(MERIDIAN_AB.street, MERIDIAN_AB.city, MERIDIAN_AB.postcode, MERIDIAN_AB.country)}"
        f"{_tax_scheme(MERIDIAN_AB.vat_id)}"
        f"<cac:PartyLegalEntity><cbc:RegistrationName>{MERIDIAN_AB.name}</cbc:RegistrationName>"
        f'<cbc:CompanyID schemeID="0007">{MERIDIAN_AB.seller_id}</cbc:CompanyID></cac:PartyLegalEntity>'
    )
    name = escape(customer.name)
    buyer = (
        f'<cbc:EndpointID schemeID="0088">{location_number(customer.digits)}</cbc:EndpointID>'
        f"<cac:PartyIdentification><cbc:ID>{bill.account.master}</cbc:ID></cac:PartyIdentification>"
        f"<cac:PartyName><cbc:Name>{name}</cbc:Name></cac:PartyName>"
        f"{_address(place.street, place.city, place.postcode, place.country)}"
        f"{_tax_scheme(vat_id(country, customer.digits))}"
        f"<cac:PartyLegalEntity><cbc:RegistrationName>{name}</cbc:RegistrationName></cac:PartyLegalEntity>"
    )
    return (
        f"<cac:AccountingSupplierParty><cac:Party>{seller}</cac:Party></cac:AccountingSupplierParty>\n"
        f"<cac:AccountingCustomerParty><cac:Party>{buyer}</cac:Party></cac:AccountingCustomerParty>\n"
    )


def _address(street: str, city: str, postcode: str, country: str) -> str:
    return (
        f"<cac:PostalAddress><cbc:StreetName>{escape(street)}</cbc:StreetName><cbc:CityName>{city}</cbc:CityName>"
        f"<cbc:PostalZone>{postcode}</cbc:PostalZone>"
        f"<cac:Country><cbc:IdentificationCode>{country}</cbc:IdentificationCode></cac:Country></cac:PostalAddress>"
    )


def _tax_scheme(vat_id: str) -> str:
    return (
        f"<cac:PartyTaxScheme><cbc:CompanyID>{vat_id}</cbc:CompanyID>"
        "<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>"
    )


def _delivery(bill: Bill) -> str:
    site = bill.account.sites[0]
    place = site.place
    return (
        f"<cac:Delivery><cac:DeliveryLocation><cbc:ID>{bill.account.site_id(site)}</cbc:ID>"
        f"<cac:Address><cbc:StreetName>{escape(place.street)}</cbc:StreetName><cbc:CityName>{place.city}</cbc:CityName>"
        f"<cbc:PostalZone>{place.postcode}</cbc:PostalZone><cac:Country><cbc:IdentificationCode>{place.country}"
        "</cbc:IdentificationCode></cac:Country></cac:Address></cac:DeliveryLocation>"
        f"<cac:DeliveryParty><cac:PartyName><cbc:Name>{escape(site.name)}</cbc:Name></cac:PartyName>"
        "</cac:DeliveryParty></cac:Delivery>\n"
    )


def _payment(bill: Bill) -> str:
    return (
        "<cac:PaymentMeans><cbc:PaymentMeansCode>30</cbc:PaymentMeansCode>"
        f"<cbc:PaymentID>{creditor_reference(bill.number)}</cbc:PaymentID>"
        f"<cac:PayeeFinancialAccount><cbc:ID>{MERIDIAN_AB.iban}</cbc:ID><cbc:Name>{MERIDIAN_AB.name}</cbc:Name>"
        f"<cac:FinancialInstitutionBranch><cbc:ID>{MERIDIAN_AB.bic}</cbc:ID></cac:FinancialInstitutionBranch>"
        "</cac:PayeeFinancialAccount></cac:PaymentMeans>\n"
        "<cac:PaymentTerms><cbc:Note>30 days net</cbc:Note></cac:PaymentTerms>\n"
    )


def _document_charges(bill: Bill) -> str:
    return "".join(_document_charge(charge, bill) for charge in bill.document_charges)


def _document_charge(charge: Charge, bill: Bill) -> str:
    is_charge = "true" if charge.amount > 0 else "false"
    return (
        f"<cac:AllowanceCharge><cbc:ChargeIndicator>{is_charge}</cbc:ChargeIndicator>"
        f"<cbc:AllowanceChargeReasonCode>{charge.code}</cbc:AllowanceChargeReasonCode>"
        f"<cbc:AllowanceChargeReason>{charge.text}</cbc:AllowanceChargeReason>"
        f"{_amount('Amount', abs(charge.amount), bill)}{_category('TaxCategory', vat_of(charge, bill.account))}"
        "</cac:AllowanceCharge>\n"
    )


def _taxes(bill: Bill) -> str:
    subtotals = "".join(_subtotal(tax, bill) for tax in bill.taxes)
    return f"<cac:TaxTotal>{_amount('TaxAmount', bill.tax, bill)}\n{subtotals}</cac:TaxTotal>\n"


def _subtotal(tax: Tax, bill: Bill) -> str:
    reason = REASONS.get(tax.category)
    return (
        f"<cac:TaxSubtotal>{_amount('TaxableAmount', tax.base, bill)}{_amount('TaxAmount', tax.amount, bill)}"
        f"{_category('TaxCategory', f'{tax.category}{tax.percent}', reason)}</cac:TaxSubtotal>\n"
    )


@lru_cache(maxsize=64)
def _category(name: str, vat: str, reason: str | None = None) -> str:
    category, percent = split_vat(vat)
    because = f"<cbc:TaxExemptionReason>{reason}</cbc:TaxExemptionReason>" if reason else ""
    return (
        f"<cac:{name}><cbc:ID>{category}</cbc:ID><cbc:Percent>{percent}</cbc:Percent>{because}"
        f"<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:{name}>"
    )


def _totals(bill: Bill) -> str:
    lines = sum(charge.amount for charge in bill.charges)
    allowances = -sum(charge.amount for charge in bill.document_charges if charge.amount < 0)
    charges = sum(charge.amount for charge in bill.document_charges if charge.amount > 0)
    optional = (
        ("AllowanceTotalAmount", allowances),
        ("ChargeTotalAmount", charges),
        ("PrepaidAmount", bill.prepaid),
        ("PayableRoundingAmount", bill.rounding),
    )
    amounts = "".join(_amount(name, amount, bill) for name, amount in optional if amount)
    return (
        f"<cac:LegalMonetaryTotal>{_amount('LineExtensionAmount', lines, bill)}"
        f"{_amount('TaxExclusiveAmount', bill.net, bill)}{_amount('TaxInclusiveAmount', bill.current, bill)}"
        f"{amounts}{_amount('PayableAmount', bill.due, bill)}</cac:LegalMonetaryTotal>\n"
    )


def _lines(bill: Bill, root: str) -> Iterator[str]:
    account, currency = bill.account, bill.account.currency
    terms, names_sites = boreal_terms(currency), len(account.sites) > 1
    quantity = "CreditedQuantity" if root == "CreditNote" else "InvoicedQuantity"
    period = _period(bill)
    for number, charge in enumerate(bill.charges, start=1):
        cost = f"<cbc:AccountingCost>{charge.site.name}</cbc:AccountingCost>" if names_sites else ""
        yield (
            f"<cac:{root}Line><cbc:ID>{number}</cbc:ID>"
            f'<cbc:{quantity} unitCode="{UNIT_CODES.get(charge.unit, charge.unit)}">{charge.quantity}</cbc:{quantity}>'
            f'<cbc:LineExtensionAmount currencyID="{currency}">{text_of(charge.amount)}</cbc:LineExtensionAmount>'
            f"{cost}{period}{_object(charge)}"
            f"<cac:Item><cbc:Description>{charge.text}</cbc:Description><cbc:Name>{terms[charge.category]}</cbc:Name>"
            f"<cac:SellersItemIdentification><cbc:ID>{charge.code}</cbc:ID></cac:SellersItemIdentification>"
            f"{_category('ClassifiedTaxCategory', vat_of(charge, account))}</cac:Item>"
            f'<cac:Price><cbc:PriceAmount currencyID="{currency}">{price_of(charge.rate)}</cbc:PriceAmount></cac:Price>'
            f"</cac:{root}Line>\n"
        )


def _period(bill: Bill) -> str:
    return (
        f"<cac:InvoicePeriod><cbc:StartDate>{bill.period_start}</cbc:StartDate>"
        f"<cbc:EndDate>{bill.period_end}</cbc:EndDate></cac:InvoicePeriod>"
    )


def _object(charge: Charge) -> str:
    if not charge.service:
        return ""
    return (
        f"<cac:DocumentReference><cbc:ID>{charge.service}</cbc:ID>"
        "<cbc:DocumentTypeCode>130</cbc:DocumentTypeCode></cac:DocumentReference>"
    )


def _amount(name: str, minor: int, bill: Bill) -> str:
    return f'<cbc:{name} currencyID="{bill.account.currency}">{text_of(minor)}</cbc:{name}>'
