"""Say whose an external account is: one by one, or many at once. A customer's tree grows by it.

Never done by itself: each is one transaction, by one of the carrier's people. Whatever hangs below a linked account
in its billing system comes along; what is above it becomes nodes, so that a level that no bill is addressed to is
there to group by.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from billing_sources.models import AccountLink, Charge, Invoice, TaxItem, UsageRecord
from billing_sources.operations import NotDone
from portal.actor import CarrierActor
from portal.audit.record import record
from portal.customers.models import Account, Customer
from portal.tenancy import carrier

_MOST_LEVELS = 12


@dataclass(frozen=True)
class Choice:
    """A suggestion that a person accepted: the account, the customer it is linked to, and the reason they read."""

    link: AccountLink
    customer: Customer
    because: str = ""


def link_account(*, actor: CarrierActor, link: AccountLink, account: Account, now: datetime) -> int:
    """Link an external account to a node of a customer's tree, and those below it to nodes below that.

    Returns how many held invoices were published by it. Raises `NotDone` where it is linked already.
    """
    with carrier(actor.user_id):
        return _link(actor, link, account, now)


def create_and_link(
    *, actor: CarrierActor, link: AccountLink, customer: Customer, parent: Account | None, now: datetime
) -> Account:
    """Make a node for an external account below `parent` (None: a new root) and link the two."""
    with carrier(actor.user_id):
        account = _node(link, customer.pk, parent)
        _link(actor, link, account, now)
        return account


def link_where_they_belong(*, actor: CarrierActor, choices: Sequence[Choice], now: datetime) -> int:
    """Link many accounts at once, each below the account that its system has it below. All, or none.

    Returns how many held invoices were published. Raises `NotDone` where somebody else linked one meanwhile, or where
    two accounts of one branch are to go to different customers.
    """
    with carrier(actor.user_id):
        _require_unlinked(choices)
        lines = ancestors([choice.link for choice in choices])
        top_down = sorted(choices, key=lambda choice: (len(lines[choice.link.pk]), choice.link.pk))
        return sum(_link_choice(actor, choice, lines[choice.link.pk], now) for choice in top_down)


def ancestors(links: Iterable[AccountLink]) -> dict[int, list[AccountLink]]:
    """Link → the accounts above it in its billing system, the nearest first. One question a level."""
    lines: dict[int, list[AccountLink]] = {link.pk: [] for link in links}
    last = {link.pk: link for link in links}
    for _ in range(_MOST_LEVELS):
        above = _above(last.values())
        last = {
            pk: parent
            for pk, link in last.items()
            if (parent := above.get((link.system_id, link.parent_external_id)))
            and parent.pk != pk
            and parent not in lines[pk]
        }
        if not last:
            break
        for pk, parent in last.items():
            lines[pk].append(parent)
    return lines


def _above(links: Iterable[AccountLink]) -> Mapping[tuple[int, str], AccountLink]:
    wanted = {(link.system_id, link.parent_external_id) for link in links if link.parent_external_id}
    if not wanted:
        return {}
    systems, parents = zip(*wanted, strict=True)
    found = AccountLink.objects.filter(system__in=set(systems), external_id__in=set(parents)).select_related(
        "system", "account", "customer"
    )
    return {(link.system_id, link.external_id): link for link in found}


def _require_unlinked(choices: Sequence[Choice]) -> None:
    """Locked in one order, so that two people who link the same accounts meet here and not halfway."""
    ids = [choice.link.pk for choice in choices]
    locked = AccountLink.objects.filter(pk__in=ids).order_by("pk").select_for_update(of=("self",))
    taken = [link.external_id for link in locked.select_related("customer") if link.account_id is not None]
    if taken:
        raise NotDone(f"Account {', '.join(taken[:3])} was linked meanwhile; nothing was linked. Look again.")


def _link_choice(actor: CarrierActor, choice: Choice, line: Sequence[AccountLink], now: datetime) -> int:
    """One that came along with the account above it, a moment ago, is done already."""
    link, customer = choice.link, choice.customer
    link.refresh_from_db(fields=["account", "customer"])
    if link.customer_id not in (None, customer.pk):
        raise NotDone(
            f"Account {link.external_id} is below an account that goes to another customer; nothing was linked."
        )
    if link.account_id is not None:
        return 0
    parent = _grown(line, customer)
    return _link(actor, link, _node(link, customer.pk, parent), now, choice.because)


def _grown(line: Sequence[AccountLink], customer: Customer) -> Account:
    """The node that an account belongs below: those above it in its system, made where the tree lacks them."""
    node = Account.objects.filter(customer=customer, parent=None).order_by("pk").first()
    if node is None:
        node = Account.objects.create(customer=customer, name=customer.name, level="customer")
    for link in reversed(line):
        link.refresh_from_db(fields=["account", "customer"])
        is_foreign = link.customer_id not in (None, customer.pk)
        node = node if is_foreign else link.account or _node(link, customer.pk, node)
    return node


def _link(actor: CarrierActor, link: AccountLink, account: Account, now: datetime, because: str = "") -> int:
    link = AccountLink.objects.select_for_update().get(pk=link.pk)
    if link.account_id is not None:
        raise NotDone(f"Account {link.external_id} is linked already.")
    published = _link_one(actor, link, account, now, because)
    for child in AccountLink.objects.filter(
        system_id=link.system_id, parent_external_id=link.external_id, account=None
    ).exclude(pk=link.pk):
        published += _link(actor, child, _node(child, account.customer_id, account), now)
    return published


def _link_one(actor: CarrierActor, link: AccountLink, account: Account, now: datetime, because: str) -> int:
    link.account, link.customer_id = account, account.customer_id
    link.linked_by_id, link.linked_at = actor.user_id, now
    link.save(update_fields=["account", "customer", "linked_by", "linked_at"])
    detail = {"account": account.name, "external_id": link.external_id}
    record(
        actor,
        "linked",
        f"account {link.external_id}",
        {**detail, "because": because} if because else detail,
        now=now,
        customer_id=account.customer_id,
    )
    return _give_invoices(link, account, now)


def _give_invoices(link: AccountLink, account: Account, now: datetime) -> int:
    """The account's invoices become the customer's, superseded ones too; those that were held are published."""
    unowned = Invoice.objects.filter(account_link=link, customer=None)
    ids = list(unowned.values_list("pk", flat=True))
    for detail in (Charge, TaxItem, UsageRecord):
        detail._default_manager.filter(invoice_id__in=ids, customer=None).update(customer_id=account.customer_id)
    owner = {"customer_id": account.customer_id, "account_id": account.pk}
    held = Q(state=Invoice.State.HELD)
    published = unowned.filter(held).update(state=Invoice.State.PUBLISHED, published_at=now, **owner)
    unowned.update(**owner)
    return published


def _node(link: AccountLink, customer_id: int, parent: Account | None) -> Account:
    """The customer's node for this external account, if there is one; else a new one."""
    system_key = link.system.key
    node, _ = Account.objects.get_or_create(
        customer_id=customer_id,
        system=system_key,
        external_id=link.external_id,
        defaults={"parent": parent, "level": link.level[:40], "name": (link.name or link.external_id)[:120]},
    )
    return node
