"""What the customer's people do. Each act is the oracle's and the real one, from the same dice."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID, uuid4

from payments import operations
from payments.domain.refusals import Conflict
from payments.models import PayRun
from payments.operations import Place
from portal.tenancy import carrier
from tests.payments.conftest import VALUE_ON
from tests.payments.disputes import REASON
from tests.payments.money.desk import Desk, Dice, money, some
from tests.payments.money.records import Bill, Dispute, Pay, Person, Run

Placed = tuple[Bill, Pay, int | None, int | None]
MOST_RUNS = 4  # in preparation at once: they should meet on the same bills


def open_run(desk: Desk, dice: Dice) -> None:
    person, bills = desk.person(dice), some(desk.payable_bills(), dice.which)
    if sum(run.state == "draft" for run in desk.books.runs) >= MOST_RUNS:
        return
    opened: list[Run] = []
    expect = lambda: opened.append(desk.books.open_run(person, bills))  # noqa: E731 - reads as the others do
    done = desk.do("open_run", person, expect, title="November", invoices=desk.codes(bills))
    if done:
        desk.twin.runs[opened[0]] = UUID(done.code)


def choose_invoices(desk: Desk, dice: Dice) -> None:
    run, person, bills = desk.run(dice), desk.person(dice), some(desk.payable_bills(), dice.which)
    if run:
        codes = desk.codes(bills)
        desk.do("choose_invoices", person, lambda: desk.books.choose(run, person, bills), run, invoices=codes)


def drop_invoices(desk: Desk, dice: Dice) -> None:
    run, person = desk.run(dice), desk.person(dice)
    if run:
        bills = some(list(run.items), dice.which[:1])
        codes = desk.codes(bills)
        desk.do("drop_invoices", person, lambda: desk.books.drop(run, person, bills), run, invoices=codes)


def leave_open(desk: Desk, dice: Dice) -> None:
    run, person = desk.run(dice), desk.person(dice)
    if run:
        _leave_open(desk, run, person, some(list(run.items), dice.which), is_left=dice.side < 2)


def add_payment(desk: Desk, dice: Dice) -> None:
    run = desk.run(dice)
    if run:
        planned = dice.amount if dice.is_seldom else None
        _add_payment(desk, run, desk.person(dice), "EUR" if dice.share < 25 else "USD", planned)


def change_payment(desk: Desk, dice: Dice) -> None:
    found, person = desk.pay(dice), desk.person(dice)
    if found:
        run, pay = found
        planned = None if dice.is_seldom else dice.amount
        said = {"method": "ach_credit", "value_on": VALUE_ON, "planned": money(planned)}
        expect = lambda: desk.books.plan_pay(run, person, pay, planned)  # noqa: E731
        desk.do("change_payment", person, expect, run, payment=desk.twin.pays[pay], **said)


def remove_payment(desk: Desk, dice: Dice) -> None:
    found = desk.pay(dice)
    if found:
        _remove_payment(desk, *found, desk.person(dice))


def allocate(desk: Desk, dice: Dice) -> None:
    """In full, by an amount or by a percentage; sometimes on a payment of another run."""
    found = desk.pay(dice)
    if not found:
        return
    run, pay = found
    pays = [pay, *some(run.live, dice.which[1:])]
    percent, amount = dice.share if dice.side == 1 else None, dice.amount if dice.side == 0 else None
    _place(
        desk,
        run,
        desk.person(dice),
        [
            (bill, pays[at % len(pays)], None if amount is None else amount * bill.side, percent)
            for at, bill in enumerate(some(list(run.items), dice.which))
        ],
    )


def place_everything(desk: Desk, dice: Dice) -> None:
    run = desk.run(dice, has_items=True)
    if run:
        _place_all(desk, run)


def unallocate(desk: Desk, dice: Dice) -> None:
    found, person = desk.pay(dice), desk.person(dice)
    if found:
        run, pay = found
        bills, is_one = some(list(run.items), dice.which), dice.side < 2
        expect = lambda: desk.books.unallocate(run, person, bills, pay if is_one else None)  # noqa: E731
        code = desk.twin.pays[pay] if is_one else None
        desk.do("unallocate", person, expect, run, invoices=desk.codes(bills), payment=code)


def short_pay(desk: Desk, dice: Dice) -> None:
    run, person = desk.run(dice, has_items=True), desk.person(dice)
    if run:
        [bill] = some(list(run.items), dice.which[:1])
        amount = dice.amount if dice.side < 2 else max(desk.books.open(bill), 1)
        said = {"invoice": desk.twin.invoices[bill].code, "amount": money(amount), "reason": REASON}
        desk.do("short_pay", person, lambda: desk.books.short_pay(run, person, bill, amount), run, **said)


def withdraw_short_pay(desk: Desk, dice: Dice) -> None:
    run, person = desk.run(dice, has_items=True), desk.person(dice)
    if run:
        [bill] = some(list(run.shorts) or list(run.items), dice.which[:1])
        expect = lambda: desk.books.withdraw_short_pay(run, person, bill)  # noqa: E731
        desk.do("withdraw_short_pay", person, expect, run, invoice=desk.twin.invoices[bill].code)


def submit_run(desk: Desk, dice: Dice) -> None:
    """Mostly after it was made ready."""
    run, person = desk.run(dice), desk.person(dice)
    if run:
        if run.state == "draft" and not dice.is_seldom:
            _place_all(desk, run)
            _tidy(desk, run)
        desk.do("submit_run", person, lambda: desk.books.submit(run, person), run)


def judge_run(desk: Desk, dice: Dice) -> None:
    run, person = _further(desk, dice, "submitted"), desk.person(dice, "approves")
    if run is None:
        return
    if dice.is_seldom:
        desk.do("return_run", person, lambda: desk.books.give_back(run, person), run, reason="look again")
        return
    with carrier(read_only=True):
        sha256 = PayRun.objects.get(code=desk.twin.runs[run]).submitted_sha256
    desk.do("approve_run", person, lambda: desk.books.approve(run, person), run, sha256=sha256)


def release_run(desk: Desk, dice: Dice) -> None:
    run, person = _further(desk, dice, "approved"), desk.person(dice, "approves")
    if run:
        desk.do("release_run", person, lambda: desk.books.release(run, person), run)


def cancel_run(desk: Desk, dice: Dice) -> None:
    run, person = desk.run(dice), desk.person(dice)
    if run:
        desk.do("cancel_run", person, lambda: desk.books.cancel(run, person), run)


def dispute_invoice(desk: Desk, dice: Dice) -> None:
    person, bill = desk.person(dice), desk.bill(dice)
    amount = None if dice.is_seldom else dice.amount
    opened: list[Dispute] = []
    expect = lambda: opened.append(desk.books.dispute(person, bill, amount))  # noqa: E731
    said = {"invoice": desk.twin.invoices[bill].code, "reason": REASON, "amount": money(amount)}
    desk.do("dispute_invoice", person, expect, None, **said)


def withdraw_dispute(desk: Desk, dice: Dice) -> None:
    dispute, person = desk.dispute(dice), desk.person(dice)
    if dispute:
        named = desk.world.witness.dispute(desk.books.disputes.index(dispute))
        desk.do("withdraw_dispute", person, lambda: desk.books.withdraw(person, dispute), None, **named)


def send_the_form_again(desk: Desk, dice: Dice) -> None:
    """The same key and request is the same answer; the same key for something else is refused."""
    if desk.last is None:
        return
    name, actor, request, done = desk.last
    call = getattr(operations, name)
    if not dice.is_seldom:
        again = call(actor, **request)
        assert (again.message, again.code) == (done.message, done.code)
        return
    another = "run" if "run" in request else "invoice" if "invoice" in request else "dispute"
    try:
        call(actor, **({**request, another: uuid4()} if another in request else {**request, "title": "Other"}))
    except Conflict:
        return
    raise AssertionError("a used key served another request")


# --- What several acts do --------------------------------------------------------------------------------------------


def _further(desk: Desk, dice: Dice, state: str) -> Run | None:
    """One in this state; now and then any."""
    if dice.on % 16 == 15:
        return desk.run(dice)
    runs = [run for run in desk.books.runs if run.state == state]
    return runs[dice.on // 16 % len(runs)] if runs else None


def _add_payment(desk: Desk, run: Run, person: Person, currency: str, planned: int | None) -> Pay | None:
    added: list[Pay] = []
    expect = lambda: added.append(desk.books.add_pay(run, person, currency, planned))  # noqa: E731
    said = {"method": "wire", "currency": currency, "value_on": VALUE_ON, "planned": money(planned)}
    done = desk.do("add_payment", person, expect, run, **said)
    if done is None:
        return None
    desk.twin.pays[added[0]] = UUID(done.code)
    return added[0]


def _remove_payment(desk: Desk, run: Run, pay: Pay, person: Person) -> None:
    expect = lambda: desk.books.remove_pay(run, person, pay)  # noqa: E731
    desk.do("remove_payment", person, expect, run, payment=desk.twin.pays[pay])


def _place(desk: Desk, run: Run, person: Person, places: list[Placed]) -> None:
    wanted = [
        Place(
            desk.twin.invoices[bill].code,
            desk.twin.pays[pay],
            money(amount),
            None if percent is None else Decimal(percent),
        )
        for bill, pay, amount, percent in places
    ]
    desk.do("allocate", person, lambda: desk.books.allocate(run, person, places), run, placements=wanted)


def _leave_open(desk: Desk, run: Run, person: Person, bills: list[Bill], *, is_left: bool) -> None:
    expect = lambda: desk.books.leave_open(run, person, bills, is_left=is_left)  # noqa: E731
    name = "leave_open" if is_left else "undo_leave_open"
    desk.do(name, person, expect, run, invoices=desk.codes(bills))


def _place_all(desk: Desk, run: Run) -> None:
    """What a clerk does most: a payment a currency, and everything on it that is asked for."""
    dana, books = desk.world.persons[0], desk.books
    waiting = [bill for bill in run.items if bill.is_current and books.open(bill) != books.disputed(bill)]
    for currency in sorted({bill.currency for bill in waiting}):
        pay = next((each for each in run.live if each.currency == currency and each.planned is None), None)
        pay = pay or _add_payment(desk, run, dana, currency, None)
        if pay:
            _place(desk, run, dana, [(bill, pay, None, None) for bill in waiting if bill.currency == currency])


def _tidy(desk: Desk, run: Run) -> None:
    """What a clerk does before submitting: payments that are not full go, what is not placed stays open."""
    dana = desk.world.persons[0]
    for pay in [each for each in run.live if each.placed <= 0 or each.planned not in (None, each.placed)]:
        _remove_payment(desk, run, pay, dana)
    gone = [bill for bill in run.items if not bill.is_current]
    if gone:
        desk.do("drop_invoices", dana, lambda: desk.books.drop(run, dana, gone), run, invoices=desk.codes(gone))
    if run.items:
        _leave_open(desk, run, dana, list(run.items), is_left=True)
