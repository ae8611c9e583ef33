"""What goes beside a Castle extract: its control file in, its acknowledgement out. Pure. Lines of NAME=value."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import BinaryIO

from billing_sources.adapter import Outcome, Reply
from billing_sources.canonical import ControlTotals, FileRejected, Issue

_LINE = re.compile(r"([A-Z0-9]+)=(\S+)")
_SHAPES = {"BILLS": r"\d{1,9}", "RECORDS": r"\d{1,9}", "TOTAL": r"-?\d{1,13}\.\d\d", "SHA256": r"[0-9a-fA-F]{64}"}


def read_control(content: bytes) -> ControlTotals:
    """Raises `FileRejected` for a control file that does not say all four."""
    said = dict(_LINE.findall(content.decode("ascii", "replace")))
    for name, shape in _SHAPES.items():
        if not re.fullmatch(shape, said.get(name, ""), re.ASCII):
            found = said.get(name, "nothing")[:80]
            raise FileRejected(Issue("CONTROL-07", ".ctl", name, "one line NAME=value", found))
    return ControlTotals(int(said["BILLS"]), Decimal(said["TOTAL"]), int(said["RECORDS"]), said["SHA256"].lower())


def written(totals: ControlTotals) -> bytes:
    """The same as a control file."""
    lines = (f"BILLS={totals.bills}", f"RECORDS={totals.records}", f"TOTAL={totals.amount}", f"SHA256={totals.sha256}")
    return "".join(f"{line}\n" for line in lines).encode("ascii")


def acknowledge(_stream: BinaryIO, outcome: Outcome) -> list[Reply]:
    """`NAME.ack`: whether the file was taken, with the counts the mainframe compares with its own."""
    lines = [
        f"FILE={outcome.name}",
        f"STATUS={'ACCEPTED' if outcome.is_accepted else 'REJECTED'}",
        f"BILLS={outcome.bills}",
        f"TOTAL={outcome.amount:f}",
        f"HELD={outcome.held}",
        f"AT={outcome.ended_at:%Y-%m-%dT%H:%M:%SZ}",
        *(f"ISSUE={issue.rule} {issue.number or '-'} {issue.position}" for issue in outcome.issues),
    ]
    return [Reply(f"{outcome.name}.ack", "".join(f"{line}\n" for line in lines).encode("ascii", "replace"))]
