"""The months that usage records are kept by: a partition each, made when the first bill of a month brings usage."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db import connection

from portal import roles

_MISSING = """
    SELECT min(day) FROM unnest(%s::date[]) AS billed (day)
    WHERE to_regclass(usage_month(day)) IS NULL GROUP BY usage_month(day)
    """


def have_months(billed_on: Iterable[date]) -> None:
    """Make what is missing, on a connection of its own: no worker waits for another's file to end."""
    with connection.cursor() as cursor:
        cursor.execute(_MISSING, [sorted(set(billed_on))])
        missing = [day for (day,) in cursor.fetchall()]
    if missing:
        _make(missing)


def _make(days: Iterable[date]) -> None:
    apart = connection.copy()
    try:
        with apart.cursor() as cursor:
            cursor.execute(f"SET ROLE {roles.INGEST}")
            for day in days:
                cursor.execute("SELECT make_usage_month(%s)", [day])
    finally:
        apart.close()
