"""Tag and group invoices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Max
from django.utils.timezone import localdate

from billing_sources.models import Invoice
from payments.commands import Done, command
from payments.domain.refusals import NotFound, Rule, refuse
from payments.groups.rules import holding
from payments.models import InvoiceGroup, InvoiceGroupMember, InvoiceTag, Tag
from portal.actor import Actor
from portal.customers import access

LONGEST_TAG, LONGEST_GROUP = 40, 80


@command
def tag_invoices(actor: Actor, *, invoices: Sequence[UUID], tag: str, key: UUID, now: datetime) -> Done:
    """Put the tag on the invoices; a new tag comes into being."""
    ids = _own(actor, invoices)
    name = clean_name(tag, LONGEST_TAG, "tag")
    found, _ = Tag.objects.get_or_create(customer_id=actor.customer_id, name=name, removed_at=None)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO payments_invoicetag (customer_id, tag_id, invoice_id)"
            " SELECT %s, %s, invoice FROM unnest(%s::bigint[]) AS chosen (invoice) ON CONFLICT DO NOTHING",
            [actor.customer_id, found.pk, ids],
        )
    return Done(f"{len(ids)} tagged “{name}”.", "invoices tagged", f"tag {name}", name, {"invoices": len(ids)})


@command
def untag_invoices(actor: Actor, *, invoices: Sequence[UUID], tag: str, key: UUID, now: datetime) -> Done:
    """Take the tag off the invoices."""
    ids = _own(actor, invoices)
    found = Tag.objects.filter(customer_id=actor.customer_id, name=tag.strip(), removed_at=None).first()
    if found is None:
        raise NotFound("tag")
    count, _ = InvoiceTag.objects.filter(tag=found, invoice_id__in=ids).delete()
    message = f"“{found.name}” taken off {count}.{_inherited(found, ids)}"
    return Done(message, "invoices untagged", f"tag {found.name}", found.name, {"invoices": count})


@command
def group_invoices(actor: Actor, *, invoices: Sequence[UUID], group: str, key: UUID, now: datetime) -> Done:
    """Pin the invoices to the group of this name; a new one comes into being. `Done.code` is the group's."""
    ids = _own(actor, invoices)
    found = group_of_name(actor, group, now)
    end_members(found, ids, now, is_excluded=True)
    place_members(actor, found, ids, now, is_excluded=False)
    detail = {"invoices": len(ids)}
    return Done(f"{len(ids)} put into “{found.name}”.", "invoices grouped", subject(found), str(found.code), detail)


@command
def ungroup_invoices(actor: Actor, *, invoices: Sequence[UUID], group: UUID, key: UUID, now: datetime) -> Done:
    """Take the invoices out of the group: pins end, and what the rule would hold is kept out from now on."""
    ids = _own(actor, invoices)
    found = lock_group(actor, group)
    held = set(Invoice.objects.filter(holding(found.pk), pk__in=ids).values_list("pk", flat=True))
    end_members(found, ids, now, is_excluded=False)
    by_rule = Invoice.objects.filter(holding(found.pk), pk__in=ids).values_list("pk", flat=True)
    place_members(actor, found, list(by_rule), now, is_excluded=True)
    message = f"{len(held)} taken out of “{found.name}”."
    return Done(message, "invoices ungrouped", subject(found), str(found.code), {"invoices": len(held)})


@command
def readmit_invoices(actor: Actor, *, invoices: Sequence[UUID], group: UUID, key: UUID, now: datetime) -> Done:
    """Keep the invoices out no longer: the rule decides on them again."""
    ids = _own(actor, invoices)
    found = lock_group(actor, group)
    count = end_members(found, ids, now, is_excluded=True)
    message = f"The rule of “{found.name}” decides on {count} again."
    return Done(message, "invoices readmitted", subject(found), str(found.code), {"invoices": count})


def group_of_name(actor: Actor, text: str, now: datetime) -> InvoiceGroup:
    """The customer's group of this name, or a new one behind all others."""
    name = clean_name(text, LONGEST_GROUP, "group")
    of_customer = InvoiceGroup.objects.filter(customer_id=actor.customer_id)
    last = of_customer.aggregate(last=Max("position"))["last"] or 0
    defaults = {"created_at": now, "position": last + 1}
    return InvoiceGroup.objects.get_or_create(customer_id=actor.customer_id, name=name, defaults=defaults)[0]


def lock_group(actor: Actor, code: UUID) -> InvoiceGroup:
    """The group, held until the end of the transaction; raises `NotFound`."""
    groups = InvoiceGroup.objects.select_for_update(no_key=True).filter(customer_id=actor.customer_id, code=code)
    found = groups.first()
    if found is None:
        raise NotFound("group")
    return found


def place_members(actor: Actor, group: InvoiceGroup, ids: Sequence[int], now: datetime, *, is_excluded: bool) -> None:
    """Pin them, or keep them out; those that stand so already stay as they are."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO payments_invoicegroupmember"
            " (customer_id, group_id, invoice_id, is_excluded, since_on, placed_by_id)"
            " SELECT %s, %s, invoice, %s, %s, %s FROM unnest(%s::bigint[]) AS chosen (invoice)"
            " ON CONFLICT (group_id, invoice_id) WHERE until_on IS NULL DO NOTHING",
            [actor.customer_id, group.pk, is_excluded, localdate(now), actor.user_id, list(ids)],
        )


def end_members(group: InvoiceGroup, ids: Sequence[int], now: datetime, *, is_excluded: bool) -> int:
    standing = InvoiceGroupMember.objects.filter(group=group, invoice_id__in=ids, until_on=None)
    return standing.filter(is_excluded=is_excluded).update(until_on=localdate(now))


def _inherited(tag: Tag, ids: Sequence[int]) -> str:
    """A sentence about those that have it from a node above all the same ("" mostly)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(DISTINCT invoice_id) FROM payments_tagged"
            " WHERE tag_id = %s AND invoice_id = ANY(%s) AND account_id IS NOT NULL",
            [tag.pk, list(ids)],
        )
        count = cursor.fetchone()[0]
    return f" {count} have it from a node above, where alone it can be taken off." if count else ""


def subject(group: InvoiceGroup) -> str:
    return f"group {group.name}"


def _own(actor: Actor, codes: Sequence[UUID]) -> list[int]:
    """The ids of invoices that the actor may tag; raises `NotFound` if one is not this customer's."""
    wanted = set(codes)
    if not wanted:
        raise refuse(Rule.EMPTY, "Choose at least one invoice.")
    found = Invoice.objects.filter(code__in=wanted, customer_id=actor.customer_id).values_list("pk", "account_id")
    rows = list(found)
    if len(rows) != len(wanted):
        raise NotFound("invoice")
    access.require(actor, "tag", {account_id for _, account_id in rows})
    return [invoice_id for invoice_id, _ in rows]


def clean_name(text: str, longest: int, noun: str) -> str:
    """The text in single spaces; refused where it is empty, too long, or no text."""
    name = " ".join(text.split())
    if not 0 < len(name) <= longest or "\x00" in name:
        raise refuse(Rule.TEXT, f"A {noun} has a name of at most {longest} characters.")
    return name
