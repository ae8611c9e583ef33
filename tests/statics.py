"""Static files as in production, with hashed names: collected once for the files as they stand."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import fasteners

from portal.embedded import var_dir

PROJECT = Path(__file__).resolve().parent.parent


def ensure_collected() -> None:
    stamp = var_dir() / "static.digest"
    with fasteners.InterProcessLock(var_dir() / "static.lock"):
        digest = _digest()
        if not stamp.exists() or stamp.read_text() != digest:
            command = [sys.executable, str(PROJECT / "manage.py"), "collectstatic", "--no-input", "--verbosity", "0"]
            subprocess.run(command, check=True, cwd=PROJECT, env=os.environ)
            stamp.write_text(digest)


def _digest() -> str:
    digest = hashlib.sha256()
    for path in sorted((PROJECT / "static").rglob("*.*")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
