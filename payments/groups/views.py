"""Groups of invoices that somebody keeps together, and the tags in use."""

from __future__ import annotations

from typing import Final
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from payments import operations
from payments.domain.refusals import NotFound, Refused
from payments.groups.queries import get_group_for, list_groups_for, list_tags_for
from payments.invoices.columns import columns_of
from payments.invoices.filters import InvoiceFilter, query, read_filter
from payments.invoices.listing import page_of
from payments.invoices.markup import Look, table_rows
from payments.invoices.queries import visible_to
from payments.invoices.rows import sums
from payments.invoices.selection import posted_codes, read_code
from portal.customers import access
from portal.impersonation.policy import customer_page
from portal.requests import CustomerRequest

COLUMNS: Final = ("number", "account", "billed_by", "due", "billed", "open", "state")


@customer_page("see")
def group_list(request: CustomerRequest) -> HttpResponse:
    context = {"groups": list_groups_for(request.actor), "tags": list_tags_for(request.actor)}
    return render(request, "payments/group_list.html", context)


@customer_page("see")
def group_detail(request: CustomerRequest, code: UUID) -> HttpResponse:
    """The members, paid ones too, a page at a time."""
    group, today = get_group_for(request.actor, code), timezone.localdate()
    if group is None:
        raise Http404
    asked = read_filter(request.GET)
    chosen = InvoiceFilter(group=code, state="all", size=200, after=asked.after, before=asked.before, first=asked.first)
    page = page_of(visible_to(request.actor), chosen, today)
    columns, may_tag = columns_of(COLUMNS, shows_currency=True), access.has(request.actor, "tag")
    context = {
        "group": group,
        "rows": table_rows(page.rows, columns, Look(today, reverse("invoices"), may_tag)),
        "columns": columns,
        "sums": sums(page.totals),
        "grid_url": f"{reverse('invoices')}?{query(InvoiceFilter(group=code, state='all'))}",
        "newer_url": f"?{query(InvoiceFilter(before=UUID(page.newer)))}" if page.newer else "",
        "older_url": f"?{query(InvoiceFilter(after=UUID(page.older)))}" if page.older else "",
        "may_tag": may_tag,
        "key": uuid4(),
    }
    return render(request, "payments/group_detail.html", context)


@customer_page("tag", "POST")
def group_removals(request: CustomerRequest, code: UUID) -> HttpResponse:
    """Take the checked invoices out of the group."""
    key = read_code(request.POST.get("key", ""))
    if key is None:
        raise Http404
    codes = sorted(posted_codes(request))
    try:
        done = operations.ungroup_invoices(request.actor, invoices=codes, group=code, key=key, now=timezone.now())
        messages.success(request, done.message)
    except NotFound as missing:
        raise Http404 from missing
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("group", code=code)
