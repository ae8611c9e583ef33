"""The pages of a proposal, without script: rules, preview, accepting rows, a stale tab, the replay, the reasons."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from django.core.management import CommandError, call_command

from billing_sources.models import Invoice
from payments.eligibility.operations import make_rule
from payments.models import Proposal
from portal.tenancy import carrier
from tests.factories import make_invoice
from tests.payments.conftest import Desk
from tests.payments.pages import Reader, placed, url, words

RULES = {"first": "exact", "second": "group", "third": "due", "order": "oldest", "share": "fill", "credits": "first"}


def proposed(desk: Desk, dana: Reader, run: UUID, **rules: str) -> str:
    """Choose the rules on their page; the address of the preview that they lead to."""
    answer = dana.send(url("proposal_new", run), url("proposals", run), **{**RULES, **rules})
    assert answer.status_code == 302, words(answer)
    return str(answer.headers["Location"])


def run_of(desk: Desk, *invoices: Invoice, planned: str | None = None) -> UUID:
    run = desk.open(*invoices)
    desk.pay(run, planned=planned)
    return run


def test_from_the_run_over_the_rules_to_a_preview_that_places_nothing(desk: Desk) -> None:
    first, second = (make_invoice(desk.people.harlow_west, amount) for amount in ("100.00", "50.00"))
    run = run_of(desk, first, second, planned="120.00")
    dana = Reader.of(desk.people.dana)
    assert url("proposal_new", run) in dana.see(url("pay_run", run))
    page = words(dana.see(proposed(desk, dana, run)))
    assert "cap left 20.00" in page and "cap of payment 1 reached" in page
    assert "Accept all 2" in page
    assert placed(run) == {}


def test_what_is_accepted_shows_its_reason_on_the_run_and_for_whoever_reviews(desk: Desk) -> None:
    invoice = make_invoice(desk.people.harlow_west, "100.00")
    run = run_of(desk, invoice, planned="100.00")
    dana = Reader.of(desk.people.dana)
    address = proposed(desk, dana, run)
    dana.send(address, f"{address}acceptance/", rows="all")
    assert placed(run) == {(invoice.number, 1): Decimal(100)}
    for page, reader in (("pay_run", dana), ("pay_run_review", Reader.of(desk.people.victor))):
        assert "meets payment 1 exactly" in words(reader.see(url(page, run)))
    [payment] = desk.payments(run)
    desk.place(run, payment.code, invoice, amount="60.00")
    assert "meets payment 1 exactly" not in words(dana.see(url("pay_run", run)))


def test_checked_rows_alone_are_accepted_and_none_is_refused_in_words(desk: Desk) -> None:
    first, second = (make_invoice(desk.people.harlow_west, amount) for amount in ("100.00", "50.00"))
    run = run_of(desk, first, second)
    dana = Reader.of(desk.people.dana)
    address = proposed(desk, dana, run)
    refused = dana.send(address, f"{address}acceptance/", rows="chosen")
    assert (refused.status_code, "choose rows that would change" in words(refused)) == (422, True)
    dana.send(address, f"{address}acceptance/", rows="chosen", invoice=str(second.code))
    assert placed(run) == {(second.number, 1): Decimal(50)}


def test_a_stale_tab_is_refused_with_what_changed_and_offers_to_propose_again(desk: Desk) -> None:
    invoice = make_invoice(desk.people.harlow_west, "100.00")
    run = run_of(desk, invoice)
    dana = Reader.of(desk.people.dana)
    address = proposed(desk, dana, run)
    form = dana.carried(address, f"{address}acceptance/")
    desk.do("short_pay", run=run, invoice=invoice.code, amount=Decimal(10), reason="duplicate_charge", note="")
    refused = dana.client.post(f"{address}acceptance/", {**form, "rows": "all"})
    assert refused.status_code == 422
    assert f"{invoice.number}: 90.00 of it can be placed, not 100.00." in words(refused)
    assert "Propose again" in words(dana.see(address)) and placed(run) == {}


def test_rules_that_cannot_be_are_said_at_their_field_and_nothing_is_lost(desk: Desk) -> None:
    run = run_of(desk, make_invoice(desk.people.harlow_west, "100.00"))
    dana = Reader.of(desk.people.dana)
    send = {"page_url": url("proposal_new", run), "form_url": url("proposals", run)}
    for wrong in (
        {"second": "exact"},
        {"order": "any\0"},
        {"cap-ach_credit-USD": "a lot"},
        {"cap-ach_credit-USD": "0.001"},
    ):
        answer = dana.send(**send, **{**RULES, **wrong})
        assert answer.status_code == 422, wrong
    with carrier(read_only=True):
        assert not Proposal.objects.exists()


def test_the_next_proposal_begins_with_the_rules_of_the_last(desk: Desk) -> None:
    run = run_of(desk, make_invoice(desk.people.harlow_west, "100.00"))
    dana = Reader.of(desk.people.dana)
    proposed(desk, dana, run, share="invoices", **{"cap-ach_credit-USD": "75"})
    page = dana.see(url("proposal_new", run))
    assert re.search(r'<option value="invoices"\s+selected', page) and 'value="75"' in page


def test_a_replay_proves_the_same_result_on_the_page_and_at_the_command_line(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    lockbox = make_invoice(
        desk.people.harlow_west, "33.10", system="castle", due_on=desk.now.date() + timedelta(days=9)
    )
    said = {"system": "castle", "account": "", "currency": "", "methods": ["cheque"], "why": "cheque only"}
    make_rule(desk.people.erik, **said, now=desk.now)  # type: ignore[arg-type]  # fields by their names
    run = run_of(desk, lockbox, make_invoice(desk.people.harlow_west, "100.00"), planned="70.01")
    dana = Reader.of(desk.people.dana)
    address = proposed(desk, dana, run, share="payments")
    assert "Identical" in words(dana.see(f"{address}replay/"))
    call_command("replay_proposal", address.rstrip("/").rpartition("/")[2])
    assert "identical" in capsys.readouterr().out
    with pytest.raises(CommandError, match="no such proposal"):
        call_command("replay_proposal", str(uuid4()))


def test_a_proposal_of_another_run_or_customer_is_not_there(desk: Desk) -> None:
    run, other = (run_of(desk, make_invoice(desk.people.harlow_west, "10.00")) for _ in range(2))
    dana = Reader.of(desk.people.dana)
    address = proposed(desk, dana, run)
    dana.see(address.replace(str(run), str(other)), status=404)
    Reader.of(desk.people.carol).see(address, status=404)
    victor = Reader.of(desk.people.victor)
    assert "Accept all" not in words(victor.see(address))
    assert victor.client.post(f"{address}acceptance/", {"rows": "all", "key": str(uuid4())}).status_code == 404
