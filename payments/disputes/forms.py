"""What people type about disputes: the shape of it; the operations judge it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.http import HttpRequest

from payments.domain.reasons import DISPUTING
from payments.domain.refusals import Refusal, Refused, Rule, refuse
from payments.operations import ChargeClaim
from payments.runs.edits import read_sum

REASONS = tuple((reason.key, reason.words) for reason in DISPUTING)


def read_money(request: HttpRequest, name: str) -> Decimal | None:
    """None where nothing was typed; raises `Refused` for what is no amount."""
    text = request.POST.get(name, "").strip()
    amount = read_sum(text)
    if text and amount is None:
        raise refuse(Rule.NOT_POSITIVE, f"“{text[:40]}” is no amount; type one such as 1,234.50.")
    return amount


def read_percent(request: HttpRequest) -> Decimal | None:
    """None is all of it."""
    text = request.POST.get("percent", "").strip().rstrip("%").strip()
    percent = read_sum(text)
    if text and (percent is None or not 0 < percent <= 100):
        raise refuse(Rule.NOT_POSITIVE, "A percentage is above 0 and at most 100.")
    return percent


def read_charges(request: HttpRequest) -> tuple[ChargeClaim, ...]:
    """The checked lines, each with its amount; raises `Refused` with all that are no amounts."""
    wanted = [text for text in request.POST.getlist("charge") if text.isascii() and text.isdecimal() and len(text) < 10]
    amounts = {text: read_sum(request.POST.get(f"charge-{text}", "")) for text in wanted}
    wrong = [Refusal(Rule.NOT_POSITIVE, "Type an amount for each line that you check.")] * (None in amounts.values())
    if wrong:
        raise Refused(*wrong)
    return tuple(ChargeClaim(int(text), amount) for text, amount in amounts.items() if amount is not None)


def read_parts(request: HttpRequest) -> Sequence[Decimal]:
    """The amounts of a split: one a line, or parted by semicolons or blanks."""
    texts = request.POST.get("parts", "").replace(";", " ").split()[:20]
    amounts = [read_sum(text) for text in texts]
    if None in amounts:
        raise refuse(Rule.NOT_POSITIVE, "Type the parts as amounts, parted by blanks: 120.00 35.50")
    return [amount for amount in amounts if amount is not None]


def read_seen(request: HttpRequest) -> int:
    """The version of the dispute that the page showed; 0, which none has, where it does not say."""
    text = request.POST.get("seen", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
