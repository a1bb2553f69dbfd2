"""The policy in words: made of what the engine asks, beside what the file says."""

from __future__ import annotations

import pytest

from tests.pages_world import written
from tests.stories.world import SETTINGS, make_program
from tests.stories.world import workflow as one
from upsell.decisions.policy import SENSITIVE_STATES
from upsell.journeys.program import Program
from upsell.runtime.policy_words import places_of, policy_content, topics_of, written_parts
from upsell.web.pages.policy import policy_page

POLICY = """
policy:
  gap: 3 days
  caps:
    - {at_most: 2, within: 7 days}
    - {at_most: 4, calendar: month, per: account, channels: [email]}
  hours:
    email: {from: 09:00, to: 17:30, days: [mon, tue, wed, thu, fri], holidays: closed,
            closed_on: [2026-12-24]}
    sms: {law: {off_because: counsel said so in March}}
    push: {law: true}
  consent:
    email: {bases: [consent, legitimate-interest], interest: customer.plan = 'pro'}
  declines: {not_now: 20 days}
  suppress: [subscription.status = 'trialing']
  states:
    refund: off
    moving: {starts: [Move Started], ends: [Move Ended], cool_down: 5 days, stops: [offer]}
  # How deep.
  pricing: {max_discount: 25%, rest: 60 days, ladder: true}
  global_control: {share: 5%, period: quarter, wash_out: 7 days}
layers:
  first: {a: 40%, b: 25%}
accepting:
  approval_above: {USD: 5000}
  approvers: [cfo@acme.example]
"""

MAIL = one(
    trigger="{on: Pricing Viewed, again_after: 1 days}", journey="[{email: {content: t1, intent: help}}]"
)


@pytest.fixture(scope="module")
def program() -> Program:
    return make_program({"a": MAIL, "b": MAIL}, policy=POLICY)


def lines(program: Program, title: str) -> tuple[str, ...]:
    found = next(topic.lines for topic in topics_of(program) if topic.title.startswith(title))
    return tuple(f"{line.of}: {line.words}" if line.of else line.words for line in found)


def test_every_part_of_a_policy_is_said_in_words(program: Program) -> None:
    assert lines(program, "How often") == (
        "at least 3 days between two upsell touches",
        "at most 2 within 7 days",
        "at most 4 per account per calendar month by email",
    )
    assert lines(program, "When each") == (
        "email: Mon to Fri 09:00 to 17:30, Sat to Sun closed, closed on 1 date, closed on public holidays",
        "sms: at any hour",
        "push: at any hour, and obeys the law of the place",
    )
    assert lines(program, "What silences") == ("subscription.status = 'trialing'",)
    states = lines(program, "States")
    assert "moving: from Move Started until Move Ended, and 5 days after; no offer" in states
    assert not any(line.startswith("refund:") for line in states)
    assert lines(program, "On what ground") == (
        "email: consent or legitimate-interest, where customer.plan = 'pro'",
        "sms: that they have not withdrawn",
        "push: that they have not withdrawn",
    )
    assert lines(program, "How long what was declined")[0] == "not now: 20 days"
    assert lines(program, "Who is kept") == (
        "5 % of households, drawn anew each quarter, counted after a wash-out of 7 days",
    )
    assert lines(program, "What a discount")[:3] == (
        "at most 25 % off",
        "a rest of 60 days between two for one customer",
        "something without a discount is said first",
    )
    assert "above 5,000.00 USD in twelve months it waits for approval" in lines(program, "Who may accept")
    assert "approved by cfo@acme.example, within 7 days" in lines(program, "Who may accept")
    assert lines(program, "Workflows that share") == ("first: a 40 %, b 25 %",)


def test_a_policy_that_says_nothing_has_words_too() -> None:
    program = make_program({"a": MAIL})
    assert lines(program, "How often") == ("no cap: nothing but sense limits how often",)
    assert "sms: at any hour, and obeys the law of the place" in lines(program, "When each")
    assert len(lines(program, "States")) >= len(SENSITIVE_STATES)
    page = policy_page(program, {"upsell.yaml": SETTINGS})
    assert page.headline == "No cap holds: nothing limits how often we speak."
    assert "The file says nothing of it" in written("policy.html", page)


def test_the_words_stand_beside_the_files_own_text(program: Program) -> None:
    page = policy_page(program, {"upsell.yaml": SETTINGS + POLICY, "contact_hours.yaml": "FR: []"})
    assert page.headline == (
        "Messages: at least 3 days between two upsell touches; at most 2 within 7 days; "
        "at most 4 per account per calendar month by email."
    )
    assert page.text.startswith("policy:\n  gap: 3 days")
    assert "# How deep." in page.text
    assert page.text.endswith("approvers: [cfo@acme.example]")
    assert "zone:" not in page.text
    html = written("policy.html", page)
    assert "FR: []" in html
    assert "{at_most: 2, within: 7 days}" in html
    assert "Texas" in html


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a: 1\npolicy: {gap: 1 days}\nb: 2\n", "policy: {gap: 1 days}"),
        ("policy:\n  gap: 1 days\n\n# About b.\nb: 2\nlayers: {}\n", "policy:\n  gap: 1 days\nlayers: {}"),
        ("b: 2\n\n# Ours.\npolicy:\n# Said.\n  gap: 1 days", "# Ours.\npolicy:\n# Said.\n  gap: 1 days"),
        ("{a: 1, policy: {gap: 1 days}}", "{a: 1, policy: {gap: 1 days}}"),
        ("a: 1\n", ""),
        ("", ""),
    ],
)
def test_of_a_file_those_parts_are_shown_that_the_words_are_of(text: str, kept: str) -> None:
    assert written_parts(text) == kept


def test_machines_are_told_seconds_and_rates(program: Program) -> None:
    told = policy_content(program)
    assert [(cap["at_most"], cap["within"]) for cap in told["caps"]][1] == (2, 7 * 86_400)
    assert told["control"] == {"rate": 0.05, "period": "quarter", "wash_out": 7 * 86_400}
    assert told["lawful"] == ["push"]
    assert told["rails"]["max_discount_rate"] == 0.25
    assert told["accepting"]["approval_above"] == {"USD": 500_000}
    assert len(told["law"]) == len(places_of(program.policy))
    assert told["layers"]["b"]["layer"] == "first"
