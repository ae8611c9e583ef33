"""What workers do for paper and AR: thin shells, work found in PostgreSQL."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from celery import shared_task

from payments.ar import inbox, outbox
from portal.tenancy import carrier
from remittance.advice import AdviceDoesNotTie
from remittance.connector import x12_820
from remittance.operations import issue_slip
from remittance.queries import payments_without_slip

log = logging.getLogger(__name__)
SLIPS_AT_ONCE = 50


@shared_task(name="remittance.issue_slips")
def issue_slips() -> None:
    """The slips of payments that were released; one that cannot be drawn does not hold up the others."""
    with carrier(read_only=True):
        waiting = payments_without_slip(SLIPS_AT_ONCE)
    for payment_id in waiting:
        try:
            issue_slip(payment_id=payment_id)
        except AdviceDoesNotTie:
            log.exception("slip of payment %s", payment_id)


@shared_task(name="remittance.push_due")
def push_due() -> None:
    """Tell AR what it has not heard."""
    outbox.push_due(x12_820(), clock=lambda: datetime.now(UTC))


@shared_task(name="remittance.collect_answers")
def collect_answers() -> None:
    """Hear what AR has answered."""
    inbox.collect_answers(x12_820(), clock=lambda: datetime.now(UTC))
