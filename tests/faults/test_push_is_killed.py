"""The worker that carries payments to AR and answers back is killed anywhere: nothing is lost, nothing sent twice."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from payments.ar import inbox, outbox, verdicts
from payments.ar.acknowledgements import Verdict
from payments.ar.outbox import LEASE
from payments.checks import differences
from payments.models import ArAcknowledgement, ArPosting, Payment, PayRun
from portal.tenancy import carrier
from tests.factories import make_invoice
from tests.payments.conftest import Desk
from tests.payments.partner import Partner
from tests.personas import Personas

KILLS, RUNS = (1_000, 50) if os.environ.get("TRIBUTARY_SOAK") else (120, 6)
PAYMENTS = 9
POINTS: tuple[tuple[Any, str], ...] = (
    (outbox, "_lease"),
    (outbox, "write_durably"),
    (outbox, "_record_staged"),
    (outbox, "_deliver"),
    (outbox, "_sync"),
    (outbox, "mark_sent"),
    (inbox, "keep"),
    (inbox, "apply"),
    (verdicts, "_move_money"),
    (verdicts, "_move_state"),
)


@pytest.fixture
def desk(people: Personas, now: datetime) -> Desk:
    return Desk(people, now)


def test_a_hundred_and_twenty_kills_lose_nothing_and_send_nothing_twice(desk: Desk, tmp_path: Path) -> None:
    runs = [
        desk.released(*(make_invoice(desk.people.harlow_west, "10.00") for _ in range(PAYMENTS)), payments=PAYMENTS)
        for _ in range(RUNS)
    ]
    partner = Partner(tmp_path / "ar", desk.now)
    ar = DropBox(partner)
    kills: Counter[str] = Counter()

    for number in range(2 * KILLS):
        if kills["killed"] == KILLS:
            break
        kills[kill_a_worker(partner, number)] += 1
        ar.take_and_answer()
        partner.now += LEASE * 2
    while len(ar.taken) < RUNS * PAYMENTS or partner.collect():
        partner.push()
        ar.take_and_answer()
        partner.now += LEASE * 2

    assert kills["killed"] == KILLS, kills
    assert set(ar.taken.values()) == {1}, "every payment was delivered exactly once"
    with carrier(read_only=True):
        controls = set(ArPosting.objects.values_list("control_number", flat=True))
        assert set(ar.taken) == {f"820-{control:09d}.edi" for control in controls}
        assert set(Payment.objects.values_list("state", flat=True)) == {"posted"}
        assert PayRun.objects.filter(state="closed").count() == len(runs)
        assert ArAcknowledgement.objects.filter(level="application", invoice=None).count() == RUNS * PAYMENTS
        assert differences() == []


class DropBox:
    """AR's side of the folders: takes each file once, and answers 824 before 997, as it pleases."""

    def __init__(self, partner: Partner) -> None:
        self._partner = partner
        self.taken: Counter[str] = Counter()

    def take_and_answer(self) -> None:
        for path in sorted(self._partner.connector.folders.out.iterdir()):
            control, reference = path.read_bytes().split(b"\n")[0].decode().split()
            path.unlink()
            self.taken[path.name] += 1
            self._partner.leave(self._partner.answer_824(int(control), reference, Verdict.ACCEPTED))
            self._partner.leave(self._partner.answer_997(int(control)))


def kill_a_worker(partner: Partner, number: int) -> str:
    """Fork a worker; it dies at a named step (even numbers) or at any moment (odd ones)."""
    connection.close()
    child = os.fork()
    if child == 0:
        try:
            if number % 2 == 0:
                die_at(*POINTS[number // 2 % len(POINTS)], after=number // 2 // len(POINTS) % 2 == 1)
            work(partner)
        finally:
            os._exit(0)
    if number % 2:
        time.sleep(0.003 + number * 7 % 41 / 1000)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return "killed" if os.WIFSIGNALED(status) else "finished"


def work(partner: Partner) -> None:
    """What the two jobs do, a little at a time, so that there is always something left to be killed over."""
    outbox.push_due(partner.connector, clock=partner.clock, limit=1)
    partner.collect()


def die_at(module: Any, name: str, *, after: bool) -> None:
    step: Callable[..., Any] = getattr(module, name)

    def deadly(*args: Any, **kwargs: Any) -> Any:
        if after:
            step(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(module, name, deadly)
