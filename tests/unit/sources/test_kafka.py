"""Kafka's messages as events, and sources of Kafka as they are written."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stories.world import START
from upsell.clock import DAY, HOUR, format_moment
from upsell.errors import ConfigError, DefinitionError
from upsell.runtime.consumed import moves_of
from upsell.sources.definitions import read_sources
from upsell.sources.kafka import KafkaDefinition, KafkaSource
from upsell.sources.kafka_messages import From, KeyIs, Message, Partition, read_message
from upsell.sources.segment import Draft, Refusal
from upsell.sources.source import Taken
from upsell.store.kafka_offsets import Move
from upsell.store.rejections import Rejection

PLACE = Partition("events", 3)
TRACK = {"type": "track", "event": "Order Placed", "userId": "ada"}
PLAIN = "kafka: {servers: 'a:9092', topics: [events], start: earliest"
RULES = """
kafka:
  servers: a:9092
  topics: [events]
  start: earliest
  account: headers.kafka_key
  rules:
    - {when: "body.op == 'd'", ignore: deletions}
    - {when: "body.op == 'c'", event: Order Placed, properties: {total: body.total, kind: headers.x_kind}}
"""


def message(said: Any = TRACK, **other: Any) -> Message:
    value = said if said is None or isinstance(said, bytes) else msgspec.json.encode(said)
    return Message(PLACE, other.pop("offset", 42), value, **other)


def take(told: Message, *, key_is: KeyIs = KeyIs.NOTHING, topic_id: str = "T1", now: int = START) -> Taken:
    return read_message(told, KafkaSource("orders"), topic_id, key_is, now)


def draft(told: Message, **said: Any) -> Draft:
    (found,) = take(told, **said).items
    assert isinstance(found, Draft), found
    return found


def define(text: str) -> KafkaDefinition:
    (found,) = read_sources({"sources/orders.yaml": text}).values()
    assert isinstance(found, KafkaDefinition)
    return found


def wrong(text: str) -> list[str]:
    with pytest.raises(DefinitionError) as refused:
        define(text)
    return [problem.code for problem in refused.value.problems]


def test_a_message_without_an_id_is_one_event_of_its_place_however_often_it_is_read() -> None:
    first, again = draft(message()), draft(message(), now=START + DAY)
    assert first.event.id == again.event.id == "T1/3/42"
    assert first.hash == again.hash
    assert first.event.source == "orders"
    assert draft(message(offset=43)).event.id != first.event.id
    assert draft(message(), topic_id="T2").event.id != first.event.id


def test_an_id_of_its_own_is_kept() -> None:
    assert draft(message({**TRACK, "messageId": "m1"})).event.id == "m1"
    assert draft(message({**TRACK, "messageId": None})).event.id == "T1/3/42"


def test_a_topic_of_the_longest_name_gives_an_id_that_is_taken() -> None:
    told = Message(Partition("t" * 249, 0), 2**62, msgspec.json.encode(TRACK))
    assert len(draft(told, topic_id="").event.id) <= 200


def test_a_message_without_a_time_happened_when_kafka_says_it_was_sent() -> None:
    sent_at = START - 3 * HOUR
    assert draft(message(sent_at=sent_at)).event.occurred_at == sent_at
    assert draft(message()).event.occurred_at == START
    assert draft(message(sent_at=START + DAY)).event.occurred_at == START
    # Sent again later by its producer, under the id it had, it is the same event.
    twice = [draft(message({**TRACK, "messageId": "m"}, sent_at=at)).hash for at in (sent_at, START)]
    assert twice[0] == twice[1]


def test_how_long_a_message_lay_in_its_topic_does_not_move_its_time() -> None:
    said = {**TRACK, "timestamp": format_moment(START - DAY), "sentAt": format_moment(START - DAY)}
    assert draft(message(said, sent_at=START - HOUR)).event.occurred_at == START - DAY


@pytest.mark.parametrize(
    ("said", "key_is", "customer", "account"),
    [
        ({}, KeyIs.NOTHING, None, None),
        ({}, KeyIs.CUSTOMER, "k1", None),
        ({"userId": None}, KeyIs.CUSTOMER, "k1", None),
        ({"userId": "ada"}, KeyIs.CUSTOMER, "ada", None),
        ({"anonymousId": "x"}, KeyIs.CUSTOMER, "anon:x", None),
        ({"userId": "ada"}, KeyIs.ACCOUNT, "ada", "k1"),
        ({"userId": "ada", "context": {"groupId": "acme"}}, KeyIs.ACCOUNT, "ada", "acme"),
        ({"userId": "ada", "context": {"groupId": None}}, KeyIs.ACCOUNT, "ada", "k1"),
        ({"userId": "ada", "context": None}, KeyIs.ACCOUNT, "ada", "k1"),
    ],
)
def test_the_key_names_whom_the_value_does_not(
    said: dict[str, Any], key_is: KeyIs, customer: str | None, account: str | None
) -> None:
    (found,) = take(message({"type": "track", "event": "x", **said}, key=b"k1"), key_is=key_is).items
    if customer is None and account is None:
        assert isinstance(found, Refusal)
        assert found.code == "missing_id"
    else:
        assert isinstance(found, Draft)
        assert (found.event.customer_id, found.event.account_id) == (customer, account)


def test_a_key_that_is_no_text_is_refused_only_where_it_is_an_id() -> None:
    (aside,) = take(message(key=b"\xff"), key_is=KeyIs.CUSTOMER).asides
    assert aside.code == "invalid_key"
    assert draft(message(key=b"\xff")).event.customer_id == "ada"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (b"", "malformed"),
        (b"{", "malformed"),
        (b"\xff", "malformed"),
        (b"[]", "invalid"),
        (b"{}", "unknown_kind"),
        (b'{"type": 7}', "unknown_kind"),
        (b'{"type":"track","x":"' + b"y" * 40_000 + b'"}', "too_large"),
        (b"z" * 600_000, "too_large"),
    ],
)
def test_what_cannot_be_read_is_kept_aside_with_a_reason(value: bytes, code: str) -> None:
    taken = take(message(value))
    assert [each.code for each in taken.asides] == [code]
    assert taken.items == ()


def test_a_tombstone_says_nothing() -> None:
    assert take(message(None)) == Taken(passed_over=1)


def test_numbers_are_taken_as_they_are_written() -> None:
    said = b'{"type":"track","event":"x","userId":"u","properties":{"big":123456789012345678901,"n":1.10}}'
    assert draft(message(said)).event.properties == {"big": 123456789012345678901, "n": 1.1}


def test_rules_read_other_shapes_with_headers_and_the_key() -> None:
    source = define(RULES).open({})
    told = message({"op": "c", "total": 7}, key=b"acme", headers={"X-Kind": "web"}, sent_at=START - HOUR)
    (found,) = read_message(told, source, "T1", KeyIs.NOTHING, START).items
    assert isinstance(found, Draft)
    assert (found.event.account_id, found.event.properties) == ("acme", {"total": 7, "kind": "web"})
    assert (found.event.id, found.event.occurred_at) == ("T1/3/42", START - HOUR)
    assert read_message(message({"op": "d"}), source, "", KeyIs.NOTHING, START) == Taken(passed_over=1)
    (aside,) = read_message(message({"op": "u"}), source, "", KeyIs.NOTHING, START).asides
    assert aside.code == "unknown_kind"


def test_a_source_says_what_is_read_and_how_kafka_is_reached() -> None:
    found = define(PLAIN + "}")
    assert (found.group, found.start, found.key_is, found.path) == (
        "upsell-orders", From.EARLIEST, KeyIs.NOTHING, None,
    )  # fmt: skip
    assert found.config({})["bootstrap.servers"] == "a:9092"
    moment = define(PLAIN.replace("earliest", "'2026-03-01T12:00:00Z'") + "}")
    assert moment.start == 1_772_366_400_000_000


def test_secrets_are_in_variables_and_all_of_them_are_asked_for() -> None:
    text = """
kafka:
  servers: UPSELL_SECRET_KAFKA_SERVERS
  topics: [events]
  start: latest
  security:
    protocol: sasl_ssl
    mechanism: scram-sha-512
    user: UPSELL_SECRET_KAFKA_USER
    password: UPSELL_SECRET_KAFKA_PASSWORD
    ca: UPSELL_SECRET_KAFKA_CA
"""
    found = define(text)
    with pytest.raises(
        ConfigError, match=r"UPSELL_SECRET_KAFKA_CA, UPSELL_SECRET_KAFKA_PASSWORD, .*orders.yaml"
    ):
        found.config({"UPSELL_SECRET_KAFKA_USER": "ada"})
    secrets = {f"UPSELL_SECRET_KAFKA_{name}": name.lower() for name in ("SERVERS", "USER", "PASSWORD", "CA")}
    config = dict(found.config(secrets))
    assert config | {"session.timeout.ms": "10000", "heartbeat.interval.ms": "2500"} == config
    assert {key: value for key, value in config.items() if not key.endswith(".ms")} == {
        "bootstrap.servers": "servers",
        "security.protocol": "sasl_ssl",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "user",
        "sasl.password": "password",
        "ssl.ca.pem": "ca",
    }
    assert found.open(secrets).secrets == ("password",)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("kafka: {topics: [a], start: latest}", "missing-key"),
        ("kafka: {servers: 'a:1', topics: [], start: latest}", "wrong-type"),
        (PLAIN.replace("earliest", "now") + "}", "wrong-type"),
        (PLAIN.replace("a:9092", "a") + "}", "wrong-type"),
        (PLAIN.replace("[events]", "['^ev.*']") + "}", "wrong-type"),
        (PLAIN + ", security: {protocol: sasl_ssl}}", "source-security"),
        (PLAIN + ", security: {protocol: ssl, user: UPSELL_SECRET_A}}", "source-security"),
        (PLAIN + ", security: {protocol: ssl, certificate: UPSELL_SECRET_A}}", "source-security"),
        (PLAIN + ", security: {protocol: ssl, ca: hunter2}}", "wrong-type"),
        (PLAIN + ", customer: body.user}", "source-rule"),
        (PLAIN + ", key: account, rules: [{event: x, customer: body.u}]}", "source-rule"),
        (PLAIN + ", rules: [{event: Message Sent, customer: body.u}]}", "reserved-event"),
    ],
)
def test_what_is_wrong_with_a_source_of_kafka_is_told(text: str, code: str) -> None:
    assert code in wrong(text)


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(("taken", "refused", "empty"))), max_size=40))
def test_every_message_is_counted_once_and_moves_its_partition_past_it(told: list[tuple[int, str]]) -> None:
    messages = [Message(Partition("t", number), offset, b"") for offset, (number, _) in enumerate(told)]
    some = draft(message())
    drafts = [[some] if became == "taken" else [] for _, became in told]
    kept = [[Rejection(0, "", "", "", "", "")] if became == "refused" else [] for _, became in told]
    moves = moves_of(messages, drafts, kept)
    for partition in {each.partition for each in messages}:
        became = [
            word for (number, word), each in zip(told, messages, strict=True) if each.partition == partition
        ]
        last = max(each.offset for each in messages if each.partition == partition)
        taken, refused, empty = (became.count(word) for word in ("taken", "refused", "empty"))
        assert moves[partition] == Move(last + 1, taken, refused, empty, None)
    assert moves.keys() == {each.partition for each in messages}
