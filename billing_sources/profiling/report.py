"""A profile as lines of text. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from billing_sources.profiling.columns import Column
from billing_sources.profiling.draft import draft
from billing_sources.profiling.profile import Profile, RecordType

_MOST_SHOWN = 6
_MOST_LENGTHS = 4


def lines(profile: Profile) -> Iterator[str]:
    """Form, record types, columns, keys, totals, and the draft of a mapping."""
    form = profile.form
    yield f"Form       {form.kind}"
    yield f"Encoding   {form.encoding}"
    if form.separator:
        yield f"Separator  {form.separator!r}"
    yield f"Records    {profile.records:,}"
    for kind in profile.types.values():
        yield from _type(kind)
    yield "\nNumbers that equal a count or a sum"
    yield from (f"  {total.type}.{total.field} = {total.text}: {total.equals}" for total in profile.totals)
    yield "" if profile.totals else "  none was found"
    yield from draft(profile)


def _type(kind: RecordType) -> Iterator[str]:
    sizes = f", length {_spread(kind.lengths)}" if any(kind.lengths) else ""
    yield f"\n{kind.name}: {kind.count:,} from record {kind.first_at:,} on{sizes}, {_spread(kind.widths)} fields"
    for column in kind.columns.values():
        yield f"  {column.name:<12} {' · '.join(_said(column))}"


def _spread(counts: Counter[int]) -> str:
    if len(counts) <= _MOST_LENGTHS:
        return ", ".join(f"{length} ({count:,})" for length, count in sorted(counts.items()))
    return f"{min(counts)} to {max(counts)}"


def _said(column: Column) -> Iterator[str]:
    full = 100 * column.filled // column.rows
    yield f"{full} % full" if full or not column.filled else "under 1 % full"
    if not column.filled:
        return
    yield f"{len(column.values):,} values" if column.is_counted_whole else f"more than {len(column.values):,} values"
    if column.is_key:
        yield "each once: a key"
    for pattern, (first, last) in column.patterns.items():
        yield f"day {pattern}, {first} to {last}"
    if column.is_figure and not column.patterns:
        signs = ", ".join(f"{sign} {count:,}" for sign, count in column.signs.most_common())
        yield f"figures, sum {column.total:f}" + (f" ({signs})" if signs else "")
    elif column.figures and not column.patterns:
        yield f"{column.figures:,} of {column.filled:,} are figures"
    yield "e.g. " + ", ".join(_examples(column))


def _examples(column: Column) -> Iterator[str]:
    most = column.values.most_common(_MOST_SHOWN)
    if not most:
        yield f"texts of up to {column.longest:,} characters"
    for text, count in most:
        yield f"{_shown(text)} ×{count:,}" if count > 1 else _shown(text)


def _shown(text: str) -> str:
    """What a terminal must not obey is not shown as it is."""
    return "".join(sign if sign.isprintable() else "·" for sign in text)
