"""What entered a group and what left it since the cycle before, account by account, and why.

An account's newest bill is held against the bill before it: a group of thirty sites says at once which site is new and
which is gone, whenever each is billed. Called inside `acting(actor)`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from django.urls import reverse

from billing_sources.models import Invoice
from payments.groups.membership import among, asked
from payments.groups.rules import Version, conditions, versions_of
from payments.groups.words import ASKS_ABOUT
from payments.invoices.queries import visible_to
from payments.models import InvoiceGroupMember
from portal.actor import Actor
from portal.money import format_amount

CYCLE: Final = timedelta(days=35)  # a month and its delays: whoever was billed since has had this cycle's bill
MOST_TOLD: Final = 50
# The newest bill of each account and system of this cycle, and the one before it.
_PAIRS: Final = """
    WITH newest AS (
        SELECT DISTINCT ON (i.account_id, i.system_id) i.id, i.account_id, i.system_id, i.billed_on
        FROM billing_sources_invoice i
        WHERE i.id IN ({visible}) AND i.is_payable AND i.billed_on > %s AND i.billed_on <= %s
        ORDER BY i.account_id, i.system_id, i.billed_on DESC, i.id DESC)
    SELECT newest.id, before.id FROM newest LEFT JOIN LATERAL (
        SELECT b.id FROM billing_sources_invoice b
        WHERE b.account_id = newest.account_id AND b.system_id = newest.system_id AND b.is_current AND b.is_payable
            AND b.billed_on < newest.billed_on
        ORDER BY b.billed_on DESC, b.id DESC LIMIT 1) before ON true
"""
_FITS: Final = "SELECT billing_sources_invoice.id, {asks} FROM billing_sources_invoice WHERE id = ANY(%s)"


class Pair(NamedTuple):
    newest: int
    before: int | None


@dataclass(frozen=True)
class Change:
    """An account's newest bill that is in the group while the one before was not, or the other way round."""

    entered: bool
    number: str
    url: str
    account: str
    billed_on: str
    why: str


@dataclass(frozen=True)
class Moved:
    """Of one group: the pairs whose newest bill entered, and those whose newest bill left."""

    entered: tuple[Pair, ...]
    left: tuple[Pair, ...]


def moved(actor: Actor, groups: Collection[int], day: date) -> dict[int, Moved]:
    """Group → what entered and left in the cycle up to `day`."""
    visible, seen = Invoice.objects.filter(visible_to(actor)).values("pk").query.sql_with_params()
    pairs = [Pair(*row) for row in asked(_PAIRS.format(visible=visible), (*seen, day - CYCLE, day))]
    held = among(groups, {invoice for pair in pairs for invoice in pair if invoice})
    return {group: _moved(group, pairs, held) for group in groups}


def tell(group: int, found: Moved) -> list[Change]:
    """Each of them with its reason, those that left first; at most `MOST_TOLD`."""
    told = [(pair, False) for pair in found.left] + [(pair, True) for pair in found.entered]
    del told[MOST_TOLD:]
    ids = [invoice for pair, _ in told for invoice in pair if invoice]
    invoices = Invoice.objects.select_related("account").in_bulk(ids)
    reasons = _Reasons(group, invoices)
    return [_change(pair, entered, invoices, reasons) for pair, entered in told]


def _moved(group: int, pairs: list[Pair], held: set[tuple[int, int]]) -> Moved:
    is_in = [((group, pair.newest) in held, (group, pair.before) in held) for pair in pairs]
    entered = tuple(pair for pair, (now, before) in zip(pairs, is_in, strict=True) if now and not before)
    left = tuple(pair for pair, (now, before) in zip(pairs, is_in, strict=True) if before and not now)
    return Moved(entered, left)


def _change(pair: Pair, entered: bool, invoices: Mapping[int, Invoice], reasons: _Reasons) -> Change:
    invoice = invoices[pair.newest]
    return Change(
        entered=entered,
        number=invoice.number,
        url=reverse("invoice", args=[invoice.code]),
        account=invoice.account.name if invoice.account else "",
        billed_on=f"{invoice.billed_on:%Y-%m-%d}",
        why=reasons.why(pair, entered),
    )


class _Reasons:
    """Why a bill is in the group, or is not, asked field by field of the rule of its day."""

    def __init__(self, group: int, invoices: Mapping[int, Invoice]) -> None:
        self.invoices = invoices
        self.versions = versions_of([group]).get(group, [])
        stands = InvoiceGroupMember.objects.filter(group=group, until_on=None, invoice_id__in=list(invoices))
        rows = stands.values_list("invoice_id", "is_excluded", "since_on", "placed_by__name")
        self.by_hand = {invoice: (excluded, f"{on:%Y-%m-%d}", name) for invoice, excluded, on, name in rows}
        self.misfits = {pk: misfit for version in self.versions for pk, misfit in self._misfits(version)}

    def why(self, pair: Pair, entered: bool) -> str:
        inside, outside = (pair.newest, pair.before) if entered else (pair.before, pair.newest)
        if entered and pair.before is None:
            return self._by_hand(pair.newest) or "first bill of this account"
        by_hand = self._by_hand(pair.newest) or self._by_hand(pair.before)
        return by_hand or self._by_rule(inside, outside, entered)

    def _by_hand(self, invoice: int | None) -> str:
        excluded, on, name = self.by_hand.get(invoice or 0, (None, "", None))
        if excluded is None:
            return ""
        by = f" by {name}" if name else ""
        which = "" if invoice is None else self.invoices[invoice].number
        return f"{which} {'kept out' if excluded else 'pinned'}{by} on {on}"

    def _by_rule(self, inside: int | None, outside: int | None, entered: bool) -> str:
        then, now = (outside, inside) if entered else (inside, outside)
        versions = [self._version(self.invoices[each]) for each in (then, now) if each]
        if len(set(versions)) > 1:
            return f"the rule is another since {versions[-1].from_on:%Y-%m-%d}" if versions[-1] else "the rule ended"
        fields = self.misfits.get(outside or 0, ())
        words = list(dict.fromkeys(ASKS_ABOUT[field] for field in fields))
        said = " and ".join(words) or "the rule"
        amounts = self._amounts(then, now) if "what was billed" in words else ""
        return f"{said} {'fits now' if entered else 'fits no longer'}{amounts}"

    def _amounts(self, then: int | None, now: int | None) -> str:
        texts = [
            format_amount(self.invoices[each].payable, self.invoices[each].currency) for each in (now, then) if each
        ]
        return f": {' after '.join(texts)}"

    def _version(self, invoice: Invoice) -> Version | None:
        return next((each for each in self.versions if each.from_on <= invoice.billed_on < each.until_on), None)

    def _misfits(self, version: Version) -> Iterator[tuple[int, list[str]]]:
        asks = conditions(version.rule, of_few=True)
        mine = [pk for pk, invoice in self.invoices.items() if self._version(invoice) == version]
        if not asks or not mine:
            return
        sql = _FITS.format(asks=", ".join(f"COALESCE({condition}, false)" for condition, _ in asks.values()))
        values: list[Any] = [value for _, given in asks.values() for value in given]
        for pk, *fits in asked(sql, (*values, mine)):
            yield pk, [field for field, fit in zip(asks, fits, strict=True) if not fit]
