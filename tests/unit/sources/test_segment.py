"""Laws of Segment's shapes: each item stands alone, and says what was wrong with it."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.sources.files import moment
from upsell.clock import HOUR, MINUTE
from upsell.errors import IntakeError
from upsell.sources.bounds import LARGEST_EVENT
from upsell.sources.segment import Call, Draft, Refusal, read_batch, read_item, read_single

NOW = moment("2026-06-01T12:00:00Z")


def item(**said: Any) -> bytes:
    return json.dumps({"type": "track", "userId": "u1", "event": "Report Run", **said}).encode()


def draft(body: bytes, call: Call | None = None, sent_at: str | None = None) -> Draft:
    read = read_item(body, call, NOW, sent_at)
    assert isinstance(read, Draft), read
    return read


def refusal(body: bytes, call: Call | None = None) -> Refusal:
    read = read_item(body, call, NOW)
    assert isinstance(read, Refusal), read
    return read


def test_track_is_an_event_of_the_customer_in_the_account_of_the_context() -> None:
    at = "2026-06-01T11:00:00+01:00"
    said = item(messageId="m1", timestamp=at, properties={"n": 1}, context={"groupId": 7})
    event = draft(said).event
    assert (event.id, event.name, event.customer_id, event.account_id) == ("m1", "Report Run", "u1", "7")
    assert (event.occurred_at, event.properties) == (moment("2026-06-01T10:00:00Z"), {"n": 1})


def test_identify_and_group_tell_traits() -> None:
    identify = draft(item(traits={"email": "a@example.com"}), Call.IDENTIFY).event
    group = draft(item(groupId="acme", traits={"roles": ["admin"]}), Call.GROUP).event
    assert (identify.name, identify.properties) == ("Customer Identified", {"email": "a@example.com"})
    assert (group.name, group.account_id) == ("Account Identified", "acme")
    assert group.properties == {"roles": ["admin"]}


def test_a_visitor_is_a_customer_of_their_own_until_known() -> None:
    event = draft(item(userId=None, anonymousId="v1")).event
    assert event.customer_id == "anon:v1"
    both = draft(item(anonymousId="v1"))
    assert (both.event.customer_id, both.merge) == ("u1", None)


def test_identify_with_a_visitor_says_first_who_the_visitor_is() -> None:
    said = draft(item(anonymousId="v1", traits={"plan": "pro"}), Call.IDENTIFY)
    assert said.merge is not None
    merged = said.merge.event
    assert (merged.name, merged.customer_id, merged.properties) == (
        "Customers Merged",
        "u1",
        {"from": "anon:v1"},
    )
    assert said.event.properties == {"plan": "pro"}
    again = draft(item(anonymousId="v1", messageId="other"), Call.IDENTIFY)
    assert again.merge is not None
    assert again.merge.event.id == merged.id
    assert draft(item(userId=None, anonymousId="v1"), Call.IDENTIFY).merge is None


def test_alias_makes_one_customer_of_two_ids() -> None:
    known = draft(item(previousId="u0"), Call.ALIAS).event
    assert (known.name, known.customer_id, known.properties) == ("Customers Merged", "u1", {"from": "u0"})
    assert draft(item(anonymousId="v1"), Call.ALIAS).event.properties == {"from": "anon:v1"}


def test_page_and_screen_are_events_with_their_name() -> None:
    page = draft(item(name="Pricing", properties={"url": "/pricing"}), Call.PAGE).event
    assert (page.name, page.properties) == ("Page Viewed", {"name": "Pricing", "url": "/pricing"})
    assert draft(item(name="Home", type="screen")).event.name == "Screen Viewed"


def test_an_item_without_a_time_happened_when_it_came_in() -> None:
    assert draft(item()).event.occurred_at == NOW


def test_what_the_clients_clock_is_off_is_taken_out() -> None:
    said = item(timestamp="2026-06-01T15:00:00Z")
    assert draft(said, sent_at="2026-06-01T15:10:00Z").event.occurred_at == NOW - 10 * MINUTE
    assert draft(said, sent_at="no time").event.occurred_at == NOW + 3 * HOUR


def test_history_is_marked_in_the_item_or_its_context() -> None:
    assert draft(item(historical=True)).event.is_historical
    assert draft(item(context={"historical": True})).event.is_historical
    assert not draft(item()).event.is_historical


def test_the_same_body_has_the_same_id_and_hash_whenever_it_is_sent() -> None:
    first, second = draft(item(sentAt="2026-06-01T11:00:00Z")), draft(item(sentAt="2026-06-01T11:30:00Z"))
    assert (first.event.id, first.hash) == (second.event.id, second.hash)
    assert draft(item(properties={"n": 1})).event.id != first.event.id
    assert draft(item(properties={"n": 1})).hash != first.hash


@pytest.mark.parametrize(
    ("body", "call", "code", "said"),
    [
        (b"nope", None, "malformed", "expected JSON"),
        (b'{"type":"track","userId":"\xff","event":"X"}', None, "encoding", "UTF-8"),
        (b'{"properties":{"a":' + b"[" * 5_000, None, "malformed", "expected JSON"),
        (b"5", None, "invalid", "Segment's shape"),
        (item(properties=[1]), None, "invalid", "Expected `object | null`, got `array`"),
        (item(type="trak"), None, "unknown_type", "did you mean track?"),
        (item(type=None), None, "unknown_type", "got none"),
        (item(userId=None), None, "missing_id", "expected userId, anonymousId"),
        (item(userId=None), Call.IDENTIFY, "missing_id", "expected userId"),
        (item(userId=None, previousId="a"), Call.ALIAS, "missing_id", "the id that stays"),
        (item(), Call.ALIAS, "missing_id", "expected previousId"),
        (item(userId="anon:x"), None, "invalid_id", "a known customer"),
        (item(anonymousId="x" * 201), None, "invalid_id", "anonymousId"),
        (item(event="Customers Merged"), None, "reserved_event", "alias"),
        (item(), Call.GROUP, "missing_id", "expected groupId"),
        (item(userId="x" * 201), None, "invalid_id", "at most 200"),
        (item(userId="a\0b"), None, "invalid_id", "printable"),
        (item(messageId="a\nb"), None, "invalid_id", "messageId"),
        (item(event=""), None, "missing_event", "name of an event"),
        (item(event="Message Sent"), None, "reserved_event", "Upsell itself"),
        (item(timestamp="2026-06-01T11:00:00"), None, "invalid_time", "with a zone"),
        (item(timestamp="2026-06-02T12:00:01Z"), None, "invalid_time", "a day ahead"),
        (item(timestamp="1969-12-31T23:59:59Z"), None, "invalid_time", "from 1970 on"),
        (item(timestamp=5), None, "invalid", "Expected `str | null`"),
        (item(properties={"x": "y" * LARGEST_EVENT}), None, "too_large", "32,768 bytes"),
    ],
)
def test_a_bad_item_is_refused_with_what_was_expected(
    body: bytes, call: Call | None, code: str, said: str
) -> None:
    refused = refusal(body, call)
    assert refused.code == code
    assert said in refused.message


def test_text_that_is_no_unicode_spoils_its_item_only() -> None:
    odd = b'{"userId":"\xff"},{"userId":"\\ud800"}'
    batch = read_batch(b'{"batch":[' + item() + b"," + odd + b"," + item() + b'],"writeKey":"k"}')
    assert batch.write_key == "k"
    read = [read_item(each, None, NOW) for each in batch.items]
    assert [each.code if isinstance(each, Refusal) else "taken" for each in read] == [
        "taken",
        "encoding",
        "encoding",
        "taken",
    ]


_NO_BATCHES = [b"", b"nope", b"[]", b'{"batch":{}}', b'{"items":[]}', b"\xff", b"[" * 5_000]


@pytest.mark.parametrize("body", _NO_BATCHES)
def test_a_body_without_a_list_of_items_is_refused(body: bytes) -> None:
    with pytest.raises(IntakeError, match="expected"):
        read_batch(body)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_refusal(body: bytes) -> None:
    for each in read_single(body).items:
        read_item(each, None, NOW)
    with contextlib.suppress(IntakeError):
        read_batch(body)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_KEYS = st.sampled_from(
    ["type", "event", "userId", "groupId", "timestamp", "context", "properties", "traits"]
)


@given(st.dictionaries(_KEYS, _VALUES, max_size=6), st.sampled_from([None, *Call]))
def test_no_json_raises_anything_but_a_refusal(said: dict[str, Any], call: Call | None) -> None:
    assert isinstance(read_item(json.dumps(said).encode(), call, NOW), Draft | Refusal)
