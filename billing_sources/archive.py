"""Archive: the bytes of a bill file, kept by their sha256 before anything interprets them."""

from __future__ import annotations

import hashlib
import io
import os
import uuid
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from django.core.files.storage import default_storage

from billing_sources.models import BillingSystem, RawDocument
from billing_sources.transports import Payload
from portal.tenancy import ingest

CHUNK_BYTES = 1 << 20


class Fingerprint(NamedTuple):
    sha256: str
    size: int


def fingerprint(payload: Payload) -> Fingerprint:
    """Read through once; nothing is kept."""
    with payload.open() as stream:
        return _read_through(stream, len)


def keep(payload: Payload, system: BillingSystem, now: datetime) -> RawDocument:
    """The document with these bytes, read once; they are on disk before its row is. Nothing is left of a failure."""
    print_ = _store(payload)
    with ingest():
        document, _ = RawDocument.objects.get_or_create(
            system=system,
            sha256=print_.sha256,
            defaults={
                "name": payload.name,
                "size": print_.size,
                "control": payload.control,
                "mark": payload.mark,
                "received_at": now,
            },
        )
    return document


def keep_bytes(body: bytes) -> Fingerprint:
    """Bytes that came from a person, such as evidence; they are on disk once this returns."""
    return _store(Payload("", lambda: io.BytesIO(body)))


def clear_unfinished(before: datetime) -> int:
    """Copies that a killed worker left half-made before this time; how many. Nothing refers to them."""
    left = Path(default_storage.path("raw")).glob("*.part")
    old = [path for path in left if path.stat().st_mtime < before.timestamp()]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def open_document(document: RawDocument) -> BinaryIO:
    return open_bytes(document.sha256)


def open_bytes(sha256: str) -> BinaryIO:
    """Raises FileNotFoundError."""
    return cast(BinaryIO, default_storage.open(_name(sha256)))


def _name(sha256: str) -> str:
    return f"raw/{sha256[:2]}/{sha256}"


def _store(payload: Payload) -> Fingerprint:
    """Copy under a temporary name; renamed by what was really copied if that is new, deleted if it is known."""
    unfinished = Path(default_storage.path(f"raw/{uuid.uuid4()}.part"))
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    try:
        with payload.open() as source, unfinished.open("wb") as target:
            print_ = _read_through(source, target.write)
            final = Path(default_storage.path(_name(print_.sha256)))
            if not final.exists():
                target.flush()
                os.fsync(target.fileno())
                _rename(unfinished, final)
    finally:
        unfinished.unlink(missing_ok=True)
    return print_


def _read_through(stream: BinaryIO, take: Callable[[bytes], object]) -> Fingerprint:
    digest, size = hashlib.sha256(), 0
    for chunk in iter(lambda: stream.read(CHUNK_BYTES), b""):
        digest.update(chunk)
        size += len(chunk)
        take(chunk)
    return Fingerprint(digest.hexdigest(), size)


def _rename(unfinished: Path, final: Path) -> None:
    final.parent.mkdir(parents=True, exist_ok=True)
    unfinished.replace(final)
    _sync_folder(final.parent)


def _sync_folder(folder: Path) -> None:
    """The rename itself must survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
