"""`describe_source SYSTEM`: the mapping and the vocabulary of a billing source, as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing_sources.adapter import Adapter
from billing_sources.registry import UnknownSystem, adapter_for


class Command(BaseCommand):
    help = "Prints how a billing source is read: canonical field, source field, transform; then the vocabulary."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("system")

    def handle(self, *args: object, **options: Any) -> None:
        try:
            adapter = adapter_for(options["system"])
        except UnknownSystem as error:
            raise CommandError(str(error), returncode=2) from error
        self.stdout.write("\n".join(_description(adapter)))


def _description(adapter: Adapter) -> Iterator[str]:
    yield f"{adapter.key}: {adapter.title}. {adapter.plays}"
    yield f"Files from {adapter.transport.describe()}. Currency where none is stated: {adapter.default_currency}."
    yield f"Account levels: {' > '.join(adapter.level_names)}."
    yield f"\nMapping, version {adapter.mapping_version}"
    fields = [(row.canonical, row.source, row.transform) for row in adapter.mapping]
    yield from _table(("canonical field", "source field", "transform"), fields)
    yield f"\nVocabulary, version {adapter.vocabulary.version}"
    terms = sorted((str(category), term) for term, category in adapter.vocabulary.terms.items())
    yield from _table(("category", "source term"), terms)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for row in (head, ["-" * width for width in widths], *rows):
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
