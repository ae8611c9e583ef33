"""A rule in words. Called inside `acting(actor)`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from billing_sources.models import BillingSystem
from payments.groups.rules import Rule
from payments.invoices.charges import CATEGORIES
from payments.models import Tag
from portal.customers.models import Account

# What of an invoice a field of a rule asks about; for saying why one fits no longer.
ASKS_ABOUT: Final[Mapping[str, str]] = {
    "nodes": "its place in the tree",
    "tags": "its tags",
    "systems": "the billing system",
    "cycles": "its cycle",
    "categories": "its charges",
    "currencies": "its currency",
    "due_from": "its due date",
    "due_to": "its due date",
    "due_day": "its due date",
    "amount_from": "what was billed",
    "amount_to": "what was billed",
}


def in_words(rule: Rule) -> tuple[tuple[str, str], ...]:
    """(what is asked, what it must be) of each field that says something."""
    nodes = dict(Account.objects.filter(pk__in=rule.nodes).values_list("pk", "name"))
    named = Tag.objects.select_related("merged_into").filter(pk__in=rule.tags)
    tags = {tag.pk: (tag.merged_into or tag).name for tag in named}
    systems = dict(BillingSystem.objects.filter(pk__in=rule.systems).values_list("pk", "name"))
    said = (
        ("Below", _any_of(rule.nodes, nodes)),
        ("Tag", _any_of(rule.tags, tags)),
        ("Billed by", _any_of(rule.systems, systems)),
        ("Cycle", _any_of(rule.cycles, {})),
        ("Has a charge of", _any_of(rule.categories, CATEGORIES)),
        ("Currency", _any_of(rule.currencies, {})),
        ("Due", _range(rule.due_from, rule.due_to)),
        ("Due on day of the month", _range(rule.due_day_from, rule.due_day_to)),
        ("Billed", _range(rule.amount_from, rule.amount_to)),
    )
    return tuple((label, text) for label, text in said if text)


def _any_of(values: Sequence[Any], names: Mapping[Any, str]) -> str:
    return " or ".join(sorted(str(names.get(value, value)) for value in values))


def _range(first: Any, last: Any) -> str:
    parts = [f"from {_text(first)}" if first is not None else "", f"to {_text(last)}" if last is not None else ""]
    return " ".join(part for part in parts if part)


def _text(value: Any) -> str:
    return f"{value:%Y-%m-%d}" if hasattr(value, "isoformat") else f"{value:,}"
