"""Laws of a rehearsal: receipts at once, time to the end, and the organic rate over closed windows."""

from __future__ import annotations

from tests.acceptance.made_history import DOCUMENTS, STARTS_AT
from upsell.clock import DAY, HOUR, Moment
from upsell.ids import customer_unit
from upsell.runtime.rehearsal import Rehearsal
from upsell.runtime.tally import Rate, Tally, add_up
from upsell.signals.events import CUSTOMER_IDENTIFIED, Event
from upsell.workspace.compile import compile_documents

WORKFLOW = """\
name: Asked
unit: customer
trigger: {on: Asked, again_after: 30 days}
goal: {event: Subscription Upgraded, within: 10 days}
experiment: {holdout: 50%}
journey:
  - email: {content: hint, intent: help}
  - wait: 1 days
  - email: {content: hint, intent: help}
"""

PROGRAM = compile_documents(
    {
        **{name: text for name, text in DOCUMENTS.items() if "workflows" not in name},
        "workflows/asked.yaml": WORKFLOW,
    }
).program


def said(name: str, at: Moment, **properties: object) -> Event:
    return Event(f"{name}{at}", name, at, at, customer_id="u", properties=properties)


def rehearse(*events: Event, customer: str = "u", until: Moment = STARTS_AT + 60 * DAY) -> Tally:
    rehearsal = Rehearsal(PROGRAM, None, until)
    named = [
        Event(e.id, e.name, e.occurred_at, e.seen_at, customer_id=customer, properties=e.properties)
        for e in events
    ]
    rehearsal.run(customer_unit(customer), named)
    return rehearsal.tallies["asked"]


IDENTIFIED = said(CUSTOMER_IDENTIFIED, STARTS_AT, email="u@example.com")
ASKED = said("Asked", STARTS_AT + DAY)
UPGRADED = said("Subscription Started", STARTS_AT + 3 * DAY, plan="pro", amount=900)

TREATED, HELD_OUT = (
    next(
        name
        for name in (f"u{number}" for number in range(100))
        if rehearse(IDENTIFIED, ASKED, customer=name).answers[answer]
    )
    for answer in ("enrolled", "held_out")
)


def test_each_message_is_sent_at_once_so_the_journey_goes_on() -> None:
    tally = rehearse(IDENTIFIED, ASKED, customer=TREATED)
    assert {day: dict(sent) for day, sent in tally.messages.items()} == {
        # A day after STARTS_AT in New York it is still the evening of the first.
        "2026-01-01": {"email": 1},
        "2026-01-02": {"email": 1},
    }
    assert dict(tally.fates) == {"finished": 1}


def test_a_held_out_unit_hears_nothing() -> None:
    tally = rehearse(IDENTIFIED, ASKED, customer=HELD_OUT)
    assert (tally.messages, dict(tally.answers)) == ({}, {"held_out": 1})


def test_who_reached_the_goal_anyway_is_counted_in_their_group() -> None:
    assert rehearse(IDENTIFIED, ASKED, UPGRADED, customer=HELD_OUT).reached == {"held_out": Rate(1, 1, 1)}
    assert rehearse(IDENTIFIED, ASKED, customer=HELD_OUT).reached == {"held_out": Rate(1, 1, 0)}


def test_a_goal_before_the_trigger_or_after_the_window_is_none() -> None:
    before = said("Subscription Started", STARTS_AT + HOUR, plan="pro", amount=900)
    after = said("Subscription Started", ASKED.occurred_at + 10 * DAY + 1, plan="pro", amount=900)
    assert rehearse(IDENTIFIED, before, ASKED, customer=HELD_OUT).reached["held_out"].reached == 0
    assert rehearse(IDENTIFIED, ASKED, after, customer=HELD_OUT).reached["held_out"].reached == 0
    at_last = said("Subscription Started", ASKED.occurred_at + 10 * DAY, plan="pro", amount=900)
    assert rehearse(IDENTIFIED, ASKED, at_last, customer=HELD_OUT).reached["held_out"].reached == 1


def test_a_window_still_open_is_in_no_rate() -> None:
    tally = rehearse(IDENTIFIED, ASKED, UPGRADED, customer=HELD_OUT, until=ASKED.occurred_at + 10 * DAY - 1)
    assert tally.reached == {"held_out": Rate(1, 0, 0)}


def test_a_blocked_candidate_waits_and_then_lapses() -> None:
    nowhere = said(CUSTOMER_IDENTIFIED, STARTS_AT)
    waiting = rehearse(nowhere, ASKED, until=ASKED.occurred_at + DAY)
    assert (dict(waiting.waiting), dict(waiting.answers)) == ({"no_recipient": 1}, {})
    lapsed = rehearse(nowhere, ASKED)
    assert (dict(lapsed.blocked), dict(lapsed.answers), lapsed.candidates) == (
        {"no_recipient": 1},
        {"lapsed": 1},
        1,
    )


def test_tallies_add_up_in_any_order() -> None:
    one = rehearse(IDENTIFIED, ASKED, UPGRADED, customer=TREATED)
    two = rehearse(IDENTIFIED, ASKED, customer=HELD_OUT)
    assert add_up([{"asked": one}, {"asked": two}]) == add_up([{"asked": two}, {"asked": one}])
