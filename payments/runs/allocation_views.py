"""What the page of a pay run posts: amounts to place, rows to send to a payment, short pays, and the payments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from payments import operations
from payments.domain.refusals import Conflict, NotFound, Refused, Rule, refuse
from payments.invoices.selection import posted_codes, read_code
from payments.models import PayRun
from payments.operations import Place
from payments.runs.commands import Step, moment_of, perform
from payments.runs.edits import (
    Cell,
    Standing,
    changes,
    in_full,
    in_part,
    read_sum,
    sent_to,
    standing_of,
    taken_off,
    typed_here,
    with_typed,
    withheld,
)
from payments.runs.forms import PaymentForm, ShortPayForm
from payments.runs.lines import Line, matching, read_run_filter, run_query
from payments.runs.page import Refill, currencies_of, run_page
from payments.runs.queries import lines_of, payments_of, stood_at
from payments.runs.rows import PlannedPayment, Posted
from payments.runs.views import run_or_404
from portal.impersonation.policy import customer_page
from portal.money import ZERO
from portal.requests import CustomerRequest

POSITIONS: Final = frozenset("123456789")
ON_SELECTED: Final = {"leave_open": operations.leave_open, "drop": operations.drop_invoices}


@customer_page("prepare", "POST")
def pay_run_lines(request: CustomerRequest, code: UUID) -> HttpResponse:
    """Save the amounts that were typed, and do what the pressed button says with the selected rows: all or nothing."""
    return _rows(request, code, _steps) or _back(request, code)


@customer_page("prepare", "POST")
def pay_run_submission(request: CustomerRequest, code: UUID) -> HttpResponse:
    """Save the amounts that were typed, so that nothing else is submitted than what the page shows; then submit."""
    refused = _rows(request, code, _submitting)
    if refused:
        return refused
    review = reverse("pay_run_review", args=[code])
    return HttpResponseClientRedirect(review) if "HX-Request" in request.headers else redirect(review)


@customer_page("prepare", "POST")
def pay_run_payments(request: CustomerRequest, code: UUID) -> HttpResponse:
    """Add a payment."""
    run = run_or_404(request, code)
    form = PaymentForm(request.POST, currencies=currencies_of(lines_of(run)))
    return _payment(request, run, form, None)


@customer_page("prepare", "POST")
def pay_run_payment(request: CustomerRequest, code: UUID, payment: UUID) -> HttpResponse:
    """Change a payment, or take it out of the run with all that stands on it."""
    run = run_or_404(request, code)
    return _payment(request, run, PaymentForm(request.POST), payment)


def _payment(request: CustomerRequest, run: PayRun, form: PaymentForm, payment: UUID | None) -> HttpResponse:
    refill = Refill(payment=form, payment_code=payment)
    if _do(request) != "remove" and not form.is_valid():
        return run_page(request, run, refill, status=422)
    try:
        messages.success(request, perform(request, run.code, lambda held: [_payment_step(request, run, form, payment)]))
    except NotFound as missing:
        raise Http404 from missing
    except Refused as refused:
        messages.error(request, str(refused))
        return run_page(request, run_or_404(request, run.code), refill, status=_status(refused))
    return _back(request, run.code)


def _payment_step(request: CustomerRequest, run: PayRun, form: PaymentForm, payment: UUID | None) -> Step:
    if payment is None:
        return Step(operations.add_payment, {"run": run.code, **form.cleaned_data})
    if _do(request) == "remove":
        return Step(operations.remove_payment, {"run": run.code, "payment": payment})
    return Step(operations.change_payment, {"run": run.code, "payment": payment, **form.cleaned_data})


# --- Rows -----------------------------------------------------------------------------------------------------------


def _rows(
    request: CustomerRequest, code: UUID, plan: Callable[[CustomerRequest, PayRun], Iterable[Step]]
) -> HttpResponse | None:
    """None when it was done; else the page again with the reason, and with all that was typed and checked."""
    run = run_or_404(request, code)
    try:
        messages.success(request, perform(request, code, lambda held: plan(request, held)))
    except NotFound as missing:
        raise Http404 from missing
    except Refused as refused:
        messages.error(request, str(refused))
        posted = Posted(posted_codes(request), _kept(request, run, refused))
        refill = Refill(lines=posted, short_pay=ShortPayForm(request.POST) if _do(request) == "short_pay" else None)
        return run_page(request, run_or_404(request, code), refill, status=_status(refused))
    return None


def _kept(request: CustomerRequest, run: PayRun, refused: Refused) -> dict[Cell, str]:
    """The typed amounts that the page shows again; beside what others did meanwhile, only those that are the reader's
    own, or saving them would undo what the reader never saw."""
    typed = _typed(request.POST)
    seen = moment_of(request.POST.get("seen", "")) if refused.rule is Rule.CHANGED_SINCE else None
    return typed_here(typed, stood_at(run, seen)) if seen else typed


def _submitting(request: CustomerRequest, run: PayRun) -> Iterable[Step]:
    lines = lines_of(run)
    standing = standing_of(lines)
    wanted = with_typed(standing, _typed(request.POST), {line.code: line for line in lines})
    return [*_placing(run, payments_of(run, lines), standing, wanted), Step(operations.submit_run, {"run": run.code})]


def _steps(request: CustomerRequest, run: PayRun) -> Iterable[Step]:
    lines = lines_of(run)
    payments = payments_of(run, lines)
    standing = standing_of(lines)
    typed = with_typed(standing, _typed(request.POST), {line.code: line for line in lines})
    sent = _sent(request, typed, lines, payments)
    if sent is not None:
        return [*_placing(run, payments, standing, typed), *_sending(request, run, payments, typed, sent)]
    single = _of_credits(request, run, typed) or _of_one_row(request, run, typed)
    wanted, acts = single or _of_selected(request, run, typed, lines)
    return [*_placing(run, payments, standing, wanted), *acts]


def _sent(
    request: CustomerRequest, wanted: Standing, lines: Sequence[Line], payments: Sequence[PlannedPayment]
) -> Standing | None:
    """What shall stand where once the selected rows are sent somewhere, in full or in part; None: nothing is sent."""
    place, do = request.POST.get("place", ""), _do(request)
    if not place and do not in {"full", "percent"}:
        return None
    selected = _selected(request, lines)
    if place:
        return sent_to(wanted, selected, _position(place))
    first = min((payment.facts.position for payment in payments), default=0)
    if do == "full":
        return in_full(wanted, selected, first)
    percent = read_sum(request.POST.get("percent", "")) or ZERO
    return in_part(wanted, selected, _position(request.POST.get("at", "")) or first, percent)


def _position(text: str) -> int:
    return int(text) if text in POSITIONS else 0


def _sending(
    request: CustomerRequest, run: PayRun, payments: Sequence[PlannedPayment], before: Standing, after: Standing
) -> Iterable[Step]:
    """As `_placing`, but what a payment cannot take goes elsewhere."""
    for step in _placing(run, payments, before, after):
        if step.operation is operations.allocate:
            credits_last = request.POST.get("credits") == "last"
            yield Step(operations.send_invoices, {**step.request, "credits_last": credits_last})
        else:
            yield step


def _of_credits(request: CustomerRequest, run: PayRun, wanted: Standing) -> tuple[Standing, list[Step]] | None:
    """Credits that are to be used in this run as well."""
    if _do(request) != "add_credits":
        return None
    codes = [code for text in request.POST.getlist("credit") if (code := read_code(text))]
    if not codes:
        raise refuse(Rule.EMPTY, "Check at least one credit first.")
    return wanted, [Step(operations.choose_invoices, {"run": run.code, "invoices": codes})]


def _of_one_row(request: CustomerRequest, run: PayRun, wanted: Standing) -> tuple[Standing, list[Step]] | None:
    """What the small button of a row takes back, if one was pressed."""
    withdrawn, undone = (read_code(request.POST.get(name, "")) for name in ("withdraw", "undo"))
    if withdrawn:
        return wanted, [Step(operations.withdraw_short_pay, {"run": run.code, "invoice": withdrawn})]
    if undone:
        return wanted, [Step(operations.undo_leave_open, {"run": run.code, "invoices": [undone]})]
    return None


def _of_selected(
    request: CustomerRequest, run: PayRun, wanted: Standing, lines: Sequence[Line]
) -> tuple[Standing, list[Step]]:
    """What the pressed button asks for: other amounts, or further operations on the selected rows."""
    do = _do(request)
    if do == "save":
        return wanted, []
    selected = _selected(request, lines)
    if do == "take_off":
        return taken_off(wanted, selected), []
    if do == "short_pay":
        return _short_paying(request, run, wanted, selected)
    operation = ON_SELECTED.get(do)
    if operation is None:
        raise refuse(Rule.EMPTY, "Choose what to do with the selected invoices.")
    codes = [line.code for line in selected]
    if do == "drop":
        wanted = {cell: amount for cell, amount in wanted.items() if cell[0] not in set(codes)}
    return wanted, [Step(operation, {"run": run.code, "invoices": codes})]


def _short_paying(
    request: CustomerRequest, run: PayRun, wanted: Standing, selected: Sequence[Line]
) -> tuple[Standing, list[Step]]:
    form = ShortPayForm(request.POST)
    if not form.is_valid():
        raise refuse(Rule.TEXT, " ".join(str(error) for errors in form.errors.values() for error in errors))
    said = {"reason": form.cleaned_data["reason"], "note": form.cleaned_data["note"]}
    steps = []
    wanted = dict(wanted)
    for line in selected:
        less, amount = withheld(wanted, line, form.cleaned_data["short"])
        wanted |= less
        steps.append(Step(operations.short_pay, {"run": run.code, "invoice": line.code, "amount": amount, **said}))
    return wanted, steps


def _selected(request: CustomerRequest, lines: Sequence[Line]) -> Sequence[Line]:
    """The checked rows, or every line of the filter."""
    if request.POST.get("whole_filter") == "yes":
        return matching(lines, read_run_filter(request.GET))
    codes = posted_codes(request)
    if not codes:
        raise refuse(Rule.EMPTY, "Select at least one invoice first.")
    found = [line for line in lines if line.code in codes]
    if len(found) != len(codes):
        raise NotFound("invoice")
    return found


def _placing(run: PayRun, payments: Sequence[PlannedPayment], before: Standing, after: Standing) -> Iterable[Step]:
    codes = {payment.facts.position: payment.code for payment in payments}
    wanted = changes(before, after)
    if any(position not in codes for _, position, _ in wanted.placed):
        raise NotFound("payment")
    for position, invoices in wanted.taken_off.items():
        yield Step(operations.unallocate, {"run": run.code, "invoices": invoices, "payment": codes[position]})
    if wanted.placed:
        placements = [Place(invoice, codes[position], amount) for invoice, position, amount in wanted.placed]
        yield Step(operations.allocate, {"run": run.code, "placements": placements})


def _typed(posted: Mapping[str, Any]) -> dict[Cell, str]:
    """The amounts of the page by invoice and payment; fields of another shape are left out."""
    typed = {}
    for name, text in posted.items():
        if not name.startswith("amount-"):
            continue
        invoice, _, position = name.removeprefix("amount-").rpartition("-")
        code = read_code(invoice)
        if code and position in POSITIONS:
            typed[code, int(position)] = str(text)
    return typed


def _do(request: CustomerRequest) -> str:
    return request.POST.get("do", "save")


def _status(refused: Refused) -> int:
    return 409 if isinstance(refused, Conflict) else 422


def _back(request: CustomerRequest, code: UUID) -> HttpResponse:
    """The page as it was left, as a GET."""
    view = run_query(read_run_filter(request.GET), edit="")
    response = redirect(reverse("pay_run", args=[code]) + (f"?{view}" if view else ""))
    response.status_code = 303
    return response
