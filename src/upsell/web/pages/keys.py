"""Keys: what servers, pages and monitors show, and what an admin may do about each.

The laws: a form does what `upsell keys` does, by the same functions; the key of a server stands once in the
answer that made it; and of every other secret the page says only whether there is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from upsell.clock import Clock, Moment, format_moment
from upsell.config import Settings
from upsell.errors import ConfigError
from upsell.runtime.key_desk import make_key, read_grace, replace_key, state_words, take_back_key, used_words
from upsell.store.connect import Connection
from upsell.store.identity_secrets import read_identity_secrets
from upsell.store.keys import PUBLIC, Key, Kind, Scope, good_keys, read_keys
from upsell.store.lending import Lender
from upsell.web.pages.customer import LARGEST_FORM
from upsell.web.pages.notices import Notice
from upsell.web.pages.posting import Form, done, posted
from upsell.web.pages.shell import Trouble, refuse, shown
from upsell.web.pages.shown_once import ShownOnce, show_once

PATH: Final = "/settings/keys"

MOST_ENDED: Final = 20
"""How many of those that open nothing any more are listed."""

AnyRequest = Request[Any, Any, Any]


class KeyRow(msgspec.Struct, frozen=True):
    """One key in a line; shown is the key itself where it is public, otherwise how it begins."""

    path: str
    name: str
    kind: str
    shown: str
    scopes: str
    state: str
    used: str
    is_good: bool


class KeysPage(msgspec.Struct, frozen=True):
    """What the list of keys says.

    Attributes:
        headline: How many are good, in a sentence.
        good: Those that open something.
        ended: The newest of those that do no more.
        scopes: What a key can be good for, and whether a key that stands in pages may be.
        has_identity: Whether there is a secret that identities are signed with.
        has_push: Whether there is a key that pushes to browsers are signed with.
    """

    headline: str
    good: tuple[KeyRow, ...]
    ended: tuple[KeyRow, ...]
    scopes: tuple[tuple[str, bool], ...]
    has_identity: bool
    has_push: bool


class KeyPage(msgspec.Struct, frozen=True):
    """One key, and how many good ones have its name."""

    row: KeyRow
    named_so: int


class KeyPages:
    """The pages and forms of keys, over connections that are lent."""

    def __init__(self, lender: Lender, clock: Clock, settings: Settings) -> None:
        """Open nothing yet."""
        self._lender = lender
        self._clock = clock
        self._has_push = bool(settings.push_vapid_private_key)

    def show_all(self, request: AnyRequest) -> Response[bytes]:
        """Show every key."""
        now = self._clock.now()
        with self._lender.lent() as connection:
            known, secrets = read_keys(connection), read_identity_secrets(connection, now)
        page = keys_page(known, now, has_identity=bool(secrets), has_push=self._has_push)
        told = {
            "keys": [_content(key, now) for key in known],
            "has_identity_secret": page.has_identity,
            "has_push_key": page.has_push,
        }
        return shown(request, "keys.html", page, told=msgspec.json.encode(told))

    def show_one(self, request: AnyRequest, number: str) -> Response[bytes]:
        """Show one key."""
        now = self._clock.now()
        with self._lender.lent() as connection:
            key = _find(connection, number)
            if key is None:
                said = Trouble("There is no such key", "Nobody ever made it.", "Look through all of them.")
                return refuse(request, said, "unknown", HTTPStatus.NOT_FOUND)
            named = [each for each in good_keys(read_keys(connection), now) if each.name == key.name]
        page = KeyPage(_row(key, now), len(named))
        return shown(request, "key.html", page, told=msgspec.json.encode(_content(key, now)))

    def make(self, request: AnyRequest, form: Form) -> Response[bytes]:
        """Make a key, and show it once."""
        name, now = form.needed("name", "what you call the key"), self._clock.now()
        kind, scopes = _kind(form.needed("kind", "a kind of key")), _scopes(form)
        why = form.needed("why", "what it is for")
        with self._lender.lent() as connection:
            made = make_key(connection, name, kind, scopes, form.by.name, why, now)
        return _give(request, f"The key {name} is good from now on.", name, kind, made)

    def change(self, request: AnyRequest, number: str, action: str, form: Form) -> Response[bytes]:
        """Put another key in the place of one, or take it back."""
        now = self._clock.now()
        with self._lender.lent() as connection:
            key = _find(connection, number)
            if key is None:
                msg = f"expected a key, got the number {number[:20]}, which none has"
                raise ConfigError(msg)
            why = form.needed("why", "why it is done")
            match action:
                case "rotate":
                    grace = read_grace(form.said("grace_hours"))
                    made = replace_key(connection, key.name, form.by.name, why, now, grace)
                    title = f"This is {key.name} from now on."
                    return _give(request, title, key.name, key.kind, made)
                case "revoke":
                    take_back_key(connection, key.name, form.by.name, why, now)
                    return done(request, PATH, Notice.KEY_REVOKED)
                case _:
                    msg = f"expected rotate or revoke, got {action[:20]}"
                    raise ConfigError(msg)


def key_routes(lender: Lender, clock: Clock, settings: Settings) -> list[HTTPRouteHandler]:
    """Give the routes of keys: all, one, and what may be done about them."""
    pages = KeyPages(lender, clock, settings)

    @route([PATH], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False)
    def show_keys(request: AnyRequest) -> Response[bytes]:
        """Show every key."""
        return pages.show_all(request)

    @route([f"{PATH}/{{key:str}}"], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False)
    def show_key(request: AnyRequest, key: FromPath[str]) -> Response[bytes]:
        """Show one key."""
        return pages.show_one(request, key)

    @route(
        [PATH],
        http_method=["POST"],
        status_code=HTTPStatus.OK,
        include_in_schema=False,
        request_max_body_size=LARGEST_FORM,
    )
    async def make(request: AnyRequest) -> Response[bytes]:
        """Make a key."""
        return await posted(request, lambda form: pages.make(request, form))

    @route(
        [f"{PATH}/{{key:str}}/{{action:str}}"],
        http_method=["POST"],
        status_code=HTTPStatus.SEE_OTHER,
        include_in_schema=False,
        request_max_body_size=LARGEST_FORM,
    )
    async def change(request: AnyRequest, key: FromPath[str], action: FromPath[str]) -> Response[bytes]:
        """Change one key."""
        return await posted(request, lambda form: pages.change(request, key, action, form))

    return [show_keys, show_key, make, change]


def keys_page(known: Sequence[Key], now: Moment, *, has_identity: bool, has_push: bool) -> KeysPage:
    """Give what the list of keys says."""
    rows = [_row(key, now) for key in reversed(known)]
    good = tuple(row for row in rows if row.is_good)
    ended = tuple(row for row in rows if not row.is_good)[:MOST_ENDED]
    return KeysPage(
        _headline(len(known), len(good)),
        good,
        ended,
        tuple((scope.value, scope in PUBLIC) for scope in Scope),
        has_identity,
        has_push,
    )


def _headline(known: int, good: int) -> str:
    if not known:
        return "No key was made yet: events are taken without one, from this machine alone."
    if not good:
        return "No key is good: nothing is taken and nothing answered until one is made."
    return f"{good:,} {'key is' if good == 1 else 'keys are'} good; without one nothing is taken."


def _row(key: Key, now: Moment) -> KeyRow:
    return KeyRow(
        f"{PATH}/{key.number}",
        key.name,
        key.kind.value,
        key.shown,
        ", ".join(sorted(scope.value for scope in key.scopes)),
        state_words(key, now),
        used_words(key),
        key.is_good(now),
    )


def _content(key: Key, now: Moment) -> dict[str, Any]:
    """Give a key for machines; a secret only as it begins."""
    moments = {
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
    }
    return {
        "number": key.number,
        "name": key.name,
        "kind": key.kind.value,
        "shown": key.shown,
        "scopes": sorted(scope.value for scope in key.scopes),
        "is_good": key.is_good(now),
        **{name: None if at is None else format_moment(at) for name, at in moments.items()},
    }


def _give(request: AnyRequest, title: str, name: str, kind: Kind, made: str) -> Response[bytes]:
    advice = (
        "Keep it with your server's secrets: whoever has it is believed."
        if kind is Kind.SERVER
        else "It is public: it stands in pages that everybody can read, and in the list of keys."
    )
    once = ShownOnce(
        title,
        "The key",
        made,
        f"{advice} Running servers know it in five seconds.",
        PATH,
        "Back to keys",
        is_public=kind is Kind.WRITE,
    )
    return show_once(request, once, {"name": name, "kind": kind.value, "key": made})


def _kind(said: str) -> Kind:
    known = {kind.value: kind for kind in Kind}
    if said not in known:
        msg = f"expected one of {', '.join(known)}, got {said[:40]}"
        raise ConfigError(msg)
    return known[said]


def _scopes(form: Form) -> frozenset[Scope]:
    known = {scope.value: scope for scope in Scope}
    for word in form.fields.get("scope", []):
        if word not in known:
            msg = f"expected one of {', '.join(known)}, got {word[:40]}"
            raise ConfigError(msg)
    return frozenset(known[word] for word in form.fields.get("scope", []))


def _find(connection: Connection, number: str) -> Key | None:
    """Give the key of a number as an address says it; None where none has it."""
    return next((key for key in read_keys(connection) if str(key.number) == number), None)
