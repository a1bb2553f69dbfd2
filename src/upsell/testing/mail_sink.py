"""A mail server in a process of its own, which takes mail as fast as it comes and remembers each key.

For benchmarks, where the server must not be what is slow, and for tests that kill whoever sends: what it
accepted outlives them. It speaks SMTP (RFC 5321) with PIPELINING (RFC 2920) and delivers nothing. The
law: what it counts is what it answered 250 to after the letter's last line, and nothing else.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import cast

import msgspec
import uvloop

HOST = "127.0.0.1"
"""Where the sink listens."""

_MESSAGE_ID = re.compile(rb"^Message-ID: <([^@>]+)@", re.MULTILINE)
_END = b"\r\n.\r\n"
_HELLO = b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 10485760\r\n"
_PATIENCE = 30.0


class Taken(msgspec.Struct, frozen=True):
    """What a sink has accepted so far.

    Attributes:
        accepted: How often each message key was accepted.
        cpu_seconds: What its process has worked, in seconds of processor time.
    """

    accepted: Counter[str]
    cpu_seconds: float


class MailSinkProcess:
    """A sink that runs; made by ``open_mail_sink``.

    Attributes:
        port: The port it listens on.
    """

    def __init__(self, port: int, pipe: Connection) -> None:
        """Know where the process listens, and how it is asked."""
        self.port = port
        self._pipe = pipe

    def taken(self) -> Taken:
        """Ask what was accepted.

        Raises:
            TimeoutError: The process does not answer.
        """
        self._pipe.send("taken")
        if not self._pipe.poll(_PATIENCE):
            msg = f"expected the mail sink to answer within {_PATIENCE:.0f} seconds; its process may be gone"
            raise TimeoutError(msg)
        accepted, cpu_seconds = self._pipe.recv()
        return Taken(accepted, cpu_seconds)


@contextmanager
def open_mail_sink(pause: float = 0.0) -> Iterator[MailSinkProcess]:
    """Run a sink on a free port for as long as the context lasts.

    Args:
        pause: Seconds it thinks about each letter before it answers; the letter is accepted after them,
            whether or not anybody still listens.
    """
    ours, theirs = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_serve, args=(theirs, pause), name="mail-sink", daemon=True)
    process.start()
    theirs.close()
    try:
        yield MailSinkProcess(ours.recv(), ours)
    finally:
        ours.close()
        process.terminate()
        process.join()


def _serve(pipe: Connection, pause: float) -> None:
    """Be the process: serve until whoever started it is gone."""
    uvloop.run(_serve_until_closed(pipe, pause))


async def _serve_until_closed(pipe: Connection, pause: float) -> None:
    loop = asyncio.get_running_loop()
    accepted: Counter[str] = Counter()
    server = await loop.create_server(lambda: _Conversation(accepted, pause), HOST, 0)
    pipe.send(server.sockets[0].getsockname()[1])
    await loop.run_in_executor(None, _answer_until_closed, pipe, accepted)
    server.close()


def _answer_until_closed(pipe: Connection, accepted: Counter[str]) -> None:
    """Answer what was accepted as often as it is asked; the end of the pipe is the end."""
    try:
        while pipe.recv():
            # A copy in one step, while letters go on coming in the other thread.
            pipe.send((accepted.copy(), time.process_time()))
    except (EOFError, OSError):
        return


class _Conversation(asyncio.Protocol):
    """One connection: commands by line, letters up to their last line."""

    def __init__(self, accepted: Counter[str], pause: float) -> None:
        """Count into what all conversations share."""
        self._accepted = accepted
        self._pause = pause
        self._buffer = bytearray()
        self._is_letter = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own is no subclass of it
        self._transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer all that is whole in what came, in one write."""
        self._buffer += data
        answers = bytearray()
        while (answer := self._next()) is not None:
            answers += answer
        if answers and self._transport is not None:
            self._transport.write(bytes(answers))

    def _next(self) -> bytes | None:
        """Take one command or letter off the buffer and give its answer, None while none is whole."""
        end, length = (_END, 5) if self._is_letter else (b"\r\n", 2)
        at = self._buffer.find(end)
        if at < 0:
            return None
        piece = bytes(self._buffer[:at])
        del self._buffer[: at + length]
        if self._is_letter:
            self._is_letter = False
            return self._take(piece)
        return self._command(piece[:4].upper())

    def _command(self, verb: bytes) -> bytes:
        if verb == b"EHLO":
            return _HELLO
        if verb == b"DATA":
            self._is_letter = True
            return b"354 go on\r\n"
        if verb == b"QUIT":
            asyncio.get_running_loop().call_soon(self._close)
            return b"221 bye\r\n"
        return b"250 OK\r\n"

    def _take(self, letter: bytes) -> bytes:
        found = _MESSAGE_ID.search(letter)
        key = found[1].decode("ascii") if found else ""
        if not self._pause:
            self._accepted[key] += 1
            return b"250 OK taken\r\n"
        asyncio.get_running_loop().call_later(self._pause, self._accept_late, key)
        return b""

    def _accept_late(self, key: str) -> None:
        self._accepted[key] += 1
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"250 OK taken\r\n")

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()
