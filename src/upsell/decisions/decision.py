"""Decisions and exposures: what the ledger keeps of every answer."""

from __future__ import annotations

import msgspec

from upsell.clock import Moment
from upsell.decisions.reasons import Reason
from upsell.ids import UnitId
from upsell.rules.facts import Scalar


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """A value a gate saw: the term in the rule's own words, and what it was."""

    term: str
    value: Scalar


def value_words(seen: Seen) -> str:
    """Write a value that was seen, for people."""
    match seen.value:
        case None:
            return "unknown"
        case bool():
            return "true" if seen.value else "false"
        case float():
            return f"{seen.value:g}"
        case _:
            return str(seen.value)


class Verdict(msgspec.Struct, frozen=True):
    """What a gate answers.

    Attributes:
        reason: A member of the closed set.
        rule: Text of the rule that decided, or the name of the state, or empty.
        seen: The values it saw.
        retry_at: For a block that ends by time alone: when to ask again.
    """

    reason: Reason
    rule: str = ""
    seen: tuple[Seen, ...] = ()
    retry_at: Moment | None = None


class Decision(msgspec.Struct, frozen=True):
    """One answer to one unit by one workflow, written when the answer or its reason changes.

    Attributes:
        unit_id: Whom it is about.
        workflow: Key of the workflow.
        version: Version of the workflow.
        decided_at: ``now`` of the input that was being taken.
        reason: The answer.
        rule: Text of the rule that decided, or the name of the state, or empty.
        seen: The values it saw.
        enrollment: Id of the enrollment concerned, None for a candidate that was not let in.
    """

    unit_id: UnitId
    workflow: str
    version: str
    decided_at: Moment
    reason: Reason
    rule: str = ""
    seen: tuple[Seen, ...] = ()
    enrollment: str | None = None


BY_ACCOUNT = "by account"
"""What the stratum says of units that were drawn together with others of their account."""


class Exposure(msgspec.Struct, frozen=True):
    """The first moment the arms of a contrast would have differed for a unit, recorded in every arm.

    Attributes:
        unit_id: The unit randomised.
        workflow: Key of the workflow.
        contrast: ``holdout``, ``arms`` or ``control``.
        arm: The arm the unit was assigned to.
        share: Planned share of that arm among the contrast's arms, 0 to 1.
        stratum: What must be alike to be compared: the workflow's version, the holdout's share and the
            ramp's, the prices of what it offers, and whether accounts were drawn; for the control,
            its share and period.
        exposed_at: When.
        enrollment: The enrollment it happened in.
        stage: The unit's lifecycle stage then, the same in every arm; empty when not known.
        trigger: What had fired so that it was let in, in words, the same in every arm.
    """

    unit_id: UnitId
    workflow: str
    contrast: str
    arm: str
    share: float
    stratum: str
    exposed_at: Moment
    enrollment: str
    stage: str = ""
    trigger: str = ""
