"""The carrier's desk: the customer sees each step, every cent is credited or upheld, nobody answers unseen words."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import DatabaseError

from payments.domain.refusals import Refused, Rule
from payments.models import DisputeEvent, DisputeMessage, PayRun
from payments.operations.meet_credit_notes import meet_credit_notes
from portal.tenancy import acting
from tests.factories import make_invoice
from tests.payments.disputes import Table

# --- The desk -------------------------------------------------------------------------------------------------------


def test_the_desk_asks_and_answers_and_the_customer_sees_each_step_but_no_note(table: Table) -> None:
    dispute = table.dispute(make_invoice(table.customer.people.harlow_west), "40", note="Contract says 60.")
    table.desk("ask_in_dispute", dispute, words="Which contract?")
    table.reply(dispute, "Number 7.")
    table.desk("note_in_dispute", dispute, words="They are right, I think.")
    table.desk("answer_dispute", dispute, words="Thank you; we look into it.")

    assert table.get(dispute).state == "answered"
    assert table.get(dispute).answered_at == table.customer.now
    assert table.conversation(dispute) == [
        "Dana: Opened",
        "Sam: Asked for evidence",
        "Dana: Number 7.",
        "Sam: They are right, I think.",
        "Sam: Thank you; we look into it.",
    ]
    found = table.get(dispute)
    with acting(table.customer.people.dana):
        assert not DisputeMessage.objects.filter(words__contains="right").exists()
        with pytest.raises(DatabaseError, match="row-level security"):
            DisputeMessage.objects.create(
                dispute=found, customer_id=found.customer_id, version=9,
                side="customer", is_internal=True, at=table.customer.now,
            )  # fmt: skip


def test_of_two_at_the_desk_the_second_is_refused_with_what_the_first_did(table: Table) -> None:
    dispute = table.dispute(make_invoice(table.customer.people.harlow_west), "40")
    seen = table.get(dispute).version
    table.desk("propose_credit", dispute, credit=Decimal(10), seen=seen)

    with pytest.raises(Refused, match=r"Sam: Proposed a credit of 10\.00 USD\. Nothing was done") as refused:
        table.desk("decide_dispute", dispute, actor=table.customer.people.erik, credit=Decimal(40), seen=seen)

    assert refused.value.rule == Rule.CHANGED_SINCE
    assert table.get(dispute).state == "proposed"


def test_a_proposed_credit_is_agreed_to_and_the_rest_is_owed_again(table: Table) -> None:
    bill = make_invoice(table.customer.people.harlow_west, "100.00")
    dispute = table.dispute(bill, "40")
    table.desk("propose_credit", dispute, credit=Decimal("15.50"))

    table.step("agree_in_dispute", dispute)

    found = table.get(dispute)
    assert (found.state, found.credited, found.upheld) == ("decided", Decimal("15.50"), Decimal("24.50"))
    assert table.customer.invoice(bill).disputed == Decimal("15.50")


def test_only_the_credit_that_was_proposed_can_be_agreed_to_even_by_raw_sql(table: Table) -> None:
    dispute = table.get(table.dispute(make_invoice(table.customer.people.harlow_west), "40"))
    table.desk("propose_credit", dispute.code, credit=Decimal(10))
    event = {
        "customer_id": dispute.customer_id, "dispute_id": dispute.pk, "invoice_id": dispute.invoice_id,
        "currency": "USD", "kind": "credited", "at": table.customer.now,
    }  # fmt: skip

    with pytest.raises(DatabaseError, match="only the credit that was proposed"), acting(table.customer.people.dana):
        DisputeEvent.objects.create(amount=Decimal(40), **event)
    with pytest.raises(DatabaseError, match="state of the dispute"), acting(table.customer.people.dana):
        DisputeEvent.objects.create(amount=Decimal(5), **{**event, "kind": "reduced"})


def test_a_declined_proposal_is_the_carriers_turn_again(table: Table) -> None:
    dispute = table.dispute(make_invoice(table.customer.people.harlow_west), "40")
    table.desk("propose_credit", dispute, credit=Decimal(1))

    table.reply(dispute, "Far too little.")

    assert table.get(dispute).state == "opened"
    with pytest.raises(Refused):
        table.step("agree_in_dispute", dispute)


@pytest.mark.parametrize(
    ("credit", "state", "disputed"), [("40", "decided", 40), ("12.34", "decided", "12.34"), ("0", "upheld", 0)]
)
def test_a_decision_accepts_all_part_or_nothing(table: Table, credit: str, state: str, disputed: str) -> None:
    bill = make_invoice(table.customer.people.harlow_west, "100.00")
    dispute = table.dispute(bill, "40")

    table.decide(dispute, credit)

    found = table.get(dispute)
    assert (found.state, found.credited + found.upheld) == (state, found.amount)
    assert table.customer.invoice(bill).disputed == Decimal(disputed)
    with pytest.raises(Refused):
        table.decide(dispute, "1")


def test_a_credit_is_never_more_than_what_is_disputed(table: Table) -> None:
    dispute = table.dispute(make_invoice(table.customer.people.harlow_west), "40")

    for credit in ("40.01", "-1", "0.001", "NaN", "Infinity"):
        with pytest.raises(Refused):
            table.decide(dispute, credit)
    with pytest.raises(Refused, match="Say something"):
        table.decide(dispute, "0", words=" ")  # a refusal without a word


def test_a_decision_sends_an_approved_run_back_because_it_asks_for_something_else(table: Table) -> None:
    desk, bill = table.customer, make_invoice(table.customer.people.harlow_west, "100.00")
    dispute = table.dispute(bill, "40")
    run = desk.approved(bill)

    table.decide(dispute, "0")

    assert desk.run(run).state == PayRun.State.DRAFT
    assert "40.00 USD" in desk.run(run).returned_reason
    assert table.short_pays(run) == {}


def test_a_split_changes_nothing_of_what_is_disputed(table: Table) -> None:
    bill = make_invoice(table.customer.people.harlow_west, "100.00")
    dispute = table.dispute(bill, "40")

    table.desk("split_dispute", dispute, parts=[Decimal("10.00"), Decimal("5.50")])

    assert [each.amount for each in table.of(bill)] == [Decimal("24.50"), Decimal("10.00"), Decimal("5.50")]
    assert table.customer.invoice(bill).disputed == Decimal("40.00")
    for parts in (["24.50"], ["0"], ["-1"], ["0.001"], []):
        with pytest.raises(Refused):
            table.desk("split_dispute", dispute, parts=[Decimal(part) for part in parts])


# --- The credit that settles it -------------------------------------------------------------------------------------


def test_a_credit_note_that_names_the_bill_settles_what_was_promised(table: Table) -> None:
    bill = make_invoice(table.customer.people.harlow_west, "100.00")
    dispute, discussed = table.dispute(bill, "40"), table.dispute(bill, "5")
    table.decide(dispute, "30")
    note = make_invoice(table.customer.people.harlow_west, "-30.00", preceding=bill.number)

    assert meet_credit_notes(table.customer.now) == 1
    assert meet_credit_notes(table.customer.now) == 0

    found = table.get(dispute)
    assert (found.state, found.credit_note_id, found.standing) == ("settled", note.pk, 0)
    assert table.get(discussed).state == "opened"
    assert table.customer.invoice(bill).disputed == Decimal("5")


def test_a_smaller_credit_note_settles_nothing_by_itself(table: Table) -> None:
    bill = make_invoice(table.customer.people.harlow_west, "100.00")
    dispute = table.dispute(bill, "40")
    table.decide(dispute, "30")
    make_invoice(table.customer.people.harlow_west, "-29.99", preceding=bill.number)

    assert meet_credit_notes(table.customer.now) == 0
    assert table.get(dispute).state == "decided"


def test_the_desk_chooses_the_credit_note_but_never_another_customers(table: Table) -> None:
    people = table.customer.people
    dispute = table.dispute(make_invoice(people.harlow_west, "100.00"), "40")
    foreign = make_invoice(people.lumen_root, "-40.00")
    euros = make_invoice(people.harlow_west, "-40.00", currency="EUR")
    note = make_invoice(people.harlow_nord, "-40.00")
    with pytest.raises(Refused):
        table.desk("settle_dispute", dispute, credit_note=note.number)  # nothing is promised yet
    table.decide(dispute, "40")

    for wrong in (foreign, euros):
        with pytest.raises(Refused, match="no credit note"):
            table.desk("settle_dispute", dispute, credit_note=wrong.number)
    table.desk("settle_dispute", dispute, credit_note=note.number)

    assert table.get(dispute).credit_note_id == note.pk
