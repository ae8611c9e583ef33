"""What the tests of the invoice pages read off them."""

from __future__ import annotations

import re
from typing import Any

from django.utils import timezone

from portal.actor import Actor
from tests.clients import client_of

TODAY = timezone.localdate()


def numbers(page: bytes) -> list[str]:
    return re.findall(r'scope="row" class="sheet__lead"><a [^>]*>([^<]+)</a>', page.decode())


def listed(actor: Actor, query: str = "") -> list[str]:
    response = client_of(actor).get(f"/invoices/?{query}")
    assert response.status_code == 200
    return numbers(response.content)


def figures(page: bytes, currency: str = "USD") -> list[str]:
    """Count, billed, open, credits, held and selected of a currency, as the sum bar says them."""
    row = re.search(rf'<tr data-currency="{currency}" data-exponent.*?</tr>', page.decode(), re.DOTALL)
    assert row
    return re.findall(r"<td[^>]*>([^<]*)</td>", row[0])


def choice(actor: Actor, do: str, **fields: Any) -> tuple[Any, dict[str, str]]:
    """The form that the list's selection leads to, and its hidden fields."""
    response = client_of(actor).post("/invoices/selection/", {"do": do, **fields})
    hidden = re.findall(
        r'<input type="hidden" name="(key|filter|seen|whole_filter|back)" value="([^"]*)"', page_of(response)
    )
    return response, {name: value.replace("&amp;", "&") for name, value in hidden}


def page_of(response: Any) -> str:
    return str(response.content.decode())
