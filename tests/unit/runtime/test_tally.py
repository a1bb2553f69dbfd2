"""A tally says who lost the slot to whom, each unit once."""

from __future__ import annotations

from upsell.decisions.decision import Decision
from upsell.decisions.reasons import Reason
from upsell.runtime.tally import Candidacy, Tally


def decided(reason: Reason, rule: str = "") -> Decision:
    return Decision("a:x", "mine", "v", 0, reason, rule, (), None)


def test_a_unit_that_lost_the_slot_is_counted_once_for_each_holder() -> None:
    tally = Tally()
    outranked = decided(Reason.OUTRANKED, "other")
    passages = [Candidacy(tally, outranked), Candidacy(tally, outranked)]
    for passage in passages:
        for answer in (outranked, decided(Reason.CAPPED), outranked, decided(Reason.LAPSED)):
            passage.take(answer)
    passages[0].take(decided(Reason.OUTRANKED, "third"))
    assert tally.lost_to == {"other": 2, "third": 1}
    whole = Tally()
    whole.add(tally)
    whole.add(tally)
    assert whole.lost_to == {"other": 4, "third": 2}
