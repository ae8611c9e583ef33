"""Reading ahead gives the same as reading in turn, whatever goes wrong on either side."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal, getcontext, localcontext

import pytest

from billing_sources import night, runs
from billing_sources.export import exported
from billing_sources.models import ImportRun
from billing_sources.read_ahead import read_ahead
from billing_sources.transports import Payload
from tests.billing_sources.bills import Desk, cycle_file, files_of


class Torn(Exception):
    pass


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "read ahead"]


def test_items_come_in_order_and_the_reader_is_gone_afterwards() -> None:
    assert list(read_ahead(iter(range(1000)))) == list(range(1000))
    assert list(read_ahead(iter([]))) == []
    assert readers() == []


def test_what_the_reader_raises_is_raised_where_it_is_used_after_what_came_before() -> None:
    def torn() -> Iterator[int]:
        yield 1
        raise Torn

    seen = []
    with pytest.raises(Torn):
        for item in read_ahead(torn()):
            seen.append(item)
    assert seen == [1]
    assert readers() == []


def test_a_reader_is_never_far_ahead_and_stops_when_nobody_takes_any_more() -> None:
    made: list[int] = []

    def endless() -> Iterator[int]:
        while True:
            made.append(len(made))
            yield made[-1]

    ahead = read_ahead(endless())
    for wanted in range(5):
        assert next(ahead) == wanted
        assert len(made) <= wanted + 5
    with pytest.raises(Torn):
        ahead.throw(Torn)  # type: ignore[attr-defined]  # a generator
    assert readers() == []


def test_amounts_are_read_at_the_precision_of_whoever_asks() -> None:
    with localcontext(prec=70):
        assert list(read_ahead(getcontext().prec for _ in range(2))) == [70, 70]
        assert list(read_ahead(Decimal(1) / 3 for _ in range(1)))[0] == Decimal(1) / 3


def test_a_file_comes_out_the_same_at_night_and_while_a_person_waits(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("billing_sources.reading.BATCH_BILLS", 3)
    path = desk.write(cycle_file(faults=("wrong_total", "unknown_term", "duplicate_bill")))
    first = desk.take("atlas", path)
    at_night = runs.start(runs.billing_system("atlas"), ImportRun.Trigger.NIGHTLY, datetime.now(UTC))
    twin = path.with_name("twin")
    twin.write_bytes(path.read_bytes() + b"\n")
    night.work_on(at_night.pk, [Payload.of(twin)])
    (second,) = files_of(at_night)
    assert (second.unchanged, second.read_amount) == (first.created, first.read_amount)
    assert (second.held_bills, second.state) == (first.held_bills, first.state)
    assert len(list(exported("atlas"))) == first.created
