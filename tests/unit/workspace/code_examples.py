"""A workspace without fault, and the examples of the pages of codes written into it."""

from __future__ import annotations

import re

FAULTLESS = {
    "upsell.yaml": """\
name: Acme
currency: USD
zone: America/New_York
sender: {name: Acme, address: hello@acme.example, postal_address: "Acme, 1 Main Street, Springfield"}
roles: [admin, billing]
traits: {customer: {email: text, first_name: text}}
policy: {consent: {sms: {bases: [consent]}}}
""",
    "catalog.yaml": """\
default_plan: team
plans:
  team: {name: Team, tier: 1, price: {month: 49}, limits: {reports: 500}}
  business: {name: Business, tier: 2, price: {month: 149}, limits: {reports: 2000}}
offers:
  grow: {kind: upgrade, plan: business, title: Business, reason: Four times the reports.}
""",
    "signals.yaml": "keen: event_count('Pricing Viewed', interval '7 days') >= 3\n",
    "workflows/room.yaml": """\
name: More room
owner: growth@acme.example
purpose: Accounts near their limit are helped first, then offered the plan that fits.
review_by: 2027-03-01
unit: account
trigger: {crossing: {of: usage_ratio('reports'), at: [80%]}}
goal: {event: Subscription Upgraded, within: 30 days}
experiment: {holdout: 10%}
journey:
  - email: {content: tips, intent: help}
  - wait: 3 days
  - email: {content: upgrade, offer: grow}
""",
    "templates/tips.html": "---\nsubject: Tips\n---\n<p>Hello {{ customer.first_name }}</p>\n",
    "templates/compare.html": "---\nsubject: Plans\n---\n<p>Both plans</p>\n",
    "templates/upgrade.html": "---\nsubject: More\n---\n<p>{{ offer.title }}</p>\n",
}

_FILE = re.compile(r"^# (\S+\.\w+)\n", re.MULTILINE)
_SECTION = re.compile(r"^(?=[a-z_]+:)", re.MULTILINE)


def written_in(text: str, beside: str = "") -> dict[str, str]:
    """Write an example into the workspace.

    In a YAML file its keys stand in the place of the workspace's own; so do, as absent ones, the keys that
    only the other example of the page writes. A template is written whole.
    """
    documents = dict(FAULTLESS)
    theirs = _files(beside)
    for file, content in _files(text).items():
        if not file.endswith(".yaml"):
            documents[file] = content
            continue
        replaced = {*_keys(content), *_keys(theirs.get(file, ""))}
        kept = [
            part for part in _SECTION.split(documents.get(file, "")) if part.split(":")[0] not in replaced
        ]
        documents[file] = "".join(kept) + content
    return documents


def _files(text: str) -> dict[str, str]:
    parts = _FILE.split(text)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _keys(text: str) -> set[str]:
    return {part.split(":")[0] for part in _SECTION.split(text) if part}
