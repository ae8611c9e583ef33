"""Load what a person released from quarantine, as it stands."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F

from billing_sources import rows
from billing_sources.load import load
from billing_sources.models import ImportFile, QuarantinedInvoice
from billing_sources.normalize import normalize
from billing_sources.proof import Proof
from billing_sources.quarantine import held_bill
from billing_sources.registry import adapter_for
from portal.tenancy import ingest


def load_released(held_id: int, now: datetime) -> bool:
    """Load a released bill once. Whether this call did it. The file's proof keeps tying: held becomes loaded."""
    with ingest():
        waiting = QuarantinedInvoice.objects.select_for_update(of=("self",)).select_related("file__run__system")
        held = waiting.filter(pk=held_id, state=QuarantinedInvoice.State.RELEASED, loaded_at=None).first()
        if held is None:
            return False
        proof = Proof()
        bill = normalize(held_bill(held), adapter_for(held.file.run.system.key))
        load(held.file, [rows.write(bill)], proof, now, may_repeat=True)
        _move_in_proof(held, proof)
        held.loaded_at = now
        held.save(update_fields=["loaded_at"])
        return True


def _move_in_proof(held: QuarantinedInvoice, proof: Proof) -> None:
    ImportFile.objects.filter(pk=held.file_id).update(
        held_bills=F("held_bills") - 1,
        held_amount=F("held_amount") - held.amount,
        loaded_bills=F("loaded_bills") + 1,
        loaded_amount=F("loaded_amount") + held.amount,
        created=F("created") + proof.created,
        revised=F("revised") + proof.revised,
        unchanged=F("unchanged") + proof.unchanged,
        charges=F("charges") + proof.charges,
        usage_records=F("usage_records") + proof.usage_records,
    )
