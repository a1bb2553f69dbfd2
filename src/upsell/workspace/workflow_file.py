"""The table of a workflow's file: trigger, goal, experiment, steps, guardrails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from upsell.decisions.intents import Intent
from upsell.decisions.reach import CHANNELS, EMAIL, PUSH, SMS
from upsell.journeys.steps import Blocked, Heard, PromptKind
from upsell.journeys.workflow import Existing, Status, UnitKind, Vary
from upsell.workspace import scalars
from upsell.workspace.codes.page import Subject
from upsell.workspace.codes.registry import waivable
from upsell.workspace.guardrails import GUARDRAILS_SHAPE
from upsell.workspace.shapes import Either, Key, ListOf, MapOf, Named, RecordOf, Scalar, Shape, Variants

OBJECTIONS: Final = ListOf(
    RecordOf(
        {
            "says": Key(scalars.TEXT, "what they may say, in their words", True),
            "answer": Key(scalars.TEXT, "what can be answered", True),
        }
    ),
    least=1,
)

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
        "holdout": Key(scalars.HELD_RATE, "share of units kept without the treatment (default 10%)"),
        "salt": Key(
            scalars.ID,
            "salt of the holdout's hash (default the workflow's key); keep it when the file is renamed",
        ),
        "name": Key(
            scalars.NAME,
            "name of the experiment, which its arms are drawn by (default made of salt, vary and arms); with "
            "it everybody keeps their arm when arms are renamed",
        ),
        "vary": Key(scalars.of_enum("varied thing", Vary), "the one thing the arms differ in"),
        "arms": Key(
            MapOf(scalars.ARM_SHARE, "arm", _ARM, least=2),
            "share of the treated units by arm, together 100%; or whole-number weights such as 1 and 2",
        ),
        "by": Key(
            scalars.of_enum("unit", UnitKind),
            "in a workflow about customers, what chance is drawn by (default customer); account draws all "
            "customers of one together",
        ),
        "audience": Key(
            MapOf(scalars.RULE, "arm", _ARM), "with vary: audience, the rule an arm adds to eligible"
        ),
        "ramp": Key(
            Either(
                scalar=scalars.RATE,
                listing=ListOf(
                    RecordOf(
                        {
                            "from": Key(
                                scalars.DATE_OR_MOMENT,
                                "from when on; a date is the beginning of that day in the team's zone",
                                True,
                            ),
                            "share": Key(scalars.RATE, "share of units it is open to then", True),
                        }
                    ),
                    least=1,
                ),
            ),
            "share of units the workflow is open to, or steps in which it grows (default all); a greater "
            "share keeps everyone it had",
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
_WAY = msgspec.structs.replace(scalars.NAME, name="way", expected="the name of a way, such as short")
_HEARD = ", ".join(each.value for each in Heard)
_UP_TO = Key(scalars.DURATION, "how long to wait at most", True)
_OF = Key(scalars.NAME, "name of the step asked about; without it the one that spoke last")
_JUMPS = Scalar(
    "whole number from 1 to 20",
    "a whole number from 1 to 20",
    lambda text: found if (found := scalars.POSITIVE.parse(text)) and int(found) <= 20 else None,
    {"type": "integer", "minimum": 1, "maximum": 20},
    takes_numbers=True,
)

_AWAITED = {
    "for": RecordOf(
        {
            "for": Key(scalars.EVENT, "the event awaited", True),
            "where": Key(scalars.RULE, "condition on its properties"),
            "up_to": _UP_TO,
            "since": Key(
                scalars.one_of("start", "enrollment"),
                "enrollment counts events since it began; without it since the step",
            ),
        }
    ),
    "until": RecordOf(
        {
            "until": Key(
                scalars.RULE,
                f"a rule, or what became of an earlier step: {_HEARD}",
                True,
            ),
            "of": _OF,
            "up_to": _UP_TO,
        }
    ),
    "date": RecordOf(
        {
            "date": Key(scalars.RULE, "the moment, such as subscription.renews_at", True),
            "before": Key(
                scalars.DURATION,
                "how long before it the wait ends (default not at all)",
            ),
            "up_to": _UP_TO,
        }
    ),
    "time": RecordOf(
        {
            "time": Key(scalars.TIME, "the time of day, by the customer's own clock", True),
            "days": Key(
                ListOf(scalars.one_of("day of the week", *scalars.WEEKDAYS), least=1),
                "days of the week; without it all",
            ),
        }
    ),
}
"""What a step may wait for beside time, by its telling key."""

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
                        _AWAITED,
                        otherwise=MapOf(scalars.DURATION, "arm", _ARM, least=1),
                    ),
                ),
                "let time pass, by arm with vary: timing; or wait for an event, rule, date or time of day",
                True,
            )
        }
    ),
    "if": RecordOf(
        {
            "if": Key(
                scalars.RULE,
                f"a rule; or arrived, whether the last wait ended by what was awaited; or {_HEARD}",
                True,
            ),
            "of": _OF,
            "then": Key(_STEPS, "steps when it is true", True),
            "elif": Key(
                ListOf(
                    RecordOf(
                        {
                            "if": Key(scalars.RULE, "as the if above it", True),
                            "of": _OF,
                            "then": Key(_STEPS, "steps when it is true", True),
                        }
                    ),
                    least=1,
                ),
                "further questions, asked in order when those before are not true",
            ),
            "else": Key(_STEPS, "steps when none is"),
        }
    ),
    "split": RecordOf(
        {
            "split": Key(
                MapOf(
                    RecordOf(
                        {
                            "share": Key(scalars.RATE, "share of the units that go this way", True),
                            "steps": Key(_STEPS, "its steps", True),
                        }
                    ),
                    "way",
                    _WAY,
                    least=2,
                ),
                "go one of several ways by a hash of the unit; shares add up to 100%",
                True,
            )
        }
    ),
    "go": RecordOf(
        {
            "go": Key(
                RecordOf(
                    {
                        "to": Key(scalars.NAME, "name of the step jumped to", True),
                        "at_most": Key(_JUMPS, "how many jumps there may be in one enrollment", True),
                    }
                ),
                "jump to a step that has a name, so often; then go on",
                True,
            )
        }
    ),
    "update": RecordOf(
        {
            "update": Key(
                MapOf(scalars.RULE, "trait", scalars.TRAIT_NAME, least=1),
                "set traits of the unit, each to what a rule gives, such as 'asked'; the held out too",
                True,
            )
        }
    ),
    "webhook": RecordOf(
        {
            "webhook": Key(
                RecordOf({"url": Key(scalars.URL, "where it is posted, signed", True)}),
                "tell a server of yours that this point was reached; the held out are not told of",
                True,
            )
        }
    ),
    "trial": RecordOf(
        {
            "trial": Key(
                RecordOf(
                    {
                        "offer": Key(
                            scalars.NAME, "the offer that is tried; it says for how many days", True
                        ),
                        "url": Key(scalars.URL, "your billing, told of the grant and of the end", True),
                        "remind": Key(
                            RecordOf(
                                {
                                    "before": Key(scalars.DURATION, "how long before the end", True),
                                    "steps": Key(_STEPS, "what is said then", True),
                                }
                            ),
                            "a reminder, for who has not taken the paid terms by then",
                        ),
                        "accepted": Key(_STEPS, "steps for who took the paid terms before the end"),
                        "expired": Key(_STEPS, "steps for who did not"),
                    }
                ),
                "grant a trial, remind, and at its end go on by whether the paid terms were taken",
                True,
            )
        }
    ),
    "choose": RecordOf(
        {
            "choose": Key(
                RecordOf(
                    {
                        "offers": Key(ListOf(scalars.NAME, least=1), "the offers, the preferred first", True),
                        "as": Key(scalars.NAME, "what later steps call the one chosen", True),
                        "else": Key(_STEPS, "steps when none can be made; without it the journey ends"),
                    }
                ),
                "choose the first offer that can be made now",
                True,
            )
        }
    ),
    "prompt": RecordOf(
        {
            "prompt": Key(
                RecordOf(
                    {
                        "placement": Key(scalars.NAME, "where it can appear, as the request names it"),
                        "channel": Key(
                            scalars.one_of("channel", *CHANNELS),
                            "instead: by which channel a system of your own says it, with that channel's "
                            "consent, hours and caps",
                        ),
                        "content": Key(
                            scalars.NAME,
                            "its text, templates/<name>.prompt.yaml; without such a file what your product "
                            "calls what is to be shown, told in the answer",
                        ),
                        "as": Key(
                            scalars.one_of("kind", *(kind.value for kind in PromptKind if kind.value)),
                            "how a page draws it; without it by where the page asks",
                        ),
                        "for": Key(
                            scalars.DURATION,
                            "for how long it is available; without it while the enrollment goes on",
                        ),
                        "intent": Key(INTENT, "what it is for; offer when it makes one"),
                        "offer": Key(Named("per_arm_name"), "the offer made; by arm with vary: offer"),
                    }
                ),
                "leave something to be shown or told when it is asked for, while the enrollment goes on",
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
                        "due": Key(
                            scalars.DURATION,
                            "how long after it was opened it is due; without it by the sla of its queue",
                        ),
                        "reason": Key(
                            scalars.NAME,
                            "what it is for: of an account one task is open for each reason, and is said "
                            "anew instead of opened twice (default the workflow's key)",
                        ),
                        "talk_track": Key(scalars.TEXT, "how to lead the talk (default what the offer says)"),
                        "objections": Key(
                            OBJECTIONS, "what they may say against it, with answers, before the offer's"
                        ),
                        "chance": Key(
                            scalars.RULE,
                            "a number from 0 to 1: how likely they are to take the offer, for what the task "
                            "may earn; without it that is told as if they did",
                        ),
                    }
                ),
                "open work for a person",
                True,
            )
        }
    ),
}

_NAMED_CASES = {
    word: RecordOf({**case.keys, "name": Key(scalars.NAME, "what other steps call it, for of and go", False)})
    for word, case in _STEP_CASES.items()
}
_STEP_VARIANTS = Variants(_NAMED_CASES, bare_words=("end",))

NAMED_SHAPES: Final[Mapping[str, Shape]] = {
    "step": Either(
        scalar=msgspec.structs.replace(
            scalars.one_of("step", "end"), expected=f"one of {', '.join(_STEP_VARIANTS.words)}"
        ),
        mapping=_STEP_VARIANTS,
    ),
    "per_arm_name": Either(scalar=scalars.NAME, mapping=MapOf(scalars.NAME, "arm", _ARM, least=1)),
    "waiver": Either(
        scalar=scalars.REASON,
        mapping=RecordOf(
            {
                "reason": Key(scalars.REASON, "why it is let stand", True),
                "until": Key(scalars.DATE, "the last day on which it is; without it for good"),
            }
        ),
    ),
}
"""Shapes that are named because they contain themselves or are used in several places."""


def waivers_of(subject: Subject) -> RecordOf:
    """Give the shape of the waivers that a workflow, or an offer, may have."""
    return RecordOf({code: Key(Named("waiver"), page.meaning) for code, page in waivable(subject).items()})


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
        "sender": Key(
            scalars.NAME, "who its mail comes from, of senders in upsell.yaml (default sender there)"
        ),
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
        "key": Key(
            scalars.PROPERTY,
            "property of the trigger's event, such as order_id, by which one unit may be in it several times",
        ),
        "at_once": Key(scalars.POSITIVE, "with key, how many passages of one unit there may be (default 25)"),
        "discount_budget": Key(
            scalars.AMOUNT,
            "how much discount may be accepted through it in all; from then on it gives none",
        ),
        "max_age": Key(scalars.DURATION, "a trigger fired by an older event is stale (default 24 hours)"),
        "trigger": Key(_TRIGGER, "what opens an enrollment", True),
        "eligible": Key(_RULES, "rules that must all be true"),
        "suppress": Key(_RULES, "rules of which none may be true, beside the policy's own"),
        "goal": Key(_GOAL, "what it is for", True),
        "experiment": Key(_EXPERIMENT, "who is held out, and the arms"),
        "journey": Key(ListOf(Named("step"), least=1), "the steps", True),
        "on_goal": Key(_STEPS, "steps after the goal was reached; their mails have intent service"),
        "guardrails": Key(GUARDRAILS_SHAPE, "limits on the cost in trust"),
        "waive": Key(
            waivers_of(Subject.WORKFLOW), "warnings that are let stand, by code, each with its reason"
        ),
    }
)
