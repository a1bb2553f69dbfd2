"""Returned mail: reports that come as mail, in the standard forms and in those of servers that know none.

Read are delivery status notifications (RFC 3464 in a report of RFC 3462), complaints of feedback loops (ARF,
RFC 5965), and the plain words of qmail and its kin, of older Exim and of whatever names the address it failed
at. The laws: nothing that comes makes it break; what names no message is no report; and whoever reads it
still has to ask whether that message went to that address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC
from email import message_from_bytes
from email.message import Message
from email.parser import HeaderParser
from email.utils import parsedate_to_datetime
from typing import Final

from upsell.clock import Moment, from_datetime
from upsell.sources.refusals import is_gone
from upsell.sources.reports import Kind, Reading, Report, Unread, address_in, keys_in, words_in

LARGEST_READ: Final = 256 * 1024
"""How many bytes of a returned mail are read: what it says stands at the beginning."""

_MOST_PARTS = 200
_MOST_RECIPIENTS = 20
_HEADER_NAME: Final = "Message-ID"
_ID_LINE = re.compile(r"^message-id:[ \t]*(?:\r?\n[ \t]+)?(<[^<>\s]{1,300}>)", re.IGNORECASE | re.MULTILINE)
_AT_LINE = re.compile(r"^[ \t>]{0,4}<?([^\s<>,;:\"()]{1,64}@[^\s<>,;:\"()]{1,255})>?:?[ \t]*", re.MULTILINE)
_COPY = re.compile(
    r"^[-\s]{0,8}(below this line is a copy|this is a copy of (the|your) message|original message|"
    r"the header of the original|returned message|message header)",
    re.IGNORECASE | re.MULTILINE,
)
_RETURNED = re.compile(
    r"undeliver|returned mail|delivery (status|failure|has failed)|failure notice|mail delivery|"
    r"could not be delivered|not delivered|delivery.{0,20}failed",
    re.IGNORECASE,
)
_SENDER = re.compile(r"mailer-daemon|postmaster|mail delivery (sub)?system", re.IGNORECASE)
_DONE = {"delivered": Kind.DELIVERED, "failed": Kind.BOUNCED}
_NO_REPORT = frozenset({"delayed", "relayed", "expanded"})


def read_returned(raw: bytes, now: Moment) -> Reading:
    """Read one mail; ``now`` is when it was written where it does not say.

    A mail that reports nothing, such as an answer from holiday, is passed over.
    """
    try:
        mail = message_from_bytes(raw[:LARGEST_READ])
        parts = list(_parts(mail))
        return _read(mail, parts, now)
    except (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError) as error:
        # The parser of the standard library breaks over some of what is no mail at all.
        return _unread("invalid", f"expected a mail (RFC 5322), got one that cannot be read: {error}", raw)


def _read(mail: Message, parts: list[Message], now: Moment) -> Reading:
    at = _date(mail, now)
    shown = _shown(mail)
    by_type = {part.get_content_type(): part for part in reversed(parts)}
    feedback = by_type.get("message/feedback-report")
    status = by_type.get("message/delivery-status") or by_type.get("message/global-delivery-status")
    if feedback is not None:
        return _read_feedback(feedback, parts, at, shown)
    if status is not None:
        return _read_status(status, parts, at, shown)
    return _read_words(mail, parts, at, shown)


def _read_status(status: Message, parts: list[Message], at: Moment, shown: str) -> Reading:
    """Read a delivery status notification: a group of fields for the message, then one for each recipient."""
    keys = _keys(parts)
    groups = [group for group in _groups(status) if group.get("Action") or group.get("Final-Recipient")]
    if not groups:
        return _unread(
            "no_recipient", "expected Final-Recipient and Action in the report, got neither", shown
        )
    reports, unread, passed_over = [], [], 0
    for place, group in enumerate(groups[:_MOST_RECIPIENTS]):
        action = _field(group, "Action").casefold().split(" ")[0]
        if action in _NO_REPORT:
            passed_over += 1
            continue
        kind = _DONE.get(action)
        recipients = _addresses(group, "Original-Recipient", "Final-Recipient")
        if kind is None or not recipients:
            what = f"Action failed, got {action[:40]!r}" if kind is None else "Final-Recipient, got none"
            unread.append(Unread(f"recipient {place + 1}", "invalid", f"expected {what}", shown))
            continue
        told_status, said = _field(group, "Status"), _field(group, "Diagnostic-Code")
        reports.append(_report(kind, keys, recipients, at, status=told_status, said=said))
    if not keys and reports:
        words = "expected the Message-ID of the mail that came back, got a report without it"
        return Reading((), (*unread, Unread("mail", "no_message", words, shown)), passed_over)
    return Reading(tuple(reports), tuple(unread), passed_over)


def _read_feedback(feedback: Message, parts: list[Message], at: Moment, shown: str) -> Reading:
    """Read a complaint; one that takes back an earlier one is none."""
    (fields,) = list(_groups(feedback))[:1] or [Message()]
    if _field(fields, "Feedback-Type").casefold() == "not-spam":
        return Reading((), (), 1)
    keys = _keys(parts)
    if not keys:
        words = "expected the Message-ID of the mail complained of, got a report without it"
        return _unread("no_message", words, shown)
    named = [_address_of(said) for said in fields.get_all("Original-Rcpt-To", [])]
    recipients = tuple(dict.fromkeys(each for each in named if each))
    return Reading((_report(Kind.COMPLAINED, keys, recipients, at),))


def _read_words(mail: Message, parts: list[Message], at: Moment, shown: str) -> Reading:
    """Read the words of a server that knows no standard: an address, what was said, and a copy."""
    failed = [address_in(each) for each in _field(mail, "X-Failed-Recipients").split(",")]
    is_returned = bool(_SENDER.search(_field(mail, "From"))) or bool(
        _RETURNED.search(_field(mail, "Subject"))
    )
    if not any(failed) and not is_returned:
        return Reading((), (), 1)
    text = "\n".join(_text_of(part) for part in parts if part.get_content_type() == "text/plain")[:60_000]
    copy = _COPY.search(text)
    words = text[: copy.start()] if copy is not None else text
    said = _said_of(words)
    addresses = [each for each in dict.fromkeys(failed) if each] or list(said)
    keys = _keys(parts) or keys_in(*_ID_LINE.findall(text))
    if not addresses or not keys:
        what = "an address that failed" if not addresses else "the Message-ID of the mail that came back"
        return _unread(
            "no_message" if addresses else "no_recipient", f"expected {what}, got none in any form", shown
        )
    reports = (
        _report(Kind.BOUNCED, keys, (each,), at, said=said.get(each.casefold()) or words_in(words))
        for each in addresses[:_MOST_RECIPIENTS]
    )
    return Reading(tuple(reports))


def _said_of(words: str) -> dict[str, str]:
    """Give, by the addresses that begin a line, what follows up to the next blank line."""
    found: dict[str, str] = {}
    for match in _AT_LINE.finditer(words):
        rest = words[match.end() : match.end() + 2_000]
        # An address on a line of its own may be followed by what was said only after it.
        paragraph = re.split(r"\r?\n[ \t]*\r?\n", rest, maxsplit=1)[0]
        found.setdefault(match[1].strip(".").casefold(), words_in(paragraph))
        if len(found) == _MOST_RECIPIENTS:
            break
    return found


def _report(
    kind: Kind,
    keys: tuple[str, ...],
    recipients: tuple[str, ...],
    at: Moment,
    *,
    status: str = "",
    said: str = "",
) -> Report:
    is_bounce = kind is Kind.BOUNCED
    return Report(
        kind=kind,
        id="/".join((*keys[:1], *(each.casefold() for each in recipients[-1:]), kind.value)),
        at=at,
        keys=keys,
        recipients=recipients,
        is_soft=is_bounce and not is_gone(said, status),
        status=words_in(status)[:20] if is_bounce else "",
        reason=words_in(said) if is_bounce else "",
    )


def _keys(parts: list[Message]) -> tuple[str, ...]:
    """Give what may be the key of the message that came back: from the headers that were returned with it."""
    said = []
    for part in parts:
        if part.get_content_type() in ("text/rfc822-headers", "message/rfc822", "message/global"):
            returned = part.get_payload()
            if isinstance(returned, list):
                said += [_field(inner, _HEADER_NAME) for inner in returned[:1] if isinstance(inner, Message)]
            else:
                said.append(_field(HeaderParser().parsestr(_text_of(part)), _HEADER_NAME))
    return keys_in(*said)


def _groups(part: Message) -> Iterator[Message]:
    """Give the groups of fields of a report's part, whether the parser took it apart or not."""
    payload = part.get_payload()
    if isinstance(payload, list):
        yield from (each for each in payload if isinstance(each, Message))
        return
    for paragraph in re.split(r"\r?\n[ \t]*\r?\n", _text_of(part)):
        if paragraph.strip():
            yield HeaderParser().parsestr(paragraph.strip())


def _parts(mail: Message) -> Iterator[Message]:
    """Give the parts of a mail, without those of the mail that came back in it."""
    waiting, count = [mail], 0
    while waiting and count < _MOST_PARTS:
        part = waiting.pop(0)
        count += 1
        yield part
        payload = part.get_payload()
        if part.is_multipart() and part.get_content_maintype() == "multipart" and isinstance(payload, list):
            waiting += [each for each in payload if isinstance(each, Message)]


def _text_of(part: Message) -> str:
    if part.is_multipart():
        return _shown(part)
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return str(part.get_payload())
    return payload.decode("utf-8", "replace")


def _shown(mail: Message) -> str:
    """Give what is kept of a mail that could not be read: its headers."""
    return "\n".join(f"{name}: {value}" for name, value in mail.items())[:4_000]


def _field(message: Message, name: str) -> str:
    """Give a field as one line, empty where it is not there."""
    return " ".join(str(message.get(name, "")).split())


def _addresses(group: Message, *names: str) -> tuple[str, ...]:
    """Give the addresses of fields such as ``rfc822; ada@example.com``, each once."""
    found = (_address_of(_field(group, name)) for name in names)
    return tuple(dict.fromkeys(each for each in found if each))


def _address_of(said: object) -> str:
    _, semicolon, address = str(said).partition(";")
    return address_in(address if semicolon else str(said))


def _date(mail: Message, now: Moment) -> Moment:
    """Give when a mail was written, as far as it can be: not after ``now``."""
    try:
        written = parsedate_to_datetime(_field(mail, "Date"))
        # A zone of -0000 is UTC by one who does not say where they are (RFC 5322, 3.3).
        return min(from_datetime(written if written.tzinfo else written.replace(tzinfo=UTC)), now)
    except (ValueError, TypeError, IndexError, OverflowError):
        return now


def _unread(code: str, message: str, shown: str | bytes) -> Reading:
    text = shown if isinstance(shown, str) else shown[:4_000].decode("utf-8", "replace")
    return Reading((), (Unread("mail", code, message, text),))
