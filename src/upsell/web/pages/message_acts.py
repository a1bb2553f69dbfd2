"""What is done about a message in pages: taken back, or settled by hand.

The law: what a form does is what ``upsell outbox withdraw`` and ``settle`` do, by whoever may stop things,
with why, in the log.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from upsell.clock import Clock
from upsell.errors import ConfigError
from upsell.runtime import desk
from upsell.store.acts import Act, add_act
from upsell.store.connect import Connection
from upsell.store.lending import Lender
from upsell.store.messages import find_message
from upsell.web.pages.customer import LARGEST_FORM
from upsell.web.pages.message import PATH, message_path
from upsell.web.pages.notices import Notice
from upsell.web.pages.posting import Form, done, posted

AnyRequest = Request[Any, Any, Any]


def message_acts(lender: Lender, clock: Clock) -> list[HTTPRouteHandler]:
    """Give the routes of what is done about a message."""

    @route(
        [f"{PATH}/{{key:str}}/withdraw"],
        http_method=["POST"],
        status_code=HTTPStatus.SEE_OTHER,
        include_in_schema=False,
        request_max_body_size=LARGEST_FORM,
    )
    async def withdraw(request: AnyRequest, key: FromPath[str]) -> Response[bytes]:
        """Take a message back."""

        def act(form: Form) -> Response[bytes]:
            """Withdraw it with why, in one transaction with the log."""
            why = form.needed("why", "why it is withdrawn")
            with lender.lent() as connection, connection.transaction():
                whole = _whole(connection, key)
                desk.withdraw(connection, clock, form.by.name, why, key=whole)
                add_act(connection, Act.MESSAGE_WITHDRAWN, form.by.name, whole, "", why, clock.now())
            return done(request, message_path(whole), Notice.WITHDRAWN)

        return await posted(request, act)

    @route(
        [f"{PATH}/{{key:str}}/settle"],
        http_method=["POST"],
        status_code=HTTPStatus.SEE_OTHER,
        include_in_schema=False,
        request_max_body_size=LARGEST_FORM,
    )
    async def settle(request: AnyRequest, key: FromPath[str]) -> Response[bytes]:
        """Say what became of an unknown message."""

        def act(form: Form) -> Response[bytes]:
            """Settle it with why, in one transaction with the log."""
            why = form.needed("why", "how that is known")
            is_sent = _is_sent(form.said("was"))
            with lender.lent() as connection, connection.transaction():
                whole = _whole(connection, key)
                desk.settle(connection, clock, whole, form.by.name, why, is_sent=is_sent)
                words = "sent" if is_sent else "not sent"
                add_act(connection, Act.MESSAGE_SETTLED, form.by.name, whole, words, why, clock.now())
            return done(
                request, message_path(whole), Notice.SETTLED_SENT if is_sent else Notice.SETTLED_NOT_SENT
            )

        return await posted(request, act)

    return [withdraw, settle]


def _whole(connection: Connection, key: str) -> str:
    """Give the whole key of one message, or what was said where there is no such."""
    is_key = key.isascii() and key.isprintable()
    found = find_message(connection, key) if is_key else None
    if found is None:
        msg = f"expected the key of one message, got {key!r}; /outbox lists messages"
        raise ConfigError(msg)
    return found.listed.key


def _is_sent(said: str) -> bool:
    if said not in ("sent", "not-sent"):
        msg = f"expected sent or not-sent, got {said or 'nothing'}; choose one and send the form again"
        raise ConfigError(msg)
    return said == "sent"
