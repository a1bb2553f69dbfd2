"""Webhooks: whatever comes, nothing breaks and no wrong event is made; what is written wrongly is told."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drawing import examples
from tests.unit.sources.vendors import EXAMPLES, NOW, open_recipe
from upsell.errors import ConfigError
from upsell.sources.definitions import read_source
from upsell.sources.reports import MalformedError
from upsell.sources.segment import Draft
from upsell.sources.source import Delivery, Source, read_delivery
from upsell.sources.table import unfit
from upsell.workspace.findings import Findings

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
LISTED = """\
webhook:
  signature: bearer
  kind: item.kind
  items: body
  customer: item.who
  occurred_at: {of: item.at, unit: ms}
  id: item.id
  rules:
    - when: item.kind == 'used'
      event: {of: item.what, names: {a: Feature Used, 7: Limit Reached}}
      properties: {feature: item.feature, metric: item.metric}
    - when: item.kind == 'joined'
      account: item.team
      account_traits: {size: item.size}
      role: item.role
"""


def opened(text: str = LISTED) -> Source:
    findings = Findings()
    found = read_source("sources/mine.yaml", "mine", text, findings)
    assert found is not None, findings.in_order()
    return found.open({found.settings[0]: "secret"})


def problems(text: str) -> list[tuple[str, str]]:
    """Give what is wrong with a source: codes and messages."""
    findings = Findings()
    assert read_source("sources/mine.yaml", "mine", text, findings) is None
    return [(problem.code, problem.message) for problem in findings.in_order()]


def changed(body: Any, key: list[str], said: Any) -> Any:
    """Give a body with one value changed, wherever it is."""
    if isinstance(body, dict) and body:
        name = key.pop(0) if key and key[0] in body else sorted(body)[len(key) % len(body)]
        return {**body, name: changed(body[name], key, said) if key else said}
    return said


@settings(max_examples=examples(150), deadline=None)
@given(
    name=st.sampled_from(sorted(EXAMPLES)),
    path=st.lists(st.text("abcdr", max_size=2), max_size=5),
    said=JSON,
    data=st.data(),
)
def test_no_value_in_the_place_of_another_breaks_anything_or_makes_a_wrong_event(
    name: str, path: list[str], said: Any, data: st.DataObject
) -> None:
    example = EXAMPLES[name]()
    which = data.draw(st.sampled_from(sorted(example.makes)))
    good = example.makes[which][0]
    plain = parse_qs(good.body.decode())["payload"][0] if name == "slack" else good.body
    body = json.dumps(changed(json.loads(plain), path, said)).encode()
    try:
        taken = read_delivery(example.source, Delivery(body, good.headers), NOW)
    except MalformedError:
        return
    for each in taken.items:
        if isinstance(each, Draft):
            assert unfit(each.event.name, each.event.properties) is None
            assert each.event.customer_id or each.event.account_id


@settings(max_examples=examples(60), deadline=None)
@given(said=JSON | st.lists(st.dictionaries(st.sampled_from("kind who at id what team role".split()), JSON)))
def test_no_body_breaks_a_source_that_takes_lists(said: Any) -> None:
    try:
        taken = read_delivery(opened(), Delivery(json.dumps(said).encode()), NOW)
    except MalformedError:
        return
    assert all(isinstance(each, Draft) for each in taken.items)


@pytest.mark.parametrize("depth", [65, 900, 5_000])
def test_values_that_lie_too_deep_are_refused(depth: int) -> None:
    for body in (b"[" * depth + b"]" * depth, b'{"kind":' * depth + b"1" + b"}" * depth):
        with pytest.raises(MalformedError):
            opened().read(Delivery(body), NOW)


@pytest.mark.parametrize(
    "body", [b'[{"kind": "\\ud800"}]', b'[{"kind": "\xff"}]', b'[{"kind": "\xed\xa0\x80"}]']
)
def test_text_that_is_no_unicode_is_no_body(body: bytes) -> None:
    with pytest.raises(MalformedError):
        opened().read(Delivery(body), NOW)


def test_more_things_than_one_body_may_tell_are_refused() -> None:
    with pytest.raises(MalformedError, match="at most 2,000"):
        opened().read(Delivery(b"[" + b"1," * 2_000 + b"1]"), NOW)


def test_a_name_that_is_read_and_a_value_that_nobody_called_anything() -> None:
    used = {"kind": "used", "who": 7, "at": NOW // 1_000, "id": "1", "feature": "f", "metric": "m"}
    body = [{**used, "what": "a"}, {**used, "what": 7, "id": "2"}, {**used, "what": "b", "id": "3"}]
    taken = read_delivery(opened(), Delivery(json.dumps(body).encode()), NOW)
    names = [each.event.name for each in taken.items if isinstance(each, Draft)]
    assert names == ["Feature Used", "Limit Reached"]
    assert [(each.code, each.place) for each in taken.asides] == [("unknown_kind", "2")]


def test_who_joined_is_a_member_with_a_role() -> None:
    joined = {"kind": "joined", "who": "ada", "team": "acme", "at": NOW // 1_000, "id": "1", "role": "admin"}
    (item,) = read_delivery(opened(), Delivery(json.dumps([joined]).encode()), NOW).items
    assert isinstance(item, Draft)
    assert (item.event.customer_id, item.event.account_id) == ("ada", "acme")
    assert item.event.properties == {"roles": ["admin"]}


def test_what_proves_a_request_is_seen_by_no_expression() -> None:
    text = """\
webhook:
  signature: {shown: {header: x-secret}}
  customer: "'ada'"
  rules: [{event: Seen, properties: {all: headers}}]
"""
    headers = {"x-secret": "secret", "authorization": "Basic x", "cookie": "y", "x-topic": "orders"}
    (item,) = opened(text).read(Delivery(b"{}", headers), NOW).items
    assert item["properties"] == {"all": {"x_topic": "orders"}}


def test_a_secret_that_is_no_key_closes_the_source_with_the_reason() -> None:
    with pytest.raises(ConfigError, match="base64"):
        read = read_source("s", "s", LISTED.replace("bearer", "standard-webhooks"), Findings())
        assert read is not None
        read.open({read.settings[0]: "not base64!"})


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("signature: bearer", "signature: {hmac: {header: x, signed: '{timestamp}.{body}'}}", "signature"),
        ("signature: bearer", "signature: {hmac: {header: x, signed: '{time}'}}", "unknown-field"),
        ("signature: bearer", "signature: {hmac: {header: x, signed: 'x'}}", "signature"),
        ("signature: bearer", "signature: {shown: {}}", "signature"),
        ("signature: bearer", "signature: {shown: {header: x, query: y}}", "signature"),
        ("signature: bearer", "signature: berer", "wrong-type"),
        ("  signature: bearer\n", "", "missing-key"),
        ("items: body", "items: body[", "expression"),
        ("  customer: item.who\n", "", "source-rule"),
        ("account_traits", "ignore: nothing\n      account_traits", "source-rule"),
        ("Limit Reached", "Message Sent", "reserved-event"),
        ("Limit Reached", "Customers Merged", "reserved-event"),
        ("rules:", "recipe: zendsk\n  rules:", "wrong-type"),
        ("unit: ms", "unit: hours", "wrong-type"),
        ("role: item.role", "properties: {a: b}", "source-rule"),
    ],
)
def test_what_is_written_wrongly_is_told_by_its_code(old: str, new: str, code: str) -> None:
    assert old in LISTED
    assert code in [each for each, _ in problems(LISTED.replace(old, new, 1))]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("webhook: {recipe: zendesc}\n", "wrong-type"),
        (LISTED.replace("customer: item.who", "customer: item.who["), "expression"),
    ],
)
def test_one_mistake_is_told_once(text: str, code: str) -> None:
    assert [each for each, _ in problems(text)] == [code]


def test_a_recipe_needs_nothing_beside_its_name() -> None:
    source = open_recipe("stigg")
    assert (source.name, source.secrets) == ("stigg", ("correct-horse-battery",))
