"""The rows of the list of invoices, as HTML.

HTML belongs into templates; this and the rows of groups (group_markup.py) are the exceptions. A page of the list has up
to two hundred rows of a dozen cells, and a template takes four times as long for them as one pattern does
(bench/bench_grid.py). Every text is escaped, a column at a time.

Hooks: each row says its invoice (`<tr data-row data-invoice="…">`), each cell its column (`<td data-column="due">`);
what can be changed is a link to where it is done (`<a data-edit="to_pay" data-value="60.00" data-seen="…">`, cells.js).
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import chain
from typing import Any, Final
from uuid import UUID

from django.utils.safestring import SafeString

from payments.domain.to_pay import Wanted, mark
from payments.invoices.columns import CODE, COUNT, DAY, MONEY, REASON, STATE, TAGS, TEXT, TO_PAY, Column
from payments.invoices.dates import day
from payments.invoices.rows import InvoiceFacts, minor_units, reason_words, state_of
from portal.money import format_amount

TAGS_SHOWN: Final = 2
_EMPTY: Final = {TAGS: "No tag", TO_PAY: "Nothing said", REASON: "No reason"}
_ROW: Final = '\n<tr data-row data-invoice="%s" data-href="%s" data-minor="%s" data-currency="%s">%s'
_CHECK: Final = (
    '<td class="sheet__check"><input type="checkbox" name="invoice" value="%s" aria-label="Select %s"%s></td>'
)
_LEAD: Final = '<th data-column="{key}" scope="row"{style}>%s</th>'
_CELL: Final = '<td data-column="{key}"{label}{style}>%s</td>'
_LINK: Final = '<a href="%s">%s</a>'
_TAG: Final = '<span class="tag">{}</span>'
_STATE: Final = '<span class="state state--{}">{}</span>'
_EDIT: Final = '<a class="entry" href="%scells/" data-edit="%s" data-value="%s" data-seen="%s"%s>%s</a>'
_UNLABELLED: Final = ("sheet__side", "sheet__line", "sheet__spare")  # what stands on a phone's card without a word


@dataclass(frozen=True)
class Look:
    """What the rows of a page have in common: the day; the list's own address, below which an invoice lives; whether
    rows can be selected, and which are; whether tags and what is to be paid can be changed."""

    today: date
    url: str
    may_select: bool = False
    kept: frozenset[UUID] = frozenset()
    may_tag: bool = False
    may_prepare: bool = False


def table_rows(rows: Sequence[InvoiceFacts], columns: Sequence[Column], look: Look) -> SafeString:
    """What stands between <tbody> and </tbody>."""
    if not rows:
        return SafeString()
    pattern = "".join(["%s", *map(_pattern, columns), "</tr>"])
    parts = [_begun(rows, look), *(_CELLS[column.kind](rows, column, look) for column in columns)]
    return SafeString(pattern * len(rows) % tuple(chain.from_iterable(zip(*parts, strict=True))))


@cache
def _pattern(column: Column) -> str:
    is_named = column.kind == STATE or any(name in column.style for name in _UNLABELLED)
    label = "" if is_named else f' data-label="{html.escape(column.label)}"'
    style = f' class="{column.style}"' if column.style else ""
    return (_LEAD if column.kind == CODE else _CELL).format(key=column.key, label=label, style=style)


def _begun(rows: Sequence[InvoiceFacts], look: Look) -> list[str]:
    """Each row's beginning with its checkbox."""
    numbers = _escaped(facts.number for facts in rows) if look.may_select else [""] * len(rows)
    return [_beginning(facts, number, look) for facts, number in zip(rows, numbers, strict=True)]


def _beginning(facts: InvoiceFacts, number: str, look: Look) -> str:
    check = _CHECK % (facts.code, number, " checked" if facts.code in look.kept else "") if look.may_select else ""
    minor = minor_units(facts.open, facts.currency)
    return _ROW % (facts.code, f"{look.url}{facts.code}/", minor, facts.currency, check)


def _escaped(texts: Iterable[Any]) -> list[str]:
    """All at once; no text of the database holds a NUL that could part them otherwise."""
    return html.escape("\0".join([text or "" for text in texts])).split("\0")


def _texts(rows: Sequence[InvoiceFacts], column: Column, look: Look) -> list[str]:
    return _escaped(map(column.read, rows))


def _links(rows: Sequence[InvoiceFacts], column: Column, look: Look) -> list[str]:
    texts = zip(rows, _escaped(map(column.read, rows)), strict=True)
    return [_LINK % (f"{look.url}{facts.code}/", text) for facts, text in texts]


def _amounts(rows: Sequence[InvoiceFacts], column: Column, look: Look) -> list[str]:
    return [format_amount(column.read(facts), facts.currency) for facts in rows]


def _days(rows: Sequence[InvoiceFacts], column: Column, look: Look) -> list[str]:
    return [day(column.read(facts)) for facts in rows]


def _counts(rows: Sequence[InvoiceFacts], column: Column, look: Look) -> list[str]:
    return [f"{column.read(facts):,}" for facts in rows]


def _tags(rows: Sequence[InvoiceFacts], column: Column, look: Look) -> list[str]:
    cells = [_tag_cell(facts.tags) if facts.tags else "" for facts in rows]
    if not look.may_tag:
        return cells
    said = [html.escape(", ".join(facts.own_tags)) for facts in rows]
    return [
        _EDIT % (f"{look.url}{facts.code}/", TAGS, value, value, _name(TAGS, cell), cell)
        for facts, value, cell in zip(rows, said, cells, strict=True)
    ]


def _tag_cell(tags: Sequence[str]) -> str:
    more = [f'<span class="muted">+{len(tags) - TAGS_SHOWN}</span>'] if len(tags) > TAGS_SHOWN else []
    return " ".join([*(_TAG.format(html.escape(tag)) for tag in tags[:TAGS_SHOWN]), *more])


def _wishes(rows: Sequence[InvoiceFacts], column: Column, look: Look) -> list[str]:
    words = ["" if facts.to_pay is None else format_amount(facts.to_pay, facts.currency) for facts in rows]
    return _changeable(rows, TO_PAY, words, words, look)


def _reasons(rows: Sequence[InvoiceFacts], column: Column, look: Look) -> list[str]:
    words = _escaped(reason_words(facts.reason, facts.note) for facts in rows)
    return _changeable(rows, REASON, _escaped(f"{facts.reason}|{facts.note}" for facts in rows), words, look)


def _changeable(
    rows: Sequence[InvoiceFacts], key: str, values: Sequence[str], words: Sequence[str], look: Look
) -> list[str]:
    """Where something is open; elsewhere what was said is for reading."""
    if not look.may_prepare:
        return list(words)
    return [
        _EDIT % (f"{look.url}{facts.code}/", key, value, html.escape(mark(_wanted(facts))), _name(key, said), said)
        if facts.open > 0
        else said
        for facts, value, said in zip(rows, values, words, strict=True)
    ]


def _wanted(facts: InvoiceFacts) -> Wanted | None:
    return None if facts.to_pay is None else Wanted(facts.to_pay, facts.reason, facts.note)


def _name(key: str, words: str) -> str:
    """A link without a word in it still has a name."""
    return "" if words else f' aria-label="{_EMPTY[key]}"'


def _states(rows: Sequence[InvoiceFacts], column: Column, look: Look) -> list[str]:
    return [_state_cell(*state_of(facts, look.today)) for facts in rows]


@cache
def _state_cell(word: str, tone: str) -> str:
    return _STATE.format(tone, word)


_CELLS: Final[Mapping[str, Callable[[Sequence[InvoiceFacts], Column, Look], list[str]]]] = {
    TEXT: _texts,
    CODE: _links,
    MONEY: _amounts,
    DAY: _days,
    COUNT: _counts,
    TAGS: _tags,
    TO_PAY: _wishes,
    REASON: _reasons,
    STATE: _states,
}
