"""Twilio: texts handed to Twilio's Messages API, each once.

The laws: Twilio knows no key by which it would take a message once, so what it may have taken is unknown,
and is never given again; what became of it is learned from Twilio's callback alone, whose address holds our
key. A text that Twilio cannot hand on within the hour is dropped there, so that none comes in the night.

Source: Twilio, Messages resource (``POST /2010-04-01/Accounts/{AccountSid}/Messages.json``); Error and
Warning Dictionary.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import ClassVar, Final
from urllib.parse import quote, urlencode

import httpx
import msgspec

from upsell.channels.border import border_to
from upsell.channels.calling import Called
from upsell.channels.channel import Answer, Letter, Receipt
from upsell.channels.loopback import is_loopback
from upsell.channels.posting import Post, Poster, write_posts
from upsell.channels.public_links import check_hooks
from upsell.config import Settings, link_base
from upsell.decisions.addresses import hide_addresses
from upsell.errors import ConfigError

STATUS_PATH: Final = "/hooks/twilio"
"""Where Twilio says what became of a text."""

LONGEST_BODY: Final = 1_600
"""Characters a text may have; Twilio refuses more (21617)."""

VALID_SECONDS: Final = 3_600
"""How long a text may wait at Twilio, whose own limit is ten hours: by then it may be night."""

LEFT: Final = 21_610
"""Whoever is there answered STOP."""

GONE: Final = frozenset({21_211, 21_214, 21_217, 21_614, 21_635})
"""There is no such number, or it is one that takes no texts."""

_OURS: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})
"""What tells of our login, not of a letter: nothing was taken, and it is given again once that is right."""

_ACCOUNT = re.compile(r"AC[0-9a-fA-F]{32}")
_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")


class _Said(msgspec.Struct):
    """What is read of an answer: the message's SID, or an error's code and words."""

    sid: str = ""
    code: int | None = None
    message: str = ""


_read = msgspec.json.Decoder(_Said).decode


class Login(msgspec.Struct, frozen=True):
    """Who speaks to Twilio: the account, and the pair that is shown."""

    account_sid: str
    user: str
    password: str

    @property
    def header(self) -> str:
        """The value of ``Authorization``."""
        return f"Basic {base64.b64encode(f'{self.user}:{self.password}'.encode()).decode()}"


class TwilioChannel:
    """Hands texts to Twilio.

    Attributes:
        asks_proof: Nobody is promoted to by it whose consent is not kept with its proof.
    """

    asks_proof: ClassVar[bool] = True

    def __init__(self, url: str, login: Login, sender: str, base: str, *, connections: int = 4) -> None:
        """Aim at an account; nothing is opened yet.

        Args:
            url: Where the API is, without a slash at the end.
            login: Who speaks.
            sender: The number, short code or name texts come from, or a messaging service (``MG...``).
            base: How the addresses of our own server begin.
            connections: How many texts are under way at once.
        """
        self._url = f"{url}/2010-04-01/Accounts/{login.account_sid}/Messages.json"
        self._sender = {"MessagingServiceSid" if _SERVICE.fullmatch(sender) else "From": sender}
        self._base = base
        self._headers: Mapping[str, str] = {
            "authorization": login.header,
            "content-type": "application/x-www-form-urlencoded",
            "accept": "application/json",
        }
        self._poster = Poster("Twilio", connections, border_to(url), read_twilio)

    async def send(self, letters: Sequence[Letter], within: float) -> list[Receipt]:
        """Hand texts over; see ``Channel.send``."""
        posts, refused = write_posts(letters, self._post)
        return refused + await self._poster.send(posts, within)

    async def close(self) -> None:
        """Close every kept connection."""
        await self._poster.close()

    def _post(self, letter: Letter) -> Post:
        if not letter.text.strip() or len(letter.text) > LONGEST_BODY:
            msg = f"expected a text of 1 to {LONGEST_BODY:,} characters, got {len(letter.text):,}"
            raise ValueError(msg)
        said = {
            "To": letter.recipient,
            **self._sender,
            "Body": letter.text,
            "ValidityPeriod": str(VALID_SECONDS),
            "StatusCallback": f"{self._base}{STATUS_PATH}?key={quote(letter.key, safe='')}",
        }
        return Post(letter.key, self._url, urlencode(said).encode(), self._headers)


def read_twilio(key: str, answer: Called) -> Receipt:
    """Read an answer: 2xx took it; 4xx did not, for now or for good by its code; 5xx may have."""
    try:
        said = _read(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = _Said()
    if answer.is_success:
        # The SID alone, so that callbacks without our key find the message by it.
        return Receipt(key, Answer.ACCEPTED, said.sid or answer.said())
    told = hide_addresses(f"{said.code}: {said.message}"[:500] if said.code is not None else answer.said())
    if not 400 <= answer.status < 500:
        return Receipt(key, Answer.UNKNOWN, told)
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS or answer.status in _OURS:
        return Receipt(key, Answer.NOT_NOW, told)
    return Receipt(key, Answer.REFUSED, told, is_gone=said.code in GONE, is_left=said.code == LEFT)


def open_twilio(settings: Settings) -> TwilioChannel:
    """Give the channel for texts by the account that is set up.

    Raises:
        ConfigError: The account, its secrets or the sender are none, the API is spoken to in the open, or
            what is answered to texts would not come back.
    """
    url = settings.twilio_url.rstrip("/")
    host = httpx.URL(url).host
    if not url.startswith("https://") and not is_loopback(host):
        msg = f"UPSELL_TWILIO_URL: expected https for {host}, which is not this machine, got {url}"
        raise ConfigError(msg)
    base = link_base(settings)
    check_hooks(host, base)
    if not settings.twilio_from.strip():
        msg = (
            "UPSELL_TWILIO_FROM: expected the number texts come from, such as +15551234567, or a messaging "
            "service (MG...), got nothing"
        )
        raise ConfigError(msg)
    return TwilioChannel(url, read_login(settings), settings.twilio_from.strip(), base)


def read_login(settings: Settings) -> Login:
    """Read who speaks to Twilio.

    Raises:
        ConfigError: The account's SID or its secrets are none.
    """
    account = settings.twilio_account_sid.strip()
    if not _ACCOUNT.fullmatch(account):
        msg = f"UPSELL_TWILIO_ACCOUNT_SID: expected AC and 32 hexadecimal digits, got {account[:40]!r}"
        raise ConfigError(msg)
    if not settings.twilio_auth_token:
        msg = (
            "UPSELL_TWILIO_AUTH_TOKEN: expected the account's auth token, got nothing; also with an API key "
            "it is what Twilio signs with when it tells us who answered STOP"
        )
        raise ConfigError(msg)
    if not settings.twilio_api_key:
        return Login(account, account, settings.twilio_auth_token)
    user, colon, password = settings.twilio_api_key.partition(":")
    if not user.startswith("SK") or not colon or not password:
        msg = "UPSELL_TWILIO_API_KEY: expected an API key as SK...:secret, got another text"
        raise ConfigError(msg)
    return Login(account, user, password)
