"""Import into a database that holds 10 million charges already, over import into an empty one.

The stored charges are made by SQL, on bills of the same system and accounts as the file's, so that every index that the
import touches is as large as it would be after a year. Both imports are of the same size, on one core.

    python -m bench.bench_crowded [stored charges]
"""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

from bench.databases import database
from bench.importing import import_file, link_all, write_file
from billing_sources.generator import CycleOrder

DATABASE = "bench_crowded"
STORED = 10_000_000
CHARGES, CHARGES_PER_BILL = 100_000, 50
MUST = 0.7


def bench_crowded(stored: int = STORED) -> dict[str, Any]:
    """`ratio` is of processor time, ours and the database's together."""
    bills = CHARGES // CHARGES_PER_BILL
    order = CycleOrder("atlas", 40, bills, bills, 7, date(2026, 9, 1), charges=CHARGES_PER_BILL)
    with tempfile.TemporaryDirectory() as folder, database(DATABASE) as owner:
        there = Path(folder)
        import_file(DATABASE, "atlas", write_file(order, there, charges=2))
        link_all(owner)
        into_none = import_file(DATABASE, "atlas", write_file(order, there, billed_on=date(2026, 10, 1)))
        with owner.transaction():
            owner.execute("SET LOCAL session_replication_role = replica")
            owner.execute(_BILLS, [-(-stored // CHARGES_PER_BILL)])
            owner.execute(_CHARGES, [CHARGES_PER_BILL])
        owner.execute("VACUUM ANALYZE")
        owner.execute("CHECKPOINT")
        into_many = import_file(DATABASE, "atlas", write_file(order, there, billed_on=date(2026, 11, 1)))
    spent = [figures["client_cpu"] + figures["server_cpu"] for figures in (into_none, into_many)]
    ratio = round(spent[0] / spent[1], 3)
    return {"stored": stored, "must": MUST, "ratio": ratio, "into_none": into_none, "into_many": into_many}


# As last month's bills, under other numbers, spread over the same accounts.
_BILLS = """
    INSERT INTO billing_sources_invoice (code, customer_id, account_id, account_link_id, system_id, entity, number,
        revision, is_current, state, bill_type, type_code, is_payable, currency, billed_on, due_on, cycle, seller,
        buyer, payment_reference, preceding, amount_due, payable, held, settled, credited, written_off, parties,
        content_sha256, file_id, position, mapping_version)
    SELECT gen_random_uuid(), l.customer_id, l.account_id, l.id, l.system_id, '', 'S-' || lpad(n::text, 9, '0'),
        1, true, 'published', 'invoice', '', true, 'USD', '2026-01-01', '2026-02-01', '1', '',
        '', '', '', 50, 50, 0, 0, 0, 0, '{}', '', f.id, '', 1
    FROM generate_series(1, %s::bigint) n
    JOIN (SELECT *, row_number() OVER (ORDER BY id) AS place, count(*) OVER () AS places
          FROM billing_sources_accountlink) l ON l.place = 1 + n %% l.places
    CROSS JOIN (SELECT min(id) AS id FROM billing_sources_importfile) f
"""
_CHARGES = """
    INSERT INTO billing_sources_charge (invoice_id, customer_id, account_link_id, position, category, source_term,
        description, service, product_code, unit, amount, scope, is_information_only, is_mapped, origin)
    SELECT i.id, i.customer_id, i.account_link_id, n, 'recurring', 'MRC', 'Ethernet 1 Gbit/s', '206-555-0101', 'E1', '',
        1, 'line', false, true, 'segment ' || n
    FROM billing_sources_invoice i, generate_series(1, %s) n WHERE i.number LIKE 'S-%%'
"""


if __name__ == "__main__":
    print(json.dumps(bench_crowded(*map(int, sys.argv[1:])), indent=1))
