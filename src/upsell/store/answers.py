"""Answers: decisions and exposures, kept as the core gave them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from upsell.clock import Moment
from upsell.decisions.decision import Decision, Exposure, Seen
from upsell.decisions.reasons import Reason
from upsell.ids import UnitId
from upsell.store.connect import Connection
from upsell.store.queries import copy_rows, query

_encode = msgspec.json.Encoder().encode
_decode_seen = msgspec.json.Decoder(tuple[Seen, ...]).decode
_DECISION_TYPES = ("text", "text", "text", "timestamptz", "text", "text", "text", "text")


class Decided(msgspec.Struct, frozen=True):
    """A decision as it was recorded: when, the answer, and the rule or state that decided, or empty."""

    decided_at: Moment
    reason: Reason
    rule: str


class PassageDecision(msgspec.Struct, frozen=True):
    """A decision about one passage: when, the answer, what decided, and the values it saw."""

    decided_at: Moment
    reason: Reason
    rule: str
    seen: tuple[Seen, ...]


def read_passage(connection: Connection, unit_id: UnitId, enrollment: str) -> tuple[PassageDecision, ...]:
    """Give what was decided about one passage, the first first; () where nothing is on record."""
    values = {"unit": unit_id, "enrollment": enrollment}
    rows = connection.execute(query("read_enrollment_decisions"), values, binary=True)
    return tuple(
        PassageDecision(decided_at, Reason(reason), rule, _decode_seen(seen))
        for decided_at, reason, rule, seen in rows
    )


def read_last_decisions(
    connection: Connection, unit_ids: Collection[UnitId], at: Moment, most: int
) -> dict[str, tuple[Decided, ...]]:
    """Give the last decisions about some units up to ``at``, by workflow, ``most`` each and oldest first.

    The units are one by several ids. Workflows that decided nothing are not among them.
    """
    values = {"units": list(unit_ids), "at": at, "most": most}
    found: dict[str, tuple[Decided, ...]] = {}
    for workflow, decided_at, reason, rule in connection.execute(query("read_last_decisions"), values):
        found[workflow] = (*found.get(workflow, ()), Decided(decided_at, Reason(reason), rule))
    return found


def keep_decisions(connection: Connection, decisions: Sequence[Decision]) -> None:
    """Keep decisions in the order given."""
    if not decisions:
        return
    rows = (
        (
            decision.unit_id, decision.workflow, decision.version, decision.decided_at,
            decision.reason.value, decision.rule, _encode(decision.seen).decode(), decision.enrollment,
        )
        for decision in decisions
    )  # fmt: skip
    copy_rows(connection, "copy_decisions", _DECISION_TYPES, rows)


def keep_exposures(connection: Connection, exposures: Sequence[Exposure]) -> None:
    """Keep exposures; the first of a unit, workflow and contrast wins, whenever another comes."""
    if not exposures:
        return
    values = {
        "units": [seen.unit_id for seen in exposures],
        "workflows": [seen.workflow for seen in exposures],
        "contrasts": [seen.contrast for seen in exposures],
        "arms": [seen.arm for seen in exposures],
        "shares": [seen.share for seen in exposures],
        "strata": [seen.stratum for seen in exposures],
        "exposed": [seen.exposed_at for seen in exposures],
        "enrollments": [seen.enrollment for seen in exposures],
        "stages": [seen.stage for seen in exposures],
        "triggers": [seen.trigger for seen in exposures],
    }
    connection.execute(query("keep_exposures"), values)
