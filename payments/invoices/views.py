"""The list of invoices, one invoice, and finding anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, cast
from uuid import UUID

from django.http import Http404, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from billing_sources.lineage.record import RecordPage
from payments.domain.reasons import SHORT_PAY_REASONS
from payments.invoices import chips
from payments.invoices.columns import columns_of
from payments.invoices.detail import get_invoice_for
from payments.invoices.export import csv_of, xlsx_of
from payments.invoices.filters import GROUPINGS, InvoiceFilter, first_page, query, read_filter, whole
from payments.invoices.group_markup import group_rows
from payments.invoices.grouping import group_lines
from payments.invoices.listing import InvoicePage, page_of, totals_of
from payments.invoices.markup import Look, table_rows
from payments.invoices.queries import matching, named, visible_to
from payments.invoices.record_page import get_charge_record_for, get_tax_record_for
from payments.invoices.rows import sums
from payments.invoices.saved_views import here
from payments.invoices.search import find
from payments.invoices.selection import posted_codes
from payments.invoices.usage_page import UsageAsked, get_usage_for
from portal.customers import access
from portal.impersonation.policy import customer_page
from portal.requests import CustomerRequest

MOST_SIDE_BY_SIDE: Final = 10  # columns; with more the list scrolls sideways in a box of its own
_POSITION = re.compile("[0-9]{1,9}")


@customer_page("see", "GET", "HEAD", "POST")
def invoice_list(request: CustomerRequest) -> HttpResponse:
    """The list, or its groups; without a query string the reader's default view. A POST changes nothing: it turns the
    page and keeps what is checked, where no script does."""
    chosen, rights = read_filter(request.GET), _rights(request)
    known = here(request.actor, first_page(chosen))
    if known.default and not request.GET:
        return redirect(f"{reverse('invoices')}?{known.default}")
    shown = _groups(request, chosen) if chosen.by else _rows(request, chosen, rights)
    context = {
        "state_chips": chips.state_chips(chosen),
        "set_chips": chips.set_chips(chosen),
        "view_name": known.name,
        "groupings": chips.groupings(chosen),
        "grouping": GROUPINGS.get(chosen.by, ""),
        "view": query(chosen),
        "whole": whole(chosen),
        "everything_url": f"?{first_page(InvoiceFilter(state='all'))}",
        **rights,
        **shown,
    }
    return render(request, "payments/invoice_list.html", context)


def _rows(request: CustomerRequest, chosen: InvoiceFilter, rights: dict[str, bool]) -> dict[str, Any]:
    visible, today, kept = visible_to(request.actor), timezone.localdate(), posted_codes(request)
    page = page_of(visible, chosen, today)
    elsewhere = kept - {facts.code for facts in page.rows}
    selected = totals_of(visible & named(elsewhere)) if elsewhere else []
    columns = columns_of(chosen.columns, shows_currency=len(page.totals) > 1)
    count = sum(total.count for total in page.totals)
    return {
        "rows": table_rows(page.rows, columns, Look(today, reverse("invoices"), kept=kept, **rights)),
        "columns": chips.heads(chosen, columns),
        "is_wide": len(columns) > MOST_SIDE_BY_SIDE,
        "sums": sums(page.totals, selected),
        "count": f"{count:,}",
        "row_count": count + 1,  # with the head
        "first": chosen.first,
        "elsewhere": sorted(map(str, elsewhere)),
        "reasons": SHORT_PAY_REASONS,
        **_pages(chosen, page, count),
    }


def _groups(request: CustomerRequest, chosen: InvoiceFilter) -> dict[str, Any]:
    visible, today = visible_to(request.actor), timezone.localdate()
    totals = totals_of(visible & matching(chosen, today))
    return {
        "groups": group_rows(group_lines(request.actor, visible, chosen, totals, today)),
        "sums": sums(totals),
    }


@customer_page("see")
def invoice_detail(request: CustomerRequest, code: UUID) -> HttpResponse:
    invoice = get_invoice_for(request.actor, code, timezone.localdate(), shows_all="charges" in request.GET)
    if invoice is None:
        raise Http404
    return render(request, "payments/invoice_detail.html", {"invoice": invoice, **_rights(request)})


@customer_page("see")
def invoice_usage(request: CustomerRequest, code: UUID, charge: int) -> HttpResponse:
    """The calls and sessions behind a charge."""
    usage = get_usage_for(request.actor, code, charge, _read_page(request.GET))
    if usage is None:
        raise Http404
    return render(request, "payments/invoice_usage.html", {"usage": usage})


@customer_page("see")
def charge_record(request: CustomerRequest, code: UUID, position: int) -> HttpResponse:
    """The raw record behind a charge; position 0: behind the bill itself."""
    return _record(request, get_charge_record_for(request.actor, code, position))


@customer_page("see")
def tax_record(request: CustomerRequest, code: UUID, position: int) -> HttpResponse:
    return _record(request, get_tax_record_for(request.actor, code, position))


@customer_page("see")
def invoices_csv(request: CustomerRequest) -> HttpResponse:
    return _download(csv_of(request.actor, read_filter(request.GET), timezone.localdate()), "csv", "text/csv")


@customer_page("see")
def invoices_xlsx(request: CustomerRequest) -> HttpResponse:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return _download(xlsx_of(request.actor, read_filter(request.GET), timezone.localdate()), "xlsx", kind)


@customer_page("see")
def search(request: CustomerRequest) -> HttpResponse:
    """Straight to the one thing that is called so; else the invoices that say so."""
    return redirect(find(request.actor, request.GET.get("q", "").strip()))


def _record(request: CustomerRequest, record: RecordPage | None) -> HttpResponse:
    if record is None:
        raise Http404
    return render(request, "billing_sources/record_detail.html", {"record": record})


def _download(body: Iterator[bytes], suffix: str, kind: str) -> HttpResponse:
    response = StreamingHttpResponse(body, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="invoices-{timezone.localdate()}.{suffix}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return cast(HttpResponse, response)  # the stubs know a streamed answer under another class


def _read_page(given: QueryDict) -> UsageAsked:
    """What does not read as a number is not asked for."""
    texts = {name: given.get(name, "") for name in ("after", "before", "first")}
    numbers = {name: int(text) for name, text in texts.items() if _POSITION.fullmatch(text)}
    return UsageAsked(numbers.get("after"), numbers.get("before"), numbers.get("first", 1))


def _rights(request: CustomerRequest) -> dict[str, bool]:
    rights = access.rights_of(request.actor)
    return {
        "may_tag": "tag" in rights,
        "may_prepare": "prepare" in rights,
        "may_select": bool(rights & {"tag", "prepare"}),
    }


def _pages(chosen: InvoiceFilter, page: InvoicePage, count: int) -> dict[str, str]:
    first, last = chosen.first, chosen.first + len(page.rows) - 1
    back = max(1, first - chosen.size)
    newer = query(chosen, after=None, before=page.newer, first=back) if page.newer else ""
    older = query(chosen, after=page.older, before=None, first=last + 1) if page.older else ""
    return {
        "shown": f"{first:,}–{last:,} of {count:,}" if page.rows else "",
        "newer_url": f"?{newer}" if newer else "",
        "older_url": f"?{older}" if older else "",
    }
