"""What the system must bring that no wheel carries: text shaping for PDFs, a font, and a browser for the tests.

`python -m portal.system_libraries` names what is missing with the one command that installs it; as root on Debian it
runs that command. Without libharfbuzz-subset0 a slip still works and takes 3 to 9 times as long.
"""

from __future__ import annotations

import ctypes.util
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Need:
    package: str
    purpose: str
    is_there: bool


def needs() -> list[Need]:
    return [
        Need("libpango-1.0-0", "PDF slips", _has_library("pango-1.0")),
        Need("libpangoft2-1.0-0", "PDF slips", _has_library("pangoft2-1.0")),
        Need("libharfbuzz-subset0", "fast PDF slips", _has_library("harfbuzz-subset")),
        Need("fonts-inter", "the slips' typeface", _has_font("Inter")),
        Need("chromium", "browser tests and screenshots", shutil.which("chromium") is not None),
        Need("poppler-utils", "PDF checks in the tests", shutil.which("pdftotext") is not None),
    ]


def main() -> int:
    missing = [need for need in needs() if not need.is_there]
    if not missing:
        return 0
    packages = [need.package for need in missing]
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing", ", ".join(packages), flush=True)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update"], ["install", "--no-install-recommends", *packages]):
            subprocess.run(["apt-get", "-qq", "-y", *command], check=True, env=environment, stdout=subprocess.DEVNULL)
        return 0
    for need in missing:
        print(f"missing: {need.package} ({need.purpose})", file=sys.stderr)
    print(f"install with: sudo apt-get install {' '.join(packages)}", file=sys.stderr)
    return 1 if any(need.purpose == "PDF slips" for need in missing) else 0


def _has_library(name: str) -> bool:
    return ctypes.util.find_library(name) is not None


def _has_font(family: str) -> bool:
    if not shutil.which("fc-list"):
        return False
    found = subprocess.run(["fc-list", family], capture_output=True, text=True, check=False)
    return bool(found.stdout.strip())


if __name__ == "__main__":
    raise SystemExit(main())
