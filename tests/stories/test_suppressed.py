"""Suppressed addresses: what a record that was told of one says, and what it lets go of."""

from __future__ import annotations

import pytest

from tests.stories.world import make_program, workflow
from upsell.clock import DAY, HOUR
from upsell.decisions.addresses import address_key, address_on, hide_address, hide_addresses, is_suppressed
from upsell.decisions.reasons import Reason
from upsell.testing.stories import Story

MAIL = "{email: {content: t1, intent: help}}"
KEY = address_key("email", "Ann@example.com")


def told(journey: str = f"[{MAIL}]") -> Story:
    program = make_program({"w": workflow(trigger="{on: Asked, again_after: 1 hours}", journey=journey)})
    return Story(program).happens("Customer Identified", email="ann@example.com")


def test_a_suppressed_address_is_a_reason_of_its_own_until_it_is_freed_or_changed() -> None:
    story = told().happens("Address Suppressed", address_key=KEY, reason="hard_bounce")
    story.happens("Asked")
    assert story.reasons()[-1] is Reason.ADDRESS_SUPPRESSED
    # Who waited is asked again at once.
    story.happens("Address Freed", address_key=KEY)
    assert story.contents() == ["t1"]
    story.after(2 * HOUR).happens("Address Suppressed", address_key=KEY).happens("Asked")
    assert story.contents() == ["t1"]
    story.after(2 * HOUR).happens("Customer Identified", email="ann@other.example")
    assert story.contents() == ["t1", "t1"]


def test_a_passage_under_way_leaves_when_its_persons_address_is_suppressed() -> None:
    story = told(f"[{MAIL}, {{wait: 3 days}}, {MAIL}]").happens("Asked")
    story.happens("Address Suppressed", address_key=KEY).after(4 * DAY)
    assert story.contents() == ["t1"]
    assert story.reasons()[-1] is Reason.NO_RECIPIENT


def test_what_says_no_address_or_another_ones_changes_nothing() -> None:
    story = told()
    story.happens("Address Suppressed", address_key=address_key("email", "bob@example.com"))
    story.happens("Address Suppressed", address_key=7).happens("Address Freed").happens("Asked")
    assert story.contents() == ["t1"]


@pytest.mark.parametrize("held", ["ann@example.com", KEY])
def test_an_address_kept_as_it_is_written_is_suppressed_as_one_kept_by_its_key(held: str) -> None:
    traits = {"email": "ann@example.com", "phone": "+15551234567"}
    assert address_on("email", traits, [held]) is None
    assert is_suppressed("email", traits, [held])
    assert address_on("sms", traits, [held]) == "+15551234567"
    assert not is_suppressed("push", traits, [held])


def test_a_hidden_address_is_known_by_who_knows_it_and_by_nobody_else() -> None:
    assert hide_address("Ada.Lovelace@Example.com") == "a***@example.com"
    assert hide_address("+15551234567") == "+155***"
    said = "smtp; 550 5.1.1 <ada@example.com>: bob@x.example unknown (eve@y.example)"
    hidden = "smtp; 550 5.1.1 <a***@example.com>: b***@x.example unknown (e***@y.example)"
    assert hide_addresses(said) == hidden
