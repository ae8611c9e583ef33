"""Files that people attach: judged by their content, kept by their sha256, given back as downloads (invariants §5.5).

A name is cleaned and shown, and is never a path. Nothing of a file is opened but the directory of a workbook.
"""

from __future__ import annotations

import re
from typing import Any, Final, cast

from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, HttpRequest, HttpResponse

from billing_sources.archive import keep_bytes, open_bytes
from payments.domain.refusals import Refused, Rule, refuse
from payments.models import DisputeFile
from payments.operations.dispute_ledger import Evidence
from payments.workbooks.reading import check_archive

LARGEST_BYTES: Final = 10 << 20
MOST_FILES: Final = 5
LONGEST_NAME: Final = 120
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_BEGINNINGS: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)
_NOT_IN_NAMES: Final = re.compile(r"[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def kept_evidence(request: HttpRequest) -> tuple[Evidence, ...]:
    """The posted files, their bytes kept. Raises `Refused` before any of them is, if one is not what it may be."""
    files = [file for file in request.FILES.getlist("evidence") if isinstance(file, UploadedFile)]
    if len(files) > MOST_FILES:
        raise refuse(Rule.TOO_LARGE, f"At most {MOST_FILES} files at a time.")
    read = [_read(file) for file in files]
    return tuple(Evidence(name, kind, len(body), keep_bytes(body).sha256) for name, kind, body in read)


def download_of(file: DisputeFile) -> HttpResponse:
    """As an attachment, never shown by the portal's own pages."""
    answer = FileResponse(
        open_bytes(file.sha256), as_attachment=True, filename=file.name, content_type=file.content_type
    )
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return cast(HttpResponse, answer)  # the stubs know a streamed answer under another class


def clean_name(name: str) -> str:
    last = re.split(r"[/\\]", name)[-1]
    return _NOT_IN_NAMES.sub("", last).strip(" .")[-LONGEST_NAME:] or "file"


def kind_of(body: bytes) -> str:
    """The content type that the bytes themselves tell; "" for what is not taken."""
    for beginning, kind in _BEGINNINGS:
        if body.startswith(beginning):
            return kind
    if body.startswith(b"PK\x03\x04"):
        return _XLSX if _is_workbook(body) else ""
    return "text/plain; charset=utf-8" if _is_text(body) else ""


def _read(file: UploadedFile[Any]) -> tuple[str, str, bytes]:
    name = clean_name(file.name or "")
    if not file.size or file.size > LARGEST_BYTES:
        limit = LARGEST_BYTES // 1024 // 1024
        raise refuse(Rule.TOO_LARGE, f"“{name}” is empty or larger than {limit} MB.")
    body = file.read()
    kind = kind_of(body)
    if not kind:
        raise refuse(Rule.EVIDENCE, f"“{name}” is no PDF, PNG, JPEG, Excel workbook (.xlsx) or plain text.")
    return name, kind, body


def _is_workbook(body: bytes) -> bool:
    try:
        check_archive(body)
    except Refused:
        return False
    return True


def _is_text(body: bytes) -> bool:
    try:
        return "\0" not in body.decode("utf-8")
    except UnicodeDecodeError:
        return False
