"""Why something is proposed, and why something is not: short enough for a cell. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from payments.domain.eligibility import METHODS
from payments.domain.proposing.desk import NO_LIMIT, Desk, Put
from payments.domain.proposing.inputs import Bill, Lane, Rules
from payments.domain.proposing.ranking import Ranking, in_time, of_group, why_not
from portal.money import format_amount, is_exact

NAMES: Final = {"ach_credit": "ACH credit", "wire": "wire", "cheque": "cheque"}
_PLURALS: Final = {"ach_credit": "ACH credits", "wire": "wires", "cheque": "cheques"}
MOST_NAMED: Final = 4
_ORDERS: Final = {"oldest": "oldest first", "largest": "largest first", "smallest": "smallest first"}


def why_placed(put: Put, rules: Rules) -> str:
    """As "group West, due 2026-08-03; cap left 1,204.10"."""
    said = [words for words in (_how(put), _group(put, rules), _due(put, rules)) if words]
    cap = "" if put.left == NO_LIMIT or put.how == "exact" else f"cap left {format_amount(put.left, put.lane.currency)}"
    return "; ".join(filter(None, (", ".join(said) or _ORDERS[rules.order], cap)))


def why_instead(put: Put, desk: Desk, ranking: Ranking) -> str:
    """The best other payment, and why it is not that one."""
    bill = put.bill
    lanes = ranking.lanes_for(bill)
    other = next((lane for lane in lanes if (bill.code, lane.position) not in desk.puts), None)
    if other:
        return _why_not_that(bill, other, put, desk, ranking)
    refused = [lane for lane in desk.lanes if lane.currency == bill.currency and lane not in lanes]
    return f"payment {refused[0].position}: {why_not(bill, refused[0])}" if refused else ""


def why_left(bill: Bill, desk: Desk, ranking: Ranking, rules: Rules) -> str:
    """What keeps the rest of the bill off every payment."""
    if bill.fixed:
        return bill.fixed
    if not is_exact(bill.asked, bill.currency):
        return f"finer than {bill.currency} can pay"
    if not any(lane.currency == bill.currency for lane in desk.lanes):
        return f"there is no payment in {bill.currency}"
    if bill.amount < 0:
        return _of_credit(bill, desk, rules)
    lanes = ranking.lanes_for(bill)
    return _full(lanes, desk) if lanes else _no_method(bill)


def _how(put: Put) -> str:
    at = put.lane.position
    others = put.together - 1
    return {
        "exact": f"meets payment {at} exactly" + (f" with {others} other{'s' if others > 1 else ''}" if others else ""),
        "payments": "its share over the payments",
        "invoices": "its share of what there is room for" if put.left < NO_LIMIT else "",
        "credit": f"lowers payment {at}" if put.lane.planned is None else f"makes room on payment {at}",
        "fill": "",
    }[put.how]


def _group(put: Put, rules: Rules) -> str:
    if "group" not in rules.matching or not put.bill.group or put.bill.amount < 0:
        return ""
    if of_group(put.bill, put.lane):
        return f"group {put.bill.group}"
    return f"group {put.bill.group} asks for {_asked_by_group(put.bill)}, which cannot take it"


def _asked_by_group(bill: Bill) -> str:
    quoted = f"“{bill.reference}”" if bill.reference else ""
    return " ".join(filter(None, (NAMES.get(bill.method, ""), quoted)))


def _due(put: Put, rules: Rules) -> str:
    bill = put.bill
    if "due" not in rules.matching or bill.due_on is None or bill.amount < 0:
        return ""
    return f"due {bill.due_on}" + ("" if in_time(bill, put.lane) else f", late on {put.lane.value_on}")


def _why_not_that(bill: Bill, other: Lane, put: Put, desk: Desk, ranking: Ranking) -> str:
    if bill.amount < 0:
        words = "carries less" if desk.to_lower(other) else "nothing to lower"
    elif not desk.room[other.position] and ranking.rank(bill, other) <= ranking.rank(bill, put.lane):
        words = "its cap is reached" if desk.to_reach(other) <= 0 else f"{_cap(other, desk)} reached"
    elif put.how == "exact":
        words = "would not be met exactly"
    elif of_group(bill, put.lane) and not of_group(bill, other):
        words = f"group {bill.group} asks for {_asked_by_group(bill)}"
    elif other.value_on != put.lane.value_on:
        is_late = in_time(bill, put.lane) and not in_time(bill, other)
        words = f"arrives {other.value_on}" + (", too late" if is_late else "")
    else:
        words = "as good, and later in the run"
    return f"payment {other.position}: {words}"


def _of_credit(bill: Bill, desk: Desk, rules: Rules) -> str:
    if rules.credits == "none":
        return "credits are not used"
    lanes = [lane for lane in desk.lanes if lane.currency == bill.currency]
    full = [lane for lane in lanes if lane.planned is not None]
    if full and not any(desk.to_lower(lane) for lane in lanes if lane.planned is None):
        return f"{_named(full)} must reach the planned amount, and no invoice waits for the room"
    return "nothing is left that it could lower"


def _no_method(bill: Bill) -> str:
    """As "lockbox account: cheque only, and there is no cheque"."""
    refused = dict(bill.refused)
    able = [NAMES[method] for method in METHODS if method not in refused]
    whys = ", ".join(dict.fromkeys(refused.values()))
    return f"{whys}, and there is no {' or '.join(able)}" if able else whys


def _full(lanes: Sequence[Lane], desk: Desk) -> str:
    """As "caps of payments 1, 2 and 3 reached"."""
    met = [lane for lane in lanes if desk.to_reach(lane) <= 0]
    own = [f"cap{'s' if len(met) > 1 else ''} of {_named(met)}"] if met else []
    others = dict.fromkeys(_cap(lane, desk) for lane in lanes if lane not in met)
    return f"{' and '.join([*own, *others])} reached"


def _cap(lane: Lane, desk: Desk) -> str:
    return f"cap of payment {lane.position}" if desk.to_reach(lane) <= 0 else f"cap of {_PLURALS[lane.method]}"


def _named(lanes: Sequence[Lane]) -> str:
    """The payments by their positions, the first few of them."""
    positions = [str(position) for position in sorted(lane.position for lane in lanes)]
    if len(positions) > MOST_NAMED:
        positions[MOST_NAMED - 1 :] = [f"{len(positions) - MOST_NAMED + 1} more"]
    listed = " and ".join(filter(None, (", ".join(positions[:-1]), positions[-1])))
    return f"payment{'s' if len(lanes) > 1 else ''} {listed}"
