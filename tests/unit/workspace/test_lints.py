"""A lint is told of what can happen on some way, in its place, and of nothing else.

The workspace is the faultless one of the pages' examples; journeys are written into its workflow.
"""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tests.unit.workspace.acme import NOW, line_of, problems_of
from tests.unit.workspace.code_examples import FAULTLESS, written_in
from upsell.clock import DAY, HOUR
from upsell.errors import Problem
from upsell.workspace.compile import Compiled, compile_documents
from upsell.workspace.linting import lint
from upsell.workspace.spacing import LEAST, least_between

ROOM = "workflows/room.yaml"

HELP = "{email: {content: tips, intent: help}}"
SHOW = "{email: {content: compare, intent: show}}"
SERVICE = "{email: {content: tips, intent: service}}"
OFFER = "{email: {content: upgrade, offer: grow}}"
LONG = "{wait: 3 days}"


def journey(*steps: str, more: str = "", before: str = "") -> dict[str, str]:
    lines = "\n".join(f"  - {step}" for step in steps)
    return written_in(f"{before}# {ROOM}\n{more}journey:\n{lines}\n")


def told(documents: dict[str, str]) -> list[tuple[str, int]]:
    return [(problem.code, problem.line or 0) for problem in problems_of(documents)]


def only(documents: dict[str, str]) -> Problem:
    (problem,) = problems_of(documents)
    return problem


def branch(test: str, then: str, otherwise: str = "") -> str:
    other = f", else: [{otherwise}]" if otherwise else ""
    return f"{{if: {test}, then: [{then}]{other}}}"


@pytest.mark.parametrize(
    "before",
    [
        [HELP, LONG],
        ["{task: {queue: success, title: Ask how it goes, due: 1 day}}"],
        ["{prompt: {placement: usage-page, intent: help}}", LONG],
        [branch("keen", HELP, HELP), LONG],
        ["{wait: {for: Pricing Viewed, up_to: 2 days}}", branch("arrived", f"{HELP}, {LONG}", "end")],
    ],
)
def test_an_offer_that_help_comes_before_on_every_way_is_told_of_nothing(before: list[str]) -> None:
    assert told(journey(*before, OFFER)) == []


@pytest.mark.parametrize(
    "before",
    [
        [],
        [LONG],
        [SHOW, LONG],
        [SERVICE],
        [branch("keen", HELP), LONG],
        [branch("keen", "end", LONG)],
        ["{wait: {for: Pricing Viewed, up_to: 2 days}}", branch("arrived", HELP), LONG],
    ],
)
@pytest.mark.parametrize(
    "offer",
    [
        OFFER,
        "{task: {queue: success, title: Talk about more, offer: grow, due: 1 day}}",
        "{prompt: {placement: usage-page, offer: grow}}",
    ],
)
def test_an_offer_that_some_way_reaches_without_help_is_told_on_its_line(
    before: list[str], offer: str
) -> None:
    documents = journey(*before, offer, LONG, SERVICE)
    assert told(documents) == [("offer-before-help", line_of(documents, ROOM, offer))]


def test_the_way_without_help_is_told_step_by_step() -> None:
    awaited = "{wait: {for: Pricing Viewed, up_to: 2 days}}"
    documents = journey(awaited, branch("plan.tier = 1", f"{HELP}, {LONG}", LONG), OFFER)
    hint = only(documents).hint or ""
    first, second = (line_of(documents, ROOM, text) for text in (awaited, "plan.tier = 1"))
    assert hint.startswith(
        f"on the way: Pricing Viewed (line {first}), not (plan.tier = 1) (line {second}), "
        f"wait (line {second}), offer email (line {line_of(documents, ROOM, OFFER)})\n"
    )


def test_of_offers_in_a_row_the_first_is_told() -> None:
    documents = journey(OFFER, LONG, OFFER, LONG, OFFER)
    assert told(documents) == [("offer-before-help", line_of(documents, ROOM, OFFER))]


def test_an_offer_that_only_follows_the_goal_is_never_made() -> None:
    awaited = "{wait: {for: Subscription Upgraded, up_to: 2 days}}"
    assert told(journey(awaited, branch("arrived", OFFER, HELP))) == []
    other = journey("{wait: {for: Pricing Viewed, up_to: 2 days}}", branch("arrived", OFFER, HELP))
    assert [code for code, _ in told(other)] == ["offer-before-help"]


@pytest.mark.parametrize(
    ("between", "is_told"),
    [
        ([], True),
        (["{wait: 23 hours}"], True),
        (["{wait: 24 hours}"], False),
        (["{wait: 12 hours}", "{wait: 12 hours}"], False),
        (["{wait: {for: Pricing Viewed, up_to: 5 days}}"], True),
        (["{wait: {for: Pricing Viewed, up_to: 5 days}}", branch("arrived", "{wait: 1 day}")], False),
        (["{wait: {for: Pricing Viewed, up_to: 5 hours}}", branch("arrived", "{wait: 1 day}")], True),
        (["{wait: {for: Subscription Upgraded, up_to: 1 day}}"], False),
        ([branch("keen", "{wait: 1 day}", "{wait: 2 days}")], False),
        ([branch("keen", "{wait: 1 day}")], True),
        ([SERVICE, "{wait: 1 day}"], False),
        (["{prompt: {placement: usage-page, intent: show}}", "{wait: 1 day}"], False),
    ],
)
def test_time_between_two_mails_is_the_least_there_can_be(between: list[str], is_told: bool) -> None:
    documents = journey(HELP, *between, SHOW)
    expected = [("wait-too-short", line_of(documents, ROOM, SHOW))] if is_told else []
    assert told(documents) == expected


def test_a_wait_that_is_too_short_names_both_lines_and_the_event_that_may_end_it() -> None:
    awaited = "{wait: {for: Pricing Viewed, up_to: 5 days}}"
    documents = journey(HELP, awaited, "{wait: 2 hours}", SHOW)
    problem = only(documents)
    assert f"come 2 hours after that of line {line_of(documents, ROOM, HELP)}" in problem.message
    assert f"Pricing Viewed (line {line_of(documents, ROOM, awaited)}) may end at once" in (
        problem.hint or ""
    )


def test_the_arm_that_waits_least_decides_and_arms_are_never_mixed() -> None:
    more = "experiment: {holdout: 10%, vary: timing, arms: {soon: 50%, late: 50%}}\n"
    short = "{wait: {soon: 1 hour, late: 2 days}}"
    turned = "{wait: {soon: 23 hours, late: 1 hour}}"
    assert [code for code, _ in told(journey(HELP, short, SHOW, more=more))] == ["wait-too-short"]
    assert told(journey(HELP, short, turned, SHOW, more=more)) == []


TRIAL = "# catalog.yaml\noffers:\n  grow: {kind: upgrade, plan: business, title: More, trial_days: 14}\n"


def trial(remind: str = "") -> str:
    url = "https://billing.acme.example/x"
    return f"{{trial: {{offer: grow, url: '{url}', {remind}expired: [{SHOW}]}}}}"


def test_a_trial_that_nobody_took_has_lasted_before_anything_more_is_said() -> None:
    assert told(journey(HELP, trial(), before=TRIAL)) == []
    reminded = "remind: {before: 3 days, steps: [" + HELP + "]}, "
    assert told(journey(HELP, trial(reminded), before=TRIAL)) == []


def test_of_several_ways_to_a_message_the_soonest_is_told() -> None:
    hardly = journey(HELP, "{wait: {until: clicked, up_to: 1 seconds}}", SHOW)
    assert "at once after that of line" in only(hardly).message


def test_mails_to_other_people_need_no_time_between() -> None:
    to_billing = "{email: {content: compare, intent: show, to: billing}}"
    assert told(journey(HELP, to_billing)) == []
    to_both = "{email: {content: compare, intent: show, to: [billing, admin]}}"
    documents = journey(HELP, to_billing, to_both)
    assert told(documents) == [("wait-too-short", line_of(documents, ROOM, to_both))]
    alone = written_in(f"# {ROOM}\nunit: customer\njourney: [{HELP}, {SHOW}]\n")
    assert [code for code, _ in told(alone)] == ["wait-too-short"]


@pytest.mark.parametrize(
    ("policy", "is_told"),
    [
        ("{gap: 1 day}", False),
        ("{gap: 23 hours}", True),
        ("{caps: [{at_most: 1, within: 2 days}]}", False),
        ("{caps: [{at_most: 1, within: 2 days, per: account}]}", False),
        ("{caps: [{at_most: 1, within: 2 days, channels: [email]}]}", False),
        ("{caps: [{at_most: 1, within: 2 days, workflows: [room]}]}", False),
        ("{caps: [{at_most: 1, within: 2 days, workflows: [other]}]}", True),
        ("{caps: [{at_most: 1, within: 2 days, channels: [task]}]}", True),
        ("{caps: [{at_most: 1, within: 2 days, intents: [offer]}]}", True),
        ("{caps: [{at_most: 1, within: 2 days, kinds: [upgrade]}]}", True),
        ("{caps: [{at_most: 1, calendar: day}]}", True),
        ("{caps: [{at_most: 2, within: 2 days}]}", True),
    ],
)
def test_what_the_policy_keeps_apart_is_not_told(policy: str, is_told: bool) -> None:
    documents = written_in(f"# upsell.yaml\npolicy: {policy}\n# {ROOM}\njourney: [{SHOW}, {SHOW}]\n")
    assert [code for code, _ in told(documents)] == (["wait-too-short"] if is_told else [])


@pytest.mark.parametrize("step", ["obeys_caps: false", "counts: false"])
def test_a_cap_keeps_nothing_apart_that_does_not_obey_or_count(step: str) -> None:
    policy = "policy: {caps: [{at_most: 1, within: 2 days}]}"
    aside = f"{{email: {{content: tips, intent: help, {step}}}}}"
    documents = written_in(f"# upsell.yaml\n{policy}\n# {ROOM}\njourney: [{aside}, {aside}]\n")
    assert [code for code, _ in told(documents)] == ["wait-too-short"]


@pytest.mark.parametrize(("steps", "advice"), [((SHOW, SHOW), "policy.gap: 1 day"), ((HELP, SHOW), "a cap")])
def test_what_is_advised_against_a_short_wait_helps(steps: tuple[str, str], advice: str) -> None:
    assert advice in (only(journey(*steps)).hint or "")
    policies = {"policy.gap: 1 day": "gap: 1 day", "a cap": "caps: [{at_most: 1, within: 1 day}]"}
    held = written_in(
        f"# upsell.yaml\npolicy: {{{policies[advice]}}}\n# {ROOM}\njourney: [{', '.join(steps)}]\n"
    )
    assert told(held) == []


def test_between_two_channels_the_shorter_silence_holds() -> None:
    assert least_between("email", "email") == 24 * HOUR
    assert least_between("email", "push") == least_between("push", "email") == LEAST["push"]
    assert least_between("sms", "email") == 24 * HOUR
    assert least_between("prompt", "email") == 0
    assert least_between("pigeon", "sms") == LEAST["email"]


@pytest.mark.parametrize(
    ("within", "steps", "is_told"),
    [
        ("10 days", [HELP, "{wait: 10 days}", SHOW], True),
        ("10 days", [HELP, "{wait: 9 days}", SHOW], False),
        ("10 days", [HELP, "{wait: 10 days}", HELP], False),
        ("10 days", ["{wait: 20 days}", HELP, "{wait: 2 days}", SHOW], False),
        ("10 days", [HELP, "{wait: {for: Pricing Viewed, up_to: 20 days}}", "{wait: 1 day}", SHOW], False),
        ("10 days", [HELP, "{wait: {for: Subscription Upgraded, up_to: 20 days}}", SHOW], True),
        ("10 days", [branch("keen", f"{HELP}, {{wait: 20 days}}"), SHOW], False),
        ("10 days", ["{prompt: {placement: usage-page, intent: help}}", "{wait: 20 days}", SHOW], False),
    ],
)
def test_a_step_is_not_measured_that_every_way_reaches_after_the_goal(
    within: str, steps: list[str], is_told: bool
) -> None:
    goal = f"goal: {{event: Subscription Upgraded, within: {within}}}\n"
    documents = journey(*steps, more=goal)
    expected = [("goal-not-measured", line_of(documents, ROOM, SHOW))] if is_told else []
    assert told(documents) == expected


def test_a_workflow_that_only_serves_needs_no_holdout() -> None:
    none = "experiment: {holdout: 0%}\n"
    assert told(journey(SERVICE, more=none)) == []
    assert [code for code, _ in told(journey(SERVICE, LONG, HELP, more=none))] == ["no-holdout"]
    without = {**FAULTLESS, ROOM: FAULTLESS[ROOM].replace("experiment: {holdout: 10%}\n", "")}
    assert told(without) == [], "the usual share is held out where none is written"


def test_a_workflow_that_sells_is_told_of_only_where_nothing_at_all_watches_it() -> None:
    off = "# upsell.yaml\npolicy: {guardrails: off}\n"
    own = "guardrails: {complaint_rate: 0.1%}\n"
    assert "no-guardrails" in [code for code, _ in told(journey(HELP, LONG, OFFER, before=off))]
    assert "no-guardrails" not in [code for code, _ in told(journey(HELP, LONG, OFFER))]
    assert "no-guardrails" not in [code for code, _ in told(journey(HELP, LONG, OFFER, before=off, more=own))]
    assert "no-guardrails" not in [code for code, _ in told(journey(HELP, LONG, HELP, before=off))]


@pytest.mark.parametrize(
    "end", ["available_until: 2027-01-31", "valid_for: 7 days", "months: 3", "stock: 100", "budget: 5000"]
)
def test_a_discount_ends_by_a_day_a_term_a_stock_or_a_budget(end: str) -> None:
    offers = "# catalog.yaml\noffers:\n  grow: {kind: upgrade, plan: business, title: More, discount: 10%"
    assert told(written_in(f"{offers}}}\n")) == [("promotion-without-end", 6)]
    assert told(written_in(f"{offers}, {end}}}\n")) == []
    trial = "# catalog.yaml\noffers:\n  grow: {kind: upgrade, plan: business, title: More, trial_days: 14}\n"
    assert told(written_in(trial)) == []


def test_a_review_is_overdue_from_the_day_after_in_the_teams_zone() -> None:
    # The clock stands at 21 September 2026, 14:13 UTC; New York is four hours behind.
    day = {**FAULTLESS, ROOM: FAULTLESS[ROOM].replace("2027-03-01", "2026-09-21")}
    assert told(day) == []
    midnight_utc = (NOW // DAY + 1) * DAY
    assert problems_of(day, midnight_utc + 4 * HOUR - 1) == ()
    (problem,) = problems_of(day, midnight_utc + 4 * HOUR)
    assert (problem.code, problem.line) == ("review-overdue", line_of(day, ROOM, "review_by"))


def test_a_workflow_that_has_ended_is_left_alone() -> None:
    more = "goal: {event: Subscription Upgrade, within: 9 days}\nwaive: {no-offer: there is none in here}\n"
    assert told(journey(OFFER, more=f"status: ended\n{more}")) == []
    going = {code for code, _ in told(journey(OFFER, more=f"status: paused\n{more}"))}
    assert going == {"event-name", "offer-before-help", "unused-waiver"}


def test_where_there_is_an_error_no_warning_follows_from_it() -> None:
    documents = journey(HELP.replace("help", "hlp"), LONG, OFFER)
    assert [code for code, _ in told(documents)] == ["wrong-type"]


def text_in_the_place_of_mail(documents: dict[str, str], at: str, *channels: str) -> Compiled:
    """Compile documents, and let one step go by other channels, as a step does that names them."""
    compiled = compile_documents(documents)
    workflow = compiled.program.workflows["room"]
    steps: dict[str, Any] = dict(workflow.journey.steps)
    steps[at] = replace(steps[at], channels=channels)
    changed = replace(workflow, journey=replace(workflow.journey, steps=steps))
    return replace(compiled, program=replace(compiled.program, workflows={"room": changed}))


@pytest.mark.parametrize(
    ("intent", "terms", "is_told"),
    [
        ("service", "", False),
        ("help", "", True),
        ("show", "", True),
        ("offer", "", True),
        ("offer", "valid_for: 8 days", True),
        ("offer", "valid_for: 7 days", False),
        ("offer", "available_until: 2026-12-31", False),
    ],
)
def test_a_text_is_urgent_that_serves_or_offers_what_ends(intent: str, terms: str, is_told: bool) -> None:
    content = "upgrade, offer: grow" if intent == "offer" else "tips"
    offer = f"{{kind: upgrade, plan: business, title: More{terms and ', '}{terms}}}"
    last = f"{{email: {{content: {content}, intent: {intent}}}}}"
    documents = journey(HELP, LONG, last, before=f"# catalog.yaml\noffers:\n  grow: {offer}\n")
    for channels in (("sms",), ("email", "sms")):
        told = lint(text_in_the_place_of_mail(documents, "2", *channels), NOW).warnings
        # The third step stands on the last line.
        line = documents[ROOM].count("\n")
        assert [(each.code, each.line) for each in told] == ([("sms-not-urgent", line)] if is_told else [])
    assert lint(compile_documents(documents), NOW).warnings == ()


@pytest.mark.parametrize(
    ("channels", "wait", "is_told"),
    [
        (("push",), "11 hours", True),
        (("push",), "12 hours", False),
        (("push", "email"), "12 hours", True),
        (("push", "email"), "24 hours", False),
    ],
)
def test_a_step_of_several_channels_keeps_the_silence_of_each(
    channels: tuple[str, ...], wait: str, is_told: bool
) -> None:
    documents = journey(HELP, f"{{wait: {wait}}}", SHOW)
    told = lint(text_in_the_place_of_mail(documents, "2", *channels), NOW).warnings
    assert [each.code for each in told] == (["wait-too-short"] if is_told else [])


def texts(text: str) -> set[str]:
    files = journey(SERVICE, "{sms: {content: urgent, intent: service}}")
    return {code for code, _ in told({**files, "templates/urgent.sms.txt": text})}


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("It's time, {{ customer.first_name | default: '’' }}", set()),
        ("It’s time", {"sms-costly-sign"}),
        ("Это ваш лимит – сегодня", set()),
        ("Fast 👍 – and good", set()),
        ("x" * 459, set()),
        ("x" * 460, {"sms-long"}),
        ("{% if customer.first_name %}" + "x" * 460 + "{% endif %}", set()),
    ],
)
def test_a_text_is_told_of_only_for_what_always_stands_in_it(text: str, codes: set[str]) -> None:
    assert texts(text) == codes
