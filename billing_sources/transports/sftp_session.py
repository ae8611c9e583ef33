"""What `Sftp` asks of asyncssh: a look at a folder, a download, an upload, each over a connection of its own. Pure.

The server is not trusted: only its pinned keys are accepted, names are those that the listing gave and `drop` let
through, sizes are held to what was listed, and nothing waits for ever.
"""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import BinaryIO, TypeVar, cast
from urllib.parse import urlsplit

import asyncssh
from asyncssh import SFTPAttrs, SFTPClient, SFTPClientFile

from billing_sources.transports.drop import CHUNK_BYTES, LARGEST_CONTROL, USUAL_TIMEOUT, Found, require_few, spool
from billing_sources.transports.place import NotReached, Place

T = TypeVar("T")
_Work = Callable[[SFTPClient], Awaitable[T]]


@dataclass(frozen=True)
class Server:
    """Where to connect and as whom, from a place's settings. Raises `NotReached` where one is missing or wrong."""

    host: str
    port: int
    user: str
    root: str
    timeout: int  # seconds for each step: to connect, to log in, to list, a chunk
    host_keys: list[asyncssh.SSHKey] = field(repr=False)
    client_keys: list[asyncssh.SSHKey] = field(repr=False)
    password: str | None = field(repr=False)

    @classmethod
    def of(cls, place: Place) -> Server:
        url = urlsplit(place.setting("URL"))
        if url.scheme != "sftp" or not url.hostname or not url.username or url.password:
            raise NotReached("URL has to read sftp://user@host:port/root, without a password")
        try:
            return cls(
                host=url.hostname,
                port=url.port or 22,
                user=url.username,
                root=url.path,
                timeout=place.seconds("TIMEOUT", USUAL_TIMEOUT),
                host_keys=_host_keys(place),
                client_keys=_client_keys(place),
                password=place.settings.get("PASSWORD"),
            )
        except ValueError as error:
            raise NotReached(f"URL, HOST_KEY or KEY_FILE cannot be read: {error}") from None

    def path(self, *parts: str) -> bytes:
        """In bytes, because nothing says how the server encodes its names."""
        return posixpath.join(self.root, *parts).encode()

    def __str__(self) -> str:
        return f"sftp://{self.user}@{self.host}:{self.port}"


def look(server: Server, folder: str) -> list[Found]:
    """The regular files of a folder. Links, and names that are no text, are left out."""

    async def listed(sftp: SFTPClient) -> list[Found]:
        async with asyncio.timeout(server.timeout):
            files = []
            async for entry in sftp.scandir(server.path(folder)):
                files.append(_found(entry.filename, entry.attrs))
                require_few(files, folder)
        return [found for found in files if found]

    return _connected(server, f"list {folder}", listed)


def download(server: Server, folder: str, found: Found) -> BinaryIO:
    """A spool file with its bytes; nothing is left of one that was cut, or that changed meanwhile."""
    path = server.path(folder, found.name)

    async def spooled(sftp: SFTPClient) -> BinaryIO:
        with spool() as whole:
            await _require_same(sftp, path, found, server.timeout)
            await _copy(sftp, path, whole, found.size, server.timeout)
            await _require_same(sftp, path, found, server.timeout)
        return whole

    return _connected(server, f"read {found.name}", spooled)


def read(server: Server, folder: str, name: str) -> bytes:
    """A small file beside a bill file."""

    async def content(sftp: SFTPClient) -> bytes:
        async with asyncio.timeout(server.timeout):
            return await _chunk(await sftp.open(server.path(folder, name), "rb"), LARGEST_CONTROL)

    return _connected(server, f"read {name}", content)


def upload(server: Server, folder: str, name: str, content: bytes) -> None:
    unfinished, final = server.path(folder, f"{name}.part"), server.path(folder, name)

    async def put(sftp: SFTPClient) -> None:
        async with asyncio.timeout(server.timeout):
            file = await sftp.open(unfinished, "wb")
            await file.write(content)
            await file.close()
            await sftp.posix_rename(unfinished, final)

    _connected(server, f"write {folder}/{name}", put)


def _connected(server: Server, doing: str, work: _Work[T]) -> T:
    try:
        return asyncio.run(_session(server, work))
    except NotReached as error:
        raise NotReached(f"{server}, {doing}: {error}") from None
    except asyncssh.HostKeyNotVerifiable as error:
        raise NotReached(f"{server}: its host key is not one of those pinned in HOST_KEY") from error
    except (asyncssh.Error, OSError, ValueError) as error:  # OSError: time-outs too
        raise NotReached(f"{server}, {doing}: {type(error).__name__} {error}".rstrip()) from error


async def _session(server: Server, work: _Work[T]) -> T:
    """No file of the user who runs us is looked at: no known hosts, no agent, no configuration."""
    connecting = asyncssh.connect(
        server.host,
        server.port,
        username=server.user,
        known_hosts=(server.host_keys, [], []),
        client_keys=server.client_keys or None,
        password=server.password,
        config=None,
        agent_path=None,
        gss_host=None,
        connect_timeout=server.timeout,
        login_timeout=server.timeout,
        keepalive_interval=server.timeout / 4,
    )
    connection = await connecting
    try:
        async with asyncio.timeout(server.timeout):
            sftp = await connection.start_sftp_client(path_encoding=None)
        return await work(sftp)
    finally:
        connection.abort()  # with what is open there: a server that fell silent would not let us close it


async def _copy(sftp: SFTPClient, path: bytes, whole: BinaryIO, size: int, timeout: float) -> None:
    file = await asyncio.wait_for(sftp.open(path, "rb"), timeout)
    while chunk := await asyncio.wait_for(_chunk(file, CHUNK_BYTES), timeout):
        whole.write(chunk)
        if whole.tell() > size:
            break
    if whole.tell() != size:
        raise NotReached(f"{size:,} bytes were listed, {whole.tell():,} came")


async def _chunk(file: SFTPClientFile, size: int) -> bytes:
    """A file opened as "rb" is read as bytes, which its type does not say."""
    return cast(bytes, await file.read(size))


async def _require_same(sftp: SFTPClient, path: bytes, found: Found, timeout: float) -> None:
    if _found(found.name, await asyncio.wait_for(sftp.lstat(path), timeout)) != found:
        raise NotReached("it has changed since it was listed")


def _found(name: bytes | str, attrs: SFTPAttrs) -> Found | None:
    try:
        text = name.decode() if isinstance(name, bytes) else name
    except UnicodeDecodeError:
        return None
    is_file = attrs.type == asyncssh.FILEXFER_TYPE_REGULAR
    return Found(text, attrs.size or 0, str(attrs.mtime or 0)) if is_file else None


def _host_keys(place: Place) -> list[asyncssh.SSHKey]:
    """At least one: without any we would not know to whom we speak."""
    keys = [key.strip() for key in place.setting("HOST_KEY").split(",") if key.strip()]
    if not keys:
        raise NotReached("HOST_KEY pins no key")
    return [_read_key(key) for key in keys]


def _read_key(text: str) -> asyncssh.SSHKey:
    try:
        return asyncssh.import_public_key(text)
    except asyncssh.KeyImportError as error:
        raise NotReached(
            f"HOST_KEY has to be a public key as ssh-keyscan prints it, without the host: {error}"
        ) from None


def _client_keys(place: Place) -> list[asyncssh.SSHKey]:
    path = place.settings.get("KEY_FILE", "")
    if not path:
        if "PASSWORD" not in place.settings:
            raise NotReached("the environment says neither KEY_FILE nor PASSWORD of this system")
        return []
    try:
        return [asyncssh.read_private_key(path, place.settings.get("KEY_PASSPHRASE"))]
    except (asyncssh.KeyImportError, OSError) as error:
        raise NotReached(f"KEY_FILE cannot be used: {error}") from None
