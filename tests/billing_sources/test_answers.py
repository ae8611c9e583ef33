"""What a billing system hears of its file: right in every count, and sent however often anything dies."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from mockedi.validate import validate
from mockedi.x12 import parse

from billing_sources import pipeline, replies, tasks
from billing_sources.adapter import Outcome, Reply
from billing_sources.adapters.atlas import ATLAS
from billing_sources.canonical import Issue
from billing_sources.models import FileReply, ImportFile
from billing_sources.operations import replay_file
from billing_sources.readers.x12_acknowledge import acknowledge
from payments.ar.acknowledgements import Acknowledgement, Level, Verdict, read_acknowledgements
from portal.money import ZERO
from portal.tenancy import ingest
from tests.billing_sources.bills import Desk, cycle_file
from tests.billing_sources.x12_texts import interchange, invoice, transaction
from tests.personas import Personas

NOW = datetime(2026, 11, 21, 4, 5, tzinfo=UTC)


def outcome(*issues: Issue, is_accepted: bool = True) -> Outcome:
    return Outcome("A3.x12", is_accepted, 0, ZERO, 0, issues, NOW)


def answers(content: bytes, *issues: Issue, is_accepted: bool = True) -> list[Acknowledgement]:
    (reply,) = acknowledge(BytesIO(content), outcome(*issues, is_accepted=is_accepted))
    return read_acknowledgements(reply.content, reply.name)


def lines(reply: Reply | FileReply) -> list[str]:
    return [line.rstrip("~") for line in bytes(reply.content).decode().splitlines()]


def told(desk: Desk, content: bytes) -> list[str]:
    """Import these bytes; the answer that was written, line by line."""
    (desk.folder / "A3.x12").write_bytes(content)
    file = desk.take("atlas", desk.folder / "A3.x12")
    return lines(reply_to(file))


def reply_to(file: ImportFile) -> FileReply:
    with ingest():
        return FileReply.objects.select_related("file").get(file=file)


def test_a_published_file_is_accepted_set_by_set(desk: Desk) -> None:
    content = interchange(invoice(), transaction("810", *invoice(number="9002")[1:-1], control="0002"))
    assert told(desk, content)[1:-1] == [
        "TA1*000000037*260301*0230*A*000",
        f"GS*FA*TRIBUTARY*MERIDIAN*{datetime.now(UTC):%Y%m%d}*{datetime.now(UTC):%H%M}*7*X*004010",
        "ST*997*0001",
        "AK1*CI*7",
        "AK2*810*0001",
        "AK5*A",
        "AK2*810*0002",
        "AK5*A",
        "AK9*A*2*2*2",
        "SE*8*0001",
        "GE*1*7",
    ]


def test_held_bills_are_rejected_and_the_counts_are_those_of_the_proof(desk: Desk) -> None:
    unread = transaction("810", "BIG*20261345*9002", "TDS*1", control="0002")
    wrong = transaction("810", *invoice(number="9003", total="999")[1:-1], control="0003")
    short = transaction("810", *invoice(number="9004")[1:-1], control="0004", count=99)
    said = told(desk, interchange(invoice(), unread, wrong, short))
    assert said[5:-3] == [
        "AK2*810*0001",
        "AK5*A",
        "AK2*810*0002",
        "AK3*BIG*2**8",
        "AK5*R*5",
        "AK2*810*0003",
        "AK5*R*5",
        "AK2*810*0004",
        "AK5*R*4",
        "AK9*P*4*4*1",
    ]
    with ingest():
        file = ImportFile.objects.get()
    assert (file.declared_bills, file.read_bills, file.loaded_bills, file.held_bills) == (4, 4, 1, 3)


def test_a_bill_without_its_end_is_the_one_that_is_rejected(desk: Desk) -> None:
    second = transaction("810", *invoice(number="9002")[1:-1], control="0002")
    said = told(desk, interchange(invoice()[:-1], second))
    assert said[5:-3] == ["AK2*810*0001", "AK5*R*2", "AK2*810*0002", "AK5*A", "AK9*P*2*2*1"]


def test_what_could_be_read_all_the_same_is_accepted_with_errors(desk: Desk) -> None:
    assert told(desk, interchange(invoice(kind="QQ")))[5:-3] == ["AK2*810*0001", "AK5*E", "AK9*E*1*1*1"]


@pytest.mark.parametrize(
    ("content", "rule", "note"),
    [
        (interchange(invoice(), iea=""), "X12-IEA", "023"),
        (interchange(invoice(), iea="IEA*2*000000037"), "X12-IEA01", "021"),
        (interchange(invoice(), iea="IEA*1*000000038"), "X12-IEA02", "001"),
        (interchange(invoice(), ge="GE*9*7"), "X12-GE01", "024"),
        (interchange(invoice(), ge="N1*PR*X"), "X12-GE", "024"),
        (interchange(invoice(), ge="GE*1*7~\nN1*PR*X"), "X12-ENVELOPE", "022"),
        (interchange(invoice()) + b"garbage", "X12-ISA", "022"),
        (interchange(invoice())[:-30] + b"\0", "X12-NUL", "024"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_note_that_fits(
    desk: Desk, content: bytes, rule: str, note: str
) -> None:
    said = told(desk, content)
    assert said[1:] == [f"TA1*000000037*260301*0230*R*{note}", "IEA*0*000000037"]
    with ingest():
        assert list(ImportFile.objects.values_list("state", "issues__rule")) == [("quarantined", rule)]


def test_a_file_that_killed_three_workers_is_refused_like_any_that_is_held(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = desk.folder / "A3.x12"
    path.write_bytes(interchange(invoice()))
    with monkeypatch.context() as deadly:
        deadly.setattr(pipeline, "import_file", _die)
        for _ in range(pipeline.MAX_ATTEMPTS):
            with pytest.raises(KeyboardInterrupt):
                desk.take("atlas", path)
    with monkeypatch.context() as deadly:
        deadly.setattr(replies, "write", _die)  # what killed the readers may kill whoever answers
        with pytest.raises(KeyboardInterrupt):
            desk.take("atlas", path)
    assert desk.take("atlas", path).state == "seen", "it is held, and held it stays"


def test_poison_is_answered_set_by_set(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    path = desk.folder / "A3.x12"
    path.write_bytes(interchange(invoice()))
    with monkeypatch.context() as deadly:
        deadly.setattr(pipeline, "import_file", _die)
        for _ in range(pipeline.MAX_ATTEMPTS):
            with pytest.raises(KeyboardInterrupt):
                desk.take("atlas", path)
    answer = lines(reply_to(desk.take("atlas", path)))
    assert [line for line in answer if line.startswith(("AK5", "AK9"))] == ["AK5*R", "AK9*R*1*1*0"]


def test_where_no_interchange_begins_nobody_is_answered(desk: Desk) -> None:
    for number, content in enumerate((b"", b"hello", b"ISA*00*cut")):
        (desk.folder / f"{number}.x12").write_bytes(content)
        file = desk.take("atlas", desk.folder / f"{number}.x12")
        assert file.state == "quarantined"
    with ingest():
        assert FileReply.objects.count() == 0


def test_a_good_interchange_beside_a_broken_one_is_rejected_set_by_set() -> None:
    broken = interchange(invoice(), iea="IEA*1*000000099")
    issue = Issue("X12-IEA02", "segment 18")
    good, one, bad = answers(interchange(invoice()) + broken, issue, is_accepted=False)
    assert (good.level, good.verdict, good.reasons) == (Level.ENVELOPE, Verdict.ACCEPTED, ())
    assert (one.level, one.verdict, one.set_control) == (Level.SYNTAX, Verdict.REJECTED, 1)
    assert (bad.level, bad.verdict, bad.reasons) == (Level.ENVELOPE, Verdict.REJECTED, ("interchange note 001",))


def test_a_file_held_whole_for_its_proof_is_rejected_set_by_set() -> None:
    envelope, one = answers(interchange(invoice()), Issue("CONTROL-01", field="bills"), is_accepted=False)
    assert envelope.verdict is Verdict.ACCEPTED
    assert one.verdict is Verdict.REJECTED


def test_the_senders_delimiters_are_used() -> None:
    content = interchange(invoice()).replace(b"*", b"|").replace(b"~\n", b"\x1d").replace(b">", b"^")
    (reply,) = acknowledge(BytesIO(content), outcome())
    assert b"AK9|A|1|1|1\x1d" in reply.content
    assert reply.content[:106].endswith(b"|P|^\x1d")
    assert len(read_acknowledgements(reply.content, reply.name)) == 2


def test_delimiters_that_are_no_ascii_come_back_as_they_were_sent() -> None:
    for encoding in ("utf-8", "latin-1"):
        content = interchange(invoice()).decode().replace("*", "¦").encode(encoding)
        (reply,) = acknowledge(BytesIO(content), outcome())
        assert "AK9¦A¦1¦1¦1~".encode(encoding) in reply.content


def test_acknowledgements_are_not_acknowledged() -> None:
    (only,) = answers(interchange(transaction("997", "AK1*IN*1", "AK9*A*1*1*1")).replace(b"GS*CI", b"GS*FA"))
    assert only.level is Level.ENVELOPE


def test_a_strict_partner_finds_nothing_wrong_with_our_answer() -> None:
    content = interchange(invoice(), transaction("810", *invoice(number="9002")[1:-1], control="0002"))
    (reply,) = acknowledge(BytesIO(content.replace(b"GS*CI", b"GS*IN")), outcome(Issue("X12-VALUE", "segment 4")))
    report = validate(parse(reply.content.decode()), strict=True)
    assert (report.clean, report.accepted, report.received) == (True, 1, 1)


def test_an_answer_that_cannot_be_written_holds_up_no_bill(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> list[Reply]:
        raise ZeroDivisionError("at 7")

    monkeypatch.setattr("billing_sources.registry.ADAPTERS", {"atlas": _with(broken)})
    file = desk.take("atlas", desk.write(cycle_file()))
    assert file.state == "published"
    with ingest():
        (issue,) = file.issues.all()
        assert (issue.rule, issue.is_fatal, issue.found) == ("REPLY-01", False, "ZeroDivisionError: at 7")


def _with(acknowledging: Any) -> Any:
    return replace(ATLAS, acknowledge=acknowledging)


@pytest.fixture
def answered(desk: Desk) -> ImportFile:
    return desk.take("atlas", desk.write(cycle_file()))


def sent_to(settings: Any) -> list[Path]:
    folder = settings.INBOUND_DIR / "atlas" / "in"
    return sorted(folder.iterdir()) if folder.exists() else []


def test_an_answer_is_sent_once(answered: ImportFile, settings: Any) -> None:
    reply = reply_to(answered)
    assert replies.due(datetime.now(UTC)) == [reply.pk]
    assert replies.send(reply.pk, NOW)
    assert not replies.send(reply.pk, NOW)
    (path,) = sent_to(settings)
    assert (path.name, path.read_bytes()) == (reply.name, bytes(reply.content))
    assert replies.due(datetime.now(UTC)) == []
    assert reply_to(answered).sent_at == NOW


def test_a_worker_that_dies_after_sending_sends_the_same_again(
    answered: ImportFile, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    reply = reply_to(answered)
    with monkeypatch.context() as deadly, pytest.raises(KeyboardInterrupt):
        deadly.setattr(replies, "_tick_off", _die)
        replies.send(reply.pk, NOW)
    assert len(sent_to(settings)) == 1
    assert replies.due(datetime.now(UTC)) == [reply.pk]
    assert replies.send(reply.pk, NOW)
    assert [path.name for path in sent_to(settings)] == [reply.name]


def test_an_answer_dies_with_the_publishing_that_it_tells_of(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as deadly, pytest.raises(KeyboardInterrupt):
        deadly.setattr(FileReply.objects, "bulk_create", _die)
        desk.take("atlas", desk.write(cycle_file()))
    with ingest():
        assert (FileReply.objects.count(), ImportFile.objects.filter(state="published").count()) == (0, 0)
    file = desk.take("atlas", *desk.folder.glob("*.x12"))
    assert (file.state, reply_to(file).sent_at) == ("published", None)


def test_a_folder_that_cannot_be_written_is_tried_again_ever_more_seldom(answered: ImportFile, settings: Any) -> None:
    reply = reply_to(answered)
    (settings.INBOUND_DIR / "atlas").mkdir(parents=True)
    (settings.INBOUND_DIR / "atlas" / "in").write_text("no folder")
    pauses = []
    for _ in range(8):
        assert replies.send(reply.pk, NOW)
        waiting = reply_to(answered)
        pauses.append((waiting.next_attempt_at - NOW) // timedelta(minutes=1))
        assert "FileExistsError" in waiting.last_error
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    assert replies.due(NOW + timedelta(minutes=59)) == []
    (settings.INBOUND_DIR / "atlas" / "in").unlink()
    replies.send(reply.pk, NOW)
    done = reply_to(answered)
    assert (done.attempts, done.last_error, done.sent_at) == (9, "", NOW)


def test_a_worker_wakes_one_for_each_answer_by_its_id(answered: ImportFile, monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[tuple[str, int]] = []
    monkeypatch.setattr(tasks, "wake", lambda task, row_id: woken.append((task.name, row_id)))
    tasks.sweep_replies()
    assert woken == [("billing_sources.send_reply", reply_to(answered).pk)]


def test_of_two_readings_only_the_later_is_told(answered: ImportFile, people: Personas, settings: Any) -> None:
    run = replay_file(actor=people.erik, file=answered, reason="vocabulary", now=NOW)
    tasks.import_cycle(run.pk)
    with ingest():
        first, second = FileReply.objects.order_by("pk")
    assert replies.due(datetime.now(UTC)) == [second.pk]
    assert not replies.send(first.pk, NOW)


def _die(*_: object, **__: object) -> None:
    raise KeyboardInterrupt
