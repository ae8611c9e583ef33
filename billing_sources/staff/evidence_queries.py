"""The evidence of a file as its page shows it. Call inside `carrier()`."""

from __future__ import annotations

from dataclasses import dataclass

from billing_sources.models import ImportFile, ProofLine
from billing_sources.staff.figures import exact

_KINDS = {"category": "Charges", "tax": "Taxes", "account": "All bills, account by account"}
_ORDER = tuple(_KINDS)


@dataclass(frozen=True)
class EvidenceRow:
    """One line: numbers and amounts as they were read and as the database held them when it was published."""

    kind: str
    label: str
    currency: str
    read_number: str
    loaded_number: str
    read_amount: str
    loaded_amount: str
    digest: str


@dataclass(frozen=True)
class Evidence:
    """`silence` says why there is none."""

    rows: tuple[EvidenceRow, ...]
    silence: str


def evidence_of(file: ImportFile) -> Evidence:
    lines = sorted(
        ProofLine.objects.filter(file=file), key=lambda line: (_ORDER.index(line.kind), line.currency, line.key)
    )
    return Evidence(tuple(map(_row, lines)), "" if lines else _silence(file))


def _silence(file: ImportFile) -> str:
    if file.state != ImportFile.State.PUBLISHED:
        return "Nothing of this file is published, so there is nothing to prove."
    if file.created + file.revised == 0:
        return "This file brought no bill that was not there already: nothing was loaded that could be compared."
    return "This file was published before evidence was kept by category, tax and account."


def _row(line: ProofLine) -> EvidenceRow:
    return EvidenceRow(
        kind=_KINDS[line.kind],
        label="" if line.kind == ProofLine.Kind.ACCOUNT else line.key.replace("_", " ") or "no category",
        currency=line.currency,
        read_number=f"{line.read_number:,}",
        loaded_number=f"{line.loaded_number:,}",
        read_amount=exact(line.read_amount),
        loaded_amount=exact(line.loaded_amount),
        digest=line.loaded_digest,
    )
