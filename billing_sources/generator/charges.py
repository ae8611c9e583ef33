"""What an account is charged in a month. Pure: the same account and month give the same charges."""

from __future__ import annotations

from collections.abc import Iterator

from billing_sources.canonical import Category
from billing_sources.generator.bill import Charge, Minor
from billing_sources.generator.carrier import Account
from billing_sources.generator.dice import Dice
from billing_sources.generator.format import Market
from billing_sources.generator.service_lines import Line, LineUp, use_of


def charges_of(lines: LineUp, account: Account, month: int, form: str) -> list[Charge]:
    """A month's own charges, without what depends on earlier bills."""
    dice = lines.dice("month", month)
    if form == "credit_note":
        return list(_credited(lines, account, month, dice))
    charges = [
        charge for line, is_new in lines.lines(month) for charge in _line_charges(line, is_new, dice, account.currency)
    ]
    charges += _discount(charges, account, lines.dice("contract"))
    if account.format.market is Market.AMERICA:
        charges += _surcharges(charges, account)
    if dice.percent(3):
        credit = sum(charge.amount for charge in charges[:1]) // 10
        charges.append(plain_charge(Category.ADJUSTMENT, "Service credit, outage", "ADJ", account, -credit))
    return charges


def _line_charges(line: Line, is_new: bool, dice: Dice, currency: str) -> Iterator[Charge]:
    product, service, site = line.product, line.service, line.site
    quantity, vat = line.quantity, product.vat
    amount = quantity * line.price
    yield Charge(
        Category.RECURRING, product.title, product.code, service, site, quantity, "EA", line.price * 1000, amount, vat
    )
    used, rate, amount = use_of(line, dice, currency)
    if product.usage and amount:
        text, unit = f"{product.usage.title}, {product.title}", product.usage.unit
        yield Charge(Category.USAGE, text, product.code, service, site, used, unit, rate, amount, vat)
    if line.device:
        text, amount = f"Equipment for {product.title}", line.device
        yield Charge(Category.EQUIPMENT, text, "EQ", service, site, 1, "EA", amount * 1000, amount, vat)
    if is_new:
        text, amount = f"Installation, {product.title}", line.price // 4 + 2500
        yield Charge(Category.ONE_TIME, text, "NRC", service, site, 1, "EA", amount * 1000, amount, vat)


def _discount(charges: list[Charge], account: Account, contract: Dice) -> Iterator[Charge]:
    """Three contracts in ten give a discount on what is standard rated."""
    if not contract.percent(30):
        return
    percent = contract.between(2, 6) * 2
    base = sum(charge.amount for charge in charges if charge.category == Category.RECURRING and charge.vat == "S25")
    if base >= 100:
        text = f"Term discount {percent} %"
        yield plain_charge(Category.DISCOUNT, text, "DSC", account, -(base * percent // 100))


def _surcharges(charges: list[Charge], account: Account) -> Iterator[Charge]:
    interstate = sum(charge.amount for charge in charges if charge.category == Category.USAGE)
    if interstate >= 10:
        text = "Federal universal service fund"
        yield plain_charge(Category.SURCHARGE, text, "FUSF", account, interstate * 34 // 100)
    telephones = sum(1 for charge in charges if charge.category == Category.RECURRING and charge.code in _TELEPHONY)
    if telephones:
        yield plain_charge(Category.SURCHARGE, "Emergency service 911", "E911", account, telephones * 75)


_TELEPHONY = frozenset({"1130", "1210", "2051", "2210", "2211"})


def _credited(lines: LineUp, account: Account, month: int, dice: Dice) -> Iterator[Charge]:
    """A credit note gives back part of a line or two; negative unless the system prints it without a sign."""
    sign = 1 if account.format.credits_are_positive else -1
    for line, _ in list(lines.lines(month))[: dice.between(1, 2)]:
        amount = sign * max(100, line.price * line.quantity * dice.between(10, 60) // 100)
        text, code = f"Credit for {line.product.title}", line.product.code
        yield Charge(
            Category.ADJUSTMENT,
            text,
            code,
            line.service,
            line.site,
            sign,
            "EA",
            abs(amount) * 1000,
            amount,
            line.product.vat,
        )


def plain_charge(category: Category, text: str, code: str, account: Account, amount: Minor) -> Charge:
    """A charge of the whole account, of no service. Interest on arrears is outside value added tax."""
    sign, vat = (-1 if amount < 0 else 1), "E0" if category == Category.LATE_FEE else "S25"
    return Charge(category, text, code, "", account.sites[0], sign, "EA", abs(amount) * 1000, amount, vat)


def raised(charges: list[Charge], percent: int) -> list[Charge]:
    if not percent:
        return charges
    return [_reprice(charge, percent) if charge.category == Category.RECURRING else charge for charge in charges]


def _reprice(charge: Charge, percent: int) -> Charge:
    price = charge.rate // 1000 * (100 + percent) // 100
    return charge._replace(rate=price * 1000, amount=charge.quantity * price)
