"""Restraint in any order of things: caps, the gap, hours and rails hold whatever comes when."""

from __future__ import annotations

from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drawing import examples
from tests.stories.world import CATALOG, DAY, HOUR, Reason, Story, make_program, workflow
from upsell.clock import MINUTE, to_datetime
from upsell.decisions.rails import Given, Rails, ask_rails, broken_rail
from upsell.decisions.terms import Terms
from upsell.money import Money

CAPS = """
policy:
  gap: 30 hours
  caps:
    - {at_most: 2, within: 5 days}
    - {at_most: 3, calendar: week}
    - {at_most: 1, calendar: day, kinds: [upgrade]}
  hours: {email: {from: '07:30', to: '21:15', days: [mon, tue, wed, thu, fri, sat]}}
"""
ZONES = ("America/New_York", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe")


def _texts() -> dict[str, str]:
    journeys = {
        "help": "[{email: {content: t1, intent: help}}, {wait: 1 day}, {email: {content: t2, intent: help}}]",
        "show": "[{email: {content: t1, intent: show, blocked: skip}}, {email: {content: t2, intent: show}}]",
        "offer": "[{email: {content: t3, offer: pro-annual}}]",
    }
    return {
        name: workflow(trigger=f"{{on: {name.title()}, again_after: 1 hour}}", journey=journey)
        for name, journey in journeys.items()
    }


PROGRAM = make_program(_texts(), policy=CAPS)
HAPPENINGS = st.lists(
    st.tuples(st.sampled_from(["Help", "Show", "Offer"]), st.integers(1, 40 * 60)), min_size=1, max_size=25
)


@settings(max_examples=examples(60), deadline=None)
@given(HAPPENINGS, st.sampled_from(ZONES))
def test_no_window_ever_holds_more_than_its_cap_and_nothing_is_said_outside_hours(
    happenings: list[tuple[str, int]], zone: str
) -> None:
    story = Story(PROGRAM).happens("Customer Identified", timezone=zone)
    for name, minutes in happenings:
        story.happens(name).after(minutes * MINUTE)
    story.after(30 * DAY)
    place = ZoneInfo(zone)
    said = [(mail.reserved_at, mail.intent.value) for mail in story.mails()]
    walls = [to_datetime(at).astimezone(place) for at, _ in said]
    # Oracle: every window counted from the list of mails alone.
    for at, _ in said:
        assert sum(at - 5 * DAY < other <= at for other, _ in said) <= 2
    weeks = [wall.isocalendar()[:2] for wall in walls]
    assert all(weeks.count(week) <= 3 for week in weeks)
    offers = [wall.date() for wall, (_, intent) in zip(walls, said, strict=True) if intent == "offer"]
    assert len(offers) == len(set(offers))
    upsells = [at for at, intent in said if intent in ("show", "offer")]
    assert all(later - earlier >= 30 * HOUR for earlier, later in pairwise(upsells))
    assert all((7, 30) <= (wall.hour, wall.minute) < (21, 15) and wall.weekday() < 6 for wall in walls)


@given(st.integers(1, 10**6), st.integers(0, 10**6), st.integers(1, 99), st.integers(0, 99))
def test_no_discount_passes_the_rails_that_leaves_less_than_the_margin(
    price: int, cost: int, percent: int, margin: int
) -> None:
    rails = Rails(min_margin_rate=margin / 100)
    broken = broken_rail(rails, percent / 100, price, cost)
    # Oracle: the margin in whole hundredths, without division.
    assert (broken is None) == ((price - cost) / price >= margin / 100)


@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(1, 5_000)), max_size=8),
    st.integers(1, 5_000),
    st.integers(1, 10_000),
)
def test_what_a_unit_is_shown_within_its_window_never_passes_its_budget(
    shown: list[tuple[int, int]], amount: int, budget: int
) -> None:
    now = 500 * DAY
    given_before = [
        Given(f"e{i}", "o", now - days * DAY, each, "USD") for i, (days, each) in enumerate(shown)
    ]
    rails = Rails(unit_budget=Money(budget, "USD"))
    terms = Terms("x", "pro", "Pro", "USD", discount_rate=0.1, discount=amount)
    verdict = ask_rails(rails, terms, given_before, "new", now)
    spent = sum(each for days, each in shown if days < 365)
    assert (verdict is None) == (spent + amount <= budget)
    assert verdict is None or verdict.reason is Reason.PRICE_GUARDRAIL


@settings(max_examples=examples(40), deadline=None)
@given(st.lists(st.integers(0, 1_000), min_size=3, max_size=3))
def test_the_greatest_worth_wins_the_slot_and_the_others_wait(worth: list[int]) -> None:
    journey = "[{email: {content: t1, intent: show}}, {wait: 9 days}]"
    texts = {
        name: workflow(trigger="{on: Asked}", journey=journey, more=f"worth: customer.worth_{name}")
        for name in ("a", "b", "c")
    }
    story = Story(make_program(texts, catalog=CATALOG))
    a, b, c = worth
    story.happens("Customer Identified", worth_a=a, worth_b=b, worth_c=c)
    story.happens("Asked")
    (mail,) = story.mails()
    best = max(worth)
    assert worth["abc".index(mail.workflow)] == best
    waiting = [key for key, watch in story.unit().watches.items() if watch.waiting is not None]
    assert sorted(waiting) == sorted({"a", "b", "c"} - {mail.workflow})
