"""What a run did, in figures: for the command, its JSON and its exit code."""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec

from billing_sources.checks import explain
from billing_sources.models import ImportFile, ImportIssue, ImportRun, QuarantinedInvoice
from portal.tenancy import ingest

_State = ImportFile.State


class Report(msgspec.Struct):
    """One run. `files` counts all that it met, `quarantined` the bills and whole files that it held."""

    run: str
    files: int
    already_seen: int
    created: int
    revised: int
    unchanged: int
    charges: int
    usage_records: int
    quarantined: int
    balanced: bool
    issues: list[dict[str, str]]
    failure: str

    @property
    def is_anything_held(self) -> bool:
        return self.quarantined > 0 or not self.balanced or bool(self.failure)

    def as_json(self) -> str:
        """Exactly the keys of design.md §5, on one line."""
        return json.dumps(
            {
                "run": self.run,
                "files": self.files,
                "already_seen": self.already_seen,
                "invoices": {"created": self.created, "revised": self.revised, "unchanged": self.unchanged},
                "charges": self.charges,
                "usage_records": self.usage_records,
                "quarantined": self.quarantined,
                "balanced": self.balanced,
                "issues": self.issues,
            },
            ensure_ascii=False,
        )

    def as_text(self) -> str:
        lines = [
            f"run {self.run}: {self.files} files, {self.already_seen} seen before",
            f"invoices: {self.created} created, {self.revised} revised, {self.unchanged} unchanged; "
            f"{self.charges} charges, {self.usage_records} usage records",
            f"held: {self.quarantined}; {'balanced' if self.balanced else 'NOT BALANCED'}",
            *(_line(issue) for issue in self.issues),
        ]
        return "\n".join([*lines, f"failed: {self.failure}"] if self.failure else lines)


def report(run: ImportRun) -> Report:
    """A file seen before counts as held while its bytes are in quarantine: sending it again mends nothing."""
    with ingest():
        run.refresh_from_db()
        files = list(ImportFile.objects.filter(run=run).select_related("document").order_by("pk"))
        held_files = [file for file in files if _is_held(file)]
        issues = ImportIssue.objects.filter(file__in=_sources(files)).select_related("file__document").order_by("pk")
        return Report(
            run=str(run.code),
            files=len(files),
            already_seen=sum(file.state == _State.SEEN for file in files),
            created=sum(file.created for file in files),
            revised=sum(file.revised for file in files),
            unchanged=sum(file.unchanged for file in files),
            charges=sum(file.charges for file in files),
            usage_records=sum(file.usage_records for file in files),
            quarantined=len(held_files) + _held_bills(files),
            balanced=all(file.state in (_State.PUBLISHED, _State.SEEN) for file in files) and not held_files,
            issues=[_issue(issue) for issue in issues],
            failure=run.failure,
        )


def _is_held(file: ImportFile) -> bool:
    if file.state == _State.SEEN:
        return ImportFile.objects.filter(document=file.document, state=_State.QUARANTINED).exists()
    return file.state == _State.QUARANTINED


def _sources(files: Sequence[ImportFile]) -> list[ImportFile]:
    """The files whose issues count: this run's, and the quarantined ones that came again."""
    seen = [file.document_id for file in files if file.state == _State.SEEN]
    again = ImportFile.objects.filter(document__in=seen, state=_State.QUARANTINED)
    return [*files, *again]


def _held_bills(files: Sequence[ImportFile]) -> int:
    return QuarantinedInvoice.objects.filter(file__in=files, state=QuarantinedInvoice.State.HELD).count()


def _issue(issue: ImportIssue) -> dict[str, str]:
    return {
        "file": issue.file.document.name,
        "position": issue.position,
        "field": issue.field,
        "rule": issue.rule,
        "expected": issue.expected,
        "found": issue.found,
    }


def _line(issue: dict[str, str]) -> str:
    reason = explain(issue["rule"]) or f"expected {issue['expected']}, found {issue['found']}"
    return f"  {issue['file']}, {issue['position'] or 'whole file'}: {issue['rule']} {reason}"
