"""Carriers: what the letters of each channel leave by, as the settings say.

For whoever sends. A new one is a module in ``channels``, one line of ``CARRIERS``, and an example for the
contract that all of them keep (``upsell.testing.channel_contract``). The law: the letters of a channel leave
by one carrier, and which one is never guessed; pushes leave for each device by whoever reaches its kind.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec

from upsell.channels.channel import Channel
from upsell.channels.email import EmailChannel
from upsell.channels.gateway import open_gateway
from upsell.channels.mail_file import read_mail
from upsell.channels.public_links import check_links
from upsell.channels.push import open_push
from upsell.channels.twilio import open_twilio
from upsell.channels.webhook import open_webhooks
from upsell.clock import Clock, SystemClock
from upsell.config import PREFIX, Settings, link_base
from upsell.decisions.reach import EMAIL, PUSH, SMS, WEBHOOK
from upsell.errors import ConfigError
from upsell.runtime.stripe_billing import open_stripe
from upsell.runtime.stripe_trials import StepChannel, StripeTrials


class Carrier(msgspec.Struct, frozen=True):
    """What the letters of a channel may leave by.

    Attributes:
        name: What it is called.
        channel: The channel, as messages call it.
        setting: The setting without which it is not set up.
        open: Makes the channel of the settings; nothing is connected to yet. Carriers that share it stand
            beside each other.
    """

    name: str
    channel: str
    setting: str
    open: Callable[[Settings], Channel]

    @property
    def variable(self) -> str:
        """The variable that holds the setting."""
        return PREFIX + self.setting.upper()

    def is_set_up(self, settings: Settings) -> bool:
        """Whether the settings say that letters leave by it."""
        return bool(getattr(settings, self.setting))


def open_mail(settings: Settings) -> EmailChannel:
    """Give the channel for mail over the providers that are set up; nothing is connected to yet.

    Raises:
        ConfigError: The mail file is wrong, or mail would leave this machine with links that lead nowhere.
    """
    mail = read_mail(settings)
    for provider in mail.providers:
        check_links(provider.host, link_base(settings))
    return EmailChannel.over(mail.providers, mail.keys)


WEB_PUSH: Final = "web push"
"""What pushes to browsers leave by."""

CARRIERS: Final[tuple[Carrier, ...]] = (
    Carrier("mail", EMAIL, "smtp_host", open_mail),
    Carrier("a gateway for texts", SMS, "sms_url", partial(open_gateway, SMS)),
    Carrier("Twilio", SMS, "twilio_account_sid", open_twilio),
    Carrier("a gateway for push", PUSH, "push_url", open_push),
    Carrier(WEB_PUSH, PUSH, "push_vapid_private_key", open_push),
    Carrier("Firebase", PUSH, "fcm_service_account_key", open_push),
    Carrier("webhooks", WEBHOOK, "gateway_secret", open_webhooks),
)
"""Every carrier there is."""


def open_channels(settings: Settings, url: str = "", clock: Clock | None = None) -> dict[str, Channel]:
    """Give the channels that are set up, by name; nothing is connected to yet.

    Args:
        settings: What is set up.
        url: The database, in which is written what is what at Stripe; empty where nothing is told there.
        clock: The present; None for that of the machine.

    Raises:
        ConfigError: Two carriers are set up for one channel, or one of them is set up wrongly.
    """
    chosen = {carrier.channel: _chosen(carrier.channel, settings) for carrier in CARRIERS}
    channels = {name: carrier.open(settings) for name, carrier in chosen.items() if carrier is not None}
    if settings.stripe_secret_key and url:
        present = clock if clock is not None else SystemClock()
        trials = StripeTrials(url, present, open_stripe(settings, url))
        channels[WEBHOOK] = StepChannel(channels.get(WEBHOOK), trials)
    elif WEBHOOK in channels:
        channels[WEBHOOK] = StepChannel(channels[WEBHOOK], None)
    return channels


def open_channel(channel: str, settings: Settings) -> Channel:
    """Give one channel, whatever is wrong with others; nothing is connected to yet.

    Raises:
        ConfigError: It is not set up, or wrongly, or there is none of that name.
    """
    if not carriers_of(channel):
        known = dict.fromkeys(carrier.channel for carrier in CARRIERS)
        msg = f"expected one of the channels {', '.join(known)}, got {channel[:80] or 'none'}"
        raise ConfigError(msg)
    carrier = _chosen(channel, settings)
    if carrier is None:
        raise ConfigError(what_is_missing(channel))
    return carrier.open(settings)


def carriers_of(channel: str) -> tuple[Carrier, ...]:
    """Give what the letters of a channel may leave by; () of a channel there is not."""
    return tuple(carrier for carrier in CARRIERS if carrier.channel == channel)


def check_channels(settings: Settings) -> None:
    """See that every channel that is set up is set up rightly, before anything begins.

    Raises:
        ConfigError: One is not, as of ``open_channels``.
    """
    open_channels(settings)


def what_is_missing(channel: str) -> str:
    """Say that a channel is not set up, and what sets it up."""
    variables = [carrier.variable for carrier in CARRIERS if carrier.channel == channel]
    if channel == WEBHOOK:
        variables.append(f"{PREFIX}STRIPE_SECRET_KEY (for a trial at Stripe)")
    return f"no {channel} is set up: set {' or '.join(variables)}"


def _chosen(channel: str, settings: Settings) -> Carrier | None:
    """Give the carrier of a channel that is set up, the first of those that stand beside each other.

    Raises:
        ConfigError: Two are set up that do not.
    """
    chosen: Carrier | None = None
    for carrier in carriers_of(channel):
        if carrier.is_set_up(settings):
            chosen = chosen or carrier
            if chosen.open is not carrier.open:
                msg = (
                    f"expected one of {chosen.name} and {carrier.name} for {carrier.channel}, got both; "
                    f"unset {chosen.variable} or {carrier.variable}"
                )
                raise ConfigError(msg)
    return chosen
