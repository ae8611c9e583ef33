"""Files of EN 16931 invoices, singly or in a batch, to canonical invoices (formats.md §1.5, §1.6). Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import BinaryIO, cast

from billing_sources.adapter import Adapter, Parsed, Read
from billing_sources.canonical import ControlTotals, FileRejected, Issue
from billing_sources.readers import xml_values
from billing_sources.readers.en16931.draft import Draft
from billing_sources.readers.en16931.syntax import Syntax
from billing_sources.readers.en16931.utility import UTILITY_STATEMENT, read_statement
from billing_sources.readers.pdf import unwrapped
from billing_sources.readers.terms import Terms
from billing_sources.readers.xml import Part, Shape, local_name, stream_parts
from billing_sources.readers.xml_parser import Element
from billing_sources.readers.xml_patterns import Known


def reader(*syntaxes: Syntax) -> Read:
    """A reader of files in any of these syntaxes, of utility statements, and of PDFs that hold one of these."""
    documents = {tag: syntax for syntax in syntaxes for tag in syntax.documents()}
    shape = shape_of(*syntaxes)

    def read(file: BinaryIO, adapter: Adapter) -> Iterator[Parsed]:
        yield from _Reading(documents, adapter).parsed(stream_parts(unwrapped(file), shape))

    return read


def shape_of(*syntaxes: Syntax) -> Shape:
    documents = frozenset(tag for syntax in syntaxes for tag in syntax.documents())
    return Shape(
        documents=documents | {UTILITY_STATEMENT},
        lines={tag: syntax.line for syntax in syntaxes for tag in syntax.lines},
        nested=frozenset(tag for syntax in syntaxes for tag in (*syntax.sub_lines, syntax.attachment) if tag),
        holders=documents | ({syntax.holder for syntax in syntaxes} - {""}),
        ballast=frozenset(syntax.attachment for syntax in syntaxes) - {""},
    )


class _Reading:
    """One pass over one file."""

    def __init__(self, documents: dict[str, Syntax], adapter: Adapter) -> None:
        self._documents = documents
        self._system = adapter.key
        self._terms = Terms(adapter.vocabulary)
        self._counts: Counter[str] = Counter()
        self._has_totals = False

    def parsed(self, parts: Iterable[tuple[Part, Element] | Known]) -> Iterator[Parsed]:
        draft: Draft | None = None
        for parsed in parts:
            if isinstance(parsed, Known):
                cast(Draft, draft).add_known_line(parsed)  # it follows upon a parsed one of the same document
                continue
            part, element = parsed
            if part is Part.LINE:
                draft = draft or self._begin(next(element.iterancestors(*self._documents)))
                draft.add_line(element)
            elif part is Part.DOCUMENT:
                yield self._finished(draft, element)
                draft = None
            else:
                yield from self._of_batch(part, element)

    def _begin(self, document: Element) -> Draft:
        return Draft(self._documents[document.tag], self._counted(document), self._system, self._terms)

    def _finished(self, draft: Draft | None, document: Element) -> Parsed:
        if document.tag == UTILITY_STATEMENT:
            return read_statement(document, self._counted(document), self._system, self._terms)
        return (draft or self._begin(document)).finish(document)

    def _counted(self, element: Element) -> str:
        """Its place in the file: `Invoice[3]`."""
        name = local_name(element)
        self._counts[name] += 1
        return f"{name}[{self._counts[name]}]"

    def _of_batch(self, part: Part, element: Element) -> Iterator[Parsed]:
        if part is Part.TOTALS:
            self._has_totals = True
            yield _control_totals(element)
        elif part is Part.STRAY:
            position = self._counted(element)
            yield Issue("XML-STRAY", position, "", "an invoice or a credit note", element.tag, number=position)
        elif not self._has_totals:
            raise FileRejected(Issue("XML-TRAILER", expected="ControlTotals at the end of the batch", found="none"))


def _control_totals(element: Element) -> ControlTotals:
    documents, payable = element.get("documents", ""), element.get("payable", "")
    try:
        if not (documents.isascii() and documents.isdigit()):
            raise ValueError(documents)
        return ControlTotals(bills=int(documents), amount=xml_values.amount(payable))
    except ValueError as error:
        expected, found = "documents and payable as numbers", f"documents={documents!r} payable={payable!r}"
        position = f"line {element.sourceline}"
        raise FileRejected(Issue("XML-TRAILER", position, expected=expected, found=found[:200])) from error
