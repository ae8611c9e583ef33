"""Nobody can place more than is open, or than a payment may take — hostile cases first."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import DatabaseError, connection

from billing_sources.models import Invoice
from payments.domain.refusals import NotFound, Refused, Rule
from payments.models import Allocation, AllocationEvent
from payments.operations import Place
from portal.customers import access
from portal.tenancy import acting, carrier
from tests.factories import make_invoice
from tests.payments.conftest import VALUE_ON, Desk


@pytest.fixture
def raw(desk: Desk) -> Callable[..., None]:
    """Whatever SQL a customer's people might send past the code."""

    def execute(sql: str, *values: Any) -> None:
        with acting(desk.people.dana), connection.cursor() as cursor:
            cursor.execute(sql, values)

    return execute


RAW_EVENT = (
    "INSERT INTO payments_allocationevent"
    " (customer_id, payment_id, invoice_id, currency, kind, amount, reason, by_id, at)"
    " SELECT p.customer_id, p.id, %s, p.currency, %s, %s, '', NULL, now() FROM payments_payment p WHERE p.code = %s"
)


def test_the_database_refuses_more_than_is_open_even_by_raw_sql(desk: Desk, raw: Callable[..., None]) -> None:
    invoice = make_invoice(desk.people.harlow_west, "100.00")
    run = desk.open(invoice)
    payment = desk.pay(run)

    with pytest.raises(DatabaseError, match="invoice_never_over_allocated"):
        raw(RAW_EVENT, invoice.pk, "held", Decimal("100.01"), payment)

    assert desk.invoice(invoice).held == 0


def test_the_database_refuses_more_than_a_payment_takes_even_by_raw_sql(desk: Desk, raw: Callable[..., None]) -> None:
    invoice = make_invoice(desk.people.harlow_west, "100.00")
    run = desk.open(invoice)
    payment = desk.pay(run, planned="60.00")

    with pytest.raises(DatabaseError, match="placed_within_plan"):
        raw(RAW_EVENT, invoice.pk, "held", Decimal("60.01"), payment)


@pytest.mark.parametrize("amount", ["-0.01", "0", "0.001"])
def test_the_database_refuses_amounts_that_are_none(desk: Desk, raw: Callable[..., None], amount: str) -> None:
    invoice = make_invoice(desk.people.harlow_west, "100.00")
    run = desk.open(invoice)
    payment = desk.pay(run)

    with pytest.raises(DatabaseError, match="an_event_moves_something|event_in_whole_minor_units"):
        raw(RAW_EVENT, invoice.pk, "held", Decimal(amount), payment)


@pytest.mark.parametrize("kind", ["settled", "reversed", "carried"])
def test_a_customer_cannot_say_that_ar_booked_something(desk: Desk, raw: Callable[..., None], kind: str) -> None:
    invoice = make_invoice(desk.people.harlow_west, "100.00")
    run = desk.released(invoice)

    with pytest.raises(DatabaseError, match="does not allow this"):
        raw(RAW_EVENT, invoice.pk, kind, Decimal("100.00"), desk.payments(run)[0].code)


def test_a_customer_cannot_take_back_what_is_on_its_way_to_ar(desk: Desk, raw: Callable[..., None]) -> None:
    invoice = make_invoice(desk.people.harlow_west, "100.00")
    run = desk.released(invoice)

    with pytest.raises(DatabaseError, match="does not allow this"):
        raw(RAW_EVENT, invoice.pk, "released", Decimal("100.00"), desk.payments(run)[0].code)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE billing_sources_invoice SET held = 0",
        "UPDATE payments_allocation SET held = 0",
        "UPDATE payments_payment SET placed = 0",
        "UPDATE payments_allocationevent SET amount = 1",
        "DELETE FROM payments_allocationevent",
        "DELETE FROM payments_payment",
    ],
)
def test_no_counter_and_no_event_can_be_touched_by_hand(desk: Desk, raw: Callable[..., None], sql: str) -> None:
    desk.submitted(make_invoice(desk.people.harlow_west, "100.00"))

    with pytest.raises(DatabaseError) as refused:
        raw(sql)

    assert isinstance(refused.value.__cause__, psycopg.errors.InsufficientPrivilege)


def test_what_one_run_holds_no_other_run_can_place(desk: Desk) -> None:
    invoice = make_invoice(desk.people.harlow_west, "100.00")
    first, second = desk.open(invoice), desk.open(invoice)
    desk.place(first, desk.pay(first), invoice, amount="70.00")

    with pytest.raises(Refused, match=r"30\.00 USD open, not 30\.01") as refused:
        desk.place(second, desk.pay(second), invoice, amount="30.01")

    assert refused.value.rule is Rule.OVER_INVOICE
    assert desk.invoice(invoice).open == Decimal("30.00")


def test_a_payment_of_a_planned_amount_takes_no_more(desk: Desk) -> None:
    first, second = (make_invoice(desk.people.harlow_west, "100.00") for _ in range(2))
    run = desk.open(first, second)
    payment = desk.pay(run, planned="150.00")

    with pytest.raises(Refused, match=r"room for 50\.00 USD") as refused:
        desk.place(run, payment, first, second)

    assert refused.value.rule is Rule.OVER_PAYMENT
    assert desk.invoice(first).held == 0, "all or nothing"


@pytest.mark.parametrize(
    ("amount", "rule"),
    [
        ("-1.00", Rule.NOT_POSITIVE),
        ("0", Rule.NOTHING_OPEN),
        ("NaN", Rule.NOT_POSITIVE),
        ("Infinity", Rule.NOT_POSITIVE),
        ("10.001", Rule.NOT_MINOR_UNITS),
        ("100.01", Rule.OVER_INVOICE),
    ],
)
def test_an_amount_that_cannot_be_placed_is_refused_in_words(desk: Desk, amount: str, rule: Rule) -> None:
    invoice = make_invoice(desk.people.harlow_west, "100.00")
    run = desk.open(invoice)
    payment = desk.pay(run)

    with pytest.raises(Refused) as refused:
        desk.place(run, payment, invoice, amount=amount)

    assert refused.value.rule is rule
    assert invoice.number in str(refused.value) or rule is Rule.OVER_INVOICE


def test_an_invoice_in_euro_is_not_paid_in_dollars(desk: Desk) -> None:
    invoice = make_invoice(desk.people.harlow_west, "100.00", currency="EUR")
    run = desk.open(invoice)

    with pytest.raises(Refused, match="in EUR, payment 1 in USD") as refused:
        desk.place(run, desk.pay(run, currency="USD"), invoice)

    assert refused.value.rule is Rule.CURRENCY


def test_yen_have_no_cents(desk: Desk) -> None:
    invoice = make_invoice(desk.people.harlow_west, "1000", currency="JPY")
    run = desk.open(invoice)

    with pytest.raises(Refused, match="finer than JPY"):
        desk.place(run, desk.pay(run, currency="JPY"), invoice, amount="10.5")


def test_a_replaced_bill_cannot_be_placed(desk: Desk) -> None:
    invoice = make_invoice(desk.people.harlow_west, "100.00", is_current=False, state="superseded")

    with pytest.raises(Refused, match="replaced by a later bill"):
        desk.open(invoice)


def test_an_invoice_named_twice_for_one_payment_is_refused(desk: Desk) -> None:
    invoice = make_invoice(desk.people.harlow_west, "100.00")
    run = desk.open(invoice)
    payment = desk.pay(run)

    with pytest.raises(Refused) as refused:
        desk.place(run, payment, invoice, invoice, amount="10.00")

    assert refused.value.rule is Rule.TWICE


def test_an_invoice_that_nobody_chose_is_refused(desk: Desk) -> None:
    chosen, other = (make_invoice(desk.people.harlow_west, "100.00") for _ in range(2))
    run = desk.open(chosen)

    with pytest.raises(Refused) as refused:
        desk.place(run, desk.pay(run), other)

    assert refused.value.rule is Rule.NOT_CHOSEN


def test_whoever_may_only_look_cannot_place(desk: Desk) -> None:
    invoice = make_invoice(desk.people.harlow_nord, "100.00")
    run = desk.open(invoice)
    payment = desk.pay(run)

    with pytest.raises(access.Denied):
        desk.do("allocate", desk.people.nils, run=run, placements=[Place(invoice.code, payment)])


class TestAnotherCustomersIds:
    """Every id of another customer is as unknown as one that never was."""

    def test_another_customers_invoice(self, desk: Desk) -> None:
        own, foreign = make_invoice(desk.people.harlow_west), make_invoice(desk.people.lumen_root)
        run = desk.open(own)
        payment = desk.pay(run)

        with pytest.raises(NotFound):
            desk.place(run, payment, foreign)
        with pytest.raises(NotFound):
            desk.open(own, foreign)
        with pytest.raises(NotFound):
            desk.do("choose_invoices", run=run, invoices=[foreign.code])

    def test_another_customers_payment(self, desk: Desk) -> None:
        own, foreign = make_invoice(desk.people.harlow_west), make_invoice(desk.people.lumen_root)
        theirs = _carols_run(desk, foreign)
        payment = UUID(desk.do("add_payment", desk.people.carol, run=theirs, **PLAN).code)
        run = desk.open(own)

        with pytest.raises(NotFound):
            desk.place(run, payment, own)

    def test_the_payment_of_another_run_of_ones_own(self, desk: Desk) -> None:
        invoice = make_invoice(desk.people.harlow_west)
        run, other = desk.open(invoice), desk.open(invoice)

        with pytest.raises(NotFound):
            desk.place(run, desk.pay(other), invoice)

    @pytest.mark.parametrize(
        ("operation", "request_"),
        [
            ("choose_invoices", {"invoices": []}),
            ("drop_invoices", {"invoices": []}),
            ("leave_open", {"invoices": []}),
            ("undo_leave_open", {"invoices": []}),
            ("allocate", {"placements": []}),
            ("unallocate", {"invoices": []}),
            ("add_payment", {"method": "wire", "currency": "USD", "value_on": VALUE_ON}),
            ("submit_run", {}),
            ("approve_run", {"sha256": "0" * 64}),
            ("return_run", {"reason": "no"}),
            ("cancel_run", {}),
            ("release_run", {}),
            ("short_pay", {"invoice": uuid4(), "amount": Decimal(1), "reason": "other", "note": "x"}),
            ("withdraw_short_pay", {"invoice": uuid4()}),
            ("remove_payment", {"payment": uuid4()}),
        ],
    )
    def test_another_customers_run(self, desk: Desk, operation: str, request_: dict[str, Any]) -> None:
        theirs = _carols_run(desk, make_invoice(desk.people.lumen_root))

        with pytest.raises(NotFound):
            desk.do(operation, run=theirs, **request_)
        with pytest.raises(NotFound):
            desk.do(operation, run=uuid4(), **request_)


PLAN = {"method": "wire", "currency": "USD", "value_on": VALUE_ON}


def _carols_run(desk: Desk, invoice: Invoice) -> UUID:
    return UUID(desk.do("open_run", desk.people.carol, title="Theirs", invoices=[invoice.code]).code)


def test_fifty_invoices_go_to_payment_two_in_one_call(desk: Desk) -> None:
    invoices = [make_invoice(desk.people.harlow_west, "10.00") for _ in range(50)]
    run = desk.open(*invoices)
    first, second = desk.pay(run), desk.pay(run)
    desk.place(run, first, invoices[0], amount="4.00")

    done = desk.place(run, second, *invoices)

    assert done.message == "50 placed on payment 2."
    assert [str(payment.placed) for payment in desk.payments(run)] == ["4.00", "496.00"]
    assert all(desk.invoice(invoice).open == 0 for invoice in invoices[:3])


def test_an_amount_said_twice_stands_once_and_a_smaller_one_takes_off(desk: Desk) -> None:
    invoice = make_invoice(desk.people.harlow_west, "100.00")
    run = desk.open(invoice)
    payment = desk.pay(run)

    for amount in ("80.00", "80.00", "30.00"):
        desk.place(run, payment, invoice, amount=amount)

    assert desk.invoice(invoice).held == Decimal("30.00")
    with carrier(read_only=True):
        events = AllocationEvent.objects.filter(invoice=invoice).order_by("pk").values_list("kind", "amount")
        assert list(events) == [("held", Decimal("80.00")), ("released", Decimal("50.00"))]


def test_a_percentage_is_rounded_once_and_the_rest_goes_elsewhere_to_the_cent(desk: Desk) -> None:
    invoice = make_invoice(desk.people.harlow_west, "100.01")
    run = desk.open(invoice)
    first, second = desk.pay(run), desk.pay(run)

    desk.do("allocate", run=run, placements=[Place(invoice.code, first, percent=Decimal("33.3"))])
    desk.place(run, second, invoice)

    assert [str(payment.placed) for payment in desk.payments(run)] == ["33.30", "66.71"]


def test_what_is_taken_off_is_open_again(desk: Desk) -> None:
    invoice = make_invoice(desk.people.harlow_west, "100.00")
    run = desk.open(invoice)
    payment = desk.pay(run)
    desk.place(run, payment, invoice)

    desk.do("unallocate", run=run, invoices=[invoice.code], payment=payment)

    assert desk.invoice(invoice).open == Decimal("100.00")
    assert desk.payments(run)[0].placed == 0
    with carrier(read_only=True):
        assert Allocation.objects.get(invoice=invoice).held == 0
