"""Faults that can be planted in a generated file: a closed list. Pure.

A fault changes the written text of one bill, or the way the file ends; everything else in the file stays true, so
that what a reader finds is what was planted.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from billing_sources.canonical import Category
from billing_sources.generator.terms import ATLAS_TERMS, boreal_terms

UNKNOWN_TERM = "Orbital relay levy"
_ATLAS_TERM = ATLAS_TERMS[Category.RECURRING].encode()
_BOREAL_TERMS = "|".join(boreal_terms(currency)[Category.RECURRING] for currency in ("SEK", "EUR", "DKK")).encode()

FAULTS = {
    "truncated": "the file ends in the middle of a bill",
    "wrong_trailer": "the trailer declares one bill more than the file holds",
    "wrong_total": "one bill's total is 100.00 more than its charges",
    "unknown_term": "one charge has a term that no vocabulary knows",
    "duplicate_bill": "one bill stands in the file twice",
    "bad_date": "one bill is dated the 41st of the 13th month",
    "bad_amount": "one bill has an amount that is no number",
    "reissue": "a second file follows: bills of the month before, the same numbers with lowered amounts",
}


@dataclass(frozen=True)
class PlantedFault:
    """What was planted and which rule is to fire. `number` is the bill's, "" where the whole file is at fault."""

    fault: str
    number: str
    rule: str


_EVERYWHERE = {"unknown_term": "VOCAB-01", "duplicate_bill": "DUP-01"}
RULES: dict[str, dict[str, str]] = {
    "atlas": _EVERYWHERE
    | {
        "truncated": "X12-IEA",
        "wrong_trailer": "X12-GE01",
        "wrong_total": "BR-CO-15",
        "bad_date": "X12-VALUE",
        "bad_amount": "X12-VALUE",
    },
    "boreal": _EVERYWHERE
    | {
        "truncated": "XML-SYNTAX",
        "wrong_trailer": "CONTROL-01",
        "wrong_total": "BR-CO-10",
        "bad_date": "EN-VALUE",
        "bad_amount": "EN-VALUE",
    },
}
"""System → fault → the first rule that fires. A reissue is no error: it makes new revisions."""

Spoil = Callable[[bytes], bytes]


def check_faults(faults: tuple[str, ...]) -> None:
    """Raises ValueError for a fault that is not on the list."""
    unknown = sorted(set(faults) - FAULTS.keys())
    if unknown:
        raise ValueError(f"no such fault: {', '.join(unknown)}; choose from {', '.join(FAULTS)}")


def spoil(system: str, fault: str, text: bytes) -> bytes:
    """The bill's text with the fault in it; unchanged by a fault that does not touch texts."""
    change = _SPOILS[system].get(fault)
    return change(text) if change else text


def _substitute(pattern: bytes, replacement: bytes) -> Spoil:
    compiled = re.compile(pattern)
    return lambda text: compiled.sub(replacement, text, count=1)


def _hundred_more(pattern: bytes) -> Spoil:
    """Add 100.00 to the amount that group 2 of the pattern finds, in cents with or without a point."""
    compiled = re.compile(pattern)

    def change(match: re.Match[bytes]) -> bytes:
        text = match[2].decode()
        raised = str(int(text.replace(".", "")) + 10000)
        return match[1] + (f"{raised[:-2]}.{raised[-2:]}" if "." in text else raised).encode()

    return lambda text: compiled.sub(change, text, count=1)


_SPOILS: dict[str, dict[str, Spoil]] = {
    "atlas": {
        "wrong_total": _hundred_more(rb"(TDS[*~|])(-?[0-9]+)"),
        "unknown_term": _substitute(_ATLAS_TERM, UNKNOWN_TERM.encode()),
        "bad_date": _substitute(rb"(BIG[*~|][0-9]{4})[0-9]{4}", rb"\g<1>1341"),
        "bad_amount": _substitute(rb"(IT1[*~|][0-9]*[*~|][0-9]*[*~|][A-Z0-9]+[*~|])[-0-9.]+", rb"\g<1>12,5x"),
    },
    "boreal": {
        "wrong_total": _hundred_more(
            rb"(<(?:cac:LegalMonetaryTotal><cbc:LineExtensionAmount [^>]*"
            rb"|ram:SpecifiedTradeSettlementHeaderMonetarySummation><ram:LineTotalAmount)>)(-?[0-9.]+)"
        ),
        "unknown_term": _substitute(rb"(Name>)(?:" + _BOREAL_TERMS + rb")<", rb"\g<1>" + UNKNOWN_TERM.encode() + rb"<"),
        "bad_date": _substitute(
            rb"(<cbc:IssueDate>[0-9]{4}-|<ram:IssueDateTime><udt:DateTimeString [^>]*>[0-9]{4})[0-9]{2}(-?)[0-9]{2}",
            rb"\g<1>13\g<2>41",
        ),
        "bad_amount": _substitute(
            rb"(Line><cbc:ID>[^/]*/cbc:ID><cbc:[^/]*/cbc:[A-Za-z]*><cbc:LineExtensionAmount [^>]*>"
            rb"|LineMonetarySummation><ram:LineTotalAmount>)[-0-9.]+",
            rb"\g<1>12,5x",
        ),
    },
}
