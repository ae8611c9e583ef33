"""Invoices inside PDFs: read as the XML that they hold, or refused in a few seconds with the reason."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from billing_sources.adapters.boreal import BOREAL
from billing_sources.checks import check
from billing_sources.normalize import normalize
from billing_sources.readers import pdf as pdf_reader
from billing_sources.readers import pdf_child
from tests.billing_sources.boreal_texts import DECLARED, cii, cii_line, read, read_issue, read_one, rejection, ubl
from tests.billing_sources.pdf_files import pdf, pdf_that_loops, pdf_that_unfolds

PDFS = Path(__file__).resolve().parents[3] / "shared" / "data" / "facturx-pdf"
REAL = pytest.mark.skipif(not PDFS.exists(), reason=f"THE REAL FILES ARE MISSING: {PDFS} is not there")


@pytest.mark.parametrize("content", [pdf_that_loops(), pdf_that_unfolds(300)])
def test_a_pdf_made_to_hurt_is_refused_before_it_does(content):
    begun = time.monotonic()
    assert len(content) < 100_000
    assert rejection(content).rule in ("PDF-READ", "PDF-XML")
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("keep", [5, 1000])
def test_a_pdf_cut_short_is_refused(keep):
    assert rejection(pdf((DECLARED + cii(lines=cii_line("1", "5") * 20)).encode())[:keep]).rule in (
        "PDF-READ",
        "PDF-XML",
    )


def test_a_pdf_may_not_use_more_memory_than_a_small_machine_has():
    greedy = "child._attachment = lambda: b' ' * (500 << 20)"
    program = f"import sys; from billing_sources.readers import pdf_child as child; {greedy}; sys.exit(child.main())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (pdf_child.UNREADABLE, b"MemoryError: ")


def test_a_pdf_without_an_invoice_is_refused():
    assert rejection(pdf(b"hello", "notes.xml")).rule == "PDF-XML"


def test_a_pdf_larger_than_any_bill_is_refused(monkeypatch):
    monkeypatch.setattr(pdf_reader, "LARGEST", 1 << 10)
    assert rejection(pdf(b" " * 4096)).rule == "PDF-SIZE"


def test_what_the_pdf_holds_is_judged_like_any_file():
    assert rejection(pdf(b"<!DOCTYPE a>" + cii().encode())).rule == "XML-DOCTYPE"
    assert rejection(pdf(b"\x00\x01")).rule == "XML-SYNTAX"


@pytest.mark.parametrize("name", ["factur-x.xml", "zugferd-invoice.xml", "xrechnung.xml", "ZUGFeRD-invoice.xml"])
def test_an_embedded_invoice_is_read_by_any_of_its_names(name):
    text = (DECLARED + cii(lines=cii_line("1", "5.00"))).encode()
    assert read(pdf(text, name)) == read(text)


def test_ubl_in_a_pdf_is_read_as_well():
    assert read_one(pdf((DECLARED + ubl(number="U-7")).encode(), "xrechnung.xml")).number == "U-7"


EXPECTED = {
    "EN16931_Einfach_negativePaymentDue.pdf": ("471102", "-529.87"),
    "EN16931_Gutschrift.pdf": ("471102", "529.87"),
    "EN16931_Rechnungskorrektur.pdf": ("RK21012345", "-8.79"),
}
REFUSED = {"ZUGFeRD_1p0_EXTENDED_Kostenrechnung.pdf": "KR87654321012", "fail1.pdf": "RE-20151008/504"}


@REAL
@pytest.mark.parametrize("name", EXPECTED)
def test_a_real_pdf_is_read_and_adds_up(name):
    bill = normalize(read_one(next(PDFS.rglob(name)).read_bytes()), BOREAL)
    assert (bill.invoice.number, str(bill.payable)) == EXPECTED[name]
    assert check(bill) == []


@REAL
@pytest.mark.parametrize("name", REFUSED)
def test_a_real_pdf_that_lacks_what_a_bill_needs_is_an_issue_with_its_number(name):
    issue = read_issue(next(PDFS.rglob(name)).read_bytes())
    assert (issue.rule, issue.number) == ("EN-MISSING", REFUSED[name])


@REAL
def test_no_real_pdf_is_left_unjudged():
    assert {path.name for path in PDFS.rglob("*.pdf")} <= {*EXPECTED, *REFUSED}
