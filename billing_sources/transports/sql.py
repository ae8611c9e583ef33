"""A billing system's own PostgreSQL database, read by SQL from a high-water mark on.

The one transport that imports psycopg: a database has no other door. It knows rows and marks, nothing of bills.

**The mark** is a transaction number: the oldest one still under way when the snapshot was taken. A row is newer when
the transaction that wrote it (`xmin`) is not older than the mark. Timestamps and ids would skip what a long transaction
commits late, and jBilling keeps no timestamp of a change or of a soft delete; transaction numbers see all of it. What
was committed while an older transaction was under way comes twice, and loads as unchanged.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import IO, Any, BinaryIO, LiteralString, NamedTuple, cast

import psycopg
from psycopg.conninfo import conninfo_to_dict

from billing_sources.transports.place import NotReached, Payload, Place

_XIDS = 1 << 32  # a row keeps the lower 32 bits of its transaction number
_TELLABLE = 1 << 31  # further apart than this, older and newer cannot be told
_ROWS_AT_A_TIME = 500

_SNAPSHOT = """
    SELECT system_identifier::text || '.' || (SELECT oid FROM pg_database WHERE datname = current_database()),
           txid_snapshot_xmin(taken), txid_snapshot_xmax(taken)
    FROM pg_control_system(), txid_current_snapshot() AS taken
    """
_WRITABLE = """
    SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
    ORDER BY 1 LIMIT 1
    """


class Window(NamedTuple):
    """What a fetch asks for: rows whose transaction lies in [since, since + span), modulo 2³²; and the next mark."""

    since: int
    span: int
    mark: str


@dataclass(frozen=True)
class Sql:
    """A query whose rows are (one bill as JSON text, the amount it counts in the control totals), in a stable order.

    It may name `%(since)s` and `%(span)s`: a row is newer where `((xmin::text::bigint - since) & 4294967295) < span`.
    The payload is UTF-8, a JSON object a line: a head with `format` and `version`, the bills, and an end with their
    number and amount. The address is the setting `URL`, a connection string or URL of a login that may only read.
    """

    name: str
    version: int
    query: LiteralString
    timeout_seconds: int = 600  # of one statement, a fetch of rows among them

    def fetch(self, place: Place) -> Iterator[Payload]:
        """One payload with all that is newer than the mark; none where nothing is."""
        spool = cast(IO[bytes], tempfile.NamedTemporaryFile(prefix="tributary-"))  # noqa: SIM115 # lives with its payload
        with self._session(place) as connection:
            window = _window(connection, place.mark)
            bills = self._spool(connection, window, spool)
        if bills:
            yield Payload(f"{self.name}-{window.mark}.jsonl", _opener(spool), mark=window.mark)

    def deliver(self, place: Place, name: str, content: bytes) -> None:
        """Nothing is written into a system's database: the mark is ours, and the system asks for no answer."""
        raise NotReached(f"{self.name} is read only: there is no place for {name}")

    def describe(self) -> str:
        return f"read-only SQL on the database of {self.name}, newer than the last snapshot"

    @contextmanager
    def _session(self, place: Place) -> Iterator[psycopg.Connection]:
        """One read-only snapshot of the whole database. Raises `NotReached` where it cannot be had."""
        address = _address(place)
        try:
            with psycopg.connect(**address, **self._limits()) as connection:
                connection.read_only = True
                connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                _refuse_writer(connection)
                yield connection
        except psycopg.Error as error:
            raise NotReached(f"{self.name}: {str(error).strip() or type(error).__name__}") from error

    def _limits(self) -> dict[str, Any]:
        limits = {"default_transaction_read_only": "on", "statement_timeout": f"{self.timeout_seconds}s"}
        options = " ".join(f"-c {name}={value}" for name, value in limits.items())
        return {"connect_timeout": 10, "application_name": "tributary", "options": options, "client_encoding": "UTF8"}

    def _spool(self, connection: psycopg.Connection, window: Window, spool: IO[bytes]) -> int:
        """Writes the payload as rows come; memory does not grow. Returns the number of bills."""
        bills, amount = 0, Decimal(0)
        _write(spool, record="head", format=self.name, version=self.version)
        with connection.cursor(name="bills") as cursor:
            cursor.itersize = _ROWS_AT_A_TIME
            cursor.execute(self.query, {"since": window.since, "span": window.span})
            for text, counted in cursor:
                spool.write(text.replace("\n", "").encode() + b"\n")  # in JSON a bare line end is white space
                bills, amount = bills + 1, amount + counted
        _write(spool, record="end", bills=bills, amount=f"{amount:f}")
        spool.flush()
        return bills


def _address(place: Place) -> dict[str, Any]:
    """The parts of the connection string; libpq's own complaint would print it, password included."""
    try:
        return conninfo_to_dict(place.setting("URL"))
    except psycopg.ProgrammingError:
        raise NotReached("the setting URL is no PostgreSQL connection string") from None


def _refuse_writer(connection: psycopg.Connection) -> None:
    """A session can be set read-only by mistake or not; a login that may not write cannot."""
    if found := connection.execute(_WRITABLE).fetchone():
        raise NotReached(f"the login may write {found[0]}: give us one that may only read")


def _window(connection: psycopg.Connection, mark: str) -> Window:
    """Everything where there is no mark, or where it is of another server, another database or too long ago."""
    row = connection.execute(_SNAPSHOT).fetchone()
    database, oldest, after_newest = cast(tuple[str, int, int], row)
    marked, _, number = mark.rpartition(".")
    span = after_newest - int(number) if marked == database else -1
    next_mark = f"{database}.{oldest}"
    if not 0 <= span < _TELLABLE:
        return Window(0, _XIDS, next_mark)
    return Window(int(number) % _XIDS, span, next_mark)


def _write(spool: IO[bytes], **fields: str | int) -> None:
    spool.write(json.dumps(fields).encode() + b"\n")


class _opener:
    """Opens the spooled file again; it is gone when nobody can open it any more."""

    def __init__(self, spool: IO[bytes]) -> None:
        self._spool = spool

    def __call__(self) -> BinaryIO:
        return open(self._spool.name, "rb")
