"""Dates as pages write them. Pure."""

from __future__ import annotations

from datetime import date


def day(given: date | None) -> str:
    return given.isoformat() if given else ""


def period(start: date | None, end: date | None) -> str:
    return f"{day(start)} – {day(end)}" if start and end else day(start or end)
