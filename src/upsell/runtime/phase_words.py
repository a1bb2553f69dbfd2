"""Phase words: what is compared and whether it may be read, in words.

The law: a sentence says no more than its phase allows: what is early is never said to have been found.
"""

from __future__ import annotations

from typing import assert_never

from upsell.measurement.answers import Undetermined
from upsell.measurement.question import Contrast, Metric
from upsell.measurement.sample_ratio import SampleRatio, Verdict
from upsell.runtime.comparisons import Comparison, Pair, Phase
from upsell.runtime.outlook import outlook_words, progress_words
from upsell.runtime.overview import State, Tone
from upsell.runtime.results import effect_words


def compared_words(comparison: Comparison) -> str:
    """Say what is set side by side."""
    if comparison.contrast is Contrast.HOLDOUT:
        return "Treated against held out"
    names = [side.arm for side in comparison.sides]
    return f"{', '.join(names[:-1])} and {names[-1]}, which differ in {comparison.vary}"


def sizes_state(comparison: Comparison) -> State:
    """Say whether the arms are as large as planned."""
    ratio = comparison.ratio
    if isinstance(ratio, Undetermined):
        return State("not checked", Tone.CALM)
    match ratio.verdict:
        case Verdict.GOOD:
            return State("as planned", Tone.GOOD)
        case Verdict.WARN:
            return State("uneven", Tone.WARN)
        case Verdict.BLOCK:
            return State("not as planned", Tone.BAD)


def phase_state(pair: Pair) -> State:
    """Say whether a pair may be read."""
    tones = {
        Phase.BLOCKED: Tone.BAD,
        Phase.UNKNOWN: Tone.CALM,
        Phase.EARLY: Tone.WARN,
        Phase.CERTAIN: Tone.GOOD,
        Phase.READY: Tone.GOOD,
    }
    return State(pair.phase.value, tones[pair.phase])


def phase_words(pair: Pair, unit: str) -> str:
    """Say why a pair may be read or not, and how long it still takes."""
    far = progress_words(pair.outlook, unit) if pair.outlook is not None else ""
    match pair.phase:
        case Phase.BLOCKED:
            ratio = pair.deciding.sample_ratio
            chance = f" (p = {ratio.watched_p_value:.2g})" if isinstance(ratio, SampleRatio) else ""
            return f"The arms are not as large as planned{chance}: find out why before anything is read."
        case Phase.UNKNOWN:
            detail = pair.deciding.absolute
            if pair.outlook is not None:
                return outlook_words(pair.outlook, unit)
            return f"{_sentence(detail.detail)}" if isinstance(detail, Undetermined) else ""
        case Phase.EARLY:
            return f"Look, and do not decide yet. {far or 'How many it takes cannot be told yet.'}"
        case Phase.CERTAIN:
            return f"Also the interval that holds at any look is clear of zero. {far}".strip()
        case Phase.READY:
            if pair.deciding.metric is Metric.CONVERSION:
                return far
            return f"{far} It is planned by conversion: to see money move may take more."
        case _:
            assert_never(pair.phase)


def together_words(comparison: Comparison) -> str:
    """Say what several pairs come to, each with an interval of its own; empty of one pair."""
    pairs = len(comparison.pairs)
    if pairs < 2:
        return ""
    return (
        f"Each interval is of its pair alone: that one of {pairs} misses is likelier than one in twenty. "
        "Those that hold together are wider; upsell report --all-readings shows them."
    )


def watched_words(pair: Pair) -> str:
    """Say the effect with the interval that holds at any look; empty where it was not read."""
    return effect_words(pair.watched, pair.deciding) if pair.watched is not None else ""


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."
