"""What a filter says in words, and what it could say: the chips over the list and the choices of its form.

Called inside `acting(actor)`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import connection

from billing_sources.models import BillCycle, BillingSystem
from payments.domain.reasons import SHORT_PAY_REASONS
from payments.invoices.columns import COLUMNS, Column
from payments.invoices.filters import BLANKS, GROUPINGS, NO_METHOD, PLAIN, SIZES, STATES, InvoiceFilter, first_page
from payments.invoices.value_lists import sizes_of
from payments.models import InvoiceGroup, Payment, Tag
from portal.actor import Actor
from portal.customers import access
from portal.customers.models import Account

_NODE: Final = "SELECT name FROM customers_account WHERE code = %s"
_GROUP: Final = "SELECT name FROM payments_invoicegroup WHERE code = %s"
_SYSTEM: Final = "SELECT name FROM billing_sources_billingsystem WHERE key = %s"


METHODS: Final = {NO_METHOD: "On no payment yet", **dict(Payment.Method.choices)}
REASONS: Final = {reason.key: reason.words for reason in SHORT_PAY_REASONS}
_RANGES: Final = ("open", "to_pay", "held", "disputed", "settled", "credited", "amount_due", "revision")


@dataclass(frozen=True)
class Chip:
    """`url` is the list without what the chip says, or with it where it is an offer."""

    label: str
    value: str
    url: str
    is_on: bool = False

    __getitem__ = object.__getattribute__  # a template asks for an item first; refusing costs it time


@dataclass(frozen=True)
class Head:
    """The head of a column (templates/components/sorters.html)."""

    key: str
    label: str
    url: str = ""
    direction: str = ""
    place: str = ""
    is_number: bool = False
    is_spare: bool = False

    __getitem__ = object.__getattribute__  # a template asks for an item first; refusing costs it time


@dataclass(frozen=True)
class Option:
    value: str
    label: str
    is_chosen: bool

    __getitem__ = object.__getattribute__  # a template asks for an item first; refusing costs it time


def state_chips(chosen: InvoiceFilter) -> list[Chip]:
    return [
        Chip("", word, f"?{first_page(chosen, state=state)}", is_on=state == chosen.state)
        for state, word in STATES.items()
    ]


def set_chips(chosen: InvoiceFilter) -> list[Chip]:
    """One chip for each thing that the filter asks for beside the state; its link takes it away."""
    return [Chip(label, value, f"?{first_page(chosen, **unset)}") for label, value, unset in _said(chosen) if value]


def groupings(chosen: InvoiceFilter) -> list[Chip]:
    """What the list can be gathered by, and the plain list."""
    ways = {"": "Nothing: a plain list", **GROUPINGS}
    return [Chip("", word, f"?{first_page(chosen, by=by)}", is_on=by == chosen.by) for by, word in ways.items()]


def heads(chosen: InvoiceFilter, columns: Sequence[Column]) -> list[Head]:
    """The heads of the columns; a click sorts by one of them alone, a second one turns it round."""
    base = first_page(chosen, sort=PLAIN.sort)  # the order comes last in an address
    return [_head(chosen, column, base) for column in columns]


def choices(actor: Actor, chosen: InvoiceFilter) -> dict[str, list[Option]]:
    """The lists of the filter's form: only nodes, systems, tags and groups that the actor may see."""
    systems = BillingSystem.objects.order_by("name").values_list("key", "name")
    cycles = sorted(set(BillCycle.objects.values_list("code", flat=True)), key=lambda code: (len(code), code))
    tags = Tag.objects.filter(removed_at=None).order_by("name").values_list("name", flat=True)
    groups = InvoiceGroup.objects.order_by("name").values_list("code", "name")
    return {
        "states": _options(STATES.items(), chosen.state),
        "accounts": _options(_nodes(actor), chosen.account),
        "systems": _options(systems, chosen.system),
        "cycles": _options(((code, f"Cycle {code}") for code in cycles), chosen.cycle),
        "tags": _options(((name, name) for name in tags), chosen.tag),
        "groups": _options(groups, chosen.group),
        "sizes": _options(((size, f"{size} rows") for size in SIZES), chosen.size),
    }


def _said(chosen: InvoiceFilter) -> Iterator[tuple[str, str, dict[str, Any]]]:
    yield "Says", chosen.q, {"q": ""}
    yield "Due", _range(chosen.due_from, chosen.due_to), {"due_from": None, "due_to": None}
    yield "Account", _name(_NODE, chosen.account), {"account": None}
    yield "System", _name(_SYSTEM, chosen.system, unknown=chosen.system), {"system": ""}
    yield "Cycle", chosen.cycle, {"cycle": ""}
    yield "Tag", chosen.tag, {"tag": ""}
    yield "Group", _name(_GROUP, chosen.group), {"group": None}
    yield "Pasted", "your list" if chosen.paste else "", {"paste": None}
    yield "Currency", chosen.currency, {"currency": ""}
    yield "Billed", _range(chosen.amount_from, chosen.amount_to), {"amount_from": None, "amount_to": None}
    yield "Issued", _range(chosen.issued_from, chosen.issued_to), {"issued_from": None, "issued_to": None}
    yield "Method", METHODS.get(chosen.method, chosen.method), {"method": ""}
    yield "Reason", REASONS.get(chosen.reason, chosen.reason), {"reason": ""}
    yield "Node alone", "without what is below" if chosen.directly and chosen.account else "", {"directly": ""}
    for name in ("number", "account_number", "parent", "cost_center"):
        yield COLUMNS[name].label, getattr(chosen, name), {name: ""}
    for name in _RANGES:
        first, last = f"{name}_from", f"{name}_to"
        yield COLUMNS[name].label, _range(getattr(chosen, first), getattr(chosen, last)), {first: None, last: None}
    for key in chosen.without:
        yield "Without", BLANKS[key], {"without": tuple(each for each in chosen.without if each != key)}
    yield from _lists(chosen.lists)
    yield "Reissued", "Reissued" if chosen.reissued else "", {"reissued": ""}


def _lists(names: tuple[str, ...]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    sizes = sizes_of(names) if names else {}
    for name in names:
        column, size = COLUMNS.get(name.partition(":")[0]), sizes.get(name)
        said = f"one of {size:,} values" if size else "in a list that is not known"
        yield column.label if column else "List", said, {"lists": tuple(each for each in names if each != name)}


def _range(first: object, last: object) -> str:
    if first is not None and first == last:
        return f"{first:,}" if not hasattr(first, "isoformat") else f"on {first}"
    parts = [f"from {first}" if first is not None else "", f"to {last}" if last is not None else ""]
    return " ".join(part for part in parts if part)


def _name(sql: str, key: UUID | str | None, unknown: str = "unknown") -> str:
    if not key:
        return ""
    with connection.cursor() as cursor:
        cursor.execute(sql, [key])
        found = cursor.fetchone()
    return str(found[0]) if found else unknown


def _head(chosen: InvoiceFilter, column: Column, base: str) -> Head:
    said = next((key for key in chosen.sort if key.removeprefix("-") == column.key), "")
    turned = f"-{column.key}" if said and not said.startswith("-") else column.key
    return Head(
        key=column.key,
        label=column.label,
        url=f"?{base}{'&' if base else ''}sort={turned}" if column.order else "",
        direction=("descending" if said.startswith("-") else "ascending") if said else "",
        place=str(chosen.sort.index(said) + 1) if said and len(chosen.sort) > 1 else "",
        is_number=column.is_number,
        is_spare=column.is_spare,
    )


def _nodes(actor: Actor) -> list[tuple[object, str]]:
    """The tree in reach, top down; a level is a step to the right."""
    reach = access.scope(actor, "see")
    nodes = Account.objects.filter(customer_id=actor.customer_id)
    if not reach.everything:
        nodes = nodes.filter(pk__in=reach.ids)
    found = sorted(nodes.values_list("path", "name", "code"), key=lambda node: node[0].split("."))
    return [(code, "\u2003" * path.count(".") + name) for path, name, code in found]


def _options(pairs: Any, chosen: object) -> list[Option]:
    return [Option(str(value), label, str(value) == str(chosen)) for value, label in pairs]
