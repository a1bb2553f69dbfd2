"""Readings on a terminal: whatever is said of one, no line is wider than the terminal."""

from __future__ import annotations

import msgspec

from tests.made_results import results
from upsell.cli.readings_text import WIDTH, reading_lines
from upsell.measurement.answers import Undetermined, UndeterminedReason
from upsell.measurement.readings import Reading, ReadingKind


def test_what_cannot_be_said_of_the_plain_reading_is_wrapped_as_the_others_are() -> None:
    unsaid = Undetermined(UndeterminedReason.TOO_FEW, "needs 50 closed units in each arm; the smaller has 36")
    report = results().report.workflows[0].lift
    other = Reading(ReadingKind.WINSORISED, "", unsaid, unsaid, unsaid)
    lifts = tuple(msgspec.structs.replace(lift, absolute=unsaid, readings=(other,)) for lift in report.lifts)
    lines = list(reading_lines(msgspec.structs.replace(report, lifts=lifts)))
    assert any("needs 50 closed units" in line for line in lines)
    assert max(len(line) for line in lines) <= WIDTH
