"""The rows of the list of invoices, as HTML.

HTML belongs into templates; this is the one exception. A page of the list has up to two hundred rows of a dozen cells,
and a template takes four times as long for them as one pattern does (bench/bench_grid.py). Every cell is escaped.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator
from dataclasses import fields
from operator import attrgetter

from django.utils.safestring import SafeString

from payments.invoices.rows import InvoiceRow

_CHECK = (
    '<td class="sheet__check">'
    '<input type="checkbox" name="invoice" value="{code}" aria-label="Select {number}"{checked}></td>'
)
_CURRENCY = '<td class="muted">{currency}</td>'
_ROW = """
<tr data-row data-href="{url}" data-minor="{open_minor}" data-currency="{currency}">%(check)s
  <th scope="row" class="sheet__lead"><a href="{url}">{number}</a></th>
  <td class="sheet__line">{account}</td>
  <td class="sheet__spare muted">{billed_by}</td>
  <td class="sheet__spare">{tags}</td>
  <td data-label="Due">{due_on}</td>%(currency)s
  <td class="num" data-label="Billed">{billed}</td>
  <td class="num num--strong sheet__side">{open}</td>
  <td><span class="state state--{tone}">{state}</span></td>
</tr>"""
_TAG = '<span class="{}">{}</span>'
_TEXTS = tuple(field.name for field in fields(InvoiceRow) if field.type == "str")
_texts = attrgetter(*_TEXTS)


def table_rows(rows: Iterable[InvoiceRow], *, may_select: bool, shows_currency: bool) -> SafeString:
    """What stands between <tbody> and </tbody>. The checkbox and the currency are there where they are needed."""
    parts = {"check": _CHECK if may_select else "", "currency": _CURRENCY if shows_currency else ""}
    pattern = _ROW % parts
    return SafeString("".join(pattern.format_map(_cells(row)) for row in rows))


def _cells(row: InvoiceRow) -> dict[str, str]:
    """All texts of a row are escaped at once; no text of the database holds a NUL that could part them otherwise."""
    cells = dict(zip(_TEXTS, html.escape("\0".join(_texts(row))).split("\0"), strict=True))
    cells["checked"] = " checked" if row.is_kept else ""
    cells["tags"] = " ".join(_TAG.format(*map(html.escape, cell)) for cell in _tag_cells(row))
    return cells


def _tag_cells(row: InvoiceRow) -> Iterator[tuple[str, str]]:
    yield from (("tag", tag) for tag in row.tags)
    if row.more_tags:
        yield "muted", row.more_tags
