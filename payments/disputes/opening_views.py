"""Opening disputes: of one invoice (as a whole or by charge), or of all that is selected in a list or a pay run."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from billing_sources.models import Charge, Invoice
from payments import operations
from payments.disputes.evidence import LARGEST_BYTES, MOST_FILES, kept_evidence
from payments.disputes.forms import REASONS, read_charges, read_money, read_percent
from payments.disputes.selection import Preview, preview_of
from payments.domain.refusals import Conflict, NotFound, Refused
from payments.invoices.filters import query, read_filter
from payments.invoices.queries import visible_to
from payments.invoices.selection import Selection, read_code, read_selection
from payments.runs.lines import matching, read_run_filter
from payments.runs.queries import get_run_for, lines_of
from portal.impersonation.policy import customer_page
from portal.money import format_amount, round_to
from portal.requests import CustomerRequest

CHARGES_SHOWN = 500


@customer_page("prepare", "GET", "HEAD", "POST")
def invoice_disputes(request: CustomerRequest, code: UUID) -> HttpResponse:
    """The form of one invoice, its charges to pick from; a POST opens the dispute."""
    invoice = Invoice.objects.filter(visible_to(request.actor), code=code).first()
    if invoice is None:
        raise Http404
    if request.method != "POST":
        return _invoice_form(request, invoice)
    try:
        done = operations.dispute_invoice(
            request.actor,
            invoice=code,
            reason=request.POST.get("reason", ""),
            note=request.POST.get("note", ""),
            amount=read_money(request, "amount"),
            charges=read_charges(request),
            evidence=kept_evidence(request),
            key=read_code(request.POST.get("key", "")) or uuid4(),
            now=timezone.now(),
        )
    except NotFound as missing:
        raise Http404 from missing
    except Refused as refused:
        messages.error(request, str(refused))
        return _invoice_form(request, invoice, status=409 if isinstance(refused, Conflict) else 422)
    messages.success(request, done.message)
    return redirect("dispute", done.code)


@customer_page("prepare", "POST")
def dispute_selection(request: CustomerRequest) -> HttpResponse:
    """What disputing the selection comes to; nothing is changed yet."""
    return _selection_form(request)


@customer_page("prepare", "POST")
def dispute_batch(request: CustomerRequest) -> HttpResponse:
    """Preview it with another percentage, or dispute all of it in one act."""
    if request.POST.get("do") != "open":
        return _selection_form(request)
    try:
        preview = _preview(request)
        if str(len(preview.codes)) != request.POST.get("count"):
            messages.warning(request, "The list has changed since; look at it again. Nothing was done.")
            return _selection_form(request, status=422)
        done = operations.dispute_invoices(
            request.actor,
            invoices=preview.codes,
            reason=request.POST.get("reason", ""),
            note=request.POST.get("note", ""),
            percent=read_percent(request),
            key=read_code(request.POST.get("key", "")) or uuid4(),
            now=timezone.now(),
        )
    except NotFound as missing:
        raise Http404 from missing
    except Refused as refused:
        messages.error(request, str(refused))
        return _selection_form(request, status=409 if isinstance(refused, Conflict) else 422)
    messages.success(request, done.message)
    return redirect(_back(request))


def _invoice_form(request: CustomerRequest, invoice: Invoice, status: int = 200) -> HttpResponse:
    checked = set(request.POST.getlist("charge"))
    charges = Charge.objects.filter(invoice=invoice, amount__gt=0, is_information_only=False).order_by("position")
    context = {
        "invoice": invoice,
        "open": format_amount(invoice.open, invoice.currency),
        "disputed": format_amount(invoice.disputed, invoice.currency) if invoice.disputed else "",
        "held": format_amount(invoice.held, invoice.currency) if invoice.held else "",
        "charges": [_charge_row(each, invoice.currency, request.POST, checked) for each in charges[:CHARGES_SHOWN]],
        **_words(request),
    }
    return render(request, "payments/dispute_invoice.html", context, status=status)


def _charge_row(charge: Charge, currency: str, posted: QueryDict, checked: set[str]) -> dict[str, Any]:
    position = str(charge.position)
    amount = format_amount(round_to(charge.amount, currency), currency)
    return {
        "position": position,
        "description": charge.description or charge.source_term,
        "service": charge.service,
        "amount": amount,
        "value": posted.get(f"charge-{position}", amount),
        "is_checked": position in checked,
    }


def _selection_form(request: CustomerRequest, status: int = 200) -> HttpResponse:
    try:
        preview = _preview(request)
    except Refused as refused:
        messages.error(request, str(refused))
        preview, status = _preview(request, is_whole=True), 422
    if not preview.codes:
        messages.warning(request, "Nothing of what is selected can be disputed: see its state and your rights.")
        return redirect(_back(request))
    chosen = _selection(request)
    context = {
        "preview": preview,
        "count": len(preview.codes),
        "codes": sorted(map(str, chosen.codes)),
        "whole_filter": chosen.whole_filter,
        "back": request.POST.get("back", ""),
        "run": _run(request),
        "back_url": _back(request),
        **_words(request),
    }
    return render(request, "payments/dispute_batch.html", context, status=status)


def _preview(request: CustomerRequest, *, is_whole: bool = False) -> Preview:
    percent: Decimal | None = None if is_whole else read_percent(request)
    return preview_of(request.actor, _selection(request), percent, timezone.localdate())


def _selection(request: CustomerRequest) -> Selection:
    """The checked rows, or the whole filter: of the list, or of the pay run that the form stands in."""
    chosen = read_selection(request)
    if not request.GET.get("run") or chosen.whole_filter is None:
        return chosen
    run = get_run_for(request.actor, UUID(_run(request))) if _run(request) else None
    lines = matching(lines_of(run), read_run_filter(request.GET)) if run else []
    return Selection(frozenset(line.code for line in lines), None, chosen.seen)


def _words(request: CustomerRequest) -> dict[str, Any]:
    return {
        "key": uuid4(),
        "reasons": REASONS,
        "posted": request.POST,
        "most_files": MOST_FILES,
        "largest": LARGEST_BYTES // 1024 // 1024,
    }


def _run(request: CustomerRequest) -> str:
    """The pay run that the selection was made in, if it was."""
    code = read_code(request.POST.get("run") or request.GET.get("run", ""))
    return str(code) if code else ""


def _back(request: CustomerRequest) -> str:
    """The list, or the pay run, as it was left."""
    run = _run(request)
    if run:
        return reverse("pay_run", args=[run])
    view = query(read_filter(QueryDict(request.POST.get("back", ""))))
    return f"{reverse('invoices')}?{view}" if view else reverse("invoices")
