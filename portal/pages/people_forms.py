"""What an administrator types."""

from __future__ import annotations

import uuid

from django import forms

RIGHTS = [
    ("see", "See invoices"),
    ("tag", "Tag and group"),
    ("prepare", "Prepare pay runs"),
    ("approve", "Approve and release"),
    ("administer", "Administer people"),
]


class InvitationForm(forms.Form):
    email = forms.EmailField(label="E-mail address")
    title = forms.CharField(label="What they do", max_length=60, required=False)
    rights = forms.MultipleChoiceField(
        label="Rights on the whole tree", choices=RIGHTS, widget=forms.CheckboxSelectMultiple, initial=["see"]
    )
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


class RightForm(forms.Form):
    user_id = forms.IntegerField(widget=forms.HiddenInput)
    right = forms.ChoiceField(choices=RIGHTS)
    node_code = forms.UUIDField()
    act = forms.ChoiceField(choices=[("give", "Give"), ("take", "Take")])
