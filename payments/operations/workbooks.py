"""A workbook goes out, comes back, and what was changed in it is taken over.

What it said and what came back are kept as bytes (payments.workbooks); here is who, when, and which.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from payments.commands import Done, command
from payments.domain.refusals import NotFound
from payments.facts import lock_run
from payments.models import Workbook, WorkbookUpload
from portal.actor import Actor


@command
def keep_workbook(actor: Actor, *, run: UUID | None, rows: int, base_sha256: str, key: UUID, now: datetime) -> Done:
    """A download of a pay run, or with `run` None of tags. `Done.code` is the workbook's."""
    of_run = lock_run(actor, run) if run else None
    kept = Workbook.objects.create(
        customer_id=actor.customer_id,
        kind=Workbook.Kind.RUN if of_run else Workbook.Kind.TAGS,
        run=of_run,
        rows=rows,
        base_sha256=base_sha256,
        made_by_id=actor.user_id,
        made_at=now,
    )
    noun = f"pay run {of_run.number}" if of_run else "tags"
    return Done(f"Workbook of {noun} downloaded.", "workbook downloaded", noun, str(kept.code), {"rows": rows})


@command
def keep_upload(
    actor: Actor,
    *,
    workbook: UUID,
    name: str,
    size: int,
    sha256: str,
    cells_sha256: str,
    key: UUID,
    now: datetime,
) -> Done:
    """A workbook that came back; nothing of it is applied yet. `Done.code` is the upload's."""
    kept = WorkbookUpload.objects.create(
        customer_id=actor.customer_id,
        workbook=workbook_of(actor, workbook),
        user_id=actor.user_id,
        name=name,
        size=size,
        sha256=sha256,
        cells_sha256=cells_sha256,
        sent_at=now,
    )
    return Done(f"“{name}” was read.", "workbook sent back", subject(kept), str(kept.code), {"sha256": sha256})


@command
def note_applied(actor: Actor, *, upload: UUID, cells: int, rows: int, key: UUID, now: datetime) -> Done:
    """What was taken over of it stands; said with the operations that did it, in one transaction with them."""
    own = WorkbookUpload.objects.select_for_update(no_key=True).filter(code=upload, customer_id=actor.customer_id)
    kept = own.filter(user_id=actor.user_id).first()
    if kept is None:
        raise NotFound("workbook")
    words = f"{cells:,} cell{'' if cells == 1 else 's'} of {rows:,} row{'' if rows == 1 else 's'} taken over"
    kept.applied_at, kept.applied = now, words
    kept.save(update_fields=["applied_at", "applied"])
    return Done(f"{words} from “{kept.name}”.", "workbook applied", subject(kept), str(kept.code), {"cells": cells})


def workbook_of(actor: Actor, code: UUID) -> Workbook:
    """Raises `NotFound` for another customer's."""
    found = Workbook.objects.filter(code=code, customer_id=actor.customer_id).first()
    if found is None:
        raise NotFound("workbook")
    return found


def subject(upload: WorkbookUpload) -> str:
    return f"workbook {str(upload.code)[:8]}"
