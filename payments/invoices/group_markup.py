"""The rows of the groups of invoices, as HTML: a tree of hundreds of nodes in two currencies is too many for a template
(payments/invoices/markup.py says why). Every text is escaped."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import astuple
from typing import Final

from django.utils.safestring import SafeString

from payments.invoices.grouping import GroupLine

_ROW: Final = """
<tr data-row{href}><th scope="row" class="sheet__lead">{lead}{below}</th>
<td class="num" data-label="Invoices">{count}</td><td class="muted">{currency}</td>
<td class="num" data-label="Billed">{billed}</td><td class="num" data-label="Credits">{credits}</td>
<td class="num" data-label="In pay runs">{held}</td><td class="num num--strong sheet__side">{open}</td></tr>"""
_BELOW: Final = ' <a class="muted" href="{}" aria-label="What is below {}"><span aria-hidden="true">▸ below</span></a>'


def group_rows(lines: Sequence[GroupLine]) -> SafeString:
    """What stands between <tbody> and </tbody>."""
    return SafeString("".join(map(_row, lines)))


def _row(line: GroupLine) -> str:
    name, currency, count, billed, open_, held, credits_, url, below_url = map(html.escape, astuple(line))
    return _ROW.format(
        href=f' data-href="{url}"' if url else "",
        lead=f'<a href="{url}">{name}</a>' if url else f'<span class="muted">{name}</span>',
        below=_BELOW.format(below_url, name) if below_url else "",
        count=count,
        currency=currency,
        billed=billed,
        credits=credits_,
        held=held,
        open=open_,
    )
