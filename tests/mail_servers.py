"""Mail servers for tests that do as real ones do: want logins and TLS, hang, and lose connections.

Each is a real server on loopback; what it accepted is told by the keys of the mails it said 250 to.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from upsell.testing.stand_ins import HOST, serving_smtp

_KEY = re.compile(rb"^Message-ID: <([^@>]+)@", re.MULTILINE)


def key_of(mail: bytes) -> str:
    """Give the key of the message a mail carries."""
    found = _KEY.search(mail)
    return found[1].decode() if found else ""


class Server:
    """A server of aiosmtpd's with hooks for what a test is about.

    Attributes:
        port: Where it listens.
        accepted: How often each key was accepted.
        sessions: How many connections were greeted.
        is_pipelined: Whether it offers to take commands in groups.
    """

    def __init__(self, answer: Callable[[str], str], *, is_pipelined: bool = False) -> None:
        self.port = 0
        self.accepted: Counter[str] = Counter()
        self.mails: list[bytes] = []
        self.sessions = 0
        self.is_pipelined = is_pipelined
        self._answer = answer

    async def handle_EHLO(  # noqa: N802  # the names are aiosmtpd's
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.sessions += 1
        return [responses[0], "250-PIPELINING", *responses[1:]] if self.is_pipelined else responses

    async def handle_RCPT(  # noqa: N802  # the names are aiosmtpd's
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address.startswith("nobody"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    # The names are aiosmtpd's.
    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        key = key_of(content)
        answer = self._answer(key)
        if answer.startswith("2"):
            self.accepted[key] += 1
            self.mails.append(content)
        return answer


@contextmanager
def open_server(
    answer: Callable[[str], str] = lambda _: "250 2.0.0 OK", *, is_pipelined: bool = False, **options: Any
) -> Iterator[Server]:
    """Run a server in a thread; ``options`` are those of aiosmtpd's ``SMTP``."""
    server = Server(answer, is_pipelined=is_pipelined)
    context = options.pop("from_the_first_byte", None)

    def serve(loop: asyncio.AbstractEventLoop) -> SMTP:
        return SMTP(server, hostname="sink.example", loop=loop, **options)

    with serving_smtp(serve, context) as server.port:
        yield server


def logs_in(user: str, password: str) -> Callable[..., AuthResult]:
    """Give an authenticator of aiosmtpd's that lets one user in."""

    def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        is_it = data == LoginPassword(user.encode(), password.encode())
        return AuthResult(success=is_it, handled=is_it)

    return authenticate


def make_certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Make a certificate of this machine's, signed by itself; give the server's side and whom to trust."""
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address(HOST))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    trusted, whole = folder / "ca.pem", folder / "server.pem"
    trusted.write_bytes(certificate.public_bytes(Encoding.PEM))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    whole.write_bytes(private + trusted.read_bytes())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(whole)
    return context, trusted


class Line:
    """One connection of a raw server: lines as they come, answers as a test writes them.

    Attributes:
        number: Which connection it is, from 1.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        self.number = number
        self._reader = reader
        self._writer = writer

    def say(self, text: str) -> None:
        self._writer.write(f"{text}\r\n".encode())

    async def hear(self) -> bytes:
        return await self._reader.readline()

    async def mail(self) -> bytes:
        """Hear a mail to its end."""
        lines: list[bytes] = []
        while (line := await self.hear()) not in (b".\r\n", b""):
            lines.append(line)
        return b"".join(lines)

    async def greet(self, *offers: str) -> None:
        self.say("220 raw.example")
        await self.hear()
        # The first line names the server, whatever it says besides.
        self.say("250-raw.example")
        for offer in offers:
            self.say(f"250-{offer}")
        self.say("250 8BITMIME")


@asynccontextmanager
async def open_raw(converse: Callable[[Line], Awaitable[None]]) -> AsyncIterator[int]:
    """Run a server whose every word a test writes; give its port."""
    numbers = iter(range(1, 10_000))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await converse(Line(reader, writer, next(numbers)))
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, HOST, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
