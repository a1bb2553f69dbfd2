"""Email: letters made into mails, signed, and handed to the provider that each was routed to.

The laws: a letter that the dispatcher routed, and wrote down to whom, is handed to that provider and to no
other; one that was routed to nobody, as mail to the team is, goes to the first provider that takes it, and
never to another where one may have it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

import msgspec

from upsell.channels.channel import Answer, Letter, Receipt
from upsell.channels.conversation import Envelope
from upsell.channels.dkim import DkimKey, keys_for, sign_mail
from upsell.channels.mime import format_mail
from upsell.channels.pool import Pool
from upsell.channels.providers import DEFAULT, Provider
from upsell.channels.reconcilers import asked_headers
from upsell.channels.routes import Routes
from upsell.clock import SECOND, Moment


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
        self._asking = {each.name: each.asking for each in providers if each.asking is not None}

    async def send(self, letters: Sequence[Letter], within: float) -> list[Receipt]:
        """Send letters over the kept connections; see ``Channel.send``."""
        by_provider: dict[str, list[Letter]] = {}
        for letter in letters:
            by_provider.setdefault(letter.provider, []).append(letter)
        unrouted = by_provider.pop("", [])
        written_at = max((letter.written_at for letter in letters), default=0)
        loop = asyncio.get_running_loop()
        begun_at = loop.time()

        def now() -> Moment:
            """Give the present, by the clock of whoever wrote the letters."""
            return written_at + int((loop.time() - begun_at) * SECOND)

        sending = [self._hand(name, mine, within, now) for name, mine in by_provider.items()]
        if unrouted:
            sending.append(self._hand_to_any(unrouted, within, now))
        return [receipt for told in await asyncio.gather(*sending) for receipt in told]

    async def _hand_to_any(
        self, letters: Sequence[Letter], within: float, now: Callable[[], Moment]
    ) -> list[Receipt]:
        """Hand letters to the first provider that takes each; the last that did not is in its receipt."""
        begun_at = now()
        told: dict[str, Receipt] = {}
        for name in self._pools:
            left = [
                letter
                for letter in letters
                if letter.key not in told or told[letter.key].answer is Answer.NOT_NOW
            ]
            if left:
                rest = within - (now() - begun_at) / SECOND
                told |= {receipt.key: receipt for receipt in await self._hand(name, left, rest, now)}
        return list(told.values())

    async def _hand(
        self, provider: str, letters: Sequence[Letter], within: float, now: Callable[[], Moment]
    ) -> list[Receipt]:
        """Hand letters to one provider, and tell the routes what became of each."""
        receipts: list[Receipt] = []
        envelopes: list[Envelope] = []
        for letter in letters:
            try:
                envelopes.append(self._envelope(letter, provider))
            except ValueError as error:
                receipts.append(Receipt(letter.key, Answer.REFUSED, str(error)))

        def hear(receipt: Receipt) -> bool:
            return self.routes.hear(provider, receipt, now())

        return receipts + await self._pools[provider].send(envelopes, within, hear)

    async def close(self) -> None:
        """Say goodbye on every kept connection."""
        for pool in self._pools.values():
            await pool.close()

    def _envelope(self, letter: Letter, provider: str) -> Envelope:
        asking = self._asking.get(provider)
        if asking is not None:
            more = asked_headers(asking)
            letter = msgspec.structs.replace(letter, headers=(*letter.headers, *more))
        mail = format_mail(letter)
        keys = keys_for(letter.sender, self._keys) if self._keys else ()
        if keys:
            mail = sign_mail(mail, keys, letter.written_at // SECOND)
        return Envelope(letter.key, letter.sender, letter.recipient, mail)
