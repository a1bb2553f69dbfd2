"""``POST /v1/prompts``: what a page shows at a placement, what became of it, and what a feature gate answers.

Pages ask with a write key, which everybody can read, and a token in which the team's server signed who is
looking, or the id of a visitor's device. A server asks with its own key and says itself who it is. The law:
nobody is shown, and nobody answers, what is another's.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Annotated
from uuid import uuid4

import msgspec
from litestar import Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from upsell.channels.prompt_view import PromptView
from upsell.clock import Clock
from upsell.runtime.answering import Act, write_answer
from upsell.runtime.deciding import Asked, Decider
from upsell.runtime.identities import Identity
from upsell.runtime.intake import Intake
from upsell.runtime.prompt_views import view_prompted
from upsell.sources.bounds import LARGEST_EVENT
from upsell.sources.segment import Draft
from upsell.store.ledger import hash_event
from upsell.web.api.answers import Refused
from upsell.web.api.cart_body import CartBody, cart_said
from upsell.web.api.identity_door import (
    METHODS,
    AnyRequest,
    Door,
    Name,
    NamingAsker,
    RefusedError,
    Word,
    check_print,
)

_Scalar = str | int | float | bool | None


class PromptBody(NamingAsker, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What a page says that asks what to show."""

    placement: Name
    context: dict[str, _Scalar] = msgspec.field(default_factory=dict)
    cart: CartBody | None = None
    locale: Word = ""
    message_id: Name | None = None


class GateBody(NamingAsker, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What a page says that reaches for a feature; without a placement it is the feature's name."""

    feature: Name
    placement: Name | None = None
    context: dict[str, _Scalar] = msgspec.field(default_factory=dict)
    locale: Word = ""
    message_id: Name | None = None


class AnswerBody(NamingAsker, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What a page says became of a prompt, told once under each id."""

    key: Name
    id: Name
    answer: Annotated[str, msgspec.Meta(pattern="^(not_now|never)$")] = "not_now"
    reason: Word = ""
    feature: Word = ""


class PromptAnswer(msgspec.Struct, frozen=True):
    """What a page is to show; None for nothing."""

    id: str
    prompt: PromptView | None


class GateAnswer(msgspec.Struct, frozen=True):
    """Whether a feature may be used, under which plan, and what a page is to show where it may not."""

    id: str
    allowed: bool
    plan: str
    prompt: PromptView | None


class Heard(msgspec.Struct, frozen=True):
    """An answer is committed."""

    heard: bool = True


_prompt_body = msgspec.json.Decoder(PromptBody).decode
_gate_body = msgspec.json.Decoder(GateBody).decode
_answer_body = msgspec.json.Decoder(AnswerBody).decode


def prompt_routes(
    door: Door, url: str, clock: Clock, decider: Decider, intake: Intake, *, is_foreseen: bool = False
) -> tuple[HTTPRouteHandler, ...]:
    """Give the routes that pages ask, over the database at ``url``.

    ``is_foreseen`` is whether pages may ask what would be charged.
    """
    # As many threads as connections: each has its own, and more would only wait for the database.
    pool = ThreadPoolExecutor(8, "prompts")

    @route("/v1/prompts", http_method=METHODS, status_code=200, request_max_body_size=LARGEST_EVENT)
    async def prompts(request: AnyRequest) -> Response[bytes]:
        """Decide what a page shows at a placement."""

        async def work(said: PromptBody, who: Identity) -> msgspec.Struct:
            """Decide, in a thread of the pool."""
            asked = _asked(said, said.placement, who)
            told = await asyncio.get_running_loop().run_in_executor(pool, decider.decide, asked)
            return PromptAnswer(asked.id, view_prompted(told, said.locale, is_foreseen=is_foreseen))

        return await door.take(request, _prompt_body, '{"placement": "usage-page", "token": "..."}', work)

    @route("/v1/can", http_method=METHODS, status_code=200, request_max_body_size=LARGEST_EVENT)
    async def can(request: AnyRequest) -> Response[bytes]:
        """Say whether a feature may be used, and what a page shows where it may not."""

        async def work(said: GateBody, who: Identity) -> msgspec.Struct:
            """Look, and decide where the gate holds."""
            check_print(said.feature)
            asked = _asked(said, said.placement or said.feature, who)
            loop = asyncio.get_running_loop()
            gated = await loop.run_in_executor(pool, decider.gate, said.feature, asked)
            prompted = gated.prompted
            view = view_prompted(prompted, said.locale, is_foreseen=is_foreseen) if prompted else None
            return GateAnswer(asked.id, gated.is_allowed, gated.plan, view)

        return await door.take(request, _gate_body, '{"feature": "sso", "token": "..."}', work)

    @route("/v1/prompts/{act:str}", http_method=METHODS, status_code=200, request_max_body_size=LARGEST_EVENT)
    async def answers(request: AnyRequest, act: FromPath[str]) -> Response[bytes]:
        """Take what became of a prompt."""

        async def work(said: AnswerBody, who: Identity) -> msgspec.Struct:
            """Write it as an event, and answer once it is committed."""
            known = {each.value: each for each in Act}
            if act not in known:
                words = f"expected one of {', '.join(known)} behind /v1/prompts/, got {act}"
                raise RefusedError(Refused("not_found", words), HTTPStatus.NOT_FOUND)
            check_print(said.key, said.id, said.reason, said.feature)
            why = {"answer": said.answer, "reason": said.reason, "feature": said.feature}
            why = {name: value for name, value in why.items() if value}
            event = await asyncio.to_thread(
                write_answer, url, known[act], said.key, said.id, who, clock.now(), why
            )
            # When it came is not what it says: told again it is the same.
            told = msgspec.structs.replace(event, occurred_at=0, seen_at=0)
            await asyncio.wrap_future(intake.submit([Draft(event, hash_event(told))]))
            return Heard()

        return await door.take(request, _answer_body, '{"key": "...", "id": "...", "token": "..."}', work)

    return prompts, can, answers


def _asked(said: PromptBody | GateBody, placement: str, who: Identity) -> Asked:
    texts = [placement, said.message_id or "", *said.context]
    texts += [value for value in said.context.values() if isinstance(value, str)]
    check_print(*texts)
    return Asked(
        id=said.message_id or uuid4().hex,
        placement=placement,
        customer_id=who.customer_id,
        account_id=who.account_id,
        context=said.context,
        is_dry_run=False,
        cart=cart_said(said.cart, is_server=who.is_server) if isinstance(said, PromptBody) else None,
        is_visitor=who.is_visitor,
    )
