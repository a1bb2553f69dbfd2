"""Email: letters handed to one mail server over SMTP connections that are kept.

The law: once the body of a letter has been handed over without an answer, its fate is unknown.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from ipaddress import ip_address

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from upsell.channels.channel import Answer, Letter, Receipt
from upsell.channels.mime import format_mail

TIMEOUT = 6.0
"""Seconds a server may take over one answer."""


class EmailChannel:
    """Sends mail to a server."""

    def __init__(self, host: str, port: int, *, connections: int = 4) -> None:
        """Aim at a server; nothing is opened yet."""
        self._host = host
        self._port = port
        self._connections = connections
        self._idle: list[SMTP] = []

    async def send(self, letters: Sequence[Letter], within: float) -> list[Receipt]:
        """Send letters over the kept connections; see ``Channel.send``."""
        waiting = deque(letters)
        receipts: list[Receipt] = []
        last_start = asyncio.get_running_loop().time() + within
        speakers = min(self._connections, len(letters))
        await asyncio.gather(*(self._speak(waiting, receipts, last_start) for _ in range(speakers)))
        too_late = "the mail server was too slow"
        receipts += [Receipt(letter.key, Answer.NOT_NOW, too_late) for letter in waiting]
        return receipts

    async def close(self) -> None:
        """Say goodbye on every kept connection."""
        while self._idle:
            client = self._idle.pop()
            try:
                await client.quit()
            except (SMTPException, OSError):
                client.close()

    async def _speak(self, waiting: deque[Letter], receipts: list[Receipt], last_start: float) -> None:
        """Send letters one after the other over one connection, opened anew where it breaks."""
        client: SMTP | None = None
        while waiting and asyncio.get_running_loop().time() < last_start:
            letter = waiting.popleft()
            try:
                client = client or await self._open()
            except (SMTPException, OSError) as error:
                receipts.append(Receipt(letter.key, Answer.NOT_NOW, f"no mail server answers: {error}"))
                continue
            receipts.append(await _hand_over(client, letter))
            if not client.is_connected:
                client = None
        if client is not None:
            self._idle.append(client)

    async def _open(self) -> SMTP:
        while self._idle:
            client = self._idle.pop()
            try:
                # A server may have closed a connection that was idle.
                await client.noop()
            except (SMTPException, OSError):
                client.close()
            else:
                return client
        client = SMTP(
            hostname=self._host, port=self._port, timeout=TIMEOUT, start_tls=False, local_hostname="localhost"
        )
        await client.connect()
        return client


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine by its very name: localhost, or a loopback address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _hand_over(client: SMTP, letter: Letter) -> Receipt:
    try:
        body = format_mail(letter)
    except ValueError as error:
        return Receipt(letter.key, Answer.REFUSED, str(error))
    try:
        await client.mail(letter.sender)
        await client.rcpt(letter.recipient)
    except SMTPResponseException as error:
        await _begin_anew(client)
        return _refusal(letter, error)
    except (SMTPException, OSError) as error:
        client.close()
        return Receipt(letter.key, Answer.NOT_NOW, f"the connection broke before the letter: {error}")
    try:
        accepted = await client.data(body)
    except SMTPResponseException as error:
        await _begin_anew(client)
        return _refusal(letter, error)
    except (SMTPException, OSError) as error:
        client.close()
        return Receipt(letter.key, Answer.UNKNOWN, f"the connection broke after the letter: {error}")
    return Receipt(letter.key, Answer.ACCEPTED, accepted.message)


async def _begin_anew(client: SMTP) -> None:
    try:
        await client.rset()
    except (SMTPException, OSError):
        client.close()


def _refusal(letter: Letter, error: SMTPResponseException) -> Receipt:
    """Read a refusal by its code (RFC 5321, 4.2.1): 5yz is for good, anything else may pass."""
    answer = Answer.REFUSED if 500 <= error.code <= 599 else Answer.NOT_NOW
    return Receipt(letter.key, answer, f"{error.code} {error.message}")
