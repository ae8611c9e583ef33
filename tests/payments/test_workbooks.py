"""A pay run goes out as a workbook, and comes back with what was changed in it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from billing_sources.models import Invoice
from payments.models import PayRunItem, ShortPay
from portal.tenancy import carrier
from tests.factories import make_invoice
from tests.payments.conftest import Desk
from tests.payments.pages import Reader, placed
from tests.payments.workbooks import compared, downloaded, place, take


@pytest.fixture
def two(desk: Desk) -> list[Invoice]:
    root = desk.people.harlow_root
    return [make_invoice(root, "100.00", number="A-1"), make_invoice(root, "250.50", number="A-2")]


def test_a_workbook_that_nobody_changed_says_nothing(desk: Desk, two: list[Invoice]) -> None:
    dana, run = Reader.of(desk.people.dana), desk.open(*two)
    desk.place(run, desk.pay(run), two[0])
    _, page = compared(dana, downloaded(dana, run), run)
    assert "No difference" in page


def test_exactly_the_changed_cells_are_offered_and_taken_over(desk: Desk, two: list[Invoice]) -> None:
    dana, run = Reader.of(desk.people.dana), desk.open(*two)
    first, second = desk.pay(run), desk.pay(run, "wire")
    desk.place(run, first, two[0])
    book = downloaded(dana, run)
    place(book, "Lines", "A-1", "Payment 1").value = 60
    place(book, "Lines", "A-1", "Payment 2").value = "30.00"
    place(book, "Lines", "A-1", "Short pay").value = 10.0
    place(book, "Lines", "A-1", "Reason").value = "Late fee contested"
    place(book, "Lines", "A-2", "Left open").value = "x"
    place(book, "Payments", "2", "Method").value = "Cheque"
    place(book, "Payments", "2", "Value date").value = date(2026, 12, 9)
    place(book, "Payments", "2", "Your own reference").value = "Board 9"
    url, page = compared(dana, book, run)
    assert page.count('name="cell"') == 8
    answer = take(dana, url, page)
    assert answer.status_code == 302, answer.content.decode()
    assert placed(run) == {("A-1", 1): Decimal(60), ("A-1", 2): Decimal(30)}
    with carrier(read_only=True):
        short = ShortPay.objects.get(run__code=run)
        assert (short.amount, short.reason) == (Decimal(10), "late_fee_contested")
        assert PayRunItem.objects.get(run__code=run, left_open=True).invoice_id == two[1].pk
    changed = desk.payments(run)[1]
    assert (changed.code, changed.method, changed.value_on) == (second, "cheque", date(2026, 12, 9))
    assert "8 cells of 3 rows taken over" in dana.see(url)
    assert "No difference" in dana.see(url)
