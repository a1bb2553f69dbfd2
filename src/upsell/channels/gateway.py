"""Gateway: texts and push notifications handed to a server of the team's own, which knows a provider.

Each letter is one signed POST of JSON with its key as ``webhook-id``, by which a gateway recognises
what it was given before. The law: STOP and what else ends texts is heard by the gateway, so it is on this
machine.
"""

from __future__ import annotations

from collections.abc import Sequence

import httpx
import msgspec

from upsell.channels.border import border_to
from upsell.channels.channel import Letter, Receipt
from upsell.channels.loopback import require_loopback
from upsell.channels.posting import Post, Poster, sign_post, write_posts
from upsell.channels.signing import read_secret
from upsell.config import Settings
from upsell.decisions.reach import PUSH, SMS

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
        self._secret = secret
        self._poster = Poster(f"the gateway for {name}", connections, border_to(url))

    async def send(self, letters: Sequence[Letter], within: float) -> list[Receipt]:
        """Post letters; see ``Channel.send``."""
        posts, refused = write_posts(letters, self._post)
        return refused + await self._poster.send(posts, within)

    async def close(self) -> None:
        """Close every kept connection."""
        await self._poster.close()

    def _post(self, letter: Letter) -> Post:
        said = {"key": letter.key, "channel": self._name, "to": letter.recipient, "text": letter.text}
        body = _encode(said | ({"title": letter.subject} if letter.subject else {}))
        return sign_post(self._secret, letter, self._url, body)


def open_gateway(name: str, settings: Settings) -> GatewayChannel:
    """Give the channel ``sms`` or ``push`` over the gateway that is set up for it.

    Raises:
        ConfigError: The gateway is not on this machine, or the gateways' secret is none.
    """
    url = {SMS: settings.sms_url, PUSH: settings.push_url}[name]
    return GatewayChannel(name, url, read_secret(settings.gateway_secret))
