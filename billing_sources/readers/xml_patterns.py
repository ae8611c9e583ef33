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
from operator import itemgetter
from typing import Any, NamedTuple

from billing_sources.readers.xml_parser import Element
from billing_sources.readers.xml_tables import Leaf, Table

LONGEST = 1 << 13  # of a line that becomes a pattern
MOST_PATTERNS = 64  # of a file: what varies more than that is not worth the compiling

_SPACE = r"[ \t\r\n]*+"
_TEXT = r"[^<&\]\r\x00-\x08\x0b\x0c\x0e-\x1f]*+"
_ATTRIBUTE = r'[^"<&\x00-\x1f]*+'
_SAID_TEXT = rf"[ \t\n]*+([^\s<&\]\x00-\x1f]{_TEXT})"  # not blank; what is around it does not count
_SAID_ATTRIBUTE = rf' *+([^\s"<&\x00-\x1f]{_ATTRIBUTE})'
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
    """Its captures are never blank: a line with other fields has another pattern. Of several for one field the best
    comes last and is kept."""

    name: str
    match: Callable[[str, int], re.Match[str] | None]
    order: Callable[[tuple[str, ...]], tuple[str, ...]]  # of the captures: worst first
    fields: tuple[str, ...]
    converts: tuple[Callable[[str], Any], ...]

    def read(self, text: str, position: int) -> tuple[Known, int] | None:
        """The line that stands at the position, and where it ends."""
        match = self.match(text, position)
        if match is None:
            return None
        texts = self.order(match.groups())
        try:
            values = [convert(text) for convert, text in zip(self.converts, texts, strict=True)]
        except ValueError:
            return None
        return Known(self.name, dict(zip(self.fields, values, strict=True))), match.end()


class Patterns:
    """What a file has taught so far. The same text means the same only where its prefixes do."""

    def __init__(self, tables: Mapping[str, Table], nested: frozenset[str], most: int | None = None) -> None:
        self._tables = tables
        self._nested = nested
        self._by_scope: dict[object, list[Pattern]] = {}
        self._remaining = MOST_PATTERNS if most is None else most

    def behind(self, line: Element, text: str, end: int) -> list[Pattern]:
        """The patterns that may follow a line; the line itself, which ends there in the text, becomes one of them."""
        parent = line.getparent()
        scope = (parent.tag, *sorted(parent.nsmap.items(), key=str)) if parent is not None else ()
        patterns = self._by_scope.setdefault(scope, [])
        own = _own_text(line, text, end)
        if own and self._remaining and not any(pattern.match(own, 0) for pattern in patterns):
            learned = learn(line, own, self._tables[line.tag], self._nested)
            if learned is not None:
                self._remaining -= 1
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
    match = re.compile("".join((_SPACE, *_parts(tokens, elements, reading)))).match
    ranks = [leaf.rank for leaf in reading.captured]
    order = sorted(range(len(ranks)), key=lambda index: (-ranks[index], -index))
    if len(order) < 2:
        return None  # not a bill's
    leaves = [reading.captured[index] for index in order]
    fields, converts = tuple(leaf.name for leaf in leaves), tuple(leaf.convert for leaf in leaves)
    return Pattern(line.tag.rpartition("}")[2], match, itemgetter(*order), fields, converts)


def _own_text(line: Element, text: str, end: int) -> str:
    start = text.rfind(f"<{_qualified(line)}", max(0, end - LONGEST), end)
    return text[start:end] if start >= 0 else ""


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

    def of(self, element: Element, attribute: str, text: str) -> str:
        """The piece of the pattern for an attribute, or ("") for an element's text. As many captures as leaves."""
        leaves = self._leaves.get((element, attribute), [])
        is_fixed = (attribute or element.tag) in self._tested or attribute.startswith("xml")
        said, free = (_SAID_ATTRIBUTE, _ATTRIBUTE) if attribute else (_SAID_TEXT, _TEXT)
        if leaves and text.strip():
            self.captured += leaves
            fixed = rf'(?={re.escape(text)}[<"])' if is_fixed else ""
            return fixed + rf"(?={said})" * (len(leaves) - 1) + said
        is_between = not attribute and len(element)
        return re.escape(text) if is_fixed or is_between or leaves else free


def _parts(tokens: list[re.Match[str]], elements: list[Element], reading: _Reading) -> Iterator[str]:
    remaining = iter(elements)
    for token in tokens:
        if token["close"]:
            yield re.escape(token[0])
            continue
        element = next(remaining)
        yield re.escape(f"<{token['name']}")
        for match in _ONE_ATTRIBUTE.finditer(token["attributes"]):
            yield re.escape(match["before"]) + reading.of(element, match["name"], match["value"]) + '"'
        yield re.escape(token[0][token.end("attributes") - token.start() : token.start("text") - token.start()])
        yield re.escape(token["text"]) if token["empty"] else reading.of(element, "", token["text"])
