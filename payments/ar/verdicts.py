"""Move money and states as AR says, in the transaction that read its file.

Lock order: postings by id, runs by id, payments by id, invoices by id.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Sum, Value
from django.db.models.functions import Coalesce

from billing_sources.models import Invoice
from payments.ar.acknowledgements import Acknowledgement, InvoiceVerdict, Level
from payments.ar.judgement import Difference, Judgement, Line, Outcome, is_meant, judge
from payments.ar.outbox import mark_sent
from payments.domain.allocation import Move
from payments.domain.lifecycle import ANSWERED, may_payment_go, payment_outcome
from payments.domain.references import payment_code
from payments.domain.submission import ON_ACCOUNT
from payments.models import Allocation, ArAcknowledgement, ArMessage, ArPosting, Break, Payment, PayRun
from payments.operations.ledger import append
from portal.audit.record import record
from portal.money import ZERO


@dataclass(frozen=True)
class Answered:
    """An answer and the posting that it is about."""

    answer: Acknowledgement
    posting: ArPosting


def apply_answers(answered: Sequence[Answered], message: ArMessage, now: datetime) -> None:
    """All answers of one file. The caller holds the message and commits."""
    payment_ids = {each.posting.payment_id for each in answered}
    list(ArPosting.objects.select_for_update(no_key=True).filter(payment_id__in=payment_ids).order_by("pk"))
    runs = PayRun.objects.filter(pk__in=Payment.objects.filter(pk__in=payment_ids).values("run_id"))
    locked_runs = list(runs.select_for_update(no_key=True).order_by("pk"))
    list(Payment.objects.select_for_update(no_key=True).filter(pk__in=payment_ids).order_by("pk"))
    held = Allocation.objects.filter(payment_id__in=payment_ids).exclude(held=0).values("invoice_id")
    list(Invoice.objects.select_for_update(no_key=True).filter(pk__in=held).order_by("pk").values_list("pk"))
    for each in answered:
        _apply(each.answer, ArPosting.objects.get(pk=each.posting.pk), message, now)
    for run in locked_runs:
        _close_if_answered(run, now)


def open_break(
    difference: Difference, now: datetime, *, customer_id: int | None = None, currency: str = "", about: str = ""
) -> None:
    Break.objects.create(
        customer_id=customer_id,
        kind=difference.kind,
        subject=f"{about}{difference.subject}"[:160],
        expected=difference.expected[:200],
        found=difference.found[:200],
        amount=difference.amount,
        currency=currency,
        opened_at=now,
    )


def _apply(answer: Acknowledgement, posting: ArPosting, message: ArMessage, now: datetime) -> None:
    mark_sent(posting, now)  # it was delivered, or AR could not answer
    lines = _lines(posting.payment_id)
    _keep_verdicts(answer, posting, message, lines, now)
    if answer.level is Level.SYNTAX:
        ArPosting.objects.filter(pk=posting.pk, state=ArPosting.State.SENT).update(state=ArPosting.State.ACKNOWLEDGED)
    payment = Payment.objects.select_related("run").get(pk=posting.payment_id)
    judgement = judge(lines, answer)
    _move_money(payment, judgement.outcomes, now)
    _move_state(payment, judgement, now)
    for difference in judgement.differences:
        about = f"{_code(payment)}, "
        open_break(difference, now, customer_id=payment.customer_id, currency=payment.currency, about=about)


def _lines(payment_id: int) -> list[Line]:
    rows = Allocation.objects.filter(payment_id=payment_id).order_by("claim")
    number = Coalesce("invoice__number", "credit__number")
    system = Coalesce("invoice__system__key", Value(ON_ACCOUNT))
    return [Line(*row) for row in rows.values_list("claim", number, system, "currency", "held", "verdict")]


def _keep_verdicts(
    answer: Acknowledgement, posting: ArPosting, message: ArMessage, lines: Iterable[Line], now: datetime
) -> None:
    """What AR said, word by word: of the whole, and of each invoice that we know."""
    said: list[tuple[int | None, InvoiceVerdict | Acknowledgement]] = [(None, answer)]
    said += [(line.invoice_id, one) for one in answer.invoices for line in lines if is_meant(line, one)]
    rows = [
        ArAcknowledgement(
            customer_id=posting.customer_id,
            posting=posting,
            message=message,
            level=answer.level.value,
            verdict=word.verdict.value,
            invoice_id=claim if claim and claim > 0 else None,
            credit_id=-claim if claim and claim < 0 else None,
            reason="; ".join(word.reasons)[:400],
            received_at=now,
        )
        for claim, word in said
    ]
    ArAcknowledgement.objects.bulk_create(rows, ignore_conflicts=True)


def _move_money(payment: Payment, outcomes: Sequence[Outcome], now: datetime) -> None:
    """By reason, since an event carries its own."""
    for reason in dict.fromkeys(outcome.reason for outcome in outcomes):
        alike = [outcome for outcome in outcomes if outcome.reason == reason]
        moves = [Move("settled", payment.pk, o.invoice_id, abs(o.settled)) for o in alike if o.settled]
        moves += [Move("released", payment.pk, o.invoice_id, abs(o.released)) for o in alike if o.released]
        append(moves, reason=reason, by=None, now=now)
        for verdict in ("posted", "rejected"):
            judged = [outcome.invoice_id for outcome in alike if outcome.verdict == verdict]
            rows = Allocation.objects.filter(payment=payment, claim__in=judged)
            rows.update(verdict=verdict, reason=reason[:200])


def _move_state(payment: Payment, judgement: Judgement, now: datetime) -> None:
    payment.refresh_from_db(fields=["state", "placed", "planned"])
    after = _outcome(payment) if judgement.outcomes else None
    if after is None and judgement.is_accepted:
        waiting = Allocation.objects.filter(payment=payment, verdict=Allocation.Verdict.SENT)
        waiting.update(verdict=Allocation.Verdict.ACCEPTED)
        after = Payment.State.ACCEPTED.value
    if after is None or not may_payment_go(payment.state, after):
        return
    Payment.objects.filter(pk=payment.pk).update(state=after)
    detail = {"reasons": sorted({outcome.reason for outcome in judgement.outcomes if outcome.reason})}
    verb = f"payment {after.replace('_', ' ')} by AR"
    record(None, verb, f"payment {_code(payment)}", detail, now=now, customer_id=payment.customer_id)


def _outcome(payment: Payment) -> str | None:
    stands = Allocation.objects.filter(payment=payment)
    settled = stands.aggregate(settled=Sum("settled"))["settled"] or ZERO
    return payment_outcome(
        held=stands.exclude(held=0).exists(),
        settled=stands.exclude(settled=0).exists(),
        refused=settled != (payment.planned or ZERO),
    )


def _close_if_answered(run: PayRun, now: datetime) -> None:
    """A run is done once AR has said its last word on all of its payments."""
    live = Payment.objects.filter(run=run).exclude(state=Payment.State.CANCELLED)
    if run.state != PayRun.State.RELEASED or live.exclude(state__in=ANSWERED).exists():
        return
    PayRun.objects.filter(pk=run.pk).update(state=PayRun.State.CLOSED)
    record(None, "run closed", f"pay run {run.number}", now=now, customer_id=run.customer_id)


def _code(payment: Payment) -> str:
    return payment_code(payment.run.number, payment.position)
