"""Reasons: the closed set of answers to "why, or why not".

Silence has a reason. Every answer a unit gets from a workflow is one member of this set, and
every member says in plain words what it means.
"""

from __future__ import annotations

import enum


class Reason(enum.Enum):
    """Why a unit was spoken to, or was not."""

    # Asked and let in.
    ENROLLED = "enrolled"
    HELD_OUT = "held_out"
    CONTROL = "control"
    # Not a candidate: what ``explain`` says of everyone else.
    NOT_TRIGGERED = "not_triggered"
    NOT_HELD_LONG_ENOUGH = "not_held_long_enough"
    ALREADY_FIRED = "already_fired"
    # A candidate, and refused.
    STALE = "stale"
    HISTORICAL = "historical"
    PAUSED = "paused"
    STOPPED = "stopped"
    ENDED = "ended"
    EXISTING = "existing"
    ALREADY_ENROLLED = "already_enrolled"
    COOLING_DOWN = "cooling_down"
    TOO_MANY = "too_many"
    INELIGIBLE = "ineligible"
    ENTITLED = "entitled"
    OFFER_GONE = "offer_gone"
    UNAVAILABLE = "unavailable"
    TOO_SMALL = "too_small"
    NOT_NEEDED = "not_needed"
    NOT_IN_LAYER = "not_in_layer"
    # A candidate, and blocked for now.
    SUPPRESSED = "suppressed"
    SENSITIVE = "sensitive"
    NO_RECIPIENT = "no_recipient"
    ADDRESS_SUPPRESSED = "address_suppressed"
    NO_CONSENT = "no_consent"
    ASKED_TO_PAUSE = "asked_to_pause"
    PRICE_GUARDRAIL = "price_guardrail"
    DECLINED = "declined"
    OUTSIDE_HOURS = "outside_hours"
    CAPPED = "capped"
    OUTRANKED = "outranked"
    NOT_IN_RAMP = "not_in_ramp"
    # Blocked too long, or no longer wanted.
    LAPSED = "lapsed"
    TRIGGER_GONE = "trigger_gone"
    # What became of an enrollment.
    FROZEN = "frozen"
    RELEASED = "released"
    GOAL_REACHED = "goal_reached"
    FINISHED = "finished"
    FROZEN_TOO_LONG = "frozen_too_long"
    ENDED_BY_HAND = "ended_by_hand"
    MIGRATED = "migrated"
    UNDELIVERABLE = "undeliverable"
    LEFT = "left"
    MERGED = "merged"


MEANINGS: dict[Reason, str] = {
    Reason.ENROLLED: "let in: every gate was open",
    Reason.HELD_OUT: "in the holdout: walks as a shadow and hears nothing",
    Reason.CONTROL: "in the global control: walks as a shadow and hears nothing",
    Reason.NOT_TRIGGERED: "the trigger is not true",
    Reason.NOT_HELD_LONG_ENOUGH: "the trigger is true, but not yet for long enough",
    Reason.ALREADY_FIRED: "the trigger fired already and has not been false since",
    Reason.STALE: "the event that fired the trigger is older than the workflow allows",
    Reason.HISTORICAL: "imported history never starts anything",
    Reason.PAUSED: "the workflow is paused",
    Reason.STOPPED: "somebody of the team stopped it by hand",
    Reason.ENDED: "the workflow has ended",
    Reason.EXISTING: "the trigger was true before the workflow went live",
    Reason.ALREADY_ENROLLED: "is in this workflow now",
    Reason.COOLING_DOWN: "was in this workflow too recently",
    Reason.TOO_MANY: "is in this workflow as often at once as it allows",
    Reason.INELIGIBLE: "an eligibility rule is not true",
    Reason.ENTITLED: "has what would be offered already",
    Reason.OFFER_GONE: "the offer is no longer available",
    Reason.UNAVAILABLE: "what would be offered is not sold to them",
    Reason.TOO_SMALL: "what would be offered is smaller than what they use",
    Reason.NOT_NEEDED: "staying on the present plan is best for them",
    Reason.NOT_IN_LAYER: "belongs to another workflow of the layer, or to none",
    Reason.PRICE_GUARDRAIL: "the discount would break a price guardrail",
    Reason.SUPPRESSED: "a suppression rule is true",
    Reason.SENSITIVE: "something is wrong or fresh for this customer, so we stay silent",
    Reason.NO_RECIPIENT: "nobody it would speak to has an address",
    Reason.ADDRESS_SUPPRESSED: "their address is suppressed: it refused mail, or somebody there complained",
    Reason.NO_CONSENT: "consent was withdrawn",
    Reason.ASKED_TO_PAUSE: "they asked for a pause, which ends by itself",
    Reason.DECLINED: "they said not now, or never",
    Reason.OUTSIDE_HOURS: "it is outside the hours at which they may be written to",
    Reason.CAPPED: "was written to often enough for now",
    Reason.OUTRANKED: "another workflow holds the one upsell slot",
    Reason.NOT_IN_RAMP: "the workflow is not open to them yet: its ramp takes in a share of units first",
    Reason.LAPSED: "was blocked for longer than a candidate waits",
    Reason.TRIGGER_GONE: "the trigger is no longer true",
    Reason.FROZEN: "the journey stands still until what stops it has passed",
    Reason.RELEASED: "the journey goes on",
    Reason.GOAL_REACHED: "reached the goal and left at once",
    Reason.FINISHED: "walked the journey to its end",
    Reason.FROZEN_TOO_LONG: "stood still for longer than a journey waits",
    Reason.ENDED_BY_HAND: "somebody of the team ended it",
    Reason.MIGRATED: "was moved to another version of the workflow",
    Reason.LEFT: "has left the journey since the message was reserved",
    Reason.MERGED: "two ids are one customer, and the journey of the other goes on",
    Reason.UNDELIVERABLE: "no message of the step could be delivered",
}
"""What each reason means, in words for people."""
