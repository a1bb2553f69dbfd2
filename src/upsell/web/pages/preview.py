"""The preview: what a customer would get from a workflow now, as it would be sent; nothing is sent."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler

from upsell.clock import Clock
from upsell.decisions.reach import EMAIL
from upsell.errors import ConfigError
from upsell.ids import customer_unit
from upsell.runtime.explaining import Shelf
from upsell.runtime.sights import Asked, Sight, read_sight
from upsell.store.lending import Lender
from upsell.web.pages.known import path_of
from upsell.web.pages.letters import letter_response
from upsell.web.pages.shell import Trouble, refuse, shown

PATH: Final = "/preview"
"""Where what a customer would get is shown; its letter is under it."""

LETTER: Final = f"{PATH}/letter"
"""Where the HTML of it is, for a frame."""


class Choice(msgspec.Struct, frozen=True):
    """A workflow or a message to look at: what it is called, where it is, and whether it is the one."""

    label: str
    path: str
    note: str
    is_here: bool


class PreviewPage(msgspec.Struct, frozen=True):
    """What a customer would get.

    Attributes:
        name: Their id.
        path: Where their page is.
        lead: Which message it is, in a sentence.
        senders: The workflows that can tell them something.
        messages: What the one looked at can tell.
        heads: What stands above the words: from, to, subject; each with what it is called.
        letter: Where its HTML is; empty where it has none.
        text: Its words.
        refused: Why it would not be sent; empty where it would.
    """

    name: str
    path: str
    lead: str
    senders: tuple[Choice, ...]
    messages: tuple[Choice, ...]
    heads: tuple[tuple[str, str], ...]
    letter: str
    text: str
    refused: str


def preview_routes(lender: Lender, shelf: Shelf, clock: Clock) -> list[HTTPRouteHandler]:
    """Give the routes of the page and of the letter in it."""

    def read(request: Request[Any, Any, Any]) -> Sight | ConfigError:
        said = request.query_params
        asked = Asked(*(said.get(name, "") for name in ("unit", "workflow", "template", "channel")))
        try:
            with lender.lent() as connection, shelf.lent(connection, is_past=False) as programs:
                return read_sight(connection, programs, asked, clock.now())
        except ConfigError as error:
            return error

    @route([PATH], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False)
    def show_preview(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Show what a customer would get."""
        sight = read(request)
        if isinstance(sight, ConfigError):
            return _unknown(request, sight)
        page = preview_page(sight)
        told = msgspec.json.encode(preview_content(sight))
        return shown(request, "preview.html", page, told=told, has_frames=True)

    @route([LETTER], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False)
    def show_letter(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Give the HTML of it."""
        sight = read(request)
        if isinstance(sight, ConfigError):
            return _unknown(request, sight)
        return letter_response(sight.shown.letter.html if sight.shown is not None else "")

    return [show_preview, show_letter]


def preview_path(
    unit_id: str, workflow: str = "", template: str = "", channel: str = "", base: str = PATH
) -> str:
    """Give where a message a unit would get is shown."""
    said = {"unit": unit_id, "workflow": workflow, "template": template, "channel": channel}
    return f"{base}?{urlencode([each for each in said.items() if each[1]])}"


def preview_page(sight: Sight) -> PreviewPage:
    """Give what the page says."""
    unit_id, chosen, found = customer_unit(sight.customer_id), sight.chosen, sight.shown
    here = (sight.workflow, chosen.template, chosen.channel) if chosen is not None else ("", "", "")
    has_html = found is not None and bool(found.letter.html)
    return PreviewPage(
        name=sight.customer_id,
        path=path_of(unit_id),
        lead=_lead(sight),
        senders=tuple(
            Choice(
                each.name,
                preview_path(unit_id, each.key),
                "would let them in" if each.would_enter else "",
                each.key == sight.workflow,
            )
            for each in sight.senders
        ),
        messages=tuple(
            Choice(
                each.template,
                preview_path(unit_id, sight.workflow, each.template, each.channel),
                each.channel,
                each == chosen,
            )
            for each in sight.tellings
        ),
        heads=tuple(_heads(sight)),
        letter=preview_path(unit_id, *here, base=LETTER) if has_html else "",
        text=found.letter.text.rstrip() if found is not None else "",
        refused=f"{sight.refused[:1].upper()}{sight.refused[1:]}." if sight.refused else "",
    )


def preview_content(sight: Sight) -> dict[str, Any]:
    """Give the same as plain data."""
    found = sight.shown
    return {
        "customer": sight.customer_id,
        "workflows": msgspec.to_builtins(sight.senders),
        "workflow": sight.workflow or None,
        "messages": msgspec.to_builtins(sight.tellings),
        "message": msgspec.to_builtins(sight.chosen) if sight.chosen is not None else None,
        "refused": sight.refused or None,
        "locale": found.locale if found is not None else None,
        "offer": found.offer if found is not None else None,
        "subject": found.letter.subject if found is not None else None,
        "preheader": found.preheader or None if found is not None else None,
        "text": found.letter.text if found is not None else None,
        "html": found.letter.html or None if found is not None else None,
    }


def _lead(sight: Sight) -> str:
    if sight.chosen is None:
        return "Nothing: no workflow that is about them has a message."
    chosen = sight.chosen
    told = f"{chosen.template}, step {chosen.step} of {sight.workflow}, by {chosen.channel}"
    return f"This, as of now: {told}." if sight.shown is not None else f"Not {told}."


def _heads(sight: Sight) -> list[tuple[str, str]]:
    found = sight.shown
    if found is None:
        return []
    letter, is_mail = found.letter, found.channel == EMAIL
    said = {
        "From": f"{letter.sender_name} <{letter.sender}>" if is_mail else letter.sender_name,
        "To": letter.recipient,
        "Subject" if is_mail else "Title": letter.subject,
        "Beside the subject": found.preheader,
        "Language": found.locale,
        "Offer": found.offer or "",
    }
    return [each for each in said.items() if each[1]]


def _unknown(request: Request[Any, Any, Any], error: ConfigError) -> Response[bytes]:
    words = f"{str(error)[:1].upper()}{str(error)[1:]}."
    said = Trouble(
        "Nothing can be shown of them", words, "Look for a customer, and choose the preview there."
    )
    return refuse(request, said, "unknown", HTTPStatus.NOT_FOUND)
