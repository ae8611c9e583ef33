"""The page of one pay run: payments as lanes over the invoices that they settle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from payments.domain.lifecycle import EDITABLE
from payments.domain.refusals import Refusal, Rule, in_words
from payments.domain.submission import why_not_submitted
from payments.facts import method_rules
from payments.models import PayRun
from payments.proposals.queries import reasons_of
from payments.runs.commands import seen_of
from payments.runs.forms import PaymentForm, ShortPayForm, first_value_date, planned_text
from payments.runs.lines import (
    NOT_PAID,
    PAGE_SIZE,
    SHOWS,
    Line,
    RunFilter,
    counts,
    matching,
    read_run_filter,
    run_query,
    totals,
)
from payments.runs.queries import lines_of, payments_of
from payments.runs.reasons import able, why
from payments.runs.remarks import remarks_on
from payments.runs.rows import Lane, PlannedPayment, Posted, lane, line_row, sums
from payments.runs.usable import usable_credits
from payments.runs.warnings import cautions_of
from portal.customers import access
from portal.requests import CustomerRequest

_OF_PAYMENTS: Final = frozenset({Rule.NO_PAYMENT, Rule.PAYMENT_EMPTY, Rule.PAYMENT_NOT_FULL, Rule.PAYMENT_NOT_POSITIVE})
STATES: Final = {
    "draft": ("In preparation", "warn"),
    "submitted": ("Waits for approval", "warn"),
    "approved": ("Approved", "info"),
    "released": ("Released", "info"),
    "closed": ("Closed", "good"),
    "cancelled": ("Cancelled", "off"),
}
OVER: Final = frozenset({PayRun.State.RELEASED, PayRun.State.CLOSED})  # paid; AR has the word
COLUMNS: Final = (
    ("number", "Invoice", False, False),
    ("account", "Account", False, False),
    ("", "Billed by", False, True),
    ("due", "Due", False, False),
    ("open", "Open", True, False),
    ("", "Placed", False, False),
    ("", "Why", False, True),
    ("", "Left", True, False),
)


@dataclass(frozen=True)
class Refill:
    """What a refused form of the page held: shown again, so that nothing is lost."""

    lines: Posted = Posted()
    short_pay: ShortPayForm | None = None
    payment: PaymentForm | None = None
    payment_code: UUID | None = None


def run_page(request: CustomerRequest, run: PayRun, refill: Refill | None = None, *, status: int = 200) -> HttpResponse:
    """The builder for those who may prepare, a table to read for all others."""
    chosen = read_run_filter(request.GET)
    lines = lines_of(run)
    payments = payments_of(run, lines)
    may_prepare = access.has(request.actor, "prepare")
    is_editable = may_prepare and (run.state == PayRun.State.DRAFT or (run.state in EDITABLE and chosen.edit == "yes"))
    state, tone = STATES[run.state]
    context = {
        "run": run,
        "state": state,
        "tone": tone,
        "may_prepare": may_prepare,
        "is_editable": is_editable,
        "is_cancellable": may_prepare and run.state in EDITABLE,
        "voids": is_editable and run.state != PayRun.State.DRAFT,
        "edit_url": f"?{run_query(chosen, edit='yes')}",
        "usable": usable_credits(request.actor, run) if is_editable and lines else (),
        "cautions": cautions_of(lines, payments, remarks_on(run)) if run.state in EDITABLE else (),
        "lanes": _lanes(run, payments, chosen, is_editable=is_editable),
        "sums": sums(totals(lines), is_over=run.state in OVER),
        **_list(run, chosen, lines, payments, refill or Refill()),
        **_forms(request, run, chosen, lines=lines, payments=payments, refill=refill or Refill()),
    }
    return render(request, "payments/pay_run_detail.html", context, status=status)


def list_context(
    run: PayRun, chosen: RunFilter, lines: Sequence[Line], payments: Sequence[PlannedPayment]
) -> dict[str, Any]:
    """The table of a run's lines, to read, and what to look at twice as long as it is not released."""
    return {
        "cautions": cautions_of(lines, payments, remarks_on(run)) if run.state in EDITABLE else (),
        "sums": sums(totals(lines), is_over=run.state in OVER),
        **_list(run, chosen, lines, payments, Refill()),
    }


def _list(
    run: PayRun, chosen: RunFilter, lines: Sequence[Line], payments: Sequence[PlannedPayment], refill: Refill
) -> dict[str, Any]:
    found = matching(lines, chosen)
    pages = max(1, -(-len(found) // PAGE_SIZE))
    number = min(chosen.page, pages)
    first = (number - 1) * PAGE_SIZE
    shown = found[first : first + PAGE_SIZE]
    invoices_url = reverse("invoices")
    how_many = counts(lines)
    rules, is_over, reasons = method_rules(), run.state in OVER, reasons_of(run)
    return {
        "rows": [
            line_row(
                line,
                able(line, payments, rules),
                refill.lines,
                invoices_url,
                why=reasons.get(line.item.invoice_id) or why(line, rules),
                is_over=is_over,
            )
            for line in shown
        ],
        "count": f"{len(found):,}",
        "has_lines": bool(lines),
        "shows_currency": len({line.item.currency for line in lines}) > 1,
        "columns": [_column(*column, chosen) for column in COLUMNS],
        "chips": [_chip(run, show, how_many[show], chosen) for show in SHOWS],
        "shown": f"{first + 1:,}–{first + len(shown):,} of {len(found):,}" if pages > 1 else "",
        "before_url": f"?{run_query(chosen, page=number - 1)}" if number > 1 else "",
        "next_url": f"?{run_query(chosen, page=number + 1)}" if number < pages else "",
        "view": run_query(chosen),
    }


def _chip(run: PayRun, show: str, count: int, chosen: RunFilter) -> dict[str, Any]:
    url = f"?{run_query(chosen, show=show, page=1)}"
    label = NOT_PAID if show == "to_place" and run.state in OVER else SHOWS[show]
    key = "u" if show == "to_place" else ""
    return {"label": label, "count": f"{count:,}", "url": url, "is_on": show == chosen.show, "key": key}


def _column(sort: str, label: str, is_number: bool, is_spare: bool, chosen: RunFilter) -> dict[str, Any]:
    """components/sorters.html."""
    is_sorted = bool(sort) and chosen.sort.removeprefix("-") == sort
    is_descending = is_sorted and chosen.sort.startswith("-")
    turned = sort if is_descending or not is_sorted else f"-{sort}"
    return {
        "label": label,
        "url": f"?{run_query(chosen, sort=turned, page=1)}" if sort else "",
        "direction": ("descending" if is_descending else "ascending") if is_sorted else "",
        "is_number": is_number,
        "is_spare": is_spare,
    }


def _lanes(run: PayRun, payments: Sequence[PlannedPayment], chosen: RunFilter, *, is_editable: bool) -> list[Lane]:
    return [
        lane(
            payment,
            run.number,
            _form_url(chosen, str(payment.code)) if is_editable else "",
            "" if payment.state == "planned" else reverse("payment", args=[payment.code]),
        )
        for payment in payments
    ]


def _form_url(chosen: RunFilter, payment: str) -> str:
    """The page with the form of a payment open, or of a new one."""
    return "?" + "&".join(filter(None, (run_query(chosen), f"payment={payment}")))


def _forms(
    request: CustomerRequest,
    run: PayRun,
    chosen: RunFilter,
    *,
    lines: Sequence[Line],
    payments: Sequence[PlannedPayment],
    refill: Refill,
) -> dict[str, Any]:
    missing = why_not_submitted([line.item for line in lines], [payment.facts for payment in payments])
    asked = request.GET.get("payment", "")
    edited = next((p for p in payments if str(p.code) == asked or p.code == refill.payment_code), None)
    form = refill.payment
    if form is None and edited:
        form = _payment_form(edited)
    elif form is None and asked == "new" and lines:
        form = _new_payment_form(lines)
    return {
        "key": uuid4(),
        "payment_key": uuid4(),
        "positions": [payment.facts.position for payment in payments],
        "submission_key": uuid4(),
        "seen": seen_of(run),
        "missing": _missing(missing),
        "short_pay_form": refill.short_pay or ShortPayForm(),
        "payment_form": form,
        "payment_edited": edited,
        "new_payment_url": _form_url(chosen, "new") if lines and len(payments) < 9 else "",
    }


def _missing(refusals: Sequence[Refusal]) -> str:
    """What still stands before a submission, short enough for the sum bar: invoices counted, the first payment."""
    of_payments = [refusal for refusal in refusals if refusal.rule in _OF_PAYMENTS]
    of_invoices = [refusal for refusal in refusals if refusal.rule not in _OF_PAYMENTS]
    if len(of_invoices) == 1:
        return in_words([*of_invoices, *of_payments[:1]])
    counted = [f"{len(of_invoices):,} invoices are not wholly placed yet."] if of_invoices else []
    return " ".join([*counted, *(refusal.words for refusal in of_payments[:1])])


def _payment_form(payment: PlannedPayment) -> PaymentForm:
    return PaymentForm(
        initial={
            "method": payment.method,
            "value_on": payment.value_on,
            "planned": planned_text(payment.facts.planned),
            "note": payment.note,
        }
    )


def _new_payment_form(lines: Sequence[Line]) -> PaymentForm:
    waiting = [line for line in lines if line.is_to_place] or lines
    currencies = currencies_of(waiting) + [each for each in currencies_of(lines) if each not in currencies_of(waiting)]
    value_on = first_value_date([line.due_on for line in waiting], timezone.localdate())
    return PaymentForm(initial={"value_on": value_on}, currencies=currencies)


def currencies_of(lines: Sequence[Line]) -> list[str]:
    return sorted({line.item.currency for line in lines})
