"""Identity door: requests that speak for somebody, from a page by a token, from a server by its own key.

Pages ask with a write key, which everybody can read, and a token in which the team's server signed who is
looking, or for a visitor with the id of their device, which opens what is known of the device and nothing
else. A server asks with its own key and says itself who it is. The law: nothing is done for a request before
it is known whom it speaks for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeAlias, TypeVar

import msgspec
import psycopg
from litestar import Request, Response
from litestar.enums import HttpMethod
from litestar.exceptions.http_exceptions import RequestEntityTooLarge

from upsell.errors import ConfigError, IntakeError, StoreError
from upsell.ids import anonymous_customer
from upsell.runtime.identities import Identity, IdentityReader, NotAVisitorError
from upsell.runtime.intake import OverloadedError
from upsell.runtime.keyring import KeyRing
from upsell.sources.bounds import LARGEST_EVENT, LONGEST_NAME
from upsell.store.keys import Scope, is_secret
from upsell.web.api.answers import Refused, answer
from upsell.web.api.cors import ANY_SITE, answer_preflight
from upsell.web.api.doors import AGAIN, shown_key, turn_away

AnyRequest: TypeAlias = Request[Any, Any, Any]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME)]
Word = Annotated[str, msgspec.Meta(max_length=LONGEST_NAME)]
METHODS: Final = [HttpMethod.POST, HttpMethod.OPTIONS]
"""What a page may ask with."""


class Asker(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True):
    """Who asks: a token."""

    token: Annotated[str, msgspec.Meta(max_length=4_096)] | None = None


class NamingAsker(Asker, rename="camel", forbid_unknown_fields=True, frozen=True):
    """Who asks: a token, a visitor by the id of a device, or from a server the ids themselves."""

    user_id: Name | None = None
    account_id: Name | None = None
    anonymous_id: Name | None = None


class TellingRefused(msgspec.Struct, frozen=True):
    """A refusal of which the customer is told, in ``words``."""

    code: str
    message: str
    words: str


class RefusedError(Exception):
    """A request that is not taken, with the answer to it."""

    def __init__(self, body: Refused | TellingRefused, status: HTTPStatus) -> None:
        """Keep the answer."""
        super().__init__(body.message)
        self.answered = answer(body, status)


_Body = TypeVar("_Body", bound=Asker)
_Shown = TypeVar("_Shown")


class Door:
    """What the routes share: who may ask, for whom, and what stands in the way."""

    def __init__(self, ring: KeyRing, reader: IdentityReader) -> None:
        """Ask the keys of ``ring``, and believe the tokens that ``reader`` does."""
        self._ring = ring
        self._reader = reader

    async def take(
        self,
        request: AnyRequest,
        read: Callable[[bytes], _Body],
        example: str,
        work: Callable[[_Body, Identity], Awaitable[msgspec.Struct | Response[Any]]],
    ) -> Response[Any]:
        """Answer a request, which a page of any site may make and read."""
        if request.method == HttpMethod.OPTIONS:
            return answer_preflight()
        turned_away = await turn_away(self._ring, request, Scope.PROMPTS)
        shown = shown_key(request)
        is_server = self._ring.ask(shown, Scope.DECISIONS).is_allowed
        if turned_away is not None and not is_server:
            # A server is told what a server needs.
            needed = Scope.DECISIONS if is_secret(shown) else Scope.PROMPTS
            answered = await turn_away(self._ring, request, needed) or turned_away
        else:
            answered = await self._answer(request, read, example, self._named(work, is_server=is_server))
        answered.headers.update({**ANY_SITE, "Cache-Control": "no-store"})
        return answered

    async def take_shown(
        self,
        request: AnyRequest,
        read: Callable[[bytes], _Shown],
        example: str,
        work: Callable[[_Shown], Awaitable[msgspec.Struct | Response[Any]]],
    ) -> Response[Any]:
        """Answer a request as ``take`` does that shows by itself whose it is, by what we gave for that."""
        if request.method == HttpMethod.OPTIONS:
            return answer_preflight()
        answered = await turn_away(self._ring, request, Scope.PROMPTS)
        answered = answered or await self._answer(request, read, example, work)
        answered.headers.update({**ANY_SITE, "Cache-Control": "no-store"})
        return answered

    async def take_of_server(
        self,
        request: AnyRequest,
        read: Callable[[bytes], _Body],
        example: str,
        work: Callable[[_Body, Identity], Awaitable[msgspec.Struct | Response[Any]]],
    ) -> Response[Any]:
        """Answer a request that only a server makes."""
        turned_away = await turn_away(self._ring, request, Scope.DECISIONS)
        if turned_away is not None:
            return turned_away
        return await self._answer(request, read, example, self._named(work, is_server=True))

    def _named(
        self,
        work: Callable[[_Body, Identity], Awaitable[msgspec.Struct | Response[Any]]],
        *,
        is_server: bool,
    ) -> Callable[[_Body], Awaitable[msgspec.Struct | Response[Any]]]:
        """Give what is done for a request once it is known whom it speaks for."""

        async def known(said: _Body) -> msgspec.Struct | Response[Any]:
            if self._reader.is_stale():
                await asyncio.to_thread(self._reader.refresh)
            return await work(said, self._identity(said, is_server=is_server))

        return known

    async def _answer(
        self,
        request: AnyRequest,
        read: Callable[[bytes], _Shown],
        example: str,
        work: Callable[[_Shown], Awaitable[msgspec.Struct | Response[Any]]],
    ) -> Response[Any]:
        try:
            told = await work(read(await request.body()))
            return told if isinstance(told, Response) else answer(told)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return answer(Refused("invalid", f"expected {example}, got: {error}"), HTTPStatus.BAD_REQUEST)
        except RequestEntityTooLarge:
            words = f"expected at most {LARGEST_EVENT:,} bytes in one request, got more; say less in context"
            return answer(Refused("request_entity_too_large", words), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        except RefusedError as error:
            return error.answered
        except OverloadedError as error:
            return answer(Refused("overloaded", str(error)), HTTPStatus.TOO_MANY_REQUESTS, AGAIN)
        except NotAVisitorError as error:
            return answer(Refused("identity", str(error)), HTTPStatus.UNAUTHORIZED)
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
            RefusedError: Nobody who can be believed is named.
            msgspec.ValidationError: It holds what no database does.
        """
        if said.token is not None:
            try:
                read = self._reader.read(said.token)
            except IntakeError as error:
                raise RefusedError(Refused("identity", str(error)), HTTPStatus.UNAUTHORIZED) from error
            return msgspec.structs.replace(read, is_server=is_server)
        named = said if isinstance(said, NamingAsker) else NamingAsker()
        check_print(named.user_id or "", named.account_id or "", named.anonymous_id or "")
        is_proven_alone = named.user_id is not None or named.account_id is not None
        if not is_server and (is_proven_alone or named.anonymous_id is None):
            what = "userId or accountId without one" if is_proven_alone else "none"
            words = (
                f"expected a token that your server signed, got {what}; `upsell identity --help` tells how"
            )
            raise RefusedError(Refused("identity", words), HTTPStatus.UNAUTHORIZED)
        if named.user_id is not None:
            return Identity(named.user_id, named.account_id, is_server=True)
        if named.anonymous_id is None:
            msg = "neither token, userId nor anonymousId; say who looks"
            raise msgspec.ValidationError(msg)
        visitor = anonymous_customer(named.anonymous_id)
        return Identity(visitor, named.account_id, is_visitor=not is_server, is_server=is_server)


def check_print(*texts: str) -> None:
    """Hold texts to what a database keeps and a page prints.

    Raises:
        msgspec.ValidationError: One is neither.
    """
    if not all(text.isprintable() for text in texts):
        msg = "characters that cannot be printed"
        raise msgspec.ValidationError(msg)
