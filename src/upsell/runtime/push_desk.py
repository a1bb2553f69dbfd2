"""The push desk: takes what pages and apps say of the devices somebody sees notifications on.

For the server's routes. The law: a device nobody could reach is not kept, so that nobody believes to be told
what they never would be.
"""

from __future__ import annotations

import re
from typing import Final

from upsell.channels.devices import Device, DeviceKind
from upsell.channels.push import is_local_push, push_hosts
from upsell.channels.push_services import refuse_endpoint
from upsell.channels.vapid import public_key_of
from upsell.channels.web_push import check_keys
from upsell.clock import Clock
from upsell.config import Settings
from upsell.errors import IntakeError
from upsell.runtime.devices import Yes, end_device, renew_device, take_device
from upsell.runtime.identities import Identity
from upsell.store.connect import connect

_TOKEN: Final = re.compile(r"[!-~]{8,4096}")


class PushDesk:
    """Takes devices for a server's threads."""

    def __init__(self, url: str, clock: Clock, settings: Settings) -> None:
        """Work over the database at ``url``, for whoever is set up; nothing is opened yet.

        Raises:
            ConfigError: The key that pushes are signed with is none.
        """
        self._url = url
        self._clock = clock
        self._hosts = push_hosts(settings)
        self._is_local = is_local_push(settings)
        self._has_apps = bool(settings.fcm_service_account_key or settings.push_url)
        key = settings.push_vapid_private_key
        self._public_key = public_key_of(key) if key else ""

    @property
    def public_key(self) -> str:
        """What pages subscribe with; empty where no browser can be reached."""
        return self._public_key

    def take(self, who: Identity, device: Device, yes: Yes | None) -> str:
        """Keep a device; give what it shows to be renewed or forgotten.

        Raises:
            IntakeError: It could not be reached.
            NotAVisitorError: A page named a visitor who is known by now.
        """
        self._check(device)
        with connect(self._url) as connection:
            return take_device(
                connection, self._clock, who.customer_id, device, yes, is_visitor=who.is_visitor
            )

    def renew(self, token: str, device: Device) -> str | None:
        """Put a device in the place of another; give its own token, None where that of the other is none.

        Raises:
            IntakeError: It could not be reached.
        """
        self._check(device)
        with connect(self._url) as connection:
            return renew_device(connection, self._clock, token, device)

    def end(self, token: str) -> bool:
        """Forget a device; tell whether the token is one."""
        with connect(self._url) as connection:
            return end_device(connection, self._clock, token)

    def _check(self, device: Device) -> None:
        if device.kind is DeviceKind.APP:
            if not self._has_apps:
                msg = (
                    "expected a browser's subscription: from here no app is reached, by Firebase or a gateway"
                )
                raise IntakeError(msg)
            if _TOKEN.fullmatch(device.address) is None:
                msg = "expected the token of an app, 8 to 4,096 characters without spaces, got another"
                raise IntakeError(msg)
            return
        if not self._public_key:
            msg = "expected an app's token: no browser is reached from here, `upsell push keys` makes the key"
            raise IntakeError(msg)
        refused = refuse_endpoint(device.address, self._hosts, is_local=self._is_local)
        if refused is not None:
            raise IntakeError(refused)
        try:
            check_keys(device)
        except ValueError as error:
            msg = f"expected the keys of a subscription, got others: {error}"
            raise IntakeError(msg) from error
