"""Make a rule about methods, and end one. Acts of the carrier's staff."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from billing_sources.models import AccountLink, BillingSystem
from payments.domain.eligibility import METHODS
from payments.domain.refusals import NotFound, Rule, refuse
from payments.models import MethodRule
from portal.actor import CarrierActor
from portal.audit.record import record
from portal.tenancy import carrier

LONGEST_WHY = 80


def make_rule(
    actor: CarrierActor, *, system: str, account: str, currency: str, methods: Sequence[str], why: str, now: datetime
) -> MethodRule:
    """What matches is paid by these methods alone from now on. `system` is a key or "", `account` a number in that
    system or "", `currency` three letters or "". Raises `Refused` in words."""
    words = why.strip()
    if not words or len(words) > LONGEST_WHY or "\0" in words:
        raise refuse(Rule.TEXT, f"Say why, in at most {LONGEST_WHY} characters: payers read it.")
    if not methods or not set(methods) <= set(METHODS):
        raise refuse(Rule.METHOD, "Choose at least one method.")
    if currency and not (len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()):
        raise refuse(Rule.CURRENCY, "A currency has three letters, like USD.")
    with carrier(actor.user_id):
        found = _system(system)
        link = _link(found, account)
        rule = MethodRule.objects.create(
            code=uuid4(),
            system=found,
            customer_id=link.customer_id if link else None,
            account_id=link.account_id if link else None,
            currency=currency,
            methods=[method for method in METHODS if method in methods],
            why=words,
            made_by_id=actor.user_id,
            made_at=now,
        )
        detail = {"system": system, "account": account, "currency": currency, "methods": rule.methods, "reason": words}
        record(actor, "method rule made", f"method rule {words}"[:120], detail, now=now, customer_id=rule.customer_id)
        return rule


def end_rule(actor: CarrierActor, *, code: UUID, now: datetime) -> None:
    """It holds no more; what was placed under it stays. Raises `NotFound` unless it holds."""
    with carrier(actor.user_id):
        rule = MethodRule.objects.select_for_update(no_key=True).filter(code=code, ended_at=None).first()
        if rule is None:
            raise NotFound("rule")
        rule.ended_at = now
        rule.save(update_fields=["ended_at"])
        record(actor, "method rule ended", f"method rule {rule.why}"[:120], now=now, customer_id=rule.customer_id)


def _system(key: str) -> BillingSystem | None:
    if not key:
        return None
    found = BillingSystem.objects.filter(key=key).first()
    if found is None:
        raise refuse(Rule.NOT_FOUND, "There is no such billing system.")
    return found


def _link(system: BillingSystem | None, account: str) -> AccountLink | None:
    if not account.strip():
        return None
    found = AccountLink.objects.filter(system=system, external_id=account.strip(), account__isnull=False).first()
    if found is None:
        raise refuse(Rule.NOT_FOUND, "That billing system has no linked account of this number.")
    return found
