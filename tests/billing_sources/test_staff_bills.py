"""From a file to its bills, their charges and the raw record behind each, on the engineer's screen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from billing_sources.models import Charge, Invoice, ProofLine
from billing_sources.staff import bill_queries
from portal.tenancy import carrier
from tests.billing_sources.staff import ORDER, Night, signed_in, text_of
from tests.factories import make_invoice

pytest_plugins = ("tests.billing_sources.staff",)


def test_nobody_but_engineers_sees_the_bills_of_a_file(bills_came_in: Night) -> None:
    file = bills_came_in.file()
    with carrier():
        bill = Invoice.objects.filter(file=file)[0]
    for address in (f"files/{file.code}/bills/", f"bills/{bill.code}/", f"bills/{bill.code}/charges/1/record/"):
        for user in (bills_came_in.people.dana.user_id, bills_came_in.people.sam.user_id):
            assert signed_in(user).get(f"/carrier/{address}").status_code == 404
        assert bills_came_in.erik.get(f"/carrier/{address}").status_code == 200


def test_a_charge_or_tax_that_is_not_there_is_not_found(bills_came_in: Night) -> None:
    with carrier():
        bill = Invoice.objects.filter(file=bills_came_in.file())[0]
    for what in ("charges/9999", f"charges/{10**30}", "taxes/0", "taxes/9999"):
        assert bills_came_in.erik.get(f"/carrier/bills/{bill.code}/{what}/record/").status_code == 404


def test_every_bill_of_the_file_is_listed_over_its_pages(bills_came_in: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    file, seen, query = bills_came_in.file(), 0, ""
    monkeypatch.setattr(bill_queries, "BILLS_SHOWN", 10)
    while True:
        page = bills_came_in.erik.get(f"/carrier/files/{file.code}/bills/{query}").content.decode()
        seen += page.count("data-row ")
        if "?after=" not in page:
            break
        query = "?after=" + page.split('href="?after=')[1].split('"')[0]
    assert seen == file.created


def test_a_bill_leads_to_the_record_of_each_charge(bills_came_in: Night) -> None:
    with carrier():
        bill = Invoice.objects.filter(file=bills_came_in.file())[0]
        charge = Charge.objects.filter(invoice=bill).exclude(source_term="").order_by("position")[0]
    page = bills_came_in.erik.get(f"/carrier/bills/{bill.code}/")
    assert f"/carrier/bills/{bill.code}/charges/{charge.position}/record/" in page.content.decode()
    assert "Account not linked" in text_of(page)
    record = text_of(bills_came_in.erik.get(f"/carrier/bills/{bill.code}/charges/{charge.position}/record/"))
    assert f"Billed as “{charge.source_term}” by Atlas" in record
    assert "IT1" in record or "SAC" in record
    assert bill.number in text_of(bills_came_in.erik.get(f"/carrier/bills/{bill.code}/charges/0/record/"))


def test_a_shadow_bill_of_any_customer_is_seen_by_the_engineer_alone(bills_came_in: Night) -> None:
    bill = make_invoice(bills_came_in.people.lumen_root, state="shadow")
    assert "In the shadow" in text_of(bills_came_in.erik.get(f"/carrier/bills/{bill.code}/"))
    assert signed_in(bills_came_in.people.carol.user_id).get(f"/invoices/{bill.code}/").status_code == 404


def test_the_file_shows_its_evidence_line_by_line(bills_came_in: Night) -> None:
    file = bills_came_in.file()
    page = text_of(bills_came_in.erik.get(f"/carrier/files/{file.code}/"))
    with carrier():
        kept = list(ProofLine.objects.filter(file=file))
    assert page.count("Ties") >= len(kept) > 3
    assert "All bills, account by account" in page
    assert all(f"{line.loaded_number:,}" in page for line in kept)


def test_a_file_from_before_evidence_was_kept_says_so(bills_came_in: Night) -> None:
    old = make_invoice(bills_came_in.people.lumen_root, system="castle").file_id
    with carrier():
        file = Invoice.objects.select_related("file").get(file=old).file
    page = text_of(bills_came_in.erik.get(f"/carrier/files/{file.code}/"))
    assert "no bill that was not there already" in page
    with carrier():
        type(file).objects.filter(pk=file.pk).update(created=1)
    assert "before evidence was kept" in text_of(bills_came_in.erik.get(f"/carrier/files/{file.code}/"))


def test_a_file_held_whole_has_nothing_to_prove(bills_came_in: Night) -> None:
    run = bills_came_in.import_order(replace(ORDER, seed=9, cycle="3", faults=("truncated",)))
    page = text_of(bills_came_in.erik.get(f"/carrier/files/{bills_came_in.file(run).code}/"))
    assert "there is nothing to prove" in page
