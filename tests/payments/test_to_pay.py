"""Before anything is in a pay run, a clerk says how much of a bill is to be paid and why not the rest."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, connection

from billing_sources.models import Invoice
from payments.domain.refusals import NotFound, Refused, Rule
from payments.domain.to_pay import ToPayWish, Wanted, mark
from payments.models import PayRunEditor, PayRunItem, ShortPay, ToPay
from payments.operations import set_to_pay
from payments.operations.meet_revisions import meet_revisions
from portal.customers.access import Denied, grant
from portal.tenancy import acting, carrier
from tests.factories import make_invoice, make_invoices
from tests.payments.conftest import Desk, at_once
from tests.payments.pages import Reader, placed, url, words
from tests.payments.test_meet_revisions import revise

NOT_OURS = "not_our_account"


def wish(invoice: Invoice, amount: str | None, reason: str = "", note: str = "", seen: str | None = None) -> ToPayWish:
    return ToPayWish(invoice.code, None if amount is None else Decimal(amount), reason, note, seen)


def say(desk: Desk, *wishes: ToPayWish) -> str:
    return str(desk.do("set_to_pay", wishes=list(wishes)).message)


def wanted(invoice: Invoice) -> tuple[str, str, str] | None:
    with carrier(read_only=True):
        found = ToPay.objects.filter(invoice=invoice).first()
        return (str(found.amount), found.reason, found.note) if found else None


def item(run: UUID, invoice: Invoice) -> PayRunItem:
    with carrier(read_only=True):
        return PayRunItem.objects.get(run__code=run, invoice=invoice)


def test_a_wish_is_kept_replaced_and_taken_back(desk: Desk) -> None:
    bill = make_invoice(desk.people.harlow_west, "100.00", number="A1-1")
    assert (
        say(desk, wish(bill, "60.00", "other", " the lift ")) == "A1-1: 60.00 USD is to be paid, the rest not: Other."
    )
    assert wanted(bill) == ("60.00", "other", "the lift")
    say(desk, wish(bill, "0"))
    assert wanted(bill) == ("0.00", "", "")
    assert say(desk, wish(bill, None)) == "Nothing is said any more of what to pay of A1-1."
    assert wanted(bill) is None


def test_what_cannot_be_meant_is_refused_and_nothing_is_kept(desk: Desk) -> None:
    bill, good = make_invoice(desk.people.harlow_west, "100.00"), make_invoice(desk.people.harlow_west)
    for amount, reason, note, rule in (
        ("-0.01", "", "", Rule.NOT_POSITIVE),
        ("NaN", "", "", Rule.NOT_POSITIVE),
        ("Infinity", "", "", Rule.NOT_POSITIVE),
        ("1E+30", "", "", Rule.TOO_LARGE),
        ("10.001", "", "", Rule.NOT_MINOR_UNITS),
        ("100.01", "", "", Rule.OVER_INVOICE),
        ("10", "because", "", Rule.UNKNOWN_REASON),
        ("10", "other", " ", Rule.TEXT),
        ("10", NOT_OURS, "x" * 201, Rule.TEXT),
        ("10", NOT_OURS, "a\x00b", Rule.TEXT),
        ("10", "", "a note alone", Rule.UNKNOWN_REASON),
        (None, NOT_OURS, "", Rule.EMPTY),
    ):
        with pytest.raises(Refused) as refused:
            say(desk, wish(good, "5.00"), wish(bill, amount, reason, note))
        assert refused.value.rule == rule
    assert wanted(good) is None


def test_credits_paid_and_replaced_bills_have_nothing_to_pay(desk: Desk) -> None:
    desk.has_tampered = True  # a bill is paid here without a payment
    credit = make_invoice(desk.people.harlow_west, "-20.00")
    paid = make_invoice(desk.people.harlow_west, "20.00", settled=Decimal("20.00"))
    old = make_invoice(desk.people.harlow_west, "20.00", state="superseded", is_current=False)
    for bill, rule in ((credit, Rule.CREDIT_NOTE), (paid, Rule.NOTHING_OPEN), (old, Rule.REVISED)):
        with pytest.raises(Refused) as refused:
            say(desk, wish(bill, "0"))
        assert refused.value.rule == rule


def test_nobody_speaks_for_bills_of_others_or_without_the_right_to_prepare(desk: Desk) -> None:
    foreign = make_invoice(desk.people.lumen_root)
    own = make_invoice(desk.people.harlow_nord)
    with pytest.raises(NotFound):
        say(desk, wish(own, "1.00"), wish(foreign, "1.00"))
    with pytest.raises(Denied):
        desk.do("set_to_pay", desk.people.nils, wishes=[wish(own, "1.00")])
    with pytest.raises(Refused):
        say(desk, wish(own, "1.00"), wish(own, "2.00"))
    assert wanted(own) is None


def test_a_stale_wish_is_refused_and_says_what_stands_there_now(desk: Desk) -> None:
    bill = make_invoice(desk.people.harlow_west, "100.00", number="A1-7")
    say(desk, wish(bill, "60.00", seen=""))
    with pytest.raises(Refused, match=r"A1-7 was changed meanwhile: 60.00 USD is to be paid") as refused:
        say(desk, wish(bill, "70.00", seen=""))
    assert refused.value.rule == Rule.CHANGED_SINCE
    say(desk, wish(bill, "70.00", seen=mark(Wanted(Decimal("60.00")))))
    assert wanted(bill) == ("70.00", "", "")


def test_of_two_people_at_once_who_saw_the_same_one_is_told(desk: Desk) -> None:
    bill = make_invoice(desk.people.harlow_west, "100.00")
    answers = at_once([lambda n=n: say(desk, wish(bill, str(n), seen="")) for n in range(1, 5)])  # type: ignore[misc]
    refused = [answer for answer in answers if isinstance(answer, Refused)]
    assert len(refused) == 3
    assert {answer.rule for answer in refused} == {Rule.CHANGED_SINCE}


def test_the_same_form_twice_is_once(desk: Desk) -> None:
    bill, key = make_invoice(desk.people.harlow_west, "100.00"), uuid4()
    first = set_to_pay(desk.people.dana, wishes=[wish(bill, "60.00", seen="")], key=key, now=desk.now)
    again = set_to_pay(desk.people.dana, wishes=[wish(bill, "60.00", seen="")], key=key, now=desk.now)
    assert again.message == first.message


def test_a_run_that_chooses_the_bill_takes_the_wish_over(desk: Desk) -> None:
    disputed, part, whole, unsaid = (make_invoice(desk.people.harlow_west, "100.00") for _ in range(4))
    say(desk, wish(disputed, "60.00", "other", "the lift"), wish(part, "30.00"), wish(whole, "100.00", NOT_OURS))
    run = desk.open(disputed, part)
    desk.do("choose_invoices", run=run, invoices=[whole.code, unsaid.code, part.code])

    with carrier(read_only=True):
        short = ShortPay.objects.get(run__code=run)
        assert (short.invoice_id, str(short.amount), short.reason, short.note) == (
            disputed.pk,
            "40.00",
            "other",
            "the lift",
        )
    found = [(item(run, bill).to_pay, item(run, bill).left_open) for bill in (disputed, part, whole, unsaid)]
    assert found == [(Decimal("60.00"), False), (Decimal("30.00"), True), (Decimal("100.00"), False), (None, False)]
    assert [wanted(bill) for bill in (disputed, part, whole)] == [None] * 3


def test_a_run_never_takes_more_than_is_open_when_it_chooses(desk: Desk) -> None:
    bill = make_invoice(desk.people.harlow_west, "100.00")
    other = desk.open(bill)
    say(desk, wish(bill, "90.00", NOT_OURS))
    desk.place(other, desk.pay(other), bill, amount="40.00")
    run = desk.open(bill)
    assert item(run, bill).to_pay == Decimal("60.00")
    with carrier(read_only=True):
        assert not ShortPay.objects.exists()


def test_whoever_said_what_to_pay_has_edited_the_run(desk: Desk) -> None:
    bill = make_invoice(desk.people.harlow_west, "100.00")
    with carrier():
        grant(desk.people.victor.user_id, desk.people.harlow_root, "prepare")
    desk.do("set_to_pay", desk.people.victor, wishes=[wish(bill, "50.00")])
    run = desk.open(bill)
    with carrier(read_only=True):
        editors = set(PayRunEditor.objects.filter(run__code=run).values_list("user_id", flat=True))
    assert editors == {desk.people.dana.user_id, desk.people.victor.user_id}


@pytest.mark.parametrize("way", ["drop_invoices", "cancel_run"])
def test_a_bill_that_leaves_its_run_has_its_wish_again(desk: Desk, way: str) -> None:
    bill = make_invoice(desk.people.harlow_west, "100.00")
    say(desk, wish(bill, "60.00", "other", "the lift"))
    run = desk.open(bill)
    desk.place(run, desk.pay(run), bill, amount="60.00")
    if way == "cancel_run":
        desk.do(way, run=run)
    else:
        desk.do(way, run=run, invoices=[bill.code])
    assert wanted(bill) == ("60.00", "other", "the lift")


@pytest.mark.parametrize(("payable", "expected"), [("80.00", ("70.00", "80.00")), ("50.00", ("50.00", "50.00"))])
def test_a_wish_follows_a_bill_billed_anew_and_is_never_more_than_is_open(
    desk: Desk, payable: str, expected: tuple[str, str]
) -> None:
    old = make_invoice(desk.people.harlow_west, "100.00")
    say(desk, wish(old, "70.00", NOT_OURS))
    new = revise(desk, old, payable)
    meet_revisions(desk.now)
    assert wanted(old) is None
    assert wanted(new) == (expected[0], NOT_OURS, "")


def test_a_wish_ends_with_a_bill_in_another_currency(desk: Desk) -> None:
    old = make_invoice(desk.people.harlow_west, "100.00")
    say(desk, wish(old, "70.00"))
    new = revise(desk, old, "80.00", currency="EUR")
    meet_revisions(desk.now)
    assert (wanted(old), wanted(new)) == (None, None)


def test_the_database_forbids_what_no_code_should_ask(desk: Desk) -> None:
    bill = make_invoice(desk.people.harlow_west, "100.00")
    say(desk, wish(bill, "70.00"))
    for change in ("amount = -1", "amount = 1.005", "note = 'without a reason'"):
        with pytest.raises(DatabaseError), acting(desk.people.dana), connection.cursor() as cursor:
            cursor.execute(f"UPDATE payments_topay SET {change}")
    with acting(desk.people.carol, read_only=True):
        assert not ToPay.objects.exists()


def test_thousands_are_said_at_once_and_taken_over_at_once(desk: Desk, django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    desk.has_tampered = True  # bills are paid here without payments
    make_invoices([desk.people.harlow_west], 2000)
    with acting(desk.people.dana, read_only=True):
        open_bills = list(Invoice.objects.filter(payable__gt=0, open__gt=0))
    wishes = [ToPayWish(bill.code, bill.open / 2, NOT_OURS) for bill in open_bills if not bill.open * 50 % 1]
    with django_assert_max_num_queries(20):
        say(desk, *wishes)
    with django_assert_max_num_queries(25):
        desk.do("open_run", title="Half", invoices=[wish.invoice for wish in wishes])
    assert len(wishes) >= 800
    with carrier(read_only=True):
        assert ShortPay.objects.count() == PayRunItem.objects.exclude(to_pay=None).count() == len(wishes)


def test_what_is_sent_to_a_payment_is_what_was_wanted(desk: Desk) -> None:
    part, disputed, whole = (make_invoice(desk.people.harlow_west, "100.00") for _ in range(3))
    say(desk, wish(part, "30.00"), wish(disputed, "60.00", NOT_OURS))
    run = desk.open(part, disputed, whole)
    desk.pay(run)
    dana = Reader.of(desk.people.dana)
    assert "to pay 30.00" in words(dana.see(url("pay_run", run)))
    dana.press(run, place="1", invoice=[part.code, disputed.code, whole.code])
    assert placed(run) == {
        (part.number, 1): Decimal("30.00"),
        (disputed.number, 1): Decimal("60.00"),
        (whole.number, 1): Decimal("100.00"),
    }
    desk.do("submit_run", run=run)  # every cent is placed, short-paid or left open on purpose
