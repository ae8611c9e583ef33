"""Bills from a folder that a billing system, or whatever syncs its files, writes into."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from billing_sources import archive, runs
from billing_sources.transports import NotReached, Payload, Place, S3Prefix, Sftp, WatchedFolder
from billing_sources.transports.drop import LONGEST_NAME, is_safe
from tests.billing_sources.bills import Desk


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "castle/out").mkdir(parents=True)
    return tmp_path / "castle/out"


def names(transport: WatchedFolder | Sftp | S3Prefix, tmp_path: Path) -> list[str]:
    return [payload.name for payload in transport.fetch(Place(tmp_path))]


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../a",
        "a/b",
        "a\\b",
        "/a",
        ".a",
        " a",
        "a ",
        "a\n",
        "a\x00b",
        "a\u202eb",
        "a" * (LONGEST_NAME + 1),
    ],
)
def test_a_name_that_could_be_anything_else_is_refused(name: str, tmp_path: Path) -> None:
    assert not is_safe(name)
    with pytest.raises(NotReached):
        WatchedFolder("castle/out", ("*",)).deliver(Place(tmp_path), name, b"")
    assert list(tmp_path.iterdir()) == []


def test_ordinary_names_are_safe() -> None:
    assert all(map(is_safe, ("A3-20261120.x12", "Fakturor mars (2).xml", "öre.csv", "a" * LONGEST_NAME)))


def test_a_file_waits_for_its_control_file_and_its_marker(folder: Path, tmp_path: Path) -> None:
    marked = WatchedFolder("castle/out", ("*.dat",), control=".ctl", done=".done")
    for name in ("a.dat", "b.dat", "b.dat.ctl", "c.dat", "c.dat.done", "d.dat", "d.dat.ctl", "d.dat.done"):
        (folder / name).write_text(name)
    (payload,) = marked.fetch(Place(tmp_path))
    assert (payload.name, payload.control) == ("d.dat", b"d.dat.ctl")
    assert marked.describe() == "watched folder castle/out/ (*.dat, each with its .ctl and .done)"


def test_unfinished_files_links_and_folders_are_left_out(folder: Path, tmp_path: Path) -> None:
    for name in ("a.dat", "b.dat.part", "b.dat.tmp", "c.csv"):
        (folder / name).write_text(name)
    (folder / "link.dat").symlink_to(folder / "a.dat")
    (folder / "folder.dat").mkdir()
    assert names(WatchedFolder("castle/out", ("*.dat", "*.tmp")), tmp_path) == ["a.dat"]


def test_a_file_that_grows_while_we_look_is_left(folder: Path, tmp_path: Path) -> None:
    settled = WatchedFolder("castle/out", ("*.dat",), settle_seconds=0.2)
    (folder / "whole.dat").write_text("whole")
    stop = threading.Event()

    def grow() -> None:
        with (folder / "grows.dat").open("ab", buffering=0) as file:
            while not stop.wait(0.01):
                file.write(b"more")

    writer = threading.Thread(target=grow)
    writer.start()
    time.sleep(0.05)
    try:
        assert names(settled, tmp_path) == ["whole.dat"]
    finally:
        stop.set()
        writer.join()
    assert names(settled, tmp_path) == ["grows.dat", "whole.dat"]


def test_without_an_address_a_remote_system_is_taken_from_the_folder_of_its_name(folder: Path, tmp_path: Path) -> None:
    (folder / "a.dat").write_text("synced")
    for remote in (
        Sftp("castle/out", ("*.dat",), answers="castle/in"),
        S3Prefix("castle/out", ("*.dat",), answers="castle/in"),
    ):
        assert names(remote, tmp_path) == ["a.dat"]
        remote.deliver(Place(tmp_path), "a.ack", b"1")
        assert (tmp_path / "castle/in/a.ack").read_bytes() == b"1"


def test_bytes_that_are_known_leave_no_second_copy(desk: Desk, settings: Any, now: Any) -> None:
    system = runs.billing_system("atlas")
    (desk.folder / "a.x12").write_bytes(b"ISA")
    opened = 0

    def opener() -> Any:
        nonlocal opened
        opened += 1
        return (desk.folder / "a.x12").open("rb")

    payload = Payload("a.x12", opener)
    first, again = archive.keep(payload, system, now), archive.keep(payload, system, now)
    assert (first.pk, opened) == (again.pk, 2)
    kept = [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]
    assert [path.name for path in kept] == [first.sha256]


@pytest.mark.parametrize("text", ["soon", "nan", "-1", "0", "1.5", "", "٣"])
def test_a_time_out_that_is_no_number_of_seconds_is_told_as_such(text: str) -> None:
    with pytest.raises(NotReached, match="TIMEOUT has to be a number of seconds"):
        Place(Path("nowhere"), {"TIMEOUT": text}).seconds("TIMEOUT", 60)


def test_a_time_out_that_nobody_set_is_the_usual_one() -> None:
    assert Place(Path("nowhere")).seconds("TIMEOUT", 60) == 60
    assert Place(Path("nowhere"), {"TIMEOUT": "5"}).seconds("TIMEOUT", 60) == 5
