"""Forms of a task: take it, give it to somebody, put it off, and say what came of it; each leads on."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from http import HTTPStatus
from typing import Any, Final

from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from upsell.clock import DAY, HOUR, Clock, Moment
from upsell.errors import ConfigError
from upsell.money import minor_digits
from upsell.runtime.explaining import Shelf
from upsell.runtime.moments import moment_of
from upsell.runtime.queue_reading import Asked, find_following, live_program
from upsell.runtime.task_desk import Changed, Closing, TaskDesk
from upsell.store.lending import Lender
from upsell.web.pages.customer import LARGEST_FORM
from upsell.web.pages.notices import Notice
from upsell.web.pages.posting import Form, done, posted
from upsell.web.pages.queue import PATH, asked_for, queue_path
from upsell.web.pages.shell import Trouble, refuse

_AMOUNT: Final = re.compile(r"[0-9]{1,15}(\.[0-9]{1,4})?")

LONGEST_DELAY: Final = 90
"""For how many days work may be put off by a number of days."""


def task_form_route(lender: Lender, shelf: Shelf, desk: TaskDesk, clock: Clock) -> HTTPRouteHandler:
    """Give the route that every form of a task is sent to."""
    acts: dict[str, Callable[[str, Form], Changed]] = {
        "take": lambda key, form: desk.take(key, form.by.name),
        "give": lambda key, form: desk.give(key, form.needed("to", "whom to give it to"), form.by.name),
        "later": lambda key, form: desk.snooze(key, until(form, clock.now()), form.by.name),
        "close": lambda key, form: desk.close(key, closing(form, currency())),
    }

    def currency() -> str:
        with lender.lent() as connection, shelf.lent(connection, is_past=False) as programs:
            program = live_program(programs)
        return program.currency if program is not None else ""

    def following(changed: Changed, asked: Asked, address: str) -> str | None:
        with lender.lent() as connection, shelf.lent(connection, is_past=False) as programs:
            program = live_program(programs)
            if program is None:
                return None
            found = find_following(connection, program, changed.task, asked, address, clock.now())
        return found.key if found is not None else None

    @route(
        [f"{PATH}/{{key:str}}/{{action:str}}"],
        http_method=["POST"],
        status_code=HTTPStatus.SEE_OTHER,
        include_in_schema=False,
        request_max_body_size=LARGEST_FORM,
    )
    async def change_task(
        request: Request[Any, Any, Any], key: FromPath[str], action: FromPath[str]
    ) -> Response[bytes]:
        """Do what a form asks, and lead on: to the task that was taken, else to the next."""

        def act(form: Form) -> Response[bytes]:
            """Change the task, and find what comes next."""
            asked = asked_for(form.said("of"), form.said("lane"))
            changed = acts[action](key, form)
            if action == "take":
                return done(request, queue_path(asked, changed.task.key), Notice.TASK_TAKEN)
            found = following(changed, asked, form.by.name)
            if found is None:
                return done(request, queue_path(asked), Notice.LAST_TASK)
            return done(request, queue_path(asked, found), Notice.NEXT_TASK)

        if action not in acts:
            known = ", ".join(acts)
            said = Trouble("There is no such form", f"A task knows: {known}.", "Go back to the task.")
            return refuse(request, said, "not_found", HTTPStatus.NOT_FOUND)
        return await posted(request, act)

    return change_task


def until(form: Form, now: Moment) -> Moment:
    """Read until when work is put off: a day where one is said, else a number of days from now.

    Raises:
        ConfigError: It is neither.
    """
    day = moment_of(form.said("day") or None, "the day")
    if day is not None:
        return day
    days = form.needed("days", "for how many days it is put off")
    if not (days.isascii() and days.isdecimal() and len(days) < 3 and 0 < int(days) <= LONGEST_DELAY):
        msg = f"expected a number of days from 1 to {LONGEST_DELAY}, got {days[:20]!r}"
        raise ConfigError(msg)
    # To the hour, so that it is back by the time it was put off, and not just after.
    return (now + int(days) * DAY) // HOUR * HOUR


def closing(form: Form, currency: str) -> Closing:
    """Read what came of a task.

    Raises:
        ConfigError: It says no outcome, or what is no number.
    """
    return Closing(
        outcome=form.needed("outcome", "what came of it"),
        by=form.by.name,
        reason=form.said("reason"),
        feature=form.said("feature"),
        amount=minor_amount(form.said("amount"), currency),
        minutes=_minutes(form.said("minutes")),
        note=form.said("note"),
    )


def minor_amount(said: str, currency: str) -> int | None:
    """Read an amount as people write it, such as ``1,200.50``, in minor units; None for nothing.

    Raises:
        ConfigError: It is none, or finer than the currency's minor unit.
    """
    if not said:
        return None
    digits = minor_digits(currency)
    plain = said.replace(",", "").replace(" ", "")
    amount = Decimal(plain).scaleb(digits) if _AMOUNT.fullmatch(plain) else None
    if amount is None or amount != int(amount):
        example = "1,200.50" if digits else "1,200"
        msg = f"expected an amount in {currency} such as {example}, got {said[:20]!r}"
        raise ConfigError(msg)
    return int(amount)


def _minutes(said: str) -> float | None:
    try:
        return float(said) if said else None
    except ValueError:
        msg = f"expected minutes as a number such as 20, got {said[:20]!r}"
        raise ConfigError(msg) from None
