"""From a file to its bills, their charges, and the raw record behind each."""

from __future__ import annotations

import re
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render

from billing_sources.lineage.record import RecordPage
from billing_sources.staff.bill_queries import get_bill, get_charge_record, get_file_bills, get_tax_record
from portal.impersonation.policy import carrier_page
from portal.requests import CarrierRequest

_KEY = re.compile("[0-9]{1,18}")


@carrier_page("engineer")
def file_bills(request: CarrierRequest, code: UUID) -> HttpResponse:
    found = get_file_bills(code, _after(request))
    if found is None:
        raise Http404
    return render(request, "billing_sources/file_bills.html", {"file": found})


@carrier_page("engineer")
def carrier_bill(request: CarrierRequest, code: UUID) -> HttpResponse:
    """What is on a bill, whatever its state."""
    found = get_bill(code, _after(request))
    if found is None:
        raise Http404
    return render(request, "billing_sources/bill_detail.html", {"found": found, "bill": found.bill})


@carrier_page("engineer")
def carrier_charge_record(request: CarrierRequest, code: UUID, position: int) -> HttpResponse:
    """The raw record behind a charge; position 0: behind the bill itself."""
    return _record(request, get_charge_record(code, position))


@carrier_page("engineer")
def carrier_tax_record(request: CarrierRequest, code: UUID, position: int) -> HttpResponse:
    return _record(request, get_tax_record(code, position))


def _record(request: CarrierRequest, record: RecordPage | None) -> HttpResponse:
    if record is None:
        raise Http404
    return render(request, "billing_sources/record_detail.html", {"record": record})


def _after(request: CarrierRequest) -> int:
    """Where the page begins; what does not read as a number is the beginning."""
    text = request.GET.get("after", "")
    return int(text) if _KEY.fullmatch(text) else -1
