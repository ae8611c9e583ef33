"""An invitation is the only way in."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone

from portal.customers.operations import accept_invitation
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
        invitation = _invitation(request)
        if invitation is None:
            raise ValidationError("The invitation is no longer valid.")
        user.name = invitation.email.split("@")[0]
        user = super().save_user(request, user, form, commit=commit)
        self.stash_verified_email(request, user.email)
        accept_invitation(code=invitation.code, user=user, now=timezone.now())
        del request.session[SESSION_KEY]
        return user


def _invitation(request: HttpRequest) -> PendingInvitation | None:
    code = request.session.get(SESSION_KEY)
    return pending_invitation(code) if code else None
