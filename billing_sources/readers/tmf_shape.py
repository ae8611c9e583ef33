"""A mapping's rows, compiled for reading JSON: their paths become msgspec Structs. Pure.

A source reads as a path below its resource: `customerBill.taxIncludedAmount.value`. Of a list of named things
`relatedParty[customer].id` takes the one whose role is "customer"; `taxItem[].taxRate` means each of them. A list may
be printed as its only element. Several rows of one canonical field are tried in their order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import cached_property
from operator import attrgetter
from types import GenericAlias
from typing import Any, cast

import msgspec

from billing_sources.adapter import FieldMap

Getter = Callable[[Any], Any]
_TYPES: dict[str, tuple[Any, Any]] = {
    "amount": (Decimal | None, None),
    "flag": (bool | None, None),
    "text or number": (str | int | bool | list[Any] | dict[str, Any] | None, None),  # a fraction takes the slow way
}
_STEP = re.compile(r"(?P<name>@?\w+)(?:\[(?P<which>[\w ]*)\])?")
_NAMED = re.compile(r"\w+\[(?P<which>[\w ]+)\]\.value")
NAMED_BY = {
    "characteristic": "name",
    "usageCharacteristic": "name",
    "relatedParty": "role",
    "accountRelationship": "relationshipType",
    "accountBalance": "balanceType",
}
"""What tells the things of a list apart."""


class Shape:
    """One kind of object: the type that its JSON is decoded into, and how canonical fields are taken out of it."""

    def __init__(self, name: str, rows: Iterable[tuple[str, str, str]]) -> None:
        """`rows`: canonical field, path, transform."""
        self._name = name
        self._leaves: dict[str, tuple[Any, Any]] = {}
        self._below: dict[str, Shape] = {}
        self._lists: dict[str, Shape] = {}
        self._paths: dict[str, list[Getter]] = {}
        self._sources: dict[str, list[str]] = {}
        self._which: dict[str, str] = {}  # canonical field → name of the thing in its list
        for canonical, path, transform in rows:
            self._paths.setdefault(canonical, []).append(self._plant(path, transform))
            self._sources.setdefault(canonical, []).append(path)
            if named := _NAMED.fullmatch(path):
                self._which[canonical] = named["which"]
        self.type = self._built()

    @cached_property
    def decoder(self) -> msgspec.json.Decoder[Any]:
        """Of a whole page."""
        return msgspec.json.Decoder(_list_of(self.type))

    @classmethod
    def of(cls, resource: str, mapping: Iterable[FieldMap]) -> Shape:
        """The rows of a mapping that speak of this resource. `id` and `@type` are always read."""
        prefix = f"{resource}."
        rows = [
            (row.canonical, row.source.removeprefix(prefix), row.transform)
            for row in mapping
            if row.source.startswith(prefix)
        ]
        return cls(resource, [*rows, ("@id", "id", ""), ("@type", "@type", "")])

    def taking(self, *fields: str) -> Callable[[Any], Sequence[Any]]:
        """A function that takes these canonical fields out of an object; "" or None where it has none of a field's
        sources. What stands in one place is taken in one call: this is the innermost loop of an import.
        """
        plain = [self._paths[field][0] for field in fields]
        dotted = [getter.path for getter in plain if isinstance(getter, _Path)]
        if len(dotted) != len(plain) or len(plain) < 2:
            raise ValueError("the first source of each field must be a plain path, and at least two be taken")
        firsts = attrgetter(*dotted)
        spares = [(place, self._paths[field][1:]) for place, field in enumerate(fields) if self._paths[field][1:]]

        if not spares:
            return firsts

        def take(thing: Any) -> Sequence[Any]:
            found = list(firsts(thing))
            for place, others in spares:
                if found[place] in (None, ""):
                    found[place] = next((value for other in others if (value := other(thing))), found[place])
            return found

        return take

    def one(self, field: str) -> Getter:
        """A function that takes one field, by any of its sources."""
        getters = self._paths.get(field, [])
        return lambda thing: next((value for getter in getters if (value := getter(thing)) not in (None, "")), "")

    def taking_named(self, name: str, *fields: str) -> Callable[[Any], list[str]]:
        """A function that takes these fields out of the list `name` of named values in one pass, "" where absent."""
        places = {self._which[field]: place for place, field in enumerate(fields)}
        get, nothing = attrgetter(name), [""] * len(fields)

        def take(thing: Any) -> list[str]:
            items = get(thing)
            if items is None:
                return nothing
            found = nothing.copy()
            for item in items if isinstance(items, list) else (items,):
                place = places.get(item.name)
                if place is not None:
                    value = item.value
                    found[place] = value if isinstance(value, str) else _text(value)
            return found

        return take

    def source(self, field: str) -> str:
        """Where a field stands, for people."""
        return " or ".join(self._sources[field])

    def each(self, field: str) -> tuple[Getter, Shape]:
        """The list `field` as a list, and the shape of its elements."""
        return _listed(field), self._lists[field]

    def _plant(self, path: str, transform: str) -> Getter:
        """Writes the path down, and returns how it is followed."""
        head, _, rest = path.partition(".")
        match = cast(re.Match[str], _STEP.fullmatch(head))
        name, which = match["name"], match["which"]
        if which is not None:
            return self._plant_list(name, which, rest, transform)
        if not rest:
            self._leaves[name] = _TYPES.get(transform, (str, ""))
            return _Path(_attribute(name))
        below = self._below.setdefault(name, Shape(name, ()))
        getter = below._plant(rest, transform)
        below.type = below._built()
        return getter.under(name) if isinstance(getter, _Path) else _nested(name, getter)

    def _plant_list(self, name: str, which: str, rest: str, transform: str) -> Getter:
        items = self._lists.setdefault(name, Shape(name, ()))
        getter = items._plant(rest, transform)
        items._paths.setdefault(rest, [getter])
        items._sources.setdefault(rest, [rest])
        named_by = NAMED_BY.get(name)
        if named_by:
            items._leaves[named_by] = (str, "")
        items.type = items._built()
        return _first_named(name, named_by, which, getter) if named_by and which else _listed(name)

    def _built(self) -> type[msgspec.Struct]:
        fields: list[tuple[str, Any, Any]] = [
            (_attribute(name), kind, msgspec.field(default=default, name=name))
            for name, (kind, default) in self._leaves.items()
        ]
        fields += [(name, shape.type, shape.type()) for name, shape in self._below.items()]
        fields += [(name, _list_of(shape.type) | shape.type | None, None) for name, shape in self._lists.items()]
        return msgspec.defstruct(f"Tmf_{self._name}", fields, frozen=True, gc=False)


class _Path:
    """A way through objects alone."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._get = attrgetter(path)

    def __call__(self, thing: Any) -> Any:
        return self._get(thing)

    def under(self, name: str) -> _Path:
        return _Path(f"{name}.{self.path}")


def _list_of(made: type[msgspec.Struct]) -> Any:
    """The type of a list of a type that was made at run time."""
    return GenericAlias(list, (made,))


def _text(value: object) -> str:
    """A whole number as it is printed; of anything else nothing."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _attribute(name: str) -> str:
    return name.replace("@", "at_")


def _nested(name: str, getter: Getter) -> Getter:
    return lambda thing: getter(getattr(thing, name))


def _listed(name: str) -> Getter:
    def items(thing: Any) -> list[Any]:
        found = getattr(thing, name)
        return found if isinstance(found, list) else [found] if found is not None else []

    return items


def _first_named(name: str, named_by: str, which: str, getter: Getter) -> Getter:
    items, wanted = _listed(name), which.casefold()

    def value(thing: Any) -> Any:
        if getattr(thing, name) is None:
            return ""
        return next((getter(item) for item in items(thing) if getattr(item, named_by).casefold() == wanted), "")

    return value
