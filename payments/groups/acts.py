"""A posted form of a group or tag becomes an operation, and its answer a sentence on the next page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404
from django.utils import timezone

from payments.commands import Done
from payments.domain.refusals import NotFound, Refused
from payments.invoices.selection import read_code
from portal.requests import CustomerRequest


def attempt(request: CustomerRequest, operation: Callable[..., Done], **wish: Any) -> Done | None:
    """Do it under the form's own key; None where it was refused, with the reason among the page's messages."""
    key = read_code(request.POST.get("key", ""))
    if key is None:
        raise Http404
    try:
        done = operation(request.actor, **wish, key=key, now=timezone.now())
    except NotFound as missing:
        raise Http404 from missing
    except Refused as refused:
        messages.error(request, str(refused))
        return None
    messages.success(request, done.message)
    return done
