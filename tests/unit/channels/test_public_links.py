"""Public links: mail leaves this machine only when whoever gets it can unsubscribe."""

from __future__ import annotations

import pytest

from upsell.channels.public_links import check_links
from upsell.config import Settings, link_base, load_settings
from upsell.errors import ConfigError
from upsell.runtime.carriers import open_channels

ELSEWHERE = ["mail.example.com", "192.0.2.1", "0.0.0.0", "127.0.0.1.example.com", ""]  # no binding


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_mail_that_stays_on_this_machine_asks_for_nothing(host: str) -> None:
    check_links(host, link_base(Settings()))


@pytest.mark.parametrize("host", ELSEWHERE)
@pytest.mark.parametrize(
    "base",
    ["http://127.0.0.1:8600", "http://go.acme.example", "https://localhost/", "https://[::1]", "https://"],
)
def test_mail_that_leaves_is_refused_while_its_links_lead_nowhere(host: str, base: str) -> None:
    with pytest.raises(ConfigError, match="UPSELL_PUBLIC_URL"):
        check_links(host, base)


@pytest.mark.parametrize("host", ELSEWHERE)
def test_mail_goes_anywhere_once_its_links_are_reached_over_https(host: str) -> None:
    check_links(host, "https://go.acme.example/mail")


def test_nothing_that_sends_opens_before_links_are_public() -> None:
    with pytest.raises(ConfigError, match=r"mail\.example\.com"):
        open_channels(load_settings({"UPSELL_SMTP_HOST": "mail.example.com"}))
    public = {"UPSELL_SMTP_HOST": "mail.example.com", "UPSELL_PUBLIC_URL": "https://go.acme.example"}
    assert set(open_channels(load_settings(public))) == {"email"}


def test_what_is_sent_without_being_set_up_stays_on_this_machine() -> None:
    assert (Settings().smtp_host, Settings().smtp_port, Settings().http_host) == (
        "127.0.0.1",
        1025,
        "127.0.0.1",
    )
