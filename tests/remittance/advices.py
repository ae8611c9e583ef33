"""Advices for the tests: one that looks real, and any number of lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from remittance.advice import (
    AdviceLine,
    BankAccount,
    Issue,
    Method,
    Payee,
    Payer,
    PaymentFacts,
    RemittanceAdvice,
    build,
)

IBAN = BankAccount("Nordbanken", "iban", "SE45 5000 0000 0583 9825 7466", "NDEASESS")
ABA = BankAccount("First Bank of Lake County", "aba", "0004411982", "071000013")
ISSUED = Issue(version=1, issued_at=datetime(2026, 11, 21, 9, 30, tzinfo=UTC))
PAYER = Payer("Harlow Freight Group", "40-11982", ("Accounts payable", "12 Dock Street"))


def line(invoice: str, gross: str, paid: str, short_paid: str = "0.00", **rest: str) -> AdviceLine:
    if Decimal(short_paid):
        rest = {"reason": "rate not as agreed", "x12_reason": "01"} | rest
    facts = {"system": "atlas", "account": "40-1", "account_label": "Harlow Nord · Malmö"} | rest
    return AdviceLine(
        invoice,
        gross=Decimal(gross),
        paid=Decimal(paid),
        short_paid=Decimal(short_paid),
        billed_on=date(2026, 11, 1),
        **facts,
    )


MOCK_UP_LINES = (
    line("B4-20261101-500", "8120.40", "8120.40"),
    line("B1-20261147-699", "6154.45", "6154.45", account_label="Shared services · DC 2", note="reissued 18 Nov"),
    line("B9-20261084-751", "2617.82", "2497.82", "120.00", note="dispute D-1184"),
    line("CN-20261003-018", "-337.50", "-337.50", account_label="Credit note", note="settles dispute D-1102"),
)


def advice(
    lines: Sequence[AdviceLine] = MOCK_UP_LINES,
    currency: str = "EUR",
    method: Method = "wire",
    payer: Payer = PAYER,
    issue: Issue = ISSUED,
) -> RemittanceAdvice:
    """Ties by itself: the payment is the sum of the lines."""
    amount = sum((one.paid for one in lines), Decimal(0))
    payment = PaymentFacts("PAY-2211-3", "2211", 3, 3, method, date(2026, 12, 12), currency, amount)
    payee = Payee(
        "Meridian Networks AB", ("Receivables, Box 4410", "115 92 Stockholm"), IBAN if currency == "EUR" else ABA
    )
    return build(payment, payee, payer, lines, issue)


def many_lines(count: int, labels: Iterable[str] = ("Harlow Nord · Malmö",)) -> list[AdviceLine]:
    names = list(labels)
    return [
        replace(
            line(f"B4-2026-{number:05d}", f"{100 + number}.25", f"{100 + number}.25"),
            account_label=names[number % len(names)],
        )
        for number in range(count)
    ]
