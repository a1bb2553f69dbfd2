"""Pages for customers: leaving by the link of a message, and choosing what to hear about.

Reached without signing in, a cookie or a script. The laws: opening a page changes nothing, whoever opens it;
only a POST does; a POST to the link of a message leaves, whatever its body says (RFC 8058); a link that is
none gets a page that helps and tells nothing; no page tells an address, loads anything, or is kept anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from babel.dates import format_date
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from upsell.channels.footer import whom_and_where
from upsell.channels.languages import GERMAN, language_of
from upsell.channels.link_facts import PREFERENCES, UNSUBSCRIBE
from upsell.clock import Moment, find_zone, to_datetime
from upsell.decisions.preferences import Choices
from upsell.decisions.reach import PUSH
from upsell.runtime.preferences import Desk, Standing, Way
from upsell.store.consents import ConsentText
from upsell.web.api.cors import ANY_SITE
from upsell.web.pages.customer import LARGEST_FORM, answered, customer_page, read_form, unknown_link
from upsell.web.pages.preference_words import WORDS, Words

ONE_CLICK: Final = "one-click"
NOTIFICATION_BUTTON: Final = "button of a notification"
UNSUBSCRIBE_PAGE: Final = "unsubscribe page"
PREFERENCES_PAGE: Final = "preferences page"

_Change = Callable[[str, Callable[[Standing], Way]], Standing | None]


def preference_routes(desk: Desk) -> list[HTTPRouteHandler]:
    """Give the routes ``/u/<token>`` and ``/p/<token>``."""

    @route(["/u/{token:str}"], http_method=["GET", "HEAD"], include_in_schema=False)
    async def show_leaving(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[bytes]:
        """Ask whether somebody wants to leave; nothing is changed."""
        return await answered(request, lambda accepted: _show_leaving(desk, token, accepted))

    @route(
        ["/u/{token:str}"],
        http_method=["POST"],
        status_code=HTTPStatus.OK,
        include_in_schema=False,
        request_max_body_size=LARGEST_FORM,
    )
    async def leave(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[bytes]:
        """Let somebody leave, by the form of the page or by the button of their mail client."""
        body = await request.body()
        is_one_click = b"List-Unsubscribe" in body and b"One-Click" in body
        said = await answered(
            request, lambda accepted: _leave(desk, token, accepted, is_one_click=is_one_click)
        )
        # The worker of a page that shows notifications has to see that it was taken. Whoever has the link may
        # do so from anywhere; a browser adds nothing that would open more.
        said.headers.update(ANY_SITE)
        return said

    @route(["/p/{token:str}"], http_method=["GET", "HEAD"], include_in_schema=False)
    async def show_preferences(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[bytes]:
        """Show what somebody hears about; nothing is changed."""
        return await answered(request, lambda accepted: _choose(desk, token, accepted, {}))

    @route(
        ["/p/{token:str}"],
        http_method=["POST"],
        status_code=HTTPStatus.OK,
        include_in_schema=False,
        request_max_body_size=LARGEST_FORM,
    )
    async def choose(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[bytes]:
        """Take what somebody chose."""
        form = read_form(await request.body())
        return await answered(request, lambda accepted: _choose(desk, token, accepted, form))

    return [show_leaving, leave, show_preferences, choose]


def _show_leaving(desk: Desk, token: str, accepted: str) -> Response[bytes]:
    key = desk.open(UNSUBSCRIBE, token)
    standing = desk.read(key) if key is not None else None
    if standing is None:
        return _unknown(desk, accepted)
    return _leaving_page(desk, standing, accepted, is_done=False)


def _leave(desk: Desk, token: str, accepted: str, *, is_one_click: bool) -> Response[bytes]:
    key = desk.open(UNSUBSCRIBE, token)

    def way(standing: Standing) -> Way:
        if is_one_click:
            return Way(NOTIFICATION_BUTTON if standing.channel == PUSH else ONE_CLICK)
        words = _words(standing, accepted)
        shown = (words.leave_title, words.leave_question, words.stays_said, words.leave_button)
        return Way(UNSUBSCRIBE_PAGE, _text(words, standing, shown))

    standing = desk.unsubscribe(key, way) if key is not None else None
    if standing is None:
        return _unknown(desk, accepted)
    return _leaving_page(desk, standing, accepted, is_done=True)


def _leaving_page(desk: Desk, standing: Standing, accepted: str, *, is_done: bool) -> Response[bytes]:
    words = _words(standing, accepted)
    if standing.is_left:
        title, said = words.left_title, words.left_said if is_done else words.left_before
    else:
        title, said = words.leave_title, words.leave_question
    return _page(
        "unsubscribe.html",
        words,
        standing,
        title=_filled(title, words, standing),
        said=_filled(said, words, standing),
        is_left=standing.is_left,
        is_done=is_done,
        preferences=desk.token(PREFERENCES, standing.key),
    )


def _choose(desk: Desk, token: str, accepted: str, form: dict[str, list[str]]) -> Response[bytes]:
    key = desk.open(PREFERENCES, token)
    action = (form.get("action") or [""])[0]

    def way(standing: Standing) -> Way:
        words = _words(standing, accepted)
        return Way(f"{PREFERENCES_PAGE}: {action}", _text(words, standing, _shown(words, standing, action)))

    def choose(key: str, way: Callable[[Standing], Way]) -> Standing | None:
        return desk.choose(key, _wanted(form), way)

    changes: dict[str, _Change] = {
        "choose": choose,
        "pause": desk.pause,
        "resume": desk.resume,
        "off": desk.leave_everything,
        "on": desk.restore_everything,
        "subscribe": desk.subscribe,
    }
    change = changes.get(action)
    if key is None:
        return _unknown(desk, accepted)
    standing = change(key, way) if change is not None else desk.read(key)
    if standing is None:
        return _unknown(desk, accepted)
    return _preferences_page(desk, standing, accepted, action if change is not None else None)


def _wanted(form: dict[str, list[str]]) -> Choices:
    """Read what is ticked; what is not ticked is not sent, as forms are."""
    return Choices(
        channels=frozenset(form.get("channel", ())),
        families=frozenset(form.get("family", ())),
        is_profiled="profiling" in form,
    )


def _preferences_page(desk: Desk, standing: Standing, accepted: str, action: str | None) -> Response[bytes]:
    words = _words(standing, accepted)
    done = {
        None: "",
        "choose": words.saved,
        "pause": "",
        "resume": words.resumed,
        "off": words.all_off,
        "on": words.all_on,
        "subscribe": words.back_said,
    }
    until = standing.paused_until
    pause_said = words.pause_said if until is None else words.paused_said
    day = _day(words, standing, until if until is not None else desk.pause_ends_at())
    return _page(
        "preferences.html",
        words,
        standing,
        title=_filled(words.choose_title, words, standing),
        done=_filled(done[action], words, standing),
        channels=standing.channels,
        families=[(family, words.family.format(family=_family(family))) for family in standing.families],
        choices=standing.choices,
        profiling=_filled(words.profiling, words, standing),
        pause_said=pause_said.format(until=day),
        is_paused=until is not None,
        is_anything_on=bool(standing.choices.channels.intersection(standing.channels)),
    )


def _unknown(desk: Desk, accepted: str) -> Response[bytes]:
    return unknown_link(accepted, desk.sender_address())


def _page(template: str, words: Words, standing: Standing, **said: Any) -> Response[bytes]:
    address = standing.address
    return customer_page(
        template,
        words.language,
        words=words,
        sender=standing.sender_name,
        sender_address=standing.sender,
        from_whom=whom_and_where(standing.sender_name, standing.postal_address),
        address=words.for_address.format(address=address) if address else "",
        **said,
    )


def _words(standing: Standing, accepted: str) -> Words:
    return WORDS[language_of(standing.traits, accepted)]


def _filled(text: str, words: Words, standing: Standing) -> str:
    """Fill in whom a sentence is about, and by what they are reached."""
    known = words.channels.get(standing.channel)
    what = known.promotion if known is not None else standing.channel
    return text.format(sender=standing.sender_name, what=what)


def _text(words: Words, standing: Standing, shown: tuple[str, ...]) -> ConsentText:
    """Give what somebody had before their eyes when they decided, but for who they are."""
    return ConsentText(words.language, "\n".join(_filled(each, words, standing) for each in shown))


def _shown(words: Words, standing: Standing, action: str) -> tuple[str, ...]:
    """Give the sentences of the page that an action was chosen under."""
    match action:
        case "choose":
            names = tuple(words.channels[channel].name for channel in standing.channels)
            families = tuple(words.family.format(family=_family(each)) for each in standing.families)
            return (
                words.choose_title, words.channels_title, words.channels_hint, *names, words.subjects_title,
                words.profiling, words.profiling_hint, *families, words.save_button, words.stays_said,
            )  # fmt: skip
        case "pause":
            return (words.pause_said.format(until="[...]"), words.pause_button)
        case "resume":
            return (words.paused_said.format(until="[...]"), words.resume_button)
        case "off":
            return (words.off_said, words.off_button, words.stays_said)
        case "on":
            return (words.on_said, words.on_button)
        case _:
            return (words.left_said, words.back_button)


def _family(family: str) -> str:
    return family.replace("_", " ").replace("-", " ").capitalize()


def _day(words: Words, standing: Standing, at: Moment) -> str:
    """Write the day of a moment by the customer's own clock, in UTC where none is known."""
    zone = find_zone(str(standing.traits.get("timezone") or "")) or find_zone("UTC")
    form = "d. MMMM y" if words.language == GERMAN else "d MMMM y"
    return str(format_date(to_datetime(at).astimezone(zone), form, locale=words.language))
