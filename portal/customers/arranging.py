"""Arrange the tree of accounts: move a node, rename it, make one to group by, each from a day on.

The customer's administrator does this, on the nodes that their right to administer reaches: the node itself, the one
it leaves and the one it goes to. Rights follow the tree of today; reports follow the tree of their own day.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Final
from uuid import UUID

import psycopg
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import TruncDate
from django.db.utils import IntegrityError

from portal.actor import Actor
from portal.audit.record import record
from portal.customers import access
from portal.customers.models import Account, AccountPlacement
from portal.customers.operations import NotDone
from portal.tenancy import acting, carrier

BEGINNING: Final = date.min  # of the first placement of every node
_EARLIEST = date(2000, 1, 1)


def move_account(*, actor: Actor, code: UUID, parent_code: UUID, effective_on: date, now: datetime) -> None:
    """Let a node stand below another from a day on. Raises `NotDone` where it would stand below itself on any day."""
    with acting(actor):
        account, parent = _administered(actor, code), _administered(actor, parent_code)
        _require_reach_of_place(actor, account, effective_on)
        _require_day(effective_on, now)
        with _no_circle(account, parent):
            _place(actor, account, effective_on, now, parent=parent)
        detail = {"below": parent.name, "from": effective_on.isoformat()}
        record(actor, "moved", f"account {account.name}", detail, now=now)


def rename_account(*, actor: Actor, code: UUID, name: str, effective_on: date, now: datetime) -> None:
    """Call a node by another name from a day on."""
    with acting(actor):
        account, name = _administered(actor, code), _required(name)
        _require_day(effective_on, now)
        _place(actor, account, effective_on, now, name=name)
        detail = {"name": name, "from": effective_on.isoformat()}
        record(actor, "renamed", f"account {account.name}", detail, now=now)


def make_group(*, actor: Actor, parent_code: UUID, name: str, level: str, now: datetime) -> Account:
    """A node of the customer's own, to group by: a region, a cost center. Nodes are moved below it from a day on."""
    with acting(actor):
        parent, name = _administered(actor, parent_code), _required(name)
        if Account.objects.filter(parent=parent, name=name, external_id="").exists():
            raise NotDone(f"{parent.name} has a node called {name} already.")
        made = Account.objects.create(customer_id=actor.customer_id, parent=parent, name=name, level=level.strip()[:40])
        record(actor, "made", f"account {made.name}", {"below": parent.name}, now=now)
        return made


def arrange_due(now: datetime) -> int:
    """Bring today's tree to what was arranged for today, wherever a day has come. Returns how many customers moved."""
    with carrier():
        ahead = AccountPlacement.objects.annotate(said_on=TruncDate("placed_at")).filter(
            effective_on__gt=F("said_on"), effective_on__lte=now.date()
        )
        customers = sorted(set(ahead.values_list("customer_id", flat=True)))
        with connection.cursor() as cursor:
            cursor.executemany("SELECT arrange_accounts(%s, %s)", [[each, now.date()] for each in customers])
    return len(customers)


def _administered(actor: Actor, code: UUID) -> Account:
    account = Account.objects.filter(customer_id=actor.customer_id, code=code).first()
    if account is None:
        raise access.Denied("no such node here")
    access.require(actor, "administer", [account.pk])
    return account


def _require_reach_of_place(actor: Actor, account: Account, day: date) -> None:
    """Who takes a node from below another takes it from the people there; so that one must be theirs as well."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT parent_id FROM accounts_on(%s, %s) WHERE account_id = %s", [actor.customer_id, day, account.pk]
        )
        (then,) = cursor.fetchone()
    left = {account.parent_id, then}
    if not access.scope(actor, "administer").everything and (None in left or not _reaches(actor, left)):
        raise NotDone(f"{account.name} stands below a node that you do not administer; ask who does.")


def _reaches(actor: Actor, accounts: set[int | None]) -> bool:
    reach = access.scope(actor, "administer")
    return all(account in reach for account in accounts)


def _require_day(day: date, now: datetime) -> None:
    latest = date(now.year + 5, 12, 31)
    if not _EARLIEST <= day <= latest:
        raise NotDone(f"Choose a day between {_EARLIEST} and {latest}.")


def _required(name: str) -> str:
    name = name.strip()
    if not 0 < len(name) <= 120:
        raise NotDone("Give a name of 120 characters at most.")
    return name


@contextmanager
def _no_circle(account: Account, parent: Account) -> Iterator[None]:
    """The database refuses a node below itself, on whatever day; here it is said in words."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        cause = error.__cause__
        if not isinstance(cause, psycopg.Error) or cause.diag.constraint_name != "account_below_itself":
            raise
        day = cause.diag.message_primary
        raise NotDone(f"{parent.name} stands below {account.name} itself on {day}; nothing was moved.") from error


def _place(
    actor: Actor, account: Account, day: date, now: datetime, *, parent: Account | None = None, name: str = ""
) -> None:
    AccountPlacement.objects.create(
        account=account,
        customer_id=actor.customer_id,
        parent=parent,
        name=name,
        effective_on=day,
        placed_at=now,
        placed_by_id=actor.user_id,
    )
