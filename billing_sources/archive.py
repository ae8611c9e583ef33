"""Archive: the bytes of a bill file, kept by their sha256 before anything interprets them."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterator
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
    digest, size = hashlib.sha256(), 0
    with payload.open() as stream:
        for chunk in _chunks(stream):
            digest.update(chunk)
            size += len(chunk)
    return Fingerprint(digest.hexdigest(), size)


def keep(payload: Payload, system: BillingSystem, now: datetime) -> RawDocument:
    """The document with these bytes; they are on disk before its row is. Known bytes are read, not written again."""
    print_ = fingerprint(payload)
    if not default_storage.exists(_name(print_.sha256)):
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


def open_document(document: RawDocument) -> BinaryIO:
    return cast(BinaryIO, default_storage.open(_name(document.sha256)))


def _name(sha256: str) -> str:
    return f"raw/{sha256[:2]}/{sha256}"


def _store(payload: Payload) -> Fingerprint:
    """Copy under a temporary name and rename once all bytes are on disk; named by what was really copied."""
    digest, size = hashlib.sha256(), 0
    unfinished = Path(default_storage.path(f"raw/{uuid.uuid4()}.part"))
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    with payload.open() as source, unfinished.open("wb") as target:
        for chunk in _chunks(source):
            digest.update(chunk)
            size += len(chunk)
            target.write(chunk)
        target.flush()
        os.fsync(target.fileno())
    final = Path(default_storage.path(_name(digest.hexdigest())))
    final.parent.mkdir(parents=True, exist_ok=True)
    unfinished.replace(final)
    _sync_folder(final.parent)
    return Fingerprint(digest.hexdigest(), size)


def _sync_folder(folder: Path) -> None:
    """The rename itself must survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: stream.read(CHUNK_BYTES), b"")
