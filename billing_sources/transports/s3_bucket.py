"""What `S3Prefix` asks of boto3: a listing by pages, a download of exactly one version, a put. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from billing_sources.transports.drop import (
    CHUNK_BYTES,
    LARGEST_CONTROL,
    MOST_FILES,
    USUAL_TIMEOUT,
    Found,
    require_few,
    spool,
)
from billing_sources.transports.place import NotReached, Place

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

TRIES = 3  # at an object that is replaced while it is read


@dataclass(frozen=True)
class Bucket:
    client: S3Client
    name: str
    root: str

    @classmethod
    def of(cls, place: Place) -> Bucket:
        """Raises `NotReached` where a setting is missing or wrong."""
        url = urlsplit(place.setting("URL"))
        if url.scheme != "s3" or not url.hostname:
            raise NotReached("URL has to read s3://bucket/root")
        try:
            return cls(_client(place), url.netloc, url.path.strip("/"))
        except (BotoCoreError, ValueError) as error:
            raise NotReached(f"ENDPOINT or REGION cannot be used: {error}") from None

    def look(self, folder: str) -> list[Found]:
        """The objects of a folder, those of its subfolders left out."""
        prefix = self._key(folder, "")
        with self._reached(f"list {prefix}"):
            pages = self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.name, Prefix=prefix, Delimiter="/", PaginationConfig={"MaxItems": MOST_FILES + 1}
            )
            found = [
                Found(entry["Key"].removeprefix(prefix), entry["Size"], entry["ETag"].strip('"'))
                for page in pages
                for entry in page.get("Contents", ())
            ]
        require_few(found, prefix)
        return found

    def download(self, folder: str, found: Found) -> BinaryIO:
        """A spool file with its bytes, all of one version: it is read anew if the object is replaced meanwhile."""
        key, etag = self._key(folder, found.name), found.version
        with self._reached(f"read {key}"):
            for _ in range(TRIES):
                if whole := self._version(key, etag):
                    return whole
                etag = self.client.head_object(Bucket=self.name, Key=key)["ETag"].strip('"')
            raise NotReached("it is replaced faster than it can be read")

    def read(self, folder: str, name: str) -> bytes:
        """A small object beside a bill file."""
        key = self._key(folder, name)
        with self._reached(f"read {key}"):
            return self.client.get_object(Bucket=self.name, Key=key)["Body"].read(LARGEST_CONTROL)

    def put(self, folder: str, name: str, content: bytes) -> None:
        """An object appears whole or not at all."""
        key = self._key(folder, name)
        with self._reached(f"write {key}"):
            self.client.put_object(Bucket=self.name, Key=key, Body=content)

    def _version(self, key: str, etag: str) -> BinaryIO | None:
        """None where the object is another by now. A body that ends early raises."""
        try:
            answer = self.client.get_object(Bucket=self.name, Key=key, IfMatch=etag)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 412:
                return None
            raise
        with spool() as whole:
            for chunk in answer["Body"].iter_chunks(CHUNK_BYTES):
                whole.write(chunk)
            if whole.tell() != answer["ContentLength"]:
                raise NotReached(f"{answer['ContentLength']:,} bytes were announced, {whole.tell():,} came")
        return whole

    def _key(self, folder: str, name: str) -> str:
        return "/".join(part for part in (self.root, folder.strip("/")) if part) + f"/{name}"

    @contextmanager
    def _reached(self, doing: str) -> Iterator[None]:
        try:
            yield
        except NotReached as error:
            raise NotReached(f"s3://{self.name}, {doing}: {error}") from None
        except ClientError as error:
            said = error.response["Error"]
            raise NotReached(f"s3://{self.name}, {doing}: {said.get('Code')} {said.get('Message')}") from error
        except (BotoCoreError, OSError) as error:
            raise NotReached(f"s3://{self.name}, {doing}: {error}") from error


def _client(place: Place) -> S3Client:
    """With these credentials and no others: none of the machine's or of the user's files."""
    timeout = place.seconds("TIMEOUT", USUAL_TIMEOUT)
    endpoint = place.settings.get("ENDPOINT")
    return boto3.session.Session(
        aws_access_key_id=place.setting("ACCESS_KEY"),
        aws_secret_access_key=place.setting("SECRET_KEY"),
        region_name=place.setting("REGION"),
    ).client(
        "s3",
        endpoint_url=endpoint,
        config=Config(
            connect_timeout=timeout,
            read_timeout=timeout,
            retries={"mode": "standard", "total_max_attempts": 3},
            signature_version="s3v4",
            s3={"addressing_style": "path" if endpoint else "virtual"},
        ),
    )
