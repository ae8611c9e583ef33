"""What people type about groups: the shape of it; the operations judge it."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from typing import Any, Final
from uuid import UUID

from django import forms

from billing_sources.models import AccountLink, BillCycle, BillingSystem
from payments.invoices.charges import CATEGORIES
from payments.models import GroupApprover, GroupRule, InvoiceGroup, Payment, Tag
from payments.operations.rule_groups import LONGEST_REFERENCE, MOST_DAYS_BEFORE, RuleWish
from payments.runs.forms import AmountInput
from portal.actor import Actor
from portal.customers import access
from portal.customers.models import Account, Membership

MOST_NODES: Final = 1000
Choices = list[tuple[str, str]]


def _day(label: str) -> forms.DateField:
    return forms.DateField(label=label, required=False, widget=_date_input())


def _date_input() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def _of_month(label: str) -> forms.IntegerField:
    return forms.IntegerField(label=label, required=False, min_value=1, max_value=31)


def _any_of(label: str, rows: int) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(label=label, required=False, widget=forms.SelectMultiple(attrs={"size": rows}))


class RuleForm(forms.Form):
    """A rule, field by field: all of them must fit, within one any value."""

    nodes = _any_of("Below any of these nodes", 8)
    tags = _any_of("Has any of these tags", 5)
    systems = _any_of("Billed by", 5)
    cycles = _any_of("Cycle", 5)
    categories = _any_of("Has a charge of", 5)
    currencies = forms.CharField(label="Currency", required=False, max_length=80, help_text="One or several: USD, EUR")
    amount_from = AmountInput(label="Billed from", required=False)
    amount_to = AmountInput(label="Billed to", required=False)
    due_day_from = _of_month("Due from day of the month")
    due_day_to = _of_month("Due to day of the month")
    due_from = _day("Due from")
    due_to = _day("Due to")

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in rule_choices(actor).items():
            field = self.fields[name]
            if isinstance(field, forms.MultipleChoiceField):
                field.choices = choices

    def wish(self) -> RuleWish:
        """Call it when the form is valid."""
        said: dict[str, Any] = {each.name: self.cleaned_data[each.name] for each in fields(RuleWish)}
        said["currencies"] = said["currencies"].replace(",", " ").upper().split()
        for name, value in said.items():
            said[name] = tuple(value) if isinstance(value, list) else value
        return RuleWish(**{**said, **{name: tuple(map(UUID, said[name])) for name in ("nodes", "tags")}})


class DefaultsForm(forms.Form):
    """What a group's invoices are paid with."""

    name = forms.CharField(max_length=80)
    method = forms.ChoiceField(label="Method of payment", required=False)
    reference = forms.CharField(
        label="Your reference", required=False, max_length=LONGEST_REFERENCE, help_text="Goes on the remittance."
    )
    days_before_due = forms.IntegerField(
        label="Days before the due date", required=False, min_value=0, max_value=MOST_DAYS_BEFORE
    )
    approvers = forms.TypedMultipleChoiceField(label="Approved by", required=False, coerce=int)

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offers: dict[str, Any] = {
            "method": [("", "Not said"), *Payment.Method.choices],
            "approvers": approver_choices(actor),
        }
        for name, choices in offers.items():
            field = self.fields[name]
            if isinstance(field, forms.ChoiceField):
                field.choices = choices


class DayForm(forms.Form):
    """As of which day a group is shown."""

    on = forms.DateField(required=False)

    def chosen(self) -> date | None:
        return self.cleaned_data.get("on") if self.is_valid() else None


def rule_choices(actor: Actor) -> dict[str, Choices]:
    """What the customer has to choose from."""
    own = AccountLink.objects.filter(customer_id=actor.customer_id).values("system_id")
    systems = BillingSystem.objects.filter(pk__in=own).order_by("name")
    cycles = set(BillCycle.objects.filter(system__in=systems).values_list("code", flat=True))
    tags = Tag.objects.filter(customer_id=actor.customer_id, removed_at=None).order_by("name")
    return {
        "nodes": node_choices(actor, "tag"),
        "tags": [(str(code), name) for code, name in tags.values_list("code", "name")],
        "systems": list(systems.values_list("key", "name")),
        "cycles": [(code, f"Cycle {code}") for code in sorted(cycles, key=lambda code: (len(code), code))],
        "categories": list(CATEGORIES.items()),
    }


def node_choices(actor: Actor, right: str) -> Choices:
    """The tree in reach, top down; of a very large one only nodes that have others below them."""
    reach = access.scope(actor, right)
    nodes = Account.objects.filter(customer_id=actor.customer_id)
    if not reach.everything:
        nodes = nodes.filter(pk__in=reach.ids)
    if nodes.count() > MOST_NODES:
        nodes = nodes.filter(pk__in=Account.objects.exclude(parent=None).values("parent"))
    found = sorted(nodes.values_list("path", "name", "code"), key=lambda node: node[0].split("."))
    return [(str(code), "\u2003" * path.count(".") + name) for path, name, code in found[:MOST_NODES]]


def approver_choices(actor: Actor) -> list[tuple[int, str]]:
    people = Membership.objects.filter(customer_id=actor.customer_id).order_by("user__name")
    return list(people.values_list("user_id", "user__name"))


def said_by(row: GroupRule) -> dict[str, Any]:
    """The form's fields as this version says them."""
    nodes = Account.objects.filter(pk__in=row.nodes).values_list("code", flat=True)
    tags = {(tag.merged_into or tag).code for tag in Tag.objects.select_related("merged_into").filter(pk__in=row.tags)}
    systems = BillingSystem.objects.filter(pk__in=row.systems).values_list("key", flat=True)
    plain = {each.name: getattr(row, each.name) for each in fields(RuleWish)}
    lists = {"nodes": [str(code) for code in nodes], "tags": [str(code) for code in tags], "systems": list(systems)}
    return {**plain, **lists, "currencies": " ".join(row.currencies)}


def defaults_of(group: InvoiceGroup) -> dict[str, Any]:
    names = ("name", "method", "reference", "days_before_due")
    approvers = GroupApprover.objects.filter(group=group).values_list("user_id", flat=True)
    return {**{name: getattr(group, name) for name in names}, "approvers": list(approvers)}
