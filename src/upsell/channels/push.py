"""Push: one message to one person, shown on each of their devices.

Each device goes by whoever reaches its kind: a browser's push service, Firebase, or the team's gateway. The
law: a person is told once and counts once, so a message was accepted when one device's provider took it, is
unknown when one may have and none surely did, and is tried again only when none did and none may have.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final, Protocol
from urllib.parse import urlsplit

from msgspec.structs import replace

from upsell.channels.channel import Answer, Channel, Letter, Receipt
from upsell.channels.devices import Device, DeviceKind
from upsell.channels.fcm import Fcm
from upsell.channels.gateway import open_gateway
from upsell.channels.loopback import is_loopback
from upsell.channels.public_links import leads_out
from upsell.channels.vapid import Vapid
from upsell.channels.web_push import WebPush
from upsell.config import Settings, link_base
from upsell.decisions.addresses import is_of_devices
from upsell.decisions.reach import PUSH
from upsell.errors import ConfigError

_SET_UP_BY: Final = {
    DeviceKind.WEB: "no browser can be reached: `upsell push keys` makes UPSELL_PUSH_VAPID_PRIVATE_KEY",
    DeviceKind.APP: "no app can be reached: set UPSELL_FCM_SERVICE_ACCOUNT_KEY, or UPSELL_PUSH_URL",
}
_WEIGHED: Final = (Answer.ACCEPTED, Answer.UNKNOWN, Answer.NOT_NOW, Answer.REFUSED)
"""What was answered for one device, the answer first that speaks for all."""


class Pusher(Protocol):
    """Whoever reaches devices of one kind."""

    async def push(self, letter: Letter, device: Device) -> Receipt:
        """Hand one notification over for one device; raises nothing that concerns it."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class GatewayPush:
    """Hands notifications for apps to the team's gateway, which knows their tokens."""

    def __init__(self, gateway: Channel) -> None:
        """Hand over by a channel that takes tokens for addresses."""
        self._gateway = gateway

    async def push(self, letter: Letter, device: Device) -> Receipt:
        """Hand one notification over; see ``Pusher.push``."""
        (receipt,) = await self._gateway.send([replace(letter, recipient=device.address)], 1.0)
        return receipt

    async def close(self) -> None:
        """Close every kept connection."""
        await self._gateway.close()


class PushChannel:
    """Shows messages on people's devices."""

    def __init__(self, pushers: Mapping[DeviceKind, Pusher], *, connections: int = 8) -> None:
        """Reach devices by whoever reaches their kind, so many at once; nothing is opened yet."""
        self._pushers = dict(pushers)
        self._connections = connections

    async def send(self, letters: Sequence[Letter], within: float) -> list[Receipt]:
        """Show letters on the devices of whom they are for; see ``Channel.send``."""
        waiting = deque((letter, device) for letter in letters for device in devices_of(letter))
        told: dict[str, list[Receipt]] = {letter.key: [] for letter in letters}
        last_start = asyncio.get_running_loop().time() + within

        async def work() -> None:
            """Push to one device after the other."""
            while waiting and asyncio.get_running_loop().time() < last_start:
                letter, device = waiting.popleft()
                told[letter.key].append(await self._push(letter, device))

        await asyncio.gather(*(work() for _ in range(self._connections)))
        for letter, _ in waiting:
            told[letter.key].append(_not_begun(letter.key))
        return [combine(key, receipts) for key, receipts in told.items()]

    async def close(self) -> None:
        """Close every kept connection."""
        for pusher in self._pushers.values():
            await pusher.close()

    async def _push(self, letter: Letter, device: Device) -> Receipt:
        pusher = self._pushers.get(device.kind)
        if pusher is None:
            return Receipt(letter.key, Answer.REFUSED, _SET_UP_BY[device.kind])
        try:
            return await pusher.push(letter, device)
        except ValueError as error:
            # Text that is none in UTF-8.
            return Receipt(letter.key, Answer.REFUSED, str(error))


def open_push(settings: Settings) -> PushChannel:
    """Give the channel over whoever is set up: browsers' push services, Firebase, or a gateway for apps.

    Raises:
        ConfigError: One is set up wrongly, both Firebase and a gateway would reach the same apps, or pushes
            would leave this machine with links that lead nowhere.
    """
    pushers: dict[DeviceKind, Pusher] = {}
    if settings.push_vapid_private_key:
        vapid = Vapid(settings.push_vapid_private_key, settings.push_contact)
        is_local = is_local_push(settings)
        if not is_local:
            _check_links(settings, "browsers")
        pushers[DeviceKind.WEB] = WebPush(vapid, push_hosts(settings), is_local=is_local)
    if settings.push_url and settings.fcm_service_account_key:
        msg = (
            "expected one of Firebase and a gateway for the tokens of apps, got both; unset "
            "UPSELL_FCM_SERVICE_ACCOUNT_KEY or UPSELL_PUSH_URL"
        )
        raise ConfigError(msg)
    if settings.push_url:
        pushers[DeviceKind.APP] = GatewayPush(open_gateway(PUSH, settings))
    elif settings.fcm_service_account_key:
        pushers[DeviceKind.APP] = Fcm(settings.fcm_service_account_key, settings.fcm_url)
        if not is_loopback(urlsplit(settings.fcm_url).hostname or ""):
            _check_links(settings, "apps")
    return PushChannel(pushers)


def push_hosts(settings: Settings) -> frozenset[str]:
    """Give the hosts of push services that the team named."""
    return frozenset(settings.push_hosts.replace(" ", "").lower().split(",")) - {""}


def is_local_push(settings: Settings) -> bool:
    """Tell whether pushes go to push services of this machine alone; elsewhere their links lead nowhere."""
    hosts = push_hosts(settings)
    return bool(hosts) and all(map(is_loopback, hosts)) and not leads_out(link_base(settings))


def _check_links(settings: Settings, whom: str) -> None:
    """Hold links to leading whoever is sent a push to this server, for by them they end pushes.

    Raises:
        ConfigError: They do not.
    """
    if not leads_out(link_base(settings)):
        msg = (
            f"expected an address that customers reach over https before pushes go to {whom}, got "
            f"{link_base(settings)}: by the links in them they end them; set UPSELL_PUBLIC_URL, such as "
            "https://upsell.acme.example"
        )
        raise ConfigError(msg)


def devices_of(letter: Letter) -> tuple[Device, ...]:
    """Give the devices a letter is shown on: those it names, and the app whose token is its address."""
    named = letter.notification.devices if letter.notification is not None else ()
    if is_of_devices(letter.recipient):
        return named
    own = Device(DeviceKind.APP, letter.recipient)
    return named if own in named else (*named, own)


def combine(key: str, receipts: Sequence[Receipt]) -> Receipt:
    """Give what became of a message by what became of it on each device; refused where there is none."""
    if not receipts:
        return Receipt(key, Answer.REFUSED, "expected a device to show it on, found none")
    answer = next(each for each in _WEIGHED if any(receipt.answer is each for receipt in receipts))
    deciding = [receipt for receipt in receipts if receipt.answer is answer]
    detail = deciding[0].detail
    if len(receipts) > 1:
        detail = f"{len(deciding)} of {len(receipts)} devices: {detail}"
    return Receipt(
        key,
        answer,
        detail,
        is_begun=any(receipt.is_begun for receipt in receipts),
        is_fault=any(receipt.is_fault for receipt in deciding),
        pause=max(receipt.pause for receipt in deciding),
        gone=tuple(device for receipt in receipts for device in receipt.gone),
    )


def _not_begun(key: str) -> Receipt:
    return Receipt(key, Answer.NOT_NOW, "the devices before were too slow", is_begun=False)
