"""Many invoices changed at once: what becomes of each, what cannot be, and how it is taken back. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from payments.domain.allocation import InvoiceFacts
from payments.domain.reasons import reason as reason_of
from payments.domain.refusals import Refusal, Rule
from payments.domain.tagging import why_not_tags
from payments.domain.to_pay import ToPayWish, Wanted, mark, why_not_wanted
from portal.money import ZERO, round_to

AMOUNTS: Final = {
    "": "As it is",
    "open": "All that is open",
    "percent": "A part, in percent of what is open",
    "nothing": "Nothing now: it is left open",
    "clear": "Nothing is said any more",
}
_WHOLE: Final = Decimal(100)
_ANY: Final = UUID(int=0)  # the invoice is the one at hand


@dataclass(frozen=True)
class BulkChange:
    """What is asked for of all. `amount` is a key of `AMOUNTS`; `reason` None leaves it, "" takes it away."""

    add_tag: str = ""
    remove_tag: str = ""
    amount: str = ""
    percent: Decimal | None = None
    reason: str | None = None
    note: str = ""

    @property
    def is_about_tags(self) -> bool:
        return bool(self.add_tag or self.remove_tag)

    @property
    def is_about_paying(self) -> bool:
        return bool(self.amount) or self.reason is not None


@dataclass(frozen=True)
class Cells:
    """What of an invoice can be changed in bulk."""

    to_pay: Wanted | None = None
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Planned:
    """What becomes of one invoice; a refused one stays as it is."""

    invoice: InvoiceFacts
    before: Cells
    after: Cells
    refusal: Refusal | None = None

    @property
    def is_change(self) -> bool:
        return self.refusal is None and self.before != self.after


def why_not_asked(change: BulkChange) -> Refusal | None:
    """Why it cannot be meant at all, whatever the invoices."""
    if not change.is_about_tags and not change.is_about_paying:
        return Refusal(Rule.EMPTY, "Say what is to change.")
    if change.amount not in AMOUNTS:
        return Refusal(Rule.NOT_POSITIVE, "Choose what is to be paid from the list.")
    percent = change.percent
    if change.amount == "percent" and (percent is None or not percent.is_finite() or not 0 <= percent <= _WHOLE):
        return Refusal(Rule.NOT_POSITIVE, "A part is 0 to 100 percent.")
    return why_not_tags(filter(None, (change.add_tag, change.remove_tag)))


def plan(change: BulkChange, invoice: InvoiceFacts, before: Cells) -> Planned:
    wish = _wish(change, invoice, before.to_pay)
    refusal = why_not_wanted(invoice, before.to_pay, wish) if wish else None
    if refusal:
        return Planned(invoice, before, before, refusal)
    tags = (before.tags | {change.add_tag}) - {change.remove_tag} - {""} if change.is_about_tags else before.tags
    return Planned(invoice, before, Cells(_wanted(wish, invoice.currency) if wish else before.to_pay, tags))


def plan_back(invoice: InvoiceFacts, now: Cells, before: Mapping[str, Any], after: Mapping[str, Any]) -> Planned:
    """What a change set changed of the invoice is taken back, where nobody changed it since."""
    if any(_stands(now, key) != value for key, value in after.items()):
        words = f"{invoice.number} was changed since."
        return Planned(invoice, now, now, Refusal(Rule.CHANGED_SINCE, words))
    then = _restored(now, before)
    if then.to_pay != now.to_pay:
        wanted = then.to_pay or Wanted(ZERO)
        amount = then.to_pay.amount if then.to_pay else None
        wish = ToPayWish(_ANY, amount, wanted.reason, wanted.note)
        if refusal := why_not_wanted(invoice, now.to_pay, wish):
            return Planned(invoice, now, now, refusal)
    return Planned(invoice, now, then)


def differences(planned: Planned) -> tuple[dict[str, Any], dict[str, Any]]:
    """What differs, as it is kept: {"to_pay": ["60.00", reason, note] or None, "tag CC 4410": True}."""
    keys = [f"tag {name}" for name in sorted(planned.before.tags ^ planned.after.tags)]
    if planned.before.to_pay != planned.after.to_pay:
        keys.append("to_pay")
    return {key: _stands(planned.before, key) for key in keys}, {key: _stands(planned.after, key) for key in keys}


def mark_of(outcome: Iterable[Planned]) -> str:
    """The same text for the same outcome: what a preview carries, so that nothing else is done than what was seen."""
    digest = hashlib.sha256()
    for planned in outcome:
        said = (
            *(
                f"{planned.invoice.id}:{mark(cells.to_pay)}:{sorted(cells.tags)}"
                for cells in (planned.before, planned.after)
            ),
            planned.refusal.rule if planned.refusal else "",
        )
        digest.update("\n".join(said).encode())
    return digest.hexdigest()


def in_words(change: BulkChange) -> str:
    """“tag CC 4410; to pay: 50 %; reason: Tax exempt”."""
    part = f"{change.percent.normalize():f} % of what is open" if change.percent is not None else ""
    said = [
        f"tag “{change.add_tag}”" if change.add_tag else "",
        f"take “{change.remove_tag}” off" if change.remove_tag else "",
        f"to pay: {(part if change.amount == 'percent' else AMOUNTS[change.amount].lower())}" if change.amount else "",
        _reason_in_words(change),
    ]
    return "; ".join(filter(None, said))


def _reason_in_words(change: BulkChange) -> str:
    if change.reason is None:
        return ""
    known = reason_of(change.reason)
    return f"reason: {': '.join(filter(None, (known.words, change.note)))}" if known else "no reason"


def _wish(change: BulkChange, invoice: InvoiceFacts, standing: Wanted | None) -> ToPayWish | None:
    if not change.is_about_paying:
        return None
    if change.amount == "clear":
        return ToPayWish(_ANY, None)
    said = standing or Wanted(ZERO)
    if change.amount in ("open", "nothing") and change.reason is None:
        said = replace(said, reason="", note="")
    elif change.reason is not None:
        said = replace(said, reason=change.reason, note=change.note if change.reason else "")
    amounts = {
        "": standing.amount if standing else None,
        "open": invoice.open,
        "percent": round_to(invoice.open * (change.percent or ZERO) / _WHOLE, invoice.currency),
        "nothing": ZERO,
    }
    return ToPayWish(_ANY, amounts[change.amount], said.reason, said.note)


def _wanted(wish: ToPayWish, currency: str) -> Wanted | None:
    return None if wish.amount is None else Wanted(round_to(wish.amount, currency), wish.reason, wish.note.strip())


def _stands(cells: Cells, key: str) -> Any:
    if key == "to_pay":
        wanted = cells.to_pay
        return None if wanted is None else [f"{wanted.amount.normalize():f}", wanted.reason, wanted.note]
    return key.removeprefix("tag ") in cells.tags


def _restored(now: Cells, before: Mapping[str, Any]) -> Cells:
    tags = set(now.tags)
    for key, stood in before.items():
        if key != "to_pay":
            (tags.add if stood else tags.discard)(key.removeprefix("tag "))
    to_pay = now.to_pay
    if "to_pay" in before:
        kept = before["to_pay"]
        to_pay = None if kept is None else Wanted(Decimal(kept[0]), *kept[1:])
    return Cells(to_pay, frozenset(tags))
