"""The looks of cells, each made once: locked or not, by kind of value, and by the decimals of a currency."""

from __future__ import annotations

from typing import Any, Final

from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side

from payments.domain.round_trip.sheets import Column
from portal.money import exponent

_LOCKED_FILL: Final = PatternFill("solid", fgColor="F1F3F5")
_HEAD_FILL: Final = PatternFill("solid", fgColor="DCE3EA")
_WRONG_FILL: Final = PatternFill("solid", fgColor="F9D5D0")
_HAIR: Final = Side(style="hair", color="B8C0C8")
_EDGES: Final = Border(left=_HAIR, right=_HAIR, top=_HAIR, bottom=_HAIR)
_WRONG_FONT: Final = Font(color="9B1C10")
Look = Any  # what openpyxl keeps of a cell's look; it belongs to one workbook


def number_format(currency: str) -> str:
    """With thousands, and the decimals of the currency."""
    places = exponent(currency)
    return "#,##0" + ("." + "0" * places if places else "")


class Looks:
    """The looks of one workbook. A look is made of a cell on one of its sheets."""

    def __init__(self, sheet: Any) -> None:
        self._sheet = sheet
        self._made: dict[tuple[Any, ...], Look] = {}
        self.locked = self._look(fill=_LOCKED_FILL)
        self.bold = self._look(fill=_LOCKED_FILL, font=Font(bold=True))
        self.head = self._look(fill=_HEAD_FILL, font=Font(bold=True), alignment=Alignment(vertical="center"))
        self.error = self._look(font=_WRONG_FONT, alignment=Alignment(wrap_text=True, vertical="top"))

    def of(self, column: Column, currency: str, *, is_wrong: bool = False) -> Look:
        key = (column.look, currency if column.look == "money" else "", column.is_editable, is_wrong)
        if key not in self._made:
            shape = self._of_kind(column.look, currency)
            self._made[key] = self._look(**shape, **_state(column.is_editable, is_wrong))
        return self._made[key]

    def money(self, currency: str, *, is_bold: bool = False) -> Look:
        """Of a locked amount."""
        key = ("locked money", currency, is_bold)
        if key not in self._made:
            font = Font(bold=is_bold)
            self._made[key] = self._look(**self._of_kind("money", currency), fill=_LOCKED_FILL, font=font)
        return self._made[key]

    def _of_kind(self, look: str, currency: str) -> dict[str, Any]:
        if look == "money":
            return {"number_format": number_format(currency), "alignment": Alignment(horizontal="right")}
        return {"number_format": {"date": "yyyy-mm-dd", "text": "@"}.get(look, "General")}

    def _look(self, **shape: Any) -> Look:
        cell: Any = WriteOnlyCell(self._sheet)
        for name, value in shape.items():
            setattr(cell, name, value)
        return cell._style


def _state(is_editable: bool, is_wrong: bool) -> dict[str, Any]:
    if not is_editable:
        return {"fill": _LOCKED_FILL}
    look: dict[str, Any] = {"protection": Protection(locked=False), "border": _EDGES}
    return {**look, "fill": _WRONG_FILL, "font": _WRONG_FONT} if is_wrong else look
