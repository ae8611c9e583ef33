"""What the stories begin with: a carrier whose bill files arrive as real files, and customers that they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from billing_sources.generator import CycleOrder, GeneratedFile, Manifest, billed_accounts, generate_cycle
from billing_sources.models import AccountLink, BillCycle, BillingSystem, ImportRun, Invoice
from portal.actor import Actor
from portal.customers.models import Account
from portal.tenancy import carrier, ingest
from portal.users.models import User
from tests.live import Stack, eventually
from tests.payments.approvers import approver
from tests.payments.conftest import Desk
from tests.personas import Personas


@dataclass
class Mailbox:
    """The carrier's inbound folders, and what came of the files in them."""

    stack: Stack
    people: Personas

    def order(self, invoices: int, system: str = "atlas") -> CycleOrder:
        """One cycle of Harlow's bills, billed today."""
        return CycleOrder(system, customers=1, accounts=invoices, invoices=invoices, seed=7, billed_on=today())

    def know(self, order: CycleOrder) -> None:
        """Link the accounts of the order below Harlow's root, and let its cycle close today."""
        with carrier():
            system, _ = BillingSystem.objects.get_or_create(key=order.system, defaults={"name": order.system.title()})
            BillCycle.objects.get_or_create(system=system, code=order.cycle, defaults={"day": order.billed_on.day})
            for billed in billed_accounts(order):
                self._link(system, billed.external_id, billed.name)

    def receive(self, *orders: CycleOrder) -> list[Manifest]:
        """Lay the files of these orders where the billing system would."""
        return [self.take_in(generated, order.system) for order in orders for generated in generate_cycle(order)]

    def take_in(self, generated: GeneratedFile, system: str) -> Manifest:
        return generated.write_into(self.folder(system))

    def folder(self, system: str) -> Path:
        return self.stack.var / "inbound" / system / "out"

    def wait_for_the_night(self, runs: int = 1) -> None:
        """Until that many import runs have ended."""
        eventually(lambda: len(ended_runs()) >= runs, f"{runs} import runs have ended")

    def _link(self, system: BillingSystem, external_id: str, name: str) -> None:
        root, now = self.people.harlow_root, timezone.now()
        node = Account.objects.create(
            customer=self.people.harlow, parent=root, name=name, system=system.key, external_id=external_id
        )
        AccountLink.objects.create(
            system=system,
            external_id=external_id,
            name=name,
            customer=self.people.harlow,
            account=node,
            first_seen_at=now,
            linked_at=now,
        )


def today() -> date:
    return timezone.localdate()


def ended_runs() -> Sequence[ImportRun]:
    with ingest():
        return list(ImportRun.objects.filter(state__in=(ImportRun.State.FINISHED, ImportRun.State.FAILED)))


def invoices() -> Sequence[Invoice]:
    """Every current invoice that can be paid, in the order of its number."""
    with ingest():
        return list(Invoice.objects.filter(is_current=True, is_payable=True).order_by("number"))


def colleague(desk: Desk, name: str, *rights: str) -> Actor:
    """One more of Harlow's people, who can sign in."""
    actor = approver(desk, name, *rights)
    user = User.objects.get(pk=actor.user_id)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return actor


@pytest.fixture
def desk(people: Personas) -> Desk:
    """For what somebody did before the story begins."""
    return Desk(people, timezone.now())


@pytest.fixture
def mailbox(stack: Stack, people: Personas) -> Mailbox:
    return Mailbox(stack, people)
