"""Write the lists that people asked for. One worker a list; what a dead worker left is begun anew.

The rows are read in one transaction as whoever asked, with the rights of that moment: a snapshot, however long it
takes. How far it is, is told from a thread beside it, in transactions of its own.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.core.files.storage import default_storage
from django.db import connection
from django.http import QueryDict
from django.utils import timezone

from billing_sources.locks import alone_or_not
from payments.invoices.export import csv_of, xlsx_of
from payments.invoices.filters import read_filter
from payments.models import Export
from portal.actor import Actor
from portal.tenancy import carrier

log = logging.getLogger(__name__)
KEPT: Final = timedelta(days=7)
MOST_ATTEMPTS: Final = 3
_State = Export.State


def to_write() -> Sequence[int]:
    """What a sweep wakes workers for."""
    with carrier(read_only=True):
        return list(Export.objects.filter(state=_State.ASKED).order_by("pk").values_list("pk", flat=True))


def write(export_id: int, clock: Any = lambda: datetime.now(UTC)) -> bool:
    """Write one list, unless it is written or another worker is at it. Whether we did."""
    with alone_or_not("export", export_id) as is_ours:
        export = _begin(export_id) if is_ours else None
        if export is None:
            return False
        try:
            name = f"exports/{export.code}.{export.kind}"
            size = _write(export, Path(default_storage.path(name)), clock())
        except Exception:  # the next attempt may fare better; after the last one, its page says that it failed
            log.exception("export %s", export.code)
            return False
        _set(export_id, state=_State.READY, file=name, size=size, done=export.total, ready_at=clock())
        return True


def remove_old(now: datetime) -> int:
    """Files whose days are over, and what dead workers left half-written; how many rows went."""
    with carrier():
        old = Export.objects.filter(state=_State.READY, ready_at__lt=now - KEPT)
        names = list(old.values_list("file", flat=True))
        old.update(state=_State.GONE)
    for name in names:
        default_storage.delete(name)
    for part in Path(default_storage.path("exports")).glob("*.part"):
        if part.stat().st_mtime < (now - timedelta(days=1)).timestamp():
            part.unlink(missing_ok=True)
    return len(names)


def _begin(export_id: int) -> Export | None:
    with carrier():
        export = Export.objects.select_related("by", "customer").filter(pk=export_id, state=_State.ASKED).first()
        if export is None:
            return None
        if export.attempts >= MOST_ATTEMPTS:
            Export.objects.filter(pk=export_id).update(state=_State.FAILED)
            return None
        Export.objects.filter(pk=export_id).update(attempts=export.attempts + 1, done=0)
        return export


def _write(export: Export, path: Path, as_of: datetime) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    with ThreadPoolExecutor(1) as teller, unfinished.open("wb") as target:
        try:
            for piece in _pieces(export, as_of, lambda done: teller.submit(_tell, export.pk, done)):
                target.write(piece)
        finally:
            teller.submit(connection.close)
        target.flush()
        os.fsync(target.fileno())
    unfinished.replace(path)
    return path.stat().st_size


def _pieces(export: Export, as_of: datetime, told: Any) -> Any:
    actor, chosen = _actor(export), read_filter(QueryDict(export.view))
    today = timezone.localdate(as_of)
    if export.kind == "csv":
        return csv_of(actor, chosen, today, told)
    about = (
        f"Invoices of {export.customer.name}",
        f"As of {timezone.localtime(as_of):%Y-%m-%d %H:%M %Z}",
        f"Asked for by {export.by.name}",
        f"View: {export.view or 'the plain list'}",
    )
    return xlsx_of(actor, chosen, today, told, about)


def _actor(export: Export) -> Actor:
    return Actor(
        user_id=export.by_id,
        customer_id=export.customer_id,
        name=export.by.name,
        customer_name=export.customer.name,
        real_user_id=export.by_id,
    )


def _tell(export_id: int, done: int) -> None:
    _set(export_id, done=done)


def _set(export_id: int, **values: Any) -> None:
    with carrier():
        Export.objects.filter(pk=export_id).update(**values)
