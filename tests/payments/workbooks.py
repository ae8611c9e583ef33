"""A person who takes a workbook home, types into it, and sends it back."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from openpyxl import Workbook as Book
from openpyxl import load_workbook

from tests.payments.pages import Reader

HIDDEN = re.compile(r'name="(key|seen|mark)" value="([^"]*)"')
CHECKED = re.compile(r'<input type="checkbox" name="(column|row|cell)" value="([^"]*)" checked')


def downloaded(reader: Reader, run: UUID) -> Book:
    return opened(reader.client.post(reverse("pay_run_workbook", args=[run])))


def downloaded_tags(reader: Reader, view: str = "state=all") -> Book:
    return opened(reader.client.post(reverse("tag_workbook"), {"filter": view}))


def opened(answer: Any) -> Book:
    assert answer.status_code == 200, answer.status_code
    assert answer["Content-Type"].endswith("spreadsheetml.sheet")
    return load_workbook(io.BytesIO(answer.content))


def bytes_of(book: Book) -> bytes:
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def place(book: Book, sheet: str, name: str, head: str) -> Any:
    """The cell of a row (by what stands in its first column) under a head."""
    page = book[sheet]
    column = 0
    for row in page.iter_rows():
        if column and str(row[0].value) == name:
            return row[column - 1]
        heads = [cell.value for cell in row]
        if "Row" in heads:
            column = heads.index(head) + 1
    raise AssertionError(f"no {name} on {sheet}")


def sent(reader: Reader, body: Book | bytes, run: UUID | None = None, name: str = "back.xlsx", **fields: Any) -> Any:
    file = SimpleUploadedFile(name, body if isinstance(body, bytes) else bytes_of(body))
    wanted = {"key": str(uuid4()), "file": file, **({"run": str(run)} if run else {}), **fields}
    return reader.client.post(reverse("workbooks"), wanted)


def compared(reader: Reader, body: Book | bytes, run: UUID | None = None) -> tuple[str, str]:
    """The address of the upload's page, and the page."""
    answer = sent(reader, body, run)
    assert answer.status_code == 302, re.findall(r"flash--error.*?</", answer.content.decode(), re.DOTALL)
    return answer.url, reader.see(answer.url)


def take(
    reader: Reader, url: str, page: str, sides: dict[str, str] | None = None, but: Callable[[str], bool] | None = None
) -> Any:
    """Press “Take over” with what the page has checked, but for names that `but` says; `sides` decides conflicts."""
    fields: dict[str, Any] = dict(HIDDEN.findall(page.split('id="workbook"')[1]))
    for name, value in CHECKED.findall(page):
        if not but or not but(value):
            fields.setdefault(name, []).append(value)
    return reader.client.post(f"{url}application/", {**fields, **(sides or {})})


def upload_of(reader: Reader, run: UUID, name: str) -> str:
    """The code of a workbook of the run that was downloaded, left as it was, and sent back."""
    code: str = sent(reader, downloaded(reader, run), name=f"{name}.xlsx").url.strip("/").split("/")[-1]
    return code
