"""What is typed about approvals: a delegation, and a policy as rows of rules and limits. The operations judge it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django import forms

from payments.domain.approval_policy import PERIODS, Limit, Policy, PolicyRule, Step
from payments.runs.forms import AmountInput
from portal.money import ZERO, format_amount

STEPS: Final = (1, 2, 3)
GROUP: Final = "group"
PERIOD_LABELS: Final = {"run": "in one run", "day": "in a day", "month": "in a month"}


class DelegationForm(forms.Form):
    to = forms.TypedChoiceField(label="To", coerce=int)
    from_on = forms.DateField(label="From", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    until_on = forms.DateField(
        label="Up to and with", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    reason = forms.CharField(label="Why", max_length=200)
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, people: Sequence[tuple[Any, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, "to", people)


class RuleForm(forms.Form):
    """One rule: for what, and up to three steps."""

    currency = forms.CharField(label="Currency", max_length=3, required=False, empty_value="")
    above = AmountInput(label="Above", required=False)
    group = forms.ChoiceField(label="Group", required=False)

    def __init__(
        self, *args: Any, people: Sequence[tuple[Any, str]], groups: Sequence[tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, "group", [("", "every pay run"), *groups])
        for number in STEPS:
            self.fields[f"people_{number}"] = forms.IntegerField(
                label=f"Step {number}: people", min_value=0, max_value=9, required=False
            )
            self.fields[f"who_{number}"] = forms.MultipleChoiceField(
                label=f"Step {number}: who",
                choices=[(GROUP, "the group's approvers"), *people],
                required=False,
                widget=forms.SelectMultiple(attrs={"size": 3}),
            )

    def steps(self) -> list[Any]:
        """For the template: the two fields of each step."""
        return [(number, self[f"people_{number}"], self[f"who_{number}"]) for number in STEPS]

    def rule(self) -> PolicyRule:
        said = self.cleaned_data
        steps = tuple(_step(said[f"people_{number}"], said[f"who_{number}"]) for number in STEPS if _asks(said, number))
        return PolicyRule(said["currency"].strip().upper(), said["above"] or ZERO, said["group"], steps)


class LimitForm(forms.Form):
    """The most that a person may approve."""

    person = forms.TypedChoiceField(label="Approver", coerce=int)
    currency = forms.CharField(label="Currency", max_length=3)
    period = forms.ChoiceField(
        label="Within", choices=[(period, PERIOD_LABELS[period]) for period in PERIODS], initial="run"
    )
    amount = AmountInput(label="At most")

    def __init__(self, *args: Any, people: Sequence[tuple[Any, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, "person", [("", ""), *people])

    def limit(self) -> Limit:
        said = self.cleaned_data
        return Limit(said["person"], said["currency"].strip().upper(), said["period"], said["amount"])


RuleForms = forms.formset_factory(RuleForm, extra=2, max_num=40, absolute_max=40, can_delete=True)
LimitForms = forms.formset_factory(LimitForm, extra=2, max_num=200, absolute_max=200, can_delete=True)


def read_policy_forms(rules: Any, limits: Any) -> Policy:
    """Both formsets must be valid. Rows left empty, and rows marked to go, are not in it."""
    found = [form.rule() for form in rules if _counts(form)]
    in_order = sorted(found, key=lambda rule: (rule.group, rule.currency, rule.above))
    return Policy(tuple(in_order), tuple(form.limit() for form in limits if _counts(form)))


def rules_initial(policy: Policy) -> list[dict[str, Any]]:
    return [_rule_initial(rule) for rule in policy.rules]


def limits_initial(policy: Policy) -> list[dict[str, Any]]:
    return [
        {
            "person": limit.person,
            "currency": limit.currency,
            "period": limit.period,
            "amount": format_amount(limit.amount, limit.currency),
        }
        for limit in policy.limits
    ]


def _offer(form: forms.Form, name: str, offered: Sequence[tuple[Any, str]]) -> None:
    field = form.fields[name]
    if isinstance(field, forms.ChoiceField):
        field.choices = list(offered)


def _asks(said: dict[str, Any], number: int) -> bool:
    return bool(said[f"people_{number}"] or said[f"who_{number}"])


def _step(people: int | None, who: Sequence[str]) -> Step:
    """Without a number all who are named are asked."""
    named = tuple(sorted(int(person) for person in who if person != GROUP))
    return Step(people or max(len(named), 1), () if GROUP in who else named, GROUP in who)


def _counts(form: forms.Form) -> bool:
    return (form.has_changed() or bool(form.initial)) and not form.cleaned_data.get("DELETE")


def _rule_initial(rule: PolicyRule) -> dict[str, Any]:
    found: dict[str, Any] = {
        "currency": rule.currency,
        "above": format_amount(rule.above, rule.currency) if rule.above else "",
        "group": rule.group,
    }
    for number, step in enumerate(rule.steps[: len(STEPS)], start=1):
        found[f"people_{number}"] = step.people
        found[f"who_{number}"] = [GROUP] if step.of_group else [f"{person}" for person in step.named]
    return found
