"""The mail file: every line of it is read to what it says, and what is wrong says where and what to do."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import msgspec
import pytest

from tests.unit.channels.test_dkim import ED25519, RSA, pem
from upsell.channels.buckets import Rate
from upsell.channels.mail_file import read_mail
from upsell.channels.providers import Asked, Asking, Provider, Tls
from upsell.channels.warm_up import WarmUp
from upsell.clock import HOUR, MINUTE, SECOND
from upsell.config import Settings
from upsell.errors import ConfigError

WHOLE = """\
providers:
  ses:
    host: email-smtp.eu-central-1.amazonaws.com
    ca: certificates.pem
    connections: 8
    most_per_connection: 500
    rate: 14/second
    domain_rates: {Gmail.com: 20/minute, "*": 5000/hour}
    warm_up: {start: 2026-03-02, first: 200, growth: 50%, up_to: 50000}
  mailgun:
    host: smtp.eu.mailgun.org
    tls: tls
    ask: {of: mailgun, domain: mg.acme.example, url: "https://api.eu.mailgun.net"}
  local: {host: 127.0.0.1, port: 1025, tls: none}
dkim:
  - {domain: acme.example, selector: s1, key: keys/rsa.pem}
  - {domain: acme.example, selector: s2, key: keys/ed25519.pem}
"""


def written(folder: Path, text: str, **settings: str) -> Settings:
    path = folder / "mail.yaml"
    path.write_text(text)
    return msgspec.structs.replace(Settings(mail_file=str(path)), **settings)


def test_without_a_file_there_is_the_host_of_the_plain_settings() -> None:
    settings = Settings(
        smtp_port=2525, smtp_tls="starttls", smtp_connections=7, mail_logins="default=ada:x:=y"
    )
    (provider,) = read_mail(settings).providers
    assert provider == Provider(
        "default", "127.0.0.1", 2525, Tls.STARTTLS, user="ada", password="x:=y", connections=7
    )


def test_every_line_is_read_and_secrets_come_from_settings_by_the_provider_s_name(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "rsa.pem").write_bytes(pem(RSA.key))
    (tmp_path / "keys" / "ed25519.pem").write_bytes(pem(ED25519.key))
    mail = read_mail(
        written(
            tmp_path, WHOLE, mail_logins="ses=AKIA:se=cret mailgun=post:pw", mail_api_keys="mailgun=key-1"
        )
    )
    ses, mailgun, local = mail.providers
    assert ses == Provider(
        "ses",
        "email-smtp.eu-central-1.amazonaws.com",
        587,
        Tls.STARTTLS,
        ca=str(tmp_path / "certificates.pem"),
        user="AKIA",
        password="se=cret",
        connections=8,
        most_per_connection=500,
        rate=Rate(14, SECOND),
        domain_rates={"gmail.com": Rate(20, MINUTE), "*": Rate(5000, HOUR)},
        warm_up=WarmUp(20_514, 200, Fraction(1, 2), 50_000),
    )
    asking = Asking(Asked.MAILGUN, "https://api.eu.mailgun.net", "mg.acme.example", "key-1")
    assert mailgun == Provider(
        "mailgun", "smtp.eu.mailgun.org", 465, Tls.TLS, user="post", password="pw", asking=asking
    )
    assert local == Provider("local", "127.0.0.1", 1025)
    assert [(key.selector, key.domain) for key in mail.keys["acme.example"]] == [
        ("s1", "acme.example"), ("s2", "acme.example"),
    ]  # fmt: skip


ONE = "providers: {a: {host: 127.0.0.1, tls: none"


@pytest.mark.parametrize(
    ("text", "settings", "said"),
    [
        ("", {}, r"expected the key providers, got an empty file"),
        ("providers: {}", {}, r"mail\.yaml:1: providers: expected at least one value"),
        ("providers: {a: {prot: 25}}", {}, r"mail\.yaml:1: expected .*(host|prot)"),
        (f"{ONE}, rate: 14/day}}}}", {}, r"expected a rate such as 14/second"),
        (f"{ONE}, port: 99999999}}}}", {}, r"expected a port from 1 to 65535"),
        (f"{ONE}, domain_rates: {{gmail: 1/second}}}}}}", {}, r"for each domain a domain such as gmail\.com"),
        (
            f"{ONE}, warm_up: {{start: 2026-03-02, first: 1, growth: 0%, up_to: 2}}}}}}",
            {},
            r"expected a growth from 1% to 900% a day",
        ),
        (
            f"{ONE}}}}}\ndkim: [{{domain: a.example, selector: s, key: no.pem}}]",
            {},
            r":2: expected the private key",
        ),
        (f"{ONE}}}}}", {"mail_logins": "b=u:p"}, r"UPSELL_MAIL_LOGINS: expected one of a, got b"),
        (f"{ONE}}}}}", {"mail_logins": "a=justone"}, r"expected provider=user:password .* as number 1$"),
        (
            f"{ONE}}}}}",
            {"mail_api_keys": "a=k"},
            r"UPSELL_MAIL_API_KEYS: expected nothing, for no provider here has an ask, got a",
        ),
        (f"{ONE}, ask: {{of: postmark}}}}}}", {}, r"expected its API key in UPSELL_MAIL_API_KEYS"),
        (f"{ONE}, ask: {{of: mailgun}}}}}}", {"mail_api_keys": "a=k"}, r"expected ask\.domain"),
        (
            "providers: {a: {host: smtp.example.com, tls: none}}",
            {"mail_logins": "a=u:p"},
            r"expected tls: starttls or tls where a password is sent to smtp\.example\.com",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_no_secret(
    tmp_path: Path, text: str, settings: dict[str, str], said: str
) -> None:
    with pytest.raises(ConfigError, match=said) as refused:
        read_mail(written(tmp_path, text, **settings))
    assert "justone" not in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^UPSELL_MAIL_FILE: expected a mail file at .*none\.yaml"):
        read_mail(Settings(mail_file=str(tmp_path / "none.yaml")))
