"""The life that was lived in the demo: bills of past months paid in pay runs, and runs that are going on now.

Everything is done by the same operations as a person's, as the persona whose job it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from billing_sources.models import Invoice
from payments import operations
from payments.models import Payment, PayRun
from payments.operations import Place
from portal.actor import Actor
from portal.customers.models import Membership
from portal.demo.approvals import set_policy
from portal.demo.disputes import contest
from portal.demo.people import CASTELLAN, HARLOW
from portal.tenancy import acting, identified
from portal.users.models import User

PAYERS = {HARLOW: ("dana@harlow.example", "victor@harlow.example")}
PAYERS[CASTELLAN] = ("carol@castellan.example", "jonas@castellan.example")
ADMINISTRATOR = "ada@harlow.example"
LARGE = Decimal(9_000)
SMALL = Decimal(50)
LONGEST_RUN = 400
REFUSED_BY_AR = "rate_not_as_agreed"  # what the demo's AR does not accept (remittance.demo_partner)


@dataclass(frozen=True)
class Bill:
    code: UUID
    currency: str
    open: Decimal
    due_on: date | None


def live(today: date) -> None:
    """Past months paid and told to AR; this month's runs in every state. Bills must be published."""
    for customer, (preparer, approver) in PAYERS.items():
        clerk, boss = _actor(preparer), _actor(approver)
        *earlier, latest = _fortnights_before(today)
        for due in earlier:
            _pay_what_was_due(clerk, boss, due, "quantity_contested")
        _pay_what_was_due(clerk, boss, latest, REFUSED_BY_AR)
        _tag_and_group(clerk, today)
        if customer == HARLOW:
            set_policy(_actor(ADMINISTRATOR), boss, datetime.combine(today, time(8), UTC))
        _begin_now(clerk, today, customer)
        later = _bills(clerk, today + timedelta(days=9), today + timedelta(days=40))
        contest(clerk, [bill.code for bill in later if bill.open > SMALL][::5], today)


def _fortnights_before(today: date) -> list[tuple[date, date]]:
    """Half months whose bills are paid, the last one ending a few days ago, so that some are overdue."""
    ends = [today - timedelta(days=5 + 15 * back) for back in range(5, -1, -1)]
    return list(zip([ends[0] - timedelta(days=60), *ends], ends, strict=False))


def _pay_what_was_due(clerk: Actor, boss: Actor, due: tuple[date, date], reason: str) -> None:
    start, end = due
    bills = _bills(clerk, start, end)[:LONGEST_RUN]
    if not bills:
        return
    at = datetime.combine(end - timedelta(days=3), time(9, 40), UTC)
    run = _planned_run(clerk, f"Due to {end:%d %b}", bills, end, at)
    if len(bills) > 30:
        _short_pay_one(clerk, run, bills[7], reason, at)
    _settle(clerk, boss, run, at)


def _begin_now(clerk: Actor, today: date, customer: str) -> None:
    """One run half placed, one that waits for approval."""
    at = datetime.combine(today, time(8, 15), UTC)
    soon = _bills(clerk, today - timedelta(days=5), today + timedelta(days=9))
    if len(soon) < 10:
        return
    waiting, half = soon[: len(soon) // 3], soon[len(soon) // 3 :]
    run = _planned_run(clerk, f"{customer.split()[0]}, due this week", waiting, today + timedelta(days=2), at)
    _short_pay_one(clerk, run, waiting[-1], REFUSED_BY_AR, at)
    operations.submit_run(clerk, run=run, key=uuid4(), now=at + timedelta(minutes=30))
    draft = _open(clerk, f"{today:%B}, second half", half, at)
    _plan_payments(clerk, draft, half[: len(half) * 2 // 3], today + timedelta(days=7), at)


def _planned_run(clerk: Actor, title: str, bills: Sequence[Bill], value_on: date, at: datetime) -> UUID:
    run = _open(clerk, title, bills, at)
    _plan_payments(clerk, run, bills, value_on, at)
    return run


def _open(clerk: Actor, title: str, bills: Sequence[Bill], at: datetime) -> UUID:
    done = operations.open_run(clerk, title=title, invoices=[bill.code for bill in bills], key=uuid4(), now=at)
    return UUID(done.code)


def _plan_payments(clerk: Actor, run: UUID, bills: Sequence[Bill], value_on: date, at: datetime) -> None:
    """Large bills by wire, every seventh other one by cheque, the rest by ACH credit; each currency by itself."""
    placed: dict[tuple[str, str], list[Bill]] = defaultdict(list)
    for position, bill in enumerate(bills):
        method = "wire" if bill.open > LARGE else "cheque" if position % 7 == 3 else "ach_credit"
        placed[(bill.currency, method if bill.currency == "USD" else "wire")].append(bill)
    for (currency, method), chosen in sorted(placed.items()):
        added = operations.add_payment(
            clerk, run=run, method=method, currency=currency, value_on=value_on, key=uuid4(), now=at
        )
        places = [Place(bill.code, UUID(added.code)) for bill in chosen]
        operations.allocate(clerk, run=run, placements=places, key=uuid4(), now=at)


def _short_pay_one(clerk: Actor, run: UUID, bill: Bill, reason: str, at: datetime) -> None:
    """A tenth of one bill is not paid."""
    short = (bill.open / 10).quantize(Decimal("0.01"))
    if short <= 0:
        return
    operations.unallocate(clerk, run=run, invoices=[bill.code], key=uuid4(), now=at)
    target = _payment_in(clerk, run, bill.currency)
    place = Place(bill.code, target, amount=bill.open - short)
    operations.allocate(clerk, run=run, placements=[place], key=uuid4(), now=at)
    operations.short_pay(clerk, run=run, invoice=bill.code, amount=short, reason=reason, key=uuid4(), now=at)


def _settle(clerk: Actor, boss: Actor, run: UUID, at: datetime) -> None:
    operations.submit_run(clerk, run=run, key=uuid4(), now=at + timedelta(minutes=20))
    with acting(boss):
        sha256 = PayRun.objects.get(code=run).submitted_sha256
    approved_at = at + timedelta(hours=2)
    boss = replace(boss, confirmed_at=approved_at)
    operations.approve_run(boss, run=run, sha256=sha256, key=uuid4(), now=approved_at)
    operations.release_run(boss, run=run, key=uuid4(), now=approved_at + timedelta(minutes=5))


def _tag_and_group(clerk: Actor, today: date) -> None:
    at = datetime.combine(today, time(8), UTC)
    with acting(clerk):
        invoices = Invoice.objects.filter(is_current=True, due_on__gte=today)
        by_region: dict[str, list[UUID]] = defaultdict(list)
        for code, region in invoices.values_list("code", "account__parent__name").order_by("pk")[:600]:
            by_region[region or ""].append(code)
    for position, (region, codes) in enumerate(sorted(by_region.items())):
        if region:
            operations.group_invoices(clerk, invoices=codes, group=region, key=uuid4(), now=at)
        operations.tag_invoices(clerk, invoices=codes[::3], tag=f"CC {4410 + 10 * position}", key=uuid4(), now=at)


def _bills(clerk: Actor, start: date, end: date) -> list[Bill]:
    """What is open and due after `start`, up to and with `end`."""
    with acting(clerk):
        rows = Invoice.objects.filter(is_current=True, is_payable=True, open__gt=0, due_on__gt=start, due_on__lte=end)
        return [Bill(*row) for row in rows.order_by("due_on", "pk").values_list("code", "currency", "open", "due_on")]


def _payment_in(clerk: Actor, run: UUID, currency: str) -> UUID:
    """The run's first payment in a currency."""
    with acting(clerk):
        return Payment.objects.filter(run__code=run, currency=currency).order_by("position")[0].code


def _actor(email: str) -> Actor:
    user = User.objects.get(email=email)
    with identified(user.pk):
        membership = Membership.objects.select_related("customer").get(user=user)
    customer = membership.customer
    return Actor(user.pk, customer.pk, user.name, customer.name, real_user_id=user.pk, real_name=user.name)
