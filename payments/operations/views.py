"""Save a view of the invoices, rename it, save over it, delete it, open the list with it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from payments.commands import Done, command
from payments.domain.refusals import NotFound, Rule, refuse
from payments.models import DefaultView, SavedView
from portal.actor import Actor

LONGEST_NAME, LONGEST_QUERY, MOST_VIEWS = 60, 2000, 100


@command
def save_view(actor: Actor, *, name: str, query: str, is_shared: bool, key: UUID, now: datetime) -> Done:
    """Keep `query`, a canonical query string, under a name of the actor's own."""
    own = _own(actor)
    if own.count() >= MOST_VIEWS:
        raise refuse(Rule.TOO_LARGE, f"You have {MOST_VIEWS} views; delete one of them first.")
    view = SavedView(customer_id=actor.customer_id, user_id=actor.user_id, is_shared=is_shared, changed_at=now)
    view.name, view.query = _free_name(actor, name, view), _kept(query)
    view.save(force_insert=True)
    return _done("saved", view)


@command
def overwrite_view(actor: Actor, *, view: UUID, query: str, key: UUID, now: datetime) -> Done:
    """The view shows what `query` shows from now on."""
    found = _find(actor, view)
    before, found.query, found.changed_at = found.query, _kept(query), now
    found.save(update_fields=["query", "changed_at"])
    return _done("saved over", found, before=before)


@command
def rename_view(actor: Actor, *, view: UUID, name: str, is_shared: bool, key: UUID, now: datetime) -> Done:
    """Another name, and whether the customer's people find it."""
    found = _find(actor, view)
    before, found.name = found.name, _free_name(actor, name, found)
    found.is_shared, found.changed_at = is_shared, now
    found.save(update_fields=["name", "is_shared", "changed_at"])
    return _done("changed", found, before=before)


@command
def delete_view(actor: Actor, *, view: UUID, key: UUID, now: datetime) -> Done:
    """Gone for everybody; whoever's list opened with it sees the plain one again."""
    found = _find(actor, view)
    SavedView.objects.filter(pk=found.pk).delete()
    return _done("deleted", found)


@command
def set_default_view(actor: Actor, *, view: UUID | None, key: UUID, now: datetime) -> Done:
    """The list opens with this view for the actor, or with the plain list."""
    DefaultView.objects.filter(customer_id=actor.customer_id, user_id=actor.user_id).delete()
    if view is None:
        return Done("Your list opens plain again.", "default view dropped", "invoices")
    found = SavedView.objects.filter(customer_id=actor.customer_id, code=view).first()
    if found is None:
        raise NotFound("view")
    DefaultView.objects.create(customer_id=actor.customer_id, user_id=actor.user_id, view=found)
    return Done(f"Your list opens with “{found.name}”.", "default view set", f"view {found.name}", str(found.code))


def _own(actor: Actor) -> QuerySet[SavedView]:
    return SavedView.objects.filter(customer_id=actor.customer_id, user_id=actor.user_id)


def _find(actor: Actor, code: UUID) -> SavedView:
    found = _own(actor).select_for_update().filter(code=code).first()
    if found is None:
        raise NotFound("view of yours")
    return found


def _free_name(actor: Actor, text: str, view: SavedView) -> str:
    name = " ".join(text.replace("\x00", "").split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise refuse(Rule.TEXT, f"A view has a name of at most {LONGEST_NAME} characters.")
    if _own(actor).filter(name=name).exclude(pk=view.pk).exists():
        raise refuse(Rule.TWICE, f"You have a view “{name}” already; save over it, or choose another name.")
    return name


def _kept(query: str) -> str:
    if len(query) > LONGEST_QUERY:
        raise refuse(Rule.TEXT, "This list says too much to be kept as a view.")
    return query


def _done(verb: str, view: SavedView, **detail: str) -> Done:
    said = {"name": view.name, "query": view.query, "is_shared": view.is_shared, **detail}
    return Done(f"View “{view.name}” {verb}.", f"view {verb}", f"view {view.name}", str(view.code), said)
