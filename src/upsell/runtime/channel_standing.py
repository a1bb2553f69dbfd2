"""How channels stand: by what each leaves, what sets that up, what waits, and what became of the newest.

For the page of channels and `upsell channels`. The laws: of a setting it is said whether it is set, and
never to what; what is read is a bounded part of the newest, however much was ever sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from upsell.channels.breaker import Standing
from upsell.channels.mail_file import read_mail
from upsell.clock import Moment, format_moment, to_datetime
from upsell.config import PREFIX, SETTINGS, Settings
from upsell.decisions.reach import CHANNELS, EMAIL, WEBHOOK
from upsell.decisions.stops import Stop
from upsell.errors import ConfigError
from upsell.runtime.carriers import carriers_of, open_channel, what_is_missing
from upsell.runtime.mail_routing import HEARD_WITHIN
from upsell.store.connect import Connection
from upsell.store.mail import Told, read_providers
from upsell.store.newest import Newest, count_waiting, read_newest
from upsell.store.stops import open_stops

MOST_COUNTED: Final = 10_000
"""How many that wait on a channel are counted; there may be more."""

NEWEST: Final = 2_000
"""Among how many of the newest receipts, bounces, complaints and the like is looked."""

_DEFAULTS: Final = {setting.name: setting.default for setting in SETTINGS}
_SETTINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "mail": ("smtp_host", "smtp_port", "smtp_tls", "mail_file", "mail_logins", "mail_api_keys", "public_url"),
    "a gateway for texts": ("sms_url", "gateway_secret"),
    "Twilio": (
        "twilio_account_sid",
        "twilio_auth_token",
        "twilio_api_key",
        "twilio_from",
        "twilio_keywords",
        "public_url",
    ),
    "a gateway for push": ("push_url", "gateway_secret"),
    "web push": ("push_vapid_private_key", "push_contact", "push_hosts", "public_url"),
    "Firebase": ("fcm_service_account_key", "public_url"),
    "webhooks": ("gateway_secret", "webhook_hosts"),
}
"""What sets each carrier up."""


class Variable(msgspec.Struct, frozen=True):
    """A variable that sets something up, and whether it is set to anything but what holds without it."""

    name: str
    is_set: bool


class CarrierStanding(msgspec.Struct, frozen=True):
    """What a channel may leave by: whether it is set up, and by which variables."""

    name: str
    is_set_up: bool
    variables: tuple[Variable, ...]


class ProviderStanding(msgspec.Struct, frozen=True):
    """A mail provider, with what dispatchers say of it; None where none does.

    Attributes:
        name: What it is called.
        where: Its host and port, and the kind of TLS.
        standing: Whether it is left alone.
        reason: What it said last when it failed; empty where it did not.
    """

    name: str
    where: str
    standing: Standing | None
    reason: str


class ChannelStanding(msgspec.Struct, frozen=True):
    """How one channel stands.

    Attributes:
        channel: The channel.
        is_set_up: Whether anything leaves by it.
        fault: What is wrong with how it is set up, or what would set it up; empty for nothing.
        carriers: What it may leave by.
        providers: Providers of mail, in the order in which they are tried; () of other channels.
        waiting: How many messages wait, ``MOST_COUNTED`` at most.
        newest: What became of the newest.
        stops: What somebody stopped by hand that holds for it.
    """

    channel: str
    is_set_up: bool
    fault: str
    carriers: tuple[CarrierStanding, ...]
    providers: tuple[ProviderStanding, ...]
    waiting: int
    newest: Newest
    stops: tuple[Stop, ...]


def read_channels(connection: Connection, settings: Settings, now: Moment) -> tuple[ChannelStanding, ...]:
    """Give how every channel stands."""
    newest = {each.channel: each for each in read_newest(connection, NEWEST)}
    stops, told = open_stops(connection), read_providers(connection, now - HEARD_WITHIN)
    return tuple(
        _standing(
            settings,
            channel,
            count_waiting(connection, channel, MOST_COUNTED),
            newest.get(channel, Newest(channel)),
            tuple(stop for stop in stops if not stop.workflow and stop.channel in ("", channel)),
            told,
        )
        for channel in (*CHANNELS, WEBHOOK)
    )


def state_words(found: ChannelStanding) -> str:
    """Say in a word or two whether a channel carries anything now."""
    if found.stops:
        return "stopped by hand"
    if not found.is_set_up:
        return "not set up"
    if found.fault:
        return "set up wrongly"
    away = [each for each in found.providers if each.standing is Standing.OPEN]
    if away and len(away) == len(found.providers):
        return "left alone for a while"
    return "set up"


def waiting_words(found: ChannelStanding) -> str:
    """Say how many messages wait."""
    if found.waiting >= MOST_COUNTED:
        return f"{MOST_COUNTED:,} or more wait"
    return "nothing waits" if not found.waiting else f"{found.waiting:,} wait"


def newest_words(newest: Newest) -> str:
    """Say what became of the newest messages, and since when they are."""
    if newest.since is None:
        return "none was sent lately"
    last = f", the last {_minute(newest.sent_at)}" if newest.sent_at is not None else ""
    failed = f"{newest.failed:,} failed" if newest.failed else "none failed"
    return f"since {_minute(newest.since)} {newest.sent:,} went out{last}, {failed}"


def channels_content(found: Sequence[ChannelStanding]) -> list[dict[str, Any]]:
    """Give how channels stand for machines; of variables only whether they are set."""
    return [
        {
            "channel": each.channel,
            "is_set_up": each.is_set_up,
            "fault": each.fault,
            "carriers": msgspec.to_builtins(each.carriers),
            "providers": msgspec.to_builtins(each.providers),
            "waiting": each.waiting,
            "is_waiting_more": each.waiting >= MOST_COUNTED,
            "sent": each.newest.sent,
            "failed": each.newest.failed,
            "since": _moment(each.newest.since),
            "sent_at": _moment(each.newest.sent_at),
            "failed_at": _moment(each.newest.failed_at),
            "failed_reason": each.newest.reason,
            "stops": [
                {"by": stop.by, "because": stop.because, "since": format_moment(stop.started_at)}
                for stop in each.stops
            ],
        }
        for each in found
    ]


def _moment(at: Moment | None) -> str | None:
    return None if at is None else format_moment(at)


def _minute(at: Moment) -> str:
    return f"{to_datetime(at):%Y-%m-%d %H:%M} UTC"


def _standing(
    settings: Settings,
    channel: str,
    waiting: int,
    newest: Newest,
    stops: tuple[Stop, ...],
    told: Sequence[Told],
) -> ChannelStanding:
    carriers = tuple(
        CarrierStanding(
            carrier.name, carrier.is_set_up(settings), tuple(_variables(_SETTINGS[carrier.name], settings))
        )
        for carrier in carriers_of(channel)
    )
    is_set_up = any(carrier.is_set_up for carrier in carriers)
    fault = "" if is_set_up else what_is_missing(channel)
    providers: tuple[ProviderStanding, ...] = ()
    if is_set_up:
        try:
            open_channel(channel, settings)
            providers = tuple(_providers(settings, told)) if channel == EMAIL else ()
        except ConfigError as error:
            fault = str(error)
    return ChannelStanding(channel, is_set_up, fault, carriers, providers, waiting, newest, stops)


def _variables(names: Sequence[str], settings: Settings) -> Iterator[Variable]:
    for name in names:
        yield Variable(f"{PREFIX}{name.upper()}", getattr(settings, name) != _DEFAULTS[name])


def _providers(settings: Settings, told: Sequence[Told]) -> Iterator[ProviderStanding]:
    """Give each provider with the gravest of what dispatchers say of it."""
    for provider in read_mail(settings).providers:
        mine = [each.known for each in told if each.known.provider == provider.name]
        worst = max(mine, key=lambda known: known.standing is not Standing.CLOSED, default=None)
        yield ProviderStanding(
            provider.name,
            f"{provider.host}:{provider.port}, {_TLS[provider.tls.value]}",
            worst.standing if worst is not None else None,
            worst.reason if worst is not None and worst.standing is not Standing.CLOSED else "",
        )


_TLS: Final[Mapping[str, str]] = {
    "none": "in the open",
    "starttls": "STARTTLS",
    "tls": "TLS from the first byte",
}
