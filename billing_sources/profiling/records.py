"""The records of a file in any of the known forms: (type, [(field, text), …]), one at a time. Pure."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, NamedTuple

import msgspec
from lxml import etree

from billing_sources.canonical import FileRejected
from billing_sources.profiling.form import Form, Kind, NoProfile
from billing_sources.readers.compressed import unpacked
from billing_sources.readers.ebcdic import framed
from billing_sources.readers.text import Text

LARGEST_JSON = 64 << 20  # bytes of a document that is decoded at once
_LONGEST_SEGMENT = 1 << 20
_ISA_LENGTH = 106
_ROW = "row"
_WORDS = re.compile(r"[A-Za-z0-9][\w.,&'()+/-]*(?: [\w.,&'()+/-]+)*", re.ASCII)
_READ = "_read"  # marks an element that has been told of


class Record(NamedTuple):
    type: str
    size: int  # characters or bytes
    fields: list[tuple[str, str]]


def records(stream: BinaryIO, form: Form) -> Iterator[Record]:
    """Raises `NoProfile` where the file does not go on as it began."""
    try:
        yield from _READERS[form.kind](stream, form)
    except FileRejected as rejected:
        raise NoProfile(str(rejected)) from rejected
    except (etree.LxmlError, msgspec.MsgspecError, csv.Error, RecursionError, UnicodeDecodeError, LookupError) as error:
        raise NoProfile(f"{form.kind}, but damaged: {error}"[:300]) from error


def _lines(stream: BinaryIO, form: Form) -> Iterator[str]:
    for block in Text(unpacked(stream), form.encoding):
        yield from (line.rstrip("\r") for line in block.split("\n") if line.strip())


def _rows(stream: BinaryIO, form: Form) -> Iterator[list[str]]:
    """As a spreadsheet reads them: quotes may hold the separator and line ends."""
    return csv.reader((f"{line}\n" for line in _lines(stream, form)), delimiter=form.separator)


def _headed(stream: BinaryIO, form: Form) -> Iterator[Record]:
    rows = _rows(stream, form)
    names = [name.strip() for name in next(rows, [])]
    for row in rows:
        named = [*names, *map(str, range(len(names) + 1, len(row) + 1))]
        yield Record(_ROW, sum(map(len, row)), list(zip(named, row, strict=False)))


def _flat(stream: BinaryIO, form: Form) -> Iterator[Record]:
    for row in _rows(stream, form):
        yield Record(_ROW, sum(map(len, row)), _numbered(row))


def _typed(stream: BinaryIO, form: Form) -> Iterator[Record]:
    for line in _lines(stream, form):
        code, *rest = line.split(form.separator)
        yield Record(code.strip()[:40], len(line), _numbered(rest, 2))


def _numbered(texts: Iterable[str], first: int = 1) -> list[tuple[str, str]]:
    return [(str(at), text) for at, text in enumerate(texts, first)]


def _fixed(stream: BinaryIO, form: Form) -> Iterator[Record]:
    """Without a layout nobody knows the fields; words that stand apart are a beginning."""
    for line in _lines(stream, form):
        words = [(f"{word.start() + 1}", word[0]) for word in re.finditer(r"\S+(?: \S+)*", line)]
        yield Record(line[:2].strip() or _ROW, len(line), words)


def _rdw(stream: BinaryIO, form: Form) -> Iterator[Record]:
    feed: Any = _Feed(unpacked(stream))
    for _, body in framed(feed, form.rdw):
        text = body.decode(form.encoding, "replace")
        words = [(f"{word.start() + 1}", word[0]) for word in _WORDS.finditer(text)]
        yield Record(text[:2], len(body), words)


def _x12(stream: BinaryIO, form: Form) -> Iterator[Record]:
    rest, element, end = "", "", ""
    decoder = codecs.getincrementaldecoder(form.encoding)("replace")
    for block in unpacked(stream):
        rest += decoder.decode(block).removeprefix("\ufeff")
        if not element:
            rest = rest[rest.find("ISA") :]
            if len(rest) < _ISA_LENGTH:
                raise NoProfile("an ISA segment that is cut")
            element, end = rest[3], rest[_ISA_LENGTH - 1]
        *segments, rest = rest.split(end)
        if len(rest) > _LONGEST_SEGMENT:
            raise NoProfile(f"X12, but {len(rest)} characters without the end of a segment")
        yield from _segments(segments, element)
    yield from _segments([rest], element)


def _segments(segments: Iterable[str], element: str) -> Iterator[Record]:
    for segment in segments:
        code, *elements = segment.strip().split(element)
        if code:
            fields = [(f"{at:02}", text) for at, text in enumerate(elements, 1)]
            yield Record(code[:20], len(segment), fields)


class _Feed:
    """Blocks as the file that a parser reads from."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)

    def read(self, _: int = -1) -> bytes:
        return next(self._blocks, b"")


def _xml(stream: BinaryIO, form: Form) -> Iterator[Record]:
    """An element with children is a record, its attributes and its leaves are its fields."""
    feed: Any = _Feed(unpacked(stream))
    for _, node in etree.iterparse(feed, events=("end",), resolve_entities=False, no_network=True, load_dtd=False):
        if not isinstance(node.tag, str):
            continue
        if node.getroottree().docinfo.doctype:
            raise NoProfile("XML with a DOCTYPE, which no bill needs")
        if len(node) or node.getparent() is None:
            leaves = [(_name(leaf), leaf.text or "") for leaf in node if _is_leaf(leaf)]
            fields = [(f"@{name}", str(text)) for name, text in node.attrib.items() if name != _READ] + leaves
            yield Record(_name(node), 0, fields)
            node.clear()
            node.set(_READ, "1")
            before = node.getprevious()
            if before is not None and before.get(_READ):
                node.getparent().remove(before)


def _is_leaf(node: Any) -> bool:
    return isinstance(node.tag, str) and not node.get(_READ)


def _name(node: Any) -> str:
    return str(node.tag).rpartition("}")[2][:80]


def _json(stream: BinaryIO, form: Form) -> Iterator[Record]:
    content = b""
    for block in unpacked(stream):
        content += block
        if len(content) > LARGEST_JSON:
            raise NoProfile(f"one JSON document of more than {LARGEST_JSON >> 20} MiB: profile a part of it")
    yield from _objects(_decoded(content), "document")


def _json_lines(stream: BinaryIO, form: Form) -> Iterator[Record]:
    """Lines between the documents are records by their first word."""
    for line in _lines(stream, form):
        if line[:1] in "{[":
            yield from _objects(_decoded(line.encode()), "document")
        else:
            word, *rest = line.split()
            yield Record(word[:40], len(line), _numbered(rest, 2))


def _decoded(content: bytes) -> Any:
    return msgspec.json.Decoder(float_hook=str).decode(content)


def _objects(value: Any, path: str) -> Iterator[Record]:
    if isinstance(value, list):
        for item in value:
            yield from _objects(item, path)
    elif isinstance(value, dict):
        nested = {key: item for key, item in value.items() if isinstance(item, list | dict)}
        simple = [(key, "" if item is None else str(item)) for key, item in value.items() if key not in nested]
        yield Record(path, 0, simple)
        for key, item in nested.items():
            yield from _objects(item, f"{path}.{key}"[:120])


_READERS = {
    Kind.HEADED: _headed,
    Kind.FLAT: _flat,
    Kind.RECORDS: _typed,
    Kind.FIXED: _fixed,
    Kind.RDW: _rdw,
    Kind.X12: _x12,
    Kind.XML: _xml,
    Kind.JSON: _json,
    Kind.JSON_LINES: _json_lines,
}
