"""When a person last proved, in their own session, that it is they who sit there: by password or one-time code.

Signing in is no such proof: what it allows goes on for hours, and others come by an open screen.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from allauth.account.authentication import get_authentication_records
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django_htmx.http import HttpResponseClientRedirect

from portal.users.models import User

PRESS_AGAIN: Final = "Nothing was done yet: confirm that it is you, then press the button again."


def confirmed_at(request: HttpRequest, user: User) -> datetime | None:
    """The last proof of this session, if it was this user's; None when there is none."""
    proofs = [record["at"] for record in get_authentication_records(request, user) if record.get("reauthenticated")]
    return datetime.fromtimestamp(max(proofs), UTC) if proofs else None


def to_confirm(request: HttpRequest, then: str) -> HttpResponse:
    """Ask for the password or code, and lead back to the page `then`, by htmx as well. What was posted is not kept."""
    messages.info(request, PRESS_AGAIN)
    address = f"{reverse('account_reauthenticate')}?{urlencode({REDIRECT_FIELD_NAME: then})}"
    return HttpResponseClientRedirect(address) if "HX-Request" in request.headers else redirect(address)
