"""Contact: the forms by which somebody of the team says that a customer is left alone, or is not any more."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from upsell.clock import Clock
from upsell.runtime.contacting import resume_contact, stop_contact
from upsell.store.lending import Lender
from upsell.web.pages.customer import LARGEST_FORM
from upsell.web.pages.known import path_of
from upsell.web.pages.notices import Notice
from upsell.web.pages.posting import Form, done, posted
from upsell.web.pages.shell import Trouble, refuse

PATH: Final = "/contact"

_ACTS: Final = {
    "stop": (stop_contact, Notice.CONTACT_STOPPED),
    "resume": (resume_contact, Notice.CONTACT_RESUMED),
}


def contact_route(lender: Lender, clock: Clock) -> HTTPRouteHandler:
    """Give the route that both forms are sent to."""

    @route(
        [f"{PATH}/{{action:str}}"],
        http_method=["POST"],
        status_code=HTTPStatus.SEE_OTHER,
        include_in_schema=False,
        request_max_body_size=LARGEST_FORM,
    )
    async def change_contact(request: Request[Any, Any, Any], action: FromPath[str]) -> Response[bytes]:
        """Stop or resume what is sent to a customer."""
        if action not in _ACTS:
            said = Trouble(
                "There is no such form", "Contact is stopped or resumed.", "Go back to the customer."
            )
            return refuse(request, said, "not_found", HTTPStatus.NOT_FOUND)
        change, notice = _ACTS[action]

        def act(form: Form) -> Response[bytes]:
            """Change it for the one who is named, with why."""
            unit_id = form.needed("unit", "whom it is about")
            why = form.needed("why", "why")
            with lender.lent() as connection:
                change(connection, clock, unit_id, form.by.name, why)
            return done(request, path_of(unit_id), notice, "contact")

        return await posted(request, act)

    return change_contact
