"""Pages of the warnings about how a team speaks: help first, time between, an end, a holdout, an owner.

The law: a warning is worth more than the time it takes to read; each says what it costs to let it stand.
"""

from __future__ import annotations

from typing import Final

from upsell.clock import format_duration
from upsell.workspace.codes.page import Page, Subject
from upsell.workspace.spacing import LEAST


def _least() -> str:
    """Write how long each channel deserves to be silent."""
    return ", ".join(f"{channel} {format_duration(least)}" for channel, least in LEAST.items())


_ORDER = (
    Page(
        code="offer-before-help",
        meaning="On some way through the journey an offer is made before anything that helps.",
        why="Who is offered something before anything was of use to them learns to leave the next mail "
        "unread, and then the offer that fits is left unread as well. A step of intent help is help, "
        "and so is a task that makes no offer; show is not, for it wants something too. A prompt "
        "counts once the journey reaches it: whether somebody saw it only a wait for Prompt Shown "
        "knows. Every way is walked: both sides of each branch, and an awaited event that comes or "
        "does not.",
        remedy="Begin the way that is named with a step of intent help: how to need less, how to do it "
        "today, what they got out of it so far.",
        wrong="""\
# workflows/room.yaml
journey:
  - if: keen
    then:
      - email: {content: tips, intent: help}
      - wait: 3 days
  - email: {content: upgrade, offer: grow}
""",
        right="""\
# workflows/room.yaml
journey:
  - email: {content: tips, intent: help}
  - wait: 3 days
  - email: {content: upgrade, offer: grow}
""",
        is_lint=True,
        waived_in=Subject.WORKFLOW,
    ),
    Page(
        code="wait-too-short",
        meaning="On some way two messages can reach one person sooner than the channel deserves.",
        why="Two mails in an hour are read as one mistake. The time is the least there can be: a wait "
        "for an event may end at once, when the event comes, and so counts for nothing on the way "
        "where it came; where it did not, the whole wait counts. Service is left out, as frequency "
        "caps leave it out, and so is what a cap of the policy keeps apart anyway. A channel's least is "
        f"{_least()}; between two channels the shorter holds.",
        remedy="Let time pass between the two, or let the policy hold the second back: a cap of one, or "
        "between two that show or offer policy.gap, is obeyed by every workflow.",
        wrong="""\
# workflows/room.yaml
journey:
  - email: {content: tips, intent: help}
  - wait: {for: Pricing Viewed, up_to: 5 days}
  - email: {content: upgrade, offer: grow}
""",
        right="""\
# workflows/room.yaml
journey:
  - email: {content: tips, intent: help}
  - wait: {for: Pricing Viewed, up_to: 5 days}
  - wait: 1 day
  - email: {content: upgrade, offer: grow}
""",
        is_lint=True,
        waived_in=Subject.WORKFLOW,
    ),
    Page(
        code="sms-without-ground",
        meaning="Texts that market go to whoever has not said no, because no ground is asked for.",
        why="Mail may be sent on softer grounds in many places; a text that markets takes consent that was "
        "given before, in nearly all of them.",
        source="47 CFR 64.1200 (a) (2), under 47 U.S.C. 227 (TCPA): prior express written consent; Directive "
        "2002/58/EC, article 13 (1) and (2): prior consent, or a sale of something similar.",
        remedy="Say in policy.consent what the ground for texts is.",
        wrong="""\
# upsell.yaml
policy: {gap: 1 day}
# catalog.yaml
offers:
  grow: {kind: upgrade, plan: business, title: Business, reason: More room, valid_for: 3 days}
# templates/upgrade.sms.txt
{{ offer.title }}: {{ offer.reason }}
# workflows/room.yaml
journey:
  - email: {content: tips, intent: help}
  - wait: 3 days
  - sms: {content: upgrade, offer: grow}
""",
        right="""\
# upsell.yaml
policy: {gap: 1 day, consent: {sms: {bases: [proven-consent]}}}
# catalog.yaml
offers:
  grow: {kind: upgrade, plan: business, title: Business, reason: More room, valid_for: 3 days}
# templates/upgrade.sms.txt
{{ offer.title }}: {{ offer.reason }}
# workflows/room.yaml
journey:
  - email: {content: tips, intent: help}
  - wait: 3 days
  - sms: {content: upgrade, offer: grow}
""",
        is_lint=True,
        waived_in=Subject.WORKFLOW,
    ),
    Page(
        code="sms-not-urgent",
        meaning="A text message says something that could as well come tomorrow.",
        why="A text interrupts whoever gets it, costs money each time, and the law holds it to more than "
        "mail. Urgent is service, and an offer that ends: on a day, or within a week of being shown. A "
        "step that may go by text among other channels counts as one.",
        source="47 CFR 64.1200 (a) (2) and (c) (1), under 47 U.S.C. 227 (TCPA): prior express written "
        "consent for texts that market, and none before 8 in the morning or after 9 in the evening.",
        remedy="Say it by mail, or offer something that ends.",
        wrong="""\
# templates/upgrade.sms.txt
{{ offer.title }}: {{ offer.reason }}
# workflows/room.yaml
journey:
  - email: {content: tips, intent: help}
  - wait: 3 days
  - sms: {content: upgrade, offer: grow}
""",
        right="""\
# catalog.yaml
offers:
  grow: {kind: upgrade, plan: business, title: Business, reason: More room, valid_for: 3 days}
# templates/upgrade.sms.txt
{{ offer.title }}: {{ offer.reason }}
# workflows/room.yaml
journey:
  - email: {content: tips, intent: help}
  - wait: 3 days
  - sms: {content: upgrade, offer: grow}
""",
        is_lint=True,
        waived_in=Subject.WORKFLOW,
    ),
    Page(
        code="sms-costly-sign",
        meaning="A sign such as a curly quote makes a text cost more than twice as much.",
        why="A text of nothing but the GSM alphabet has 160 characters in a segment; one sign that is not of "
        "it leaves 70. Editors put curly quotes and long dashes in by themselves.",
        source="3GPP TS 23.038, 6.2.1: the GSM 7 bit default alphabet and its extension table.",
        remedy="Write the plain sign.",
        wrong="""\
# catalog.yaml
offers:
  grow: {kind: upgrade, plan: business, title: Business, reason: More room, valid_for: 3 days}
# templates/upgrade.sms.txt
It’s time: {{ offer.reason }}
# workflows/room.yaml
journey:
  - email: {content: tips, intent: help}
  - wait: 3 days
  - sms: {content: upgrade, offer: grow}
""",
        right="""\
# catalog.yaml
offers:
  grow: {kind: upgrade, plan: business, title: Business, reason: More room, valid_for: 3 days}
# templates/upgrade.sms.txt
It's time: {{ offer.reason }}
# workflows/room.yaml
journey:
  - email: {content: tips, intent: help}
  - wait: 3 days
  - sms: {content: upgrade, offer: grow}
""",
        is_lint=True,
        waived_in=Subject.WORKFLOW,
    ),
    Page(
        code="sms-long",
        meaning="A text has more than three segments before anything is filled in.",
        why="Each segment is paid for, and a long text is read by few. Counted is what always stands in the "
        "template; one with conditions is left alone.",
        source="3GPP TS 23.040, 9.2.3.24.1: of several segments each has 153 characters, or 67.",
        remedy="Say less, or say it by mail.",
        wrong="""\
# catalog.yaml
offers:
  grow: {kind: upgrade, plan: business, title: Business, reason: More room, valid_for: 3 days}
# templates/upgrade.sms.txt
Reports are what your team runs each morning, and they run out before noon again.
Reports are what your team runs each morning, and they run out before noon again.
Reports are what your team runs each morning, and they run out before noon again.
Reports are what your team runs each morning, and they run out before noon again.
Reports are what your team runs each morning, and they run out before noon again.
Reports are what your team runs each morning, and they run out before noon again.
# workflows/room.yaml
journey:
  - email: {content: tips, intent: help}
  - wait: 3 days
  - sms: {content: upgrade, offer: grow}
""",
        right="""\
# catalog.yaml
offers:
  grow: {kind: upgrade, plan: business, title: Business, reason: More room, valid_for: 3 days}
# templates/upgrade.sms.txt
Four times the reports, for three days: reply STOP to end texts.
# workflows/room.yaml
journey:
  - email: {content: tips, intent: help}
  - wait: 3 days
  - sms: {content: upgrade, offer: grow}
""",
        is_lint=True,
        waived_in=Subject.WORKFLOW,
    ),
    Page(
        code="goal-not-measured",
        meaning="A step that wants something is reached when the goal's window is over.",
        why="The goal counts within its time after exposure, which is the first step that speaks. What "
        "an offer brings after that is credited to nobody, so the workflow looks worse than it is.",
        remedy="Give the goal more time, or make the offer sooner.",
        wrong="""\
# workflows/room.yaml
goal: {event: Subscription Upgraded, within: 14 days}
journey:
  - email: {content: tips, intent: help}
  - wait: 20 days
  - email: {content: upgrade, offer: grow}
""",
        right="""\
# workflows/room.yaml
goal: {event: Subscription Upgraded, within: 45 days}
journey:
  - email: {content: tips, intent: help}
  - wait: 20 days
  - email: {content: upgrade, offer: grow}
""",
        is_lint=True,
        waived_in=Subject.WORKFLOW,
    ),
    Page(
        code="promotion-without-end",
        meaning="An offer takes something off the price, and nothing ever ends it.",
        why="A discount that is always there is the price; the full price beside it then says "
        "something untrue. Whoever was about to pay in full learns to wait. An end is available_until, "
        "valid_for, months, or a stock or budget that runs out.",
        source="16 CFR 233.1 (FTC, former price comparisons); Directive 98/6/EC, article 6a (the "
        "earlier price in the European Union); Directive 2005/29/EC, annex I (7): an end that is "
        "stated must be true.",
        remedy="Say until when it is made, how long its terms hold once shown, or how many months it lasts.",
        wrong="""\
# catalog.yaml
offers:
  grow: {kind: upgrade, plan: business, title: Business, discount: 20%}
""",
        right="""\
# catalog.yaml
offers:
  grow: {kind: upgrade, plan: business, title: Business, discount: 20%, valid_for: 14 days}
""",
        is_lint=True,
        waived_in=Subject.OFFER,
    ),
)

_TOLD = (
    Page(
        code="no-holdout",
        meaning="A workflow that wants something keeps nobody without its treatment.",
        why="Without a holdout nobody can tell what the workflow earned from what would have happened "
        "anyway; what was attributed to it is not what it brought. A workflow that only serves needs "
        "none.",
        source="Blake, Nosko and Tadelis, Econometrica 83 (2015); Gordon, Zettelmeyer, Bhargava and "
        "Chapsky, Marketing Science 38 (2019): comparisons without randomised controls were far off.",
        remedy="Hold out 10 to 30 % of the units. Where few will enter, hold out more of them, not none.",
        wrong="""\
# workflows/room.yaml
experiment: {holdout: 0%}
""",
        right="""\
# workflows/room.yaml
experiment: {holdout: 10%}
""",
        is_lint=True,
        waived_in=Subject.WORKFLOW,
    ),
    Page(
        code="no-guardrails",
        meaning="A workflow that sells has no guardrail, and the policy's are switched off.",
        why="Nothing then stops it when people complain, unsubscribe, ask for their money back or leave; "
        "the first to notice is a mailbox provider, who puts all mail of the sender aside, not only this "
        "workflow's.",
        source="Google, Email sender guidelines, and Yahoo, Sender Best Practices (2024): complaints below "
        "0.3 % of mail, better below 0.1 %.",
        remedy="Write guardrails in the workflow, or leave policy.guardrails on.",
        wrong="""\
# upsell.yaml
policy: {guardrails: off}
""",
        right="""\
# upsell.yaml
policy: {guardrails: {unsubscribe_rate: 1%}}
""",
        is_lint=True,
        waived_in=Subject.WORKFLOW,
    ),
    Page(
        code="shared-salt",
        meaning="Two holdouts are drawn by one salt, or one by that of the global control.",
        why="The same units are then in both, so what one workflow earned is measured only where the other "
        "was silent as well; and whoever is held out by the control's salt was in the control already.",
        remedy="Give each workflow a salt of its own; without one it is drawn by its key.",
        wrong="""\
# upsell.yaml
policy: {global_control: 2%}
# workflows/room.yaml
experiment: {holdout: 10%, salt: control}
""",
        right="""\
# upsell.yaml
policy: {global_control: 2%}
# workflows/room.yaml
experiment: {holdout: 10%, salt: room}
""",
        is_lint=True,
        waived_in=Subject.WORKFLOW,
    ),
    Page(
        code="no-owner",
        meaning="Nobody is named who answers for a workflow.",
        why="When a customer complains, or the numbers turn, somebody must be asked.",
        remedy="Name a person or a team that reads its mail.",
        wrong="""\
# workflows/room.yaml
name: More room
purpose: Accounts near their limit are helped first, then offered the plan that fits.
""",
        right="""\
# workflows/room.yaml
name: More room
owner: growth@acme.example
purpose: Accounts near their limit are helped first, then offered the plan that fits.
""",
        is_lint=True,
        waived_in=Subject.WORKFLOW,
    ),
    Page(
        code="no-purpose",
        meaning="A workflow does not say why it exists.",
        why="Whether it still does what it is for can only be asked where that is written. The law "
        "asks for it too, where people's data are used.",
        source="Regulation (EU) 2016/679 (GDPR), article 5 (1) (b): purposes are specified and explicit.",
        remedy="Say in a sentence who hears what, and what they gain from it.",
        wrong="""\
# workflows/room.yaml
name: More room
owner: growth@acme.example
""",
        right="""\
# workflows/room.yaml
name: More room
owner: growth@acme.example
purpose: Accounts near their limit are helped first, then offered the plan that fits.
""",
        is_lint=True,
        waived_in=Subject.WORKFLOW,
    ),
    Page(
        code="no-review-date",
        meaning="A workflow does not say when it is to be looked at again.",
        why="Prices, plans and people change; a journey that nobody looks at goes on saying what was "
        "true once.",
        remedy="Give review_by a date, a year away at most.",
        wrong="""\
# workflows/room.yaml
name: More room
owner: growth@acme.example
""",
        right="""\
# workflows/room.yaml
name: More room
owner: growth@acme.example
review_by: 2027-03-01
""",
        is_lint=True,
        waived_in=Subject.WORKFLOW,
    ),
    Page(
        code="review-overdue",
        meaning="The day by which a workflow was to be looked at again is over.",
        why="It was promised. The date is compared with today in the team's zone, and on the day "
        "itself there is still time.",
        remedy="Read its report and its mails as a customer would; change it, or leave it, and set a "
        "new date.",
        wrong="""\
# workflows/room.yaml
review_by: 2026-03-01
""",
        right="""\
# workflows/room.yaml
review_by: 2027-03-01
""",
        is_lint=True,
        waived_in=Subject.WORKFLOW,
    ),
    Page(
        code="unused-waiver",
        meaning="A waiver excuses something that does not occur.",
        why="What was excused is put right, or was never so. Left in the file, the waiver would excuse "
        "the next one unseen.",
        remedy="Take the line out.",
        wrong="""\
# workflows/room.yaml
experiment: {holdout: 10%}
waive: {no-holdout: "a pilot with 12 accounts, agreed with finance"}
""",
        right="""\
# workflows/room.yaml
experiment: {holdout: 0%}
waive: {no-holdout: "a pilot with 12 accounts, agreed with finance"}
""",
        is_lint=True,
    ),
)

_MEANT = (
    Page(
        code="event-name",
        meaning="An event is written almost like one of the fixed events, and is none of them.",
        why="A rule about an event that never comes is never true, and nothing else would tell.",
        remedy="Write the name as the event table has it. Where the event is one of your own, rename "
        "it or waive this in the workflow; in signals.yaml and upsell.yaml it cannot be waived.",
        wrong="""\
# workflows/room.yaml
goal: {event: Subscription Upgrade, within: 30 days}
""",
        right="""\
# workflows/room.yaml
goal: {event: Subscription Upgraded, within: 30 days}
""",
        is_lint=True,
        waived_in=Subject.WORKFLOW,
    ),
    Page(
        code="no-offer",
        meaning="A template speaks of an offer, and the step that sends it makes none.",
        why="A mail in which something has no value is not sent: the step would fall silent.",
        remedy="Name the offer in the step, or guard what the template says of it: {% if offer.title %}.",
        wrong="""\
# workflows/room.yaml
journey:
  - email: {content: upgrade, intent: help}
""",
        right="""\
# workflows/room.yaml
journey:
  - email: {content: tips, intent: help}
""",
        is_lint=True,
        waived_in=Subject.WORKFLOW,
    ),
    Page(
        code="unreached",
        meaning="A step stands behind end and is never reached.",
        why="Whoever reads the file takes it for something that happens.",
        remedy="Take out the step, or the end before it.",
        wrong="""\
# workflows/room.yaml
journey:
  - email: {content: tips, intent: help}
  - end
  - email: {content: compare, intent: show}
""",
        right="""\
# workflows/room.yaml
journey:
  - email: {content: tips, intent: help}
  - end
""",
        is_lint=True,
        waived_in=Subject.WORKFLOW,
    ),
    Page(
        code="premium-price",
        meaning="The better item costs no more than the one it stands beside.",
        why="An upsell that costs less earns nothing; one of the two prices is probably a slip.",
        remedy="Look at both prices.",
        wrong="""\
# catalog.yaml
items:
  kettle: {name: Kettle, price: 29, premium: kettle-pro}
  kettle-pro: {name: Kettle Pro, price: 19}
""",
        right="""\
# catalog.yaml
items:
  kettle: {name: Kettle, price: 29, premium: kettle-pro}
  kettle-pro: {name: Kettle Pro, price: 59}
""",
        is_lint=True,
    ),
    Page(
        code="bundle-price",
        meaning="A bundle of items costs no less than its parts one by one.",
        why="It is offered only to whom it saves something, so it is never offered.",
        remedy="Look at the prices.",
        wrong="""\
# catalog.yaml
items:
  kettle: {name: Kettle, price: 29}
  cup: {name: Cup, price: 5}
  tea-time: {name: Tea time, price: 34, contains: [kettle, cup]}
""",
        right="""\
# catalog.yaml
items:
  kettle: {name: Kettle, price: 29}
  cup: {name: Cup, price: 5}
  tea-time: {name: Tea time, price: 31, contains: [kettle, cup]}
""",
        is_lint=True,
    ),
    Page(
        code="below-cost",
        meaning="An item is sold for less than it costs.",
        why="An item below its cost is never offered.",
        remedy="Look at price and cost.",
        wrong="""\
# catalog.yaml
items:
  kettle: {name: Kettle, price: 29, cost: 31}
""",
        right="""\
# catalog.yaml
items:
  kettle: {name: Kettle, price: 29, cost: 21}
""",
        is_lint=True,
    ),
    Page(
        code="unread-file",
        meaning="A file under templates/ is neither .mjml nor .html nor .txt, so nothing reads it.",
        why="It was probably meant to be sent.",
        remedy="Give it the ending that is meant, or keep it elsewhere.",
        wrong="""\
# templates/note.md
Hello
""",
        right="""\
# templates/note.html
---
subject: A note
---
<p>Hello</p>
""",
        is_lint=True,
    ),
    Page(
        code="no-workflow",
        meaning="The workspace has no workflow.",
        why="Without one nothing is ever decided, and nobody hears anything.",
        remedy="Write one under workflows/; the tutorial begins with one.",
        is_lint=True,
    ),
)

LINTS: Final = (*_ORDER, *_TOLD, *_MEANT)
"""The warnings, in the order in which their page lists them."""
