"""The records of a Castle extract, as copybooks (formats.md, appendix A). Pure.

The layout is the project's own, in the style of a utility's bill extract. `RECORDS` is all that reader, generator and
raw view know of it; a field goes by record and name, "1700 AMT".
"""

from __future__ import annotations

from billing_sources.readers.copybook import Layout
from billing_sources.readers.pictures import Picture

CODEC = "cp1140"
"""EBCDIC with the euro sign. In cp037, else the same, its byte 9F is the general currency sign."""

_KEY = """
01 RECORD.
   05 REC-TYPE PIC 9(4).
   05 BILL-ID PIC X(12).
   05 PREMISE PIC X(10).
   05 AGREEMENT PIC X(10).
   05 SEGMENT PIC 9(4).
   05 LINE PIC 9(5).
"""
_BODIES = {
    "0010": """
   05 SYSTEM PIC X(8).
   05 BATCH PIC 9(8).
   05 RERUN PIC 9(3).
   05 CYCLE PIC 9(2).
   05 RUN-DATE PIC 9(7).
   05 CCY PIC X(3).
   05 BILL-CNT PIC 9(9).
""",
    "0100": """
   05 ACCT PIC X(10).
   05 PARENT-ACCT PIC X(10).
   05 NAME PIC X(40).
   05 BILL-DT PIC 9(7).
   05 DUE-DT PIC 9(7).
   05 FROM-DT PIC 9(7).
   05 TO-DT PIC 9(7).
   05 TYPE PIC X(2).
   05 PREV-BAL PIC S9(9)V99 COMP-3.
   05 PAYMENTS PIC S9(9)V99 COMP-3.
   05 ADJ PIC S9(9)V99 COMP-3.
   05 CURRENT PIC S9(9)V99 COMP-3.
   05 TOTAL-DUE PIC S9(9)V99 COMP-3.
   05 SCANLINE PIC X(40).
""",
    "0600": """
   05 PAY-DT PIC 9(7).
   05 AMT PIC S9(9)V99.
   05 REF PIC X(20).
""",
    "0900": """
   05 SITE-NAME PIC X(30).
   05 ADDRESS PIC X(60).
   05 COST-CENTER PIC X(12).
""",
    "1100": """
   05 SERVICE-NO PIC X(20).
   05 SVC-TYPE PIC X(4).
   05 START PIC 9(7).
""",
    "1300": """
   05 FROM PIC 9(7).
   05 TO PIC 9(7).
   05 EST-FLAG PIC X.
   05 SEG-AMT PIC S9(9)V99 COMP-3.
""",
    "1700": """
   05 RATE-CLASS PIC X(4).
   05 USOC PIC X(6).
   05 TEXT PIC X(40).
   05 QTY PIC S9(9)V9(3) COMP-3.
   05 RATE PIC S9(5)V9(5) COMP-3.
   05 AMT PIC S9(9)V99 COMP-3.
""",
    "1800": """
   05 AUTH PIC X.
   05 JURIS PIC X(12).
   05 TYPE PIC X(4).
   05 BASE PIC S9(9)V99 COMP-3.
   05 RATE PIC 9(2)V9(5).
   05 AMT PIC S9(7)V99.
   05 INCL PIC X.
""",
    "2400": """
   05 UNIT PIC X(4).
   05 CALLS PIC 9(7).
   05 MINUTES PIC 9(9)V9.
   05 AMT PIC S9(9)V99 COMP-3.
""",
    "3400": """
   05 CODE PIC X(4).
   05 TEXT PIC X(40).
   05 AMT PIC S9(9)V99 SIGN TRAILING SEPARATE.
   05 ORIG-BILL PIC X(12).
""",
    "9990": """
   05 REC-CNT PIC 9(7).
   05 CURRENT PIC S9(11)V99 COMP-3.
""",
    "9999": """
   05 BILL-CNT PIC 9(9).
   05 REC-CNT PIC 9(9).
   05 TOTAL PIC S9(13)V99 COMP-3.
   05 HASH PIC 9(15) COMP-3.
""",
}


class Record:
    """One type of record: its fields by name, each with its offset and picture."""

    def __init__(self, kind: str, body: str) -> None:
        layout = Layout.of(_KEY + body)
        self.kind = kind
        self.size = layout.root.size
        self.fields: dict[str, tuple[int, Picture]] = {name: (at, picture) for name, at, picture in layout.spans()}

    def span(self, name: str, scale: int = 1) -> slice:
        """Where the field stands; with scale 2 in the record's hexadecimal text."""
        at, picture = self.fields[name]
        return slice(at * scale, (at + picture.size) * scale)


RECORDS: dict[str, Record] = {kind: Record(kind, body) for kind, body in _BODIES.items()}
KEY_NAMES = ("REC-TYPE", "BILL-ID", "PREMISE", "AGREEMENT", "SEGMENT", "LINE")


def text_of(record: bytes) -> str:
    """The record's characters, one a byte. LOW-VALUES, a mainframe's word for "nothing here", read as blanks."""
    return record.decode(CODEC).replace("\0", " ")


def kind_of(record: bytes) -> str:
    return text_of(record[:4])
