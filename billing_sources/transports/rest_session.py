"""A session with a REST server: one host, no redirects, bounded answers, patience with what passes. Pure.

Connection loss, time-outs, 429 and 5xx are tried again, waiting longer each time or as long as Retry-After says;
everything else that is not a page is the server's last word.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from types import TracebackType
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import msgspec

from billing_sources.transports.pages import LARGEST_PAGE
from billing_sources.transports.place import NotReached, Place

_NOT_OFFERED = frozenset({404, 405, 501})
_REFUSED = frozenset({401, 403})
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_JSON = ("application/json", "+json")


class Changed(Exception):
    """The collection is not the one that we began to read, or came damaged: begin again."""


class NotOffered(NotReached):
    """The server does not know this resource."""


@dataclass(frozen=True)
class Limits:
    """Seconds and bytes. `pause` doubles from attempt to attempt up to `longest_pause`, which bounds Retry-After too;
    `patience` is for a whole answer, however steadily it drips."""

    attempts: int = 5
    pause: float = 0.5
    longest_pause: float = 30.0
    timeout: float = 30.0
    patience: float = 120.0
    largest: int = LARGEST_PAGE


@dataclass(frozen=True)
class Response:
    """A page as it came. `total` is X-Total-Count."""

    url: str
    offset: int
    status: int
    total: int | None
    etag: str
    body: bytes

    @cached_property
    def records(self) -> list[Any]:
        """Raises `Changed` on a body that is no list of objects: it was cut, or is something else."""
        try:
            found = msgspec.json.decode(self.body)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise Changed(f"a page is not JSON: {error}") from error
        if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
            raise Changed("a page is not a list of objects")
        return found

    def values(self, name: str, otherwise: str | None = None) -> list[str]:
        """One value of every record. Raises `Changed` where a record lacks it and nothing is to stand instead."""
        values = [record.get(name, otherwise) for record in self.records]
        if any(value is None for value in values):
            raise Changed(f"a record has no {name}")
        return [str(value) for value in values]


class Session:
    """Raises `NotReached` wherever the server, or the environment that should say where it is, fails us."""

    def __init__(self, place: Place, limits: Limits) -> None:
        self._place, self._limits = place, limits
        token = place.settings.get("TOKEN", "")
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._client = httpx.Client(
            headers=headers, timeout=limits.timeout, follow_redirects=False, trust_env=False, verify=True
        )

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def pages(self, setting: str, resource: str, asked: Mapping[str, str], size: int) -> Iterator[Response]:
        """All pages of a collection. Raises `Changed` where they do not make a whole, `NotOffered` where it is not
        served."""
        address, offset, total = self._address(setting, resource), 0, None
        while True:
            page = self._page(address, {**asked, "offset": str(offset), "limit": str(size)}, offset)
            if offset and page.total != total:
                raise Changed(f"{total} {resource} became {page.total}")
            total, count = page.total, len(page.records)
            if count or not offset:
                yield page
            offset += count
            if _is_last(page, count, offset, size):
                return

    def total(self, resource: str, asked: Mapping[str, str]) -> int | None:
        page = self._page(self._address("URL", resource), {**asked, "offset": "0", "limit": "1"}, 0)
        return page.total

    def confirm(self, pages: list[Response]) -> None:
        """Raises `Changed` where a page that has an ETag is another one by now."""
        for page in pages:
            if page.etag and self._get(page.url, page.offset, {"If-None-Match": page.etag}).status != 304:
                raise Changed("a page changed while the others were read")

    def put(self, address: str, name: str, content: bytes) -> None:
        target = f"{self._checked(address)}/{quote(name, safe='')}"
        for attempt in range(self._limits.attempts):
            try:
                response = self._client.put(target, content=content, headers={"Content-Type": "application/json"})
            except httpx.HTTPError as error:
                self._wait(attempt, f"{type(error).__name__}", "")
                continue
            if response.status_code < 300:
                return
            if not _is_passing(response.status_code):
                raise NotReached(f"the acknowledgement was answered with {response.status_code}")
            self._wait(attempt, f"status {response.status_code}", response.headers.get("Retry-After", ""))

    def pause(self) -> None:
        time.sleep(self._limits.pause)

    def _address(self, setting: str, resource: str) -> str:
        """Raises `NotOffered` where the environment names no address for an optional resource."""
        if setting != "URL" and setting not in self._place.settings:
            raise NotOffered(f"the environment does not say {setting} of this system")
        return f"{self._checked(self._place.setting(setting).rstrip('/'))}/{resource}"

    def _checked(self, url: str) -> str:
        """Only hosts that the environment names, and a token never in the clear."""
        parts = urlsplit(url)
        named = {urlsplit(self._place.setting("URL")).hostname, *self._place.settings.get("HOSTS", "").split(",")}
        if parts.hostname is None or parts.hostname not in named:
            raise NotReached(f"{parts.hostname or 'an address without a host'} is not among the hosts of this system")
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            raise NotReached(f"{parts.hostname} must be asked by https")
        return url

    def _page(self, address: str, asked: Mapping[str, str], offset: int) -> Response:
        return self._get(str(httpx.URL(address, params=dict(asked))), offset, {})

    def _get(self, url: str, offset: int, headers: Mapping[str, str]) -> Response:
        """A page, or 304. Everything else is tried again or raised."""
        for attempt in range(self._limits.attempts):
            retry_after = ""
            try:
                response, body = self._answer(url, headers)
            except httpx.HTTPError as error:
                reason = f"{type(error).__name__}"
            else:
                if not _is_passing(response.status_code):
                    return _accepted(response, body, url, offset)
                reason, retry_after = f"status {response.status_code}", response.headers.get("Retry-After", "")
            self._wait(attempt, reason, retry_after)
        raise AssertionError("the last wait raises")

    def _answer(self, url: str, headers: Mapping[str, str]) -> tuple[httpx.Response, bytes]:
        """The whole body, within bounds of size and time."""
        until = time.monotonic() + self._limits.patience
        chunks, size = [], 0
        with self._client.stream("GET", url, headers=dict(headers)) as response:
            for chunk in response.iter_raw():
                chunks.append(chunk)
                size += len(chunk)
                if size > self._limits.largest:
                    raise NotReached(f"a page is larger than {self._limits.largest} bytes")
                if time.monotonic() > until:
                    raise httpx.ReadTimeout("the answer takes too long")
        return response, b"".join(chunks)

    def _wait(self, attempt: int, reason: str, retry_after: str) -> None:
        if attempt + 1 >= self._limits.attempts:
            raise NotReached(f"given up after {attempt + 1} attempts: {reason}")
        pause = _seconds(retry_after) or self._limits.pause * 2**attempt
        time.sleep(min(pause, self._limits.longest_pause))


def _is_passing(status: int) -> bool:
    return status == 429 or (status >= 500 and status not in _NOT_OFFERED)


def _is_last(page: Response, count: int, offset: int, size: int) -> bool:
    """By X-Total-Count; a server that sends none says 206 while there is more, or fills its pages."""
    if page.total is None:
        return not count or (page.status != 206 and count < size)
    if not count and offset < page.total:
        raise Changed(f"{page.total} were promised and {offset} came")
    return offset >= page.total


def _accepted(response: httpx.Response, body: bytes, url: str, offset: int) -> Response:
    status, headers = response.status_code, response.headers
    if status in _NOT_OFFERED:
        raise NotOffered(f"{urlsplit(url).path} is not served (status {status})")
    if status in _REFUSED:
        raise NotReached(f"the server refuses us (status {status}): mend TOKEN of this system")
    if status not in (200, 206, 304):
        raise NotReached(f"{urlsplit(url).path} was answered with {status}, not with a page")
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if status != 304 and not kind.endswith(_JSON):
        raise NotReached(f"{urlsplit(url).path} is {kind or 'of no type'}, not JSON")
    if headers.get("Content-Encoding", "identity") != "identity":
        raise NotReached("the server compresses, though it was asked not to")
    total = headers.get("X-Total-Count", "")
    return Response(url, offset, status, int(total) if total.isdecimal() else None, headers.get("ETag", ""), body)


def _seconds(retry_after: str) -> float:
    """Retry-After as seconds from now; 0 where it does not say (RFC 9110 §10.2.3)."""
    if retry_after.isdecimal():
        return float(retry_after)
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return 0.0
