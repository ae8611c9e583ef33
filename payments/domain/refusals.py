"""Why something is not done, in plain words, under a name that stays. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Rule(StrEnum):
    """The closed set of reasons for a refusal; pages, tests and partners may rely on the names."""

    SUPPORT_READS_ONLY = "support_reads_only"
    NOT_FOUND = "not_found"
    COMMAND_REUSED = "command_reused"
    BUSY = "busy"
    FORBIDDEN_BY_LEDGER = "forbidden_by_ledger"
    EMPTY = "empty"
    TEXT = "text"
    EVIDENCE = "evidence"
    RUN_IS_FROZEN = "run_is_frozen"
    NOT_SUBMITTED = "not_submitted"
    NOT_APPROVED = "not_approved"
    CHANGED_SINCE = "changed_since"
    OWN_WORK = "own_work"
    NOT_CONFIRMED = "not_confirmed"
    NOT_YOUR_STEP = "not_your_step"
    OVER_LIMIT = "over_limit"
    DELEGATION = "delegation"
    POLICY = "policy"
    TOO_MANY_PAYMENTS = "too_many_payments"
    METHOD = "method"
    CURRENCY = "currency"
    REVISED = "revised"
    CREDIT_NOTE = "credit_note"
    NOT_PAYABLE = "not_payable"
    NOTHING_OPEN = "nothing_open"
    NOT_CHOSEN = "not_chosen"
    TWICE = "twice"
    NOT_POSITIVE = "not_positive"
    TOO_LARGE = "too_large"
    NOT_MINOR_UNITS = "not_minor_units"
    OVER_INVOICE = "over_invoice"
    OVER_PAYMENT = "over_payment"
    UNKNOWN_REASON = "unknown_reason"
    NOT_ALL_PLACED = "not_all_placed"
    NO_PAYMENT = "no_payment"
    PAYMENT_EMPTY = "payment_empty"
    PAYMENT_NOT_FULL = "payment_not_full"
    PAYMENT_NOT_POSITIVE = "payment_not_positive"


@dataclass(frozen=True)
class Refusal:
    """One reason; `words` are for people."""

    rule: Rule
    words: str


class Refused(Exception):
    """Nothing was changed. `rule` is that of the first of the `refusals`."""

    def __init__(self, *refusals: Refusal) -> None:
        self.refusals = refusals
        super().__init__(in_words(refusals))

    @property
    def rule(self) -> Rule:
        return self.refusals[0].rule


class NotFound(Refused):
    """No such thing for this actor, be it another customer's or nobody's. Shown as 404."""

    def __init__(self, noun: str) -> None:
        super().__init__(Refusal(Rule.NOT_FOUND, f"There is no such {noun}."))


class Conflict(Refused):
    """The command key was used before, for another request. Shown as 409."""

    def __init__(self) -> None:
        super().__init__(
            Refusal(Rule.COMMAND_REUSED, "This form was used before, for another request; reload the page.")
        )


MOST_SHOWN = 5


def refuse(rule: Rule, words: str) -> Refused:
    return Refused(Refusal(rule, words))


def refuse_any(refusals: Iterable[Refusal]) -> None:
    """Raise `Refused` with all of them, if there are any."""
    found = tuple(refusals)
    if found:
        raise Refused(*found)


def in_words(refusals: Sequence[Refusal]) -> str:
    shown = [refusal.words for refusal in refusals[:MOST_SHOWN]]
    if len(refusals) > MOST_SHOWN:
        shown.append(f"And {len(refusals) - MOST_SHOWN} more.")
    return " ".join(shown)
