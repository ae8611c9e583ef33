"""A remittance slip of 40 lines, tagged PDF/UA, against WeasyPrint on the same static HTML, untagged.

Warm process, both with the style sheet parsed beforehand; the two take turns. Rows as the ledger gives them: the slip's
time begins with a finished advice.

    python -m bench.bench_slip
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from statistics import median
from typing import Any

LINES = 40
ROUNDS = 15
MUST = 1.25


def bench_slip(rounds: int = ROUNDS) -> dict[str, Any]:
    """Milliseconds of both, medians; `ratio` is the slip's time over the static page's."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    from remittance.pdf import render_slip
    from tests.remittance.advices import advice, many_lines

    paper = advice(many_lines(LINES), currency="USD")
    static = _static_page(paper)
    turns = [(_milliseconds(static), _milliseconds(lambda: render_slip(paper))) for _ in range(rounds + 1)][1:]
    page, slip = (median(times) for times in zip(*turns, strict=True))
    ratio = median(after / before for before, after in turns)
    return {
        "lines": LINES,
        "must": MUST,
        "static_ms": round(page, 1),
        "slip_ms": round(slip, 1),
        "ratio": round(ratio, 2),
    }


def _static_page(paper: Any) -> Callable[[], object]:
    """The slip's own HTML, made once, through the bare library."""
    from django.template.loader import render_to_string
    from weasyprint import CSS, HTML
    from weasyprint.text.fonts import FontConfiguration

    from remittance.pdf import PAPER_CSS, slip_context

    html = render_to_string("remittance/slip.html", slip_context(paper))
    fonts = FontConfiguration()
    style = CSS(string=PAPER_CSS.read_text(encoding="utf-8"), font_config=fonts)
    return lambda: HTML(string=html).write_pdf(stylesheets=[style], font_config=fonts)


def _milliseconds(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return (time.perf_counter() - start) * 1000


if __name__ == "__main__":
    from portal import embedded

    embedded.ensure()
    print(bench_slip())
