"""libxml2 as a pull parser that resolves and loads nothing, with its complaints as rejections. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from lxml import etree

from billing_sources.canonical import FileRejected, Issue

Element = etree._Element

LIMITS = "10,000,000 bytes in one text, 256 levels"  # libxml2's own
RESOURCE_LIMIT = 114  # libxml2's XML_ERR_RESOURCE_LIMIT; the type stubs do not know `XMLSyntaxError.code`


class PullParser:
    """Elements of the given names as they end. It may be told of text that it need not see."""

    def __init__(self, tags: list[str]) -> None:
        self._parser = etree.XMLPullParser(
            ("end",),
            tag=tags,
            resolve_entities=False,
            no_network=True,
            huge_tree=False,
            load_dtd=False,
            collect_ids=False,
            remove_comments=True,
            remove_pis=True,
        )

    def feed(self, chunk: bytes) -> None:
        feed(self._parser, chunk)

    def skip(self, text: str) -> None:
        """Passes over whole elements: only their line ends are fed, so that positions stay true."""
        feed(self._parser, b"\n" * text.count("\n"))

    def close(self) -> None:
        close(self._parser)

    def ended(self) -> Iterator[Element]:
        """The elements that ended since."""
        events = cast("Iterator[tuple[str, Element]]", self._parser.read_events())  # only end events were asked for
        return (element for _, element in events)


def feed(parser: etree.XMLParser, chunk: bytes) -> None:
    """Raises `FileRejected` where the chunk is not well-formed."""
    try:
        parser.feed(chunk)
    except etree.XMLSyntaxError as error:
        raise _not_well_formed(error) from error


def close(parser: etree.XMLParser) -> None:
    """Raises `FileRejected` where the document is not at its end."""
    try:
        parser.close()
    except etree.XMLSyntaxError as error:
        raise _not_well_formed(error) from error


def rejected(rule: str, expected: str, found: str, position: str = "") -> FileRejected:
    return FileRejected(Issue(rule=rule, position=position, expected=expected, found=found[:200]))


def _not_well_formed(error: etree.XMLSyntaxError) -> FileRejected:
    line, column = error.position
    position = f"line {line}, column {column}"
    if getattr(error, "code", 0) == RESOURCE_LIMIT:
        return rejected("XML-SIZE", f"at most {LIMITS}", error.msg or "more", position)
    return rejected("XML-SYNTAX", "well-formed XML to the end", error.msg or "nothing", position)
