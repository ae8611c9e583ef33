"""What terms mean: every term with its money, a change that is tried on past files first, and versions that stay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse

from billing_sources import tasks
from billing_sources.models import BillingSystem, Charge, ImportFile, Rehearsal, VocabularyVersion
from billing_sources.operations import NotDone
from billing_sources.rehearsal import ask_rehearsal, rehearse, unended
from billing_sources.staff.rehearsal_queries import get_rehearsal
from billing_sources.staff.term_queries import TermRow, count_terms, list_terms
from billing_sources.vocabularies import current_adapter, take_into_use
from portal.tenancy import carrier
from tests.billing_sources.bills import invoices
from tests.billing_sources.staff import ORDER, Night, text_of
from tests.payments.conftest import at_once

pytest_plugins = ["tests.billing_sources.staff"]

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
Ask = Callable[[dict[str, str]], Rehearsal]


@pytest.fixture
def ask(bills_came_in: Night) -> Ask:
    """Asks for a rehearsal on the newest file and brings it to its end."""

    def asked(changes: dict[str, str]) -> Rehearsal:
        made = ask_rehearsal(actor=bills_came_in.people.erik, system=atlas(), changes=changes, files=1, now=NOW)
        assert rehearse(made.pk)
        return rehearsal(made)

    return asked


def atlas() -> BillingSystem:
    with carrier():
        return BillingSystem.objects.get(key="atlas")


def rehearsal(made: Rehearsal) -> Rehearsal:
    with carrier():
        return Rehearsal.objects.get(pk=made.pk)


def found(made: Rehearsal) -> dict[str, Any]:
    assert made.result is not None
    return dict(made.result)


def unknown() -> TermRow:
    with carrier():
        (row,) = list_terms(unknown_only=True)
        return row


def test_every_term_stands_with_its_money_and_what_nobody_knows_comes_first(bills_came_in: Night) -> None:
    with carrier():
        rows = list_terms()
        charges = Charge.objects.exclude(source_term__in=["", "residue"]).count()
        assert sum(int(row.charges.replace(",", "")) for row in rows) >= charges
        assert count_terms() == 1
    assert rows[0].category == ""
    assert all(row.category for row in rows[1:])
    assert all(row.amounts and row.first_billed_on == "2026-11-05" for row in rows if row.category != "rounding")


def test_a_rehearsal_without_changes_finds_every_bill_as_it_stands(ask: Ask) -> None:
    result = found(ask({}))
    assert result["bills"] > 20
    assert result["changed"] == 0
    assert result["moves"] == []


def test_a_rehearsal_says_which_bills_and_how_much_money_would_move_and_publishes_nothing(ask: Ask) -> None:
    term = unknown().term
    before = [(row.pk, row.content_sha256, row.state) for row in invoices()]
    result = found(ask({term: "surcharge"}))
    (move,) = result["moves"]
    assert (move["term"], move["before"], move["after"], move["charges"]) == (term, "adjustment", "surcharge", 1)
    assert result["changed"] == 1
    assert result["before"] == result["after"]
    assert [(row.pk, row.content_sha256, row.state) for row in invoices()] == before


def test_a_version_in_use_reads_what_comes_and_leaves_what_stands(ask: Ask, bills_came_in: Night) -> None:
    term = unknown().term
    made = take_into_use(
        actor=bills_came_in.people.erik, rehearsal=ask({term: "surcharge"}), reason="asked the source", now=NOW
    )
    with carrier():
        assert current_adapter(atlas()).vocabulary.version == made.version == 2
        assert count_terms() == 0
        assert Charge.objects.get(source_term=term).is_mapped is False
    bills_came_in.import_order(replace(ORDER, billed_on=date(2026, 12, 5)))
    with carrier():
        old, new = Charge.objects.filter(source_term=term).order_by("pk")
        assert (old.category, old.is_mapped) == ("adjustment", False)
        assert (new.category, new.is_mapped) == ("surcharge", True)
        versions = ImportFile.objects.order_by("pk").values_list("vocabulary_version", flat=True)
        assert list(versions) == [1, 2]


def test_what_was_overtaken_by_another_change_has_to_be_tried_again(ask: Ask, bills_came_in: Night) -> None:
    erik, term = bills_came_in.people.erik, unknown().term
    first, second = ask({term: "surcharge"}), ask({term: "discount"})
    take_into_use(actor=erik, rehearsal=first, reason="asked the source", now=NOW)
    with pytest.raises(NotDone, match="was changed since"):
        take_into_use(actor=erik, rehearsal=second, reason="asked again", now=NOW)


def test_of_two_people_at_once_one_is_told_that_the_vocabulary_was_changed(ask: Ask, bills_came_in: Night) -> None:
    erik, term = bills_came_in.people.erik, unknown().term
    both = [ask({term: category}) for category in ("surcharge", "discount")]
    calls = [partial(take_into_use, actor=erik, rehearsal=each, reason="asked the source", now=NOW) for each in both]
    made, refused = sorted(at_once(calls), key=lambda outcome: isinstance(outcome, Exception))
    assert isinstance(made, VocabularyVersion) and made.version == 2
    assert isinstance(refused, NotDone)
    assert "was changed since" in str(refused)


def test_a_rehearsal_whose_file_is_not_in_the_archive_ends_and_says_so(ask: Ask, bills_came_in: Night) -> None:
    sha256 = bills_came_in.file().document.sha256
    Path(default_storage.path(f"raw/{sha256[:2]}/{sha256}")).unlink()
    failed = ask({})
    assert (failed.state, failed.result) == ("failed", None)
    assert "FileNotFoundError" in failed.failure
    assert unended() == []
    page = text_of(bills_came_in.erik.get(reverse("rehearsal", args=[failed.code])))
    assert "could not be brought to its end" in page


def test_what_was_not_rehearsed_to_its_end_is_not_taken_into_use(bills_came_in: Night) -> None:
    erik = bills_came_in.people.erik
    asked = ask_rehearsal(actor=erik, system=atlas(), changes={"mrc": "usage"}, files=1, now=NOW)
    with pytest.raises(NotDone, match="to the end"):
        take_into_use(actor=erik, rehearsal=asked, reason="in a hurry", now=NOW)
    with pytest.raises(NotDone, match="no category 'nonsense'"):
        ask_rehearsal(actor=erik, system=atlas(), changes={"mrc": "nonsense"}, files=1, now=NOW)


def test_the_night_goes_on_while_a_rehearsal_reads(ask: Ask, bills_came_in: Night) -> None:
    """It reads what is committed and locks nothing: a file that comes in between is simply newer."""
    bills_came_in.import_order(replace(ORDER, billed_on=date(2026, 12, 5), faults=()))
    assert found(ask({}))["unchanged"] == ORDER.invoices


def test_an_engineer_tries_a_word_on_the_board_and_takes_it_into_use(
    bills_came_in: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[int] = []
    monkeypatch.setattr(tasks.rehearse, "delay", woken.append)
    erik, row = bills_came_in.erik, unknown()
    assert row.term in text_of(erik.get(reverse("terms") + "?show=unknown"))

    form = {"term": row.key, "was": "", "is": "surcharge", "files": "1"}
    asked = erik.post(reverse("term_rehearsal"), form)
    assert asked.status_code == 302
    assert "0 of 1 file" in text_of(erik.get(asked["Location"]))
    rehearse(woken[0])
    page = text_of(erik.get(asked["Location"]))
    assert f"{row.term} adjustment surcharge 1" in page

    code = asked["Location"].rstrip("/").rpartition("/")[2]
    used = erik.post(reverse("vocabulary", args=[code]), {"reason": "asked the source"}, follow=True)
    assert "Version 2 is in use" in text_of(used)
    assert "asked the source" in text_of(used)
    with carrier():
        page_ = get_rehearsal(UUID(code))
    assert page_ is not None and page_.used_in == "2" and not page_.can_be_used


def test_the_mapping_as_it_is_today_is_tried_on_past_files_without_a_change(
    bills_came_in: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[int] = []
    monkeypatch.setattr(tasks.rehearse, "delay", woken.append)
    asked = bills_came_in.erik.post(reverse("term_rehearsal"), {"system": "atlas", "files": "1"})
    rehearse(woken[0])
    page = text_of(bills_came_in.erik.get(asked["Location"]))
    assert "as the mapping reads today" in page
    assert "0 would change" in page


def test_a_form_without_a_change_or_of_two_systems_is_refused_in_words(bills_came_in: Night) -> None:
    erik, row = bills_came_in.erik, unknown()
    nothing = erik.post(reverse("term_rehearsal"), {"term": row.key, "was": "", "is": "", "files": "1"})
    assert nothing.status_code == 422
    assert "Choose what a term means first" in text_of(nothing)
    two = {"term": [row.key, "boreal:abonnemang"], "was": ["", "usage"], "is": ["usage", "recurring"], "files": "1"}
    assert "one system at a time" in text_of(erik.post(reverse("term_rehearsal"), two))
