"""What the customer does in a dispute: replies, takes the proposed credit, or withdraws."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from payments.commands import Done, command
from payments.domain.dispute import OPEN, OVER, DisputeMove, may_go, number_of
from payments.domain.lifecycle import EDITABLE
from payments.domain.refusals import NotFound, Rule, refuse
from payments.facts import lock_invoices
from payments.models import Dispute, DisputeMessage, PayRun, PayRunItem
from payments.operations.dispute_ledger import Evidence, Speaker, append, attach, message, refresh_short_pays
from payments.operations.editing import begin_edit
from portal.actor import Actor
from portal.customers import access
from portal.money import format_amount

LONGEST: Final = 4000


@command
def reply_in_dispute(
    actor: Actor, *, dispute: UUID, words: str, evidence: Sequence[Evidence] = (), seen: int, key: UUID, now: datetime
) -> Done:
    """Words or files for the carrier, whose turn it is then; a proposed credit is declined with it."""
    held = _locked(_found(actor, dispute), seen)
    check_words(words, is_needed=not evidence)
    if held.state in OVER:
        raise refuse(Rule.RUN_IS_FROZEN, f"{held} is over; open another dispute if need be.")
    step = "Declined the proposed credit" if held.state == "proposed" else ""
    after = "opened" if may_go(held.state, "opened", "customer") else held.state
    take_step(held, after, _speaker(actor), step=step, words=words, evidence=evidence, now=now)
    return _done(held, "Your words are with the carrier.", "dispute replied")


@command
def agree_in_dispute(actor: Actor, *, dispute: UUID, seen: int, key: UUID, now: datetime) -> Done:
    """Take the credit that the carrier proposes; the rest is owed again."""
    held = _hold(actor, dispute, seen, now)
    if held.state != "proposed" or held.proposed is None:
        raise refuse(Rule.CHANGED_SINCE, f"No credit is proposed in {held}.")
    rest = undecided(held) - held.proposed
    moves = [DisputeMove("credited", held.pk, held.invoice_id, held.proposed)]
    moves += [DisputeMove("upheld", held.pk, held.invoice_id, rest)] if rest else []
    append(moves, reason="proposal agreed", by=actor.user_id, now=now)
    step = f"Agreed to a credit of {_money(held, held.proposed)}"
    take_step(held, "decided", _speaker(actor), step=step, now=now)
    refresh_short_pays([held.invoice_id], now)
    return _done(held, f"Agreed: {_money(held, held.proposed)} will be credited.", "dispute agreed")


@command
def withdraw_dispute(actor: Actor, *, dispute: UUID, words: str = "", seen: int, key: UUID, now: datetime) -> Done:
    """What is disputed is owed after all."""
    held = _hold(actor, dispute, seen, now)
    if held.state not in OPEN:
        raise refuse(Rule.RUN_IS_FROZEN, f"{held} is decided and cannot be withdrawn.")
    check_words(words, is_needed=False)
    rest = undecided(held)
    append([DisputeMove("withdrawn", held.pk, held.invoice_id, rest)], reason="withdrawn", by=actor.user_id, now=now)
    take_step(held, "withdrawn", _speaker(actor), step=f"Withdrew {_money(held, rest)}", words=words, now=now)
    refresh_short_pays([held.invoice_id], now)
    return _done(held, f"{held} is withdrawn; {_money(held, rest)} is asked for again.", "dispute withdrawn")


# --- Also what the desk does (dispute_desk.py) --------------------------------------------------------------------


def take_step(
    dispute: Dispute,
    after: str,
    speaker: Speaker,
    *,
    step: str = "",
    words: str = "",
    evidence: Sequence[Evidence] = (),
    is_internal: bool = False,
    now: datetime,
) -> None:
    """One version on, with what was said and attached. The caller holds the dispute and appended its events."""
    dispute.state, dispute.version, dispute.changed_at = after, dispute.version + 1, now
    dispute.save(update_fields=["state", "version", "changed_at"])
    said = message(dispute, speaker, step=step, words=words.strip(), is_internal=is_internal, now=now)
    said.save()
    attach(said, evidence)


def check_seen(dispute: Dispute, seen: int) -> None:
    """Nobody acts on a page that is not what is: the refusal says what changed since."""
    if dispute.version == seen:
        return
    news = DisputeMessage.objects.filter(dispute=dispute, version__gt=seen, is_internal=False).order_by("pk")
    said = [f"{name}: {step or words[:80]}" for name, step, words in news.values_list("name", "step", "words")[:3]]
    what = f" {'; '.join(said)}." if said else ""
    raise refuse(Rule.CHANGED_SINCE, f"{dispute} changed since you opened the page.{what} Nothing was done.")


def check_words(words: str, *, is_needed: bool) -> None:
    if is_needed and not words.strip():
        raise refuse(Rule.TEXT, "Say something.")
    if len(words) > LONGEST or "\0" in words:
        raise refuse(Rule.TEXT, f"At most {LONGEST:,} characters at a time.")


def undecided(dispute: Dispute) -> Decimal:
    """What is neither withdrawn, upheld nor credited."""
    left: Decimal = dispute.amount - dispute.withdrawn - dispute.upheld - dispute.credited
    return left


def runs_in_preparation(invoice_id: int) -> list[tuple[int, UUID]]:
    """(id, code) of the runs that chose the invoice and short-pay what is disputed of it."""
    chosen = PayRunItem.objects.filter(invoice_id=invoice_id).values("run")
    return list(PayRun.objects.filter(pk__in=chosen, state__in=EDITABLE).order_by("pk").values_list("pk", "code"))


def _hold(actor: Actor, code: UUID, seen: int, now: datetime) -> Dispute:
    """For a step that moves money: runs in preparation (drafts again), the invoice and the dispute, in this order."""
    found = _found(actor, code)
    for _, run in runs_in_preparation(found.invoice_id):
        begin_edit(actor, run, now)
    lock_invoices([found.invoice.code])
    return _locked(found, seen)


def _found(actor: Actor, code: UUID) -> Dispute:
    found = Dispute.objects.select_related("invoice").filter(code=code, customer_id=actor.customer_id).first()
    if found is None or found.invoice.account_id not in access.scope(actor, "see"):
        raise NotFound("dispute")
    access.require(actor, "prepare", {found.invoice.account_id})
    return found


def _locked(found: Dispute, seen: int) -> Dispute:
    held = Dispute.objects.select_for_update(no_key=True).get(pk=found.pk)
    check_seen(held, seen)
    if held.invoice_id != found.invoice_id:
        raise refuse(Rule.BUSY, f"The bill of {held} was just revised; please try again.")
    return held


def _speaker(actor: Actor) -> Speaker:
    return Speaker(DisputeMessage.Side.CUSTOMER, actor.user_id, actor.name)


def _money(dispute: Dispute, amount: Decimal) -> str:
    return f"{format_amount(amount, dispute.currency)} {dispute.currency}"


def _done(dispute: Dispute, words: str, verb: str) -> Done:
    return Done(words, verb, f"dispute {number_of(dispute.number)}", str(dispute.code), {"state": dispute.state})
