"""Where bill files come from, one kind of transport a file. A transport is a value beside the reader. Pure."""

from __future__ import annotations

from billing_sources.transports.folder import WatchedFolder
from billing_sources.transports.place import NotReached, Payload, Place, Transport
from billing_sources.transports.rest import Related, Rest
from billing_sources.transports.s3 import S3Prefix
from billing_sources.transports.sftp import Sftp
from billing_sources.transports.sql import Sql

__all__ = ["NotReached", "Payload", "Place", "Related", "Rest", "S3Prefix", "Sftp", "Sql", "Transport", "WatchedFolder"]
