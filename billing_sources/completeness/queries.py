"""What was billed in the last months, for the calendar and for the page of expected bills."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import connection
from django.db.models import Max, Q
from django.db.models.functions import TruncMonth

from billing_sources.calendar import Cycle
from billing_sources.completeness.learnt import Billed, Expected, expected, first_looked_at
from billing_sources.models import AccountLink, BillCycle, BillingSystem, Invoice

ROWS_SHOWN = 500
_TONES = {"received": "good", "expected": "off", "late": "warn", "absent": "bad"}
_URGENCY = ("absent", "late", "expected", "received")

# As `learnt.expected`, counted by the database: the calendar needs no names. A bill that waits in quarantine came, in
# the month that it is dated in; one that cannot be read, in that of the bills beside it.
_ABSENT = """
    WITH billed AS (
        SELECT DISTINCT system_id, cycle, account_link_id, date_trunc('month', billed_on)::date AS month
        FROM billing_sources_invoice
        WHERE is_current AND series = '' AND billed_on >= %(first)s AND billed_on < %(next)s),
    learnt AS (
        SELECT system_id, cycle, account_link_id FROM billed WHERE month < %(month)s GROUP BY 1, 2, 3
        HAVING count(*) >= 2 OR count(*) =
            extract(year FROM age(%(month)s, min(month))) * 12 + extract(month FROM age(%(month)s, min(month)))),
    waiting AS (
        SELECT q.file_id, q.account, convert_from(q.canonical, 'UTF8')::jsonb AS bill
        FROM billing_sources_quarantinedinvoice q WHERE q.state = 'held'),
    held AS (
        SELECT r.system_id, coalesce(bill ->> 'account', q.account) AS external_id
        FROM waiting q
        JOIN billing_sources_importfile f ON f.id = q.file_id JOIN billing_sources_importrun r ON r.id = f.run_id
        WHERE coalesce((bill ->> 'billed_on')::date,
                       (SELECT max(billed_on) FROM billing_sources_invoice i WHERE i.file_id = f.id),
                       f.received_at::date) >= %(month)s)
    SELECT l.system_id, l.cycle, array_agg(l.account_link_id) FROM learnt l
    JOIN billing_sources_accountlink a ON a.id = l.account_link_id
    WHERE NOT EXISTS (SELECT FROM billed b WHERE b.month = %(month)s
                      AND (b.system_id, b.account_link_id) = (l.system_id, l.account_link_id))
      AND NOT EXISTS (SELECT FROM held WHERE (held.system_id, held.external_id) = (a.system_id, a.external_id))
    GROUP BY 1, 2
    """


@dataclass(frozen=True)
class ExpectedRow:
    """One account of one system in one month."""

    system: str
    cycle: str
    external_id: str
    name: str
    customer: str
    last_billed_on: str
    due_on: str
    word: str
    tone: str


def absent_accounts(month: date) -> dict[tuple[int, str], list[int]]:
    """(system, cycle) → the links of accounts whose bill of `month` is not there. Call inside `carrier()`."""
    parameters = {"first": first_looked_at(month), "month": month, "next": _next(month)}
    with connection.cursor() as cursor:
        cursor.execute(_ABSENT, parameters)
        return {(system, cycle): links for system, cycle, links in cursor.fetchall()}


def rows_of(links: Iterable[int], cycle: str, month: date) -> list[ExpectedRow]:
    """Absent accounts by name, for the carrier. Call inside `carrier()`."""
    found = AccountLink.objects.filter(pk__in=list(links)).select_related("system", "customer", "account")
    last = dict(
        Invoice.objects.filter(account_link__in=found, is_current=True, billed_on__lt=month)
        .order_by()
        .values_list("account_link")
        .annotate(last=Max("billed_on"))
    )
    return [
        ExpectedRow(
            system=link.system.name,
            cycle=cycle,
            external_id=link.external_id,
            name=link.account.name if link.account else link.name,
            customer=link.customer.name if link.customer else "",
            last_billed_on=_day(last.get(link.pk)),
            due_on="",
            word="absent",
            tone="bad",
        )
        for link in found.order_by("external_id")[:ROWS_SHOWN]
    ]


def expected_bills(visible: Q, today: date) -> list[ExpectedRow]:
    """The bills of this month, of what `visible` lets a customer's person see. Call inside `acting()`."""
    found = _expected(visible, today)
    found.sort(key=lambda each: (_URGENCY.index(each.word(today)), each.due_on or date.max, each.account))
    return _named(found, today)


def count_late(visible: Q, today: date) -> int:
    """How many of them have not come in time. Call inside `acting()`."""
    return sum(each.word(today) == "late" for each in _expected(visible, today))


def _expected(visible: Q, today: date) -> list[Expected]:
    month = today.replace(day=1)
    wanted = visible & Q(is_current=True, series="", billed_on__gte=first_looked_at(month), billed_on__lt=_next(month))
    history = (
        Invoice.objects.filter(wanted)
        .order_by()
        .values_list("system_id", "cycle", "account_link_id", TruncMonth("billed_on"))
        .annotate(on=Max("billed_on"))
    )
    return expected((Billed(*row) for row in history), month, _cycles())


def _named(found: Sequence[Expected], today: date) -> list[ExpectedRow]:
    shown = found[:ROWS_SHOWN]
    links = AccountLink.objects.select_related("account").in_bulk([each.account for each in shown])
    systems = dict(BillingSystem.objects.values_list("pk", "name"))
    rows = []
    for each in shown:
        link, word = links[each.account], each.word(today)
        rows.append(
            ExpectedRow(
                system=systems[each.system],
                cycle=each.cycle,
                external_id=link.external_id,
                name=link.account.name if link.account else link.name,
                customer="",
                last_billed_on=_day(each.last_billed_on),
                due_on=_day(each.due_on),
                word=word,
                tone=_TONES[word],
            )
        )
    return rows


def _cycles() -> dict[int, Sequence[Cycle]]:
    cycles: dict[int, list[Cycle]] = defaultdict(list)
    for system, code, on in BillCycle.objects.order_by("day").values_list("system_id", "code", "day"):
        cycles[system].append(Cycle(code, on))
    return dict(cycles)


def _day(on: date | None) -> str:
    return on.isoformat() if on else ""


def _next(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)
