"""Pages of what can be wrong with a workflow, its experiment and the policy over it."""

from __future__ import annotations

from typing import Final

from upsell.workspace.codes.page import Page

_WORKFLOWS = (
    Page(
        code="trigger",
        meaning="Parts of a trigger do not belong together.",
        remedy="One thing leads: when, on, crossing or score. where stands beside on, held_for beside when.",
        wrong="""\
# workflows/room.yaml
trigger: {on: Pricing Viewed, held_for: 2 days, when: keen}
""",
        right="""\
# workflows/room.yaml
trigger: {held_for: 2 days, when: keen}
""",
    ),
    Page(
        code="score",
        meaning="A signal of a score is neither an event nor a rule, or mixes the two.",
        remedy="Give each an event, perhaps with a half_life, or a rule under when, and its weight.",
        wrong="""\
# workflows/room.yaml
trigger:
  score: {signals: [{event: Pricing Viewed, when: keen, weight: 3}], at: 3}
""",
        right="""\
# workflows/room.yaml
trigger:
  score: {signals: [{event: Pricing Viewed, weight: 3}, {when: keen, weight: 1}], at: 3}
""",
    ),
    Page(
        code="arrived",
        meaning="if: arrived is asked where no event was awaited.",
        remedy="Put a wait for an event before it, on every way that leads to it.",
        wrong="""\
# workflows/room.yaml
journey:
  - email: {content: tips, intent: help}
  - if: arrived
    then: [end]
""",
        right="""\
# workflows/room.yaml
journey:
  - email: {content: tips, intent: help}
  - wait: {for: Pricing Viewed, up_to: 2 days}
  - if: arrived
    then: [end]
""",
    ),
    Page(
        code="intent",
        meaning="A step's intent does not fit what it does, or where it stands.",
        remedy="A step that makes an offer has intent offer. After the goal there is only service. No "
        "cap and no state stops service, which consent alone stops.",
        wrong="""\
# workflows/room.yaml
journey:
  - email: {content: tips, intent: help}
  - wait: 3 days
  - email: {content: upgrade, intent: show, offer: grow}
""",
        right="""\
# workflows/room.yaml
journey:
  - email: {content: tips, intent: help}
  - wait: 3 days
  - email: {content: upgrade, intent: offer, offer: grow}
""",
    ),
    Page(
        code="caps",
        meaning="A mail that wants something is to be sent beyond the frequency caps.",
        remedy="Let it obey them; obeys_caps: false is for service and help.",
        wrong="""\
# workflows/room.yaml
journey:
  - email: {content: compare, intent: show, obeys_caps: false}
""",
        right="""\
# workflows/room.yaml
journey:
  - email: {content: compare, intent: show}
""",
    ),
    Page(
        code="roles",
        meaning="Roles are addressed in a workflow about a customer.",
        remedy="Leave out to: the customer is addressed. Roles are chosen in a workflow with unit: account.",
        wrong="""\
# workflows/room.yaml
unit: customer
journey:
  - email: {content: tips, intent: help, to: admin}
""",
        right="""\
# workflows/room.yaml
unit: customer
journey:
  - email: {content: tips, intent: help}
""",
    ),
    Page(
        code="prompt-gone",
        meaning="Nothing waits behind a prompt, so it is gone before anybody sees it.",
        remedy="Put a wait behind it: a prompt is there while the enrollment goes on.",
        wrong="""\
# workflows/room.yaml
journey:
  - prompt: {placement: usage-page, intent: help}
""",
        right="""\
# workflows/room.yaml
journey:
  - prompt: {placement: usage-page, intent: help}
  - wait: 7 days
""",
    ),
    Page(
        code="arm",
        meaning="An arm has a name that means something else.",
        remedy="Call it otherwise than for, holdout and control.",
        wrong="""\
# workflows/room.yaml
experiment: {holdout: 10%, vary: timing, arms: {control: 50%, late: 50%}}
journey:
  - wait: {control: 1 day, late: 3 days}
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
        code="arms",
        meaning="Arms do not add up, or differ in nothing, or in something else than the one thing "
        "that is varied.",
        why="When two things differ, nobody can say which of them made the difference.",
        remedy="Give by arm what vary names, for every arm, and nothing else; shares add up to 100 %.",
        wrong="""\
# workflows/room.yaml
experiment: {holdout: 10%, vary: timing, arms: {soon: 50%, late: 40%}}
journey:
  - wait: {soon: 1 day, late: 3 days}
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
)

_POLICY = (
    Page(
        code="state-without-events",
        meaning="A sensitive state that no event starts has something that only events give.",
        remedy="Give it starts, or leave out ends, cool_down, where and key: a state held by a rule "
        "ends with it.",
        wrong="""\
# upsell.yaml
policy: {states: {keen_now: {when: keen, cool_down: 2 days}}}
""",
        right="""\
# upsell.yaml
policy: {states: {keen_now: {when: keen}}}
""",
    ),
    Page(
        code="built-in-signal",
        meaning="A built-in signal that holds a sensitive state cannot be asked in this workspace.",
        remedy="A trait it reads is declared as another kind. Write the signal in signals.yaml as you "
        "mean it, or turn its state off.",
    ),
    Page(
        code="price-guardrail",
        meaning="A discount is deeper than the policy allows, or leaves too little above the cost.",
        remedy="Give less, or change policy.pricing, which holds for every discount.",
        wrong="""\
# upsell.yaml
policy: {pricing: {max_discount: 15%}}
# catalog.yaml
offers:
  grow: {kind: upgrade, plan: business, title: Business, discount: 20%, months: 3}
""",
        right="""\
# upsell.yaml
policy: {pricing: {max_discount: 15%}}
# catalog.yaml
offers:
  grow: {kind: upgrade, plan: business, title: Business, discount: 10%, months: 3}
""",
    ),
    Page(
        code="ladder",
        meaning="A journey gives a discount before it has said anything without one.",
        why="policy.pricing.ladder asks for value first and the discount last. offer-before-help asks "
        "for help besides, before any offer; this asks it of discounts, and is no warning.",
        remedy="Begin with help, or with the full price.",
        wrong="""\
# upsell.yaml
policy: {pricing: {ladder: true}}
# catalog.yaml
offers:
  grow: {kind: upgrade, plan: business, title: Business, discount: 20%, months: 3}
# workflows/room.yaml
journey:
  - email: {content: upgrade, offer: grow}
""",
        right="""\
# upsell.yaml
policy: {pricing: {ladder: true}}
# catalog.yaml
offers:
  grow: {kind: upgrade, plan: business, title: Business, discount: 20%, months: 3}
# workflows/room.yaml
journey:
  - email: {content: tips, intent: help}
  - wait: 3 days
  - email: {content: upgrade, offer: grow}
""",
    ),
    Page(
        code="unknown-sender",
        meaning="A workflow names a sender that there is none of.",
        why="Its mail would come from the workspace's own sender, as another brand than was meant.",
        remedy="Name a sender of senders in upsell.yaml, or write it there.",
        wrong="""\
# upsell.yaml
senders:
  acme-de: {name: Acme Deutschland, address: hallo@acme.example, postal_address: Hauptstr. 1}
# workflows/room.yaml
sender: acme-ed
""",
        right="""\
# upsell.yaml
senders:
  acme-de: {name: Acme Deutschland, address: hallo@acme.example, postal_address: Hauptstr. 1}
# workflows/room.yaml
sender: acme-de
""",
    ),
    Page(
        code="protected-trait",
        meaning="A workflow that gives a discount asks who somebody is.",
        why="A price may not hang on sex, age, origin and the like; policy.pricing.protected lists the "
        "traits.",
        source="Directive 2004/113/EC; California Civil Code, section 51.6.",
        remedy="Drop the rule, or the discount.",
        wrong="""\
# catalog.yaml
offers:
  grow: {kind: upgrade, plan: business, title: Business, discount: 20%, months: 3}
# upsell.yaml
traits: {customer: {email: text, first_name: text, gender: text}}
# workflows/room.yaml
unit: customer
eligible: [customer.gender = 'f']
""",
        right="""\
# catalog.yaml
offers:
  grow: {kind: upgrade, plan: business, title: Business, discount: 20%, months: 3}
# upsell.yaml
traits: {customer: {email: text, first_name: text, gender: text}}
# workflows/room.yaml
unit: customer
eligible: [plan.tier < 2]
""",
    ),
)

PAGES: Final = (*_WORKFLOWS, *_POLICY)
"""The pages of this module."""
