"""What Twilio says is proved by its signature, and read by its words."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twilio_stand_in import TOKEN, signed
from upsell.sources.hooks.twilio import prove_twilio, read_status, read_text
from upsell.sources.reports import ForgedError, Kind, MalformedError
from upsell.testing.stories import START

URL = "https://mail.acme.example/hooks/twilio?key=k1"
SAID = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+15551234567", "Empty": ""}


def test_a_signature_is_that_of_the_published_example() -> None:
    # Oracle: the example of Twilio's page on security, as its libraries' own tests have it.
    said = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
    headers = {"x-twilio-signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="}
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert dict(prove_twilio("12345", url, headers, urlencode(said).encode())) == said


@pytest.mark.parametrize("as_known", [URL, URL.replace("example/", "example:443/")])
def test_a_port_may_have_been_signed_or_not(as_known: str) -> None:
    body, headers = signed(as_known, SAID)
    assert dict(prove_twilio(TOKEN, URL, headers, body)) == SAID


@pytest.mark.parametrize(
    "as_known",
    [
        "https://Hooks.Acme.example/hooks/twilio?key=k1",
        "https://Hooks.Acme.example:443/hooks/twilio?key=k1",
        "https://hooks.acme.example/hooks/twilio?key=k1",
    ],
)
def test_a_host_is_signed_as_it_was_written_or_in_small_letters(as_known: str) -> None:
    body, headers = signed(as_known, SAID)
    url = "https://user:Word@Hooks.Acme.example/hooks/twilio?key=k1"
    assert dict(prove_twilio(TOKEN, url, headers, body)) == SAID
    with pytest.raises(ForgedError):
        prove_twilio(TOKEN, url.replace("Acme", "Acne"), headers, body)


@pytest.mark.parametrize("as_known", ["http://[::1]:8600/x", "http://[::1]/x"])
def test_an_address_of_numbers_is_signed_with_its_port_or_without(as_known: str) -> None:
    body, headers = signed(as_known, SAID)
    assert dict(prove_twilio(TOKEN, "http://[::1]:8600/x", headers, body)) == SAID


@given(
    st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=8), max_size=5), st.integers(0, 10**6)
)
@settings(max_examples=40)
def test_whatever_is_signed_is_believed_and_nothing_else_is(said: dict[str, str], place: int) -> None:
    body, headers = signed(URL, said)
    assert dict(prove_twilio(TOKEN, URL, headers, body)) == said
    bent = bytearray(body + b"&a=b")
    bent[place % len(bent)] ^= 1
    with pytest.raises(ForgedError):
        prove_twilio(TOKEN, URL, headers, bytes(bent))


@pytest.mark.parametrize("body", [b"", b"\xff=\xfe", b"&&&", b"=", b"a=1;b=2", b"%", b"a=1&" * 1000])
def test_what_is_not_signed_is_refused_whatever_it_is(body: bytes) -> None:
    with pytest.raises(ForgedError):
        prove_twilio(TOKEN, URL, {"x-twilio-signature": "é"}, body)


@pytest.mark.parametrize(
    ("status", "code", "kind", "is_soft"),
    [
        ("delivered", "", Kind.DELIVERED, True),
        ("undelivered", "30003", Kind.BOUNCED, True),
        ("undelivered", "30004", Kind.BOUNCED, True),
        ("undelivered", "30005", Kind.BOUNCED, False),
        ("undelivered", "30006", Kind.BOUNCED, False),
        ("undelivered", "30007", Kind.BOUNCED, True),
        ("undelivered", "30008", Kind.BOUNCED, True),
        ("failed", "21614", Kind.BOUNCED, False),
        ("failed", "21610", Kind.WITHDRAWN, True),
        ("FAILED", "", Kind.BOUNCED, True),
    ],
)
def test_what_became_of_a_text_is_read_by_status_and_code(
    status: str, code: str, kind: Kind, *, is_soft: bool
) -> None:
    (report,) = read_status({**SAID, "MessageStatus": status, "ErrorCode": code}, "k1", START).reports
    assert (report.kind, report.is_soft, report.keys, report.provider_ids) == (
        kind,
        is_soft,
        ("k1",),
        ("SM1",),
    )
    assert report.recipients == ("+15551234567",)


@pytest.mark.parametrize("status", ["queued", "accepted", "sending", "sent"])
def test_what_is_on_its_way_says_nothing(status: str) -> None:
    reading = read_status({**SAID, "MessageStatus": status}, "k1", START)
    assert (reading.reports, reading.unread, reading.passed_over) == ((), (), 1)


@pytest.mark.parametrize("said", [{}, {"MessageSid": "SM1"}, {**SAID, "MessageStatus": "beamed"}])
def test_what_is_not_understood_is_kept_aside_without_the_number(said: dict[str, str]) -> None:
    reading = read_status(said, "k1", START)
    assert reading.reports == ()
    assert "+1555" not in reading.unread[0].body


@pytest.mark.parametrize("said", [{}, {"MessageSid": "SM1", "From": "Acme"}, {"From": "+15551234567"}])
def test_a_text_that_is_from_nobody_is_malformed(said: dict[str, str]) -> None:
    with pytest.raises(MalformedError):
        read_text(said)
