"""One invoice with all that is known of it, as its page shows it: every figure is text before the template sees it.

Called inside `acting(actor)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.urls import reverse

from billing_sources.canonical import BillType
from billing_sources.models import Invoice
from payments.disputes.queries import disputes_of
from payments.disputes.rows import DisputeRow
from payments.groups.facts import groups_of
from payments.groups.tagging import TagOn, tags_on
from payments.invoices.charges import CHARGES_SHOWN, ChargeGroup, TaxLine, charges_of, taxes_of
from payments.invoices.dates import day, period
from payments.invoices.history import AllocationLine, Lineage, Revision, allocations_of, lineage_of, revisions_of
from payments.invoices.queries import revisions_visible_to
from payments.invoices.rows import billed_by, state_of
from payments.invoices.usage import usage_of, usage_url
from portal.actor import Actor
from portal.customers.models import Account
from portal.money import format_amount

_STATEMENT: Final = (
    ("previous_balance", "Previous balance"),
    ("payments_received", "Payments received"),
    ("adjustments_prior", "Adjustments to earlier bills"),
    ("balance_forward", "Balance carried forward"),
)


@dataclass(frozen=True)
class Line:
    label: str
    amount: str
    is_total: bool = False


@dataclass(frozen=True)
class InvoicePageFacts:
    code: str
    number: str
    kind: str
    currency: str
    billed_by: str
    system: str
    seller: str
    state: str
    tone: str
    account_path: tuple[str, ...]
    dates: tuple[tuple[str, str], ...]
    figures: tuple[Line, ...]
    statement: tuple[Line, ...]
    charges: tuple[ChargeGroup, ...]
    charges_left_out: int
    stray_usage_url: str
    taxes: tuple[TaxLine, ...]
    revisions: tuple[Revision, ...]
    current_url: str
    allocations: tuple[AllocationLine, ...]
    disputes: tuple[DisputeRow, ...]
    can_be_disputed: bool
    tags: tuple[TagOn, ...]
    groups: tuple[tuple[str, str], ...]
    lineage: Lineage | None


def get_invoice_for(actor: Actor, code: UUID, today: date, *, shows_all: bool = False) -> InvoicePageFacts | None:
    """The invoice, superseded or not; None where the actor may not see it, be it another customer's or out of reach."""
    invoice = Invoice.objects.select_related("system", "account").filter(revisions_visible_to(actor), code=code).first()
    if invoice is None:
        return None
    groups, left_out = charges_of(invoice, None if shows_all else CHARGES_SHOWN)
    state, tone = _state(invoice, today)
    revisions = revisions_of(actor, invoice)
    return InvoicePageFacts(
        code=str(invoice.code),
        number=invoice.number,
        kind=invoice.bill_type.replace("_", " ").capitalize(),
        currency=invoice.currency,
        billed_by=billed_by(invoice.system.name, invoice.cycle),
        system=invoice.system.name,
        seller=invoice.seller,
        state=state,
        tone=tone,
        account_path=_account_path(invoice.account),
        dates=_dates(invoice),
        figures=_figures(invoice),
        statement=_statement(invoice),
        charges=groups,
        charges_left_out=left_out,
        stray_usage_url=usage_url(invoice, 0) if usage_of(invoice).filter(charge=0).exists() else "",
        taxes=taxes_of(invoice),
        revisions=revisions,
        current_url="" if invoice.is_current else revisions[0].url,
        allocations=allocations_of(invoice),
        disputes=disputes_of(invoice, today),
        can_be_disputed=invoice.is_payable and invoice.open + invoice.held > invoice.disputed,
        tags=tags_on(invoice.pk),
        groups=_groups(actor, invoice),
        lineage=lineage_of(invoice),
    )


def _state(invoice: Invoice, today: date) -> tuple[str, str]:
    if not invoice.is_current:
        return "Superseded", "off"
    if invoice.bill_type == BillType.VOID:
        return "Void", "off"
    return state_of(invoice, today)


def _account_path(account: Account | None) -> tuple[str, ...]:
    """Names from the root down to the account."""
    if account is None:
        return ()
    ids = [int(part) for part in str(account.path).split(".")]
    names = dict(Account.objects.filter(pk__in=ids).values_list("pk", "name"))
    return tuple(names[each] for each in ids if each in names)


def _dates(invoice: Invoice) -> tuple[tuple[str, str], ...]:
    stated = (
        ("Billed on", day(invoice.billed_on)),
        ("Due on", day(invoice.due_on)),
        ("Period", period(invoice.period_start, invoice.period_end)),
        ("Payment reference", invoice.payment_reference),
        ("Replaced by" if invoice.bill_type == BillType.VOID else "Corrects", invoice.preceding),
        ("Takes the place of", invoice.replaces),
    )
    return tuple((label, text) for label, text in stated if text)


def _figures(invoice: Invoice) -> tuple[Line, ...]:
    """Billed less all that has happened to it: what is open, line by line."""
    moved = (
        ("In pay runs", -invoice.held),
        ("Booked by AR", -invoice.settled),
        ("Credited", -invoice.credited),
        ("Written off", -invoice.written_off),
    )
    return (
        _line(invoice, "Billed", invoice.payable),
        *(_line(invoice, label, amount) for label, amount in moved if amount),
        _line(invoice, "Open", invoice.open, is_total=True),
        *([_line(invoice, "Disputed of it", invoice.disputed)] if invoice.disputed else ()),
        *([_line(invoice, "Asked for", invoice.open - invoice.disputed)] if invoice.disputed else ()),
    )


def _statement(invoice: Invoice) -> tuple[Line, ...]:
    stated = [(label, getattr(invoice, name)) for name, label in _STATEMENT]
    lines = [_line(invoice, label, amount) for label, amount in stated if amount is not None]
    if not lines:
        return ()
    return (
        *lines,
        _line(invoice, "This bill", invoice.payable),
        _line(invoice, "Due as stated", invoice.amount_due, is_total=True),
    )


def _groups(actor: Actor, invoice: Invoice) -> tuple[tuple[str, str], ...]:
    found = groups_of(actor.customer_id, [invoice.pk])[invoice.pk]
    return tuple((group.name, reverse("group", args=[group.code])) for group in found)


def _line(invoice: Invoice, label: str, amount: Decimal, *, is_total: bool = False) -> Line:
    return Line(label, format_amount(amount, invoice.currency), is_total)
