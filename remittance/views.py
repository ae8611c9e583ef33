"""Download a payment's slip, as paper and as a workbook. The bytes are those that were issued."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render

from payments.domain.references import payment_code
from payments.models import Payment
from portal.impersonation.policy import customer_page
from portal.requests import CustomerRequest
from remittance.models import RemittanceSlip
from remittance.queries import get_slip_for, is_slip_on_its_way

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@customer_page("see")
def slip_pdf(request: CustomerRequest, code: UUID) -> HttpResponse:
    slip = get_slip_for(request.actor, code)
    return _download(bytes(slip.pdf), "application/pdf", f"{_name(slip)}.pdf") if slip else _not_yet(request, code)


@customer_page("see")
def slip_xlsx(request: CustomerRequest, code: UUID) -> HttpResponse:
    slip = get_slip_for(request.actor, code)
    return _download(bytes(slip.xlsx), XLSX, f"{_name(slip)}.xlsx") if slip else _not_yet(request, code)


def _not_yet(request: CustomerRequest, code: UUID) -> HttpResponse:
    """A worker draws the slip within seconds of the release: the page says so, and asks again by itself."""
    if not is_slip_on_its_way(request.actor, code):
        raise Http404
    response = render(request, "remittance/slip_pending.html", {"code": code}, status=202)
    response.headers["Refresh"] = "2"
    return response


def _name(slip: RemittanceSlip) -> str:
    payment = Payment.objects.select_related("run").get(pk=slip.payment_id)
    return f"{payment_code(payment.run.number, payment.position)}-v{slip.version}"


def _download(body: bytes, content_type: str, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(body, content_type=content_type, headers=headers)
