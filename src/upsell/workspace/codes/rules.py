"""Pages of what can be wrong with a rule, and with a template's Liquid."""

from __future__ import annotations

from typing import Final

from upsell.workspace.codes.page import Page

_RULES = (
    Page(
        code="rule-syntax",
        meaning="A rule cannot be read.",
        remedy="Look at the caret. Rules are SQL expressions: text in single quotes, and / or between "
        "conditions, = for equal.",
        wrong="""\
# workflows/room.yaml
eligible: ["plan.tier < 2 account.region = 'EU'"]
""",
        right="""\
# workflows/room.yaml
eligible: ["plan.tier < 2 and account.region = 'EU'"]
""",
    ),
    Page(
        code="rule-size",
        meaning="A rule is too long, too deep, or too large once its signals are written out.",
        remedy="Name a part of it as a signal, or use fewer signals within signals.",
    ),
    Page(
        code="rule-call",
        meaning="A function is called with other arguments than it takes.",
        remedy="Write it as the hint shows; every function is on the rules page.",
        wrong="""\
# signals.yaml
keen: event_count('Pricing Viewed', 7) >= 3
""",
        right="""\
# signals.yaml
keen: event_count('Pricing Viewed', interval '7 days') >= 3
""",
    ),
    Page(
        code="rule-interval",
        meaning="A length of time cannot be read.",
        remedy="Write interval and a whole number of seconds, minutes, hours, days or weeks in quotes.",
        wrong="""\
# signals.yaml
keen: event_count('Pricing Viewed', interval '1 month') >= 3
""",
        right="""\
# signals.yaml
keen: event_count('Pricing Viewed', interval '30 days') >= 3
""",
    ),
    Page(
        code="rule-moment",
        meaning="A date or time cannot be read.",
        remedy="Write date '2026-01-31', which is midnight UTC, or timestamp '2026-01-31T09:00:00Z' "
        "with its zone.",
        wrong="""\
# signals.yaml
keen: subscription.renews_at < date '31.1.2026'
""",
        right="""\
# signals.yaml
keen: subscription.renews_at < date '2026-01-31'
""",
    ),
    Page(
        code="rule-time",
        meaning="Time moves a comparison in more than one place, so nobody can say when it next changes.",
        remedy="Compare each elapsed time with a value of its own, and join the comparisons with and / or.",
        wrong="""\
# signals.yaml
keen: days_until(subscription.renews_at) < days_since(subscription.started_at)
""",
        right="""\
# signals.yaml
keen: days_until(subscription.renews_at) < 30
""",
    ),
    Page(
        code="rule-range",
        meaning="Arithmetic multiplies or divides so often that its result may be out of range.",
        remedy="Use fewer factors.",
    ),
    Page(
        code="rule-condition",
        meaning="A condition on an event asks about more than that event.",
        remedy="Ask about time, usage and other events outside of the condition.",
        wrong="""\
# workflows/room.yaml
trigger: {on: Pricing Viewed, where: usage('reports') > 100}
""",
        right="""\
# workflows/room.yaml
trigger: {on: Pricing Viewed, when: usage('reports') > 100}
""",
    ),
    Page(
        code="unknown-function",
        meaning="A rule calls a function that there is not.",
        remedy="Take the nearest name; every function is on the rules page.",
        wrong="""\
# signals.yaml
keen: event_cont('Pricing Viewed', interval '7 days') >= 3
""",
        right="""\
# signals.yaml
keen: event_count('Pricing Viewed', interval '7 days') >= 3
""",
    ),
    Page(
        code="unknown-name",
        meaning="A rule names a signal, a field, a trait or a metric that there is not.",
        remedy="Take the nearest name, or declare it: traits in upsell.yaml, metrics in catalog.yaml.",
        wrong="""\
# workflows/room.yaml
eligible: [plan.teir < 2]
""",
        right="""\
# workflows/room.yaml
eligible: [plan.tier < 2]
""",
    ),
    Page(
        code="unknown-kind",
        meaning="Nothing says whether a value is a text, a number, a moment or a boolean.",
        remedy="Compare it with a constant, or declare its kind under traits in upsell.yaml.",
        wrong="""\
# upsell.yaml
traits: {customer: {email: text, first_name: text}}
# workflows/room.yaml
eligible: [account.region = account.home]
""",
        right="""\
# upsell.yaml
traits:
  customer: {email: text, first_name: text}
  account: {region: text, home: text}
# workflows/room.yaml
eligible: [account.region = account.home]
""",
    ),
    Page(
        code="kind-clash",
        meaning="Two kinds meet that cannot be compared, or a rule is not of the kind that is asked for.",
        remedy="Compare values of one kind; a number in quotes is a text.",
        wrong="""\
# workflows/room.yaml
eligible: ["plan.tier < '2'"]
""",
        right="""\
# workflows/room.yaml
eligible: [plan.tier < 2]
""",
    ),
    Page(
        code="signal-cycle",
        meaning="A signal leads back to itself.",
        remedy="Break the circle in one of them.",
        wrong="""\
# signals.yaml
keen: warm
warm: keen
""",
        right="""\
# signals.yaml
keen: plan.tier < 2
warm: keen
""",
    ),
    Page(
        code="broken-signal",
        meaning="A rule names a signal that is itself wrong.",
        remedy="Put the signal right. A workspace tells what is wrong where the signal is written, and "
        "only there.",
    ),
)

_TEMPLATES = (
    Page(
        code="front-matter",
        meaning="A template does not begin with its subject.",
        remedy="Begin it with subject: and its text between two lines of ---, and nothing else there.",
        wrong="""\
# templates/tips.html
---
subjekt: Tips
---
<p>Hello</p>
""",
        right="""\
# templates/tips.html
---
subject: Tips
---
<p>Hello</p>
""",
    ),
    Page(
        code="liquid-syntax",
        meaning="The Liquid of a template cannot be read.",
        remedy="Close what is opened: {{ with }}, {% if %} with {% endif %}. include and render are "
        "not there, as a template stands alone.",
        wrong="""\
# templates/tips.html
---
subject: Tips
---
{% if customer.first_name %}<p>Hello</p>
""",
        right="""\
# templates/tips.html
---
subject: Tips
---
{% if customer.first_name %}<p>Hello</p>{% endif %}
""",
    ),
    Page(
        code="unknown-filter",
        meaning="A template uses a filter that Liquid does not have.",
        remedy="Take the nearest name.",
        wrong="""\
# templates/tips.html
---
subject: Tips
---
<p>Hello {{ customer.first_name | defualt: "there" }}</p>
""",
        right="""\
# templates/tips.html
---
subject: Tips
---
<p>Hello {{ customer.first_name | default: "there" }}</p>
""",
    ),
    Page(
        code="unknown-variable",
        meaning="A template names something that rendering will not know.",
        remedy="Take the nearest name; what templates know is on the workspace page.",
        wrong="""\
# templates/tips.html
---
subject: Tips
---
<p>Hello {{ customer.frist_name }}</p>
""",
        right="""\
# templates/tips.html
---
subject: Tips
---
<p>Hello {{ customer.first_name }}</p>
""",
    ),
)

PAGES: Final = (*_RULES, *_TEMPLATES)
"""The pages of this module."""
