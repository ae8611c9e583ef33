"""Files that were made to do harm, by system, each with the rules of which one must say so."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import NamedTuple

from tests.billing_sources.boreal_texts import DECLARED, ubl, ubl_line, ubl_totals
from tests.billing_sources.castle_texts import bill as castle_bill
from tests.billing_sources.castle_texts import charge as castle_charge
from tests.billing_sources.castle_texts import extract
from tests.billing_sources.echo_texts import HARBOR, HEADER, statements
from tests.billing_sources.jbilling_texts import bill as ferry_bill
from tests.billing_sources.jbilling_texts import payload
from tests.billing_sources.pdf_files import pdf_that_loops, pdf_that_unfolds
from tests.billing_sources.tmf_texts import money, rate, tmf_bill
from tests.billing_sources.x12_texts import interchange, invoice

TEN_MB = 10_000_000
DIGITS = "9" * 10_000
VAST = "1e999999999"


class Hostile(NamedTuple):
    """`is_held_whole`: the file; else the bill alone, and the rest of the file is published."""

    system: str
    name: str
    content: Callable[[], bytes]
    rules: str
    is_held_whole: bool = True


def boreal_head(head: str, body: str = "") -> bytes:
    return f"{DECLARED}{head}{body or ubl(lines=ubl_line())}".encode()


def laughs() -> bytes:
    entities = "".join(f'<!ENTITY l{at} "{f"&l{at - 1};" * 10}">' for at in range(1, 20))
    return boreal_head(f'<!DOCTYPE Invoice [<!ENTITY l0 "ha">{entities}]>', ubl(number="&l19;"))


def quadratic() -> bytes:
    return boreal_head(f'<!DOCTYPE Invoice [<!ENTITY a "{"a" * 100_000}">]>', ubl(number="&a;" * 10_000))


def external() -> bytes:
    return boreal_head('<!DOCTYPE Invoice [<!ENTITY x SYSTEM "file:///etc/passwd">]>', ubl(number="&x;"))


def boreal_amount(text: str) -> bytes:
    return boreal_head("", ubl(totals=ubl_totals(net=text), lines=ubl_line(amount=text)))


def tmf(*resources: object) -> bytes:
    return json.dumps(resources).encode()


def tmf_amount(text: str) -> bytes:
    return tmf(tmf_bill(amountDue=money("AMOUNT")), rate()).replace(b'"AMOUNT"', text.encode())


def x12_line(element: str) -> bytes:
    return interchange(invoice(f"IT1*1*4*EA*{element}**SV*P1"))


def ferry_amount(text: str) -> bytes:
    return payload(ferry_bill(invoice={"total": text}), amount="0")


def echo_amount(text: str) -> bytes:
    return statements(HARBOR[0].replace("93.13", text), *HARBOR[1:], total="93.13")


def gzip_bomb() -> bytes:
    return gzip.compress(f"{HEADER}\n".encode() + (b"120|X|" + b"y" * 1000 + b"\n") * 70_000, 6)


def castle_of(tail: bytes) -> bytes:
    return extract(*castle_bill(castle_charge())) + tail


HOSTILE = (
    Hostile("boreal", "billion laughs", laughs, "XML-DOCTYPE"),
    Hostile("boreal", "quadratic blow-up", quadratic, "XML-DOCTYPE"),
    Hostile("boreal", "external entity", external, "XML-DOCTYPE"),
    Hostile("boreal", "a mere document type", lambda: boreal_head("<!DOCTYPE Invoice>"), "XML-DOCTYPE"),
    Hostile("boreal", "a line of 10 MB", lambda: boreal_head("", ubl(number="N" * (TEN_MB + 1))), "XML-SIZE"),
    Hostile("boreal", "NUL", lambda: boreal_head("", ubl(number="N\0")), "XML-SYNTAX"),
    Hostile("boreal", "UTF-16 that says UTF-8", lambda: laughs().decode().encode("utf-16"), "XML-ENCODING"),
    Hostile("boreal", "UTF-8 that says UTF-16", lambda: boreal_head("").replace(b"UTF-8", b"UTF-16"), "XML-ENCODING"),
    Hostile("boreal", "nested deeply", lambda: boreal_head("", "<a>" * 100_000), "XML-SIZE XML-SYNTAX XML-ROOT"),
    Hostile("boreal", "10,000 digits", lambda: boreal_amount(DIGITS), "EN-VALUE", False),
    Hostile("boreal", "an exponent", lambda: boreal_amount(VAST), "EN-VALUE", False),
    Hostile("boreal", "a PDF that loops", pdf_that_loops, "PDF-READ PDF-XML"),
    Hostile("boreal", "a PDF that unfolds to a gigabyte", lambda: pdf_that_unfolds(1024), "PDF-READ"),
    Hostile("atlas", "a segment of 10 MB", lambda: x12_line("9" * TEN_MB), "X12-SEGMENT"),
    Hostile("atlas", "NUL", lambda: interchange(invoice(number="90\x0001")), "X12-NUL"),
    Hostile("atlas", "UTF-16", lambda: interchange(invoice()).decode().encode("utf-16"), "X12-NUL"),
    Hostile("atlas", "10,000 digits", lambda: x12_line(DIGITS), "X12-VALUE", False),
    Hostile("atlas", "an exponent", lambda: x12_line(VAST), "X12-VALUE", False),
    Hostile("castle", "10 MB of zeros", lambda: castle_of(bytes(TEN_MB)), "EBC-RDW"),
    Hostile("castle", "a record of no length", lambda: castle_of(b"\0\4\0\0" * 1000), "EBC-RDW"),
    Hostile("castle", "ASCII", lambda: statements(), "EBC-RDW EBC-CUT CAS-0010"),
    Hostile("delta", "nested deeply", lambda: b"[" * 1_000_000, "TMF-JSON"),
    Hostile("delta", "objects nested deeply", lambda: b'[{"a":' * 1_000_000, "TMF-JSON"),
    Hostile("delta", "10,000 digits", lambda: tmf_amount(DIGITS), "TMF-JSON"),
    Hostile("delta", "an exponent", lambda: tmf_amount(VAST), "TMF-VALUE", False),
    Hostile("delta", "an exponent as text", lambda: tmf_amount(f'"{VAST}"'), "TMF-VALUE", False),
    Hostile("delta", "no number", lambda: tmf_amount('"NaN"'), "TMF-VALUE", False),
    Hostile("delta", "NUL", lambda: tmf(tmf_bill(billNo="D-\0"), rate()), "TMF-VALUE", False),
    Hostile("delta", "UTF-16", lambda: tmf(tmf_bill()).decode().encode("utf-16"), "TMF-PAGES TMF-JSON"),
    Hostile("delta", "a number of 10 MB", lambda: tmf(tmf_bill(billNo="9" * TEN_MB), rate()), "LEN-01", False),
    Hostile("echo", "a gzip bomb", gzip_bomb, "GZIP-BOMB"),
    Hostile("echo", "a line of 10 MB", lambda: statements("1000|" + "9" * TEN_MB), "TEXT-LINE"),
    Hostile("echo", "NUL", lambda: statements(HARBOR[0] + "\0", *HARBOR[1:]), "TEXT-NUL"),
    Hostile("echo", "UTF-16", lambda: statements(encoding="utf-16"), "TEXT-NUL TEXT-ENCODING"),
    Hostile("echo", "10,000 digits", lambda: echo_amount(DIGITS), "DLM-VALUE", False),
    Hostile("echo", "an exponent", lambda: echo_amount(VAST), "DLM-VALUE", False),
    Hostile("ferry", "nested deeply", lambda: payload("[" * 1_000_000, amount="0"), "FERRY-LINE", False),
    Hostile("ferry", "a line of 20 MB", lambda: payload("9" * 2 * TEN_MB, amount="0"), "FERRY-SIZE", False),
    Hostile("ferry", "NUL", lambda: payload(ferry_bill(invoice={"public_number": "F\0"})), "FERRY-LINE", False),
    Hostile("ferry", "UTF-16", lambda: payload(ferry_bill()).decode().encode("utf-16"), "FERRY-HEAD"),
    Hostile("ferry", "a sum without end", lambda: payload(ferry_bill(), amount=VAST), "FERRY-CUT"),
    Hostile("ferry", "more bills than there are", lambda: payload(ferry_bill(), declared=10**12), "CONTROL-01"),
    Hostile("ferry", "fewer bills than none", lambda: payload(ferry_bill(), declared=-1), "CONTROL-01"),
    Hostile("ferry", "10,000 digits", lambda: ferry_amount(DIGITS), "FERRY-VALUE", False),
    Hostile("ferry", "an exponent", lambda: ferry_amount(VAST), "FERRY-VALUE", False),
)  # fmt: skip
