"""The carrier engineer's night: board, runs and their proofs, quarantine, accounts; and who may see none of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing_sources import checks, replies, runs
from billing_sources.calendar import Cycle, closing_cycle
from billing_sources.models import (
    FileReply,
    ImportFile,
    ImportRun,
    QuarantinedInvoice,
)
from billing_sources.staff.board import Month, last_closed, read_month
from billing_sources.staff.board_cells import BoardPage, board_page
from billing_sources.staff.file_queries import get_file
from billing_sources.staff.rules import plain_words
from billing_sources.staff.run_queries import get_run
from portal.tenancy import carrier, ingest
from tests.billing_sources.staff import BILLS, HELD, ORDER, Night, figure, signed_in, text_of, write
from tests.factories import make_invoices

pytest_plugins = ["tests.billing_sources.staff"]

PROJECT = Path(__file__).resolve().parents[2]
NOVEMBER = Month(2026, 11)
PAGES = (
    "bill_cycles",
    "import_runs",
    "quarantine",
    "account_links",
    "account_link",
    "suggested_links",
    "terms",
    "coverage",
)
CODED_PAGES = ("import_run", "import_file", "held_invoice")
ACTS = ("invoice_release", "invoice_discard", "account_link", "suggested_links")
CODED_ACTS = ("file_replay", "file_discard")


def every_address(made: Night) -> list[tuple[str, str]]:
    """(method, address) of every page and act, with codes that exist."""
    codes = {"import_run": made.run.code, "held_invoice": made.held().code}
    file = made.file().code
    return [
        *(("get", reverse(name)) for name in PAGES),
        *(("get", reverse(name, args=[codes.get(name, file)])) for name in CODED_PAGES),
        *(("post", reverse(name)) for name in ACTS),
        *(("post", reverse(name, args=[file])) for name in CODED_ACTS),
        ("post", reverse("import_now", args=["atlas"])),
    ]


def test_nobody_but_an_engineer_finds_any_of_these_pages(bills_came_in: Night) -> None:
    people = bills_came_in.people
    strangers = [people.sam.user_id, people.dana.user_id, people.ada.user_id, people.carol.user_id]
    for client in map(signed_in, strangers):
        for method, address in every_address(bills_came_in):
            assert getattr(client, method)(address).status_code == 404, address


def test_whoever_is_not_signed_in_is_sent_to_sign_in(bills_came_in: Night) -> None:
    for method, address in every_address(bills_came_in):
        answer = getattr(Client(), method)(address)
        assert answer.status_code == 302 and answer.headers["Location"].startswith("/account/login/"), address


def test_a_code_that_nothing_has_is_not_found(bills_came_in: Night) -> None:
    erik, link = bills_came_in.erik, bills_came_in.link()
    for name in CODED_PAGES:
        assert erik.get(reverse(name, args=[uuid4()])).status_code == 404
    for name in CODED_ACTS:
        assert erik.post(reverse(name, args=[uuid4()]), {"reason": "x"}).status_code == 404
    for name in ("invoice_release", "invoice_discard"):
        for code in (str(uuid4()), "no code"):
            assert erik.post(reverse(name), {"invoice": code, "reason": "x"}).status_code == 404
    assert erik.post(reverse("import_now", args=["zeppelin"])).status_code == 404
    page = reverse("account_link")
    assert erik.get(page, {"account": [str(link.code), str(uuid4())]}).status_code == 404
    assert erik.get(page, {"account": str(link.code), "customer": str(uuid4())}).status_code == 404
    assert erik.post(page, {"account": str(link.code), "customer": "no code"}).status_code == 404


def test_a_change_is_never_made_by_a_link(bills_came_in: Night) -> None:
    for method, address in every_address(bills_came_in):
        if method == "post" and address not in (reverse("account_link"), reverse("suggested_links")):
            assert bills_came_in.erik.get(address).status_code == 405, address


def test_the_proof_of_a_file_adds_up_on_its_page(bills_came_in: Night) -> None:
    file = bills_came_in.file()
    with carrier():
        detail = get_file(file.code)
    assert detail is not None
    bills, amount = detail.row.proof
    assert (bills.declared, bills.read, bills.loaded, bills.held) == ("24", "24", "22", "2")
    assert figure(amount.read) == figure(amount.loaded) + figure(amount.held)
    assert (bills.word, bills.tone) == ("2 held", "warn")

    page = text_of(bills_came_in.erik.get(reverse("import_file", args=[file.code])))
    assert "The total with tax is not the total without tax plus the tax." in page
    assert "A date, amount or currency of the bill cannot be read." in page
    assert file.document.sha256 in page and "A2-20261105.x12" in page


def test_who_waits_in_quarantine_is_counted_whether_held_alone_or_within_a_file(bills_came_in: Night) -> None:
    bills_came_in.import_order(replace(ORDER, cycle="3", faults=("truncated",)))
    with carrier(read_only=True):
        bills = QuarantinedInvoice.objects.filter(state="held").count()
        files = ImportFile.objects.filter(state="quarantined").count()
    assert bills
    assert files
    page = bills_came_in.erik.get(reverse("quarantine")).content.decode()
    assert f"Waiting <b>{bills + files}</b>" in page


def test_a_run_tells_what_it_created_and_what_it_had_seen_before(bills_came_in: Night) -> None:
    again = bills_came_in.import_files([write(ORDER, bills_came_in.folder)])
    with carrier():
        first = get_run(bills_came_in.run.code, datetime.now(UTC))
        second = get_run(again.code, datetime.now(UTC))
    assert first is not None and second is not None
    assert (first.created, first.revised, len(first.files), first.receipts_count) == ("22", "0", 1, 0)
    assert (second.created, len(second.files), second.receipts_count) == ("0", 0, 1)
    assert second.receipts[0].url == first.files[0].url

    page = text_of(bills_came_in.erik.get(second.row.url))
    assert "1 file seen before" in page and "Nothing new" in page


def test_a_run_that_failed_says_why_and_stands_among_the_troubled(bills_came_in: Night) -> None:
    failed = runs.start(runs.billing_system("atlas"), "nightly", datetime.now(UTC))
    runs.finish(failed, datetime.now(UTC), "OSError: the folder is gone")
    assert "the folder is gone" in text_of(bills_came_in.erik.get(reverse("import_run", args=[failed.code])))

    quiet = bills_came_in.import_files([])
    troubled = bills_came_in.erik.get(reverse("import_runs"), {"state": "trouble"}).content.decode()
    assert str(failed.code) in troubled and str(bills_came_in.run.code) in troubled
    assert str(quiet.code) not in troubled


def test_while_a_run_goes_on_its_bar_is_asked_for_and_then_the_page(bills_came_in: Night) -> None:
    run = runs.start(runs.billing_system("atlas"), "staff", datetime.now(UTC))
    address = reverse("import_run", args=[run.code])
    whole = bills_came_in.erik.get(address).content.decode()
    assert f'hx-get="{address}"' in whole and "<noscript>" in whole

    bar = bills_came_in.erik.get(address, headers={"HX-Request": "true"})
    assert "<html" not in bar.content.decode() and 'hx-trigger="every 1s"' in bar.content.decode()
    assert 'id="so-far" hx-swap-oob="true"' in bar.content.decode()

    runs.finish(run, datetime.now(UTC))
    assert bills_came_in.erik.get(address, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"


def test_import_now_leaves_a_run_for_the_worker_that_it_wakes(bills_came_in: Night, woken: list[int]) -> None:
    address = reverse("import_now", args=["atlas"])
    answer = bills_came_in.erik.post(address)
    with carrier():
        run = ImportRun.objects.get(trigger="staff")
    assert (run.state, run.started_by_id) == ("ready", bills_came_in.people.erik.user_id)
    assert answer.headers["Location"] == reverse("import_run", args=[run.code])
    assert woken == [run.pk]

    assert bills_came_in.erik.post(address).headers["Location"] == answer.headers["Location"], (
        "twice pressed is one import"
    )
    assert woken == [run.pk]


def board(month: Month, now: datetime) -> BoardPage:
    with carrier(read_only=True):
        return board_page(read_month(month), month, now, ("", ""), {})


def words(page: BoardPage) -> list[str]:
    return [cell.word for cell in page.rows[0].cells if cell]


def test_the_board_tells_published_held_late_and_expected(bills_came_in: Night) -> None:
    assert words(board(NOVEMBER, datetime(2026, 11, 10, tzinfo=UTC))) == ["–", "2 of 24 held", "20 Nov"]
    assert words(board(NOVEMBER, datetime(2026, 11, 21, 6, tzinfo=UTC)))[2] == "late 6 h"
    assert words(board(NOVEMBER.shifted(-1), datetime(2026, 11, 10, tzinfo=UTC))) == ["–", "–", "–"]
    assert words(board(NOVEMBER.shifted(1), datetime(2026, 12, 4, tzinfo=UTC))) == ["late 2 d", "5 Dec", "20 Dec"]

    bills_came_in.import_order(replace(ORDER, cycle="3", billed_on=date(2026, 11, 20), faults=()))
    assert words(board(NOVEMBER, datetime(2026, 11, 21, tzinfo=UTC)))[2].endswith(" to link")


def test_a_file_held_whole_stands_where_a_cycle_closed_last_before_it_came(bills_came_in: Night) -> None:
    bills_came_in.import_order(replace(ORDER, cycle="3", faults=("truncated",)))
    now = datetime.now(UTC)
    this = Month(now.year, now.month)
    shown = [word for month in (this.shifted(-1), this) for word in words(board(month, now))]
    assert shown.count("1 file held") == 1


def test_what_a_system_has_proven_is_what_its_bills_state_as_due(bills_came_in: Night) -> None:
    (row,) = board(NOVEMBER, datetime(2026, 11, 10, tzinfo=UTC)).rows
    assert row.proven == (f"USD {bills_came_in.file().loaded_amount:,.2f}",)


def test_a_bill_belongs_to_the_cycle_it_names_else_to_the_one_that_closed_last() -> None:
    cycles = [Cycle("1", 5), Cycle("2", 20)]
    assert closing_cycle(cycles, "2", 6) == "2"
    assert closing_cycle(cycles, "", 6) == "1"
    assert closing_cycle(cycles, "unheard of", 27) == "2"
    assert closing_cycle(cycles, "", 3) == "1", "dated before the first cycle closes"
    assert closing_cycle([], "2", 3) == ""


def test_a_file_without_bills_belongs_where_its_run_was_rung_or_where_a_cycle_closed_last() -> None:
    cycles = [Cycle("1", 5), Cycle("2", 28)]
    assert last_closed(cycles, "", date(2026, 11, 6)) == (NOVEMBER, "1")
    assert last_closed(cycles, "", date(2026, 11, 4)) == (Month(2026, 10), "2")
    assert last_closed(cycles, "2", date(2026, 12, 2)) == (NOVEMBER, "2"), "a bell rung late, over the end of a month"
    assert last_closed(cycles, "2", date(2027, 1, 4)) == (Month(2026, 12), "2")
    assert last_closed([], "", date(2026, 11, 4)) == (NOVEMBER, "")


def test_the_board_opens_the_cell_that_needs_a_person_and_any_other_on_request(bills_came_in: Night) -> None:
    erik, address = bills_came_in.erik, reverse("bill_cycles")
    page = text_of(erik.get(address, {"month": "2026-11"}))
    assert "Atlas, cycle 2, November 2026" in page and "A2-20261105.x12" in page
    for strange in ({"month": "2026-13"}, {"month": "x"}, {"system": "castle", "cycle": "9"}):
        assert erik.get(address, strange).status_code == 200


def test_a_charge_with_an_unknown_name_is_listed_with_its_money(bills_came_in: Night) -> None:
    page = text_of(bills_came_in.erik.get(reverse("terms")))
    assert "Orbital relay levy" in page and "Atlas" in page and "USD" in page


RULE_ID = re.compile(
    r"\b(?:X12|EN|XML|EBC|CAS|BR-CO|CHAIN|CUR|DATE|ACC|LEN|VOCAB|DUP|CONTROL|PROOF|POISON|READ)-[A-Z0-9]+\b"
)


def rule_ids() -> set[str]:
    """Those that the checks know, and those that the readers and their documentation speak of."""
    texts = [*PROJECT.glob("docs/sources/*.md"), *PROJECT.glob("billing_sources/readers/**/*.py")]
    found = {rule for path in texts for rule in RULE_ID.findall(path.read_text())}
    return found | set(checks.RULES)


@pytest.mark.parametrize("rule", sorted(rule_ids()))
def test_every_rule_is_explained_in_plain_words(rule: str) -> None:
    meaning, advice = plain_words(rule)
    assert rule not in meaning and meaning.endswith(".") and advice


def queries_of(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def grow_quarantine(made: Night) -> None:
    with ingest():
        file = ImportFile.objects.get(run=made.run)
        QuarantinedInvoice.objects.bulk_create(
            QuarantinedInvoice(file=file, number=f"Q-{n}", currency="USD", amount=n) for n in range(60)
        )


def grow_links(made: Night) -> None:
    made.import_order(replace(ORDER, accounts=90, invoices=90, cycle="3", faults=()))


def grow_files(made: Night) -> None:
    days = [made.import_order(replace(ORDER, billed_on=date(2026, 11, day), faults=())) for day in range(6, 12)]
    with ingest():
        ImportFile.objects.filter(run__in=days).update(run=made.run)


GROWING: list[tuple[str, Callable[[Night], None]]] = [
    ("bill_cycles", grow_files),
    ("import_runs", grow_files),
    ("import_run", grow_files),
    ("import_file", grow_quarantine),
    ("quarantine", grow_quarantine),
    ("account_links", grow_links),
    ("terms", grow_files),
]


@pytest.mark.parametrize(("name", "grow"), GROWING, ids=[name for name, _ in GROWING])
def test_a_page_asks_the_database_as_often_however_much_there_is(
    bills_came_in: Night, name: str, grow: Callable[[Night], None]
) -> None:
    codes = {"import_run": [bills_came_in.run.code], "import_file": [bills_came_in.file().code]}
    address = reverse(name, args=codes.get(name))
    few = queries_of(bills_came_in.erik, address)
    grow(bills_came_in)
    assert queries_of(bills_came_in.erik, address) == few
    assert few <= 24


def test_the_board_counts_every_one_of_six_thousand_bills_in_six_questions(bills_came_in: Night) -> None:
    make_invoices([bills_came_in.people.harlow_root], 6000)
    with carrier(read_only=True), CaptureQueriesContext(connection) as asked:
        (system,) = read_month(NOVEMBER)
    tallies = system.tallies.values()
    assert sum(tally.published for tally in tallies) == 6000
    assert sum(tally.unlinked for tally in tallies) == BILLS - HELD
    assert len(asked) == 6


def test_a_system_that_never_sent_anything_can_be_started(bills_came_in: Night, woken: list[int]) -> None:
    board = bills_came_in.erik.get(reverse("bill_cycles")).content.decode()
    assert reverse("import_now", args=["boreal"]) in board
    bills_came_in.erik.post(reverse("import_now", args=["boreal"]))
    with carrier():
        run = ImportRun.objects.select_related("system").get(trigger="staff")
    assert (run.system.key, run.system.name, woken) == ("boreal", "Boreal", [run.pk])


def test_the_page_of_a_file_tells_what_its_sender_was_told(bills_came_in: Night, settings: Any) -> None:
    file = bills_came_in.file()
    address = reverse("import_file", args=[file.code])
    with ingest():
        reply = FileReply.objects.get(file=file)
    page = text_of(bills_came_in.erik.get(address))
    assert "What Atlas was told" in page and reply.name in page and "Waiting" in page
    assert "AK9*P*23*23*21" in page and "AK9*A*1*1*1" in page  # 811s, and an 810 in a group of its own

    settings.INBOUND_DIR.mkdir()
    (settings.INBOUND_DIR / "atlas").write_text("no folder")
    replies.send(reply.pk, datetime.now(UTC))
    assert "1 attempt failed, the last: " in text_of(bills_came_in.erik.get(address))
    (settings.INBOUND_DIR / "atlas").unlink()
    replies.send(reply.pk, datetime.now(UTC))
    assert "Sent" in text_of(bills_came_in.erik.get(address))
