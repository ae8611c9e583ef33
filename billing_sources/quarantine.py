"""What is held back for a person: whole files, and bills that do not tie, each with the rule that did not hold."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from billing_sources.canonical import CanonicalInvoice, Issue
from billing_sources.models import ImportFile, ImportIssue, QuarantinedInvoice
from billing_sources.normalize import Bill
from billing_sources.proof import Proof
from billing_sources.rows import storable
from portal.tenancy import ingest

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(CanonicalInvoice).decode


def quarantine_file(file: ImportFile, issue: Issue, proof: Proof, now: datetime) -> None:
    """Hold the whole file. Its own transaction: the one that was loading it is gone."""
    with ingest():
        file.state = ImportFile.State.QUARANTINED
        file.declared_bills, file.declared_amount = proof.declared_bills, proof.declared_amount
        file.read_bills, file.read_amount = proof.read_bills, proof.read_amount
        file.save(update_fields=["state", "declared_bills", "declared_amount", "read_bills", "read_amount"])
        write_issues(file, [issue])


def hold(file: ImportFile, bill: Bill) -> None:
    """Hold one bill, as it was read."""
    invoice = bill.invoice
    QuarantinedInvoice.objects.create(
        file=file,
        number=storable(invoice.number),
        currency=storable(invoice.currency),
        amount=bill.total,
        canonical=_encode(invoice),
    )


def hold_unreadable(file: ImportFile, issue: Issue) -> None:
    """A bill of which only its number, the reason and, with luck, its account is known."""
    QuarantinedInvoice.objects.create(file=file, number=storable(issue.number), account=storable(issue.account))


def held_bill(held: QuarantinedInvoice) -> CanonicalInvoice:
    """The bill as it was read. Raises ValueError for one that could not be read."""
    if held.canonical is None:
        raise ValueError(f"bill {held.number} could not be read; correct it at its source")
    return _decode(bytes(held.canonical))


def write_issues(file: ImportFile, issues: Iterable[Issue]) -> None:
    ImportIssue.objects.bulk_create(
        ImportIssue(
            file=file,
            rule=issue.rule,
            number=storable(issue.number),
            position=storable(issue.position),
            field=storable(issue.field),
            expected=storable(issue.expected),
            found=storable(issue.found),
            is_fatal=issue.is_fatal,
        )
        for issue in issues
    )
