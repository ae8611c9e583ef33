"""The broker only wakes people up: losing all of it, or ringing twice, changes nothing but the time it takes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle

import pytest
from django.utils import timezone

from billing_sources.models import BillCycle, BillingSystem, ImportRun, NightSlot
from payments.models import Payment
from portal.tenancy import carrier, ingest
from tests.factories import make_invoice
from tests.live import Stack, eventually
from tests.payments.conftest import Desk
from tests.personas import Personas
from tests.stories.conftest import Mailbox, ended_runs, invoices, today

pytestmark = pytest.mark.xdist_group("stories")

CYCLES, BILLS = 6, 30
PAYMENTS = 9


def test_valkey_is_flushed_while_bills_come_in_and_payments_go_out(
    stack: Stack, mailbox: Mailbox, people: Personas
) -> None:
    # Six cycles' files lie there, and nine payments wait to be told to AR.
    orders = [replace(mailbox.order(invoices=BILLS), cycle=str(cycle)) for cycle in range(1, CYCLES + 1)]
    for order in orders:
        mailbox.know(order)
    mailbox.receive(*orders)
    bills = [make_invoice(people.harlow_west, "10.00", system="boreal") for _ in range(PAYMENTS)]
    desk = Desk(people, timezone.now())
    desk.released(*bills, payments=PAYMENTS)
    stack.ar()
    stack.jobs()

    # While they are at it, everything that the broker holds is thrown away, again and again.
    flushed = flush_at_odd_moments(stack, until=lambda: len(ended_runs()) >= CYCLES and not unposted())
    assert flushed > 5

    # And once more while nobody is at anything: what is released then is heard of all the same.
    stack.broker.flushdb()
    desk.released(make_invoice(people.harlow_west, "10.00", system="boreal"))
    eventually(lambda: not unposted(), "AR has booked what was released last")

    # Every bill is there once, every payment is booked, and the books hold.
    ordered = {order.number(index, order.billed_on) for order in orders for index in range(BILLS)}
    arrived = Counter(invoice.number for invoice in invoices())
    assert {number: times for number, times in arrived.items() if number in ordered} == dict.fromkeys(ordered, 1)
    assert len(list((stack.var / "ar" / "taken").iterdir())) == PAYMENTS + 1
    assert stack.run("check_money").returncode == 0


def test_two_beats_ring_the_night_once(stack: Stack, mailbox: Mailbox) -> None:
    order = mailbox.order(invoices=8)
    mailbox.know(order)
    mailbox.receive(order)
    with ingest():
        system = BillingSystem.objects.get(key="atlas")
        for code in range(2, 9):
            BillCycle.objects.create(system=system, code=str(code), day=today().day)
    stack.jobs(beats=2)
    mailbox.wait_for_the_night(runs=8)
    eventually(lambda: min(rings(stack, 1), rings(stack, 2)) >= 3, "both beats have rung again and again")

    with ingest():
        assert Counter(NightSlot.objects.values_list("job", flat=True)) == Counter(
            f"import atlas cycle {code}" for code in range(1, 9)
        )
        assert sorted(ImportRun.objects.values_list("cycle__code", flat=True)) == [str(code) for code in range(1, 9)]
    assert len(invoices()) == 8


def flush_at_odd_moments(stack: Stack, until: Callable[[], bool]) -> int:
    """How often the broker lost everything."""
    pauses, flushed = cycle((0.05, 0.9, 0.31, 1.2, 0.13, 0.57)), 0

    def flush_or_done() -> bool:
        nonlocal flushed
        stack.broker.flushdb()
        flushed += 1
        time.sleep(next(pauses))  # chooses the moment, and waits for nothing
        return until()

    eventually(flush_or_done, "everything has arrived in spite of it")
    return flushed


def unposted() -> int:
    with carrier(read_only=True):
        return Payment.objects.exclude(state="posted").count()


def rings(stack: Stack, beat: int) -> int:
    return stack.log(f"beat-{beat}").read_text().count("the night")
