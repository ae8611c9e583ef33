"""External accounts and whose they are: those that wait for a person, with what is known about them.

Whose account it is, is never guessed; a suggestion says what it rests on. Call inside `carrier()`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from billing_sources.models import AccountLink, Invoice
from billing_sources.staff.figures import instant, moneys
from billing_sources.staff.suggestions import Suggestion, suggestions
from portal.customers.models import Account, Customer
from portal.money import ZERO

LINKS_SHOWN = 200
NODES_SHOWN = 2000
STATES = ("waiting", "unlinked", "linked")


@dataclass(frozen=True)
class LinkRow:
    """One external account. `bills` and `amounts` are what it holds up."""

    code: str
    external_id: str
    name: str
    level: str
    parent: str
    system: str
    bills: str
    amounts: tuple[str, ...]
    first_seen_at: str
    suggestions: tuple[Suggestion, ...]
    customer: str
    node: str
    linked: str


@dataclass(frozen=True)
class Node:
    """A node of the customer's tree for a picker, indented by depth."""

    code: str
    label: str
    is_chosen: bool


class Held(NamedTuple):
    """What an unlinked account holds up."""

    bills: int
    amounts: Mapping[str, Decimal]


_NOTHING = Held(0, {})


def list_links(state: str, text: str) -> list[LinkRow]:
    """In state "waiting" (unlinked, and bills wait for them; the most money first), "unlinked" or "linked"."""
    links = _in_state(state).select_related("system", "customer", "account", "linked_by")
    if text:
        links = links.filter(_says(text))
    if state != "waiting":
        return _rows(list(links.order_by("system__name", "external_id")[:LINKS_SHOWN]))
    held = _held_by(links)
    largest = sorted(held, key=lambda pk: (-_size(held[pk]), pk))[:LINKS_SHOWN]
    found = links.in_bulk(largest)
    return _rows([found[pk] for pk in largest])


def count_links() -> dict[str, str]:
    """State → how many."""
    return {state: f"{_in_state(state).count():,}" for state in STATES}


def links_by_code(codes: Sequence[UUID]) -> list[AccountLink]:
    """Those named, an account before those below it; [] when one of them does not exist."""
    links = list(AccountLink.objects.filter(code__in=codes).select_related("system", "customer", "account"))
    if len(links) != len(set(codes)):
        return []
    inside = {link.external_id for link in links}
    return sorted(links, key=lambda link: (link.parent_external_id in inside, link.external_id))


def rows_of(links: Sequence[AccountLink]) -> list[LinkRow]:
    return _rows(links)


def find_customers(text: str) -> list[tuple[str, str, str]]:
    """(code, name, number) of customers whose name or number holds the text, for a picker."""
    found = Customer.objects.filter(Q(name__icontains=text) | Q(number__icontains=text)).order_by("name")
    return [(str(code), name, number) for code, name, number in found.values_list("code", "name", "number")[:20]]


def nodes_of(customer: Customer, links: Sequence[AccountLink]) -> list[Node]:
    """The customer's tree, top first. Chosen is the node below which accounts like these stand."""
    chosen = _likely_parent(customer, links)
    nodes = Account.objects.filter(customer=customer).order_by("path").values_list("pk", "code", "name", "path")
    return [
        Node(str(code), "\u2003" * str(path).count(".") + name, pk == chosen)
        for pk, code, name, path in nodes[:NODES_SHOWN]
    ]


def _in_state(state: str) -> QuerySet[AccountLink]:
    if state == "linked":
        return AccountLink.objects.filter(account__isnull=False)
    holds_up = Exists(Invoice.objects.filter(account_link=OuterRef("pk"), state=Invoice.State.HELD))
    unlinked = AccountLink.objects.filter(account=None)
    return unlinked.filter(holds_up) if state == "waiting" else unlinked


def _says(text: str) -> Q:
    return Q(external_id__icontains=text) | Q(name__icontains=text) | Q(customer__name__icontains=text)


def _held_by(links: QuerySet[AccountLink] | Sequence[AccountLink]) -> dict[int, Held]:
    """Account → what it holds up, for those that do."""
    rows = Invoice.objects.filter(state=Invoice.State.HELD, account_link__in=links).order_by()
    bills: Counter[int] = Counter()
    amounts: dict[int, dict[str, Decimal]] = defaultdict(dict)
    for link_id, currency, number, amount in rows.values_list("account_link_id", "currency").annotate(
        Count("pk"), Sum("amount_due")
    ):
        bills[link_id] += number
        amounts[link_id][currency] = amount
    return {link_id: Held(bills[link_id], amounts[link_id]) for link_id in bills}


def _size(held: Held) -> Decimal:
    """Currencies added as if they were one: only to put the largest first."""
    return sum((abs(amount) for amount in held.amounts.values()), ZERO)


def _rows(links: Sequence[Any]) -> list[LinkRow]:
    unlinked = [link for link in links if link.account_id is None]
    held = _held_by(unlinked) if unlinked else {}
    suggested = suggestions(unlinked) if unlinked else {}
    return [_row(link, held.get(link.pk, _NOTHING), suggested.get(link.pk, ())) for link in links]


def _row(link: Any, held: Held, suggested: Sequence[Suggestion]) -> LinkRow:
    by = link.linked_by.name if link.linked_by_id else ""
    return LinkRow(
        code=str(link.code),
        external_id=link.external_id,
        name=link.name,
        level=link.level,
        parent=link.parent_external_id,
        system=link.system.name,
        bills=f"{held.bills:,}" if held.bills else "",
        amounts=moneys(held.amounts),
        first_seen_at=instant(link.first_seen_at),
        suggestions=tuple(suggested),
        customer=link.customer.name if link.customer_id else "",
        node=link.account.name if link.account_id else "",
        linked=", ".join(part for part in (instant(link.linked_at), by) if part),
    )


def _likely_parent(customer: Customer, links: Sequence[AccountLink]) -> int | None:
    """The node of the account above; else where most accounts below the same one stand; else the root."""
    parents = {link.parent_external_id for link in links} - {""}
    linked = AccountLink.objects.filter(system__in={link.system_id for link in links}, customer=customer)
    above = linked.filter(external_id__in=parents).values_list("account_id", flat=True).first()
    if above:
        return above
    beside = linked.filter(parent_external_id__in=parents).values_list("account__parent_id")
    most = beside.annotate(number=Count("pk")).order_by("-number").first()
    if most and most[0]:
        return int(most[0])
    return Account.objects.filter(customer=customer, parent=None).values_list("pk", flat=True).first()


def merged(suggested: Iterable[Sequence[Suggestion]]) -> list[Suggestion]:
    """Each customer once, with its best reason, the likeliest first."""
    ranked = sorted((each for some in suggested for each in some), key=lambda each: each.score)
    return list(reversed({suggestion.code: suggestion for suggestion in ranked}.values()))
