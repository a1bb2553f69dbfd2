"""``/v1/push``: pages and apps tell on which devices somebody sees notifications.

A page tells of its browser for whom its token names, or a server for whom it says. What a browser does by
itself, when no page is open, it does with what it was given then. The law: nobody is sent to a device for
whom nobody could vouch.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import Response, get, route
from litestar.handlers import HTTPRouteHandler

from upsell.channels.devices import Device, DeviceKind
from upsell.errors import IntakeError
from upsell.runtime.devices import Yes
from upsell.runtime.identities import Identity
from upsell.runtime.push_desk import PushDesk
from upsell.sources.bounds import LARGEST_EVENT
from upsell.store.consents import ConsentText
from upsell.web.api.answers import Refused, answer
from upsell.web.api.cors import ANY_SITE
from upsell.web.api.identity_door import METHODS, AnyRequest, Door, NamingAsker, RefusedError, check_print

MOST_WORDS = 2_000
"""Characters of the words under which somebody agrees."""

UNDETERMINED = "und"
"""The language of words of which nobody said it (BCP 47)."""

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=4_096)]
_Token = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Keys(msgspec.Struct, frozen=True):
    """What a browser's pushes are encrypted with."""

    p256dh: _Text
    auth: _Text


class Subscription(msgspec.Struct, rename="camel", frozen=True):
    """A browser's subscription, as ``PushSubscription.toJSON()`` gives it; what else is in it is not read."""

    endpoint: _Text
    keys: Keys


class Agreed(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """That somebody just agreed, and under which words in which language."""

    words: Annotated[str, msgspec.Meta(max_length=MOST_WORDS)] = ""
    lang: Annotated[str, msgspec.Meta(max_length=35)] = ""


class SubscribeBody(NamingAsker, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What is told of a device: a browser's subscription, or the token of an app."""

    subscription: Subscription | None = None
    app: _Text | None = None
    agreed: Agreed | None = None


class RenewBody(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What a browser tells whose subscription became another."""

    device: _Token
    subscription: Subscription


class EndBody(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What a browser tells that is to be forgotten."""

    device: _Token


class PublicKey(msgspec.Struct, rename="camel", frozen=True):
    """What pages subscribe with."""

    public_key: str


class Kept(msgspec.Struct, frozen=True):
    """What a device shows to be renewed or forgotten."""

    device: str


class Heard(msgspec.Struct, frozen=True):
    """It is so."""

    heard: bool = True


_subscribe_body = msgspec.json.Decoder(SubscribeBody).decode
_renew_body = msgspec.json.Decoder(RenewBody).decode
_end_body = msgspec.json.Decoder(EndBody).decode


def push_routes(door: Door, desk: PushDesk) -> tuple[HTTPRouteHandler, ...]:
    """Give the routes that tell of devices."""

    @get("/v1/push/key")
    async def key() -> Response[bytes]:
        """Give what pages subscribe with; it is public."""
        if not desk.public_key:
            words = "expected a key that pushes are signed with, found none; `upsell push keys` makes one"
            answered = answer(Refused("not_found", words), HTTPStatus.NOT_FOUND)
        else:
            answered = answer(PublicKey(desk.public_key))
        answered.headers.update({**ANY_SITE, "Cache-Control": "no-store"})
        return answered

    @route(
        "/v1/push/subscriptions", http_method=METHODS, status_code=200, request_max_body_size=LARGEST_EVENT
    )
    async def subscriptions(request: AnyRequest) -> Response[Any]:
        """Keep a device of whoever looks."""

        async def work(said: SubscribeBody, who: Identity) -> msgspec.Struct:
            """Keep it, and that they agreed where they did."""
            device = _device(said)
            yes = _yes(said.agreed, request.headers.get("origin", ""), who)
            return Kept(await asyncio.to_thread(_reachable, desk.take, who, device, yes))

        example = '{"subscription": {"endpoint": "...", "keys": {...}}, "token": "..."}'
        return await door.take(request, _subscribe_body, example, work)

    @route(
        "/v1/push/subscriptions/renewed",
        http_method=METHODS,
        status_code=200,
        request_max_body_size=LARGEST_EVENT,
    )
    async def renewed(request: AnyRequest) -> Response[Any]:
        """Put a subscription in the place of the one before."""

        async def work(said: RenewBody) -> msgspec.Struct:
            """Keep the new one of whoever had the old one."""
            device = _web(said.subscription)
            token = await asyncio.to_thread(_reachable, desk.renew, said.device, device)
            return Kept(token) if token is not None else _unknown()

        return await door.take_shown(request, _renew_body, '{"device": "...", "subscription": {...}}', work)

    @route(
        "/v1/push/subscriptions/ended",
        http_method=METHODS,
        status_code=200,
        request_max_body_size=LARGEST_EVENT,
    )
    async def ended(request: AnyRequest) -> Response[Any]:
        """Forget a device."""

        async def work(said: EndBody) -> msgspec.Struct:
            """Forget it; twice is once."""
            return Heard() if await asyncio.to_thread(desk.end, said.device) else _unknown()

        return await door.take_shown(request, _end_body, '{"device": "..."}', work)

    return key, subscriptions, renewed, ended


def _device(said: SubscribeBody) -> Device:
    """Read which device is told of.

    Raises:
        msgspec.ValidationError: None is, or two are.
    """
    if (said.subscription is None) is (said.app is None):
        msg = "neither or both of subscription and app; say one of them"
        raise msgspec.ValidationError(msg)
    if said.subscription is not None:
        return _web(said.subscription)
    check_print(said.app or "")
    return Device(DeviceKind.APP, said.app or "")


def _web(said: Subscription) -> Device:
    check_print(said.endpoint, said.keys.p256dh, said.keys.auth)
    return Device(DeviceKind.WEB, said.endpoint, said.keys.p256dh, said.keys.auth)


def _yes(agreed: Agreed | None, origin: str, who: Identity) -> Yes | None:
    """Read how somebody agreed: where the browser says it was, for no page can say so in its place."""
    if agreed is None:
        return None
    check_print(agreed.lang, *agreed.words.splitlines())
    where = f"told by a server of yours{f' at {origin}' if origin else ''}"
    if not who.is_server:
        where = f"asked and answered on {origin[:200] or 'a page'}"
    text = ConsentText(agreed.lang or UNDETERMINED, agreed.words) if agreed.words else None
    return Yes(f"push: {where}", text)


def _reachable(do: Any, *given: Any) -> Any:
    """Do what needs a device that can be reached.

    Raises:
        RefusedError: It cannot.
    """
    try:
        return do(*given)
    except IntakeError as error:
        raise RefusedError(Refused("device", str(error)), HTTPStatus.BAD_REQUEST) from error


def _unknown() -> msgspec.Struct:
    words = (
        "expected the device that was answered when it was told of, got none that is kept; tell of it anew"
    )
    raise RefusedError(Refused("not_found", words), HTTPStatus.NOT_FOUND)
