"""Accept what is suggested for many accounts at once: first the preview, then one act, all or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone

from billing_sources.linking import Choice, ancestors, link_where_they_belong
from billing_sources.models import AccountLink
from billing_sources.operations import NotDone
from billing_sources.staff.figures import count
from billing_sources.staff.link_queries import LinkRow, rows_of
from billing_sources.staff.link_views import chosen_links
from billing_sources.staff.suggestions import LIKELY, Suggestion, suggestions
from portal.customers.models import Customer
from portal.impersonation.policy import carrier_page
from portal.requests import CarrierRequest


@dataclass(frozen=True)
class Option:
    """A customer that an account may go to; `place` says below what it would stand."""

    suggestion: Suggestion
    place: str
    is_picked: bool


@dataclass(frozen=True)
class PreviewRow:
    row: LinkRow
    options: tuple[Option, ...]
    is_left_out: bool


@carrier_page("engineer", methods=("GET", "HEAD", "POST"))
def suggested_links(request: CarrierRequest) -> HttpResponse:
    chosen = chosen_links(request.POST if request.method == "POST" else request.GET)
    if not chosen:
        messages.error(request, "Choose the accounts first.")
        return redirect("account_links")
    if request.method != "POST":
        return _page(request, chosen)
    try:
        choices = _choices(request.POST, chosen)
        published = link_where_they_belong(actor=request.carrier, choices=choices, now=timezone.now())
    except NotDone as refusal:
        messages.error(request, str(refusal))
        return _page(request, chosen_links(request.POST), status=422)
    messages.success(
        request, f"{count(len(choices), 'account')} linked; {count(published, 'bill')} published with them."
    )
    return redirect("account_links")


def _choices(data: QueryDict, chosen: Sequence[AccountLink]) -> list[Choice]:
    """What the person picked. The reason on record is the one that holds now. Raises `NotDone` for nothing picked."""
    found = suggestions([link for link in chosen if link.account_id is None])
    picks = {link: _pick(data, link) for link in chosen}
    known = {str(customer.code): customer for customer in Customer.objects.filter(code__in=_offered(found.values()))}
    if unknown := [link.external_id for link, pick in picks.items() if pick and pick not in known]:
        raise NotDone(f"What was suggested for account {unknown[0]} has changed; nothing was linked. Look again.")
    choices = [
        Choice(link, known[pick], _because(found.get(link.pk, []), pick)) for link, pick in picks.items() if pick
    ]
    if not choices:
        raise NotDone("Choose a customer for one account at least.")
    return choices


def _offered(found: Iterable[list[Suggestion]]) -> set[str]:
    return {suggestion.code for some in found for suggestion in some}


def _because(suggested: Sequence[Suggestion], code: str) -> str:
    return next((suggestion.because for suggestion in suggested if suggestion.code == code), "")


def _pick(data: QueryDict, link: AccountLink) -> str:
    return data.get(f"customer-{link.code}", "")


def _page(request: CarrierRequest, chosen: Sequence[AccountLink], status: int = 200) -> HttpResponse:
    lines = ancestors(chosen)
    picks = {link.pk: _pick(request.POST, link) for link in chosen} if request.method == "POST" else {}
    both = zip(chosen, rows_of(chosen), strict=True)
    rows = [_preview(row, lines[link.pk], picks.get(link.pk)) for link, row in both if link.account_id is None]
    context = {
        "rows": [row for row in rows if row.options],
        "others": [row.row for row in rows if not row.options],
        "linked": [link.external_id for link in chosen if link.account_id is not None],
    }
    return render(request, "billing_sources/link_suggested.html", context, status=status)


def _preview(row: LinkRow, line: Sequence[AccountLink], pick: str | None) -> PreviewRow:
    """Picked is what the person picked, or at first the likeliest; two names that are somewhat alike pick nothing."""
    if pick is None and row.suggestions and row.suggestions[0].score >= LIKELY:
        pick = row.suggestions[0].code
    options = tuple(Option(each, _place(line, each), each.code == pick) for each in row.suggestions)
    return PreviewRow(row, options, is_left_out=not any(option.is_picked for option in options))


def _place(line: Sequence[AccountLink], suggestion: Suggestion) -> str:
    """Below which node it would stand: that of the nearest account above it that is not another customer's."""
    for above in line:
        if above.account is None:
            return f"below {above.name or above.external_id}, a new node of their tree"
        if above.customer is not None and str(above.customer.code) == suggestion.code:
            return f"below {above.account.name}"
    return "below the top of their tree"
