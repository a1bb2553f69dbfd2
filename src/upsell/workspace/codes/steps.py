"""Pages of what can be wrong with the steps of a journey, and with segments that its rules name."""

from __future__ import annotations

from typing import Final

from upsell.workspace.codes.page import Page, Subject

PAGES: Final = (
    Page(
        code="step-name",
        meaning="A step's name, or a choice's, is taken already or names nothing that can be asked.",
        remedy="Give each step that is spoken of a name of its own; of asks about a step that speaks.",
        wrong="""\
# workflows/room.yaml
journey:
  - {name: hello, email: {content: tips, intent: help}}
  - wait: 3 days
  - {name: hello, email: {content: upgrade, offer: grow}}
""",
        right="""\
# workflows/room.yaml
journey:
  - {name: hello, email: {content: tips, intent: help}}
  - wait: 3 days
  - {name: ask, email: {content: upgrade, offer: grow}}
""",
    ),
    Page(
        code="shares",
        meaning="The shares of a split do not add up to 100%.",
        remedy="Everyone goes one way: let the shares add up.",
        wrong="""\
# workflows/room.yaml
journey:
  - split:
      short: {share: 50%, steps: [{email: {content: tips, intent: help}}]}
      long: {share: 40%, steps: [{email: {content: compare, intent: help}}]}
""",
        right="""\
# workflows/room.yaml
journey:
  - split:
      short: {share: 50%, steps: [{email: {content: tips, intent: help}}]}
      long: {share: 50%, steps: [{email: {content: compare, intent: help}}]}
""",
    ),
    Page(
        code="trial",
        meaning="A trial is of an offer without trial_days, or its reminder would come before it begins.",
        remedy="Say trial_days in the offer, and remind of the end within them.",
        wrong="""\
# catalog.yaml
offers:
  grow: {kind: upgrade, plan: business, title: Business}
# workflows/room.yaml
journey:
  - email: {content: tips, intent: help}
  - trial: {offer: grow, url: "http://127.0.0.1:9000/billing"}
""",
        right="""\
# catalog.yaml
offers:
  grow: {kind: upgrade, plan: business, title: Business, trial_days: 14}
# workflows/room.yaml
journey:
  - email: {content: tips, intent: help}
  - trial: {offer: grow, url: "http://127.0.0.1:9000/billing"}
""",
    ),
    Page(
        code="empty",
        meaning="The template of a text message says nothing.",
        remedy="Write what the text says, or delete the file.",
        wrong="""\
# templates/tips.sms.txt

""",
        right="""\
# templates/tips.sms.txt
Hello {{ customer.first_name }}
""",
    ),
    Page(
        code="name-taken",
        meaning="A segment is called like a signal.",
        remedy="Rename one of them: rules could not tell them apart.",
        wrong="""\
# segments.yaml
keen: {unit: account, rule: usage_ratio('reports') > 0.5}
""",
        right="""\
# segments.yaml
busy: {unit: account, rule: usage_ratio('reports') > 0.5}
""",
    ),
    Page(
        code="queue",
        meaning="A queue of tasks says what does not go together: people with one id or mail address, days "
        "away that end before they begin, or otherwise where tasks are not given to the account's owner.",
        remedy="Let each person of a queue have an id of their own, and say otherwise beside account_owner.",
        wrong="""\
# queues.yaml
success: {people: [{id: ana, name: Ana}], give: round_robin, otherwise: least_loaded}
""",
        right="""\
# queues.yaml
success: {people: [{id: ana, name: Ana}], give: account_owner, otherwise: least_loaded}
""",
    ),
    Page(
        code="unknown-queue",
        meaning="A task is for a queue that queues.yaml does not write.",
        remedy="Name a queue of the file, or write it there. Without the file any name will do.",
        wrong="""\
# queues.yaml
success: {people: [{id: ana, name: Ana}]}
# workflows/room.yaml
journey:
  - task: {queue: sucess, title: Talk about room, due: 2 days}
""",
        right="""\
# queues.yaml
success: {people: [{id: ana, name: Ana}]}
# workflows/room.yaml
journey:
  - task: {queue: success, title: Talk about room, due: 2 days}
""",
    ),
    Page(
        code="segment-cycle",
        meaning="Segments count who entered or left one another in a circle.",
        remedy="Let one of them ask about the customer instead.",
        wrong="""\
# segments.yaml
busy:
  unit: account
  rule: event_count('Segment Left', interval '7 days', properties.segment = 'busy') = 0
""",
        right="""\
# segments.yaml
busy: {unit: account, rule: usage_ratio('reports') > 0.5}
""",
    ),
    Page(
        code="unknown-segment",
        meaning="A workflow waits to hear of a segment that it never hears of.",
        why="Only units of the workflow's own kind, and members of its account, enter a segment it hears of. "
        "A name that no segment has is never entered, so nothing would ever come.",
        remedy="Name a segment of the workspace, or write it in segments.yaml.",
        wrong="""\
# segments.yaml
busy: {unit: account, rule: usage_ratio('reports') > 0.5}
# workflows/room.yaml
trigger: {on: Segment Entered, where: properties.segment = 'bussy'}
""",
        right="""\
# segments.yaml
busy: {unit: account, rule: usage_ratio('reports') > 0.5}
# workflows/room.yaml
trigger: {on: Segment Entered, where: properties.segment = 'busy'}
""",
        is_lint=True,
        waived_in=Subject.WORKFLOW,
    ),
)
"""The pages, in the order in which they are listed."""
