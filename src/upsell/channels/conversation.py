"""Conversations: letters told one mail server over one open connection, as fast as it answers.

For the pool of a provider, which opens connections with ``aiosmtplib`` and hands them over here. Where
the server takes commands in groups (RFC 2920) a letter costs one round trip: the next letter's
commands go out with the end of the one before. The law: once any part of a letter's body was written, and
no answer to it was read, its fate is unknown; before that, nobody has it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import suppress

import msgspec

from upsell.channels.bounce_status import read_status
from upsell.channels.channel import Answer, Receipt

TIMEOUT = 6.0
"""Seconds a server may take over one answer."""

LONGEST_ANSWER = 65_536
"""Bytes an answer may have."""

_RESET = b"RSET\r\n"
_CLOSING = 421


class Envelope(msgspec.Struct, frozen=True):
    """A mail as it is handed over: its message's key, both addresses, and its bytes."""

    key: str
    sender: str
    recipient: str
    mail: bytes


class Broken(Exception):  # noqa: N818  # a connection that broke is no error of ours
    """The connection broke, or the server said what is no answer."""


class Reply(msgspec.Struct, frozen=True):
    """What a server answered: a code of three digits and its words."""

    code: int
    text: str


class Replies(asyncio.Protocol):
    """The server's side of a conversation: its answers in the order they came."""

    def __init__(self) -> None:
        """Wait for nothing yet."""
        self._buffer = bytearray()
        self._words: list[str] = []
        self._replies: deque[Reply] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._broken: str | None = None

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        self._buffer += data
        while (end := self._buffer.find(b"\n")) >= 0:
            line = bytes(self._buffer[:end]).rstrip(b"\r")
            del self._buffer[: end + 1]
            self._take(line)
        if len(self._buffer) > LONGEST_ANSWER or len(self._words) > LONGEST_ANSWER // 80:
            self._break("the answer does not end")
        if self._waiter is not None and not self._waiter.done() and (self._replies or self._broken):
            self._waiter.set_result(None)

    def _take(self, line: bytes) -> None:
        if not line[:3].isdigit() or line[3:4] not in (b" ", b"-", b""):
            self._break(f"expected an answer of SMTP, got {line[:60]!r}")
            return
        self._words.append(line[4:].decode("utf-8", "replace").strip())
        if line[3:4] != b"-":
            self._replies.append(Reply(int(line[:3]), "\n".join(self._words)))
            self._words.clear()

    def connection_lost(self, exc: Exception | None) -> None:
        """Take that the connection is gone; answers that had come are still read."""
        self._break(f"the server hung up{f': {exc}' if exc else ''}")

    def _break(self, why: str) -> None:
        self._broken = self._broken or why
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    @property
    def is_broken(self) -> bool:
        """Whether no further answer will come."""
        return self._broken is not None

    async def next(self) -> Reply:
        """Give the next answer.

        Raises:
            Broken: There is none, or it took too long.
        """
        if not self._replies and self._broken is None:
            loop = asyncio.get_running_loop()
            self._waiter = loop.create_future()
            timer = loop.call_later(TIMEOUT, self._break, f"no answer in {TIMEOUT:.0f} seconds")
            try:
                await self._waiter
            finally:
                timer.cancel()
                self._waiter = None
        if not self._replies:
            raise Broken(self._broken)
        return self._replies.popleft()


class Conversation:
    """One open connection on which letters are told.

    Attributes:
        told: How many letters were begun on it.
        used_at: The loop's time at which it was last used.
    """

    def __init__(self, transport: asyncio.Transport, *, is_pipelined: bool) -> None:
        """Take over an open connection, greeted and logged in."""
        self.told = 0
        self.used_at = asyncio.get_running_loop().time()
        self._transport = transport
        self._replies = Replies()
        self._is_pipelined = is_pipelined
        self._needs_reset = False
        transport.set_protocol(self._replies)

    @property
    def is_open(self) -> bool:
        """Whether more can be said on it."""
        return not self._replies.is_broken and not self._transport.is_closing()

    async def is_alive(self) -> bool:
        """Ask whether the server still listens."""
        if not self.is_open:
            return False
        try:
            is_alive = (await self._command(b"NOOP\r\n")).code < 400
        except Broken:
            is_alive = False
        if not is_alive:
            self.close()
        return is_alive

    async def quit(self) -> None:
        """Say goodbye and close."""
        if self.is_open:
            with suppress(Broken):
                await self._command(b"QUIT\r\n")
        self.close()

    def close(self) -> None:
        """Close without a word; nothing that was written is waited for."""
        self._transport.abort()

    async def tell(self, letters: Iterator[Envelope], receipts: list[Receipt], most: int) -> None:
        """Hand over letters until there are none, ``most`` are told, or the connection breaks.

        Whatever letter is taken from ``letters`` has its receipt in ``receipts`` at the end.
        """
        letter = next(letters, None) if self.told < most else None
        is_announced = False
        while letter is not None:
            self.told += not is_announced
            following = None
            try:
                refusal = await self._announce(letter, is_announced)
                if refusal is not None:
                    receipts.append(refusal)
                else:
                    following = next(letters, None) if self._is_pipelined and self.told < most else None
                    self.told += following is not None
                    receipts.append(await self._hand_over(letter, following))
            except Broken as broken:
                self.close()
                detail = f"the connection broke before the letter: {broken}"
                receipts.append(Receipt(letter.key, Answer.NOT_NOW, detail, is_fault=True))
            self.used_at = asyncio.get_running_loop().time()
            if not self.is_open:
                if following is not None:
                    # The same break was told of with the letter before; this one was announced at most.
                    detail = "the connection broke before the letter"
                    receipts.append(Receipt(following.key, Answer.NOT_NOW, detail, is_begun=False))
                return
            is_announced = following is not None
            letter = following or (next(letters, None) if self.told < most else None)

    async def _announce(self, letter: Envelope, is_announced: bool) -> Receipt | None:
        """Say who writes to whom; give a receipt where the server will not have the letter."""
        if not self._is_pipelined:
            return await self._announce_slowly(letter)
        if not is_announced:
            self._transport.write(self._opening(letter))
        if self._needs_reset:
            await self._replies.next()
            self._needs_reset = False
        refused: Reply | None = None
        answer = Reply(0, "")
        for _ in range(3):
            try:
                answer = await self._replies.next()
            except Broken:
                if refused is None:
                    raise
                # It said why before it hung up.
                self.close()
                return self._refusal(letter, refused)
            refused = refused or (answer if answer.code >= 400 else None)
        if refused is None:
            return None
        if answer.code < 400:
            # It waits for a letter that nobody is to have.
            self.close()
        self._needs_reset = True
        return self._refusal(letter, refused)

    async def _announce_slowly(self, letter: Envelope) -> Receipt | None:
        """Say who writes to whom a command at a time."""
        for command in self._opening(letter).splitlines(keepends=True):
            answer = await self._command(command)
            if answer.code >= 400:
                self._needs_reset = True
                return self._refusal(letter, answer)
            self._needs_reset = False
        return None

    def _opening(self, letter: Envelope) -> bytes:
        said = f"MAIL FROM:<{letter.sender}>\r\nRCPT TO:<{letter.recipient}>\r\nDATA\r\n".encode("ascii")
        return _RESET + said if self._needs_reset else said

    async def _hand_over(self, letter: Envelope, following: Envelope | None) -> Receipt:
        """Write the body, and with it the opening of the letter that follows; read what became of it."""
        body = letter.mail.replace(b"\r\n.", b"\r\n..")
        end = b".\r\n" if body.endswith(b"\r\n") else b"\r\n.\r\n"
        self._transport.writelines([body, end, self._opening(following) if following is not None else b""])
        try:
            answer = await self._replies.next()
        except Broken as broken:
            self.close()
            detail = f"the connection broke after the letter: {broken}"
            return Receipt(letter.key, Answer.UNKNOWN, detail, is_fault=True)
        if answer.code >= 400:
            return self._refusal(letter, answer)
        return Receipt(letter.key, Answer.ACCEPTED, answer.text)

    async def _command(self, command: bytes) -> Reply:
        self._transport.write(command)
        return await self._replies.next()

    def _refusal(self, letter: Envelope, answer: Reply) -> Receipt:
        """Read a refusal by its code (RFC 5321, 4.2.1): 5yz is for good, anything else may pass."""
        if answer.code == _CLOSING:
            self.close()
        said = f"{answer.code} {answer.text}"
        is_final = 500 <= answer.code <= 599
        return Receipt(
            letter.key,
            Answer.REFUSED if is_final else Answer.NOT_NOW,
            said,
            status=read_status(said),
            is_fault=not is_final,
        )
