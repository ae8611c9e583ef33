"""Write TA1, 997 and 824 from an `Acknowledgement`: for partners of our own, the demo's and the tests'. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from payments.ar.acknowledgements import Acknowledgement, InvoiceVerdict, Verdict
from payments.x12.writer import Envelope, bare_interchange, control_text, identifier, interchange, name, segment

_SYNTAX_CODES = {
    Verdict.ACCEPTED: "A",
    Verdict.ACCEPTED_WITH_ERRORS: "E",
    Verdict.PARTIALLY: "P",
    Verdict.REJECTED: "R",
}
_UNLISTED_REASON = "024"  # X12 data element 647
_TED_TEXT, _NTE_TEXT = 60, 80


def write_ta1(envelope: Envelope, answer: Acknowledgement) -> bytes:
    """The envelope's verdict, on `answer.interchange_control`."""
    at = envelope.at
    control = control_text(answer.interchange_control or 0)
    note = "000" if answer.verdict is Verdict.ACCEPTED else "024"
    body = segment("TA1", control, f"{at:%y%m%d}", f"{at:%H%M}", _SYNTAX_CODES[answer.verdict], note)
    return bare_interchange(envelope, [body])


def write_997(envelope: Envelope, answer: Acknowledgement) -> bytes:
    """The syntax's verdict on the one 820 in `answer.group_control`."""
    code = _SYNTAX_CODES[answer.verdict]
    rejected = answer.verdict is Verdict.REJECTED
    body = [
        segment("AK1", "RA", str(answer.group_control or 0)),
        segment("AK2", "820", f"{answer.set_control or 0:04d}"),
        segment("AK5", code, "5" if rejected else ""),
        segment("AK9", code, "1", "1", "0" if rejected else "1"),
    ]
    return interchange(envelope, group="FA", set_id="997", body=body)


def write_824(envelope: Envelope, answer: Acknowledgement) -> bytes:
    """The application's verdict on one payment and each of its invoices, with reasons."""
    at = envelope.at
    body = [
        segment("BGN", "11", identifier(answer.reference), f"{at:%Y%m%d}", f"{at:%H%M}"),
        _oti("T", answer.verdict, "TN", answer.reference, answer),
        *_ted(answer.reasons),
    ]
    for invoice in answer.invoices:
        body += _invoice(invoice, answer)
    return interchange(envelope, group="AG", set_id="824", body=body)


def _invoice(invoice: InvoiceVerdict, answer: Acknowledgement) -> Iterator[str]:
    yield _oti("I", invoice.verdict, "IV", invoice.invoice, answer)
    if invoice.system:
        yield segment("REF", "ZZ", identifier(invoice.system), "SYSTEM")
    if invoice.amount is not None:
        yield segment("AMT", "D", str(invoice.amount))
    yield from _ted(invoice.reasons)


def _oti(scope: str, verdict: Verdict, qualifier: str, reference: str, answer: Acknowledgement) -> str:
    code = scope + _SYNTAX_CODES[verdict]
    controls = (str(answer.group_control or ""), f"{answer.set_control or 0:04d}", "820")
    return segment("OTI", code, qualifier, identifier(reference), "", "", "", "", *controls)


def _ted(reasons: Sequence[str]) -> Iterator[str]:
    for reason in reasons:
        first, *more = textwrap.wrap(name(reason, 1_000), _TED_TEXT) or ["no reason given"]
        yield segment("TED", _UNLISTED_REASON, first)
        for part in textwrap.wrap(" ".join(more), _NTE_TEXT):
            yield segment("NTE", "", part)
