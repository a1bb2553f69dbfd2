"""Channels: how messages leave, what sets that up, how it stands, and a test by each.

The laws: a test does what `upsell channels test` does, by the same function; of a setting the page says its
name and whether it is set, never to what.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from upsell.channels.breaker import Standing
from upsell.channels.channel import Answer
from upsell.clock import Clock
from upsell.config import Settings
from upsell.decisions.reach import EMAIL, PUSH, SMS, WEBHOOK
from upsell.journeys.program import Program
from upsell.runtime.carriers import WEB_PUSH
from upsell.runtime.channel_standing import (
    CarrierStanding,
    ChannelStanding,
    channels_content,
    newest_words,
    read_channels,
    state_words,
    waiting_words,
)
from upsell.runtime.overview import State, Tone
from upsell.runtime.results import date_words
from upsell.runtime.send_test import MOST, WITHIN, Tested, answer_words, send_test, tested_content
from upsell.store.lending import Lender
from upsell.web.pages.customer import LARGEST_FORM
from upsell.web.pages.posting import Form, posted
from upsell.web.pages.shell import shown

PATH: Final = "/settings/channels"

AnyRequest = Request[Any, Any, Any]

_NAMES: Final = {EMAIL: "Email", SMS: "Texts", PUSH: "Push", WEBHOOK: "Webhooks"}
_TO: Final = {
    EMAIL: ("Address", "email", ""),
    SMS: ("Number with its country, such as +4915112345678", "tel", ""),
    PUSH: ("Token of an app of yours", "text", ""),
    WEBHOOK: ("Address of a server of yours", "url", ""),
}
_BY_BROWSER: Final = (
    "A browser has no address that a test could go to: allow notifications on a page of yours, and see that "
    "the next message arrives."
)
_TONES: Final = {
    "set up": Tone.GOOD,
    "not set up": Tone.CALM,
    "stopped by hand": Tone.BAD,
    "set up wrongly": Tone.BAD,
    "left alone for a while": Tone.WARN,
}


class ProviderRow(msgspec.Struct, frozen=True):
    """A mail provider: what it is called, where it is, and how it does."""

    name: str
    where: str
    state: State


class ChannelSection(msgspec.Struct, frozen=True):
    """One channel.

    Attributes:
        channel: The channel, as messages call it.
        name: What it is called here.
        state: Whether anything leaves by it now.
        fault: What is wrong, or what would set it up; empty for nothing.
        stops: What somebody stopped by hand, and why.
        waiting: How many messages wait.
        newest: What became of the newest.
        failure: Why the last one failed that did; empty where none did.
        carriers: What it may leave by.
        providers: Providers of mail.
        can_test: Whether a test can go by it.
        untestable: Why none can though it is set up; empty where one can.
        to: What a test asks for: its label, the kind of field, and what stands in it.
    """

    channel: str
    name: str
    state: State
    fault: str
    stops: tuple[str, ...]
    waiting: str
    newest: str
    failure: str
    carriers: tuple[CarrierStanding, ...]
    providers: tuple[ProviderRow, ...]
    can_test: bool
    untestable: str
    to: tuple[str, str, str]


class ChannelsPage(msgspec.Struct, frozen=True):
    """What the page says: how many channels carry, in a sentence, each, and how many tests may be sent."""

    headline: str
    sections: tuple[ChannelSection, ...]
    limit: str


class TestedPage(msgspec.Struct, frozen=True):
    """What became of a test: in a sentence, in the provider's words, and what to do."""

    answer: str
    state: State
    said: str
    advice: str
    key: str


def channel_routes(
    lender: Lender, clock: Clock, settings: Settings, program: Callable[[], Program | None]
) -> list[HTTPRouteHandler]:
    """Give the routes of channels, and of a test by one; ``program`` gives what is live."""

    @route([PATH], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False)
    def show_channels(request: AnyRequest) -> Response[bytes]:
        """Show how channels stand."""
        with lender.lent() as connection:
            found = read_channels(connection, settings, clock.now())
        page = channels_page(found, request.state.visit.name)
        return shown(request, "channels.html", page, told=msgspec.json.encode(channels_content(found)))

    @route(
        [f"{PATH}/{{channel:str}}/test"],
        http_method=["POST"],
        status_code=HTTPStatus.OK,
        include_in_schema=False,
        request_max_body_size=LARGEST_FORM,
    )
    async def test_channel(request: AnyRequest, channel: FromPath[str]) -> Response[bytes]:
        """Send a test, and say what became of it."""

        def act(form: Form) -> Response[bytes]:
            """Send it to where the form says."""
            to = form.needed("to", "where the test goes")
            with lender.lent() as connection:
                tested = send_test(
                    connection,
                    settings,
                    program(),
                    channel,
                    to,
                    form.by.name,
                    clock,
                    form.said("provider"),
                )
            told = msgspec.json.encode(tested_content(tested))
            return shown(request, "channel_test.html", tested_page(tested), told=told)

        return await posted(request, act)

    return [show_channels, test_channel]


def channels_page(found: Sequence[ChannelStanding], by: str) -> ChannelsPage:
    """Give what the page says to somebody, to whom a test of mail goes unless they say another address."""
    ready = [_NAMES[each.channel].lower() for each in found if state_words(each) == "set up"]
    words = f"{' and '.join(filter(None, (', '.join(ready[:-1]), ready[-1])))}" if ready else ""
    headline = f"By {words}." if ready else "By nothing yet: no channel is set up and goes."
    limit = f"At most {MOST} tests go in {WITHIN // 60_000_000} minutes, by whomever; each stands in the log."
    return ChannelsPage(headline, tuple(_section(each, by) for each in found), limit)


def tested_page(tested: Tested) -> TestedPage:
    """Give what the answer to a test says."""
    tones = {
        Answer.ACCEPTED: Tone.GOOD,
        Answer.REFUSED: Tone.BAD,
        Answer.NOT_NOW: Tone.WARN,
        Answer.UNKNOWN: Tone.WARN,
    }
    state = State(tested.answer.value, tones[tested.answer])
    return TestedPage(answer_words(tested), state, tested.said, tested.advice, tested.key)


def _section(found: ChannelStanding, by: str) -> ChannelSection:
    words = state_words(found)
    newest = found.newest
    failed_at = f"{date_words(newest.failed_at)}: " if newest.failed_at is not None else ""
    label, kind, value = _TO[found.channel]
    return ChannelSection(
        channel=found.channel,
        name=_NAMES[found.channel],
        state=State(words, _TONES[words]),
        fault=f"{found.fault[:1].upper()}{found.fault[1:]}." if found.fault else "",
        stops=tuple(f"{stop.words}, by {stop.by}: {stop.because}" for stop in found.stops),
        waiting=_sentence(waiting_words(found)),
        newest=_sentence(newest_words(newest)),
        failure=f"{failed_at}{newest.reason}" if newest.failed else "",
        carriers=found.carriers,
        providers=tuple(
            ProviderRow(each.name, each.where, _provider_state(each.standing, each.reason))
            for each in found.providers
        ),
        can_test=found.is_set_up and not found.fault and not _is_web_push_alone(found),
        untestable=_BY_BROWSER if _is_web_push_alone(found) else "",
        to=(label, kind, by if found.channel == EMAIL else value),
    )


def _is_web_push_alone(found: ChannelStanding) -> bool:
    """Tell whether pushes reach browsers alone: these have no address that somebody could type."""
    return {each.name for each in found.carriers if each.is_set_up} == {WEB_PUSH}


def _provider_state(standing: Standing | None, reason: str) -> State:
    match standing:
        case None:
            return State("no dispatcher runs that says", Tone.CALM)
        case Standing.CLOSED:
            return State("takes mail", Tone.GOOD)
        case Standing.OPEN:
            return State(f"left alone for a while: {reason}", Tone.BAD)
        case Standing.HALF_OPEN:
            return State(f"tried again: {reason}", Tone.WARN)


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."
