"""A CustomerBill and what belongs to it to a canonical invoice. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from billing_sources.canonical import BillType, CanonicalAccount, CanonicalInvoice, Issue
from billing_sources.readers.tmf_balances import bring_forward
from billing_sources.readers.tmf_charges import levies_in
from billing_sources.readers.tmf_group import Group, Rate
from billing_sources.readers.tmf_kind import Kind, kind_of, make_negative
from billing_sources.readers.tmf_shape import Shape
from billing_sources.readers.tmf_taxes import bases_of, taxes_of
from billing_sources.readers.tmf_usage import explaining
from billing_sources.readers.tmf_values import day, is_amount, period
from portal.money import ZERO

_LEVELS = ("customer", "billing account", "product")
_FIELDS = (
    "@id",
    "number",
    "type_code",
    "state",
    "billed_on",
    "due_on",
    "period_start",
    "period_end",
    "currency",
    "tax_excluded",
    "tax_included",
    "amount_due",
    "account",
    "account.name",
    "cycle",
    "remit_to",
)


class _Unreadable(Exception):
    """A bill without which nothing can be said: field, what was expected, what was found."""


class BillReading:
    def __init__(self, system: str, shapes: Mapping[str, Shape]) -> None:
        self._system = system
        bill, account, cycle = (shapes[name] for name in ("customerBill", "billingAccount", "billCycle"))
        self._source = bill.source
        self._take = bill.taking(*_FIELDS)
        self._party = {name: bill.one(name) for name in ("buyer", "buyer_id", "seller", "seller_id", "entity")}
        self._units = [bill.one(name) for name in ("currency.amount_due", "currency.tax_excluded")]
        self._levies = levies_in(bill, "taxItem")
        self._payments, payment = bill.each("appliedPayment")
        self._paid = payment.one("appliedAmount.value")
        self._of_account = {
            name: account.one(name)
            for name in ("account.name", "account.parent", "account.parent_name", "buyer", "buyer_id", "cycle")
        }
        self._balance_before = account.one("previous_balance")
        self._of_cycle = cycle.one("cycle")
        self._no_account, self._no_cycle = account.type(), cycle.type()  # of which everything is empty

    def read(self, bill: Any, origin: str, group: Group) -> CanonicalInvoice | Issue:
        """An issue in its place where a bill has no number, date or readable totals."""
        said = dict(zip(_FIELDS, self._take(bill), strict=True))
        try:
            invoice = self._heading(said, origin)
        except _Unreadable as unreadable:
            rule, field, expected, found = unreadable.args
            number = said["number"] or origin
            return Issue(rule, origin, self._source(field), expected, found, number, account=said["account"])
        account = group.others["billingAccount"].get(said["account"], self._no_account)
        cycle = group.others["billCycle"].get(said["cycle"], self._no_cycle)
        self._add_parties(invoice, said, (bill, account, cycle))
        rates = self._rates(invoice, group.charges.get(said["@id"], []))
        self._add_flaws(invoice, bill, rates, group.flaws.get(said["@id"], []))
        self._judge_taxes(invoice, bill, rates)
        self._bring_forward(invoice, bill, account)
        self._judge_kind(invoice, said["state"])
        if group.usage and invoice.charges:
            invoice.usage = explaining(rates, invoice.currency, group)
        return invoice

    def _heading(self, said: dict[str, Any], origin: str) -> CanonicalInvoice:
        if not said["number"]:
            raise _Unreadable("TMF-MISSING", "number", "a number", "none")
        start, end, flaw = self._period(said, origin)
        billed_on = self._day("billed_on", said)
        if billed_on is None:
            raise _Unreadable("TMF-MISSING", "billed_on", "a date", "none")
        return CanonicalInvoice(
            system=self._system,
            number=said["number"],
            bill_type=BillType.INVOICE,
            type_code=said["type_code"],
            currency=said["currency"],
            billed_on=billed_on,
            account=said["account"],
            due_on=self._day("due_on", said),
            period_start=start,
            period_end=end,
            remit_to=(said["remit_to"],) if said["remit_to"] else (),
            tax_excluded=self._amount("tax_excluded", said),
            tax_included=self._amount("tax_included", said),
            amount_due=self._amount("amount_due", said),
            origin=origin,
            flaws=flaw,
        )

    def _day(self, field: str, said: dict[str, Any]) -> date | None:
        try:
            return day(said[field])
        except ValueError as error:
            raise _Unreadable("TMF-DATE", field, "a day that exists", said[field][:80]) from error

    def _period(self, said: dict[str, Any], origin: str) -> tuple[date | None, date | None, list[Issue]]:
        start, end = said["period_start"], said["period_end"]
        try:
            return *period(start, end), []
        except ValueError:
            where, found = self._source("period_end"), f"{start} to {end}"[:80]
            flaw = Issue("TMF-DATE", origin, where, "days that exist", found, said["number"], is_fatal=False)
            return None, None, [flaw]

    def _amount(self, field: str, said: dict[str, Any]) -> Decimal | None:
        amount: Decimal | None = said[field]
        if amount is not None and not is_amount(amount):
            raise _Unreadable("TMF-VALUE", field, "an amount", str(amount)[:80])
        return amount if amount else None if amount is None else ZERO

    def _add_parties(self, invoice: CanonicalInvoice, said: dict[str, Any], whose: tuple[Any, Any, Any]) -> None:
        """Buyer, seller, cycle, and the nodes above and with the billing account. The bill's own word comes first."""
        bill, account, cycle = whose
        of_account = {name: get(account) for name, get in self._of_account.items()}
        for name, get in self._party.items():
            setattr(invoice, name, get(bill) or of_account.get(name, ""))
        invoice.cycle = self._of_cycle(cycle) or said["cycle"] or of_account["cycle"]
        parent = of_account["account.parent"] or invoice.buyer_id
        if parent and parent != invoice.account:
            name = of_account["account.parent_name"] or invoice.buyer
            invoice.accounts = [CanonicalAccount(parent, "", _LEVELS[0], name)]
        name = said["account.name"] or of_account["account.name"]
        invoice.accounts.append(CanonicalAccount(invoice.account, parent, _LEVELS[1], name))

    def _rates(self, invoice: CanonicalInvoice, found: list[Rate]) -> list[Rate]:
        """The bill's charges, each once, in order. A charge without a product belongs to the account itself."""
        rates = list({rate.rate_id or rate.charge.origin: rate for rate in found}.values())
        if len(rates) < len(found):
            twice = f"{len(found) - len(rates)} twice"
            self._flaw(invoice, "TMF-TWICE", ("charges", "each charge once", twice), fatal=False)
        products: dict[str, str] = {}
        for position, rate in enumerate(rates, 1):
            charge = rate.charge
            charge.position = position
            if charge.account and charge.account not in products:
                products[charge.account] = rate.product_name
        billed, level = invoice.account, _LEVELS[2]
        invoice.accounts += [CanonicalAccount(product, billed, level, name) for product, name in products.items()]
        invoice.charges = [rate.charge for rate in rates]
        return rates

    def _add_flaws(self, invoice: CanonicalInvoice, bill: Any, rates: list[Rate], flaws: list[Issue]) -> None:
        """What was noted of its parts, and amounts in another currency than the bill's."""
        for flaw in flaws:
            where = (flaw.rule, flaw.position, flaw.field, flaw.expected, flaw.found)
            invoice.flaws.append(Issue(*where, invoice.number, flaw.is_fatal))
        units = {get(bill) for get in self._units} | {rate.currency for rate in rates}
        for unit in sorted(units - {"", invoice.currency}):
            self._flaw(invoice, "TMF-CURRENCY", ("currency", invoice.currency, unit), fatal=True)

    def _judge_taxes(self, invoice: CanonicalInvoice, bill: Any, rates: list[Rate]) -> None:
        bases = bases_of((rate.charge.amount, rate.levies) for rate in rates if rate.levies)
        levies = self._levies(bill)
        invoice.taxes = taxes_of(levies, bases, invoice.tax_excluded, invoice.currency)
        printed = [levy.rate for levy in levies] or [rate for _, rate in bases]
        for tax, rate in zip(invoice.taxes, printed, strict=True):
            tax.origin = invoice.origin
            if rate is not None and tax.rate_percent is None:
                expected = f"a rate that gives {tax.amount} on {'an unknown base' if tax.base is None else tax.base}"
                self._flaw(invoice, "TMF-RATE", (self._source("tax.rate_percent"), expected, str(rate)), fatal=False)

    def _bring_forward(self, invoice: CanonicalInvoice, bill: Any, account: Any) -> None:
        paid = [amount for item in self._payments(bill) if (amount := self._paid(item)) and is_amount(amount)]
        before = self._balance_before(account)
        bring_forward(invoice, sum(paid, ZERO), before if before and is_amount(before) else ZERO)

    def _judge_kind(self, invoice: CanonicalInvoice, state: str) -> None:
        kind = kind_of(invoice, state)
        if not kind.is_known:
            self._flaw(invoice, "TMF-STATE", (self._source("state"), "a published state", state[:80]), fatal=False)
        self._apply(kind, invoice)

    def _apply(self, kind: Kind, invoice: CanonicalInvoice) -> None:
        invoice.bill_type, invoice.is_payable = kind.bill_type, kind.is_payable
        if kind.bill_type is BillType.VOID:
            invoice.charges, invoice.taxes, invoice.balance_forward = [], [], None
            invoice.tax_excluded = invoice.tax_included = invoice.amount_due = ZERO
        elif kind.is_turned:
            make_negative(invoice)
            found = f"{-(invoice.tax_included or ZERO)}"
            self._flaw(invoice, "TMF-SIGN", (self._source("tax_included"), "a negative total", found), fatal=False)

    def _flaw(self, invoice: CanonicalInvoice, rule: str, said: tuple[str, str, str], *, fatal: bool) -> None:
        """`said`: field, expected, found."""
        invoice.flaws.append(Issue(rule, invoice.origin, *said, invoice.number, fatal))
