"""What was read = what the database holds, by category, tax and account, kept as evidence with the file."""

from __future__ import annotations

from decimal import Decimal

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connection

from billing_sources import evidence
from billing_sources.canonical import CanonicalTax, FileRejected
from billing_sources.models import ImportFile, ProofLine
from billing_sources.tally import ACCOUNT, CATEGORY, TAX, Line, Sums, Tally, digest_of
from portal.tenancy import carrier, ingest
from tests.billing_sources.bills import Desk, bill, charge, cycle_file, invoices

USD = "USD"


def lines(file: ImportFile) -> list[ProofLine]:
    with carrier():
        return list(ProofLine.objects.filter(file=file).order_by("kind", "key", "currency"))


def told(file: ImportFile) -> list[tuple[str, str, str, int, Decimal]]:
    return [(each.kind, each.key, each.currency, each.loaded_number, each.loaded_amount) for each in lines(file)]


# Hostile first.


def test_a_charge_that_changes_its_category_on_the_way_holds_the_file(
    desk: Desk, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(database) as owner:
        owner.execute(
            "CREATE FUNCTION tamper() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN NEW.category := 'discount'; RETURN NEW; END $$;"
            "CREATE TRIGGER tamper BEFORE INSERT ON billing_sources_charge FOR EACH ROW EXECUTE FUNCTION tamper()"
        )
    try:
        file = desk.hand_in(bill("100.00"))
    finally:
        with psycopg.connect(database) as owner:
            owner.execute("DROP TRIGGER tamper ON billing_sources_charge; DROP FUNCTION tamper()")
    assert file.state == "quarantined"
    assert invoices() == []
    with ingest():
        issue = file.issues.get(rule="PROOF-02")
    assert (issue.field, issue.expected, issue.found) == ("category discount USD", "0, 0", "1, 100.00")
    assert lines(file) == []


def test_amounts_that_two_accounts_exchange_are_noticed_though_every_sum_ties(desk: Desk) -> None:
    file = desk.hand_in(bill("10.00", number="1"), bill("20.00", number="2", account="A-2"))
    exchanged = Tally()
    exchanged.lines = {
        Line(each.kind, each.key, each.currency): Sums(each.read_number, each.read_amount) for each in lines(file)
    }
    accounts = Line(ACCOUNT, "", USD)
    digest = digest_of("A-1", "1", USD, Decimal(20)) + digest_of("A-2", "2", USD, Decimal(10))
    exchanged.lines[accounts] = exchanged.lines[accounts]._replace(digest=digest)
    with ingest(), pytest.raises(FileRejected) as caught:
        evidence.keep(file, exchanged)
    assert (caught.value.issue.rule, caught.value.issue.field) == ("PROOF-02", "account USD")


def test_the_database_keeps_no_evidence_that_does_not_prove_and_lets_none_be_changed(desk: Desk) -> None:
    file = desk.hand_in(bill("100.00"))
    wrong = {"file": file, "kind": "tax", "key": "x", "currency": USD, "read_number": 1, "loaded_number": 1}
    with pytest.raises(IntegrityError, match="read_is_loaded"), ingest():
        ProofLine.objects.create(**wrong, read_amount=Decimal(1), loaded_amount=Decimal(2))
    for statement in ("UPDATE billing_sources_proofline SET key = 'y'", "DELETE FROM billing_sources_proofline"):
        with pytest.raises(DatabaseError), ingest(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_nobody_but_the_carrier_reads_evidence(desk: Desk, database: str) -> None:
    desk.hand_in(bill("100.00"))
    with pytest.raises(DatabaseError, match="permission denied"):
        ProofLine.objects.count()


# What is kept.


def test_every_category_tax_and_currency_has_its_line(desk: Desk) -> None:
    tax = CanonicalTax(category="state", amount=Decimal("1.10"), scope="bill", origin="tax")
    mixed = bill("100.00", "5.005", number="1", taxes=[tax])
    mixed.charges[1].category = charge("1").category.USAGE
    mixed.tax, mixed.tax_included, mixed.amount_due = Decimal("1.10"), Decimal("106.105"), Decimal("106.105")
    file = desk.hand_in(mixed, bill("7.00", number="2", currency="EUR"))
    assert told(file) == [
        (ACCOUNT, "", "EUR", 1, Decimal("7.00")),
        (ACCOUNT, "", "USD", 1, Decimal("106.105")),
        (CATEGORY, "recurring", "EUR", 1, Decimal("7.00")),
        (CATEGORY, "recurring", "USD", 1, Decimal("100.00")),
        (CATEGORY, "rounding", "USD", 1, Decimal("0.005")),
        (CATEGORY, "usage", "USD", 1, Decimal("5.005")),
        (TAX, "state", "USD", 1, Decimal("1.10")),
    ]
    assert all(each.read_digest == each.loaded_digest for each in lines(file))
    assert [bool(each.loaded_digest) for each in lines(file)[:3]] == [True, True, False]


def test_a_bill_that_came_unchanged_is_evidence_of_the_file_that_brought_it(desk: Desk) -> None:
    desk.hand_in(bill("100.00", number="1"))
    again = desk.hand_in(bill("100.00", number="1"), bill("5.00", number="2"))
    assert told(again)[0] == (ACCOUNT, "", USD, 1, Decimal("5.00"))


@pytest.mark.parametrize("system", ["atlas", "boreal", "castle", "delta", "echo", "ferry"])
def test_a_whole_cycle_of_every_source_proves(desk: Desk, system: str) -> None:
    file = desk.take(system, desk.write(cycle_file(system)))
    assert file.state == "published"
    kept = lines(file)
    assert sum(each.loaded_number for each in kept if each.kind == CATEGORY) == file.charges
    assert sum(each.loaded_number for each in kept if each.kind == ACCOUNT) == file.created
    assert {each.kind for each in kept} >= {CATEGORY, ACCOUNT}
