"""Which systems customers see: the overview; opening cycles; going live or back, a system or a cycle at a time."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from billing_sources.cycles import DAYS, LONGEST_CODE, open_cycle
from billing_sources.models import BillingSystem, Stage
from billing_sources.operations import NotDone
from billing_sources.registry import ADAPTERS
from billing_sources.staff.coverage_queries import read_coverage, read_system
from billing_sources.staff.figures import count
from billing_sources.staff.forms import LONGEST_REASON, posted_reason
from billing_sources.stages import go_live, roll_back
from portal.impersonation.policy import carrier_page
from portal.requests import CarrierRequest

_IDS = "new-%s"  # the page asks for a reason twice


class CycleForm(forms.Form):
    """A bill cycle to be opened, and the stage that it opens in. What is wrong with it is the operation's to say."""

    code = forms.CharField(
        label="Cycle", max_length=LONGEST_CODE, help_text="As the system's bills name it.", widget=forms.TextInput
    )
    day = forms.IntegerField(
        label="Closes on day",
        min_value=DAYS.start,
        max_value=DAYS.stop - 1,
        help_text="Its file is fetched that night.",
    )
    mode = forms.ChoiceField(
        label="Customers",
        choices=[(Stage.Mode.SHADOW, "do not see its bills yet"), (Stage.Mode.LIVE, "see its bills at once")],
        widget=forms.RadioSelect,
        initial=Stage.Mode.SHADOW,
    )
    reason = forms.CharField(max_length=LONGEST_REASON, help_text="Stays on record with your name.")


@carrier_page("engineer")
def coverage(request: CarrierRequest) -> HttpResponse:
    return render(request, "billing_sources/coverage.html", {"coverage": read_coverage(timezone.now().date())})


@carrier_page("engineer", methods=("GET", "HEAD", "POST"))
def system_stages(request: CarrierRequest, system: str) -> HttpResponse:
    """The stages of a system's cycles; a POST changes one of them, or all."""
    found = _system(system, is_kept=request.method == "POST")
    if request.method != "POST":
        return _page(request, found)
    try:
        messages.success(request, _change(request, found))
    except NotDone as refusal:
        messages.error(request, str(refusal))
        return _page(request, found, status=422)
    return redirect("system_stages", system)


@carrier_page("engineer", methods=("POST",))
def system_cycles(request: CarrierRequest, system: str) -> HttpResponse:
    """Open a cycle of a system."""
    found, form = _system(system, is_kept=True), CycleForm(request.POST, auto_id=_IDS)
    if not form.is_valid():
        return _page(request, found, form, status=422)
    try:
        open_cycle(actor=request.carrier, system=found, now=timezone.now(), **form.cleaned_data)
    except NotDone as refusal:
        form.add_error(None, str(refusal))
        return _page(request, found, form, status=422)
    messages.success(request, f"Cycle {form.cleaned_data['code']} is open.")
    return redirect("system_stages", system)


def _system(key: str, *, is_kept: bool) -> BillingSystem:
    """Any that we can read, also before its first file: a new one is put into the shadow before it sends anything."""
    found = BillingSystem.objects.filter(key=key).first()
    if found is None:
        if key not in ADAPTERS:
            raise Http404
        found = BillingSystem(key=key, name=ADAPTERS[key].title)
        if is_kept:
            found.save()
    return found


def _change(request: CarrierRequest, system: BillingSystem) -> str:
    cycle, mode, now = request.POST.get("cycle", ""), request.POST.get("do", ""), timezone.now()
    reason = posted_reason(request.POST)
    if mode == Stage.Mode.LIVE:
        shown = go_live(actor=request.carrier, system=system, cycle=cycle, reason=reason, now=now)
        return f"Live. {count(shown, 'bill')} appeared for their customers."
    if mode != Stage.Mode.SHADOW:
        raise Http404
    taken, stayed = roll_back(actor=request.carrier, system=system, cycle=cycle, reason=reason, now=now)
    kept = f" {count(stayed, 'bill')} stay: their customers work with them." if stayed else ""
    return f"In the shadow. {count(taken, 'bill')} were taken back.{kept}"


def _page(
    request: CarrierRequest, system: BillingSystem, form: CycleForm | None = None, status: int = 200
) -> HttpResponse:
    context = {"system": read_system(system), "form": form or CycleForm(auto_id=_IDS)}
    return render(request, "billing_sources/system_stages.html", context, status=status)
