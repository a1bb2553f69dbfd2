"""Preferences: what is wanted is what holds afterwards, and nothing else changes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from upsell.clock import DAY, Moment
from upsell.decisions.consents import (
    Scope,
    ask_consent,
    give_consent,
    pause_consent,
    told_scope,
    withdraw_consent,
)
from upsell.decisions.contact import Contact
from upsell.decisions.grounds import Basis, Grounds
from upsell.decisions.intents import Intent
from upsell.decisions.preferences import (
    Choices,
    Said,
    change_choices,
    everything_on,
    paused_until,
    standing_choices,
)
from upsell.decisions.reach import CAPPED

NOW: Moment = 100 * DAY
FAMILIES = ("chat", "voice")
OPT_IN = {"sms": Grounds((Basis.CONSENT,))}
SCOPES = (
    Scope("*"), Scope("email"), Scope("sms"), Scope("task"), Scope("email", "service"),
    Scope("*", "profiling"), Scope("email", "profiling"), Scope("*", family="chat"),
    Scope("email", family="voice"),
    told_scope("fax"), told_scope("email", "analytics"), told_scope("fax", "profiling"),
)  # fmt: skip
CONTACTS = st.lists(st.tuples(st.booleans(), st.sampled_from(SCOPES), st.integers(1, 99)), max_size=6)
CHOICES = st.builds(
    Choices,
    channels=st.frozensets(st.sampled_from(CAPPED)),
    families=st.frozensets(st.sampled_from(FAMILIES)),
    is_profiled=st.booleans(),
)


def contact_of(said: list[tuple[bool, Scope, int]]) -> Contact:
    contact = Contact()
    for is_consent, scope, day in said:
        (give_consent if is_consent else withdraw_consent)(contact, scope, day * DAY)
    return contact


def hear(contact: Contact, said: tuple[Said, ...]) -> None:
    for each in said:
        (give_consent if each.is_consent else withdraw_consent)(contact, each.scope, NOW)


@given(CONTACTS, CHOICES, st.booleans())
def test_what_is_wanted_is_what_holds_whatever_was_said_before(
    before: list[tuple[bool, Scope, int]],
    wanted: Choices,
    is_asked: bool,  # drawn
) -> None:
    contact, grounds = contact_of(before), OPT_IN if is_asked else {}
    hear(contact, change_choices(contact, wanted, FAMILIES, grounds, NOW))
    assert standing_choices(contact, FAMILIES, grounds) == wanted
    assert change_choices(contact, wanted, FAMILIES, grounds, NOW) == (), "said once it is said"
    for channel in CAPPED:
        assert (ask_consent(contact, channel) is None) or channel not in wanted.channels


@given(CONTACTS)
def test_whoever_wants_what_is_says_nothing(before: list[tuple[bool, Scope, int]]) -> None:
    contact = contact_of(before)
    wanted = standing_choices(contact, FAMILIES, {})
    assert change_choices(contact, wanted, FAMILIES, {}, NOW) == ()


@given(CONTACTS)
def test_whoever_wants_everything_again_is_stopped_by_nothing(before: list[tuple[bool, Scope, int]]) -> None:
    contact = contact_of(before)
    hear(contact, change_choices(contact, everything_on(FAMILIES), FAMILIES, {}, NOW))
    for channel in CAPPED:
        asked = ask_consent(contact, channel, families=FAMILIES, intent=Intent.OFFER)
        assert asked is None


def test_mail_alone_turned_on_again_leaves_everything_else_off() -> None:
    contact = contact_of([(False, Scope("*"), 1)])
    said = change_choices(contact, Choices(frozenset({"email"}), frozenset(FAMILIES)), FAMILIES, {}, NOW)
    assert [each.scope.channel for each in said if each.is_consent] == ["*", "email"]
    assert {each.scope.channel for each in said if not each.is_consent} == set(CAPPED) - {"email"}


def test_a_pause_is_told_apart_from_what_is_off() -> None:
    contact = Contact()
    pause_consent(contact, Scope("*"), NOW - DAY, NOW + DAY)
    assert standing_choices(contact, FAMILIES, {}).channels == frozenset(CAPPED)
    assert (paused_until(contact, NOW), paused_until(contact, NOW + DAY)) == (NOW + DAY, None)
