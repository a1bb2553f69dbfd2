"""What a webhook of a sink is told, how it is signed, and how its answers are read."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sinks import GATEWAY_SECRET, LOCAL, open_gateway
from upsell.channels.calling import Called
from upsell.channels.sinks.definition import Definition
from upsell.channels.sinks.definitions import read_sinks
from upsell.channels.sinks.sink import Outcome, Parcel, Reply, parcel_id, read_reply
from upsell.channels.sinks.webhook import USUAL, event_type, write_event
from upsell.clock import MINUTE, SECOND, parse_moment
from upsell.errors import ConfigError, DefinitionError
from upsell.signals.event_table import EVENT_TABLE
from upsell.signals.events import Event

NOW = parse_moment("2026-03-02T09:00:00Z") or 0
OTHER_SECRET = "whsec_" + base64.b64encode(b"o" * 32).decode()
ACCEPTED = Event("e1", "Offer Accepted", NOW - MINUTE, NOW, "ada", "acme", {"offer": "pro"}, "accepting")


def written(text: str) -> Definition:
    return read_sinks({"sinks/crm.yaml": text})["crm"]


def problems(text: str) -> list[tuple[str, str]]:
    with pytest.raises(DefinitionError) as refused:
        written(text)
    return [(each.code, each.message) for each in refused.value.problems]


def deliver(text: str, parcel: Parcel, secrets: Mapping[str, str]) -> Reply:
    async def run() -> Reply:
        sink = written(text).open(secrets, LOCAL)
        reply = await sink.deliver(parcel, NOW)
        await sink.close()
        return reply

    return asyncio.run(run())


def verify(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Verify as the specification says, by its words and not by the program's own code."""
    held = {name.lower(): said for name, said in headers.items()}
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = b".".join((held["webhook-id"].encode(), held["webhook-timestamp"].encode(), body))
    due = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(f"v1,{due}", each) for each in held["webhook-signature"].split(" "))


def test_an_event_is_one_signed_post_under_an_id_that_stays() -> None:
    parcel = Parcel(parcel_id(ACCEPTED, 7), ACCEPTED)
    with open_gateway() as gateway:
        text = f"webhook: {{url: '{gateway.url}'}}"
        for _ in range(2):
            reply = deliver(text, parcel, {"UPSELL_SECRET_SINK_CRM": GATEWAY_SECRET})
            assert reply.outcome is Outcome.TAKEN
        (headers, body), (again, same) = gateway.requests
    assert verify(GATEWAY_SECRET, headers, body)
    assert not verify(OTHER_SECRET, headers, body)
    assert not verify(GATEWAY_SECRET, headers, body + b" ")
    assert (same, again["webhook-id"]) == (body, headers["webhook-id"])
    assert "." not in headers["webhook-id"]
    assert json.loads(body) == {
        "type": "offer.accepted",
        "timestamp": "2026-03-02T08:59:00Z",
        "data": {
            "id": headers["webhook-id"],
            "event": "Offer Accepted",
            "source": "accepting",
            "source_id": "e1",
            "occurred_at": "2026-03-02T08:59:00Z",
            "seen_at": "2026-03-02T09:00:00Z",
            "customer_id": "ada",
            "account_id": "acme",
            "properties": {"offer": "pro"},
        },
    }


def test_while_a_secret_is_changed_either_of_two_proves_it() -> None:
    with open_gateway() as gateway:
        text = f"webhook: {{url: '{gateway.url}', secrets: [UPSELL_SECRET_NEW, UPSELL_SECRET_OLD]}}"
        secrets = {"UPSELL_SECRET_NEW": OTHER_SECRET, "UPSELL_SECRET_OLD": GATEWAY_SECRET}
        deliver(text, Parcel("evt_1", ACCEPTED), secrets)
        deliver(text, Parcel("evt_1", ACCEPTED), {"UPSELL_SECRET_OLD": GATEWAY_SECRET})
        both, one = gateway.requests
    assert verify(GATEWAY_SECRET, *both)
    assert verify(OTHER_SECRET, *both)
    assert (verify(GATEWAY_SECRET, *one), verify(OTHER_SECRET, *one)) == (True, False)


def test_the_vector_that_the_specification_publishes_is_reproduced() -> None:
    # Standard Webhooks' own libraries test with these.
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    assert verify(GATEWAY_SECRET, headers, b'{"test": 2432232314}')


@pytest.mark.parametrize(
    ("secrets", "words"),
    [
        ({}, "expected UPSELL_SECRET_SINK_CRM to be set"),
        ({"UPSELL_SECRET_SINK_CRM": "x"}, "whsec_ and the base64"),
    ],
)
def test_a_webhook_without_a_good_secret_is_closed(secrets: Mapping[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        written("webhook: {url: https://hooks.acme.example/x}").open(secrets, LOCAL)


TRAITS = st.dictionaries(
    st.sampled_from(["email", "phone", "push_token", "region", "seats"]), st.text(max_size=3)
)


@settings(max_examples=50)
@given(
    name=st.sampled_from(["Customer Identified", "Account Identified", "Invite Sent", "Offer Accepted"]),
    said=TRAITS,
    asked=st.frozensets(st.sampled_from(["email", "phone", "region", "seats"])),
)
def test_no_trait_is_told_that_was_not_asked_for(
    name: str, said: dict[str, Any], asked: frozenset[str]
) -> None:
    event = Event("e1", name, NOW, NOW, "ada", "acme", said)
    traits = {key: value for key, value in said.items() if key in asked}
    told = json.loads(write_event(Parcel("evt_1", event, traits), asked))["data"]
    hidden = {"email", "phone", "push_token"} if name in ("Invite Sent", "Offer Accepted") else set(said)
    assert told["properties"].keys() == said.keys() - (hidden - asked)
    assert told.get("traits", {}) == traits


def test_by_itself_a_webhook_is_told_what_was_said_and_answered_and_nobodys_traits() -> None:
    definition = written("webhook: {url: https://hooks.acme.example/x}")
    assert definition.events == USUAL
    assert definition.events <= EVENT_TABLE.keys()
    assert not definition.events & {"Customer Identified", "Account Identified"}
    assert (definition.traits, definition.at_once) == ((), 1)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Offer Accepted", "offer.accepted"),
        ("Feature Gate Hit", "feature.gate_hit"),
        ("Signed Up", "signed.up"),
        ("Login", "login"),
        ("Größe", "gr.e"),
        ("☃", "event"),
    ],
)
def test_a_name_is_written_as_a_type(name: str, expected: str) -> None:
    assert event_type(name) == expected


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("webhook: {url: http://hooks.acme.example/x}", "sink-url", "expected https for hooks.acme.example"),
        ("webhook: {url: 'ftp://x.example'}", "wrong-type", "web address"),
        ("webhook: {url: https://h.example/, secrets: [TOKEN]}", "wrong-type", "UPSELL_SECRET_"),
        ("webhook: {url: https://h.example/, at_once: 33}", "wrong-type", "from 1 to 32"),
        ("{webhook: {url: https://h.example/}, events: [Offer Acepted]}", "sink-event", "got Offer Acepted"),
        ("{webhook: {url: https://h.example/}, event: [Login]}", "unknown-key", "event"),
        ("webhok: {}", "wrong-type", "one of"),
        ("", "missing-key", "an empty file"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(text: str, code: str, words: str) -> None:
    found = problems(text)
    assert any(words in message for _, message in found), found
    assert code in {each for each, _ in found}, found


def test_a_file_that_cannot_be_a_name_is_refused() -> None:
    with pytest.raises(DefinitionError, match="a sink's name is its file's name"):
        read_sinks({"sinks/My CRM.yaml": "webhook: {url: https://h.example/}"})


@settings(max_examples=50)
@given(st.integers(100, 599))
def test_only_2xx_is_taken_and_only_410_is_gone(status: int) -> None:
    reply = read_reply(Called(status, {"retry-after": "90"}, b"said"), NOW)
    expected = Outcome.TAKEN if 200 <= status < 300 else Outcome.GONE if status == 410 else Outcome.FAILED
    assert reply.outcome is expected
    assert reply.retry_after == (90 * SECOND if status in (429, 503) else None)
    is_others = 400 <= status < 500 and status not in (408, 425, 429)
    assert reply.is_fault == (expected is Outcome.FAILED and not is_others)
