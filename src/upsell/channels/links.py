"""Links: those in a mail that lead to the web are put behind short ones of our own, and nothing else changes.

For the moment of writing. The law: a short link leads to what the template wrote, to the letter, and to
nothing else; whatever is not surely a link of the template's own stays as it is. In plain text only what the
HTML links to as well is put behind: a name somebody gave themselves must not become a link of ours.

Source: how browsers read attributes and addresses (HTML, 13.2.5; URL, 4.4).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from html import unescape
from html.entities import html5
from typing import Final
from urllib.parse import quote

import msgspec

from upsell.channels.seals import open_seal, seal
from upsell.clock import Moment

CLICK: Final = "click"
OPEN: Final = "open"
CLICK_PATH: Final = "/l/"
OPEN_PATH: Final = "/o/"

UNTRACKED: Final = "data-untracked"
"""The attribute of a link that is left as it is."""

OWN_PATHS: Final = ("/u/", "/p/", "/d/", "/q/", "/c/", CLICK_PATH, OPEN_PATH)
"""Paths of ours never put behind a link: unsubscribing, preferences, going back, quotes, deciding for
a colleague, and links themselves."""

NOTED_PATHS: Final = ("/a/",)
"""Paths of ours that stay as they are and are kept among the targets: whoever comes to an offer has clicked,
and what leads there may not end as links do."""

MOST_TARGETS: Final = 255
"""How many links of one message are put behind; what comes after them is left as it is."""

TRAP: Final = 255
"""The place of a link that no person can see."""

LONGEST_TARGET: Final = 4_000
"""Characters of a target; some servers refuse a longer header."""

# Letters of both cases are written out, so that the search leaps from one < to the next.
_TAG = re.compile(
    r"""<(?:[aA](?:[rR][eE][aA])?|[vV]:[a-zA-Z]++)(?=[\s/])((?:[^>"']++|"[^"]*+"|'[^']*+')*+)>"""
)
_ATTRIBUTE = re.compile(r"""([^\s/>=][^\s/>=]*+)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'>][^\s>]*+)))?""")
# How nearly every link is written: attributes in double quotes, none of which can be taken for an href.
_PLAIN_HREF = re.compile(r"""(?:\s++[a-gi-z][a-z-]*+="[^"]*+")*+\s++href="([^"]*+)\"""")
_REFERENCE = re.compile(r"&(?:#[0-9]++;?|#[xX][0-9a-fA-F]++;?|[A-Za-z][A-Za-z0-9]*+;?)")
_WEB = re.compile(r"https?://[^\s/?#\\]", re.IGNORECASE)
_HOST = re.compile(r"https?://[^/?#\\]*+", re.IGNORECASE)
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_ENDS = "".join(chr(code) for code in range(0x21))
_IN_TEXT = re.compile(r"https?://[^\s<>\"]++", re.IGNORECASE)
_TRAILING = ".,;:!?'\")]}>*_"
_BODY_END = re.compile(r"</body\s*>", re.IGNORECASE)
_AS_THEY_ARE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"<>')


class Linked(msgspec.Struct, frozen=True):
    """A mail with its links put behind ours.

    Attributes:
        html: The HTML part.
        text: The plain text part.
        targets: Where the links lead, by their place; each once, those that are only noted too.
    """

    html: str
    text: str
    targets: tuple[str, ...]


def put_behind(
    html: str,
    text: str,
    link: Callable[[int], str],
    own: Collection[str] = (),
    noted: Collection[str] = (),
) -> Linked:
    """Put the links of a mail behind others.

    Args:
        html: The HTML part; nothing but the values of ``href`` is changed in it.
        text: The plain text part.
        link: Gives the address that stands for the target at a place.
        own: How addresses begin that are left as they are.
        noted: How addresses begin that are left as they are, and have a place among the targets.
    """
    behind: dict[str, str] = {}
    untouched: set[str] = set()
    pieces: list[str] = []
    done = 0
    kept, named = tuple(own), tuple(noted)
    for tag in _TAG.finditer(html):
        found = _find_target(tag)
        if found is None:
            continue
        target, start, end, is_marked = found
        if is_marked or not is_linkable(target) or (kept and target.startswith(kept)):
            untouched.add(target)
            continue
        address = behind.get(target)
        if address is None:
            if len(behind) == MOST_TARGETS:
                continue
            is_noted = bool(named) and target.startswith(named)
            address = behind[target] = target if is_noted else link(len(behind))
        pieces += (html[done:start], address)
        done = end
    if not behind:
        return Linked(html, text, ())
    pieces.append(html[done:])
    known = {target: address for target, address in behind.items() if target not in untouched}
    told = _IN_TEXT.sub(lambda found: _in_text(found[0], known), text)
    return Linked("".join(pieces), told, tuple(behind))


def is_linkable(target: str) -> bool:
    """Tell whether a target may be put behind a link: http or https, a host in plain ASCII, not over-long."""
    if _WEB.match(target) is None or len(target) > LONGEST_TARGET or _UNFIT.search(target) is not None:
        return False
    host = _HOST.match(target)
    return host is not None and host[0].isascii() and " " not in host[0]


def location(target: str) -> str:
    """Write a target as a header may hold it: what is not ASCII as UTF-8 in percent signs, as browsers do."""
    return quote(target, safe=_AS_THEY_ARE)


def add_before_end(html: str, piece: str) -> str:
    """Put a piece of HTML at the end of the body."""
    ends = [found.start() for found in _BODY_END.finditer(html)]
    at = ends[-1] if ends else len(html)
    return html[:at] + piece + html[at:]


def link_token(secret: bytes, purpose: str, number: int, place: int, until: Moment) -> str:
    """Seal which link of which message it is: 28 characters for the first 4 billion messages, 34 at most."""
    size = (number.bit_length() + 7) // 8
    return seal(secret, purpose, number.to_bytes(size, "big") + bytes((place,)), until)


def open_token(secrets: Sequence[bytes], purpose: str, token: str, now: Moment) -> tuple[int, int] | None:
    """Give message and place that a token seals; None when it is forged or, at ``now``, over."""
    content = open_seal(secrets, purpose, token, now)
    if not content:
        return None
    return int.from_bytes(content[:-1], "big"), content[-1]


def _find_target(tag: re.Match[str]) -> tuple[str, int, int, bool] | None:
    """Give target, start and end of a tag's first ``href``, and whether it is marked; None without one."""
    plain = _PLAIN_HREF.match(tag.string, tag.start(1), tag.end(1))
    if plain is not None and UNTRACKED not in tag[1].lower():
        return _target(plain[1]), plain.start(1), plain.end(1), False
    found: tuple[str, int, int] | None = None
    is_marked = False
    for attribute in _ATTRIBUTE.finditer(tag.string, tag.start(1), tag.end(1)):
        name = attribute[1].lower()
        if name == UNTRACKED:
            is_marked = True
        elif name == "href" and found is None and attribute.lastindex is not None and attribute.lastindex > 1:
            group = attribute.lastindex
            found = (_target(attribute[group]), attribute.start(group), attribute.end(group))
    return None if found is None else (*found, is_marked)


def _target(value: str) -> str:
    """Read an attribute's value as an address: references resolved, blanks around and line ends dropped."""
    if "&" in value:
        value = _REFERENCE.sub(lambda found: _resolved(found, value), value)
    value = value.strip(_ENDS)
    if "\n" in value or "\t" in value or "\r" in value:
        value = value.replace("\n", "").replace("\t", "").replace("\r", "")
    return value


def _resolved(found: re.Match[str], value: str) -> str:
    """Resolve a reference as in an attribute: without its semicolon it is none before an equals sign."""
    said = found[0]
    if said[1] == "#":
        return unescape(said)
    if said[1:] not in html5:
        return said
    is_open = not said.endswith(";")
    return said if is_open and value[found.end() : found.end() + 1] == "=" else html5[said[1:]]


def _in_text(said: str, known: dict[str, str]) -> str:
    """Put the longest known target that an address in plain text begins with behind its link.

    What may follow it is what ends sentences and brackets, and nothing else.
    """
    end = len(said)
    while end:
        address = known.get(said[:end])
        if address is not None:
            return address + said[end:]
        if said[end - 1] not in _TRAILING:
            return said
        end -= 1
    return said
