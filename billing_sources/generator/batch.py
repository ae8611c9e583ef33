"""Writes a cycle as one batch of EN 16931 documents, three in four UBL and the rest CII, with control totals. Pure."""

from __future__ import annotations

from billing_sources.canonical import Category
from billing_sources.generator import cii, ubl
from billing_sources.generator.bill import Bill
from billing_sources.generator.carrier import MERIDIAN_AB
from billing_sources.generator.faults import EVERYWHERE, UNKNOWN_TERM, hundred_more, substitute
from billing_sources.generator.figures import text_of
from billing_sources.generator.format import AccountIds, Format, Market
from billing_sources.generator.numbers import DASHED
from billing_sources.generator.terms import boreal_terms


class Batch:
    """One file: `head`, then `bill` for each bill, then `tail`."""

    def __init__(self) -> None:
        self._documents = 0
        self._payable = 0

    def head(self) -> bytes:
        return b'<?xml version="1.0" encoding="UTF-8"?>\n<InvoiceBatch xmlns="urn:tributary:invoice-batch:1">\n'

    def bill(self, bill: Bill) -> bytes:
        self._documents += 1
        self._payable += -bill.due if bill.form == "credit_note" else bill.due
        is_cii = int(bill.account.external_id[-4:]) % 4 == 0
        return (cii.document(bill) if is_cii else ubl.document(bill)).encode()

    def tail(self, false_count: int = 0) -> bytes:
        """The control totals. `false_count` is added to the number of documents, for a file whose trailer is wrong."""
        count, payable = self._documents + false_count, text_of(self._payable)
        return f'<ControlTotals documents="{count}" payable="{payable}"/>\n</InvoiceBatch>\n'.encode()


_RECURRING = "|".join(boreal_terms(currency)[Category.RECURRING] for currency in ("SEK", "EUR", "DKK")).encode()
_RULES = {
    "truncated": "XML-SYNTAX",
    "wrong_trailer": "CONTROL-01",
    "wrong_total": "BR-CO-10",
    "bad_date": "EN-VALUE",
    "bad_amount": "EN-VALUE",
}
_SPOILS = {
    "wrong_total": hundred_more(
        rb"(<(?:cac:LegalMonetaryTotal><cbc:LineExtensionAmount [^>]*"
        rb"|ram:SpecifiedTradeSettlementHeaderMonetarySummation><ram:LineTotalAmount)>)(-?[0-9.]+)"
    ),
    "unknown_term": substitute(rb"(Name>)(?:" + _RECURRING + rb")<", rb"\g<1>" + UNKNOWN_TERM.encode() + rb"<"),
    "bad_date": substitute(
        rb"(<cbc:IssueDate>[0-9]{4}-|<ram:IssueDateTime><udt:DateTimeString [^>]*>[0-9]{4})[0-9]{2}(-?)[0-9]{2}",
        rb"\g<1>13\g<2>41",
    ),
    "bad_amount": substitute(
        rb"(Line><cbc:ID>[^/]*/cbc:ID><cbc:[^/]*/cbc:[A-Za-z]*><cbc:LineExtensionAmount [^>]*>"
        rb"|LineMonetarySummation><ram:LineTotalAmount>)[-0-9.]+",
        rb"\g<1>12,5x",
    ),
}


def _account_id(cycle: str, customer: str, ordinal: int) -> str:
    """Country, customer, account."""
    return f"M{customer}-{cycle}{ordinal:04}" if ordinal else f"M{customer}"


BOREAL = Format(
    key="boreal",
    suffix="xml",
    writer=lambda _order: Batch(),
    market=Market.EUROPE,
    currencies=("SEK", "EUR", "DKK", "NOK"),
    remit_to=MERIDIAN_AB,
    numbering=DASHED,
    account_ids=AccountIds(_account_id, lambda account, _position, name: f"{account}/{name}"),
    charges_per_line=180,
    rules=EVERYWHERE | _RULES,
    spoils=_SPOILS,
    credits_are_positive=True,
    has_document_terms=True,
)
