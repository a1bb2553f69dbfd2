"""Servers for tests: for mail and for texts; they remember what they took, and answer as they are told."""

from __future__ import annotations

import asyncio
import re
import socket
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from threading import Lock, Thread

from aiosmtpd.smtp import SMTP, Envelope, Session

from upsell.channels.border import read_border
from upsell.testing.stand_ins import QuietHandler

HOST = "127.0.0.1"
_KEY = re.compile(rb"^Message-ID: <([^@>]+)@", re.MULTILINE)


class Sink:
    """What was accepted.

    Attributes:
        port: Where it listens.
        accepted: How often each message key was accepted.
        contents: The mails accepted, as they came over the wire, in order.
    """

    def __init__(self, answer: Callable[[str], str]) -> None:
        self.port = 0
        self.accepted: Counter[str] = Counter()
        self.contents: list[bytes] = []
        self._answer = answer
        self._lock = Lock()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  # the name is aiosmtpd's
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        found = _KEY.search(content)
        answer = self._answer(envelope.rcpt_tos[0])
        if answer.startswith("2"):
            with self._lock:
                self.accepted[found[1].decode() if found else ""] += 1
                self.contents.append(content)
        return answer


@contextmanager
def open_sink(answer: Callable[[str], str] = lambda _: "250 OK taken") -> Iterator[Sink]:
    """Run a mail server; ``answer`` says by recipient what it replies to a letter."""
    sink = Sink(answer)
    loop = asyncio.new_event_loop()
    opening = loop.create_server(lambda: SMTP(sink, hostname="sink.example", loop=loop), HOST, 0)
    server = loop.run_until_complete(opening)
    sink.port = server.sockets[0].getsockname()[1]
    thread = Thread(target=loop.run_forever, name="sink")
    thread.start()
    try:
        yield sink
    finally:
        asyncio.run_coroutine_threadsafe(_close(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _close(server: asyncio.Server) -> None:
    server.close()
    current = asyncio.current_task()
    others = [task for task in asyncio.all_tasks() if task is not current]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


LOCAL = read_border("127.0.0.1")
"""Lets through to servers of tests."""

GATEWAY_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""The secret of the example that the Standard Webhooks specification publishes."""


class Gateway:
    """A real HTTP server that answers as a test tells it to."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.said = b"said"
        self.requests: list[tuple[Mapping[str, str], bytes]] = []
        self.url = ""


@contextmanager
def open_gateway(status: int = 200) -> Iterator[Gateway]:
    gateway = Gateway(status)

    class Handler(QuietHandler):
        def reply(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            gateway.requests.append((dict(self.headers), body))
            if gateway.status == 0:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(gateway.status)
            self.send_header("content-length", str(len(gateway.said)))
            self.end_headers()
            self.wfile.write(gateway.said)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    gateway.url = f"http://127.0.0.1:{server.server_port}/sms"
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
