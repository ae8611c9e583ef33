"""Somebody pastes columns of a spreadsheet, and each row gets its verdict."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from payments.domain.pasting.table import MOST_ROWS
from payments.domain.pasting.verdicts import Verdict
from payments.matching.queries import Matched, get_paste_for, matched
from payments.models import Paste, PayRunItem, ShortPay, ToPay
from portal.actor import Actor
from portal.tenancy import acting, carrier
from tests.clients import client_of
from tests.factories import make_invoice, make_invoices
from tests.payments.conftest import Desk
from tests.payments.pages import Reader, url, words
from tests.personas import Personas


def pasted(person: Actor, text: str, run: UUID | None = None) -> UUID:
    """The code of the paste that the person gets for the text."""
    answer = client_of(person).post("/pastes/", {"text": text, "key": uuid4(), **({"run": run} if run else {})})
    assert answer.status_code == 302, words(answer)
    return UUID(answer.headers["Location"].split("/")[2])


def found(person: Actor, code: UUID) -> Matched:
    with acting(person, read_only=True):
        paste = get_paste_for(person, code)
        assert paste is not None
        return matched(person, paste)


def verdicts(person: Actor, text: str) -> list[str]:
    return [one.verdict.value for one in found(person, pasted(person, text)).judged]


def post(person: Actor, code: UUID, what: str, **fields: Any) -> Any:
    """Send a form of the paste's page as it stands."""
    page = url("paste", code)
    return Reader.of(person).send(page, url(f"paste_{what}", code), **fields)


def hidden(person: Actor, code: UUID) -> Mapping[str, str]:
    return Reader.of(person).carried(url("paste", code), url("paste_rows", code))


def test_numbers_are_found_however_a_spreadsheet_has_spoilt_them(people: Personas) -> None:
    make_invoice(people.harlow_west, number="000123456")
    make_invoice(people.harlow_west, number="F9-464/b")
    text = "123456\n00000123456\n123\u00a0456\n'000123456\n#000123456\nf9 464 B\n F9464b\nF9-464/B\n"
    code = pasted(people.dana, text)
    judged = found(people.dana, code).judged
    assert {one.verdict for one in judged} == {Verdict.FOUND, Verdict.TWICE}
    assert [one.invoice.number for one in judged if one.invoice] == ["000123456"] * 5 + ["F9-464/b"] * 3


def test_each_row_gets_its_verdict_and_the_totals_are_those_of_the_paste(people: Personas, now: datetime) -> None:
    make_invoice(people.harlow_west, "100.00", number="A-1")
    make_invoice(people.harlow_west, "50.00", number="A-2", settled=Decimal(50))
    chosen = make_invoice(people.harlow_west, "20.00", number="A-3")
    make_invoice(people.harlow_west, "5.00", number="A-4", system="atlas")
    make_invoice(people.harlow_west, "6.00", number="A-4", system="boreal")
    make_invoice(people.lumen_root, "7.00", number="L-1")
    Desk(people, now).open(chosen)
    text = (
        "Invoice\tAmount\nA-1\t90.00\nA-2\t50.00\nA-3\t20.00\nA-4\t6.00\nL-1\t7.00\nA-1\t1.00\nA-9\tTBD\nA 1\t(2.00)\n"
    )
    code = pasted(people.dana, text)
    assert [one.verdict.value for one in found(people.dana, code).judged] == [
        "found", "paid", "in_run", "ambiguous", "unknown", "twice", "unknown", "twice",
    ]  # fmt: skip
    page = words(Reader.of(people.dana).see(url("paste", code)))
    assert "Found 1 90.00" in page
    assert "Twice in the paste 2 −1.00" in page
    assert "As pasted 8 172.00" in page
    assert "−10.00" in page  # what was pasted of A-1 less what is open


def test_another_customers_invoice_is_simply_unknown(people: Personas) -> None:
    make_invoice(people.lumen_root, number="THEIRS-1")
    assert verdicts(people.dana, "THEIRS-1\n") == ["unknown"]
    assert verdicts(people.carol, "THEIRS-1\n") == ["found"]


def test_what_exists_on_an_account_out_of_reach_is_not_yours_and_nothing_of_it_is_told(people: Personas) -> None:
    make_invoice(people.harlow_west, "777.77", number="W-1")
    make_invoice(people.harlow_nord, number="N-1")
    code = pasted(people.nils, "W-1\nN-1\n")
    assert [one.verdict.value for one in found(people.nils, code).judged] == ["not_yours", "found"]
    assert "777.77" not in Reader.of(people.nils).see(url("paste", code))


def test_zeros_that_were_lost_are_not_guessed_where_two_invoices_differ_in_them_alone(people: Personas) -> None:
    make_invoice(people.harlow_west, number="0123")
    make_invoice(people.harlow_west, number="123")
    make_invoice(people.harlow_west, number="A-12")
    make_invoice(people.harlow_west, number="A1-2")
    assert verdicts(people.dana, "123\n0123\nA-12\nA12\n") == ["ambiguous", "found", "found", "ambiguous"]


def test_an_account_beside_the_number_says_which_of_two_is_meant(people: Personas) -> None:
    make_invoice(people.harlow_west, number="S-1", system="atlas")
    make_invoice(people.harlow_nord, number="S-1", system="boreal")
    assert verdicts(people.dana, "Bill\tAccount\nS-1\tHarlow Nord\n") == ["found"]
    assert verdicts(people.dana, "Bill\tAccount\nS-1\tsomewhere\n") == ["ambiguous"]


def test_an_amount_of_an_earlier_revision_is_not_taken_for_todays(people: Personas) -> None:
    old = make_invoice(people.harlow_west, "100.00", number="R-1", is_current=False, state="superseded")
    new = make_invoice(people.harlow_west, "80.00", number="R-1", revision=2)
    code = pasted(people.dana, "R-1\t100.00\n")
    (one,) = found(people.dana, code).judged
    assert (one.verdict, one.invoice and one.invoice.code) == (Verdict.REPLACED, new.code)
    assert old.code != new.code
    post(people.dana, code, "rows", take="1")
    (one,) = found(people.dana, code).judged
    assert (one.verdict, one.difference) == (Verdict.FOUND, Decimal(20))


def test_a_bill_that_another_one_replaced_points_to_it(people: Personas) -> None:
    make_invoice(people.harlow_west, "0.00", number="V-1")
    make_invoice(people.harlow_west, "75.00", number="V-2", replaces="V-1")
    code = pasted(people.dana, "V-1\t90.00\n")
    assert "Take V-2" in Reader.of(people.dana).see(url("paste", code))
    post(people.dana, code, "rows", take="1")
    (one,) = found(people.dana, code).judged
    assert one.invoice and (one.verdict, one.invoice.number) == (Verdict.FOUND, "V-2")


def test_rows_are_answered_by_hand_and_the_answers_stay(people: Personas) -> None:
    make_invoice(people.harlow_west, "10.00", number="A-1")
    make_invoice(people.harlow_west, "20.00", number="A-2", system="atlas")
    boreal = make_invoice(people.harlow_west, "30.00", number="A-2", system="boreal")
    code = pasted(people.dana, "Invoice\tAmount\nA-l\t10.00\nA-2\t30.00\nA-1\tten\nnonsense\t1.00\n")
    answers = {"number-2": "A-1", "invoice-3": boreal.code, "amount-4": "10.00"}
    post(people.dana, code, "rows", do="save", **answers)
    post(people.dana, code, "rows", do="drop", row=["5"])
    judged = found(people.dana, code).judged
    assert [one.verdict.value for one in judged] == ["found", "found", "twice", "dropped"]
    post(people.dana, code, "rows", do="take", row=["4"])
    post(people.dana, code, "rows", do="restore", row=["5"])
    assert [one.verdict.value for one in found(people.dana, code).judged] == ["found", "found", "found", "unknown"]


def test_the_one_invoice_of_the_pasted_amount_is_taken_only_when_somebody_says_so(people: Personas) -> None:
    make_invoice(people.harlow_west, "20.00", number="A-2", system="atlas")
    make_invoice(people.harlow_west, "30.00", number="A-2", system="boreal")
    code = pasted(people.dana, "A-2\t30.00\nA-2\t31.00\n")
    post(people.dana, code, "rows", do="take", whole_filter="yes")
    judged = found(people.dana, code).judged
    assert [one.verdict.value for one in judged] == ["found", "ambiguous"]
    assert judged[0].difference == 0


def test_a_tab_that_is_behind_is_told_what_changed_and_nothing_of_it_is_done(people: Personas) -> None:
    code = pasted(people.dana, "A-1\nA-2\n")
    stale = hidden(people.dana, code)
    post(people.dana, code, "rows", do="drop", row=["1"])
    answer = client_of(people.dana).post(url("paste_rows", code), {**stale, "do": "drop", "row": "2"})
    assert answer.status_code == 422
    assert "has changed since you opened this page" in words(answer)
    assert "1 row decided: 1" in words(answer)
    assert [one.verdict.value for one in found(people.dana, code).judged] == ["dropped", "unknown"]


def test_the_same_paste_sent_twice_is_kept_once(people: Personas) -> None:
    form = {"text": "A-1\n", "key": uuid4()}
    assert len({client_of(people.dana).post("/pastes/", form).headers["Location"] for _ in range(2)}) == 1
    with acting(people.dana):
        assert Paste.objects.count() == 1


def test_nobody_but_whoever_pasted_it_sees_a_paste(people: Personas) -> None:
    code = pasted(people.dana, "A-1\n")
    for person in (people.victor, people.carol):
        assert client_of(person).get(url("paste", code)).status_code == 404
        assert client_of(person).post(url("paste_rows", code), {"key": uuid4()}).status_code == 404
        with acting(person):
            assert not Paste.objects.exists()


def test_more_than_can_be_worked_on_is_refused_in_words_and_the_text_is_not_lost(people: Personas) -> None:
    text = "\n".join(f"X-{n}" for n in range(MOST_ROWS + 1))
    answer = client_of(people.dana).post("/pastes/", {"text": text, "key": uuid4()})
    assert answer.status_code == 422
    assert "20,001 rows; at most 20,000" in words(answer)
    assert "X-20000" in answer.content.decode()


@pytest.mark.parametrize("text", ["", " \n\t\n", "\x00", "Invoice\tAmount\n"])
def test_nothing_pasted_is_said_in_words(people: Personas, text: str) -> None:
    answer = client_of(people.dana).post("/pastes/", {"text": text, "key": uuid4()})
    assert answer.status_code == 422
    assert "Paste at least one row" in words(answer)


def test_columns_are_corrected_by_the_reader(people: Personas) -> None:
    make_invoice(people.harlow_west, "1234.00", number="77001")
    code = pasted(people.dana, "Ours\tTheirs\tDue now\n12345678\t77001\t1.234\n")
    fields = {"kind-0": "ignore", "kind-1": "number", "kind-2": "amount", "has_header": "yes"}
    post(people.dana, code, "columns", **fields)
    (one,) = found(people.dana, code).judged
    assert (one.verdict, one.row.amount) == (Verdict.FOUND, Decimal(1234))
    assert "1.234 may be thousands or decimals" in words(Reader.of(people.dana).see(url("paste", code)))
    assert "Say first how the amounts are written" in words(post(people.dana, code, "amounts"))
    post(people.dana, code, "columns", **fields, way="point")
    assert found(people.dana, code).judged[0].row.amount == Decimal("1.234")
    assert "is one thing" in words(post(people.dana, code, "columns", **{**fields, "kind-0": "number"}))


def test_the_found_invoices_are_shown_in_the_list_and_tagged_there(people: Personas) -> None:
    make_invoices([people.harlow_west], 30)
    one, two = make_invoice(people.harlow_west, number="T-1"), make_invoice(people.harlow_nord, number="T-2")
    code = pasted(people.dana, "T-1\nT-2\nT-3\n")
    listed = post(people.dana, code, "selection", do="list")
    page = client_of(people.dana).get(listed.headers["Location"]).content.decode()
    assert re.findall(r'name="invoice" value="([^"]+)"', page) == [str(one.code), str(two.code)]
    assert page != client_of(people.victor).get(listed.headers["Location"]).content.decode()
    dana = Reader.of(people.dana)
    fields = dana.carried(url("paste", code), url("paste_selection", code))
    fields = {name: html.unescape(value) for name, value in fields.items()}
    form = dana.client.post(url("paste_selection", code), {**fields, "do": "tag"}, follow=True)
    assert "Tag 2 invoices" in words(form)


def test_pasted_amounts_and_reasons_become_what_is_to_be_paid_and_go_into_the_run(people: Personas) -> None:
    whole, less = make_invoice(people.harlow_west, number="P-1"), make_invoice(people.harlow_west, number="P-2")
    make_invoice(people.harlow_west, number="P-3")
    text = "Invoice;Amount;Reason;Note\nP-1;100,00;;\nP-2;60,00;Tax exempt;asked Sam\nP-3;100,01;;\n"
    code = pasted(people.dana, text)
    assert "1 left out" in words(Reader.of(people.dana).see(url("paste", code)))
    fields = Reader.of(people.dana).carried(url("paste", code), url("paste_pay_runs", code))
    for _ in range(2):  # the same form twice
        done = client_of(people.dana).post(url("paste_pay_runs", code), {**fields, "run": "", "title": "November"})
        assert done.status_code == 302
    with acting(people.dana):
        items = {item.invoice_id: item.to_pay for item in PayRunItem.objects.all()}
        assert items == {whole.pk: Decimal(100), less.pk: Decimal(60)}
        short = ShortPay.objects.get()
        assert (short.invoice_id, short.amount, short.reason, short.note) == (
            less.pk, Decimal(40), "tax_exempt", "asked Sam",
        )  # fmt: skip
        assert not ToPay.objects.exists()
    assert [one.verdict.value for one in found(people.dana, code).judged] == ["in_run", "in_run", "found"]


def test_amounts_are_set_of_invoices_that_stand_as_the_page_showed_them(people: Personas, desk: Desk) -> None:
    one = make_invoice(people.harlow_west, number="P-1")
    make_invoice(people.harlow_west, number="P-2")
    code = pasted(people.dana, "P-1\t60.00\nP-2\t70.00\n")
    stale = hidden(people.dana, code)
    desk.open(one)
    answer = client_of(people.dana).post(url("paste_amounts", code), stale)
    assert "Found: 2 before, 1 now" in words(answer)
    post(people.dana, code, "amounts")
    with acting(people.dana):
        assert list(ToPay.objects.values_list("amount", flat=True)) == [Decimal(70)]


def test_what_is_pasted_for_a_draft_goes_into_that_draft(people: Personas, desk: Desk) -> None:
    run = desk.open(make_invoice(people.harlow_west), title="Half done")
    wanted = make_invoice(people.harlow_west, number="P-7")
    code = pasted(people.dana, "P-7\n", run)
    assert re.search(f'value="{run}" checked', Reader.of(people.dana).see(url("paste", code)))
    fields = Reader.of(people.dana).carried(url("paste", code), url("paste_pay_runs", code))
    stale = client_of(people.carol).post(url("paste_pay_runs", code), {**fields, "run": run})
    assert stale.status_code == 404
    client_of(people.dana).post(url("paste_pay_runs", code), {**fields, "run": run})
    with acting(people.dana):
        assert PayRunItem.objects.filter(run__code=run, invoice=wanted, to_pay=None).exists()


def test_whoever_may_only_see_can_match_and_do_nothing_else(people: Personas) -> None:
    make_invoice(people.harlow_nord, number="N-1")
    code = pasted(people.nils, "N-1\t5.00\n")
    assert "Add to pay run" not in Reader.of(people.nils).see(url("paste", code))
    for what in ("amounts", "pay_runs"):
        assert client_of(people.nils).post(url(f"paste_{what}", code), {"key": uuid4()}).status_code == 404


def test_a_paste_for_another_customers_run_is_refused(people: Personas, desk: Desk) -> None:
    run = desk.open(make_invoice(people.harlow_west))
    answer = client_of(people.carol).post("/pastes/", {"text": "A-1\n", "key": uuid4(), "run": run})
    assert answer.status_code == 404
    with carrier(), pytest.raises(Exception, match="permission denied"):
        Paste.objects.exists()


def test_two_thousand_rows_are_matched_by_one_statement(people: Personas) -> None:
    make_invoices([people.harlow_west], 2500)
    text = "\n".join(f"V-atlas-USD-{n:07}\t{n}.00" for n in range(1, 2001))
    code = pasted(people.dana, text)
    with CaptureQueriesContext(connection) as few:
        found(people.dana, pasted(people.dana, "V-atlas-USD-0000001\n"))
    with acting(people.dana, read_only=True), CaptureQueriesContext(connection) as many:
        paste = get_paste_for(people.dana, code)
        assert paste
        judged = matched(people.dana, paste).judged
    assert len(many) <= 4 < len(few)
    assert len(judged) == 2000
    assert {one.verdict for one in judged} == {Verdict.FOUND, Verdict.PAID}
