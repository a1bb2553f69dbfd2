"""A mail sink: a real SMTP server on loopback that takes everything and delivers nothing.

For the demo and for replays, which must not reach anybody. The law: what it counts as received is
what it accepted on the wire.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread

import msgspec
from aiosmtpd.smtp import SMTP, Envelope, Session

_MESSAGE_ID = re.compile(rb"^Message-ID: <([^@>]+)@", re.MULTILINE)

HOST = "127.0.0.1"
"""Where the sink listens."""


class Mail(msgspec.Struct, frozen=True):
    """A mail that was accepted: the message's key, and the address it was for."""

    key: str
    recipient: str


class MailSink:
    """What a sink has accepted; made by ``open_sink``.

    Attributes:
        port: The port it listens on.
    """

    def __init__(self) -> None:
        """Have accepted nothing yet."""
        self.port = 0
        self._mails: list[Mail] = []
        self._lock = Lock()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Accept a mail and remember it; the name of this method is aiosmtpd's."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        found = _MESSAGE_ID.search(content)
        key = found[1].decode("ascii") if found else ""
        with self._lock:
            self._mails += [Mail(key, recipient) for recipient in envelope.rcpt_tos]
        return "250 OK"

    def take(self) -> list[Mail]:
        """Give the mails accepted since the last time, in the order they came."""
        with self._lock:
            mails, self._mails = self._mails, []
        return mails


@contextmanager
def open_sink() -> Iterator[MailSink]:
    """Open a sink on a free port, in a thread of its own, for as long as the context lasts."""
    sink = MailSink()
    is_open = Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        """Serve until the context ends, then let go of every connection."""
        server = await loop.create_server(
            lambda: SMTP(sink, hostname="localhost", enable_SMTPUTF8=False, loop=loop), HOST, 0
        )
        sink.port = server.sockets[0].getsockname()[1]
        is_open.set()
        async with server:
            await closing.wait()
        talking = asyncio.all_tasks(loop) - {asyncio.current_task(loop)}
        for task in talking:
            task.cancel()
        await asyncio.gather(*talking, return_exceptions=True)

    closing = asyncio.Event()
    thread = Thread(target=lambda: loop.run_until_complete(serve()), name="mail-sink", daemon=True)
    thread.start()
    is_open.wait()
    try:
        yield sink
    finally:
        loop.call_soon_threadsafe(closing.set)
        thread.join()
        loop.close()
