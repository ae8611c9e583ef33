"""Publish: prove the file, then let it be seen, in the transaction that loaded it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection
from msgspec import structs

from billing_sources import evidence
from billing_sources.canonical import FileRejected
from billing_sources.models import ImportFile
from billing_sources.proof import Proof

_LOADED = "SELECT count(*), coalesce(sum(amount_due), 0) FROM billing_sources_invoice WHERE file_id = %s"
_COUNT_TERMS = """
    INSERT INTO billing_sources_termcount
        (file_id, term, category, is_mapped, currency, charges, amount, first_billed_on, last_billed_on)
    SELECT i.file_id, c.source_term, c.category, c.is_mapped, i.currency, count(*), sum(c.amount),
           min(i.billed_on), max(i.billed_on)
    FROM billing_sources_invoice i JOIN billing_sources_charge c ON c.invoice_id = i.id
    WHERE i.file_id = %s GROUP BY 1, 2, 3, 4, 5
    """
_KEPT_FIGURES = (
    "declared_bills",
    "declared_amount",
    "read_bills",
    "read_amount",
    "held_bills",
    "held_amount",
    "created",
    "revised",
    "unchanged",
    "loaded_bills",
    "loaded_amount",
    "charges",
    "usage_records",
)


def publish(file: ImportFile, proof: Proof, now: datetime) -> None:
    """Raises `FileRejected` where the proof does not hold: the transaction then ends with nothing loaded.

    What was loaded is asked of the database, not of our own counting. A bill that came unchanged counts as loaded.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOADED, [file.pk])
        bills, amount = cursor.fetchone()
        cursor.execute(_COUNT_TERMS, [file.pk])
    proof.loaded_bills, proof.loaded_amount = bills - proof.derived + proof.unchanged, amount + proof.unchanged_amount
    if flaw := proof.flaw():
        raise FileRejected(flaw)
    evidence.keep(file, proof.tally)
    figures: dict[str, Any] = {name: value for name, value in structs.asdict(proof).items() if name in _KEPT_FIGURES}
    ImportFile.objects.filter(pk=file.pk).update(state=ImportFile.State.PUBLISHED, published_at=now, **figures)
