"""Metrics on a terminal: the list, a definition, and figures in columns that line up."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from upsell.clock import format_moment
from upsell.measurement.figures import Figure
from upsell.measurement.lift import Lift
from upsell.measurement.metrics import MetricDefinition, Span, metric_definitions
from upsell.measurement.metrics_page import definition_lines
from upsell.measurement.survival import Survival
from upsell.runtime.figure_words import percent_words, silence_words, value_words
from upsell.runtime.results import effect_words

WIDTH = 100
_MOST_STEPS = 12


def list_text() -> str:
    """Write every metric, a line each."""
    rows = [(metric.id, metric.unit.value, metric.name) for metric in metric_definitions()]
    return "\n".join(f"{id_:<26}{unit:<13}{name}" for id_, unit, name in rows)


def list_json(only: MetricDefinition | None = None) -> str:
    """Write every metric, or one, for machines."""
    content = [msgspec.to_builtins(m) for m in metric_definitions()] if only is None else only
    return msgspec.json.format(msgspec.json.encode(content)).decode()


def definition_text(metric: MetricDefinition) -> str:
    """Write the definition of a metric."""
    return "\n".join([f"{metric.name} ({metric.id})", *_wrapped(metric.says), "", *_parts(metric)])


def figures_text(metric: MetricDefinition, span: Span, figures: Sequence[Figure]) -> str:
    """Write the figures of a metric, one a line, with the counts they are made of."""
    label = f" [{metric.label}]" if metric.label else ""
    lines = [f"{metric.name}{label}", *_wrapped(metric.says), _stretch(span), ""]
    if not figures:
        return "\n".join([*lines, silence_words(metric)])
    return "\n".join([*lines, *figure_lines(metric, figures)])


def effect_lines(effects: Mapping[str, Lift]) -> Iterator[str]:
    """Write the effect of each workflow on a share, treated against held out; no effects give nothing."""
    if effects:
        yield from ("", "effect by workflow, treated less held out, strata weighed (95 % interval)")
    for key, lift in effects.items():
        yield f"  {key}: {effect_words(lift.absolute, lift)}"


def figures_json(
    metric: MetricDefinition, span: Span, figures: Sequence[Figure], effects: Mapping[str, Lift]
) -> str:
    """Write the figures of a metric for machines, with effects by workflow where it has any."""
    content = {
        "metric": msgspec.to_builtins(metric),
        "since": format_moment(span.since),
        "until": format_moment(span.until),
        "by": None if span.by is None else span.by.value,
        "effects": {key: msgspec.to_builtins(lift) for key, lift in effects.items()},
        "figures": [msgspec.to_builtins(figure) for figure in figures],
    }
    return msgspec.json.format(msgspec.json.encode(content)).decode()


def figure_lines(metric: MetricDefinition, figures: Sequence[Figure]) -> Iterator[str]:
    """Write figures in columns; a column in which all are the same whole is left out."""
    columns = [
        [getattr(figure, name) for figure in figures]
        for name in ("slice", "item", "period")
        if any(getattr(figure, name) != "all" for figure in figures)
    ]
    columns = [column for column in columns if column]
    widths = [max(len(text) for text in column) + 2 for column in columns]
    for place, figure in enumerate(figures):
        told = "".join(f"{column[place]:<{width}}" for column, width in zip(columns, widths, strict=True))
        yield f"{told}{value_words(metric.unit, figure)}".rstrip()
        if isinstance(figure.value, Survival):
            yield from _step_lines(figure.value)


def _step_lines(found: Survival) -> Iterator[str]:
    """Write some of the days, evenly spread and the last among them."""
    every = -(-len(found.steps) // _MOST_STEPS) or 1
    chosen = [step for place, step in enumerate(reversed(found.steps)) if place % every == 0]
    for step in reversed(chosen):
        ends = f"{percent_words(1 - step.high)} to {percent_words(1 - step.low)}"
        reached = f"{percent_words(1 - step.waiting)} ({ends})"
        yield f"    by day {step.day + 1:<4} {reached} reached it, {step.watched:,} watched"


def _stretch(span: Span) -> str:
    return f"from {format_moment(span.since)} to {format_moment(span.until)}"


def _parts(metric: MetricDefinition) -> Iterator[str]:
    for what, said in definition_lines(metric):
        first, *rest = textwrap.wrap(said, WIDTH - 15)
        yield f"{what:<15}{first}"
        yield from (f"{'':<15}{line}" for line in rest)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH)
