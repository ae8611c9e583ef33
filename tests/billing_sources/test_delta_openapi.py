"""Delta against the documents that TM Forum publishes: what our server serves is valid, what they show is read."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest, MockResponse
from openapi_core.validation.response.exceptions import InvalidData

from billing_sources.canonical import CanonicalInvoice, Issue
from billing_sources.generator import CycleOrder, generate_cycle
from portal.demo.delta_api import DeltaApi
from tests.billing_sources.tmf_texts import read

_BILLS = "tmforum-apis__TMF678_CustomerBill"
DOCUMENTS = {
    ("customerBill", 4): f"{_BILLS}/TMF678-CustomerBill-v4.0.0.swagger.json",
    ("customerBill", 5): f"{_BILLS}/TMF678-CustomerBill-v5.0.0.oas.yaml",
    ("appliedCustomerBillingRate", 4): f"{_BILLS}/TMF678-CustomerBill-v4.0.0.swagger.json",
    ("appliedCustomerBillingRate", 5): f"{_BILLS}/TMF678-CustomerBill-v5.0.0.oas.yaml",
    ("billCycle", 5): f"{_BILLS}/TMF678-CustomerBill-v5.0.0.oas.yaml",
    ("billingAccount", 4): "tmforum-apis__TMF666_AccountManagement/TMF666-Account-v4.0.0.swagger.json",
    ("usage", 4): "tmforum-apis__TMF635_UsageManagement/TMF635-UsageManagement-v4.0.0.swagger.json",
}
ORDER = CycleOrder("delta", customers=16, accounts=12, invoices=12, seed=7, billed_on=date(2026, 11, 20), calls=2)


@cache
def published(shared_data: Path, name: str) -> OpenAPI:
    text = (shared_data / "tmforum" / name).read_text()
    document = yaml.safe_load(text) if name.endswith("yaml") else _lifted(json.loads(text))
    return OpenAPI.from_dict(_without_discriminators(document))


def _without_discriminators(node: Any) -> Any:
    """Version 5 has each type name itself as its own subtype: a judge that follows that never comes back."""
    if isinstance(node, dict):
        is_needless = "discriminator" in node and "oneOf" not in node
        left = {name: part for name, part in node.items() if not (is_needless and name == "discriminator")}
        return {name: _without_discriminators(part) for name, part in left.items()}
    return [_without_discriminators(part) for part in node] if isinstance(node, list) else node


def _lifted(swagger: dict[str, Any]) -> dict[str, Any]:
    """A Swagger 2 document as OpenAPI 3: the same schemas in their new place, and the answers of the lists."""
    schemas = json.loads(json.dumps(swagger["definitions"]).replace("#/definitions/", "#/components/schemas/"))
    paths = {}
    for path, methods in swagger["paths"].items():
        if path.count("/") == 1 and "get" in methods:
            schema = json.dumps(methods["get"]["responses"]["200"]["schema"])
            moved = json.loads(schema.replace("#/definitions/", "#/components/schemas/"))
            content = {"application/json": {"schema": moved}}
            paths[path] = {"get": {"responses": {"200": {"description": "", "content": content}}}}
    return {
        "openapi": "3.0.1",
        "info": {"title": swagger["info"]["title"], "version": swagger["info"]["version"]},
        "servers": [{"url": "https://serverRoot"}],
        "paths": paths,
        "components": {"schemas": schemas},
    }


def judge(api: OpenAPI, resource: str, body: bytes) -> None:
    """Raises `InvalidData` where the published document does not allow the body."""
    request = MockRequest("https://serverRoot", "get", f"/{resource}")
    api.validate_response(request, MockResponse(body, 200))


def asked(api: DeltaApi, resource: str, **filters: str) -> httpx.Response:
    settings = api.settings
    base = {"billingAccount": settings["ACCOUNTS_URL"], "usage": settings["USAGE_URL"]}.get(resource, settings["URL"])
    headers = {"Authorization": f"Bearer {settings['TOKEN']}"}
    return httpx.get(f"{base}/{resource}", params=filters, headers=headers)


@pytest.mark.parametrize(("resource", "version"), DOCUMENTS, ids=str)
def test_what_our_server_serves_is_as_published(shared_data: Path, tmp_path: Path, resource: str, version: int) -> None:
    document = published(shared_data, DOCUMENTS[resource, version])
    next(iter(generate_cycle(replace(ORDER, cycle=str(version - 3))))).write_into(tmp_path)
    with DeltaApi(tmp_path) as api:
        whole = asked(api, resource, limit="1000")
        part = asked(api, resource, limit="2")
    records = whole.json()
    assert whole.status_code == 200
    assert int(whole.headers["X-Total-Count"]) == len(records) > 0
    assert part.status_code == (206 if len(records) > 2 else 200)
    judge(document, resource, whole.content)
    judge(document, resource, part.content)


@pytest.mark.parametrize("version", [4, 5])
def test_the_published_document_would_refuse_another_body(shared_data: Path, version: int) -> None:
    """So that the test above can fail."""
    document = published(shared_data, DOCUMENTS["customerBill", version])
    for body in ({"id": 7, "@type": "CustomerBill"}, {"@type": "CustomerBill", "amountDue": {"value": "12,5x"}}):
        with pytest.raises(InvalidData):
            judge(document, "customerBill", json.dumps([body]).encode())


def test_every_example_of_version_5_becomes_a_bill_or_a_clear_issue(shared_data: Path) -> None:
    text = (shared_data / "tmforum" / DOCUMENTS["customerBill", 5]).read_text()
    examples = _AsPrinted(text).get_single_data()["components"]["examples"]
    shown = [one for name, example in examples.items() if "response" in name for one in _records(example["value"])]
    kinds = {"CustomerBill", "AppliedCustomerBillingRate", "BillCycle"}
    resources = [one for one in shown if isinstance(one, dict) and one.get("@type") in kinds]
    assert len(resources) > 15
    found = [read(one) for one in resources]
    bills = [one for one in resources if one["@type"] == "CustomerBill"]
    assert sum(isinstance(one, CanonicalInvoice | Issue) for each in found for one in each if _is_bill(one)) >= len(
        bills
    )


def test_a_published_charge_is_read_with_its_bill(shared_data: Path) -> None:
    """Taxed with 20, or so it says: 100 on 40 are neither a fifth nor twenty times as much."""
    text = (shared_data / "tmforum" / DOCUMENTS["customerBill", 5]).read_text()
    examples = _AsPrinted(text).get_single_data()["components"]["examples"]
    charge = examples["AppliedCustomerBillingRate_retrieve_example_response"]["value"]
    bill = {
        "@type": "CustomerBill",
        "id": charge["bill"]["id"],
        "billDate": "2020-01-22T12:00:00.000Z",
        "billingAccount": charge["billingAccount"],
        "taxExcludedAmount": {"unit": "EUR", "value": 40},
    }
    (read_bill,) = (one for one in read(bill, charge) if isinstance(one, CanonicalInvoice))
    (line,) = read_bill.charges
    assert (line.source_term, line.category, line.amount) == ("monthly", "recurring", 40)
    assert (line.period_start, line.period_end) == (date(2019, 12, 1), date(2019, 12, 31))
    assert [flaw.rule for flaw in read_bill.flaws] == ["TMF-RATE"]


class _AsPrinted(yaml.SafeLoader):
    """Dates stay text, as JSON has them."""


_AsPrinted.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _records(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _is_bill(one: object) -> bool:
    return isinstance(one, CanonicalInvoice) or (isinstance(one, Issue) and one.is_fatal)
