"""The carrier's six billing systems on this machine: what they wrote lies in folders, and servers hand it out.

Atlas by SFTP, boreal from S3, delta over REST, ferry by SQL; castle and echo write into watched folders. All listen on
loopback ports and are labelled as the demo's own.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
from django.conf import settings
from psycopg.conninfo import make_conninfo

from billing_sources.generator import GeneratedFile
from portal.demo import ferry_database
from portal.demo.carrier_s3 import BUCKET, CarrierS3, client_of
from portal.demo.carrier_sftp import CarrierSftp
from portal.demo.delta_api import DeltaApi

FERRY_DATABASE = "tributary_demo_ferry"
_WATCHED = frozenset({"castle", "echo"})
_ACCESS = ("ENDPOINT", "ACCESS_KEY", "SECRET_KEY", "REGION")
_PATIENCE = 60  # seconds for the servers to listen


def folder_of(system: str) -> Path:
    """Where a system's files lie: for those that write into a watched folder, that one."""
    root = Path(settings.INBOUND_DIR) if system in _WATCHED else _root()
    return root / system / "out"


def publish(files: Iterable[GeneratedFile], system: str) -> list[str]:
    """Let a system bring these files out, by the way that is its own. Their names."""
    names = [generated.write_into(folder_of(system)).name for generated in files]
    for name in names:
        _bring_out(folder_of(system) / name, system)
    return names


def serve_forever() -> None:
    """Serve until the process is stopped. What the environment has to say of it is written for `environment`."""
    with serving() as said:
        unfinished = _settings_path().with_suffix(".part")
        unfinished.write_text(json.dumps(said))
        unfinished.replace(_settings_path())
        while True:
            time.sleep(3600)


@contextmanager
def serving() -> Iterator[dict[str, str]]:
    """All servers; yields `TRIBUTARY_<SYSTEM>_<NAME>` for each of their settings."""
    folder_of("delta").mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        sftp = stack.enter_context(CarrierSftp(_root()))
        s3 = stack.enter_context(CarrierS3())
        for path in _files("boreal"):
            s3.client.upload_file(str(path), BUCKET, _key(path))
        delta = stack.enter_context(DeltaApi(folder_of("delta")))
        said = {"atlas": sftp.settings, "boreal": s3.settings, "delta": delta.settings, "ferry": {"URL": _ferry()}}
        yield {f"TRIBUTARY_{key.upper()}_{name}": text for key, each in said.items() for name, text in each.items()}


def forget_environment() -> None:
    """Before the servers start: what an earlier start wrote is of ports that are gone."""
    _root().mkdir(parents=True, exist_ok=True)
    _settings_path().unlink(missing_ok=True)


def environment() -> Mapping[str, str]:
    """What the servers said, once they listen. Raises TimeoutError."""
    deadline = time.monotonic() + _PATIENCE
    while not _settings_path().exists():
        if time.monotonic() > deadline:
            raise TimeoutError("the demo's billing systems did not start")
        time.sleep(0.1)
    said: dict[str, str] = json.loads(_settings_path().read_text())
    return said


def _bring_out(path: Path, system: str) -> None:
    if system == "boreal":
        said = {name: os.environ[f"TRIBUTARY_BOREAL_{name}"] for name in _ACCESS}
        client_of(said).upload_file(str(path), BUCKET, _key(path))
    if system == "ferry":
        with psycopg.connect(_ferry_owner()) as owner, path.open("rb") as payload:
            ferry_database.fill(owner, payload)
            ferry_database.let_read(owner)


def _ferry() -> str:
    """The address of ferry's database for those who read it; made on the first start."""
    with psycopg.connect(make_conninfo(_server(), dbname="postgres")) as admin:
        is_there = admin.execute("SELECT FROM pg_database WHERE datname = %s", [FERRY_DATABASE]).fetchone()
    if not is_there:
        return ferry_database.create(_server(), FERRY_DATABASE)
    return make_conninfo(_server(), dbname=FERRY_DATABASE, user=ferry_database.READER)


def _ferry_owner() -> str:
    return make_conninfo(_server(), dbname=FERRY_DATABASE)


def _server() -> str:
    return os.environ["DATABASE_URL"]


def _root() -> Path:
    return Path(settings.VAR_DIR) / "systems"


def _settings_path() -> Path:
    return _root() / "settings.json"


def _files(system: str) -> list[Path]:
    return sorted(folder_of(system).glob("*")) if folder_of(system).is_dir() else []


def _key(path: Path) -> str:
    return f"boreal/out/{path.name}"
