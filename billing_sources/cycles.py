"""Open a bill cycle of a system: from then on its nights are rung, its bills expected, and they are in a stage."""

from __future__ import annotations

from datetime import datetime

from billing_sources.models import BillCycle, BillingSystem
from billing_sources.operations import NotDone
from billing_sources.stages import LIVE, SHADOW, go_live, roll_back, stages_of
from portal.actor import CarrierActor
from portal.audit.record import record
from portal.tenancy import carrier

DAYS = range(1, 29)  # every month has them
LONGEST_CODE = 12


def open_cycle(
    *, actor: CarrierActor, system: BillingSystem, code: str, day: int, mode: str, reason: str, now: datetime
) -> None:
    """The cycle `code` as the system's bills name it, closing on `day` of each month, live or in the shadow.

    Bills of this cycle that came before it was opened go to the same stage. Raises `NotDone` with what is wrong.
    """
    code = _required(code, day, reason)
    with carrier(actor.user_id):
        cycle, is_new = BillCycle.objects.get_or_create(system=system, code=code, defaults={"day": day})
        if not is_new:
            raise NotDone(f"{system.name} has a cycle {code} already: it closes on day {cycle.day}.")
        detail = {"day": day, "stage": str(mode), "reason": reason.strip()}
        record(actor, "opened", f"billing system {system.name}, cycle {code}", detail, now=now)
        if stages_of(system.pk).mode(code) != mode:
            enter = {str(LIVE): go_live, str(SHADOW): roll_back}[mode]
            enter(actor=actor, system=system, cycle=code, reason=reason, now=now)


def _required(code: str, day: int, reason: str) -> str:
    """The code as it is kept."""
    code = code.strip()
    if not code or len(code) > LONGEST_CODE or not code.isprintable():
        raise NotDone(f"Name the cycle as its bills do, in {LONGEST_CODE} characters at most.")
    if day not in DAYS:
        raise NotDone(f"Give a day from {DAYS.start} to {DAYS.stop - 1}: every month has these.")
    if not reason.strip():
        raise NotDone("Say why: the reason stays on record.")
    return code
