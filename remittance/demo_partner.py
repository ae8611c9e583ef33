"""A small AR of the demo's own, so that somebody answers: it stands for the carrier's real system and is not one.

It takes 820s from the drop folder, answers TA1, 997 and 824, and posts everything but the first invoice that was
short-paid because the rate was not as agreed: that one it rejects, so that the demo shows a rejection.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from payments.ar.acknowledgements import Acknowledgement, InvoiceVerdict, Level, Verdict
from payments.ar.answers import write_824, write_997, write_ta1
from payments.ar.gateway import DropFolders
from payments.x12.writer import Envelope
from remittance.x12_820 import Received820, ReceivedLine, read_820

NAME = "MERIDIANAR"
RATE_NOT_AS_AGREED = "01"  # X12 data element 426
REJECTION = "Contract rate applies until the amendment is signed: pay in full or open a dispute"


def answer_all(folders: DropFolders, now: datetime) -> int:
    """Answer every 820 that lies in the drop folder, then file it away; how many there were."""
    taken = folders.out.parent / "taken"
    taken.mkdir(parents=True, exist_ok=True)
    files = sorted(path for path in folders.out.glob("*.x12"))
    for path in files:
        for received in read_820(path.read_bytes(), path.name):
            _answer(received, folders.answers, now)
        path.rename(taken / path.name)
    return len(files)


def _answer(received: Received820, inbox: Path, now: datetime) -> None:
    number = received.interchange_control
    envelope = Envelope(NAME, received.sender, number, number, now)
    accepted = Acknowledgement(
        Level.SYNTAX,
        Verdict.ACCEPTED,
        interchange_control=number,
        group_control=received.group_control,
        set_control=received.set_control,
    )
    _leave(inbox / f"ta1-{number:09d}.x12", write_ta1(envelope, accepted))
    _leave(inbox / f"997-{number:09d}.x12", write_997(envelope, accepted))
    _leave(inbox / f"824-{number:09d}.x12", write_824(envelope, _verdict(received)))


def _verdict(received: Received820) -> Acknowledgement:
    refused = next((line for line in received.lines if line.x12_reason == RATE_NOT_AS_AGREED and line.paid > 0), None)
    invoices = tuple(_invoice_verdict(line, line is refused) for line in received.lines if line.paid)
    return Acknowledgement(
        Level.APPLICATION,
        Verdict.PARTIALLY if refused else Verdict.ACCEPTED,
        group_control=received.group_control,
        set_control=received.set_control,
        reference=received.reference,
        invoices=invoices,
    )


def _invoice_verdict(line: ReceivedLine, is_refused: bool) -> InvoiceVerdict:
    if is_refused:
        return InvoiceVerdict(line.invoice, Verdict.REJECTED, line.system, reasons=(REJECTION,))
    return InvoiceVerdict(line.invoice, Verdict.ACCEPTED, line.system, amount=line.paid)


def _leave(path: Path, body: bytes) -> None:
    part = path.with_suffix(".part")
    part.write_bytes(body)
    part.rename(path)
