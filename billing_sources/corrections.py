"""Void and rebill: what a source takes back, in whatever order its word arrives. Part of loading.

A void is a revision of its bill on which nothing is due, so all that is known of revisions holds for it: money that
stands on the bill makes it wait, and is given back by events. A rebill under a number of its own voids the bill whose
place it takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connection

from billing_sources.canonical import BillType, CanonicalAccount, CanonicalInvoice
from billing_sources.normalize import Bill
from portal.money import ZERO

Identity = tuple[str, str, str]

_REPLACED = """
    SELECT i.entity, i.replaces FROM unnest(%s::text[], %s::text[]) AS seen (entity, number)
    JOIN billing_sources_invoice i
      ON i.system_id = %s AND i.entity = seen.entity AND i.replaces = seen.number AND i.replaces <> ''
    WHERE i.is_current AND i.bill_type <> 'void'
    """
_STANDING = """
    SELECT i.entity, i.number, i.bill_type, i.currency, i.cycle, a.external_id, i.state
    FROM unnest(%s::text[], %s::text[]) AS seen (entity, number)
    JOIN billing_sources_invoice i
      ON i.system_id = %s AND i.entity = seen.entity AND i.number = seen.number AND i.series = '' AND i.is_current
    JOIN billing_sources_accountlink a ON a.id = i.account_link_id
    """
_KNOWN = """
    SELECT content_sha256 FROM billing_sources_invoice
    WHERE system_id = %s AND entity = %s AND number = %s AND series = %s
    """


def is_what_was_voided(system_id: int, identity: Identity, digest: str, *, came_first: bool, is_older: bool) -> bool:
    """Whether a bill that comes after its void is the very bill that was voided, and not one in its place.

    `came_first`: the void came before any bill of this number; then the bill that is dated before it is meant.
    """
    if came_first:
        return is_older
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, [system_id, *identity])
        return digest in {known for (known,) in cursor.fetchall()}


def replaced_already(system_id: int, identities: Sequence[Identity]) -> set[Identity]:
    """Those whose rebill stands: it came before them."""
    if not identities:
        return set()
    entities, numbers = [each[0] for each in identities], [each[1] for each in identities]
    with connection.cursor() as cursor:
        cursor.execute(_REPLACED, [entities, numbers, system_id])
        return {(entity, number, "") for entity, number in cursor.fetchall()}


def voids_for(system_id: int, bills: Iterable[Bill]) -> tuple[list[Bill], list[Bill]]:
    """A void for each bill that these take the place of; and those of them whose predecessor never came."""
    rebills = [bill for bill in bills if bill.invoice.replaces]
    standing = _standing(system_id, rebills)
    voids, unknown = [], []
    for bill in rebills:
        found = standing.get((bill.invoice.entity, bill.invoice.replaces))
        if found is None:
            unknown.append(bill)
        elif found[0] != BillType.VOID:
            _, currency, cycle, account, _ = found
            voids.append(_void(bill.invoice, currency, cycle, account))
    return voids, unknown


def replace_what_is_seen(system_id: int, bills: Iterable[Bill]) -> set[Identity]:
    """Those of them whose customer sees the bill that they take the place of: these are seen as well."""
    rebills = [bill for bill in bills if bill.invoice.replaces]
    published = {key for key, row in _standing(system_id, rebills).items() if row[-1] == "published"}
    return {bill.identity for bill in rebills if (bill.invoice.entity, bill.invoice.replaces) in published}


def _standing(system_id: int, rebills: Sequence[Bill]) -> dict[tuple[str, str], list[str]]:
    """(entity, number) of bills that are replaced → the rest of what `_STANDING` tells."""
    if not rebills:
        return {}
    with connection.cursor() as cursor:
        columns = [[bill.invoice.entity for bill in rebills], [bill.invoice.replaces for bill in rebills]]
        cursor.execute(_STANDING, [*columns, system_id])
        return {(entity, number): row for entity, number, *row in cursor.fetchall()}


def _void(rebill: CanonicalInvoice, currency: str, cycle: str, account: str) -> Bill:
    return Bill(
        CanonicalInvoice(
            system=rebill.system,
            number=rebill.replaces,
            bill_type=BillType.VOID,
            type_code="",
            currency=currency,
            billed_on=rebill.billed_on,
            account=account,
            entity=rebill.entity,
            cycle=cycle,
            preceding=rebill.number,
            line_total=ZERO,
            tax_excluded=ZERO,
            tax=ZERO,
            tax_included=ZERO,
            amount_due=ZERO,
            accounts=[CanonicalAccount(account)],
            origin=rebill.origin,
        ),
        payable=ZERO,
        total=ZERO,
        lines=ZERO,
        document=ZERO,
        unmapped={},
    )
