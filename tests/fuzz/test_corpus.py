"""What fuzzing once found, and one file of each form, judged again: see `make fuzz`."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.fuzz.forms import mutated
from tests.fuzz.targets import CORPUS, TARGETS, Target

LARGEST_INPUT = 32_768
MUTANTS = 60
SECONDS = 5  # an input


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_but_the_documented_rejection_escapes(name: str) -> None:
    for content in TARGETS[name].seeds():
        began = time.monotonic()
        TARGETS[name].judge(content)
        assert time.monotonic() - began < SECONDS


@pytest.mark.parametrize("name", [name for name in TARGETS if name != "boreal-pdf"])
def test_mutants_of_what_senders_send_are_read_or_refused(name: str) -> None:
    """The same ones every time; `make fuzz` takes others."""
    target = TARGETS[name]
    verdicts = set()
    for number, content in enumerate(mutants(target)):
        try:
            verdicts.add(target.judge(content))
        except Exception as error:
            error.add_note(f"mutant {number} of {name}")
            raise
    assert verdicts >= {"read", "refused"}, "mutants that all fare alike try nothing"


def mutants(target: Target) -> Iterator[bytes]:
    seeds = target.seeds()
    for number in range(MUTANTS):
        yield mutated(target.form, seeds[number % len(seeds)], LARGEST_INPUT, number)


def test_the_corpus_is_small_and_every_folder_of_it_is_a_target() -> None:
    assert {folder.name for folder in CORPUS.iterdir()} <= set(TARGETS)
    sizes = [path.stat().st_size for path in CORPUS.rglob("*") if path.is_file()]
    assert len(sizes) < 100
    assert max(sizes, default=0) <= LARGEST_INPUT


def test_the_judge_finds_what_it_must() -> None:
    """A judge that lets everything pass would find nothing in an hour."""
    from billing_sources.canonical import CanonicalInvoice
    from tests.billing_sources.bills import bill, charge, paper
    from tests.fuzz.judge import judge

    wrong: list[CanonicalInvoice] = [
        bill(seller="a\0b"),
        bill(seller="\ud800"),
        bill(charges=[charge("100", description="a\0b")]),
        bill(charges=[charge("100"), charge("NaN", is_information_only=True)]),
        bill(charges=[charge("100", quantity="1E+20000")]),
    ]
    judge(paper(bill()), b"")
    for one in wrong:
        with pytest.raises((AssertionError, UnicodeEncodeError)):
            judge(paper(one), b"")
