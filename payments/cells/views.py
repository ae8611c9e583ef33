"""An invoice's cells: a page of its own without script, and what cells.js asks of it in the list."""

from __future__ import annotations

from urllib.parse import urlsplit
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join

from payments.cells.page import cells_of, facts_for, read_edit, row_of
from payments.commands import Done
from payments.domain.reasons import SHORT_PAY_REASONS
from payments.domain.refusals import Conflict, NotFound, Refused
from payments.invoices.filters import query, read_filter
from payments.invoices.queries import tag_names
from payments.invoices.rows import InvoiceFacts
from payments.invoices.selection import read_code
from payments.operations import edit_cells
from portal.customers import access
from portal.impersonation.policy import customer_page
from portal.requests import CustomerRequest


@customer_page("see", "GET", "HEAD", "POST")
def invoice_cells(request: CustomerRequest, code: UUID) -> HttpResponse:
    """The form of one invoice; a POST saves what was changed of it."""
    facts = facts_for(request.actor, code, timezone.localdate())
    if facts is None:
        raise Http404
    if request.method != "POST":
        return _form(request, facts)
    answer = _answer_in_the_list if "HX-Request" in request.headers else _answer
    try:
        done, refused = _save(request, facts), None
    except NotFound as missing:
        raise Http404 from missing
    except Refused as refusal:
        done, refused = None, refusal
    return answer(request, code, done, refused)


@customer_page("see")
def tag_names_offered(request: CustomerRequest) -> HttpResponse:
    """What a field for tags offers; asked for once somebody is about to type."""
    return HttpResponse(format_html_join("", '<option value="{}">', ((name,) for name in tag_names())))


def _save(request: CustomerRequest, facts: InvoiceFacts) -> Done | None:
    """None where nothing was changed."""
    key, edit = read_code(request.POST.get("key", "")), read_edit(facts, request.POST.dict())
    if key is None or not (edit.tags or edit.to_pay):
        return None
    return edit_cells(
        request.actor, invoice=facts.code, tags=edit.tags, to_pay=edit.to_pay, key=key, now=timezone.now()
    )


def _answer(request: CustomerRequest, code: UUID, done: Done | None, refused: Refused | None) -> HttpResponse:
    if refused is None:
        if done:
            messages.success(request, done.message)
        return redirect(_back(request))
    messages.error(request, str(refused))
    facts = facts_for(request.actor, code, timezone.localdate())
    if facts is None:
        raise Http404
    return _form(request, facts, status=_status(refused))


def _answer_in_the_list(
    request: CustomerRequest, code: UUID, done: Done | None, refused: Refused | None
) -> HttpResponse:
    """The row as it stands now, and what came of it in words."""
    today = timezone.localdate()
    facts = facts_for(request.actor, code, today)
    if facts is None:
        raise Http404
    chosen = read_filter(QueryDict(request.POST.get("back", "")))
    said = str(refused) if refused else done.message if done else ""
    row = row_of(request.actor, facts, chosen, today, reverse("invoices"))
    return JsonResponse({"row": row, "said": said}, status=_status(refused) if refused else 200)


def _status(refused: Refused) -> int:
    return 409 if isinstance(refused, Conflict) else 422


def _form(request: CustomerRequest, facts: InvoiceFacts, status: int = 200) -> HttpResponse:
    rights = access.rights_of(request.actor)
    context = {
        "key": uuid4(),
        "cells": cells_of(facts, request.POST.dict()),
        "reasons": SHORT_PAY_REASONS,
        "names": tag_names(),
        "may_tag": "tag" in rights,
        "may_prepare": "prepare" in rights and facts.open > 0,
        "back": _view(request),
        "back_url": _back(request),
    }
    return render(request, "payments/invoice_cells.html", context, status=status)


def _back(request: CustomerRequest) -> str:
    """The list as it was left."""
    view = _view(request)
    return f"{reverse('invoices')}?{view}" if view else reverse("invoices")


def _view(request: CustomerRequest) -> str:
    """The filter that the reader came from: said by the form, and before that by the browser."""
    came_from = urlsplit(request.headers.get("Referer", ""))
    said = request.POST.get("back", came_from.query if came_from.path == reverse("invoices") else "")
    return query(read_filter(QueryDict(said)))
