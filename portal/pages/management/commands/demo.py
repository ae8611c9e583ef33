"""`make demo`: everything on this machine, from nothing to a lived-in portal; Ctrl-C stops what it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal import embedded
from portal.demo import systems
from portal.demo.people import PASSWORD, PERSONAS


class Command(BaseCommand):
    help = "Starts database, broker, workers, beat, the demo's AR partner and the web server."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, **options: Any) -> None:
        processes = Processes()
        starts_servers = not embedded.is_running()
        embedded.ensure()
        _on_interrupt(_interrupt)
        try:
            self._run(processes, options["port"])
        except KeyboardInterrupt:
            self.stdout.write("\nStopping …")
        finally:
            _on_interrupt(signal.SIG_IGN)  # make passes Ctrl-C on a second time
            processes.stop()
            if starts_servers:
                embedded.stop()

    def _run(self, processes: Processes, port: int) -> None:
        self.stdout.write("Tributary demo")
        _manage("prepare_database", "--verbosity", "0")
        if not settings.AR_DIR.exists():
            _manage("make_ar_folders")
        call_command("collectstatic", interactive=False, verbosity=0)
        self._start_systems(processes)
        for name, command in _background().items():
            processes.start(name, command)
        processes.start("seed", [sys.executable, _manage_py(), "seed_demo"], quiet=False)
        processes.attend("seed")
        processes.start("web", _web(port))
        self._print_logins(port)
        processes.attend()

    def _start_systems(self, processes: Processes) -> None:
        """Workers, seed and web are told by the environment where the billing systems are, as anywhere."""
        systems.forget_environment()
        processes.start("demo-systems", [sys.executable, _manage_py(), "run_demo_systems"])
        os.environ.update(systems.environment())

    def _print_logins(self, port: int) -> None:
        self.stdout.write(f"\n  http://127.0.0.1:{port}    password of everybody: {PASSWORD}\n\n")
        for persona in PERSONAS:
            whose = persona.customer or "the carrier"
            self.stdout.write(f"  {persona.email:<26} {persona.name}, {persona.title} ({whose})")
        self.stdout.write(f"\n  Logs: {settings.VAR_DIR / 'log'}    Ctrl-C stops everything.")
        self.stdout.flush()


class Processes:
    """Child processes, each with a log of its own; none outlives us."""

    def __init__(self) -> None:
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: list[str], *, quiet: bool = True) -> None:
        """Quiet ones write to a log, in a session of their own: Ctrl-C is for us, and we end them in order."""
        log = settings.VAR_DIR / "log" / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as file:
            output = file if quiet else None
            self._children[name] = subprocess.Popen(
                command, stdout=output, stderr=output, start_new_session=True, cwd=settings.BASE_DIR
            )

    def attend(self, task: str = "") -> None:
        """Until the task is done, or (without one) until Ctrl-C. Any other that ends by itself is a failure."""
        while True:
            for name, child in self._children.items():
                if child.poll() is not None and (name != task or child.returncode):
                    raise CommandError(f"{name} ended ({child.returncode}); see {settings.VAR_DIR / 'log' / name}.log")
            if task and self._children[task].returncode == 0:
                del self._children[task]
                return
            time.sleep(0.5)

    def stop(self) -> None:
        """In the order they were started, each given time to finish what it is at."""
        for child in self._children.values():
            if child.poll() is None:
                child.terminate()
        for child in self._children.values():
            try:
                child.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)


def _background() -> dict[str, list[str]]:
    celery = [sys.executable, "-m", "celery", "--app", "portal.worker"]
    worker = [*celery, "worker", "--loglevel", "INFO", "-O", "fair", "--without-mingle", "--without-gossip"]
    beat_schedule = str(settings.VAR_DIR / "beat")
    return {
        "worker-ingest": [*worker, "--queues", "ingest", "--concurrency", "2", "--hostname", "ingest@%h"],
        "worker-push": [*worker, "--queues", "push,documents", "--concurrency", "1", "--hostname", "push@%h"],
        "beat": [*celery, "beat", "--loglevel", "INFO", "--schedule", beat_schedule],
        "demo-ar-partner": [sys.executable, _manage_py(), "run_demo_partner"],
    }


def _web(port: int) -> list[str]:
    bind = ["--bind", f"127.0.0.1:{port}", "--workers", "2", "--access-logfile", "-", "--no-control-socket"]
    return [sys.executable, "-m", "gunicorn", "portal.wsgi", *bind]


def _manage(*arguments: str) -> None:
    subprocess.run([sys.executable, _manage_py(), *arguments], check=True)


def _manage_py() -> str:
    return str(Path(settings.BASE_DIR) / "manage.py")


def _on_interrupt(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
