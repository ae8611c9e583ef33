"""The rep's way into a customer's portal and out of it; the customer's list of such visits."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from portal.customers import access
from portal.customers.models import Customer, Membership
from portal.customers.operations import allow_visits
from portal.customers.queries import list_customers
from portal.impersonation.forms import VisitForm
from portal.impersonation.operations import VisitRefused, end_visit, start_visit
from portal.impersonation.policy import carrier_page, customer_page
from portal.impersonation.queries import list_visits_for
from portal.requests import CarrierRequest, CustomerRequest


@carrier_page("rep", "engineer")
def customers(request: CarrierRequest) -> HttpResponse:
    """A rep goes on to a visit, an engineer to what is known of the customer."""
    text = request.GET.get("q", "").strip()
    context = {"customers": list_customers(text), "text": text, "may_visit": request.carrier.role == "rep"}
    return render(request, "impersonation/customer_list.html", context)


@carrier_page("rep")
def customer(request: CarrierRequest, code: str) -> HttpResponse:
    return _customer(request, code, VisitForm())


@carrier_page("rep", methods=("POST",))
def visit(request: CarrierRequest, code: str) -> HttpResponse:
    form = VisitForm(request.POST)
    if not form.is_valid():
        return _customer(request, code, form, status=422)
    try:
        start_visit(actor=request.carrier, customer_code=str(code), now=timezone.now(), **form.cleaned_data)
    except VisitRefused as refusal:
        form.add_error(None, str(refusal))
        return _customer(request, code, form, status=422)
    return redirect("home")


@carrier_page("rep", methods=("POST",))
def visit_end(request: CarrierRequest) -> HttpResponse:
    end_visit(actor=request.carrier, now=timezone.now())
    messages.success(request, "The visit has ended.")
    return redirect("customers")


@customer_page("see")
def visits(request: CustomerRequest) -> HttpResponse:
    context = {
        "visits": list_visits_for(request.actor, timezone.now()),
        "allows": Customer.objects.get(pk=request.actor.customer_id).allows_support,
        "may_administer": access.has(request.actor, "administer"),
    }
    return render(request, "impersonation/visit_list.html", context)


@customer_page("administer", "POST")
def visit_permission(request: CustomerRequest) -> HttpResponse:
    allow_visits(actor=request.actor, allowed=request.POST.get("allowed") == "yes", now=timezone.now())
    return redirect("visits")


def _customer(request: CarrierRequest, code: str, form: VisitForm, status: int = 200) -> HttpResponse:
    found = Customer.objects.filter(code=code).first()
    if found is None:
        raise Http404
    members = (
        Membership.objects.filter(customer=found, user__is_active=True).select_related("user").order_by("user__name")
    )
    people = [{"user_id": m.user_id, "name": m.user.name, "title": m.title, "email": m.user.email} for m in members]
    context = {"customer": found, "people": people, "form": form}
    return render(request, "impersonation/customer_detail.html", context, status=status)
