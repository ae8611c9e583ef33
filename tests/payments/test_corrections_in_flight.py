"""The carrier takes a bill back while its payment is on its way, at every stage and in every order of its words.

The fixture `desk` re-derives the books after each test: no cent is counted twice, none is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from itertools import permutations, product
from pathlib import Path
from uuid import UUID

import pytest

from billing_sources.models import Invoice
from payments.domain.lifecycle import IN_FLIGHT
from payments.models import Allocation, Break, PayRunItem
from payments.operations.meet_revisions import meet_revisions
from portal.tenancy import carrier
from tests.billing_sources.bills import Desk as Importer
from tests.billing_sources.bills import bill, invoices, link_to
from tests.billing_sources.test_corrections import rebill, void
from tests.payments.conftest import Desk
from tests.payments.partner import Partner

STAGES = ("draft", "submitted", "approved", "sent", "posted")
WORDS = {
    "void": void,
    "replace": lambda: bill("80.00"),
    "again": lambda: bill("100.00"),
}


@pytest.fixture
def importer(desk: Desk, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Importer:
    link_to(desk.people.harlow_west)
    return Importer(database, tmp_path, monkeypatch)


def put_in_run(desk: Desk, partner: Partner, stage: str, invoice: Invoice) -> UUID:
    """A run over the invoice, in full, as far as `stage`."""
    if stage == "draft":
        run = desk.open(invoice)
        desk.place(run, desk.pay(run), invoice)
        return run
    made: dict[str, Callable[[Invoice], UUID]] = {"submitted": desk.submitted, "approved": desk.approved}
    run = made.get(stage, desk.released)(invoice)
    if stage in ("sent", "posted"):
        partner.push()
    if stage == "posted":
        answer(partner)
    return run


def answer(partner: Partner) -> None:
    partner.accept_syntax()
    partner.post()


@pytest.mark.parametrize(("stage", "order"), product(STAGES, permutations(WORDS)), ids=str)
def test_what_was_booked_is_kept_and_what_was_only_planned_is_planned_anew(
    desk: Desk, partner: Partner, importer: Importer, stage: str, order: tuple[str, ...]
) -> None:
    importer.hand_in(bill("100.00"))
    run = put_in_run(desk, partner, stage, invoices()[0])
    for word in order:
        importer.hand_in(WORDS[word]())
        meet_revisions(desk.now)
    if stage == "sent":
        answer(partner)
    meet_revisions(desk.now)

    (standing,) = invoices(is_current=True)
    with carrier(read_only=True):
        booked = sum(Allocation.objects.values_list("settled", flat=True), Decimal(0))
        on_account = sum((each.amount or Decimal(0) for each in Break.objects.all()), Decimal(0))
        (payment,) = desk.payments(run)
    assert standing.state == "published"
    assert payment.state not in IN_FLIGHT
    if stage in ("sent", "posted"):
        assert booked + on_account == Decimal("100.00")  # I33: booked on a bill, or the customer's on account
        assert booked <= standing.payable
    else:
        assert booked + on_account == 0
        assert desk.run(run).state == "draft"
        assert standing.held <= standing.payable


@pytest.mark.parametrize("stage", ["draft", "submitted", "approved"])
def test_a_run_in_preparation_gets_the_rebill_for_the_bill_it_had_chosen(
    desk: Desk, partner: Partner, importer: Importer, stage: str
) -> None:
    importer.hand_in(bill("100.00"))
    run = put_in_run(desk, partner, stage, invoices()[0])
    importer.hand_in(rebill("90.00"))
    meet_revisions(desk.now)

    returned = desk.run(run)
    assert (returned.state, returned.returned_reason) == (
        "draft",
        "1001 over 100.00 USD is void; 1002 takes its place.",
    )
    with carrier(read_only=True):
        assert list(PayRunItem.objects.values_list("invoice__number", flat=True)) == ["1002"]
    assert str(desk.payments(run)[0].placed) == "0.00"


def test_a_void_bill_leaves_the_run_that_had_chosen_it(desk: Desk, partner: Partner, importer: Importer) -> None:
    importer.hand_in(bill("100.00"))
    run = desk.open(invoices()[0])
    importer.hand_in(void())
    meet_revisions(desk.now)
    assert desk.run(run).returned_reason == "1001 over 100.00 USD is void."
    with carrier(read_only=True):
        assert not PayRunItem.objects.exists()


def test_a_rebill_waits_with_its_void_until_ar_has_answered(desk: Desk, partner: Partner, importer: Importer) -> None:
    importer.hand_in(bill("100.00"))
    put_in_run(desk, partner, "sent", invoices()[0])
    importer.hand_in(rebill("90.00"))
    assert meet_revisions(desk.now) == 0
    assert invoices(number="1001", is_current=True)[0].bill_type == "invoice"
    answer(partner)
    assert meet_revisions(desk.now) == 1
    assert invoices(number="1001", is_current=True)[0].bill_type == "void"
    with carrier(read_only=True):
        assert [str(each.amount) for each in Break.objects.all()] == ["100.00"]
