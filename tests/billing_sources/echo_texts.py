"""Echo's statements for tests: one true file, and ways to spoil it."""

from __future__ import annotations

HEADER = "0000|BILL|ECHO|WIRELESS|07|W7-20261107"
CODES = (
    "100|HF|Harbor Foods",
    "120|MRC|Monthly charges",
    "120|USG|Usage charges",
    "120|CRD|Credits",
    "120|OCC|One-time charges",
    "130|PLAN|Rate plan",
    "130|VOICE|Voice usage",
    "130|DATA|Data usage",
    "130|SC|Service credit",
    "130|ACT|Activation",
    "140|ST|State sales tax",
    "150|CA|California",
    "210|MOB|Mobile originated",
    "240|SEC|s",
    "240|MB|MB",
)
HARBOR = (
    "1000|W7-1001|40-11982|Harbor Foods (West)|11072026|10072026|11062026|"
    "120.00|(100.00)|(5.00)|15.00|78.13|93.13|12072026|USD",
    "1100|W7-1001|ACH|10212026|(100.00)|ACH 5531",
    "1200|W7-1001|GOODWILL|Late delivery (October)|(5.00)",
    "2000|W7-1001|40-11982-01|Harbor Foods, Reno|4 Dock St||Reno|NV|US|89501|60.00|6.90|(7.50)|15.00|3.73|78.13",
    "3000|W7-1001|40-11982-01|7755550101|M. Núñez|60.00|6.90|(7.50)|15.00|3.73|78.13",
    "3100|W7-1001|40-11982-01|7755550101|MRC|PLAN|Business 40 (shared)|10072026|11062026|2|30.00|60.00",
    "3100|W7-1001|40-11982-01|7755550101|USG|VOICE|Calls abroad|10072026|11062026|69|0.0333|2.30",
    "3100|W7-1001|40-11982-01|7755550101|USG|DATA|Roaming, 46 MB|10072026|11062026|46|0.10|4.60",
    "3100|W7-1001|40-11982-01|7755550101|CRD|SC|Credit for an outage|||1|(7.50)|(7.50)",
    "3100|W7-1001|40-11982-01|7755550101|OCC|ACT|Activation||||15.00|15.00",
    "3200|W7-1001|40-11982-01|7755550101|ST|CA|5.00|3.73",
    "4000|U1|W7-1001|40-11982-01|7755550101|10082026|093000|34915550000|T1|MOB|O|VOICE|30|SEC|1.00",
    "4000|U2|W7-1001|40-11982-01|7755550101|10092026|101501|34915550001|T1|MOB|O|VOICE|39|SEC|1.30",
    "4000|U3|W7-1001|40-11982-01|7755550101|10102026|000000||T2|MOB|O|DATA|46|MB|4.60",
)
CEDAR = (
    "1000|W7-1002|40-20871|Cedar Mills|11072026|10072026|11062026|0.00|0.00|0.00|0.00|44.00|44.00|12072026|USD",
    "2000|W7-1002|40-20871-01|Cedar Mills, Plant 1|1 Mill Rd||Eugene|OR|US|97401|40.00|0.00|0.00|0.00|0.00|40.00",
    "2000|W7-1002|40-20871-02|Cedar Mills, Plant 2|2 Mill Rd||Bend|OR|US|97701|0.00|4.00|0.00|0.00|0.00|4.00",
    "3100|W7-1002|40-20871-01||MRC|PLAN|Telemetry, 80 devices|10072026|11062026|80|0.50|40.00",
    "3100|W7-1002|40-20871-02|5415550177|USG|DATA|Telemetry data|10072026|11062026|400|0.01|4.00",
)
SEPARATE = (*HARBOR, *CEDAR)


def trailer(records: int, statements: int, total: str) -> str:
    return f"9999|{records}|{statements}|{total}"


def statements(*records: str, total: str = "137.13", encoding: str = "cp1252") -> bytes:
    """A whole file of these records, HARBOR and CEDAR where none are given; its trailer is true of counts."""
    records = records or SEPARATE
    bills = sum(record.startswith("1000|") for record in records)
    lines = (HEADER, *CODES, *records, trailer(len(CODES) + len(records) + 2, bills, total))
    return "".join(f"{line}\r\n" for line in lines).encode(encoding)
