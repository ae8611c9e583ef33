"""The list of groups, and one group with all that decides on it. Called inside `acting(actor)`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid4

from django.db.models import Q
from django.urls import reverse

from billing_sources.models import Invoice
from payments.groups.changes import moved
from payments.groups.facts import GroupFacts, facts_by_group
from payments.groups.holdings import count_of, held_by, open_of
from payments.groups.rules import members, rule_of
from payments.groups.words import in_words
from payments.models import GroupRule, InvoiceGroup, InvoiceGroupMember, Payment
from payments.operations.rule_groups import EVER
from portal.actor import Actor
from portal.users.models import User

MOST_BY_HAND = 200


@dataclass(frozen=True)
class GroupRow:
    """`open` has a text a currency; `above` is the code of the group that it would stand before, moved up."""

    name: str
    code: str
    url: str
    count: str
    open: tuple[str, ...]
    entered: str
    left: str
    defaults: str
    above: str
    key: str  # of the form that moves it up


@dataclass(frozen=True)
class VersionRow:
    number: int
    since: str
    words: tuple[tuple[str, str], ...]
    made: str
    is_coming: bool


@dataclass(frozen=True)
class ByHand:
    """A pin or an exclusion in force."""

    code: str
    number: str
    url: str
    account: str
    placed: str


def list_groups_for(actor: Actor, today: date) -> list[GroupRow]:
    """All groups in the customer's order; one that holds nothing the actor may see is there with nothing in it."""
    groups = facts_by_group(actor.customer_id)
    if not groups:
        return []
    names, changes = _names(groups.values()), moved(actor, list(groups), today)
    held = held_by(actor, members(list(groups)))
    codes = ["", *(str(facts.code) for facts in groups.values())]
    return [
        GroupRow(
            name=facts.name,
            code=str(facts.code),
            url=reverse("group", args=[facts.code]),
            count=count_of(held[group]),
            open=open_of(held[group]),
            entered=_count(changes[group].entered, "+"),
            left=_count(changes[group].left, "\u2212"),
            defaults=", ".join(text for _, text in defaults_in_words(facts, names)),
            above=above,
            key=str(uuid4()),
        )
        for (group, facts), above in zip(groups.items(), codes, strict=False)
    ]


def get_group_for(actor: Actor, code: UUID) -> InvoiceGroup | None:
    return InvoiceGroup.objects.filter(customer_id=actor.customer_id, code=code).first()


def defaults_in_words(facts: GroupFacts, names: dict[int, str]) -> tuple[tuple[str, str], ...]:
    """(label, text) of what the group says about paying."""
    days = facts.days_before_due
    said = (
        ("Method", dict(Payment.Method.choices).get(facts.method, "")),
        ("Your reference", facts.reference),
        ("Paid", "" if days is None else f"{days} days before due" if days else "on the due date"),
        ("Approved by", " and ".join(names[user] for user in facts.approver_ids)),
    )
    return tuple((label, str(text)) for label, text in said if text)


def paid_with(actor: Actor, group: InvoiceGroup) -> tuple[tuple[str, str], ...]:
    """What the group says about paying, as (label, text)."""
    facts = facts_by_group(actor.customer_id)[group.pk]
    return defaults_in_words(facts, _names([facts]))


def versions_for(group: InvoiceGroup, today: date) -> list[VersionRow]:
    """The history of the rule, the newest first."""
    rows = GroupRule.objects.filter(group=group).select_related("made_by").order_by("-number")
    return [
        VersionRow(
            number=row.number,
            since="all bills" if row.effective_on == EVER else f"bills from {row.effective_on:%Y-%m-%d}",
            words=in_words(rule_of(row)),
            made=f"{row.made_by.name}, {row.made_at:%Y-%m-%d}",
            is_coming=row.effective_on > today,
        )
        for row in rows
    ]


def rule_in_force(group: InvoiceGroup, day: date) -> GroupRule | None:
    """The version that judges bills of this day."""
    rows = GroupRule.objects.filter(group=group, effective_on__lte=day)
    return rows.order_by("effective_on", "number").last()


def newest_rule(group: InvoiceGroup) -> GroupRule | None:
    return GroupRule.objects.filter(group=group).order_by("number").last()


def by_hand(group: InvoiceGroup, visible: Q, *, is_excluded: bool) -> list[ByHand]:
    """The pins, or the exclusions, of what is visible."""
    rows = InvoiceGroupMember.objects.filter(group=group, until_on=None, is_excluded=is_excluded)
    rows = rows.filter(invoice__in=Invoice.objects.filter(visible).values("pk"))
    found = rows.select_related("invoice__account", "placed_by").order_by("-since_on", "invoice__number")
    return [_by_hand(row) for row in found[:MOST_BY_HAND]]


def _by_hand(row: InvoiceGroupMember) -> ByHand:
    by = f"{row.placed_by.name}, " if row.placed_by else ""
    return ByHand(
        code=str(row.invoice.code),
        number=row.invoice.number,
        url=reverse("invoice", args=[row.invoice.code]),
        account=row.invoice.account.name if row.invoice.account else "",
        placed="" if row.since_on == EVER else f"{by}{row.since_on:%Y-%m-%d}",
    )


def _names(facts: Iterable[GroupFacts]) -> dict[int, str]:
    wanted = {user for each in facts for user in each.approver_ids}
    return dict(User.objects.filter(pk__in=wanted).values_list("pk", "name"))


def _count(pairs: tuple[object, ...], sign: str) -> str:
    return f"{sign}{len(pairs)}" if pairs else ""
