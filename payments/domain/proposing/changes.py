"""What has moved between the facts that a proposal was made from and those of now, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from payments.domain.proposing.inputs import Bill, Inputs, Lane
from portal.money import format_amount


def changed(before: Inputs, now: Inputs) -> list[str]:
    """A sentence for each bill and each payment that is not as it was."""
    lanes = {lane.position: lane for lane in before.lanes}
    lanes_now = {lane.position: lane for lane in now.lanes}
    bills, bills_now = ({bill.key: bill for bill in inputs.bills} for inputs in (before, now))
    said = [_lane(lanes.get(at), lanes_now.get(at)) for at in sorted(lanes | lanes_now)]
    said += [_bill(bills.get(key), bills_now.get(key)) for key in sorted(bills | bills_now)]
    return [words for words in said if words]


def _lane(before: Lane | None, now: Lane | None) -> str:
    if before is None:
        return f"Payment {now.position} is new." if now else ""
    if now is None:
        return f"Payment {before.position} was removed."
    return "" if before == now else f"Payment {before.position} was changed."


def _bill(before: Bill | None, now: Bill | None) -> str:
    if before is None:
        return f"{now.number} is new in the run." if now else ""
    if now is None:
        return f"{before.number} is not in the run any more."
    if before == now:
        return ""
    return f"{before.number}: {next(_differences(before, now), 'it is not as it was')}."


def _differences(before: Bill, now: Bill) -> Iterator[str]:
    if before.revision != now.revision or before.fixed != now.fixed:
        yield "billed anew"
    if before.asked != now.asked:
        was, is_now = (format_amount(bill.asked, bill.currency) for bill in (before, now))
        yield f"{is_now} of it can be placed, not {was}"
    if before.stands != now.stands:
        yield "something else stands of it on the payments"
    if before.withheld != now.withheld:
        yield "what is not asked for of it has changed"
    if before.refused != now.refused:
        yield "it is paid by other methods now"
    if _of_group(before) != _of_group(now):
        yield "its group or its date has changed"


def _of_group(bill: Bill) -> tuple[object, ...]:
    return bill.group, bill.method, bill.reference, bill.pay_by
