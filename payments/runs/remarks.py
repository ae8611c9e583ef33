"""What the database knows against the bills of a run: likely duplicates, and bills reissued since it was opened.

Called inside `acting(actor)`.
"""

from __future__ import annotations

from typing import Final

from django.db import connection

from payments.models import PayRun
from payments.runs.warnings import REISSUED, Remark

ALIKE: Final = "like another bill of the account, over the same amount and days apart, that is paid or planned"
SAME_NUMBER: Final = "of the same number as a bill of another billing system"

_REMARKS: Final = """
    WITH chosen AS (
        SELECT i.* FROM payments_payrunitem t JOIN billing_sources_invoice i ON i.id = t.invoice_id
        WHERE t.run_id = %(run)s AND i.payable > 0)
    SELECT DISTINCT i.id, %(alike)s FROM chosen i JOIN billing_sources_invoice other
        ON other.customer_id = i.customer_id AND other.is_current AND other.payable = i.payable AND other.id <> i.id
    WHERE other.account_id = i.account_id AND other.currency = i.currency AND other.held + other.settled > 0
      AND other.billed_on BETWEEN i.billed_on - 10 AND i.billed_on + 10
    UNION ALL
    SELECT DISTINCT i.id, %(same_number)s FROM chosen i JOIN billing_sources_invoice other
        ON other.number = i.number AND other.customer_id = i.customer_id AND other.is_current
    WHERE other.system_id <> i.system_id
    UNION ALL
    SELECT i.id, %(reissued)s FROM chosen i WHERE i.revision > 1 AND i.published_at > %(opened)s
    ORDER BY 1
"""


def remarks_on(run: PayRun) -> list[Remark]:
    """One query, however many bills there are."""
    words = {"alike": ALIKE, "same_number": SAME_NUMBER, "reissued": REISSUED}
    with connection.cursor() as cursor:
        cursor.execute(_REMARKS, {"run": run.pk, "opened": run.created_at, **words})
        return [Remark(*row) for row in cursor.fetchall()]
