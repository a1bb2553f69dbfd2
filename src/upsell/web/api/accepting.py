"""``POST /v1/prompts/accepted`` and ``POST /v1/accept``: an offer is taken, from a page or from a server.

``POST /v1/prompts/asked``: whoever may not decide asks those who may.

The law: 200 is said only when it is written down, with what the customer is told of how it stands; what is
refused says why in their language too.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Annotated, Final

import msgspec
from litestar import Response, route
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler

from upsell.channels.charge_words import WORDS as CHARGE_WORDS
from upsell.channels.prompt_words import WORDS, language_of
from upsell.decisions.cart_changes import CartChange
from upsell.runtime.accept_checks import NotAcceptedError, Refusal
from upsell.runtime.accepting import Accept
from upsell.runtime.colleagues import ColleagueDesk, Wish
from upsell.runtime.fulfil_desk import FulfilDesk
from upsell.runtime.identities import Identity
from upsell.runtime.telling import refusal_words
from upsell.sources.bounds import LARGEST_EVENT
from upsell.store.orders import OrderState, Via
from upsell.web.api.identity_door import (
    METHODS,
    AnyRequest,
    Door,
    Name,
    NamingAsker,
    RefusedError,
    TellingRefused,
    Word,
    check_print,
)

_ACCEPT_EXAMPLE = '{"key": "...", "price": 13410, "currency": "USD", "token": "..."}'
STATUS: Final = {
    Refusal.NOT_FOUND: HTTPStatus.NOT_FOUND,
    Refusal.NOT_YOURS: HTTPStatus.FORBIDDEN,
    Refusal.ROLE: HTTPStatus.FORBIDDEN,
    Refusal.OVER: HTTPStatus.BAD_REQUEST,
    Refusal.PRICE: HTTPStatus.BAD_REQUEST,
}
"""With which status each refusal is answered."""


class AcceptBody(NamingAsker, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What a page says that accepts: the key of what made the offer, and the price it stated."""

    key: Name
    price: int | None
    currency: Annotated[str, msgspec.Meta(max_length=3)]
    locale: Word = ""


class AskBody(NamingAsker, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What a page says whose reader asks a colleague to decide: the key of what made the offer."""

    key: Name
    because: Word = ""
    locale: Word = ""


class AskAnswer(msgspec.Struct, frozen=True):
    """Those who may decide are asked: how many, 0 where the team is to find one; and what is told."""

    asked: int
    message: str


class Pay(msgspec.Struct, frozen=True):
    """What the customer is to do before it is theirs: pay at an address."""

    label: str
    url: str


class AcceptAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was accepted is written down: where it stands, and what the customer is told.

    ``cart`` is there while the order lies in a cart: what the shop takes out and puts in;
    ``pay`` where they are to pay before it is theirs.
    """

    key: str
    state: str
    message: str
    cart: CartChange | None = None
    pay: Pay | None = None


_ask_body = msgspec.json.Decoder(AskBody).decode
_accept_body = msgspec.json.Decoder(AcceptBody).decode


def accept_routes(door: Door, desk: FulfilDesk, colleagues: ColleagueDesk) -> tuple[HTTPRouteHandler, ...]:
    """Give the routes by which offers are taken."""

    async def take(said: AcceptBody, who: Identity, via: Via) -> msgspec.Struct:
        """Accept, in a thread of its own: billing is waited for."""
        if not said.key.isprintable():
            msg = "characters that cannot be printed"
            raise msgspec.ValidationError(msg)
        asked = Accept(said.key, who, said.price, said.currency, via)
        locales = (said.locale,)
        try:
            told = await asyncio.to_thread(desk.take, asked, locales)
        except NotAcceptedError as error:
            words = await asyncio.to_thread(desk.refusal_words, error, asked, locales)
            code = error.refusal.value
            raise RefusedError(TellingRefused(code, str(error), words), STATUS[error.refusal]) from error
        if told.is_failed:
            words = f"it was accepted, but came to nothing: the order is {told.order.state.value}"
            raise RefusedError(TellingRefused("failed", words, told.message), HTTPStatus.BAD_REQUEST)
        order = told.order
        change = order.terms.cart if order.state is OrderState.IN_CART else None
        pay = Pay(CHARGE_WORDS[language_of(*locales)].pay, order.pay_url) if order.pay_url else None
        return AcceptAnswer(order.key, order.state.value, told.message, change, pay)

    @route("/v1/prompts/accepted", http_method=METHODS, status_code=200, request_max_body_size=LARGEST_EVENT)
    async def accepted(request: AnyRequest) -> Response[bytes]:
        """Take an offer at the terms its prompt showed."""

        async def work(said: AcceptBody, who: Identity) -> msgspec.Struct:
            """Accept, as a page does."""
            return await take(said, who, Via.PROMPT)

        return await door.take(request, _accept_body, _ACCEPT_EXAMPLE, work)

    @route("/v1/prompts/asked", http_method=METHODS, status_code=200, request_max_body_size=LARGEST_EVENT)
    async def ask(request: AnyRequest) -> Response[bytes]:
        """Ask those who may decide for the account."""

        async def work(said: AskBody, who: Identity) -> msgspec.Struct:
            """Ask, and say how many were."""
            check_print(said.key, said.because)
            wish, locales = Wish(said.key, who, said.because, Via.PROMPT), (said.locale,)
            try:
                asked = await asyncio.to_thread(colleagues.ask, wish)
            except NotAcceptedError as error:
                words = refusal_words(error, locales)
                refused = TellingRefused(error.refusal.value, str(error), words)
                raise RefusedError(refused, STATUS[error.refusal]) from error
            told = WORDS[language_of(*locales)]
            return AskAnswer(len(asked), told.colleagues_asked if asked else told.team_asked)

        return await door.take(request, _ask_body, '{"key": "...", "token": "..."}', work)

    @route("/v1/accept", http_method=[HttpMethod.POST], status_code=200, request_max_body_size=LARGEST_EVENT)
    async def accept(request: AnyRequest) -> Response[bytes]:
        """Take an offer for whom a server names."""

        async def work(said: AcceptBody, who: Identity) -> msgspec.Struct:
            """Accept, as a server does."""
            return await take(said, who, Via.API)

        return await door.take_of_server(request, _accept_body, _ACCEPT_EXAMPLE, work)

    return accepted, ask, accept
