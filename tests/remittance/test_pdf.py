"""The paper: the same every time, readable by machines, and deaf to whatever stands in it."""

from __future__ import annotations

import io
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pikepdf
import pypdf
import pytest

from remittance.pdf import PaperRefused, render_slip, to_pdf
from remittance.sheets import cut
from tests.remittance.advices import ISSUED, MOCK_UP_LINES, PAYER, advice, line, many_lines

SNIPPETS = [
    '<link rel="attachment" href="{url}">',
    '<link rel="stylesheet" href="{url}">',
    "<style>@import url({url});</style>",
    "<style>@font-face{{font-family:x;src:url({url})}} *{{font-family:x}}</style>",
    '<p style="background:url({url})">x</p>',
    '<p style="list-style-image:url({url});display:list-item">x</p>',
    '<p style="content:url({url})">x</p>',
    '<img src="{url}">',
    '<img srcset="{url} 2x">',
    '<object data="{url}"></object>',
    '<embed src="{url}">',
    '<iframe src="{url}"></iframe>',
    '<svg><image href="{url}" width="9" height="9"/></svg>',
    '<svg><use href="{url}#a"/></svg>',
    "<svg><style>@import url({url});</style></svg>",
    "<base href='{url}'><img src='a'>",
    '"><img src="{url}">',
    "'><img src='{url}'>",
    "</title><img src='{url}'>",
    "--><img src='{url}'>",
    "]]><img src='{url}'>",
    "{{% include '{url}' %}}",
    '<img src="file:///etc/passwd">',
    '<link rel="attachment" href="file:///etc/passwd">',
]


@contextmanager
def listener() -> Iterator[tuple[str, list[bytes]]]:
    """A server on loopback and everything that ever connected to it."""
    seen: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        stop = threading.Event()

        def accept() -> None:
            while not stop.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                seen.append(connection.recv(200))
                connection.close()

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/x", seen
        finally:
            stop.set()
            thread.join()


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


def test_hostile_text_is_printed_as_text_and_fetches_nothing() -> None:
    with listener() as (url, seen):
        hostile = [snippet.format(url=url) for snippet in SNIPPETS]
        lines = [line(text, "1.00", "1.00", account_label=text, note=text) for text in hostile]
        payer = replace(PAYER, name=hostile[16], lines=tuple(hostile[:4]))
        pdf = render_slip(advice(lines, payer=payer))
    assert seen == []
    printed = "".join(text_of(pdf).split())
    assert all("".join(text.split()) in printed for text in hostile)


@pytest.mark.parametrize("snippet", [one for one in SNIPPETS if "src=" in one or "href=" in one])
def test_markup_that_slipped_through_escaping_would_still_fetch_nothing(snippet: str) -> None:
    with listener() as (url, seen):
        try:
            pdf = to_pdf(f"<title>x</title>{snippet.format(url=url)}", {}, identifier=b"0" * 16)
        except PaperRefused:
            pdf = b""
    assert seen == []
    assert b"root:" not in pdf
    assert not pdf or "/EmbeddedFiles" not in pikepdf.open(io.BytesIO(pdf)).Root.get("/Names", {})


def test_an_image_from_elsewhere_stops_the_printing() -> None:
    for url in ("http://127.0.0.1:9/x.png", "file:///etc/hostname", "paper:other.svg"):
        with pytest.raises(PaperRefused, match="does not load"):
            to_pdf(f'<title>x</title><img src="{url}">', {}, identifier=b"0" * 16)


PRINT_AGAIN = """
import hashlib, django
django.setup()
from remittance.pdf import render_slip
from tests.remittance.advices import advice
print(hashlib.sha256(render_slip(advice())).hexdigest())
"""


def test_two_processes_print_the_same_bytes() -> None:
    prints = {
        subprocess.run([sys.executable, "-c", PRINT_AGAIN], check=True, capture_output=True, text=True).stdout
        for _ in range(2)
    }
    assert len(prints) == 1
    assert len(prints.pop().strip()) == 64


def test_one_cent_makes_another_paper() -> None:
    other = (line("B4-20261101-500", "8120.41", "8120.41"), *MOCK_UP_LINES[1:])
    assert render_slip(advice()) != render_slip(advice(other))


def test_the_slip_is_tagged_titled_and_in_a_language() -> None:
    document = pikepdf.open(io.BytesIO(render_slip(advice())))
    root = document.Root
    assert root.MarkInfo.Marked
    assert str(root.Lang) == "en"
    assert root.ViewerPreferences.DisplayDocTitle
    assert str(document.docinfo["/Title"]) == "Remittance slip PAY-2211-3"
    assert b"pdfuaid:part>1<" in root.Metadata.read_bytes().replace(b'="1"', b">1<")
    tags = [str(node.S) for node in _structure(root.StructTreeRoot.K[0])]
    assert tags.count("/H1") == 1
    assert tags.count("/TR") == 1 + len(MOCK_UP_LINES) + 1
    figures = [node for node in _structure(root.StructTreeRoot.K[0]) if node.S == "/Figure"]
    assert [str(node.Alt) for node in figures] == [
        "QR code of this credit transfer: EUR 16,435.17, reference RF03 4011 9820 0221 103"
    ]


def _structure(node: pikepdf.Object) -> Iterator[pikepdf.Object]:
    if not isinstance(node, pikepdf.Dictionary) or "/S" not in node:
        return
    yield node
    kids: Any = node.get("/K", [])
    for kid in list(kids) if isinstance(kids, pikepdf.Array) else [kids]:
        yield from _structure(kid)


def test_every_figure_of_the_advice_can_be_selected() -> None:
    issued = advice()
    text = " ".join(text_of(render_slip(issued)).split())
    for figure in ("8,120.40", "2,617.82", "\u2212120.00", "2,497.82", "\u2212337.50", "16,555.17", "16,435.17"):
        assert figure in text
    assert "426\u00b701 rate not as agreed \u00b7 dispute D-1184" in text
    assert issued.scan_line in text
    assert "Page 1 of 1" in text


def test_a_part_payment_says_what_it_leaves() -> None:
    text = text_of(render_slip(advice([line("A-1", "100.00", "60.00", "10.00")])))
    assert "30.00 EUR is not part of this payment" in " ".join(text.split())


@pytest.mark.parametrize(
    ("currency", "method", "codes"), [("EUR", "wire", 1), ("EUR", "cheque", 0), ("USD", "wire", 0)]
)
def test_only_a_transfer_in_euro_can_be_scanned(currency: str, method: str, codes: int) -> None:
    pdf = render_slip(advice(currency=currency, method=method))  # type: ignore[arg-type]  # parametrised
    document = pikepdf.open(io.BytesIO(pdf))
    figures = [node for node in _structure(document.Root.StructTreeRoot.K[0]) if node.S == "/Figure"]
    assert len(figures) == codes


def test_a_replaced_slip_and_a_voided_slip_say_so() -> None:
    assert "Version 2, replaces version 1" in text_of(render_slip(advice(issue=replace(ISSUED, version=2))))
    voided = render_slip(advice(issue=replace(ISSUED, voided=True)))
    document = pikepdf.open(io.BytesIO(voided))
    assert "Voided: do not pay and do not book this slip" in text_of(voided)
    assert str(document.docinfo["/Title"]) == "Remittance slip PAY-2211-3 (void)"


def test_each_sheet_adds_up_to_its_foot_and_the_paper_breaks_where_the_sums_do() -> None:
    labels = [
        "Turku",
        "Harlow Freight Logistics International · Gothenburg terminal 4, cold store",
        "W" * 90,
        "Ж" * 80,
    ]
    issued = advice(many_lines(120, labels), currency="USD", method="ach_credit")
    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(render_slip(issued))).pages]
    sheets = cut(issued)
    assert len(pages) == len(sheets)
    for number, (page, sheet) in enumerate(zip(pages, sheets, strict=True), start=1):
        assert f"Page {number} of {len(pages)}" in page
        assert f"{sheet.carried.paid:,.2f}" in page
        assert ("Carried forward" in page) is not sheet.is_last
        assert ("Brought forward" in page) is (number > 1)
        assert sheet.lines[-1].invoice in page


def test_a_slip_of_a_thousand_lines_ends_in_its_control_total() -> None:
    issued = advice(many_lines(1000), currency="USD", method="ach_credit")
    reader = pypdf.PdfReader(io.BytesIO(render_slip(issued)))
    assert len(reader.pages) == len(cut(issued))
    assert "1000 items" in reader.pages[-1].extract_text()
    assert f"{issued.totals.paid:,.2f}" in reader.pages[-1].extract_text()
