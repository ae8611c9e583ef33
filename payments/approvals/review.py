"""What the review of a run says of its approval: the steps, who gave and who can, limits, and what is new.

Called inside `acting(actor)`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from payments.approvals.facts import dossier_of, holders_for, live_delegations, rooms_for, why_not_now
from payments.approvals.words import asked_words, people_words
from payments.domain.approval import Dossier, Given, Room, step_due, why_not
from payments.domain.payload import canonical
from payments.domain.payload_changes import Change, changes
from payments.domain.refusals import Refusal
from payments.facts import items, payload
from payments.models import Approval, ApprovalStep, Payment, PayRun, SubmittedVersion
from portal.actor import Actor
from portal.customers import access
from portal.money import format_amount

MOST_CHANGES: Final = 100
_PERIODS: Final = {"run": "in one run", "day": "today", "month": "this month"}


@dataclass(frozen=True)
class StepRow:
    """A step as the page shows it; `state` is that of components/timeline.html."""

    label: str
    state: str
    at: str
    by: str
    note: str


@dataclass(frozen=True)
class Way:
    """A right by which the reader can approve: their own (`holder` None), or one that was handed to them."""

    label: str
    holder: int | None


@dataclass(frozen=True)
class Difference:
    """What is new against a version that was submitted before."""

    title: str
    since: datetime
    changes: Sequence[Change]
    has_more: bool


@dataclass(frozen=True)
class Standing:
    """All of it. `why_not` is in words, "" where there is a way; `limits` are the reader's own."""

    steps: Sequence[StepRow]
    ways: Sequence[Way]
    why_not: str
    limits: Sequence[str]
    policy: int | None


def standing_of(actor: Actor, run: PayRun, accounts: set[int | None], now: datetime) -> Standing:
    """How far the approval of the version that stands has come, and what this reader can do about it."""
    dossier = dossier_of(run, now.date())
    names = people_words(actor.customer_id, _everybody(dossier) | set(holders_for(actor, now.date())))
    is_open = run.state == PayRun.State.SUBMITTED
    ways, refusal = _ways(actor, dossier, names, accounts, now) if is_open else ([], None)
    asked = ApprovalStep.objects.filter(run=run, version=run.version).select_related("policy").first()
    return Standing(
        steps=_steps(run, dossier, names, now),
        ways=ways,
        why_not=_why_not(refusal, is_maker=actor.user_id in dossier.makers),
        limits=_limits(rooms_for(dossier, actor.customer_id, actor.user_id, now)) if is_open else (),
        policy=asked.policy.version if asked and asked.policy else None,
    )


def differences_of(run: PayRun) -> list[Difference]:
    """Since it was first submitted, and since it was last approved; one of them where they are the same version."""
    versions = SubmittedVersion.objects.filter(run=run).order_by("version")
    is_draft = run.state == PayRun.State.DRAFT
    earlier = list(versions if is_draft else versions.exclude(version=run.version))
    if not earlier:
        return []
    now = _body_now(run) if is_draft else versions.get(version=run.version).body
    approved = Approval.objects.filter(run=run, version__lt=run.version).order_by("-version")
    last = approved.values_list("version", flat=True).first()
    wanted = [("New since it was first submitted", earlier[0])]
    wanted += [("New since it was submitted last", earlier[-1])] if len(earlier) > 1 else []
    wanted += [("New since somebody approved it", each) for each in earlier if each.version == last]
    by_version = {version.version: (title, version) for title, version in wanted}
    return [_difference(title, version, now) for title, version in by_version.values()]


def _difference(title: str, version: SubmittedVersion, now: str) -> Difference:
    found = changes(version.body, now)
    return Difference(title, version.submitted_at, found[:MOST_CHANGES], len(found) > MOST_CHANGES)


def _body_now(run: PayRun) -> str:
    live = Payment.objects.filter(run=run).exclude(state=Payment.State.CANCELLED).order_by("pk")
    return canonical(payload(run, list(live), items(run))).decode()


def _ways(
    actor: Actor, dossier: Dossier, names: dict[int, str], accounts: set[int | None], now: datetime
) -> tuple[list[Way], Refusal | None]:
    """Every right by which the actor can approve, or why their own does not do."""
    holders = holders_for(actor, now.date())
    refusals = {holder: why_not_now(actor, dossier, holder, accounts, now) for holder in holders}
    ways = [
        Way("Approve", None) if holder == actor.user_id else Way(f"Approve for {names.get(holder, '')}", holder)
        for holder in holders
        if not refusals[holder]
    ]
    return ways, None if ways else refusals[actor.user_id]


def _why_not(refusal: Refusal | None, *, is_maker: bool) -> str:
    if refusal and is_maker:
        return "You made or edited this run, so somebody else approves it."
    return refusal.words if refusal else ""


def _everybody(dossier: Dossier) -> set[int]:
    return {person for given in dossier.given for person in (given.person, given.holder)} | {
        person for step in dossier.steps for person in step.named
    }


def _steps(run: PayRun, dossier: Dossier, names: dict[int, str], now: datetime) -> list[StepRow]:
    due = step_due(dossier) if run.state == PayRun.State.SUBMITTED else None
    had = Counter(given.step for given in dossier.given)
    times = dict(Approval.objects.filter(run=run, version=run.version).values_list("approver_id", "approved_at"))
    able = _able(run, dossier, names, now) if due else []
    rows = []
    for step in dossier.steps:
        given = [each for each in dossier.given if each.step == step.position]
        is_due = due is not None and step.position == due.position
        rows.append(
            StepRow(
                label=f"{step.position} · {asked_words(step.people, step.named, names)}",
                state="done" if had[step.position] >= step.people else "now" if is_due else "ahead",
                at="",
                by=", ".join(f"{_given(each, names)} {times[each.person]:%Y-%m-%d %H:%M}" for each in given),
                note=f"can approve now: {', '.join(able) or 'nobody'}" if is_due else "",
            )
        )
    return rows


def _given(given: Given, names: dict[int, str]) -> str:
    own = names.get(given.person, "")
    return own if given.person == given.holder else f"{own} for {names.get(given.holder, '')}"


def _able(run: PayRun, dossier: Dossier, names: dict[int, str], now: datetime) -> list[str]:
    """Who could give what is due, by name; limits and accounts are asked when they open the page."""
    people = dict(access.people_with(run.customer_id, "approve"))
    handed = live_delegations(run.customer_id, now.date()).values_list("delegate_id", "delegator_id")
    pairs = [(person, person) for person in people] + [pair for pair in handed if set(pair) <= people.keys()]
    able = [Given(0, person, holder) for person, holder in pairs if not why_not(dossier, person, holder)]
    return [_given(each, people) for each in able]


def _limits(rooms: Sequence[Room]) -> list[str]:
    return [
        f"{format_amount(room.left, room.currency)} of {format_amount(room.limit, room.currency)}"
        f" {room.currency} left {_PERIODS[room.period]}"
        for room in rooms
        if room.left is not None and room.limit is not None
    ]
