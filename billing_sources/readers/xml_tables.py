"""Mapping tables for XML: canonical field, path, transform. Pure.

A table is compiled once into a tree of tags, and a document or a line is then read in one walk over its children:
a path per field and line would cost many times the parsing.

Paths are XPath in small: prefixed steps, at most one predicate a step (`[a:b/a:c='x']`, `[@d='x']`, `[not(@d='x')]`),
at the end `@attribute` or `.`. Several rows for one field are alternatives, best first; of a repeated element the
first that has a value counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from billing_sources.readers.xml import Element
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
        self._root = _Node()
        self._alternatives: dict[str, list[str]] = {}
        seen: set[str] = set()
        for row in rows:
            self._plant(row, self._key(row.canonical, seen))

    def read(self, element: Element) -> dict[str, Any]:
        """Canonical field → value, for the fields that are there. Raises `Unreadable`."""
        found: dict[str, Any] = {}
        _take(element, self._root.leaves, found)
        _walk(element, self._root.children, found)
        for name, keys in self._alternatives.items():
            if name not in found:
                for key in keys:
                    if key in found:
                        found[name] = found[key]
                        break
        return found

    def text(self, element: Element, name: str) -> str:
        """One field alone, unconverted, by its first row: for saying which document it is that cannot be read."""
        path = next(row.path for row in self.rows if row.canonical == name)
        return " ".join((element.findtext(clark(path, self._namespaces)) or "").split())

    def _key(self, name: str, seen: set[str]) -> str:
        """The field's own name for its first row, a name behind it for each alternative."""
        if name not in seen:
            seen.add(name)
            return name
        keys = self._alternatives.setdefault(name, [])
        keys.append(f"{name}|{len(keys) + 2}")
        return keys[-1]

    def _plant(self, row: Row, key: str) -> None:
        *steps, last = _STEP_BREAK.split(row.path)
        attribute = last[1:] if last.startswith("@") else ""
        if not attribute and last != ".":
            steps.append(last)
        node = self._root
        for step in steps:
            node = node.child(step, self._namespaces)
        node.leaves.append(_Leaf(key, attribute, TRANSFORMS[row.transform], row))


def clark(path: str, namespaces: dict[str, str]) -> str:
    """`a:b/a:c` in the notation that lxml compares."""
    return _PREFIXED.sub(lambda match: f"{{{namespaces[match[1]]}}}{match[2]}", path)


_STEP_BREAK = re.compile(r"/(?![^\[]*\])")
_PREFIXED = re.compile(r"(\w+):(\w+)")
_STEP = re.compile(r"(?P<tag>[\w:]+)(?:\[(?P<no>not\()?(?P<at>@)?(?P<test>[\w:/]+)='(?P<value>[^']*)'\)?\])?")


@dataclass(frozen=True, slots=True)
class _Leaf:
    key: str
    attribute: str
    convert: Callable[[str], Any]
    row: Row


@dataclass(slots=True)
class _Node:
    step: str = ""
    accepts: Callable[[Element], bool] | None = None
    leaves: list[_Leaf] = field(default_factory=list)
    children: dict[str, list[_Node]] = field(default_factory=dict)

    def child(self, step: str, namespaces: dict[str, str]) -> _Node:
        match = _STEP.fullmatch(step)
        if match is None:
            raise ValueError(f"not a step: {step}")
        siblings = self.children.setdefault(clark(match["tag"], namespaces), [])
        for node in siblings:
            if node.step == step:
                return node
        siblings.append(_Node(step, _predicate(match, namespaces)))
        return siblings[-1]


def _predicate(match: re.Match[str], namespaces: dict[str, str]) -> Callable[[Element], bool] | None:
    if match["test"] is None:
        return None
    wanted, is_wanted = match["value"], match["no"] is None
    test = match["test"] if match["at"] else clark(match["test"], namespaces)
    if match["at"]:
        return lambda element: (element.get(test) == wanted) is is_wanted
    return lambda element: ((element.findtext(test) or "").strip() == wanted) is is_wanted


def _walk(element: Element, branches: dict[str, list[_Node]], found: dict[str, Any]) -> None:
    for child in element:
        for node in branches.get(child.tag, ()):
            if node.accepts is not None and not node.accepts(child):
                continue
            if node.leaves:
                _take(child, node.leaves, found)
            if node.children:
                _walk(child, node.children, found)


def _take(element: Element, leaves: list[_Leaf], found: dict[str, Any]) -> None:
    for leaf in leaves:
        if leaf.key in found:
            continue
        text = element.get(leaf.attribute) if leaf.attribute else element.text
        if text is None:
            continue
        text = text.strip()
        if text:
            try:
                found[leaf.key] = leaf.convert(text)
            except ValueError as error:
                row = leaf.row
                raise Unreadable("EN-VALUE", row.canonical, f"{row.transform} at {row.path}", text[:80]) from error
