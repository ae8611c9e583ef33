"""What AR answers to an 820: TA1 (envelope), 997 or 999 (syntax), 824 (application). Pure; formats.md §1.2, §5.

Only an 824 says what became of the invoices. Reading and writing use the same `Acknowledgement`: the writers serve
partners of our own, the demo's and the tests'.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from payments.x12.documents import Document, Segment, read_documents, unreadable


class Level(StrEnum):
    """How deep the answer looked."""

    ENVELOPE = "envelope"
    SYNTAX = "syntax"
    APPLICATION = "application"


class Verdict(StrEnum):
    """What was decided. `PARTIALLY` stands for a whole: some of its parts accepted, some rejected."""

    ACCEPTED = "accepted"
    ACCEPTED_WITH_ERRORS = "accepted_with_errors"
    PARTIALLY = "partially"
    REJECTED = "rejected"


@dataclass(frozen=True)
class InvoiceVerdict:
    """What AR did with one invoice. `amount` is what it booked, where it says so; `system` likewise."""

    invoice: str
    verdict: Verdict
    system: str = ""
    amount: Decimal | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Acknowledgement:
    """One answer to one thing that we sent, named by the control numbers and the reference that the level knows.

    TA1 knows `interchange_control`; a 997 `group_control` and, unless it judges the whole group, `set_control`; an 824
    those two and `reference`, the payment's. `message_id` is the same whenever the same answer arrives again.
    """

    level: Level
    verdict: Verdict
    interchange_control: int | None = None
    group_control: int | None = None
    set_control: int | None = None
    reference: str = ""
    invoices: tuple[InvoiceVerdict, ...] = ()
    reasons: tuple[str, ...] = ()
    sender: str = ""
    message_id: str = ""


_TA1_VERDICTS = {"A": Verdict.ACCEPTED, "E": Verdict.ACCEPTED_WITH_ERRORS, "R": Verdict.REJECTED}
# X12 data elements 715 and 717: M and W are rejections for want of authentication.
_SYNTAX_VERDICTS = _TA1_VERDICTS | {"P": Verdict.PARTIALLY, "M": Verdict.REJECTED, "W": Verdict.REJECTED}
# X12 data element 110: T is said of a transaction set, I of an item.
_APPLICATION_VERDICTS = {
    f"{scope}{code}": verdict
    for scope in "TI"
    for code, verdict in (("A", Verdict.ACCEPTED), ("E", Verdict.ACCEPTED_WITH_ERRORS), ("R", Verdict.REJECTED))
} | {"TP": Verdict.PARTIALLY}


def read_acknowledgements(payload: bytes, file: str) -> list[Acknowledgement]:
    """Every answer in the file, in its order. Raises `UnreadableX12` naming file and segment, and then gives none."""
    return [answer for document in read_documents(payload, file) for answer in _of_document(document)]


def _of_document(document: Document) -> Iterator[Acknowledgement]:
    """The document's answers, each under an id that a second arrival repeats."""
    if document.set_id == "TA1":
        yield _read_ta1(document.segments[0])
        return
    for number, answer in enumerate(_of_set(document), start=1):
        controls = (document.interchange_control, document.group_control, document.control, str(number))
        yield replace(answer, sender=document.sender, message_id=":".join((document.sender, *controls)))


def _of_set(document: Document) -> list[Acknowledgement]:
    if document.set_id in ("997", "999"):
        return _read_syntax(document)
    if document.set_id == "824":
        return [_read_application(document)]
    raise unreadable(document.opening, f"{document.set_id} is not an acknowledgement")


def _read_ta1(found: Segment) -> Acknowledgement:
    note = found.get(5)
    return Acknowledgement(
        level=Level.ENVELOPE,
        verdict=_verdict(found, 4, _TA1_VERDICTS),
        interchange_control=found.number(1),
        reasons=(f"interchange note {note}",) if note.strip("0") else (),
        message_id=":".join(("TA1", *found.elements[:4])),
    )


# --- 997 and 999: syntax --------------------------------------------------------------------------------------------


def _read_syntax(document: Document) -> list[Acknowledgement]:
    opening, closing = document.first("AK1"), document.first("AK9")
    whole = Acknowledgement(
        level=Level.SYNTAX, verdict=_verdict(closing, 1, _SYNTAX_VERDICTS), group_control=opening.number(2)
    )
    answers = [_set_answer(whole, loop) for loop in _loops(document.segments, "AK2")]
    return answers or [replace(whole, reasons=_codes(closing, 5, "group"))]


def _set_answer(whole: Acknowledgement, loop: Sequence[Segment]) -> Acknowledgement:
    """The verdict on one set; a group that was rejected takes its sets with it, whatever they were told."""
    closing = next((found for found in loop if found.tag in ("AK5", "IK5")), None)
    if closing is None:
        raise unreadable(loop[0], "AK2 without a verdict (AK5)")
    verdict = _verdict(closing, 1, _SYNTAX_VERDICTS)
    return replace(
        whole,
        verdict=Verdict.REJECTED if whole.verdict is Verdict.REJECTED else verdict,
        set_control=loop[0].number(2),
        reasons=(*_syntax_notes(loop), *_codes(closing, 2, "set")),
    )


def _syntax_notes(loop: Sequence[Segment]) -> Iterator[str]:
    for found in loop:
        if found.tag in ("AK3", "IK3"):
            yield f"segment {found.get(1)} at {found.get(2)}: error {found.get(4) or 'below'}"
        elif found.tag in ("AK4", "IK4"):
            yield f"element {found.get(1)}: error {found.get(3)} {found.get(4)}".rstrip()


def _codes(found: Segment, start: int, of: str) -> tuple[str, ...]:
    return tuple(f"{of} error {code}" for code in found.elements[start - 1 :] if code)


# --- 824: application -----------------------------------------------------------------------------------------------


def _read_application(document: Document) -> Acknowledgement:
    loops = list(_loops(document.segments, "OTI"))
    if not loops:
        raise unreadable(document.opening, "824 without a verdict (OTI)")
    invoices = tuple(_invoice_verdict(loop) for loop in loops if loop[0].get(2) == "IV")
    if len({(one.system, one.invoice) for one in invoices}) != len(invoices):
        raise unreadable(document.opening, "824 judges an invoice twice")
    return _application_answer(loops, invoices)


def _application_answer(loops: list[list[Segment]], invoices: tuple[InvoiceVerdict, ...]) -> Acknowledgement:
    """An OTI that names no invoice speaks for the whole payment; without one the invoices do."""
    whole = next((loop for loop in loops if loop[0].get(2) != "IV"), None)
    head = (whole or loops[0])[0]
    return Acknowledgement(
        level=Level.APPLICATION,
        verdict=_verdict(head, 1, _APPLICATION_VERDICTS) if whole else _summed(invoices),
        group_control=head.number(8) if head.get(8) else None,
        set_control=head.number(9) if head.get(9) else None,
        reference=head.get(3) if whole else "",
        invoices=invoices,
        reasons=_reasons(whole) if whole else (),
    )


def _invoice_verdict(loop: list[Segment]) -> InvoiceVerdict:
    head = loop[0]
    if not head.get(3):
        raise unreadable(head, "OTI names no invoice")
    return InvoiceVerdict(
        invoice=head.get(3),
        verdict=_verdict(head, 1, _APPLICATION_VERDICTS),
        system=next((f.get(2) for f in loop if f.tag == "REF" and f.get(3) == "SYSTEM"), ""),
        amount=next((_amount(f) for f in loop if f.tag == "AMT"), None),
        reasons=_reasons(loop),
    )


def _reasons(loop: Sequence[Segment]) -> tuple[str, ...]:
    """One reason for each TED, continued by the NTE segments after it."""
    reasons: list[str] = []
    for found in loop:
        if found.tag == "TED":
            reasons.append(found.get(2) or f"error {found.get(1)}")
        elif found.tag == "NTE" and reasons:
            reasons[-1] += f" {found.get(2)}"
        elif found.tag == "NTE":
            reasons.append(found.get(2))
    return tuple(reasons)


def _summed(invoices: Sequence[InvoiceVerdict]) -> Verdict:
    verdicts = {one.verdict for one in invoices}
    if len(verdicts) == 1:
        return verdicts.pop()
    has_rejected = bool(verdicts & {Verdict.REJECTED, Verdict.PARTIALLY})
    return Verdict.PARTIALLY if has_rejected else Verdict.ACCEPTED_WITH_ERRORS


# --- Elements -------------------------------------------------------------------------------------------------------


def _loops(segments: Sequence[Segment], tag: str) -> Iterator[list[Segment]]:
    """The runs of segments that start with the tag."""
    loop: list[Segment] = []
    for found in segments:
        if found.tag == tag and loop:
            yield loop
            loop = []
        if found.tag == tag or loop:
            loop.append(found)
    if loop:
        yield loop


def _verdict(found: Segment, position: int, verdicts: dict[str, Verdict]) -> Verdict:
    verdict = verdicts.get(found.get(position))
    if verdict is None:
        raise unreadable(found, f"{found.get(position)!r} is not a verdict")
    return verdict


def _amount(found: Segment) -> Decimal:
    try:
        amount = Decimal(found.get(2))
    except InvalidOperation as error:
        raise unreadable(found, f"{found.get(2)!r} is not an amount") from error
    if not amount.is_finite():
        raise unreadable(found, f"{found.get(2)!r} is not an amount")
    return amount
