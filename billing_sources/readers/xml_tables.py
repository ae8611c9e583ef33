"""Mapping tables for XML: canonical field, path, transform. Pure.

A table is compiled once into a tree of tags, and a document or a line is then read in one walk over its children:
a path per field and line would cost many times the parsing.

Paths are XPath in small: prefixed steps, at most one predicate a step (`[a:b/a:c='x']`, `[@d='x']`, `[not(@d='x')]`),
at the end `@attribute` or `.`. Several rows for one field are alternatives, best first; of a repeated element the
first that has a value counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple

from billing_sources.readers.xml_parser import Element
from billing_sources.readers.xml_values import TRANSFORMS


@dataclass(frozen=True)
class Row:
    """One line of a mapping. `canonical` is a canonical field, or `field.part` for an ingredient of one."""

    canonical: str
    path: str
    transform: str = "line"


class Unreadable(Exception):
    """A value that its transform refuses, or that is missing where a bill must have one."""

    def __init__(self, rule: str, field: str, expected: str, found: str = "nothing") -> None:
        super().__init__(f"{field}: expected {expected}, found {found}")
        self.rule, self.field, self.expected, self.found = rule, field, expected, found


class Table:
    """Rows compiled for reading."""

    def __init__(self, namespaces: dict[str, str], *rows: Row) -> None:
        self.rows = rows
        self._namespaces = namespaces
        root = _Node("")
        ranks: dict[str, int] = {}
        for row in rows:
            ranks[row.canonical] = rank = ranks.get(row.canonical, -1) + 1
            self._plant(root, row, rank)
        self._root = root.compiled()
        self.tested = frozenset(
            _tested(match, namespaces) for row in rows for match in _STEP.finditer(row.path) if match["test"]
        )

    def read(self, element: Element) -> dict[str, Any]:
        """Canonical field → value, for the fields that are there. Raises `Unreadable`."""
        return settle(self._texts(element))

    def read_some(self, element: Element, names: Collection[str]) -> dict[str, Any]:
        """The same of these fields alone: for what can be said of a document that cannot be read."""
        return settle((leaf, text) for leaf, text in self._texts(element) if leaf.name in names)

    def _texts(self, element: Element) -> Iterator[tuple[Leaf, str | None]]:
        for node, leaves in self.reached(element):
            for leaf in leaves:
                yield leaf, node.get(leaf.attribute) if leaf.attribute else node.text

    def reached(self, element: Element) -> list[tuple[Element, tuple[Leaf, ...]]]:
        """The elements that rows lead to, in document order, with the leaves to be read there."""
        _, leaves, branches = self._root
        found: list[tuple[Element, tuple[Leaf, ...]]] = [(element, leaves)] if leaves else []
        _walk(element, branches, found)
        return found

    def text(self, element: Element, name: str) -> str:
        """One field alone, unconverted, by its first row: for saying which document it is that cannot be read."""
        path = next(row.path for row in self.rows if row.canonical == name)
        return " ".join((element.findtext(clark(path, self._namespaces)) or "").split())

    def _plant(self, root: _Node, row: Row, rank: int) -> None:
        *steps, last = _STEP_BREAK.split(row.path)
        attribute = last[1:] if last.startswith("@") else ""
        if not attribute and last != ".":
            steps.append(last)
        node = root
        for step in steps:
            node = node.child(step, self._namespaces)
        node.leaves.append(Leaf(row.canonical, attribute, TRANSFORMS[row.transform], rank, row))


def clark(path: str, namespaces: dict[str, str]) -> str:
    """`a:b/a:c` in the notation that lxml compares."""
    return _PREFIXED.sub(lambda match: f"{{{namespaces[match[1]]}}}{match[2]}", path)


_STEP_BREAK = re.compile(r"/(?![^\[]*\])")
_PREFIXED = re.compile(r"(\w+):(\w+)")
_STEP = re.compile(r"(?P<tag>[\w:]+)(?:\[(?P<no>not\()?(?P<at>@)?(?P<test>[\w:/]+)='(?P<value>[^']*)'\)?\])?")


class Leaf(NamedTuple):
    """What is to be read at an element."""

    name: str
    attribute: str
    convert: Callable[[str], Any]
    rank: int  # 0 for a field's first row, then counting its alternatives
    row: Row


_Accepts = Callable[[Element], bool]
_RANK = itemgetter(0)


class _Branch(NamedTuple):
    """What is to be done at a tag. Plain tuples, for this is the innermost loop of an import."""

    accepts: _Accepts | None
    leaves: tuple[Leaf, ...]
    branches: dict[str, tuple[_Branch, ...]]


class _Node:
    """A step while the table is built."""

    def __init__(self, tag: str, accepts: _Accepts | None = None) -> None:
        self.leaves: list[Leaf] = []
        self._tag = tag
        self._accepts = accepts
        self._children: dict[str, _Node] = {}

    def child(self, step: str, namespaces: dict[str, str]) -> _Node:
        if step not in self._children:
            match = _STEP.fullmatch(step)
            if match is None:
                raise ValueError(f"not a step: {step}")
            self._children[step] = _Node(clark(match["tag"], namespaces), _predicate(match, namespaces))
        return self._children[step]

    def compiled(self) -> _Branch:
        branches: dict[str, tuple[_Branch, ...]] = {}
        for child in self._children.values():
            branches[child._tag] = (*branches.get(child._tag, ()), child.compiled())
        return _Branch(self._accepts, tuple(self.leaves), branches)


def _tested(match: re.Match[str], namespaces: dict[str, str]) -> str:
    """The element or attribute whose text a predicate compares."""
    return match["test"] if match["at"] else clark(match["test"].rpartition("/")[2], namespaces)


def _predicate(match: re.Match[str], namespaces: dict[str, str]) -> _Accepts | None:
    if match["test"] is None:
        return None
    wanted, is_wanted = match["value"], match["no"] is None
    test = match["test"] if match["at"] else clark(match["test"], namespaces)

    def has_attribute(element: Element) -> bool:
        return (element.get(test) == wanted) is is_wanted

    def has_child(element: Element) -> bool:
        child = next(element.iterchildren(test), None)  # several times faster than `findtext`
        return (child is not None and (child.text or "").strip() == wanted) is is_wanted

    def has_descendant(element: Element) -> bool:
        return ((element.findtext(test) or "").strip() == wanted) is is_wanted

    if match["at"]:
        return has_attribute
    return has_descendant if "/" in match["test"] else has_child


def _walk(
    element: Element, branches: dict[str, tuple[_Branch, ...]], found: list[tuple[Element, tuple[Leaf, ...]]]
) -> None:
    for child in element:
        for accepts, leaves, below in branches.get(child.tag, ()):
            if accepts is None or accepts(child):
                if leaves:
                    found.append((child, leaves))
                if below:
                    _walk(child, below, found)


def settle(texts: Iterable[tuple[Leaf, str | None]]) -> dict[str, Any]:
    """Canonical field → value, from the texts found at the leaves, in document order. Raises `Unreadable`."""
    found: dict[str, Any] = {}
    spare: list[tuple[int, str, Any]] = []  # alternatives: they count where the first row found nothing
    for (name, _, convert, rank, row), text in texts:
        if text and name not in found and (text := text.strip()):
            try:
                value = convert(text)
            except ValueError as error:
                raise Unreadable("EN-VALUE", name, f"{row.transform} at {row.path}", text[:80]) from error
            if rank:
                spare.append((rank, name, value))
            else:
                found[name] = value
    if spare:
        for _, name, value in sorted(spare, key=_RANK):
            found.setdefault(name, value)
    return found
