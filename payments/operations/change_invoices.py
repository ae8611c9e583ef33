"""Change many invoices at once, and take such a change back. Each is kept with what stood before."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection

from billing_sources.models import Invoice
from payments.commands import Done, command
from payments.domain.bulk_change import (
    BulkChange,
    Cells,
    Planned,
    differences,
    in_words,
    mark_of,
    plan,
    plan_back,
    why_not_asked,
)
from payments.domain.refusals import NotFound, Refused, Rule, refuse
from payments.domain.to_pay import ToPayWish
from payments.facts import lock_invoices
from payments.models import ChangedInvoice, ChangeSet
from payments.operations.edit_cells import tags_named
from payments.operations.to_pay import wanted_of, write_wishes
from portal.actor import Actor
from portal.customers import access

MOST: Final = 50_000  # invoices at once

_TAGS: Final = """
    SELECT given.invoice_id, tag.name FROM payments_invoicetag given JOIN payments_tag tag ON tag.id = given.tag_id
    WHERE given.invoice_id = ANY(%s)
"""
_TAG: Final = """
    INSERT INTO payments_invoicetag (customer_id, tag_id, invoice_id)
    SELECT %s, %s, invoice FROM unnest(%s::bigint[]) AS chosen (invoice) ON CONFLICT DO NOTHING
"""
_UNTAG: Final = "DELETE FROM payments_invoicetag WHERE tag_id = %s AND invoice_id = ANY(%s)"
_KEEP: Final = """
    INSERT INTO payments_changedinvoice (change_set_id, customer_id, invoice_id, currency, before, after)
    SELECT %s, %s, kept.invoice_id, kept.currency, kept.before::jsonb, kept.after::jsonb
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[]) AS kept (invoice_id, currency, before, after)
"""


@command
def change_invoices(
    actor: Actor, *, invoices: Sequence[UUID], change: BulkChange, seen: str, key: UUID, now: datetime
) -> Done:
    """Do what `foresee` foretold; `seen` is its mark. `Done.code` is the change set's.

    Those that cannot be changed are left as they are. Raises `Refused` if anything is not as it was seen.
    """
    outcome = foresee(actor, invoices, change)
    if mark_of(outcome) != seen:
        raise refuse(
            Rule.CHANGED_SINCE, "Some of these invoices were changed meanwhile; this is what would happen now."
        )
    done = [planned for planned in outcome if planned.is_change]
    if not done:
        raise refuse(Rule.EMPTY, "Nothing would change.")
    kept = _keep(actor, in_words(change), done, now)
    left = len(outcome) - len(done)
    message = f"{_invoices(len(done))} changed{f', {left:,} left as they are' if left else ''}: {kept.words}."
    return Done(message, "invoices changed", "invoices", str(kept.code), {"invoices": len(done)})


@command
def undo_change(actor: Actor, *, change: UUID, key: UUID, now: datetime) -> Done:
    """Take back what a change set changed, where nobody changed it since. `Done.code` is that of the new change set."""
    undone = ChangeSet.objects.filter(code=change, customer_id=actor.customer_id).first()
    if undone is None:
        raise NotFound("change")
    if ChangeSet.objects.filter(undoes=undone).exists():
        raise refuse(Rule.TWICE, "This change was undone before.")
    outcome = foresee_undo(actor, undone)
    back = [planned for planned in outcome if planned.is_change]
    if not back:
        raise Refused(*(planned.refusal for planned in outcome if planned.refusal))
    kept = _keep(actor, f"undone: {undone.words}"[:400], back, now, undoes=undone)
    left = len(outcome) - len(back)
    message = f"{_invoices(len(back))} as before{f'; {left:,} could not be undone' if left else ''}."
    return Done(message, "change undone", "invoices", str(kept.code), {"invoices": len(back), "left": left})


def foresee(actor: Actor, invoices: Sequence[UUID], change: BulkChange) -> list[Planned]:
    """What would become of each of the invoices, which are locked. Raises `Refused` for what cannot be meant."""
    if refusal := why_not_asked(change):
        raise Refused(refusal)
    if not 0 < len(invoices) <= MOST:
        raise refuse(Rule.EMPTY, f"Choose 1 to {MOST:,} invoices.")
    found = lock_invoices(invoices)
    nodes = {invoice.account_id for invoice in found.values()}
    if change.is_about_tags:
        access.require(actor, "tag", nodes)
    if change.is_about_paying:
        access.require(actor, "prepare", nodes)
    cells = _cells_of([invoice.id for invoice in found.values()])
    return [plan(change, invoice, cells[invoice.id]) for invoice in found.values()]


def foresee_undo(actor: Actor, undone: ChangeSet) -> list[Planned]:
    """What would become of the invoices of a change set if it was undone."""
    rows = ChangedInvoice.objects.filter(change_set=undone).values_list(
        "invoice_id", "invoice__code", "before", "after"
    )
    entries = {invoice_id: (code, before, after) for invoice_id, code, before, after in rows}
    found = {invoice.id: invoice for invoice in lock_invoices(code for code, _, _ in entries.values()).values()}
    nodes = {invoice.account_id for invoice in found.values()}
    keys = {key for _, before, _ in entries.values() for key in before}
    if keys - {"to_pay"}:
        access.require(actor, "tag", nodes)
    if "to_pay" in keys:
        access.require(actor, "prepare", nodes)
    cells = _cells_of(list(found))
    return [plan_back(found[key], cells[key], entries[key][1], entries[key][2]) for key in sorted(found)]


def _cells_of(invoice_ids: Sequence[int]) -> dict[int, Cells]:
    tags: dict[int, set[str]] = {key: set() for key in invoice_ids}
    with connection.cursor() as cursor:
        cursor.execute(_TAGS, [list(invoice_ids)])
        for invoice_id, name in cursor.fetchall():
            tags[invoice_id].add(name)
    wanted = wanted_of(invoice_ids)
    return {key: Cells(wanted.get(key), frozenset(tags[key])) for key in invoice_ids}


def _keep(
    actor: Actor, words: str, done: Sequence[Planned], now: datetime, undoes: ChangeSet | None = None
) -> ChangeSet:
    """Bring the planned about, and write down what differs."""
    _write_tags(actor, done)
    _write_wishes(actor, done, now)
    kept = ChangeSet.objects.create(
        customer_id=actor.customer_id, words=words[:400], undoes=undoes, by_id=actor.user_id, at=now
    )
    rows = []
    for planned in done:
        before, after = differences(planned)
        rows.append((planned.invoice.id, planned.invoice.currency, json.dumps(before), json.dumps(after)))
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [kept.pk, actor.customer_id, *map(list, zip(*rows, strict=True))])
    return kept


def _write_tags(actor: Actor, done: Sequence[Planned]) -> None:
    put_on: dict[str, list[int]] = {}
    taken_off: dict[str, list[int]] = {}
    for planned in done:
        for name in planned.after.tags - planned.before.tags:
            put_on.setdefault(name, []).append(planned.invoice.id)
        for name in planned.before.tags - planned.after.tags:
            taken_off.setdefault(name, []).append(planned.invoice.id)
    tags = {tag.name: tag.pk for tag in tags_named(actor, sorted({*put_on, *taken_off}))}
    with connection.cursor() as cursor:
        for name, ids in put_on.items():
            cursor.execute(_TAG, [actor.customer_id, tags[name], ids])
        for name, ids in taken_off.items():
            cursor.execute(_UNTAG, [tags[name], ids])


def _write_wishes(actor: Actor, done: Sequence[Planned], now: datetime) -> None:
    changed = [planned for planned in done if planned.before.to_pay != planned.after.to_pay]
    codes: dict[int, UUID] = dict(
        Invoice.objects.filter(pk__in=[planned.invoice.id for planned in changed]).values_list("pk", "code")
    )
    invoices = {codes[planned.invoice.id]: planned.invoice for planned in changed}
    wishes = [_wish_of(codes[planned.invoice.id], planned.after) for planned in changed]
    write_wishes(actor, wishes, invoices, now)


def _wish_of(code: UUID, cells: Cells) -> ToPayWish:
    wanted = cells.to_pay
    return ToPayWish(code, wanted.amount, wanted.reason, wanted.note) if wanted else ToPayWish(code, None)


def _invoices(count: int) -> str:
    return f"{count:,} invoice{'' if count == 1 else 's'}"
