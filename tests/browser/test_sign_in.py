"""The doors: who is not let in learns nothing, and an invitation admits the one who was invited, with those rights."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from portal.users.models import User
from tests.browsers import Person, SitDown
from tests.live import Stack
from tests.personas import Personas

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]

NEW_PASSWORD = "a barge full of harbour lamps"


def test_a_wrong_password_says_nothing_about_who_exists(stack: Stack, people: Personas, sit_down: SitDown) -> None:
    somebody = sit_down(stack.web())
    answers = []
    for name in ("dana", "nobody-of-this-name"):
        somebody.try_to_sign_in(name, "not the password")
        somebody.reads("not correct")
        answers.append(somebody.page.locator("main").inner_text())
    assert answers[0] == answers[1]

    # Neither does asking for a new password.
    for name in ("dana", "nobody-of-this-name"):
        somebody.open("/account/password/reset/")
        somebody.page.get_by_label("Email").fill(f"{name}@customer.example")
        somebody.page.locator("main form button").click()
        somebody.page.wait_for_url("**/password/reset/done/")
        answers.append(somebody.page.locator("main").inner_text())
    assert answers[2] == answers[3]


def test_nobody_signs_up_without_an_invitation(stack: Stack, people: Personas, sit_down: SitDown) -> None:
    stranger = sit_down(stack.web())
    stranger.open("/account/signup/")
    expect(stranger.page.locator("input[type=password]")).to_have_count(0)
    stranger.open("/invitation/00000000-0000-4000-8000-000000000000/")
    stranger.reads("There is nothing here")


def test_an_invitation_admits_the_invited_address_with_its_rights(
    stack: Stack, people: Personas, sit_down: SitDown
) -> None:
    url = stack.web()
    ada = sit_down(url)
    ada.sign_in("ada")
    link = invite(ada, stack, "mia@customer.example", "Prepare pay runs")

    # Somebody else with the link is refused; the invited address is admitted, and is a member at once.
    mia = sit_down(url)
    mia.page.goto(link)
    sign_up(mia, "mallory@elsewhere.example")
    mia.reads("Use the address that the invitation was sent to.")
    sign_up(mia, "mia@customer.example")
    mia.page.wait_for_url(f"{url}/")
    mia.reads("What needs you today")

    # She may see and prepare, as invited, and neither approve nor administer.
    mia.open("/pay-runs/")
    expect(mia.page.get_by_role("button", name="New pay run")).to_be_visible()
    mia.open("/people/")
    mia.reads("There is nothing here")
    assert not User.objects.filter(email="mallory@elsewhere.example").exists()

    # The link is spent.
    later = sit_down(url)
    later.page.goto(link)
    later.reads("There is nothing here")


def invite(ada: Person, stack: Stack, email: str, right: str) -> str:
    ada.open("/people/")
    form = ada.page.get_by_role("region", name="Invite somebody")
    form.get_by_label("E-mail address").fill(email)
    form.get_by_label(right).check()
    form.get_by_role("button", name="Send the invitation").click()
    ada.reads(f"{email} is invited.")
    mail = "".join(path.read_text() for path in (stack.var / "mail").iterdir())
    found = re.search(r"http://\S+/invitation/\S+/", mail)
    assert found, mail
    return found[0]


def sign_up(somebody: Person, email: str) -> None:
    somebody.page.get_by_label("Email").fill(email)
    for field in somebody.page.locator("input[type=password]").all():
        field.fill(NEW_PASSWORD)
    somebody.page.get_by_role("button", name="Open my account").click()
