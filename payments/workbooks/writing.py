"""A snapshot → the bytes of its workbook. What identifies a row is locked, what may be changed is not; totals are
formulas; no text that comes from people or bills is ever one (invariants §5.6).

The sheets are protected without a password: it keeps people from slips, not from anything. What comes back is judged
by its tokens and its values.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from openpyxl import Workbook as Book
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from payments.domain.round_trip.sheets import ERROR, TOKEN, BaseRow, Column, SheetSpec
from payments.workbooks.looks import Look, Looks
from payments.workbooks.snapshots import Snapshot, base_rows
from payments.workbooks.specs import LINES, METHOD_WORDS, PAY, PAYMENTS, REASON_WORDS

LISTS, ABOUT = "Lists", "About"
LEFT, PLACED = "Left", "Placed"
_LISTED: Final = {"reason": ("A", REASON_WORDS), "method": ("B", METHOD_WORDS), "left_open": ("C", {"yes": "yes"})}
_HOW: Final = (
    "White cells can be changed: amounts, reasons, notes, dates, tags. Grey ones say what a row is, and are locked.",
    "Send the file back on the page it came from. You will see each changed cell before anything is done.",
    "Rows and columns may be sorted, filtered, hidden or moved. New rows are not taken.",
)
Errors = Mapping[tuple[str, str, str], str]  # sheet, row, column ("" is the whole row) → why


@dataclass(frozen=True)
class Returned:
    """What goes into a sheet beside, or in place of, its base: `values` as they came, what refused cells `said`, the
    `errors` in words, and what there is to tell of rows that are in no table."""

    values: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    said: Mapping[tuple[str, str, str], str] = field(default_factory=dict)
    errors: Errors = field(default_factory=dict)
    others: Sequence[str] = ()


def render(code: str, snapshot: Snapshot, returned: Returned | None = None) -> bytes:
    """`code` is the download's; with `returned` each sheet has a column of errors."""
    book = Book(write_only=True)
    sheets: list[Any] = [book.create_sheet(spec.name) for spec in snapshot.specs]
    looks = Looks(sheets[0])
    for sheet, spec in zip(sheets, snapshot.specs, strict=True):
        _Sheet(sheet, spec, code, snapshot, returned).write()
    _write_about(book, looks, [*snapshot.about, ("Workbook", code)], returned.others if returned else ())
    _write_lists(book, looks)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


class _Sheet:
    """One sheet while it is written: totals, head, rows."""

    def __init__(
        self,
        sheet: Any,
        spec: SheetSpec,
        code: str,
        snapshot: Snapshot,
        returned: Returned | None,
    ) -> None:
        self.sheet, self.spec, self.snapshot, self.returned = sheet, spec, snapshot, returned
        self.rows = rows = base_rows(code, spec.name, snapshot.tables[spec.name])
        self.looks = Looks(sheet)
        self.currencies = sorted({row.values["currency"] for row in rows}) if spec.name != PAYMENTS else []
        self.head = len(self.currencies) + 1
        self.last = self.head + max(1, len(rows))
        extra = {LINES: [LEFT], PAYMENTS: [PLACED]}.get(spec.name, [])
        errors = [ERROR] if returned else []
        self.heads = [column.head for column in spec.columns] + extra + errors + [TOKEN]
        self.letters = {
            **{column.key: get_column_letter(at) for at, column in enumerate(spec.columns, 1)},
            **{head: get_column_letter(at) for at, head in enumerate(self.heads, 1)},
        }

    def write(self) -> None:
        self._set_up()
        for currency in self.currencies:
            self.sheet.append([self._cell(value, look) for value, look in self._totals(currency)])
        self.sheet.append([self._text(head, self.looks.head) for head in self.heads])
        for at, row in enumerate(self.rows, self.head + 1):
            self.sheet.append(list(self._row(at, row)))

    def _set_up(self) -> None:
        sheet = self.sheet
        sheet.freeze_panes = f"B{self.head + 1}"
        for at, head in enumerate(self.heads, 1):
            column = self.spec.columns[at - 1] if at <= len(self.spec.columns) else None
            width = column.width if column else 60 if head == ERROR else 16
            sheet.column_dimensions[get_column_letter(at)].width = width
        sheet.column_dimensions[self.letters[TOKEN]].hidden = True
        sheet.protection.sheet = True
        for allowed in ("formatCells", "formatColumns", "formatRows", "sort", "autoFilter"):
            setattr(sheet.protection, allowed, False)  # False: it is not forbidden
        sheet.auto_filter.ref = f"A{self.head}:{self.letters[TOKEN]}{self.last}"
        for column in self.spec.editable:
            if column.look == "choice":
                sheet.data_validations.append(self._validation(column))

    def _validation(self, column: Column) -> DataValidation:
        letter, words = _LISTED[column.key]
        rule = DataValidation("list", formula1=f"={LISTS}!${letter}$1:${letter}${len(words)}", allow_blank=True)
        rule.error, rule.errorTitle = "Choose one of the list.", column.head
        rule.add(f"{self.letters[column.key]}{self.head + 1}:{self.letters[column.key]}{self.last}")
        return rule

    def _totals(self, currency: str) -> Iterator[tuple[Any, Look]]:
        money = self.looks.money(currency, is_bold=True)
        scope = self._range("currency")
        for at, head in enumerate(self.heads):
            column = self.spec.columns[at] if at < len(self.spec.columns) else None
            if at == 0:
                yield f"Total {currency}", self.looks.bold
            elif head == LEFT or (column and column.look == "money"):
                yield f'=SUMIF({scope},"{currency}",{self._range(head)})', money
            else:
                yield None, self.looks.locked

    def _row(self, at: int, row: BaseRow) -> Iterator[Any]:
        values = self._values(row)
        currency = row.values["currency"]
        for column in self.spec.columns:
            why = self._error(row.key, column.key)
            look = self.looks.of(column, currency, is_wrong=bool(why))
            said = self.returned.said.get((self.spec.name, row.key, column.key)) if self.returned else None
            yield self._value(column, values.get(column.key, ""), look) if said is None else self._text(said, look)
        if self.spec.name == LINES:
            yield self._cell(self._left(at), self.looks.money(currency))
        elif self.spec.name == PAYMENTS:
            yield self._cell(self._placed(row), self.looks.money(currency))
        if self.returned:
            yield self._text(self._errors(row), self.looks.error)
        yield self._text(row.token, self.looks.locked)

    def _values(self, row: BaseRow) -> Mapping[str, str]:
        came = self.returned.values.get(self.spec.name, {}).get(row.key, {}) if self.returned else {}
        return {**row.values, **came}

    def _error(self, key: str, column: str) -> str:
        return self.returned.errors.get((self.spec.name, key, column), "") if self.returned else ""

    def _errors(self, row: BaseRow) -> str:
        found = [("", self._error(row.key, ""))]
        found += [(f"{column.head}: ", self._error(row.key, column.key)) for column in self.spec.editable]
        return " ".join(f"{head}{why}" for head, why in found if why)

    def _left(self, at: int) -> str:
        """What is neither placed nor short-paid."""
        taken = [key for key in self.letters if key.startswith(PAY)] + ["short"]
        return f"={self.letters['open']}{at}-" + "-".join(f"{self.letters[key]}{at}" for key in taken)

    def _placed(self, row: BaseRow) -> str:
        """The sum of its column on the sheet of lines, which stands as the first."""
        lines = next(spec for spec in self.snapshot.specs if spec.name == LINES)
        place = [column.key for column in lines.columns].index(f"{PAY}{row.key}") + 1
        letter, count = get_column_letter(place), len(self.snapshot.tables[LINES])
        first = len({values["currency"] for values in self.snapshot.tables[LINES].values()}) + 2
        return f"=SUM({LINES}!{letter}{first}:{letter}{first + max(count, 1) - 1})"

    def _range(self, key: str) -> str:
        letter = self.letters[key]
        return f"${letter}${self.head + 1}:${letter}${self.last}"

    def _value(self, column: Column, value: str, look: Look) -> Any:
        if value and column.look == "money":
            return self._cell(Decimal(value), look)
        if value and column.look == "date":
            return self._cell(date.fromisoformat(value), look)
        return self._text(column.words.get(value, value) if column.look == "choice" else value, look)

    def _cell(self, value: Any, look: Look) -> Any:
        cell: Any = WriteOnlyCell(self.sheet, value)
        cell._style = look  # one look for thousands of cells: setting it part by part takes ten times as long
        return cell

    def _text(self, text: str, look: Look) -> Any:
        """Never a formula, whatever it begins with."""
        cell = self._cell(ILLEGAL_CHARACTERS_RE.sub("\ufffd", text) or None, look)
        if text:
            cell.data_type = "s"
        return cell


def _write_about(book: Book, looks: Looks, facts: Sequence[tuple[str, str]], others: Sequence[str]) -> None:
    sheet: Any = book.create_sheet(ABOUT)
    sheet.protection.sheet = True
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 18, 90
    for label, value in [*facts, *(("", words) for words in _HOW), *(("Not taken", words) for words in others)]:
        cells: list[Any] = [
            WriteOnlyCell(sheet, text or None) for text in (label, ILLEGAL_CHARACTERS_RE.sub("\ufffd", value))
        ]
        for cell, look in zip(cells, (looks.bold, looks.locked), strict=True):
            cell._style = look
            cell.data_type = "s" if cell.value is not None else "n"
        sheet.append(cells)


def _write_lists(book: Book, looks: Looks) -> None:
    """What the cells with a list choose from."""
    sheet: Any = book.create_sheet(LISTS)
    sheet.sheet_state = "hidden"
    columns = [list(words.values()) for _, words in _LISTED.values()]
    for at in range(max(map(len, columns))):
        sheet.append([column[at] if at < len(column) else None for column in columns])
