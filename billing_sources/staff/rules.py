"""What a broken rule means, for a person who never saw the format, and what can be done about it. Pure.

The rules that every bill must keep are worded in `checks.RULES`; those of the readers are worded here.
"""

from __future__ import annotations

from typing import NamedTuple

from billing_sources.checks import explain


class PlainWords(NamedTuple):
    """`meaning` is one sentence; `advice` the next step, or ""."""

    meaning: str
    advice: str


_RESEND = "Ask the billing system for the file again; then discard this one."
_AT_SOURCE = "Ask the billing team to correct the bill; a corrected file brings it in."
_LOOK = "Compare it with the bill on paper. Release it when the paper says the same; else have it corrected."
_TELL_US = "The reader needs a look by its engineer; replay the file once that is done."

_READER_RULES = {
    "X12-ISA": ("The file does not begin like an X12 interchange.", _RESEND),
    "X12-NUL": ("The file holds a byte that no text has: it was damaged on its way.", _RESEND),
    "X12-SEGMENT": ("The file runs on without an end of a segment: it is no X12, or was damaged on its way.", _RESEND),
    "X12-ENVELOPE": ("The parts of the file are out of order, or data stands between them.", _RESEND),
    "X12-GE": ("A group of bills is not closed.", _RESEND),
    "X12-GE01": ("A group declares another number of bills than it holds.", _RESEND),
    "X12-GE02": ("A group is opened under one number and closed under another.", _RESEND),
    "X12-IEA": ("The file ends too early: its end is missing.", _RESEND),
    "X12-IEA01": ("The file declares another number of groups than it holds.", _RESEND),
    "X12-IEA02": ("The file is opened under one number and closed under another.", _RESEND),
    "X12-SE": ("The bill is not closed: its last part is missing.", _AT_SOURCE),
    "X12-SE01": ("The bill declares another number of segments than it holds: a part may be missing.", _AT_SOURCE),
    "X12-SE02": ("The bill is opened under one number and closed under another.", _AT_SOURCE),
    "X12-ST01": ("This is no bill but another kind of message.", "Discard it when no bill is missing for it."),
    "X12-BIG": ("The bill has no number or no date.", _AT_SOURCE),
    "X12-TDS": ("The bill states no total.", _AT_SOURCE),
    "X12-VALUE": ("A date, amount or currency of the bill cannot be read.", _AT_SOURCE),
    "X12-CTT01": ("The bill declares another number of lines than it holds.", _AT_SOURCE),
    "X12-BIG07": ("The bill is of a type that nobody listed; it was loaded as an invoice.", _LOOK),
    "REPLY-01": ("No answer for the sender could be written; the bills are not concerned.", _TELL_US),
    "EBC-RDW": ("The length that stands before a record is none: the file was damaged on its way.", _RESEND),
    "EBC-CUT": ("The file ends in the middle of a record: its end is missing.", _RESEND),
    "CAS-0010": ("The file lacks the record that says which run it is.", _RESEND),
    "CAS-9999": ("The file's trailer is missing or cannot be read.", _RESEND),
    "CAS-COUNT": ("The run declares another number of records or bills than it holds.", _RESEND),
    "CAS-HASH": ("The account numbers of the file do not add up to its hash total: one was changed.", _RESEND),
    "CAS-LENGTH": ("A record is longer or shorter than its kind.", _RESEND),
    "CAS-ORDER": ("A record stands outside of any bill.", _RESEND),
    "CAS-9990": ("The bill's end is missing, or declares another count or amount than the bill.", _AT_SOURCE),
    "CAS-VALUE": ("A date or amount of the bill cannot be read.", _AT_SOURCE),
    "CAS-RECORD": ("The bill holds a record of a kind that nobody described.", _TELL_US),
    "CAS-TYPE": ("The bill is of a type that nobody listed.", _AT_SOURCE),
    "CAS-SIGN": ("A credit note says that the customer owes.", _AT_SOURCE),
    "CAS-RB": ("A rebill does not say which bill it replaces.", _AT_SOURCE),
    "CAS-EURO": (
        "A text holds a euro sign where bills are in another currency: it may be another sign in the sender's code.",
        _LOOK,
    ),
    "EN-VALUE": ("A date, amount or code of the bill cannot be read.", _AT_SOURCE),
    "EN-MISSING": ("The bill lacks something that every bill must state.", _AT_SOURCE),
    "EN-CURRENCY": ("The bill mixes currencies: some amounts are in another one than its own.", _AT_SOURCE),
    "EN-SIGN": (
        "A credit note is printed negative, where positive is usual; it was loaded as a credit.",
        _LOOK,
    ),
    "XML-ROOT": ("The file is XML, but neither an invoice nor a batch of invoices.", _RESEND),
    "XML-DOCTYPE": ("The file brings a document type declaration, which is refused for safety.", _RESEND),
    "XML-ENCODING": ("The file's characters are encoded otherwise than it says.", _RESEND),
    "XML-SYNTAX": ("The file is broken XML, or its end is missing.", _RESEND),
    "XML-SIZE": ("One text in the file is larger than any real one.", _RESEND),
    "XML-STRAY": ("Something in the batch is neither an invoice nor a credit note.", _AT_SOURCE),
    "XML-TRAILER": ("The batch lacks its control totals, or they cannot be read.", _RESEND),
    "GZIP-END": ("The packed file was cut: its end is missing.", _RESEND),
    "GZIP-DATA": ("The packed file was damaged on its way.", _RESEND),
    "GZIP-BOMB": ("The packed file unpacks to far more than any real one.", _RESEND),
    "TEXT-NUL": ("The file holds a byte that no text has: it was damaged on its way.", _RESEND),
    "TEXT-LINE": ("The file runs on without the end of a line: it is no bill file, or was damaged.", _RESEND),
    "TEXT-ENCODING": ("The file's characters are encoded otherwise than agreed; it was read as what it is.", _LOOK),
    "DLM-HEADER": ("The file does not begin with its header, or has two.", _RESEND),
    "DLM-END": ("The file's end is missing, or something stands behind it.", _RESEND),
    "DLM-RECORDS": ("The file declares another number of records than it holds.", _RESEND),
    "DLM-RECORD": ("A record of the bill has an unknown type or another number of columns.", _AT_SOURCE),
    "DLM-ORDER": ("A record of another bill stands in this one.", _AT_SOURCE),
    "DLM-VALUE": ("A date, amount or code of the bill cannot be read.", _AT_SOURCE),
    "DLM-ROLLUP": ("A subtotal of the bill is not what the charges below it add up to.", _AT_SOURCE),
    "FOCUS-HEADER": ("The columns of the file are those of no cost file that we know.", _RESEND),
    "FOCUS-CSV": ("The file is broken CSV, or its end is missing.", _RESEND),
    "FOCUS-ROW": ("A row is shorter or longer than the header; it could belong to any invoice.", _RESEND),
    "FOCUS-VALUE": ("A date or amount of the invoice cannot be read.", _AT_SOURCE),
}

_ADVICE = {
    "CONTROL-01": _RESEND,
    "CONTROL-02": _RESEND,
    "CONTROL-03": _RESEND,
    "CONTROL-04": _RESEND,
    "CONTROL-05": _RESEND,
    "CONTROL-06": _RESEND,
    "CONTROL-07": _RESEND,
    "PROOF-01": _TELL_US,
    "PROOF-02": _TELL_US,
    "POISON-01": _TELL_US,
    "READ-01": _TELL_US,
    "VOCAB-01": "Add the term to the vocabulary of the system; nothing is held up meanwhile.",
    "DUP-01": "The first one was loaded. Release this one only if it is the right one: it then replaces the first.",
    "CUR-01": _AT_SOURCE,
    "ACC-01": _AT_SOURCE,
    "LEN-01": _AT_SOURCE,
    "DATE-01": _AT_SOURCE,
}


def plain_words(rule: str) -> PlainWords:
    """For any rule id, known or not."""
    if rule in _READER_RULES:
        return PlainWords(*_READER_RULES[rule])
    if meaning := explain(rule):
        return PlainWords(meaning, _ADVICE.get(rule, _LOOK))
    return PlainWords(f"A rule that nobody has explained yet did not hold ({rule}).", _TELL_US)


_FIELDS = {
    "line_total": "sum of the lines",
    "charge_total": "charges and allowances of the document",
    "tax_excluded": "total without tax",
    "tax_included": "total with tax",
    "tax": "tax total",
    "amount_due": "amount due",
    "balance_forward": "balance forward",
    "billed_on": "date of the bill",
    "due_on": "due date",
    "period_end": "end of the billing period",
    "number": "bill number",
    "bills": "number of bills",
    "amount": "sum of the bills",
    "charge.source_term": "name of a charge",
    "loaded and held": "what was loaded and held",
}


def field_words(field: str) -> str:
    """A field as people call it; one that has no other name stays as it is."""
    return _FIELDS.get(field, field)
