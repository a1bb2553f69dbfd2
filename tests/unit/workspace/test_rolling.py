"""An arm rolled out: the file means what the arm meant, and nothing else of it is touched."""

from __future__ import annotations

import difflib

import pytest

from tests.stories.world import CATALOG, SETTINGS, TEMPLATE
from tests.unit.workspace.acme import QUOTA, documents, problems_of
from upsell.errors import DefinitionError
from upsell.journeys.steps import MessageStep, TaskStep, WaitStep
from upsell.journeys.workflow import Workflow
from upsell.workspace.compile import compile_documents
from upsell.workspace.documents import Documents
from upsell.workspace.rolling import roll_arm

PATH = "workflows/w.yaml"


def workspace(text: str) -> dict[str, str]:
    templates = {f"templates/t{n}.html": TEMPLATE.format(name=f"t{n}") for n in range(1, 5)}
    return {"upsell.yaml": SETTINGS, "catalog.yaml": CATALOG, PATH: text, **templates}


HEAD = "name: W\nunit: customer\ntrigger: {on: Asked}\n"
GOAL = "goal: {event: Subscription Upgraded, within: 30 days}\n"


def rolled(text: str, arm: str) -> str:
    """Give the text with an arm rolled out; it is sound, or this fails."""
    changed = roll_arm(workspace(text), "w", arm)
    compile_documents(changed)
    return changed[PATH]


def flow_of(changed: Documents, key: str = "w") -> Workflow:
    return compile_documents(changed).program.workflows[key]


def lines_changed(before: str, after: str) -> list[str]:
    told = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0)
    return [line for line in told if line[:1] in "+-" and line[:3] not in ("+++", "---")]


@pytest.mark.parametrize("arm", ["trial", "annual"])
def test_the_winners_offer_is_made_to_all_wherever_the_arms_differed(arm: str) -> None:
    changed = roll_arm(documents(), "api-quota", arm)
    flow = flow_of(changed, "api-quota")
    offers = {"trial": "pro-trial-14d", "annual": "pro-annual"}
    made = [each.offer for each in flow.journey.steps.values() if isinstance(each, MessageStep | TaskStep)]
    assert [offer for offer in made if offer] == [{"": offers[arm]}] * 2
    assert (flow.experiment.vary, flow.experiment.arms, flow.experiment.holdout_rate) == (None, (), 0.1)
    assert problems_of(changed) == problems_of(documents())
    assert lines_changed(documents()[QUOTA], changed[QUOTA]) == [
        "-  vary: offer",
        "-  arms: {trial: 50%, annual: 50%}",
        "-  - email: {content: upgrade, offer: {trial: pro-trial-14d, annual: pro-annual}}",
        f"+  - email: {{content: upgrade, offer: {offers[arm]}}}",
        "-              offer: {trial: pro-trial-14d, annual: pro-annual}",
        f"+              offer: {offers[arm]}",
    ]


@pytest.mark.parametrize(("arm", "lasts"), [("soon", "1 hour"), ("late", "2 days")])
def test_the_winners_wait_is_everybodys(arm: str, lasts: str) -> None:
    changed = roll_arm(documents(), "seat-growth", arm)
    assert f"  - wait: {lasts}\n" in changed["workflows/seat-growth.yaml"]
    first = flow_of(changed, "seat-growth").journey.steps["0"]
    assert isinstance(first, WaitStep)
    assert set(first.lasts) == {""}


BLOCK = f"""{HEAD}{GOAL}# Who is compared.
experiment:
  # A tenth hears nothing.
  holdout: 10%  # on purpose
  vary: message
  arms:
    short: 40%
    long: 60%
  salt: w  # kept since the file was renamed
  name: short-or-long
journey:
  - email:  # the one that differs
      content:
        short: t1  # two sentences
        long: t2
      intent: help  # and nothing to sell
  - wait: 1 day
"""


def test_blocks_are_cut_out_with_their_lines_and_every_other_comment_stays() -> None:
    assert lines_changed(BLOCK, rolled(BLOCK, "long")) == [
        "-  vary: message",
        "-  arms:",
        "-    short: 40%",
        "-    long: 60%",
        "-  name: short-or-long",
        "-      content:",
        "-        short: t1  # two sentences",
        "-        long: t2",
        "+      content: t2",
    ]


def test_an_experiment_of_arms_alone_goes_with_them() -> None:
    text = (
        f"{HEAD}{GOAL}experiment:\n  vary: message\n  arms: {{a: 50%, b: 50%}}\n"
        "journey: [{email: {content: {a: t1, b: t2}, intent: help}}]"
    )
    assert rolled(text, "a") == f"{HEAD}{GOAL}journey: [{{email: {{content: t1, intent: help}}}}]"


def test_an_experiment_on_one_line_keeps_what_is_not_of_the_arms() -> None:
    text = (
        f"{HEAD}{GOAL}experiment: {{vary: message, holdout: 20%, arms: {{a: 50%, b: 50%}}, ramp: 25%}}\n"
        "journey: [{email: {content: {a: t1, b: t2}, intent: help}}]\n"
    )
    assert "experiment: {holdout: 20%, ramp: 25%}\n" in rolled(text, "b")


def test_a_workflow_written_as_json_is_rolled_out_too() -> None:
    text = (
        '{"name": "W", "unit": "customer", "trigger": {"on": "Asked"}, '
        '"goal": {"event": "Subscription Upgraded", "within": "30 days"}, '
        '"experiment": {"vary": "message", "arms": {"a": 0.5, "b": 0.5}}, '
        '"journey": [{"email": {"content": {"a": "t1", "b": "t2"}, "intent": "help"}}]}'
    )
    after = rolled(text, "b")
    assert '"experiment": {}' in after
    assert '"content": "t2"' in after


@pytest.mark.parametrize(
    ("eligible", "expected"),
    [
        ("", "eligible:\n  - 'customer.plan = ''x, y'''\n"),
        ("eligible: []\n", "eligible: ['customer.plan = ''x, y''']\n"),
        ("eligible: [customer.adult]\n", "eligible: [customer.adult, 'customer.plan = ''x, y''']\n"),
        (
            "eligible:\n- customer.adult  # by law\n",
            "eligible:\n- customer.adult  # by law\n- 'customer.plan = ''x, y'''\n",
        ),
        (
            "eligible:\n    - customer.adult\n\n# What for.\n",
            "eligible:\n    - customer.adult\n    - 'customer.plan = ''x, y'''\n\n# What for.\n",
        ),
    ],
)
def test_the_winners_audience_becomes_a_rule_for_all(eligible: str, expected: str) -> None:
    text = (
        f"{HEAD}{eligible}{GOAL}"
        "experiment:\n  holdout: 10%\n  vary: audience\n  arms: {a: 50%, b: 50%}\n"
        "  audience:\n    a: customer.plan = 'x, y'\n    b: 'true'\n"
        "journey: [{email: {content: t1, intent: help}}]\n"
    )
    after = rolled(text, "a")
    assert expected in after
    assert "audience" not in after
    rules = [rule.text for rule in flow_of(workspace(after)).eligible]
    assert rules[-1] == "customer.plan = 'x, y'"


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}{GOAL}experiment: {{vary: message, arms: {{a: 50%, b: 50%}}}}\n"
        "journey:\n  - email: {content: &both {a: t1, b: t2}, intent: help}\n"
        "  - email: {content: *both, intent: help}\n",
        f"{HEAD}{GOAL}experiment: &e {{vary: message, arms: {{a: 50%, b: 50%}}}}\n"
        "journey:\n  - email:\n      <<: {content: {a: t1, b: t2}}\n      intent: help\n",
    ],
)
def test_what_is_written_elsewhere_and_only_named_is_refused_and_not_guessed(text: str) -> None:
    compile_documents(workspace(text))
    with pytest.raises(DefinitionError) as told:
        roll_arm(workspace(text), "w", "a")
    (problem,) = told.value.problems
    assert (problem.file, problem.code) == (PATH, "roll")


def test_a_branch_and_what_follows_the_goal_are_rolled_out_too() -> None:
    text = (
        f"{HEAD}{GOAL}experiment: {{vary: message, arms: {{a: 50%, b: 50%}}}}\njourney:\n"
        "  - if: customer.adult\n"
        "    then:\n      - email: {content: {a: t1, b: t2}, intent: help}\n"
        "    else:\n      - email: {content: {a: t3, b: t4}, intent: help}\n"
        "on_goal:\n  - email: {content: {a: t1, b: t4}, intent: service}\n"
    )
    flow = flow_of(workspace(rolled(text, "b")))
    steps = [*flow.journey.steps.values(), *flow.on_goal.steps.values()]
    said = [step.content[""] for step in steps if isinstance(step, MessageStep)]
    assert sorted(said) == ["t2", "t4", "t4"]
