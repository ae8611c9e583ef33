"""What a cloud cost file may look like: one table a dialect, canonical field → its columns. Pure.

The tables of AWS, Azure and OCI follow the conversion rules that the FinOps Foundation publishes for them. Money is
what is billed, never what is amortised (EffectiveCost). Of several columns the first that is not blank counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from billing_sources.adapter import FieldMap

KEY = ("seller", "account", "currency", "period_start", "period_end")
"""What makes an invoice: one issuer bills one account in one currency for one period."""

FIELDS = (
    "charge.amount", "charge.category", "charge.class", "charge.frequency", "charge.description",
    "charge.period_start", "charge.period_end", "charge.account", "account.name", "charge.service",
    "charge.product_code", "charge.quantity", "charge.unit", "tax.jurisdiction", "buyer",
)  # fmt: skip


@dataclass(frozen=True)
class Dialect:
    """One dialect. `marks` are columns that only it has; they must all be there."""

    name: str
    marks: tuple[str, ...]
    columns: dict[str, tuple[str, ...]]
    seller: str = ""  # where the file does not say who bills
    is_end_exclusive: bool = True
    category: str = ""  # of charges, where the file does not say
    is_monthly: bool = False  # no billing period is stated: it is the month of the charge


FOCUS = Dialect(
    "FOCUS",
    marks=("BilledCost", "BillingPeriodStart", "BillingPeriodEnd", "ChargeCategory"),
    columns={
        "seller": ("InvoiceIssuerName",),
        "account": ("BillingAccountId",),
        "buyer": ("BillingAccountName",),
        "currency": ("BillingCurrency",),
        "period_start": ("BillingPeriodStart",),
        "period_end": ("BillingPeriodEnd",),
        "charge.amount": ("BilledCost",),
        "charge.category": ("ChargeCategory",),
        "charge.class": ("ChargeClass",),
        "charge.frequency": ("ChargeFrequency",),
        "charge.description": ("ChargeDescription",),
        "charge.period_start": ("ChargePeriodStart",),
        "charge.period_end": ("ChargePeriodEnd",),
        "charge.account": ("SubAccountId",),
        "account.name": ("SubAccountName",),
        "charge.service": ("ResourceId",),
        "charge.product_code": ("SkuId",),
        "charge.quantity": ("PricingQuantity", "ConsumedQuantity"),
        "charge.unit": ("PricingUnit", "ConsumedUnit"),
        "tax.jurisdiction": ("RegionName",),
    },
)
_AWS = {
    "seller": ("bill/InvoicingEntity",),
    "account": ("bill/PayerAccountId",),
    "currency": ("lineItem/CurrencyCode",),
    "period_start": ("bill/BillingPeriodStartDate",),
    "period_end": ("bill/BillingPeriodEndDate",),
    "charge.amount": ("lineItem/NetUnblendedCost", "lineItem/UnblendedCost"),
    "charge.category": ("lineItem/LineItemType",),
    "charge.description": ("lineItem/LineItemDescription",),
    "charge.period_start": ("lineItem/UsageStartDate", "identity/TimeInterval"),
    "charge.period_end": ("lineItem/UsageEndDate", "identity/TimeInterval"),
    "charge.account": ("lineItem/UsageAccountId",),
    "charge.service": ("lineItem/ResourceId",),
    "charge.product_code": ("product/sku",),
    "charge.quantity": ("lineItem/UsageAmount",),
    "charge.unit": ("pricing/unit",),
    "tax.jurisdiction": ("product/region",),
}
AWS = Dialect("AWS", ("lineItem/LineItemType", "lineItem/UnblendedCost", "bill/PayerAccountId"), _AWS)


def _underscored(column: str) -> str:
    """`lineItem/UsageAmount` is `line_item_usage_amount` in the columns of AWS's newer export."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in column.replace("/", "_")).replace(
        "__", "_"
    )


AWS_2 = Dialect(
    "AWS 2",
    ("line_item_line_item_type", "line_item_unblended_cost", "bill_payer_account_id"),
    {field: tuple(map(_underscored, columns)) for field, columns in _AWS.items()},
)
AZURE = Dialect(
    "Azure",
    marks=("CostInBillingCurrency", "BillingPeriodStartDate", "BillingPeriodEndDate", "ChargeType"),
    columns={
        "account": ("BillingAccountId",),
        "buyer": ("BillingAccountName",),
        "currency": ("BillingCurrencyCode",),
        "period_start": ("BillingPeriodStartDate",),
        "period_end": ("BillingPeriodEndDate",),
        "charge.amount": ("CostInBillingCurrency",),
        "charge.category": ("ChargeType",),
        "charge.frequency": ("Frequency",),
        "charge.description": ("ProductName",),
        "charge.period_start": ("Date",),
        "charge.period_end": ("Date",),
        "charge.account": ("SubscriptionId",),
        "account.name": ("SubscriptionName",),
        "charge.service": ("ResourceId",),
        "charge.product_code": ("PartNumber",),
        "charge.quantity": ("Quantity",),
        "charge.unit": ("UnitOfMeasure",),
        "tax.jurisdiction": ("ResourceLocation",),
    },
    seller="Microsoft",
    is_end_exclusive=False,
)
OCI = Dialect(
    "OCI",
    marks=("cost/myCostOverage", "cost/currencyCode", "lineItem/intervalUsageStart"),
    columns={
        "account": ("cost/subscriptionId",),
        "currency": ("cost/currencyCode",),
        "period_start": ("lineItem/intervalUsageStart",),
        "period_end": ("lineItem/intervalUsageStart",),
        "charge.amount": ("cost/myCostOverage",),
        "charge.class": ("lineItem/isCorrection",),
        "charge.description": ("product/Description",),
        "charge.period_start": ("lineItem/intervalUsageStart",),
        "charge.period_end": ("lineItem/intervalUsageEnd",),
        "charge.account": ("lineItem/tenantId",),
        "charge.service": ("product/resourceId",),
        "charge.product_code": ("cost/productSku",),
        "charge.quantity": ("usage/billedQuantity",),
        "charge.unit": ("cost/skuUnitDescription",),
        "tax.jurisdiction": ("product/region",),
    },
    seller="Oracle",
    category="Usage",
    is_monthly=True,
)
DIALECTS = (FOCUS, AWS, AWS_2, AZURE, OCI)

_TRANSFORMS = {
    "charge.amount": "amount, rounded once for the invoice",
    "charge.category": "with class and frequency: vocabulary",
    "charge.quantity": "amount",
    "charge.period_start": "date",
    "charge.period_end": "date, end exclusive",
    "period_start": "date; part of the number",
    "period_end": "date; part of the number",
    "seller": "part of the number",
    "account": "part of the number",
    "currency": "part of the number",
}


def mapping(dialects: Sequence[Dialect] = DIALECTS) -> tuple[FieldMap, ...]:
    """The tables as `describe_source` prints them."""
    return tuple(
        FieldMap(field, f"{dialect.name} {column}", _TRANSFORMS.get(field, ""))
        for dialect in dialects
        for field, columns in dialect.columns.items()
        for column in columns
    )
