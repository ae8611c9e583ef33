"""Evidence: that what was read of a file is what the database holds, by category, tax and account.

Kept with the file for good, in the transaction that publishes it (invariants I28).
"""

from __future__ import annotations

from decimal import Decimal

from django.db import connection

from billing_sources.canonical import FileRejected, Issue
from billing_sources.models import ImportFile, ProofLine
from billing_sources.tally import Line, Sums, Tally
from portal.money import ZERO

# The digests are those of `tally.digest_of`: their first 15 hexadecimal digits are 60 bits.
_LOADED = """
    WITH bills AS MATERIALIZED (
        SELECT id, account_link_id, number, currency, amount_due FROM billing_sources_invoice WHERE file_id = %(file)s
    )
    SELECT 'category', category, currency, sum(charges)::bigint, sum(amount), 0
    FROM billing_sources_termcount WHERE file_id = %(file)s GROUP BY category, currency
    UNION ALL
    SELECT 'tax', t.category, b.currency, count(*), sum(t.amount), 0
    FROM bills b JOIN billing_sources_taxitem t ON t.invoice_id = b.id GROUP BY t.category, b.currency
    UNION ALL
    SELECT 'account', '', b.currency, count(*), sum(b.amount_due), sum(('x' || left(encode(sha256(convert_to(
        concat_ws(E'\\t', l.external_id, b.number, b.currency, trim_scale(b.amount_due)::text), 'UTF8')), 'hex'),
        15))::bit(60)::bigint)
    FROM bills b JOIN billing_sources_accountlink l ON l.id = b.account_link_id GROUP BY b.currency
    """


def keep(file: ImportFile, read: Tally) -> None:
    """Raises `FileRejected` where the two differ: the transaction then ends with nothing loaded.

    The terms of the file are counted already.
    """
    loaded = _loaded(file)
    lines = sorted(read.lines.keys() | loaded.keys())
    for line in lines:
        if flaw := _flaw(line, read.lines.get(line), loaded.get(line)):
            raise FileRejected(flaw)
    ProofLine.objects.bulk_create(_proof_line(file, line, read.lines[line], loaded[line]) for line in lines)


def _loaded(file: ImportFile) -> dict[Line, Sums]:
    with connection.cursor() as cursor:
        cursor.execute(_LOADED, {"file": file.pk})
        return {Line(*row[:3]): Sums(row[3], row[4], int(row[5])) for row in cursor.fetchall()}


def _flaw(line: Line, read: Sums | None, loaded: Sums | None) -> Issue | None:
    if read == loaded:
        return None
    field = " ".join(part for part in line if part)
    return Issue("PROOF-02", field=field, expected=_said(read), found=_said(loaded))


def _said(sums: Sums | None) -> str:
    number, amount, digest = sums or (0, ZERO, 0)
    return f"{number}, {Decimal(amount):f}" + (f", digest {digest:x}" if digest else "")


def _proof_line(file: ImportFile, line: Line, read: Sums, loaded: Sums) -> ProofLine:
    return ProofLine(
        file=file,
        kind=line.kind,
        key=line.key,
        currency=line.currency,
        read_number=read.number,
        read_amount=read.amount,
        read_digest=f"{read.digest:x}" if read.digest else "",
        loaded_number=loaded.number,
        loaded_amount=loaded.amount,
        loaded_digest=f"{loaded.digest:x}" if loaded.digest else "",
    )
