"""The rules that somebody chooses for a proposal: all of it is closed lists, but for the caps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.http import QueryDict

from payments.domain.proposing.inputs import MATCHING, Cap, Lane, Rules
from payments.models import Payment
from payments.runs.forms import AmountInput, planned_text

MATCHES: Final = (
    ("exact", "Exact amount"),
    ("group", "Group"),
    ("due", "Due date"),
    ("none", "Nothing more"),
)
PLACES: Final = ("first", "second", "third")
METHODS: Final = dict(Payment.Method.choices)


class RulesForm(forms.Form):
    """Which payment a bill goes to, which bill comes first, how what is scarce is shared, and the caps of methods."""

    first = forms.ChoiceField(label="First by", choices=MATCHES)
    second = forms.ChoiceField(label="Then by", choices=MATCHES)
    third = forms.ChoiceField(label="And then by", choices=MATCHES)
    order = forms.ChoiceField(
        label="Invoices in the order",
        choices=(("oldest", "Oldest due date first"), ("largest", "Largest first"), ("smallest", "Smallest first")),
    )
    share = forms.ChoiceField(
        label="Where there is not room for all",
        choices=(
            ("fill", "One after another"),
            ("payments", "Each invoice pro rata over its payments"),
            ("invoices", "Each payment pro rata over its invoices"),
        ),
    )
    credits = forms.ChoiceField(
        choices=(
            ("first", "First: they make room for invoices"),
            ("last", "Last: they lower what is paid"),
            ("none", "Not used"),
        ),
    )
    is_anew = forms.BooleanField(
        label="Place everything anew", required=False, help_text="Else what stands already stays where it is."
    )

    def __init__(self, data: QueryDict | None = None, *, lanes: Sequence[Lane], rules: Rules) -> None:
        super().__init__(data, initial=_initial(rules))
        self._capped = sorted({(lane.method, lane.currency) for lane in lanes})
        for method, currency in self._capped:
            label = f"{METHODS[method]} in {currency}, at most"
            self.fields[_cap_field(method, currency)] = AmountInput(label=label, required=False)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        chosen = [said[place] for place in PLACES if said.get(place, "none") != "none"]
        if len(set(chosen)) < len(chosen):
            self.add_error("second", "Each of them can be named once.")
        return said

    @property
    def cap_fields(self) -> list[forms.BoundField]:
        return [self[_cap_field(*each)] for each in self._capped]

    def rules(self) -> Rules:
        """What a valid form says."""
        said = self.cleaned_data
        chosen = [said[place] for place in PLACES]
        amounts = {each: said[_cap_field(*each)] for each in self._capped}
        return Rules(
            matching=tuple(sorted((rule for rule in MATCHING if rule in chosen), key=chosen.index)),
            order=said["order"],
            share=said["share"],
            credits=said["credits"],
            caps=tuple(Cap(*each, amount) for each, amount in amounts.items() if amount is not None),
            is_anew=said["is_anew"],
        )


def _initial(rules: Rules) -> dict[str, Any]:
    places = dict(zip(PLACES, (*rules.matching, "none", "none", "none"), strict=False))
    caps = {_cap_field(cap.method, cap.currency): planned_text(cap.amount) for cap in rules.caps}
    plain = {"order": rules.order, "share": rules.share, "credits": rules.credits, "is_anew": rules.is_anew}
    return {**places, **plain, **caps}


def _cap_field(method: str, currency: str) -> str:
    return f"cap-{method}-{currency}"
