"""``POST /v1/prompts/charges``: what taking an offer would cost, said before it is taken.

The law: only whoever may accept is told, for it says what an account pays; and looking accepts nothing.
"""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec
from litestar import Response, route
from litestar.handlers import HTTPRouteHandler

from upsell.channels.charge_words import charge_lines
from upsell.channels.prompt_view import locale_of
from upsell.channels.prompt_words import language_of
from upsell.channels.stripe_foresight import Foreseen
from upsell.clock import Clock, format_moment
from upsell.runtime.accept_checks import NotAcceptedError
from upsell.runtime.accepting import AcceptDesk, Looked
from upsell.runtime.identities import Identity
from upsell.runtime.stripe_billing import ForesightDesk
from upsell.runtime.telling import refusal_words
from upsell.sources.bounds import LARGEST_EVENT
from upsell.web.api.accepting import STATUS
from upsell.web.api.identity_door import (
    METHODS,
    AnyRequest,
    Door,
    Name,
    NamingAsker,
    RefusedError,
    TellingRefused,
    Word,
)

_EXAMPLE: Final = '{"key": "...", "token": "..."}'


class ChargesBody(NamingAsker, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What a page says that asks: the key of what made the offer."""

    key: Name
    locale: Word = ""


class ChargesAnswer(msgspec.Struct, rename="camel", frozen=True):
    """What would be charged, in minor units and in words; ``none`` where nothing is known to fall due.

    With ``approval`` somebody of the team approves it first, and it is charged then.
    """

    key: str
    outlook: str
    lines: tuple[str, ...] = ()
    now: int | None = None
    next: int | None = None
    next_at: str | None = None
    currency: str = ""
    approval: bool = False


_read = msgspec.json.Decoder(ChargesBody).decode


def charges_route(url: str, clock: Clock, door: Door, foresight: ForesightDesk | None) -> HTTPRouteHandler:
    """Give the route by which a page asks what an offer would cost; without foresight nothing is known."""
    desk = AcceptDesk(url, clock)

    def look(said: ChargesBody, who: Identity) -> ChargesAnswer:
        looked = desk.look(said.key, who)
        foreseen = foresight.foresee(looked.purchase) if foresight is not None else None
        return _answer(said, foreseen, looked)

    @route("/v1/prompts/charges", http_method=METHODS, status_code=200, request_max_body_size=LARGEST_EVENT)
    async def charges(request: AnyRequest) -> Response[bytes]:
        """Say what taking an offer would cost."""

        async def work(said: ChargesBody, who: Identity) -> msgspec.Struct:
            """Look, in a thread of its own: billing is waited for."""
            try:
                return await asyncio.to_thread(look, said, who)
            except NotAcceptedError as error:
                words = refusal_words(error, (said.locale,))
                told = TellingRefused(error.refusal.value, str(error), words)
                raise RefusedError(told, STATUS[error.refusal]) from error

        return await door.take(request, _read, _EXAMPLE, work)

    return charges


def _answer(said: ChargesBody, foreseen: Foreseen | None, looked: Looked) -> ChargesAnswer:
    language = language_of(said.locale)
    locale, needs_approval = locale_of((said.locale,), language), looked.needs_approval
    lines = charge_lines(foreseen, language, locale, looked.zone, needs_approval=needs_approval)
    if foreseen is None:
        return ChargesAnswer(said.key, "none", lines, approval=needs_approval)
    return ChargesAnswer(
        key=said.key,
        outlook=foreseen.outlook.value,
        lines=lines,
        now=foreseen.now,
        next=foreseen.next,
        next_at=format_moment(foreseen.next_at) if foreseen.next_at is not None else None,
        currency=foreseen.currency,
        approval=needs_approval,
    )
