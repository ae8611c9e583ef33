"""The page of one invoice."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

from django.utils import timezone

from billing_sources.models import Invoice
from payments import operations
from payments.operations import Place
from portal.actor import Actor
from portal.customers.models import Account
from portal.tenancy import carrier, ingest
from tests.clients import client_of
from tests.factories import make_charge, make_invoice, make_tax
from tests.personas import Personas


def page_of(actor: Actor, invoice: Invoice, query: str = "") -> str:
    response = client_of(actor).get(f"/invoices/{invoice.code}/{query}")
    assert response.status_code == 200
    return re.sub(r"\s+", " ", response.content.decode())


def facts(page: str) -> dict[str, str]:
    return dict(re.findall(r"<dt[^>]*>([^<]+)</dt> ?<dd[^>]*>([^<]+)</dd>", page))


def test_another_customers_invoice_is_not_found(people: Personas) -> None:
    invoice = make_invoice(people.harlow_west)
    assert client_of(people.carol).get(f"/invoices/{invoice.code}/").status_code == 404
    assert client_of(people.carol).get(f"/invoices/{uuid4()}/").status_code == 404


def test_an_invoice_outside_a_persons_nodes_is_not_found(people: Personas) -> None:
    west, nord = make_invoice(people.harlow_west), make_invoice(people.harlow_nord)
    assert client_of(people.nils).get(f"/invoices/{west.code}/").status_code == 404
    assert client_of(people.nils).get(f"/invoices/{nord.code}/").status_code == 200


def test_a_held_invoice_is_the_carriers_own_business(people: Personas) -> None:
    invoice = make_invoice(people.harlow_west, state="held")
    assert client_of(people.dana).get(f"/invoices/{invoice.code}/").status_code == 404


def test_what_is_open_is_told_line_by_line(people: Personas) -> None:
    counters = {"held": Decimal("30"), "settled": Decimal("20"), "credited": Decimal("5"), "written_off": Decimal("1")}
    page = page_of(people.dana, make_invoice(people.harlow_west, "1000.00", **counters))
    told = facts(page)
    assert [told[name] for name in ("Billed", "In pay runs", "Booked by AR", "Credited", "Written off", "Open")] == [
        "1,000.00",
        "\u221230.00",
        "\u221220.00",
        "\u22125.00",
        "\u22121.00",
        "944.00",
    ]


def test_a_carried_balance_is_shown_on_the_statement_and_never_in_what_is_open(people: Personas) -> None:
    invoice = make_invoice(
        people.harlow_west,
        "100.00",
        previous_balance=Decimal("250"),
        payments_received=Decimal("-150"),
        balance_forward=Decimal("100"),
        amount_due=Decimal("200"),
    )
    told = facts(page_of(people.dana, invoice))
    assert told["Previous balance"] == "250.00"
    assert told["Payments received"] == "\u2212150.00"
    assert told["Due as stated"] == "200.00"
    assert told["Open"] == "100.00"


def test_charges_stand_under_our_word_with_the_systems_own_beside_it(people: Personas) -> None:
    invoice = make_invoice(people.harlow_west, "15.13")
    make_charge(invoice, "10", category="recurring", source_term="MRC")
    make_charge(invoice, "5.127", category="recurring", source_term="monthly charges", position=2)
    make_charge(invoice, "99", category="recurring", source_term="MRC", position=3, is_information_only=True)
    page = page_of(people.dana, invoice)
    assert re.search(r"Recurring <span[^>]*>billed as “MRC”, “monthly charges” by Atlas</span>", page)
    assert '<td class="num sheet__side">15.127</td>' in page  # at the source's precision, information not added
    assert "for information, not added" in page


def test_a_long_bill_lists_its_first_charges_and_counts_all_of_them(people: Personas) -> None:
    invoice = make_invoice(people.harlow_west, "203.00")
    for position in range(203):
        make_charge(invoice, "1", position=position)
    page = page_of(people.dana, invoice)
    assert "3 more are not listed here" in page
    assert '<td class="num sheet__side">203.00</td>' in page
    assert "not listed here" not in page_of(people.dana, invoice, "?charges=all")


def test_taxes_say_what_is_not_part_of_the_total(people: Personas) -> None:
    invoice = make_invoice(people.harlow_west)
    make_tax(invoice, "8.25", rate_percent=Decimal("8.250"), base=Decimal("100"))
    make_tax(invoice, "1.00", category="federal", is_included=False)
    page = page_of(people.dana, invoice)
    assert "8.25 %" in page
    assert page.count("for information, not added") == 1


def test_a_reissued_invoice_says_what_changed_and_the_old_one_leads_to_it(people: Personas) -> None:
    old = make_invoice(people.harlow_west, "100.00", number="H-1", due_on=date(2026, 12, 1))
    with ingest():
        Invoice.objects.filter(pk=old.pk).update(is_current=False, state=Invoice.State.SUPERSEDED)
    new = make_invoice(people.harlow_west, "90.00", number="H-1", revision=2, due_on=date(2026, 12, 8))
    page = page_of(people.dana, new)
    assert "Billed <del>100.00</del> <ins>90.00</ins>" in page
    assert "Due <del>2026-12-01</del> <ins>2026-12-08</ins>" in page
    superseded = page_of(people.dana, old)
    assert f'href="/invoices/{new.code}/"' in superseded
    assert "Superseded" in superseded
    assert 'name="do"' not in superseded


def test_the_payments_that_hold_it_are_named_with_their_state(people: Personas) -> None:
    invoice, now = make_invoice(people.harlow_west, "100.00"), timezone.now()

    def do(operation: str, **request: object) -> UUID:
        return UUID(getattr(operations, operation)(people.dana, key=uuid4(), now=now, **request).code)

    run = do("open_run", title="November", invoices=[invoice.code])
    value_on = date(2026, 12, 1)
    payment = do("add_payment", run=run, method="wire", currency="USD", value_on=value_on, planned=None)
    do("allocate", run=run, placements=[Place(invoice.code, payment, Decimal(60))])
    page = page_of(people.dana, invoice)
    assert re.search(rf'<a href="/pay-runs/{run}/">Pay run 1 · November</a>.*?Wire.*?60\.00.*?In preparation', page)
    assert facts(page)["Open"] == "40.00"


def test_lineage_names_file_hash_position_and_mapping_to_its_own_customer_alone(people: Personas) -> None:
    invoice = make_invoice(people.harlow_west, position="ST*811*0042", mapping_version=3)
    told = facts(page_of(people.dana, invoice))
    assert told["File"] == "atlas-2026-11.dat"
    assert told["Position"] == "ST*811*0042"
    assert told["Mapping"] == "version 3"
    from django.db import connection

    from portal.tenancy import acting

    with acting(people.carol), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM invoice_lineage(%s)", [invoice.pk])
        assert cursor.fetchall() == []


def test_the_account_is_told_from_the_root_down(people: Personas) -> None:
    with carrier():
        oslo = Account.objects.create(customer=people.harlow, parent=people.harlow_nord, name="Oslo <b>")
    page = re.sub(r"<[^>]+>", "", page_of(people.dana, make_invoice(oslo)))
    assert "Harlow Freight Group › Harlow Nord › Oslo &lt;b&gt;" in page
