"""Pages of TM Forum resources to typed records: a whole page at once, or one by one where a record is ill. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from billing_sources.canonical import FileRejected, Issue
from billing_sources.readers.json_text import has_nul
from billing_sources.readers.tmf_shape import Shape
from billing_sources.transports.pages import Page

_LOOSE: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=Decimal)
_RAWS = msgspec.json.Decoder(list[msgspec.Raw])
_KINDS = {
    "CustomerBill": "customerBill",
    "AppliedCustomerBillingRate": "appliedCustomerBillingRate",
    "BillCycle": "billCycle",
    "BillingAccount": "billingAccount",
    "Usage": "usage",
}
_MARKS = (
    ("appliedCustomerBillingRate", {"isBilled", "periodCoverage", "appliedTax", "appliedBillingRateType"}),
    ("usage", {"usageDate", "ratedProductUsage", "usageCharacteristic"}),
    ("billCycle", {"billCycleSpecification", "BillCycleSpecification", "chargeDate", "mailingDate"}),
    ("billingAccount", {"accountRelationship", "billStructure", "accountBalance", "accountType"}),
)


class Record(NamedTuple):
    """One record of a page. `value` is of the resource's type, or None where `flaw` says why it could not be read."""

    resource: str
    value: Any
    flaw: str = ""
    raw: bytes = b""


def decoded(page: Page, shape: Shape) -> list[Any] | None:
    """All records of a page at once; None where one of them is ill. Raises `FileRejected`: TMF-JSON."""
    if has_nul(page.body):
        return None
    try:
        records: list[Any] = shape.decoder.decode(page.body)
        return records
    except msgspec.ValidationError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise not_json(page, error) from error


def one_by_one(page: Page, shapes: Mapping[str, Shape]) -> Iterator[tuple[int, Record]]:
    """Records with their place, from 1: of a page with ill ones in it, or of a document saved by hand. Resources that
    no shape reads are left out. Raises `FileRejected`: TMF-JSON.
    """
    for item, raw in enumerate(raw_records(page), 1):
        text = bytes(raw)
        try:
            value = loose(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise not_json(page, error) from error
        resource = page.resource or _kind(value)
        if resource in shapes:
            yield item, _converted(resource, text, value, shapes[resource])


def raw_records(page: Page) -> list[msgspec.Raw]:
    """The records as they stand in the body; a lone object is a page of one. Raises `FileRejected`: TMF-JSON."""
    try:
        if page.body.lstrip()[:1] == b"{":
            return [msgspec.json.decode(page.body, type=msgspec.Raw)]
        return _RAWS.decode(page.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise not_json(page, error) from error


def loose(raw: bytes) -> Any:
    """Any JSON, its numbers exact."""
    return _LOOSE.decode(raw)


def not_json(page: Page, error: Exception) -> FileRejected:
    return FileRejected(Issue("TMF-JSON", f"page {page.number}", expected="a list of objects", found=f"{error}"))


def _converted(resource: str, text: bytes, value: Any, shape: Shape) -> Record:
    """By its own text; where that has nulls, which mean absent, without them."""
    if has_nul(text):
        return Record(resource, None, "a NUL in a text", text)
    try:
        return Record(resource, msgspec.json.decode(text, type=shape.type))
    except msgspec.ValidationError:
        pass
    try:
        whole = msgspec.json.encode(_without_nulls(value))
        return Record(resource, msgspec.json.decode(whole, type=shape.type))
    except msgspec.ValidationError as error:
        return Record(resource, None, str(error), text)


def _kind(value: Any) -> str:
    """Which resource an object of a hand-saved document is: by its `@type` or that of its base, else by its fields."""
    if not isinstance(value, dict):
        return "customerBill"
    named = _KINDS.get(str(value.get("@type"))) or _KINDS.get(str(value.get("@baseType")))
    if named:
        return named
    return next((resource for resource, marks in _MARKS if marks & value.keys()), "customerBill")


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(part) for name, part in value.items() if part is not None}
    if isinstance(value, list):
        return [_without_nulls(part) for part in value if part is not None]
    return value
