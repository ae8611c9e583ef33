"""What the sender of a file was told of it, for the carrier's engineers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from billing_sources.models import FileReply, ImportFile
from billing_sources.replies import is_overtaken
from billing_sources.staff.figures import count, instant

TEXT_SHOWN = 4_000  # characters


@dataclass(frozen=True)
class ReplyRow:
    name: str
    word: str
    tone: str
    at: str
    note: str
    text: str
    is_cut: bool


def replies_to(file: ImportFile) -> Iterator[ReplyRow]:
    """Call inside `carrier()`."""
    replies = FileReply.objects.filter(file=file).annotate(is_overtaken=is_overtaken()).order_by("pk")
    for reply in replies:
        word, tone, at, note = _state(reply, reply.is_overtaken)
        text = bytes(reply.content).decode(errors="replace")
        yield ReplyRow(reply.name, word, tone, at, note, text[:TEXT_SHOWN], len(text) > TEXT_SHOWN)


def _state(reply: FileReply, is_overtaken: bool) -> tuple[str, str, str, str]:
    """Word, tone, when and why."""
    if reply.sent_at:
        return "Sent", "good", instant(reply.sent_at), ""
    if is_overtaken:
        return "Not sent", "off", "", "The file was read again before; the answer to that reading is sent."
    if reply.attempts:
        failed = f"{count(reply.attempts, 'attempt')} failed, the last: {reply.last_error}"
        return "Not delivered", "bad", f"next try {instant(reply.next_attempt_at)}", failed
    return "Waiting", "info", instant(reply.written_at), ""
