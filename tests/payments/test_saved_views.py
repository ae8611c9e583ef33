"""A view of the invoices under a name: somebody's own or shared, and what their list opens with."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from payments.domain.refusals import NotFound, Refused
from payments.models import SavedView
from payments.operations import delete_view, overwrite_view, rename_view, save_view, set_default_view
from portal.actor import Actor
from portal.audit.models import AuditEvent
from portal.tenancy import acting, carrier
from tests.clients import client_of
from tests.factories import make_invoice
from tests.payments.pages import words
from tests.personas import Personas

QUERY = "state=overdue&columns=number,open&sort=-open"


def do(operation: Any, actor: Actor, **request: Any) -> Any:
    return operation(actor, key=uuid4(), now=timezone.now(), **request)


def saved(actor: Actor, name: str = "Month end", query: str = QUERY, *, is_shared: bool = False) -> UUID:
    return UUID(do(save_view, actor, name=name, query=query, is_shared=is_shared).code)


def panel(actor: Actor, query: str = "") -> str:
    return words(client_of(actor).get(f"/invoices/views/?{query}"))


def test_a_view_holds_exactly_the_canonical_address_without_a_page(people: Personas) -> None:
    back = f"sort=-open&state=overdue&first=51&nonsense=1&columns=number,open&after={uuid4()}"
    answer = client_of(people.dana).post("/invoices/views/", {"name": " Month  end ", "back": back, "key": uuid4()})
    assert answer.headers["Location"] == f"/invoices/?{QUERY}"
    with acting(people.dana):
        assert SavedView.objects.values_list("name", "query", "is_shared").get() == ("Month end", QUERY, False)


def test_the_head_of_the_list_says_which_view_it_is(people: Personas) -> None:
    make_invoice(people.harlow_west)
    saved(people.dana)
    dana = client_of(people.dana)
    assert "View <b>Month end</b>" in dana.get(f"/invoices/?{QUERY}").content.decode()
    assert "View <b>" not in dana.get("/invoices/?state=all").content.decode()
    assert "View <b>" not in client_of(people.victor).get(f"/invoices/?{QUERY}").content.decode()


def test_anothers_private_view_is_not_found_and_a_shared_one_is_only_looked_at(people: Personas) -> None:
    private, shared = saved(people.dana, "Mine"), saved(people.dana, "Ours", is_shared=True)
    assert "Mine" not in panel(people.victor)
    assert "Ours shared by Dana" in panel(people.victor)
    for view in (private, shared):
        for act, request in ((delete_view, {}), (overwrite_view, {"query": "state=all"})):
            with pytest.raises(NotFound):
                do(act, people.victor, view=view, **request)
    with pytest.raises(NotFound):
        do(set_default_view, people.victor, view=private)
    form = {"do": "delete", "key": uuid4(), "back": ""}
    assert client_of(people.victor).post(f"/invoices/views/{private}/", form).status_code == 404
    assert "Mine" in panel(people.dana)


def test_the_database_itself_keeps_a_shared_view_from_others(people: Personas) -> None:
    saved(people.dana, "Ours", is_shared=True)
    with acting(people.victor):
        assert SavedView.objects.update(name="Theirs") == 0
        assert SavedView.objects.all().delete()[0] == 0
    with pytest.raises(DatabaseError), acting(people.victor):
        SavedView.objects.create(
            customer=people.harlow, user_id=people.dana.user_id, name="forged", query="", changed_at=timezone.now()
        )


def test_another_customers_views_are_not_seen(people: Personas) -> None:
    foreign = saved(people.carol, "Lumen", is_shared=True)
    assert "Lumen" not in panel(people.dana)
    with pytest.raises(NotFound):
        do(set_default_view, people.dana, view=foreign)


def test_the_bare_address_opens_with_the_default_view_and_the_plain_list_stays_in_reach(people: Personas) -> None:
    make_invoice(people.harlow_west)
    view = saved(people.dana, is_shared=True)
    do(set_default_view, people.dana, view=view)
    do(set_default_view, people.victor, view=view)
    dana = client_of(people.dana)
    assert dana.get("/invoices/").headers["Location"] == f"/invoices/?{QUERY}"
    assert dana.get("/invoices/?state=open").status_code == 200
    assert 'href="?state=open"' in dana.get("/invoices/?state=all").content.decode()
    assert client_of(people.nils).get("/invoices/").status_code == 200
    do(set_default_view, people.dana, view=None)
    assert dana.get("/invoices/").status_code == 200

    # What its owner keeps to himself again, or deletes, opens nobody else's list.
    do(rename_view, people.dana, view=view, name="Month end", is_shared=False)
    assert client_of(people.victor).get("/invoices/").status_code == 200
    do(delete_view, people.dana, view=view)
    assert client_of(people.victor).get("/invoices/").status_code == 200


def test_a_person_has_one_default(people: Personas) -> None:
    one, two = saved(people.dana, "One"), saved(people.dana, "Two", "state=paid")
    do(set_default_view, people.dana, view=one)
    do(set_default_view, people.dana, view=two)
    assert client_of(people.dana).get("/invoices/").headers["Location"] == "/invoices/?state=paid"
    assert panel(people.dana).count("opens first") == 1


def test_a_name_is_given_once_a_person(people: Personas) -> None:
    saved(people.dana, "Month end")
    saved(people.victor, "Month end")
    for name in ("Month end", " Month \x00 end ", "", "\x00", "x" * 61):
        with pytest.raises(Refused):
            do(save_view, people.dana, name=name, query=QUERY, is_shared=False)


def test_the_same_form_sent_twice_saves_once(people: Personas) -> None:
    form = {"name": "Twice", "back": "state=all", "key": uuid4()}
    for _ in range(2):
        assert client_of(people.dana).post("/invoices/views/", form).status_code == 302
    with acting(people.dana):
        assert SavedView.objects.count() == 1


def test_what_is_done_with_a_view_is_written_down(people: Personas) -> None:
    view = saved(people.dana)
    do(overwrite_view, people.dana, view=view, query="state=all")
    do(rename_view, people.dana, view=view, name="Year end", is_shared=True)
    do(set_default_view, people.dana, view=view)
    do(delete_view, people.dana, view=view)
    with carrier():
        verbs = list(AuditEvent.objects.order_by("pk").values_list("verb", flat=True))
    assert verbs == ["view saved", "view saved over", "view changed", "default view set", "view deleted"]


def test_a_list_of_values_is_never_changed(people: Personas) -> None:
    with pytest.raises(DatabaseError), carrier(), connection.cursor() as cursor:
        cursor.execute("UPDATE payments_valuelist SET values = '{}'")
