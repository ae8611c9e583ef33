"""`make fuzz`: every reader, one after the other, each in a process of its own that the operating system bounds.

    python -m tests.fuzz                 all of them, FUZZ_SECONDS each (default: an hour in all)
    python -m tests.fuzz atlas castle    these alone

What is found is kept in var/fuzz/<reader>/found, named by what went wrong and where; exit 1 if there is anything.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.fuzz.targets import TARGETS

HOUR = 3_600
_FINDS_NOTHING_IN = 5  # seconds: less is no run
_FLAGS = ("-timeout=5", "-rss_limit_mb=512", "-max_len=16384", "-print_final_stats=1", "-verbosity=0", "-len_control=0")


def main(names: list[str]) -> int:
    wanted = names or list(TARGETS)
    seconds = int(os.environ.get("FUZZ_SECONDS", HOUR // len(wanted)))
    for name in wanted:
        _fuzz(name, seconds)
    found = [path for name in wanted for path in sorted((folder(name) / "found").iterdir())]
    for path in found:
        print(f"FOUND {path}")
    return 1 if found else 0


def folder(name: str) -> Path:
    return Path(os.environ.get("TRIBUTARY_VAR", "var")) / "fuzz" / name


def _fuzz(name: str, seconds: int) -> None:
    """An input that hangs or eats memory ends the process: it is kept, and the rest of the time is used."""
    for part in ("seeds", "grown", "found"):
        (folder(name) / part).mkdir(parents=True, exist_ok=True)
    for at, seed in enumerate(TARGETS[name].seeds()):
        (folder(name) / "seeds" / f"{at}").write_bytes(seed)
    end = time.monotonic() + seconds
    while (left := int(end - time.monotonic())) > _FINDS_NOTHING_IN:
        command = [sys.executable, "-m", "tests.fuzz.one", name, f"-max_total_time={left}", *_FLAGS]
        command += [f"-artifact_prefix={folder(name)}/found/", f"{folder(name)}/grown", f"{folder(name)}/seeds"]
        print(f"{name}: {left} s", flush=True)
        subprocess.run(command, check=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
