"""A person at a browser without script: sees pages, fills in their forms, sends them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.test import Client
from django.urls import reverse

from payments.models import Allocation
from portal.actor import Actor, CarrierActor
from portal.tenancy import carrier
from portal.users.models import User
from tests.personas import PASSWORD


@dataclass
class Reader:
    client: Client

    @classmethod
    def of(cls, person: Actor | CarrierActor) -> Reader:
        client = Client()
        client.force_login(cls.user_of(person))
        return cls(client)

    @staticmethod
    def user_of(person: Actor | CarrierActor) -> User:
        return User.objects.get(pk=person.user_id)

    def confirm(self) -> Reader:
        """Prove that it is they: what approves and releases asks for it."""
        answer = self.client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
        assert answer.status_code == 302, "the password is right"
        return self

    def see(self, url: str, status: int = 200) -> str:
        """The page's text; it must answer with this status."""
        answer = self.client.get(url)
        assert answer.status_code == status, (url, answer.status_code)
        return answer.content.decode()

    def press(self, run: UUID, **fields: Any) -> Any:
        """Press a button of a pay run's page; `fields` are the button, and what is typed and checked."""
        return self.send(url("pay_run", run), url("pay_run_lines", run), **fields)

    def submit(self, run: UUID, **fields: Any) -> Any:
        """Press "Submit for approval"; `fields` are what is typed on the page."""
        return self.client.post(url("pay_run_submission", run), {**self.carried_by_rows(run), **fields})

    def carried_by_rows(self, run: UUID) -> dict[str, str]:
        return self.carried(url("pay_run", run), url("pay_run_lines", run))

    def carried(self, page_url: str, form_url: str) -> dict[str, str]:
        """The hidden fields of the form on the page that posts to `form_url`."""
        form = form_on(self.see(page_url), form_url)
        return {name: value for name, value in _HIDDEN.findall(form) if name != "csrfmiddlewaretoken"}

    def send(self, page_url: str, form_url: str, **fields: Any) -> Any:
        """Fill in the form of the page that posts to `form_url`, and send it; the answer is the test client's."""
        return self.client.post(form_url, {**self.carried(page_url, form_url), **fields})


def url(name: str, *codes: UUID) -> str:
    return reverse(name, args=codes)


def placed(run: UUID) -> dict[tuple[str, int], Decimal]:
    """What stands on the run's payments: (invoice number, payment) → amount."""
    with carrier(read_only=True):
        stands = Allocation.objects.filter(payment__run__code=run, held__gt=0)
        found = stands.values_list("invoice__number", "payment__position", "held")
        return {(number, position): held for number, position, held in found}


_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')


def form_on(page: str, form_url: str) -> str:
    for form in re.findall(r"<form.*?</form>", page, re.DOTALL):
        if f'action="{form_url}' in form:
            return str(form)
    raise AssertionError(f"no form posts to {form_url}")


def words(page: Any) -> str:
    """What a person reads of a page or of an answer, in one line."""
    text = page if isinstance(page, str) else page.content.decode()
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())
