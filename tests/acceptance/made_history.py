"""A made history in Segment's shapes, and a workspace to ask of it."""

from __future__ import annotations

import json
import random
from pathlib import Path

from upsell.clock import DAY, HOUR, MINUTE, Moment, format_moment, parse_moment

STARTS_AT: Moment = parse_moment("2026-01-01T00:00:00Z") or 0
DAYS = 60
CUSTOMERS = 60

_WORKFLOW = """\
name: {name}
unit: {unit}
priority: {priority}
trigger: {trigger}
eligible: [plan.tier < 1]
goal: {{event: Subscription Upgraded, within: 14 days}}
experiment: {{holdout: 25%}}
journey:
  - email: {{content: hint, intent: help}}
  - wait: 3 days
  - email: {{content: hint, intent: show}}
  - task: {{queue: success, title: Call, due: 1 day}}
"""

DOCUMENTS = {
    "upsell.yaml": (
        "currency: USD\nzone: America/New_York\n"
        "sender: {name: Made, address: hello@made.example, postal_address: 1 Example Street}\n"
        "policy: {caps: [{at_most: 3, within: 7 days}]}\n"
    ),
    "catalog.yaml": (
        "default_plan: free\n"
        "plans: {free: {name: Free, tier: 0}, pro: {name: Pro, tier: 1, price: {month: 9}}}\n"
    ),
    "templates/hint.html": '---\nsubject: "A hint"\n---\n<p>Hello.</p>\n',
    "workflows/keen.yaml": _WORKFLOW.format(
        name="Keen",
        unit="customer",
        priority=1,
        trigger="{when: \"event_count('Report Run', interval '7 days') >= 5\", again_after: 20 days}",
    ),
    "workflows/stuck.yaml": _WORKFLOW.format(
        name="Stuck", unit="account", priority=2, trigger="{on: Feature Gate Hit, again_after: 30 days}"
    ),
}


def make_workspace(folder: Path) -> Path:
    """Write the workspace to ``folder``."""
    for name, text in DOCUMENTS.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def make_lines(seed: int = 7) -> list[str]:
    """Make the history: every second customer is a member of one of ten accounts; lines are in no order."""
    chance = random.Random(seed)
    items = []
    for number in range(CUSTOMERS):
        user = f"u{number}"
        account = f"acme{number // 2 % 10}" if number % 2 else None
        said_at = STARTS_AT + number * MINUTE
        items.append(_item("identify", said_at, userId=user, traits={"email": f"{user}@example.com"}))
        if account is not None:
            roles = {"roles": ["admin"] if number < 30 else ["member"]}
            items.append(_item("group", said_at + DAY, userId=user, groupId=account, traits=roles))
        for _ in range(chance.randrange(5, 80)):
            at = STARTS_AT + chance.randrange(DAYS * DAY // MINUTE) * MINUTE
            event = chance.choices(["Report Run", "Noise", "Feature Gate Hit"], [10, 10, 1])[0]
            items.append(_item("track", at, userId=user, event=event, properties={"n": chance.randrange(9)}))
        if chance.random() < 0.3:
            at = STARTS_AT + chance.randrange(DAYS * DAY // HOUR) * HOUR + 1
            terms = {"plan": "pro", "amount": 900, "currency": "USD"}
            items.append(_item("track", at, userId=user, event="Subscription Started", properties=terms))
    chance.shuffle(items)
    return [json.dumps({"messageId": f"m{place}", **item}) for place, item in enumerate(items)]


def _item(call: str, at: Moment, **said: object) -> dict[str, object]:
    return {"type": call, "timestamp": format_moment(at), **said}
