"""Tag and group invoices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from billing_sources.models import Invoice
from payments.commands import Done, command
from payments.domain.refusals import NotFound, Rule, refuse
from payments.models import InvoiceGroup, InvoiceGroupMember, InvoiceTag, Tag
from portal.actor import Actor
from portal.customers import access

LONGEST_TAG, LONGEST_GROUP = 40, 80


@command
def tag_invoices(actor: Actor, *, invoices: Sequence[UUID], tag: str, key: UUID, now: datetime) -> Done:
    """Put the tag on the invoices; a new tag comes into being."""
    ids = _own(actor, invoices)
    name = _name(tag, LONGEST_TAG, "tag")
    found, _ = Tag.objects.get_or_create(customer_id=actor.customer_id, name=name)
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
    found = Tag.objects.filter(customer_id=actor.customer_id, name=tag.strip()).first()
    if found is None:
        raise NotFound("tag")
    count, _ = InvoiceTag.objects.filter(tag=found, invoice_id__in=ids).delete()
    message = f"“{found.name}” taken off {count}."
    return Done(message, "invoices untagged", f"tag {found.name}", found.name, {"invoices": count})


@command
def group_invoices(actor: Actor, *, invoices: Sequence[UUID], group: str, key: UUID, now: datetime) -> Done:
    """Put the invoices into the group of this name; a new one comes into being. `Done.code` is the group's."""
    ids = _own(actor, invoices)
    name = _name(group, LONGEST_GROUP, "group")
    found, _ = InvoiceGroup.objects.get_or_create(
        customer_id=actor.customer_id, name=name, defaults={"created_at": now}
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO payments_invoicegroupmember (customer_id, group_id, invoice_id)"
            " SELECT %s, %s, invoice FROM unnest(%s::bigint[]) AS chosen (invoice) ON CONFLICT DO NOTHING",
            [actor.customer_id, found.pk, ids],
        )
    detail = {"invoices": len(ids)}
    return Done(f"{len(ids)} put into “{name}”.", "invoices grouped", f"group {name}", str(found.code), detail)


@command
def ungroup_invoices(actor: Actor, *, invoices: Sequence[UUID], group: UUID, key: UUID, now: datetime) -> Done:
    """Take the invoices out of the group."""
    ids = _own(actor, invoices)
    found = InvoiceGroup.objects.filter(customer_id=actor.customer_id, code=group).first()
    if found is None:
        raise NotFound("group")
    count, _ = InvoiceGroupMember.objects.filter(group=found, invoice_id__in=ids).delete()
    message = f"{count} taken out of “{found.name}”."
    return Done(message, "invoices ungrouped", f"group {found.name}", str(found.code), {"invoices": count})


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


def _name(text: str, longest: int, noun: str) -> str:
    name = " ".join(text.split())
    if not 0 < len(name) <= longest:
        raise refuse(Rule.TEXT, f"A {noun} has a name of at most {longest} characters.")
    return name
