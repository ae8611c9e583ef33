"""A credit is used once, by its owner, in its currency, and every use of it can be followed — hostile cases first."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest
from django.db import DatabaseError, connection

from payments.ar.acknowledgements import InvoiceVerdict, Verdict
from payments.ar.breaks import close_break
from payments.domain.refusals import NotFound, Refused, Rule
from payments.models import Allocation, Break, OnAccountCredit
from payments.operations import Place
from payments.operations.meet_revisions import meet_revisions
from portal.tenancy import acting, carrier
from tests.factories import make_invoice
from tests.payments.conftest import Desk, at_once
from tests.payments.pages import Reader, url, words
from tests.payments.partner import Partner
from tests.payments.test_meet_revisions import revise


def test_the_database_refuses_more_of_a_credit_than_there_is_even_by_raw_sql(desk: Desk) -> None:
    credit = make_invoice(desk.people.harlow_west, "-25.00")
    payment = desk.pay(desk.open(credit))

    with (
        pytest.raises(DatabaseError, match="invoice_never_over_allocated"),
        acting(desk.people.dana),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO payments_allocationevent"
            " (customer_id, payment_id, invoice_id, currency, kind, amount, reason, by_id, at)"
            " SELECT p.customer_id, p.id, %s, p.currency, 'held', 25.01, '', NULL, now()"
            " FROM payments_payment p WHERE p.code = %s",
            [credit.pk, payment],
        )

    assert desk.invoice(credit).held == 0


def test_two_runs_at_once_use_a_credit_once(desk: Desk) -> None:
    credit = make_invoice(desk.people.harlow_west, "-25.00")
    runs = [desk.open(credit) for _ in range(2)]
    payments = [desk.pay(run) for run in runs]

    def using(run: int) -> object:
        return desk.place(runs[run], payments[run], credit, amount="-25.00")

    answers = at_once([lambda: using(0), lambda: using(1)])

    assert sum(isinstance(answer, Refused) for answer in answers) == 1
    assert desk.invoice(credit).open == 0
    assert desk.invoice(credit).held == Decimal("-25.00")


def test_a_credit_is_not_used_by_another_customer_nor_in_another_currency(desk: Desk) -> None:
    credit = make_invoice(desk.people.harlow_west, "-25.00")
    run = desk.open(credit)

    with pytest.raises(NotFound):
        desk.do("open_run", desk.people.carol, title="Mine", invoices=[credit.code])
    with pytest.raises(Refused, match="in USD, payment 1 in EUR"):
        desk.place(run, desk.pay(run, currency="EUR"), credit)


@pytest.mark.parametrize(("amount", "rule"), [("25.00", Rule.NOT_POSITIVE), ("-25.01", Rule.OVER_INVOICE)])
def test_an_amount_that_is_not_of_the_credit_is_refused_in_words(desk: Desk, amount: str, rule: Rule) -> None:
    credit = make_invoice(desk.people.harlow_west, "-25.00")
    run = desk.open(credit)

    with pytest.raises(Refused) as refused:
        desk.place(run, desk.pay(run), credit, amount=amount)

    assert refused.value.rule is rule


def test_a_credit_is_not_short_paid(desk: Desk) -> None:
    credit = make_invoice(desk.people.harlow_west, "-25.00")
    run = desk.open(credit)

    with pytest.raises(Refused, match="is a credit: use it, or leave it open"):
        desk.do("short_pay", run=run, invoice=credit.code, amount=Decimal("1.00"), reason="tax_exempt")


@pytest.mark.parametrize(("payable", "words"), [("20.00", "comes to −5.00 USD"), ("25.00", "Nothing is placed")])
def test_no_payment_of_nothing_is_submitted(desk: Desk, payable: str, words: str) -> None:
    """Netting to zero is no payment: what is left of the credit waits for an invoice."""
    invoice, credit = make_invoice(desk.people.harlow_west, payable), make_invoice(desk.people.harlow_west, "-25.00")
    run = desk.open(invoice, credit)
    desk.place(run, desk.pay(run), invoice, credit)

    with pytest.raises(Refused, match=words):
        desk.do("submit_run", run=run)


def test_a_chosen_credit_is_used_or_left_open_on_purpose(desk: Desk) -> None:
    invoice, credit = make_invoice(desk.people.harlow_west, "100.00"), make_invoice(desk.people.harlow_west, "-25.00")
    run = desk.open(invoice, credit)
    desk.place(run, desk.pay(run), invoice)

    with pytest.raises(Refused, match=r"−25\.00 USD is neither used nor left open"):
        desk.do("submit_run", run=run)
    desk.do("leave_open", run=run, invoices=[credit.code])

    assert "waits for approval" in desk.do("submit_run", run=run).message


def test_a_credit_makes_room_on_a_payment_of_a_planned_amount(desk: Desk) -> None:
    invoice, credit = make_invoice(desk.people.harlow_west, "100.00"), make_invoice(desk.people.harlow_west, "-25.00")
    run = desk.open(invoice, credit)
    payment = desk.pay(run, planned="75.00")

    desk.place(run, payment, invoice, credit)

    assert desk.payments(run)[0].placed == Decimal("75.00")
    with pytest.raises(Refused) as refused:
        desk.do("unallocate", run=run, invoices=[credit.code])
    assert refused.value.rule is Rule.OVER_PAYMENT
    desk.do("drop_invoices", run=run, invoices=[invoice.code, credit.code])
    assert desk.invoice(credit).open == Decimal("-25.00")


def test_a_part_of_a_credit_goes_to_each_of_two_payments_and_a_cancelled_run_gives_it_back(desk: Desk) -> None:
    invoices = [make_invoice(desk.people.harlow_west, "100.00") for _ in range(2)]
    credit = make_invoice(desk.people.harlow_west, "-25.00")
    run = desk.open(*invoices, credit)
    first, second = desk.pay(run), desk.pay(run)
    desk.place(run, first, invoices[0])
    desk.place(run, second, invoices[1])
    desk.do("allocate", run=run, placements=[Place(credit.code, first, percent=Decimal(40))])
    desk.place(run, second, credit)

    assert [str(payment.placed) for payment in desk.payments(run)] == ["90.00", "85.00"]
    desk.do("cancel_run", run=run)
    assert desk.invoice(credit).open == Decimal("-25.00")


def test_ar_books_invoice_and_credit_and_the_payment_is_posted(desk: Desk, partner: Partner) -> None:
    invoice, credit = make_invoice(desk.people.harlow_west, "100.00"), make_invoice(desk.people.harlow_west, "-25.00")
    run = desk.released(invoice, credit)
    partner.push()

    booked = ((invoice, Decimal(100)), (credit, Decimal(-25)))
    partner.post(invoices=[InvoiceVerdict(bill.number, Verdict.ACCEPTED, amount=amount) for bill, amount in booked])

    payment = desk.payments(run)[0]
    assert (payment.state, payment.amount) == ("posted", Decimal("75.00"))
    assert desk.invoice(credit).settled == Decimal("-25.00")
    assert desk.run(run).state == "closed"


def test_a_credit_that_ar_sends_back_is_open_again_and_a_person_must_look(desk: Desk, partner: Partner) -> None:
    invoice, credit = make_invoice(desk.people.harlow_west, "100.00"), make_invoice(desk.people.harlow_west, "-25.00")
    run = desk.released(invoice, credit)
    partner.push()

    sent_back = InvoiceVerdict(credit.number, Verdict.REJECTED, reasons=("used before",))
    partner.post(Verdict.ACCEPTED, [sent_back])

    assert desk.payments(run)[0].state == "partly_posted"
    assert desk.invoice(credit).open == Decimal("-25.00")
    with carrier(read_only=True):
        assert list(Break.objects.values_list("kind", "amount")) == [("credit_sent_back", Decimal("25.00"))]


def test_a_smaller_credit_note_keeps_what_fits_of_its_use_in_a_draft_whatever_was_planned(desk: Desk) -> None:
    invoice, credit = make_invoice(desk.people.harlow_west, "100.00"), make_invoice(desk.people.harlow_west, "-25.00")
    run = desk.open(invoice, credit)
    desk.place(run, desk.pay(run, planned="75.00"), invoice, credit)
    smaller = revise(desk, credit, "-10.00")

    assert meet_revisions(desk.now) == 1

    payment = desk.payments(run)[0]
    assert (payment.placed, payment.planned) == (Decimal("90.00"), None)
    assert desk.invoice(smaller).held == Decimal("-10.00")


def test_booked_credit_that_is_not_there_any_more_is_a_break(desk: Desk, partner: Partner) -> None:
    invoice, credit = make_invoice(desk.people.harlow_west, "100.00"), make_invoice(desk.people.harlow_west, "-25.00")
    desk.released(invoice, credit)
    partner.push()
    partner.post()
    smaller = revise(desk, credit, "-10.00")

    meet_revisions(desk.now)

    assert desk.invoice(smaller).settled == Decimal("-10.00")
    with carrier(read_only=True):
        assert list(Break.objects.values_list("kind", "amount")) == [("credit_overused", Decimal("15.00"))]
        assert Allocation.objects.get(invoice=credit).settled == 0


# --- On account -----------------------------------------------------------------------------------------------------


def left_on_account(desk: Desk, partner: Partner) -> OnAccountCredit:
    """40.00 of a bill of 100.00 that was booked, and billed anew over 60.00."""
    invoice = make_invoice(desk.people.harlow_west, "100.00")
    desk.released(invoice)
    partner.push()
    partner.post()
    revise(desk, invoice, "60.00")
    meet_revisions(desk.now)
    with carrier(read_only=True):
        return OnAccountCredit.objects.get()


def the_credit() -> OnAccountCredit:
    with carrier(read_only=True):
        return OnAccountCredit.objects.get()


def test_what_a_lowered_bill_leaves_is_used_by_the_next_run_and_booked(desk: Desk, partner: Partner) -> None:
    credit = left_on_account(desk, partner)
    assert (credit.number, credit.amount, credit.open) == ("OA-1", Decimal("40.00"), Decimal("40.00"))
    invoice = make_invoice(desk.people.harlow_west, "100.00")
    run = desk.open(invoice)
    desk.do("choose_invoices", run=run, invoices=[credit.code])
    payment = desk.pay(run)
    desk.do("allocate", run=run, placements=[Place(invoice.code, payment), Place(credit.code, payment)])
    assert the_credit().held == Decimal("40.00")
    desk.do("submit_run", run=run)
    desk.do("approve_run", desk.people.victor, run=run, sha256=desk.run(run).submitted_sha256)
    desk.do("release_run", desk.people.victor, run=run)
    partner.push()
    partner.post(invoices=[InvoiceVerdict("OA-1", Verdict.ACCEPTED, "on-account", Decimal(-40))])

    assert (desk.payments(run)[0].state, desk.payments(run)[0].amount) == ("posted", Decimal("60.00"))
    assert the_credit().settled == Decimal("40.00")


def test_a_credit_on_account_is_used_once_by_two_runs_at_once_and_by_its_owner_alone(
    desk: Desk, partner: Partner
) -> None:
    credit = left_on_account(desk, partner)
    with pytest.raises(NotFound):
        desk.do("open_run", desk.people.carol, title="Mine", invoices=[credit.code])
    with acting(desk.people.carol):
        assert not OnAccountCredit.objects.exists()
    runs = [UUID(desk.do("open_run", title="A", invoices=[credit.code]).code) for _ in range(2)]
    payments = [desk.pay(run) for run in runs]

    def using(at: int) -> object:
        wanted = [Place(credit.code, payments[at], Decimal("-40.00"))]
        return desk.do("allocate", run=runs[at], placements=wanted)

    answers = at_once([lambda: using(0), lambda: using(1)])

    assert sum(isinstance(answer, Refused) for answer in answers) == 1
    assert the_credit().open == 0
    for run in runs:
        desk.do("cancel_run", run=run)
    assert the_credit().open == Decimal("40.00")


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE payments_onaccountcredit SET held = 0",
        "DELETE FROM payments_onaccountcredit",
        "INSERT INTO payments_onaccountcredit (amount) VALUES (1)",
    ],
)
def test_no_customer_makes_a_credit_or_touches_one(desk: Desk, sql: str) -> None:
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        acting(desk.people.dana),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


def test_cash_that_ar_booked_beyond_what_was_sent_becomes_a_credit_when_its_break_is_closed(
    desk: Desk, partner: Partner
) -> None:
    invoice = make_invoice(desk.people.harlow_west, "100.00")
    desk.released(invoice)
    partner.push()
    partner.post(invoices=[InvoiceVerdict(invoice.number, Verdict.ACCEPTED, amount=Decimal(110))])
    with carrier(read_only=True):
        found = Break.objects.get()

    close_break(desk.people.erik, code=found.code, explanation="They sent 10 more", leaves_credit=True, now=desk.now)
    with pytest.raises(NotFound):
        close_break(desk.people.erik, code=found.code, explanation="Again", leaves_credit=True, now=desk.now)

    assert (the_credit().amount, the_credit().source) == (Decimal("10.00"), "break")


def test_the_page_offers_credits_and_uses_those_that_are_checked(desk: Desk, partner: Partner) -> None:
    on_account = left_on_account(desk, partner)
    invoice, credit = make_invoice(desk.people.harlow_west, "100.00"), make_invoice(desk.people.harlow_nord, "-25.00")
    run = desk.open(invoice)
    desk.pay(run)
    dana = Reader.of(desk.people.dana)
    assert "Credits that you can use · 2" in words(dana.see(url("pay_run", run)))

    assert dana.press(run, do="add_credits", credit=[on_account.code, credit.code]).status_code == 303
    assert dana.press(run, place="1", whole_filter="yes").status_code == 303

    assert desk.payments(run)[0].placed == Decimal("35.00")
    said = words(dana.see(url("pay_run", run)))
    assert "100.00 35.00 −65.00" in said
    assert "Credits that you can use" not in said
