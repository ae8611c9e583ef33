"""Cloud cost files for tests: FOCUS rows by column, written as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping

ROW = {
    "BilledCost": "1.00000000000",
    "EffectiveCost": "0.75",
    "BillingAccountId": "40-11982",
    "BillingAccountName": "Harbor Foods",
    "BillingCurrency": "USD",
    "BillingPeriodStart": "2026-10-01T00:00:00Z",
    "BillingPeriodEnd": "2026-11-01T00:00:00Z",
    "ChargeCategory": "Usage",
    "ChargeClass": "NULL",
    "ChargeDescription": "Object storage, standard",
    "ChargeFrequency": "Usage-Based",
    "ChargePeriodStart": "2026-10-08T22:00:00Z",
    "ChargePeriodEnd": "2026-10-08T23:00:00Z",
    "InvoiceIssuerName": "Meridian Cloud",
    "PricingQuantity": "2.5",
    "PricingUnit": "GB-Months",
    "RegionName": "US West",
    "ResourceId": "bucket/reno-backups",
    "SkuId": "STO-1",
    "SubAccountId": "40-11982-01",
    "SubAccountName": "Harbor Foods, Reno",
    "Tags": '{"owner": "ops",\n "stage": "live"}',
}


def row(amount: str = "1.00", **fields: str) -> dict[str, str]:
    return ROW | {"BilledCost": amount} | fields


def cost_file(rows: Iterable[Mapping[str, str]], columns: Iterable[str] = ROW) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), extrasaction="ignore", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
