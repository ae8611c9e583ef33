"""A generated bill as TM Forum resources: TMF678 versions 4 and 5, TMF666 and TMF635. Pure.

Money is written as JSON numbers, exact. Version 4 prints tax rates as percentages and version 5 as fractions, one
party as an object and the other as a list: what real servers do.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from billing_sources.canonical import Category
from billing_sources.generator.bill import Bill, Call, Charge, Minor
from billing_sources.generator.figures import price_of, text_of
from billing_sources.generator.taxes import split_vat, vat_of
from portal.money import round_to

Resource = dict[str, Any]

_KINDS = {
    Category.RECURRING: "recurringCharge",
    Category.USAGE: "usageCharge",
    Category.ONE_TIME: "oneTimeCharge",
    Category.EQUIPMENT: "equipmentCharge",
    Category.DISCOUNT: "appliedBillingCredit",
    Category.ADJUSTMENT: "appliedBillingCredit",
    Category.LATE_FEE: "appliedPenaltyCharge",
    Category.SURCHARGE: "surcharge",
}
_CORRECTED_AFTER = timedelta(days=9)


def customer_bill(bill: Bill, version: int) -> Resource:
    account = bill.account
    written: Resource = {
        "id": _bill_id(bill),
        "href": f"/customerBill/{_bill_id(bill)}",
        "@type": "CustomerBill",
        "billNo": bill.number,
        "billDate": _at(bill.billed_on, "06:00:00"),
        "lastUpdate": _at(bill.billed_on + (_CORRECTED_AFTER if bill.is_corrected else timedelta()), "04:12:00"),
        "paymentDueDate": _at(bill.due_on, "22:00:00"),
        "category": "credit note" if bill.form == "credit_note" else "normal",
        "runType": "onCycle",
        "state": "sent" if version > 4 else "validated",
        "billingPeriod": _period(bill),
        "billingAccount": {"id": account.external_id, "name": account.name, "@type": "BillingAccountRef"},
        "financialAccount": _financial_account(bill),
        "relatedParty": [_customer(bill, version), _seller(bill, version)],
        "taxExcludedAmount": _money(bill, bill.net),
        "taxIncludedAmount": _money(bill, bill.current),
        "amountDue": _money(bill, bill.due),
        "remainingAmount": _money(bill, bill.due),
        "taxItem": [
            {
                "@type": "TaxItem",
                "taxCategory": tax.category,
                "taxRate": _rate(tax.percent, version),
                "taxAmount": _money(bill, tax.amount),
            }
            for tax in bill.taxes
        ],
    }
    if version > 4:
        written["billCycle"] = {"id": _cycle_id(bill), "@type": "BillCycleRef"}
    return written


def applied_rates(bill: Bill, version: int) -> Iterator[Resource]:
    kind = "appliedBillingRateType" if version > 4 else "type"
    for position, charge in enumerate(bill.charges, 1):
        product = bill.account.site_id(charge.site)
        yield {
            "id": f"R-{bill.number}-{position}",
            "@type": "AppliedCustomerBillingRate",
            kind: _KINDS[charge.category],
            "name": charge.text,
            "isBilled": True,
            "bill": {"id": _bill_id(bill), **_typed("CustomerBillRef", version)},
            "date": _at(bill.billed_on, "02:00:00"),
            "periodCoverage": _period(bill),
            "product": {"id": product, "name": charge.site.name, **_typed("ProductRef", version)},
            "taxExcludedAmount": _money(bill, charge.amount),
            "appliedTax": [_applied_tax(bill, charge, version)],
            "characteristic": _characteristics(charge, version),
        }


def bill_cycle(bill: Bill) -> Resource:
    specification = {
        "id": bill.account.cycle,
        "name": f"Cycle {bill.account.cycle}",
        "@type": "BillCycleSpecificationRef",
    }
    return {
        "id": _cycle_id(bill),
        "@type": "BillCycle",
        "billingDate": _at(bill.billed_on, "06:00:00"),
        "billCycleSpecification": specification,
    }


def billing_account(bill: Bill, version: int) -> Resource:
    account, cycle = bill.account, bill.account.cycle
    return {
        "id": account.external_id,
        "@type": "BillingAccount",
        "name": account.name,
        "relatedParty": [_customer(bill, version)],
        "accountRelationship": [
            {
                "@type": "AccountRelationship",
                "relationshipType": "parent",
                "account": {"id": account.master, "name": account.customer.name, "@type": "AccountRef"},
                "validFor": {"startDateTime": "2019-01-01T00:00:00Z"},
            }
        ],
        "billStructure": {"cycleSpecification": {"id": cycle, "name": f"Cycle {cycle}", "isRef": True}},
    }


def usages(bill: Bill) -> Iterator[Resource]:
    for number, call in enumerate(bill.calls, 1):
        charge = bill.charges[call.charge - 1]
        yield {
            "id": f"U-{bill.number}-{number}",
            "@type": "Usage",
            "usageDate": f"{call.started_at.isoformat()}Z",
            "usageType": call.kind,
            "status": "billed",
            "usageCharacteristic": _used(call, f"R-{bill.number}-{call.charge}"),
            "ratedProductUsage": [
                {
                    "isBilled": True,
                    "productRef": {"id": bill.account.site_id(charge.site), "@type": "ProductRef"},
                    "taxExcludedRatingAmount": {"unit": bill.account.currency, "value": Decimal(price_of(call.amount))},
                }
            ],
        }


def _used(call: Call, rate_id: str) -> list[Resource]:
    said = {
        "serviceId": call.service,
        "otherParty": call.other_party,
        "quantity": str(call.quantity),
        "unit": call.unit,
    }
    return list(_named(4, appliedCustomerBillingRate=rate_id, **said))


def _characteristics(charge: Charge, version: int) -> list[Resource]:
    price = price_of(charge.rate) if charge.rate else ""
    said = {"serviceId": charge.service, "quantity": str(charge.quantity), "unit": charge.unit, "unitPrice": price}
    return list(_named(version, **said, productCode=charge.code))


def _named(version: int, **values: str) -> Iterator[Resource]:
    """Version 5 asks each part for its type, version 4 does not."""
    kind = {"@type": "StringCharacteristic"} if version > 4 else {}
    for name, value in values.items():
        if value:
            yield {"name": name, "value": value, **kind}


def _applied_tax(bill: Bill, charge: Charge, version: int) -> Resource:
    category, percent = split_vat(vat_of(charge, bill.account))
    share = round_to(Decimal(charge.amount).scaleb(-4) * Decimal(percent), bill.account.currency)
    return {
        **_typed("AppliedBillingTaxRate", version),
        "taxCategory": category,
        "taxRate": _rate(percent, version),
        "taxAmount": {"unit": bill.account.currency, "value": share},
    }


def _customer(bill: Bill, version: int) -> Resource:
    return _party("customer", bill.account.master, bill.account.customer.name, version)


def _seller(bill: Bill, version: int) -> Resource:
    seller = bill.account.format.remit_to
    return _party("seller", seller.seller_id, seller.name, version)


def _party(role: str, identity: str, name: str, version: int) -> Resource:
    if version > 4:
        party = {"id": identity, "name": name, "@type": "PartyRef", "@referredType": "Organization"}
        return {"role": role, "partyOrPartyRole": party, "@type": "RelatedPartyRefOrPartyRoleRef"}
    return {"role": role, "id": identity, "name": name, "@referredType": "Organization"}


def _financial_account(bill: Bill) -> Resource:
    seller = bill.account.format.remit_to
    return {"id": seller.iban, "name": f"{seller.name}, {seller.iban}", "@type": "FinancialAccountRef"}


def _typed(name: str, version: int) -> Resource:
    return {"@type": name} if version > 4 else {}


def _rate(percent: str, version: int) -> Decimal:
    return Decimal(percent).scaleb(-2) if version > 4 else Decimal(percent)


def _money(bill: Bill, minor: Minor) -> Resource:
    return {"unit": bill.account.currency, "value": Decimal(text_of(minor))}


def _period(bill: Bill) -> Resource:
    return {
        "startDateTime": _at(bill.period_start, "00:00:00"),
        "endDateTime": _at(bill.period_end + timedelta(days=1), "00:00:00"),
    }


def _at(day: date, time: str) -> str:
    return f"{day}T{time}Z"


def _bill_id(bill: Bill) -> str:
    return f"CB-{bill.number}"


def _cycle_id(bill: Bill) -> str:
    return f"BC-{bill.account.cycle}-{bill.billed_on:%Y%m}"
