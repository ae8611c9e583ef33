"""What the staff's forms may send."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast
from uuid import UUID

from django import forms
from django.http import Http404, QueryDict

from billing_sources.operations import NotDone

LONGEST_REASON = 500
MOST_AT_ONCE = 200


class ReasonForm(forms.Form):
    """Why something is done. That there must be a reason is the operation's to say."""

    reason = forms.CharField(required=False, max_length=LONGEST_REASON)


def posted_reason(data: QueryDict) -> str:
    """Raises `NotDone` for a reason that is too long to read."""
    form = ReasonForm(data)
    if not form.is_valid():
        raise NotDone(f"Give the reason in {LONGEST_REASON} characters at most.")
    return cast(str, form.cleaned_data["reason"])


def codes_in(data: QueryDict, name: str) -> Sequence[UUID]:
    """The codes under this name, each once. Raises `Http404` for one that is no code."""
    try:
        codes = [UUID(text) for text in data.getlist(name)]
    except ValueError as error:
        raise Http404 from error
    return list(dict.fromkeys(codes))[:MOST_AT_ONCE]
