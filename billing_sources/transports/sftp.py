"""A folder on an SFTP server. Pure.

The environment says where: `URL` (sftp://user@host:port/root), `HOST_KEY` (the server's public keys, commas between
them; to any other we do not talk), and `KEY_FILE` or `PASSWORD`. Where it says no `URL`, another tool syncs the files:
they are taken from the watched folder of the same name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from billing_sources.transports.drop import DropFolder, require_safe
from billing_sources.transports.folder import watched_instead
from billing_sources.transports.place import Payload, Place


@dataclass(frozen=True)
class Sftp(DropFolder):
    """Each listing, download and upload has a connection of its own: an import between two files may take an hour."""

    def fetch(self, place: Place) -> Iterator[Payload]:
        """Finished files that are new to us. Raises `NotReached`; so does opening a payload, and keeps nothing then."""
        if "URL" not in place.settings:
            yield from watched_instead(self).fetch(place)
            return
        from billing_sources.transports import sftp_session  # costs half a second, and few processes fetch

        server = sftp_session.Server.of(place)
        for found in self.offered(partial(sftp_session.look, server, self.folder), place.known):
            control = sftp_session.read(server, self.folder, f"{found.name}{self.control}") if self.control else b""
            opener = partial(sftp_session.download, server, self.folder, found)
            yield Payload(found.name, opener, control, stamp=found.stamp)

    def deliver(self, place: Place, name: str, content: bytes) -> None:
        """Written under another name and renamed over whatever has this one."""
        require_safe(name)
        if "URL" not in place.settings:
            return watched_instead(self).deliver(place, name, content)
        from billing_sources.transports import sftp_session

        sftp_session.upload(sftp_session.Server.of(place), self.answers or self.folder, name, content)

    def describe(self) -> str:
        return f"SFTP folder {self.folder}/ ({self.markings()})"
