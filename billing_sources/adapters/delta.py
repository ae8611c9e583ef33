"""DELTA: the new cloud billing system. TM Forum's TMF678 CustomerBill, versions 4 and 5, over REST (formats.md §1.8).

Where two sources of a field stand, the first is version 4's or the closer one; docs/sources/delta.md tells the rest.
"""

from __future__ import annotations

from billing_sources.adapter import Adapter, FieldMap, Vocabulary
from billing_sources.canonical import Category
from billing_sources.readers.tmf678 import read_bills
from billing_sources.readers.tmf_lineage import acknowledge, locate
from billing_sources.transports import Related, Rest

_BILL = (
    FieldMap("number", "customerBill.billNo"),
    FieldMap("number", "customerBill.id", "where there is no billNo"),
    FieldMap("type_code", "customerBill.category", "trial and duplicate: memo; credit note: turned where positive"),
    FieldMap("state", "customerBill.state", "onHold: not payable; cancelled: void"),
    FieldMap("state", "customerBill.status"),
    FieldMap("billed_on", "customerBill.billDate", "date"),
    FieldMap("due_on", "customerBill.paymentDueDate", "date"),
    FieldMap("period_start", "customerBill.billingPeriod.startDateTime", "date"),
    FieldMap("period_end", "customerBill.billingPeriod.endDateTime", "date; of whole months the day before"),
    FieldMap("cycle", "customerBill.billCycle.id", "its specification where billCycle tells"),
    FieldMap("cycle", "billCycle.billCycleSpecification.id"),
    FieldMap("cycle", "billCycle.BillCycleSpecification.id"),
    FieldMap("cycle", "billingAccount.billStructure.cycleSpecification.id"),
    FieldMap("currency", "customerBill.taxIncludedAmount.unit", "currency"),
    FieldMap("currency", "customerBill.taxExcludedAmount.unit", "currency"),
    FieldMap("currency", "customerBill.amountDue.unit", "currency"),
    FieldMap("currency.amount_due", "customerBill.amountDue.unit", "must be the bill's"),
    FieldMap("currency.tax_excluded", "customerBill.taxExcludedAmount.unit", "must be the bill's"),
    FieldMap("account", "customerBill.billingAccount.id"),
    FieldMap("account.name", "customerBill.billingAccount.name"),
    FieldMap("account.name", "billingAccount.name"),
    FieldMap("account.parent", "billingAccount.accountRelationship[parent].account.id"),
    FieldMap("account.parent_name", "billingAccount.accountRelationship[parent].account.name"),
    FieldMap("buyer", "customerBill.relatedParty[customer].name"),
    FieldMap("buyer", "customerBill.relatedParty[customer].partyOrPartyRole.name"),
    FieldMap("buyer", "billingAccount.relatedParty[customer].name"),
    FieldMap("buyer", "billingAccount.relatedParty[customer].partyOrPartyRole.name"),
    FieldMap("buyer_id", "customerBill.relatedParty[customer].id"),
    FieldMap("buyer_id", "customerBill.relatedParty[customer].partyOrPartyRole.id"),
    FieldMap("buyer_id", "billingAccount.relatedParty[customer].id"),
    FieldMap("buyer_id", "billingAccount.relatedParty[customer].partyOrPartyRole.id"),
    FieldMap("seller", "customerBill.relatedParty[seller].name"),
    FieldMap("seller", "customerBill.relatedParty[seller].partyOrPartyRole.name"),
    FieldMap("seller_id", "customerBill.relatedParty[seller].id"),
    FieldMap("seller_id", "customerBill.relatedParty[seller].partyOrPartyRole.id"),
    FieldMap("entity", "customerBill.relatedParty[seller].id"),
    FieldMap("entity", "customerBill.relatedParty[seller].partyOrPartyRole.id"),
    FieldMap("remit_to", "customerBill.financialAccount.name"),
    FieldMap("tax_excluded", "customerBill.taxExcludedAmount.value", "amount"),
    FieldMap("tax_included", "customerBill.taxIncludedAmount.value", "amount"),
    FieldMap("amount_due", "customerBill.amountDue.value", "amount"),
    FieldMap("payments_received", "customerBill.appliedPayment[].appliedAmount.value", "amount"),
    FieldMap("previous_balance", "billingAccount.accountBalance[previousBalance].amount.value", "amount"),
    FieldMap("tax.category", "customerBill.taxItem[].taxCategory"),
    FieldMap("tax.amount", "customerBill.taxItem[].taxAmount.value", "amount"),
    FieldMap("tax.rate_percent", "customerBill.taxItem[].taxRate", "amount"),
)
_RATE = (
    FieldMap("charge.bill", "appliedCustomerBillingRate.bill.id"),
    FieldMap("charge.bill", "appliedCustomerBillingRate.customerBill.id"),
    FieldMap("charge.is_billed", "appliedCustomerBillingRate.isBilled", "flag"),
    FieldMap("charge.amount", "appliedCustomerBillingRate.taxExcludedAmount.value", "amount"),
    FieldMap("charge.currency", "appliedCustomerBillingRate.taxExcludedAmount.unit", "must be the bill's"),
    FieldMap("charge.kind", "appliedCustomerBillingRate.type", "vocabulary"),
    FieldMap("charge.kind", "appliedCustomerBillingRate.appliedBillingRateType", "vocabulary"),
    FieldMap("charge.source_term", "appliedCustomerBillingRate.name", "vocabulary"),
    FieldMap("charge.description", "appliedCustomerBillingRate.description"),
    FieldMap("charge.account", "appliedCustomerBillingRate.product.id"),
    FieldMap("charge.account_name", "appliedCustomerBillingRate.product.name"),
    FieldMap("charge.service", "appliedCustomerBillingRate.characteristic[serviceId].value", "text or number"),
    FieldMap("charge.service", "appliedCustomerBillingRate.product.id"),
    FieldMap("charge.quantity", "appliedCustomerBillingRate.characteristic[quantity].value", "text or number"),
    FieldMap("charge.unit", "appliedCustomerBillingRate.characteristic[unit].value", "text or number"),
    FieldMap("charge.unit_price", "appliedCustomerBillingRate.characteristic[unitPrice].value", "text or number"),
    FieldMap("charge.product_code", "appliedCustomerBillingRate.characteristic[productCode].value", "text or number"),
    FieldMap("charge.period_start", "appliedCustomerBillingRate.periodCoverage.startDateTime", "date"),
    FieldMap("charge.period_end", "appliedCustomerBillingRate.periodCoverage.endDateTime", "date; see period_end"),
    FieldMap("tax.category", "appliedCustomerBillingRate.appliedTax[].taxCategory"),
    FieldMap("tax.amount", "appliedCustomerBillingRate.appliedTax[].taxAmount.value", "amount"),
    FieldMap("tax.rate_percent", "appliedCustomerBillingRate.appliedTax[].taxRate", "amount"),
)
_USAGE = (
    FieldMap("usage.started_at", "usage.usageDate", "moment"),
    FieldMap("usage.kind", "usage.usageType"),
    FieldMap("usage.charge", "usage.usageCharacteristic[appliedCustomerBillingRate].value", "text or number"),
    FieldMap("usage.service", "usage.usageCharacteristic[serviceId].value", "text or number"),
    FieldMap("usage.other_party", "usage.usageCharacteristic[otherParty].value", "text or number"),
    FieldMap("usage.quantity", "usage.usageCharacteristic[quantity].value", "text or number"),
    FieldMap("usage.unit", "usage.usageCharacteristic[unit].value", "text or number"),
    FieldMap("usage.product", "usage.ratedProductUsage[].productRef.id"),
    FieldMap("usage.amount", "usage.ratedProductUsage[].taxExcludedRatingAmount.value", "amount"),
    FieldMap("usage.currency", "usage.ratedProductUsage[].taxExcludedRatingAmount.unit", "must be the bill's"),
)

_TERMS = {
    Category.RECURRING: """
        recurringCharge, recurring charge, recurring, monthly, monthly charge, monthly fee, rental fee, subscription,
        recurringPriceCharge, flat rate, line rental, base fee, access fee, service fee
        """,
    Category.USAGE: """
        usageCharge, usage charge, usage, voice usage, data usage, message usage, sms usage, roaming usage,
        energy usage, calls, call charges, minutes, traffic, roaming, overage
        """,
    Category.ONE_TIME: """
        oneTimeCharge, one time charge, one-time charge, one time, setup fee, activation fee, installation, installation
        fee, connection fee, productAlteration, alteration fee, number porting
        """,
    Category.EQUIPMENT: "equipmentCharge, equipment charge, equipment, device, device instalment, handset, router",
    Category.DISCOUNT: """
        appliedBillingCredit, rebate, discount, volume discount, term discount, loyalty discount, promotion, coupon,
        special discount
        """,
    Category.ADJUSTMENT: "adjustment, billing adjustment, service credit, goodwill credit, correction, credit for",
    Category.LATE_FEE: "appliedPenaltyCharge, late fee, late payment charge, late payment fee, payment rejection fee",
    Category.SURCHARGE: "surcharge, regulatory fee, invoicing fee, paper bill fee, handling fee",
    Category.DEPOSIT: "deposit, security deposit",
    Category.ROUNDING: "rounding",
}


def _vocabulary() -> dict[str, Category]:
    return {
        " ".join(term.casefold().split()): category
        for category, terms in _TERMS.items()
        for term in " ".join(terms.split()).split(",")
    }


_RATES = Related("appliedCustomerBillingRate", asks="bill.id", ids="customerBill.id")
_CYCLES = Related("billCycle", asks="id", ids="customerBill.billCycle.id", is_optional=True)
_ACCOUNTS = Related(
    "billingAccount", asks="id", ids="customerBill.billingAccount.id", url="ACCOUNTS_URL", is_optional=True
)
_USED = Related(
    "usage",
    asks="ratedProductUsage.productRef.id",
    ids="appliedCustomerBillingRate.product.id",
    url="USAGE_URL",
    is_optional=True,
)

DELTA = Adapter(
    key="delta",
    title="Delta",
    plays="The new cloud billing system: TM Forum's CustomerBill API, versions 4 and 5, in euros.",
    default_currency="EUR",
    transport=Rest("customerBill", related=(_RATES, _CYCLES, _ACCOUNTS, _USED)),
    read=read_bills,
    mapping=_BILL + _RATE + _USAGE,
    vocabulary=Vocabulary(1, _vocabulary()),
    level_names=("customer", "billing account", "product"),
    locate=locate,
    acknowledge=acknowledge,
)
