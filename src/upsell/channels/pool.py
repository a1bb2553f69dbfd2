"""The pool of a provider: SMTP connections that are opened once and kept.

The law: a server that cannot be reached is told of in every receipt and never loses a letter; what was not
begun says so.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from typing import cast

from aiosmtplib import SMTP, SMTPException

from upsell.channels.channel import Answer, Receipt
from upsell.channels.conversation import TIMEOUT, Conversation, Envelope
from upsell.channels.providers import Provider, Tls
from upsell.errors import ConfigError

IDLE = 5.0
"""Seconds after which an unused connection is asked whether the server still listens."""

MOST_FAILED_OPENINGS = 2
"""How often one speaker tries to open a connection before it leaves the rest of its letters."""


class Pool:
    """Hands letters to one provider."""

    def __init__(self, provider: Provider) -> None:
        """Aim at a provider; nothing is opened yet.

        Raises:
            ConfigError: The certificates it must come from cannot be read.
        """
        self._provider = provider
        self._context = _context(provider)
        self._idle: list[Conversation] = []

    async def send(
        self, envelopes: Sequence[Envelope], within: float, heard: Callable[[Receipt], bool]
    ) -> list[Receipt]:
        """Send letters over the kept connections, beginning none after ``within`` seconds.

        ``heard`` is told each receipt at once and says whether to go on; what was not begun then is left.
        """
        waiting = deque(envelopes)
        last_start = asyncio.get_running_loop().time() + within
        receipts = _Told(heard)
        speakers = min(self._provider.connections, len(envelopes))
        await asyncio.gather(*(self._speak(waiting, receipts, last_start) for _ in range(speakers)))
        if not receipts.goes_on:
            left = "the mail server is left alone for now"
        elif asyncio.get_running_loop().time() < last_start:
            left = "no mail server answers"
        else:
            left = "the mail server was too slow"
        return [*receipts, *(Receipt(each.key, Answer.NOT_NOW, left, is_begun=False) for each in waiting)]

    async def close(self) -> None:
        """Say goodbye on every kept connection."""
        while self._idle:
            await self._idle.pop().quit()

    async def _speak(self, waiting: deque[Envelope], receipts: _Told, last_start: float) -> None:
        """Send letters one after the other over one connection, opened anew where it breaks."""
        loop = asyncio.get_running_loop()
        failed = 0

        def may_begin() -> bool:
            return bool(waiting) and receipts.goes_on and loop.time() < last_start

        letters = (waiting.popleft() for _ in iter(may_begin, False))
        while failed < MOST_FAILED_OPENINGS and may_begin():
            try:
                conversation = await self._open()
            except (SMTPException, OSError) as error:
                failed += 1
                if waiting:
                    receipts.append(_unreached(waiting.popleft(), error))
                continue
            most = self._provider.most_per_connection
            await conversation.tell(letters, receipts, most)
            if conversation.is_open and conversation.told < most:
                self._idle.append(conversation)
            else:
                await conversation.quit()

    async def _open(self) -> Conversation:
        while self._idle:
            kept = self._idle.pop()
            is_fresh = asyncio.get_running_loop().time() - kept.used_at < IDLE
            # A server may have closed a connection that was idle.
            if kept.is_open and (is_fresh or await kept.is_alive()):
                return kept
            kept.close()
        provider = self._provider
        client = SMTP(
            hostname=provider.host,
            port=provider.port,
            timeout=TIMEOUT,
            use_tls=provider.tls is Tls.TLS,
            start_tls=provider.tls is Tls.STARTTLS,
            tls_context=self._context,
            local_hostname="localhost",
            username=provider.user or None,
            password=provider.password or None,
        )
        await client.connect()
        if client.last_ehlo_response is None:
            await client.ehlo()
        transport = cast(asyncio.Transport, client.transport)
        return Conversation(transport, is_pipelined=client.supports_extension("pipelining"))


class _Told(list[Receipt]):
    """Receipts, each told at once to whoever watches the provider."""

    def __init__(self, heard: Callable[[Receipt], bool]) -> None:
        super().__init__()
        self._heard = heard
        self.goes_on = True

    def append(self, receipt: Receipt) -> None:
        super().append(receipt)
        self.goes_on = self._heard(receipt) and self.goes_on


def _unreached(letter: Envelope, error: Exception) -> Receipt:
    detail = f"no mail server answers: {error}"
    return Receipt(letter.key, Answer.NOT_NOW, detail, is_begun=False, is_fault=True)


def _context(provider: Provider) -> ssl.SSLContext | None:
    if provider.tls is Tls.NONE:
        return None
    try:
        return ssl.create_default_context(cafile=provider.ca or None)
    except (OSError, ssl.SSLError) as error:
        msg = (
            f"the certificates of the mail provider {provider.name}: expected a file in PEM at {provider.ca}"
            f", got {error}; look at its ca in the mail file"
        )
        raise ConfigError(msg) from error
