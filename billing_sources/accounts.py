"""Whose bill it is: external accounts, and the customers that staff linked them to. Part of loading."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from billing_sources.canonical import CanonicalAccount, CanonicalInvoice
from billing_sources.normalize import Bill


class Link(NamedTuple):
    """An external account's row, and the node it is linked to; None until a person links it."""

    id: int
    customer_id: int | None
    account_id: int | None


_OF_ACCOUNT, _OF_BUYER = ("external_id", "parent", "level", "name"), ("buyer", "buyer_id")
LONGEST_ADDRESS = 300  # characters: more than an address is something else
_KNOWN = """
    SELECT external_id, id, customer_id, account_id FROM billing_sources_accountlink
    WHERE system_id = %s AND external_id = ANY(%s)
    """
# Whoever links an account waits for the loading that still counts on its not being linked.
_UNLINKED = """
    SELECT external_id, id, customer_id, account_id FROM billing_sources_accountlink
    WHERE system_id = %s AND external_id = ANY(%s) ORDER BY id FOR SHARE
    """
_NEW = """
    INSERT INTO billing_sources_accountlink
        (code, system_id, external_id, parent_external_id, level, name, buyer, buyer_id, address, first_seen_at)
    SELECT gen_random_uuid(), %s, external_id, parent, level, name, buyer, buyer_id, address, %s
    FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
        AS seen (external_id, parent, level, name, buyer, buyer_id, address)
    ORDER BY external_id
    ON CONFLICT (system_id, external_id) DO NOTHING
    """


def resolve(system_id: int, bills: Sequence[Bill], now: datetime) -> dict[str, Link]:
    """A link for every account that these bills speak of; unknown ones are written down for staff."""
    seen = {account.external_id: (account, bill.invoice) for bill in bills for account in bill.invoice.accounts}
    links = _links(_KNOWN, system_id, seen)
    if missing := {external_id: words for external_id, words in seen.items() if external_id not in links}:
        _write_down(system_id, missing.values(), now)
        links |= _links(_KNOWN, system_id, missing)
    billed = {bill.invoice.account for bill in bills}
    if unlinked := [external_id for external_id in billed if links[external_id].account_id is None]:
        links |= _links(_UNLINKED, system_id, unlinked)
    return links


def _links(statement: str, system_id: int, external_ids: Iterable[str]) -> dict[str, Link]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [system_id, list(external_ids)])
        return {external_id: Link(*columns) for external_id, *columns in cursor.fetchall()}


def _write_down(system_id: int, accounts: Collection[tuple[CanonicalAccount, CanonicalInvoice]], now: datetime) -> None:
    """With what the bill says of its buyer: staff are told by it whose account this may be."""
    columns = [[getattr(account, name) for account, _ in accounts] for name in _OF_ACCOUNT]
    columns += [[getattr(invoice, name) for _, invoice in accounts] for name in _OF_BUYER]
    columns.append([(account.address or invoice.buyer_address)[:LONGEST_ADDRESS] for account, invoice in accounts])
    with connection.cursor() as cursor:
        cursor.execute(_NEW, [system_id, now, *columns])
