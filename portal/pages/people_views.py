"""People and rights; the switch between customers; the way in for the invited."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.mail import send_mail
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from portal.customers import operations, queries
from portal.customers.signup import SESSION_KEY
from portal.impersonation.policy import customer_page, public_page, signed_in_page
from portal.pages.people_forms import InvitationForm, RightForm
from portal.requests import CustomerRequest, PortalRequest
from portal.users.models import User


@customer_page("administer")
def people(request: CustomerRequest) -> HttpResponse:
    return _people(request, InvitationForm())


@customer_page("administer", "POST")
def invitations(request: CustomerRequest) -> HttpResponse:
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return _people(request, form, status=422)
    invitation = operations.invite(actor=request.actor, now=timezone.now(), **form.cleaned_data)
    link = request.build_absolute_uri(reverse("invitation", args=[invitation.code]))
    send_mail(
        f"You are invited to {request.actor.customer_name}'s bills",
        f"{request.actor.name} invites you to the billing portal of {request.actor.customer_name}.\n\n{link}\n\n"
        "The link works for two weeks.",
        None,
        [invitation.email],
    )
    messages.success(request, f"{invitation.email} is invited.")
    return redirect("people")


@customer_page("administer", "POST")
def rights(request: CustomerRequest) -> HttpResponse:
    form = RightForm(request.POST)
    if not form.is_valid():
        raise Http404
    fields = dict(form.cleaned_data)
    change = operations.give_right if fields.pop("act") == "give" else operations.take_right
    fields["node_code"] = str(fields["node_code"])
    try:
        change(actor=request.actor, now=timezone.now(), **fields)
    except operations.NotDone as refusal:
        messages.error(request, str(refusal))
    return redirect("people")


@signed_in_page("POST")
def chosen_customer(request: PortalRequest) -> HttpResponse:
    """Choose which customer to work for; only one's own can be chosen."""
    wanted = request.POST.get("customer", "")
    names = dict(queries.customers_of_user(request.user.pk or 0))
    if not wanted.isdecimal() or int(wanted) not in names:
        raise Http404
    request.session["customer_id"] = int(wanted)
    return redirect("home")


@public_page("GET", "HEAD", "POST")
def invitation(request: PortalRequest, code: str) -> HttpResponse:
    """The link in the mail: who has a user accepts with it, anybody else signs up with the invited address."""
    pending = queries.pending_invitation(str(code))
    if pending is None:
        raise Http404
    invited = User.objects.filter(email__iexact=pending.email).first()
    if invited is None:
        request.session[SESSION_KEY] = str(code)
        return redirect("account_signup")
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    if request.user.pk != invited.pk:
        raise Http404
    if request.method != "POST":
        return render(request, "customers/invitation.html", {"invitation": pending})
    try:
        operations.accept_invitation(code=str(code), user=invited, now=timezone.now())
    except operations.NotDone as late:
        raise Http404 from late
    messages.success(request, f"You work for {pending.customer_name} now.")
    return redirect("home")


def _people(request: CustomerRequest, form: InvitationForm, status: int = 200) -> HttpResponse:
    context = {
        "members": queries.list_members_for(request.actor),
        "nodes": queries.list_nodes_for(request.actor),
        "invitations": queries.list_invitations_for(request.actor),
        "form": form,
        "right_form": RightForm(),
    }
    return render(request, "customers/people.html", context, status=status)
