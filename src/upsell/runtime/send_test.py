"""A send-test: one real message by the real carrier of a channel, to an address that somebody gives.

For the page of channels and `upsell channels test`. The laws: it is of no customer, so it goes past the
ledger, the outbox and every cap, and never to an address that is suppressed; so many go in so long, over
restarts and however many servers; it ends within seconds; and of what a provider says no secret of ours is
told on.
"""

from __future__ import annotations

import asyncio
import html
import secrets
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from upsell.channels.channel import Answer, Channel, Letter, Receipt
from upsell.channels.devices import Notification
from upsell.channels.mail_file import read_mail
from upsell.clock import MINUTE, Clock, Duration, Moment, format_moment, to_datetime
from upsell.config import Settings, hide_secrets, link_base
from upsell.decisions.addresses import address_key, address_on, hide_address
from upsell.decisions.reach import ADDRESS_TRAITS, EMAIL, PUSH, SMS, WEBHOOK
from upsell.errors import ConfigError
from upsell.journeys.program import Program, Sender
from upsell.runtime.carriers import carriers_of, open_channel
from upsell.store.acts import Act, add_act, hold_acts, moments_of
from upsell.store.connect import Connection
from upsell.store.suppressions import read_suppressed

MOST: Final = 5
"""How many tests are sent at most within ``WITHIN``, by whomever and by whatever channel."""

WITHIN: Final[Duration] = 10 * MINUTE

PATIENCE: Final = 20.0
"""Seconds after which an answer is not waited for any more; carriers themselves give up earlier."""

_GOODBYE: Final = 3.0
"""Seconds that closing a connection may take."""

SUBJECT: Final = "A test from Upsell"

_LONGEST_SAID: Final = 500
_EXAMPLES: Final[Mapping[str, str]] = {
    EMAIL: "an address of mail such as ada@acme.example",
    SMS: "a number with its country such as +4915112345678",
    PUSH: "the token of an app of yours",
    WEBHOOK: "an address that begins with https://",
}


class Tested(msgspec.Struct, frozen=True):
    """What became of a test.

    Attributes:
        channel: The channel.
        carrier: By what it went.
        recipient: Where to.
        answer: What was answered.
        said: In the provider's own words, or what went wrong.
        advice: What to do.
        key: By which key the provider was given it.
    """

    channel: str
    carrier: str
    recipient: str
    answer: Answer
    said: str
    advice: str
    key: str


def send_test(
    connection: Connection,
    settings: Settings,
    program: Program | None,
    channel: str,
    recipient: str,
    by: str,
    clock: Clock,
    provider: str = "",
) -> Tested:
    """Send a test, wait for what is answered, and say what to do about it.

    Args:
        connection: The database, in no transaction.
        settings: What carriers are set up by.
        program: What is live, for who mail comes from; None before anything was applied.
        channel: The channel.
        recipient: Where to, as that channel reaches somebody.
        by: Who asks, for the message itself and the log.
        clock: The present.
        provider: Which mail provider; empty for the first. Of no meaning for other channels.

    Raises:
        ConfigError: The channel is not set up, the address is none or suppressed, nobody is who mail comes
            from, or too many tests were sent.
    """
    opened = open_channel(channel, settings)
    _check_recipient(connection, channel, recipient)
    carrier, provider = _carrier(settings, channel, provider)
    sender = _sender(program) if channel == EMAIL else None
    now = clock.now()
    _count(connection, channel, recipient, by, now)
    key = f"test-{secrets.token_hex(8)}"
    letter = _write(key, channel, recipient, by, link_base(settings), now, sender, provider)
    receipt = asyncio.run(_send(opened, letter))
    said = hide_secrets(receipt.detail, settings)[:_LONGEST_SAID]
    advice = advice_of(channel, msgspec.structs.replace(receipt, detail=said))
    return Tested(channel, carrier, recipient, receipt.answer, said, advice, key)


def answer_words(tested: Tested) -> str:
    """Say in a sentence what became of a test."""
    match tested.answer:
        case Answer.ACCEPTED:
            return f"Yes: {tested.carrier} took it for {tested.recipient}."
        case Answer.REFUSED:
            return f"No: {tested.carrier} refused it for {tested.recipient}."
        case Answer.NOT_NOW:
            return f"Not now: {tested.carrier} did not take it for {tested.recipient}."
        case Answer.UNKNOWN:
            return f"Nobody knows: {tested.carrier} may have taken it for {tested.recipient}."


def tested_content(tested: Tested) -> dict[str, Any]:
    """Give what became of a test for machines."""
    content: dict[str, Any] = msgspec.to_builtins(tested)
    return {**content, "answer": tested.answer.name.lower()}


def advice_of(channel: str, receipt: Receipt) -> str:
    """Say what to do about what was answered to a test."""
    match receipt.answer:
        case Answer.ACCEPTED:
            return _ACCEPTED[channel]
        case Answer.UNKNOWN:
            return "It may have arrived: look before you send another."
        case Answer.NOT_NOW if not receipt.is_begun:
            return f"Nobody was reached: {_UNREACHED[channel]}"
        case Answer.NOT_NOW:
            return f"Try again in some minutes. If nobody answered: {_UNREACHED[channel]}"
        case Answer.REFUSED:
            if receipt.is_gone or receipt.status.startswith("5.1"):
                return "There is nobody at that address: take another."
            return _REFUSED[channel]


_ACCEPTED: Final[Mapping[str, str]] = {
    EMAIL: "See that it arrives, and not among spam: who took it may still drop it. If it does not, look at "
    "SPF, DKIM and DMARC of the sender's domain (docs/guides/mail.md).",
    SMS: "See that it arrives within some minutes.",
    PUSH: "See that it is shown.",
    WEBHOOK: "See that your server kept it, and that it believed the signature.",
}
_UNREACHED: Final[Mapping[str, str]] = {
    EMAIL: "see that the host, the port and the kind of TLS are right (UPSELL_SMTP_HOST, UPSELL_SMTP_PORT, "
    "UPSELL_SMTP_TLS, or the mail file), that who logs in is (UPSELL_MAIL_LOGINS), and that this machine "
    "may reach it.",
    SMS: "see that UPSELL_SMS_URL or UPSELL_TWILIO_URL is right, and that this machine may reach it.",
    PUSH: "see that UPSELL_PUSH_URL or UPSELL_FCM_URL is right, and that this machine may reach it.",
    WEBHOOK: "see that the address is right, that something listens there, and that we may reach it.",
}
_REFUSED: Final[Mapping[str, str]] = {
    EMAIL: "What was said says why: often the sender's address is not one that this provider sends for, or "
    "nobody logged in (UPSELL_MAIL_LOGINS).",
    SMS: "What was said says why: often the sender may not write to that country, or the login is wrong.",
    PUSH: "What was said says why: often the token is of another app, or is none any more.",
    WEBHOOK: "What was said says why: often the server does not know UPSELL_GATEWAY_SECRET, or takes no POST "
    "there.",
}


def _check_recipient(connection: Connection, channel: str, recipient: str) -> None:
    """Refuse what is no address of a channel, and one that is written to no more."""
    if channel == WEBHOOK:
        is_address = recipient.startswith(("https://", "http://"))
    else:
        is_address = address_on(channel, {ADDRESS_TRAITS[channel]: recipient}, ()) is not None
    if not is_address or not recipient.isprintable():
        msg = f"expected {_EXAMPLES[channel]}, got {recipient[:80] or 'nothing'}"
        raise ConfigError(msg)
    held = read_suppressed(connection, [address_key(channel, recipient)])
    for each in held.values():
        msg = (
            f"expected an address that is written to, got one that is suppressed ({each.cause.value}, by "
            f"{each.source}); take another, or `upsell suppressions remove` it first"
        )
        raise ConfigError(msg)


def _carrier(settings: Settings, channel: str, provider: str) -> tuple[str, str]:
    """Give by what a test goes, and of mail by which provider."""
    if channel != EMAIL:
        return " or ".join(each.name for each in carriers_of(channel) if each.is_set_up(settings)), ""
    names = [each.name for each in read_mail(settings).providers]
    chosen = provider or names[0]
    if chosen not in names:
        msg = f"expected one of the mail providers {', '.join(names)}, got {chosen[:80]}"
        raise ConfigError(msg)
    return chosen, chosen


def _sender(program: Program | None) -> Sender:
    if program is None or not program.sender.address:
        msg = (
            "expected somebody whom mail comes from, got nothing live that says who; write sender: in "
            "upsell.yaml and `upsell apply`"
        )
        raise ConfigError(msg)
    return program.sender


def _count(connection: Connection, channel: str, recipient: str, by: str, now: Moment) -> None:
    """Write a test down before it is sent, or refuse it where there were too many."""
    with connection.transaction():
        hold_acts(connection)
        sent = moments_of(connection, Act.TEST_SENT, now - WITHIN)
        if len(sent) >= MOST:
            again = -(-(sorted(sent)[-MOST] + WITHIN - now) // MINUTE)
            wait = "1 minute" if again <= 1 else f"{again} minutes"
            msg = (
                f"expected at most {MOST} tests in {WITHIN // MINUTE} minutes, got one more; try again "
                f"in {wait}"
            )
            raise ConfigError(msg)
        add_act(connection, Act.TEST_SENT, by, channel, f"to {_shown(channel, recipient)}", "", now)


def _shown(channel: str, recipient: str) -> str:
    """Say where a test went without what may be a secret: of a webhook its host, of an app nothing."""
    match channel:
        case "webhook":
            return urlsplit(recipient).hostname or "nowhere"
        case "push":
            return "an app"
        case _:
            return hide_address(recipient)


def _write(
    key: str,
    channel: str,
    recipient: str,
    by: str,
    base: str,
    now: Moment,
    sender: Sender | None,
    provider: str,
) -> Letter:
    text = f"This is a test of the Upsell server at {base}. {by} asked for it. There is nothing to do."
    if channel == WEBHOOK:
        said = {"type": "test", "timestamp": format_moment(now), "data": {"said": text}}
        text = msgspec.json.encode(said).decode()
    elif channel == EMAIL:
        when = f"{to_datetime(now):%Y-%m-%d at %H:%M} UTC"
        text = f"{text}\n\nIt was sent on {when}, to nobody else, and is about no customer.\n"
    return Letter(
        key=key,
        sender_name=sender.name if sender is not None else "",
        sender=sender.address if sender is not None else "",
        recipient=recipient,
        subject=SUBJECT if channel in (EMAIL, PUSH) else "",
        html=f"<p>{html.escape(text)}</p>" if channel == EMAIL else "",
        text=text,
        written_at=now,
        provider=provider,
        notification=Notification() if channel == PUSH else None,
    )


async def _send(channel: Channel, letter: Letter) -> Receipt:
    """Hand one letter over and wait for what is answered, for so long at most."""
    try:
        async with asyncio.timeout(PATIENCE):
            return (await channel.send([letter], PATIENCE))[0]
    except TimeoutError:
        return Receipt(letter.key, Answer.UNKNOWN, f"nothing was answered within {PATIENCE:g} seconds")
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE):
                await channel.close()
