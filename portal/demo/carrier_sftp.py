"""An SFTP server on this machine that plays the one a billing system puts its files on: for the demo and the tests."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import asyncssh

T = TypeVar("T")
SftpFactory = Callable[["asyncssh.SSHServerChannel[bytes]"], asyncssh.SFTPServer]


class CarrierSftp:
    """Serves the files below `root` to one user, on a loopback port, from a thread of its own.

    `settings` is what the environment has to say of it, without the prefix of a system. `sftp_factory` makes a server
    that behaves in another way, for tests.
    """

    def __init__(
        self,
        root: Path,
        *,
        user: str = "tributary",
        port: int = 0,
        sftp_factory: SftpFactory | None = None,
    ) -> None:
        self._root, self._user, self._password, self._port = root, user, secrets.token_urlsafe(), port
        self._sftp_factory = sftp_factory or (lambda channel: asyncssh.SFTPServer(channel, chroot=str(root).encode()))
        self._key = asyncssh.generate_private_key("ssh-ed25519")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def settings(self) -> dict[str, str]:
        return {
            "URL": f"sftp://{self._user}@127.0.0.1:{self._port}/",
            "PASSWORD": self._password,
            "HOST_KEY": self._key.export_public_key().decode().strip(),
        }

    def __enter__(self) -> Self:
        self._root.mkdir(parents=True, exist_ok=True)
        self._thread.start()
        self._acceptor = self._wait_for(self._listen())
        self._port = self._acceptor.get_port()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._wait_for(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> asyncssh.SSHAcceptor:
        user, password = self._user, self._password
        return await asyncssh.listen(
            "127.0.0.1",
            self._port,
            server_host_keys=[self._key],
            server_factory=lambda: _OneUser(user, password),
            sftp_factory=self._sftp_factory,
        )

    async def _close(self) -> None:
        self._acceptor.close()
        await self._acceptor.wait_closed()

    def _wait_for(self, work: Awaitable[T]) -> T:
        async def done() -> T:
            return await work

        return asyncio.run_coroutine_threadsafe(done(), self._loop).result(timeout=10)


class _OneUser(asyncssh.SSHServer):
    def __init__(self, user: str, password: str) -> None:
        self._expected = (user, password)

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == self._expected
