"""DKIM: what is signed here, another library verifies; dkimpy is the oracle."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from types import SimpleNamespace

import dkim
import msgspec
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.channels.test_mime import LETTER, TEXTS
from upsell.channels.dkim import DkimKey, PrivateKey, keys_for, read_key, relaxed_body, sign_mail
from upsell.channels.mime import format_mail
from upsell.errors import ConfigError

RSA = DkimKey("acme.example", "s1", generate_private_key(65537, 2048))
ED25519 = DkimKey("acme.example", "s2", Ed25519PrivateKey.generate())


def pem(key: PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def dns(name: bytes, timeout: int = 0) -> bytes:
    """Answer as the domain's name server does."""
    key = RSA if name.startswith(b"s1._domainkey.acme.example") else ED25519
    if key is RSA:
        spki = RSA.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return b"v=DKIM1; k=rsa; p=" + b64encode(spki)
    raw = ED25519.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return b"v=DKIM1; k=ed25519; p=" + b64encode(raw)


class Ed25519VerifyKey:
    """What dkimpy asks of PyNaCl to verify Ed25519, by another library; RFC 8463's mail tests it."""

    def __init__(self, key: bytes, encoder: object) -> None:
        self._key = Ed25519PublicKey.from_public_bytes(b64decode(key))

    def verify(self, signed: bytes, signature: bytes) -> None:
        self._key.verify(signature, signed)


@pytest.fixture(autouse=True)
def ed25519(monkeypatch: pytest.MonkeyPatch) -> None:
    nacl = SimpleNamespace(
        signing=SimpleNamespace(VerifyKey=Ed25519VerifyKey),
        encoding=SimpleNamespace(Base64Encoder=None),
        exceptions=SimpleNamespace(BadSignatureError=InvalidSignature, ValueError=ValueError),
    )
    monkeypatch.setattr(dkim, "nacl", nacl, raising=False)


def verifies(mail: bytes) -> list[bool]:
    """Whether each signature holds, from the topmost on."""
    checked = dkim.DKIM(mail, minkey=1024)
    count = len(re.findall(rb"(?m)^DKIM-Signature:", mail.partition(b"\r\n\r\n")[0]))
    return [_verifies(checked, number) for number in range(count)]


def _verifies(checked: dkim.DKIM, number: int) -> bool:
    try:
        return bool(checked.verify(idx=number, dnsfunc=dns))
    except dkim.ValidationError:
        return False


def test_the_oracle_verifies_the_mail_that_the_standard_prints() -> None:
    # RFC 8463, appendix A, with its signature by Ed25519.
    mail = b"""\
DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
""".replace(b"\n", b"\r\n")
    key = b"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    assert dkim.DKIM(mail).verify(dnsfunc=lambda *_, **__: key)
    assert not dkim.DKIM(mail.replace(b"dinner", b"supper")).verify(dnsfunc=lambda *_, **__: key)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(subject=TEXTS, name=TEXTS, text=TEXTS, html=TEXTS)
def test_any_letter_is_signed_so_that_another_library_verifies_it(
    subject: str, name: str, text: str, html: str
) -> None:
    letter = msgspec.structs.replace(LETTER, subject=subject, sender_name=name, text=text, html=html)
    signed = sign_mail(format_mail(letter), (RSA, ED25519), 1_772_442_000)
    assert verifies(signed) == [True, True]
    assert signed.endswith(format_mail(letter))
    assert all(len(line) <= 78 for line in signed.partition(b"\r\nFrom:")[0].split(b"\r\n"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([b" ", b"\t", b"\r\n", b"a", b"b ", b"."]), max_size=40).map(b"".join))
def test_a_body_is_hashed_in_the_same_form_by_both(body: bytes) -> None:
    policy = dkim.CanonicalizationPolicy.from_c_value(b"relaxed/relaxed")
    assert relaxed_body(body) == policy.canonicalize_body(body + b"\r\n")


@pytest.mark.parametrize("key", [RSA, ED25519])
@pytest.mark.parametrize(
    ("said", "forged"),
    [
        (b"Subject: Your plan", b"Subject: Your bank"),
        (b"hello@acme", b"helpo@acme"),
        (b"Hello", b"Hullo"),
        (b"From: Acme", b"From: Eve <eve@evil.example>\r\nFrom: Acme"),
        (b"Auto-Submitted: auto-generated\r\n", b""),
    ],
)
def test_what_is_changed_on_the_way_no_longer_verifies(key: DkimKey, said: bytes, forged: bytes) -> None:
    signed = sign_mail(format_mail(LETTER), (key,), 1_772_442_000)
    assert verifies(signed) == [True]
    assert said in signed
    assert verifies(signed.replace(said, forged, 1)) == [False]


def test_from_is_signed_once_more_than_there_is_one_so_that_none_can_be_added() -> None:
    # The oracle adds this itself when it verifies, so the tag is read. Source: RFC 6376, 5.4.2.
    signed = sign_mail(format_mail(LETTER), (RSA,), 0)
    found = re.search(rb"\sh=([^;]+);", signed)
    assert found is not None
    names = re.sub(rb"\s", b"", found[1]).split(b":")
    assert names.count(b"from") == 2
    assert set(names) == {
        b"from", b"to", b"subject", b"date", b"message-id", b"auto-submitted", b"mime-version",
        b"content-type",
    }  # fmt: skip


def test_without_a_key_a_mail_stays_as_it_is() -> None:
    assert sign_mail(format_mail(LETTER), (), 0) == format_mail(LETTER)


def test_the_nearest_domain_at_or_above_the_senders_signs() -> None:
    keys = {"acme.example": (RSA,), "de.acme.example": (ED25519,)}
    assert keys_for("a@acme.example", keys) == (RSA,)
    assert keys_for("a@Mail.De.Acme.Example", keys) == (ED25519,)
    assert keys_for("a@notacme.example", keys) == ()
    assert keys_for("a@example", keys) == ()


@pytest.mark.parametrize("key", [RSA.key, ED25519.key])
def test_a_key_is_read_from_its_file(key: PrivateKey) -> None:
    read = read_key(pem(key), "dkim.pem")
    assert read.public_key() == key.public_key()


def test_what_is_no_key_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        ConfigError, match=r"^dkim\.pem: expected a private RSA or Ed25519 key .* openssl genrsa"
    ):
        read_key(b"nonsense", "dkim.pem")
    monkeypatch.setattr("upsell.channels.dkim.FEWEST_BITS", 3072)
    with pytest.raises(ConfigError, match=r"^dkim\.pem: expected an RSA key of at least 3072 bits, got 2048"):
        read_key(pem(RSA.key), "dkim.pem")
