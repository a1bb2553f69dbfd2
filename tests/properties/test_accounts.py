"""Account counters are the sum of their members'; caps of an account hold in any order."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drawing import examples
from tests.stories.world import DAY, HOUR, Story, make_program, workflow
from upsell.journeys.advance import concerns_for
from upsell.journeys.workflow import UnitKind
from upsell.signals.counters import (
    CounterState,
    Tally,
    Values,
    read_count,
    read_distinct,
    read_total,
    read_trend,
)

RULES = (
    "event_count('E', interval '5 days') >= 0 and event_sum('E', 'n', interval '5 days') >= 0"
    " and event_distinct('E', 'n', interval '5 days') >= 0"
    " and coalesce(trend('E', interval '2 days'), 0) >= -1"
)
COUNTING = make_program(
    {
        kind: workflow(
            unit=kind,
            trigger="{on: Never}",
            journey="[{email: {content: t1, intent: help}}]",
            eligible=f'["{RULES}"]',
        )
        for kind in ("account", "customer")
    }
)
PEOPLE = ("ada", "bob", "cleo")
happenings = st.lists(
    st.tuples(st.sampled_from((*PEOPLE, None)), st.integers(0, 9), st.integers(0, 40)), max_size=30
)


def added(states: list[CounterState | None]) -> CounterState:
    """Add the states of several units up, tile by tile; of different values the last tile holds."""
    amounts: dict[int, float] = {}
    last: dict[str, int] = {}
    for state in states:
        if isinstance(state, Tally):
            for tile, amount in zip(state.tiles, state.amounts, strict=True):
                amounts[tile] = amounts.get(tile, 0) + amount
        elif isinstance(state, Values):
            for value, tile in state.last_tile.items():
                last[value] = max(tile, last.get(value, tile))
    if last:
        return Values(last)
    return Tally(sorted(amounts), [amounts[tile] for tile in sorted(amounts)])


@settings(deadline=None, max_examples=examples(150))
@given(happenings)
def test_an_accounts_counter_is_the_sum_of_its_members_and_of_what_named_nobody(
    told: list[tuple[str | None, int, int]],
) -> None:
    story = Story(COUNTING, "a:acme")
    for person in PEOPLE:
        story.member(person, "admin")
    alone = Story(COUNTING, "a:alone")
    for who, number, hours in told:
        for each in (story, alone) if who is None else (story,):
            each.happens("E", by=who, ago=hours * HOUR, n=number)
        story.after(HOUR)
        alone.after(HOUR)
    of_account = story.unit("a:acme").profile.counters
    units = [*(story.unit(f"c:{person}") for person in PEOPLE), alone.unit("a:alone")]
    for counter in concerns_for(COUNTING).counters[UnitKind.ACCOUNT]:
        total = added([unit.profile.counters.get(counter.key) for unit in units])
        mine = of_account.get(counter.key)
        for read in (read_count, read_total, read_distinct, read_trend):
            assert read(mine, counter, story.now) == read(total, counter, story.now)


@settings(deadline=None, max_examples=examples(100))
@given(
    st.lists(st.tuples(st.sampled_from(PEOPLE), st.integers(0, 72)), min_size=1, max_size=25),
    st.integers(1, 3),
    st.sampled_from(("person", "account")),
)
def test_no_window_ever_holds_more_messages_than_a_cap_whoever_comes_first(
    looks: list[tuple[str, int]], at_most: int, per: str
) -> None:
    policy: dict[str, Any] = {
        "policy": f"policy: {{caps: [{{at_most: {at_most}, within: 2 days, per: {per}}}]}}\n"
    }
    text = workflow(
        trigger="{on: Pricing Viewed, again_after: 1 seconds}",
        journey="[{email: {content: t1, intent: help}}]",
    )
    story = Story(make_program({"w": text}, **policy), "a:acme")
    for person in PEOPLE:
        story.member(person)
    for person, hours in looks:
        story.happens("Pricing Viewed", by=person).after(hours * HOUR)
    story.after(20 * DAY)
    sent = [(mail.customer_id if per == "person" else "", mail.reserved_at) for mail in story.mails()]
    for whose, at in sent:
        within = [one for one in sent if one[0] == whose and at - 2 * DAY < one[1] <= at]
        assert len(within) <= at_most
