"""External accounts: which wait for a customer, and linking one or many of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone

from billing_sources.linking import create_and_link, link_account
from billing_sources.models import AccountLink, Invoice
from billing_sources.operations import NotDone
from billing_sources.staff.figures import count
from billing_sources.staff.forms import codes_in
from billing_sources.staff.link_queries import (
    STATES,
    count_links,
    find_customers,
    links_by_code,
    list_links,
    merged,
    nodes_of,
    rows_of,
)
from billing_sources.staff.suggestions import suggestions
from portal.customers.models import Account, Customer
from portal.impersonation.policy import carrier_page
from portal.requests import CarrierRequest


@carrier_page("engineer")
def account_links(request: CarrierRequest) -> HttpResponse:
    state, text = request.GET.get("state", ""), request.GET.get("q", "").strip()
    state = state if state in STATES else STATES[0]
    context = {"state": state, "text": text, "rows": list_links(state, text), "counts": count_links()}
    return render(request, "billing_sources/link_list.html", context)


@carrier_page("engineer", methods=("GET", "HEAD", "POST"))
def account_link(request: CarrierRequest) -> HttpResponse:
    """First the customer, by links; then the node of its tree, by a form."""
    chosen = chosen_links(request.GET if request.method != "POST" else request.POST)
    if not chosen:
        messages.error(request, "Choose the accounts first.")
        return redirect("account_links")
    if request.method != "POST":
        return _page(request, chosen)
    customer = _customer(request.POST.get("customer", ""))
    node = _node(customer, request.POST.get("node", ""))
    try:
        linked = _link_all(chosen, customer, _linker(request, customer, node))
    except NotDone as refusal:
        messages.error(request, str(refusal))
        return _page(request, chosen_links(request.POST), customer, status=422)
    published = Invoice.objects.filter(account_link__in=linked, state=Invoice.State.PUBLISHED).count()
    messages.success(
        request,
        f"{count(len(linked), 'account')} linked to {customer.name}; {count(published, 'bill')} published with them.",
    )
    return redirect("account_links")


def _linker(request: CarrierRequest, customer: Customer, node: Account | None) -> Callable[[AccountLink], object]:
    """To the node itself, or to a new one below it (no node: at the top)."""
    now, actor = timezone.now(), request.carrier
    if request.POST.get("do") != "here":
        return lambda link: create_and_link(actor=actor, link=link, customer=customer, parent=node, now=now)
    if node is None:
        raise NotDone("Choose the node that the account is.")
    return lambda link: link_account(actor=actor, link=link, account=node, now=now)


def _link_all(
    chosen: Sequence[AccountLink], customer: Customer, link_one: Callable[[AccountLink], object]
) -> list[int]:
    """All or none. One that was linked along with the account above it is done already."""
    with transaction.atomic():
        for link in chosen:
            link.refresh_from_db(fields=["account", "customer"])
            if link.customer_id not in (None, customer.pk):
                raise NotDone(f"Account {link.external_id} is another customer's meanwhile; nothing was linked.")
            if link.account_id is None:
                link_one(link)
    return [link.pk for link in chosen]


def _page(
    request: CarrierRequest, chosen: Sequence[AccountLink], customer: Customer | None = None, status: int = 200
) -> HttpResponse:
    code, text = request.GET.get("customer", ""), request.GET.get("q", "").strip()
    customer = customer or (_customer(code) if code else None)
    found = suggestions(chosen)
    context = {
        "rows": rows_of(chosen),
        "query": _query(chosen),
        "customer": customer,
        "suggestions": merged(found.values()),
        "text": text,
        "customers": find_customers(text) if customer is None and (text or not found) else [],
        "nodes": nodes_of(customer, chosen) if customer else [],
    }
    return render(request, "billing_sources/link_form.html", context, status=status)


def _query(chosen: Sequence[AccountLink]) -> str:
    query = QueryDict(mutable=True)
    query.setlist("account", [str(link.code) for link in chosen])
    return query.urlencode()


def chosen_links(data: QueryDict) -> list[AccountLink]:
    """Those that the request names, [] for none. Raises `Http404` where one does not exist."""
    codes = codes_in(data, "account")
    chosen = links_by_code(codes)
    if codes and not chosen:
        raise Http404
    return chosen


def _customer(code: str) -> Customer:
    found = Customer.objects.filter(code=_uuid(code)).first()
    if found is None:
        raise Http404
    return found


def _node(customer: Customer, code: str) -> Account | None:
    """A node of this customer's tree; None for "" (the top)."""
    if not code:
        return None
    found = Account.objects.filter(customer=customer, code=_uuid(code)).first()
    if found is None:
        raise Http404
    return found


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Http404 from error
