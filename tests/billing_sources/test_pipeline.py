"""A file's way in: kept, read, proven, published whole or not at all, once, whoever else is at it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from billing_sources import night, pipeline, reading, released
from billing_sources.archive import open_document
from billing_sources.canonical import ControlTotals, FileRejected, Issue
from billing_sources.load import load
from billing_sources.models import ImportFile, Invoice, QuarantinedInvoice
from billing_sources.operations import NotDone, discard_invoice, release_invoice, replay_file
from portal.audit.models import AuditEvent
from portal.tenancy import carrier, ingest
from tests.billing_sources.bills import Desk, bill, charge, cycle_file, files_of, invoices, rules
from tests.personas import Personas

UNTIED = bill("100.00", number="1002", tax_included=Decimal("90.00"))


def test_a_truncated_file_leaves_nothing_but_its_bytes_and_the_reason(desk: Desk) -> None:
    path = desk.write(cycle_file(faults=("truncated",)))
    file = desk.take("atlas", path)
    assert (file.state, rules(file)) == ("quarantined", ["X12-IEA"])
    assert invoices() == []
    with open_document(file.document) as kept:
        assert kept.read() == path.read_bytes()


def test_what_was_loaded_before_the_file_broke_is_gone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BATCH_BILLS", 1)
    broken = FileRejected(Issue("X12-IEA", expected="IEA", found="the end of the file"))
    file = desk.hand_in(bill(number="1001"), bill(number="1002"), UNTIED, broken)
    assert (file.state, rules(file), invoices()) == ("quarantined", ["X12-IEA"], [])
    with ingest():
        assert not QuarantinedInvoice.objects.exists()


def test_a_reader_that_fails_unforeseen_holds_its_file_only(desk: Desk) -> None:
    file = desk.hand_in(bill(), ZeroDivisionError("no"))
    assert (file.state, rules(file), invoices()) == ("quarantined", ["READ-01"], [])
    assert desk.hand_in(bill()).state == "published"


@pytest.mark.parametrize(
    ("declared", "rule"),
    [(ControlTotals(bills=3), "CONTROL-01"), (ControlTotals(bills=2, amount=Decimal("150.01")), "CONTROL-02")],
)
def test_a_file_that_declares_something_else_is_held_whole(desk: Desk, declared: ControlTotals, rule: str) -> None:
    file = desk.hand_in(bill("100.00"), bill("50.00", number="1002"), declared)
    assert (file.state, rules(file), invoices()) == ("quarantined", [rule], [])
    assert (file.declared_bills, file.read_bills) == (declared.bills, 2)


def test_a_bill_that_does_not_tie_is_held_alone_with_rule_expected_and_found(desk: Desk) -> None:
    totals = ControlTotals(bills=3, amount=Decimal("300.00"))
    file = desk.hand_in(bill(number="1001"), UNTIED, bill(number="1003"), totals)
    assert [each.number for each in invoices()] == ["1001", "1003"]
    with ingest():
        issue = file.issues.get(rule="BR-CO-15")
        assert (issue.number, issue.expected, issue.found, issue.is_fatal) == ("1002", "100.00", "90.00", True)
        held = QuarantinedInvoice.objects.get()
        assert (held.number, held.amount, held.currency) == ("1002", 100, "USD")


def test_declared_is_read_is_loaded_and_held_by_count_and_by_money(desk: Desk) -> None:
    desk.hand_in(bill(number="1003"))
    totals = ControlTotals(bills=4, amount=Decimal("400.00"))
    unreadable = Issue("EN-VALUE", "Invoice[4]", number="1004")
    file = desk.hand_in(bill(number="1001"), UNTIED, bill(number="1003"), unreadable, totals)
    assert file.state == "published"
    assert (file.declared_bills, file.read_bills, file.loaded_bills, file.held_bills) == (4, 4, 2, 2)
    assert (file.declared_amount, file.read_amount, file.loaded_amount, file.held_amount) == (400, 400, 200, 200)
    assert (file.created, file.unchanged) == (1, 1)


def test_the_database_refuses_to_publish_a_file_that_is_not_proven(desk: Desk) -> None:
    file = desk.hand_in(bill())
    with pytest.raises(IntegrityError, match="published_files_are_proven"), ingest():
        ImportFile.objects.filter(pk=file.pk).update(loaded_bills=2)


def test_an_unknown_term_is_loaded_unmapped_and_noted_once_a_file(desk: Desk) -> None:
    strange = charge("100.00", source_term="Orbital relay levy", is_mapped=False)
    file = desk.hand_in(bill(charges=[strange]), bill(number="1002", charges=[strange]))
    assert rules(file) == ["VOCAB-01"]
    assert len(invoices()) == 2


def test_the_same_bytes_again_are_a_receipt_and_nothing_else(desk: Desk) -> None:
    path = desk.write(cycle_file())
    first = desk.take("atlas", path)
    again = desk.take("atlas", path)
    assert (first.state, again.state) == ("published", "seen")
    assert (again.created, again.read_bills, again.document_id) == (0, 0, first.document_id)


def test_bytes_are_kept_under_their_digest_and_once(desk: Desk) -> None:
    path = desk.write(cycle_file())
    file = desk.take("atlas", path)
    copy = desk.folder / "renamed.x12"
    copy.write_bytes(path.read_bytes())
    assert desk.take("atlas", copy).document_id == file.document_id
    assert file.document.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    kept = [entry for entry in (desk.folder / "archive").rglob("*") if entry.is_file()]
    assert [entry.name for entry in kept] == [file.document.sha256]


def test_a_file_and_its_correction_are_two_files(desk: Desk) -> None:
    desk.take("boreal", desk.write(cycle_file("boreal")))
    corrected = desk.take("boreal", desk.write(cycle_file("boreal", seed=8)))
    assert corrected.state == "published"
    assert corrected.revised > 0


def test_two_workers_on_one_folder_load_each_file_once(desk: Desk) -> None:
    paths = [desk.write(cycle_file(cycle=str(cycle))) for cycle in (1, 2, 3)]
    in_parallel([lambda: desk.take("atlas", *paths) for _ in range(4)])
    with ingest():
        assert ImportFile.objects.filter(state="published").count() == 3
        assert ImportFile.objects.filter(state="seen").count() == 9
        assert ImportFile.objects.exclude(state__in=("published", "seen")).count() == 0
        proven = sum(ImportFile.objects.filter(state="published").values_list("created", flat=True))
    assert len(invoices()) == proven > 100


def test_two_files_with_the_same_new_bills_at_once_make_each_bill_once(desk: Desk) -> None:
    one, other = desk.write(cycle_file()), desk.folder / "other.x12"
    other.write_bytes(one.read_bytes() + b"\n")
    in_parallel([partial(desk.take, "atlas", path) for path in (one, other)])
    files = [file for file in all_files() if file.state == "published"]
    assert len(files) == 2
    assert sorted((file.created > 0, file.unchanged > 0) for file in files) == [(False, True), (True, False)]
    assert {each.revision for each in invoices()} == {1}


def test_a_file_that_killed_three_workers_is_poison(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    path = desk.write(cycle_file())
    with monkeypatch.context() as deadly:
        deadly.setattr(pipeline, "import_file", die)
        for _ in range(3):
            with pytest.raises(KeyboardInterrupt):
                desk.take("atlas", path)
    file = desk.take("atlas", path)
    assert [other.pk for other in all_files()] == [file.pk]
    assert (file.state, file.attempts, rules(file)) == ("quarantined", 3, ["POISON-01"])


def test_a_released_bill_is_loaded_as_it_stands_and_the_proof_still_ties(desk: Desk, people: Personas) -> None:
    file = desk.hand_in(UNTIED, ControlTotals(bills=1, amount=Decimal("100.00")))
    held = held_bill(file)
    release_invoice(actor=people.erik, held=held, reason="The paper says the same.", now=timezone.now())
    assert night.released_bills() == [held.pk]
    assert released.load_released(held.pk, timezone.now())
    assert not released.load_released(held.pk, timezone.now())
    assert [(each.number, each.payable, each.state) for each in invoices()] == [("1002", 90, "held")]
    (file,) = files_of(file.run)
    assert (file.loaded_bills, file.held_bills, file.loaded_amount, file.held_amount) == (1, 0, 100, 0)
    with carrier():
        event = AuditEvent.objects.get(verb="released")
        assert (event.real_user_id, event.detail) == (people.erik.user_id, {"reason": "The paper says the same."})


def test_a_bill_held_for_its_repeated_number_revises_the_first_when_released(desk: Desk, people: Personas) -> None:
    file = desk.hand_in(bill("100.00"), bill("90.00"))
    held = held_bill(file)
    release_invoice(actor=people.erik, held=held, reason="The second is right.", now=timezone.now())
    assert released.load_released(held.pk, timezone.now())
    assert [(each.revision, each.payable, each.is_current) for each in invoices()] == [(1, 100, False), (2, 90, True)]


@pytest.mark.parametrize("reason", ["", "   "])
def test_nothing_is_decided_without_a_reason(desk: Desk, people: Personas, reason: str) -> None:
    file = desk.hand_in(UNTIED)
    with pytest.raises(NotDone):
        release_invoice(actor=people.erik, held=held_bill(file), reason=reason, now=timezone.now())
    with pytest.raises(NotDone):
        replay_file(actor=people.erik, file=file, reason=reason, now=timezone.now())
    assert held_bill(file).state == "held"


def test_a_bill_in_no_currency_cannot_be_released(desk: Desk, people: Personas) -> None:
    file = desk.hand_in(bill(currency="XXX"))
    with pytest.raises(NotDone, match="source"):
        release_invoice(actor=people.erik, held=held_bill(file), reason="Please.", now=timezone.now())


def test_a_discarded_bill_stays_on_record_and_out(desk: Desk, people: Personas) -> None:
    file = desk.hand_in(UNTIED)
    held = held_bill(file)
    discard_invoice(actor=people.erik, held=held, reason="A test bill.", now=timezone.now())
    assert held_bill(file).state == "discarded"
    with pytest.raises(NotDone):
        release_invoice(actor=people.erik, held=held, reason="After all.", now=timezone.now())
    assert invoices() == []


def test_a_replayed_file_is_read_again_from_the_archive(desk: Desk, people: Personas) -> None:
    path = desk.write(cycle_file(faults=("wrong_total",)))
    file = desk.take("atlas", path)
    path.unlink()
    before = [(each.pk, each.revision) for each in invoices()]
    run = replay_file(actor=people.erik, file=file, reason="The reader was mended.", now=timezone.now())
    assert night.work_on(run.pk)
    (again,) = files_of(run)
    assert (again.state, again.unchanged, again.created) == ("published", len(before), 0)
    assert [(each.pk, each.revision) for each in invoices()] == before
    with ingest():
        old = ImportFile.objects.get(pk=file.pk)
        assert (old.state, old.discard_reason) == ("discarded", "The reader was mended.")
        assert [held.state for held in QuarantinedInvoice.objects.order_by("pk")] == ["discarded", "held"]


def test_an_old_file_replayed_never_undoes_a_newer_correction(desk: Desk, people: Personas) -> None:
    old = desk.take("boreal", desk.write(cycle_file("boreal")))
    desk.take("boreal", desk.write(cycle_file("boreal", seed=8)))
    before = {each.number: (each.revision, each.payable) for each in invoices(is_current=True)}
    run = replay_file(actor=people.erik, file=old, reason="By mistake.", now=timezone.now())
    night.work_on(run.pk)
    assert {each.number: (each.revision, each.payable) for each in invoices(is_current=True)} == before
    assert "OLD-01" in rules(files_of(run)[0])


def test_nobody_sees_half_a_file(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BATCH_BILLS", 5)
    seen: list[int] = []

    def watched(*arguments: Any) -> Any:
        in_parallel([lambda: seen.append(count())])
        return load(*arguments)

    monkeypatch.setattr(pipeline, "load", watched)
    file = desk.take("atlas", desk.write(cycle_file()))
    assert len(seen) > 5
    assert set(seen) == {0}
    assert count() == file.created


def count() -> int:
    with ingest():
        return Invoice.objects.count()


def held_bill(file: ImportFile) -> QuarantinedInvoice:
    with ingest():
        return QuarantinedInvoice.objects.get(file=file)


def all_files() -> list[ImportFile]:
    with ingest():
        return list(ImportFile.objects.select_related("run", "document").order_by("pk"))


def die(*_: object) -> None:
    raise KeyboardInterrupt


def in_parallel(works: list[Callable[[], object]]) -> None:
    """Each on a connection of its own; what goes wrong in one is raised here."""
    with ThreadPoolExecutor(len(works)) as pool:
        for done in [pool.submit(_then_disconnect, work) for work in works]:
            done.result()


def _then_disconnect(work: Callable[[], object]) -> None:
    try:
        work()
    finally:
        connection.close()
