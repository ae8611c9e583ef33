"""Several people, AR and the nightly import at work on the same money, in any order, against an oracle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from payments.checks import changed_since_submission
from portal.tenancy import carrier
from tests.payments.money import billing, people
from tests.payments.money.desk import DONE, Desk, Dice, World

Act = Callable[[Desk, Dice], None]

# How often each happens beside the others: runs should get to their end, and meet on the way.
ACTS: Final[dict[Act, int]] = {
    billing.bill_comes: 3,
    billing.bill_is_revised: 2,
    billing.dispute_is_decided: 1,
    billing.ar_is_told: 3,
    billing.ar_answers: 4,
    people.open_run: 3,
    people.choose_invoices: 2,
    people.drop_invoices: 1,
    people.leave_open: 1,
    people.add_payment: 2,
    people.change_payment: 1,
    people.remove_payment: 1,
    people.allocate: 5,
    people.place_everything: 2,
    people.unallocate: 1,
    people.short_pay: 2,
    people.withdraw_short_pay: 1,
    people.dispute_invoice: 2,
    people.withdraw_dispute: 1,
    people.submit_run: 4,
    people.judge_run: 4,
    people.release_run: 3,
    people.cancel_run: 1,
    people.send_the_form_again: 1,
}
_any = st.integers(0, 2**16)
dice: Final = st.builds(
    Dice,
    who=_any,
    on=_any,
    which=st.lists(_any, min_size=1, max_size=4),
    amount=st.integers(1, 30_000),
    share=st.integers(0, 120),
    side=st.integers(0, 3),
)


class MoneyMachine(RuleBasedStateMachine):
    make_world: Callable[[], World]

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk(type(self).make_world())

    @rule(act=st.sampled_from([act for act, weight in ACTS.items() for _ in range(weight)]), dice=dice)
    def somebody_acts(self, act: Act, dice: Dice) -> None:
        if not self.desk.books.bills:
            act = billing.bill_comes
        act(self.desk, dice)

    @invariant()
    def the_books_are_those_of_the_oracle(self) -> None:
        DONE["steps"] += 1
        found = self.desk.world.witness.testify()
        for what, rows in _expected(self.desk).items():
            assert found.rows[what] == rows, what
        assert found.broken == []
        if any(run.state in ("submitted", "approved") for run in self.desk.books.runs):
            with carrier(read_only=True):
                assert changed_since_submission() == []


def _expected(desk: Desk) -> dict[str, set[tuple[Any, ...]]]:
    books = desk.books
    runs = {run: str(code) for run, code in desk.twin.runs.items()}
    payments = {pay: str(code) for pay, code in desk.twin.pays.items()}
    at = {bill: (bill.name, bill.revision) for bill in books.bills}
    stands = [(pay, bill) for pay in books.pays() for bill in {**pay.held, **pay.settled}]
    return {
        "invoices": {
            (*at[b], b.state, books.held(b), books.settled(b), books.open(b), books.disputed(b)) for b in books.bills
        },
        "runs": {(runs[run], run.state, run.version) for run in books.runs},
        "items": {(runs[run], *at[b], left) for run in books.runs for b, left in run.items.items()},
        "short pays": {(runs[run], *at[b], short) for run in books.runs for b, short in run.shorts.items()},
        "payments": {(payments[p], p.state, p.placed, p.planned) for p in books.pays()},
        "allocations": {(payments[p], *at[b], p.held.get(b, 0), p.settled.get(b, 0)) for p, b in stands},
    }
