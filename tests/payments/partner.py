"""AR in the tests: takes what is in the drop folder and answers in the words of X12."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from payments.ar.acknowledgements import Acknowledgement, InvoiceVerdict, Level, Verdict
from payments.ar.answers import write_824, write_997, write_ta1
from payments.ar.gateway import CONNECTOR, Connector, DropFolders
from payments.ar.inbox import collect_answers
from payments.ar.outbox import push_due
from payments.models import Allocation, ArPosting, Payment
from payments.x12.writer import Envelope
from portal.tenancy import carrier

_controls = count(1)


def render(posting: ArPosting) -> bytes:
    """Stands in for the 820 of `remittance`, which is above `payments`: who, how much, which invoices."""
    lines = Allocation.objects.filter(payment_id=posting.payment_id, held__gt=0).order_by("invoice_id")
    reference = Payment.objects.get(pk=posting.payment_id).reference
    body = [
        f"{posting.control_number} {reference}",
        *(f"{n} {a}" for n, a in lines.values_list("invoice__number", "held")),
    ]
    return "\n".join(body).encode()


def file_name(posting: ArPosting) -> str:
    return f"820-{posting.control_number:09d}.edi"


class Partner:
    """`now` is what every clock shows."""

    def __init__(self, folder: Path, now: datetime) -> None:
        self.now = now
        folders = DropFolders.under(folder)
        folders.make()
        self.connector = Connector(CONNECTOR, folders, render, file_name)

    def clock(self) -> datetime:
        return self.now

    def push(self) -> int:
        return push_due(self.connector, clock=self.clock)

    def received(self) -> list[str]:
        return sorted(path.name for path in self.connector.folders.out.iterdir())

    def accept_envelope(self, verdict: Verdict = Verdict.ACCEPTED) -> None:
        for posting in self._postings():
            answer = Acknowledgement(Level.ENVELOPE, verdict, interchange_control=posting.control_number)
            self.answer(write_ta1(self._envelope(), answer))

    def accept_syntax(self, verdict: Verdict = Verdict.ACCEPTED) -> None:
        for posting in self._postings():
            self.answer(self.answer_997(posting.control_number, verdict))

    def post(self, verdict: Verdict = Verdict.ACCEPTED, invoices: Sequence[InvoiceVerdict] = (), **say: Any) -> None:
        """The same 824 for every payment sent so far."""
        for posting in self._postings():
            self.answer(self.application(posting, verdict, invoices, **say))

    def application(
        self, posting: ArPosting, verdict: Verdict, invoices: Sequence[InvoiceVerdict] = (), **say: Any
    ) -> bytes:
        fields: dict[str, Any] = {
            "group_control": posting.control_number,
            "set_control": 1,
            "reference": posting.payment.reference,
            "reasons": (),
            **say,
        }
        return write_824(
            self._envelope(), Acknowledgement(Level.APPLICATION, verdict, invoices=tuple(invoices), **fields)
        )

    def answer_824(self, control: int, reference: str, verdict: Verdict) -> bytes:
        answer = Acknowledgement(Level.APPLICATION, verdict, group_control=control, set_control=1, reference=reference)
        return write_824(self._envelope(), answer)

    def answer_997(self, control: int, verdict: Verdict = Verdict.ACCEPTED) -> bytes:
        return write_997(self._envelope(), Acknowledgement(Level.SYNTAX, verdict, group_control=control, set_control=1))

    def answer(self, body: bytes, name: str = "") -> None:
        """Put a file into our folder and let the job collect it."""
        self.leave(body, name)
        self.collect()

    def leave(self, body: bytes, name: str = "") -> None:
        (self.connector.folders.answers / (name or f"answer-{next(_controls):06d}.edi")).write_bytes(body)

    def collect(self) -> int:
        return collect_answers(self.connector, clock=self.clock)

    def _postings(self) -> list[ArPosting]:
        with carrier(read_only=True):
            return list(ArPosting.objects.select_related("payment").exclude(staged_name="").order_by("pk"))

    def _envelope(self) -> Envelope:
        control = next(_controls)
        return Envelope(
            sender="CARRIERAR", receiver="TRIBUTARY", interchange_control=control, group_control=control, at=self.now
        )
