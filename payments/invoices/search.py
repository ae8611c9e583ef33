"""Find anything: an exact name leads straight there, everything else to the list of invoices."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from django.urls import reverse

from billing_sources.models import Invoice
from payments.invoices.filters import InvoiceFilter, query, read_amount
from payments.invoices.queries import visible_to
from payments.models import Payment, PayRun
from portal.actor import Actor


def find(actor: Actor, text: str) -> str:
    """The address that `text` leads to. Call inside `acting(actor)`."""
    if not text or "\x00" in text:
        return reverse("invoices")
    return _invoice(actor, text) or _payment(actor, text) or _pay_run(actor, text) or _list(text)


def _invoice(actor: Actor, text: str) -> str:
    """An invoice of this very number; two systems may use one number, and then the list shows both."""
    codes = list(Invoice.objects.filter(visible_to(actor), number=text).values_list("code", flat=True)[:2])
    return reverse("invoice", args=codes) if len(codes) == 1 else ""


def _payment(actor: Actor, text: str) -> str:
    """A payment of this reference, however it is spaced."""
    reference = re.sub(r"\s", "", text).upper()
    payments = Payment.objects.filter(customer_id=actor.customer_id, reference=reference)
    code = payments.values_list("code", flat=True).first()
    return reverse("payment", args=[code]) if code else ""


def _pay_run(actor: Actor, text: str) -> str:
    """A pay run by number: "pay run 12", "run 12" or "#12"; a bare figure is more likely part of an invoice number."""
    asked = re.fullmatch(r"(?:pay\s*)?run\s*#?\s*(\d{1,9})|#(\d{1,9})", text, re.IGNORECASE)
    if not asked:
        return ""
    runs = PayRun.objects.filter(customer_id=actor.customer_id, number=int(asked[1] or asked[2]))
    code = runs.values_list("code", flat=True).first()
    return reverse("pay_run", args=[code]) if code else ""


def _list(text: str) -> str:
    amount = read_amount(text) if re.search(r"[.,]\d{2,3}\)?$", text) else None
    if amount is not None:
        asked = query(InvoiceFilter(state="all", amount_from=amount, amount_to=amount))
    else:
        asked = urlencode({"q": text[:80], "state": "all"})
    return f"{reverse('invoices')}?{asked}"
