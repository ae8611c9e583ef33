"""AR's folder is gone for a night: nobody is asked to do anything, and nothing is sent twice afterwards."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from django.utils import timezone

from payments.models import ArPosting, Payment
from portal.tenancy import carrier
from tests.browsers import SitDown
from tests.factories import make_invoice
from tests.live import Stack, eventually
from tests.payments.conftest import Desk
from tests.personas import Personas

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("stories")]

PAYMENTS = 3


def test_ar_is_down_for_a_night(stack: Stack, people: Personas, sit_down: SitDown) -> None:
    # In the evening AR's drop folder disappears. Three payments are released all the same.
    out, away = stack.var / "ar" / "out", stack.var / "ar" / "out-unavailable"
    out.rename(away)
    desk = Desk(people, timezone.now())
    bills = [make_invoice(people.harlow_west, "10.00") for _ in range(PAYMENTS)]
    run = desk.released(*bills, payments=PAYMENTS)
    stack.jobs()
    url = stack.web()
    eventually(lambda: min(attempts()) >= 2, "every message was tried twice, with a pause between")
    assert set(states()) == {"released"}

    # Dana reads on the payment that it is being tried, and Erik which message waits for what.
    dana = sit_down(url)
    dana.sign_in("dana")
    dana.open(f"/payments/{desk.payments(run)[0].code}/")
    dana.reads("it is tried again by itself")
    erik = sit_down(url)
    erik.sign_in("erik@carrier.example")
    erik.open("/carrier/postings/?state=pending")
    erik.reads("No such file or directory")
    assert erik.page.locator("tbody tr").count() == PAYMENTS

    # The folder is back. Everything comes by itself, each message once.
    away.rename(out)
    taken = eventually(lambda: take(out) if set(states()) == {"sent"} else None, "all of it was delivered")
    assert taken == Counter({f"820-{number:09d}.x12": 1 for number in control_numbers()})
    rung = rings(stack)
    eventually(lambda: rings(stack) > rung + 2, "the next rings of the bell found nothing to send")
    assert list(out.iterdir()) == []

    # AR reads what lay there and books it.
    put_back(out)
    stack.ar()
    eventually(lambda: set(states()) == {"posted"}, "AR has booked all of it")
    dana.page.reload()
    dana.reads("Posted")
    assert stack.run("check_money").returncode == 0


def attempts() -> list[int]:
    with carrier(read_only=True):
        return list(ArPosting.objects.values_list("attempts", flat=True))


def control_numbers() -> list[int]:
    with carrier(read_only=True):
        return list(ArPosting.objects.values_list("control_number", flat=True))


def states() -> list[str]:
    with carrier(read_only=True):
        return list(Payment.objects.values_list("state", flat=True))


def take(out: Path) -> Counter[str]:
    """Each file out of the folder, so that a second one of its name would be seen."""
    kept = out.parent / "kept"
    kept.mkdir(exist_ok=True)
    found = Counter(path.name for path in out.iterdir())
    for name in found:
        (out / name).rename(kept / name)
    return found


def put_back(out: Path) -> None:
    for path in (out.parent / "kept").iterdir():
        path.rename(out / path.name)


def rings(stack: Stack) -> int:
    """How often beat has rung for what AR has not heard."""
    return stack.log("beat-1").read_text().count("tell AR")
