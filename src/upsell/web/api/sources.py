"""``POST /hooks/{path}``: what vendors send to the sources of the workspace that is live.

A source is opened by setting the variable that its file names, and whoever sends proves that it has that
secret. The law: 200 is said only when everything is committed: what became an event, and what was kept aside.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

import msgspec
import psycopg
from litestar import Request, Response, post
from litestar.exceptions import ClientException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from upsell.clock import Clock
from upsell.config import Settings, link_base
from upsell.errors import IntakeError, StoreError
from upsell.runtime.intake import Intake, OverloadedError
from upsell.runtime.mail_desk import MailDesk
from upsell.runtime.source_desk import Closed, Desk, drafts_of, rejections_of
from upsell.sources.reports import ForgedError, MalformedError
from upsell.sources.source import Aside, Delivery, Source, Taken, hide, shown_body, take_delivery
from upsell.sources.vendor_ids import NamingSource, NotYetError
from upsell.store.ledger import Appended
from upsell.store.reported import Outcome
from upsell.web.api.answers import Refused, answer, count_duplicates, refused_of
from upsell.web.api.bodies import TooLargeError, unpacked
from upsell.web.api.doors import AGAIN
from upsell.web.api.events import item_answer
from upsell.web.api.hooks import LARGEST_HOOK

AnyRequest = Request[Any, Any, Any]

_UNAVAILABLE: Final = "the database did not answer; nothing of this request is committed, so send it again"
_LARGE: Final = 64 * 1024
"""From how many bytes on a body is read beside the loop that answers others."""


class Heard(msgspec.Struct, frozen=True):
    """Everything is committed.

    Attributes:
        accepted: How many events came for the first time.
        duplicates: How many had come before.
        kept_aside: How much was not understood, and is kept with the reason.
        passed_over: How much was understood and is of no use.
    """

    accepted: int
    duplicates: int
    kept_aside: int
    passed_over: int


def source_route(
    desk: Desk, mail_desk: MailDesk, intake: Intake, clock: Clock, settings: Settings
) -> HTTPRouteHandler:
    """Give the route by which sources are heard; what is forged is counted where mail's is."""
    door = _Door(desk, mail_desk, intake, clock, link_base(settings))

    @post("/hooks/{path:str}", status_code=200, request_max_body_size=LARGEST_HOOK)
    async def source_hook(request: AnyRequest, path: FromPath[str]) -> Response[bytes]:
        """Take what a vendor sends."""
        return await door.take(request, path)

    return source_hook


class _Door:
    """What a request goes through."""

    def __init__(self, desk: Desk, mail_desk: MailDesk, intake: Intake, clock: Clock, base: str) -> None:
        self._desk = desk
        self._mail_desk = mail_desk
        self._intake = intake
        self._clock = clock
        self._base = base

    async def take(self, request: AnyRequest, path: str) -> Response[bytes]:
        """Take a request to a source."""
        if self._desk.is_stale():
            try:
                await asyncio.to_thread(self._desk.refresh)
            except (psycopg.Error, StoreError):
                return answer(Refused("unavailable", _UNAVAILABLE), HTTPStatus.SERVICE_UNAVAILABLE, AGAIN)
        try:
            body = await request.body()
        except ClientException:
            self._note_unread(path)
            raise
        source = self._desk.find(path)
        if source is None:
            said = f"expected the path of a source of the workspace that is live, got {path[:60]}"
            return answer(Refused("no_source", said), HTTPStatus.NOT_FOUND)
        if isinstance(source, Closed):
            self._mail_desk.note(path, {Outcome.CLOSED: 1})
            return answer(Refused("not_set_up", source.why), HTTPStatus.NOT_FOUND)
        return await self._take(request, path, source, body)

    async def _take(self, request: AnyRequest, path: str, source: Source, body: bytes) -> Response[bytes]:
        refused: Refused | None = None
        try:
            plain = unpacked(body, request.headers.get("content-encoding", ""))
        except TooLargeError as error:
            self._note_unread(path)
            said = Refused("request_entity_too_large", str(error))
            return answer(said, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        except IntakeError as error:
            self._note_unread(path)
            return answer(Refused("malformed", str(error)), HTTPStatus.BAD_REQUEST)
        delivery = self._delivery(request, plain)
        try:
            if isinstance(source, NamingSource):
                source.prove(delivery, self._clock.now())
                source = await asyncio.to_thread(self._desk.know, source, source.name, delivery)
            if len(plain) > _LARGE:
                taken = await asyncio.to_thread(take_delivery, source, delivery, self._clock.now())
            else:
                taken = take_delivery(source, delivery, self._clock.now())
        except ForgedError as error:
            self._mail_desk.note(path, {Outcome.FORGED: 1})
            return answer(Refused("forged", str(error)), HTTPStatus.FORBIDDEN)
        except NotYetError as error:
            return answer(Refused("not_yet", str(error)), HTTPStatus.SERVICE_UNAVAILABLE, AGAIN)
        except (psycopg.Error, StoreError):
            return answer(Refused("unavailable", _UNAVAILABLE), HTTPStatus.SERVICE_UNAVAILABLE, AGAIN)
        except MalformedError as error:
            refused = Refused("malformed", str(error))
            kept = Aside("malformed", str(error), hide(shown_body(plain), source.secrets))
            taken = Taken(asides=(kept,))
        return await self._commit(source, taken, refused)

    def _note_unread(self, path: str) -> None:
        """Count what is too large or badly packed: it has proved nothing, so no more is kept."""
        if self._desk.find(path) is not None:
            self._mail_desk.note(path, {Outcome.UNREAD: 1})

    def _delivery(self, request: AnyRequest, body: bytes) -> Delivery:
        asked = request.url.query
        return Delivery(
            body,
            {name.lower(): value for name, value in request.headers.items()},
            {name: str(value) for name, value in request.query_params.items()},
            f"{self._base}{request.url.path}{f'?{asked}' if asked else ''}",
            request.method,
        )

    async def _commit(self, source: Source, taken: Taken, refused: Refused | None) -> Response[bytes]:
        """Have everything written, then say what became of it."""
        kept = rejections_of(source.name, taken, self._clock.now())
        try:
            appended = await asyncio.wrap_future(self._intake.submit(drafts_of(taken), kept))
        except OverloadedError as error:
            return answer(Refused("overloaded", str(error)), HTTPStatus.TOO_MANY_REQUESTS, AGAIN)
        except (psycopg.Error, StoreError):
            return answer(Refused("unavailable", _UNAVAILABLE), HTTPStatus.SERVICE_UNAVAILABLE, AGAIN)
        if refused is not None:
            return answer(refused, HTTPStatus.BAD_REQUEST)
        return _answered(taken, iter(appended))


def _answered(taken: Taken, written: Iterator[Appended]) -> Response[bytes]:
    items = [item_answer(index, each, written) for index, each in enumerate(taken.items)]
    refused = refused_of(items)
    if refused is not None:
        return answer(refused, HTTPStatus.BAD_REQUEST)
    duplicates = count_duplicates(items)
    return answer(Heard(len(items) - duplicates, duplicates, len(taken.asides), taken.passed_over))
