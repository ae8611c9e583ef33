"""Ferry: jBilling's ways of saying what is owed, each read once."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import msgspec
import pytest

from billing_sources.adapters.ferry import FERRY
from billing_sources.canonical import BillType, CanonicalInvoice, Category, ControlTotals, FileRejected
from billing_sources.checks import check
from billing_sources.normalize import Bill, normalize
from tests.billing_sources.jbilling_texts import HEAD, bill, bills_in, issues_in, line, one, parsed, payload


def judged(invoice: CanonicalInvoice) -> tuple[Bill, list[str]]:
    normal = normalize(invoice, FERRY)
    return normal, [issue.rule for issue in check(normal)]


def test_a_payload_without_its_end_is_refused_whole() -> None:
    whole = payload(bill(), bill(invoice={"id": 2, "public_number": "F-2"}))
    for size in (0, 10, whole.rindex(b'{"record": "end"'), len(whole) - 5):
        with pytest.raises(FileRejected):
            parsed(whole[:size]) if size != len(whole) - 5 else parsed(whole + b"more\n")


@pytest.mark.parametrize("head", ["{}", "[", '{"record": "head", "format": "ferry", "version": 2}', "\x00", "ÿþ"])
def test_what_is_no_payload_of_ours_is_refused(head: str) -> None:
    with pytest.raises(FileRejected) as refused:
        parsed(payload(bill()).replace(HEAD.encode(), head.encode("latin-1")))
    assert refused.value.issue.rule == "FERRY-HEAD"


@pytest.mark.parametrize(
    "broken",
    [
        "not json",
        "[" * 100_000,
        '{"record": "bill"}',
        '{"record": "nothing"}',
        HEAD,
        '{"record": "bill", "invoice": 1}',
    ],
)
def test_a_line_that_is_no_bill_is_held_and_the_others_go_on(broken: str) -> None:
    read = parsed(payload(bill(), broken, bill(invoice={"id": 2, "public_number": "F-2"})))
    assert [found.number for found in bills_in(read)] == ["F-1", "F-2"]
    assert [(issue.rule, issue.position, issue.is_fatal) for issue in issues_in(read)] == [
        ("FERRY-LINE", "line 3", True)
    ]


def test_a_line_longer_than_any_bill_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("billing_sources.readers.jbilling.payload.LONGEST_LINE", 2_000)
    read = parsed(payload("x" * 3_000_000, bill()))
    assert [issue.rule for issue in issues_in(read)] == ["FERRY-SIZE"]
    assert len(bills_in(read)) == 1


@pytest.mark.parametrize(
    ("fields", "source"),
    [
        ({"invoice": {"create_datetime": "2026-13-41T00:00:00"}}, "invoice.create_datetime"),
        ({"invoice": {"create_datetime": "infinity"}}, "invoice.create_datetime"),
        ({"invoice": {"create_datetime": None}}, "invoice.create_datetime"),
        ({"invoice": {"total": "NaN"}}, "invoice.total"),
        ({"invoice": {"total": "1E+400"}}, "invoice.total"),
        ({"invoice": {"balance": "12,5"}}, "invoice.balance"),
        ({"currency": {"code": "US$"}}, "currency.code"),
        ({"currency": {"code": None}}, "currency.code"),
        ({"base_user": {"id": None}}, "base_user.id"),
        ({"usage": [{"id": 1, "event_date": "yesterday", "amount": "1"}]}, "mediation_record_line.event_date"),
    ],
)
def test_a_value_that_cannot_be_read_holds_its_bill_alone(fields: dict[str, object], source: str) -> None:
    read = parsed(payload(bill(**fields), bill(invoice={"id": 2, "public_number": "F-2"}), amount="0"))
    assert [(issue.rule, issue.field, issue.number) for issue in issues_in(read)] == [("FERRY-VALUE", source, "F-1")]
    assert [found.number for found in bills_in(read)] == ["F-2"]


@pytest.mark.parametrize("fields", [{"invoice": {"customer_notes": "a\x00b"}}, {"carries": ["F-\x00"]}])
def test_a_nul_which_no_database_holds_is_a_line_that_the_query_did_not_write(fields: dict[str, object]) -> None:
    read = parsed(payload(bill(**fields), bill(invoice={"id": 2, "public_number": "F-2"}), amount="0"))
    assert [(issue.rule, issue.found) for issue in issues_in(read)] == [("FERRY-LINE", "a NUL in a text")]
    assert [found.number for found in bills_in(read)] == ["F-2"]


def test_lines_that_do_not_add_up_hold_their_bill() -> None:
    _, rules = judged(one(line("100"), line("20", 2), invoice={"total": "130"}))
    assert rules == ["FERRY-BALANCE", "BR-CO-15"]


def test_a_chain_of_three_delegations_counts_each_charge_once() -> None:
    chain = [
        bill(line("100.00"), invoice={"id": 1, "status_id": 28, "delegated_invoice_id": 2, "balance": "0"}),
        bill(
            line("100.00", 3),
            line("50.00"),
            invoice={"id": 2, "public_number": "F-2", "status_id": 28, "delegated_invoice_id": 3, "balance": "0"},
            carries=["F-1"],
        ),
        bill(
            line("150.00", 3),
            line("20.00"),
            line("2.25", 4),
            invoice={"id": 3, "public_number": "F-3", "carried_balance": "150.00"},
            carries=["F-2"],
        ),
    ]
    seen = [judged(found) for found in bills_in(parsed(payload(*chain)))]
    assert [rules for _, rules in seen] == [[], [], []]
    assert [normal.payable for normal, _ in seen] == [Decimal(100), Decimal(50), Decimal("22.25")]
    last = seen[-1][0].invoice
    assert (last.amount_due, last.previous_balance, last.balance_forward) == (Decimal("172.25"), 150, 150)
    assert (last.preceding, last.note) == ("F-2", "Carries the debt of F-2.")
    assert [charge.category for charge in last.charges] == [
        Category.CARRIED_BALANCE,
        Category.RECURRING,
        Category.LATE_FEE,
    ]


def test_carried_debt_is_known_by_its_type_whatever_it_is_called() -> None:
    carried = line("40", 3) | {"type": "factura vencida"}
    normal, rules = judged(one(carried, line("60")))
    assert (normal.payable, normal.unmapped, rules) == (Decimal(60), {}, [])


def test_a_carried_balance_that_its_line_contradicts_is_shown_to_a_person() -> None:
    _, rules = judged(one(line("40", 3), line("60"), invoice={"carried_balance": "41"}))
    assert rules == ["FERRY-CARRIED"]


def test_the_same_number_in_two_entities_is_two_bills() -> None:
    read = parsed(payload(bill(), bill(entity={"id": 2, "description": "Ferry North"}, invoice={"id": 2})))
    assert {(found.entity, found.number) for found in bills_in(read)} == {("1", "F-1"), ("2", "F-1")}


def test_a_bill_deleted_at_the_source_is_void_and_owes_nothing() -> None:
    read = parsed(payload(bill(invoice={"deleted": 1}), bill(invoice={"id": 2, "public_number": "F-2"})))
    void, live = (judged(found)[0] for found in bills_in(read))
    assert (void.invoice.bill_type, void.payable, void.total) == (BillType.VOID, 0, 0)
    assert live.invoice.bill_type is BillType.INVOICE
    assert [item for item in read if isinstance(item, ControlTotals)] == [ControlTotals(2, Decimal(100), 4)]


def test_float_noise_is_taken_off_and_shown_and_money_is_not() -> None:
    noisy = one(line("12.3000000001"), line("7.6999999999"), line("0.0000000020"), invoice={"total": "20.0000000020"})
    assert [charge.amount for charge in noisy.charges] == [
        Decimal("12.30"),
        Decimal("7.70"),
        Decimal("0.00"),
        Decimal("0.0000000020"),
    ]
    assert (noisy.charges[-1].source_term, noisy.charges[-1].is_information_only) == ("float noise", True)
    assert noisy.amount_due == Decimal(20)
    rates = one(line("0.0033333333"), line("0.0000123456"), invoice={"total": "0.0033456789"})
    assert [charge.amount for charge in rates.charges] == [Decimal("0.0033333333"), Decimal("0.0000123456")]


def test_the_file_ties_though_its_amounts_are_noisy() -> None:
    read = parsed(payload(bill(line("12.3000000001")), bill(line("7.6999999999"), invoice={"id": 2})))
    [declared] = [item for item in read if isinstance(item, ControlTotals)]
    assert declared.amount == sum(found.amount_due or 0 for found in bills_in(read))


def test_a_refund_takes_away_from_what_was_paid_and_dead_payments_are_none() -> None:
    payments = [
        {"id": 1, "amount": "100", "result_id": 1},
        {"id": 2, "amount": "30", "result_id": 4, "is_refund": 1},
        {"id": 3, "amount": "70", "result_id": 1, "deleted": 1},
        {"id": 4, "amount": "70", "result_id": 2},
    ]
    assert judged(one(invoice={"balance": "30"}, payments=payments))[1] == []
    assert judged(one(invoice={"balance": "0"}, payments=payments))[1] == ["FERRY-BALANCE"]


def test_a_balance_left_on_a_paid_bill_is_evidence_and_changes_nothing() -> None:
    normal, rules = judged(one(invoice={"balance": "12.50", "status_id": 26}))
    assert (normal.payable, rules) == (Decimal(100), ["FERRY-PAID"])


def test_a_bill_due_before_it_was_issued_is_loaded_and_shown() -> None:
    normal, rules = judged(one(invoice={"due_date": "1926-12-01"}))
    assert (normal.invoice.due_on, rules) == (date(1926, 12, 1), ["DATE-03"])


def test_the_period_is_read_from_the_text_and_no_day_is_guessed() -> None:
    found = one(
        line("1", description="DSL 10 Mbit Period from 07/26/2006 to 08/25/2006"),
        line("1", description="Router. Period from 26/08/2006 to 25/09/2006"),
    )
    assert (found.charges[0].period_start, found.charges[0].period_end) == (date(2006, 7, 26), date(2006, 8, 25))
    assert (found.charges[1].period_start, found.charges[1].period_end) == (None, None)
    assert (found.period_start, found.period_end) == (date(2006, 7, 26), date(2006, 8, 25))


def test_the_end_of_an_orders_period_is_exclusive() -> None:
    found = one(order_process={"period_start": "2026-10-01", "period_end": "2026-11-01"})
    assert (found.period_start, found.period_end) == (date(2026, 10, 1), date(2026, 10, 31))


def test_html_entities_are_resolved_once() -> None:
    found = one(
        line("1", description="Caf&eacute; line &#8364;5 &amp;amp; more"), base_user={"name": "Smith &amp; Sons"}
    )
    assert (found.charges[0].description, found.buyer) == ("Café line €5 &amp; more", "Smith & Sons")


def test_branches_and_parents_become_the_tree_and_the_entity_does_not() -> None:
    found = one(
        line("10"),
        line("5", 5, source_user_id=71, source_user="Harlow North"),
        line("1", 1, source_user_id=70),
        parent={"id": 60, "name": "Harlow Group"},
    )
    assert [(node.external_id, node.parent, node.name) for node in found.accounts] == [
        ("60", "", "Harlow Group"),
        ("70", "60", "Harlow West"),
        ("71", "70", "Harlow North"),
    ]
    assert [charge.account for charge in found.charges] == ["", "71", ""]
    assert found.charges[1].category is Category.RECURRING


def test_tax_lines_are_taxes_and_a_percentage_is_no_price() -> None:
    found = one(line("100"), line("8.25", 2, description="City tax", price="8.25", is_percentage=1))
    assert [(tax.category, tax.amount, tax.rate_percent) for tax in found.taxes] == [
        ("City tax", Decimal("8.25"), Decimal("8.25"))
    ]
    assert judged(found)[0].payable == Decimal("108.25")
    late = one(line("3", 4, price="1.5", quantity="1", is_percentage=1)).charges[0]
    assert (late.unit_price, late.quantity) == (None, None)


def test_calls_explain_the_charge_of_their_item() -> None:
    calls = [
        {"id": 1, "item_id": 9, "event_date": "2026-10-03T11:40:11", "amount": "2.50", "quantity": "300"},
        {"id": 2, "item_id": 9, "event_date": "2026-10-04T11:40:11", "amount": "1.50", "quantity": "200"},
        {"id": 3, "item_id": 8, "event_date": "2026-10-05T11:40:11", "amount": "9.00"},
    ]
    found = one(line("30", item_id=7), line("4.00", 6, item_id=9), usage=calls)
    assert [(call.charge, call.amount) for call in found.usage] == [(2, Decimal("2.50")), (2, Decimal("1.50")), (0, 9)]
    assert [charge.category for charge in found.charges] == [Category.RECURRING, Category.USAGE]
    assert found.charges[1].source_term == "item one-time (mediated)"


def test_a_negative_bill_is_a_credit_note_and_one_without_number_goes_by_its_id() -> None:
    found = one(line("-40.00"), invoice={"public_number": None})
    assert (found.bill_type, found.number, found.payment_reference) == (BillType.CREDIT_NOTE, "1", "")


def test_an_unknown_line_type_is_loaded_unmapped_and_shown() -> None:
    normal, _ = judged(one(line("10") | {"type_id": 42, "type": None}))
    assert list(normal.unmapped) == ["line type 42"]
    assert normal.payable == Decimal(10)


def test_every_origin_leads_to_its_record() -> None:
    content = payload(bill(line("10", item_id=9), line("1", 2), usage=[CALL]))
    [found] = bills_in(parsed(content))
    assert FERRY.locate is not None
    origins = [found.origin, found.charges[0].origin, found.taxes[0].origin, found.usage[0].origin]
    located = [FERRY.locate(BytesIO(content), origin) for origin in origins]
    assert [dict(excerpt.cells)[name] for excerpt, name in zip(located, NAMES, strict=True)] == ["F-1", "10", "1", "10"]
    assert json.loads(located[1].text)["item_id"] == 9
    for wrong in ("line 9", "line 2/invoice_line 1", "line 1; DROP", "line 3/invoice_line 3001", ""):
        with pytest.raises(LookupError):
            FERRY.locate(BytesIO(content), wrong)


SAMPLES = Path(__file__).resolve().parents[2] / "billing_sources" / "samples" / "ferry"
CALL = {"id": 5, "item_id": 9, "event_date": "2026-10-03T11:40:11", "amount": "10"}
NAMES = ("invoice.public_number", "invoice_line.amount", "invoice_line.amount", "mediation_record_line.amount")


def test_the_sample_that_ships_reads_as_written_down() -> None:
    sample = SAMPLES / "bills.jsonl"
    read = parsed(sample.read_bytes())
    golden = json.loads(sample.with_name("bills.jsonl.expected.json").read_bytes())
    assert json.loads(msgspec.json.encode(read)) == golden
    verdicts = [(found.number, *judged(found)[1]) for found in bills_in(read)]
    assert verdicts == [
        ("F-2001",),
        ("F-2002",),
        ("F-2003",),
        ("F-2001", "FERRY-PAID", "DATE-03"),
        ("F-2004",),
        ("F-2005",),
    ]


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1e999999999", "9" * 10_000, "1_0", ""])
def test_a_declared_sum_that_no_database_printed_is_refused(amount: str) -> None:
    with pytest.raises(FileRejected, match="FERRY-CUT"):
        parsed(payload(bill(), amount=amount))
