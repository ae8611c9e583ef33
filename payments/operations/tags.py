"""Tags themselves, and tags on nodes of the tree, which all bills below inherit."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.db.models import F
from django.utils.timezone import localdate

from payments.commands import Done, command
from payments.domain.refusals import NotFound, Rule, refuse
from payments.models import AccountTag, GroupRule, InvoiceTag, Tag
from payments.operations.organise import LONGEST_TAG, clean_name
from payments.operations.rule_groups import EVER, FARTHEST
from portal.actor import Actor
from portal.customers import access
from portal.customers.models import Account


@command
def rename_tag(actor: Actor, *, tag: UUID, name: str, key: UUID, now: datetime) -> Done:
    """Call it by another name, wherever it stands."""
    found = _lock_tag(actor, tag)
    was, found.name = found.name, clean_name(name, LONGEST_TAG, "tag")
    living = Tag.objects.filter(customer_id=actor.customer_id, name=found.name, removed_at=None)
    if living.exclude(pk=found.pk).exists():
        raise refuse(Rule.TWICE, f"There is a tag “{found.name}” already: merge the two.")
    found.save(update_fields=["name"])
    return Done(f"“{was}” is called “{found.name}” now.", "tag renamed", f"tag {was}", str(tag), {"name": found.name})


@command
def merge_tags(actor: Actor, *, tag: UUID, into: UUID, key: UUID, now: datetime) -> Done:
    """Whatever has the one has the other from now on; rules of groups that say the one mean the other."""
    if tag == into:
        raise refuse(Rule.TWICE, "Choose another tag to merge it into.")
    first, second = (_lock_tag(actor, code) for code in sorted((tag, into)))
    gone, kept = (first, second) if first.code == tag else (second, first)
    there = InvoiceTag.objects.filter(tag=kept).values("invoice_id")
    InvoiceTag.objects.filter(tag=gone, invoice_id__in=there).delete()
    count = InvoiceTag.objects.filter(tag=gone).update(tag=kept)
    _merge_nodes(actor, gone, kept, now)
    Tag.objects.filter(customer_id=actor.customer_id, merged_into=gone).update(merged_into=kept)
    Tag.objects.filter(pk=gone.pk).update(merged_into=kept, removed_at=now)
    message = f"“{gone.name}” is “{kept.name}” now."
    return Done(message, "tags merged", f"tag {gone.name}", str(kept.code), {"into": kept.name, "invoices": count})


@command
def remove_tag(actor: Actor, *, tag: UUID, key: UUID, now: datetime) -> Done:
    """Take it off everything and let its name go; refused while the rule of a group, of whatever day, names it."""
    found = _lock_tag(actor, tag)
    meant = Tag.objects.filter(merged_into=found).values_list("pk", flat=True)
    rules = GroupRule.objects.filter(customer_id=actor.customer_id, tags__overlap=[found.pk, *meant])
    names = sorted(set(rules.values_list("group__name", flat=True)))
    if names:
        said = ", ".join(f"“{name}”" for name in names[:5])
        raise refuse(Rule.TWICE, f"“{found.name}” decides what is in {said}: merge it into another tag instead.")
    count, _ = InvoiceTag.objects.filter(tag=found).delete()
    AccountTag.objects.filter(tag=found, ended_at=None).update(
        until_on=F("from_on"), ended_by_id=actor.user_id, ended_at=now
    )
    Tag.objects.filter(pk=found.pk).update(removed_at=now)
    message = f"“{found.name}” is removed from {count} invoices and from all nodes."
    return Done(message, "tag removed", f"tag {found.name}", str(tag), {"invoices": count})


@command
def tag_node(actor: Actor, *, node: UUID, tag: str, from_on: date | None, key: UUID, now: datetime) -> Done:
    """Put the tag on the node: bills issued from the day on have it, its own and those of all below it. Without a day
    all bills so far have it as well. A new tag comes into being."""
    account = _node(actor, node)
    name = clean_name(tag, LONGEST_TAG, "tag")
    day = from_on or EVER
    if day > localdate(now) + FARTHEST:
        raise refuse(Rule.TEXT, f"Choose a day up to {localdate(now) + FARTHEST}.")
    found, _ = Tag.objects.get_or_create(customer_id=actor.customer_id, name=name, removed_at=None)
    _, is_new = AccountTag.objects.get_or_create(
        customer_id=actor.customer_id,
        account=account,
        tag=found,
        ended_at=None,
        defaults={"from_on": day, "placed_by_id": actor.user_id, "placed_at": now},
    )
    if not is_new:
        raise refuse(Rule.TWICE, f"“{name}” stands on {account.name} already; take it off first to change its day.")
    since = "" if day == EVER else f" for bills from {day} on"
    detail = {"tag": name, "from": str(day)}
    return Done(f"“{name}” stands on {account.name}{since}.", "node tagged", f"account {account.name}", name, detail)


@command
def untag_node(actor: Actor, *, node: UUID, tag: UUID, until_on: date, key: UUID, now: datetime) -> Done:
    """Take the tag off the node: bills issued from the day on have it no longer, those before keep it."""
    account = _node(actor, node)
    found = Tag.objects.filter(customer_id=actor.customer_id, code=tag).first()
    standing = AccountTag.objects.select_for_update(no_key=True).filter(account=account, tag=found, ended_at=None)
    stands = standing.first() if found else None
    if found is None or stands is None:
        raise NotFound("tag")
    stands.until_on, stands.ended_by_id, stands.ended_at = max(stands.from_on, until_on), actor.user_id, now
    stands.save(update_fields=["until_on", "ended_by", "ended_at"])
    message = f"“{found.name}” is off {account.name} for bills from {until_on} on."
    detail = {"tag": found.name, "until": str(until_on)}
    return Done(message, "node untagged", f"account {account.name}", found.name, detail)


def _lock_tag(actor: Actor, code: UUID) -> Tag:
    """A living tag of the customer. It may stand anywhere, so that whoever changes it may tag everywhere."""
    access.require(actor, "tag", [None])
    tags = Tag.objects.select_for_update(no_key=True).filter(customer_id=actor.customer_id, code=code, removed_at=None)
    found = tags.first()
    if found is None:
        raise NotFound("tag")
    return found


def _node(actor: Actor, code: UUID) -> Account:
    found = Account.objects.filter(customer_id=actor.customer_id, code=code).first()
    if found is None:
        raise NotFound("node")
    access.require(actor, "tag", [found.pk])
    return found


def _merge_nodes(actor: Actor, gone: Tag, kept: Tag, now: datetime) -> None:
    """Where both stand on a node, the one that goes ends where the other begins: no bill loses, none has it twice."""
    kept_from = dict(AccountTag.objects.filter(tag=kept, ended_at=None).values_list("account_id", "from_on"))
    for stands in AccountTag.objects.filter(tag=gone, ended_at=None, account_id__in=kept_from):
        stands.until_on = max(stands.from_on, kept_from[stands.account_id])
        stands.ended_by_id, stands.ended_at = actor.user_id, now
        stands.save(update_fields=["until_on", "ended_by", "ended_at"])
    AccountTag.objects.filter(tag=gone).update(tag=kept)
