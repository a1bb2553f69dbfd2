"""Tallies: what a workflow would have done, counted household by household and added up.

The law: every candidate ends in exactly one answer, so that triggers, answers and those still
waiting add up; tallies add in any order to the same sum.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from upsell.clock import Moment
from upsell.decisions.decision import Decision
from upsell.decisions.reasons import Reason
from upsell.ids import UnitId
from upsell.journeys.candidates import BLOCKS, ENTRIES


class Rate(msgspec.Struct):
    """Units of one group, and how many of them reached the goal.

    Attributes:
        units: Units in the group.
        closed: Those whose window has closed by the end; only these are counted.
        reached: Those of them that reached the goal within it.
    """

    units: int = 0
    closed: int = 0
    reached: int = 0

    def add(self, other: Rate) -> None:
        """Add another group's numbers to this one's."""
        self.units += other.units
        self.closed += other.closed
        self.reached += other.reached


class Tally(msgspec.Struct):
    """What one workflow would have done.

    Attributes:
        triggered: Units whose trigger fired at least once.
        candidates: How often a unit became a candidate; one that is refused again for the same
            reason is one candidate.
        answers: How candidates ended, by reason.
        waiting: Candidates still blocked at the end, by reason.
        blocked: Candidates that were blocked at some time, by each reason they met.
        lost_to: Units that did not get the slot because another workflow held it, by that workflow's key.
        in_vain: Candidates that never got it: they lapsed, were dropped, or their trigger went while another
            workflow held it, by that workflow's key.
        shared: Units that were candidates of another workflow too, by its key; with a workflow about accounts
            their members, each for themselves.
        fates: What became of enrollments, by reason.
        messages: Messages by day (ISO date in the workspace's zone), then channel.
        tasks: Tasks opened.
        reached: How many reached the goal, by group: ``enrolled``, ``held_out``, ``not_let_in``.
    """

    triggered: int = 0
    candidates: int = 0
    answers: Counter[str] = msgspec.field(default_factory=Counter)
    waiting: Counter[str] = msgspec.field(default_factory=Counter)
    blocked: Counter[str] = msgspec.field(default_factory=Counter)
    lost_to: Counter[str] = msgspec.field(default_factory=Counter)
    in_vain: Counter[str] = msgspec.field(default_factory=Counter)
    shared: Counter[str] = msgspec.field(default_factory=Counter)
    fates: Counter[str] = msgspec.field(default_factory=Counter)
    messages: dict[str, Counter[str]] = {}
    tasks: int = 0
    reached: dict[str, Rate] = {}

    def add(self, other: Tally) -> None:
        """Add what another part counted."""
        self.triggered += other.triggered
        self.candidates += other.candidates
        self.answers.update(other.answers)
        self.waiting.update(other.waiting)
        self.blocked.update(other.blocked)
        self.lost_to.update(other.lost_to)
        self.in_vain.update(other.in_vain)
        self.shared.update(other.shared)
        self.fates.update(other.fates)
        self.tasks += other.tasks
        for day, channels in other.messages.items():
            self.messages.setdefault(day, Counter()).update(channels)
        for group, rate in other.reached.items():
            self.reached.setdefault(group, Rate()).add(rate)


class Candidacy:
    """One unit's way through one workflow's gates, followed by the answers written of it."""

    __slots__ = (
        "_blocks",
        "_holder",
        "_is_dropped",
        "_lost_to",
        "_refused",
        "_tally",
        "entered",
        "goal_at",
        "triggered_at",
        "unit_id",
    )

    def __init__(self, tally: Tally, decision: Decision, *, is_dropped: bool = False) -> None:
        """Begin with the first answer the unit ever got; it is counted into ``tally``.

        With ``is_dropped`` a candidate that is blocked does not wait: that is its answer.
        """
        self._tally = tally
        self._is_dropped = is_dropped
        self._holder = ""
        self._blocks: list[str] = []
        self._refused = ""
        self._lost_to: set[str] = set()
        self.unit_id: UnitId = decision.unit_id
        self.triggered_at: Moment = decision.decided_at
        self.entered = "not_let_in"
        self.goal_at: Moment | None = None
        tally.triggered += 1

    def take(self, decision: Decision) -> None:
        """Follow one more answer."""
        reason = decision.reason
        if not self._blocks:
            self._tally.candidates += 1
        if reason is Reason.OUTRANKED:
            self.lose(decision)
        if reason in BLOCKS and not self._is_dropped:
            if reason.value not in self._blocks:
                self._tally.blocked[reason.value] += 1
            self._blocks = [*(block for block in self._blocks if block != reason.value), reason.value]
            return
        is_in_vain = reason is Reason.OUTRANKED or self._blocks[-1:] == [Reason.OUTRANKED.value]
        if is_in_vain and reason in (Reason.LAPSED, Reason.TRIGGER_GONE, Reason.OUTRANKED):
            self._tally.in_vain[self._holder] += 1
        self._blocks = []
        self._tally.answers[reason.value] += 1
        if reason in ENTRIES:
            if self.entered == "not_let_in":
                self.entered = "enrolled" if reason is Reason.ENROLLED else "held_out"
            self._refused = ""
        elif reason not in (Reason.LAPSED, Reason.TRIGGER_GONE):
            self._refused = reason.value

    def lose(self, decision: Decision) -> None:
        """Note that another workflow holds the slot that is wanted: to let the unit in, or to go on."""
        self._holder = decision.rule
        if self._holder not in self._lost_to:
            self._lost_to.add(self._holder)
            self._tally.lost_to[self._holder] += 1

    def close(self, *, is_waiting: bool) -> None:
        """End the history: a candidate that is blocked no more without an answer was refused as before."""
        if self._blocks and is_waiting:
            self._tally.waiting[self._blocks[-1]] += 1
        elif self._blocks:
            self._tally.answers[self._refused] += 1


def is_candidate_answer(decision: Decision) -> bool:
    """Tell whether a decision answers a candidate, and is not about an enrollment under way."""
    return decision.enrollment is None or decision.reason in ENTRIES


def add_up(parts: Iterable[dict[str, Tally]]) -> dict[str, Tally]:
    """Add up the tallies of all parts, by workflow key."""
    total: dict[str, Tally] = {}
    for part in parts:
        for key, tally in part.items():
            total.setdefault(key, Tally()).add(tally)
    return dict(sorted(total.items()))
