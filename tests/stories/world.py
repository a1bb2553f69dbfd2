"""A small world for stories: a workspace as text."""

from __future__ import annotations

from upsell.clock import DAY, HOUR
from upsell.decisions.reasons import Reason
from upsell.journeys.program import Program
from upsell.testing.stories import START, Story, receipt_of
from upsell.workspace.compile import compile_documents

SETTINGS = """
name: Acme
currency: USD
zone: Europe/Berlin
sender: {name: Acme, address: hello@acme.example, postal_address: 1 Road}
"""

CATALOG = """
default_plan: free
metrics: [api_calls, seats]
plans:
  free: {name: Free, tier: 0, limits: {api_calls: 100}}
  starter: {name: Starter, tier: 1, price: {month: 49}, limits: {api_calls: 1000, seats: 5}}
  pro: {name: Pro, tier: 2, price: {month: 149, year: 1490}, limits: {api_calls: 10000, seats: 25}}
offers:
  pro-annual: {kind: upgrade, plan: pro, title: Pro for a year, reason: More calls, discount: 10%}
  pro-trial: {kind: upgrade, plan: pro, title: Pro on trial, reason: Try it, trial_days: 14}
"""

TEMPLATE = """---
subject: {name}
---
<p>{name} for {{{{ customer.email }}}}</p>
"""


def make_program(
    workflows: dict[str, str],
    *,
    policy: str = "",
    signals: str = "",
    segments: str = "",
    catalog: str = CATALOG,
) -> Program:
    """Compile workflows (YAML by key) over a small catalog; templates named t1 to t4 exist."""
    documents = {"upsell.yaml": SETTINGS + policy, "catalog.yaml": catalog}
    if signals:
        documents["signals.yaml"] = signals
    if segments:
        documents["segments.yaml"] = segments
    documents |= {f"workflows/{key}.yaml": text for key, text in workflows.items()}
    documents |= {f"templates/{name}.html": TEMPLATE.format(name=name) for name in ("t1", "t2", "t3", "t4")}
    return compile_documents(documents).program


def workflow(
    *,
    trigger: str,
    journey: str,
    unit: str = "customer",
    holdout: str = "0%",
    eligible: str = "[]",
    suppress: str = "[]",
    goal: str = "{event: Subscription Upgraded, within: 30 days}",
    experiment: str = "",
    more: str = "",
) -> str:
    """Write a workflow's YAML; each argument is the YAML of that key."""
    return f"""
name: A workflow
owner: owner@acme.example
purpose: A test of one law.
review_by: 2027-01-01
unit: {unit}
trigger: {trigger}
eligible: {eligible}
suppress: {suppress}
goal: {goal}
experiment: {{holdout: {holdout}{experiment}}}
journey: {journey}
{more}
"""


__all__ = ["DAY", "HOUR", "START", "Reason", "Story", "make_program", "receipt_of", "workflow"]
