"""What spreadsheets write is read back the same, and nothing that is pasted gets lost on the way."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payments.domain.pasting.amounts import Way, read_amount, way_of, written
from payments.domain.pasting.columns import Kind, recognise
from payments.domain.pasting.rows import Decision, Reading, read_rows
from payments.domain.pasting.table import MOST_ROWS, TooMuch, read_table
from payments.domain.pasting.verdicts import Candidate, Verdict, corrected_total, judge, pasted_total, totals_of
from payments.domain.pasting.wishes import wishes_of
from payments.matching.rows import currencies_of, proof, row_of
from portal.money import ZERO


def reading(text: str, decisions: dict[int, Decision] | None = None) -> Reading:
    table = read_table(text)
    return read_rows(table, recognise(table), decisions or {})


@pytest.mark.parametrize(
    ("text", "point", "comma"),
    [
        ("1,234.56", "1234.56", None),
        ("1.234,56", None, "1234.56"),
        ("1 234,56", None, "1234.56"),
        ("1'234.56", "1234.56", None),
        ("12,34,567.80", "1234567.80", None),
        ("1.234", "1.234", "1234"),
        ("1,234", "1234", "1.234"),
        ("-12", "-12", "-12"),
        ("−12.50", "-12.50", None),
        ("(12.00)", "-12.00", None),
        ("($1,200.00)", "-1200.00", None),
        ("(-3.00)", "-3.00", None),
        ("12-", "-12", "-12"),
        ("12.00 CR", "-12.00", None),
        ("12.00 DR", "12.00", None),
        ("€ 12,00", None, "12.00"),
        ("12,00 EUR", None, "12.00"),
        ("'12.00", "12.00", None),
        ("1.2E+5", None, None),
        ("12.3.4", None, None),
        ("1,2,3", None, None),
        ("TBD", None, None),
        ("NaN", None, None),
        ("", None, None),
        ("9" * 60, None, None),
        ("9" * 16, None, None),
        ("0" * 20 + "7", "7", "7"),
        ("1.123456789", None, None),
    ],
)
def test_an_amount_is_read_as_its_way_of_writing_says_or_not_at_all(
    text: str, point: str | None, comma: str | None
) -> None:
    for way, expected in ((Way.POINT, point), (Way.COMMA, comma)):
        found = read_amount(text, way)
        assert (found and found.value) == (None if expected is None else Decimal(expected)), (text, way)


@pytest.mark.parametrize(
    ("column", "way", "is_doubtful"),
    [
        (["1.234", "12,50"], Way.COMMA, False),
        (["1.234", "1.50"], Way.POINT, False),
        (["1.234", "2.500"], Way.COMMA, True),
        (["1,234"], Way.POINT, True),
        (["12", "-7"], Way.POINT, False),
        (["1,234.56", "1.234,56", "7.00"], Way.POINT, False),
        (["1,234.56", "1.234,56", "2.345"], Way.COMMA, True),
    ],
)
def test_a_column_is_read_in_one_way_and_a_doubt_is_said(column: list[str], way: Way, is_doubtful: bool) -> None:
    found = way_of(column)
    assert (found.way, bool(found.example)) == (way, is_doubtful)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("A-1\nA-2", "number"),
        ("00012\n12", "number"),
        ("12345678\t1200\n12345679\t350", "number amount"),
        ("100.00\tA-1\n(5.00)\tA-2", "amount number"),
        ("USD;A-1;12,50\nEUR;A-2;7,00", "currency number amount"),
        ("A-1\t2026-12-01\t5.00\tTax exempt\nA-2\t2026-12-02\t6.00\tLate fee contested", "number due amount reason"),
        ("Account,Bill no.,Amount to pay\nReno,A-1,5.00", "account number amount"),
        ("Rechnungs-Nr.\tFällig\tBetrag\tWährung\n1\t1.2.2026\t2\tEUR", "number due amount currency"),
        ('"A-1","1,234.56"\n"A-2","7.00"', "number amount"),
        ("A1, A2, A3", "number"),
        ("What\tis\tthis\nA-1\t5.00\tx", "number amount ignore"),
    ],
)
def test_columns_are_recognised_by_head_and_content(text: str, kinds: str) -> None:
    assert [kind.value for kind in recognise(read_table(text)).kinds] == kinds.split()


def test_quotes_that_do_not_pair_swallow_no_rows() -> None:
    assert len(read_table('5" pipe\tA-1\n"open\tA-2\n\tA-3\n').rows) == 3


def test_a_cell_in_quotes_may_hold_a_line_break() -> None:
    table = read_table('"A\n1"\t5.00\nA-2\t6.00\n')
    assert table.rows == (("A 1", "5.00"), ("A-2", "6.00"))
    assert table.lines == (1, 3)


def test_too_much_is_refused_in_words() -> None:
    with pytest.raises(TooMuch, match="at most 20,000"):
        read_table("x1\n" * (MOST_ROWS + 1))
    with pytest.raises(TooMuch, match="at most 40"):
        read_table("\t".join("x" * 41))
    with pytest.raises(TooMuch, match="characters"):
        read_table("x" * 5_000_000)


SEPARATORS = {Way.POINT: (",", " ", "'", "\u00a0", "\u202f", ""), Way.COMMA: (".", " ", "'", "\u00a0", "\u202f", "")}
MONEY = st.decimals(min_value=-(10**9), max_value=10**9, places=2, allow_nan=False, allow_infinity=False)


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, list[tuple[str, Decimal]]]:
    """Rows of number and amount, written in one local way, and the text that a spreadsheet makes of them."""
    way = draw(st.sampled_from(Way))
    separator = draw(st.sampled_from(SEPARATORS[way]))
    minus = draw(st.sampled_from(["-{}", "({})", "{}-", "\u2212{}", "{} CR", "-{} EUR"]))
    mark = draw(st.sampled_from(["\t", ";"]))
    has_head = draw(st.booleans())
    numbers = st.from_regex(r"[A-Z]{1,3}[0-9-]{0,6}[0-9]{2}", fullmatch=True)
    rows = draw(st.lists(st.tuples(numbers, MONEY), min_size=1, max_size=12))
    rows[0] = (rows[0][0], Decimal("1.23"))  # one amount that leaves no doubt
    lines = [f"{number}{mark}{_local(amount, way, separator, minus)}" for number, amount in rows]
    return "\r\n".join(([f"Invoice{mark}Amount"] if has_head else []) + lines), rows


def _local(amount: Decimal, way: Way, separator: str, minus: str) -> str:
    whole, decimals = f"{abs(amount):,.2f}".split(".")
    text = f"{whole.replace(',', separator)}{'.' if way is Way.POINT else ','}{decimals}"
    return minus.format(text) if amount < 0 else text


@settings(max_examples=150)
@given(tables())
def test_what_is_written_in_a_local_way_is_read_back_the_same(table: tuple[str, list[tuple[str, Decimal]]]) -> None:
    text, rows = table
    found = reading(text)
    assert [(row.number, row.amount) for row in found.rows] == rows
    assert found.way is not None
    assert not found.way.example


@given(MONEY, st.sampled_from(Way))
def test_what_is_written_for_the_reader_is_read_back(amount: Decimal, way: Way) -> None:
    found = read_amount(written(amount, way), way)
    assert found is not None
    assert found.value == amount


def candidate(number: str, id_: int, open_: str = "10.00", payable: str = "10.00") -> Candidate:
    return Candidate(
        id=id_,
        code=UUID(int=id_),
        number=number,
        account_id=1,
        account="West",
        account_number="",
        system="Atlas",
        currency="USD",
        payable=Decimal(payable),
        open=Decimal(open_),
        held=ZERO,
        due_on=None,
        is_payable=True,
        revision=1,
        earlier=(),
        runs=(),
        replaced_by="",
    )


KNOWN = {
    "A1": [candidate("A1", 1)],
    "A2": [candidate("A2", 2), candidate("A-2", 3)],
    "A3": [candidate("A3", 4, "0.00")],
}
JUNK = st.text(alphabet='A123 -.,;\t\n\r"()€\x00\u00a0Ü', max_size=200)
ANSWERS = st.dictionaries(
    st.integers(1, 8),
    st.builds(
        Decision,
        number=st.sampled_from([None, "A1", "A2", "", "zzz"]),
        amount=st.sampled_from([None, "1.00", "x", ""]),
        invoice=st.sampled_from([None, UUID(int=2), UUID(int=9)]),
        is_dropped=st.booleans(),
        is_joined=st.booleans(),
    ),
)


@settings(max_examples=300)
@given(JUNK, ANSWERS)
def test_the_totals_of_all_verdicts_are_what_was_pasted_whatever_it_is(text: str, answers: dict[int, Decision]) -> None:
    found = reading(text, answers)
    judged = judge(found.rows, KNOWN)
    totals = totals_of(judged)
    assert sum(total.count for total in totals) == len(found.rows)
    summed: dict[str, Decimal] = {}
    for total in totals:
        for currency, amount in total.amounts.items():
            summed[currency] = summed.get(currency, ZERO) + amount
    pasted, more = pasted_total(found.rows), corrected_total(found.rows)
    for currency in {*summed, *pasted, *more}:
        assert summed.get(currency, ZERO) == pasted.get(currency, ZERO) + more.get(currency, ZERO)
    assert len([row_of(one, "/invoices/", "") for one in judged]) == len(judged)
    assert len(proof(totals, currencies_of(totals), "")) == len(totals)
    acted_on = [one.invoice.id for one in judged if one.verdict is Verdict.FOUND and one.invoice]
    assert len(acted_on) == len(set(acted_on)) or any(one.row.decided.is_joined for one in judged)
    wishes = wishes_of(judged)
    assert len(set(wishes.invoices)) == len(wishes.invoices)
    assert all(wish.amount is None or ZERO <= wish.amount <= Decimal(10) for wish in wishes.wishes)


def test_rows_that_belong_together_are_one_wish_of_their_sum() -> None:
    found = reading("A1\t4.00\nA1\t5.00\n", {2: Decision(is_joined=True)})
    wishes = wishes_of(judge(found.rows, KNOWN))
    assert [(wish.invoice, wish.amount) for wish in wishes.wishes] == [(UUID(int=1), Decimal(9))]
    found = reading("A1\t4.00\nA1\t7.00\n", {2: Decision(is_joined=True)})
    assert [each.why for each in wishes_of(judge(found.rows, KNOWN)).left_out] == ["A1 has 10.00 USD open, not 11.00."]


def test_a_credit_goes_along_as_it_is_when_its_own_amount_was_pasted() -> None:
    known = {"C1": [candidate("C1", 5, "-3.00", "-3.00")], "A1": KNOWN["A1"]}
    wishes = wishes_of(judge(reading("A1\t10.00\nC1\t(3.00)\n").rows, known))
    assert (wishes.invoices, len(wishes.wishes)) == ((UUID(int=1), UUID(int=5)), 1)
    wishes = wishes_of(judge(reading("A1\t10.00\nC1\t(2.00)\n").rows, known))
    assert wishes.invoices == (UUID(int=1),)
    assert "credit of −3.00 USD" in wishes.left_out[0].why
    used = judge(reading("C1\n").rows, {"C1": [candidate("C1", 5, "0.00", "-3.00")]})
    assert used[0].verdict is Verdict.PAID


def test_the_columns_of_a_paste_have_words_for_every_kind() -> None:
    from payments.domain.pasting.columns import KIND_WORDS

    assert set(KIND_WORDS) == set(Kind)
