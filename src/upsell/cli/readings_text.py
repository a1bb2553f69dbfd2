"""Readings beside the plain one on a terminal: a line per effect and way, the plain one first."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import msgspec

from upsell.measurement.answers import Undetermined
from upsell.measurement.lift import Lift, LiftReport
from upsell.runtime import results as said

WIDTH = 80


def reading_lines(report: LiftReport) -> Iterator[str]:
    """Write each effect in every way it was read; nothing where only the plain way was."""
    read = [lift for lift in report.lifts if lift.readings]
    if not read:
        return
    yield "the same differences read in other ways, 95 %"
    for lift in read:
        yield f"  {said.metric_label(lift, report.question)}: {lift.arm.arm} against {lift.against.arm}"
        yield from _labeled("plain", said.effect_words(lift.absolute, lift))
        for reading in lift.readings:
            yield from _lines(lift, said.reading_label(reading.reading), reading.absolute, reading.detail)


def _lines(lift: Lift, name: str, effect: object, detail: str) -> Iterator[str]:
    read = msgspec.structs.replace(lift, absolute=effect)
    if isinstance(effect, Undetermined):
        is_same = isinstance(lift.absolute, Undetermined) and effect.reason is lift.absolute.reason
        yield f"    {name:<22}not known{', for the same reason' if is_same else ''}"
        detail = "" if is_same else effect.detail
    else:
        yield from _labeled(name, said.effect_words(read.absolute, read))
    yield from textwrap.wrap(detail, WIDTH, initial_indent=" " * 26, subsequent_indent=" " * 26)


def _labeled(name: str, words: str) -> Iterator[str]:
    label = f"    {name:<22}"
    yield from textwrap.wrap(words, WIDTH, initial_indent=label, subsequent_indent=" " * len(label))
