"""Bills read from a database that others write into: nothing skipped, nothing half, nothing written."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from billing_sources import archive, night, runs
from billing_sources.adapters.ferry import FERRY
from billing_sources.canonical import BillType
from billing_sources.models import ImportFile, ImportRun, RawDocument
from billing_sources.places import place_of
from billing_sources.transports import NotReached, Payload, Place
from portal import embedded
from portal.demo import ferry_database
from portal.tenancy import ingest
from tests.billing_sources.bills import files_of, invoices
from tests.billing_sources.jbilling_texts import bill, bills_in, line, parsed, payload


class Ferry:
    """The system's own database, and its people at work in it."""

    name = "ferry"

    def __init__(self, server: str) -> None:
        self.reader = ferry_database.create(server, self.name)
        self.writer = make_conninfo(server, dbname=self.name)
        self.owner = psycopg.connect(self.writer, autocommit=True)

    def another(self) -> psycopg.Connection:
        return psycopg.connect(self.writer, options="-c lock_timeout=5s")

    def bill(self, number: int, amount: str = "100.00", by: psycopg.Connection | None = None) -> None:
        stated = bill(line(amount), invoice={"id": number, "public_number": f"F-{number}"})
        stated["lines"][0]["id"] = number
        ferry_database.fill(by or self.owner, BytesIO(payload(stated)))

    def place(self, mark: str = "", **settings: str) -> Place:
        return Place(Path("nowhere"), {"URL": self.reader, **settings}, mark)

    def fetch(self, mark: str = "") -> list[Payload]:
        return list(FERRY.transport.fetch(self.place(mark)))


@pytest.fixture(scope="module")
def server(worker_id: str) -> Iterator[str]:
    """A PostgreSQL server of ferry's own, at rest: a mark stands at the oldest open transaction of a whole server."""
    data = embedded.var_dir() / f"ferry_{worker_id}"
    address = embedded.start_postgres(data)
    with psycopg.connect(address, autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET autovacuum = off")
        admin.execute("SELECT pg_reload_conf()")
    yield address
    embedded.stop_postgres(data)


@pytest.fixture
def ferry(server: str) -> Iterator[Ferry]:
    ferry = Ferry(server)
    yield ferry
    ferry.owner.close()


def numbers(*fetched: Payload) -> list[str]:
    return [one.number for payload in fetched for one in bills_in(parsed(payload.open().read()))]


def test_a_bill_committed_late_by_a_long_transaction_is_not_skipped(ferry: Ferry) -> None:
    ferry.bill(9)
    slow = ferry.another()
    ferry.bill(1, by=slow)
    ferry.bill(2)
    [first] = ferry.fetch()
    assert numbers(first) == ["F-2", "F-9"]
    slow.commit()
    [second] = ferry.fetch(first.mark)
    assert numbers(second) == ["F-1", "F-2"]  # what lay between comes twice, and loads as unchanged
    assert ferry.fetch(second.mark) == []


def test_a_bill_changed_or_deleted_softly_comes_again_and_others_do_not(ferry: Ferry) -> None:
    for number in (1, 2, 3):
        ferry.bill(number)
    [first] = ferry.fetch()
    ferry.owner.execute("UPDATE invoice SET deleted = 1 WHERE id = 1")
    ferry.owner.execute("UPDATE invoice_line SET description = 'Renamed' WHERE invoice_id = 3")
    [second] = ferry.fetch(first.mark)
    assert [(one.number, one.bill_type) for one in bills_in(parsed(second.open().read()))] == [
        ("F-1", BillType.VOID),
        ("F-3", BillType.INVOICE),
    ]


def test_a_draft_is_no_bill_until_it_is_approved(ferry: Ferry) -> None:
    ferry.bill(1)
    ferry.owner.execute("UPDATE invoice SET is_review = 1")
    assert ferry.fetch() == []
    ferry.owner.execute("UPDATE invoice SET is_review = 0")
    assert numbers(*ferry.fetch()) == ["F-1"]


def test_a_number_that_lives_again_is_not_void(ferry: Ferry) -> None:
    ferry.bill(1)
    ferry.bill(2)
    ferry.owner.execute("UPDATE invoice SET deleted = 1 WHERE id = 1")
    ferry.owner.execute("UPDATE invoice SET public_number = 'F-1' WHERE id = 2")
    [fetched] = ferry.fetch()
    [living] = bills_in(parsed(fetched.open().read()))
    assert (living.number, living.bill_type) == ("F-1", BillType.INVOICE)


def test_a_mark_of_another_database_or_of_the_future_reads_everything(ferry: Ferry) -> None:
    ferry.bill(1)
    [fetched] = ferry.fetch()
    database, _, transaction = fetched.mark.rpartition(".")
    for mark in ("1.1.5", "", f"{database}.{int(transaction) + 10_000}", f"{database}.{int(transaction) - (1 << 33)}"):
        assert numbers(*ferry.fetch(mark)) == ["F-1"], mark


def test_a_row_older_than_the_mark_by_a_whole_round_of_numbers_does_not_hide_a_new_one(ferry: Ferry) -> None:
    ferry.bill(1)
    [fetched] = ferry.fetch()
    database, _, transaction = fetched.mark.rpartition(".")
    assert numbers(*ferry.fetch(f"{database}.{int(transaction) - (1 << 31) + 1_000}")) == ["F-1"]


def test_a_connection_cut_while_bills_stream_offers_nothing(ferry: Ferry) -> None:
    for number in range(1, 4):
        ferry.bill(number)
    lock = ferry.another()
    lock.execute("LOCK TABLE mediation_record_line")  # the query waits for it
    failure: list[BaseException] = []

    def fetch() -> None:
        try:
            ferry.fetch()
        except NotReached as refused:
            failure.append(refused)

    fetching = threading.Thread(target=fetch)
    fetching.start()
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = %s"
    while fetching.is_alive() and not ferry.owner.execute(cut, [ferry_database.READER]).fetchall():
        fetching.join(0.01)
    fetching.join()
    lock.rollback()
    assert "terminating connection" in str(failure[0])
    assert numbers(*ferry.fetch()) == ["F-1", "F-2", "F-3"]


def test_a_connection_cut_between_two_rows_offers_nothing(ferry: Ferry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("billing_sources.transports.sql._ROWS_AT_A_TIME", 1)
    for number in range(1, 4):
        ferry.bill(number)
    cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'ferry_reader'"
    rows_seen = iter(range(3))
    real = psycopg.ServerCursor.__next__

    def cut_after_the_first(cursor: psycopg.ServerCursor) -> object:
        if next(rows_seen) == 1:
            ferry.owner.execute(cut)
        return real(cursor)

    monkeypatch.setattr(psycopg.ServerCursor, "__next__", cut_after_the_first)
    with pytest.raises(NotReached):
        ferry.fetch()


def test_a_login_that_may_write_is_refused(ferry: Ferry) -> None:
    ferry.bill(1)
    ferry.owner.execute("GRANT UPDATE ON payment TO ferry_reader")
    with pytest.raises(NotReached, match="may write payment"):
        ferry.fetch()
    with pytest.raises(NotReached, match="may write"):
        list(FERRY.transport.fetch(ferry.place(URL=ferry.writer)))


def test_a_slow_database_and_a_wrong_address_are_told_without_the_password(ferry: Ferry) -> None:
    wrong = (
        "postgresql://reader:s3cret@",
        "host=/nowhere password=s3cret user=x",
        "no address s3cret",
        "host=/nowhere",
    )
    for address in wrong:
        with pytest.raises(NotReached) as refused:
            list(FERRY.transport.fetch(ferry.place(URL=address)))
        assert "s3cret" not in str(refused.value)
    with pytest.raises(NotReached, match="does not say URL"):
        list(FERRY.transport.fetch(Place(Path("nowhere"))))


def test_no_answer_is_ever_written_back(ferry: Ferry) -> None:
    with pytest.raises(NotReached, match="read only"):
        FERRY.transport.deliver(ferry.place(), "F.ack", b"thank you")


def test_amounts_come_with_every_digit_that_the_database_holds(ferry: Ferry) -> None:
    ferry.bill(1, "999999999999.3000000001")
    [fetched] = ferry.fetch()
    assert b'"amount": "999999999999.3000000001"' in fetched.open().read().replace(b'" : "', b'": "')


@pytest.fixture
def night_of_ferry(database: str, ferry: Ferry, monkeypatch: pytest.MonkeyPatch) -> Ferry:
    monkeypatch.setenv("TRIBUTARY_FERRY_URL", ferry.reader)
    return ferry


def run_a_night() -> ImportRun:
    run = runs.start(runs.billing_system("ferry"), ImportRun.Trigger.NIGHTLY, datetime.now(UTC))
    assert night.work_on(run.pk)
    with ingest():
        run.refresh_from_db()
    return run


def test_a_night_loads_what_is_new_and_the_next_has_nothing_to_do(night_of_ferry: Ferry) -> None:
    night_of_ferry.bill(1)
    [file] = files_of(run_a_night())
    assert (file.state, file.created, file.loaded_amount) == (ImportFile.State.PUBLISHED, 1, 100)
    assert files_of(run_a_night()) == []
    night_of_ferry.bill(1, "120.00")
    [file] = files_of(run_a_night())
    assert (file.created, file.revised) == (0, 1)
    night_of_ferry.owner.execute("UPDATE invoice SET deleted = 1")
    [file] = files_of(run_a_night())
    assert (file.created, file.revised) == (0, 1)
    assert [invoice.payable for invoice in invoices(number="F-1", is_current=True)] == [0]


def test_a_payment_at_the_source_revises_no_bill(night_of_ferry: Ferry) -> None:
    night_of_ferry.bill(1)
    run_a_night()
    night_of_ferry.owner.execute("UPDATE invoice SET balance = 0, status_id = 26")
    night_of_ferry.owner.execute("INSERT INTO payment (id, result_id) VALUES (1, 1)")
    night_of_ferry.owner.execute("INSERT INTO payment_invoice VALUES (1, 1, 1, 100)")
    [file] = files_of(run_a_night())
    assert (file.created, file.revised, file.unchanged) == (0, 0, 1)


def test_two_runs_at_once_load_each_bill_once(night_of_ferry: Ferry) -> None:
    for number in range(1, 6):
        night_of_ferry.bill(number)
    place = place_of(runs.billing_system("ferry"))
    ours, theirs = (list(FERRY.transport.fetch(place)) for _ in range(2))
    for offered in (ours, theirs):
        run = runs.start(runs.billing_system("ferry"), ImportRun.Trigger.COMMAND, datetime.now(UTC))
        night.work_on(run.pk, offered)
    assert len(invoices()) == 5
    with ingest():
        assert RawDocument.objects.count() == 1  # the same bytes, whoever fetched them


def test_a_death_between_archive_and_publish_is_made_good_by_the_next_run(night_of_ferry: Ferry) -> None:
    night_of_ferry.bill(1)
    system = runs.billing_system("ferry")
    run = runs.start(system, ImportRun.Trigger.NIGHTLY, datetime.now(UTC))
    runs.begin(run)
    [offered] = FERRY.transport.fetch(place_of(system))
    document = archive.keep(offered, system, datetime.now(UTC))
    runs.receive(run, document, datetime.now(UTC))  # and here the worker dies
    assert place_of(system).mark == ""  # what is kept counts once it was dealt with
    night_of_ferry.bill(2)
    assert night.work_on(run.pk)  # the sweep finds the run
    assert [(invoice.number, invoice.revision) for invoice in invoices()] == [("F-1", 1), ("F-2", 1)]
    assert place_of(system).mark != ""


def test_a_death_before_the_archive_leaves_the_mark_where_it_was(night_of_ferry: Ferry) -> None:
    night_of_ferry.bill(1)
    list(FERRY.transport.fetch(place_of(runs.billing_system("ferry"))))
    assert place_of(runs.billing_system("ferry")).mark == ""
    run_a_night()
    assert [invoice.number for invoice in invoices()] == ["F-1"]
