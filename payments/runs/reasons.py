"""Why a line is where it is, and on which payments it could be. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from payments.domain.eligibility import METHODS, MethodRule, why_not_by
from payments.runs.lines import Line
from payments.runs.rows import PlannedPayment


def able(line: Line, payments: Sequence[PlannedPayment], rules: Sequence[MethodRule]) -> list[PlannedPayment]:
    """The payments that can take the line by their method, and those that carry some of it already."""
    carrying = {position for position, _ in line.item.placed}
    return [each for each in payments if each.facts.position in carrying or not _why_not(line, each.method, rules)]


def why(line: Line, rules: Sequence[MethodRule]) -> str:
    """The words of the rule that leaves the line fewer methods than there are; "" where every method is taken."""
    return next((words for method in METHODS if (words := _why_not(line, method, rules))), "")


def _why_not(line: Line, method: str, rules: Sequence[MethodRule]) -> str:
    item = line.item
    return "" if line.is_credit else why_not_by(method, item.system, item.account_id, item.currency, rules)
