"""The real processes around one test: web server, workers, beat and AR's partner, each started when it is asked for.

They share the test's database, its folders and a Valkey database of their own, and none of them outlives the test.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit, urlunsplit

import pytest
import redis

PROJECT = Path(__file__).resolve().parent.parent
PATIENCE = 90  # seconds; a story that waits longer for one thing has failed
T = TypeVar("T")


def eventually(look: Callable[[], T], what: str, seconds: float = PATIENCE) -> T:
    """What `look` finds as soon as it is true; asks again and again, and gives up loudly."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds:g} s still not: {what}")
        time.sleep(0.1)
    return found


@dataclass
class Stack:
    """`var` is the folder of everything written; processes read their settings from `environment`."""

    var: Path
    environment: dict[str, str]
    broker: redis.Redis
    _children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def web(self) -> str:
        """Start the portal, logged in to the database as `tributary_web`; its address."""
        self.start(
            "web", "-m", "gunicorn", "portal.wsgi", "--bind", "127.0.0.1:0", "--threads", "2", "--access-logfile", "-"
        )
        return eventually(self._address, "the web server listens")

    def jobs(self, beats: int = 1) -> None:
        """Start a worker for every queue, and beat on a schedule of seconds."""
        self.start(
            "worker", *_CELERY, "worker", *_EVERY_QUEUE, "--concurrency", "2", "--without-mingle", "--without-gossip"
        )
        for number in range(1, beats + 1):
            own = str(self.var / f"beat-{number}")
            self.start(f"beat-{number}", *_BEAT, "--schedule", own, "--pidfile", f"{own}.pid")

    def ar(self) -> None:
        """Let AR's partner answer what lies in the drop folder."""
        self.start("ar", "manage.py", "run_demo_partner", "--every", "0.2")

    def start(self, name: str, *arguments: str) -> None:
        with self.log(name).open("ab") as log:
            self._children[name] = subprocess.Popen(
                [sys.executable, *arguments],
                stdout=log,
                stderr=log,
                cwd=PROJECT,
                env=self.environment,
                start_new_session=True,
            )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command of manage.py, to its end."""
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=PROJECT, env=self.environment, capture_output=True, text=True)

    def log(self, name: str) -> Path:
        return self.var / f"{name}.log"

    def kill(self, *names: str) -> None:
        """End these processes, or all of them, with everything that they started, and without a farewell."""
        ending = [self._children.pop(name) for name in names or tuple(self._children)]
        for child in ending:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()

    def _address(self) -> str:
        found = re.search(r"Listening at: (http://[0-9.:]+)", self.log("web").read_text())
        return found[1] if found else ""


_GUNICORN = ("-m", "gunicorn", "portal.wsgi", "--no-control-socket")
_CELERY = ("-m", "celery", "--app", "tests.fast_celery")
_BEAT = (*_CELERY, "beat", "--loglevel", "INFO")
_EVERY_QUEUE = ("--queues", "ingest,push,documents", "--without-mingle", "--without-gossip")


@pytest.fixture
def stack(database: str, tmp_path: Path, worker_id: str) -> Iterator[Stack]:
    """Nothing runs yet: a story starts what it needs."""
    from django.conf import settings

    from remittance.connector import x12_820

    broker_url = _broker_of(worker_id)
    (tmp_path / "static").symlink_to(settings.STATIC_ROOT)
    x12_820().folders.make()
    environment = {
        **os.environ,
        "DATABASE_URL": database,
        "REDIS_URL": broker_url,
        "TRIBUTARY_VAR": str(tmp_path),
        "TRIBUTARY_ROLE": "tributary_worker",
        "SECRET_KEY": settings.SECRET_KEY,
    }
    stack = Stack(tmp_path, environment, redis.Redis.from_url(broker_url))
    stack.broker.flushdb()
    yield stack
    stack.kill()


def _broker_of(worker_id: str) -> str:
    """A Valkey database for each process that runs tests, beside the application's own."""
    number = int(re.sub(r"\D", "", worker_id) or 0) + 1
    return urlunsplit(urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{number}"))
