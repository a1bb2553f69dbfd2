"""Mail as bytes: a multipart message put together by formatting text, because that is 100 times faster.

For the email channel. The law: nothing a template or a trait says can become a header; texts are
quoted-printable UTF-8 (RFC 2045), names and subjects encoded words where they are not plain ASCII
(RFC 2047), line ends are CRLF, and the same letter gives the same bytes.
"""

from __future__ import annotations

import re
from base64 import b64encode
from binascii import b2a_qp
from collections.abc import Iterator
from email.utils import format_datetime
from functools import lru_cache

from upsell.channels.channel import Letter
from upsell.clock import SECOND, to_datetime

_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}"
_DOMAIN = r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,253}[A-Za-z0-9])?"
_ADDRESS = re.compile(f"{_LOCAL}@{_DOMAIN}")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\x80-\x9f\u2028\u2029]+")
_PLAIN_WORDS = re.compile(r"[A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]*")
_ODD = re.compile(r"[^A-Za-z0-9._-]")
_NO_WORD = re.compile(r"[^A-Za-z0-9]")
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}")
_VALUE = re.compile(r"[!-~](?:[ -~]{0,900}[!-~])?")
_LINE = 76
_LONGEST_LINE = 998
_REMEMBERED = 8_192  # characters of a line that may be remembered as it is written
_WORD_BYTES = 42  # so that an encoded word with its wrapping stays within 75 characters

# Postmark writes a Message-ID of its own; it takes X-PM-Metadata out of the mail and says it in its webhooks.
_MAIL = """\
From: {sender}\r
To: {recipient}\r
Subject: {subject}\r
Date: {date}\r
Message-ID: <{message_id}>\r
X-PM-Metadata-key: {key}\r
Auto-Submitted: auto-generated\r
{more}MIME-Version: 1.0\r
Content-Type: multipart/alternative; boundary="{boundary}"\r
\r
--{boundary}\r
Content-Type: text/plain; charset=utf-8\r
Content-Transfer-Encoding: quoted-printable\r
\r
{text}\r
--{boundary}\r
Content-Type: text/html; charset=utf-8\r
Content-Transfer-Encoding: quoted-printable\r
\r
{html}\r
--{boundary}--\r
"""


def is_address(text: str) -> bool:
    """Tell whether a text is an address this program writes to: a plain ASCII ``local@domain``."""
    return _ADDRESS.fullmatch(text) is not None and ".." not in text


def message_id_of(key: str, sender: str) -> str:
    """Give the Message-ID of a message's mail, without brackets: its key at the domain it comes from."""
    return f"{_ODD.sub('-', key)}@{sender.rpartition('@')[2]}"


def format_mail(letter: Letter) -> bytes:
    """Give a letter as the bytes a mail server takes; control characters in headers become spaces.

    Raises:
        ValueError: An address is none; see ``is_address``. Or a further field is no field.
    """
    for address in (letter.sender, letter.recipient, *((letter.reply_to,) if letter.reply_to else ())):
        if not is_address(address):
            msg = f"expected an address such as ada@example.com, got {address!r}"
            raise ValueError(msg)
    mail = _MAIL.format(
        sender=_mailbox(letter.sender_name, letter.sender),
        recipient=letter.recipient,
        subject=_header_text(letter.subject, len("Subject: ")),
        date=_date(letter.written_at // SECOND),
        message_id=message_id_of(letter.key, letter.sender),
        key=_ODD.sub("-", letter.key),
        more=_more(letter),
        # An equals sign never stands before an underscore in quoted-printable text.
        boundary=f"=_{_NO_WORD.sub('-', letter.key)[:60]}",
        text=_quoted(letter.text),
        html=_quoted(letter.html),
    )
    return mail.encode("ascii")


def _more(letter: Letter) -> str:
    """Write the fields that only some mails have."""
    lines = [f"Reply-To: {letter.reply_to}\r\n"] if letter.reply_to else []
    for name, value in letter.headers:
        if not _FIELD.fullmatch(name) or not _VALUE.fullmatch(value):
            msg = f"expected a header field of one line of plain text, got {name!r}: {value!r}"
            raise ValueError(msg)
        # An address of the web has no space to fold at; a line may have 998 characters (RFC 5322, 2.1.1).
        lines.append(f"{name}: {value}\r\n")
    return "".join(lines)


def _mailbox(name: str, address: str) -> str:
    name = _one_line(name)
    if not name:
        return address
    if _PLAIN_WORDS.fullmatch(name) and "=?" not in name and len(name) <= _LINE - 6:
        return f"{name}\r\n <{address}>" if len(name) + len(address) > _LINE - 9 else f"{name} <{address}>"
    if name.isascii() and "=?" not in name and len(name) <= _LINE - 8:
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"\r\n <{address}>'
    return f"{_encoded_words(name)}\r\n <{address}>"


def _header_text(text: str, used: int) -> str:
    """Fold plain ASCII at its spaces; whatever cannot be folded or is not ASCII becomes encoded words."""
    text = _one_line(text)
    if not text.isascii() or "=?" in text:
        return _encoded_words(text)
    if len(text) + used <= _LINE:
        return text
    lines, line = [], ""
    for word in text.split(" "):
        if len(word) > _LINE - used:
            return _encoded_words(text)
        if line and used + len(line) + 1 + len(word) > _LINE:
            lines.append(line)
            line, used = word, 1
        else:
            line = f"{line} {word}" if line else word
    return "\r\n ".join([*lines, line])


def _one_line(text: str) -> str:
    return " ".join(_CONTROLS.sub(" ", text).split())


def _encoded_words(text: str) -> str:
    return "\r\n ".join(f"=?utf-8?b?{b64encode(piece).decode()}?=" for piece in _pieces(text))


def _pieces(text: str) -> Iterator[bytes]:
    """Cut a text into pieces of whole characters that each fit one encoded word."""
    piece = b""
    for character in text:
        encoded = character.encode("utf-8", "replace")
        if len(piece) + len(encoded) > _WORD_BYTES:
            yield piece
            piece = b""
        piece += encoded
    yield piece


def _quoted(text: str) -> str:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.rstrip("\n").split("\n")
    # A page without line ends is another one for each reader, and too large to be remembered.
    return "\r\n".join(
        [_quoted_line(line) if len(line) <= _REMEMBERED else _written_line(line) for line in lines]
    )


def _written_line(line: str) -> str:
    return b2a_qp(line.encode("utf-8", "replace"), istext=True).replace(b"\n", b"\r\n").decode("ascii")


# Most lines of a mail are those of its template, the same for every reader.
_quoted_line = lru_cache(maxsize=2048)(_written_line)


@lru_cache(maxsize=64)
def _date(second: int) -> str:
    """Write when a letter was written, in whole seconds UTC."""
    return format_datetime(to_datetime(second * SECOND))
