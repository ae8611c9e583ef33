"""Hand-made X12 for the tests: one interchange around any sets, with the counts right unless a test says otherwise."""

from __future__ import annotations

from collections.abc import Sequence

ISA = "ISA*00*          *00*          *ZZ*MERIDIAN       *ZZ*TRIBUTARY      *260301*0230*U*00401*000000037*0*P*>"


def transaction(kind: str, *body: str, control: str = "0001", count: int | None = None) -> list[str]:
    """ST … SE; `count` overrides what SE01 declares."""
    return [f"ST*{kind}*{control}", *body, f"SE*{len(body) + 2 if count is None else count}*{control}"]


def interchange(*sets: Sequence[str], ge: str = "", iea: str = "IEA*1*000000037", end: str = "~\n") -> bytes:
    """One group of sets in one interchange; `ge` and `iea` replace the trailers."""
    body = [segment for lines in sets for segment in lines]
    group = "GS*CI*MERIDIAN*TRIBUTARY*20260301*0230*7*X*004010"
    lines = [ISA, group, *body, ge or f"GE*{len(sets)}*7", *([iea] if iea else [])]
    return "".join(line + end for line in lines).encode()


STATEMENT = (
    "BIG*20260301*7001*****CD",
    "REF*12*0140101",
    "REF*14*0140100",
    "REF*YB*07",
    "ITD*03*3****20260401",
    "DTM*186*20260201",
    "DTM*187*20260228",
    "N1*PE*MERIDIAN NETWORKS INC*91*MNI",
    "N3*1 CANAL ST",
    "N4*ALBANY*NY*12207",
    "N1*PR*HARBOR FOODS*91*C55",
    "TDS*17349",
    "BAL*P*PB*88.20",
    "BAL*A*NA*-2.05",
    "BAL*M*TP*-85",
    "BAL*A*BT*10",
    "BAL*M*TT*184.64",
    "HL*1**1*1",
    "NM1*SJ*2*MERIDIAN",
    "HL*2*1*2*1",
    "REF*11*0140101",
    "NM1*SJ*2*HARBOR FOODS HQ",
    "HL*3*2*4*1",
    "REF*11*0140101-01",
    "NM1*SJ*2*PIER 4",
    "TXI*LS*7.24*4.5*VD*NY**A*160.75",
    "TXI*FU*1.10****O",
    "HL*4*3*5*1",
    "PID*F****Monthly Service  Charges",
    "HL*5*4*8*0",
    "IT1**250*M4*150.75**SV*2050",
    "PID*F****Ethernet access",
    "REF*TN*2125550123",
    "HL*6*3*5*1",
    "PID*F****Usage charges",
    "HL*7*6*8*1",
    "IT1**1*M4*10.00**SV*LD",
    "PID*F****Long distance",
    "HL*8*7*9*0",
    "QTY*99*120*MJ",
    "DTM*150*20260201",
    "DTM*151*20260228",
    "HL*9*7*9*0",
    "QTY*99*30.5*MJ",
    "IT1**30*M4*4.00**SV*LD",
    "HL*10*3*5*1",
    "PID*F****Mystery fee",
    "HL*11*10*8*0",
    "IT1**1*M4*5.50**SV*Q9",
)
"""A statement with every tier: 150.75 + 10.00 + 5.50 + tax 7.24 = 173.49, over 11.15 carried."""


def invoice(
    *lines: str, total: str = "10000", kind: str = "DI", number: str = "9001", heading: Sequence[str] = ()
) -> list[str]:
    """A small 810: four of one product for 25.00 each, unless given other lines."""
    return transaction(
        "810", f"BIG*20260301*{number}*****{kind}", *heading, *(lines or ("IT1*1*4*EA*25.00**SV*P1",)), f"TDS*{total}"
    )
