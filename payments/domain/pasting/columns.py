"""Which column of a pasted table is what: by the words at its head, else by what stands in it. Pure.

What is recognised here is an offer: the reader sees it over every column and can say otherwise (`Layout`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Final

import msgspec

from payments.domain.pasting.amounts import Way, read_amount
from payments.domain.pasting.table import Table
from payments.domain.reasons import SHORT_PAY_REASONS, Reason

SAMPLE: Final = 200


class Kind(StrEnum):
    """What a column can be."""

    NUMBER = "number"
    AMOUNT = "amount"
    CURRENCY = "currency"
    ACCOUNT = "account"
    DUE = "due"
    ISSUED = "issued"
    REASON = "reason"
    NOTE = "note"
    IGNORE = "ignore"


KIND_WORDS: Final = {
    Kind.NUMBER: "Invoice number",
    Kind.AMOUNT: "Amount",
    Kind.CURRENCY: "Currency",
    Kind.ACCOUNT: "Account",
    Kind.DUE: "Due date",
    Kind.ISSUED: "Bill date",
    Kind.REASON: "Reason",
    Kind.NOTE: "Note",
    Kind.IGNORE: "Leave out",
}

# Words at the head of a column, without spaces and signs; in the languages of the carriers whose bills we read.
_HEADS: Final = {
    Kind.NUMBER: "invoice invoicenumber invoiceno invoicenr invoiceid invoicenum inv invno bill billnumber billno"
    " number no nr document documentnumber docno reference ref rechnung rechnungsnummer rechnungsnr facture"
    " numerofacture factura numerofactura faktura fakturanummer fakturanr factuur factuurnummer fattura lasku"
    " laskunumero",
    Kind.AMOUNT: "amount amt amountdue amounttopay topay pay payment total totaldue due$ open openamount balance sum"
    " value gross invoiceamount betrag bruttobetrag summe montant importe belopp bedrag beløp importo summa",
    Kind.CURRENCY: "currency curr cur ccy iso wahrung devise moneda valuta valutta",
    Kind.ACCOUNT: "account accountnumber accountno accountid acct acctno accountname site location customer konto"
    " kontonummer kundennummer compte cuenta kundnummer",
    Kind.DUE: "due duedate dueon dueby payby paymentdue maturity fallig falligkeit faelligkeit echeance vencimiento"
    " forfallodatum forfallsdato vervaldatum scadenza erapaiva",
    Kind.ISSUED: "date invoicedate billdate billedon issued issuedate issuedon documentdate datum rechnungsdatum"
    " dateemission fecha fakturadatum data",
    Kind.REASON: "reason reasoncode shortpayreason why grund motif motivo orsak",
    Kind.NOTE: "note notes comment comments remark remarks memo text description notiz bemerkung commentaire nota",
}
_KIND_OF_HEAD: Final = {word: kind for kind, words in _HEADS.items() for word in words.split()}
_PLAIN: Final = str.maketrans("äöüåéèêëáàíóúñçø", "aouaeeeeaaiounco")
_CURRENCY_CODES: Final = (
    "AED ARS AUD BGN BHD BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR ISK JOD JPY KES KRW KWD MAD"
    " MXN MYR NGN NOK NZD OMR PEN PHP PKR PLN QAR RON RSD RUB SAR SEK SGD THB TND TRY TWD UAH USD UYU VND ZAR"
)
CURRENCIES: Final = frozenset(_CURRENCY_CODES.split())
_DAYS: Final = (
    "%Y-%m-%d",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%b-%Y",
    "%d %b %Y",
    "%b %d, %Y",
    "%Y%m%d",
    "%d.%m.%y",
)
_LOOKS_LIKE_DAY: Final = re.compile(r"\d{1,4}[-./ ][\w]{1,3}[-./ ]\d{2,4}|[A-Za-z]{3} \d{1,2}, \d{4}")
_LOOKS_LIKE_MONEY: Final = re.compile(
    r".*\d[.,]\d{2}\b.*|\(.*\d\)|.*[€£¥₹$].*|-\s?\d.*|.*\d\s?(?:CR|-)|\d{1,3}(?:[.,'’]\d{3})+"
)


class Layout(msgspec.Struct, frozen=True):
    """How a table is read. `way` is None until somebody has said, or the column itself says without doubt, how its
    amounts are written."""

    kinds: tuple[Kind, ...]
    has_header: bool
    way: Way | None = None


def recognise(table: Table) -> Layout:
    """The layout that head and content suggest."""
    heads = [_kind_of_head(cell) for cell in table.rows[0]] if table.rows else []
    has_header = any(heads) or _is_unlike_the_rest(table)
    body = table.rows[1 : SAMPLE + 1] if has_header else table.rows[:SAMPLE]
    columns = [[cell for cell in column if cell] for column in zip(*body, strict=True)] or [[] for _ in heads]
    kinds = _by_head(heads) if any(heads) else {}
    _by_content(kinds, columns)
    return Layout(tuple(kinds.get(at, Kind.IGNORE) for at in range(table.width)), has_header)


def column_of(layout: Layout, kind: Kind) -> int | None:
    return next((at for at, each in enumerate(layout.kinds) if each is kind), None)


def reason_of(text: str) -> Reason | None:
    """A reason of the closed list by its key, its words or its X12 code."""
    return _REASONS.get(_squeezed(text))


def day_of(text: str) -> date | None:
    """A day that is written without doubt; 03/04/2026 is two days, and so none."""
    days = {day for pattern in _DAYS if (day := _parsed(text, pattern))}
    return days.pop() if len(days) == 1 else None


def _parsed(text: str, pattern: str) -> date | None:
    try:
        return datetime.strptime(text, pattern).date()
    except ValueError:
        return None


def _squeezed(text: str) -> str:
    return re.sub(r"[^a-z0-9$]", "", text.lower().translate(_PLAIN))


def _kind_of_head(cell: str) -> Kind | None:
    return _KIND_OF_HEAD.get(_squeezed(cell))


def _is_unlike_the_rest(table: Table) -> bool:
    """No figure in the first row, and some in the others: words over columns, whatever they say."""
    if len(table.rows) < 2:
        return False
    first, second = table.rows[0], table.rows[1]
    return not _has_figure(first) and _has_figure(second)


def _has_figure(cells: Sequence[str]) -> bool:
    return any(sign.isdigit() for cell in cells for sign in cell)


def _by_head(heads: list[Kind | None]) -> dict[int, Kind]:
    """The first column of a kind is it; a second one of the same name is left to the reader."""
    kinds: dict[int, Kind] = {}
    for at, kind in enumerate(heads):
        if kind and kind not in kinds.values():
            kinds[at] = kind
    return kinds


def _by_content(kinds: dict[int, Kind], columns: list[list[str]]) -> None:
    """What no head has named, in the order of how sure it can be told."""
    for kind, is_like in _SIGNS.items():
        if kind in kinds.values():
            continue
        free = [at for at, values in enumerate(columns) if at not in kinds and values]
        likely = [at for at in free if _share(columns[at], is_like) >= 8]
        if likely:
            kinds[_best(kind, likely, columns)] = kind
    figures = [at for at, values in enumerate(columns) if at not in kinds and _share(values, _is_plain_figure) == 10]
    if len(figures) == 1 and Kind.NUMBER in kinds.values() and Kind.AMOUNT not in kinds.values():
        kinds[figures[0]] = Kind.AMOUNT


def _best(kind: Kind, likely: list[int], columns: list[list[str]]) -> int:
    """Of several: the numbers are the column with the most different and longest texts; else the first."""
    if kind is not Kind.NUMBER:
        return likely[0]
    return max(likely, key=lambda at: (len(set(columns[at])) * 10 // len(columns[at]), _length(columns[at]), -at))


def _length(values: list[str]) -> int:
    return sum(map(len, values)) // len(values)


def _share(values: list[str], is_like: Callable[[str], bool]) -> int:
    """How many of ten values are like it."""
    return sum(map(is_like, values)) * 10 // len(values) if values else 0


def _is_day(text: str) -> bool:
    return bool(_LOOKS_LIKE_DAY.fullmatch(text))


def _is_money(text: str) -> bool:
    return bool(_LOOKS_LIKE_MONEY.fullmatch(text.upper())) and bool(
        read_amount(text, Way.POINT) or read_amount(text, Way.COMMA)
    )


def _is_number(text: str) -> bool:
    return any(sign.isdigit() for sign in text) and not _is_day(text) and not _is_money(text) and len(text) <= 80


def _is_plain_figure(text: str) -> bool:
    return bool(read_amount(text, Way.POINT) or read_amount(text, Way.COMMA))


_SIGNS: Final[dict[Kind, Callable[[str], bool]]] = {
    Kind.CURRENCY: lambda text: text.upper() in CURRENCIES,
    Kind.REASON: lambda text: reason_of(text) is not None and not text.isdigit(),
    Kind.DUE: _is_day,
    Kind.ISSUED: _is_day,
    Kind.AMOUNT: _is_money,
    Kind.NUMBER: _is_number,
}
_REASONS: Final = {_squeezed(name): each for each in SHORT_PAY_REASONS for name in (each.key, each.words, each.x12)}
