"""A mixed selection becomes several payments, each that the carrier takes, with the reason — hostile cases first."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection

from payments.domain.allocation import InvoiceFacts, PaymentFacts, Placement
from payments.domain.eligibility import MethodRule, divert
from payments.domain.refusals import NotFound, Refused
from payments.eligibility.operations import end_rule, make_rule
from payments.operations import Place
from portal.money import ZERO
from portal.tenancy import acting, carrier
from tests.factories import make_invoice
from tests.payments.conftest import Desk
from tests.payments.pages import Reader, placed, url, words

CHEQUE_ONLY: dict[str, Any] = {
    "system": "castle",
    "account": "",
    "currency": "",
    "methods": ["cheque"],
    "why": "lockbox: cheque only",
}


@pytest.mark.parametrize(
    ("said", "match"),
    [
        ({"why": " "}, "Say why"),
        ({"why": "a\0b"}, "Say why"),
        ({"why": "x" * 81}, "Say why"),
        ({"methods": []}, "at least one method"),
        ({"methods": ["cash"]}, "at least one method"),
        ({"currency": "usd"}, "three letters"),
        ({"system": "nosuch"}, "no such billing system"),
        ({"account": "AC-unknown"}, "no linked account"),
    ],
)
def test_a_rule_that_says_nothing_is_refused_in_words(desk: Desk, said: dict[str, Any], match: str) -> None:
    make_invoice(desk.people.harlow_west, "1.00", system="castle")

    with pytest.raises(Refused, match=match):
        make_rule(desk.people.erik, **{**CHEQUE_ONLY, **said}, now=desk.now)


def test_a_customer_makes_no_rule_and_sees_none_of_another_customers_account(desk: Desk) -> None:
    invoice = make_invoice(desk.people.harlow_west, "1.00", system="castle")
    with carrier(read_only=True):
        link = invoice.account_link.external_id
    make_rule(desk.people.erik, **{**CHEQUE_ONLY, "account": link}, now=desk.now)

    with acting(desk.people.carol), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM payments_methodrule")
        assert cursor.fetchone() == (0,)
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        acting(desk.people.dana),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE payments_methodrule SET ended_at = now()")


def test_a_mixed_selection_becomes_a_payment_of_each_method_and_currency_and_says_why(desk: Desk) -> None:
    plain = make_invoice(desk.people.harlow_west, "100.00")
    lockbox = make_invoice(desk.people.harlow_west, "50.00", system="castle")
    euro = make_invoice(desk.people.harlow_nord, "70.00", currency="EUR")
    make_rule(desk.people.erik, **CHEQUE_ONLY, now=desk.now)
    run = desk.open(plain, lockbox, euro)
    desk.pay(run)
    dana = Reader.of(desk.people.dana)
    assert "lockbox: cheque only" in words(dana.see(url("pay_run", run)))

    assert dana.press(run, place="1", whole_filter="yes").status_code == 303
    said = words(dana.see(url("pay_run", run)))

    assert placed(run) == {
        (plain.number, 1): Decimal("100.00"),
        (lockbox.number, 2): Decimal("50.00"),
        (euro.number, 3): Decimal("70.00"),
    }
    assert [(p.method, p.currency, p.value_on) for p in desk.payments(run)] == [
        ("ach_credit", "USD", date(2026, 12, 1)),
        ("cheque", "USD", date(2026, 12, 1)),
        ("ach_credit", "EUR", date(2026, 12, 1)),
    ]
    assert "1 went to the new payment 2 (Cheque): lockbox: cheque only." in said
    assert "1 went to the new payment 3 (ACH credit): billed in EUR." in said


def test_what_is_sent_twice_joins_the_payment_that_can_take_it(desk: Desk) -> None:
    first, second = (make_invoice(desk.people.harlow_west, "50.00", system="castle") for _ in range(2))
    make_rule(desk.people.erik, **CHEQUE_ONLY, now=desk.now)
    run = desk.open(first, second)
    payment = desk.pay(run)

    done = desk.do("send_invoices", run=run, placements=[Place(first.code, payment, Decimal(50))])
    again = desk.do("send_invoices", run=run, placements=[Place(second.code, payment, Decimal(50))])

    assert done.message == "1 placed on payment 2. 1 went to the new payment 2 (Cheque): lockbox: cheque only."
    assert again.message == "1 placed on payment 2. 1 went to payment 2 (Cheque): lockbox: cheque only."
    assert len(desk.payments(run)) == 2


def test_with_nine_payments_the_rest_stays_open_and_says_so(desk: Desk) -> None:
    lockbox = make_invoice(desk.people.harlow_west, "50.00", system="castle")
    make_rule(desk.people.erik, **CHEQUE_ONLY, now=desk.now)
    run = desk.open(lockbox)
    payments = [desk.pay(run) for _ in range(9)]

    done = desk.do("send_invoices", run=run, placements=[Place(lockbox.code, payments[0], Decimal(50))])

    assert done.message == "1 not placed, as no payment is left that can take them: lockbox: cheque only."
    assert desk.invoice(lockbox).held == 0


def test_an_ended_rule_holds_no_more_and_ends_once(desk: Desk) -> None:
    invoice = make_invoice(desk.people.harlow_west, "50.00", system="castle")
    rule = make_rule(desk.people.erik, **CHEQUE_ONLY, now=desk.now)
    run = desk.open(invoice)
    payment = desk.pay(run)
    with pytest.raises(Refused, match="lockbox: cheque only"):
        desk.place(run, payment, invoice)

    end_rule(desk.people.erik, code=rule.code, now=desk.now)
    with pytest.raises(NotFound):
        end_rule(desk.people.erik, code=rule.code, now=desk.now)

    assert desk.place(run, payment, invoice).message == "1 placed on payment 1."


@pytest.mark.parametrize(("credits_last", "amount"), [(False, "60.00"), (True, "35.00")])
def test_a_cap_takes_what_fits_and_credits_make_room_first_or_last(desk: Desk, credits_last: bool, amount: str) -> None:
    invoice, credit = make_invoice(desk.people.harlow_west, "100.00"), make_invoice(desk.people.harlow_west, "-25.00")
    run = desk.open(invoice, credit)
    payment = desk.pay(run, planned="60.00")
    wanted = [Place(invoice.code, payment, Decimal(100)), Place(credit.code, payment, Decimal(-25))]

    done = desk.do("send_invoices", run=run, placements=wanted, credits_last=credits_last)

    assert "1 not wholly placed: cap of payment 1 reached." in done.message
    assert desk.payments(run)[0].placed == Decimal(amount)


def test_in_full_and_in_part_are_forms_without_script(desk: Desk) -> None:
    bills = [make_invoice(desk.people.harlow_west, "100.00") for _ in range(2)]
    run = desk.open(*bills)
    desk.pay(run), desk.pay(run)
    dana = Reader.of(desk.people.dana)

    assert dana.press(run, do="percent", percent="33.3", at="2", invoice=bills[0].code).status_code == 303
    assert dana.press(run, do="full", whole_filter="yes").status_code == 303
    refused = dana.press(run, do="percent", percent="101", at="2", invoice=bills[0].code)

    assert placed(run) == {(bills[0].number, 2): Decimal("100.00"), (bills[1].number, 1): Decimal("100.00")}
    assert (refused.status_code, "at most 100 percent" in words(refused)) == (422, True)


def test_where_a_thing_goes_depends_on_nothing_but_what_is_asked() -> None:
    rules = [MethodRule("castle", None, "", ("cheque",), "cheque only"), MethodRule("", 7, "", ("wire",), "wire only")]
    bills = {
        n: InvoiceFacts(n, f"I{n}", "USD", Decimal(9), Decimal(9), True, True, account, system=system)
        for n, (account, system) in enumerate([(1, "castle"), (7, "atlas"), (7, "castle"), (1, "atlas")], start=1)
    }
    payments = [PaymentFacts(1, 1, "USD", None, ZERO, "ach_credit", date(2026, 12, 1))]

    found = divert(bills, payments, {}, [Placement(1, n, Decimal(9)) for n in bills], rules)

    assert [(each.invoice_id, each.payment_id) for each in found.placements] == [(1, -2), (2, -3), (4, 1)]
    assert [(each.payment_id, each.count) for each in found.diversions] == [(-2, 1), (-3, 1), (None, 1)]


def test_the_carriers_page_makes_and_ends_rules(desk: Desk) -> None:
    make_invoice(desk.people.harlow_west, "1.00", system="castle")
    erik = Reader.of(desk.people.erik)
    page, new = "/carrier/payment-methods/", "/carrier/payment-methods/new/"

    erik.client.post(new, {"system": "castle", "method": ["cheque", "wire"], "why": "no ACH there", "currency": "usd"})

    said = words(erik.see(page))
    assert "no ACH there Castle every account USD Wire, Cheque" in said


# --- What to look at twice ------------------------------------------------------------------------------------------


def test_what_to_look_at_twice_is_said_before_and_after_submission_and_forbids_nothing(desk: Desk) -> None:
    paid = make_invoice(desk.people.harlow_west, "80.00", billed_on=date(2026, 11, 3))
    desk.released(paid)
    again = make_invoice(desk.people.harlow_west, "80.00", due_on=date(2026, 11, 20))
    far = make_invoice(desk.people.harlow_west, "30.00", due_on=date(2027, 3, 1), number="SAME-1")
    make_invoice(desk.people.harlow_nord, "44.00", system="boreal", number="SAME-1")
    reissued = make_invoice(desk.people.harlow_west, "55.00", revision=2, published_at=desk.now + timedelta(hours=1))
    run = desk.open(again, far, reissued)
    desk.place(run, desk.pay(run), again, far, reissued)

    dana = Reader.of(desk.people.dana)
    before = words(dana.see(url("pay_run", run)))
    assert dana.submit(run).status_code in (302, 303)
    after = words(dana.see(url("pay_run_review", run)))

    for said in (
        f"{again.number} : due before payment 1 arrives on 2026-12-01",
        f"{far.number} : due more than 30 days after payment 1",
        f"{again.number} : like another bill of the account, over the same amount",
        "SAME-1 : of the same number as a bill of another billing system",
        f"{reissued.number} : billed anew since this run was opened",
    ):
        assert said in before
        assert said in after
    assert desk.run(run).state == "submitted"


def test_a_full_payment_is_told_as_long_as_something_waits(desk: Desk) -> None:
    first, second = (make_invoice(desk.people.harlow_west, "80.00") for _ in range(2))
    run = desk.open(first, second)
    desk.place(run, desk.pay(run, planned="80.00"), first)

    said = words(Reader.of(desk.people.dana).see(url("pay_run", run)))

    assert "payment 1 is full at 80.00 USD, and more is waiting" in said
