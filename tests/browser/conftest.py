"""A portal that has been lived in for a while: something of everything that a page can show."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from uuid import UUID

import pytest
from django.core.management import call_command
from django.utils import timezone

from billing_sources.models import Invoice
from payments.ar.gateway import DropFolders
from payments.models import Export
from payments.operations.rule_groups import RuleWish
from portal.impersonation.operations import end_visit, start_visit
from portal.tenancy import acting, ingest
from remittance import tasks
from remittance.demo_partner import answer_all
from tests.live import Stack
from tests.payments.conftest import Desk
from tests.payments.pages import Reader
from tests.payments.test_bulk_change import change
from tests.payments.workbooks import compared, downloaded, place
from tests.personas import Personas
from tests.stories.conftest import Mailbox

SHORT = Decimal(10)


@dataclass(frozen=True)
class Life:
    """The portal's address, and the runs that somebody is in the middle of."""

    url: str
    draft: UUID
    submitted: UUID
    approved: UUID
    released: UUID
    paste: UUID
    workbook: str
    export: UUID


@pytest.fixture
def mailbox(stack: Stack, people: Personas) -> Mailbox:
    return Mailbox(stack, people)


@pytest.fixture
def life(stack: Stack, people: Personas, mailbox: Mailbox) -> Life:
    url = stack.web()
    bills_came(mailbox)
    a_rep_came(people)
    desk = Desk(people, timezone.now())
    bills = payable_bills()
    desk.do("tag_invoices", invoices=[bill.code for bill in bills[:5]], tag="CC 4410")
    desk.do("group_invoices", invoices=[bill.code for bill in bills[2:9]], group="West and East")
    desk.do("tag_node", node=people.harlow_root.code, tag="All sites", from_on=None)
    rule = RuleWish(nodes=(people.harlow_root.code,), currencies=("USD",))
    desk.do("make_group", name="Dollars", rule=rule, effective_on=None)
    released = paid_short_and_released(desk, bills[:4])
    ar_answered(stack)
    draft = half_placed(desk, bills[10:16])
    change(desk, *bills[16:18], add_tag="Roaming", amount="percent", percent=Decimal(50), reason="tax_exempt")
    return Life(
        url,
        draft=draft,
        submitted=desk.submitted(*bills[4:6], payments=2),
        approved=desk.approved(*bills[6:8]),
        released=released,
        workbook=sent_back(people, draft, bills[12]),
        export=asked_for(people),
        paste=pasted(desk, bills[16:20]),
    )


def bills_came(mailbox: Mailbox) -> None:
    """Two systems' nights: good bills, two that are held, a file cut short, accounts that nobody knows."""
    atlas, boreal = mailbox.order(invoices=24), mailbox.order(invoices=6, system="boreal")
    mailbox.know(atlas)
    mailbox.know(replace(boreal, accounts=5, invoices=5))
    cut = replace(mailbox.order(invoices=8), cycle="2", faults=("truncated",))
    mailbox.receive(replace(atlas, faults=("wrong_total", "unknown_term")), cut, boreal)
    for system in ("atlas", "boreal"):
        with suppress(SystemExit):  # its exit code says that something is held
            call_command("import_invoices", system, stdout=StringIO())


def payable_bills() -> list[Invoice]:
    with ingest():
        return list(Invoice.objects.filter(state="published", currency="USD", open__gt=50).order_by("number"))


def paid_short_and_released(desk: Desk, bills: list[Invoice]) -> UUID:
    run = desk.open(*bills, title="November, first half")
    payment = desk.pay(run)
    desk.place(run, payment, *bills[1:])
    desk.place(run, payment, bills[0], amount=str(bills[0].payable - SHORT))
    desk.do("short_pay", run=run, invoice=bills[0].code, amount=SHORT, reason="rate_not_as_agreed")
    desk.do("submit_run", run=run)
    desk.do("approve_run", desk.people.victor, run=run, sha256=desk.run(run).submitted_sha256)
    desk.do("release_run", desk.people.victor, run=run)
    return run


def ar_answered(stack: Stack) -> None:
    tasks.issue_slips()
    tasks.push_due()
    answer_all(DropFolders.under(stack.var / "ar"), timezone.now())
    tasks.collect_answers()


def half_placed(desk: Desk, bills: list[Invoice]) -> UUID:
    run = desk.open(*bills, title="November, second half")
    wire = desk.pay(run, "wire", planned="5000.00")
    desk.pay(run, "cheque")
    desk.place(run, wire, *bills[:2])
    return run


def pasted(desk: Desk, bills: list[Invoice]) -> UUID:
    """A list in which something is found, too much of it wanted, twice, unknown, and no amount at all."""
    rows = [f"{bill.number}\t{bill.open + number}" for number, bill in enumerate(bills)]
    text = "\n".join(["Invoice\tAmount", *rows, rows[0], "NO-SUCH-1\t9.99", f"{bills[-1].number}\tten"])
    return UUID(desk.do("keep_paste", text=text).code)


def sent_back(people: Personas, run: UUID, bill: Invoice) -> str:
    """A workbook of the run with another amount in one cell."""
    dana = Reader.of(people.dana)
    book = downloaded(dana, run)
    place(book, "Lines", bill.number, "Payment 2").value = 5
    address, _ = compared(dana, book, run)
    return address.strip("/").rpartition("/")[2]


def asked_for(people: Personas) -> UUID:
    """A long list that a worker is still to write."""
    what = {"view": "state=all", "kind": "xlsx", "asked_at": timezone.now(), "total": 90_000}
    with acting(people.dana):
        return Export.objects.create(customer=people.harlow, by_id=people.dana.user_id, **what).code


def a_rep_came(people: Personas) -> None:
    start = timezone.now() - timedelta(hours=2)
    start_visit(
        actor=people.sam,
        customer_code=str(people.harlow.code),
        user_id=people.dana.user_id,
        reason="Which bill of November is the reissued one?",
        ticket="T-204",
        now=start,
    )
    end_visit(actor=people.sam, now=start + timedelta(minutes=12))
