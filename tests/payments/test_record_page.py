"""The page of the raw record behind a charge, a tax or a bill."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from billing_sources import archive
from billing_sources.models import BillingSystem, ImportFile, ImportRun, Invoice
from billing_sources.normalize import RESIDUE
from billing_sources.transports import Payload
from portal.actor import Actor
from portal.tenancy import ingest
from tests.clients import client_of
from tests.factories import make_charge, make_invoice, make_tax
from tests.personas import Personas

SECRET = "9 UNTER DEN LINDEN"
TWO_BILLS = (
    "ISA*00*          *00*          *ZZ*NORTH          *ZZ*HARLOW         *261101*0200*U*00401*000000001*0*P*>~"
    "GS*CI*NORTH*HARLOW*20261101*0200*1*X*004010~"
    "ST*810*0001~BIG*20261101*H-1~N1*BT*HARLOW~IT1**1*M4*42.50**SV*<b>MRC</b>~PID*F****Ethernet <i>1</i>~"
    "TXI*ST*3.10*7.3***~TDS*4560~SE*7*0001~"
    f"ST*810*0002~BIG*20261101*L-1~N1*BT*LUMEN~IT1**1*M4*7.00**SV*MRC~PID*F****{SECRET}~TDS*700~SE*6*0002~"
    "GE*2*1~IEA*1*000000001~"
)


def kept(people: Personas, folder: Path, text: str) -> ImportFile:
    """A published file of atlas, its bytes in the archive."""
    path = folder / "november.edi"
    path.write_text(text)
    make_invoice(people.harlow_west)  # brings the system
    with ingest():
        system = BillingSystem.objects.get(key="atlas")
    document = archive.keep(Payload.of(path), system, timezone.now())
    with ingest():
        run = ImportRun.objects.create(system=system, trigger="nightly", started_at=timezone.now())
        return ImportFile.objects.create(
            run=run, document=document, state="published", received_at=timezone.now(), vocabulary_version=4
        )


@pytest.fixture
def file(people: Personas, tmp_path: Path) -> ImportFile:
    """It holds a bill of each customer."""
    return kept(people, tmp_path, TWO_BILLS)


@pytest.fixture
def bill(people: Personas, file: ImportFile) -> Invoice:
    invoice = make_invoice(people.harlow_west, "45.60", file=file, number="H-1", position="set 0001, segment 3")
    make_charge(invoice, "42.50", source_term="<b>MRC</b>", origin="segment 6")
    make_tax(invoice, "3.10", origin="segment 8")
    return invoice


def ask(actor: Actor, invoice: Invoice, what: str = "charges/1") -> Any:
    return client_of(actor).get(f"/invoices/{invoice.code}/{what}/record/")


def read(answer: Any) -> str:
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def test_another_customers_record_is_not_found(people: Personas, bill: Invoice) -> None:
    for what in ("charges/0", "charges/1", "taxes/1"):
        assert ask(people.carol, bill, what).status_code == 404
        assert ask(people.nils, bill, what).status_code == 404
        assert ask(people.dana, bill, what).status_code == 200


@pytest.mark.parametrize("state", ["held", "shadow", "waiting"])
def test_the_record_of_a_bill_that_customers_do_not_see_is_not_found(
    people: Personas, file: ImportFile, state: str
) -> None:
    invoice = make_invoice(people.harlow_west, file=file, state=state, position="set 0001, segment 3")
    make_charge(invoice, "42.50", origin="segment 6")
    assert ask(people.dana, invoice).status_code == 404
    assert ask(people.dana, invoice, "charges/0").status_code == 404


@pytest.mark.parametrize(
    "what", ["charges/2", "charges/99999999999999999999", "taxes/0", "taxes/2", "taxes/9" + "9" * 30]
)
def test_what_the_bill_does_not_hold_is_not_found(people: Personas, bill: Invoice, what: str) -> None:
    assert ask(people.dana, bill, what).status_code == 404


def test_no_word_of_the_next_bill_in_the_file_is_shown(people: Personas, bill: Invoice) -> None:
    for what in ("charges/0", "charges/1", "taxes/1"):
        page = read(ask(people.dana, bill, what))
        assert SECRET not in page
        assert "LUMEN" not in page


def test_a_position_that_is_not_in_the_file_is_said_in_words(people: Personas, file: ImportFile) -> None:
    invoice = make_invoice(people.harlow_west, file=file, position="set 0001, segment 3")
    make_charge(invoice, "1.00", origin="segment 9000")
    make_charge(invoice, "1.00", origin="", position=2)
    assert "no such record at this position" in read(ask(people.dana, invoice))
    assert "was not kept" in read(ask(people.dana, invoice, "charges/2"))


def test_a_file_missing_from_the_archive_is_said_in_words(people: Personas) -> None:
    invoice = make_invoice(people.harlow_west)
    make_charge(invoice, "1.00", origin="segment 6")
    assert "not in the archive" in read(ask(people.dana, invoice))


def test_what_rounding_left_has_no_record(people: Personas, file: ImportFile) -> None:
    invoice = make_invoice(people.harlow_west, file=file)
    make_charge(invoice, "0.01", category="rounding", source_term=RESIDUE)
    assert "what rounding the bill" in read(ask(people.dana, invoice))


def test_a_charge_leads_to_its_record_with_field_rule_and_value(
    people: Personas, bill: Invoice, file: ImportFile
) -> None:
    invoice_page = client_of(people.dana).get(f"/invoices/{bill.code}/").content.decode()
    for what in ("charges/0", "charges/1", "taxes/1"):
        assert f'href="/invoices/{bill.code}/{what}/record/"' in invoice_page
    page = read(ask(people.dana, bill))
    assert "<mark>42.50</mark>" in page
    assert "quantity times price; alone where IT103 is M4" in page
    assert "Billed as “&lt;b&gt;MRC&lt;/b&gt;” by Atlas, our word recurring, by vocabulary version 4" in page
    assert "Ethernet &lt;i&gt;1&lt;/i&gt;" in page
    assert "november.edi" in page
    assert file.document.sha256 in page


def test_the_bills_own_record_is_its_heading_and_summary(people: Personas, bill: Invoice) -> None:
    page = html.unescape(read(ask(people.dana, bill, "charges/0")))
    assert "BIG*20261101*<mark>H-1</mark>" in page or "<mark>20261101</mark>*<mark>H-1</mark>" in page
    assert "TDS*" in page
    assert "IT1" not in page


def test_a_tax_leads_to_its_record(people: Personas, bill: Invoice) -> None:
    assert "<mark>3.10</mark>" in read(ask(people.dana, bill, "taxes/1"))


def test_a_record_of_any_length_is_shown_to_its_limit(people: Personas, tmp_path: Path) -> None:
    invoice = make_invoice(
        people.harlow_west,
        file=kept(people, tmp_path, TWO_BILLS.replace("Ethernet", "Ethernet " + "x" * 300_000)),
        position="set 0001, segment 3",
    )
    make_charge(invoice, "42.50", origin="segment 6")
    answer = ask(people.dana, invoice)
    assert "its beginning is shown" in read(answer)
    assert len(answer.content) < 100_000
