"""The pure decisions: whatever is asked, no side gives more than it has, and nothing is lost on the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.domain.allocation import InvoiceFacts, Pair, PaymentFacts, Placement, check
from payments.domain.lifecycle import payment_outcome
from payments.domain.payload import Payload, PayloadLine, PayloadPayment, PayloadStep, canonical, sha256_of
from payments.domain.reasons import SHORT_PAY_REASONS, reason
from payments.domain.references import ReferenceInvalid, make_reference, payment_code, payment_digits
from payments.domain.refusals import Rule
from payments.domain.revision import Standing, transfer
from portal.money import ZERO

cents = st.integers(0, 100_000).map(lambda units: Decimal(units).scaleb(-2))


def invoice(number: int, open_: Decimal, **changes: object) -> InvoiceFacts:
    facts = InvoiceFacts(number, f"INV-{number}", "USD", open_ + 1, open_, True, True, 1)
    return replace(facts, **changes)  # type: ignore[arg-type]  # one override per test


@given(
    opens=st.lists(cents, min_size=1, max_size=4),
    caps=st.lists(st.none() | cents.filter(bool), min_size=1, max_size=3),
    wishes=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 3), st.none() | st.decimals(-10, 2_000, places=3)), max_size=12
    ),
)
def test_no_wish_takes_more_than_is_open_or_more_than_a_payment_may_take(
    opens: list[Decimal], caps: list[Decimal | None], wishes: list[tuple[int, int, Decimal | None]]
) -> None:
    invoices = {key: invoice(key, open_) for key, open_ in enumerate(opens)}
    payments = {key: PaymentFacts(key, key + 1, "USD", cap, ZERO) for key, cap in enumerate(caps)}
    placements = [Placement(p % len(caps), i % len(opens), amount) for p, i, amount in wishes]

    verdict = check(invoices, payments, {}, placements)

    taken: dict[Pair, Decimal] = {}
    for move in verdict.moves:
        assert move.kind == "held"
        assert move.amount > 0
        assert move.amount == round(move.amount, 2)
        taken[move.payment_id, move.invoice_id] = move.amount
    for key, open_ in enumerate(opens):
        held = sum((amount for (_, at), amount in taken.items() if at == key), ZERO)
        assert 0 <= held <= open_
        assert verdict.left_of_invoices[key] == open_ - held
    for key, cap in enumerate(caps):
        placed = sum((amount for (at, _), amount in taken.items() if at == key), ZERO)
        assert cap is None or (placed <= cap and verdict.left_of_payments[key] == cap - placed)
    assert len(verdict.moves) + len(verdict.refusals) == len(placements)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"is_current": False}, Rule.REVISED),
        ({"payable": ZERO}, Rule.NOT_PAYABLE),
        ({"is_payable": False}, Rule.NOT_PAYABLE),
        ({"currency": "EUR"}, Rule.CURRENCY),
    ],
)
def test_what_cannot_be_paid_is_refused_with_its_own_reason(changes: dict[str, object], rule: Rule) -> None:
    payment = PaymentFacts(1, 1, "USD", None, ZERO)

    verdict = check({1: invoice(1, Decimal(10), **changes)}, {1: payment}, {}, [Placement(1, 1)])

    assert [refusal.rule for refusal in verdict.refusals] == [rule]
    assert verdict.moves == ()


@given(
    room=st.decimals(-100, 3_000, places=2),
    standings=st.lists(st.tuples(cents, cents).filter(any), max_size=6, unique=True),
    side=st.sampled_from([1, -1]),
)
def test_a_revision_loses_no_cent_and_takes_no_more_than_it_can_pay(
    room: Decimal, standings: list[tuple[Decimal, Decimal]], side: int
) -> None:
    """Of a credit note, whose figures are below zero, as of an invoice."""
    if not standings:
        side = 1
    on = [Standing(key, side * held, side * settled) for key, (held, settled) in enumerate(standings)]

    moved = transfer(1, 2, side * room, on)

    def total(kind: str) -> Decimal:
        return sum((move.amount for move in moved.moves if move.kind == kind), ZERO)

    settled = side * sum((standing.settled for standing in on), ZERO)
    assert total("reversed") == settled
    assert total("released") == side * sum((standing.held for standing in on), ZERO)
    assert total("carried") + side * sum((amount for _, amount in moved.left_over), ZERO) == settled
    assert total("carried") == min(settled, max(room, ZERO)), "booked money comes first"
    assert total("carried") + total("held") + side * moved.open == max(room, ZERO)
    assert all(move.amount > 0 for move in moved.moves)


@pytest.mark.parametrize(
    ("held", "settled", "refused", "outcome"),
    [
        (True, True, True, None),
        (True, False, False, None),
        (False, True, False, "posted"),
        (False, True, True, "partly_posted"),
        (False, False, True, "rejected"),
    ],
)
def test_a_payment_is_what_ar_made_of_all_its_invoices(
    held: bool, settled: bool, refused: bool, outcome: str | None
) -> None:
    assert payment_outcome(held=held, settled=settled, refused=refused) == outcome


def test_the_hash_is_of_what_is_paid_not_of_how_it_was_listed() -> None:
    line = PayloadLine("atlas", "", "A", 1, "USD", ((1, Decimal("1.50")), (2, Decimal("2"))), None, "", "", False)
    other = replace(line, number="B", short_paid=Decimal("0.10"), reason="tax_exempt")
    payment = PayloadPayment(1, "wire", "USD", date(2026, 12, 1), Decimal("3.5"), "")
    payments = (payment, replace(payment, position=2))
    payload = Payload("40-1", 7, 2, "November", payments, (line, other), (PayloadStep(1, 2, ()),))

    shuffled = replace(
        payload,
        payments=payload.payments[::-1],
        lines=(other, replace(line, placed=((2, Decimal("2.00")), (1, Decimal("1.5"))))),
    )

    assert canonical(payload) == canonical(shuffled)
    for changed in (
        replace(payload, version=3),
        replace(payload, steps=(PayloadStep(1, 1, ()),)),
        replace(payload, steps=(PayloadStep(1, 2, (5, 6)),)),
        replace(payload, lines=(replace(line, left_open=True), other)),
        replace(payload, lines=(line, replace(other, reason="other"))),
        replace(payload, payments=(replace(payment, method="cheque"), payload.payments[1])),
        replace(payload, payments=(replace(payment, value_on=date(2026, 12, 2)), payload.payments[1])),
    ):
        assert sha256_of(changed) != sha256_of(payload)


def test_every_short_pay_reason_has_words_and_an_x12_code_of_its_own() -> None:
    assert len({one.key for one in SHORT_PAY_REASONS}) == len(SHORT_PAY_REASONS)
    assert len({one.x12 for one in SHORT_PAY_REASONS}) == len(SHORT_PAY_REASONS)
    assert all(len(one.x12) == 2 and one.words for one in SHORT_PAY_REASONS)
    assert reason("because") is None


def test_a_payment_reference_has_check_digits_that_hold_and_differs_between_customers() -> None:
    code = payment_code(2211, 3)

    reference = make_reference("40-11982", code)

    assert (code, payment_digits(code)) == ("PAY-2211-3", "00221103")
    assert reference[4:] == "401198200221103"
    assert int("".join(str(int(sign, 36)) for sign in reference[4:] + reference[:4])) % 97 == 1
    assert make_reference("40-20417", code) != reference
    for number, wrong in (("", code), ("12345678901234", code), ("40", "PAY-1"), ("40", "PAY-1234567-1")):
        with pytest.raises(ReferenceInvalid):
            make_reference(number, wrong)


@pytest.mark.parametrize("asked", ["1E+15", "1E+40", "9" * 60, "1E+999999", "Infinity", "NaN", "sNaN", "-1E+999999"])
@pytest.mark.parametrize("field", ["amount", "percent"])
def test_an_amount_beyond_all_reason_is_refused_in_words_and_the_others_stand(asked: str, field: str) -> None:
    invoices = {key: invoice(key, Decimal("100.00")) for key in (1, 2)}
    payments = {1: PaymentFacts(1, 1, "USD", None, ZERO)}
    huge = Placement(1, 1, **{field: Decimal(asked)})

    verdict = check(invoices, payments, {}, [huge, Placement(1, 2, Decimal("40.00"))])

    expected = Rule.TOO_LARGE if asked[0] in "19" else Rule.NOT_POSITIVE
    assert [refusal.rule for refusal in verdict.refusals] == [expected]
    assert [move.amount for move in verdict.moves] == [Decimal("40.00")]
