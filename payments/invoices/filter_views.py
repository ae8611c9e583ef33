"""The filter's form, with a field for every column, and lists of values pasted into it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from payments.domain.refusals import Refused
from payments.invoices import chips
from payments.invoices.chips import Option
from payments.invoices.columns import COLUMNS
from payments.invoices.filters import BLANKS, MOST_LISTS, InvoiceFilter, first_page, read_filter
from payments.invoices.value_lists import LISTABLE, keep_list
from portal.impersonation.policy import customer_page
from portal.requests import CustomerRequest

_RANGES: Final = {
    "amount": "Billed",
    "open": "Open",
    "to_pay": "To pay",
    "held": "In pay runs",
    "disputed": "Disputed",
    "settled": "Booked",
    "credited": "Credited",
    "amount_due": "Due on the bill",
    "revision": "Revision",
}
_TEXTS: Final = {
    "number": "Invoice says",
    "account_number": "Account no. says",
    "parent": "Parent says",
    "cost_center": "Cost centre says",
}


@dataclass(frozen=True)
class Field:
    """A field of the form: an input of text, or two of them for a range."""

    label: str
    name: str
    value: str
    to_name: str = ""
    to_value: str = ""


@customer_page("see")
def invoice_filter(request: CustomerRequest) -> HttpResponse:
    """A page of its own, or what folds out over the list."""
    return _form(request, read_filter(request.GET))


@customer_page("see", "POST")
def invoice_lists(request: CustomerRequest) -> HttpResponse:
    """Only what is in the list of values; a value that cannot be read leaves all of them in their field."""
    chosen = read_filter(QueryDict(request.POST.get("back", "")))
    try:
        name = keep_list(
            request.actor, request.POST.get("column", ""), request.POST.get("values", ""), now=timezone.now()
        )
    except Refused as refused:
        return _form(request, chosen, refusal=str(refused))
    lists = tuple(dict.fromkeys((*chosen.lists, name)))[-MOST_LISTS:]
    return redirect(f"{reverse('invoices')}?{first_page(replace(chosen, lists=lists))}")


def _form(request: CustomerRequest, chosen: InvoiceFilter, refusal: str = "") -> HttpResponse:
    context = {
        "chosen": chosen,
        "texts": [Field(label, name, getattr(chosen, name)) for name, label in _TEXTS.items()],
        "ranges": [_range(chosen, name, label) for name, label in _RANGES.items()],
        "methods": _options(chips.METHODS.items(), chosen.method),
        "reasons": _options(chips.REASONS.items(), chosen.reason),
        "blanks": [Option(key, word, key in chosen.without) for key, word in BLANKS.items()],
        "listable": _options([(key, COLUMNS[key].label) for key in LISTABLE], request.POST.get("column", "number")),
        "hidden": _hidden(chosen),
        "back": first_page(chosen),
        "values": request.POST.get("values", ""),
        "refusal": refusal,
        **chips.choices(request.actor, chosen),
    }
    part = "#form" if "HX-Request" in request.headers and not refusal else ""
    return render(request, f"payments/invoice_filter.html{part}", context, status=422 if refusal else 200)


def _range(chosen: InvoiceFilter, name: str, label: str) -> Field:
    first, last = getattr(chosen, f"{name}_from"), getattr(chosen, f"{name}_to")
    return Field(label, f"{name}_from", _shown(first), f"{name}_to", _shown(last))


def _shown(value: Any) -> str:
    return "" if value is None else f"{value:f}" if hasattr(value, "as_tuple") else str(value)


def _hidden(chosen: InvoiceFilter) -> list[Field]:
    """What the form says nothing of, and keeps: the look of the list, and what its chips alone take away."""
    texts = {"sort": chosen.sort, "columns": chosen.columns, "lists": chosen.lists}
    said = [Field("", name, ",".join(value)) for name, value in texts.items() if value]
    words = {"by": chosen.by, "reissued": chosen.reissued, "directly": chosen.directly}
    return said + [Field("", name, value) for name, value in words.items() if value]


def _options(pairs: Iterable[tuple[str, Any]], chosen: str) -> list[Option]:
    return [Option(value, str(label), value == chosen) for value, label in pairs]
