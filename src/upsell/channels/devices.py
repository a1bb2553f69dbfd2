"""Devices: where somebody's notifications are shown, and what of a letter only a notification has.

The laws: a device is known by where it is reached, so one that is told twice is one; and its keys are
handed to the channel and kept with no letter.
"""

from __future__ import annotations

import enum

import msgspec

from upsell.ids import digest


class DeviceKind(enum.Enum):
    """By whom a device is reached: its browser's push service, or whoever knows the token of an app."""

    WEB = "web"
    APP = "app"


class Device(msgspec.Struct, frozen=True):
    """A browser or an app that shows notifications.

    Attributes:
        kind: By whom it is reached.
        address: The endpoint of a browser's subscription (RFC 8030), or the token of an app.
        p256dh: The public key of a browser's subscription (RFC 8291), in base64url.
        auth: Its authentication secret, in base64url.
    """

    kind: DeviceKind
    address: str
    p256dh: str = ""
    auth: str = ""

    @property
    def id(self) -> str:
        """Its id, made of where it is reached."""
        return digest("device", self.kind.value, self.address)


class Notification(msgspec.Struct, frozen=True):
    """What a notification has beside its title and its text.

    Attributes:
        link: Where it leads who presses it; empty for nowhere.
        stop: Where one POST ends notifications that promote; empty where they cannot be ended.
        stop_label: What the button says that does.
        lang: The language of its words, BCP 47; empty where it is not known.
        devices: Where it is shown.
    """

    link: str = ""
    stop: str = ""
    stop_label: str = ""
    lang: str = ""
    devices: tuple[Device, ...] = ()
