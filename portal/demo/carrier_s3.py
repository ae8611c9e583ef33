"""An S3 server on this machine that plays the bucket a billing system writes into: for the demo and the tests."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self

import boto3
from moto.server import ThreadedMotoServer

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


BUCKET = "carrier"


def client_of(said: Mapping[str, str]) -> S3Client:
    """Access by a system's settings."""
    return boto3.client(
        "s3",
        endpoint_url=said["ENDPOINT"],
        aws_access_key_id=said["ACCESS_KEY"],
        aws_secret_access_key=said["SECRET_KEY"],
        region_name=said["REGION"],
    )


class CarrierS3:
    """One bucket on a loopback port, in memory. `settings` is what the environment has to say of it."""

    def __init__(self, bucket: str = BUCKET, *, port: int = 0) -> None:
        self._bucket = bucket
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)

    @property
    def settings(self) -> dict[str, str]:
        _, port = self._server.get_host_and_port()
        return {
            "URL": f"s3://{self._bucket}/",
            "ENDPOINT": f"http://127.0.0.1:{port}",
            "ACCESS_KEY": "tributary",
            "SECRET_KEY": "loopback",
            "REGION": "us-east-1",
        }

    @property
    def client(self) -> S3Client:
        """The carrier's own access."""
        return client_of(self.settings)

    def __enter__(self) -> Self:
        self._server.start()
        self.client.create_bucket(Bucket=self._bucket)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._server.stop()
