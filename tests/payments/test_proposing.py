"""What the engine of proposals places, and why: every cent once, never beyond a cap, whatever the order of the rows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payments.domain.proposing.engine import propose
from payments.domain.proposing.exact import exact_set
from payments.domain.proposing.inputs import Bill, Cap, Inputs, Lane, Rules, canonical, inputs_of, read_inputs
from payments.domain.proposing.result import Result

D = Decimal
FIRST, SECOND, THIRD = date(2026, 8, 1), date(2026, 8, 10), date(2026, 8, 20)


def bill(number: str, amount: str, *, due: date | None = FIRST, **more: object) -> Bill:
    plain = Bill(f"code-{number}", "atlas", "", number, "", 1, "USD", D(amount), due_on=due, pay_by=due)
    return replace(plain, **more)  # type: ignore[arg-type]  # whichever facts the test is about


def lane(position: int, planned: str | None = None, *, method: str = "wire", on: date = FIRST, note: str = "") -> Lane:
    return Lane(position, "USD", method, on, D(planned) if planned else None, note)


def proposed(bills: list[Bill], lanes: list[Lane], rules: Rules | None = None) -> Result:
    return propose(inputs_of(bills, lanes, rules or Rules()))


def placed(result: Result) -> dict[tuple[str, int], str]:
    return {(each.code.removeprefix("code-"), each.position): str(each.amount) for each in result.placed}


def left_out(result: Result) -> dict[str, tuple[str, str]]:
    return {each.code.removeprefix("code-"): (str(each.amount), each.why) for each in result.left_out}


def test_a_bill_goes_to_the_payment_of_its_group_that_is_in_time() -> None:
    lanes = [lane(1, method="cheque"), lane(2, "1300.00"), lane(3, on=SECOND)]
    west = bill("A1", "95.90", due=date(2026, 8, 3), group="West", method="wire")
    result = proposed([west], lanes, Rules(matching=("group", "due")))
    assert placed(result) == {("A1", 2): "95.90"}
    assert result.placed[0].why == "group West, due 2026-08-03; cap left 1,204.10"
    assert result.placed[0].instead == "payment 3: arrives 2026-08-10, too late"


def test_the_first_rule_outweighs_the_second() -> None:
    lanes = [lane(1, method="cheque", on=FIRST), lane(2, method="wire", on=THIRD)]
    due_first = bill("A1", "10", due=SECOND, group="West", method="wire")
    assert placed(proposed([due_first], lanes, Rules(matching=("due", "group")))) == {("A1", 1): "10"}
    result = proposed([due_first], lanes, Rules(matching=("group", "due")))
    assert placed(result) == {("A1", 2): "10"}
    assert result.placed[0].why == "group West, due 2026-08-10, late on 2026-08-20"


def test_a_payment_that_must_reach_an_amount_takes_what_meets_it_exactly() -> None:
    bills = [bill("A1", "40.00"), bill("A2", "25.10"), bill("A3", "34.90"), bill("A4", "7.00")]
    result = proposed(bills, [lane(1, "60.00"), lane(2)])
    assert placed(result) == {("A2", 1): "25.10", ("A3", 1): "34.90", ("A1", 2): "40.00", ("A4", 2): "7.00"}
    assert result.placed[1].why == "meets payment 1 exactly with 1 other, due 2026-08-01"


def test_what_a_cap_leaves_no_room_for_stays_and_says_so() -> None:
    result = proposed([bill("A1", "70"), bill("A2", "50")], [lane(1, "100")], Rules(matching=("due",)))
    assert placed(result) == {("A1", 1): "70", ("A2", 1): "30"}
    assert left_out(result) == {"A2": ("20", "cap of payment 1 reached")}
    many = proposed([bill("A1", "70")], [lane(at, "10") for at in range(1, 6)], Rules(matching=()))
    assert left_out(many) == {"A1": ("20", "caps of payments 1, 2, 3 and 2 more reached")}


def test_the_cap_of_a_method_holds_over_all_its_payments() -> None:
    rules = Rules(matching=(), caps=(Cap("cheque", "USD", D(100)),))
    lanes = [lane(1, method="cheque"), lane(2, method="cheque")]
    result = proposed([bill("A1", "70"), bill("A2", "50")], lanes, rules)
    assert placed(result) == {("A1", 1): "70", ("A2", 1): "30"}
    assert left_out(result) == {"A2": ("20", "cap of cheques reached")}


def test_a_bill_that_no_payment_can_take_says_what_is_missing() -> None:
    lockbox = bill(
        "A1", "10", refused=(("ach_credit", "lockbox account: cheque only"), ("wire", "lockbox account: cheque only"))
    )
    euros = bill("A2", "10", currency="EUR")
    assert left_out(proposed([lockbox, euros], [lane(1)])) == {
        "A1": ("10", "lockbox account: cheque only, and there is no cheque"),
        "A2": ("10", "there is no payment in EUR"),
    }


def test_what_is_disputed_is_never_placed() -> None:
    result = proposed([bill("A1", "100", withheld=(("disputed", D(30)),))], [lane(1)])
    assert (placed(result), left_out(result)) == ({("A1", 1): "70"}, {"A1": ("30", "disputed")})


def test_pro_rata_over_payments_and_over_invoices_gives_out_every_cent() -> None:
    over_payments = proposed(
        [bill("A1", "100")], [lane(1, "200"), lane(2, "100")], Rules(matching=(), share="payments")
    )
    assert placed(over_payments) == {("A1", 1): "66.67", ("A1", 2): "33.33"}
    bills = [bill("A1", "100"), bill("A2", "50"), bill("A3", "50")]
    over_invoices = proposed(bills, [lane(1, "100.01")], Rules(matching=(), share="invoices"))
    assert placed(over_invoices) == {("A1", 1): "50.01", ("A2", 1): "25.00", ("A3", 1): "25.00"}


def test_credits_make_room_first_or_lower_a_payment_last() -> None:
    bills, lanes = [bill("A1", "120"), bill("C1", "-30")], [lane(1, "100")]
    first = proposed(bills, lanes, Rules(credits="first"))
    assert placed(first) == {("A1", 1): "120", ("C1", 1): "-20"}
    assert left_out(first)["C1"] == (
        "-10",
        "payment 1 must reach the planned amount, and no invoice waits for the room",
    )
    assert placed(proposed(bills, lanes, Rules(credits="last"))) == {("A1", 1): "100"}
    assert left_out(proposed(bills, lanes, Rules(credits="none")))["C1"] == ("-30", "credits are not used")


def test_a_credit_never_pays_the_whole_payment() -> None:
    result = proposed([bill("A1", "50"), bill("C1", "-80")], [lane(1)])
    assert placed(result) == {("A1", 1): "50", ("C1", 1): "-49.99"}


def test_what_stands_is_kept_unless_it_is_placed_anew() -> None:
    stands = bill("A1", "100", stands=((2, D(60)),))
    assert placed(proposed([stands], [lane(1), lane(2)], Rules(matching=()))) == {("A1", 1): "40"}
    assert placed(proposed([stands], [lane(1), lane(2)], Rules(matching=(), is_anew=True))) == {("A1", 1): "100"}


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_a_small_set_that_meets_a_sum_is_found_and_a_large_one_only_if_it_is_all(size: int) -> None:
    amounts = [D(2) ** power for power in range(7)]
    sums = [sum(chosen, D(0)) for chosen in combinations(amounts, size)]
    found = [exact_set(amounts, target) for target in sums]
    assert all((each is not None) == (size <= 4) for each in found)
    assert exact_set(amounts, D(127)) == tuple(range(7))


METHODS = ("ach_credit", "wire", "cheque")
cents = st.integers(1, 30_000).map(lambda units: D(units) / 100)
days = st.sampled_from([FIRST, SECOND, THIRD])


@st.composite
def inputs(draw: st.DrawFn) -> Inputs:
    lanes = [
        Lane(at, draw(st.sampled_from(("USD", "EUR"))), draw(st.sampled_from(METHODS)), draw(days), planned, "")
        for at in range(1, draw(st.integers(1, 6)))
        for planned in [draw(st.none() | cents)]
    ]
    bills = [_bill(draw, number, lanes) for number in range(draw(st.integers(0, 10)))]
    rules = Rules(
        matching=tuple(draw(st.permutations(("exact", "group", "due")))[: draw(st.integers(0, 3))]),  # type: ignore[arg-type]  # draws lose the letters
        order=draw(st.sampled_from(("oldest", "largest", "smallest"))),
        share=draw(st.sampled_from(("fill", "payments", "invoices"))),
        credits=draw(st.sampled_from(("first", "last", "none"))),
        caps=tuple(Cap(method, "USD", draw(cents)) for method in draw(st.sets(st.sampled_from(METHODS)))),
        is_anew=draw(st.booleans()),
    )
    return inputs_of(bills, lanes, rules)


def _bill(draw: st.DrawFn, number: int, lanes: list[Lane]) -> Bill:
    due, side = draw(st.none() | days), draw(st.sampled_from((1, 1, 1, -1)))
    disputed = draw(cents) if draw(st.booleans()) else D(0)
    refused = draw(st.sets(st.sampled_from(METHODS)))
    return Bill(
        f"code-{number}",
        "atlas",
        "",
        f"B{number}",
        "",
        1,
        draw(st.sampled_from(("USD", "USD", "EUR"))),
        side * (draw(cents) + disputed),
        withheld=(("disputed", disputed),) if disputed and side > 0 else (),
        due_on=due,
        pay_by=due,
        refused=tuple((method, f"not by {method}") for method in sorted(refused)),
        group=draw(st.sampled_from(("", "West"))),
        method=draw(st.sampled_from(("", *METHODS))),
    )


@settings(max_examples=100, deadline=None)
@given(inputs(), st.randoms(use_true_random=False))
def test_every_cent_is_placed_once_or_explained_within_every_cap_in_any_order(given: Inputs, random: object) -> None:
    result = propose(given)
    _is_conserved(given, result)
    _is_within_caps(given, result)
    text = canonical(given)
    assert canonical(propose(read_inputs(text))) == canonical(result) and canonical(read_inputs(text)) == text
    shuffled = list(given.bills), list(given.lanes)
    for rows in shuffled:
        random.shuffle(rows)  # type: ignore[attr-defined]  # hypothesis' own random.Random
    renamed = [replace(each, code=f"other-{at}") for at, each in enumerate(shuffled[0])]
    again = propose(inputs_of(renamed, shuffled[1], given.rules))
    assert [(each.position, each.amount, each.why, each.instead) for each in again.placed] == [
        (each.position, each.amount, each.why, each.instead) for each in result.placed
    ]


def _is_conserved(given: Inputs, result: Result) -> None:
    """Each bill is placed fully or has a reason, and nothing of it that is disputed is placed."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for each in result.placed:
        sums[each.code] += each.fresh
        assert each.why and each.fresh
    for bill in given.bills:
        assert sums[bill.code] / bill.amount >= 0 and abs(sums[bill.code]) <= abs(bill.asked)
        left = [each for each in result.left_out if each.code == bill.code]
        assert sums[bill.code] + sum(each.amount for each in left) == bill.amount
        assert all(each.why and each.amount * bill.amount > 0 for each in left)


def _is_within_caps(given: Inputs, result: Result) -> None:
    by_code = {bill.code: bill for bill in given.bills}
    carried: dict[int, Decimal] = defaultdict(Decimal)
    for each in result.placed:
        lane = next(lane for lane in given.lanes if lane.position == each.position)
        bill = by_code[each.code]
        assert bill.currency == lane.currency
        assert bill.amount < 0 or lane.method not in dict(bill.refused)
        assert each.fresh == round(each.fresh, 2)
        carried[each.position] += each.fresh
    for lane in given.lanes:
        assert carried[lane.position] >= 0 and (lane.planned is None or carried[lane.position] <= lane.planned)
        assert carried[lane.position] > 0 or not any(each.position == lane.position for each in result.placed)
    for cap in given.rules.caps:
        together = [carried[e.position] for e in given.lanes if (e.method, e.currency) == (cap.method, cap.currency)]
        assert sum(together) <= cap.amount
