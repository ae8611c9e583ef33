"""Change one invoice where it stands in the list: its tags, what is to be paid of it, and why not the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from payments.commands import Done, command
from payments.domain.allocation import InvoiceFacts
from payments.domain.refusals import Refusal, Refused, Rule, refuse
from payments.domain.tagging import why_not_tags
from payments.domain.to_pay import ToPayWish, in_words, why_not_wanted
from payments.facts import lock_invoices
from payments.models import InvoiceTag, Tag
from payments.operations.to_pay import wanted_of, write_wishes
from portal.actor import Actor
from portal.customers import access


@dataclass(frozen=True)
class TagsWish:
    """Which tags the invoice is to have; `seen` are those that stood there for whoever wishes."""

    names: tuple[str, ...]
    seen: tuple[str, ...]


@command
def edit_cells(
    actor: Actor, *, invoice: UUID, tags: TagsWish | None, to_pay: ToPayWish | None, key: UUID, now: datetime
) -> Done:
    """Both or neither. Raises `Refused` with what stands there now if somebody was there meanwhile."""
    if to_pay is not None and to_pay.invoice != invoice:
        raise refuse(Rule.NOT_CHOSEN, "One invoice is changed at a time.")
    found = lock_invoices([invoice])[invoice]
    said = [
        *([_set_tags(actor, found, tags)] if tags else []),
        *([_set_wish(actor, found, to_pay, now)] if to_pay else []),
    ]
    words = "; ".join(filter(None, said)) or "nothing was changed"
    return Done(f"{found.number}: {words}.", "invoice edited", f"invoice {found.number}", str(invoice))


def _set_wish(actor: Actor, invoice: InvoiceFacts, wish: ToPayWish, now: datetime) -> str:
    access.require(actor, "prepare", [invoice.account_id])
    standing = wanted_of([invoice.id]).get(invoice.id)
    if refusal := why_not_wanted(invoice, standing, wish):
        raise Refused(refusal)
    write_wishes(actor, [wish], {wish.invoice: invoice}, now)
    return in_words(wanted_of([invoice.id]).get(invoice.id), invoice.currency)


def _set_tags(actor: Actor, invoice: InvoiceFacts, wish: TagsWish) -> str:
    access.require(actor, "tag", [invoice.account_id])
    here = InvoiceTag.objects.filter(invoice_id=invoice.id)
    standing = set(here.values_list("tag__name", flat=True))
    if standing != set(wish.seen):
        stands = ", ".join(sorted(standing)) or "no tag"
        raise Refused(Refusal(Rule.CHANGED_SINCE, f"{invoice.number} was changed meanwhile: it has {stands}."))
    if refusal := why_not_tags(wish.names):
        raise Refused(refusal)
    here.filter(tag__name__in=standing - set(wish.names)).delete()
    new = sorted(set(wish.names) - standing)
    InvoiceTag.objects.bulk_create(
        InvoiceTag(customer_id=actor.customer_id, tag=tag, invoice_id=invoice.id) for tag in tags_named(actor, new)
    )
    return f"tagged {', '.join(wish.names)}" if wish.names else "no tag"


def tags_named(actor: Actor, names: Sequence[str]) -> list[Tag]:
    """The customer's tags of these names; new ones come into being."""
    for name in names:
        Tag.objects.get_or_create(customer_id=actor.customer_id, name=name, removed_at=None)
    return list(Tag.objects.filter(customer_id=actor.customer_id, name__in=names, removed_at=None).order_by("name"))
