"""A workflow paused by a guardrail says nothing from that moment on, in the core alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stories.world import DAY, HOUR, START, Reason, Story, make_program, workflow
from upsell.decisions.guardrails import (
    PAUSE_ASKED_EACH,
    Action,
    GlobalGuardrails,
    Guardrails,
    Mailbox,
    Measure,
    Pause,
    ask_pauses,
    mailbox_of,
    watched_of,
)
from upsell.errors import DefinitionError
from upsell.journeys.advance import advance
from upsell.journeys.explain import explain
from upsell.journeys.gate import ask_gate
from upsell.journeys.program import Program, with_pauses

WORDS = "guardrail complaint_rate: 12 of 2,000"
OPEN = Pause("w", WORDS, START + HOUR)
OVER = Pause("w", WORDS, START + HOUR, START + 5 * HOUR)
MAIL = "{email: {content: t1, intent: help}}"
GATE = "{on: Feature Gate Hit, again_after: 1 days}"


def program(*pauses: Pause, journey: str = f"[{MAIL}]", policy: str = "") -> Program:
    compiled = make_program({"w": workflow(trigger=GATE, journey=journey)}, policy=policy)
    return with_pauses(compiled, pauses) if pauses else compiled


@pytest.mark.parametrize(
    ("at", "is_silent"), [(HOUR - 1, False), (HOUR, True), (5 * HOUR - 1, True), (5 * HOUR, False)]
)
def test_a_pause_silences_from_its_start_until_it_ends(at: int, is_silent: bool) -> None:
    story = Story(program(OVER)).after(at).happens("Feature Gate Hit")
    assert story.reasons()[0] is (Reason.PAUSED if is_silent else Reason.ENROLLED)
    assert bool(story.mails()) is not is_silent


def test_a_pause_of_one_workflow_is_none_of_another() -> None:
    other = Pause("v", WORDS, START)
    assert Story(program(other)).happens("Feature Gate Hit").contents() == ["t1"]


def test_who_waits_for_a_paused_workflow_is_asked_again_within_two_hours_after_it_goes_on() -> None:
    story = Story(program(OVER)).after(2 * HOUR).happens("Feature Gate Hit").after(3 * HOUR - 1)
    assert story.mails() == []
    story.after(2 * PAUSE_ASKED_EACH)
    assert story.contents() == ["t1"]


def test_a_journey_under_way_stands_still_while_paused_and_goes_on_after() -> None:
    journey = f"[{MAIL}, {{wait: 2 hours}}, {{email: {{content: t2, intent: help}}}}]"
    story = Story(program(OVER, journey=journey)).happens("Feature Gate Hit").after(4 * HOUR)
    assert story.contents() == ["t1"]
    assert story.after(4 * HOUR).contents() == ["t1", "t2"]


def test_the_gate_before_sending_sees_a_pause_that_began_since() -> None:
    story = Story(program(), delivers=False).happens("Feature Gate Hit")
    (mail,) = story.mails()
    assert ask_gate(program(), story.household, mail, START) is None
    refused = ask_gate(program(OPEN), story.household, mail, START)
    assert refused is not None, "also when the clock is a moment behind the pause"
    assert (refused.reason, refused.rule) == (Reason.PAUSED, WORDS)


def test_a_pause_known_to_end_later_is_open_until_then() -> None:
    still_open = Story(program(OPEN)).after(2 * HOUR).happens("Feature Gate Hit")
    known = Story(program(OVER)).after(2 * HOUR).happens("Feature Gate Hit")
    assert still_open.household == known.household


def test_splitting_the_inputs_changes_nothing_while_a_pause_comes_and_goes() -> None:
    paused = program(OVER)
    story = Story(paused).after(HOUR // 2).happens("Feature Gate Hit").after(2 * HOUR)
    story.happens("Feature Gate Hit").after(2 * DAY)
    whole, _ = advance(paused, Story(paused).household, story.inputs)
    for cut in range(len(story.inputs)):
        first, _ = advance(paused, Story(paused).household, story.inputs[:cut])
        second, _ = advance(paused, first, story.inputs[cut:])
        assert second == whole


def test_explain_says_what_was_broken_and_promises_no_end() -> None:
    paused = program(OPEN)
    story = Story(paused).after(2 * HOUR)
    (answer,) = explain(paused, story.household, "c:ada", story.now)
    assert WORDS in answer.words
    assert "until" not in answer.words


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 50)), max_size=4), st.integers(0, 120))
def test_a_pause_holds_at_a_moment_just_when_it_lies_in_one(spans: list[tuple[int, int]], now: int) -> None:
    pauses = [Pause("w", WORDS, start, start + length) for start, length in spans]
    inside = any(start <= now < start + length for start, length in spans)
    verdict = ask_pauses(pauses, now, 0.5)
    assert (verdict is not None) is inside
    assert verdict is None or (verdict.retry_at or 0) > now


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        ("ada@gmail.com", Mailbox.GMAIL),
        ("ada@GoogleMail.com", Mailbox.GMAIL),
        ("ada@yahoo.co.jp", Mailbox.YAHOO),
        ("ada@aol.com", Mailbox.YAHOO),
        ("ada@notgmail.com", Mailbox.ANY),
        ("ada@yahoo.example@acme.example", Mailbox.ANY),
        ("nobody", Mailbox.ANY),
    ],
)
def test_a_mailbox_provider_is_told_by_the_domain_alone(address: str, mailbox: Mailbox) -> None:
    assert mailbox_of(address) is mailbox


def test_a_workflow_has_its_own_limits_and_the_policys_where_it_writes_none() -> None:
    own = Guardrails(unsubscribe_rate=0.01, action=Action.WARN)
    usual = Guardrails(unsubscribe_rate=0.02, complaint_rate=0.001, least=500)
    watched = watched_of(own, usual)
    assert dict(watched.limits) == {Measure.UNSUBSCRIBE: 0.01, Measure.COMPLAINT: 0.001}
    assert (watched.action, watched.least) == (Action.WARN, 500)
    assert watched_of(Guardrails(), Guardrails()) == Guardrails(action=Action.PAUSE, least=300)


def test_what_a_workspace_writes_of_guardrails_is_what_is_watched() -> None:
    written = "policy: {guardrails: {bounce_rate: 5%, action: warn, least: 50, false_alarms: 1%}}\n"
    policy = program(policy=written).policy.guardrails
    assert policy.usual == Guardrails(bounce_rate=0.05, action=Action.WARN, least=50)
    assert (policy.false_alarm_rate, policy.has_mailbox_limits, policy.is_off) == (0.01, True, False)
    assert program().policy.guardrails == GlobalGuardrails()
    assert program(policy="policy: {guardrails: off}\n").policy.guardrails.is_off
    quiet = program(policy="policy: {guardrails: {mailbox_limits: false}}\n").policy.guardrails
    assert quiet.is_off
    more = "guardrails: {unsubscribe_rate: 1%, excess_churn_rate: 2%, action: warn, least: 10}"
    own = make_program({"w": workflow(trigger=GATE, journey=f"[{MAIL}]", more=more)}).workflows["w"]
    assert own.guardrails == Guardrails(
        unsubscribe_rate=0.01, excess_churn_rate=0.02, action=Action.WARN, least=10
    )


def test_guardrails_are_no_part_of_a_workflows_version() -> None:
    texts = ["", "guardrails: {unsubscribe_rate: 1%}", "guardrails: {action: warn, least: 10}"]
    made = [
        make_program({"w": workflow(trigger=GATE, journey=f"[{MAIL}]", more=more)}).workflows["w"].version
        for more in texts
    ]
    assert len(set(made)) == 1


def test_a_chance_of_no_false_alarm_is_refused() -> None:
    with pytest.raises(DefinitionError, match="above 0%"):
        program(policy="policy: {guardrails: {false_alarms: 0%}}\n")
