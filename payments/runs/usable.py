"""Credits that a pay run does not use yet: credit notes and credit on account. Called inside `acting(actor)`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import connection

from payments.models import PayRun
from portal.actor import Actor
from portal.customers import access
from portal.money import format_amount

MOST: Final = 50

_USABLE: Final = """
    SELECT code, number, account, currency, open, why FROM (
        SELECT i.code, i.number, i.account_id, a.name AS account, i.currency, i.open,
               'credit note of ' || i.billed_on AS why, i.id AS claim
        FROM billing_sources_invoice i JOIN customers_account a ON a.id = i.account_id
        WHERE i.customer_id = %(customer)s AND i.is_current AND i.state = 'published' AND i.is_payable AND i.open < 0
        UNION ALL
        SELECT c.code, c.number, c.account_id, a.name, c.currency, -c.open, 'on account: ' || c.note, -c.id
        FROM payments_onaccountcredit c JOIN customers_account a ON a.id = c.account_id
        WHERE c.customer_id = %(customer)s AND c.open > 0) credits
    WHERE (%(all)s OR account_id = ANY(%(accounts)s))
      AND claim NOT IN (SELECT t.claim FROM payments_payrunitem t WHERE t.run_id = %(run)s)
    ORDER BY open, number LIMIT %(most)s
"""


@dataclass(frozen=True)
class UsableCredit:
    code: UUID
    number: str
    account: str
    amount: str
    why: str


def usable_credits(actor: Actor, run: PayRun) -> Sequence[UsableCredit]:
    """What the actor may add to the run, the largest first; one query."""
    reach = access.scope(actor, "prepare")
    asked: dict[str, Any] = {
        "customer": actor.customer_id,
        "run": run.pk,
        "all": reach.everything,
        "accounts": list(reach.ids),
        "most": MOST,
    }
    with connection.cursor() as cursor:
        cursor.execute(_USABLE, asked)
        return [
            UsableCredit(code, number, account, f"{format_amount(amount, currency)} {currency}", why)
            for code, number, account, currency, amount, why in cursor.fetchall()
        ]
