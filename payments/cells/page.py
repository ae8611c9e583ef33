"""One invoice's cells, to be read and to be changed. Called inside `acting(actor)`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from django.db.models import Q
from django.utils.safestring import SafeString

from payments.cells.reading import read_to_pay
from payments.domain.tagging import read_tags
from payments.domain.to_pay import ToPayWish, Wanted, mark
from payments.invoices.columns import columns_of
from payments.invoices.filters import InvoiceFilter
from payments.invoices.listing import facts_of
from payments.invoices.markup import Look, table_rows
from payments.invoices.queries import visible_to
from payments.invoices.rows import InvoiceFacts
from payments.operations.edit_cells import TagsWish
from portal.actor import Actor
from portal.customers import access
from portal.money import format_amount


@dataclass(frozen=True)
class Cells:
    """The form of one invoice; `seen` and `seen_tags` go back with it, to tell whether somebody was there meanwhile."""

    code: UUID
    number: str
    account: str
    currency: str
    open: str
    tags: str
    seen_tags: str
    to_pay: str
    reason: str
    note: str
    seen: str


@dataclass(frozen=True)
class Edit:
    """What was posted of an invoice."""

    tags: TagsWish | None
    to_pay: ToPayWish | None


def facts_for(actor: Actor, code: UUID, today: date) -> InvoiceFacts | None:
    """What the list shows of the invoice, or None where this person cannot see it."""
    return next(facts_of(visible_to(actor) & Q(code=code), InvoiceFilter(state="all"), today), None)


def cells_of(facts: InvoiceFacts, posted: Mapping[str, str]) -> Cells:
    """As they stand, under what was typed and refused."""
    shown = Cells(
        code=facts.code,
        number=facts.number,
        account=facts.account or "",
        currency=facts.currency,
        open=format_amount(facts.open, facts.currency),
        tags=", ".join(facts.own_tags),
        seen_tags=", ".join(facts.own_tags),
        to_pay="" if facts.to_pay is None else format_amount(facts.to_pay, facts.currency),
        reason=facts.reason,
        note=facts.note,
        seen=mark(_standing(facts)),
    )
    return replace(
        shown,
        tags=posted.get("tags", shown.tags),
        to_pay=posted.get("to_pay", shown.to_pay),
        reason=posted.get("reason", shown.reason),
        note=posted.get("note", shown.note),
    )


def read_edit(facts: InvoiceFacts, posted: Mapping[str, str]) -> Edit:
    """Only what was posted is changed; the rest of a wish stays. Raises `Refused` for what does not read."""
    tags = None
    if "tags" in posted and posted["tags"] != posted.get("seen_tags"):
        tags = TagsWish(read_tags(posted["tags"]), read_tags(posted.get("seen_tags", "")))
    return Edit(tags, _read_wish(facts, posted))


def row_of(actor: Actor, facts: InvoiceFacts, chosen: InvoiceFilter, today: date, url: str) -> SafeString:
    """The invoice's row as the list shows it, anew."""
    rights = access.rights_of(actor)
    look = Look(today, url, may_tag="tag" in rights, may_prepare="prepare" in rights)
    return table_rows([facts], columns_of(chosen.columns, shows_currency=False), look)


def _read_wish(facts: InvoiceFacts, posted: Mapping[str, str]) -> ToPayWish | None:
    """None where nothing was changed by whoever posts."""
    if not posted.keys() & {"to_pay", "reason", "note"}:
        return None
    standing, seen = _standing(facts), posted.get("seen", "")
    amount = standing.amount if standing else None
    if "to_pay" in posted:
        amount = read_to_pay(posted["to_pay"], facts.open, facts.currency)
    if amount is None and standing:
        return ToPayWish(facts.code, None, seen=seen)
    reason, note = posted.get("reason", facts.reason), posted.get("note", facts.note).strip()
    said = "" if amount is None else mark(Wanted(amount, reason, note))
    is_a_reason_alone = amount is None and bool(reason or note)
    return ToPayWish(facts.code, amount, reason, note, seen) if said != seen or is_a_reason_alone else None


def _standing(facts: InvoiceFacts) -> Wanted | None:
    return None if facts.to_pay is None else Wanted(facts.to_pay, facts.reason, facts.note)
