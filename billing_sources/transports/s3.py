"""Objects below a prefix of an S3 bucket. Pure.

The environment says where: `URL` (s3://bucket/root), `ACCESS_KEY`, `SECRET_KEY`, `REGION`, and `ENDPOINT` where it is
not Amazon's. Where it says no `URL`, the files are taken from the watched folder of the same name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from billing_sources.transports.drop import DropFolder, require_safe
from billing_sources.transports.folder import watched_instead
from billing_sources.transports.place import Payload, Place


@dataclass(frozen=True)
class S3Prefix(DropFolder):
    """`folder` and `answers` are prefixes below the URL's; an object with a further slash is in another folder."""

    def fetch(self, place: Place) -> Iterator[Payload]:
        """Finished objects that are new to us. Raises `NotReached`; so does opening a payload."""
        if "URL" not in place.settings:
            yield from watched_instead(self).fetch(place)
            return
        from billing_sources.transports.s3_bucket import Bucket

        bucket = Bucket.of(place)
        for found in self.offered(partial(bucket.look, self.folder), place.known):
            control = bucket.read(self.folder, f"{found.name}{self.control}") if self.control else b""
            yield Payload(found.name, partial(bucket.download, self.folder, found), control, stamp=found.stamp)

    def deliver(self, place: Place, name: str, content: bytes) -> None:
        require_safe(name)
        if "URL" not in place.settings:
            return watched_instead(self).deliver(place, name, content)
        from billing_sources.transports.s3_bucket import Bucket

        Bucket.of(place).put(self.answers or self.folder, name, content)

    def describe(self) -> str:
        return f"S3 prefix {self.folder}/ ({self.markings()})"
