"""A TMF678 server on this machine that plays delta's billing system: for the demo and the tests.

It serves a folder of generated files (`generate_cycle delta`) and sees new ones while it runs. Paging by offset and
limit with X-Total-Count and 206, filters of TMF630 (`bill.id=a,b`, `lastUpdate.gt=…`), ETags, a token,
acknowledgements by PUT; and faults that the tests plant.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path
from socketserver import ThreadingMixIn
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qsl
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from portal.demo.delta_records import Records

RESOURCES = ("customerBill", "appliedCustomerBillingRate", "billCycle", "billingAccount", "usage")
_BEARER = "loopback"
_LARGEST_LIMIT = 1000
_TYPE = "application/json;charset=utf-8"


class Fault(StrEnum):
    UNAVAILABLE = "503, and nothing more"
    THROTTLED = "429 with Retry-After"
    FORBIDDEN = "403"
    CUT = "half of the body that was promised"
    BROKEN = "a body that is no JSON"
    SLOW = "a byte now and then"
    HUGE = "a body without end"
    CHANGED_TOTAL = "a total that is one more"
    SHIFTED = "the first record is gone by now"
    HTML = "a page for people"
    ELSEWHERE = "a redirect to another host"
    MISSING = "404"


class Answer(NamedTuple):
    status: HTTPStatus
    headers: dict[str, str]
    body: Iterable[bytes]


class DeltaApi:
    """`settings` is what the environment has to say of it; `requests` what it was asked, for the tests."""

    def __init__(self, folder: Path, *, port: int = 0) -> None:
        self._records = Records(folder)
        self._faults: deque[tuple[str, Fault]] = deque()
        self._server = make_server("127.0.0.1", port, self, _Server, _Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.requests: list[str] = []
        self.acknowledgements: dict[str, bytes] = {}

    @property
    def settings(self) -> dict[str, str]:
        root = f"http://127.0.0.1:{self._server.server_port}/tmf-api"
        return {
            "URL": f"{root}/customerBillManagement/v5",
            "ACCOUNTS_URL": f"{root}/accountManagement/v4",
            "USAGE_URL": f"{root}/usageManagement/v4",
            "TOKEN": _BEARER,
        }

    def plant(self, fault: Fault, *, at: str = "customerBill", times: int = 1) -> None:
        """The next answers about this resource go wrong."""
        self._faults.extend([(at, fault)] * times)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """WSGI."""
        answer = self._answer(environ)
        status = f"{answer.status.value} {answer.status.phrase}"
        start_response(status, list(answer.headers.items()))
        return answer.body

    def _answer(self, environ: dict[str, Any]) -> Answer:
        path, query = str(environ["PATH_INFO"]), str(environ.get("QUERY_STRING", ""))
        self.requests.append(f"{environ['REQUEST_METHOD']} {path}?{query}")
        if environ.get("HTTP_AUTHORIZATION") != f"Bearer {_BEARER}":
            return _plain(HTTPStatus.UNAUTHORIZED)
        *_, parent, last = ["", "", *path.strip("/").split("/")]
        _, is_acknowledgement, name = path.partition("/acknowledgement/")
        if environ["REQUEST_METHOD"] == "PUT" and is_acknowledgement:
            self.acknowledgements[name] = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            return _plain(HTTPStatus.NO_CONTENT)
        if environ["REQUEST_METHOD"] != "GET":
            return _plain(HTTPStatus.METHOD_NOT_ALLOWED)
        if last in RESOURCES:
            answer = self._page(last, dict(parse_qsl(query)), environ.get("HTTP_IF_NONE_MATCH", ""))
            return self._spoilt(last, answer)
        found = self._records.matching(parent, {"id": last}) if parent in RESOURCES else []
        return _json(HTTPStatus.OK, found[0]) if found else _plain(HTTPStatus.NOT_FOUND)

    def _page(self, resource: str, asked: dict[str, str], known: str) -> Answer:
        offset, limit = int(asked.pop("offset", 0)), int(asked.pop("limit", 50))
        asked.pop("fields", "")
        found = self._records.matching(resource, asked)
        page = found[offset : offset + min(limit, _LARGEST_LIMIT)]
        body = b"[" + b",".join(page) + b"]"
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if known == etag:
            return Answer(HTTPStatus.NOT_MODIFIED, {"ETag": etag}, [])
        is_part = offset + len(page) < len(found)
        answer = _json(HTTPStatus.PARTIAL_CONTENT if is_part else HTTPStatus.OK, body)
        counts = {"X-Total-Count": str(len(found)), "X-Result-Count": str(len(page)), "ETag": etag}
        return answer._replace(headers=answer.headers | counts)

    def _spoilt(self, resource: str, answer: Answer) -> Answer:
        if not self._faults or self._faults[0][0] != resource:
            return answer
        _, fault = self._faults.popleft()
        return _SPOILERS[fault](answer)


def _json(status: HTTPStatus, body: bytes) -> Answer:
    return Answer(status, {"Content-Type": _TYPE, "Content-Length": str(len(body))}, [body])


def _plain(status: HTTPStatus, **headers: str) -> Answer:
    return Answer(
        status, {"Content-Length": "0", **{name.replace("_", "-"): text for name, text in headers.items()}}, []
    )


def _cut(answer: Answer) -> Answer:
    body = b"".join(answer.body)
    return answer._replace(body=[body[: len(body) // 2]])


def _broken(answer: Answer) -> Answer:
    body = b"".join(answer.body)[:-2]
    return answer._replace(body=[body], headers=answer.headers | {"Content-Length": str(len(body))})


def _slow(answer: Answer) -> Answer:
    def drops() -> Iterator[bytes]:
        for byte in b"".join(answer.body):
            time.sleep(0.05)
            yield bytes([byte])

    return answer._replace(body=drops())


def _huge(answer: Answer) -> Answer:
    headers = {name: text for name, text in answer.headers.items() if name != "Content-Length"}
    return answer._replace(headers=headers, body=(b" " * (1 << 16) for _ in range(1 << 14)))


def _one_more(answer: Answer) -> Answer:
    total = int(answer.headers["X-Total-Count"]) + 1
    return answer._replace(headers=answer.headers | {"X-Total-Count": str(total)})


def _html(answer: Answer) -> Answer:
    return answer._replace(headers=answer.headers | {"Content-Type": "text/html"})


def _shifted(answer: Answer) -> Answer:
    """As if the first record of the page had gone to another page."""
    body = b"".join(answer.body).partition(b'},{"id":')
    left = b'[{"id":' + body[2] if body[2] else b"[]"
    return answer._replace(body=[left], headers=answer.headers | {"Content-Length": str(len(left))})


_SPOILERS: dict[Fault, Callable[[Answer], Answer]] = {
    Fault.UNAVAILABLE: lambda _: _plain(HTTPStatus.SERVICE_UNAVAILABLE),
    Fault.THROTTLED: lambda _: _plain(HTTPStatus.TOO_MANY_REQUESTS, Retry_After="1"),
    Fault.FORBIDDEN: lambda _: _plain(HTTPStatus.FORBIDDEN),
    Fault.MISSING: lambda _: _plain(HTTPStatus.NOT_FOUND),
    Fault.ELSEWHERE: lambda _: _plain(HTTPStatus.FOUND, Location="http://127.0.0.2:9/customerBill"),
    Fault.CUT: _cut,
    Fault.BROKEN: _broken,
    Fault.SLOW: _slow,
    Fault.HUGE: _huge,
    Fault.CHANGED_TOTAL: _one_more,
    Fault.SHIFTED: _shifted,
    Fault.HTML: _html,
}


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news."""


class _Handler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the tests look at `requests`."""
