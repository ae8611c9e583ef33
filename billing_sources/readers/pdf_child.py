"""Run as a script of its own: a PDF on standard input, the XML embedded in it on standard output.

A PDF can be made to loop, to recurse or to unfold without end in more ways than can be foreseen, so it is taken apart
in a process whose memory and time the operating system bounds (`readers.pdf`).
"""

from __future__ import annotations

import resource
import sys

MEMORY_BYTES = 384 << 20
SECONDS = 3
NAMES = ("factur-x.xml", "xrechnung.xml", "zugferd-invoice.xml")  # compared without case
NO_XML, UNREADABLE = 3, 4


def main() -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    try:
        content = _attachment()
    except Exception as error:  # a library that parses hostile input raises anything
        sys.stderr.write(f"{type(error).__name__}: {error}"[:200])
        return UNREADABLE
    if content is None:
        return NO_XML
    sys.stdout.buffer.write(content)
    return 0


def _attachment() -> bytes | None:
    from io import BytesIO

    from pypdf import PdfReader

    reader = PdfReader(BytesIO(sys.stdin.buffer.read()))
    for attachment in reader.attachment_list:
        if str(attachment.name).lower() in NAMES:
            return attachment.content
    return None


if __name__ == "__main__":
    sys.exit(main())
