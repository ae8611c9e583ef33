"""An invitation is the only way in."""

from __future__ import annotations

from functools import partial
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils import timezone

from portal.customers.operations import NotDone, join
from portal.customers.queries import PendingInvitation, pending_invitation
from portal.users.models import User

SESSION_KEY = "invitation"


class InvitationOnlyAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Signing up needs the link from an invitation, and the address it was sent to."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return _invitation(request) is not None

    def clean_email(self, email: str) -> str:
        invitation = _invitation(self.request)
        if invitation and email.casefold() != invitation.email.casefold():
            raise ValidationError("Use the address that the invitation was sent to.")
        return str(super().clean_email(email))

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """The invitation's link came by e-mail, so the address is proven: allauth is told, and asks for no proof."""
        save = partial(super().save_user, request, user, form, commit=commit)
        user.name = form.cleaned_data["email"].split("@")[0]
        try:
            join(code=request.session.pop(SESSION_KEY, ""), user=user, save=save, now=timezone.now())
        except (NotDone, IntegrityError) as late:  # in another tab, while this one was typed in
            messages.info(request, "The invitation was accepted already: sign in with the password that you chose.")
            raise ImmediateHttpResponse(redirect("account_login")) from late
        self.stash_verified_email(request, user.email)
        return user


def _invitation(request: HttpRequest) -> PendingInvitation | None:
    code = request.session.get(SESSION_KEY)
    return pending_invitation(code) if code else None
