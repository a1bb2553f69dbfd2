"""The contact policy: what holds over every workflow, in words, with the file's own text beside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler

from upsell.decisions.contact import words_of
from upsell.journeys.program import Program
from upsell.runtime.policy_words import Place, Topic, places_of, policy_content, topics_of, written_parts
from upsell.store.lending import Lender
from upsell.store.revisions import newest_revision
from upsell.web.pages.shell import shown
from upsell.workspace.documents import SETTINGS

PATH: Final = "/settings/policy"

_MOST_IN_HEAD: Final = 3
_OWN_LAW: Final = "contact_hours.yaml"


class PolicyPage(msgspec.Struct, frozen=True):
    """What the page says.

    Attributes:
        headline: How often anybody is spoken to at most; empty before anything was applied.
        topics: The policy in words, part by part.
        places: What the law is read to be, place by place.
        lawful: Which channels obey it, in words.
        text: Those parts of ``upsell.yaml`` that the words are of; empty where it says nothing of them.
        law_text: Counsel's own rows; empty without any.
    """

    headline: str
    topics: tuple[Topic, ...]
    places: tuple[Place, ...]
    lawful: str
    text: str
    law_text: str


_NOTHING: Final = PolicyPage("", (), (), "", "", "")


def policy_route(lender: Lender, program: Callable[[], Program | None]) -> HTTPRouteHandler:
    """Give the route of the page; ``program`` gives what is live."""

    @route([PATH], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False)
    def show_policy(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Show the policy that is live."""
        live = program()
        if live is None:
            return shown(request, "policy.html", _NOTHING, told=b"null")
        with lender.lent() as connection:
            revision = newest_revision(connection)
        documents = revision.documents if revision is not None else {}
        told = msgspec.json.encode(policy_content(live))
        return shown(request, "policy.html", policy_page(live, documents), told=told)

    return show_policy


def policy_page(program: Program, documents: Mapping[str, str]) -> PolicyPage:
    """Give what the page says of a program, beside the documents it was made from."""
    policy = program.policy
    caps = [words_of(cap) for cap in policy.caps[:_MOST_IN_HEAD]]
    more = len(policy.caps) - len(caps)
    words = "; ".join([*caps, f"{more} more"] if more else caps)
    silent = "No cap holds: nothing limits how often we speak."
    headline = f"Messages: {words}." if words else silent
    return PolicyPage(
        headline,
        topics_of(program),
        places_of(policy),
        " and ".join(sorted(policy.lawful)) or "no channel",
        written_parts(documents.get(SETTINGS, "")),
        documents.get(_OWN_LAW, ""),
    )
