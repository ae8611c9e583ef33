"""AR answers in three tongues and any order; every cent ends booked, open again, or before a person."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations
from uuid import UUID

import pytest

from payments.ar.acknowledgements import InvoiceVerdict, Verdict
from payments.models import Allocation, ArAcknowledgement, ArMessage, ArPosting, Break
from portal.audit.models import AuditEvent
from portal.tenancy import carrier
from tests.factories import make_invoice
from tests.payments.conftest import Desk
from tests.payments.partner import Partner


def breaks() -> list[tuple[str, str, str]]:
    with carrier(read_only=True):
        return list(Break.objects.order_by("pk").values_list("kind", "expected", "found"))


def verdicts(run: UUID) -> list[tuple[str, str]]:
    with carrier(read_only=True):
        rows = Allocation.objects.filter(payment__run__code=run).order_by("invoice_id")
        return list(rows.values_list("verdict", "reason"))


def states(desk: Desk, run: UUID) -> tuple[str, list[str]]:
    return desk.run(run).state, [payment.state for payment in desk.payments(run)]


def test_ar_posts_what_was_sent_and_the_run_is_closed(desk: Desk, partner: Partner) -> None:
    invoice = make_invoice(desk.people.harlow_west, "100.00")
    run = desk.released(invoice)

    assert partner.push() == 1
    assert states(desk, run) == ("released", ["sent"])
    partner.accept_envelope()
    partner.accept_syntax()
    assert (states(desk, run), verdicts(run)) == (("released", ["accepted"]), [("accepted", "")])
    partner.post()

    assert (states(desk, run), verdicts(run)) == (("closed", ["posted"]), [("posted", "")])
    assert (desk.invoice(invoice).held, desk.invoice(invoice).settled) == (0, Decimal("100.00"))
    assert breaks() == []


@pytest.mark.parametrize("order", list(permutations(["accept_envelope", "accept_syntax", "post"])))
def test_the_order_in_which_answers_arrive_does_not_matter(
    desk: Desk, partner: Partner, order: tuple[str, ...]
) -> None:
    run = desk.released(make_invoice(desk.people.harlow_west))
    partner.push()

    for answer in order:
        getattr(partner, answer)()

    assert (states(desk, run), verdicts(run)) == (("closed", ["posted"]), [("posted", "")])
    assert breaks() == []
    with carrier(read_only=True):
        assert ArPosting.objects.get().state == "acknowledged"
        assert ArAcknowledgement.objects.count() == 3


def test_an_answer_overtakes_our_own_record_that_the_file_was_sent(desk: Desk, partner: Partner) -> None:
    run = desk.released(make_invoice(desk.people.harlow_west))
    partner.push()
    with carrier():
        ArPosting.objects.update(state="staged", sent_at=None)

    partner.post()

    assert states(desk, run) == ("closed", ["posted"])


def test_one_rejected_invoice_is_open_again_with_ars_reason_and_the_others_are_booked(
    desk: Desk, partner: Partner
) -> None:
    good, bad = (make_invoice(desk.people.harlow_west, amount) for amount in ("100.00", "40.00"))
    run = desk.released(good, bad)
    partner.push()

    said = (
        InvoiceVerdict(good.number, Verdict.ACCEPTED),
        InvoiceVerdict(bad.number, Verdict.REJECTED, reasons=("account closed",)),
    )
    partner.post(Verdict.PARTIALLY, said)

    assert states(desk, run) == ("closed", ["partly_posted"])
    assert verdicts(run) == [("posted", ""), ("rejected", "account closed")]
    assert (desk.invoice(bad).open, desk.invoice(good).settled) == (Decimal("40.00"), Decimal("100.00"))
    again = desk.open(bad)
    desk.place(again, desk.pay(again), bad)


@pytest.mark.parametrize("refuse", ["accept_envelope", "accept_syntax"])
def test_a_file_that_ar_cannot_read_gives_everything_back(desk: Desk, partner: Partner, refuse: str) -> None:
    invoice = make_invoice(desk.people.harlow_west, "100.00")
    run = desk.released(invoice)
    partner.push()

    getattr(partner, refuse)(Verdict.REJECTED)

    assert states(desk, run) == ("closed", ["rejected"])
    assert [verdict for verdict, _ in verdicts(run)] == ["rejected"]
    assert desk.invoice(invoice).open == Decimal("100.00")


def test_the_same_bytes_again_change_nothing(desk: Desk, partner: Partner) -> None:
    run = desk.released(make_invoice(desk.people.harlow_west))
    partner.push()
    with carrier(read_only=True):
        body = partner.application(ArPosting.objects.select_related("payment").get(), Verdict.ACCEPTED)

    partner.answer(body, "first.edi")
    partner.answer(body, "second.edi")
    partner.post()  # and the same word in another file

    assert states(desk, run) == ("closed", ["posted"])
    assert breaks() == []
    with carrier(read_only=True):
        assert ArMessage.objects.count() == 2


def test_a_smaller_amount_is_booked_as_ar_says_and_the_difference_is_before_a_person(
    desk: Desk, partner: Partner
) -> None:
    invoice = make_invoice(desk.people.harlow_west, "100.00")
    run = desk.released(invoice)
    partner.push()

    partner.post(Verdict.ACCEPTED, [InvoiceVerdict(invoice.number, Verdict.ACCEPTED, amount=Decimal("90.00"))])

    assert states(desk, run) == ("closed", ["partly_posted"])
    assert (desk.invoice(invoice).settled, desk.invoice(invoice).open) == (Decimal("90.00"), Decimal("10.00"))
    assert breaks() == [("amount_differs", "100.00 USD", "90.00")]


@pytest.mark.parametrize("amount", ["110.00", "0", "-5", "99.999"])
def test_an_amount_that_cannot_be_is_never_booked_beyond_what_was_sent(
    desk: Desk, partner: Partner, amount: str
) -> None:
    invoice = make_invoice(desk.people.harlow_west, "100.00")
    desk.released(invoice)
    partner.push()

    partner.post(Verdict.ACCEPTED, [InvoiceVerdict(invoice.number, Verdict.ACCEPTED, amount=Decimal(amount))])

    assert desk.invoice(invoice).settled in (0, Decimal("100.00"))
    assert [kind for kind, _, _ in breaks()] == ["amount_differs"]


def test_invoices_and_payments_that_we_never_sent_are_before_a_person(desk: Desk, partner: Partner) -> None:
    run = desk.released(make_invoice(desk.people.harlow_west))
    partner.push()

    partner.post(Verdict.PARTIALLY, [InvoiceVerdict("NOT-OURS", Verdict.ACCEPTED)])
    partner.post(Verdict.ACCEPTED, reference="RF00NOBODY")
    partner.post(Verdict.ACCEPTED, group_control=999_999)

    assert states(desk, run) == ("released", ["sent"])
    assert [kind for kind, _, _ in breaks()] == ["unknown_invoice", "unknown_reference", "unknown_reference"]


def test_an_answer_to_what_is_still_here_is_before_a_person(desk: Desk, partner: Partner) -> None:
    run = desk.released(make_invoice(desk.people.harlow_west))
    with carrier(read_only=True):
        body = partner.application(ArPosting.objects.select_related("payment").get(), Verdict.ACCEPTED)

    partner.answer(body)

    assert states(desk, run) == ("released", ["released"])
    assert [kind for kind, _, _ in breaks()] == ["unknown_reference"]


def test_an_invoice_number_is_matched_whole(desk: Desk, partner: Partner) -> None:
    invoice = make_invoice(desk.people.harlow_west, number="INV-10")
    desk.released(invoice)
    partner.push()

    partner.post(Verdict.PARTIALLY, [InvoiceVerdict("INV-1", Verdict.ACCEPTED)])

    assert desk.invoice(invoice).settled == 0
    assert [kind for kind, _, _ in breaks()] == ["unknown_invoice"]


def test_equal_numbers_of_two_systems_are_told_apart_or_left_to_a_person(desk: Desk, partner: Partner) -> None:
    atlas = make_invoice(desk.people.harlow_west, "10.00", number="7")
    boreal = make_invoice(desk.people.harlow_west, "20.00", number="7", system="boreal")
    run = desk.released(atlas, boreal)
    partner.push()

    partner.post(Verdict.PARTIALLY, [InvoiceVerdict("7", Verdict.ACCEPTED)])
    assert [kind for kind, _, _ in breaks()] == ["ambiguous_invoice"]
    partner.post(
        Verdict.PARTIALLY,
        [InvoiceVerdict("7", Verdict.ACCEPTED, "atlas"), InvoiceVerdict("7", Verdict.REJECTED, "boreal")],
    )

    assert states(desk, run) == ("closed", ["partly_posted"])
    assert (desk.invoice(atlas).settled, desk.invoice(boreal).open) == (Decimal("10.00"), Decimal("20.00"))


def test_a_second_word_that_contradicts_the_first_moves_nothing(desk: Desk, partner: Partner) -> None:
    invoice = make_invoice(desk.people.harlow_west, "100.00")
    run = desk.released(invoice)
    partner.push()
    partner.post(Verdict.ACCEPTED)

    partner.post(Verdict.REJECTED)

    assert states(desk, run) == ("closed", ["posted"])
    assert desk.invoice(invoice).settled == Decimal("100.00")
    assert breaks() == [("contradiction", "posted", "rejected")]


def test_verdicts_may_come_invoice_by_invoice(desk: Desk, partner: Partner) -> None:
    first, second = (make_invoice(desk.people.harlow_west) for _ in range(2))
    run = desk.released(first, second)
    partner.push()

    partner.post(Verdict.PARTIALLY, [InvoiceVerdict(first.number, Verdict.ACCEPTED)])
    assert states(desk, run) == ("released", ["sent"])
    partner.post(Verdict.PARTIALLY, [InvoiceVerdict(second.number, Verdict.ACCEPTED)])

    assert states(desk, run) == ("closed", ["posted"])


def test_a_run_is_closed_only_when_ar_has_answered_for_all_its_payments(desk: Desk, partner: Partner) -> None:
    run = desk.released(*(make_invoice(desk.people.harlow_west) for _ in range(3)), payments=3)
    partner.push()
    with carrier(read_only=True):
        bodies = [
            partner.application(posting, Verdict.ACCEPTED)
            for posting in ArPosting.objects.select_related("payment").order_by("pk")
        ]

    for body in bodies[:2]:
        partner.answer(body)
    assert desk.run(run).state == "released"
    partner.answer(bodies[2])

    assert states(desk, run) == ("closed", ["posted"] * 3)


def test_an_unreadable_file_is_kept_and_waits_for_a_person_while_others_go_on(desk: Desk, partner: Partner) -> None:
    run = desk.released(make_invoice(desk.people.harlow_west))
    partner.push()
    partner.leave(b"this is no X12", "0-first.edi")

    partner.post()

    assert states(desk, run) == ("closed", ["posted"])
    with carrier(read_only=True):
        (failed,) = ArMessage.objects.exclude(failure="")
        assert (bytes(failed.body), failed.name) == (b"this is no X12", "0-first.edi")


def test_files_that_are_still_being_written_are_left_alone(desk: Desk, partner: Partner) -> None:
    for name in ("answer.edi.part", "answer.tmp", ".answer.edi"):
        partner.leave(b"half", name)

    assert partner.collect() == 0
    assert len(list(partner.connector.folders.answers.iterdir())) == 3


def test_what_ar_said_of_a_payment_is_written_down_for_the_customer(desk: Desk, partner: Partner) -> None:
    desk.released(make_invoice(desk.people.harlow_west))
    partner.push()
    partner.accept_syntax()
    partner.post()

    with carrier(read_only=True):
        acts = AuditEvent.objects.filter(customer=desk.people.harlow, user=None).order_by("pk")
        assert list(acts.values_list("verb", "subject")) == [
            ("payment accepted by AR", "payment PAY-1-1"),
            ("payment posted by AR", "payment PAY-1-1"),
            ("run closed", "pay run 1"),
        ]
