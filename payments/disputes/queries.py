"""Disputes as their pages need them. Called inside `acting(actor)` or `carrier()`; row security stands behind both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum
from django.urls import reverse

from billing_sources.models import Invoice
from payments.disputes.rows import (
    CUSTOMER_CHIPS,
    DisputeRow,
    Figure,
    age_of,
    due_of,
    money,
    name_of,
    reason_words,
    state_words,
)
from payments.models import Dispute, DisputeCharge, DisputeFile, DisputeMessage
from portal.actor import Actor
from portal.customers import access
from portal.money import format_amount

PAGE_SIZE: Final = 100


@dataclass(frozen=True)
class FileLink:
    name: str
    size: str
    url: str


@dataclass(frozen=True)
class Said:
    """A line of the conversation. `paragraphs` are what was written, `step` what was done."""

    side: str
    name: str
    at: str
    step: str
    paragraphs: tuple[str, ...]
    is_internal: bool
    files: tuple[FileLink, ...]


@dataclass(frozen=True)
class Related:
    name: str
    url: str
    words: str


def disputes_for(actor: Actor) -> QuerySet[Dispute]:
    """Those about invoices that the actor may see."""
    found = Dispute.objects.filter(customer_id=actor.customer_id)
    reach = access.scope(actor, "see")
    return found if reach.everything else found.filter(invoice__account_id__in=reach.ids)


def get_dispute_for(actor: Actor, code: UUID) -> Dispute | None:
    related = ("invoice", "opened_by", "run", "credit_note", "split_from", "owner")
    return disputes_for(actor).select_related(*related).filter(code=code).first()


def get_file_for(actor: Actor, dispute: UUID, code: UUID) -> DisputeFile | None:
    return DisputeFile.objects.filter(code=code, dispute__in=disputes_for(actor).filter(code=dispute)).first()


def list_disputes_for(actor: Actor, params: Mapping[str, str], today: date) -> dict[str, Any]:
    """A page of one state, the newest first; counts of every state, and what is disputed a currency."""
    every = disputes_for(actor)
    counted: dict[str, int] = dict(every.values_list("state").annotate(n=Count("pk")))
    shown = {key: states for key, _, states in CUSTOMER_CHIPS}
    chosen = params.get("state", "") if params.get("state", "") in shown else "open"
    wanted = every.filter(state__in=shown[chosen])
    before = _number(params.get("before", ""))
    page = wanted if before is None else wanted.filter(number__lt=before)
    rows = list(page.select_related("invoice", "customer", "owner").order_by("-number")[: PAGE_SIZE + 1])
    older = f"?state={chosen}&before={rows[PAGE_SIZE - 1].number}" if len(rows) > PAGE_SIZE else ""
    return {
        "rows": [row_of(each, today, "dispute") for each in rows[:PAGE_SIZE]],
        "chips": [
            (key, label, f"{sum(counted.get(state, 0) for state in states):,}", key == chosen)
            for key, label, states in CUSTOMER_CHIPS
        ],
        "totals": totals_of(wanted),
        "older_url": older,
        "newest_url": f"?state={chosen}" if before is not None else "",
    }


def totals_of(wanted: QuerySet[Dispute]) -> list[tuple[str, str, str, str, str]]:
    """(currency, count, disputed, credited, not asked for): a row a currency, over the whole filter."""
    found = (
        wanted.order_by("currency")
        .values_list("currency")
        .annotate(n=Count("pk"), amount=Sum("amount"), credited=Sum("credited"), standing=Sum("standing"))
    )
    return [
        (currency, f"{n:,}", *(format_amount(each, currency) for each in (amount, credited, standing)))
        for currency, n, amount, credited, standing in found
    ]


def row_of(each: Dispute, today: date, page: str) -> DisputeRow:
    state, tone = state_words(each.state, at_desk=page != "dispute")
    due, due_tone = due_of(each, today)
    return DisputeRow(
        name=name_of(each.number),
        url=reverse(page, args=[each.code]),
        customer=each.customer.name,
        invoice=each.invoice.number,
        invoice_url=reverse("invoice" if page == "dispute" else "carrier_bill", args=[each.invoice.code]),
        reason=reason_words(each.reason),
        amount=format_amount(each.amount, each.currency),
        standing=format_amount(each.standing, each.currency),
        currency=each.currency,
        state=state,
        tone=tone,
        age=age_of(each, today),
        due=due,
        due_tone=due_tone,
        owner=each.owner.name if each.owner else "",
        opened_on=f"{each.opened_at:%Y-%m-%d}",
    )


def conversation_of(dispute: Dispute, file_page: str) -> list[Said]:
    files: dict[int, list[FileLink]] = defaultdict(list)
    for file in DisputeFile.objects.filter(dispute=dispute).order_by("pk"):
        url = reverse(file_page, args=[dispute.code, file.code])
        files[file.message_id].append(FileLink(file.name, _size(file.size), url))
    return [
        Said(
            side=each.side,
            name=each.name,
            at=f"{each.at:%Y-%m-%d %H:%M}",
            step=each.step,
            paragraphs=tuple(line for line in each.words.splitlines() if line.strip()),
            is_internal=each.is_internal,
            files=tuple(files[each.pk]),
        )
        for each in DisputeMessage.objects.filter(dispute=dispute).order_by("pk")
    ]


def facts_of(dispute: Dispute, today: date, page: str) -> dict[str, Any]:
    """What both sides see of it."""
    state, tone = state_words(dispute.state, at_desk=page != "dispute")
    due, due_tone = due_of(dispute, today)
    undecided = dispute.amount - dispute.withdrawn - dispute.upheld - dispute.credited
    return {
        "dispute": dispute,
        "name": name_of(dispute.number),
        "state": state,
        "tone": tone,
        "reason": reason_words(dispute.reason),
        "amount": money(dispute.amount, dispute.currency),
        "undecided": format_amount(undecided, dispute.currency),
        "proposed": money(dispute.proposed, dispute.currency) if dispute.proposed is not None else "",
        "owed_then": money(undecided - (dispute.proposed or Decimal(0)), dispute.currency),
        "figures": _figures(dispute),
        "age": age_of(dispute, today),
        "due": due,
        "due_tone": due_tone,
        "charges": _charges(dispute),
        "related": _related(dispute, page),
    }


def disputes_of(invoice: Invoice, today: date) -> tuple[DisputeRow, ...]:
    """On an invoice's page: its own, and on a credit note's those that it settles."""
    about = Q(invoice=invoice) | Q(credit_note=invoice)
    found = Dispute.objects.filter(about).select_related("invoice", "customer", "owner").order_by("number")
    return tuple(row_of(each, today, "dispute") for each in found)


def _figures(dispute: Dispute) -> list[Figure]:
    moved: Iterable[tuple[str, Decimal]] = (
        ("Credit note came", -dispute.settled),
        ("Owed after all", -dispute.upheld),
        ("Withdrawn", -dispute.withdrawn),
    )
    return [
        Figure("Disputed", format_amount(dispute.amount, dispute.currency)),
        *(Figure(label, format_amount(amount, dispute.currency)) for label, amount in moved if amount),
        Figure("Not asked for", format_amount(dispute.standing, dispute.currency), is_total=True),
    ]


def _charges(dispute: Dispute) -> list[tuple[str, str, str]]:
    found = DisputeCharge.objects.filter(dispute=dispute).order_by("position")
    return [
        (each.description, format_amount(each.charged, dispute.currency), format_amount(each.amount, dispute.currency))
        for each in found
    ]


def _related(dispute: Dispute, page: str) -> list[Related]:
    """The disputes it was split from and into."""
    whole = [(dispute.split_from, "split from")] if dispute.split_from else []
    parts = Dispute.objects.filter(split_from=dispute).order_by("number")
    named = whole + [(each, f"split off, {money(each.amount, each.currency)}") for each in parts]
    return [Related(name_of(each.number), reverse(page, args=[each.code]), words) for each, words in named]


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _size(size: int) -> str:
    return f"{size / 1024 / 1024:.1f} MB" if size >= 1024 * 1024 else f"{max(1, size // 1024)} kB"
