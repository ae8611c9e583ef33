"""A REST collection as the TM Forum publishes them: pages by offset and limit (TMF630, formats.md §1.8). Pure.

The collection and what belongs to it are spooled into one payload, bodies as they came (`pages`). It is offered whole
or not at all: a page that cannot be had, or a collection that changes while it is read, begins again, and at last is
`NotReached`. Next time only what is newer is asked for, by `lastUpdate`.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

from billing_sources.transports.pages import FIRST_LINE, End, end_bytes, page_bytes
from billing_sources.transports.place import NotReached, Payload, Place
from billing_sources.transports.rest_mark import Mark, values_at
from billing_sources.transports.rest_session import Changed, Limits, NotOffered, Response, Session

_ASKED_AT_ONCE = 60  # ids in one address
_UNNAMEABLE = re.compile(r"[^0-9A-Za-z]+")


@dataclass(frozen=True)
class Related:
    """A collection that belongs to another: asked for by `asks`, with the values found at `ids` ("bill.product.id").

    `url` is the setting that says where it is served. An optional one may be absent there, or have no address at all.
    """

    resource: str
    asks: str
    ids: str
    url: str = "URL"
    is_optional: bool = False


@dataclass(frozen=True)
class Rest:
    """Settings: `URL` of the API (https, or http on this machine), `TOKEN` sent as a bearer, `HOSTS` that other
    addresses may be on beside that of `URL`, and the addresses that `related` name.
    """

    collection: str
    related: tuple[Related, ...] = ()
    page_size: int = 100
    limits: Limits = Limits()

    def fetch(self, place: Place) -> Iterator[Payload]:
        """One payload, or none where nothing is new. Its bytes stand until the next is asked for."""
        with Session(place, self.limits) as session, tempfile.TemporaryDirectory(prefix="rest-") as folder:
            spool = Path(folder) / "pages"
            mark = self._spooled(session, Mark.read(place.mark), spool)
            if mark is not None:
                name = _UNNAMEABLE.sub("", mark.since) or "all"
                yield Payload(f"{self.collection}-{name}.pages", partial(_open, spool), mark=mark.text())

    def deliver(self, place: Place, name: str, content: bytes) -> None:
        """PUT below `acknowledgement`: the published API has no place for the word of a reader, only states of bills,
        and those are the billing system's own.
        """
        with Session(place, self.limits) as session:
            session.put(f"{place.setting('URL').rstrip('/')}/acknowledgement", name, content)

    def describe(self) -> str:
        return f"REST collection {self.collection} ({', '.join(one.resource for one in self.related)} with it)"

    def _spooled(self, session: Session, mark: Mark, spool: Path) -> Mark | None:
        """The mark after everything that is new, or None where nothing is. Raises `NotReached`."""
        for _ in range(self.limits.attempts):
            try:
                if mark.since and not self._is_newer(session, mark):
                    return None
                with spool.open("wb") as file:
                    return _Spooling(session, self, file).run(mark)
            except Changed as changed:
                reason = str(changed)
                session.pause()
        raise NotReached(f"{self.collection} kept changing while it was read: {reason}")

    def _is_newer(self, session: Session, mark: Mark) -> bool:
        """Nothing has a later `lastUpdate`, and as many as before have the last one. A server that does not say, or
        does not filter, is read: bytes that are known are not imported again.
        """
        newer = session.total(self.collection, {"lastUpdate.gt": mark.since})
        same = session.total(self.collection, {"lastUpdate.gte": mark.since})
        return newer != 0 or same != mark.bearers


class _Spooling:
    """One attempt at the collection and all that belongs to it."""

    def __init__(self, session: Session, rest: Rest, file: BinaryIO) -> None:
        self._session, self._rest, self._file = session, rest, file
        self._pages = 0
        self._seen: dict[str, str] = {}  # id → lastUpdate, of the collection itself
        file.write(FIRST_LINE)

    def run(self, mark: Mark) -> Mark | None:
        asked = {"lastUpdate.gte": mark.since} if mark.since else {}
        heads: list[Response] = []
        total: int | None = None
        for page in self._session.pages("URL", self._rest.collection, asked, self._rest.page_size):
            heads.append(replace(page, body=b""))
            total = page.total
            self._take(page)
            self._take_related(page)
        if total is not None and len(self._seen) != total:
            raise Changed(f"{total} records were promised and {len(self._seen)} came")
        self._session.confirm(heads)
        self._file.write(end_bytes(End(self._pages, total)))
        return Mark.after(self._seen.values()) if self._seen else None

    def _take(self, page: Response) -> None:
        self._add(self._rest.collection, page)
        for identity, updated in zip(page.values("id"), page.values("lastUpdate", ""), strict=True):
            if identity in self._seen:
                raise Changed(f"{identity} came twice")
            self._seen[identity] = updated

    def _take_related(self, page: Response) -> None:
        """What belongs to the records of a page, one related collection after the other."""
        taken = {self._rest.collection: [page]}
        for related in self._rest.related:
            resource, _, path = related.ids.partition(".")
            pages = taken.get(resource, ())
            ids = sorted({value for one in pages for value in values_at(one.records, path) if value})
            taken[related.resource] = list(self._pages_of(related, ids))

    def _pages_of(self, related: Related, ids: list[str]) -> Iterator[Response]:
        for start in range(0, len(ids), _ASKED_AT_ONCE):
            asked = {related.asks: ",".join(ids[start : start + _ASKED_AT_ONCE])}
            try:
                for page in self._session.pages(related.url, related.resource, asked, self._rest.page_size * 10):
                    self._add(related.resource, page)
                    yield page
            except NotOffered:
                if not related.is_optional:
                    raise
                return

    def _add(self, resource: str, page: Response) -> None:
        self._pages += 1
        self._file.write(page_bytes(resource, page.offset, page.body))


def _open(spool: Path) -> BinaryIO:
    return spool.open("rb")
