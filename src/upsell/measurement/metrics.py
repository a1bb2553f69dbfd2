"""The catalogue of metrics: what the field tracks, each a packaged file of SQL with its definition.

A file of ``sql/metrics`` begins with the definition and goes on with the query; ``sql/tracking`` holds what
queries stand on, and money is read by the files outcomes are read by. The law: every query gives rows of
``COLUMNS``, whose numerators and denominators are sums, so that rows of parts add up to the whole.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from functools import cache

import msgspec
from sqlglot import exp

from upsell.clock import DAY, Duration, Moment
from upsell.errors import MeasurementError, nearest
from upsell.measurement.queries import (
    Dialect,
    duration_literal,
    file_text,
    folder_names,
    moment_literal,
    outcome_files,
    parsed_file,
    write_statement,
)

COLUMNS = ("slice", "item", "period", "currency", "numerator", "denominator")
"""What every query gives; currency is null where nothing is money, denominator where nothing is divided."""

RELATIONS: Mapping[str, str] = {
    "ledger": "unit_id, name, occurred_at, properties, is_household",
    "exposures": "workflow, contrast, stratum, unit_id, arm, share, exposed_at, stage",
    "decisions": "workflow, unit_id, decided_at, reason",
    "messages": "key, workflow, unit_id, household_id, channel, offer, terms, sent_at",
    "tasks": "key, workflow, unit_id, household_id, offer, terms, opened_at, due_at",
    "homes": "unit_id, household_id",
    "workflows": "workflow, trigger_kind, kind, goal_event, goal_within",
    "features": "plan, feature",
}
"""What a session must have: moments carry a zone, ``goal_within`` is an interval, JSON is text."""


class MetricUnit(enum.Enum):
    """What a metric's value is."""

    COUNT = "count"
    SHARE = "share"
    RATE = "rate"
    RATIO = "ratio"
    MONEY = "money"
    MONEY_TOTAL = "money total"
    DAYS = "days"


class Dimension(enum.Enum):
    """What a metric may be told apart by."""

    TRIGGER = "trigger"
    STAGE = "stage"
    CHANNEL = "channel"
    PLAN = "plan"
    SEGMENT = "segment"
    COHORT = "cohort"
    WORKFLOW = "workflow"
    KIND = "kind"


class MetricDefinition(msgspec.Struct, frozen=True):
    """One metric, as the head of its file says it.

    Attributes:
        id: Name of its file.
        says: What it is, in one sentence.
        name: What people call it.
        formula: How it is computed, in words.
        unit: What its value is.
        divides_by: What stands under the line.
        no_answer: When there is no value.
        dimensions: What it may be told apart by; none for what belongs to the company alone.
        label: What is said beside every value; empty for nothing.
        items: In which order its items are told; none for by their names.
        needs: Events of which at least one must ever have been told; none for no need.
        item_needs: The same for single items.
        instead: Relations that are read from other files for it, by name.
    """

    id: str
    says: str
    name: str
    formula: str
    unit: MetricUnit
    divides_by: str
    no_answer: str
    dimensions: tuple[Dimension, ...]
    label: str = ""
    items: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    item_needs: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    instead: Mapping[str, str] = msgspec.field(default_factory=dict)


class Span(msgspec.Struct, frozen=True):
    """Which stretch a metric is read over.

    Attributes:
        since: Attempts count that began from this moment on, and months from that of it.
        until: Attempts count that began before it; months end at it.
        as_of: What happened up to this moment is known.
        currency: ISO 4217 code of what is read in one currency.
        horizon: How long money, trouble and answers are followed after exposure.
        by: What values are told apart by; None for not at all.
        is_whole: Whether what is told by month is told of the whole stretch as one instead.

    Raises:
        MeasurementError: The stretch is empty, or ends after what is known.
    """

    since: Moment
    until: Moment
    as_of: Moment
    currency: str
    horizon: Duration = 90 * DAY
    by: Dimension | None = None
    is_whole: bool = False

    def __post_init__(self) -> None:
        """Refuse a stretch in which nothing can lie."""
        if not self.since < self.until <= self.as_of:
            msg = "expected since before until, and until no later than as_of; give another stretch"
            raise MeasurementError(msg)


@cache
def metric_definitions() -> tuple[MetricDefinition, ...]:
    """Give every metric of the catalogue, in order of their ids."""
    return tuple(_read(id_) for id_ in folder_names("metrics"))


def metric_definition(id_: str) -> MetricDefinition:
    """Give one metric by its id.

    Raises:
        MeasurementError: There is none of that id.
    """
    known = {each.id: each for each in metric_definitions()}
    if id_ not in known:
        near = nearest(id_, known)
        advice = f"did you mean {near}?" if near else "list them with `upsell metrics`"
        msg = f"expected the id of a metric, got {id_}; {advice}"
        raise MeasurementError(msg)
    return known[id_]


def metric_query(metric: MetricDefinition, span: Span, dialect: Dialect) -> str:
    """Give the SQL of a metric over a stretch, for a session that has ``RELATIONS``.

    Raises:
        MeasurementError: The metric cannot be told apart by what the stretch says.
    """
    return tracking_query(
        f"metrics/{metric.id}", span, dialect, {**metric.instead, **_slices(metric, span.by)}
    )


def tracking_query(file: str, span: Span, dialect: Dialect, instead: Mapping[str, str] | None = None) -> str:
    """Give the SQL of a packaged file over a stretch, with some relations read from other files."""
    files = {**outcome_files(), **{name: f"tracking/{name}" for name in folder_names("tracking")}}
    whole = {"months": "stretch"} if span.is_whole else {}
    files |= {name: f"tracking/{other}" for name, other in (whole | dict(instead or {})).items()}
    relation = file.rpartition("/")[2]
    return write_statement(relation, _values(span), dialect, {**files, relation: file})


def _slices(metric: MetricDefinition, by: Dimension | None) -> dict[str, str]:
    """Give the files that tell slices apart."""
    if by is None:
        return {}
    if by not in metric.dimensions:
        known = ", ".join(each.value for each in metric.dimensions) or "nothing"
        msg = (
            f"expected a dimension of {metric.id} ({known}), got {by.value}; leave --by away or take another"
        )
        raise MeasurementError(msg)
    written = folder_names("tracking")
    return {name: other for name in _SLICED if (other := f"{name}_by_{by.value}") in written}


_SLICED = ("slices", "month_slices", "credit_slices")
"""Relations that say which slice something belongs to: an attempt, a household in a month, a credit."""


@cache
def tracked_events() -> frozenset[str]:
    """Give the names of all events that any metric reads, goals aside, as the files compare them."""
    files = (
        *outcome_files().values(),
        *(f"{folder}/{name}" for folder in ("tracking", "metrics") for name in folder_names(folder)),
    )
    return frozenset(name for file in files for name in _names_in(parsed_file(file)))


def _names_in(tree: exp.Expression) -> Iterator[str]:
    """Give the texts that a column ``name`` is compared with, or that are given under that name."""
    for node in tree.find_all(exp.EQ, exp.In, exp.Alias):
        if isinstance(node, exp.Alias):
            texts = [node.this] if node.alias == "name" else []
        elif isinstance(node.this, exp.Column) and node.this.name == "name":
            texts = [node.expression] if isinstance(node, exp.EQ) else node.expressions
        else:
            texts = []
        yield from (text.name for text in texts if isinstance(text, exp.Literal))


def _values(span: Span) -> Mapping[str, exp.Expression]:
    """Give the literals a stretch fills the placeholders of the files with."""
    return {
        "since": moment_literal(span.since),
        "until": moment_literal(span.until),
        "as_of": moment_literal(span.as_of),
        "currency": exp.Literal.string(span.currency.upper()),
        "horizon": duration_literal(span.horizon),
        "steps": exp.Literal.number(span.horizon // (28 * DAY) + 3),
        # No month is shorter than 28 days.
        "months": exp.Literal.number((span.until - span.since) // (28 * DAY) + 1),
        # Names of the reading of a single workflow, which no attempt has.
        "workflow": exp.Literal.string(""),
        "goal_event": exp.Literal.string(""),
    }


def _read(id_: str) -> MetricDefinition:
    """Read the head of a metric's file.

    Raises:
        MeasurementError: A line of the head is missing or says nothing known.
    """
    lines = file_text(f"metrics/{id_}").splitlines()
    says, *rest = [line.removeprefix("-- ") for line in lines[: _head_length(lines)]]
    said = dict(line.split(": ", 1) for line in rest)
    by, stands = said.get("by", "nothing"), said.get("stands on", "")
    try:
        return MetricDefinition(
            id=id_,
            says=says,
            name=said["name"],
            formula=said["formula"],
            unit=MetricUnit(said["unit"]),
            divides_by=said["divides by"],
            no_answer=said["no answer"],
            dimensions=() if by == "nothing" else tuple(Dimension(each) for each in by.split(", ")),
            label=said.get("label", ""),
            items=tuple(said["items"].split(", ")) if "items" in said else (),
            needs=tuple(said["needs"].split(", ")) if "needs" in said else (),
            item_needs={
                item: tuple(names.split(" or ")) for item, names in _pairs(said.get("items need", ""))
            },
            instead=dict(_pairs(stands)),
        )
    except (KeyError, ValueError) as error:
        msg = f"sql/metrics/{id_}.sql: expected a head with every part of a definition, got {error}"
        raise MeasurementError(msg) from error


def _pairs(text: str) -> list[tuple[str, str]]:
    """Read ``name = value`` between commas; an empty text gives none."""
    parts = (part.partition(" = ") for part in text.split(", ") if part)
    return [(name, value) for name, _, value in parts]


def _head_length(lines: list[str]) -> int:
    """Give how many lines the head has: comments before the query."""
    return next(place for place, line in enumerate(lines) if not line.startswith("-- "))
