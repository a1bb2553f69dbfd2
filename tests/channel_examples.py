"""Every channel with a stand-in of its provider, for the contract; a test refuses one that is not here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tests.sinks import GATEWAY_SECRET
from tests.twilio_stand_in import ACCOUNT, PUBLIC, SENDER, TOKEN, open_twilio_stand_in
from tests.unit.channels.test_mime import LETTER
from upsell.channels.channel import Answer, Letter
from upsell.channels.email import EmailChannel
from upsell.channels.gateway import GatewayChannel
from upsell.channels.signing import read_secret
from upsell.channels.twilio import Login, TwilioChannel
from upsell.channels.webhook import WebhookChannel
from upsell.testing.channel_contract import Example
from upsell.testing.stand_ins import (
    HOST,
    Heard,
    Manner,
    Said,
    StandIn,
    open_http_stand_in,
    open_mail_stand_in,
)
from upsell.testing.stories import START

TEMPLATES = {
    "templates/t1.html": "---\nsubject: Hello\n---\n<p>Hello</p>\n",
    "templates/t1.sms.txt": "Hello",
    "templates/t1.push.txt": "---\ntitle: Hello\n---\nHello",
}


def message(channel: str) -> Callable[[StandIn], str]:
    """Give the step that speaks by a channel."""
    return lambda _: f"{{{channel}: {{content: t1, intent: service}}}}"


def plain(recipient: str) -> Callable[[StandIn, str], Letter]:
    """Write letters of a few words to a recipient."""
    return lambda _, key: Letter(key, "Acme", "", recipient, "", "", "Your limit is near", START)


def mail(_: StandIn, key: str) -> Letter:
    return Letter(key, "Acme", LETTER.sender, "ada@example.com", "Hello", "<p>Hello</p>", "Hello", START)


EMAIL = Example(
    channel="email",
    stands_in=open_mail_stand_in,
    opens=lambda stand_in: EmailChannel(HOST, stand_in.port),
    letter=mail,
    traits=lambda _, number: {"email": f"u{number}@example.com"},
    step=message("email"),
    templates=TEMPLATES,
    broken=Answer.NOT_NOW,
)

_ANSWERS: Mapping[Manner, Said] = {
    Manner.ACCEPTS: Said(200, b"taken"),
    Manner.REFUSES: Said(400, b"never"),
    Manner.NOT_NOW: Said(429, b"later"),
    Manner.BREAKS: Said(500, b"broken"),
}


@contextmanager
def open_hooks() -> Iterator[StandIn]:
    """Run a server of the team's own, which knows what it was given by ``webhook-id``."""

    def key_of(heard: Heard) -> str:
        return heard.headers["webhook-id"]

    with open_http_stand_in(key_of, lambda manner, _: _ANSWERS[manner], knows_keys=True) as stand_in:
        yield stand_in


def gateway(name: str, recipient: str, traits: Callable[[StandIn, int], dict[str, Any]]) -> Example:
    return Example(
        channel=name,
        stands_in=open_hooks,
        opens=lambda stand_in: GatewayChannel(name, stand_in.url, read_secret(GATEWAY_SECRET)),
        letter=plain(recipient),
        traits=traits,
        step=message(name),
        templates=TEMPLATES,
    )


WEBHOOK = Example(
    channel="webhook",
    stands_in=open_hooks,
    opens=lambda _: WebhookChannel(read_secret(GATEWAY_SECRET), ()),
    letter=lambda stand_in, key: Letter(key, "", "", f"{stand_in.url}/x", "", "", "{}", START),
    traits=lambda _, number: {"name": f"u{number}"},
    step=lambda stand_in: f"{{webhook: {{url: '{stand_in.url}/x'}}}}",
)

TWILIO = Example(
    channel="sms",
    stands_in=open_twilio_stand_in,
    opens=lambda stand_in: TwilioChannel(stand_in.url, Login(ACCOUNT, ACCOUNT, TOKEN), SENDER, PUBLIC),
    letter=plain("+15551234567"),
    traits=lambda _, number: {"phone": f"+491511234567{number}"},
    step=message("sms"),
    templates=TEMPLATES,
)

EXAMPLES: Mapping[str, Example] = {
    "mail": EMAIL,
    "a gateway for texts": gateway(
        "sms", "+15551234567", lambda _, number: {"phone": f"+491511234567{number}"}
    ),
    "Twilio": TWILIO,
    "a gateway for push": gateway(
        "push", "token-of-ada", lambda _, number: {"push_token": f"token-of-u{number}"}
    ),
    "webhooks": WEBHOOK,
}
"""By the carrier's name."""
