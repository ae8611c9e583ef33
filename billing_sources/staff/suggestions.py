"""Whose an unknown account may be: up to three customers an account, each with the reasons in plain words.

Never linked by itself. What is known of an account: its name and address, its number and those above it, and what the
bill that first spoke of it said of its buyer. Call inside `carrier()`; a fixed number of questions, however many
accounts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Count

from billing_sources.models import AccountLink
from billing_sources.staff.figures import count
from portal.customers.models import Customer

MOST = 3
LIKELY = 60  # percent; below it a person has to pick
# Percent. What a system itself says of an account weighs more than how alike two names are.
ABOVE, TAX_ID, NUMBER, BUYER_ID, BESIDE, ALIKE = 95, 95, 90, 88, 80, 75
SAME_PLACE = 55  # never likely by itself: a whole building of companies has one address
SHORTEST_ID = 5  # shorter ones stand by chance in others (`_NUMBER` as well)
SHORTEST_ADDRESS = 20  # characters: a town alone is no address


@dataclass(frozen=True)
class Suggestion:
    """A customer whose account it may be, and why. `score` is in percent and only ranks."""

    code: str
    name: str
    because: str
    score: int


class Evidence(NamedTuple):
    """One reason: an account, a customer, its weight in percent, and its words."""

    link: int
    customer: int
    weight: int
    words: str


def suggestions(links: Sequence[AccountLink]) -> dict[int, list[Suggestion]]:
    """Account → who it may be, the likeliest first; accounts that nothing speaks for are left out."""
    if not links:
        return {}
    found: dict[int, dict[int, list[Evidence]]] = defaultdict(lambda: defaultdict(list))
    for evidence in _all_evidence(links):
        found[evidence.link][evidence.customer].append(evidence)
    names = {
        pk: (str(code), name)
        for pk, code, name in Customer.objects.filter(
            pk__in={customer for customers in found.values() for customer in customers}
        ).values_list("pk", "code", "name")
    }
    return {link: _ranked(customers, names) for link, customers in found.items()}


def _ranked(customers: dict[int, list[Evidence]], names: dict[int, tuple[str, str]]) -> list[Suggestion]:
    made = [_suggestion(*names[pk], evidence) for pk, evidence in customers.items()]
    return sorted(made, key=lambda each: (-each.score, each.name))[:MOST]


def _suggestion(code: str, name: str, evidence: list[Evidence]) -> Suggestion:
    """Every further reason takes away a third of the doubt that the ones before it left."""
    heaviest = sorted(evidence, key=lambda each: -each.weight)
    score = heaviest[0].weight
    for _ in heaviest[1:]:
        score += (100 - score) // 3
    return Suggestion(code, name, "; ".join(dict.fromkeys(each.words for each in heaviest)), score)


def _all_evidence(links: Sequence[AccountLink]) -> Iterator[Evidence]:
    yield from _around(links)
    yield from _by_number(links)
    yield from _by_buyer_id(links)
    yield from _by_asking(_TAX_ID, TAX_ID, "tax id {} is theirs", [(link.pk, link.buyer_id) for link in links])
    yield from _alike(_NAME, ALIKE, "name is {} % like {}", [pair for link in links for pair in _names(link)])
    places = [(link.pk, link.address) for link in links if len(link.address) >= SHORTEST_ADDRESS]
    yield from _alike(_ADDRESS, SAME_PLACE, "address is {} % like {}", places)


def _around(links: Sequence[AccountLink]) -> Iterator[Evidence]:
    """The account above is linked already, or others below it are."""
    below: dict[tuple[int, str], list[int]] = defaultdict(list)
    for link in links:
        if link.parent_external_id:
            below[link.system_id, link.parent_external_id].append(link.pk)
    linked = AccountLink.objects.filter(system__in={system for system, _ in below}, customer__isnull=False)
    parents = {parent for _, parent in below}
    for system, parent, customer in linked.filter(external_id__in=parents).values_list(
        "system_id", "external_id", "customer_id"
    ):
        yield from (Evidence(pk, customer, ABOVE, f"parent {parent} is theirs") for pk in below[system, parent])
    beside = linked.filter(parent_external_id__in=parents).values_list("system_id", "parent_external_id", "customer_id")
    for system, parent, customer, number in beside.annotate(number=Count("pk")):
        words = f"{count(number, 'other account')} below {parent} {'is' if number == 1 else 'are'} theirs"
        yield from (Evidence(pk, customer, BESIDE, words) for pk in below[system, parent])


def _by_number(links: Sequence[AccountLink]) -> Iterator[Evidence]:
    """The customer's number stands in the account's own, or in that of the account above it."""
    pairs = [(link.pk, text) for link in links for text in (link.external_id, link.parent_external_id)]
    yield from _by_asking(_NUMBER, NUMBER, "their customer number stands in {}", pairs)


def _by_buyer_id(links: Sequence[AccountLink]) -> Iterator[Evidence]:
    """A linked account of another system (or of this one) was billed to the same buyer."""
    asked: dict[str, list[int]] = defaultdict(list)
    for link in links:
        if len(link.buyer_id) >= SHORTEST_ID:
            asked[link.buyer_id].append(link.pk)
    found = AccountLink.objects.filter(buyer_id__in=asked, customer__isnull=False)
    # One account stands for all of a customer's that have this buyer id: a buyer may have thousands.
    for buyer, customer, account, system in (
        found.order_by("buyer_id", "customer_id", "pk")
        .distinct("buyer_id", "customer_id")
        .values_list("buyer_id", "customer_id", "external_id", "system__name")
    ):
        words = f"buyer id {buyer} is that of {account} in {system}, which is theirs"
        yield from (Evidence(pk, customer, BUYER_ID, words) for pk in asked[buyer])


# `%` (pg_trgm) asks the trigram index for what is alike at all (0.3 and above); how alike decides afterwards.
_NAME = """
    SELECT asked.link, c.id, max(similarity(c.name, asked.text)), c.name
    FROM unnest(%s::bigint[], %s::text[]) AS asked (link, text) JOIN customers_customer c ON c.name %% asked.text
    GROUP BY asked.link, c.id, c.name HAVING max(similarity(c.name, asked.text)) >= 0.45
    """
# `<%` finds the account's address as a part of the customer's, which may have a department before it. Below 0.75 two
# addresses may have no more than their town in common.
_ADDRESS = """
    SELECT asked.link, c.id, word_similarity(asked.text, one_line(c.address_lines)), one_line(c.address_lines)
    FROM unnest(%s::bigint[], %s::text[]) AS asked (link, text)
    JOIN customers_customer c ON asked.text <%% one_line(c.address_lines)
    WHERE word_similarity(asked.text, one_line(c.address_lines)) >= 0.75
    """
_TAX_ID = """
    SELECT asked.link, c.id, asked.text
    FROM unnest(%s::bigint[], %s::text[]) AS asked (link, text)
    JOIN customers_customer c ON c.tax_ids @> ARRAY[letters_and_digits(asked.text)]
    WHERE asked.text <> ''
    """
_NUMBER = """
    WITH asked AS MATERIALIZED (
        SELECT link, text, letters_and_digits(text) AS plain
        FROM unnest(%s::bigint[], %s::text[]) AS each (link, text) WHERE text <> ''),
    customers AS MATERIALIZED (SELECT id, letters_and_digits(number) AS plain FROM customers_customer)
    SELECT asked.link, c.id, max(asked.text) FROM asked JOIN customers c ON strpos(asked.plain, c.plain) > 0
    WHERE length(c.plain) >= 5 GROUP BY asked.link, c.id
    """


def _by_asking(statement: str, weight: int, words: str, pairs: Sequence[tuple[int, str]]) -> Iterator[Evidence]:
    for link, customer, text in _ask(statement, pairs):
        yield Evidence(link, customer, weight, words.format(text))


def _alike(statement: str, most: int, words: str, pairs: Sequence[tuple[int, str]]) -> Iterator[Evidence]:
    """Likeness counts as far as `most` goes: two names that are the same may be two companies."""
    for link, customer, likeness, text in _ask(statement, pairs):
        percent = int(likeness * 100)
        yield Evidence(link, customer, percent * most // 100, words.format(percent, text))


def _ask(statement: str, pairs: Sequence[tuple[int, str]]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [[link for link, _ in pairs], [text for _, text in pairs]])
        return list(cursor.fetchall())


def _names(link: AccountLink) -> Iterable[tuple[int, str]]:
    """What the account may be called: its name, that before a dot or comma ("Castellan Foods · Lyon"), its buyer's."""
    head = link.name.replace(",", "·").partition("·")[0].strip()
    return [(link.pk, text) for text in dict.fromkeys((link.name, head, link.buyer)) if text]
