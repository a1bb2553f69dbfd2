"""``POST /v1/prompts``: what a page shows at a placement, what became of it, and what a feature gate answers.

Pages ask with a write key, which everybody can read, and a token in which the team's server signed who is
looking. A server asks with its own key and says itself who it is. The law: nobody is shown, and nobody
answers, what is another's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Annotated, Any, TypeAlias, TypeVar
from uuid import uuid4

import msgspec
import psycopg
from litestar import Request, Response, route
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from upsell.channels.prompt_view import PromptView
from upsell.clock import Clock
from upsell.errors import ConfigError, IntakeError, StoreError
from upsell.runtime.answering import Act, write_answer
from upsell.runtime.deciding import Asked, Decider
from upsell.runtime.identities import Identity, IdentityReader
from upsell.runtime.intake import Intake, OverloadedError
from upsell.runtime.keyring import KeyRing
from upsell.runtime.prompt_views import view_prompted
from upsell.sources.bounds import LARGEST_EVENT, LONGEST_NAME
from upsell.sources.segment import Draft
from upsell.store.keys import Scope
from upsell.store.ledger import hash_event
from upsell.web.api.answers import Refused, answer
from upsell.web.api.cors import ANY_SITE, answer_preflight
from upsell.web.api.doors import AGAIN, shown_key, turn_away

_Request: TypeAlias = Request[Any, Any, Any]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME)]
_Word = Annotated[str, msgspec.Meta(max_length=LONGEST_NAME)]
_Scalar = str | int | float | bool | None
METHODS = [HttpMethod.POST, HttpMethod.OPTIONS]


class Asker(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True):
    """Who asks: a token."""

    token: Annotated[str, msgspec.Meta(max_length=4_096)] | None = None


class NamingAsker(Asker, rename="camel", forbid_unknown_fields=True, frozen=True):
    """Who asks: a token, or from a server the ids themselves."""

    user_id: _Name | None = None
    account_id: _Name | None = None


class PromptBody(NamingAsker, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What a page says that asks what to show."""

    placement: _Name
    context: dict[str, _Scalar] = {}
    locale: _Word = ""
    message_id: _Name | None = None


class GateBody(NamingAsker, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What a page says that reaches for a feature; without a placement it is the feature's name."""

    feature: _Name
    placement: _Name | None = None
    context: dict[str, _Scalar] = {}
    locale: _Word = ""
    message_id: _Name | None = None


class AnswerBody(NamingAsker, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What a page says became of a prompt, told once under each id."""

    key: _Name
    id: _Name
    answer: Annotated[str, msgspec.Meta(pattern="^(not_now|never)$")] = "not_now"
    reason: _Word = ""
    feature: _Word = ""


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


_Body = TypeVar("_Body", bound=Asker)
_prompt_body = msgspec.json.Decoder(PromptBody).decode
_gate_body = msgspec.json.Decoder(GateBody).decode
_answer_body = msgspec.json.Decoder(AnswerBody).decode


class _RefusedError(Exception):
    """A request that is not taken, with the answer to it."""

    def __init__(self, code: str, words: str, status: HTTPStatus) -> None:
        super().__init__(words)
        self.answered = answer(Refused(code, words), status)


def prompt_routes(
    door: Door, url: str, clock: Clock, decider: Decider, intake: Intake
) -> tuple[HTTPRouteHandler, ...]:
    """Give the routes that pages ask, over the database at ``url``."""
    # As many threads as connections: each has its own, and more would only wait for the database.
    pool = ThreadPoolExecutor(8, "prompts")

    @route("/v1/prompts", http_method=METHODS, status_code=200, request_max_body_size=LARGEST_EVENT)
    async def prompts(request: _Request) -> Response[bytes]:
        """Decide what a page shows at a placement."""

        async def work(said: PromptBody, who: Identity) -> msgspec.Struct:
            """Decide, in a thread of the pool."""
            asked = _asked(said, said.placement, who)
            told = await asyncio.get_running_loop().run_in_executor(pool, decider.decide, asked)
            return PromptAnswer(asked.id, view_prompted(told, said.locale))

        return await door.take(request, _prompt_body, '{"placement": "usage-page", "token": "..."}', work)

    @route("/v1/can", http_method=METHODS, status_code=200, request_max_body_size=LARGEST_EVENT)
    async def can(request: _Request) -> Response[bytes]:
        """Say whether a feature may be used, and what a page shows where it may not."""

        async def work(said: GateBody, who: Identity) -> msgspec.Struct:
            """Look, and decide where the gate holds."""
            _check_print(said.feature)
            asked = _asked(said, said.placement or said.feature, who)
            loop = asyncio.get_running_loop()
            gated = await loop.run_in_executor(pool, decider.gate, said.feature, asked)
            view = view_prompted(gated.prompted, said.locale) if gated.prompted is not None else None
            return GateAnswer(asked.id, gated.is_allowed, gated.plan, view)

        return await door.take(request, _gate_body, '{"feature": "sso", "token": "..."}', work)

    @route("/v1/prompts/{act:str}", http_method=METHODS, status_code=200, request_max_body_size=LARGEST_EVENT)
    async def answers(request: _Request, act: FromPath[str]) -> Response[bytes]:
        """Take what became of a prompt."""

        async def work(said: AnswerBody, who: Identity) -> msgspec.Struct:
            """Write it as an event, and answer once it is committed."""
            known = {each.value: each for each in Act}
            if act not in known:
                words = f"expected one of {', '.join(known)} behind /v1/prompts/, got {act}"
                raise _RefusedError("not_found", words, HTTPStatus.NOT_FOUND)
            _check_print(said.key, said.id, said.reason, said.feature)
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


class Door:
    """What the routes share: who may ask, for whom, and what stands in the way."""

    def __init__(self, ring: KeyRing, reader: IdentityReader) -> None:
        """Ask the keys of ``ring``, and believe the tokens that ``reader`` does."""
        self._ring = ring
        self._reader = reader

    async def take(
        self,
        request: _Request,
        read: Callable[[bytes], _Body],
        example: str,
        work: Callable[[_Body, Identity], Awaitable[msgspec.Struct | Response[Any]]],
    ) -> Response[Any]:
        """Answer a request, which a page of any site may make and read."""
        if request.method == HttpMethod.OPTIONS:
            return answer_preflight()
        answered = await self._answer(request, read, example, work)
        answered.headers.update({**ANY_SITE, "Cache-Control": "no-store"})
        return answered

    async def _answer(
        self,
        request: _Request,
        read: Callable[[bytes], _Body],
        example: str,
        work: Callable[[_Body, Identity], Awaitable[msgspec.Struct | Response[Any]]],
    ) -> Response[Any]:
        turned_away = await turn_away(self._ring, request, Scope.PROMPTS)
        is_server = self._ring.ask(shown_key(request), Scope.DECISIONS).is_allowed
        if turned_away is not None and not is_server:
            return turned_away
        try:
            said = read(await request.body())
            who = await asyncio.to_thread(self._identity, said, is_server=is_server)
            told = await work(said, who)
            return told if isinstance(told, Response) else answer(told)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return answer(Refused("invalid", f"expected {example}, got: {error}"), HTTPStatus.BAD_REQUEST)
        except _RefusedError as error:
            return error.answered
        except OverloadedError as error:
            return answer(Refused("overloaded", str(error)), HTTPStatus.TOO_MANY_REQUESTS, AGAIN)
        except ConfigError as error:
            return answer(Refused("unknown", str(error)), HTTPStatus.BAD_REQUEST)
        except IntakeError as error:
            return answer(Refused("conflict", str(error)), HTTPStatus.BAD_REQUEST)
        except (psycopg.Error, StoreError):
            words = "the database did not answer; send it again"
            return answer(Refused("unavailable", words), HTTPStatus.SERVICE_UNAVAILABLE, AGAIN)

    def _identity(self, said: Asker, *, is_server: bool) -> Identity:
        """Give for whom is asked.

        Raises:
            _RefusedError: Nobody who can be believed is named.
            msgspec.ValidationError: It holds what no database does.
        """
        if said.token is not None:
            try:
                return self._reader.read(said.token)
            except IntakeError as error:
                raise _RefusedError("identity", str(error), HTTPStatus.UNAUTHORIZED) from error
        if not is_server or not isinstance(said, NamingAsker):
            words = "expected a token that your server signed, got none; `upsell identity --help` tells how"
            raise _RefusedError("identity", words, HTTPStatus.UNAUTHORIZED)
        if said.user_id is None:
            msg = "neither token nor userId; say who looks"
            raise msgspec.ValidationError(msg)
        _check_print(said.user_id, said.account_id or "")
        return Identity(said.user_id, said.account_id)


def _check_print(*texts: str) -> None:
    """Hold texts to what a database keeps and a page prints.

    Raises:
        msgspec.ValidationError: One is neither.
    """
    if not all(text.isprintable() for text in texts):
        msg = "characters that cannot be printed"
        raise msgspec.ValidationError(msg)


def _asked(said: PromptBody | GateBody, placement: str, who: Identity) -> Asked:
    texts = [placement, said.message_id or "", *said.context]
    texts += [value for value in said.context.values() if isinstance(value, str)]
    _check_print(*texts)
    return Asked(
        id=said.message_id or uuid4().hex,
        placement=placement,
        customer_id=who.customer_id,
        account_id=who.account_id,
        context=said.context,
        is_dry_run=False,
    )
