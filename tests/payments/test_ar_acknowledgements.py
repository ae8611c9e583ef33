"""What AR answers decides what a customer is told: it is read exactly, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.ar.acknowledgements import Acknowledgement, InvoiceVerdict, Level, Verdict, read_acknowledgements
from payments.ar.answers import write_824, write_997, write_ta1
from payments.x12.documents import UnreadableX12
from payments.x12.writer import Envelope, interchange

ENVELOPE = Envelope("CARRIERAR", "TRIBUTARY", 501, 502, datetime(2026, 12, 13, 9, tzinfo=UTC), set_control=3)

PARTLY = Acknowledgement(
    level=Level.APPLICATION,
    verdict=Verdict.PARTIALLY,
    group_control=18,
    set_control=19,
    reference="RF03401198200221103",
    invoices=(
        InvoiceVerdict("B4-1", Verdict.ACCEPTED, "atlas", Decimal("8120.40")),
        InvoiceVerdict("B4-1", Verdict.ACCEPTED_WITH_ERRORS, "boreal", reasons=("Booked on account.",)),
        InvoiceVerdict("B9-1", Verdict.REJECTED, "atlas", reasons=("Rate as agreed on 1 May. " * 8, "See contract 4.")),
    ),
    reasons=("One invoice is not ours.",),
)


def written(*body: str, set_id: str = "824", group: str = "AG") -> bytes:
    return interchange(ENVELOPE, group=group, set_id=set_id, body=body)


def verdict_of(*body: str, set_id: str = "824") -> Acknowledgement:
    [answer] = read_acknowledgements(written(*body, set_id=set_id), "answer.edi")
    return answer


def test_a_group_that_was_rejected_takes_its_accepted_set_with_it() -> None:
    answer = verdict_of("AK1*RA*18", "AK2*820*0019", "AK5*A", "AK9*R*1*1*0", set_id="997")
    assert answer.verdict is Verdict.REJECTED


def test_a_group_without_its_sets_speaks_for_itself() -> None:
    answer = verdict_of("AK1*RA*18", "AK9*R*1*1*0*2", set_id="997")
    assert (answer.verdict, answer.group_control, answer.set_control) == (Verdict.REJECTED, 18, None)
    assert answer.reasons == ("group error 2",)


def test_each_set_of_a_group_has_its_own_verdict() -> None:
    body = ["AK1*RA*18", "AK2*820*0001", "AK5*A", "AK2*820*0002", "AK3*RMR*9**8", "AK4*4*782*6*x", "AK5*R*5"]
    answers = read_acknowledgements(written(*body, "AK9*P*2*2*1", set_id="997"), "answer.edi")
    assert [(one.set_control, one.verdict) for one in answers] == [(1, Verdict.ACCEPTED), (2, Verdict.REJECTED)]
    assert answers[1].reasons == ("segment RMR at 9: error 8", "element 4: error 6 x", "set error 5")
    assert answers[0].message_id != answers[1].message_id


@pytest.mark.parametrize(
    ("codes", "verdict"),
    [
        (("IA", "IA"), Verdict.ACCEPTED),
        (("IA", "IE"), Verdict.ACCEPTED_WITH_ERRORS),
        (("IA", "IR"), Verdict.PARTIALLY),
        (("IR", "IR"), Verdict.REJECTED),
    ],
)
def test_without_a_word_on_the_payment_its_invoices_decide(codes: tuple[str, ...], verdict: Verdict) -> None:
    oti = [f"OTI*{code}*IV*A-{number}" for number, code in enumerate(codes)]
    assert verdict_of("BGN*11*X*20261213", *oti).verdict is verdict


@pytest.mark.parametrize(
    ("body", "set_id", "why"),
    [
        (("BGN*11*X*20261213",), "824", "without a verdict"),
        (("BGN*11*X*20261213", "OTI*XX*IV*A-1"), "824", "'XX' is not a verdict"),
        (("BGN*11*X*20261213", "OTI**IV*A-1"), "824", "'' is not a verdict"),
        (("BGN*11*X*20261213", "OTI*IA*IV"), "824", "names no invoice"),
        (("BGN*11*X*20261213", "OTI*IA*IV*A-1", "OTI*IR*IV*A-1"), "824", "twice"),
        (("BGN*11*X*20261213", "OTI*IA*IV*A-1", "AMT*D*NaN"), "824", "not an amount"),
        (("BGN*11*X*20261213", "OTI*IA*IV*A-1", "AMT*D*12,00"), "824", "not an amount"),
        (("BGN*11*X*20261213", "OTI*TA*TN*RF*****eighteen"), "824", "not a control number"),
        (("AK1*RA*18", "AK2*820*0019", "AK9*A*1*1*1"), "997", "AK2 without a verdict"),
        (("AK1*RA*18", "AK2*820*0019", "AK5*A"), "997", "997 without AK9"),
        (("AK2*820*0019", "AK5*A", "AK9*A*1*1*1"), "997", "997 without AK1"),
        (("BPR*I*1*C*ACH",), "820", "not an acknowledgement"),
    ],
)
def test_what_cannot_be_read_is_refused_by_file_and_segment(body: tuple[str, ...], set_id: str, why: str) -> None:
    with pytest.raises(UnreadableX12, match=rf"answer\.edi, segment \d+ .*{why}"):
        verdict_of(*body, set_id=set_id)


def test_a_truncated_answer_says_nothing_at_all() -> None:
    payload = write_824(ENVELOPE, PARTLY)
    for end in range(len(payload) - 4):
        with pytest.raises(UnreadableX12):
            read_acknowledgements(payload[:end], "answer.edi")


@given(st.binary(max_size=400))
def test_noise_is_refused_and_nothing_else_escapes(noise: bytes) -> None:
    with pytest.raises(UnreadableX12):
        read_acknowledgements(noise, "noise.edi")


@given(st.integers(0, 2_000), st.binary(min_size=1, max_size=6))
def test_a_damaged_answer_is_read_or_refused(at: int, damage: bytes) -> None:
    payload = write_824(ENVELOPE, PARTLY)
    at %= len(payload)
    try:
        answers = read_acknowledgements(payload[:at] + damage + payload[at + len(damage) :], "damaged.edi")
    except UnreadableX12 as error:
        assert "damaged.edi" in str(error)
    else:
        assert all(isinstance(one.verdict, Verdict) for one in answers)


def test_an_824_gives_back_payment_invoices_and_reasons() -> None:
    [read] = read_acknowledgements(write_824(ENVELOPE, PARTLY), "answer.edi")
    assert (read.level, read.verdict, read.reference) == (Level.APPLICATION, Verdict.PARTIALLY, PARTLY.reference)
    assert (read.group_control, read.set_control, read.reasons) == (18, 19, PARTLY.reasons)
    assert [(one.invoice, one.system, one.verdict, one.amount) for one in read.invoices] == [
        (one.invoice, one.system, one.verdict, one.amount) for one in PARTLY.invoices
    ]
    assert [" ".join(text.split()) for text in read.invoices[2].reasons] == [
        " ".join(text.split()) for text in PARTLY.invoices[2].reasons
    ]


def test_a_ta1_and_a_997_give_back_what_they_answer() -> None:
    envelope = Acknowledgement(Level.ENVELOPE, Verdict.REJECTED, interchange_control=17)
    [read] = read_acknowledgements(write_ta1(ENVELOPE, envelope), "ta1.edi")
    assert (read.level, read.verdict, read.interchange_control) == (Level.ENVELOPE, Verdict.REJECTED, 17)
    assert read.reasons == ("interchange note 024",)
    syntax = Acknowledgement(Level.SYNTAX, Verdict.ACCEPTED, group_control=18, set_control=19)
    [read] = read_acknowledgements(write_997(ENVELOPE, syntax), "997.edi")
    assert (read.level, read.verdict, read.group_control, read.set_control) == (Level.SYNTAX, Verdict.ACCEPTED, 18, 19)


def test_the_same_answer_arriving_again_has_the_same_id_and_another_answer_has_not() -> None:
    payload = write_824(ENVELOPE, PARTLY)
    [first], [again] = (read_acknowledgements(payload, name) for name in ("a.edi", "b.edi"))
    later = Envelope("CARRIERAR", "TRIBUTARY", 502, 503, ENVELOPE.at)
    [other] = read_acknowledgements(write_824(later, PARTLY), "c.edi")
    assert first.message_id == again.message_id != other.message_id
