"""Email: letters made into mails, signed, and handed to the provider that each was routed to.

The law: a letter is handed to one provider and to no other; the dispatcher wrote down which before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial

import msgspec

from upsell.channels.channel import Answer, Letter, Receipt
from upsell.channels.conversation import Envelope
from upsell.channels.dkim import DkimKey, keys_for, sign_mail
from upsell.channels.mime import format_mail
from upsell.channels.pool import Pool
from upsell.channels.providers import DEFAULT, Provider
from upsell.channels.reconcilers import asked_headers
from upsell.channels.routes import Routes
from upsell.clock import SECOND


class EmailChannel:
    """Sends mail through one provider or several.

    Attributes:
        routes: What is known of the providers; the dispatcher asks it whom each letter goes to.
    """

    def __init__(self, host: str, port: int, *, connections: int = 4) -> None:
        """Aim at one server, plainly; nothing is opened yet."""
        self._aim([Provider(DEFAULT, host, port, connections=connections)], {})

    @classmethod
    def over(
        cls, providers: Sequence[Provider], keys: Mapping[str, tuple[DkimKey, ...]] | None = None
    ) -> EmailChannel:
        """Aim at providers, in the order in which they are tried, and sign with keys by domain.

        Raises:
            ConfigError: Certificates cannot be read.
        """
        channel = cls.__new__(cls)
        channel._aim(providers, keys or {})  # it is one of its own
        return channel

    def _aim(self, providers: Sequence[Provider], keys: Mapping[str, tuple[DkimKey, ...]]) -> None:
        self.routes = Routes(providers)
        self._keys = keys
        self._pools = {provider.name: Pool(provider) for provider in providers}
        self._first = providers[0].name
        self._asking = {each.name: each.asking for each in providers if each.asking is not None}

    async def send(self, letters: Sequence[Letter], within: float) -> list[Receipt]:
        """Send letters over the kept connections; see ``Channel.send``."""
        receipts: list[Receipt] = []
        by_provider: dict[str, list[Envelope]] = {}
        for letter in letters:
            try:
                envelope = self._envelope(letter)
            except ValueError as error:
                receipts.append(Receipt(letter.key, Answer.REFUSED, str(error)))
            else:
                by_provider.setdefault(letter.provider or self._first, []).append(envelope)
        loop = asyncio.get_running_loop()
        begun_at, written_at = loop.time(), max((letter.written_at for letter in letters), default=0)

        def hear(provider: str, receipt: Receipt) -> bool:
            # The clock of whoever wrote the letters, moved on by what has passed since.
            now = written_at + int((loop.time() - begun_at) * SECOND)
            return self.routes.hear(provider, receipt, now)

        sending = [
            self._pools[name].send(envelopes, within, partial(hear, name))
            for name, envelopes in by_provider.items()
        ]
        for sent in await asyncio.gather(*sending):
            receipts += sent
        return receipts

    async def close(self) -> None:
        """Say goodbye on every kept connection."""
        for pool in self._pools.values():
            await pool.close()

    def _envelope(self, letter: Letter) -> Envelope:
        asking = self._asking.get(letter.provider or self._first)
        if asking is not None:
            more = asked_headers(asking)
            letter = msgspec.structs.replace(letter, headers=(*letter.headers, *more))
        mail = format_mail(letter)
        keys = keys_for(letter.sender, self._keys) if self._keys else ()
        if keys:
            mail = sign_mail(mail, keys, letter.written_at // SECOND)
        return Envelope(letter.key, letter.sender, letter.recipient, mail)
