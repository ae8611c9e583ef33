"""Keep money that stands on no bill as credit on account: an act of the carrier, in the transaction of its cause."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import uuid4

from django.db import connection

from payments.models import Break, OnAccountCredit, Payment
from portal.audit.record import record
from portal.money import format_amount


def leave_on_account(
    source: OnAccountCredit.Source,
    *,
    customer_id: int,
    account_id: int,
    currency: str,
    amount: Decimal,
    now: datetime,
    payment: Payment | None = None,
    found: Break | None = None,
    note: str = "",
) -> OnAccountCredit:
    """A credit of exactly this amount, under the customer's next number. Call inside `carrier()`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('credit number'), %s)", [customer_id])
    count = OnAccountCredit.objects.filter(customer_id=customer_id).count()
    credit = OnAccountCredit.objects.create(
        code=uuid4(),
        customer_id=customer_id,
        account_id=account_id,
        number=f"OA-{count + 1}",
        currency=currency,
        amount=amount,
        source=source,
        payment=payment,
        found=found,
        note=note[:200],
        created_at=now,
    )
    detail = {"amount": f"{format_amount(amount, currency)} {currency}", "reason": note}
    record(None, "credit left on account", f"credit {credit.number}", detail, now=now, customer_id=customer_id)
    return credit
