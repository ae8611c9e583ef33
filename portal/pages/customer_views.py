"""What the carrier knows of a customer: its address and tax ids, entered by its people."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from portal.customers.describing import describe_customer, mark
from portal.customers.models import Customer
from portal.customers.operations import NotDone
from portal.impersonation.policy import carrier_page
from portal.requests import CarrierRequest


class DescriptionForm(forms.Form):
    address = forms.CharField(
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 5, "autocomplete": "off"}),
        help_text="As it stands on the customer's slips, a line each, without its name.",
    )
    tax_ids = forms.CharField(
        label="Tax ids",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"}),
        help_text="One a line, in any spelling: only letters and digits are kept.",
    )
    seen = forms.CharField(max_length=16, widget=forms.HiddenInput)


@carrier_page("engineer", "rep", methods=("GET", "HEAD", "POST"))
def customer_details(request: CarrierRequest, code: UUID) -> HttpResponse:
    customer = Customer.objects.filter(code=code).first()
    if customer is None:
        raise Http404
    if request.method != "POST":
        return _page(request, customer, _form_of(customer))
    form = DescriptionForm(request.POST)
    if not form.is_valid():
        return _page(request, customer, form, status=422)
    try:
        is_changed = describe_customer(
            actor=request.carrier,
            code=str(code),
            address_lines=form.cleaned_data["address"].splitlines(),
            tax_ids=form.cleaned_data["tax_ids"].splitlines(),
            seen=form.cleaned_data["seen"],
            now=timezone.now(),
        )
    except NotDone as refusal:
        form.add_error(None, str(refusal))
        return _page(request, customer, form, status=422)
    messages.success(request, "Saved." if is_changed else "Nothing had changed.")
    return redirect("customer_details", code)


def _form_of(customer: Customer) -> DescriptionForm:
    known = {"address": "\n".join(customer.address_lines), "tax_ids": "\n".join(customer.tax_ids)}
    return DescriptionForm(initial={**known, "seen": mark(customer)})


def _page(request: CarrierRequest, customer: Customer, form: DescriptionForm, status: int = 200) -> HttpResponse:
    context = {"name": customer.name, "number": customer.number, "code": str(customer.code), "form": form}
    return render(request, "customers/details.html", context, status=status)
