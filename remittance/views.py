"""Download a payment's slip, as paper and as a workbook. The bytes are those that were issued."""

from __future__ import annotations

from django.http import Http404, HttpResponse

from payments.domain.references import payment_code
from payments.models import Payment
from portal.impersonation.policy import customer_page
from portal.requests import CustomerRequest
from remittance.models import RemittanceSlip
from remittance.queries import get_slip_for

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@customer_page("see")
def slip_pdf(request: CustomerRequest, code: str) -> HttpResponse:
    slip = _slip(request, code)
    return _download(bytes(slip.pdf), "application/pdf", f"{_name(slip)}.pdf")


@customer_page("see")
def slip_xlsx(request: CustomerRequest, code: str) -> HttpResponse:
    slip = _slip(request, code)
    return _download(bytes(slip.xlsx), XLSX, f"{_name(slip)}.xlsx")


def _slip(request: CustomerRequest, code: str) -> RemittanceSlip:
    slip = get_slip_for(request.actor, code)
    if slip is None:
        raise Http404
    return slip


def _name(slip: RemittanceSlip) -> str:
    payment = Payment.objects.select_related("run").get(pk=slip.payment_id)
    return f"{payment_code(payment.run.number, payment.position)}-v{slip.version}"


def _download(body: bytes, content_type: str, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(body, content_type=content_type, headers=headers)
