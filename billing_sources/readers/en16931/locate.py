"""From the origin of a bill, a charge or a tax back to the element that it was read from. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import BinaryIO

from lxml import etree

from billing_sources.adapter import Cell, Excerpt, Locate
from billing_sources.readers.en16931.reader import shape_of
from billing_sources.readers.en16931.syntax import Syntax
from billing_sources.readers.en16931.utility import UTILITY_NAME, UTILITY_STATEMENT, find_in_statement
from billing_sources.readers.pdf import unwrapped
from billing_sources.readers.xml import Part, local_name, stream_parts
from billing_sources.readers.xml_parser import Element
from billing_sources.readers.xml_patterns import Known
from billing_sources.readers.xml_tables import Table

_STEP = re.compile(r"(\w+)\[(\d+)\]")


def locator(*syntaxes: Syntax) -> Locate:
    """Finds `Invoice[3]`, `Invoice[3]/InvoiceLine[12]` and what else a reader of these syntaxes writes as an origin."""
    documents = {tag: syntax for syntax in syntaxes for tag in syntax.documents()}
    shape = shape_of(*syntaxes)

    def locate(file: BinaryIO, origin: str) -> Excerpt:
        (name, number), *steps = [(step[1], int(step[2])) for step in _STEP.finditer(origin)] or [("", 0)]
        counts: Counter[str] = Counter()
        lines = 0
        for part in stream_parts(unwrapped(file), shape, most_patterns=0):
            if isinstance(part, Known) or part[0] not in (Part.LINE, Part.DOCUMENT):
                continue
            kind, element = part
            document = element if kind is Part.DOCUMENT else next(element.iterancestors(*documents))
            lines += kind is Part.LINE
            is_here = local_name(document) == name and counts[name] + 1 == number
            if is_here and kind is Part.LINE and steps[:1] == [(local_name(element), lines)]:
                return _line(documents[document.tag], element, steps[1:])
            if kind is Part.DOCUMENT:
                if is_here and document.tag == UTILITY_STATEMENT:
                    return _excerpt(UTILITY_NAME, *find_in_statement(document, steps))
                if is_here:
                    return _of_document(documents[document.tag], document, steps)
                counts[local_name(document)] += 1
                lines = 0
        raise LookupError(origin)

    return locate


def _line(syntax: Syntax, line: Element, steps: Iterable[tuple[str, int]]) -> Excerpt:
    for _, index in steps:
        line = _nth(list(line.iterchildren(*syntax.sub_lines)), index)
    return _excerpt(syntax.name, line, syntax.line)


def _of_document(syntax: Syntax, document: Element, steps: list[tuple[str, int]]) -> Excerpt:
    """The header, or an allowance, charge or tax of it. Its lines have gone by."""
    currency = str(syntax.header.read(document).get("currency", ""))
    if not steps:
        for line in list(document.iter(*syntax.lines)):
            line.clear()
        return _excerpt(syntax.name, document, syntax.header)
    name, index = steps[0]
    taxes = syntax.tax_figures(document, currency).breakdown
    for elements, table in ((syntax.document_charges(document), syntax.allowance), (taxes, syntax.tax)):
        if any(local_name(element) == name for element in elements):
            return _excerpt(syntax.name, _nth(elements, index), table)
    raise LookupError(f"{name}[{index}]")


def _nth(elements: list[Element], index: int) -> Element:
    if not 0 < index <= len(elements):
        raise LookupError(index)
    return elements[index - 1]


def _excerpt(name: str, element: Element, table: Table) -> Excerpt:
    """The element's text, and what the table's rows find in it, as `FieldMap.source` names them."""
    cells = (
        Cell(f"{name} {leaf.row.path}", " ".join(text.split()))
        for node, leaves in table.reached(element)
        for leaf in leaves
        if (text := node.get(leaf.attribute) if leaf.attribute else node.text)
    )
    return Excerpt(etree.tostring(element, encoding="unicode", with_tail=False), tuple(dict.fromkeys(cells)))
