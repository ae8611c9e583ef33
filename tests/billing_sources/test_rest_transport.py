"""Bills over REST from a real server on this machine, hostile first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

import pytest

from billing_sources import night, runs
from billing_sources.adapters.delta import DELTA
from billing_sources.canonical import CanonicalInvoice, ControlTotals
from billing_sources.generator import CycleOrder, corrected_file, generate_cycle
from billing_sources.models import ImportRun
from billing_sources.report import report
from billing_sources.transports import NotReached, Place, Rest
from billing_sources.transports.rest_session import Limits
from portal.demo.delta_api import DeltaApi, Fault
from tests.billing_sources.bills import Desk, files_of, invoices

ORDER = CycleOrder(
    "delta", customers=16, accounts=20, invoices=25, seed=7, billed_on=date(2026, 11, 20), cycle="2", calls=2
)
QUICK = Limits(attempts=3, pause=0.01, longest_pause=0.05, timeout=0.4, patience=1.0, largest=1 << 20)
assert isinstance(DELTA.transport, Rest)
REST = replace(DELTA.transport, page_size=10, limits=QUICK)


@pytest.fixture
def api(tmp_path: Path) -> Iterator[DeltaApi]:
    folder = tmp_path / "delta"
    next(iter(generate_cycle(ORDER))).write_into(folder)
    with DeltaApi(folder) as served:
        yield served


def place(api: DeltaApi, mark: str = "", **settings: str) -> Place:
    said = {name: text for name, text in {**api.settings, **settings}.items() if text}
    return Place(Path("nowhere"), said, mark)


def fetched(api: DeltaApi, mark: str = "", rest: Rest = REST, **settings: str) -> tuple[bytes, str]:
    """Bytes and mark of the only payload, b"" where there is none."""
    with closing(rest.fetch(place(api, mark, **settings))) as payloads:  # type: ignore[type-var]  # it is a generator
        for payload in payloads:
            with payload.open() as stream:
                return stream.read(), payload.mark
    return b"", ""


def bills(text: bytes) -> list[CanonicalInvoice]:
    return [one for one in DELTA.read(BytesIO(text), DELTA) if isinstance(one, CanonicalInvoice)]


# What goes wrong for good.


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        (Fault.UNAVAILABLE, "503"),
        (Fault.THROTTLED, "429"),
        (Fault.CUT, "given up after 3 attempts"),
        (Fault.BROKEN, "not JSON"),
        (Fault.SLOW, "ReadTimeout"),
        (Fault.FORBIDDEN, "mend TOKEN"),
        (Fault.MISSING, "404"),
        (Fault.HTML, "text/html"),
        (Fault.ELSEWHERE, "302"),
        (Fault.HUGE, "larger than"),
        (Fault.SHIFTED, "came"),
    ],
)
def test_a_server_that_keeps_failing_is_not_reached_and_nothing_is_offered(
    api: DeltaApi, fault: Fault, word: str
) -> None:
    api.plant(fault, times=20)
    with pytest.raises(NotReached, match=word):
        fetched(api)


def test_a_charge_page_that_keeps_failing_takes_the_bills_with_it(api: DeltaApi) -> None:
    api.plant(Fault.UNAVAILABLE, at="appliedCustomerBillingRate", times=20)
    with pytest.raises(NotReached):
        fetched(api)


def test_a_token_is_never_shown_and_never_sent_elsewhere(api: DeltaApi) -> None:
    with pytest.raises(NotReached) as refused:
        fetched(api, TOKEN="hunter2")
    assert "hunter2" not in str(refused.value)
    with pytest.raises(NotReached, match="not among the hosts"):
        fetched(api, ACCOUNTS_URL="http://192.0.2.1/accounts")
    with pytest.raises(NotReached, match="https"):
        fetched(api, URL="http://billing.example/v5")


def test_an_address_that_the_environment_does_not_name_is_said_so() -> None:
    with pytest.raises(NotReached, match="URL"):
        next(iter(REST.fetch(Place(Path("nowhere")))))


def test_nobody_at_the_address_is_not_reached() -> None:
    with pytest.raises(NotReached, match="ConnectError"):
        next(iter(REST.fetch(Place(Path("nowhere"), {"URL": "http://127.0.0.1:9"}))))


# What passes.


@pytest.mark.parametrize(
    "fault",
    [Fault.UNAVAILABLE, Fault.THROTTLED, Fault.CUT, Fault.BROKEN, Fault.SLOW, Fault.CHANGED_TOTAL, Fault.SHIFTED],
)
def test_what_passes_is_tried_again_and_the_bytes_are_as_if_nothing_had_been(api: DeltaApi, fault: Fault) -> None:
    whole, mark = fetched(api)
    api.plant(fault)
    assert fetched(api) == (whole, mark)
    assert len(bills(whole)) == 25


def test_a_collection_that_changes_while_it_is_read_is_read_again(api: DeltaApi, tmp_path: Path) -> None:
    """The last page of bills is answered late; meanwhile another cycle is published."""
    whole, _ = fetched(api)
    api.plant(Fault.CHANGED_TOTAL)
    asked = len(api.requests)
    assert fetched(api)[0] == whole
    assert sum("/customerBill?offset=0" in line for line in api.requests[asked:]) >= 2


def test_retry_after_is_heeded_but_never_for_long(api: DeltaApi) -> None:
    api.plant(Fault.THROTTLED)
    patient = replace(REST, limits=replace(QUICK, longest_pause=0.2))
    assert fetched(api, rest=patient)[0]


# What is fetched.


def test_all_pages_come_with_all_that_belongs_to_them(api: DeltaApi) -> None:
    text, _ = fetched(api)
    buffer = BytesIO()
    manifest = next(iter(generate_cycle(ORDER))).write(buffer)
    found = bills(text)
    assert sum(len(bill.charges) for bill in found) == manifest.charges
    assert sum(len(bill.usage) for bill in found) == manifest.usage_records
    assert sum(bill.amount_due or 0 for bill in found) == manifest.amount_due
    assert list(DELTA.read(BytesIO(text), DELTA))[-1] == ControlTotals(bills=25)
    assert text.count(b"\ncustomerBill ") == 3


def test_the_size_of_pages_does_not_matter_to_what_is_read(api: DeltaApi) -> None:
    few, many = (bills(fetched(api, rest=replace(REST, page_size=size))[0]) for size in (3, 100))
    assert [(bill.number, len(bill.charges), bill.amount_due) for bill in few] == [
        (bill.number, len(bill.charges), bill.amount_due) for bill in many
    ]


def test_accounts_and_usage_are_fetched_only_where_they_are_served(api: DeltaApi) -> None:
    text, _ = fetched(api, ACCOUNTS_URL="", USAGE_URL="")
    assert b"\nusage " not in text and b"\nbillingAccount " not in text
    api.plant(Fault.MISSING, at="billCycle", times=3)
    assert b"\nbillCycle " not in fetched(api)[0]
    assert len(bills(text)) == 25


# Only what is new.


def test_an_unchanged_collection_offers_nothing_new(api: DeltaApi) -> None:
    _, mark = fetched(api)
    asked = len(api.requests)
    assert fetched(api, mark) == (b"", "")
    assert len(api.requests) == asked + 2


def test_a_new_cycle_is_fetched_and_what_is_known_is_not(api: DeltaApi, tmp_path: Path) -> None:
    _, mark = fetched(api)
    later = replace(ORDER, billed_on=date(2026, 12, 20), invoices=5, accounts=5)
    next(iter(generate_cycle(later))).write_into(tmp_path / "delta")
    text, newer = fetched(api, mark)
    numbers = {bill.number for bill in bills(text)}
    assert sum(number.startswith("D2-20261220-") for number in numbers) == 5
    assert newer > mark
    assert fetched(api, newer) == (b"", "")


def test_a_corrected_bill_is_fetched_again(api: DeltaApi, tmp_path: Path) -> None:
    _, mark = fetched(api)
    number = ORDER.number(3, ORDER.billed_on)
    corrected_file(ORDER, [number], -6).write_into(tmp_path / "delta")
    text, _ = fetched(api, mark)
    assert [bill.number for bill in bills(text) if bill.origin] and number in {bill.number for bill in bills(text)}


def test_a_bill_that_came_in_the_same_instant_is_not_missed(api: DeltaApi, tmp_path: Path) -> None:
    _, mark = fetched(api)
    another = replace(ORDER, cycle="4", invoices=2, accounts=2)
    next(iter(generate_cycle(another))).write_into(tmp_path / "delta")
    text, _ = fetched(api, mark)
    assert {bill.number[:3] for bill in bills(text)} == {"D2-", "D4-"}


def test_an_empty_collection_offers_nothing(tmp_path: Path) -> None:
    with DeltaApi(tmp_path) as api:
        assert fetched(api) == (b"", "")


# Answers, and the whole way in.


def test_an_acknowledgement_is_put_where_the_same_name_replaces_it(api: DeltaApi) -> None:
    REST.deliver(place(api), "bills/../2026 11.json", b"{}")
    REST.deliver(place(api), "bills/../2026 11.json", b"[]")
    assert list(api.acknowledgements.values()) == [b"[]"]


def test_a_night_takes_what_is_new_and_nothing_twice(
    api: DeltaApi, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in api.settings.items():
        monkeypatch.setenv(f"TRIBUTARY_DELTA_{name}", text)
    for _ in range(2):
        run = runs.start(runs.billing_system("delta"), ImportRun.Trigger.STAFF, datetime.now(UTC))
        assert night.work_on(run.pk)
        assert report(run).failure == ""
    assert files_of(run) == []
    assert len(invoices()) == 25
