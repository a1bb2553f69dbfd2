"""Gateway: texts and push notifications handed to a server of the team's own, which knows a provider.

Each letter is one signed POST of JSON with its key as ``webhook-id``, by which a gateway recognises
what it was given before. The law: until STOP and what else ends texts is understood, a gateway is on this
machine.
"""

from __future__ import annotations

from collections.abc import Sequence

import httpx
import msgspec

from upsell.channels.border import read_border
from upsell.channels.channel import Letter, Receipt
from upsell.channels.loopback import require_loopback
from upsell.channels.posting import Post, Poster

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
        require_loopback(host, f"the gateway for {name}", f"UPSELL_{name.upper()}_URL")
        self._name = name
        self._url = url
        border = read_border("").widened(host)
        self._poster = Poster(f"the gateway for {name}", secret, connections, border)

    async def send(self, letters: Sequence[Letter], within: float) -> list[Receipt]:
        """Post letters; see ``Channel.send``."""
        return await self._poster.send([self._post(letter) for letter in letters], within)

    async def close(self) -> None:
        """Close every kept connection."""
        await self._poster.close()

    def _post(self, letter: Letter) -> Post:
        said = {"key": letter.key, "channel": self._name, "to": letter.recipient, "text": letter.text}
        body = _encode(said | ({"title": letter.subject} if letter.subject else {}))
        return Post(letter.key, self._url, body, letter.written_at)
