"""Bills from a bucket, of a real S3 server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from billing_sources import night, runs
from billing_sources.models import ImportRun
from billing_sources.transports import NotReached, Place, S3Prefix
from billing_sources.transports.s3_bucket import Bucket
from portal.demo.carrier_s3 import CarrierS3
from portal.tenancy import ingest
from tests.billing_sources.bills import cycle_file, files_of

BILLS = S3Prefix("boreal/out", ("*.xml",), answers="boreal/in")


@pytest.fixture(scope="module")
def server() -> Iterator[CarrierS3]:
    with CarrierS3() as running:
        yield running


@pytest.fixture
def carrier_s3(server: CarrierS3) -> Iterator[CarrierS3]:
    """Its bucket is empty again afterwards."""
    yield server
    for page in server.client.get_paginator("list_objects_v2").paginate(Bucket="carrier"):
        keys: Any = [{"Key": entry["Key"]} for entry in page.get("Contents", ())]
        if keys:
            server.client.delete_objects(Bucket="carrier", Delete={"Objects": keys})


def place(server: CarrierS3, **settings: str) -> Place:
    return Place(Path("/nowhere"), {**server.settings, **settings})


def put(server: CarrierS3, name: str, content: bytes = b"<Invoice/>", folder: str = "boreal/out") -> None:
    server.client.put_object(Bucket="carrier", Key=f"{folder}/{name}", Body=content)


def names(server: CarrierS3, **settings: str) -> list[str]:
    return [payload.name for payload in BILLS.fetch(place(server, **settings))]


def test_a_listing_goes_over_all_its_pages(carrier_s3: CarrierS3) -> None:
    inside = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]  # a thousand requests would take half a minute
    for number in range(1001):
        inside.put_object("carrier", f"boreal/out/{number:04}.xml", b"")
    assert names(carrier_s3) == [f"{number:04}.xml" for number in range(1001)]


def test_names_that_lead_elsewhere_are_left_out(carrier_s3: CarrierS3) -> None:
    for name in ("good.xml", "more/deep.xml", "a\\b.xml", ".hidden.xml", "half.xml.part", "a.csv"):
        put(carrier_s3, name)
    assert names(carrier_s3) == ["good.xml"]


def test_an_object_replaced_after_it_was_listed_is_read_as_it_is_now(carrier_s3: CarrierS3) -> None:
    put(carrier_s3, "a.xml", b"first")
    (payload,) = BILLS.fetch(place(carrier_s3))
    put(carrier_s3, "a.xml", b"second, and longer")
    with payload.open() as stream:
        assert stream.read() == b"second, and longer"
    (again,) = BILLS.fetch(place(carrier_s3))
    assert again.stamp != payload.stamp


def test_an_object_that_never_stands_still_is_left(carrier_s3: CarrierS3, monkeypatch: pytest.MonkeyPatch) -> None:
    put(carrier_s3, "a.xml", b"0")
    (payload,) = BILLS.fetch(place(carrier_s3))
    honest, turn = Bucket._version, iter(range(1, 99))

    def replaced_first(bucket: Bucket, key: str, etag: str) -> Any:
        put(carrier_s3, "a.xml", b"%d" % next(turn))
        return honest(bucket, key, etag)

    monkeypatch.setattr(Bucket, "_version", replaced_first)
    with pytest.raises(NotReached, match="replaced faster"):
        payload.open()


def test_an_object_that_is_gone_is_told(carrier_s3: CarrierS3) -> None:
    put(carrier_s3, "a.xml")
    (payload,) = BILLS.fetch(place(carrier_s3))
    carrier_s3.client.delete_object(Bucket="carrier", Key="boreal/out/a.xml")
    with pytest.raises(NotReached, match=r"boreal/out/a\.xml"):
        payload.open()


def test_a_bucket_that_is_missing_is_told(carrier_s3: CarrierS3) -> None:
    with pytest.raises(NotReached, match="NoSuchBucket"):
        names(carrier_s3, URL="s3://absent/")


def test_an_address_that_nobody_answers_is_told(carrier_s3: CarrierS3) -> None:
    with pytest.raises(NotReached, match="127.0.0.1:1"):
        names(carrier_s3, ENDPOINT="http://127.0.0.1:1", TIMEOUT="1")


def test_a_wrong_secret_is_told_without_repeating_it(carrier_s3: CarrierS3) -> None:
    said = carrier_s3.settings
    iam = boto3.client(
        "iam", endpoint_url=said["ENDPOINT"], aws_access_key_id="a", aws_secret_access_key="b", region_name="us-east-1"
    )
    iam.create_user(UserName="tributary")
    key = iam.create_access_key(UserName="tributary")["AccessKey"]["AccessKeyId"]
    httpx.post(f"{said['ENDPOINT']}/moto-api/reset-auth", content=b"0")
    try:
        with pytest.raises(NotReached, match="SignatureDoesNotMatch") as refusal:
            names(carrier_s3, ACCESS_KEY=key, SECRET_KEY="hunter2")
    finally:
        httpx.post(f"{said['ENDPOINT']}/moto-api/reset-auth", content=b"inf")
    assert "hunter2" not in str(refusal.value)


def test_no_credentials_but_the_systems_own_are_used(carrier_s3: CarrierS3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "elses")
    settings = {name: value for name, value in carrier_s3.settings.items() if name != "SECRET_KEY"}
    with pytest.raises(NotReached, match="does not say SECRET_KEY"):
        list(BILLS.fetch(Place(Path("/nowhere"), settings)))


def test_an_object_waits_for_its_manifest(carrier_s3: CarrierS3) -> None:
    listed = S3Prefix("boreal/out", ("*.xml",), control=".manifest")
    for name in ("a.xml", "b.xml"):
        put(carrier_s3, name)
    put(carrier_s3, "a.xml.manifest", b"3 bills")
    (payload,) = listed.fetch(place(carrier_s3))
    assert (payload.name, payload.control) == ("a.xml", b"3 bills")


def test_an_answer_stands_below_its_own_prefix(carrier_s3: CarrierS3) -> None:
    for content in (b"first", b"second"):
        BILLS.deliver(place(carrier_s3, URL="s3://carrier/site"), "a.xml.answer", content)
    found = carrier_s3.client.get_object(Bucket="carrier", Key="site/boreal/in/a.xml.answer")
    assert found["Body"].read() == b"second"


def test_a_night_takes_what_the_bucket_holds_and_the_next_does_not_fetch_it_again(
    carrier_s3: CarrierS3, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in carrier_s3.settings.items():
        monkeypatch.setenv(f"TRIBUTARY_BOREAL_{name}", value)
    generated = cycle_file("boreal")
    with (tmp_path / "bills").open("w+b") as file:
        generated.write(file)
    put(carrier_s3, "b3.xml", (tmp_path / "bills").read_bytes())
    seen = []
    for _ in range(2):
        run = runs.start(runs.billing_system("boreal"), ImportRun.Trigger.NIGHTLY, datetime.now(UTC))
        night.work_on(run.pk)
        with ingest():
            run.refresh_from_db()
        seen.append((run.state, run.failure, [file.state for file in files_of(run)]))
    assert seen == [("finished", "", ["published"]), ("finished", "", [])]
