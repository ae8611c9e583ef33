"""Every page of everybody, in light and dark, wide and on a phone: nothing breaks, and everybody can read it.

That no page breaks the content security policy, fails, or complains on its console is `sit_down`'s to see.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Any

import pytest
from django.db.models import Model
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from billing_sources.models import ImportFile, ImportRun, Invoice, QuarantinedInvoice
from payments.models import ChangeSet, Dispute, InvoiceGroup, Payment, Tag
from portal.customers.models import Account, Customer
from portal.impersonation.operations import start_visit
from portal.tenancy import carrier
from tests.browser.conftest import Life
from tests.browsers import PHONE, WIDE, Person, SitDown
from tests.personas import Personas

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
ALLAUTH = ("account_", "mfa_", "usersessions_")
CARRIERS = ("sam@carrier.example", "erik@carrier.example")
LIGHT = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
DARK = ["color-contrast"]
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
Page = tuple[str, str]  # name and address


def test_dana_can_read_every_page(life: Life, sit_down: SitDown) -> None:
    dana = seat(sit_down, life, "dana")
    pages = pages_of(dana, life)
    assert len(pages) > 25
    assert [*too_wide(dana, pages), *unreadable(seat(sit_down, life, "dana", bypass_csp=True), pages)] == []


def test_strangers_and_the_carriers_people_can_read_every_page(life: Life, sit_down: SitDown) -> None:
    for who in ("", *CARRIERS):
        person = seat(sit_down, life, who)
        pages = pages_of(person, life)
        pages = [page for page in pages if not page[0].startswith(ALLAUTH)] if who else pages
        assert len(pages) >= 2
        assert [*too_wide(person, pages), *unreadable(seat(sit_down, life, who, bypass_csp=True), pages)] == []


def test_a_visitor_can_read_every_page_under_the_banner(life: Life, people: Personas, sit_down: SitDown) -> None:
    begin_visit(people)
    sam = seat(sit_down, life, CARRIERS[0])
    pages = [page for page in pages_of(sam, life) if not page[0].startswith(ALLAUTH)]
    some = [page for page in pages if page[0] in ("home", "invoices", "pay_run")]
    assert [*too_wide(sam, pages), *unreadable(seat(sit_down, life, CARRIERS[0], bypass_csp=True), some)] == []


def test_approver_and_administrator_can_read_what_is_theirs_alone(life: Life, sit_down: SitDown) -> None:
    theirs = {"victor": ("pay_run", "pay_run_review"), "ada": ("people", "visits", "accounts", "tree_node")}
    for who, names in theirs.items():
        person = seat(sit_down, life, who)
        pages = [page for page in pages_of(person, life) if page[0] in names]
        assert len(pages) >= 2
        assert [*too_wide(person, pages), *unreadable(seat(sit_down, life, who, bypass_csp=True), pages)] == []


def test_every_link_of_the_rail_leads_somewhere(life: Life, sit_down: SitDown) -> None:
    for who in ("nils", "ada", *CARRIERS):
        person = seat(sit_down, life, who)
        links = [str(link.get_attribute("href")) for link in person.page.locator("#rail .rail__link").all()]
        assert links
        assert [link for link in links if not is_a_page(person, link)] == []


# --- What can be wrong ----------------------------------------------------------------------------------------------


def too_wide(person: Person, pages: Sequence[Page]) -> Iterator[str]:
    """Pages that scroll sideways: on phones, and on a screen of 1440 px whose reader has zoomed in to 200 %."""
    for _, address in pages:
        person.open(address)
        for width in (720, PHONE["width"], 320):
            person.page.set_viewport_size({"width": width, "height": PHONE["height"]})
            if (over := person.page.evaluate(SIDEWAYS)) > 0:
                yield f"{address} is {over} px too wide for {width} px"


def unreadable(person: Person, pages: Sequence[Page]) -> Iterator[str]:
    """What axe finds serious, by colors in the dark as well. It adds styles of its own, which our policy forbids."""
    person.page.set_viewport_size(WIDE)
    for _, address in pages:
        person.open(address)
        person.page.evaluate(AXE)
        yield from (f"{address} {found}" for found in serious(person, LIGHT))
        person.page.emulate_media(color_scheme="dark")
        yield from (f"{address} in the dark: {found}" for found in serious(person, DARK))
        person.page.emulate_media(color_scheme="light")


def serious(person: Person, rules: list[str]) -> Iterator[str]:
    options = {"resultTypes": ["violations"], "runOnly": rules}
    for found in person.page.evaluate("options => axe.run(options)", options)["violations"]:
        if found["impact"] in ("serious", "critical"):
            yield f"{found['id']}: {found['nodes'][0]['html'][:160]}"


# --- Which pages there are ------------------------------------------------------------------------------------------


def pages_of(person: Person, life: Life) -> list[Page]:
    """Every address that opens for this person, as a page."""
    return [(name, address) for name, address in every_address(life) if is_a_page(person, address)]


def is_a_page(person: Person, address: str) -> bool:
    answer = person.page.request.get(f"{person.url}{address}", max_redirects=0)
    assert answer.status < 500, address
    is_html = answer.headers["content-type"].startswith("text/html")
    return answer.status == 200 and is_html and "<html" in answer.text()  # a part of a page has none


def every_address(life: Life) -> Iterator[Page]:
    """Each with the codes of what there is; some pages a second time, in another state."""
    codes = existing(life)
    for name, is_about_something in named(get_resolver().url_patterns):
        for code in codes.get(name, ()) if is_about_something else [None]:
            yield name, reverse(name, args=[code] if code else [])
    yield "pay_run_payments", f"/pay-runs/{life.draft}/?payment=new"
    yield "invoices", "/invoices/?q=nothing-like-it"
    yield "bill_cycles", "/carrier/cycles/?system=atlas&cycle=1"
    for bill in codes["invoice"]:
        for what in ("charges/0", "charges/1", "taxes/1"):
            yield "charge_record", f"/invoices/{bill}/{what}/record/"
            yield "carrier_charge_record", f"/carrier/bills/{bill}/{what}/record/"


def named(patterns: list[Any]) -> Iterator[tuple[str, bool]]:
    """Names of all addresses, and whether they carry the code of something."""
    for entry in patterns:
        if isinstance(entry, URLResolver):
            yield from named(entry.url_patterns)
        elif isinstance(entry, URLPattern) and entry.name:
            yield entry.name, bool(entry.pattern.regex.groups)


def existing(life: Life) -> dict[str, list[Any]]:
    with carrier(read_only=True):
        return {
            "invoice": codes_of(Invoice)[:1],
            "invoice_cells": codes_of(Invoice)[:1],
            "invoice_disputes": codes_of(Invoice)[:1],
            "dispute": codes_of(Dispute)[:1],
            "desk_dispute": codes_of(Dispute)[:1],
            "invoice_change": codes_of(ChangeSet)[:1],
            "export": [life.export],
            "workbook": [life.workbook],
            "group": codes_of(InvoiceGroup),
            "group_rule": codes_of(InvoiceGroup),
            "group_defaults": codes_of(InvoiceGroup),
            "tag": codes_of(Tag),
            "node_tags": codes_of(Account)[:1],
            "pay_run": [life.draft, life.submitted],
            "proposal_new": [life.draft],
            "pay_run_review": [life.approved, life.released],
            "paste": [life.paste],
            "payment": codes_of(Payment, state="planned")[:1] + codes_of(Payment, state="partly_posted"),
            "customer": codes_of(Customer)[:1],
            "customer_details": codes_of(Customer)[:1],
            "tree_node": codes_of(Account)[:1],
            "import_run": codes_of(ImportRun)[:1],
            "import_file": codes_of(ImportFile),
            "file_bills": codes_of(ImportFile)[:1],
            "carrier_bill": codes_of(Invoice)[:1],
            "held_invoice": codes_of(QuarantinedInvoice)[:1],
        }


def codes_of(model: type[Model], **which: str) -> list[Any]:
    return list(model._default_manager.filter(**which).order_by("pk").values_list("code", flat=True))


# --- Who looks ------------------------------------------------------------------------------------------------------


def seat(sit_down: SitDown, life: Life, who: str, **options: Any) -> Person:
    person = sit_down(life.url, **options)
    if who:
        person.sign_in(who)
    return person


def begin_visit(people: Personas) -> None:
    start_visit(
        actor=people.sam,
        customer_code=str(people.harlow.code),
        user_id=people.dana.user_id,
        reason="Which bill of November is the reissued one?",
        ticket="T-204",
        now=timezone.now(),
    )
