"""Fulfillers: whoever makes what was accepted theirs, or takes it back, told by a key.

The laws: they are believed only in what they say; a purchase is always told under the same key, so that
billing that was told before does nothing twice; and what billing did not answer is neither done nor refused.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, Protocol

import httpx
import msgspec

from upsell.channels.border import Border, BorderError
from upsell.channels.bordered import BorderedSyncTransport
from upsell.channels.calling import HEADERS, LARGEST_ANSWER
from upsell.channels.loopback import is_loopback
from upsell.channels.signing import sign
from upsell.clock import SECOND, Moment, format_moment
from upsell.decisions.holdings import Had
from upsell.decisions.terms import Terms
from upsell.errors import ConfigError

TIMEOUT: Final = 6.0
"""Seconds billing may take over one answer."""

LONGEST_MESSAGE: Final = 500
"""How much of what billing wants the customer to be told is told, in characters."""

_AGAIN: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
"""Client errors that say not now: timed out, too early, too many."""

_encode = msgspec.json.Encoder().encode


class Purchase(msgspec.Struct, frozen=True):
    """What is to be made theirs.

    Attributes:
        key: What it is known by, always the same.
        customer_id: Who accepted.
        account_id: The account that pays, None for the customer.
        offer: Id of the offer.
        thing: Id of the plan or product it comes to.
        kind: What kind of offer it is.
        terms: What was shown and accepted.
        trial_days: Days of trial before anything falls due; 0 for none.
        accepted_at: When it was accepted.
    """

    key: str
    customer_id: str
    account_id: str | None
    offer: str
    thing: str
    kind: str
    terms: Terms
    trial_days: int
    accepted_at: Moment


class GivingBack(msgspec.Struct, frozen=True):
    """What is to be taken back from somebody who goes back to what they had.

    Attributes:
        key: What it is known by, always the same.
        purchase: What they took, under the key it was told by.
        had: What they had before; None where nothing is known.
        has_refund: Whether what was paid is given back, as the guarantee says.
        because: Why, in their words; empty where nothing was said.
        asked_at: When they asked.
    """

    key: str
    purchase: Purchase
    had: Had | None
    has_refund: bool
    because: str
    asked_at: Moment


class Outcome(enum.Enum):
    """What billing said.

    It is done; it is refused for good; nothing that could be relied on; the customer is to pay first; or a
    person has to do it.
    """

    DONE = "done"
    REFUSED = "refused"
    NOT_YET = "not_yet"
    UNPAID = "unpaid"
    BY_HAND = "by_hand"


class Bill(msgspec.Struct, frozen=True):
    """What a customer is to pay before it is theirs.

    Attributes:
        id: What billing knows it by.
        url: Where they pay; empty where they have and the payment takes its time.
        pay_by: Until when.
    """

    id: str
    url: str
    pay_by: Moment


class Fulfilment(msgspec.Struct, frozen=True):
    """What came of telling billing.

    Attributes:
        outcome: What it said.
        message: What it wants the customer to be told; empty for nothing.
        detail: What it said, for the team.
        bill: What they are to pay first, None for nothing.
        is_lapsed: Whether it is refused because they did not pay in time.
        paid: What was charged at once, in minor units of the terms' currency; None where it is not known.
        learned: Traits that billing told of whoever pays.
        refunded: What was given back to what they paid by, in minor units; None where it is not known.
        credited: What is taken off their next invoices, in minor units; None where it is not known.
        until: Until when they keep what they go back from; None where it is gone, or not known.
    """

    outcome: Outcome
    message: str = ""
    detail: str = ""
    bill: Bill | None = None
    is_lapsed: bool = False
    paid: int | None = None
    learned: Mapping[str, str] = {}
    refunded: int | None = None
    credited: int | None = None
    until: Moment | None = None


class Fulfiller(Protocol):
    """Makes what was accepted theirs.

    Attributes:
        is_confirming: Whether whoever accepted is told by it that it is done, so that nobody else tells them.
        takes_back: Whether it takes back by itself what it made theirs; else the team does.
    """

    is_confirming: bool
    takes_back: bool

    def fulfil(self, purchase: Purchase, now: Moment) -> Fulfilment:
        """Tell billing of a purchase, perhaps again, and give what it said; raises nothing."""
        ...

    def take_back(self, giving: GivingBack, now: Moment) -> Fulfilment:
        """Tell billing that somebody goes back, perhaps again, and give what it said; raises nothing."""
        ...

    def close(self) -> None:
        """Close what is kept open."""
        ...


class WebhookFulfiller:
    """Tells a server of the team's own, and waits for its answer."""

    def __init__(
        self,
        url: str,
        secret: bytes,
        border: Border,
        *,
        timeout: float = TIMEOUT,
        is_confirming: bool = False,
    ) -> None:
        """Aim at the team's billing; nothing is opened yet.

        Args:
            url: Where purchases are posted.
            secret: What they are signed with.
            border: What may be reached besides an address that is written in the URL itself.
            timeout: Seconds it may take over one answer.
            is_confirming: Whether it tells customers itself what is done.

        Raises:
            ConfigError: What was accepted would leave this machine in the open.
        """
        parsed = httpx.URL(url)
        if parsed.scheme != "https" and not is_loopback(parsed.host):
            msg = f"expected https for billing that is not this machine, got http and {parsed.host}; "
            msg += "look at UPSELL_BILLING_URL"
            raise ConfigError(msg)
        self.is_confirming, self.takes_back = is_confirming, True
        self._url = url
        self._secret = secret
        transport = BorderedSyncTransport(border.widened(parsed.host))
        self._client = httpx.Client(transport=transport, timeout=timeout, headers=HEADERS, trust_env=False)

    def fulfil(self, purchase: Purchase, now: Moment) -> Fulfilment:
        """Post a purchase; 2xx is done, 4xx refused for good, the rest is nothing to rely on."""
        return self._post(purchase.key, _said(purchase), now)

    def take_back(self, giving: GivingBack, now: Moment) -> Fulfilment:
        """Post that somebody goes back; answers are read as those to a purchase."""
        return self._post(giving.key, _said_back(giving), now)

    def _post(self, key: str, said_to: dict[str, object], now: Moment) -> Fulfilment:
        body = _encode(said_to)
        headers = {"content-type": "application/json", **sign((self._secret,), key, now // SECOND, body)}
        try:
            with self._client.stream("POST", self._url, content=body, headers=headers) as answer:
                content = _content(answer)
        except httpx.HTTPError as error:
            return Fulfilment(Outcome.NOT_YET, detail=f"billing did not answer: {error!r}")
        except BorderError as error:
            return Fulfilment(Outcome.NOT_YET, detail=str(error))
        said = f"{answer.status_code} {content.decode('utf-8', 'replace')[:200].strip()}".strip()
        if answer.is_success:
            return Fulfilment(Outcome.DONE, _message(content), said)
        if answer.is_client_error and answer.status_code not in _AGAIN:
            return Fulfilment(Outcome.REFUSED, _message(content), said)
        return Fulfilment(Outcome.NOT_YET, detail=said)

    def close(self) -> None:
        """Close every kept connection."""
        self._client.close()


def _content(answer: httpx.Response) -> bytes:
    """Read an answer, as much of it as is ever read."""
    read = bytearray()
    for part in answer.iter_raw():
        read += part[: LARGEST_ANSWER - len(read)]
        if len(read) >= LARGEST_ANSWER:
            break
    return bytes(read)


def _said(purchase: Purchase) -> dict[str, object]:
    return {
        "type": "offer.accepted",
        "timestamp": format_moment(purchase.accepted_at),
        "data": {
            "key": purchase.key,
            "customer": purchase.customer_id,
            "account": purchase.account_id,
            "offer": purchase.offer,
            "thing": purchase.thing,
            "kind": purchase.kind,
            "terms": purchase.terms,
            "trial_days": purchase.trial_days,
        },
    }


def _said_back(giving: GivingBack) -> dict[str, object]:
    taken = giving.purchase
    return {
        "type": "offer.returned",
        "timestamp": format_moment(giving.asked_at),
        "data": {
            "key": giving.key,
            "returns": taken.key,
            "customer": taken.customer_id,
            "account": taken.account_id,
            "offer": taken.offer,
            "thing": taken.thing,
            "terms": taken.terms,
            "accepted_at": format_moment(taken.accepted_at),
            "back_to": giving.had,
            "refund": giving.has_refund,
            "because": giving.because,
        },
    }


def _message(content: bytes) -> str:
    """Give what billing wants the customer to be told; anything but a short line of text is nothing."""
    try:
        said = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    message = said.get("message") if isinstance(said, dict) else None
    if not isinstance(message, str) or not message.isprintable():
        return ""
    return message.strip()[:LONGEST_MESSAGE]
