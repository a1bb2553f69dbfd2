"""Signatures: what vendors publish with their own hashes is believed, and nothing else is."""

from __future__ import annotations

import base64
import hmac
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drawing import examples
from upsell.clock import MINUTE, SECOND
from upsell.errors import ConfigError
from upsell.sources.reports import ForgedError
from upsell.sources.signatures import PRESETS, Signed, check_secrets, prove, sign
from upsell.sources.source import Delivery

NOW = 1_614_265_330 * SECOND


def is_believed(scheme: str, secret: str, delivery: Delivery, now: int = NOW) -> bool:
    try:
        prove(PRESETS[scheme], [secret], delivery, now)
    except ForgedError:
        return False
    return True


STANDARD = Delivery(
    b'{"test": 2432232314}',
    {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    },
)
"""The vector that the Standard Webhooks libraries test themselves with."""
STANDARD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_published_vector_of_standard_webhooks_is_believed() -> None:
    assert is_believed("standard-webhooks", STANDARD_SECRET, STANDARD)


def test_the_published_vector_of_github_is_believed() -> None:
    signed = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    delivery = Delivery(b"Hello, World!", {"x-hub-signature-256": signed})
    assert is_believed("github", "It's a Secret to Everybody", delivery)


def test_the_published_vector_of_hubspot_s_workflows_is_believed() -> None:
    # https://developers.hubspot.com/docs/apps/legacy-apps/authentication/validating-requests, v2 of a POST
    signed = "9569219f8ba981ffa6f6f16aa0f48637d35d728c7e4d93d0d52efaa512af7900"
    delivery = Delivery(
        b'{"example_field":"example_value"}',
        {"x-hubspot-signature": signed},
        url="https://www.example.com/webhook_uri",
    )
    assert is_believed("hubspot-workflow", "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy", delivery)


def test_slack_s_own_example_is_believed() -> None:
    # The example of its page "Verifying requests from Slack".
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554"
        b"%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    headers = {
        "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
        "x-slack-request-timestamp": "1531420618",
    }
    at = 1531420618 * SECOND
    assert is_believed("slack", "8f742231b10e8888abcd99yyyzzz85a5", Delivery(body, headers), at)
    assert not is_believed("slack", "8f742231b10e8888abcd99yyyzzz85a6", Delivery(body, headers), at)


@pytest.mark.parametrize("off", [-5 * MINUTE - SECOND, 5 * MINUTE + SECOND])
def test_a_signature_of_long_ago_or_of_later_is_not_believed(off: int) -> None:
    assert is_believed("standard-webhooks", STANDARD_SECRET, STANDARD, NOW + 5 * MINUTE)
    assert not is_believed("standard-webhooks", STANDARD_SECRET, STANDARD, NOW + off)


@pytest.mark.parametrize("secret", ["whsec_", "whsec_====", "not base64!"])
def test_a_secret_that_is_no_key_is_refused_before_anything_comes(secret: str) -> None:
    with pytest.raises(ConfigError, match="base64"):
        check_secrets(PRESETS["standard-webhooks"], [secret])


def test_either_secret_will_do_while_one_is_changed_and_either_hash_of_a_vendor_s_two() -> None:
    prove(PRESETS["standard-webhooks"], ["whsec_AAAA", STANDARD_SECRET], STANDARD, NOW)
    good = STANDARD.headers["webhook-signature"]
    both = Delivery(STANDARD.body, {**STANDARD.headers, "webhook-signature": f"v1,AAAA {good}"})
    assert is_believed("standard-webhooks", STANDARD_SECRET, both)


def test_hubspot_s_third_version_is_of_method_address_body_and_time() -> None:
    body, url, stamp = b"[]", "https://x.example/hooks/hubspot?a=1", str(NOW // 1_000)
    content = b"POST" + url.encode() + body + stamp.encode()
    signed = base64.b64encode(hmac.new(b"key", content, sha256).digest()).decode()
    headers = {"x-hubspot-signature-v3": signed, "x-hubspot-request-timestamp": stamp}
    assert is_believed("hubspot", "key", Delivery(body, headers, url=url))
    assert not is_believed("hubspot", "key", Delivery(body, headers, url=f"{url}2"))


@given(
    name=st.sampled_from(sorted(name for name, each in PRESETS.items() if isinstance(each, Signed))),
    body=st.binary(max_size=200),
    other=st.binary(max_size=200),
)
@settings(max_examples=examples(300))
def test_a_hash_is_believed_for_its_own_body_and_no_other(name: str, body: bytes, other: bytes) -> None:
    scheme = PRESETS[name]
    assert isinstance(scheme, Signed)
    stamp = (
        "2021-02-25T15:02:10Z" if name == "zendesk" else str(NOW // (1_000 if name == "hubspot" else SECOND))
    )
    secret = base64.b64encode(b"0123456789").decode()

    def delivered(content: bytes, hashed: str) -> Delivery:
        shown = f"{scheme.prefix}{hashed}"
        if scheme.part:
            shown = f"{scheme.time_part}={stamp};{scheme.part}={hashed}"
        headers = {scheme.header: shown, scheme.id_header or "x-id": "m1"}
        return Delivery(content, headers | ({scheme.time_header: stamp} if scheme.time_header else {}))

    has_time = bool(scheme.time_header or scheme.time_part)
    hashed = sign(scheme, secret, delivered(body, ""), stamp if has_time else "")
    assert is_believed(name, secret, delivered(body, hashed))
    assert is_believed(name, secret, delivered(other, hashed)) == (other == body)
    assert not is_believed(name, base64.b64encode(b"other").decode(), delivered(body, hashed))


@given(name=st.sampled_from(sorted(PRESETS)), shown=st.text(max_size=60))
@settings(max_examples=examples(300))
def test_nothing_that_a_header_says_breaks_anything(name: str, shown: str) -> None:
    every = {
        "authorization",
        *(getattr(each, "header", "") for each in PRESETS.values()),
        *(getattr(each, "time_header", "") for each in PRESETS.values()),
    }
    assert not is_believed(name, "c2VjcmV0", Delivery(b"{}", dict.fromkeys(every, shown)))


def test_what_a_refusal_says_tells_nothing_of_the_secret() -> None:
    for name in PRESETS:
        with pytest.raises(ForgedError) as refused:
            prove(PRESETS[name], ["c2VjcmV0c2VjcmV0"], Delivery(b"{}"), NOW)
        assert "c2VjcmV0" not in str(refused.value)
