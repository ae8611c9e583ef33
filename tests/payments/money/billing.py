"""What the carrier does: its bills come and are corrected, it decides disputes, and AR answers for payments."""

from __future__ import annotations

from copy import copy
from decimal import Decimal
from typing import Any
from uuid import uuid4

from billing_sources.models import Invoice
from payments.ar.acknowledgements import InvoiceVerdict, Verdict
from payments.domain.refusals import Refused
from payments.models import ArPosting
from payments.operations import dispute_desk
from payments.operations.meet_revisions import meet_revisions
from portal.tenancy import carrier, ingest
from tests.factories import make_invoice
from tests.payments.money.desk import DONE, Desk, Dice, money, refusal
from tests.payments.money.records import Bill, Pay


def bill_comes(desk: Desk, dice: Dice) -> None:
    """Every fourth is a credit note."""
    account, currency = ("nord", "west", "west")[dice.who % 3], "EUR" if dice.share < 25 else "USD"
    side = -1 if dice.is_seldom else 1
    bill = Bill(f"B-{len(desk.books.bills)}", account, currency, side * dice.amount)
    desk.books.bill(bill)
    _import(desk, bill)


def bill_is_revised(desk: Desk, dice: Dice) -> None:
    """To another amount, now and then to the other side or to nothing: void."""
    books, bill = desk.books, desk.bill(dice)
    last = _newest(desk, bill)
    if not bill.is_current or last.is_void:
        return
    is_void, turns = dice.is_seldom, dice.share < 15
    payable = 0 if is_void else dice.amount * bill.side * (-1 if turns else 1)
    new = Bill(bill.name, bill.account, bill.currency, payable, revision=last.revision + 1, is_void=is_void)
    has_money = bool(books.held(bill) or books.settled(bill) or books.disputed(bill) or last is not bill)
    books.revise(bill, new)
    if not has_money:
        with ingest():
            Invoice.objects.filter(pk=desk.twin.invoices[bill].pk).update(state="superseded", is_current=False)
    columns = {"revision": new.revision, "state": "waiting" if has_money else "published", "is_current": not has_money}
    _import(desk, new, **columns, **({"bill_type": "void"} if is_void else {}))
    _meet(desk)


def dispute_is_decided(desk: Desk, dice: Dice) -> None:
    """A share of it is credited, the rest upheld."""
    dispute = desk.dispute(dice)
    if dispute is None:
        return
    named = desk.world.witness.dispute(desk.books.disputes.index(dispute))
    credit = dispute.undecided * dice.share // 100
    why = refusal(lambda: desk.books.decide(dispute, credit))
    try:
        dispute_desk.decide_dispute(
            desk.world.sam, **named, credit=Decimal(credit).scaleb(-2), words="As agreed.", now=desk.world.now
        )
    except Refused as refused:
        DONE["decide_dispute refused"] += 1
        assert why, f"refused with “{refused}”"
    else:
        DONE["decide_dispute"] += 1
        assert not why, why


def ar_is_told(desk: Desk, dice: Dice) -> None:
    told = desk.books.push()
    DONE["told to AR"] += len(told)
    assert desk.world.partner.push() == len(told)


def ar_answers(desk: Desk, dice: Dice) -> None:
    """Accepts, refuses, or says it line by line; also a second time, when nothing moves any more."""
    sent = [pay for pay in desk.books.pays() if pay.state == "sent"]
    again = [pay for pay in desk.books.pays() if pay.state in ("posted", "partly_posted")]
    if sent:
        verdict = ("rejected", "by line", "accepted", "accepted")[dice.side]
        _answer(desk, sent[dice.on % len(sent)], verdict, dice.share)
    elif again:
        _answer(desk, again[dice.on % len(again)], "accepted", 100)


def _answer(desk: Desk, pay: Pay, verdict: str, share: int) -> None:
    DONE[f"AR said {verdict}"] += 1
    of_each = {"accepted": 100, "rejected": 0}.get(verdict, share)
    booked = {bill: held * of_each // 100 for bill, held in pay.held.items()}
    lines = [_line(bill, amount) for bill, amount in booked.items()] if verdict == "by line" else []
    whole = {"accepted": Verdict.ACCEPTED, "rejected": Verdict.REJECTED}.get(verdict, Verdict.PARTIALLY)
    with carrier(read_only=True):
        posting = ArPosting.objects.select_related("payment").get(payment__code=desk.twin.pays[pay])
    desk.books.answer(pay, booked)
    desk.world.partner.answer(desk.world.partner.application(posting, whole, lines))
    _meet(desk)
    for waiting in [bill for bill in desk.books.bills if bill.state == "waiting"]:
        if waiting is _newest(desk, waiting):
            desk.books.meet(waiting)


def _line(bill: Bill, amount: int) -> InvoiceVerdict:
    if not amount:
        return InvoiceVerdict(bill.name, Verdict.REJECTED, reasons=("account closed",))
    return InvoiceVerdict(bill.name, Verdict.ACCEPTED, amount=money(amount))


def _import(desk: Desk, bill: Bill, **columns: Any) -> None:
    """The account's first bill is made as everywhere; the others are like it."""
    payable = money(bill.payable)
    assert payable is not None
    like = desk.twin.first_of.get(bill.account)
    if like is None:
        account = desk.world.accounts[bill.account]
        invoice = make_invoice(account, payable, number=bill.name, currency=bill.currency, **columns)
        desk.twin.first_of[bill.account] = invoice
    else:
        invoice = copy(like)
        own = {"payable": payable, "amount_due": payable, "number": bill.name, "currency": bill.currency}
        blank = {"pk": None, "revision": 1, "state": "published", "is_current": True, "code": uuid4()}
        kind = {"bill_type": "credit_note" if payable < 0 else "invoice", "held": 0, "settled": 0, "disputed": 0}
        for name, value in {**blank, **kind, **own, **columns}.items():
            setattr(invoice, name, value)
        with ingest():
            invoice.save(force_insert=True)
    desk.twin.invoices[bill] = invoice


def _newest(desk: Desk, of: Bill) -> Bill:
    return max((bill for bill in desk.books.bills if bill.name == of.name), key=lambda bill: bill.revision)


def _meet(desk: Desk) -> None:
    meet_revisions(desk.world.now)
