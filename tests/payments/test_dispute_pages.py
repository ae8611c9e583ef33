"""Disputes as people meet them: forms, conversation, evidence, and the carrier's queue."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from payments.disputes.evidence import clean_name, kind_of
from payments.models import Dispute, DisputeFile
from portal.demo.disputes import contest
from portal.tenancy import carrier
from tests.factories import make_charge, make_invoice
from tests.payments.disputes import REASON, Table
from tests.payments.pages import Reader, url, words


def upload(name: str, body: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, body)


def files_of(dispute: UUID) -> list[DisputeFile]:
    with carrier(read_only=True):
        return list(DisputeFile.objects.filter(dispute__code=dispute).order_by("pk"))


def test_charges_are_picked_on_the_form_of_the_invoice(table: Table) -> None:
    bill = make_invoice(table.customer.people.harlow_west, "100.00")
    make_charge(bill, "60.00", position=1, description="Circuit 88")
    make_charge(bill, "40.00", position=2, description="Circuit 89")
    dana = Reader.of(table.customer.people.dana)
    page = url("invoice_disputes", bill.code)
    assert page in dana.see(url("invoice", bill.code))

    stated = {"reason": REASON, "note": "60, not 85", "charge": ["1"], "charge-1": "25.00", "charge-2": "40.00"}
    answer = dana.send(page, page, **stated, evidence=upload("../../contract.pdf", b"%PDF-1.7 x"))

    (dispute,) = table.of(bill)
    assert answer.headers["Location"] == url("dispute", dispute.code)
    assert dispute.amount == Decimal("25.00")
    shown = words(dana.see(url("dispute", dispute.code)))
    assert "Circuit 88 of 60.00 25.00" in shown
    assert "60, not 85 contract.pdf 1 kB" in shown
    assert f"D-{dispute.number}" in words(dana.see(url("invoice", bill.code)))


def test_a_refused_form_keeps_what_was_typed(table: Table) -> None:
    bill = make_invoice(table.customer.people.harlow_west, "100.00")
    dana = Reader.of(table.customer.people.dana)
    page = url("invoice_disputes", bill.code)

    answer = dana.send(page, page, reason=REASON, note="My words", amount="100.01")

    assert answer.status_code == 422
    assert "My words" in words(answer)
    assert 'value="100.01"' in answer.content.decode()
    for wrong in ({"amount": "ten"}, {"charge": "1", "charge-1": ""}, {"note": "a\0b", "amount": "5"}):
        assert dana.send(page, page, **{"reason": REASON, **wrong}).status_code == 422
    assert table.of(bill) == []


def test_a_selection_is_previewed_and_then_disputed_in_one_act(table: Table) -> None:
    people = table.customer.people
    bills = [make_invoice(people.harlow_west, "10.00") for _ in range(3)]
    credit = make_invoice(people.harlow_west, "-5.00")
    run = table.customer.open(bills[0])
    table.customer.place(run, table.customer.pay(run), bills[0])
    dana = Reader.of(people.dana)
    chosen = {"invoice": [str(bill.code) for bill in (*bills, credit)], "back": "state=all"}

    preview = dana.client.post(reverse("dispute_selection"), chosen)
    assert "Dispute 3 invoices" in words(preview)
    assert "1 of those selected cannot be disputed" in words(preview)
    assert "3 in USD 30.00" in words(preview)
    assert "comes off pay run 1 (draft)" in words(preview)
    halved = dana.client.post(reverse("dispute_batch"), {**chosen, "percent": "50", "do": "preview"})
    assert "3 in USD 15.00" in words(halved)
    stated = {**chosen, "reason": REASON, "percent": "50 %", "count": "3", "do": "open"}
    assert dana.client.post(reverse("dispute_batch"), {**stated, "count": "2"}).status_code == 422
    done = dana.client.post(reverse("dispute_batch"), stated)

    assert done.headers["Location"] == reverse("invoices") + "?state=all"
    assert [table.of(bill)[0].amount for bill in bills] == [Decimal("5.00")] * 3
    assert words(dana.see(reverse("disputes"))).count("With the carrier") >= 3


def test_what_is_wholly_disputed_is_not_overdue_any_more(table: Table) -> None:
    people = table.customer.people
    long_ago = timezone.localdate() - timedelta(days=40)
    whole, part = (make_invoice(people.harlow_west, "100.00", due_on=long_ago) for _ in range(2))
    table.dispute(whole)
    table.dispute(part, "10.00")
    dana, grid = Reader.of(people.dana), reverse("invoices")

    overdue, disputed = words(dana.see(f"{grid}?state=overdue")), words(dana.see(f"{grid}?state=disputed"))

    assert part.number in overdue
    assert whole.number not in overdue
    assert whole.number in disputed
    assert part.number in disputed
    assert "1 invoice overdue" in words(dana.see("/"))


def test_all_of_a_pay_run_is_only_what_is_in_the_run(table: Table) -> None:
    people = table.customer.people
    inside, outside = make_invoice(people.harlow_west), make_invoice(people.harlow_west)
    run = table.customer.open(inside)
    dana = Reader.of(people.dana)
    where = f"{reverse('dispute_selection')}?run={run}"
    assert f'formaction="{where}' in dana.see(url("pay_run", run))

    form = dana.client.post(where, {"whole_filter": "yes"})

    assert inside.number in words(form)
    assert outside.number not in words(form)


def test_a_conversation_goes_both_ways_and_stale_pages_are_refused(table: Table) -> None:
    people = table.customer.people
    dispute = table.dispute(make_invoice(people.harlow_west), "40")
    dana, sam = Reader.of(people.dana), Reader.of(people.sam)
    desk, steps = url("desk_dispute", dispute), url("desk_steps", dispute)

    sam.send(desk, steps, do="ask", words="Which contract?")
    assert "1 dispute answered" in words(dana.see("/"))
    sam.send(desk, steps, do="note", words="Smells like tariff 9")
    assert "Smells like" not in dana.see(url("dispute", dispute))
    dana.send(url("dispute", dispute), url("dispute_replies", dispute), words="Number 7")
    stale = dana.carried(url("dispute", dispute), url("dispute_replies", dispute))
    sam.send(desk, steps, do="propose", credit="12.50", words="Half of it")
    late = dana.client.post(url("dispute_replies", dispute), {**stale, "words": "And another thing"})
    assert late.status_code == 422
    assert "Sam: Proposed a credit of 12.50 USD" in words(late)
    assert "And another thing" in late.content.decode()
    dana.send(url("dispute", dispute), url("dispute_agreement", dispute))

    assert table.get(dispute).state == "decided"
    assert "Credit promised" in words(dana.see(url("dispute", dispute)))


def test_a_visiting_rep_and_an_approver_only_read(table: Table) -> None:
    people = table.customer.people
    dispute = table.dispute(make_invoice(people.harlow_west), "40")
    victor = Reader.of(people.victor)

    assert "<textarea" not in victor.see(url("dispute", dispute))
    assert victor.client.post(url("dispute_replies", dispute), {"words": "x", "seen": "1"}).status_code == 404
    assert Reader.of(people.carol).client.get(url("dispute", dispute)).status_code == 404
    assert Reader.of(people.nils).client.get(url("dispute", dispute)).status_code == 404  # another branch of the tree
    assert Reader.of(people.dana).client.get(reverse("desk")).status_code == 404


# --- Evidence -------------------------------------------------------------------------------------------------------


def workbook(*members: str) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as packed:
        for name in ("[Content_Types].xml", "xl/workbook.xml", *members):
            packed.writestr(name, "x")
    return body.getvalue()


def bomb() -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", "x")
        packed.writestr("xl/workbook.xml", bytes(65 * 1024 * 1024))
    return body.getvalue()


def test_a_file_is_judged_by_its_content(table: Table) -> None:
    assert kind_of(b"%PDF-1.4") == "application/pdf"
    assert kind_of("Zäune;12,50".encode()).startswith("text/plain")
    assert kind_of(workbook()).endswith("sheet")
    hostile = [b"MZ\x90\0", b"a\0b", b"\xff\xfe", b"PK\x03\x04 broken", workbook("xl/vbaProject.bin"), bomb()]
    assert [kind_of(body) for body in hostile] == [""] * len(hostile)
    assert kind_of(workbook(*(f"xl/{n}.xml" for n in range(199)))) == ""


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\x\\a.pdf", "a.pdf"),
        ("a\r\nSet-Cookie: x", "aSet-Cookie: x"),
        ("..", "file"),
    ],
)
def test_a_name_is_never_a_path(name: str, clean: str) -> None:
    assert clean_name(name) == clean


def test_evidence_comes_back_as_a_download_and_only_to_those_who_see_the_dispute(table: Table) -> None:
    people = table.customer.people
    dispute = table.dispute(make_invoice(people.harlow_west), "40")
    dana = Reader.of(people.dana)
    reply = {"words": "See it", "evidence": [upload("<script>.txt", b"<script>alert(1)</script>")]}
    dana.send(url("dispute", dispute), url("dispute_replies", dispute), **reply)

    (file,) = files_of(dispute)
    answer = dana.client.get(url("dispute_file", dispute, file.code))

    assert b"".join(answer) == b"<script>alert(1)</script>"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert Reader.of(people.sam).client.get(url("desk_file", dispute, file.code)).status_code == 200
    other = table.dispute(make_invoice(people.lumen_root), "4", actor=people.carol)
    carol = Reader.of(people.carol)
    assert carol.client.get(url("dispute_file", dispute, file.code)).status_code == 404
    assert carol.client.get(url("dispute_file", other, file.code)).status_code == 404


def test_what_is_too_much_or_no_evidence_is_refused_with_the_words_kept(table: Table) -> None:
    dispute = table.dispute(make_invoice(table.customer.people.harlow_west), "40")
    dana = Reader.of(table.customer.people.dana)
    page, form = url("dispute", dispute), url("dispute_replies", dispute)
    wrong: list[list[Any]] = [
        [upload("x.exe", b"MZ\x90\0")],
        [upload("empty.txt", b"")],
        [upload(f"{n}.txt", b"x") for n in range(6)],
        [upload("large.txt", b"x" * (10 * 1024 * 1024 + 1))],
    ]
    for files in wrong:
        answer = dana.send(page, form, words="My words", evidence=files)
        assert answer.status_code == 422
        assert "My words" in answer.content.decode()
    assert files_of(dispute) == []


# --- The queue ------------------------------------------------------------------------------------------------------


def test_the_desk_sees_all_customers_by_what_is_due_money_and_age(table: Table) -> None:
    people = table.customer.people
    small = table.dispute(make_invoice(people.harlow_west), "5", now=timezone.now() - timedelta(days=9))
    large = table.dispute(make_invoice(people.lumen_root), "90", actor=people.carol, now=timezone.now())
    sam = Reader.of(people.sam)
    first, second = f"D-{table.get(small).number}", f"D-{table.get(large).number}"

    by_due, by_money = words(sam.see(reverse("desk"))), words(sam.see(reverse("desk") + "?sort=money"))
    assert by_due.index(first) < by_due.index(second)
    assert by_money.index(second) < by_money.index(first)
    assert "answer 4 days overdue" in by_due
    assert second not in words(sam.see(reverse("desk") + "?whose=overdue"))
    assert first not in words(sam.see(reverse("desk") + "?q=lumen"))
    assert second in words(sam.see(f"{reverse('desk')}?q={second}"))

    sam.send(url("desk_dispute", small), url("desk_steps", small), do="take")
    assert first in words(sam.see(reverse("desk") + "?whose=mine"))
    sam.send(url("desk_dispute", large), url("desk_steps", large), do="split", parts="20.00 30.00")
    with carrier(read_only=True):
        amounts = sorted(Dispute.objects.filter(customer=people.lumen).values_list("amount", flat=True))
    assert amounts == [Decimal("20.00"), Decimal("30.00"), Decimal("40.00")]


def test_the_demo_has_disputes_in_every_state_that_somebody_works_in(table: Table) -> None:
    people = table.customer.people
    bills = [make_invoice(people.harlow_west, "400.00").code for _ in range(7)]

    contest(people.dana, bills, timezone.localdate())

    with carrier(read_only=True):
        states = set(Dispute.objects.values_list("state", flat=True))
    assert states == {"opened", "asked", "answered", "proposed", "decided", "upheld"}


def test_a_step_that_is_none_or_hostile_changes_nothing(table: Table) -> None:
    dispute = table.dispute(make_invoice(table.customer.people.harlow_west), "40")
    sam = Reader.of(table.customer.people.sam)
    page, steps = url("desk_dispute", dispute), url("desk_steps", dispute)

    assert sam.client.post(steps, {"do": "pay", "seen": "1"}).status_code == 404
    hostile = [
        {"do": "decide", "credit": "41"},
        {"do": "decide", "credit": "1.001"},
        {"do": "propose", "credit": "0"},
        {"do": "split", "parts": "40"},
        {"do": "settle", "credit_note": "A\0"},
        {"do": "note", "words": "x" * 4001},
        {"do": "ask", "words": ""},
        {"do": "refuse", "words": ""},
    ]
    for typed in hostile:
        assert sam.send(page, steps, **typed).status_code == 422, typed
    assert (table.get(dispute).state, table.get(dispute).version) == ("opened", 1)
