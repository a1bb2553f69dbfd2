"""Forms of a change: asking for it, approving, refusing, launching and withdrawing, as the commands do."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any

from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from upsell.clock import Clock
from upsell.errors import ConfigError
from upsell.runtime import changes
from upsell.runtime.changes import Word
from upsell.store.connect import Connection
from upsell.store.lending import Lender
from upsell.web.access import APPROVING
from upsell.web.pages.changes import PATH, number_of
from upsell.web.pages.customer import LARGEST_FORM
from upsell.web.pages.notices import Notice
from upsell.web.pages.posting import Form, done, posted

AnyRequest = Request[Any, Any, Any]

_ACTS: tuple[tuple[str, Callable[[Connection, Clock, int, Word], object], Notice], ...] = (
    ("renew", changes.renew, Notice.CHANGE_ALTERED),
    ("ask", changes.ask, Notice.CHANGE_ASKED),
    ("approve", changes.approve, Notice.CHANGE_APPROVED),
    ("refuse", changes.refuse, Notice.CHANGE_REFUSED),
    ("launch", partial(changes.launch, approving=APPROVING), Notice.CHANGE_LAUNCHED),
    ("withdraw", changes.withdraw, Notice.CHANGE_WITHDRAWN),
)


def change_forms(lender: Lender, clock: Clock) -> list[HTTPRouteHandler]:
    """Give the routes of the forms that stand on the page of a change."""
    return [_form(lender, clock, *each) for each in _ACTS]


def word_of(form: Form) -> Word:
    """Give the word of whoever sent a form.

    Raises:
        ConfigError: It says not why.
    """
    return Word(form.by.name, form.needed("why", "why, in a sentence"), form.said("seen"))


def _form(
    lender: Lender,
    clock: Clock,
    name: str,
    act: Callable[[Connection, Clock, int, Word], object],
    notice: Notice,
) -> HTTPRouteHandler:
    @route(
        [f"{PATH}/{{number:str}}/{name}"],
        http_method=["POST"],
        status_code=HTTPStatus.SEE_OTHER,
        include_in_schema=False,
        request_max_body_size=LARGEST_FORM,
    )
    async def take(request: AnyRequest, number: FromPath[str]) -> Response[bytes]:
        """Take the form."""

        def doing(form: Form) -> Response[bytes]:
            asked = number_of(number)
            try:
                with lender.lent() as connection:
                    act(connection, clock, asked, word_of(form))
            except ConfigError as error:
                # The page of the change shows the difference that a command would print.
                raise ConfigError(str(error).partition("\n")[0]) from error
            return done(request, f"{PATH}/{asked}", notice)

        return await posted(request, doing)

    return take
