"""What the database itself says of the money: asked after every step, in one question that is planned once."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import psycopg

from payments.checks import queries

_STATE: Final[dict[str, str]] = {
    "invoices": "number, revision, state, {held}, {settled}, {open}, {disputed} FROM billing_sources_invoice",
    "runs": "code, state, version FROM payments_payrun",
    "items": """r.code, i.number, i.revision, t.left_open FROM payments_payrunitem t
        JOIN payments_payrun r ON r.id = t.run_id JOIN billing_sources_invoice i ON i.id = t.invoice_id""",
    "short pays": """r.code, i.number, i.revision, {s.amount} FROM payments_shortpay s
        JOIN payments_payrun r ON r.id = s.run_id JOIN billing_sources_invoice i ON i.id = s.invoice_id""",
    "payments": "code, state, {placed}, {planned} FROM payments_payment",
    "allocations": """p.code, i.number, i.revision, {a.held}, {a.settled} FROM payments_allocation a
        JOIN payments_payment p ON p.id = a.payment_id JOIN billing_sources_invoice i ON i.id = a.invoice_id
        WHERE a.held <> 0 OR a.settled <> 0""",
}


class Testimony(NamedTuple):
    """Rows by kind, amounts in cents; and the invariants of `check_money` that do not hold."""

    rows: dict[str, set[tuple[Any, ...]]]
    broken: list[str]


class Witness:
    """Sees everything, as the owner of the tables; changes nothing."""

    def __init__(self, address: str) -> None:
        self._connection = psycopg.connect(address, autocommit=True, prepare_threshold=0)
        self._connection.execute("SET plan_cache_mode = force_generic_plan")
        rows = ", ".join(map(_rows, _STATE.values()))
        broken = " UNION ALL ".join(_none_of(*check) for check in queries())
        self._question = f"SELECT {rows}, (SELECT array_agg(name) FROM ({broken}) AS checked (name))"

    def testify(self) -> Testimony:
        *rows, broken = self._connection.execute(self._question.encode()).fetchone() or ()
        return Testimony(
            {what: set(map(tuple, found or ())) for what, found in zip(_STATE, rows, strict=True)}, broken or []
        )

    def dispute(self, place: int) -> dict[str, Any]:
        """Code and version of the dispute that was opened as the n-th."""
        found = self._connection.execute(
            "SELECT code, version FROM payments_dispute ORDER BY id OFFSET %s LIMIT 1", [place]
        )
        return dict(zip(("dispute", "seen"), found.fetchone() or (), strict=True))

    def close(self) -> None:
        self._connection.close()


def _rows(query: str) -> str:
    columns, _, tables = query.partition(" FROM ")
    in_cents = columns.replace("{", "(").replace("}", " * 100)::bigint")
    return f"(SELECT json_agg(json_build_array({in_cents})) FROM {tables})"


def _none_of(name: str, query: str) -> str:
    quoted = name.replace("'", "''")
    return f"SELECT '{quoted}' WHERE EXISTS ({query.strip().removesuffix(';')})"
