"""Leave a bill file out for good: its bills came, or will come, in another file."""

from __future__ import annotations

from datetime import datetime

from billing_sources.models import ImportFile
from billing_sources.operations import NotDone
from portal.actor import CarrierActor
from portal.audit.record import record
from portal.tenancy import carrier


def discard_file(*, actor: CarrierActor, file: ImportFile, reason: str, now: datetime) -> None:
    """Only a file that was held whole can be left out: of any other, bills were loaded. It stays in the archive."""
    if not reason.strip():
        raise NotDone("Say why: the reason stays on record.")
    with carrier(actor.user_id):
        files = ImportFile.objects.select_for_update(of=("self",)).select_related("document")
        file = files.get(pk=file.pk)
        if file.state != ImportFile.State.QUARANTINED:
            raise NotDone(f"{file.document.name} is {file.state}; only a file that is held whole can be left out.")
        file.state, file.discard_reason = ImportFile.State.DISCARDED, reason.strip()
        file.save(update_fields=["state", "discard_reason"])
        record(actor, "discarded", f"import file {file.document.name}", {"reason": file.discard_reason}, now=now)
