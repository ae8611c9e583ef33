"""What workers do about customers."""

from __future__ import annotations

from datetime import UTC, datetime

from celery import shared_task

from portal.customers.arranging import arrange_due


@shared_task(name="customers.arrange_accounts")
def arrange_accounts() -> None:
    """From beat: what was arranged for a day is so from that day on."""
    arrange_due(datetime.now(UTC))
