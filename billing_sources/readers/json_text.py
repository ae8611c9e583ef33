"""What JSON may say that no text of ours may. Pure."""

from __future__ import annotations

import re

_ESCAPE = rb"\u0000"
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")  # an escaped backslash before "u0000" escapes nothing


def has_nul(text: bytes) -> bool:
    """Whether a string in it holds U+0000, which PostgreSQL's text cannot: in JSON it can only be written escaped."""
    return _ESCAPE in text and _NUL.search(text) is not None
