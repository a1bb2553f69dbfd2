"""Footers: who a commercial mail comes from, where they are, and how it ends.

For mail that promotes, whatever its template says. The law: nobody is sent such a mail without a link to
leave and a postal address. What the template says itself is not said twice.

Sources: CAN-SPAM Act, 15 U.S.C. 7704(a)(3) and (5): a working way to opt out, and a postal address;
Directive 2002/58/EC, Article 13(2) and (4): with each message a way to object, and a valid address;
RFC 8058: the headers by which a mail client leaves in one click.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape, unescape
from typing import Final

import msgspec

from upsell.channels.languages import ENGLISH, GERMAN
from upsell.channels.link_facts import PREFERENCES, UNSUBSCRIBE
from upsell.journeys.program import Sender

_TAG = re.compile(r"<[^>]*>")
_BODY_END = re.compile(r"</body\s*>", re.IGNORECASE)


class _Words(msgspec.Struct, frozen=True):
    leave: str
    choose: str


_WORDS: Final[Mapping[str, _Words]] = {
    ENGLISH: _Words("Unsubscribe", "Choose what you get"),
    GERMAN: _Words("Abmelden", "Auswählen, was Sie bekommen"),
}


def leaving_headers(links: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Give the headers by which mail clients leave in one click (RFC 8058, 3.1), none without a link.

    A signature has to cover both (RFC 8058, 4).
    """
    leave = links.get(UNSUBSCRIBE)
    if leave is None:
        return ()
    return (("List-Unsubscribe", f"<{leave}>"), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))


def whom_and_where(name: str, postal_address: str) -> str:
    """Give name and postal address in one line, the name once where the address begins with it."""
    if not postal_address:
        return name
    is_named = postal_address.casefold().startswith(name.casefold())
    return postal_address if is_named else f"{name}, {postal_address}"


def with_footer(
    html: str, text: str, sender: Sender, links: Mapping[str, str], language: str
) -> tuple[str, str]:
    """Give both parts of a mail with what the law asks of it, as far as they do not say it themselves.

    Args:
        html: The HTML part as it was rendered.
        text: The plain text part as it was rendered.
        sender: Who it comes from.
        links: Its links, by name.
        language: In which language the footer is written.
    """
    from_whom = whom_and_where(sender.name, sender.postal_address)
    leave, choose = links.get(UNSUBSCRIBE), links.get(PREFERENCES)
    words = _WORDS[language]
    lines, paragraphs = [], []
    if not _is_said(sender.postal_address, text):
        lines.append(from_whom)
    if not _is_said_in_html(sender.postal_address, html):
        paragraphs.append(escape(from_whom))
    ways = [(word, to) for word, to in ((words.leave, leave), (words.choose, choose)) if to is not None]
    lines += [f"{word}: {to}" for word, to in ways if to not in text]
    # In the colours of the mail itself, so that it can be read in the dark too.
    anchors = [
        f'<a href="{escape(to)}" style="color:inherit;text-decoration:underline">{word}</a>'
        for word, to in ways
        if to not in html and escape(to) not in html
    ]
    if anchors:
        paragraphs.append(" &middot; ".join(anchors))
    return _html_with(html, paragraphs), _text_with(text, lines)


def _text_with(text: str, lines: list[str]) -> str:
    return f"{text.rstrip()}\n\n" + "\n".join(lines) + "\n" if lines else text


def _html_with(html: str, paragraphs: list[str]) -> str:
    if not paragraphs:
        return html
    inner = "<br>\n".join(paragraphs)
    footer = (
        '<p style="margin:32px 16px 16px;text-align:center;font-family:sans-serif;font-size:12px;'
        f'line-height:1.6">{inner}</p>\n'
    )
    end = html.rfind("</body>")
    if end < 0:
        end = next((found.start() for found in _BODY_END.finditer(html)), len(html))
    return f"{html[:end]}{footer}{html[end:]}"


def _is_said(said: str, text: str) -> bool:
    """Tell whether a text says something, however it is broken into lines."""
    # Its longest word decides for most mails that there is no need to read on.
    if _longest_word(said) not in text:
        return False
    return said in text or " ".join(said.split()) in " ".join(text.split())


def _is_said_in_html(said: str, html: str) -> bool:
    if escape(_longest_word(said)) not in html:
        return False
    return escape(said) in html or _is_said(said, unescape(_TAG.sub(" ", html)))


def _longest_word(said: str) -> str:
    return max(said.split(), key=len, default="")
