"""The 820, judged by a partner that somebody else wrote (mock-edi) and by reading it back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from mockedi.testing import Mock

from payments.ar.acknowledgements import Level, Verdict, read_acknowledgements
from payments.x12.documents import UnreadableX12
from payments.x12.writer import CannotWriteX12, Envelope
from remittance.advice import RemittanceAdvice
from remittance.x12_820 import read_820, write_820
from tests.remittance.advices import MOCK_UP_LINES, PAYER, advice, line, many_lines

ENVELOPE = Envelope("TRIBUTARY", "MOCKEDI", 17, 18, datetime(2026, 12, 12, 8, tzinfo=UTC), set_control=19)


@pytest.fixture
def partner() -> Iterator[Mock]:
    """The carrier's AR on the day after the payment arrived."""
    with Mock.start(start_at="2026-12-13T09:00:00Z") as mock:
        mock.post("/_mock/partners", {"id": "TRIBUTARY", "name": "Tributary", "dialect": "X12"})
        yield mock


def findings(summary: dict[str, Any]) -> list[str]:
    return [text for one in summary["transactionSets"] for text in one["findings"]]


SHAPES = {
    "short-paid, with a credit note": advice(currency="USD", method="ach_credit"),
    "one line by cheque": advice([line("A-1", "10.00", "10.00")], currency="USD", method="cheque"),
    "a part of an invoice": advice([line("A-1", "10.00", "4.00")]),
    "short-paid to nothing": advice([line("A-1", "10.00", "0.00", "10.00"), *MOCK_UP_LINES]),
    "five hundred lines": advice(many_lines(500), currency="USD"),
    "yen have no decimals": advice([line("A-1", "1000", "900", "100")], currency="JPY"),
    "a name full of delimiters": advice(payer=replace(PAYER, name="Håkan*Ståhl ~ Søn > Co")),
}


@pytest.mark.parametrize("issued", SHAPES.values(), ids=SHAPES)
def test_the_partner_accepts_the_820_without_a_disagreement(partner: Mock, issued: RemittanceAdvice) -> None:
    summary = partner.send(write_820(issued, ENVELOPE).decode())
    assert summary["accepted"]
    assert findings(summary) == []
    assert partner.get("/_mock/disagreements").body == []
    answers = read_acknowledgements(partner.mailbox()[0]["payload"].encode(), "997")
    assert [(one.level, one.verdict, one.group_control, one.set_control) for one in answers] == [
        (Level.SYNTAX, Verdict.ACCEPTED, 18, 19)
    ]
    [heard] = partner.get("/_mock/remittances").body
    assert (heard["trace"], heard["currency"]) == (issued.reference, issued.payment.currency)
    assert Decimal(heard["total"]) == issued.payment.amount
    assert [(one["invoice"], Decimal(one["paid"])) for one in heard["invoices"]] == [
        (one.invoice, one.paid) for one in issued.lines
    ]


def test_a_currency_outside_the_partners_list_is_its_only_finding(partner: Mock) -> None:
    """mock-edi knows six currencies; it takes the three decimals of a rial and questions the code alone."""
    issued = advice([line("A-1", "10.001", "10.001")], currency="OMR")
    summary = partner.send(write_820(issued, ENVELOPE).decode())
    assert summary["accepted"]
    assert findings(summary) == [
        "CUR@4: OMR is not a code CUR02 accepts (CAD, CHF, EUR, GBP, JPY, USD)",
        "one or more segments in error",
    ]
    [answer] = read_acknowledgements(partner.mailbox()[0]["payload"].encode(), "997")
    assert answer.verdict is Verdict.ACCEPTED_WITH_ERRORS
    assert answer.reasons == ("segment CUR at 4: error 8", "element 2: error 7 OMR", "set error 5")


def test_an_820_sent_before_its_value_date_is_noticed_by_the_partner(partner: Mock) -> None:
    early = replace(advice(), payment=replace(advice().payment, value_on=datetime(2026, 12, 24, tzinfo=UTC).date()))
    partner.send(write_820(early, ENVELOPE).decode())
    [disagreement] = partner.get("/_mock/disagreements").body
    assert disagreement["rule"] == "remitted-before-settlement"


def test_the_same_interchange_sent_twice_is_taken_once(partner: Mock) -> None:
    payload = write_820(advice(), ENVELOPE).decode()
    assert partner.send(payload)["accepted"]
    assert not partner.post("/edi", payload, headers={"Content-Type": "application/edi-x12"}).body["accepted"]


def test_reading_our_own_820_gives_back_the_advice() -> None:
    issued = advice()
    [read] = read_820(write_820(issued, ENVELOPE), "own.edi")
    assert (read.sender, read.interchange_control, read.group_control, read.set_control) == ("TRIBUTARY", 17, 18, 19)
    assert (read.reference, read.payment_code, read.payer_number) == (issued.reference, "PAY-2211-3", "40-11982")
    assert (read.amount, read.currency, read.method) == (issued.payment.amount, "EUR", "FWT")
    assert read.value_on == issued.payment.value_on
    assert [
        (one.invoice, one.system, one.account, one.paid, one.gross, one.short_paid, one.billed_on) for one in read.lines
    ] == [
        (one.invoice, one.system, one.account, one.paid, one.gross, one.short_paid, one.billed_on)
        for one in issued.lines
    ]
    assert [one.x12_reason for one in read.lines] == ["", "", "01", ""]


@pytest.mark.parametrize("number", ["A*1", "A~1", "A>1", "Ä-1", " A-1", "A" * 31, "A\n1", ""])
def test_an_invoice_number_that_x12_would_change_is_refused(number: str) -> None:
    with pytest.raises(CannotWriteX12):
        write_820(advice([line(number, "1.00", "1.00")]), ENVELOPE)


def test_an_account_that_x12_would_change_is_left_out() -> None:
    [read] = read_820(write_820(advice([line("A-1", "1.00", "1.00", account="Ä*1")]), ENVELOPE), "own.edi")
    assert read.lines[0].account == ""


def test_an_820_that_does_not_add_up_is_refused() -> None:
    payload = write_820(advice(), ENVELOPE).replace(b"BPR*I*16435.17", b"BPR*I*16435.18")
    with pytest.raises(UnreadableX12, match=r"cut\.edi, segment 4 \(BPR\): 16435.18 is not the sum"):
        read_820(payload, "cut.edi")


def test_a_truncated_820_is_refused() -> None:
    payload = write_820(advice(), ENVELOPE)
    for end in range(200, len(payload) - 4, 97):
        with pytest.raises(UnreadableX12):
            read_820(payload[:end], "cut.edi")
