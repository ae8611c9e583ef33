"""The columns of the grid and its order, as a reader arranges them on a form of plain posts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse

from payments.invoices.chips import Option
from payments.invoices.columns import COLUMNS, LEAD, SORTS, USUAL
from payments.invoices.filters import MOST_SORTS, SIZES, InvoiceFilter, first_page, read_filter
from portal.impersonation.policy import customer_page
from portal.requests import CustomerRequest

_STEPS: Final = {"up": -1, "down": 1}


@dataclass(frozen=True)
class ColumnChoice:
    key: str
    label: str
    is_shown: bool
    is_fixed: bool


@dataclass(frozen=True)
class SortChoice:
    """One of the columns that the list is sorted by, the `place`-th."""

    place: int
    label: str
    columns: list[Option]
    is_descending: bool


@customer_page("see", "GET", "HEAD", "POST")
def invoice_columns(request: CustomerRequest) -> HttpResponse:
    """A POST either moves a column by a step and shows the form again, or goes to the list."""
    if request.method != "POST":
        chosen = read_filter(request.GET)
        return _form(request, chosen, _all_keys(chosen.columns or USUAL), chosen.columns or USUAL)
    asked = _read(request.POST)
    order, shown = _all_keys(request.POST.getlist("order")), set(request.POST.getlist("show")) | {LEAD}
    if "move" in request.POST:
        return _form(request, asked, _moved(order, request.POST["move"]), shown)
    columns = tuple(key for key in order if key in shown)
    is_usual = "usual" in request.POST or columns == USUAL
    return redirect(f"{reverse('invoices')}?{first_page(asked, columns=() if is_usual else columns)}")


def _form(
    request: CustomerRequest, chosen: InvoiceFilter, order: Sequence[str], shown: Sequence[str] | set[str]
) -> HttpResponse:
    context = {
        "back": first_page(chosen),
        "columns": [ColumnChoice(key, COLUMNS[key].label, key in shown, key == LEAD) for key in order],
        "sorts": [_sort_choice(chosen, place) for place in range(MOST_SORTS)],
        "sizes": [Option(str(size), f"{size} rows", size == chosen.size) for size in SIZES],
    }
    part = "#form" if "HX-Request" in request.headers else ""
    return render(request, f"payments/invoice_columns.html{part}", context)


def _read(posted: QueryDict) -> InvoiceFilter:
    """The list that the form was opened over, with the order and size that it says."""
    said = QueryDict(mutable=True)
    said.update({"sort": ",".join(_sort_keys(posted)), "size": posted.get("size", "")})
    ordered = read_filter(said)
    return replace(read_filter(QueryDict(posted.get("back", ""))), sort=ordered.sort, size=ordered.size)


def _sort_keys(posted: QueryDict) -> list[str]:
    keys = [posted.get(f"sort_{place}", "") for place in range(MOST_SORTS)]
    falls = [f"falls_{place}" in posted for place in range(MOST_SORTS)]
    return [f"-{key}" if is_falling else key for key, is_falling in zip(keys, falls, strict=True) if key]


def _all_keys(first: Sequence[str]) -> list[str]:
    """Every column once: those of `first` in their order, then all others."""
    return list(dict.fromkeys((*(key for key in first if key in COLUMNS), *COLUMNS)))


def _moved(order: list[str], move: str) -> list[str]:
    """`move` is a step and a column, such as "up:due"."""
    step, _, key = move.partition(":")
    if step in _STEPS and key in order:
        place = order.index(key)
        other = min(max(place + _STEPS[step], 0), len(order) - 1)
        order[place], order[other] = order[other], order[place]
    return order


def _sort_choice(chosen: InvoiceFilter, place: int) -> SortChoice:
    said = chosen.sort[place] if place < len(chosen.sort) else ""
    plain = said.removeprefix("-")
    columns = [Option(key, COLUMNS[key].label, key == plain) for key in SORTS]
    return SortChoice(place, "Sort by" if place == 0 else "then by", columns, said.startswith("-"))
