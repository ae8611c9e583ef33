"""What a page asks of whoever opens it. Every view carries exactly one policy; a test walks all addresses.

A page runs inside one transaction: read-only for GET, as the customer (or the carrier) it is opened for. What is not
the actor's to see is "not found", never "forbidden".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpResponse
from django.template.response import SimpleTemplateResponse
from django.utils import timezone

from portal.customers import access
from portal.impersonation.operations import record_page_view
from portal.requests import PortalRequest
from portal.tenancy import acting, carrier

View = TypeVar("View", bound=Callable[..., HttpResponse])
SAFE = ("GET", "HEAD")


@dataclass(frozen=True)
class Policy:
    """`audience`: public, signed_in, customer or carrier. `needs`: a right on the tree, or a carrier's role."""

    audience: str
    needs: tuple[str, ...] = ()
    methods: tuple[str, ...] = SAFE


def public_page(*methods: str) -> Callable[[View], View]:
    """For anybody; sees no customer's rows."""
    return _with(Policy("public", (), methods or SAFE), lambda request: None)


def signed_in_page(*methods: str) -> Callable[[View], View]:
    """For anybody with a user; sees no customer's rows."""
    return _with(Policy("signed_in", (), methods or SAFE), lambda request: None)


def customer_page(right: str, *methods: str) -> Callable[[View], View]:
    """For a customer's people with `right` somewhere on the tree; "see" is open to a visiting rep as well."""
    policy = Policy("customer", (right,), methods or SAFE)

    def transaction(request: PortalRequest) -> Any:
        if request.actor is None or (request.actor.is_support and request.method not in SAFE):
            raise Http404
        if request.actor.is_support:
            record_page_view(actor=request.actor, path=request.get_full_path(), now=timezone.now())
        return acting(request.actor, read_only=request.method in SAFE)

    def check(request: PortalRequest) -> None:
        if request.actor is None or not access.has(request.actor, right):
            raise Http404

    return _with(policy, transaction, check)


def carrier_page(*roles: str, methods: tuple[str, ...] = SAFE) -> Callable[[View], View]:
    """For the carrier's people in one of `roles`."""

    def transaction(request: PortalRequest) -> Any:
        if request.carrier is None or request.carrier.role not in roles:
            raise Http404
        return carrier(request.carrier.user_id, read_only=request.method in SAFE)

    return _with(Policy("carrier", roles, methods), transaction)


def _with(
    policy: Policy,
    transaction: Callable[[PortalRequest], Any],
    check: Callable[[PortalRequest], None] = lambda request: None,
) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: PortalRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if policy.audience != "public" and not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if request.method not in policy.methods:
                return HttpResponse(status=405, headers={"Allow": ", ".join(policy.methods)})
            scope = transaction(request)
            if scope is None:
                return view(request, *args, **kwargs)
            try:
                with scope:
                    check(request)
                    return _rendered(view(request, *args, **kwargs))
            except access.Denied as denied:
                raise Http404 from denied

        guarded.policy = policy  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return decorate


def _rendered(response: HttpResponse) -> HttpResponse:
    """A lazy template is rendered while the transaction that may read for it is open."""
    return response.render() if isinstance(response, SimpleTemplateResponse) else response
