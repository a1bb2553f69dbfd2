"""The catalogue of metrics: all defined, written in every dialect, and the same on two engines."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec
import psycopg
import pytest
import sqlglot

from tests.unit.measurement.tracked_worlds import (
    DIALECTS,
    Made,
    in_duckdb,
    into_postgres,
    random_ledger,
    rows_of,
)
from tests.unit.measurement.worlds import moment
from upsell.clock import DAY, HOUR
from upsell.errors import MeasurementError
from upsell.measurement.answers import Undetermined, UndeterminedReason
from upsell.measurement.figures import Figure, figures_of
from upsell.measurement.metrics import (
    COLUMNS,
    RELATIONS,
    Dimension,
    MetricDefinition,
    Span,
    metric_definition,
    metric_definitions,
    metric_query,
    tracked_events,
    tracking_query,
)
from upsell.measurement.queries import Dialect, folder_names, parsed_file
from upsell.measurement.shares import Share

SPAN = Span(
    since=moment("2023-11-10"), until=moment("2024-06-20"), as_of=moment("2024-06-20"), currency="USD"
)
EVERY = [(metric, by) for metric in metric_definitions() for by in (None, *metric.dimensions)]
DAY_ONE = moment("2024-01-01")


@cache
def _written(id_: str, span: Span) -> str:
    """Write a metric's SQL once: that costs more than running it on a small ledger."""
    return metric_query(metric_definition(id_), span, Dialect.DUCKDB)


def read(made: Made, id_: str, span: Span = SPAN) -> tuple[Figure, ...]:
    """Run a metric on DuckDB."""
    metric = metric_definition(id_)
    answer = in_duckdb(made).execute(_written(id_, span)).fetchall()
    return figures_of(metric, answer, span.by, tracked_events())


def counted(made: Made, id_: str, span: Span = SPAN) -> dict[tuple[str, str], tuple[int, int | None]]:
    """Give the counts of a metric by item and period."""
    return {(f.item, f.period): (f.numerator, f.denominator) for f in read(made, id_, span)}


# The catalogue.


def test_every_metric_has_every_part_of_a_definition() -> None:
    for metric in metric_definitions():
        for part in (metric.says, metric.name, metric.formula, metric.divides_by, metric.no_answer):
            assert part, metric.id
        assert metric.says.endswith("."), metric.id
    names = [metric.name for metric in metric_definitions()]
    assert len(names) == len(set(names)) >= 35


@pytest.mark.parametrize(
    "dialect",
    [each if each.is_run else pytest.param(each, marks=pytest.mark.slow) for each in DIALECTS],
)
def test_every_query_is_written_in_every_dialect_and_reads_back_there(dialect: Dialect) -> None:
    for metric in metric_definitions():
        for by in {None, metric.dimensions[-1] if metric.dimensions else None}:
            sql = metric_query(metric, msgspec.structs.replace(SPAN, by=by), dialect)
            tree = sqlglot.parse_one(sql, dialect=dialect.value)
            assert not list(tree.find_all(sqlglot.exp.Placeholder)), metric.id
            made = {each.alias for each in tree.find_all(sqlglot.exp.CTE)}
            read_from = {each.name for each in tree.find_all(sqlglot.exp.Table)} - made - {"", "steps"}
            assert read_from <= RELATIONS.keys(), metric.id


def test_no_part_inside_a_file_has_the_name_of_a_file() -> None:
    folders = {folder: folder_names(folder) for folder in ("", "tracking", "metrics")}
    named = [name for names in folders.values() for name in names]
    assert len(named) == len(set(named))
    for folder, names in folders.items():
        for name in names:
            parts = {
                each.alias for each in parsed_file(f"{folder}/{name}".strip("/")).find_all(sqlglot.exp.CTE)
            }
            assert parts.isdisjoint(named), name


@pytest.fixture(scope="module")
def connection(postgres_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("set time zone 'Pacific/Kiritimati'")
        yield connection


def _say_the_same(
    connection: psycopg.Connection[Any], asked: list[tuple[MetricDefinition, Dimension | None]]
) -> None:
    """Run metrics on both engines; every one has something to tell."""
    made = random_ledger(seed=11, units=80)
    into_postgres(connection, made)
    engine = in_duckdb(made)
    silent = []
    for metric, by in asked:
        span = msgspec.structs.replace(SPAN, by=by)
        here = engine.execute(metric_query(metric, span, Dialect.DUCKDB))
        assert [column[0] for column in here.description or ()] == list(COLUMNS), metric.id
        mine = rows_of(here.fetchall())
        there = connection.execute(metric_query(metric, span, Dialect.POSTGRES).encode()).fetchall()
        assert mine == rows_of(there), (metric.id, by)
        if not mine:
            silent.append((metric.id, by))
    assert silent == []


@pytest.mark.postgres
def test_duckdb_and_postgresql_give_equal_answers_for_every_metric(
    connection: psycopg.Connection[Any],
) -> None:
    _say_the_same(connection, [(metric, None) for metric in metric_definitions()])


@pytest.mark.postgres
def test_credits_and_retention_are_the_same_on_both_engines(connection: psycopg.Connection[Any]) -> None:
    made = random_ledger(seed=11, units=60)
    into_postgres(connection, made)
    engine = in_duckdb(made)
    company = {"events": "household_events", "first_exposures": "paying_units"}
    for name, instead in (
        ("attribution", company),
        ("gain_totals", company),
        ("kept_sums", {"first_exposures": "attempt_exposures"}),
    ):
        here, there = (
            tracking_query(f"tracking/{name}", SPAN, dialect, instead)
            for dialect in (Dialect.DUCKDB, Dialect.POSTGRES)
        )
        mine = rows_of(engine.execute(here).fetchall())
        assert mine == rows_of(connection.execute(there.encode()).fetchall()), name
        assert mine, name


@pytest.mark.postgres
@pytest.mark.slow
def test_duckdb_and_postgresql_give_equal_answers_by_every_dimension(
    connection: psycopg.Connection[Any],
) -> None:
    _say_the_same(connection, EVERY)


def test_slices_that_do_not_overlap_add_up_to_the_whole() -> None:
    engine = in_duckdb(random_ledger(seed=5, units=60))

    def total(metric: MetricDefinition, by: Dimension | None) -> dict[tuple[Any, ...], tuple[int, int]]:
        found: dict[tuple[Any, ...], tuple[int, int]] = {}
        span = msgspec.structs.replace(SPAN, by=by)
        for _, item, period, currency, over, under in engine.execute(
            metric_query(metric, span, Dialect.DUCKDB)
        ).fetchall():
            had = found.get((item, period, currency), (0, 0))
            found[item, period, currency] = (had[0] + int(over), had[1] + int(under or 0))
        return found

    for metric, by in EVERY[::3]:
        # Segments overlap; message pressure divides each channel by the units of its own slice.
        if by in (None, Dimension.SEGMENT) or metric.id == "messages_per_unit":
            continue
        assert total(metric, by) == total(metric, None), (metric.id, by)


def test_a_metric_nobody_knows_and_a_dimension_it_lacks_are_refused_with_what_is_known() -> None:
    with pytest.raises(MeasurementError, match="did you mean funnel"):
        metric_definition("funel")
    with pytest.raises(MeasurementError, match="plan, segment, cohort"):
        metric_query(
            metric_definition("arpa"), msgspec.structs.replace(SPAN, by=Dimension.CHANNEL), Dialect.DUCKDB
        )
    with pytest.raises(MeasurementError, match="since before until"):
        Span(since=2, until=2, as_of=2, currency="USD")


def test_what_is_never_told_of_is_not_known_and_never_zero() -> None:
    made = Made()
    made.workflow()
    for number in range(40):
        made.exposed(f"a:{number}", DAY_ONE)
        made.sent(f"m{number}", f"a:{number}", DAY_ONE)
    metric = metric_definition("open_rate")
    rows = in_duckdb(made).execute(metric_query(metric, SPAN, Dialect.DUCKDB)).fetchall()
    (silent,) = figures_of(metric, rows, None, {"Message Sent"})
    assert isinstance(silent.value, Undetermined)
    assert silent.value.reason is UndeterminedReason.NOT_TOLD
    (told,) = figures_of(metric, rows, None, {"Message Opened"})
    assert told.value == 0.0
    funnel = metric_definition("funnel")
    rows = in_duckdb(made).execute(metric_query(funnel, SPAN, Dialect.DUCKDB)).fetchall()
    steps = {figure.item: figure.value for figure in figures_of(funnel, rows, None, {"Offer Accepted"})}
    assert steps["shown"] == 40
    assert steps["accepted"] == 0
    assert isinstance(steps["clicked"], Undetermined)


def test_items_of_a_sequence_are_told_in_their_order() -> None:
    figures = read(random_ledger(seed=1, units=30), "funnel")
    assert [figure.item for figure in figures] == list(metric_definition("funnel").items)


# Single metrics, by hand.


def test_the_funnel_counts_a_unit_once_per_step_and_held_out_units_never_as_enrolled() -> None:
    made = Made()
    made.workflow()
    made.decided("a:1", DAY_ONE, "ineligible")
    made.decided("a:2", DAY_ONE, "capped")
    made.exposed("a:3", DAY_ONE, "holdout")
    for unit in ("a:4", "a:5", "a:6"):
        made.exposed(unit, DAY_ONE)
        made.sent(f"m{unit}", unit, DAY_ONE + HOUR)
        made.sent(f"n{unit}", unit, DAY_ONE + DAY)
    for key in ("ma:5", "na:5", "ma:6"):
        made.told("a:5", "Message Clicked", DAY_ONE + 2 * DAY, key=key)
    made.told("a:6", "Offer Accepted", DAY_ONE + 2 * DAY, key="na:6", offer="o")
    for unit in ("a:3", "a:6"):
        made.told(unit, "Subscription Upgraded", DAY_ONE + 3 * DAY)
    found = {item: over for (item, _), (over, _) in counted(made, "funnel").items()}
    assert found == {
        "considered": 6, "eligible": 5, "enrolled": 3, "shown": 3, "clicked": 2, "accepted": 1, "upgraded": 1,
    }  # fmt: skip
    assert counted(made, "signal_to_play_rate") == {("all", "all"): (3, 6)}
    assert counted(made, "click_through_rate") == {("all", "all"): (2, 3)}
    assert counted(made, "conversion_rate") == {("holdout", "all"): (1, 1), ("treated", "all"): (1, 3)}


def test_a_share_has_an_interval_only_where_each_unit_counts_once() -> None:
    made = Made()
    made.workflow()
    for number in range(40):
        made.exposed(f"a:{number}", DAY_ONE)
    by_workflow = msgspec.structs.replace(SPAN, by=Dimension.WORKFLOW)
    assert isinstance(read(made, "signal_to_play_rate", by_workflow)[0].value, Share)
    assert read(made, "signal_to_play_rate")[0].value == 1.0


def test_a_prompt_is_shown_when_it_was_seen_and_taken_by_the_key_of_the_showing_or_of_the_prompt() -> None:
    made = Made()
    made.workflow()
    for unit, prompt in (("a:1", "k1"), ("a:2", "s/k2"), ("a:3", "")):
        key = f"k{unit[-1]}"
        made.exposed(unit, DAY_ONE)
        said: dict[str, Any] = {"key": key, "prompt": f"s/{key}", "workflow": "flow", "unit": unit}
        made.told(unit, "Prompt Offered", DAY_ONE, **said)
        if unit != "a:3":
            made.told(unit, "Prompt Shown", DAY_ONE + 7, key=key)
            made.told(unit, "Offer Accepted", DAY_ONE + HOUR, key=prompt, offer="o")
    assert counted(made, "impression_rate") == {("all", "all"): (2, 3)}
    assert counted(made, "acceptance_rate") == {("all", "all"): (2, 2)}


def test_margin_and_discounts_are_of_offers_accepted_whose_terms_say_them() -> None:
    made = Made()
    made.workflow()
    made.exposed("a:1", DAY_ONE)
    priced: dict[str, Any] = {
        "offer": "o",
        "currency": "USD",
        "price": 8000,
        "cost": 2000,
        "discount_rate": 0.2,
    }
    made.sent("m1", "a:1", DAY_ONE, **priced)
    made.sent("m2", "a:1", DAY_ONE, offer="o", currency="USD", price=5000)
    made.sent("m3", "a:1", DAY_ONE, **priced)
    for key in ("m1", "m2"):
        made.told("a:1", "Offer Accepted", DAY_ONE + DAY, key=key, offer="o")
    (margin,) = read(made, "expansion_margin")
    assert (margin.currency, margin.numerator, margin.denominator, margin.value) == ("USD", 6000, 8000, 0.75)
    assert counted(made, "discount_share") == {("all", "all"): (1, 2)}


def test_a_task_is_in_time_by_its_due_moment_and_counts_against_once_that_has_passed() -> None:
    made = Made()
    made.workflow()
    made.decided("a:1", DAY_ONE)
    for key, closed in (("in", 2 * DAY), ("late", 2 * DAY + 1), ("never", None)):
        made.task(key, "a:1", DAY_ONE, DAY_ONE + 2 * DAY)
        if closed is not None:
            made.told("a:1", "Task Closed", DAY_ONE + closed, key=key, outcome="Meeting booked")
    made.task("open", "a:1", SPAN.until - HOUR, SPAN.until + DAY)
    assert counted(made, "task_on_time_rate") == {("all", "all"): (1, 3)}
    made.told("a:1", "Deal Opened", DAY_ONE + 3 * DAY, deal_id="d", amount=900, currency="USD")
    made.told("a:1", "Deal Closed", DAY_ONE + 9 * DAY, deal_id="d", outcome="won")
    funnel = {item: over for (item, _), (over, _) in counted(made, "task_funnel").items()}
    assert funnel == {"opened": 4, "done": 2, "meeting": 2, "opportunity": 3, "won": 3}
    assert counted(made, "win_rate") == {("all", "2024-01"): (1, 1)}
    (deal,) = read(made, "average_deal_size")
    assert (deal.currency, deal.value) == ("USD", 900.0)


def test_a_task_whose_cause_ended_was_done_by_nobody_and_is_late_only_once_it_was_due() -> None:
    made = Made()
    made.workflow()
    made.decided("a:1", DAY_ONE)
    for key in ("moot", "late", "told"):
        made.task(key, "a:1", DAY_ONE, DAY_ONE + 2 * DAY)
    made.told("a:1", "Task Closed", DAY_ONE + DAY, key="moot", outcome="cause_ended")
    made.told("a:1", "Task Closed", DAY_ONE + 3 * DAY, key="late", outcome="cause_ended")
    made.told("a:1", "Task Closed", DAY_ONE + DAY, key="told", outcome="cause_ended")
    made.told("a:1", "Task Closed", DAY_ONE + DAY + HOUR, key="told", outcome="meeting_set")
    # By hand: of those that were due one was done in time, one never; only that one was done at all.
    assert counted(made, "task_on_time_rate") == {("all", "all"): (1, 2)}
    funnel = {item: over for (item, _), (over, _) in counted(made, "task_funnel").items()}
    assert (funnel["opened"], funnel["done"], funnel["meeting"]) == (3, 1, 1)
    assert {item: over for (item, _), (over, _) in counted(made, "messages_per_unit").items()}["task"] == 1


def test_retention_and_revenue_are_read_by_the_rules_of_outcomes() -> None:
    made = Made()
    made.workflow()
    for unit, arm in (("a:1", "treated"), ("a:2", "treated"), ("a:3", "holdout"), ("a:4", "holdout")):
        if unit != "a:4":
            made.pays(unit, DAY_ONE - 10 * DAY, 3000)
        made.exposed(unit, DAY_ONE, arm)
    made.told("a:2", "Subscription Canceled", DAY_ONE + 40 * DAY)
    made.told("a:1", "Subscription Upgraded", DAY_ONE + DAY)
    assert counted(made, "retention_by_arm") == {("holdout", "all"): (1, 1), ("treated", "all"): (1, 2)}
    assert counted(made, "retention_of_upgraded") == {
        ("not upgraded", "all"): (1, 2),
        ("upgraded", "all"): (1, 1),
    }
    # Due on 22 January, February and March; once of the one that left on 10 February.
    assert counted(made, "revenue_per_attempt") == {
        ("holdout", "all"): (9000, 2),
        ("treated", "all"): (9000 + 3000, 2),
    }


def test_only_closed_windows_count_and_those_still_open_are_watched_so_far() -> None:
    made = Made()
    made.workflow()
    for unit, days in (("a:closed", 30), ("a:open", 29), ("a:long", 90)):
        made.exposed(unit, SPAN.as_of - days * DAY)
        made.told(unit, "Subscription Upgraded", SPAN.as_of - days * DAY + 2 * DAY + HOUR)
    made.exposed("a:new", SPAN.as_of - 5 * DAY)
    assert counted(made, "conversion_rate") == {("treated", "all"): (2, 2)}
    assert counted(made, "tickets_per_unit") == {("treated", "all"): (0, 1)}
    sql = metric_query(metric_definition("time_to_upgrade"), SPAN, Dialect.DUCKDB)
    by_day = {(row[2], int(row[4]), int(row[5])) for row in in_duckdb(made).execute(sql).fetchall()}
    assert by_day == {("00002", 3, 3), ("00005", 0, 1)}


def test_net_promoters_are_told_before_and_after_exposure() -> None:
    made = Made()
    made.workflow()
    made.exposed("a:1", DAY_ONE)
    for days, score in ((-100, 10), (-90, 0), (-1, 9), (0, 7), (1, 6), (2, 8), (3, "ten"), (90, 10)):
        made.told("a:1", "Survey Answered", DAY_ONE + days * DAY, kind="NPS", score=score)
    assert counted(made, "nps") == {("treated", "before"): (1, 2), ("treated", "after"): (0, 3)}


def test_activation_asks_for_a_feature_that_the_plan_before_lacked() -> None:
    made = Made()
    made.workflow()
    made.rows["features"] += [("pro", "export"), ("max", "export"), ("max", "sso")]
    for unit, feature in (("a:1", "sso"), ("a:2", "export"), ("a:3", None)):
        made.pays(unit, DAY_ONE - DAY, 100, plan="pro")
        made.exposed(unit, DAY_ONE)
        made.pays(unit, DAY_ONE + DAY, 200, plan="max")
        made.told(unit, "Subscription Upgraded", DAY_ONE + DAY)
        if feature:
            made.told(unit, "Feature Used", DAY_ONE + 2 * DAY, feature=feature)
    assert counted(made, "feature_activation_rate") == {("all", "all"): (1, 3)}
