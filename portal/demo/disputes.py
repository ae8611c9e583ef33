"""What is contested in the demo: disputes in every state, some of them late, one with a credit note on its way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from payments import operations
from payments.models import Dispute
from payments.operations import dispute_desk
from portal.actor import Actor, CarrierActor
from portal.tenancy import acting, carrier
from portal.users.models import User

PROPOSAL = "The tariff changed in the middle of the month; this is what was billed too much."
DISPUTED = (
    # days ago, reason, percent of the bill, what the customer says
    (34, "service_not_received", "40", "The circuit was not handed over before the 19th."),
    (12, "rate_not_as_agreed", "12.5", "Our contract names the price of 2025 until December."),
    (9, "duplicate_charge", "30", "The same order stands on the bill of the month before."),
    (6, "terminated_service", "20", "Terminated by our letter of the 2nd."),
    (4, "tax_exempt", "8", "The certificate of exemption is with you since March."),
    (2, "quantity_contested", "25", "We have 40 seats, not 50."),
    (1, "late_fee_contested", "5", "Paid in time; see the reference of our payment."),
)


def contest(clerk: Actor, invoices: Sequence[UUID], today: date) -> None:
    """A dispute for each of the invoices, as far as there are both; then the desk goes to work on them."""
    opened = [_open(clerk, invoice, today, stated) for invoice, stated in zip(invoices, DISPUTED, strict=False)]
    for code, step in zip(opened, (_wait, _ask, _propose, _promise, _refuse, _answer, _wait), strict=False):
        step(_rep(), code, datetime.combine(today, time(7, 50), UTC))


def _open(clerk: Actor, invoice: UUID, today: date, stated: tuple[int, str, str, str]) -> UUID:
    days, reason, percent, note = stated
    operations.dispute_invoices(
        clerk,
        invoices=[invoice],
        reason=reason,
        note=note,
        percent=Decimal(percent),
        key=uuid4(),
        now=datetime.combine(today - timedelta(days=days), time(10, 20), UTC),
    )
    with acting(clerk):
        return Dispute.objects.filter(invoice__code=invoice).latest("number").code


def _wait(rep: CarrierActor, code: UUID, at: datetime) -> None:
    """Nobody has looked at it."""


def _ask(rep: CarrierActor, code: UUID, at: datetime) -> None:
    _take(rep, code, at)
    words = "Please send us the page of the contract that names the price."
    dispute_desk.ask_in_dispute(rep, dispute=code, words=words, seen=_version(code), now=at)


def _propose(rep: CarrierActor, code: UUID, at: datetime) -> None:
    _take(rep, code, at)
    credit = Decimal(int(_standing(code))) - 1
    dispute_desk.propose_credit(
        rep, dispute=code, credit=max(credit, Decimal(1)), words=PROPOSAL, seen=_version(code), now=at
    )


def _promise(rep: CarrierActor, code: UUID, at: datetime) -> None:
    dispute_desk.decide_dispute(
        rep, dispute=code, credit=_standing(code), words="You are right.", seen=_version(code), now=at
    )


def _refuse(rep: CarrierActor, code: UUID, at: datetime) -> None:
    words = "The certificate names another company of your group."
    dispute_desk.decide_dispute(rep, dispute=code, credit=Decimal(0), words=words, seen=_version(code), now=at)


def _answer(rep: CarrierActor, code: UUID, at: datetime) -> None:
    words = "We count the seats with the switch tonight and write again tomorrow."
    dispute_desk.answer_dispute(rep, dispute=code, words=words, seen=_version(code), now=at)


def _take(rep: CarrierActor, code: UUID, at: datetime) -> None:
    dispute_desk.take_dispute(rep, dispute=code, seen=_version(code), now=at)


def _version(code: UUID) -> int:
    with carrier(read_only=True):
        return Dispute.objects.values_list("version", flat=True).get(code=code)


def _standing(code: UUID) -> Decimal:
    with carrier(read_only=True):
        standing: Decimal = Dispute.objects.values_list("standing", flat=True).get(code=code)
        return standing


def _rep() -> CarrierActor:
    user = User.objects.filter(carrier_role="rep").order_by("pk")[0]
    return CarrierActor(user.pk, user.name, "rep")
