"""A long list is written to a file by a worker, for the one who asked; nobody waits, and nobody else gets it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection
from openpyxl import load_workbook

from billing_sources.locks import alone_or_not
from payments.exports import views, writing
from payments.models import Export
from portal.tenancy import acting, carrier
from tests.factories import make_invoice, make_invoices
from tests.payments.conftest import Desk, at_once
from tests.payments.pages import Reader, words


@pytest.fixture
def dana(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    desk.has_tampered = True  # bills are paid here without payments
    monkeypatch.setattr(views, "MOST_AT_ONCE", 30)
    make_invoices([desk.people.harlow_west], 60)
    make_invoice(desk.people.harlow_west, "-9.00", number="=1+1")
    make_invoice(desk.people.lumen_root, number="foreign")
    yield Reader.of(desk.people.dana)


def ask(dana: Reader, kind: str, view: str = "state=all&sort=-billed&columns=number,billed") -> str:
    answer = dana.client.post("/exports/", {"kind": kind, "view": view})
    assert answer.status_code == 302
    return str(answer["Location"])


def exports() -> list[Export]:
    with carrier(read_only=True):
        return list(Export.objects.order_by("pk"))


def fetched(dana: Reader, page: str) -> Any:
    return dana.client.get(f"{page}file/")


def test_a_long_list_is_written_by_a_worker_and_fetched_with_what_it_is_as_of(desk: Desk, dana: Reader) -> None:
    page = ask(dana, "csv")
    assert "Being written" in dana.see(page)
    assert '<meta http-equiv="refresh" content="2">' in dana.see(page)
    assert fetched(dana, page).status_code == 404
    part = dana.client.get(page, headers={"HX-Request": "true"})
    assert "<html" not in part.content.decode()

    assert writing.write(exports()[0].pk)
    assert dana.client.get(page, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"
    file = fetched(dana, page)
    rows = list(csv.reader(io.StringIO(file.getvalue().decode("utf-8-sig"))))
    assert rows[0] == ["Invoice", "Currency", "Billed"]
    assert len(rows) == 62
    assert {"'=1+1"} == {row[0] for row in rows if "=1+1" in row[0]}
    assert any("-9.00" in row for row in rows)
    assert not [row for row in rows if "foreign" in row]
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert "As of" in words(dana.see(page))

    page = ask(dana, "xlsx", "state=all&by=system")
    assert writing.write(exports()[1].pk)
    book = load_workbook(io.BytesIO(fetched(dana, page).getvalue()))
    groups = [[cell.value for cell in row] for row in book["Invoices"].iter_rows()]
    assert [groups[0][place] for place in (0, 2, 3)] == ["System", "Invoices", "Billed"]
    assert (groups[1][:3], len(groups)) == (["Atlas", "USD", 61], 2)
    about = [row[0].value for row in book["About"].iter_rows()]
    assert about[0] == "Invoices of Harlow Freight Group"
    assert str(about[1]).startswith("As of 20")


def test_a_short_list_comes_at_once(desk: Desk, dana: Reader) -> None:
    where = ask(dana, "csv", "state=credits")
    assert urlsplit(where).path == "/invoices/export.csv"
    assert exports() == []
    assert dana.client.post("/exports/", {"kind": "exe"}).status_code == 404


def test_nobody_gets_the_file_but_who_asked(desk: Desk, dana: Reader) -> None:
    page = ask(dana, "csv")
    writing.write(exports()[0].pk)
    for person in (desk.people.carol, desk.people.victor):
        reader = Reader.of(person)
        assert reader.client.get(page).status_code == fetched(reader, page).status_code == 404
        with acting(person, read_only=True):
            assert not Export.objects.exists()
    with pytest.raises(DatabaseError), acting(desk.people.dana), connection.cursor() as cursor:
        cursor.execute("UPDATE payments_export SET file = 'raw/other'")


def test_a_killed_workers_list_is_begun_anew_and_two_workers_write_one(desk: Desk, dana: Reader) -> None:
    page = ask(dana, "csv")
    (export,) = exports()
    half = Path(default_storage.path(f"exports/{export.code}.part"))
    half.parent.mkdir(parents=True, exist_ok=True)
    half.write_bytes(b"half a list")  # a worker was killed in the middle of it: its lock is gone, its row is as it was
    assert writing.to_write() == [export.pk]
    with alone_or_not("export", export.pk):
        (elsewhere,) = at_once([lambda: writing.write(export.pk)])
        assert elsewhere is False
    both = at_once([lambda: writing.write(export.pk), lambda: writing.write(export.pk)])
    assert sorted(map(str, both)) == ["False", "True"]
    assert fetched(dana, page).getvalue().count(b"\r\n") == 62
    assert (writing.to_write(), half.exists()) == ([], False)


def test_a_list_that_cannot_be_written_says_so_in_the_end(desk: Desk, dana: Reader) -> None:
    page = ask(dana, "csv")
    (export,) = exports()
    Path(default_storage.path("exports")).parent.mkdir(parents=True, exist_ok=True)
    Path(default_storage.path("exports")).write_text("a file where the folder should be")
    for _ in range(writing.MOST_ATTEMPTS + 1):
        assert not writing.write(export.pk)
    assert "could not be written" in words(dana.see(page))


def test_a_file_is_removed_when_its_days_are_over(desk: Desk, dana: Reader) -> None:
    page = ask(dana, "csv")
    writing.write(exports()[0].pk)
    (export,) = exports()
    assert export.ready_at
    assert writing.remove_old(export.ready_at + timedelta(days=6)) == 0
    assert writing.remove_old(export.ready_at + timedelta(days=8)) == 1
    assert fetched(dana, page).status_code == 404
    assert "the file is removed" in words(dana.see(page))
    assert not default_storage.exists(export.file)
    assert "Removed" in dana.see("/exports/")
