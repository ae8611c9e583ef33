"""Bills by SFTP, from a real server that may be slow, broken or hostile."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from billing_sources import night, runs
from billing_sources.models import ImportRun, RawDocument
from billing_sources.transports import NotReached, Payload, Place, Sftp
from portal.demo.carrier_sftp import CarrierSftp
from portal.tenancy import ingest
from tests.billing_sources.bills import Desk, cycle_file, files_of, invoices

BILLS = Sftp("atlas/out", ("*.x12",), answers="atlas/in")
BIG = 3 << 20


class Server(asyncssh.SFTPServer):
    """An honest server below `root`, which notes what is opened."""

    opened: list[bytes]

    def __init__(self, channel: Any, root: Path) -> None:
        super().__init__(channel, chroot=str(root).encode())

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> Any:
        self.opened.append(path)
        return super().open(path, pflags, attrs)


class Hostile(Server):
    """Lists names that lead elsewhere."""

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        attrs = asyncssh.SFTPAttrs(type=asyncssh.FILEXFER_TYPE_REGULAR, size=1, mtime=1, permissions=0o100644)
        for name in (b"../evil.x12", b"/etc/evil.x12", b"a\nb.x12", b"..\\e.x12", b"\xff.x12", b".h.x12", b"x" * 250):
            yield asyncssh.SFTPName(name, attrs=attrs)
        async for entry in super().scandir(path):
            yield entry


class Cut(Server):
    """Loses the connection in the midst of a file."""

    def read(self, file_obj: Any, offset: int, size: int) -> Any:
        if offset > BIG // 2:
            self.channel.get_connection().abort()
        return super().read(file_obj, offset, size)


class Short(Server):
    """Says that a file ends before it does."""

    def read(self, file_obj: Any, offset: int, size: int) -> Any:
        return b"" if offset else b"I" * 10


class Silent(Server):
    """Takes a request to read and never answers."""

    async def read(self, file_obj: Any, offset: int, size: int) -> Any:
        await asyncio.sleep(30)


class ReadOnly(Server):
    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> Any:
        if pflags & asyncssh.FXF_WRITE:
            raise asyncssh.SFTPPermissionDenied("read-only")
        return super().open(path, pflags, attrs)


Serve = Callable[..., CarrierSftp]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("atlas/out", "atlas/in"):
        (tmp_path / "carrier" / folder).mkdir(parents=True)
    return tmp_path / "carrier"


@pytest.fixture
def serve(root: Path) -> Iterator[Serve]:
    servers: list[CarrierSftp] = []

    def started(kind: type[Server] = Server) -> CarrierSftp:
        kind.opened = []
        server = CarrierSftp(root, sftp_factory=partial(kind, root=root)).__enter__()
        servers.append(server)
        return server

    yield started
    for server in servers:
        server.__exit__()


def place(server: CarrierSftp, **settings: str) -> Place:
    return Place(Path("/nowhere"), {**server.settings, **settings})


def names(payloads: Iterator[Payload]) -> list[str]:
    return [payload.name for payload in payloads]


def test_a_server_with_another_key_than_the_pinned_one_is_told_nothing(serve: Serve) -> None:
    other = serve().settings["HOST_KEY"]
    with pytest.raises(NotReached, match="host key is not one of those pinned"):
        names(BILLS.fetch(place(serve(), HOST_KEY=other)))


def test_without_a_pinned_key_nobody_is_connected_to(serve: Serve) -> None:
    for said in ("", " , "):
        with pytest.raises(NotReached, match="HOST_KEY"):
            names(BILLS.fetch(place(serve(), HOST_KEY=said)))
    settings = {name: value for name, value in serve().settings.items() if name != "HOST_KEY"}
    with pytest.raises(NotReached, match="does not say HOST_KEY"):
        names(BILLS.fetch(Place(Path("/nowhere"), settings)))


def test_one_of_several_pinned_keys_suffices(serve: Serve) -> None:
    server, other = serve(), serve()
    keys = f"{other.settings['HOST_KEY']}, {server.settings['HOST_KEY']}"
    assert names(BILLS.fetch(place(server, HOST_KEY=keys))) == []


def test_a_wrong_password_is_told_without_repeating_it(serve: Serve) -> None:
    with pytest.raises(NotReached, match="PermissionDenied") as refusal:
        names(BILLS.fetch(place(serve(), PASSWORD="hunter2")))
    assert "hunter2" not in str(refusal.value)


def test_a_password_has_no_place_in_the_address(serve: Serve) -> None:
    with pytest.raises(NotReached, match="without a password") as refusal:
        names(BILLS.fetch(place(serve(), URL="sftp://me:hunter2@127.0.0.1/")))
    assert "hunter2" not in str(refusal.value)


def test_names_that_lead_elsewhere_are_left_out(serve: Serve, root: Path) -> None:
    (root / "atlas/out/good.x12").write_bytes(b"ISA")
    (root / "atlas/out/link.x12").symlink_to(root / "atlas/out/good.x12")
    (root / "atlas/out/folder.x12").mkdir()
    assert names(BILLS.fetch(place(serve(Hostile)))) == ["good.x12"]


def test_a_file_that_became_a_link_is_not_followed(serve: Serve, root: Path) -> None:
    (root / "atlas/out/a.x12").write_bytes(b"ISA")
    (payload,) = BILLS.fetch(place(serve()))
    (root / "atlas/out/a.x12").rename(root / "elsewhere")
    (root / "atlas/out/a.x12").symlink_to(root / "elsewhere")
    with pytest.raises(NotReached, match="changed since it was listed"):
        payload.open()


def test_an_upload_that_grows_is_left_until_it_stands_still(serve: Serve, root: Path) -> None:
    settled = Sftp("atlas/out", ("*.x12",), settle_seconds=0.4)
    (root / "atlas/out/whole.x12").write_bytes(b"ISA")
    (root / "atlas/out/named.x12.part").write_bytes(b"ISA")
    stop = threading.Event()

    def grow() -> None:
        with (root / "atlas/out/grows.x12").open("ab", buffering=0) as file:
            while not stop.wait(0.02):
                file.write(b"ISA")

    writer = threading.Thread(target=grow)
    writer.start()
    time.sleep(0.1)
    try:
        assert names(settled.fetch(place(serve()))) == ["whole.x12"]
    finally:
        stop.set()
        writer.join()
    assert names(settled.fetch(place(serve()))) == ["grows.x12", "whole.x12"]


def test_a_file_waits_for_its_marker_and_brings_its_control_file(serve: Serve, root: Path) -> None:
    marked = Sftp("atlas/out", ("*.x12",), control=".ctl", done=".done")
    for name in ("a.x12", "a.x12.ctl", "a.x12.done", "b.x12", "b.x12.ctl", "c.x12", "c.x12.done"):
        (root / "atlas/out" / name).write_bytes(name.encode())
    (payload,) = marked.fetch(place(serve()))
    assert (payload.name, payload.control) == ("a.x12", b"a.x12.ctl")


def test_a_whole_file_comes_byte_by_byte(serve: Serve, root: Path) -> None:
    content = bytes(range(256)) * (BIG // 256)
    (root / "atlas/out/a.x12").write_bytes(content)
    (payload,) = BILLS.fetch(place(serve()))
    with payload.open() as stream:
        assert stream.read() == content


@pytest.mark.parametrize(("kind", "why"), [(Cut, "ConnectionLost"), (Short, "10 came"), (Silent, "TimeoutError")])
def test_a_file_that_does_not_come_whole_does_not_come(serve: Serve, root: Path, kind: type[Server], why: str) -> None:
    (root / "atlas/out/a.x12").write_bytes(b"I" * BIG)
    (payload,) = BILLS.fetch(place(serve(kind), TIMEOUT="1"))
    with pytest.raises(NotReached, match=why):
        payload.open()


def test_an_answer_is_put_whole_and_put_again(serve: Serve, root: Path) -> None:
    there = place(serve())
    for content in (b"first", b"second"):
        BILLS.deliver(there, "a.x12.997", content)
    assert [path.name for path in (root / "atlas/in").iterdir()] == ["a.x12.997"]
    assert (root / "atlas/in/a.x12.997").read_bytes() == b"second"


def test_an_answer_to_a_folder_that_may_not_be_written_says_so(serve: Serve) -> None:
    with pytest.raises(NotReached, match="atlas/in/a.997.*PermissionDenied"):
        BILLS.deliver(place(serve(ReadOnly)), "a.997", b"TA1")
    with pytest.raises(NotReached, match="cannot be the name"):
        BILLS.deliver(place(serve()), "../a.997", b"TA1")


@pytest.fixture
def nightly(database: str, desk: Desk, root: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ImportRun]:
    """A night of atlas against a server, with the night's bills on it."""
    desk.write(cycle_file()).rename(root / "atlas/out/A3.x12")

    def night_with(server: CarrierSftp, **settings: str) -> ImportRun:
        for name, value in {**server.settings, **settings}.items():
            monkeypatch.setenv(f"TRIBUTARY_ATLAS_{name}", value)
        run = runs.start(runs.billing_system("atlas"), ImportRun.Trigger.NIGHTLY, datetime.now(UTC))
        night.work_on(run.pk)
        with ingest():
            return ImportRun.objects.get(pk=run.pk)

    return night_with


def test_a_night_takes_what_the_server_has_and_the_next_does_not_fetch_it_again(
    nightly: Callable[..., ImportRun], serve: Serve, root: Path
) -> None:
    server = serve()
    first = nightly(server)
    assert (first.state, first.failure, [file.state for file in files_of(first)]) == ("finished", "", ["published"])
    second = nightly(server)
    assert (second.state, files_of(second)) == ("finished", [])
    assert Server.opened == [b"/atlas/out/A3.x12"]
    (root / "atlas/out/A3.x12").touch()
    third = nightly(server)
    assert [file.state for file in files_of(third)] == ["seen"]
    assert Server.opened == [b"/atlas/out/A3.x12"] * 2


def test_a_connection_cut_in_a_file_leaves_nothing_and_the_next_night_takes_it(
    nightly: Callable[..., ImportRun], serve: Serve, root: Path, settings: Any
) -> None:
    (root / "atlas/out/A0.x12").write_bytes(b"I" * BIG)
    failed = nightly(serve(Cut))
    assert failed.state == "failed"
    assert "A0.x12" in failed.failure and "ConnectionLost" in failed.failure
    with ingest():
        assert RawDocument.objects.count() == 0
    assert [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()] == []
    (root / "atlas/out/A0.x12").unlink()
    assert nightly(serve()).state == "finished"
    assert invoices()


def test_a_server_that_is_down_fails_the_run_with_its_reason(nightly: Callable[..., ImportRun], serve: Serve) -> None:
    run = nightly(serve(), URL="sftp://tributary@127.0.0.1:1/", TIMEOUT="2")
    assert run.state == "failed"
    assert "sftp://tributary@127.0.0.1:1" in run.failure and "ConnectionRefused" in run.failure
