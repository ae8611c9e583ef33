"""What happened to one payment: its timeline, what AR made of each invoice, and what is left to explain."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.db.models import Q
from django.urls import NoReverseMatch, reverse

from payments.domain.reasons import reason
from payments.domain.references import payment_code
from payments.models import Approval, ArAcknowledgement, ArPosting, Break, Payment, PayRun
from payments.runs.rows import PAYMENT_STATES
from payments.tracking.queries import PaidLine, paid_lines
from portal.money import ZERO, format_amount

VERDICTS: Final = {
    "": ("Not told yet", "off"),
    "sent": ("Sent", "info"),
    "accepted": ("Accepted", "info"),
    "posted": ("Posted", "good"),
    "rejected": ("Rejected", "bad"),
}
LEVELS: Final = {"envelope": "the envelope", "syntax": "the message", "application": "the invoices"}
_ANSWERED: Final = {"posted", "partly_posted", "rejected"}


def payment_context(payment: Payment) -> dict[str, Any]:
    """Everything that the page shows. Call inside `acting(actor)`."""
    lines = paid_lines(payment)
    state, tone = PAYMENT_STATES[payment.state]
    currency = payment.currency
    is_answered = payment.state in _ANSWERED
    settled = sum((line.settled for line in lines), ZERO)
    return {
        "payment": payment,
        "run": payment.run,
        "name": payment_code(payment.run.number, payment.position),
        "state": state,
        "tone": tone,
        "amount": format_amount(payment.amount, currency),
        "settled": format_amount(settled, currency),
        "unapplied": format_amount(payment.amount - settled, currency) if is_answered else "",
        "has_unapplied": is_answered and payment.amount != settled,
        "steps": _steps(payment),
        "rows": [_row(line, currency) for line in lines],
        "breaks": _breaks(payment),
        "slips": _slips(payment),
    }


def _steps(payment: Payment) -> list[dict[str, str]]:
    """components/timeline.html: what was done, what is under way, what is ahead."""
    run = payment.run
    posting = ArPosting.objects.filter(payment=payment).order_by("-version").first()
    answers = list(
        ArAcknowledgement.objects.filter(posting__payment=payment, invoice=None).order_by("received_at", "pk")
    )
    approval = Approval.objects.filter(run=run, version=run.version).select_related("approver").first()
    released_by = run.released_by.name if run.released_by else ""
    steps = [
        _step("Created", run.created_at, run.created_by.name),
        _step("Approved", approval.approved_at if approval else None, approval.approver.name if approval else ""),
        _step(
            "Released", run.released_at, released_by, note=f"Reference {payment.reference}" if payment.reference else ""
        ),
        _sent(posting),
        _accepted(payment, answers),
        _posted(payment, answers),
    ]
    if payment.state == Payment.State.CANCELLED:
        done = [step for step in steps if step["state"] == "done"]
        return [*done, _step("Cancelled", run.edited_at, "") | {"state": "failed"}]
    return _with_now(steps, is_moving=run.state != PayRun.State.DRAFT)


def _sent(posting: ArPosting | None) -> dict[str, str]:
    if posting is None:
        return _step("Sent to AR", None)
    step = _step("Sent to AR", posting.sent_at, note=f"Message {posting.control_number}")
    if posting.state == ArPosting.State.DEAD:
        return step | {"state": "failed", "note": f"Given up: {posting.last_error} The carrier is looking at it."}
    if posting.sent_at is None and posting.last_error:
        return step | {"note": f"Tried {posting.attempts} times; it is tried again by itself."}
    return step


def _accepted(payment: Payment, answers: Sequence[ArAcknowledgement]) -> dict[str, str]:
    """AR could read it: the syntax answer, or whatever came after it."""
    read = [each for each in answers if each.level != "application"]
    refused = [each for each in read if each.verdict == "rejected"]
    if refused:
        return _step("Accepted by AR", refused[0].received_at, note=_words(refused[0])) | {"state": "failed"}
    deeper = [each for each in read if each.level == "syntax"] or [e for e in answers if e.level == "application"]
    return _step("Accepted by AR", deeper[0].received_at if deeper else None, note=_words(deeper[0]) if deeper else "")


def _posted(payment: Payment, answers: Sequence[ArAcknowledgement]) -> dict[str, str]:
    said = [each for each in answers if each.level == "application"]
    label = {"partly_posted": "Posted in part", "rejected": "Rejected"}.get(payment.state, "Posted")
    if payment.state not in _ANSWERED:
        return _step(label, None)
    step = _step(label, said[-1].received_at if said else None, note=_words(said[-1]) if said else "")
    return step | {"state": "done" if payment.state == Payment.State.POSTED else "failed"}


def _words(answer: ArAcknowledgement) -> str:
    verdict = "accepted in part" if answer.verdict == "partially" else answer.verdict.replace("_", " ")
    return f"AR on {LEVELS.get(answer.level, answer.level)}: {answer.reason or verdict}"


def _step(label: str, at: datetime | None, by: str = "", note: str = "") -> dict[str, str]:
    return {
        "label": label,
        "state": "done" if at else "ahead",
        "at": f"{at:%Y-%m-%d %H:%M}" if at else "",
        "by": by,
        "note": note,
    }


def _with_now(steps: list[dict[str, str]], *, is_moving: bool) -> list[dict[str, str]]:
    """The first step ahead is the one under way, unless something before it failed."""
    if not is_moving or any(step["state"] == "failed" for step in steps):
        return steps
    ahead = next((number for number, step in enumerate(steps) if step["state"] == "ahead"), None)
    return [step | {"state": "now"} if number == ahead else step for number, step in enumerate(steps)]


def _row(line: PaidLine, currency: str) -> dict[str, Any]:
    state, tone = VERDICTS[line.verdict]
    known = reason(line.short_reason) if line.short_reason else None
    is_partial = line.verdict == "posted" and line.settled != line.amount
    return {
        "url": reverse("invoice", args=[line.code]) if line.code else "",
        "number": line.number,
        "account": line.account,
        "amount": format_amount(line.amount, currency),
        "short": f"{format_amount(line.short, currency)} · {known.words}" if line.short and known else "",
        "state": f"{format_amount(line.settled, currency)} posted" if is_partial else state,
        "tone": "warn" if is_partial else tone,
        "reason": line.reason,
    }


def _breaks(payment: Payment) -> list[dict[str, Any]]:
    """Differences that name this payment, open ones first."""
    code = payment_code(payment.run.number, payment.position)
    named = Q(subject__startswith=f"{code} ") | Q(subject__startswith=f"{code},") | Q(subject=code)
    if payment.reference:
        named |= Q(subject__contains=payment.reference)
    found = Break.objects.filter(named, customer_id=payment.customer_id).order_by("-closed_at", "opened_at")
    return [
        {
            "subject": each.subject,
            "kind": each.kind.replace("_", " "),
            "expected": each.expected,
            "found": each.found,
            "opened_on": f"{each.opened_at:%Y-%m-%d}",
            "is_open": each.closed_at is None,
            "explanation": each.explanation,
        }
        for each in found
    ]


def _slips(payment: Payment) -> list[tuple[str, str]]:
    """Where the slip is downloaded, once there is one; the pages of paper are another package's."""
    if payment.state in (Payment.State.PLANNED, Payment.State.CANCELLED):
        return []
    try:
        return [(label, reverse(name, args=[payment.code])) for label, name in _SLIP_PAGES]
    except NoReverseMatch:
        return []


_SLIP_PAGES: Final = (("Slip (PDF)", "slip_pdf"), ("Workbook", "slip_xlsx"))
