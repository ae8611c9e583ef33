"""The usage behind a charge, as its customer reads it."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing_sources.models import Charge, Invoice
from tests.clients import client_of
from tests.factories import make_charge, make_invoice, make_usage
from tests.personas import Personas


@pytest.fixture
def charge(people: Personas) -> Charge:
    invoice = make_invoice(people.harlow_west, "10.00")
    return make_charge(invoice, "10.00", category="usage", source_term="LOC", description="Local calls")


def address(invoice: Invoice, charge: int = 1, query: str = "") -> str:
    return f"/invoices/{invoice.code}/usage/{charge}/{query}"


def read(people: Personas, where: str) -> str:
    response = client_of(people.dana).get(where)
    assert response.status_code == 200
    return re.sub(r"\s+", " ", response.content.decode())


def amounts(page: str) -> list[str]:
    return re.findall(r'<td class="num sheet__side">([^<]*)</td>', page.partition('id="records"')[2])


def test_usage_of_another_customer_or_out_of_reach_or_that_is_not_there_is_not_found(
    people: Personas, charge: Charge
) -> None:
    make_usage(charge, "10.00")
    assert client_of(people.carol).get(address(charge.invoice)).status_code == 404
    assert client_of(people.nils).get(address(charge.invoice)).status_code == 404
    for nothing in (0, 2, 99_999_999_999):
        assert client_of(people.dana).get(address(charge.invoice, nothing)).status_code == 404


def test_the_charge_leads_to_its_usage_and_one_without_does_not(people: Personas, charge: Charge) -> None:
    make_charge(charge.invoice, "5.00", position=2)
    make_usage(charge, "10.00")
    page = read(people, f"/invoices/{charge.invoice.code}/")
    assert f'href="{address(charge.invoice)}"' in page
    assert address(charge.invoice, 2) not in page
    assert "names none of these charges" not in page


@pytest.mark.parametrize(
    ("rated", "told"),
    [
        (("3.3333", "6.6667"), "2 records add up to 10.0000 = billed."),
        (("10.0049",), "1 record adds up to 10.0049, rounded to 10.00 = billed."),
        (("4.00", "5.50"), "2 records add up to 9.50; billed are 10.00. The difference is 0.50."),
        (("10.50",), "1 record adds up to 10.50; billed are 10.00. The difference is \u22120.50."),
    ],
)
def test_the_proof_is_told_in_a_line(people: Personas, charge: Charge, rated: tuple[str, ...], told: str) -> None:
    make_usage(charge, *rated)
    told = told.replace("10.0000", "10.00")
    page = read(people, address(charge.invoice))
    assert told in page
    assert ("Differs" in page) == ("difference" in told)
    assert "Usage · billed as “LOC” by Atlas" in page


def test_totals_count_every_record_and_each_kind(people: Personas, charge: Charge) -> None:
    make_usage(charge, *["0.05"] * 120)
    make_usage(charge, "4.00", kind="INTL", other_party="0046 8 <b>123</b>")
    page = read(people, address(charge.invoice))
    kinds = re.findall(r'<th scope="row" [^>]*>(\w+)</th> ?<td [^>]*>([\d,]+)</td> ?<td[^>]*>([^<]*)</td>', page)
    assert kinds == [("LOCAL", "120", "7,320 s"), ("INTL", "1", "61 s"), ("All", "121", "")]
    assert "&lt;b&gt;" in read(people, address(charge.invoice, query="?before=999999999&first=22"))


def test_every_record_is_met_once_on_the_way_forth_and_back(people: Personas, charge: Charge) -> None:
    make_usage(charge, *(f"{number}.00" for number in range(1, 251)))
    there = read(people, address(charge.invoice))
    met, pages = amounts(there), [there]
    while later := re.search(r'href="(\?after=\d+&amp;first=\d+)"', pages[-1]):
        pages.append(read(people, address(charge.invoice, query=later[1].replace("&amp;", "&"))))
        met += amounts(pages[-1])
    assert met == [f"{number}.00" for number in range(1, 251)]
    assert "201–250 of 250" in pages[-1]
    earlier = re.search(r'href="(\?before=\d+&amp;first=\d+)"', pages[-1])
    assert earlier
    assert amounts(read(people, address(charge.invoice, query=earlier[1].replace("&amp;", "&")))) == amounts(pages[1])


@pytest.mark.parametrize("query", ["?after=x", "?after=-1", "?after=999999999999999999", "?first=0&after=²"])
def test_an_address_written_by_hand_does_no_harm(people: Personas, charge: Charge, query: str) -> None:
    make_usage(charge, "10.00")
    assert amounts(read(people, address(charge.invoice, query=query))) == ["10.00"]


def test_beyond_the_last_record_the_page_says_so(people: Personas, charge: Charge) -> None:
    make_usage(charge, "10.00")
    assert "no more records here" in read(people, address(charge.invoice, query="?after=99999999"))


def test_usage_that_names_no_charge_has_a_page_of_its_own(people: Personas, charge: Charge) -> None:
    make_usage(Charge(invoice=charge.invoice, position=0), "0.25")
    assert address(charge.invoice, 0) in read(people, f"/invoices/{charge.invoice.code}/")
    page = read(people, address(charge.invoice, 0))
    assert "1 record adds up to 0.25; the billing system does not say which charge they explain." in page


def test_pages_ask_as_often_for_much_usage_as_for_little(people: Personas, charge: Charge) -> None:
    client = client_of(people.dana)
    client.get("/invoices/")

    def queries(where: str) -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(where).status_code == 200
        return len(asked)

    make_usage(charge, "10.00")
    places = (address(charge.invoice), f"/invoices/{charge.invoice.code}/")
    few = [queries(where) for where in places]
    make_usage(charge, *["1.00"] * 300)
    for position in range(2, 20):
        make_usage(make_charge(charge.invoice, "1.00", position=position), "1.00")
    assert [queries(where) for where in places] == few
    assert few[0] <= 17  # the frame and its rights, the invoice, its charge, the sums, a page of records
