"""A mistyped reference must be noticed by the one who types it."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from payments.domain.references import ReferenceInvalid, make_reference, payment_digits
from remittance.references import epc_qr_svg, make_scan_line, read_scan_line, validate_reference

SCAN_LINE = make_scan_line(customer_number="40-11982", code="PAY-2211-3", amount=Decimal("19708.00"), currency="EUR")


def test_the_reference_of_the_standard_is_valid_and_its_neighbour_is_not() -> None:
    assert validate_reference("RF18 5390 0754 7034") == "RF18539007547034"
    with pytest.raises(ReferenceInvalid):
        validate_reference("RF18 5390 0754 7035")


@given(st.integers(1, 999_999), st.integers(1, 99), st.integers(0, 14), st.integers(1, 9))
def test_any_one_wrong_digit_breaks_the_reference(run: int, place: int, position: int, shift: int) -> None:
    reference = make_reference("40-11982", f"PAY-{run}-{place}")
    at = 4 + position
    wrong = reference[:at] + str((int(reference[at]) + shift) % 10) + reference[at + 1 :]
    with pytest.raises(ReferenceInvalid):
        validate_reference(wrong)


@given(st.integers(0, 9), st.data())
def test_any_one_wrong_digit_breaks_the_scan_line(digit: int, data: st.DataObject) -> None:
    at = data.draw(st.sampled_from([i for i, sign in enumerate(SCAN_LINE) if sign.isdigit() and sign != str(digit)]))
    with pytest.raises(ReferenceInvalid):
        read_scan_line(SCAN_LINE[:at] + str(digit) + SCAN_LINE[at + 1 :])


def test_runs_of_two_customers_under_one_number_have_two_references() -> None:
    assert make_reference("40-11982", "PAY-1-1") != make_reference("40-11983", "PAY-1-1")


def test_run_1_payment_11_is_not_run_11_payment_1() -> None:
    assert payment_digits("PAY-1-11") != payment_digits("PAY-11-1")


@pytest.mark.parametrize("code", ["PAY-1", "PAY-1234567-1", "PAY-1-1 ", "pay-1-1", "PAY-١-1", ""])
def test_what_is_not_a_payment_code_gets_no_reference(code: str) -> None:
    with pytest.raises(ReferenceInvalid):
        make_reference("40-11982", code)


def test_the_scan_line_gives_back_what_it_was_made_of() -> None:
    read = read_scan_line(SCAN_LINE)
    assert (read.customer, read.payment, read.minor_units) == ("04011982", "00221103", 1_970_800)
    assert read.reference == make_reference("40-11982", "PAY-2211-3")


@pytest.mark.parametrize(("currency", "amount", "units"), [("JPY", "1970", 1970), ("OMR", "19.708", 19708)])
def test_the_scan_line_counts_in_the_currencys_own_unit(currency: str, amount: str, units: int) -> None:
    line = make_scan_line(customer_number="1", code="PAY-1-1", amount=Decimal(amount), currency=currency)
    assert read_scan_line(line).minor_units == units


def test_the_qr_code_says_what_the_epc_guideline_prescribes() -> None:
    svg = epc_qr_svg(
        name="Meridian Networks AB",
        iban="SE45 5000 0000 0583 9825 7466",
        bic="NDEASESS",
        amount=Decimal("19708.00"),
        reference="RF18539007547034",
    )
    prescribed = (
        "BCD\n002\n2\nSCT\nNDEASESS\nMeridian Networks AB\nSE4550000000058398257466\nEUR19708\n\nRF18539007547034"
    )
    code = segno.make_qr(prescribed.encode("iso-8859-1"), error="m", boost_error=False)
    assert svg is not None
    assert dark_modules(svg.decode()) == dark_modules(code.svg_inline(border=0))


def dark_modules(svg: str) -> list[str]:
    return re.findall(r' d="([^"]+)"', svg)


@pytest.mark.parametrize("amount", ["0.00", "1000000000.00"])
def test_an_amount_that_the_qr_scheme_cannot_say_gets_no_code(amount: str) -> None:
    assert epc_qr_svg(name="M", iban="SE45", bic="", amount=Decimal(amount), reference="RF18539007547034") is None
