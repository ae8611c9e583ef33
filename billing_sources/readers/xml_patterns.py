"""Lines of a document that differ from one they resemble in their texts alone. Pure.

Billing systems write thousands of lines with the same markup. The first one is parsed and read by its table; its text
then becomes a pattern: the markup as it stands, the texts free, those that the table reads captured. What a table finds
in an element depends on its markup and on the texts that its predicates test; both stand in the pattern literally. A
text that the pattern matches is therefore well-formed where the first one was, and says in its captures what a parser
and the table would have found.

Whatever is not plain is left to the parser: comments, CDATA, entities, single quotes, a bracket (`]]>`), characters
that XML forbids, values that their transform refuses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from billing_sources.readers.xml_parser import Element
from billing_sources.readers.xml_tables import Leaf, Table, Unreadable, settle

LONGEST = 1 << 13  # of a line that becomes a pattern
MOST_PATTERNS = 64  # of a file: what varies more than that is not worth the compiling

_TEXT = r"[^<&\]\r\x00-\x08\x0b\x0c\x0e-\x1f]*+"
_ATTRIBUTE = r'[^"<&\t\n\r\x00-\x1f]*+'
_TOKEN = re.compile(
    rf'<(?P<close>/?)(?P<name>[^\s<>/="\'&!?]+)(?P<attributes>(?:\s+[\w:.-]+="{_ATTRIBUTE}")*+)\s*+(?P<empty>/?)>'
    rf"(?P<text>[^<&\]\x00-\x08\x0b\x0c\x0e-\x1f]*+)"
)
_ONE_ATTRIBUTE = re.compile(rf'(?P<before>\s+(?P<name>[\w:.-]+)=")(?P<value>{_ATTRIBUTE})"')


class Known(NamedTuple):
    """A line read by its pattern: its element's local name, and what its table found."""

    name: str
    found: dict[str, Any]


class Pattern(NamedTuple):
    name: str
    match: Callable[[str, int], re.Match[str] | None]
    leaves: tuple[Leaf, ...]  # of each capture

    def read(self, text: str, position: int) -> tuple[Known, int] | None:
        """The line that stands at the position, and where it ends."""
        match = self.match(text, position)
        if match is None:
            return None
        try:
            return Known(self.name, settle(zip(self.leaves, match.groups(), strict=True))), match.end()
        except Unreadable:
            return None


class Patterns:
    """What a file has taught so far. The same text means the same only where its prefixes do."""

    def __init__(self, tables: Mapping[str, Table], nested: frozenset[str]) -> None:
        self._tables = tables
        self._nested = nested
        self._by_scope: dict[object, list[Pattern]] = {}
        self._count = 0

    def behind(self, line: Element, text: str) -> list[Pattern]:
        """The patterns that may follow a line; the line itself, whose text ends the given one, becomes one of them."""
        parent = line.getparent()
        scope = (parent.tag, *sorted(parent.nsmap.items(), key=str)) if parent is not None else ()
        patterns = self._by_scope.setdefault(scope, [])
        own = _own_text(line, text)
        if own and self._count < MOST_PATTERNS and not any(pattern.match(own, 0) for pattern in patterns):
            learned = learn(line, own, self._tables[line.tag], self._nested)
            if learned is not None:
                self._count += 1
                patterns.append(learned)
        return patterns


def learn(line: Element, text: str, table: Table, nested: frozenset[str] = frozenset()) -> Pattern | None:
    """The pattern of a line and its text. None where the text is not plain, or something is nested in the line."""
    tokens = _tokens(text)
    elements = list(line.iter())
    starts = [token for token in tokens if not token["close"]]
    if not tokens or not _say_the_same(starts, elements) or any(element.tag in nested for element in elements):
        return None
    reading = _Reading(table, line)
    source = "".join(_parts(tokens, elements, reading))
    return Pattern(line.tag.rpartition("}")[2], re.compile(rf"[ \t\r\n]*+{source}").match, tuple(reading.captured))


def _own_text(line: Element, text: str) -> str:
    name = line.tag.rpartition("}")[2]
    start = text.rfind(f"<{line.prefix}:{name}" if line.prefix else f"<{name}")
    return text[start:] if start >= 0 and len(text) - start <= LONGEST else ""


def _tokens(text: str) -> list[re.Match[str]]:
    """The tags, each with the text behind it. Empty where these are not all there is."""
    tokens = list(_TOKEN.finditer(text))
    return tokens if sum(len(token[0]) for token in tokens) == len(text) and not tokens[-1]["text"] else []


def _say_the_same(starts: list[re.Match[str]], elements: list[Element]) -> bool:
    """Whether these start tags are this element's and its descendants'."""
    return len(starts) == len(elements) and all(
        token["name"] == _qualified(element)
        and [match["value"] for match in _plain_attributes(token)] == list(element.attrib.values())
        and (token["empty"] or _unified(token["text"]) == (element.text or ""))
        for token, element in zip(starts, elements, strict=True)
    )


def _qualified(element: Element) -> str:
    name = str(element.tag).rpartition("}")[2]
    return f"{element.prefix}:{name}" if element.prefix else name


def _plain_attributes(token: re.Match[str]) -> Iterator[re.Match[str]]:
    return (match for match in _ONE_ATTRIBUTE.finditer(token["attributes"]) if not match["name"].startswith("xmlns"))


def _unified(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


class _Reading:
    """What a table reads of a line: which texts are captured, which stay as they are, which are free."""

    def __init__(self, table: Table, line: Element) -> None:
        self.captured: list[Leaf] = []
        self._tested = table.tested
        self._leaves: dict[tuple[Element, str], list[Leaf]] = {}
        for element, leaves in table.reached(line):
            for leaf in leaves:
                self._leaves.setdefault((element, leaf.attribute), []).append(leaf)

    def of(self, element: Element, attribute: str, text: str, free: str) -> str:
        """The piece of the pattern for an attribute, or ("") for an element's text. As many captures as leaves."""
        leaves = self._leaves.get((element, attribute), [])
        is_fixed = (attribute or element.tag) in self._tested or attribute.startswith("xml")
        is_between = not attribute and not leaves and len(element)
        self.captured += leaves
        return "(" * len(leaves) + (re.escape(text) if is_fixed or is_between else free) + ")" * len(leaves)


def _parts(tokens: list[re.Match[str]], elements: list[Element], reading: _Reading) -> Iterator[str]:
    remaining = iter(elements)
    for token in tokens:
        if token["close"]:
            yield re.escape(token[0])
            continue
        element = next(remaining)
        yield re.escape(f"<{token['name']}")
        for match in _ONE_ATTRIBUTE.finditer(token["attributes"]):
            yield re.escape(match["before"]) + reading.of(element, match["name"], match["value"], _ATTRIBUTE) + '"'
        yield re.escape(token[0][token.end("attributes") - token.start() : token.start("text") - token.start()])
        yield re.escape(token["text"]) if token["empty"] else reading.of(element, "", token["text"], _TEXT)
