"""Workflows to be drawn: one with every kind of step, and journeys that are made up."""

from __future__ import annotations

from pathlib import Path

from hypothesis import strategies as st

from tests.live_world import make_documents
from tests.stories.world import workflow
from upsell.journeys.workflow import Workflow
from upsell.workspace.compile import compile_documents, compile_workspace
from upsell.workspace.outline import Outline, items_of
from upsell.workspace.whereabouts import Stand, Whereabouts

EVERY_STEP = """
  - email: {content: t1, intent: help, to: [admin, billing], blocked: skip}
    name: first
  - wait: 3 days
  - wait: {for: Pricing Viewed, where: properties.page = 'pro', up_to: 5 days}
  - if: arrived
    then:
      - message: {channels: [email, sms], content: t2, offer: pro-annual, within: 2 days}
    elif:
      - if: plan.tier > 1 and account.region in ('US', 'EU')
        then: [end]
      - if: clicked
        of: first
        then: []
    else:
      - prompt: {placement: usage-page, intent: show}
      - go: {to: first, at_most: 2}
  - wait: {until: clicked, up_to: 1 day}
  - wait: {until: "event_count('Pricing Viewed', interval '2 days') >= 1", up_to: 2 days}
  - wait: {date: subscription.renews_at, before: 30 days, up_to: 365 days}
  - wait: {time: '09:30', days: [mon, thu]}
  - split:
      short: {share: 30%, steps: [{update: {keen: 'true'}}]}
      long:
        share: 70%
        steps:
          - push: {content: t3, intent: service, obeys_caps: false}
          - split:
              one: {share: 50%, steps: [{wait: 1 hour}, {go: {to: first, at_most: 1}}]}
              two: {share: 50%, steps: [{sms: {content: t4, intent: help, blocked: leave}}]}
  - choose: {offers: [pro-annual, pro-trial], as: best}
  - webhook: {url: 'https://hooks.acme.example/reached/here'}
  - trial:
      offer: pro-trial
      url: https://billing.acme.example/upsell
      remind: {before: 3 days, steps: [{email: {content: t1, intent: service}}]}
      accepted: [{email: {content: t2, intent: service}}]
      expired: [{task: {queue: success, title: Ask what was missing, offer: pro-annual, due: 2 days}}]
  - choose: {offers: [pro-annual], as: other, else: [{wait: 2 days}]}
  - email: {content: t2, offer: best}
"""
ON_GOAL = """
on_goal:
  - email: {content: t4, intent: service}
  - wait: 2 days
  - if: plan.tier = 2
    then: [{email: {content: t1, intent: service}}]
"""
TEXTS = {f"templates/{name}.sms.txt": "Hello" for name in ("t2", "t4")} | {
    "templates/t3.push.txt": "---\ntitle: Hello\n---\nHello"
}


def compiled(journey: str, more: str = "", *, name: str = "A workflow") -> Workflow:
    """Compile one workflow, called ``w``."""
    documents = make_documents({"w": written(journey, more, name=name)})
    return compile_documents({**documents, **TEXTS}).program.workflows["w"]


def every_step() -> str:
    """Write a workflow with every kind of step."""
    return written(EVERY_STEP, ON_GOAL)


def written(journey: str, more: str = "", *, name: str = "A workflow") -> str:
    """Write a workflow about accounts, with gates."""
    text = workflow(
        trigger="{crossing: {of: \"usage_ratio('api_calls')\", at: [50%, 80%]}, again_after: 2 days}",
        unit="account",
        journey=journey,
        holdout="30%",
        eligible="[plan.tier < 3]",
        suppress="[\"event_count('Refund Asked', interval '1 days') > 0\"]",
        more=more,
    )
    return text.replace("name: A workflow", f"name: {name!r}")


ROOT = Path(__file__).parents[1]
WORKSPACES = (
    ROOT / "examples" / "saas",
    ROOT / "examples" / "online_retail" / "workspace",
    ROOT / "examples" / "ravenstack" / "workspace",
    ROOT / "examples" / "sparkify" / "workspace",
    ROOT / "examples" / "checkout" / "workspace",
    ROOT / "tests" / "workspaces" / "acme",
)
"""Every workspace there is to draw."""


def every_workflow() -> list[Workflow]:
    """Compile every workflow of every workspace."""
    programs = [compile_workspace(workspace).program for workspace in WORKSPACES]
    flows = [flow for program in programs for flow in program.workflows.values()]
    assert len(flows) >= 10
    return flows


def crowded(drawn: Outline) -> Whereabouts:
    """Put many people at every step."""
    ids = [step_id for item in items_of((*drawn.items, *drawn.after_goal)) for step_id in item.ids]
    stands = {Stand.WAITING: 9_876_543, Stand.FROZEN: 1_234, Stand.SHADOW: 45_678}
    return Whereabouts(dict.fromkeys(ids, stands), {"0123456789": {"1": 1_000_000, "": 3}})


_LEAVES = st.sampled_from(
    [
        "{email: {content: t1, intent: help}}",
        "{wait: 3 days}",
        "{wait: {for: Pricing Viewed, up_to: 2 days}}",
        "{update: {some_trait_with_a_very_long_name_that_fills_a_line: '1 + 1'}}",
        "{task: {queue: success, title: Talk about what the year to come may bring and more, due: 2 days}}",
        "{go: {to: first, at_most: 2}}",
        "{trial: {offer: pro-trial, url: 'https://x.example/',"
        " remind: {before: 1 day, steps: [{wait: 1 hour}]}}}",
        "end",
    ]
)


def _branches(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    rows = st.lists(inner, max_size=3).map(lambda steps: f"[{', '.join(steps)}]")
    return st.one_of(
        st.tuples(rows, rows).map(lambda ways: f"{{if: plan.tier = 1, then: {ways[0]}, else: {ways[1]}}}"),
        st.tuples(rows, rows, rows).map(
            lambda ways: (
                f"{{if: plan.tier = 1, then: {ways[0]}, elif: [{{if: account.region = 'somewhere far',"
                f" then: {ways[1]}}}], else: {ways[2]}}}"
            )
        ),
        st.tuples(rows, rows).map(
            lambda ways: (
                f"{{split: {{a: {{share: 25%, steps: {ways[0]}}},"
                f" another_way: {{share: 75%, steps: {ways[1]}}}}}}}"
            )
        ),
        rows.map(lambda steps: f"{{choose: {{offers: [pro-annual], as: best, else: {steps}}}}}"),
    )


JOURNEYS = st.lists(st.recursive(_LEAVES, _branches, max_leaves=14), min_size=1, max_size=5).map(
    lambda steps: f"[{{email: {{content: t1, intent: help}}, name: first}}, {', '.join(steps)}]"
)
"""Journeys of any shape, as YAML."""
