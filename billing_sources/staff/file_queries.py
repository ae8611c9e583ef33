"""One bill file for the carrier's engineers: its proof, what did not hold in it, what it is kept as."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Sum
from django.urls import reverse

from billing_sources.models import ImportFile, ImportIssue, Invoice, QuarantinedInvoice
from billing_sources.staff.evidence_queries import Evidence, evidence_of
from billing_sources.staff.figures import instant, money, moneys
from billing_sources.staff.reply_queries import ReplyRow, replies_to
from billing_sources.staff.rules import field_words, plain_words
from billing_sources.staff.run_queries import FileRow, file_row, with_decisions

ISSUES_SHOWN = HELD_SHOWN = 200

_State = ImportFile.State
_DECISIONS = {
    "held": ("Held", "bad"),
    "released": ("Released", "info"),
    "discarded": ("Left out", "off"),
}
_READINGS = {
    "received": "waiting to be read",
    "loading": "being read",
    "published": "published",
    "seen": "seen again, nothing to do",
    "quarantined": "held whole",
    "discarded": "discarded",
}


@dataclass(frozen=True)
class IssueRow:
    rule: str
    meaning: str
    advice: str
    number: str
    position: str
    field: str
    expected: str
    found: str
    is_fatal: bool


@dataclass(frozen=True)
class RuleCount:
    """How often a rule did not hold in the file."""

    rule: str
    meaning: str
    advice: str
    times: int
    is_fatal: bool


@dataclass(frozen=True)
class HeldRow:
    """A bill of the file that does not tie, or did not."""

    url: str
    number: str
    amount: str
    word: str
    tone: str


@dataclass(frozen=True)
class Reading:
    """Another reading of the same bytes."""

    url: str
    word: str
    at: str


@dataclass(frozen=True)
class FileDetail:
    row: FileRow
    system: str
    run_url: str
    run_at: str
    size: str
    sha256: str
    first_received_at: str
    published_at: str
    attempts: str
    versions: str
    created: str
    revised: str
    unchanged: str
    charges: str
    loaded: tuple[str, ...]
    rules: tuple[RuleCount, ...]
    issues: tuple[IssueRow, ...]
    issues_count: int
    held: tuple[HeldRow, ...]
    held_count: int
    readings: tuple[Reading, ...]
    replies: tuple[ReplyRow, ...]
    evidence: Evidence
    bills_url: str
    discard_reason: str
    can_replay: bool
    can_discard: bool


def get_file(code: UUID) -> FileDetail | None:
    """Call inside `carrier()`."""
    file: Any = with_decisions(ImportFile.objects.filter(code=code)).annotate(held_count=Count("held")).first()
    if file is None:
        return None
    rules = _rules(file)
    return FileDetail(
        row=file_row(file),
        system=file.run.system.name,
        run_url=reverse("import_run", args=[file.run.code]),
        run_at=instant(file.run.started_at),
        size=f"{file.document.size:,} bytes",
        sha256=file.document.sha256,
        first_received_at=instant(file.document.received_at),
        published_at=instant(file.published_at),
        attempts=f"{file.attempts}",
        versions=f"mapping {file.mapping_version}, vocabulary {file.vocabulary_version}",
        created=f"{file.created:,}",
        revised=f"{file.revised:,}",
        unchanged=f"{file.unchanged:,}",
        charges=f"{file.charges:,}",
        loaded=moneys(_loaded(file)),
        rules=rules,
        issues=tuple(issue_row(issue) for issue in _issues(file)),
        issues_count=sum(rule.times for rule in rules),
        held=tuple(_held(file)),
        held_count=file.held_count,
        readings=tuple(_readings(file)),
        replies=tuple(replies_to(file)),
        evidence=evidence_of(file),
        bills_url=reverse("file_bills", args=[file.code]) if file.created + file.revised else "",
        discard_reason=file.discard_reason,
        can_replay=file.state in (_State.QUARANTINED, _State.PUBLISHED),
        can_discard=file.state == _State.QUARANTINED,
    )


def issue_row(issue: ImportIssue) -> IssueRow:
    meaning, advice = plain_words(issue.rule)
    return IssueRow(
        rule=issue.rule,
        meaning=meaning,
        advice=advice,
        number=issue.number,
        position=issue.position,
        field=field_words(issue.field),
        expected=issue.expected,
        found=issue.found,
        is_fatal=issue.is_fatal,
    )


def _rules(file: ImportFile) -> tuple[RuleCount, ...]:
    issues = ImportIssue.objects.filter(file=file).order_by("-is_fatal", "rule")
    return tuple(
        RuleCount(rule, *plain_words(rule), times, is_fatal)
        for rule, is_fatal, times in issues.values_list("rule", "is_fatal").annotate(Count("pk"))
    )


def _issues(file: ImportFile) -> Iterable[ImportIssue]:
    return ImportIssue.objects.filter(file=file).order_by("-is_fatal", "pk")[:ISSUES_SHOWN]


def _loaded(file: ImportFile) -> dict[str, Decimal]:
    """What the bills that this file brought come to, by currency; those that came unchanged are another file's."""
    bills = Invoice.objects.filter(file=file).order_by("currency")
    return dict(bills.values_list("currency").annotate(Sum("amount_due")))


def _held(file: ImportFile) -> Iterable[HeldRow]:
    for held in QuarantinedInvoice.objects.filter(file=file).defer("canonical").order_by("state", "pk")[:HELD_SHOWN]:
        word, tone = _DECISIONS[held.state]
        url = reverse("held_invoice", args=[held.code])
        yield HeldRow(url, held.number or "no number", _amount(held), word, tone)


def _readings(file: ImportFile) -> Iterable[Reading]:
    others = ImportFile.objects.filter(document=file.document_id).exclude(pk=file.pk).order_by("-pk")
    for code, state, at in others.values_list("code", "state", "received_at")[:20]:
        yield Reading(reverse("import_file", args=[code]), _READINGS[state], instant(at))


def _amount(held: QuarantinedInvoice) -> str:
    return money(held.amount, held.currency) if held.currency else "not known"
