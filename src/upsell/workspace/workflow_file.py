"""The table of a workflow's file: trigger, goal, experiment, steps, guardrails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from upsell.decisions.intents import Intent
from upsell.decisions.reach import CHANNELS, EMAIL, PUSH, SMS
from upsell.journeys.steps import Blocked
from upsell.journeys.workflow import Existing, Status, UnitKind, Vary
from upsell.workspace import scalars
from upsell.workspace.shapes import Either, Key, ListOf, MapOf, Named, RecordOf, Shape, Variants

INTENT: Final = scalars.of_enum("intent", Intent)
"""One of the intents."""

_ARM = msgspec.structs.replace(scalars.NAME, name="arm", expected="the name of an arm, such as annual")
_RULES = ListOf(scalars.RULE)

_TRIGGER = RecordOf(
    {
        "when": Key(
            scalars.RULE, "fires when it becomes true; beside on or crossing it must be true as well"
        ),
        "held_for": Key(scalars.DURATION, "how long when must have stayed true before it fires"),
        "on": Key(scalars.EVENT, "the event that fires it, each time"),
        "where": Key(scalars.RULE, "condition on the properties of that event"),
        "crossing": Key(
            RecordOf(
                {
                    "of": Key(scalars.RULE, "the number watched", True),
                    "at": Key(
                        ListOf(scalars.THRESHOLD, least=1), "thresholds; each fires once a period", True
                    ),
                    "hysteresis": Key(
                        scalars.THRESHOLD,
                        "how far under a threshold the number must fall to arm it again (default 0)",
                    ),
                }
            ),
            "fires when a number passes a threshold upward",
        ),
        "score": Key(
            RecordOf(
                {
                    "signals": Key(
                        ListOf(
                            RecordOf(
                                {
                                    "event": Key(scalars.EVENT, "an event whose weight decays; this or when"),
                                    "where": Key(scalars.RULE, "condition on the properties of that event"),
                                    "half_life": Key(
                                        scalars.DURATION,
                                        "after how long the event counts for half (default 6 hours)",
                                    ),
                                    "when": Key(scalars.RULE, "a rule that adds its weight while true"),
                                    "weight": Key(scalars.THRESHOLD, "what it adds", True),
                                }
                            ),
                            least=1,
                        ),
                        "what weighs together",
                        True,
                    ),
                    "at": Key(scalars.THRESHOLD, "the sum from which on it fires", True),
                }
            ),
            "fires when several signals weigh enough together",
        ),
        "again_after": Key(
            scalars.DURATION,
            "how long after an enrollment began the unit may enter again; without it never",
        ),
    }
)

_GOAL = RecordOf(
    {
        "event": Key(scalars.EVENT, "the event the workflow is for", True),
        "within": Key(scalars.DURATION, "how long after exposure it still counts", True),
        "where": Key(scalars.RULE, "condition on the properties of that event"),
    }
)

_EXPERIMENT = RecordOf(
    {
        "holdout": Key(scalars.HELD_RATE, "share of units kept without the treatment"),
        "salt": Key(
            scalars.ID,
            "salt of the holdout's hash (default the workflow's key); keep it when the file is renamed",
        ),
        "vary": Key(scalars.of_enum("varied thing", Vary), "the one thing the arms differ in"),
        "arms": Key(
            MapOf(scalars.RATE, "arm", _ARM, least=2),
            "share of the treated units by arm; they add up to 100%",
        ),
        "audience": Key(
            MapOf(scalars.RULE, "arm", _ARM), "with vary: audience, the rule an arm adds to eligible"
        ),
    }
)

_MESSAGE = {
    "content": Key(Named("per_arm_name"), "the template; by arm with vary: message", True),
    "intent": Key(INTENT, "what it is for; offer when it makes one"),
    "to": Key(
        Either(scalar=scalars.NAME, listing=ListOf(scalars.NAME, least=1)),
        "roles addressed in an account; without it the customer, or the account's admin",
    ),
    "offer": Key(Named("per_arm_name"), "the offer made; by arm with vary: offer"),
    "blocked": Key(
        scalars.of_enum("way", Blocked),
        "what it does when it is capped or outside hours: wait (default; too long and it "
        "is passed over), skip, or leave",
    ),
    "obeys_caps": Key(
        scalars.BOOLEAN,
        "whether caps may stop it (default true); false is for service and help alone",
    ),
    "counts": Key(scalars.BOOLEAN, "whether caps count it (default true)"),
}
"""What every step that sends a message may say, by whichever channel."""

_STEPS = ListOf(Named("step"))

_STEP_CASES = {
    **{
        channel: RecordOf({channel: Key(RecordOf(_MESSAGE), f"speak by {said}", True)})
        for channel, said in ((EMAIL, "mail"), (SMS, "text message"), (PUSH, "push notification"))
    },
    "message": RecordOf(
        {
            "message": Key(
                RecordOf(
                    {
                        "channels": Key(
                            ListOf(scalars.one_of("channel", *CHANNELS), least=2),
                            "the channels it may go by, the preferred first; each person gets it by the one "
                            "they answer, within consent, hours and caps",
                            True,
                        ),
                        "within": Key(
                            scalars.DURATION,
                            "how long it may wait for a channel that is answered better (default not at all)",
                        ),
                        **_MESSAGE,
                    }
                ),
                "speak by one of several channels",
                True,
            )
        }
    ),
    "wait": RecordOf(
        {
            "wait": Key(
                Either(
                    scalar=scalars.DURATION,
                    mapping=Variants(
                        {
                            "for": RecordOf(
                                {
                                    "for": Key(scalars.EVENT, "the event awaited", True),
                                    "where": Key(scalars.RULE, "condition on its properties"),
                                    "up_to": Key(scalars.DURATION, "how long to wait at most", True),
                                    "since": Key(
                                        scalars.one_of("start", "enrollment"),
                                        "enrollment counts events since it began; without it since the step",
                                    ),
                                }
                            )
                        },
                        otherwise=MapOf(scalars.DURATION, "arm", _ARM, least=1),
                    ),
                ),
                "let time pass, by arm with vary: timing; or wait for an event",
                True,
            )
        }
    ),
    "if": RecordOf(
        {
            "if": Key(scalars.RULE, "a rule, or arrived: whether the event last awaited came", True),
            "then": Key(_STEPS, "steps when it is true", True),
            "else": Key(_STEPS, "steps when it is not"),
        }
    ),
    "prompt": RecordOf(
        {
            "prompt": Key(
                RecordOf(
                    {
                        "placement": Key(scalars.NAME, "where it can appear, as the request names it", True),
                        "intent": Key(INTENT, "what it is for; offer when it makes one"),
                        "offer": Key(Named("per_arm_name"), "the offer made; by arm with vary: offer"),
                    }
                ),
                "leave something to be shown at a placement while the enrollment goes on",
                True,
            )
        }
    ),
    "task": RecordOf(
        {
            "task": Key(
                RecordOf(
                    {
                        "queue": Key(scalars.NAME, "which team's queue", True),
                        "title": Key(scalars.TEXT, "what is to be done, in a few words", True),
                        "offer": Key(Named("per_arm_name"), "the offer to make; by arm with vary: offer"),
                        "due": Key(scalars.DURATION, "how long after it was opened it is due", True),
                    }
                ),
                "open work for a person",
                True,
            )
        }
    ),
}

_STEP_VARIANTS = Variants(_STEP_CASES, bare_words=("end",))

NAMED_SHAPES: Final[Mapping[str, Shape]] = {
    "step": Either(
        scalar=msgspec.structs.replace(
            scalars.one_of("step", "end"), expected=f"one of {', '.join(_STEP_VARIANTS.words)}"
        ),
        mapping=_STEP_VARIANTS,
    ),
    "per_arm_name": Either(scalar=scalars.NAME, mapping=MapOf(scalars.NAME, "arm", _ARM, least=1)),
}
"""Shapes that are named because they contain themselves or are used in several places."""

_GUARDRAILS = RecordOf(
    {
        "unsubscribe_rate": Key(scalars.RATE, "most unsubscribes per delivered message"),
        "complaint_rate": Key(scalars.RATE, "most complaints per delivered message"),
        "bounce_rate": Key(scalars.RATE, "most bounces per sent message"),
        "excess_refund_rate": Key(scalars.RATE, "most refunds beyond the holdout's"),
        "excess_ticket_rate": Key(scalars.RATE, "most tickets beyond the holdout's"),
        "excess_downgrade_rate": Key(scalars.RATE, "most downgrades beyond the holdout's"),
        "excess_churn_rate": Key(scalars.RATE, "most churn beyond the holdout's"),
    }
)

WORKFLOW_SHAPE = RecordOf(
    {
        "name": Key(scalars.TEXT, "what people call it", True),
        "owner": Key(scalars.TEXT, "who answers for it"),
        "purpose": Key(scalars.TEXT, "why it exists"),
        "review_by": Key(scalars.DATE, "when it is to be looked at again"),
        "unit": Key(scalars.of_enum("unit", UnitKind), "what is decided about and randomised", True),
        "status": Key(
            scalars.of_enum("status", Status),
            "whether it takes units in and lets them go on (default live)",
        ),
        "existing": Key(
            scalars.of_enum("existing", Existing),
            "what happens at launch to units whose trigger is true already (default ignore)",
        ),
        "priority": Key(scalars.WHOLE, "the greater wins when two workflows want one unit (default 0)"),
        "category": Key(scalars.NAME, "what its messages belong to, for caps"),
        "blocked": Key(
            scalars.one_of("way", "wait", "drop"),
            "what becomes of a candidate that is blocked: wait while the trigger is true (default), or drop",
        ),
        "worth": Key(
            scalars.RULE,
            "expected earnings of letting a unit in, in minor units, such as a trait a model writes; where "
            "every candidate has one, the greatest wins",
        ),
        "max_age": Key(scalars.DURATION, "a trigger fired by an older event is stale (default 24 hours)"),
        "trigger": Key(_TRIGGER, "what opens an enrollment", True),
        "eligible": Key(_RULES, "rules that must all be true"),
        "suppress": Key(_RULES, "rules of which none may be true, beside the policy's own"),
        "goal": Key(_GOAL, "what it is for", True),
        "experiment": Key(_EXPERIMENT, "who is held out, and the arms"),
        "journey": Key(ListOf(Named("step"), least=1), "the steps", True),
        "on_goal": Key(_STEPS, "steps after the goal was reached; their mails have intent service"),
        "guardrails": Key(_GUARDRAILS, "limits on the cost in trust"),
    }
)
