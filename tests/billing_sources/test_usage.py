"""Usage records stand behind their charges: kept by month, proven against the billed line, seen by their customer."""

from __future__ import annotations

import threading
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection

from billing_sources.canonical import CanonicalUsage
from billing_sources.export import exported
from billing_sources.linking import link_account
from billing_sources.models import AccountLink, ImportIssue, UsageRecord
from billing_sources.usage_months import have_months
from portal import roles
from portal.tenancy import acting, carrier, ingest
from tests.billing_sources.bills import Desk, bill, invoices, link_to, rules
from tests.personas import Personas

AT = datetime(2026, 10, 14, 9, 5, 31)


def call(amount: str, charge: int = 1, **fields: Any) -> CanonicalUsage:
    stated = {"kind": "LOCAL", "service": "206-555-0101", "unit": "s", "quantity": Decimal(61), **fields}
    return CanonicalUsage(charge, AT, Decimal(amount), **stated)


def records() -> list[UsageRecord]:
    with ingest():
        return list(UsageRecord._default_manager.order_by("invoice_id", "position"))


def test_records_that_add_up_to_their_charge_are_loaded_and_counted(desk: Desk) -> None:
    file = desk.hand_in(bill("10.00", usage=[call("3.3333"), call("6.6667", other_party="A\tB\\C\nD")]))
    assert (file.state, file.usage_records, rules(file)) == ("published", 2, [])
    first, second = records()
    assert (first.amount, first.started_at, first.billed_on) == (Decimal("3.3333"), AT, date(2026, 11, 1))
    assert (second.position, second.other_party) == (2, "A\tB\\C\nD")


def test_records_rated_finer_than_money_may_add_up_to_the_billed_cent(desk: Desk) -> None:
    file = desk.hand_in(bill("10.00", usage=[call("3.3333"), call("6.6681")]))
    assert rules(file) == []


def test_a_difference_is_named_and_holds_nothing_back(desk: Desk) -> None:
    file = desk.hand_in(bill("10.00", "5.00", usage=[call("9.99"), call("5.00", charge=2)]))
    with ingest():
        (issue,) = ImportIssue.objects.filter(file=file)
    assert (issue.rule, issue.field, issue.expected, issue.found) == ("USAGE-01", "charge 1", "10.00", "9.99")
    assert (file.state, file.created, len(records())) == ("published", 1, 2)


@pytest.mark.parametrize("charge", [0, 7])
def test_records_that_explain_no_charge_of_their_bill_are_kept_and_noted(desk: Desk, charge: int) -> None:
    file = desk.hand_in(bill("10.00", usage=[call("10.00"), call("0.25", charge=charge)]))
    assert rules(file) == ["USAGE-02"]
    assert [record.charge for record in records()] == [1, 0]


def test_other_usage_under_the_same_charges_is_a_revision_and_the_old_one_keeps_its_own(desk: Desk) -> None:
    desk.hand_in(bill("10.00", usage=[call("10.00")]))
    assert desk.hand_in(bill("10.00", usage=[call("10.00", origin="elsewhere")])).unchanged == 1
    assert desk.hand_in(bill("10.00", usage=[call("4.00"), call("6.00")])).revised == 1
    first, second = invoices(number="1001")
    assert [record.invoice_id for record in records()] == [first.pk, second.pk, second.pk]


def test_usage_becomes_the_customers_when_its_account_is_linked(desk: Desk, people: Personas) -> None:
    desk.hand_in(bill("10.00", usage=[call("10.00")]))
    with acting(people.dana):
        assert not UsageRecord._default_manager.exists()
    with carrier():
        link = AccountLink.objects.get(external_id="A-1")
    link_account(actor=people.erik, link=link, account=people.harlow_west, now=link.first_seen_at)
    with acting(people.dana):
        assert UsageRecord._default_manager.count() == 1
    with acting(people.carol):
        assert not UsageRecord._default_manager.exists()


def test_nobody_edits_usage_or_reaches_around_its_rows_through_a_month(desk: Desk, people: Personas) -> None:
    link_to(people.harlow_west)
    desk.hand_in(bill("10.00", usage=[call("10.00")]))
    for statement in (
        "UPDATE billing_sources_usagerecord SET amount = 0",
        "DELETE FROM billing_sources_usagerecord",
        "SELECT * FROM billing_sources_usagerecord_2026_11",
    ):
        for who in (acting(people.carol), carrier(), ingest()):
            with pytest.raises(Exception, match="permission denied"), who, connection.cursor() as cursor:
                cursor.execute(statement)


def test_the_database_refuses_usage_that_is_not_of_its_invoices_customer(desk: Desk, people: Personas) -> None:
    link_to(people.harlow_west)
    desk.hand_in(bill("10.00", usage=[call("10.00")]))
    stray = "INSERT INTO billing_sources_usagerecord SELECT invoice_id, %s, billed_on, 2, charge, started_at, kind,"
    stray += " service, other_party, quantity, unit, amount, origin FROM billing_sources_usagerecord"
    with pytest.raises(Exception, match="not of its customer"), ingest(), connection.cursor() as cursor:
        cursor.execute(stray, [people.lumen.pk])


def test_two_workers_make_the_same_month_at_once_while_a_file_is_being_loaded(desk: Desk, database: str) -> None:
    desk.hand_in(bill("10.00", usage=[call("10.00")]))
    failures: list[Exception] = []

    def make(day: date) -> None:
        try:
            with ingest():
                have_months([day, date(2027, 1, 31)])
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    with psycopg.connect(database) as loading:  # a file that is not done yet
        loading.execute("LOCK TABLE billing_sources_usagerecord IN ROW EXCLUSIVE MODE")
        workers = [threading.Thread(target=make, args=[date(2026, 12, day)]) for day in (1, 2, 30, 31)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(20)
        assert not any(worker.is_alive() for worker in workers)
    assert failures == []
    with psycopg.connect(database) as owner:
        (months,) = owner.execute(
            "SELECT count(*) FROM pg_inherits WHERE inhparent = 'billing_sources_usagerecord'::regclass"
        ).fetchone() or (0,)
    assert months == 3


def test_usage_goes_out_as_it_came_in(desk: Desk) -> None:
    desk.hand_in(bill("10.00", usage=[call("10.00000000001", other_party="0046 8 123", origin="line 7")]))
    (invoice,) = exported("paper")
    assert invoice["usage"] == [
        {
            "charge": 1,
            "started_at": "2026-10-14T09:05:31",
            "kind": "LOCAL",
            "service": "206-555-0101",
            "other_party": "0046 8 123",
            "quantity": "61",
            "unit": "s",
            "amount": "10.00000000001",
            "origin": "line 7",
        }
    ]


@pytest.mark.parametrize(
    ("tamper", "named"),
    [
        ("DELETE FROM billing_sources_usagerecord WHERE position = 2", "I28 a file's usage records"),
        ("UPDATE billing_sources_usagerecord SET customer_id = NULL", "I28 usage records belong"),
    ],
)
def test_tampered_usage_is_named(
    desk: Desk, people: Personas, database: str, capsys: pytest.CaptureFixture[str], tamper: str, named: str
) -> None:
    link_to(people.harlow_west)
    desk.hand_in(bill("10.00", usage=[call("4.00"), call("6.00")]))
    call_command("check_money")
    with psycopg.connect(database) as owner:
        owner.execute(f"SET ROLE {roles.OWNER}")
        owner.execute(tamper)
    with pytest.raises(SystemExit):
        call_command("check_money")
    assert named in capsys.readouterr().out
