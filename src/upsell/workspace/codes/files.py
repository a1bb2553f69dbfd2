"""Pages of what can be wrong with a file before anything in it is understood, and with the names in it."""

from __future__ import annotations

from typing import Final

from upsell.workspace.codes.page import Page

_FILES = (
    Page(
        code="missing-file",
        meaning="A file that must be there is not.",
        remedy="Write it, or name another directory. A .txt under templates/ needs the .mjml or "
        ".html of its name beside it, which holds the subject; and a template needs to be there in the "
        "workspace's own locale.",
        wrong="""\
# templates/note.txt
Hello
""",
        right="""\
# templates/note.html
---
subject: A note
---
<p>Hello</p>
# templates/note.txt
Hello
""",
    ),
    Page(
        code="unreadable",
        meaning="A file is there and cannot be read.",
        remedy="Give yourself the right to read it; the message says what the machine answered.",
    ),
    Page(
        code="encoding",
        meaning="A file is not UTF-8, or holds control characters that cannot be seen.",
        remedy="Save it as UTF-8, and write again the line that is named.",
    ),
    Page(
        code="too-large",
        meaning="A file has more than a file written by hand ever has.",
        remedy="Split it: one workflow a file. Data does not belong in a workspace.",
    ),
    Page(
        code="too-deep",
        meaning="Values lie more than 40 deep inside one another.",
        remedy="Write branches one after the other rather than inside one another, or as signals.",
    ),
    Page(
        code="file-name",
        meaning="A file has a name by which nothing would read it.",
        remedy="Settings are upsell.yaml, catalog.yaml and signals.yaml; workflows end in .yaml, "
        "templates in .mjml, .html or .txt, and both have names of small letters, digits and dashes.",
        wrong="""\
# workflows/room.yml
priority: 1
""",
        right="""\
# workflows/room.yaml
priority: 1
""",
    ),
    Page(
        code="yaml-syntax",
        meaning="The text is not YAML.",
        remedy="Look at the caret, and a little before it: a bracket or a quote that is not closed, a "
        "tab, or a colon inside text that needs quotes.",
        wrong="""\
# workflows/room.yaml
eligible: [plan.tier < 2
""",
        right="""\
# workflows/room.yaml
eligible: [plan.tier < 2]
""",
    ),
    Page(
        code="duplicate-key",
        meaning="A key is written twice, so one of the two would be lost.",
        remedy="Keep one.",
        wrong="""\
# workflows/room.yaml
priority: 1
priority: 2
""",
        right="""\
# workflows/room.yaml
priority: 2
""",
    ),
    Page(
        code="unknown-key",
        meaning="A key means nothing where it stands.",
        remedy="Take the nearest known one, which the message names. upsell schema --workspace all "
        "--write DIR writes schemas with which an editor completes keys.",
        wrong="""\
# workflows/room.yaml
eligable: [plan.tier < 2]
""",
        right="""\
# workflows/room.yaml
eligible: [plan.tier < 2]
""",
    ),
    Page(
        code="missing-key",
        meaning="A key that must be there is not.",
        remedy="Write it; the hint says what it means.",
        wrong="""\
# workflows/room.yaml
goal: {event: Subscription Upgraded}
""",
        right="""\
# workflows/room.yaml
goal: {event: Subscription Upgraded, within: 30 days}
""",
    ),
    Page(
        code="wrong-type",
        meaning="A value is not of the kind that its key takes.",
        remedy="Write it as the message expects. A number that is meant as text needs quotes.",
        wrong="""\
# workflows/room.yaml
goal: {event: Subscription Upgraded, within: 1 month}
""",
        right="""\
# workflows/room.yaml
goal: {event: Subscription Upgraded, within: 30 days}
""",
    ),
)

_NAMES = (
    Page(
        code="unknown-template",
        meaning="A step names a template that is not there.",
        remedy="Take the nearest name, or write templates/<name>.html.",
        wrong="""\
# workflows/room.yaml
journey:
  - email: {content: tipps, intent: help}
""",
        right="""\
# workflows/room.yaml
journey:
  - email: {content: tips, intent: help}
""",
    ),
    Page(
        code="unknown-offer",
        meaning="A step, or a fallback, names an offer that the catalog lacks.",
        remedy="Take the nearest name, or write the offer in catalog.yaml.",
        wrong="""\
# workflows/room.yaml
journey:
  - email: {content: tips, intent: help}
  - wait: 3 days
  - email: {content: upgrade, offer: growth}
""",
        right="""\
# workflows/room.yaml
journey:
  - email: {content: tips, intent: help}
  - wait: 3 days
  - email: {content: upgrade, offer: grow}
""",
    ),
    Page(
        code="unknown-role",
        meaning="A mail is addressed to a role that no customer can have.",
        remedy="Take one of the roles in upsell.yaml, or add it there under roles.",
        wrong="""\
# workflows/room.yaml
journey:
  - email: {content: tips, intent: help, to: biling}
""",
        right="""\
# workflows/room.yaml
journey:
  - email: {content: tips, intent: help, to: billing}
""",
    ),
    Page(
        code="unknown-arm",
        meaning="A value is given for an arm that the experiment does not have.",
        remedy="Take the nearest name, or add the arm to experiment.arms.",
        wrong="""\
# workflows/room.yaml
experiment: {holdout: 10%, vary: timing, arms: {soon: 50%, late: 50%}}
journey:
  - wait: {soon: 1 day, late: 3 days, never: 9 days}
  - email: {content: tips, intent: help}
""",
        right="""\
# workflows/room.yaml
experiment: {holdout: 10%, vary: timing, arms: {soon: 50%, late: 50%}}
journey:
  - wait: {soon: 1 day, late: 3 days}
  - email: {content: tips, intent: help}
""",
    ),
    Page(
        code="unknown-plan",
        meaning="An offer, a product or default_plan names a plan that the catalog lacks.",
        remedy="Take the nearest name, or write the plan in catalog.yaml.",
        wrong="""\
# catalog.yaml
default_plan: free
""",
        right="""\
# catalog.yaml
default_plan: team
""",
    ),
    Page(
        code="unknown-product",
        meaning="An offer names a product that the catalog lacks.",
        remedy="Take the nearest name, or write the product in catalog.yaml.",
        wrong="""\
# catalog.yaml
offers:
  grow: {kind: cross-sell, product: sso, title: Single sign-on}
""",
        right="""\
# catalog.yaml
products:
  sso: {kind: add-on, name: Single sign-on, price: {month: 20}}
offers:
  grow: {kind: cross-sell, product: sso, title: Single sign-on}
""",
    ),
    Page(
        code="unknown-add-on-or-plan",
        meaning="A bundle contains something that the catalog lacks.",
        remedy="Take the nearest name, or write the add-on or plan in catalog.yaml.",
        wrong="""\
# catalog.yaml
products:
  all: {kind: bundle, name: Everything, contains: [sso]}
""",
        right="""\
# catalog.yaml
products:
  sso: {kind: add-on, name: Single sign-on}
  all: {kind: bundle, name: Everything, contains: [sso]}
""",
    ),
    Page(
        code="unknown-feature",
        meaning="An offer is about a feature that no plan and no product of the catalog has.",
        remedy="Take the nearest name, or write the feature in the plan or add-on that has it.",
        wrong="""\
# catalog.yaml
plans:
  team: {name: Team, tier: 1, limits: {reports: 100}, features: [sso]}
offers:
  grow: {kind: upgrade, feature: ssso, trial_days: 14, title: Try single sign-on}
""",
        right="""\
# catalog.yaml
plans:
  team: {name: Team, tier: 1, limits: {reports: 100}, features: [sso]}
offers:
  grow: {kind: upgrade, feature: sso, trial_days: 14, title: Try single sign-on}
""",
    ),
    Page(
        code="unknown-item",
        meaning="An offer, or a premium counterpart, names an item that the catalog lacks.",
        remedy="Take the nearest name, or write the item in catalog.yaml.",
        wrong="""\
# catalog.yaml
items:
  kettle: {name: Kettle, price: 29, premium: kettle-pro}
""",
        right="""\
# catalog.yaml
items:
  kettle: {name: Kettle, price: 29, premium: kettle-pro}
  kettle-pro: {name: Kettle Pro, price: 59}
""",
    ),
    Page(
        code="unknown-sensitive-state",
        meaning="A sensitive state is turned off that there is not.",
        remedy="Take the nearest name; the built-in states are on the workspace page.",
        wrong="""\
# upsell.yaml
policy: {states: {refnd: off}}
""",
        right="""\
# upsell.yaml
policy: {states: {refund: off}}
""",
    ),
)

PAGES: Final = (*_FILES, *_NAMES)
"""The pages of this module."""
