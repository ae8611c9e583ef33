"""Advice → PDF/UA by WeasyPrint. The same advice gives the same bytes.

Text is escaped by the template, and whatever would still be fetched is refused: the paper's only assets are in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string
from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from portal.money import format_amount
from remittance.advice import METHOD_LABELS, AdviceLine, RemittanceAdvice, Totals, digest
from remittance.references import epc_qr_svg, format_reference
from remittance.sheets import Sheet, cut, note_of

PAPER_CSS = Path(__file__).resolve().parent.parent / "static" / "css" / "paper.css"
QR_URL = "paper:qr.svg"
LONGEST_TEXT = 160


class PaperRefused(Exception):
    """The slip asked for something that is not on it; nothing was fetched and nothing is printed."""


@dataclass(frozen=True)
class Row:
    """One line of the table, every cell as text."""

    invoice: str
    label: str
    system: str
    note: str
    gross: str
    short_paid: str
    paid: str


def render_slip(advice: RemittanceAdvice) -> bytes:
    """The slip as PDF/UA-1 (PDF 1.7). Raises `PaperRefused` if anything outside the advice would be loaded."""
    qr = _qr(advice)
    html = render_to_string("remittance/slip.html", slip_context(advice, has_qr=qr is not None))
    return to_pdf(html, {QR_URL: qr} if qr else {}, identifier=digest(advice)[:16])


def to_pdf(html: str, assets: Mapping[str, bytes], *, identifier: bytes) -> bytes:
    """The only call of WeasyPrint. `identifier` is 16 bytes that are the same for the same paper."""
    fetcher = _Assets(assets)
    try:
        document = HTML(string=html, url_fetcher=fetcher, base_url="paper:")
        pdf = document.write_pdf(
            stylesheets=[_paper_css()],
            font_config=_fonts(),
            pdf_variant="pdf/ua-1",
            pdf_identifier=identifier,
        )
    except FatalURLFetchingError as error:
        raise PaperRefused(str(error)) from error
    return bytes(pdf)


class _Assets(URLFetcher):  # type: ignore[misc]  # weasyprint ships no types
    """Serves what it was given, and `data:`; stops the rendering for anything else."""

    def __init__(self, assets: Mapping[str, bytes]) -> None:
        super().__init__(allowed_protocols=("data",), allow_redirects=False)
        self._served = assets

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> Any:
        if url in self._served:
            return URLFetcherResponse(url, self._served[url], {"Content-Type": "image/svg+xml"})
        if url.startswith("data:"):
            return super().fetch(url, headers)
        raise FatalURLFetchingError(f"a slip does not load {url[:LONGEST_TEXT]}")


@cache
def _fonts() -> FontConfiguration:
    return FontConfiguration()


@cache
def _paper_css() -> CSS:
    """Parsed once a process: parsing costs as much as laying out a short slip."""
    return CSS(string=PAPER_CSS.read_text(encoding="utf-8"), font_config=_fonts(), url_fetcher=_Assets({}))


def _qr(advice: RemittanceAdvice) -> bytes | None:
    """The EPC code, where the payer can scan to pay: EUR, by transfer, to an IBAN, and not voided."""
    payment, bank = advice.payment, advice.payee.bank
    can_scan = payment.currency == "EUR" and payment.method != "cheque" and not advice.issue.voided
    if not can_scan or bank is None or bank.scheme != "iban":
        return None
    return epc_qr_svg(
        name=advice.payee.name,
        iban=bank.account,
        bic=bank.routing,
        amount=payment.amount,
        reference=advice.reference,
    )


def slip_context(advice: RemittanceAdvice, *, has_qr: bool = False) -> dict[str, Any]:
    """What the template shows. Cells are formatted here: in the template that is most of the time."""
    payment, totals = advice.payment, advice.totals
    amount = format_amount(payment.amount, payment.currency)
    return {
        "advice": advice,
        "title": f"Remittance slip {payment.code}",
        "method": METHOD_LABELS[payment.method],
        "value_on": f"{payment.value_on.day} {payment.value_on:%B %Y}",
        "issued_at": advice.issue.issued_at.isoformat(),
        "amount": amount,
        "replaced": advice.issue.version - 1,
        "reference": format_reference(advice.reference),
        "items": f"{totals.count} item{'' if totals.count == 1 else 's'}",
        "elsewhere": _elsewhere(advice),
        "qr_url": QR_URL if has_qr else "",
        "sheets": [_sheet(sheet, payment.currency) for sheet in cut(advice)],
    }


def _elsewhere(advice: RemittanceAdvice) -> str:
    """What the three columns leave over, so that a reader who adds across finds every cent."""
    left = sum((line.elsewhere for line in advice.lines), start=advice.totals.paid * 0)
    return format_amount(left, advice.payment.currency) if left else ""


def _sheet(sheet: Sheet, currency: str) -> dict[str, Any]:
    return {
        "number": sheet.number,
        "is_last": sheet.is_last,
        "rows": [_row(line, currency) for line in sheet.lines],
        "brought": _sums(sheet.brought, currency) if sheet.number > 1 else None,
        "carried": _sums(sheet.carried, currency),
    }


def _row(line: AdviceLine, currency: str) -> Row:
    return Row(
        invoice=_clip(line.invoice),
        label=_clip(line.account_label),
        system=_clip(line.system),
        note=_clip(note_of(line)),
        gross=format_amount(line.gross, currency),
        short_paid=format_amount(-line.short_paid, currency) if line.short_paid else "",
        paid=format_amount(line.paid, currency),
    )


def _sums(totals: Totals, currency: str) -> dict[str, str]:
    return {
        "gross": format_amount(totals.gross, currency),
        "short_paid": format_amount(-totals.short_paid, currency) if totals.short_paid else "",
        "paid": format_amount(totals.paid, currency),
    }


def _clip(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "\u2026"
