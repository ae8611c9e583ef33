"""A group's rule in SQL, and who is in a group: by the version in force on a bill's issue day, with pins, without
exclusions. Nothing of it is copied row by row (docs/decisions/, "A group is judged on the bill's issue day").

Conditions call an invoice by the name of its table, as everywhere (payments.invoices.listing). Called inside a
transaction of `portal.tenancy`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

from django.db.models import Q
from django.db.models.expressions import RawSQL

from payments.models import GroupRule, InvoiceGroup
from payments.models.organising import FOREVER

Condition = tuple[str, tuple[Any, ...]]  # SQL and its parameters

_NODE: Final = """EXISTS (SELECT FROM customers_ancestry line
    WHERE line.account_id = billing_sources_invoice.account_id AND line.above_id = ANY(%s)
      AND billing_sources_invoice.billed_on >= line.from_on AND billing_sources_invoice.billed_on < line.until_on)"""
_TAG: Final = """billing_sources_invoice.id IN (SELECT given.invoice_id FROM payments_tagged given
    WHERE given.tag_id IN (SELECT COALESCE(tag.merged_into_id, tag.id) FROM payments_tag tag WHERE tag.id = ANY(%s)))"""
# The same for a few invoices: a view of both kinds of tags is worked out for all bills, however few are looked at.
_TAG_OF_FEW: Final = """(
    EXISTS (SELECT FROM payments_invoicetag own
            JOIN payments_tag tag ON own.tag_id = COALESCE(tag.merged_into_id, tag.id)
            WHERE own.invoice_id = billing_sources_invoice.id AND tag.id = ANY(%s))
    OR EXISTS (SELECT FROM customers_ancestry line JOIN payments_accounttag given ON given.account_id = line.above_id
               JOIN payments_tag tag ON given.tag_id = COALESCE(tag.merged_into_id, tag.id)
               WHERE line.account_id = billing_sources_invoice.account_id AND tag.id = ANY(%s)
                 AND billing_sources_invoice.billed_on >= GREATEST(line.from_on, given.from_on)
                 AND billing_sources_invoice.billed_on < LEAST(line.until_on, given.until_on)))"""
_CATEGORY: Final = """EXISTS (SELECT FROM billing_sources_charge charge
    WHERE charge.invoice_id = billing_sources_invoice.id AND charge.category = ANY(%s))"""
_DUE_DAY: Final = "EXTRACT(day FROM billing_sources_invoice.due_on) BETWEEN %s AND %s"
_DUE_DAY_OVER_THE_END: Final = "EXTRACT(day FROM billing_sources_invoice.due_on) NOT BETWEEN %s + 1 AND %s - 1"
_LISTS: Final[Mapping[str, str]] = {
    "nodes": _NODE,
    "tags": _TAG,
    "systems": "billing_sources_invoice.system_id = ANY(%s)",
    "cycles": "billing_sources_invoice.cycle = ANY(%s)",
    "categories": _CATEGORY,
    "currencies": "billing_sources_invoice.currency = ANY(%s)",
}
_LIMITS: Final[Mapping[str, str]] = {
    "due_from": "billing_sources_invoice.due_on >= %s",
    "due_to": "billing_sources_invoice.due_on <= %s",
    "amount_from": "billing_sources_invoice.payable >= %s",
    "amount_to": "billing_sources_invoice.payable <= %s",
}
_BY_RULE: Final = """
    SELECT %s::bigint AS group_id, billing_sources_invoice.id AS invoice_id FROM {invoices}
    WHERE billing_sources_invoice.billed_on >= %s AND billing_sources_invoice.billed_on < %s AND {rule}
      AND NOT EXISTS (SELECT FROM payments_invoicegroupmember said WHERE said.group_id = %s
                      AND said.invoice_id = billing_sources_invoice.id AND {in_force})
"""
_BY_HAND: Final = """
    SELECT said.group_id, said.invoice_id FROM payments_invoicegroupmember said
    WHERE said.group_id = ANY(%s) AND NOT said.is_excluded AND {in_force}
"""
_HELD: Final = "SELECT held.invoice_id FROM ({members}) held"
_MATCHING: Final = "SELECT billing_sources_invoice.id FROM billing_sources_invoice WHERE {rule}"
INVOICES: Final = "billing_sources_invoice"


@dataclass(frozen=True)
class Rule:
    """What an invoice must be: every field that says something, by any one of its values. All empty holds nothing."""

    nodes: tuple[int, ...] = ()
    tags: tuple[int, ...] = ()
    systems: tuple[int, ...] = ()
    cycles: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()
    due_from: date | None = None
    due_to: date | None = None
    due_day_from: int | None = None
    due_day_to: int | None = None
    amount_from: Decimal | None = None
    amount_to: Decimal | None = None

    def __bool__(self) -> bool:
        return any(getattr(self, each.name) not in ((), None) for each in fields(self))


@dataclass(frozen=True)
class Version:
    """A rule and the issue days that it judges: from `from_on` up to, not on, `until_on`."""

    number: int
    rule: Rule
    from_on: date
    until_on: date


def conditions(rule: Rule, *, of_few: bool = False) -> dict[str, Condition]:
    """Field → what an invoice must meet for it. `of_few`: it is asked of some thousand invoices at most."""
    lists: dict[str, Condition] = {
        name: (sql, (list(getattr(rule, name)),)) for name, sql in _LISTS.items() if getattr(rule, name)
    }
    limits = {name: (sql, (value,)) for name, sql in _LIMITS.items() if (value := getattr(rule, name)) is not None}
    if of_few and rule.tags:
        lists["tags"] = (_TAG_OF_FEW, (list(rule.tags), list(rule.tags)))
    return {**lists, **limits, **_due_day(rule)}


def matches(rule: Rule, *, of_few: bool = False) -> Condition:
    """All of it."""
    found = conditions(rule, of_few=of_few).values()
    if not found:
        return "false", ()
    return " AND ".join(sql for sql, _ in found), tuple(value for _, values in found for value in values)


def versions_of(groups: Collection[int]) -> dict[int, list[Version]]:
    """Group → its versions by day; of two for one day the later one counts."""
    found: dict[int, dict[date, GroupRule]] = {}
    for row in GroupRule.objects.filter(group_id__in=groups).order_by("effective_on", "number"):
        found.setdefault(row.group_id, {})[row.effective_on] = row
    return {group: list(_versions(rows.values())) for group, rows in found.items()}


def rule_of(row: GroupRule) -> Rule:
    values: dict[str, Any] = {each.name: getattr(row, each.name) for each in fields(Rule)}
    for name, value in values.items():
        values[name] = tuple(value) if isinstance(value, list) else value
    return Rule(**values)


def members(groups: Collection[int], *, day: date | None = None, invoices: str = INVOICES) -> Condition:
    """(group_id, invoice_id) of these groups, each pair once; as of the end of `day`, where one is given.

    `invoices` is what is looked at: the table, or something of its columns that goes by its name.
    """
    in_force, on = _in_force(day)
    parts = [(_BY_HAND.format(in_force=in_force), (list(groups), *on))]
    for group, versions in versions_of(groups).items():
        parts += [_by_rule(group, version, day, invoices) for version in versions if version.rule]
    return " UNION ALL ".join(sql for sql, _ in parts), tuple(value for _, values in parts for value in values)


def in_group(code: UUID, day: date | None = None) -> Q:
    """What is in the group of this code; nothing, where the customer has no such group."""
    group = InvoiceGroup.objects.filter(code=code).values_list("pk", flat=True).first()
    return holding(group, day) if group else Q(pk__in=[])


def holding(group: int, day: date | None = None) -> Q:
    sql, values = members([group], day=day)
    found = Q(pk__in=_Ids(_HELD.format(members=sql), values))
    return found & Q(billed_on__lte=day) if day else found


def matching_rule(rule: Rule) -> Q:
    """What a rule would hold of the bills so far, whatever their day."""
    sql, values = matches(rule)
    return Q(pk__in=_Ids(_MATCHING.format(rule=sql), values))


class _Ids(RawSQL):
    """A subselect of ids, put together from the constants above; what a person said is in its parameters alone."""


def _versions(rows: Collection[GroupRule]) -> Iterator[Version]:
    for row, after in pairwise([*rows, None]):
        if row is not None:
            yield Version(row.number, rule_of(row), row.effective_on, after.effective_on if after else FOREVER)


def _by_rule(group: int, version: Version, day: date | None, invoices: str) -> Condition:
    rule, values = matches(version.rule, of_few=invoices != INVOICES)
    in_force, on = _in_force(day)
    sql = _BY_RULE.format(invoices=invoices, rule=rule, in_force=in_force)
    return sql, (group, version.from_on, version.until_on, *values, group, *on)


def _in_force(day: date | None) -> Condition:
    if day is None:
        return "said.until_on IS NULL", ()
    return "said.since_on <= %s AND (said.until_on IS NULL OR said.until_on > %s)", (day, day)


def _due_day(rule: Rule) -> dict[str, Condition]:
    if rule.due_day_from is None and rule.due_day_to is None:
        return {}
    first, last = rule.due_day_from or 1, rule.due_day_to or 31
    if first <= last:
        return {"due_day": (_DUE_DAY, (first, last))}
    return {"due_day": (_DUE_DAY_OVER_THE_END, (last, first))}
