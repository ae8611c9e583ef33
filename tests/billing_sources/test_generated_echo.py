"""Echo's generated statements read back as what was generated, faults included."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO

import pytest

from billing_sources.adapter import Parsed
from billing_sources.adapters.echo import ECHO
from billing_sources.canonical import CanonicalInvoice, ControlTotals, FileRejected, Issue
from billing_sources.checks import check
from billing_sources.generator import CycleOrder, Manifest, billed_accounts, generate_cycle
from billing_sources.models import ImportFile
from billing_sources.normalize import normalize
from billing_sources.transports import Place
from tests.billing_sources.bills import Desk, invoices, rules

ORDER = CycleOrder("echo", customers=16, accounts=60, invoices=80, seed=7, billed_on=date(2026, 11, 20))


def written(*faults: str) -> tuple[bytes, Manifest]:
    buffer = BytesIO()
    manifest = next(generate_cycle(replace(ORDER, faults=faults))).write(buffer)
    return buffer.getvalue(), manifest


def read(text: bytes) -> list[Parsed]:
    return list(ECHO.read(BytesIO(text), ECHO))


def bills(parsed: list[Parsed]) -> list[CanonicalInvoice]:
    return [one for one in parsed if isinstance(one, CanonicalInvoice)]


@pytest.fixture(scope="module")
def cycle() -> tuple[list[Parsed], Manifest]:
    text, manifest = written()
    return read(text), manifest


def test_every_generated_statement_ties(cycle: tuple[list[Parsed], Manifest]) -> None:
    assert [issue for bill in bills(cycle[0]) for issue in check(normalize(bill, ECHO))] == []


def test_a_cycle_reads_as_what_its_manifest_says(cycle: tuple[list[Parsed], Manifest]) -> None:
    parsed, manifest = cycle
    found = bills(parsed)
    assert (len(found), sum(len(bill.charges) for bill in found)) == (manifest.bills, manifest.charges)
    assert sum((bill.amount_due or Decimal(0) for bill in found), Decimal(0)) == manifest.amount_due
    assert sum((bill.line_total or Decimal(0) for bill in found), Decimal(0)) == manifest.charge_total
    assert sum((bill.tax or Decimal(0) for bill in found), Decimal(0)) == manifest.tax_total
    (control,) = (one for one in parsed if isinstance(one, ControlTotals))
    assert (control.bills, control.amount) == (manifest.bills, manifest.amount_due)


def test_usage_adds_up_to_the_charge_that_it_explains(cycle: tuple[list[Parsed], Manifest]) -> None:
    parsed, manifest = cycle
    explained = 0
    for bill in bills(parsed):
        sums: dict[int, Decimal] = {}
        for usage in bill.usage:
            sums[usage.charge] = sums.get(usage.charge, Decimal(0)) + usage.amount
        assert 0 not in sums
        assert all(bill.charges[position - 1].amount == amount for position, amount in sums.items())
        explained += len(bill.usage)
    assert explained == manifest.usage_records > 100


def test_every_account_is_billed_under_the_id_that_staff_link(cycle: tuple[list[Parsed], Manifest]) -> None:
    assert {bill.account for bill in bills(cycle[0])} == {account.external_id for account in billed_accounts(ORDER)}


@pytest.mark.parametrize("fault", ["wrong_total", "bad_amount", "wrong_rollup"])
def test_a_fault_in_a_statement_holds_that_one_alone(fault: str) -> None:
    text, manifest = written(fault)
    (planted,) = manifest.faults
    flawed = {bill.number: bill.flaws[0].rule for bill in bills(read(text)) if bill.flaws}
    assert flawed == {planted.number: planted.rule}


def test_a_bad_date_is_one_fatal_issue_with_the_number() -> None:
    text, manifest = written("bad_date")
    (issue,) = (one for one in read(text) if isinstance(one, Issue))
    assert (issue.rule, issue.number) == (manifest.faults[0].rule, manifest.faults[0].number)


def test_an_unknown_term_is_unmapped_and_its_bill_ties() -> None:
    text, manifest = written("unknown_term")
    found = [bill for bill in bills(read(text)) if not all(charge.is_mapped for charge in bill.charges)]
    assert [bill.number for bill in found] == [manifest.faults[0].number]
    assert check(normalize(found[0], ECHO)) == []


def test_utf8_in_one_statement_is_read_and_told() -> None:
    (issue,) = (one for one in read(written("wrong_encoding")[0]) if isinstance(one, Issue))
    assert (issue.rule, issue.is_fatal) == ("TEXT-ENCODING", False)


@pytest.mark.parametrize("fault", ["truncated", "nul_byte"])
def test_a_file_that_was_cut_or_damaged_is_rejected(fault: str) -> None:
    text, manifest = written(fault)
    with pytest.raises(FileRejected) as caught:
        read(text)
    assert caught.value.issue.rule == manifest.faults[0].rule


def test_a_wrong_trailer_declares_a_statement_more_than_there_is() -> None:
    parsed = read(written("wrong_trailer")[0])
    (control,) = (one for one in parsed if isinstance(one, ControlTotals))
    assert control.bills == len(bills(parsed)) + 1


CLOUD = replace(ORDER, cycle="C1", accounts=30, invoices=30, billed_on=date(2026, 11, 1))


def test_a_cloud_cycle_is_a_cost_file_whose_invoices_are_whole_cents_again() -> None:
    (generated,) = generate_cycle(CLOUD)
    buffer = BytesIO()
    manifest = generated.write(buffer)
    found = [normalize(bill, ECHO) for bill in bills(read(buffer.getvalue()))]
    assert [issue for bill in found for issue in check(bill)] == []
    assert {bill.invoice.account for bill in found} == {account.external_id for account in billed_accounts(CLOUD)}
    assert sum((bill.payable for bill in found), Decimal(0)) == manifest.charge_total + manifest.tax_total
    finest = min(charge.amount.as_tuple().exponent for bill in found for charge in bill.invoice.charges)
    assert finest == -11


def test_a_cloud_cycle_takes_no_faults() -> None:
    (generated,) = generate_cycle(replace(CLOUD, faults=("bad_date",)))
    with pytest.raises(ValueError, match="cost files"):
        generated.write(BytesIO())


def test_both_kinds_of_files_come_in_and_are_proven(desk: Desk) -> None:
    for order in (replace(ORDER, accounts=20, invoices=20, faults=("wrong_rollup",)), CLOUD):
        (generated,) = generate_cycle(order)
        file = desk.take("echo", desk.write(generated))
        assert file.state == ImportFile.State.PUBLISHED, rules(file)
        assert file.read_bills == file.loaded_bills + file.held_bills
        assert file.held_bills == len(order.faults)
    assert len(invoices(system__key="echo")) == 49


def test_a_cost_file_comes_with_its_manifest_and_waits_for_it(desk: Desk) -> None:
    folder = desk.folder / "echo" / "out"
    generated = next(generate_cycle(CLOUD))
    manifest = generated.write_into(folder)
    (folder / manifest.name).rename(folder / "costs.csv")
    place = Place(desk.folder)
    assert list(ECHO.transport.fetch(place)) == []
    (folder / f"{manifest.name}.manifest").rename(folder / "costs.csv.manifest")
    (payload,) = ECHO.transport.fetch(place)
    assert payload.control == manifest.control

    file = desk.take("echo", folder / "costs.csv")
    assert (file.state, rules(file)) == ("published", [])


def test_a_cost_file_that_is_not_what_its_manifest_says_is_held_whole(desk: Desk) -> None:
    folder = desk.folder / "echo" / "out"
    manifest = next(generate_cycle(CLOUD)).write_into(folder)
    costs = folder / manifest.name
    costs.write_bytes(b"".join(costs.read_bytes().splitlines(keepends=True)[:-1]))
    file = desk.take("echo", costs)
    assert file.state == "quarantined"
    assert rules(file)[0].startswith("CONTROL-0")
