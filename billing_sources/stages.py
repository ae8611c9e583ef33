"""Live or in the shadow: whether customers see what a system bills in a cycle, and the two acts that change it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from billing_sources.locks import apart_until_commit, together_until_commit
from billing_sources.models import BillingSystem, Stage
from billing_sources.operations import NotDone
from portal.actor import CarrierActor
from portal.audit.record import record
from portal.tenancy import carrier

LIVE, SHADOW = Stage.Mode.LIVE, Stage.Mode.SHADOW

# A bill of an account that nobody has linked goes where such bills wait.
_SHOW = """
    UPDATE billing_sources_invoice
    SET state = CASE WHEN account_id IS NULL THEN 'held' ELSE 'published' END,
        published_at = CASE WHEN account_id IS NULL THEN published_at ELSE coalesce(published_at, %(now)s) END
    WHERE system_id = %(system)s AND (%(cycle)s = '' OR cycle = %(cycle)s) AND is_current AND state = 'shadow'
    """
# What a customer works with stays: money stands on it, or a pay run in preparation has chosen it.
_WITHDRAW = """
    UPDATE billing_sources_invoice i SET state = 'shadow'
    WHERE system_id = %(system)s AND (%(cycle)s = '' OR cycle = %(cycle)s) AND is_current
      AND state IN ('published', 'held') AND NOT invoice_in_use(i.id)
    """
_STAYED = """
    SELECT count(*) FROM billing_sources_invoice
    WHERE system_id = %(system)s AND (%(cycle)s = '' OR cycle = %(cycle)s) AND is_current AND state = 'published'
    """


@dataclass(frozen=True)
class Stages:
    """The modes of one system's cycles."""

    of_system: str
    of_cycle: dict[str, str]

    def mode(self, cycle: str) -> str:
        return self.of_cycle.get(cycle, self.of_system)


def stages_of(system_id: int) -> Stages:
    """While the caller's transaction lasts no act changes them: what is loaded under a stage is committed under it."""
    together_until_commit("stages of system", system_id)
    return read_stages(Stage.objects.filter(system=system_id).order_by("pk").values_list("cycle", "mode"))


def read_stages(acts: Iterable[tuple[str, str]]) -> Stages:
    """From (cycle, mode) in the order of time: an act on the whole system overrules all before it."""
    of_system, of_cycle = str(LIVE), dict[str, str]()
    for cycle, mode in acts:
        if cycle:
            of_cycle[cycle] = mode
        else:
            of_system, of_cycle = mode, {}
    return Stages(of_system, of_cycle)


def go_live(*, actor: CarrierActor, system: BillingSystem, cycle: str, reason: str, now: datetime) -> int:
    """Show customers what the shadow holds, and all that comes. `cycle` "": every cycle. How many bills appeared.

    Raises `NotDone` where it is live already, or without a reason.
    """
    with carrier(actor.user_id):
        _enter(actor, system, cycle, mode=LIVE, reason=reason, now=now)
        return _moved(_SHOW, system, cycle, now)


def roll_back(*, actor: CarrierActor, system: BillingSystem, cycle: str, reason: str, now: datetime) -> tuple[int, int]:
    """Take back what no customer works with, and show nothing new. How many bills were taken back, and how many stay.

    A bill stays that money stands on, or that a pay run in preparation has chosen. Raises `NotDone` as `go_live`.
    """
    with carrier(actor.user_id):
        _enter(actor, system, cycle, mode=SHADOW, reason=reason, now=now)
        taken_back = _moved(_WITHDRAW, system, cycle, now)
        with connection.cursor() as cursor:
            cursor.execute(_STAYED, {"system": system.pk, "cycle": cycle})
            (stayed,) = cursor.fetchone()
        return taken_back, stayed


def _enter(
    actor: CarrierActor, system: BillingSystem, cycle: str, *, mode: Stage.Mode, reason: str, now: datetime
) -> None:
    """Two acts on a system come one after the other, and no loading falls between."""
    if not reason.strip():
        raise NotDone("Say why: the reason stays on record.")
    apart_until_commit("stages of system", system.pk)
    if _is_so_already(stages_of(system.pk), cycle, mode):
        raise NotDone(f"{_name(system, cycle)} is {_WORDS[mode]} already.")
    Stage.objects.create(
        system=system, cycle=cycle, mode=mode, reason=reason.strip(), set_by_id=actor.user_id, set_at=now
    )
    record(actor, _VERBS[mode], f"billing system {_name(system, cycle)}", {"reason": reason.strip()}, now=now)


def _is_so_already(stages: Stages, cycle: str, mode: str) -> bool:
    if cycle:
        return stages.mode(cycle) == mode
    return stages.of_system == mode and all(other == mode for other in stages.of_cycle.values())


def _moved(statement: str, system: BillingSystem, cycle: str, now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"system": system.pk, "cycle": cycle, "now": now})
        return int(cursor.rowcount)


def _name(system: BillingSystem, cycle: str) -> str:
    return f"{system.name}, cycle {cycle}" if cycle else system.name


_WORDS = {LIVE: "live", SHADOW: "in the shadow"}
_VERBS = {LIVE: "went live", SHADOW: "rolled back"}
