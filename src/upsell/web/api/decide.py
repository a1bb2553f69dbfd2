"""``POST /v1/decide``: what may be shown at a placement or told by a channel, or why nothing; and why at all.

``GET /v1/customers/{id}/explain`` answers for every workflow, now or at a moment of the past.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Annotated, Any
from uuid import uuid4

import msgspec
import psycopg
from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from upsell.clock import Clock, parse_moment
from upsell.decisions.reach import CHANNELS
from upsell.errors import ConfigError, IntakeError, StoreError
from upsell.runtime.decided import decided_content
from upsell.runtime.deciding import Asked, Decider
from upsell.runtime.explained import answer_content
from upsell.runtime.explaining import explain_now, explain_past
from upsell.runtime.intake import OverloadedError
from upsell.runtime.keyring import KeyRing
from upsell.sources.bounds import LARGEST_EVENT, LONGEST_NAME
from upsell.store.connect import connect
from upsell.store.keys import Scope
from upsell.web.api.answers import Refused, answer
from upsell.web.api.cart_body import CartBody, cart_said
from upsell.web.api.doors import AGAIN, turn_away

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME)]
_Scalar = str | int | float | bool | None


class DecideBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True):
    """What a request says: who, at which placement or by which channel, and what else is known."""

    placement: _Name | None = None
    channel: _Name | None = None
    user_id: _Name | None = None
    account_id: _Name | None = None
    context: dict[str, _Scalar] = {}
    cart: CartBody | None = None
    message_id: _Name | None = None
    dry_run: bool = False
    locale: Annotated[str, msgspec.Meta(max_length=LONGEST_NAME)] = ""


_read = msgspec.json.Decoder(DecideBody).decode


def decide_routes(ring: KeyRing, url: str, clock: Clock, decider: Decider) -> tuple[HTTPRouteHandler, ...]:
    """Give the routes that decide and explain over the database at ``url``."""
    # As many threads as connections: each has its own, and more would only wait for the database.
    pool = ThreadPoolExecutor(8, "decide")

    @post("/v1/decide", status_code=200, request_max_body_size=LARGEST_EVENT)
    async def decide(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Decide what may be shown at a placement, or told by a channel."""
        turned_away = await turn_away(ring, request, Scope.DECISIONS)
        if turned_away is not None:
            return turned_away
        try:
            said = _read(await request.body())
            asked = _asked(said)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            words = f'expected {{"userId": "ann", "placement": "usage-page"}}, got: {error}'
            return answer(Refused("invalid", words), HTTPStatus.BAD_REQUEST)
        return await _answered(pool, lambda: decided_content(decider.decide(asked), asked, said.locale))

    @get("/v1/customers/{customer:str}/explain")
    async def explain(request: Request[Any, Any, Any], customer: FromPath[str]) -> Response[bytes]:
        """Explain why a customer is spoken to, or why not."""
        turned_away = await turn_away(ring, request, Scope.DECISIONS)
        if turned_away is not None:
            return turned_away
        said = request.query_params.get("at")
        at = parse_moment(said) if said is not None else None
        if (said is not None and at is None) or not customer.isprintable():
            words = f"expected at=2026-03-01T12:00:00Z and an id in print, got {said or customer!r}"
            return answer(Refused("invalid", words), HTTPStatus.BAD_REQUEST)
        workflow = request.query_params.get("workflow")
        unit = customer if customer[:2] in ("a:", "c:") else f"c:{customer}"

        def explained() -> dict[str, Any]:
            """Explain over a connection of its own."""
            with connect(url) as connection:
                if at is None:
                    return answer_content(explain_now(connection, unit, clock.now(), workflow))
                return answer_content(explain_past(connection, unit, at, workflow))

        return await _answered(pool, explained)

    return decide, explain


async def _answered(pool: ThreadPoolExecutor, work: Callable[[], dict[str, Any]]) -> Response[bytes]:
    """Answer with what a piece of work gives, or with what stood in its way."""
    try:
        content = await asyncio.get_running_loop().run_in_executor(pool, work)
    except ConfigError as error:
        return answer(Refused("unknown", str(error)), HTTPStatus.BAD_REQUEST)
    except OverloadedError as error:
        return answer(Refused("overloaded", str(error)), HTTPStatus.TOO_MANY_REQUESTS, AGAIN)
    except IntakeError as error:
        return answer(Refused("conflict", str(error)), HTTPStatus.BAD_REQUEST)
    except (psycopg.Error, StoreError):
        words = "the database did not answer; send it again, under the same messageId if it had one"
        return answer(Refused("unavailable", words), HTTPStatus.SERVICE_UNAVAILABLE, AGAIN)
    return Response(msgspec.json.encode(content), media_type="application/json")


def _asked(said: DecideBody) -> Asked:
    """Give what is asked.

    Raises:
        msgspec.ValidationError: It names nobody, not what is asked for, or holds what no database does.
    """
    if said.user_id is None and said.account_id is None:
        msg = "neither userId nor accountId; say who looks"
        raise msgspec.ValidationError(msg)
    if (said.placement is None) is (said.channel is None):
        msg = "both placement and channel" if said.placement is not None else "neither placement nor channel"
        raise msgspec.ValidationError(
            f"{msg}; say where it is shown, or by what the team's own system tells it"
        )
    if said.channel is not None and said.channel not in CHANNELS:
        msg = f"channel {said.channel!r}; say {', '.join(CHANNELS)}, or a placement for anything else"
        raise msgspec.ValidationError(msg)
    texts = [said.placement, said.user_id, said.account_id, said.message_id, *said.context]
    texts += [value for value in said.context.values() if isinstance(value, str)]
    if any(text is not None and not text.isprintable() for text in texts):
        msg = "characters that cannot be printed"
        raise msgspec.ValidationError(msg)
    return Asked(
        id=said.message_id or uuid4().hex,
        placement=said.placement or "",
        channel=said.channel or "",
        customer_id=said.user_id,
        account_id=said.account_id,
        context=said.context,
        is_dry_run=said.dry_run,
        cart=cart_said(said.cart, is_server=True),
    )
