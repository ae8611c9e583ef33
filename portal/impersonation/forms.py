from django import forms


class VisitForm(forms.Form):
    """Why a rep looks, and as whom."""

    user_id = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(label="Reason", min_length=15, max_length=300, help_text="The customer reads it.")
    ticket = forms.CharField(label="Ticket", max_length=40)
