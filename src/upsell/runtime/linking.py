"""Linking: letters on their way out are given links of ours, for whoever may be watched.

For the dispatcher. The law: where the links of a letter lead is kept before the letter is sent, and nothing
tells what somebody does who withdrew profiling.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from upsell.channels.channel import Letter, Targets
from upsell.channels.links import (
    CLICK,
    CLICK_PATH,
    NOTED_PATHS,
    OPEN,
    OPEN_PATH,
    OWN_PATHS,
    TRAP,
    Linked,
    add_before_end,
    link_token,
    put_behind,
)
from upsell.channels.loopback import is_loopback
from upsell.clock import Moment
from upsell.config import Settings, link_base
from upsell.decisions.consents import allows_pictures, allows_tracking
from upsell.decisions.contact import Contact
from upsell.decisions.reach import EMAIL, PUSH
from upsell.journeys.program import Links
from upsell.store.connect import Connection
from upsell.store.link_secrets import read_link_secrets
from upsell.store.links import Kept
from upsell.store.outbox import Queued

_PIXEL: Final = (
    '<img src="{address}" width="1" height="1" alt="" style="display:block;width:1px;height:1px;border:0">'
)
_TRAP_LINK: Final = (
    '<a href="{address}" rel="nofollow" aria-hidden="true" tabindex="-1" '
    'style="display:none;mso-hide:all;visibility:hidden"></a>'
)


class Linker:
    """Puts the links of letters behind ours."""

    def __init__(self, base: str, secret: bytes) -> None:
        """Seal links under an address, such as ``https://links.acme.example``."""
        self._base = base
        self._secret = secret
        self._own = tuple(base + path for path in OWN_PATHS)
        self._noted = tuple(base + path for path in NOTED_PATHS)

    def link(self, letter: Letter, number: int, links: Links, contact: Contact) -> Letter:
        """Give a letter with its links behind ours and what else tells what is done with it.

        Args:
            letter: The mail or the push as it was written.
            number: The number of its message.
            links: What the workspace wants.
            contact: What its recipient allows.
        """
        if letter.notification is not None:
            return self._link_push(letter, number, links, contact)
        if not allows_tracking(contact, EMAIL):
            return letter
        # A picture is not for whoever withdrew anything, a link is for whoever did not withdraw profiling.
        has_picture = links.has_opens and allows_pictures(contact, EMAIL)
        until = letter.written_at + links.lasts

        def click(place: int) -> str:
            return self._base + CLICK_PATH + link_token(self._secret, CLICK, number, place, until)

        linked = Linked(letter.html, letter.text, ())
        if links.has_clicks:
            linked = put_behind(letter.html, letter.text, click, self._own, self._noted)
        html = linked.html
        if linked.targets and links.has_traps:
            html = add_before_end(html, _TRAP_LINK.format(address=click(TRAP)))
        if has_picture:
            token = link_token(self._secret, OPEN, number, 0, until)
            html = add_before_end(html, _PIXEL.format(address=self._base + OPEN_PATH + token))
        if not linked.targets and not has_picture:
            return letter
        return replace(letter, html=html, text=linked.text, targets=Targets(linked.targets, until))

    def _link_push(self, letter: Letter, number: int, links: Links, contact: Contact) -> Letter:
        """Give a push with where it leads behind ours."""
        more = letter.notification
        if more is None or not more.link or not links.has_clicks or not allows_tracking(contact, PUSH):
            return letter
        if more.link.startswith(self._own):
            return letter
        until = letter.written_at + links.lasts
        targets = Targets((more.link,), until)
        if more.link.startswith(self._noted):
            return replace(letter, targets=targets)
        address = self._base + CLICK_PATH + link_token(self._secret, CLICK, number, 0, until)
        return replace(letter, notification=replace(more, link=address), targets=targets)


def make_linker(settings: Settings, connection: Connection, now: Moment) -> Linker | None:
    """Give the linker of a server; None where its links would lead customers nowhere.

    That is where mail leaves this machine and nobody said how customers reach this server.
    """
    base = link_base(settings)
    if not settings.public_url and not (is_loopback(settings.smtp_host) and is_loopback(settings.http_host)):
        return None
    return Linker(base, read_link_secrets(connection, now)[0])


def kept_links(
    claimed: Sequence[Queued], letters: Mapping[str, Letter], started: Collection[str]
) -> list[Kept]:
    """Give what is to be kept of the links in those letters that are about to be sent."""
    kept = []
    for queued in claimed:
        key = queued.message.key
        letter = letters.get(key) if key in started else None
        if letter is not None and letter.targets is not None:
            kept.append(Kept(queued.number, key, letter.targets.until, letter.targets.addresses))
    return kept
