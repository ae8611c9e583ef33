"""A night with two bad files: one is cut short, in the other a bill does not tie."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.browsers import Person, SitDown
from tests.live import Stack, eventually
from tests.stories.conftest import Mailbox, ended_runs, invoices

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("stories")]


def test_a_bad_file_is_quarantined_and_replayed(stack: Stack, mailbox: Mailbox, sit_down: SitDown) -> None:
    # At night come six bills, one of which does not add up, and a file of ten whose end is missing.
    six = mailbox.order(invoices=6)
    ten = replace(mailbox.order(invoices=10), cycle="2")
    mailbox.know(six)
    mailbox.know(ten)
    six_sent, ten_sent = mailbox.receive(replace(six, faults=("wrong_total",)), replace(ten, faults=("truncated",)))
    wrong = six_sent.faults[0].number
    stack.jobs()
    url = stack.web()
    mailbox.wait_for_the_night(runs=2)

    # Dana has the five good bills, and nothing at all of the file that was cut: not even its whole bills.
    dana = sit_down(url)
    dana.sign_in("dana")
    assert bills_in_the_list(dana) == {n for n in numbers("A1") if n != wrong}
    assert numbers("A2") == []

    # Erik reads in plain words what happened to the file. Reading it again changes nothing: its end is missing.
    erik = sit_down(url)
    erik.sign_in("erik@carrier.example")
    open_file_held_whole(erik, ten_sent.name)
    replay(erik, "Somebody asked whether it was the reader")
    eventually(lambda: len(ended_runs()) == 3, "the file was read again")
    open_file_held_whole(erik, ten_sent.name)

    # The bill that does not tie is held alone; the billing team confirms it, and Erik lets it in with that reason.
    release(erik, wrong, "Billing confirmed the total by phone, ticket 4471")
    eventually(lambda: len(numbers("A1")) == 6, "a worker has loaded the released bill")
    dana.open("/invoices/")
    dana.reads(wrong)

    # The billing system sends the whole file; Erik does not wait for the next night.
    mailbox.receive(ten)
    erik.open("/carrier/cycles/")
    erik.press("n")
    erik.page.get_by_role("button", name="Atlas").click()
    eventually(lambda: len(numbers("A2")) == 10, "the whole file is published")
    assert bills_in_the_list(dana) == {*numbers("A1"), *numbers("A2")}

    # To be sure, he has the good file read again as well: every bill comes out the same, and none comes twice.
    erik.open("/carrier/runs/")
    eventually(lambda: len(ended_runs()) == 4, "the engineer's import has ended")
    before = [(invoice.number, invoice.revision, invoice.payable) for invoice in invoices()]
    erik.page.get_by_role("grid").get_by_role("link").first.click()
    erik.page.get_by_role("link", name=ten_sent.name).first.click()
    replay(erik, "To see that nothing comes twice")
    eventually(lambda: len(ended_runs()) == 5, "the good file was read again")
    assert [(invoice.number, invoice.revision, invoice.payable) for invoice in invoices()] == before


def numbers(prefix: str) -> list[str]:
    return [invoice.number for invoice in invoices() if invoice.number.startswith(prefix)]


def bills_in_the_list(dana: Person) -> set[str]:
    dana.open("/invoices/?state=all")
    return set(dana.page.locator("tr[data-row] th").all_inner_texts())


def open_file_held_whole(erik: Person, name: str) -> None:
    erik.open("/carrier/quarantine/")
    erik.reads("The file ends too early: its end is missing.")
    erik.page.get_by_role("grid", name="Files held whole").get_by_role("link", name=name).click()
    erik.reads("What did not hold")
    erik.reads("Ask the billing system for the file again")


def replay(erik: Person, reason: str) -> None:
    erik.reads("As it was received")
    erik.press("r")
    dialog = erik.page.get_by_role("dialog", name="Read this file again")
    dialog.get_by_label("Reason").fill(reason)
    dialog.get_by_role("button", name="Replay from the archive").click()
    erik.reads("import of")


def release(erik: Person, number: str, reason: str) -> None:
    erik.open("/carrier/quarantine/")
    erik.page.get_by_role("grid", name="Bills held alone").get_by_role("link", name=number).click()
    erik.reads("The total with tax is not")
    erik.page.get_by_label("Reason").fill(reason)
    erik.page.get_by_role("button", name="Release").click()
    erik.reads("released; workers are loading it")
