"""Mail as bytes: whatever a letter says, a parser that knows the standards reads just that.

The oracle is Python's own email package under its modern policy.
"""

from __future__ import annotations

from binascii import b2a_qp
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from upsell.channels.channel import Letter
from upsell.channels.mime import format_mail, is_address
from upsell.clock import parse_moment

LETTER = Letter(
    key="0123456789abcdef0123456789abcdef",
    sender_name="Acme",
    sender="hello@acme.example",
    recipient="ada@example.com",
    subject="Your plan",
    html="<p>Hello</p>\n",
    text="Hello\n",
    written_at=parse_moment("2026-03-02T09:00:00.123456Z") or 0,
)

TEXTS = st.text(st.characters(codec="utf-8"), max_size=400)


def parse(letter: Letter) -> EmailMessage:
    parsed = message_from_bytes(format_mail(letter), policy=SMTP)
    assert isinstance(parsed, EmailMessage)
    assert [defect for part in parsed.walk() for defect in part.defects] == []
    return parsed


def part(parsed: EmailMessage, kind: str) -> str:
    found = parsed.get_body((kind,))
    assert found is not None
    content = found.get_content()
    assert isinstance(content, str)
    return content


def one_line(text: str) -> str:
    """What is left of a text in a header: controls are spaces, and runs of white space are one."""
    kept = "".join(" " if not c.isprintable() and (ord(c) < 0xA0 or c in "\u2028\u2029") else c for c in text)
    return " ".join(kept.split())


def lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")


def test_a_plain_letter_is_these_very_bytes() -> None:
    assert format_mail(LETTER).decode().split("\r\n") == [
        "From: Acme <hello@acme.example>",
        "To: ada@example.com",
        "Subject: Your plan",
        "Date: Mon, 02 Mar 2026 09:00:00 +0000",
        "Message-ID: <0123456789abcdef0123456789abcdef@acme.example>",
        "X-PM-Metadata-key: 0123456789abcdef0123456789abcdef",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        'Content-Type: multipart/alternative; boundary="=_0123456789abcdef0123456789abcdef"',
        "",
        "--=_0123456789abcdef0123456789abcdef",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
        "",
        "Hello",
        "--=_0123456789abcdef0123456789abcdef",
        "Content-Type: text/html; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
        "",
        "<p>Hello</p>",
        "--=_0123456789abcdef0123456789abcdef--",
        "",
    ]


@given(TEXTS)
@example("x" * 300)
@example("Grüße " * 30)
@example("=?utf-8?q?=41?= is not an encoded word here")
@example("a\r\nBcc: eve@example.com")
def test_a_subject_is_read_as_it_was_written_on_one_line(subject: str) -> None:
    parsed = parse(msgspec.structs.replace(LETTER, subject=subject))
    assert one_line(str(parsed["Subject"])) == one_line(subject)


@given(TEXTS)
@example('Acme "The Best", Inc. <x@example.com>')
@example("Ä" * 80)
@example("a\r\nBcc: eve@example.com")
def test_a_sender_s_name_is_read_as_it_was_written(name: str) -> None:
    said = msgspec.structs.replace(LETTER, sender_name=name)
    (address,) = parse(said)["From"].addresses
    assert address.addr_spec == "hello@acme.example"
    # This parser puts a space between the encoded words of a name, where RFC 2047, 6.2 says is none.
    assert "".join(address.display_name.split()) == "".join(one_line(name).split())


@pytest.mark.parametrize(
    "name", ["Acme", 'Acme "The Best", Inc. <x@example.com>', "Grüße \\ von Acme", "=?x"]
)
def test_a_short_sender_s_name_keeps_its_spaces_too(name: str) -> None:
    (address,) = parse(msgspec.structs.replace(LETTER, sender_name=name))["From"].addresses
    assert address.display_name == name


@given(TEXTS, TEXTS)
@example("no line end", "." * 200)
@example("--=_0123456789abcdef0123456789abcdef--", "a \n b\t\n")
@example("From here\n.\n..\n", "\n\nempty lines before and after\n\n")
def test_both_parts_are_read_as_they_were_written(text: str, html: str) -> None:
    parsed = parse(msgspec.structs.replace(LETTER, text=text, html=html))
    assert lines(part(parsed, "plain")) == lines(text)
    assert lines(part(parsed, "html")) == lines(html)


@given(st.lists(st.text(st.sampled_from("ab=. \tä\x00"), max_size=200), max_size=6))
@example(["=long." * 2_000, "short", ".", " "])
def test_line_by_line_a_text_is_written_as_it_is_whole(said: list[str]) -> None:
    text = "\n".join(said).rstrip("\n")
    whole = b2a_qp(text.encode(), istext=True).replace(b"\n", b"\r\n")
    body = format_mail(msgspec.structs.replace(LETTER, html=text))
    assert body.split(b"quoted-printable\r\n\r\n")[2].rpartition(b"\r\n--")[0] == whole


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_nothing_said_in_a_letter_becomes_a_header(name: str, subject: str, text: str, html: str) -> None:
    said = msgspec.structs.replace(LETTER, sender_name=name, subject=subject, text=text, html=html)
    parsed = parse(said)
    assert parsed.keys() == parse(LETTER).keys()
    assert len(list(parsed.iter_parts())) == 2


@given(TEXTS, TEXTS)
def test_no_line_is_longer_than_mail_servers_take_and_all_end_in_crlf(subject: str, text: str) -> None:
    body = format_mail(msgspec.structs.replace(LETTER, subject=subject, text=text))
    assert b"\n" not in body.replace(b"\r\n", b"")
    assert b"\r" not in body.replace(b"\r\n", b"")
    # RFC 5322, 2.1.1: at most 998 characters, and better no more than 78.
    assert max(len(line) for line in body.split(b"\r\n")) <= 84


@pytest.mark.parametrize(
    "address",
    ["", "ada", "ada@", "@example.com", "ada@example.com\r\nRCPT TO:<eve@example.com>", "a b@example.com",
     "ada@exa mple.com", "<ada@example.com>", "ada@example.com,eve@example.com", "adä@example.com",
     "ada@example..com", "ada@-example.com", '"a b"@example.com', "x" * 65 + "@example.com"],
)  # fmt: skip
def test_what_is_no_plain_address_is_refused(address: str) -> None:
    assert not is_address(address)
    with pytest.raises(ValueError, match="expected an address"):
        format_mail(msgspec.structs.replace(LETTER, recipient=address))


@pytest.mark.parametrize("address", ["ada@example.com", "a.d+a_1@mail.example.co.uk", "o'neil@x.io", "a@b"])
def test_a_plain_address_is_taken(address: str) -> None:
    assert parse(msgspec.structs.replace(LETTER, recipient=address))["To"] == address
