"""Every channel with a stand-in of its provider, for the contract; a test refuses one that is not here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from tests.push_servers import VAPID_KEY, Browser, open_firebase
from tests.sinks import GATEWAY_SECRET, LOCAL
from tests.twilio_stand_in import ACCOUNT, PUBLIC, SENDER, TOKEN, open_twilio_stand_in
from tests.unit.channels.test_mime import LETTER
from upsell.channels.channel import Answer, Letter
from upsell.channels.devices import DeviceKind, Notification
from upsell.channels.email import EmailChannel
from upsell.channels.fcm import Fcm
from upsell.channels.gateway import GatewayChannel
from upsell.channels.push import GatewayPush, PushChannel
from upsell.channels.signing import read_secret
from upsell.channels.twilio import Login, TwilioChannel
from upsell.channels.vapid import Vapid
from upsell.channels.web_push import WebPush
from upsell.channels.webhook import WebhookChannel
from upsell.runtime.devices import take_device
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
    opens=lambda _: WebhookChannel(read_secret(GATEWAY_SECRET), LOCAL),
    letter=lambda stand_in, key: Letter(key, "", "", f"{stand_in.url}/x", "", "", "{}", START),
    traits=lambda _, number: {"name": f"u{number}"},
    step=lambda stand_in: f"{{webhook: {{url: '{stand_in.url}/x'}}}}",
)

VAPID = Vapid(VAPID_KEY, "mailto:ops@acme.example")


def browser(stand_in: StandIn, name: str) -> Browser:
    return Browser(f"{stand_in.url}/push/{name}")


def to_a_browser(stand_in: StandIn, key: str) -> Letter:
    shown = Notification(devices=(browser(stand_in, "ada").device,))
    return Letter(key, "Acme", "", "devices:ada", "Hello", "", "Hello", START, notification=shown)


WEB_PUSH = Example(
    channel="push",
    # What waits under a topic is put in place of, but what a browser was shown is not told again.
    stands_in=lambda: open_http_stand_in(
        lambda heard: heard.headers["topic"], lambda manner, _: _ANSWERS[manner], knows_keys=False
    ),
    opens=lambda _: PushChannel({DeviceKind.WEB: WebPush(VAPID, [HOST])}),
    letter=to_a_browser,
    traits=lambda _, number: {"name": f"u{number}"},
    step=message("push"),
    templates=TEMPLATES,
    arrange=lambda stand_in, connection, clock, who: take_device(
        connection, clock, who, browser(stand_in, who).device, None
    ),
)


@contextmanager
def open_firebases() -> Iterator[StandIn]:
    """Run Firebase's API, and Google's token endpoint beside it."""

    def key_of(heard: Heard) -> str:
        return str(json.loads(heard.body)["message"]["data"]["key"])

    # Whom it is too much at 429 it leaves alone for longer than others do.
    answers = {**_ANSWERS, Manner.NOT_NOW: Said(503, b"later")}
    with (
        open_firebase() as google,
        open_http_stand_in(key_of, lambda manner, _: answers[manner], knows_keys=False) as stand_in,
    ):
        ACCOUNTS[stand_in.port] = google.account_key
        yield stand_in


ACCOUNTS: dict[int, str] = {}
"""The key of the service account beside each stand-in of Firebase, by its port."""

FIREBASE = Example(
    channel="push",
    stands_in=open_firebases,
    opens=lambda stand_in: PushChannel({DeviceKind.APP: Fcm(ACCOUNTS[stand_in.port], stand_in.url)}),
    letter=plain("token-of-ada"),
    traits=lambda _, number: {"push_token": f"token-of-u{number}"},
    step=message("push"),
    templates=TEMPLATES,
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
    "a gateway for push": msgspec.structs.replace(
        gateway("push", "token-of-ada", lambda _, number: {"push_token": f"token-of-u{number}"}),
        opens=lambda stand_in: PushChannel(
            {DeviceKind.APP: GatewayPush(GatewayChannel("push", stand_in.url, read_secret(GATEWAY_SECRET)))}
        ),
    ),
    "web push": WEB_PUSH,
    "Firebase": FIREBASE,
    "webhooks": WEBHOOK,
}
"""By the carrier's name."""
