"""What a source's terms mean now: the words of its adapter, and the carrier's changes to them, in versions."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from billing_sources.adapter import Adapter, Vocabulary
from billing_sources.canonical import Category
from billing_sources.locks import apart_until_commit
from billing_sources.models import BillingSystem, Rehearsal, VocabularyVersion
from billing_sources.operations import NotDone
from billing_sources.registry import adapter_for
from portal.actor import CarrierActor
from portal.audit.record import record
from portal.tenancy import carrier

CATEGORIES = tuple(str(category) for category in Category)


def current_adapter(system: BillingSystem) -> Adapter:
    """The adapter with the vocabulary of today. Raises `UnknownSystem`."""
    adapter = adapter_for(system.key)
    versions = VocabularyVersion.objects.filter(system=system).order_by("version")
    for version, changes in versions.values_list("version", "changes"):
        adapter = changed(adapter, changes, max(version, adapter.vocabulary.version))
    return adapter


def changed(adapter: Adapter, changes: dict[str, str], version: int) -> Adapter:
    """The adapter with some terms changed: term → category."""
    terms = adapter.vocabulary.terms | {folded(term): Category(name) for term, name in changes.items()}
    return replace(adapter, vocabulary=Vocabulary(version, terms))


def folded(term: str) -> str:
    """A term as a vocabulary compares it."""
    return " ".join(term.casefold().split())


def take_into_use(*, actor: CarrierActor, rehearsal: Rehearsal, reason: str, now: datetime) -> VocabularyVersion:
    """Make what was rehearsed the next version: files that come from now on are read with it.

    Raises `NotDone` where the rehearsal has not finished, was overtaken by another change, or is in use already.
    """
    if not reason.strip():
        raise NotDone("Say why: the reason stays on record.")
    with carrier(actor.user_id):
        apart_until_commit("vocabulary of system", rehearsal.system_id)
        rehearsal = Rehearsal.objects.select_related("system").get(pk=rehearsal.pk)
        if rehearsal.state != Rehearsal.State.FINISHED:
            raise NotDone("Only what was rehearsed to the end can be taken into use.")
        before = current_adapter(rehearsal.system).vocabulary.version
        if before != rehearsal.vocabulary_version:
            raise NotDone("The vocabulary was changed since this was rehearsed. Try it again on today's.")
        made = VocabularyVersion.objects.create(
            system=rehearsal.system,
            version=before + 1,
            changes=rehearsal.changes,
            rehearsal=rehearsal,
            reason=reason.strip(),
            made_by_id=actor.user_id,
            made_at=now,
        )
        detail = {"version": made.version, "changes": made.changes, "reason": made.reason}
        record(actor, "changed vocabulary", f"billing system {rehearsal.system.name}", detail, now=now)
        return made
