"""Stand-ins: local servers in a provider's place that behave as they are told, and count what they took.

For the contract of a channel, and for tests of whoever writes one: over HTTP and over SMTP (RFC 5321). The
law: what a stand-in counts as accepted is what its provider would have taken, whether or not an answer came
through.
"""

from __future__ import annotations

import asyncio
import enum
import re
import socket
import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

import msgspec
from aiosmtpd.smtp import SMTP, Envelope, Session

HOST = "127.0.0.1"
"""Where stand-ins listen."""


class Manner(enum.Enum):
    """How a provider behaves towards a letter.

    It takes it; refuses it for good; says not now; says that something broke on its side; takes it and hangs
    up before it has said so; takes it and says what is no answer at all; or takes it, says so, and adds what
    nobody can read.
    """

    ACCEPTS = "accepts"
    REFUSES = "refuses"
    NOT_NOW = "not now"
    BREAKS = "breaks"
    HANGS_UP = "hangs up"
    BABBLES = "babbles"
    MUMBLES = "mumbles"


_TAKING = frozenset({Manner.ACCEPTS, Manner.HANGS_UP, Manner.BABBLES, Manner.MUMBLES})


class StandIn:
    """A server in the place of a provider.

    Attributes:
        port: Where it listens.
        knows_keys: Whether it takes a key that it took before for the same letter.
        came: How often each key came, whatever was answered.
        accepted: How many letters with each key were taken.
        heard: What came, in order.
        pause: Seconds it thinks about each letter.
        open_connections: How many connections are open now.
    """

    def __init__(self, *, knows_keys: bool) -> None:
        """Accept everything at once."""
        self.port = 0
        self.knows_keys = knows_keys
        self.came: Counter[str] = Counter()
        self.accepted: Counter[str] = Counter()
        self.heard: list[Heard] = []
        self.pause = 0.0
        self.open_connections = 0
        self._manner = Manner.ACCEPTS
        self._manners: dict[str, Manner] = {}
        self._lock = Lock()

    @property
    def url(self) -> str:
        """How its addresses begin, without a slash at the end."""
        return f"http://{HOST}:{self.port}"

    def be(self, manner: Manner, key: str = "") -> None:
        """Behave like this from now on: towards the letter with a key, or to all and every one."""
        with self._lock:
            if key:
                self._manners[key] = manner
            else:
                self._manner = manner
                self._manners.clear()

    def take(self, key: str, heard: Heard) -> Manner:
        """Take a letter that came whole; give the manner in which it is answered."""
        with self._lock:
            manner = self._manners.get(key, self._manner)
            self.came[key] += 1
            self.heard.append(heard)
            if manner in _TAKING and not (self.knows_keys and self.accepted[key]):
                self.accepted[key] += 1
            return manner

    def connect(self, by: int) -> None:
        """Count connections that opened or closed."""
        with self._lock:
            self.open_connections += by


class Heard(msgspec.Struct, frozen=True):
    """What came: the path with its query and the headers, in lower case, of a request; and its body."""

    path: str
    headers: Mapping[str, str]
    body: bytes


class Said(msgspec.Struct, frozen=True):
    """What is answered over HTTP."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}


class QuietHandler(BaseHTTPRequestHandler):
    """Answers over HTTP by ``reply``, and says nothing of it on the error stream."""

    def reply(self) -> None:
        """Answer one request."""

    def do_GET(self) -> None:
        """Answer one request."""
        self.reply()

    def do_POST(self) -> None:
        """Answer one request."""
        self.reply()

    def do_PATCH(self) -> None:
        """Answer one request."""
        self.reply()

    def do_PUT(self) -> None:
        """Answer one request."""
        self.reply()

    def do_DELETE(self) -> None:
        """Answer one request."""
        self.reply()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def open_http_stand_in(
    key_of: Callable[[Heard], str], answer: Callable[[Manner, Heard], Said], *, knows_keys: bool
) -> Iterator[StandIn]:
    """Run a server in the place of a provider with an HTTP API, for as long as the context lasts.

    Args:
        key_of: Gives the message's key that a request carries.
        answer: Gives what the provider says to a request in each manner but the last three, which are the
            same for all: the connection ends without a word, the answer is none of HTTP, or its body is none.
        knows_keys: Whether the provider takes a key it took before for the same letter.
    """
    stand_in = StandIn(knows_keys=knows_keys)

    class Handler(QuietHandler):
        """Answers as the stand-in is told to."""

        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            """Count a connection that opens."""
            super().setup()
            stand_in.connect(+1)

        def finish(self) -> None:
            """Count a connection that ends."""
            with suppress(OSError):
                super().finish()
            stand_in.connect(-1)

        def reply(self) -> None:
            """Answer one letter."""
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): said for name, said in self.headers.items()}
            heard = Heard(self.path, headers, body)
            time.sleep(stand_in.pause)
            manner = stand_in.take(key_of(heard), heard)
            if manner is Manner.HANGS_UP:
                self._hang_up()
            elif manner is Manner.BABBLES:
                self.wfile.write(b"WHATEVER you say\r\n\r\n")
                self._hang_up()
            elif manner is Manner.MUMBLES:
                self._say(Said(answer(Manner.ACCEPTS, heard).status, b"\xff{"))
            else:
                self._say(answer(manner, heard))

        def _say(self, said: Said) -> None:
            self.send_response(said.status)
            for name, value in {**said.headers, "content-length": str(len(said.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said.body)

        def _hang_up(self) -> None:
            self.close_connection = True
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)

        def handle(self) -> None:
            """Answer until whoever asks is gone."""
            with suppress(ConnectionError):
                super().handle()

    server = ThreadingHTTPServer((HOST, 0), Handler)
    stand_in.port = server.server_port
    thread = Thread(target=server.serve_forever, args=(0.01,), name="stand-in", daemon=True)
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


_MESSAGE_ID = re.compile(rb"^Message-ID: <([^@>]+)@", re.MULTILINE)

_SMTP = {
    Manner.ACCEPTS: "250 2.0.0 OK taken",
    Manner.REFUSES: "554 5.7.1 never",
    Manner.NOT_NOW: "452 4.2.2 later",
    Manner.BREAKS: "451 4.3.0 something broke",
    Manner.MUMBLES: "250 \x01\x02",
}
"""What a mail server answers to a letter."""


@contextmanager
def open_mail_stand_in() -> Iterator[StandIn]:
    """Run a mail server, which knows mails by their Message-ID and takes each however often it comes."""
    stand_in = StandIn(knows_keys=False)

    class Counted(SMTP):
        """Speaks SMTP, and counts who is connected."""

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            """Count a connection that opens."""
            stand_in.connect(+1)
            super().connection_made(transport)

        def connection_lost(self, error: Exception | None) -> None:
            """Count a connection that ends."""
            stand_in.connect(-1)
            super().connection_lost(error)

        async def take(self, content: bytes) -> str:
            """Answer one mail."""
            found = _MESSAGE_ID.search(content)
            await asyncio.sleep(stand_in.pause)
            manner = stand_in.take(found[1].decode() if found else "", Heard("", {}, content))
            if manner in _SMTP:
                return _SMTP[manner]
            if manner is Manner.BABBLES:
                await self.push("whatever you say")
            if self.transport is not None:
                self.transport.close()
            return "421 never said"

    class Handler:
        """Hands mails to whoever counts."""

        async def handle_DATA(self, server: Counted, _session: Session, envelope: Envelope) -> str:  # noqa: N802  # the name is aiosmtpd's
            """Take one mail."""
            return await server.take(envelope.content if isinstance(envelope.content, bytes) else b"")

    with serving_smtp(
        lambda loop: Counted(Handler(), hostname="stand-in.example", loop=loop)
    ) as stand_in.port:
        yield stand_in


@contextmanager
def serving_smtp(
    make: Callable[[asyncio.AbstractEventLoop], SMTP], context: ssl.SSLContext | None = None
) -> Iterator[int]:
    """Serve mail in a thread, by what is made for each connection; give the port.

    Args:
        make: Makes what speaks with one client, in the loop it is given.
        context: By which TLS is spoken from the first byte; None for none.
    """
    loop = asyncio.new_event_loop()
    listening = loop.run_until_complete(loop.create_server(lambda: make(loop), HOST, 0, ssl=context))
    thread = Thread(target=loop.run_forever, name="mail-server", daemon=True)
    thread.start()
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(_close(listening), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _close(listening: asyncio.Server) -> None:
    listening.close()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    # Goodbyes over TLS take a round of the loop or two.
    await asyncio.sleep(0.02)
