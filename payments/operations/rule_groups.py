"""Say by a rule what belongs into a group, and what its invoices are paid with."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.utils.timezone import localdate

from billing_sources.models import AccountLink, BillingSystem
from payments.commands import Done, command
from payments.domain.refusals import NotFound, Rule, refuse
from payments.groups import rules as judged
from payments.invoices.charges import CATEGORIES
from payments.models import GroupApprover, GroupRule, InvoiceGroup, InvoiceGroupMember, Payment, Tag
from payments.operations.organise import LONGEST_GROUP, clean_name, group_of_name, lock_group, subject
from portal.actor import Actor
from portal.customers import access
from portal.customers.models import Account, Membership

EVER: Final = date.min  # a group's first rule may judge all bills so far
FARTHEST: Final = timedelta(days=5 * 366)
LARGEST: Final = Decimal(10) ** 15
MOST_VALUES: Final = 500
LONGEST_REFERENCE, MOST_DAYS_BEFORE = 30, 60


@dataclass(frozen=True)
class RuleWish:
    """A rule as a person says it: codes of nodes and tags, keys of systems (payments.groups.rules.Rule)."""

    nodes: tuple[UUID, ...] = ()
    tags: tuple[UUID, ...] = ()
    systems: tuple[str, ...] = ()
    cycles: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()
    due_from: date | None = None
    due_to: date | None = None
    due_day_from: int | None = None
    due_day_to: int | None = None
    amount_from: Decimal | None = None
    amount_to: Decimal | None = None


@dataclass(frozen=True)
class Defaults:
    """What a group's invoices are paid with. `approvers` are users of the customer."""

    method: str = ""
    reference: str = ""
    days_before_due: int | None = None
    approvers: tuple[int, ...] = ()


@command
def make_group(actor: Actor, *, name: str, rule: RuleWish, effective_on: date | None, key: UUID, now: datetime) -> Done:
    """A new group by a rule that judges bills issued from a day on; without one, all bills so far as well."""
    if InvoiceGroup.objects.filter(customer_id=actor.customer_id, name=" ".join(name.split())).exists():
        raise refuse(Rule.TWICE, f"There is a group called “{name.strip()}” already.")
    group = group_of_name(actor, name, now)
    return _put(actor, group, rule, effective_on or EVER, now)


@command
def change_rule(
    actor: Actor, *, group: UUID, rule: RuleWish, effective_on: date, based_on: int, key: UUID, now: datetime
) -> Done:
    """Another rule for bills issued from a day on; groups of days before stay as they are.

    `based_on` is the number of the newest version that the person saw (0: none); refused if there is a newer one.
    """
    found = lock_group(actor, group)
    require_reach(actor, found)
    if based_on != _newest(found):
        raise refuse(Rule.CHANGED_SINCE, "Somebody has changed this rule since; look at it again. Nothing was saved.")
    return _put(actor, found, rule, effective_on, now)


@command
def change_group(actor: Actor, *, group: UUID, name: str, defaults: Defaults, key: UUID, now: datetime) -> Done:
    """What it is called, and what its invoices are paid with unless somebody says otherwise."""
    found = lock_group(actor, group)
    require_reach(actor, found)
    _check_defaults(actor, defaults)
    was = subject(found)
    found.name = clean_name(name, LONGEST_GROUP, "group")
    same = InvoiceGroup.objects.filter(customer_id=actor.customer_id, name=found.name)
    if same.exclude(pk=found.pk).exists():
        raise refuse(Rule.TWICE, f"There is a group called “{found.name}” already.")
    found.method, found.days_before_due = defaults.method, defaults.days_before_due
    found.reference = " ".join(defaults.reference.split())
    found.save(update_fields=["name", "method", "reference", "days_before_due"])
    GroupApprover.objects.filter(group=found).exclude(user_id__in=defaults.approvers).delete()
    GroupApprover.objects.bulk_create(
        [GroupApprover(customer_id=actor.customer_id, group=found, user_id=user) for user in defaults.approvers],
        ignore_conflicts=True,
    )
    message = f"“{found.name}” is saved."
    return Done(message, "group changed", was, str(found.code), {"name": found.name, **asdict(defaults)})


@command
def order_groups(actor: Actor, *, group: UUID, before: UUID | None, key: UUID, now: datetime) -> Done:
    """Put a group before another, or behind all: an invoice of several groups follows the first."""
    moved = lock_group(actor, group)
    require_reach(actor, moved)
    of_customer = InvoiceGroup.objects.filter(customer_id=actor.customer_id)
    others = list(of_customer.select_for_update(no_key=True).exclude(pk=moved.pk).order_by("position", "pk"))
    places = [each.code for each in others]
    if before is not None and before not in places:
        raise NotFound("group")
    others.insert(places.index(before) if before else len(others), moved)
    for place, each in enumerate(others, start=1):
        of_customer.filter(pk=each.pk).exclude(position=place).update(position=place)
    where = f"before “{others[others.index(moved) + 1].name}”" if before else "behind all others"
    return Done(f"“{moved.name}” stands {where}.", "group placed", subject(moved), str(moved.code))


def require_reach(actor: Actor, group: InvoiceGroup) -> None:
    """Raise `access.Denied` unless the actor may tag all that the group can hold: where a rule names no node, that is
    the whole tree."""
    if not access.has(actor, "tag"):
        raise access.Denied("no right to tag here")
    newest = GroupRule.objects.filter(group=group).order_by("number").last()
    if newest is not None and judged.rule_of(newest):
        access.require(actor, "tag", newest.nodes or [None])
    pinned = InvoiceGroupMember.objects.filter(group=group, until_on=None, is_excluded=False)
    access.require(actor, "tag", set(pinned.values_list("invoice__account_id", flat=True)))


def _put(actor: Actor, group: InvoiceGroup, wish: RuleWish, day: date, now: datetime) -> Done:
    resolved = resolve(actor, wish)
    _check_day(group, day, localdate(now))
    if resolved:
        access.require(actor, "tag", resolved.nodes or [None])
    GroupRule.objects.create(
        customer_id=actor.customer_id,
        group=group,
        number=_newest(group) + 1,
        effective_on=day,
        made_by_id=actor.user_id,
        made_at=now,
        made_on=localdate(now),
        **{name: list(value) if isinstance(value, tuple) else value for name, value in vars(resolved).items()},
    )
    since = "all bills so far and to come" if day == EVER else f"bills issued from {day} on"
    detail = {**asdict(wish), "effective_on": str(day)}
    message = f"The rule of “{group.name}” decides on {since}."
    return Done(message, "group rule set", subject(group), str(group.code), _as_text(detail))


def resolve(actor: Actor, wish: RuleWish) -> judged.Rule:
    """The rule that is meant; raises `NotFound` for what is not this customer's, `Refused` for what cannot be meant."""
    _check_limits(wish)
    customer = actor.customer_id
    own_systems = AccountLink.objects.filter(customer_id=customer).values("system_id")
    systems = BillingSystem.objects.filter(pk__in=own_systems, key__in=wish.systems)
    nodes = Account.objects.filter(customer_id=customer, code__in=wish.nodes)
    tags = Tag.objects.filter(customer_id=customer, code__in=wish.tags, removed_at=None)
    found = {"nodes": (nodes, wish.nodes), "tags": (tags, wish.tags), "systems": (systems, wish.systems)}
    ids = {name: sorted(rows.values_list("pk", flat=True)) for name, (rows, _) in found.items()}
    for name, (_, wanted) in found.items():
        if len(ids[name]) != len(set(wanted)):
            raise NotFound(name.removesuffix("s"))
    said: dict[str, Any] = {**vars(wish), **ids}
    for name, value in said.items():
        said[name] = tuple(sorted(set(value))) if isinstance(value, tuple | list) else value
    return judged.Rule(**said)


def _check_limits(wish: RuleWish) -> None:
    if any(isinstance(v, tuple) and len(v) > MOST_VALUES for v in vars(wish).values()):
        raise refuse(Rule.TOO_LARGE, f"A rule names at most {MOST_VALUES} of a kind.")
    if set(wish.categories) - set(CATEGORIES):
        raise refuse(Rule.TEXT, "There is no such charge category.")
    if any(not 0 < len(text) <= longest or "\x00" in text for text, longest in _texts(wish)):
        raise refuse(Rule.TEXT, "A cycle has at most 12 characters, a currency three letters.")
    _check_order("due", wish.due_from, wish.due_to)
    _check_order("billed", wish.amount_from, wish.amount_to)
    if any(day is not None and not 1 <= day <= 31 for day in (wish.due_day_from, wish.due_day_to)):
        raise refuse(Rule.TEXT, "A day of the month lies between 1 and 31.")
    if any(a is not None and not (a.is_finite() and abs(a) < LARGEST) for a in (wish.amount_from, wish.amount_to)):
        raise refuse(Rule.TOO_LARGE, "This amount is too large.")


def _texts(wish: RuleWish) -> list[tuple[str, int]]:
    return [*((cycle, 12) for cycle in wish.cycles), *((currency, 3) for currency in wish.currencies)]


def _check_order(what: str, first: Any, last: Any) -> None:
    if first is not None and last is not None and first > last:
        raise refuse(Rule.TEXT, f"Nothing can be {what} from {first} to {last}; turn them round.")


def _check_day(group: InvoiceGroup, day: date, today: date) -> None:
    """Past groups do not move: only on the day that a group's first rule is made may it reach back."""
    if day > today + FARTHEST:
        raise refuse(Rule.TEXT, f"Choose a day up to {today + FARTHEST}.")
    if day < today and GroupRule.objects.filter(group=group, made_on__lt=today).exists():
        raise refuse(Rule.CHANGED_SINCE, f"Groups of the past stay as they were: choose {today} or a later day.")


def _check_defaults(actor: Actor, defaults: Defaults) -> None:
    if defaults.method and defaults.method not in Payment.Method.values:
        raise refuse(Rule.METHOD, "There is no such method of payment.")
    if len(defaults.reference) > LONGEST_REFERENCE or "\x00" in defaults.reference:
        raise refuse(Rule.TEXT, f"A reference has at most {LONGEST_REFERENCE} characters.")
    days = defaults.days_before_due
    if days is not None and not 0 <= days <= MOST_DAYS_BEFORE:
        raise refuse(Rule.TEXT, f"Pay between 0 and {MOST_DAYS_BEFORE} days before the due date.")
    _require_members(actor, defaults.approvers)


def _require_members(actor: Actor, users: Collection[int]) -> None:
    members = Membership.objects.filter(customer_id=actor.customer_id, user_id__in=users)
    if members.count() != len(set(users)):
        raise NotFound("person")


def _newest(group: InvoiceGroup) -> int:
    newest = GroupRule.objects.filter(group=group).order_by("-number").values_list("number", flat=True).first()
    return newest or 0


def _as_text(detail: dict[str, Any]) -> dict[str, Any]:
    """For the act: what says nothing is left out."""
    said = {name: value for name, value in detail.items() if value not in ((), None)}
    return {name: [str(v) for v in value] if isinstance(value, tuple) else str(value) for name, value in said.items()}
