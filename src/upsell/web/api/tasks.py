"""``/v1/tasks``: the queue of work for people, and what is done about it by systems of the team's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeVar

import msgspec
import psycopg
from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from upsell.clock import Clock, parse_moment
from upsell.errors import ConfigError, StoreError
from upsell.ids import account_unit, customer_unit
from upsell.runtime.keyring import KeyRing
from upsell.runtime.task_content import task_content
from upsell.runtime.task_desk import Changed, Closing, NoTaskError, TaskDesk, Wanted
from upsell.sources.bounds import LARGEST_EVENT, LONGEST_NAME
from upsell.store.keys import Scope
from upsell.web.api.answers import Refused, answer
from upsell.web.api.doors import AGAIN, turn_away

MOST_TASKS: Final = 1_000
"""The most tasks one answer holds."""

USUAL_TASKS: Final = 100
"""How many it holds when it is not said."""

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME)]
_Text = Annotated[str, msgspec.Meta(max_length=LONGEST_NAME)]


class Body(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True):
    """What every request about a task says: who does it."""

    by: _Name


class GiveBody(Body, frozen=True):
    """To whom, by id or mail."""

    to: _Name


class SnoozeBody(Body, frozen=True):
    """Until when, ISO 8601 with a zone."""

    until: _Name


class CloseBody(Body, frozen=True):
    """What came of it."""

    outcome: _Name
    reason: _Text = ""
    feature: _Text = ""
    amount: int | None = None
    currency: _Text = ""
    minutes: float | None = None
    note: _Text = ""


class OpenBody(Body, frozen=True):
    """Work that is asked for."""

    reason: _Name
    queue: _Name
    title: _Name
    account_id: _Name | None = None
    customer_id: _Name | None = None
    due_at: _Name | None = None
    why: tuple[_Name, ...] = ()
    talk_track: _Text = ""
    value: int | None = None


ACTIONS: Final[dict[str, type[Body]]] = {
    "take": Body,
    "give": GiveBody,
    "snooze": SnoozeBody,
    "close": CloseBody,
}
"""What can be done about a task, with what is said of it."""

_Said = TypeVar("_Said", bound=Body)


def task_routes(ring: KeyRing, url: str, clock: Clock) -> tuple[HTTPRouteHandler, ...]:
    """Give the routes of tasks over the database at ``url``."""
    desk = TaskDesk(url, clock)

    @get("/v1/tasks")
    async def tasks(request: Request[Any, Any, Any]) -> Response[bytes]:
        """List what is open, what may earn most first."""
        turned_away = await turn_away(ring, request, Scope.TASKS_READ)
        if turned_away is not None:
            return turned_away
        said = request.query_params
        limit, has_snoozed = _limit(said.get("limit")), said.get("snoozed", "false")
        queue, owner = said.get("queue"), said.get("owner")
        if limit is None or has_snoozed not in ("true", "false"):
            return _invalid(f"limit from 1 to {MOST_TASKS:,}, and snoozed true or false")
        if not f"{queue}{owner}".isprintable():
            return _invalid("a queue and an owner in print")

        def ask() -> dict[str, Any]:
            """List what is wanted."""
            found = desk.queue(queue, owner, has_snoozed=has_snoozed == "true")
            return {
                "tasks": [task_content(task, clock.now()) for task in found[:limit]],
                "count": len(found),
            }

        return await _answered(ask)

    @get("/v1/tasks/{key:str}")
    async def one(request: Request[Any, Any, Any], key: FromPath[str]) -> Response[bytes]:
        """Give one task, open or closed."""
        turned_away = await turn_away(ring, request, Scope.TASKS_READ)
        if turned_away is not None:
            return turned_away
        return await _answered(lambda: task_content(desk.show(key), clock.now()))

    @post("/v1/tasks", status_code=200, request_max_body_size=LARGEST_EVENT)
    async def opened(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Open work that is asked for, or say anew what is open for its reason."""
        turned_away = await turn_away(ring, request, Scope.TASKS_WRITE)
        if turned_away is not None:
            return turned_away
        return await _done(request, OpenBody, lambda said: desk.open(_wanted(said)), clock)

    @post("/v1/tasks/{key:str}/{action:str}", status_code=200, request_max_body_size=LARGEST_EVENT)
    async def changed(
        request: Request[Any, Any, Any], key: FromPath[str], action: FromPath[str]
    ) -> Response[bytes]:
        """Take, give, put off or close one task."""
        turned_away = await turn_away(ring, request, Scope.TASKS_WRITE)
        if turned_away is not None:
            return turned_away
        body = ACTIONS.get(action)
        if body is None:
            words = f"expected one of {', '.join(ACTIONS)}, got {action[:40]}"
            return answer(Refused("not_found", words), HTTPStatus.NOT_FOUND)
        return await _done(request, body, lambda said: _change(desk, key, said), clock)

    return tasks, one, opened, changed


def _change(desk: TaskDesk, key: str, said: Body) -> Changed:
    match said:
        case GiveBody():
            return desk.give(key, said.to, said.by)
        case SnoozeBody():
            return desk.snooze(key, _moment("until", said.until), said.by)
        case CloseBody():
            closing = Closing(
                outcome=said.outcome,
                by=said.by,
                reason=said.reason,
                feature=said.feature,
                amount=said.amount,
                currency=said.currency,
                minutes=said.minutes,
                note=said.note,
            )
            return desk.close(key, closing)
        case _:
            return desk.take(key, said.by)


def _wanted(said: OpenBody) -> Wanted:
    """Give the work that is asked for.

    Raises:
        ConfigError: It is about nobody, or about two.
    """
    if (said.account_id is None) is (said.customer_id is None):
        msg = "expected one of accountId and customerId"
        raise ConfigError(msg)
    unit_id = (
        account_unit(said.account_id)
        if said.account_id is not None
        else customer_unit(said.customer_id or "")
    )
    return Wanted(
        unit_id=unit_id,
        reason=said.reason,
        queue=said.queue,
        title=said.title,
        due_at=_moment("dueAt", said.due_at) if said.due_at is not None else None,
        why=said.why,
        talk_track=said.talk_track,
        value=said.value,
        by=said.by,
    )


def _moment(name: str, said: str) -> int:
    at = parse_moment(said)
    if at is None:
        msg = f"expected {name} in ISO 8601 with a zone, such as 2026-04-01T09:00:00Z, got {said[:40]!r}"
        raise ConfigError(msg)
    return at


def _limit(said: str | None) -> int | None:
    """Read how many tasks an answer may hold; None when it says something else."""
    if said is None:
        return USUAL_TASKS
    number = int(said) if said.isascii() and said.isdecimal() and len(said) < 6 else 0
    return number if 1 <= number <= MOST_TASKS else None


async def _done(
    request: Request[Any, Any, Any], body: type[_Said], do: Callable[[_Said], Changed], clock: Clock
) -> Response[bytes]:
    """Do what a body says, and answer with the task as it stands then."""
    try:
        said = msgspec.json.decode(await request.body(), type=body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return _invalid(f"a body with {', '.join(_needed(body))}", str(error))

    def act() -> dict[str, Any]:
        """Do what was asked."""
        changed = do(said)
        return {"changed": changed.is_new, "task": task_content(changed.task, clock.now())}

    return await _answered(act)


def _needed(body: type[Body]) -> list[str]:
    return [each.encode_name for each in msgspec.structs.fields(body) if each.required]


def _invalid(expected: str, came: str = "another") -> Response[bytes]:
    return answer(Refused("invalid", f"expected {expected}, got: {came}"), HTTPStatus.BAD_REQUEST)


async def _answered(asked: Callable[[], dict[str, Any]]) -> Response[bytes]:
    """Answer with what the desk gives, or with what stood in its way."""
    try:
        content = await asyncio.to_thread(asked)
    except NoTaskError as error:
        return answer(Refused("not_found", str(error)), HTTPStatus.NOT_FOUND)
    except ConfigError as error:
        return answer(Refused("refused", str(error)), HTTPStatus.BAD_REQUEST)
    except (psycopg.Error, StoreError):
        words = "the database did not answer; nothing is committed, so send it again"
        return answer(Refused("unavailable", words), HTTPStatus.SERVICE_UNAVAILABLE, AGAIN)
    return Response(msgspec.json.encode(content), media_type="application/json")
