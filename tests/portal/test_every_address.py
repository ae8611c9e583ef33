"""The matrix: every address × everybody × own and foreign objects. Generated from the resolver, so that an address
without a policy, or with an object this file does not know, fails.

What is asked of each answer: its status is what the policy says, it carries no word of the other customer, and the
other customer's rows are the same afterwards.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from billing_sources.archive import keep_bytes
from payments import operations
from payments.domain import approval_policy
from payments.domain.bulk_change import BulkChange, mark_of
from payments.domain.proposing.inputs import Rules
from payments.exports.writing import write
from payments.models import DisputeFile, Export, InvoiceGroup, Payment, Tag
from payments.operations.change_invoices import foresee
from payments.operations.dispute_ledger import Evidence
from portal.impersonation.operations import start_visit
from portal.impersonation.policy import SAFE, Policy
from portal.tenancy import acting, carrier
from portal.users.models import User
from remittance.operations import issue_slip
from tests.factories import make_charge, make_invoice, make_tax, make_usage
from tests.payments.conftest import Desk
from tests.payments.pages import Reader
from tests.payments.workbooks import upload_of
from tests.personas import Personas
from tests.portal.digests import rows_of

CANARY = {"harlow": "CANARY-HARLOW", "lumen": "CANARY-LUMEN"}
NOT_OURS = "allauth"  # it keeps its own doors
CUSTOMERS_PEOPLE = ("dana", "victor", "ada", "nils", "carol")

# Which object an address is about: the kind of its `code`; a second argument stands beside it.
OBJECTS = {
    "invoice": "invoice",
    "invoice_cells": "invoice",
    "invoice_change": "change",
    "export": "export",
    "export_file": "export",
    "invoice_change_undo": "change",
    "invoice_usage": "invoice",
    "invoice_view": "nothing",
    "charge_record": "invoice",
    "tax_record": "invoice",
    "group": "group",
    "group_rule": "group",
    "group_defaults": "group",
    "group_removals": "group",
    **dict.fromkeys(("paste", "paste_columns", "paste_rows"), "paste"),
    **dict.fromkeys(("paste_selection", "paste_amounts", "paste_pay_runs"), "paste"),
    "group_readmissions": "group",
    "group_places": "group",
    "group_pay_runs": "group",
    "group_rights": "group",
    "tag": "tag",
    "tag_changes": "tag",
    "node_tags": "node",
    "node_tag_changes": "node",
    "pay_run": "run",
    **dict.fromkeys(("pay_run_lines", "pay_run_payments", "pay_run_payment", "pay_run_submission"), "run"),
    **dict.fromkeys(("proposals", "proposal_new", "proposal"), "run"),
    **dict.fromkeys(("pay_run_cancellation", "proposal_acceptance", "proposal_replay"), "run"),
    "pay_run_workbook": "run",
    "workbook": "upload",
    "workbook_application": "upload",
    "workbook_returned": "upload",
    "pay_run_review": "run",
    "pay_run_approval": "run",
    "pay_run_return": "run",
    "pay_run_release": "run",
    "delegation_withdrawal": "nothing",
    "policy_decision": "policy",
    "payment": "payment",
    "tree_node": "node",
    "slip_pdf": "payment",
    "slip_xlsx": "payment",
    "customer": "customer",
    "customer_details": "customer",
    "visit": "customer",
    "posting_replay": "nothing",
    "break_owner": "nothing",
    "invoice_disputes": "invoice",
    "dispute": "dispute",
    "dispute_replies": "dispute",
    "dispute_agreement": "dispute",
    "dispute_withdrawal": "dispute",
    "dispute_file": "dispute",
    "desk_dispute": "dispute",
    "desk_steps": "dispute",
    "desk_file": "dispute",
    "break_explanation": "nothing",
    "method_rule_end": "nothing",
    "import_now": "system",
    "system_stages": "system",
    "system_cycles": "system",
    "accounts_absent": "system",
    "rehearsal": "nothing",
    "vocabulary": "nothing",
    "import_run": "nothing",
    "import_file": "nothing",
    "file_replay": "nothing",
    "file_bills": "nothing",
    "carrier_bill": "invoice",
    "carrier_charge_record": "invoice",
    "carrier_tax_record": "invoice",
    "file_discard": "nothing",
    "held_invoice": "nothing",
    "invitation": "nothing",
}


@dataclass(frozen=True)
class Address:
    name: str
    arguments: tuple[str, ...]
    policy: Policy | None


@dataclass(frozen=True)
class World:
    """`codes[customer][kind]` is the code of an object of that customer."""

    people: Personas
    codes: dict[str, dict[str, str]]


def addresses(patterns: list[Any] | None = None) -> Iterator[Address]:
    for entry in patterns if patterns is not None else get_resolver().url_patterns:
        if isinstance(entry, URLResolver):
            yield from addresses(entry.url_patterns)
        elif isinstance(entry, URLPattern) and not entry.callback.__module__.startswith(NOT_OURS):
            policy = getattr(entry.callback, "policy", None)
            yield Address(entry.name or str(entry.pattern), tuple(entry.pattern.converters), policy)


def test_every_address_has_a_policy() -> None:
    assert [address.name for address in addresses() if address.policy is None] == []


def test_every_address_about_an_object_says_which() -> None:
    about = {address.name for address in addresses() if address.arguments}
    assert about == set(OBJECTS)


@pytest.fixture
def world(people: Personas) -> World:
    """Each customer with an invoice, a group, a draft, and a released payment with its slip."""
    now = timezone.now()
    harlow = _codes(people, CANARY["harlow"], now)
    with carrier():
        from portal.customers.access import grant
        from portal.customers.models import Membership

        partner = User.objects.create(email="vera@customer.example", name="Vera")
        Membership.objects.create(customer=people.lumen, user=partner)
        for right in ("see", "approve"):
            grant(partner.pk, people.lumen_root, right)
    swapped = replace(
        people,
        dana=people.carol,
        victor=replace(people.carol, user_id=partner.pk, real_user_id=partner.pk),
        harlow=people.lumen,
        harlow_root=people.lumen_root,
    )
    lumen = _codes(swapped, CANARY["lumen"], now)
    return World(people, {"harlow": harlow, "lumen": lumen})


def _codes(people: Personas, canary: str, now: datetime) -> dict[str, str]:
    desk = Desk(people, now)
    first, second, third = (make_invoice(people.harlow_root, buyer=canary, number=f"{canary}-{n}") for n in range(3))
    make_usage(make_charge(first, "5.00"), "5.00", other_party=canary)
    make_tax(first, "1.00")
    draft = desk.open(first, title=canary)
    desk.pay(draft)
    proposal = desk.do("make_proposal", run=draft, rules=Rules()).code
    released = desk.released(second)
    operations.tag_invoices(people.dana, invoices=[third.code], tag=canary, key=uuid.uuid4(), now=now)
    operations.group_invoices(people.dana, invoices=[third.code], group=canary, key=uuid.uuid4(), now=now)
    text = f"{canary}-0\t5.00\nA-1\t{canary}"
    paste = operations.keep_paste(people.dana, text=text, key=uuid.uuid4(), now=now).code
    fourth = make_invoice(people.harlow_root, buyer=canary, number=f"{canary}-3")
    evidence = [Evidence(f"{canary}.txt", "text/plain", 1, keep_bytes(canary.encode()).sha256)]
    stated: dict[str, Any] = {"reason": "other", "note": canary, "amount": Decimal(5), "evidence": evidence}
    disputed = desk.do("dispute_invoice", invoice=fourth.code, **stated).code
    wish = BulkChange(amount="nothing", reason="other", note=canary)
    with acting(people.dana):
        seen = mark_of(foresee(people.dana, [third.code], wish))
    change = operations.change_invoices(
        people.dana, invoices=[third.code], change=wish, seen=seen, key=uuid.uuid4(), now=now
    )
    with acting(people.dana):
        file = DisputeFile.objects.get(dispute__code=disputed)
        payment = Payment.objects.get(run__code=released)
        group, tag = InvoiceGroup.objects.get(), Tag.objects.get()
        asked = {"customer": people.harlow, "by_id": people.dana.user_id, "asked_at": now}
        export = Export.objects.create(**asked, view="", kind="csv", total=4)
    write(export.pk)
    issue_slip(payment_id=payment.pk)
    chief = people.ada if people.ada.customer_id == people.harlow.pk else people.dana
    policy = operations.propose_policy(
        chief, policy=approval_policy.Policy(), reason=canary, after=0, key=uuid.uuid4(), now=now
    )
    return {
        "invoice": str(first.code),
        "policy": policy.code,
        "group": str(group.code),
        "tag": str(tag.code),
        "run": str(draft),
        "proposal": proposal,
        "dispute": disputed,
        "file": str(file.code),
        "change": change.code,
        "export": str(export.code),
        "paste": paste,
        "upload": upload_of(Reader.of(people.dana), draft, canary),
        "payment": str(payment.code),
        "customer": str(people.harlow.code),
        "system": "atlas",
        "nothing": str(uuid.uuid4()),
        "user": str(people.dana.user_id),
        "node": str(people.harlow_root.code),
    }


@pytest.mark.parametrize("who", ["anonymous", "inactive", *CUSTOMERS_PEOPLE, "sam", "visiting", "erik"])
def test_everybody_sees_what_is_theirs_and_nothing_else(world: World, who: str) -> None:
    client = _client(world, who)
    others = [customer for customer in ("harlow", "lumen") if customer != _customer_of(who)]
    before = {customer: rows_of(world.people, customer) for customer in others}

    wrong = [
        f"{method} {address.name} ({whose}): {problem}"
        for address in addresses()
        for method in ("GET", "POST")
        for whose in ("harlow", "lumen")
        if (problem := _problem(client, world, who, address, method, whose))
    ]

    assert wrong == []
    if who != "erik":  # the engineer's job is to change what is the carrier's; he changes nothing of a customer's below
        assert {customer: rows_of(world.people, customer) for customer in others} == before


def _problem(client: Client, world: World, who: str, address: Address, method: str, whose: str) -> str:
    if address.name in ("chosen_customer", "visit_end") or (address.name == "visit" and who in ("sam", "visiting")):
        return ""  # these end or begin what the walk stands on; tests of their own walk them
    response = client.generic(
        method,
        _path(address, world.codes[whose]),
        _body(world, whose),
        content_type="application/x-www-form-urlencoded",
    )
    expected = _expected(address, who, method, is_own=_customer_of(who) == whose)
    if response.status_code not in expected:
        return f"{response.status_code}, expected {sorted(expected)}"
    is_for_all = address.name.startswith("desk") and who in ("sam", "visiting")  # the dispute desk is every customer's
    return "" if is_for_all else _leak(response, who)


def _expected(address: Address, who: str, method: str, *, is_own: bool) -> set[int]:
    policy = address.policy
    assert policy is not None
    if policy.audience != "public" and who in ("anonymous", "inactive"):
        return {302}
    if method not in policy.methods:
        return {405}
    if policy.audience in ("customer", "carrier") and not _is_admitted(policy, who, method):
        return {404}
    return _done(address, who, method, is_own=is_own)


def _done(address: Address, who: str, method: str, *, is_own: bool) -> set[int]:
    """The answers to somebody who may be here at all. A form full of foreign ids may be "not found" as a whole."""
    done = {200, 302, 303, 307, 400, 409, 422}
    if OBJECTS.get(address.name) in ("paste", "export", "upload") and who not in ("dana", "visiting", "carol"):
        return {404}  # whoever pasted it or asked for it sees it, and nobody beside them
    is_carriers = address.policy is not None and address.policy.audience != "customer"
    kinds = (
        "invoice",
        "change",
        "export",
        "upload",
        "group",
        "tag",
        "run",
        "dispute",
        "paste",
        "payment",
        "node",
        "policy",
    )
    is_about_a_customers = OBJECTS.get(address.name) in kinds and not is_carriers
    if is_about_a_customers and not is_own:
        return {404}
    needs_the_whole_tree = is_about_a_customers and who == "nils"
    return done | {404} if method == "POST" or needs_the_whole_tree or is_carriers else done


def _is_admitted(policy: Policy, who: str, method: str) -> bool:
    rights = {
        "dana": {"see", "tag", "prepare"},
        "victor": {"see", "approve"},
        "ada": {"see", "administer"},
        "nils": {"see"},
        "carol": {"see", "tag", "prepare", "approve", "administer"},
    }
    if policy.audience == "carrier":
        return {"sam": "rep", "visiting": "rep", "erik": "engineer"}.get(who, "") in policy.needs
    if who == "visiting":
        return policy.needs == ("see",) and method in SAFE
    return bool(rights.get(who, set()) & set(policy.needs))


def _leak(response: Any, who: str) -> str:
    """A word of a customer that is not this person's, in body or headers. The engineer works for all of them."""
    body = b"".join(response) if response.streaming else response.content
    text = f"{response.headers}{body.decode(errors='replace')}"
    foreign = {"harlow": ["lumen"], "lumen": ["harlow"], "": ["harlow", "lumen"]}[_customer_of(who)]
    return next((f"leaks {CANARY[name]}" for name in foreign if CANARY[name] in text and who != "erik"), "")


def _body(world: World, whose: str) -> str:
    """Every field name that takes an id, filled with the ids of `whose`."""
    codes = world.codes[whose]
    fields = {
        "key": str(uuid.uuid4()),
        "invoice": codes["invoice"],
        "group": codes["group"],
        "tag": codes["tag"],
        "into": codes["tag"],
        "before": codes["group"],
        "rule": f"nodes={codes['node']}",
        "run": codes["run"],
        "payment": codes["payment"],
        "user_id": codes["user"],
        "user": codes["user"],
        "node_code": codes["node"],
        "node": codes["node"],
        "parent": codes["node"],
        "customer": codes["customer"],
        "right": "see",
        "act": "give",
        "do": "drop",
        "version": "1",
        "next": f"/invoices/{codes['invoice']}/",
    }
    return "&".join(f"{name}={value}" for name, value in fields.items())


def _path(address: Address, codes: dict[str, str]) -> str:
    kind = OBJECTS.get(address.name, "nothing")
    values = {"code": codes.get(kind, ""), "payment": codes["payment"], "system": codes["system"], "charge": "1"}
    values |= {"position": "1", "file": codes["file"], "proposal": codes["proposal"]}
    return reverse(address.name, kwargs={argument: values[argument] for argument in address.arguments})


def _client(world: World, who: str) -> Client:
    client = Client(raise_request_exception=False)
    people = world.people
    if who == "inactive":
        user = User.objects.get(pk=people.dana.user_id)
        client.force_login(user)
        User.objects.filter(pk=user.pk).update(is_active=False)
    elif who == "visiting":
        start_visit(
            actor=people.sam,
            customer_code=str(people.harlow.code),
            user_id=people.dana.user_id,
            reason="walking through every address",
            ticket="T-1",
            now=timezone.now(),
        )
        client.force_login(User.objects.get(pk=people.sam.user_id))
    elif who != "anonymous":
        client.force_login(User.objects.get(pk=getattr(people, who).user_id))
    return client


def _customer_of(who: str) -> str:
    if who in ("dana", "victor", "ada", "nils", "visiting"):
        return "harlow"
    return "lumen" if who == "carol" else ""
