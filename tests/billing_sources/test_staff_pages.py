"""The carrier engineer's night: board, runs and their proofs, quarantine, accounts; and who may see none of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing_sources import checks, night, runs, tasks
from billing_sources.board import Cycle, Month, closing_cycle, last_closed, read_month
from billing_sources.board_cells import BoardPage, board_page
from billing_sources.file_queries import get_file
from billing_sources.generator import CycleOrder, generate_cycle
from billing_sources.models import (
    AccountLink,
    BillCycle,
    BillingSystem,
    ImportFile,
    ImportRun,
    Invoice,
    QuarantinedInvoice,
)
from billing_sources.rules import plain_words
from billing_sources.run_queries import get_run
from billing_sources.transports import Payload
from portal.audit.models import AuditEvent
from portal.tenancy import acting, carrier, ingest
from portal.users.models import User
from tests.factories import make_invoices
from tests.personas import Personas

PROJECT = Path(__file__).resolve().parents[2]
NOVEMBER = Month(2026, 11)
ORDER = CycleOrder(
    "atlas",
    customers=2,
    accounts=24,
    invoices=24,
    seed=3,
    billed_on=date(2026, 11, 5),
    cycle="2",
    faults=("unknown_term", "wrong_total", "bad_date"),
)
BILLS, HELD = 24, 2  # an unknown term holds nothing back


@dataclass
class Night:
    """One atlas file with faults in it, imported; nobody has linked an account yet."""

    people: Personas
    erik: Client
    run: ImportRun
    folder: Path

    def import_order(self, order: CycleOrder) -> ImportRun:
        return self.import_files([write(order, self.folder)], order.system)

    def import_files(self, payloads: list[Payload], system: str = "atlas") -> ImportRun:
        run = runs.start(runs.billing_system(system), ImportRun.Trigger.COMMAND, datetime.now(UTC))
        night.work_on(run.pk, payloads)
        return run

    def file(self, run: ImportRun | None = None) -> ImportFile:
        with carrier():
            return ImportFile.objects.select_related("document").get(run=run or self.run)

    def held(self, readable: bool = True) -> QuarantinedInvoice:
        with carrier():
            return QuarantinedInvoice.objects.get(canonical__isnull=not readable)

    def link(self, **wanted: Any) -> AccountLink:
        with carrier():
            bills = Invoice.objects.filter(state=Invoice.State.HELD)
            return AccountLink.objects.filter(pk__in=bills.values("account_link"), **wanted).order_by("pk")[0]


@pytest.fixture
def bills_came_in(people: Personas, tmp_path: Path, woken: list[int]) -> Night:
    with carrier():
        system = BillingSystem.objects.create(key="atlas", name="Atlas")
        for code, day in (("1", 1), ("2", 5), ("3", 20)):
            BillCycle.objects.create(system=system, code=code, day=day)
    made = Night(people, signed_in(people.erik.user_id), ImportRun(), tmp_path)
    made.run = made.import_order(ORDER)
    return made


@pytest.fixture(autouse=True)
def plain_static_names(settings: Any) -> None:
    """Pages name their style sheets without the hashes that only collected files have."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Ids that workers were woken for, instead of a worker."""
    heard: list[int] = []
    monkeypatch.setattr(tasks, "wake", lambda task, row_id: heard.append(row_id))
    return heard


def signed_in(user_id: int) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=user_id), backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def write(order: CycleOrder, folder: Path) -> Payload:
    generated = next(generate_cycle(order))
    buffer = BytesIO()
    generated.write(buffer)
    path = folder / generated.name
    path.write_bytes(buffer.getvalue())
    return Payload(path.name, path)


PAGES = ("bill_cycles", "import_runs", "quarantine", "account_links", "account_link", "terms")
CODED_PAGES = ("import_run", "import_file", "held_invoice")
ACTS = ("invoice_release", "invoice_discard", "account_link")
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
    assert erik.post(reverse("import_now", args=["castle"])).status_code == 404
    page = reverse("account_link")
    assert erik.get(page, {"account": [str(link.code), str(uuid4())]}).status_code == 404
    assert erik.get(page, {"account": str(link.code), "customer": str(uuid4())}).status_code == 404
    assert erik.post(page, {"account": str(link.code), "customer": "no code"}).status_code == 404


def test_a_change_is_never_made_by_a_link(bills_came_in: Night) -> None:
    for method, address in every_address(bills_came_in):
        if method == "post" and address != reverse("account_link"):
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


def test_a_release_without_a_reason_is_refused(bills_came_in: Night, woken: list[int]) -> None:
    held = bills_came_in.held()
    for reason in ("", "   ", "x" * 501):
        answer = bills_came_in.erik.post(reverse("invoice_release"), {"invoice": held.code, "reason": reason})
        assert answer.status_code == 422
        assert "reason" in text_of(answer)
    with carrier():
        held.refresh_from_db()
    assert (held.state, woken) == ("held", [])


def test_a_released_bill_is_loaded_and_the_proof_still_adds_up(bills_came_in: Night, woken: list[int]) -> None:
    held = bills_came_in.held()
    bills_came_in.erik.post(reverse("invoice_release"), {"invoice": held.code, "reason": "The paper says the same"})
    assert woken == [held.pk]
    tasks.load_bill(held.pk)

    file = bills_came_in.file()
    assert (file.read_bills, file.loaded_bills, file.held_bills) == (BILLS, BILLS - HELD + 1, HELD - 1)
    assert file.read_amount == file.loaded_amount + file.held_amount
    page = text_of(bills_came_in.erik.get(reverse("held_invoice", args=[held.code])))
    assert "Released and loaded" in page and "The paper says the same" in page and "Erik" in page
    with carrier():
        assert Invoice.objects.filter(number=held.number).count() == 1


def test_a_bill_that_could_not_be_read_can_only_be_left_out(bills_came_in: Night, woken: list[int]) -> None:
    held = bills_came_in.held(readable=False)
    page = bills_came_in.erik.get(reverse("held_invoice", args=[held.code])).content.decode()
    assert ">Release<" not in page and ">Leave out<" in page

    fields = {"invoice": held.code, "reason": "It came corrected"}
    refused = bills_came_in.erik.post(reverse("invoice_release"), fields)
    assert refused.status_code == 422 and "correct it at its source" in text_of(refused)
    assert bills_came_in.erik.post(reverse("invoice_discard"), fields).status_code == 302
    with carrier():
        held.refresh_from_db()
    assert (held.state, held.reason, woken) == ("discarded", "It came corrected", [])


def test_of_several_bills_all_are_decided_or_none(bills_came_in: Night, woken: list[int]) -> None:
    both = [bills_came_in.held().code, bills_came_in.held(readable=False).code]
    refused = bills_came_in.erik.post(reverse("invoice_release"), {"invoice": both, "reason": "Known"})
    assert (refused.status_code, woken) == (422, [])
    with carrier():
        assert set(QuarantinedInvoice.objects.values_list("state", flat=True)) == {"held"}

    done = bills_came_in.erik.post(reverse("invoice_discard"), {"invoice": both, "reason": "Known"})
    assert done.status_code == 302
    page = text_of(bills_came_in.erik.get(reverse("import_file", args=[bills_came_in.file().code])))
    assert "2 left out" in page, "a file whose held bills are all decided waits for nobody"


def test_a_decision_cannot_be_made_twice(bills_came_in: Night) -> None:
    fields = {"invoice": bills_came_in.held().code, "reason": "Known"}
    bills_came_in.erik.post(reverse("invoice_discard"), fields)
    again = bills_came_in.erik.post(reverse("invoice_release"), fields)
    assert again.status_code == 422 and "decided already" in text_of(again)


def test_a_replay_makes_a_new_file_and_discards_the_old(bills_came_in: Night, woken: list[int]) -> None:
    old = bills_came_in.file()
    address = reverse("file_replay", args=[old.code])
    refused = bills_came_in.erik.post(address, {"reason": " "})
    assert refused.status_code == 422 and "Say why" in text_of(refused)

    bills_came_in.erik.post(address, {"reason": "The vocabulary knows the term now"})
    with carrier():
        run = ImportRun.objects.get(trigger="replay")
        old.refresh_from_db()
    assert woken == [run.pk]
    tasks.import_cycle(run.pk)
    new = bills_came_in.file(run)
    assert (old.state, new.state, new.document_id) == ("discarded", "published", old.document_id)
    assert (new.unchanged, new.held_bills, new.created) == (BILLS - HELD, HELD, 0)
    page = bills_came_in.erik.get(reverse("import_file", args=[old.code]))
    assert "The vocabulary knows the term now" in text_of(page)
    assert reverse("import_file", args=[new.code]) in page.content.decode()


def test_a_file_cut_short_is_held_whole_and_can_be_left_out_with_a_reason(bills_came_in: Night) -> None:
    cut = bills_came_in.file(bills_came_in.import_order(replace(ORDER, cycle="3", faults=("truncated",))))
    page = text_of(bills_came_in.erik.get(reverse("quarantine")))
    assert "The file ends too early: its end is missing." in page and "A3-20261105.x12" in page

    address = reverse("file_discard", args=[cut.code])
    assert bills_came_in.erik.post(address, {"reason": ""}).status_code == 422
    assert bills_came_in.erik.post(address, {"reason": "Sent again whole"}).status_code == 302
    with carrier():
        cut.refresh_from_db()
        assert AuditEvent.objects.filter(verb="discarded", user_id=bills_came_in.people.erik.user_id).exists()
    assert (cut.state, cut.discard_reason) == ("discarded", "Sent again whole")

    loaded = reverse("file_discard", args=[bills_came_in.file().code])
    refused = bills_came_in.erik.post(loaded, {"reason": "No"})
    assert refused.status_code == 422 and "held whole" in text_of(refused)


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


def test_linking_an_account_publishes_its_bills_to_the_customer(bills_came_in: Night) -> None:
    people, link = bills_came_in.people, bills_came_in.link()
    fields = {"account": link.code, "customer": people.harlow.code, "node": people.harlow_west.code, "do": "below"}
    answer = bills_came_in.erik.post(reverse("account_link"), fields, follow=True)
    assert "linked to Harlow Freight Group" in text_of(answer)
    with carrier():
        link.refresh_from_db()
        assert link.account is not None and link.account.parent_id == people.harlow_west.pk
    with acting(people.ada):
        assert Invoice.objects.filter(account_link=link).exists()
    with acting(people.carol):
        assert not Invoice.objects.exists()


def test_an_account_can_be_a_node_that_is_there_already(bills_came_in: Night) -> None:
    people, link = bills_came_in.people, bills_came_in.link()
    fields = {"account": link.code, "customer": people.harlow.code, "do": "here"}
    refused = bills_came_in.erik.post(reverse("account_link"), {**fields, "node": ""})
    assert refused.status_code == 422 and "Choose the node" in text_of(refused)

    bills_came_in.erik.post(reverse("account_link"), {**fields, "node": people.harlow_nord.code})
    with carrier():
        link.refresh_from_db()
    assert link.account_id == people.harlow_nord.pk


def test_a_node_of_another_customer_is_not_found(bills_came_in: Night) -> None:
    people, link = bills_came_in.people, bills_came_in.link()
    fields = {"account": link.code, "customer": people.harlow.code, "node": people.lumen_root.code, "do": "here"}
    assert bills_came_in.erik.post(reverse("account_link"), fields).status_code == 404
    with carrier():
        link.refresh_from_db()
    assert link.account_id is None


def test_several_accounts_go_to_one_customer_at_once_or_none_does(bills_came_in: Night) -> None:
    people = bills_came_in.people
    with carrier():
        waiting = list(AccountLink.objects.filter(account=None).order_by("-pk"))
    fields = {"customer": people.lumen.code, "node": people.lumen_root.code, "do": "below"}
    bills_came_in.erik.post(reverse("account_link"), {**fields, "account": [waiting[0].code]})

    mixed = [link.code for link in waiting[:3]]
    others = {"customer": people.harlow.code, "node": people.harlow_root.code, "do": "below"}
    refused = bills_came_in.erik.post(reverse("account_link"), {**others, "account": mixed})
    assert refused.status_code == 422 and "another customer" in text_of(refused)
    with carrier():
        assert not AccountLink.objects.filter(customer=people.harlow).exists()

    everything = [link.code for link in waiting]
    assert bills_came_in.erik.post(reverse("account_link"), {**fields, "account": everything}).status_code == 302
    with carrier():
        assert not Invoice.objects.filter(state=Invoice.State.HELD).exists()
        assert Invoice.objects.filter(customer=people.lumen).count() == BILLS - HELD


def test_a_suggestion_says_what_it_rests_on(bills_came_in: Night) -> None:
    people = bills_came_in.people
    first = bills_came_in.link()
    page = reverse("account_link")
    assert "May be" in text_of(bills_came_in.erik.get(reverse("account_links")))
    fields = {"account": first.code, "customer": people.harlow.code, "node": people.harlow_root.code, "do": "below"}
    bills_came_in.erik.post(page, fields)
    beside = bills_came_in.link(parent_external_id=first.parent_external_id)
    answer = text_of(bills_came_in.erik.get(page, {"account": str(beside.code)}))
    assert "Harlow Freight Group" in answer and f"1 other account below {first.parent_external_id} is theirs" in answer


def test_linked_accounts_are_found_by_customer(bills_came_in: Night) -> None:
    people, link = bills_came_in.people, bills_came_in.link()
    fields = {"account": link.code, "customer": people.harlow.code, "node": "", "do": "below"}
    bills_came_in.erik.post(reverse("account_link"), fields)
    found = text_of(bills_came_in.erik.get(reverse("account_links"), {"state": "linked", "q": "harlow"}))
    assert link.external_id in found
    nothing = text_of(bills_came_in.erik.get(reverse("account_links"), {"state": "linked", "q": "lumen"}))
    assert "No account matches" in nothing


def test_a_charge_with_an_unknown_name_is_listed_with_its_money(bills_came_in: Night) -> None:
    page = text_of(bills_came_in.erik.get(reverse("terms")))
    assert "Orbital relay levy" in page and "Atlas" in page and "USD" in page


RULE_ID = re.compile(r"\b(?:X12|EN|XML|BR-CO|CHAIN|CUR|DATE|ACC|LEN|VOCAB|DUP|CONTROL|PROOF|POISON|READ)-[A-Z0-9]+\b")


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


def test_the_board_counts_every_one_of_six_thousand_bills_in_five_questions(bills_came_in: Night) -> None:
    make_invoices([bills_came_in.people.harlow_root], 6000)
    with carrier(read_only=True), CaptureQueriesContext(connection) as asked:
        (system,) = read_month(NOVEMBER)
    tallies = system.tallies.values()
    assert sum(tally.published for tally in tallies) == 6000
    assert sum(tally.unlinked for tally in tallies) == BILLS - HELD
    assert len(asked) == 5


def figure(text: str) -> float:
    return round(float(text.replace(",", "").replace("\u2212", "-")) * 100)


def text_of(answer: Any) -> str:
    """The page as it is read: no tags, single blanks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())).replace("&#x27;", "'")
