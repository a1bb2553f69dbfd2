"""Results: a report, beside the planted truth where it is known, in words and as JSON.

What the terminal and the page both say, so that they never differ. The law: a sentence claims only
what its interval says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
from babel.numbers import format_currency

from upsell.clock import DAY, SECOND, Duration, Moment, format_moment, to_datetime
from upsell.decisions.reasons import MEANINGS, Reason
from upsell.measurement.answers import Effect, Undetermined
from upsell.measurement.lift import Lift, LiftReport
from upsell.measurement.question import Contrast, Metric, Question
from upsell.measurement.readings import ReadingKind
from upsell.measurement.sample_ratio import SampleRatio, Verdict
from upsell.money import minor_digits
from upsell.runtime.reporting import ReasonCount, Report, WorkflowReport
from upsell.runtime.truth import Truth

if TYPE_CHECKING:
    # The server says results without drawing, and need not load what draws.
    from upsell.measurement.charts.chart import Chart

_LOCALE = "en_US"
_ORDER = (
    Metric.CONVERSION,
    Metric.NET_COMMITTED_REVENUE,
    Metric.MARGIN,
    Metric.NET_VALUE_AFTER_REGRET,
    Metric.RECURRING_REVENUE_CHANGE,
)
_MINUS = "\N{MINUS SIGN}"
_WHOLE_UNITS = "\N{CURRENCY SIGN}#,##0"


class Results(msgspec.Struct, frozen=True):
    """A report, and what is known besides.

    Attributes:
        about: What was run, in a sentence; of a report on what is live empty, or that something else went
            live since.
        report: What every workflow did.
        truths: The planted truth by workflow; empty where nobody can know it.
    """

    about: str
    report: Report
    truths: Mapping[str, tuple[Truth, ...]] = {}

    def truth_of(self, lift: Lift) -> Truth | None:
        """Give the planted truth of a lift against the holdout, None where nobody can know it."""
        if lift.contrast is not Contrast.HOLDOUT:
            return None
        return next((t for t in self.truths.get(lift.workflow, ()) if t.metric is lift.metric), None)


def headline(found: WorkflowReport) -> str:
    """Say in one sentence what a workflow earned, as far as its interval says."""
    return _earned(found.name, found.lift, _lift_of(found.lift, Metric.NET_COMMITTED_REVENUE))


def programme_headline(reading: LiftReport) -> str:
    """Say in one sentence what all workflows together earned, as far as the interval says."""
    return _earned("The whole programme", reading, programme_lifts(reading)[1])


def _earned(name: str, reading: LiftReport, lift: Lift) -> str:
    days = _days(reading.question.horizon)
    match lift.total:
        case Undetermined(detail=detail):
            return f"{name}: what it earned cannot be said yet. {_sentence(detail)}"
        case Effect(estimate=estimate, low=low, high=high):
            low_end, high_end = _whole(low, lift), _whole(high, lift)
            over = f"in {days} from each exposure"
            if low > 0:
                earned = f"{name} earned {_whole(estimate, lift)} more than doing nothing, {over}"
                return f"{earned} ({low_end} to {high_end}, 95 % interval)."
            if high < 0:
                lost = f"{name} lost {_whole(-estimate, lift)} against doing nothing, {over}"
                return f"{lost} ({_whole(-high, lift)} to {_whole(-low, lift)}, 95 % interval)."
            return (
                f"{name}: too early to say. Against doing nothing it earned between {low_end} and "
                f"{high_end}, {over} (95 % interval)."
            )


def metric_label(lift: Lift, question: Question) -> str:
    """Name a metric with its window."""
    match lift.metric:
        case Metric.CONVERSION:
            return f"Conversion, {_days(question.goal_within)}"
        case Metric.NET_COMMITTED_REVENUE:
            return f"Net revenue, {_days(question.horizon)}"
        case Metric.RECURRING_REVENUE_CHANGE:
            return f"MRR change, {_days(question.horizon)}"
        case Metric.MARGIN:
            return f"Margin, {_days(question.horizon)}"
        case Metric.NET_VALUE_AFTER_REGRET:
            return f"Kept, {question.horizon / DAY:g} + {_days(question.regret)}"


def reading_label(kind: ReadingKind) -> str:
    """Name a way of reading an effect beside the plain one."""
    match kind:
        case ReadingKind.WINSORISED:
            return "extremes held"
        case ReadingKind.CUPED:
            return "less its own past"
        case ReadingKind.ALWAYS_VALID:
            return "looked at any time"
        case ReadingKind.SIMULTANEOUS:
            return "all pairs together"
        case ReadingKind.ALL_METRICS:
            return "all metrics together"
        case ReadingKind.EXACT:
            return "exact"
        case ReadingKind.BAYESIAN:
            return "likely"


def mean_words(value: float | Undetermined, lift: Lift) -> str:
    """Write the mean outcome of an arm; a dash where it is not known."""
    if isinstance(value, Undetermined):
        return "\N{EN DASH}"
    if lift.metric is Metric.CONVERSION:
        return share_words(value, digits=1)
    has_thousands = abs(value) >= 1000 * 10 ** minor_digits(lift.currency or "")
    return _whole(value, lift) if has_thousands else _amount(value, lift)


def share_words(share: float, digits: int = 0) -> str:
    """Write a share of 0 to 1 in percent."""
    return f"{share * 100:.{digits}f} %"


def difference_words(value: float, lift: Lift) -> str:
    """Write a difference with its sign and unit: percentage points, or money as finely as it is known."""
    sign = "+" if value >= 0 else _MINUS
    if lift.metric is Metric.CONVERSION:
        return f"{sign}{abs(value) * 100:.1f} pp"
    written = _whole(abs(value), lift) if _is_coarse(lift) else _amount(abs(value), lift)
    return f"{sign}{written}"


def effect_words(effect: Effect | Undetermined, lift: Lift) -> str:
    """Write an effect with its interval, or why there is none."""
    if isinstance(effect, Undetermined):
        return f"not known: {effect.detail}"
    ends = f"{_end(effect.low, lift)} to {_end(effect.high, lift)}"
    return f"{difference_words(effect.estimate, lift)} ({ends})"


def truth_words(truth: Truth, lift: Lift) -> str:
    """Write a planted truth, and whether the interval holds it."""
    said = difference_words(truth.effect, lift)
    covered = is_covered(truth, lift)
    return said if covered is None else f"{said} {'inside' if covered else 'outside'}"


def is_covered(truth: Truth, lift: Lift) -> bool | None:
    """Tell whether the interval holds the planted truth; None without an interval."""
    if isinstance(lift.absolute, Undetermined):
        return None
    return lift.absolute.low <= truth.effect <= lift.absolute.high


def coverage_words(results: Results) -> str:
    """Say how many intervals hold the planted truth; empty where no truth is known."""
    answers = [
        is_covered(truth, lift)
        for found in results.report.workflows
        for lift in holdout_lifts(found)
        if (truth := results.truth_of(lift)) is not None
    ]
    known = [answer for answer in answers if answer is not None]
    if not known:
        return ""
    return (
        f"{sum(known)} of {len(known)} intervals hold the planted truth; of intervals of 95 %, one in "
        "twenty may miss it."
    )


def sample_ratio_words(found: WorkflowReport) -> str:
    """Say whether the arms are as large as planned."""
    return ratio_words(_lift_of(found.lift, Metric.CONVERSION))


def ratio_words(lift: Lift) -> str:
    """Say whether the arms of a lift are as large as planned."""
    checked = lift.sample_ratio
    if isinstance(checked, Undetermined):
        return f"Sample ratio not checked: {checked.detail}."
    sizes = " to ".join(f"{units:,}" for units in sorted(checked.units.values(), reverse=True))
    return f"Sample ratio {sizes}: {_ratio_verdict(checked)} (p = {checked.watched_p_value:.2g})."


def open_words(found: WorkflowReport) -> str:
    """Say how many windows are still open; empty when all have closed."""
    question = found.lift.question
    said = [
        f"{lift.open_units:,} of {_days(length)}"
        for metric, length in (
            (Metric.CONVERSION, question.goal_within),
            (Metric.NET_COMMITTED_REVENUE, question.horizon),
        )
        if (lift := _lift_of(found.lift, metric)).open_units
    ]
    return f"Windows still open and not counted: {' and '.join(said)}." if said else ""


def crossed_words(found: WorkflowReport) -> str:
    """Say how many units were exposed in two arms because two ids were one customer; empty when none was."""
    crossed = {lift.contrast: lift.crossed_units for lift in found.lift.lifts if lift.crossed_units}
    if not crossed:
        return ""
    counts = " and ".join(
        f"{count:,} {'between arms' if contrast is Contrast.ARMS else 'against the holdout'}"
        for contrast, count in crossed.items()
    )
    return f"Exposed in two arms before a merge of ids, and counted in the first: {counts}."


def reason_words(counted: ReasonCount) -> str:
    """Say a reason in plain words, with what decided: a rule's text, a state, or what blocked before."""
    meaning = _meaning(counted.reason)
    if not counted.rule:
        return meaning
    if counted.reason == Reason.TRIGGER_GONE.value:
        return f"{_meaning(counted.rule)}, until the trigger was no longer true"
    if counted.reason == Reason.LAPSED.value:
        return f"{_meaning(counted.rule)}, for longer than a candidate waits"
    return f"{meaning}: {_meaning(counted.rule)}"


def _meaning(name: str) -> str:
    """Give the meaning of a reason by its name; of anything else, the name itself in words."""
    try:
        return MEANINGS[Reason(name)]
    except ValueError:
        return name.replace("_", " ") if name.isidentifier() else name


def holdout_lifts(found: WorkflowReport) -> tuple[Lift, ...]:
    """Give the lifts against the holdout: conversion first, then money."""
    return lifts_in_order(found.lift)


def programme_lifts(reading: LiftReport) -> tuple[Lift, ...]:
    """Give the lifts of the whole programme against the global control: conversion first, then money."""
    by_metric = {lift.metric: lift for lift in reading.lifts}
    return tuple(by_metric[metric] for metric in metrics_told(reading.question))


def lifts_in_order(reading: LiftReport) -> tuple[Lift, ...]:
    """Give the lifts of a reading against the holdout: conversion first, then money."""
    return tuple(_lift_of(reading, metric) for metric in metrics_told(reading.question))


def metrics_told(question: Question) -> tuple[Metric, ...]:
    """Give the metrics people are told of, in order; a margin only where something is known to cost."""
    return tuple(metric for metric in _ORDER if metric in question.metrics_told)


def arm_pairs(found: WorkflowReport) -> tuple[tuple[Lift, ...], ...]:
    """Give the lifts of each arm against each one before it, pair by pair; empty without arms."""
    pairs: dict[tuple[str, str], list[Lift]] = {}
    for lift in found.lift.lifts:
        if lift.contrast is Contrast.ARMS and lift.metric in metrics_told(found.lift.question):
            pairs.setdefault((lift.arm.arm, lift.against.arm), []).append(lift)
    return tuple(tuple(lifts) for lifts in pairs.values())


def day_words(at: Moment) -> str:
    """Write the day of a moment in UTC."""
    return f"{to_datetime(at):%-d %B %Y}"


def date_words(at: Moment) -> str:
    """Write the day and minute of a moment in UTC."""
    return f"{to_datetime(at):%-d %B %Y, %H:%M} UTC"


JSON_VERSION = 1
"""Version of the JSON of results: within one, keys are added, and none goes or changes its meaning."""


def results_json(results: Results, charts: Sequence[Chart] = ()) -> bytes:
    """Write results for machines; moments are ISO 8601, durations seconds, money minor units."""
    content = {
        "format": "upsell-report",
        "version": JSON_VERSION,
        "about": results.about,
        "as_of": format_moment(results.report.as_of),
        "currency": results.report.currency,
        "workflows": [workflow_content(results, found) for found in results.report.workflows],
        "programme": None
        if (reading := results.report.programme) is None
        else {
            "headline": programme_headline(reading),
            "horizon_seconds": reading.question.horizon // SECOND,
            "lifts": msgspec.to_builtins(reading.lifts),
            "left_out": msgspec.to_builtins(reading.left_out),
        },
        "charts": msgspec.to_builtins(charts),
    }
    return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"


def workflow_content(results: Results, found: WorkflowReport) -> dict[str, Any]:
    """Give what a report says of one workflow as plain data, as it stands in the JSON of results."""
    question = found.lift.question
    lifts = []
    for lift in found.lift.lifts:
        truth = results.truth_of(lift)
        content = msgspec.to_builtins(lift)
        if truth is not None:
            content["planted_truth"] = {
                "effect": truth.effect, "treated": truth.treated, "held_out": truth.held_out,
                "units": truth.units, "is_covered": is_covered(truth, lift),
            }  # fmt: skip
        lifts.append(content)
    return {
        "key": found.key,
        "name": found.name,
        "headline": headline(found),
        "unit": found.unit,
        "holdout_rate": found.holdout_rate,
        "goal": {"event": question.goal_event, "within_seconds": question.goal_within // SECOND},
        "horizon_seconds": question.horizon // SECOND,
        "funnel": msgspec.to_builtins(found.funnel),
        "lifts": lifts,
        "left_out": msgspec.to_builtins(found.lift.left_out),
        "stages": msgspec.to_builtins(found.stages),
        "health": None if found.health is None else msgspec.to_builtins(found.health, str_keys=True),
        "outlook": None if found.outlook is None else msgspec.to_builtins(found.outlook),
    }


def _lift_of(reading: LiftReport, metric: Metric) -> Lift:
    return next(lift for lift in reading.lifts if lift.contrast is Contrast.HOLDOUT and lift.metric is metric)


def _ratio_verdict(checked: SampleRatio) -> str:
    match checked.verdict:
        case Verdict.GOOD:
            return "as planned"
        case Verdict.WARN:
            return "uneven, look at it"
        case Verdict.BLOCK:
            return "not as planned, so nothing is read"


def _days(length: Duration) -> str:
    days = length / DAY
    return "1 day" if days == 1 else f"{days:g} days"


def _amount(value: float, lift: Lift) -> str:
    currency = lift.currency or ""
    written = format_currency(Decimal(round(value)).scaleb(-minor_digits(currency)), currency, locale=_LOCALE)
    return str(written).replace("-", _MINUS)


def _whole(value: float, lift: Lift) -> str:
    """Write money to whole units: totals are not known to the cent."""
    currency = lift.currency or ""
    units = Decimal(round(value / 10 ** minor_digits(currency)))
    written = format_currency(units, currency, locale=_LOCALE, format=_WHOLE_UNITS, currency_digits=False)
    return str(written).replace("-", _MINUS)


def _end(value: float, lift: Lift) -> str:
    """Write an end of an interval without repeating the unit."""
    if lift.metric is Metric.CONVERSION:
        return f"{value * 100:.1f}".replace("-", _MINUS)
    digits = minor_digits(lift.currency or "")
    return f"{round(value) / 10**digits:,.{0 if _is_coarse(lift) else digits}f}".replace("-", _MINUS)


def _is_coarse(lift: Lift) -> bool:
    """Tell whether an interval is so wide, 20 units of the currency, that its cents say nothing."""
    effect = lift.absolute
    width = effect.high - effect.low if isinstance(effect, Effect) else 0.0
    return bool(width >= 20 * 10 ** minor_digits(lift.currency or ""))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."
