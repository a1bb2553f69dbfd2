"""Gateway: texts and push notifications handed to a server of the team's own, which knows a provider.

Each letter is one signed POST of JSON with its key as ``webhook-id``, by which a gateway recognises
what it was given before. The laws: until consent and unsubscribing are built a gateway is on this
machine; and a request that was sent without an answer that says what became of it is unknown.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from http import HTTPStatus

import httpx
import msgspec

from upsell.channels.channel import Answer, Letter, Receipt
from upsell.channels.email import is_loopback
from upsell.channels.signing import sign
from upsell.clock import SECOND
from upsell.errors import ConfigError

TIMEOUT = 6.0
"""Seconds a gateway may take over one answer."""

_NOT_TAKEN = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
"""Answers that say the letter was not taken and may be given again."""

_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_encode = msgspec.json.Encoder().encode


class GatewayChannel:
    """Hands letters of one channel to the team's gateway."""

    def __init__(self, name: str, url: str, secret: bytes, *, connections: int = 4) -> None:
        """Aim at a gateway; nothing is opened yet.

        Args:
            name: The channel, ``sms`` or ``push``.
            url: Where letters are posted.
            secret: What they are signed with.
            connections: How many letters are under way at once.

        Raises:
            ConfigError: The gateway is not on this machine.
        """
        host = httpx.URL(url).host
        if not is_loopback(host):
            msg = (
                f"expected a gateway for {name} on a loopback host (127.0.0.1, ::1, localhost), got {host}: "
                "messages go nowhere else until consent and unsubscribing are built; "
                f"look at UPSELL_{name.upper()}_URL"
            )
            raise ConfigError(msg)
        self._name = name
        self._url = url
        self._secret = secret
        self._connections = connections
        self._client: httpx.AsyncClient | None = None

    async def send(self, letters: Sequence[Letter], within: float) -> list[Receipt]:
        """Post letters; see ``Channel.send``."""
        waiting = deque(letters)
        receipts: list[Receipt] = []
        last_start = asyncio.get_running_loop().time() + within
        client = self._client = self._client or httpx.AsyncClient(timeout=TIMEOUT, trust_env=False)
        posters = (self._post_each(client, waiting, receipts, last_start) for _ in range(self._connections))
        await asyncio.gather(*posters)
        too_late = f"the gateway for {self._name} was too slow"
        return receipts + [Receipt(letter.key, Answer.NOT_NOW, too_late) for letter in waiting]

    async def close(self) -> None:
        """Close every kept connection."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _post_each(
        self, client: httpx.AsyncClient, waiting: deque[Letter], receipts: list[Receipt], last_start: float
    ) -> None:
        while waiting and asyncio.get_running_loop().time() < last_start:
            receipts.append(await self._post(client, waiting.popleft()))

    async def _post(self, client: httpx.AsyncClient, letter: Letter) -> Receipt:
        said = {"key": letter.key, "channel": self._name, "to": letter.recipient, "text": letter.text}
        body = _encode(said | ({"title": letter.subject} if letter.subject else {}))
        headers = {
            "content-type": "application/json",
            **sign(self._secret, letter.key, letter.written_at // SECOND, body),
        }
        try:
            answer = await client.post(self._url, content=body, headers=headers)
        except _UNSENT as error:
            return Receipt(letter.key, Answer.NOT_NOW, f"no gateway for {self._name} answers: {error!r}")
        except httpx.HTTPError as error:
            return Receipt(letter.key, Answer.UNKNOWN, f"the gateway did not answer: {error!r}")
        return _read(letter, answer)


def _read(letter: Letter, answer: httpx.Response) -> Receipt:
    """Read an answer: 2xx took it, 429 and 503 did not yet, other 4xx never will, the rest is unknown."""
    said = f"{answer.status_code} {answer.text[:200].strip()}".strip()
    if answer.is_success:
        return Receipt(letter.key, Answer.ACCEPTED, said)
    if answer.status_code in _NOT_TAKEN:
        return Receipt(letter.key, Answer.NOT_NOW, said)
    return Receipt(letter.key, Answer.REFUSED if answer.is_client_error else Answer.UNKNOWN, said)
