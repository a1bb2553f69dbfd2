"""``POST /v1/{identify,track,group,page,screen,alias,batch}``: Segment's shapes, answered after the commit.

The law: what was refused never takes what was good with it, and is kept with its reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import psycopg
from litestar import Request, Response, route
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler

from upsell.clock import Clock, Moment
from upsell.errors import IntakeError, StoreError
from upsell.runtime.intake import Intake, OverloadedError
from upsell.runtime.keyring import KeyRing
from upsell.sources.bounds import LARGEST_BATCH
from upsell.sources.pages import hold_to_page
from upsell.sources.segment import Call, Draft, Refusal, read_batch, read_item, read_single
from upsell.store.keys import Scope, is_secret
from upsell.store.ledger import Appended, Outcome
from upsell.store.rejections import Rejection
from upsell.web.api.answers import ItemAnswer, Refused, answer, answer_items
from upsell.web.api.bodies import TooLargeError, unpacked
from upsell.web.api.cors import ANY_SITE, answer_preflight
from upsell.web.api.doors import AGAIN, shown_key, turn_away

AnyRequest = Request[Any, Any, Any]

_METHODS = [HttpMethod.POST, HttpMethod.OPTIONS]


def event_routes(intake: Intake, clock: Clock, ring: KeyRing) -> list[HTTPRouteHandler]:
    """Give the routes that take events from whoever shows a key for them."""
    door = _Door(intake, clock, ring)

    @route("/v1/batch", http_method=_METHODS, status_code=200, request_max_body_size=LARGEST_BATCH)
    async def batch(request: AnyRequest) -> Response[bytes]:
        """Take many items; each says what it does by its ``type``."""
        return await door.take(request, None)

    @route("/v1/identify", http_method=_METHODS, status_code=200, request_max_body_size=LARGEST_BATCH)
    async def identify(request: AnyRequest) -> Response[bytes]:
        """Take traits of a customer."""
        return await door.take(request, Call.IDENTIFY)

    @route("/v1/track", http_method=_METHODS, status_code=200, request_max_body_size=LARGEST_BATCH)
    async def track(request: AnyRequest) -> Response[bytes]:
        """Take one event."""
        return await door.take(request, Call.TRACK)

    @route("/v1/group", http_method=_METHODS, status_code=200, request_max_body_size=LARGEST_BATCH)
    async def group(request: AnyRequest) -> Response[bytes]:
        """Take traits of an account, and whom it has as a member with which roles."""
        return await door.take(request, Call.GROUP)

    @route("/v1/page", http_method=_METHODS, status_code=200, request_max_body_size=LARGEST_BATCH)
    async def page(request: AnyRequest) -> Response[bytes]:
        """Take that a page was seen."""
        return await door.take(request, Call.PAGE)

    @route("/v1/screen", http_method=_METHODS, status_code=200, request_max_body_size=LARGEST_BATCH)
    async def screen(request: AnyRequest) -> Response[bytes]:
        """Take that a screen was seen."""
        return await door.take(request, Call.SCREEN)

    @route("/v1/alias", http_method=_METHODS, status_code=200, request_max_body_size=LARGEST_BATCH)
    async def alias(request: AnyRequest) -> Response[bytes]:
        """Take that two ids are one customer."""
        return await door.take(request, Call.ALIAS)

    return [batch, identify, track, group, page, screen, alias]


class _Door:
    """What the routes share."""

    def __init__(self, intake: Intake, clock: Clock, ring: KeyRing) -> None:
        self._intake = intake
        self._clock = clock
        self._ring = ring

    async def take(self, request: AnyRequest, call: Call | None) -> Response[bytes]:
        """Take a request; ``call`` None is a batch. A page of any site may read the answer."""
        if request.method == HttpMethod.OPTIONS:
            return answer_preflight()
        answered = await self._answer(request, call)
        answered.headers.update(ANY_SITE)
        return answered

    async def _answer(self, request: AnyRequest, call: Call | None) -> Response[bytes]:
        packed = await request.body()
        received_at = self._clock.now()
        try:
            body = unpacked(packed, request.headers.get("content-encoding", ""))
            batch = read_batch(body) if call is None else read_single(body)
        except TooLargeError as error:
            refused = Refused("request_entity_too_large", str(error))
            return answer(refused, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        except IntakeError as error:
            return answer(Refused("malformed", str(error)), HTTPStatus.BAD_REQUEST)
        turned_away = await turn_away(self._ring, request, Scope.EVENTS, batch.write_key)
        if turned_away is not None:
            return turned_away
        read = [read_item(item, call, received_at, batch.sent_at) for item in batch.items]
        shown = batch.write_key if batch.write_key is not None else shown_key(request)
        if self._ring.has_keys and not is_secret(shown):
            read = [hold_to_page(item) for item in read]
        return await self._commit(read, received_at)

    async def _commit(self, read: Sequence[Draft | Refusal], received_at: Moment) -> Response[bytes]:
        """Have the good items and the refusals written, then say what became of each."""
        drafts = [draft for item in read if isinstance(item, Draft) for draft in _with_merge(item)]
        rejections = [
            Rejection(received_at, "api", str(index), item.code, item.message, item.body)
            for index, item in enumerate(read)
            if isinstance(item, Refusal)
        ]
        try:
            appended = await asyncio.wrap_future(self._intake.submit(drafts, rejections))
        except OverloadedError as error:
            return answer(Refused("overloaded", str(error)), HTTPStatus.TOO_MANY_REQUESTS, AGAIN)
        except (psycopg.Error, StoreError):
            said = "the database did not answer; nothing of this request is committed, so send it again"
            return answer(Refused("unavailable", said), HTTPStatus.SERVICE_UNAVAILABLE, AGAIN)
        written = iter(appended)
        return answer_items([item_answer(index, item, written) for index, item in enumerate(read)])


def _with_merge(item: Draft) -> list[Draft]:
    """Give what is appended for an item, in order."""
    return [item.merge, item] if item.merge is not None else [item]


def item_answer(index: int, item: Draft | Refusal, written: Any) -> ItemAnswer:
    """Say what became of one item; ``written`` gives the next good item's place in the ledger."""
    if isinstance(item, Refusal):
        return ItemAnswer(index, "refused", item.code, item.message)
    if item.merge is not None:
        # What became of the merge is told by who the customer is from now on, not by the item.
        next(written)
    appended: Appended = next(written)
    match appended.outcome:
        case Outcome.APPENDED:
            return ItemAnswer(index, "accepted")
        case Outcome.DUPLICATE:
            return ItemAnswer(index, "duplicate")
        case Outcome.CONFLICT:
            said = (
                f"expected a messageId of its own, got {item.event.id}, under which another event came before"
            )
            return ItemAnswer(index, "refused", "conflict", said)
