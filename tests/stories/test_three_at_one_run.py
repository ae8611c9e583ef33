"""Two clerks and an approver at one pay run at once: whoever comes late is told what changed, and nothing is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

import pytest
from playwright.sync_api import Locator, expect

from billing_sources.models import Invoice
from payments.models import Allocation, PayRunItem
from portal.tenancy import carrier
from tests.browsers import Person, SitDown
from tests.factories import make_invoice
from tests.live import Stack
from tests.payments.conftest import Desk
from tests.stories.conftest import colleague

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("stories")]

STALE = "has changed since you opened this page"


@dataclass(frozen=True)
class Table:
    """The run that all three sit at: five bills of 100.00, a wire and a cheque, nothing placed yet."""

    run: UUID
    bills: Sequence[Invoice]

    @property
    def address(self) -> str:
        return f"/pay-runs/{self.run}/"

    def amount(self, person: Person, bill: int, payment: int) -> Locator:
        return person.page.locator(f"[id='amount-{self.bills[bill].code}-{payment}']")

    def send(self, person: Person, bill: int, key: str) -> None:
        """With the keyboard on the bill: a payment's number, `l` leaves it open, `x` drops it."""
        person.page.get_by_label(f"Select {self.bills[bill].number}").focus()
        person.press(key)


@pytest.fixture
def table(desk: Desk) -> Table:
    bills = [make_invoice(desk.people.harlow_west, "100.00", due_on=None) for _ in range(5)]
    run = desk.open(*bills)
    for method in ("wire", "cheque"):
        desk.pay(run, method)
    return Table(run, bills)


def test_late_comers_are_told_what_changed_and_every_cent_is_as_the_last_accepted_act_left_it(
    stack: Stack, desk: Desk, table: Table, sit_down: SitDown
) -> None:
    colleague(desk, "petra", "see", "prepare")
    url = stack.web()
    dana, petra, victor = (sit_down(url) for _ in range(3))
    for person, name in ((dana, "dana"), (petra, "petra"), (victor, "victor")):
        person.sign_in(name)

    amounts_typed_outlive_what_somebody_else_does(table, dana, petra)
    of_two_at_the_same_moment_one_is_told(table, dana, petra)
    finish(table, dana)
    the_approver_cannot_approve_what_changed_meanwhile(table, petra, victor)
    release_while_a_clerk_still_looks(table, petra, victor)

    last = {(0, 1): "12.34", (0, 2): "87.66", (1, 2): "100.00", (2, 1): "100.00", (3, 1): "60.00"}
    assert standing(table) == {key: Decimal(amount) for key, amount in last.items()}
    assert left_open(table) == {3, 4}
    checked = stack.run("check_money")
    assert (checked.returncode, checked.stderr) == (0, "")


def amounts_typed_outlive_what_somebody_else_does(table: Table, dana: Person, petra: Person) -> None:
    """Both have the page open; Petra saves first. Dana's save is refused, says so, and holds what she typed."""
    for clerk in (dana, petra):
        clerk.open(table.address)
        clerk.reads("Not placed")
    type_amount(table, dana, 0, 1, "12.34")
    table.send(petra, 1, "2")
    petra.reads("1 placed on payment 2.")

    dana.press("Control+Enter")
    dana.reads(STALE, ".flash--error")
    dana.reads("Petra: 1 placed on payment 2.", ".flash--error")
    expect(table.amount(dana, 0, 1)).to_have_value("12.34")
    expect(table.amount(dana, 1, 2)).to_have_value("100.00")  # what Petra did is on the page already
    assert standing(table) == {(1, 2): Decimal("100.00")}

    type_amount(table, dana, 0, 2, "87.66")
    dana.press("Control+Enter")
    dana.reads("1 placed on payment 1. 1 placed on payment 2.", ".flash--success")


def of_two_at_the_same_moment_one_is_told(table: Table, dana: Person, petra: Person) -> None:
    """Both send the same bill somewhere else from the same state of the run, neither waiting for the other."""
    petra.open(table.address)
    petra.reads("Not placed")
    table.send(dana, 2, "1")
    table.send(petra, 2, "2")
    answers = [clerk.page.locator(".flash--error, .flash--success").last for clerk in (dana, petra)]
    for answer in answers:
        expect(answer).to_contain_text("placed on payment")
    late = [clerk for clerk in (dana, petra) if clerk.page.locator(".flash--error", has_text=STALE).count()]
    assert len(late) == 1
    assert {key: amount for key, amount in standing(table).items() if key[0] == 2} == {
        (2, 1 if late == [petra] else 2): Decimal("100.00")
    }


def finish(table: Table, dana: Person) -> None:
    """However that ended: the bill goes by wire, one of the last two is paid by wire as well, the other stays open."""
    dana.open(table.address)
    dana.reads("Not placed")
    place_on(table, dana, 2, 1)
    place_on(table, dana, 3, 1)
    table.send(dana, 4, "l")
    dana.reads("stays open", ".flash--success")
    dana.page.get_by_role("button", name="Submit for approval").click()
    dana.reads("Waits for approval")


def the_approver_cannot_approve_what_changed_meanwhile(table: Table, petra: Person, victor: Person) -> None:
    """He has proved who he is and looks at the review; Petra takes the run back and pays less of one bill."""
    review = f"{table.address}review/"
    victor.open(review)
    victor.press("a")
    victor.confirm()
    victor.reads("Waits for approval")

    petra.open(f"{table.address}?edit=yes")
    petra.reads("must be approved anew")
    type_amount(table, petra, 3, 1, "60")
    petra.press("Control+Enter")
    petra.reads("In preparation")

    victor.press("a")
    victor.reads(STALE, ".flash--error")
    victor.reads("Petra: 1 placed on payment 1.", ".flash--error")
    victor.reads("In preparation")
    expect(victor.page.get_by_role("button", name="Approve", exact=True)).to_have_count(0)

    table.send(petra, 3, "l")
    petra.reads("stays open", ".flash--success")
    petra.page.get_by_role("button", name="Submit for approval").click()
    petra.reads("Waits for approval")

    # What he is shown now is what he approves: the difference from what he saw stands on the page.
    victor.open(review)
    changed = victor.page.locator("tr", has_text=table.bills[3].number).filter(has=victor.page.locator("ins"))
    expect(changed.first).to_contain_text("60.00")
    victor.press("a")
    victor.reads("Approved")


def release_while_a_clerk_still_looks(table: Table, petra: Person, victor: Person) -> None:
    """Petra has the approved run open to change it; once it is released nothing of it can be changed any more."""
    petra.open(f"{table.address}?edit=yes")
    petra.reads("must be approved anew")
    victor.press("l")
    victor.page.get_by_role("button", name="Release 2 payments").click()
    victor.reads("Released")

    before = standing(table)
    table.send(petra, 4, "1")
    petra.reads(STALE, ".flash--error")
    petra.reads("Victor", ".flash--error")
    petra.reads("Released")
    assert standing(table) == before


def type_amount(table: Table, clerk: Person, bill: int, payment: int, amount: str) -> None:
    field = table.amount(clerk, bill, payment)
    field.focus()
    clerk.press("Control+a")
    clerk.page.keyboard.type(amount)


def place_on(table: Table, clerk: Person, bill: int, payment: int) -> None:
    """Wherever it stands now, if anywhere."""
    table.send(clerk, bill, str(payment))
    expect(table.amount(clerk, bill, payment)).to_have_value("100.00")


def standing(table: Table) -> dict[tuple[int, int], Decimal]:
    """Bill and payment → what stands there, as the ledger has it."""
    places = {bill.pk: place for place, bill in enumerate(table.bills)}
    with carrier(read_only=True):
        found = Allocation.objects.filter(payment__run__code=table.run, held__gt=0)
        rows = list(found.values_list("invoice_id", "payment__position", "held"))
    return {(places[invoice], position): held for invoice, position, held in rows}


def left_open(table: Table) -> set[int]:
    places = {bill.pk: place for place, bill in enumerate(table.bills)}
    with carrier(read_only=True):
        items = PayRunItem.objects.filter(run__code=table.run, left_open=True)
        return {places[invoice] for invoice in items.values_list("invoice_id", flat=True)}
