"""Scanners: what followed a link and is no person, told by what it says of itself and by when it came.

Mail filters follow links before the mail is delivered, apps fetch what they preview, and proxies fetch
pictures nobody looked at. The law: it is pure, and what is taken for a machine says why. What neither says
that it is one nor behaves like one is taken for a person.

Sources: RFC 9110 (7.1), Fetch (``Sec-Purpose``), and what vendors write of their own user agents.
"""

from __future__ import annotations

import enum
import re
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Final

import msgspec

from upsell.clock import MINUTE, SECOND, Duration, Moment

TOO_SOON: Final[Duration] = 5 * SECOND
"""How soon after sending began nobody has received, opened and followed a mail."""

BURST: Final[Duration] = 2 * SECOND
"""Within how much time nobody follows two links of one mail."""

TRAPPED: Final[Duration] = MINUTE
"""How long around following a hidden link whoever comes is taken for the same machine."""

HELD_BACK: Final[Duration] = 3 * SECOND
"""How long a visit is held back: longer than what may still come and show it up."""


class Sign(enum.Enum):
    """Why a visit is taken for a machine's."""

    SCANNER = "scanner"
    PREVIEW = "preview"
    SCRIPT = "script"
    PREFETCH = "prefetch"
    PROXY = "proxy"
    TOO_SOON = "too_soon"
    BURST = "burst"
    TRAP = "trap"


MEANINGS: Final[Mapping[Sign, str]] = {
    Sign.SCANNER: "a mail filter or crawler that says so",
    Sign.PREVIEW: "an app that fetches what it previews",
    Sign.SCRIPT: "a program or a browser without a person",
    Sign.PREFETCH: "a browser that fetched ahead",
    Sign.PROXY: "a mail service that fetches pictures for its users, seen or not",
    Sign.TOO_SOON: f"within {TOO_SOON // SECOND} seconds of sending",
    Sign.BURST: f"two links of one mail within {BURST // SECOND} seconds",
    Sign.TRAP: "a link that no person can see was followed",
}
"""What each sign means, in words."""

_SCANNERS: Final = (
    # Mail security.
    "proofpoint", "urldefense", "mimecast", "barracuda", "ironport", "messagelabs", "trendmicro",
    "trend micro", "fireeye", "trellix", "mcafee", "sophos", "fortinet", "fortimail", "forcepoint",
    "websense", "zscaler", "paloalto", "palo alto", "checkpoint", "check point", "avanan", "vadesecure",
    "vade secure",
    "hornetsecurity", "spamtitan", "spamassassin", "mailguard", "egress", "abnormal security", "agari",
    "cofense", "knowbe4", "cloudmark", "mailscanner", "bitdefender", "kaspersky", "withsecure", "urlscan",
    "virustotal", "phishtank", "netcraft", "safebrowsing", "google-safety", "safelinks", "safe links",
    "microsoft office protection", "msexchange", "bingpreview", "microsoftpreview", "ms-office-existence",
    "microsoft office existence", "detonation",
    # Crawlers; what calls itself a bot is known by that.
    "google-read-aloud", "google-inspectiontool", "googleother", "mediapartners", "duplexweb", "baiduspider",
    "bytespider", "semrush", "slurp", "crawler", "spider", "archiver", "pingdom", "statuscake", "site24x7",
    "linkcheck", "link check", "w3c_validator", "nmap", "censys", "zgrab", "nuclei", "masscan",
)  # fmt: skip
_PREVIEWS: Final = (
    "slackbot", "slack-imgproxy", "facebookexternalhit", "facebot", "meta-externalagent", "whatsapp/",
    "twitterbot", "linkedinbot", "telegrambot", "discordbot", "skypeuripreview", "redditbot", "pinterest/0",
    "embedly", "iframely", "quora link preview", "vkshare", "rocket.chat/", "google-pagerenderer",
    "cardyb", "line-poker", "kakaotalk-scrap", "snap url preview",
)  # fmt: skip
_SCRIPTS: Final = (
    "curl/", "wget/", "python-requests", "python-urllib", "python-httpx", "aiohttp", "scrapy",
    "go-http-client", "java/", "okhttp", "apache-httpclient", "jakarta commons", "libwww-perl", "lwp::",
    "ruby", "faraday", "php/", "guzzle", "node-fetch", "axios", "undici", "superagent", "postmanruntime",
    "insomnia", "httpie", "powershell", "winhttp", "headless", "phantomjs", "puppeteer", "playwright",
    "selenium", "cypress", "http_request", "http-client", "httpclient", "restsharp", "reqwest",
    "chrome-lighthouse",
)  # fmt: skip
_PROXIES: Final = ("googleimageproxy", "ggpht.com", "yahoomailproxy", "yahoocachesystem", "outlookimageproxy")

_OFFICE: Final = "ms-office"
"""Office asks for what a link leads to before it opens a browser; pictures it fetches are looked at."""

_NAMED: Final = (
    (Sign.PROXY, _PROXIES),
    (Sign.SCANNER, _SCANNERS),
    (Sign.PREVIEW, _PREVIEWS),
    (Sign.SCRIPT, _SCRIPTS),
)
_BOT: Final = re.compile(r"(?:^|[\s;(/+._-])[a-z0-9._-]*(?<!cu)bot\b|\bscan(?:ner)?\b|\+https?://")
_BROWSER: Final = re.compile(r"mozilla/\d|opera/\d")
_BARE: Final = "mozilla/5.0"
"""All that Apple's mail privacy protection says of itself; no browser says so little."""

_PURPOSES: Final = ("sec-purpose", "purpose", "x-purpose", "x-moz")
_AHEAD: Final = ("prefetch", "prerender", "preview", "instant")


class Visit(msgspec.Struct, frozen=True):
    """What followed a link of a message, or fetched the picture that tells of opening.

    Attributes:
        visited_at: When.
        place: Which link; for a picture any number.
        said: What it said of itself, None when that is nothing.
        is_opening: Whether it fetched the picture.
        is_trap: Whether the link is one that no person can see.
    """

    visited_at: Moment
    place: int
    said: Sign | None = None
    is_opening: bool = False
    is_trap: bool = False


def read_signs(headers: Mapping[str, str], *, is_opening: bool = False) -> Sign | None:
    """Say by its headers, with names in lower case, what a request takes itself for; None for a browser's."""
    for name in _PURPOSES:
        said = headers.get(name)
        if said and any(word in said.lower() for word in _AHEAD):
            return Sign.PREFETCH
    agent = headers.get("user-agent", "").strip().lower()
    if agent == _BARE:
        return Sign.PROXY
    for sign, words in _NAMED:
        if any(word in agent for word in words):
            return sign
    if _BOT.search(agent) is not None:
        return Sign.SCANNER
    if not is_opening and _OFFICE in agent:
        return Sign.PREVIEW
    # Browsers say of a link that a person follows that they go there.
    goes = is_opening or headers.get("sec-fetch-mode", "navigate") == "navigate"
    return None if goes and _BROWSER.match(agent) is not None else Sign.SCRIPT


def judge_visits(visits: Sequence[Visit], sending_at: Moment | None) -> list[Sign | None]:
    """Say of each visit of one message why it is a machine's, None for a person's.

    Args:
        visits: All that is known of the message, in the order of their moments.
        sending_at: When sending it began; None of what is shown at once, and may be followed as soon.
    """
    traps = [visit.visited_at for visit in visits if visit.is_trap]
    clicks = [visit for visit in visits if not visit.is_opening]
    hurried = set(_hurried(clicks))
    return [_judge(visit, sending_at, traps, clicks, hurried) for visit in visits]


def _judge(
    visit: Visit,
    sending_at: Moment | None,
    traps: Sequence[Moment],
    clicks: Sequence[Visit],
    hurried: Collection[tuple[Moment, int]],
) -> Sign | None:
    if visit.is_trap:
        return Sign.TRAP
    if visit.said is not None:
        return visit.said
    if sending_at is not None and visit.visited_at < sending_at + TOO_SOON:
        return Sign.TOO_SOON
    if _is_near(visit, traps, TRAPPED):
        return Sign.TRAP
    if visit.is_opening:
        # What follows every link at once fetches the pictures at once too.
        return Sign.BURST if len(_places_near(visit, clicks)) > 1 else None
    return Sign.BURST if (visit.visited_at, visit.place) in hurried else None


def _is_near(visit: Visit, moments: Sequence[Moment], within: Duration) -> bool:
    """Tell whether a visit is near one of some moments in order."""
    at = bisect_right(moments, visit.visited_at - within)
    return at < len(moments) and moments[at] < visit.visited_at + within


def _places_near(visit: Visit, clicks: Sequence[Visit]) -> set[int]:
    """Give the links that were followed near a visit."""
    start = bisect_right(clicks, visit.visited_at - BURST, key=lambda click: click.visited_at)
    near = takewhile(lambda click: click.visited_at < visit.visited_at + BURST, clicks[start:])
    return {click.place for click in near}


def _hurried(clicks: Sequence[Visit]) -> Iterator[tuple[Moment, int]]:
    """Give the clicks that have one on another link near them, in one pass each way."""
    for ordered in (clicks, clicks[::-1]):
        other: Visit | None = None
        last: Visit | None = None
        for visit in ordered:
            if last is not None and last.place != visit.place:
                other = last
            if other is not None and abs(visit.visited_at - other.visited_at) < BURST:
                yield visit.visited_at, visit.place
            last = visit
