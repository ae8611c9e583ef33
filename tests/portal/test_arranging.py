"""The business tree that a customer arranges itself: dated, never circular, never another's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier
from uuid import uuid4

import pytest
from django.db import connection, connections, transaction
from django.db.utils import DatabaseError, IntegrityError
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing_sources.account_tree.queries import account_tree
from portal.audit.models import AuditEvent
from portal.customers import access
from portal.customers.arranging import arrange_due, make_group, move_account, rename_account
from portal.customers.models import Account, AccountPlacement
from portal.customers.operations import NotDone
from portal.tenancy import acting, carrier
from tests.billing_sources.staff import signed_in, text_of
from tests.factories import make_invoice
from tests.personas import Personas

NOW = datetime.now(UTC)
TODAY = NOW.date()
LONG_AGO, LAST_YEAR, NEXT_YEAR = date(2024, 3, 1), date(2025, 11, 30), date(TODAY.year + 1, 1, 1)


def move(people: Personas, account: Account, parent: Account, day: date = TODAY) -> None:
    move_account(actor=people.ada, code=account.code, parent_code=parent.code, effective_on=day, now=NOW)


def region(people: Personas, name: str = "Region North", parent: Account | None = None) -> Account:
    parent = parent or people.harlow_root
    return make_group(actor=people.ada, parent_code=parent.code, name=name, level="region", now=NOW)


def stands_below(account: Account) -> tuple[int | None, str]:
    with carrier():
        account.refresh_from_db()
    return account.parent_id, str(account.path)


def below_on(people: Personas, day: date) -> dict[str, int]:
    """Name → depth, as the tree stood on the day."""
    with acting(people.ada, read_only=True):
        return {row.name: row.depth for row in account_tree(people.ada, day, day.replace(day=1))}


def test_another_customers_node_is_not_found_in_any_field(people: Personas) -> None:
    ours, theirs = people.harlow_west, people.lumen_root
    for code, parent in ((theirs, people.harlow_root), (ours, theirs)):
        with pytest.raises(access.Denied):
            move(people, code, parent)
    with pytest.raises(access.Denied):
        rename_account(actor=people.ada, code=theirs.code, name="Ours", effective_on=TODAY, now=NOW)
    with pytest.raises(access.Denied):
        region(people, parent=theirs)
    ada = signed_in(people.ada.user_id)
    assert ada.get(reverse("tree_node", args=[theirs.code])).status_code == 404
    page = reverse("tree_node", args=[ours.code])
    for parent_code in (theirs.code, uuid4()):
        assert ada.post(page, {"do": "move", "parent": parent_code}).status_code == 404
    assert "Lumen" not in text_of(ada.get(page))
    assert "Lumen" not in text_of(ada.get(reverse("accounts")))


def test_the_database_itself_knows_no_node_across_customers(people: Personas) -> None:
    with acting(people.ada):
        for columns in (
            {"account": people.harlow_west, "parent": people.lumen_root},
            {"account": people.lumen_root, "parent": people.harlow_root},
        ):
            with pytest.raises(IntegrityError), transaction.atomic():
                AccountPlacement.objects.create(
                    customer_id=people.harlow.pk, effective_on=TODAY, placed_at=NOW, **columns
                )


def test_who_does_not_administer_arranges_nothing(people: Personas) -> None:
    for actor in (people.dana, people.victor, people.nils):
        with pytest.raises(access.Denied):
            rename_account(actor=actor, code=people.harlow_nord.code, name="Mine", effective_on=TODAY, now=NOW)
    dana = signed_in(people.dana.user_id)
    assert dana.get(reverse("tree_node", args=[people.harlow_west.code])).status_code == 404
    assert "Arrange" not in text_of(dana.get(reverse("accounts")))


def test_an_administrator_of_one_branch_neither_takes_from_nor_gives_to_another(people: Personas) -> None:
    with carrier():
        access.grant(people.nils.user_id, people.harlow_nord, "administer")
    site = make_group(actor=people.nils, parent_code=people.harlow_nord.code, name="Site", level="", now=NOW)
    moves = [
        (people.harlow_west, people.harlow_nord, access.Denied),
        (site, people.harlow_west, access.Denied),
        (people.harlow_nord, site, NotDone),  # it stands below the root, which is not theirs
    ]
    for account, parent, refusal in moves:
        with pytest.raises(refusal):
            move_account(actor=people.nils, code=account.code, parent_code=parent.code, effective_on=TODAY, now=NOW)
    with acting(people.nils):
        assert people.harlow_west.pk not in access.scope(people.nils, "administer")


def test_a_node_never_stands_below_itself_on_any_day(people: Personas) -> None:
    north = region(people)
    site = region(people, "Site", north)
    with pytest.raises(NotDone, match="Site stands below Region North itself"):
        move(people, north, site)
    with pytest.raises(NotDone, match="itself"):
        move(people, north, north)
    move(people, north, people.harlow_west, NEXT_YEAR)
    with pytest.raises(NotDone, match=f"itself on {NEXT_YEAR}"):
        move(people, people.harlow_west, site, TODAY)
    assert stands_below(people.harlow_west)[0] == people.harlow_root.pk


def test_of_two_who_move_nodes_into_each_other_one_is_refused_in_words(people: Personas) -> None:
    both = Barrier(2)

    def go(account: Account, parent: Account) -> str:
        both.wait()
        try:
            move(people, account, parent)
            return "moved"
        except NotDone as refusal:
            return str(refusal)
        finally:
            connections.close_all()

    pairs = [(people.harlow_west, people.harlow_nord), (people.harlow_nord, people.harlow_west)]
    with ThreadPoolExecutor(2) as threads:
        answers = sorted(threads.map(lambda pair: go(*pair), pairs))
    assert answers[1] == "moved" and "itself" in answers[0]


def test_what_was_arranged_is_never_changed_or_removed(people: Personas) -> None:
    move(people, people.harlow_west, people.harlow_nord)
    for statement in ("UPDATE customers_accountplacement SET name = 'x'", "DELETE FROM customers_accountplacement"):
        with pytest.raises(DatabaseError, match="denied|append-only"), acting(people.ada):
            connection.cursor().execute(statement)
    with pytest.raises(DatabaseError, match="permission denied"), acting(people.ada):
        Account.objects.filter(pk=people.harlow_west.pk).update(name="x")
    with pytest.raises(DatabaseError, match="row-level security"), acting(people.ada):
        Account.objects.create(
            customer_id=people.harlow.pk, parent=people.harlow_root, name="x", system="atlas", external_id="M-1"
        )


def test_last_years_report_does_not_move_when_the_tree_does(people: Personas) -> None:
    make_invoice(people.harlow_west, "100.00", billed_on=LAST_YEAR)
    make_invoice(people.harlow_west, "70.00", billed_on=TODAY)
    north = region(people)
    before = report(people, LAST_YEAR)
    assert before["Harlow West"] == ("1", ("USD 100.00",)) and "Region North" not in before
    move(people, people.harlow_west, north)
    rename_account(actor=people.ada, code=people.harlow_west.code, name="Harlow Pacific", effective_on=TODAY, now=NOW)
    assert report(people, LAST_YEAR) == before
    assert report(people, TODAY)["Region North"] == ("1", ("USD 70.00",))
    assert below_on(people, TODAY)["Harlow Pacific"] == 3 and below_on(people, LAST_YEAR)["Harlow West"] == 2


def report(people: Personas, day: date) -> dict[str, tuple[str, tuple[str, ...]]]:
    with acting(people.ada, read_only=True):
        rows = account_tree(people.ada, day, day.replace(day=1))
    return {row.name: (row.bills, row.amounts) for row in rows}


def test_rights_follow_the_tree_of_today(people: Personas) -> None:
    with acting(people.nils):
        assert people.harlow_west.pk not in access.scope(people.nils, "see")
    site = region(people, "Site", people.harlow_west)
    move(people, people.harlow_west, people.harlow_nord, LONG_AGO)
    with acting(people.nils):
        assert {people.harlow_west.pk, site.pk} <= access.scope(people.nils, "see").ids
    root, nord, west = (each.pk for each in (people.harlow_root, people.harlow_nord, people.harlow_west))
    assert stands_below(site) == (west, f"{root}.{nord}.{west}.{site.pk}")


def test_a_move_of_a_later_day_comes_with_its_day_and_a_rename_does_not_undo_it(people: Personas) -> None:
    west = people.harlow_west
    rename_account(actor=people.ada, code=west.code, name="Pacific", effective_on=NEXT_YEAR, now=NOW)
    move(people, west, people.harlow_nord)
    tomorrow = TODAY + timedelta(days=1)
    move(people, west, people.harlow_root, tomorrow)
    assert stands_below(west)[0] == people.harlow_nord.pk
    assert arrange_due(NOW) == 0
    assert below_on(people, tomorrow)["Harlow West"] == 2 and below_on(people, NEXT_YEAR)["Pacific"] == 2
    assert below_on(people, TODAY)["Harlow West"] == 3


def test_the_day_that_has_come_is_arranged_by_the_next_ring(people: Personas) -> None:
    west, nord = people.harlow_west, people.harlow_nord
    move(people, west, nord, NEXT_YEAR)
    eve = datetime(TODAY.year, 12, 31, 23, 59, tzinfo=UTC)
    assert arrange_due(eve) == 0 and stands_below(west)[0] == people.harlow_root.pk
    assert arrange_due(eve + timedelta(minutes=1)) == 1
    assert stands_below(west) == (nord.pk, f"{people.harlow_root.pk}.{nord.pk}.{west.pk}")
    with acting(people.nils):
        assert west.pk in access.scope(people.nils, "see")


def test_a_person_sees_only_the_branch_and_the_money_that_are_theirs(people: Personas) -> None:
    make_invoice(people.harlow_west, "100.00", billed_on=TODAY)
    make_invoice(people.harlow_nord, "7.00", billed_on=TODAY)
    page = text_of(signed_in(people.nils.user_id).get(reverse("accounts")))
    assert "Harlow Nord" in page and "USD 7.00" in page
    assert (
        "Harlow West" not in page and "107.00" not in page and "Harlow Freight Group" not in page.split("The tree")[1]
    )
    assert "USD 107.00" in text_of(signed_in(people.dana.user_id).get(reverse("accounts")))


def test_an_administrator_arranges_on_the_page_without_script(people: Personas) -> None:
    ada = signed_in(people.ada.user_id)
    root = reverse("tree_node", args=[people.harlow_root.code])
    made = ada.post(root, {"do": "group", "name": "Region North", "level": "region"}, follow=True)
    assert "Region North stands below Harlow Freight Group" in text_of(made)
    again = ada.post(root, {"do": "group", "name": "Region North"})
    assert again.status_code == 422 and "has a node called Region North already" in text_of(again)
    with carrier():
        north = Account.objects.get(name="Region North")
    page = reverse("tree_node", args=[people.harlow_west.code])
    moved = ada.post(page, {"do": "move", "parent": north.code, "effective_on": "2026-01-01"}, follow=True)
    assert "below Region North" in text_of(moved) and "Ada" in text_of(moved)
    for fields in (
        {"do": "move"},
        {"do": "fly"},
        {"do": "rename", "name": " "},
        {"do": "move", "effective_on": "soon"},
    ):
        assert ada.post(page, fields).status_code == 422
    far = ada.post(page, {"do": "move", "parent": north.code, "effective_on": "9999-12-31"})
    assert far.status_code == 422 and "Choose a day between" in text_of(far)
    with carrier():
        assert AuditEvent.objects.filter(customer_id=people.harlow.pk, verb__in=("moved", "made")).count() == 2


def test_a_day_or_month_that_cannot_be_read_is_today(people: Personas) -> None:
    dana = signed_in(people.dana.user_id)
    for query in ("month=9999-12", "month=x&on=y", "month=2026-13", "on=0001-01-01", "month=0001-01"):
        assert dana.get(f"{reverse('accounts')}?{query}").status_code == 200, query


def test_a_past_month_is_shown_by_the_tree_of_its_end_unless_another_day_is_asked_for(people: Personas) -> None:
    move(people, people.harlow_west, region(people), date(2026, 1, 15))
    for day in (date(2025, 12, 8), date(2026, 1, 8)):
        make_invoice(people.harlow_west, billed_on=day)
    dana = signed_in(people.dana.user_id)
    asked = [("2025-12", "2025-12-31", 2), ("2026-01", "2026-01-31", 3), ("2025-12&on=2026-02-01", "2026-02-01", 3)]
    for query, shown, depth in asked:
        page = " ".join(text_of(dana.get(f"{reverse('accounts')}?month={query}")).split())
        assert f"as it stood on {shown}" in page
        assert f"Level {depth}: Harlow West" in page


def test_the_page_asks_as_often_however_large_the_tree(people: Personas) -> None:
    dana = signed_in(people.dana.user_id)
    counts = []
    for number in (0, 30):
        for each in range(number):
            make_invoice(region(people, f"Region {each}"), "1.00", billed_on=TODAY)
        with CaptureQueriesContext(connection) as asked:
            assert dana.get(reverse("accounts")).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 20
