"""Every released payment reaches AR once: through outages, late workers and files that cannot be worded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from payments.ar import outbox
from payments.ar.gateway import Undeliverable
from payments.ar.outbox import LEASE, LONGEST_PAUSE, MAX_ATTEMPTS, pause, push_due, replay
from payments.models import ArPosting
from portal.audit.models import AuditEvent
from portal.tenancy import carrier
from tests.factories import make_invoice
from tests.payments.conftest import Desk, at_once
from tests.payments.partner import Partner


@pytest.fixture
def run(desk: Desk) -> UUID:
    return desk.released(make_invoice(desk.people.harlow_west))


def posting() -> ArPosting:
    with carrier(read_only=True):
        return ArPosting.objects.get()


def set_posting(**columns: object) -> None:
    with carrier():
        ArPosting.objects.update(**columns)


def test_what_was_rendered_is_what_lies_in_the_drop_folder(run: UUID, partner: Partner) -> None:
    assert partner.push() == 1
    assert partner.push() == 0

    (path,) = partner.connector.folders.out.iterdir()
    sent = posting()
    assert path.read_bytes() == bytes(sent.payload or b"")
    assert (sent.state, sent.attempts, sent.sent_at) == ("sent", 1, partner.now)
    assert list(partner.connector.folders.staging.iterdir()) == []


def test_a_worker_that_died_after_the_move_is_not_followed_by_a_second_delivery(
    run: UUID, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as dying:
        dying.setattr(outbox, "mark_sent", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            partner.push()
    (delivered,) = partner.connector.folders.out.iterdir()
    delivered.unlink()  # AR took it

    partner.now += LEASE * 2
    partner.push()

    assert posting().state == "sent"
    assert partner.received() == []


def test_a_worker_that_slept_through_its_lease_writes_nothing_that_is_ever_sent(
    run: UUID, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    render = partner.connector.render

    def sleeps_while_another_delivers(found: ArPosting) -> bytes:
        body = render(found)
        partner.now += LEASE * 2
        other = Partner(partner.connector.folders.out.parent, partner.now)
        late.append(lambda: other.push())
        return body

    late: list[Callable[[], int]] = []
    original = outbox.write_durably

    def write_late(path: Path, body: bytes) -> None:
        while late:
            assert late.pop()() == 1
        original(path, body)

    monkeypatch.setattr(outbox, "write_durably", write_late)
    slow = replace(partner.connector, render=sleeps_while_another_delivers)

    assert push_due(slow, clock=partner.clock) == 0

    assert partner.received() == [f"820-{posting().control_number:09d}.edi"]
    assert list(partner.connector.folders.staging.iterdir()) == [], "the late copy is gone"


def test_ar_is_down_for_a_night_and_everything_arrives_in_the_morning(desk: Desk, run: UUID, partner: Partner) -> None:
    out = partner.connector.folders.out
    out.rmdir()
    for _ in range(40):
        assert partner.push() == 0
        partner.now += LONGEST_PAUSE
    failed = posting()
    assert failed.state == "staged"
    assert "FileNotFoundError" in failed.last_error

    out.mkdir()
    assert partner.push() == 1
    assert len(partner.received()) == 1


def test_pauses_grow_from_seconds_to_a_quarter_of_an_hour() -> None:
    longest = [pause(attempts, lambda _, high: high) for attempts in (1, 2, 3, 8, 9, 100)]

    assert [each.total_seconds() for each in longest] == [5, 10, 20, 640, 900, 900]
    assert pause(3, lambda low, _: low) == timedelta(0)


def test_a_message_that_cannot_be_worded_waits_for_a_person(desk: Desk, run: UUID, partner: Partner) -> None:
    def refuses(_: ArPosting) -> bytes:
        raise Undeliverable("invoice number with a tilde")

    assert push_due(replace(partner.connector, render=refuses), clock=partner.clock) == 0
    dead = posting()
    assert (dead.state, dead.last_error) == ("dead", "invoice number with a tilde")
    assert partner.push() == 0

    replay(desk.people.erik, posting=dead.code, now=partner.now)

    assert partner.push() == 1
    with carrier(read_only=True):
        acts = AuditEvent.objects.filter(subject=f"posting {dead.control_number}").order_by("pk")
        assert list(acts.values_list("verb", "user_id")) == [
            ("posting given up", None),
            ("posting replayed", desk.people.erik.user_id),
        ]


def test_after_too_many_attempts_it_waits_for_a_person_with_the_last_reason(run: UUID, partner: Partner) -> None:
    set_posting(attempts=MAX_ATTEMPTS, last_error="FileNotFoundError: gone")

    partner.push()

    assert posting().state == "dead"
    assert posting().last_error.endswith("FileNotFoundError: gone")


def test_a_dead_posting_that_was_delivered_is_not_delivered_again_by_its_replay(
    desk: Desk, run: UUID, partner: Partner
) -> None:
    partner.push()
    for path in partner.connector.folders.out.iterdir():
        path.unlink()
    set_posting(state="dead")

    replay(desk.people.erik, posting=posting().code, now=partner.now)
    partner.push()

    assert partner.received() == []
    assert posting().state == "sent"


def test_a_vanished_staging_folder_proves_nothing(run: UUID, partner: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as dying:
        dying.setattr(outbox, "_deliver", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            partner.push()
    staging = partner.connector.folders.staging
    moved = staging.rename(staging.with_name("elsewhere"))
    partner.now += LEASE * 2

    assert partner.push() == 0
    assert posting().state == "staged"

    moved.rename(staging)
    partner.now += LONGEST_PAUSE
    assert partner.push() == 1


def test_two_workers_share_the_postings_and_send_each_once(desk: Desk, partner: Partner) -> None:
    for _ in range(4):
        desk.released(*(make_invoice(desk.people.harlow_west) for _ in range(3)), payments=3)

    delivered = at_once([partner.push] * 4)

    assert sum(count for count in delivered if isinstance(count, int)) == 12
    assert len(partner.received()) == 12
