"""The same command twice is once; many at once neither over-allocate nor fail unexplained."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from payments.commands import Done
from payments.domain.allocation import Move, Verdict
from payments.domain.refusals import Conflict, Refused, Rule
from payments.models import AllocationEvent, Command, PayRun
from payments.operations import Place
from portal.audit.models import AuditEvent
from portal.tenancy import TenancyError, carrier
from tests.factories import make_invoice
from tests.payments.conftest import Desk, at_once


def test_fifty_people_place_the_same_invoice_at_once_and_it_is_never_over_allocated(desk: Desk) -> None:
    invoice = make_invoice(desk.people.harlow_west, "100.00")
    runs = [desk.open(invoice) for _ in range(50)]
    payments = [desk.pay(run) for run in runs]

    def call(run: UUID, payment: UUID) -> Callable[[], Done]:
        return lambda: desk.place(run, payment, invoice, amount="30.00")

    answers = at_once([call(run, payment) for run, payment in zip(runs, payments, strict=True)])

    won = [answer for answer in answers if isinstance(answer, Done)]
    lost = [answer for answer in answers if not isinstance(answer, Done)]
    assert len(won) == 3
    assert {type(answer) for answer in lost} == {Refused}, lost
    assert {answer.rule for answer in lost if isinstance(answer, Refused)} == {Rule.OVER_INVOICE}
    assert desk.invoice(invoice).held == Decimal("90.00")


def test_fifty_people_place_many_invoices_crosswise_without_a_deadlock(desk: Desk) -> None:
    invoices = [make_invoice(desk.people.harlow_west, "10.00") for _ in range(8)]
    runs = [desk.open(*invoices) for _ in range(20)]
    payments = [desk.pay(run) for run in runs]

    def call(at: int) -> Callable[[], Done]:
        mine = invoices if at % 2 else invoices[::-1]
        return lambda: desk.place(runs[at], payments[at], *mine, amount="1.00")

    answers = at_once([call(at) for at in range(len(runs))])

    assert {type(answer) for answer in answers} == {Done, Refused}
    assert all(desk.invoice(invoice).held == Decimal("10.00") for invoice in invoices)


def test_the_same_command_at_once_is_done_once_and_both_get_the_answer(desk: Desk) -> None:
    invoice = make_invoice(desk.people.harlow_west, "100.00")
    run = desk.open(invoice)
    payment = desk.pay(run)
    key = uuid4()

    answers = at_once([lambda: desk.place(run, payment, invoice, amount="10.00", key=key)] * 8)

    assert {answer.message if isinstance(answer, Done) else answer for answer in answers} == {"1 placed on payment 1."}
    with carrier(read_only=True):
        assert AllocationEvent.objects.count() == 1
        assert Command.objects.filter(key=key).count() == 1
        assert AuditEvent.objects.filter(verb="invoices placed").count() == 1


def test_the_same_form_sent_twice_opens_one_run(desk: Desk) -> None:
    key = uuid4()

    first = desk.do("open_run", title="November", invoices=[], key=key)
    second = desk.do("open_run", title="November", invoices=[], key=key)

    assert (first.code, first.message) == (second.code, second.message)
    with carrier(read_only=True):
        assert PayRun.objects.count() == 1


def test_a_key_used_for_another_request_is_a_conflict(desk: Desk) -> None:
    key = uuid4()
    desk.do("open_run", title="November", invoices=[], key=key)

    with pytest.raises(Conflict):
        desk.do("open_run", title="December", invoices=[], key=key)
    with pytest.raises(Conflict):
        desk.do("tag_invoices", tag="x", invoices=[], key=key)


def test_a_colleagues_key_does_not_show_the_colleagues_answer(desk: Desk) -> None:
    key = uuid4()
    desk.do("open_run", title="November", invoices=[], key=key)

    with pytest.raises(Conflict):
        desk.do(
            "open_run",
            replace(desk.people.dana, user_id=desk.people.victor.user_id),
            title="November",
            invoices=[],
            key=key,
        )


def test_a_refused_command_may_be_sent_again_under_its_key(desk: Desk) -> None:
    invoice = make_invoice(desk.people.harlow_west, "100.00")
    run, other = desk.open(invoice), desk.open(invoice)
    payment, elsewhere = desk.pay(run), desk.pay(other)
    desk.place(other, elsewhere, invoice)
    key = uuid4()

    with pytest.raises(Refused):
        desk.place(run, payment, invoice, amount="50.00", key=key)
    desk.do("unallocate", run=other, invoices=[invoice.code])
    desk.place(run, payment, invoice, amount="50.00", key=key)

    assert desk.invoice(invoice).held == Decimal("50.00")


def test_what_only_the_database_sees_is_refused_under_the_same_name(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoice = make_invoice(desk.people.harlow_west, "100.00")
    run = desk.open(invoice)
    payment, small = desk.pay(run), desk.pay(run, planned="10.00")
    ids = {each.code: each.pk for each in desk.payments(run)}

    def blind(amount: str, to: UUID) -> Callable[..., Verdict]:
        return lambda *_: Verdict((Move("held", ids[to], invoice.pk, Decimal(amount)),), {}, {}, ())

    for amount, to, rule in (
        ("100.01", payment, Rule.OVER_INVOICE),
        ("10.01", small, Rule.OVER_PAYMENT),
        ("0.001", payment, Rule.NOT_MINOR_UNITS),
    ):
        monkeypatch.setattr(sys.modules["payments.operations.allocate"], "check", blind(amount, to))
        with pytest.raises(Refused) as refused:
            desk.place(run, to, invoice)
        assert refused.value.rule is rule


def test_a_support_visit_changes_nothing(desk: Desk) -> None:
    visitor = replace(desk.people.dana, real_user_id=desk.people.sam.user_id, support_session_id=1)

    with pytest.raises(Refused) as refused:
        desk.do("open_run", visitor, title="November", invoices=[])

    assert refused.value.rule is Rule.SUPPORT_READS_ONLY


def test_a_command_is_never_part_of_a_job_of_the_carrier(desk: Desk) -> None:
    with pytest.raises(TenancyError), carrier():
        desk.do("open_run", title="November", invoices=[])


def test_every_act_is_written_down_with_both_names(desk: Desk) -> None:
    invoice = make_invoice(desk.people.harlow_west, "100.00")
    run = desk.open(invoice)
    payment = desk.pay(run)
    desk.do("allocate", run=run, placements=[Place(invoice.code, payment)])

    with carrier(read_only=True):
        acts = AuditEvent.objects.filter(customer=desk.people.harlow).order_by("pk")
        assert [act.verb for act in acts] == ["run opened", "payment added", "invoices placed"]
        assert {(act.user_id, act.real_user_id) for act in acts} == {(desk.people.dana.user_id,) * 2}
        assert {**acts[2].detail, "words": ""} == {"1": {"invoices": 1, "amount": "100.00"}, "words": ""}
