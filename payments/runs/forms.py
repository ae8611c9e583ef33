"""What people type about pay runs: the shape of it; the operations judge it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms

from payments.domain.reasons import SHORT_PAY_REASONS
from payments.models import Payment
from payments.runs.edits import read_sum


class AmountInput(forms.Field):
    """An amount as people write it; empty is None."""

    widget = forms.TextInput(attrs={"inputmode": "decimal"})

    def to_python(self, value: Any) -> Any:
        text = str(value or "").strip()
        amount = read_sum(text)
        if text and amount is None:
            raise forms.ValidationError("Type an amount, such as 1,234.50.")
        return amount


class PaymentForm(forms.Form):
    """One payment of a run. Its currency is chosen once, when it is added."""

    method = forms.ChoiceField(choices=Payment.Method.choices, widget=forms.Select(attrs={"autofocus": True}))
    currency = forms.ChoiceField(choices=[])
    value_on = forms.DateField(label="Value date", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    planned = AmountInput(
        label="Amount it must reach",
        required=False,
        help_text="Leave it empty to pay whatever is placed on it.",
    )
    note = forms.CharField(label="Your own reference", required=False, max_length=80)

    def __init__(self, *args: Any, currencies: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not currencies:
            del self.fields["currency"]
            return
        field = self.fields["currency"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(currency, currency) for currency in currencies]


class ShortPayForm(forms.Form):
    """Why something of an invoice is not paid. `short` empty: all that is not placed.

    It stands inside the form of the whole page, whose other buttons must not ask for it.
    """

    use_required_attribute = False

    reason = forms.ChoiceField(
        choices=[("", "Choose a reason"), *((reason.key, reason.words) for reason in SHORT_PAY_REASONS)],
        error_messages={"required": "Choose a reason.", "invalid_choice": "Choose a reason from the list."},
        widget=forms.Select(attrs={"autofocus": True}),
    )
    short = AmountInput(
        label="Amount not paid",
        required=False,
        help_text="Of each selected invoice. Leave it empty for all that is not placed yet.",
    )
    note = forms.CharField(required=False, max_length=200)


def planned_text(planned: Decimal | None) -> str:
    return "" if planned is None else f"{planned.normalize():f}"


def first_value_date(due: Sequence[date | None], today: date) -> date:
    """The day that a new payment is offered: the earliest due date still to come, else today."""
    return min((day for day in due if day and day >= today), default=today)
