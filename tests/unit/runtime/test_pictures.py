"""Pictures: what the charts draw is what the metrics and guardrails say, and nothing they do not."""

from __future__ import annotations

from tests.unit.measurement.test_metrics import SPAN
from tests.unit.measurement.tracked_worlds import Made, in_duckdb, random_ledger
from upsell.decisions.guardrails import Action
from upsell.measurement.guardrails import Reading, Standing
from upsell.measurement.metrics import Dimension, Span, metric_definition
from upsell.measurement.survival import Survival
from upsell.runtime.guarding import ALL_MAIL, Guarded
from upsell.runtime.pictures import LOOKED_BACK, MOST_COHORTS, Pictures, read_pictures
from upsell.runtime.tracking import Tracked, read_metric

AS_OF = SPAN.as_of


def tracked(made: Made) -> Tracked:
    engine = in_duckdb(made)
    return Tracked({name: engine.sql(f"select * from {name}").to_arrow_table() for name in made.rows})


def whole(by: Dimension | None = None) -> Span:
    return Span(AS_OF - LOOKED_BACK, AS_OF, AS_OF, "USD", by=by)


def test_curves_rise_by_what_is_not_waiting_any_more_with_the_holdout_last() -> None:
    read = tracked(random_ledger(seed=4, units=400))
    pictures = read_pictures(read, "USD", AS_OF)
    figures = read_metric(read, metric_definition("time_to_upgrade"), whole(Dimension.WORKFLOW))
    told = {(f.slice, f.item): f.value for f in figures if isinstance(f.value, Survival) and f.value.steps}
    assert told, "the ledger has curves"
    for workflow, curves in pictures.curves.items():
        assert [curve.is_held_out for curve in curves] == sorted(curve.is_held_out for curve in curves)
        for curve in curves:
            survival = told[workflow, "holdout" if curve.is_held_out else curve.label]
            assert [(p.day, p.share) for p in curve.points] == [
                (step.day, 1 - step.waiting) for step in survival.steps
            ]
            assert all(p.low <= p.share <= p.high for p in curve.points)
    assert {workflow for workflow, _ in told} == set(pictures.curves)


def test_a_bridge_is_of_the_last_whole_month_and_comes_out_at_its_end() -> None:
    read = tracked(random_ledger(seed=4, units=200))
    bridge = read_pictures(read, "USD", AS_OF).bridge
    assert bridge is not None
    figures = read_metric(read, metric_definition("mrr_movements"), whole())
    months = sorted({figure.period for figure in figures})
    assert bridge.month == months[-2]
    (end,) = [
        f.numerator for f in figures if (f.period, f.item) == (bridge.month, "end") and f.currency == "USD"
    ]
    assert bridge.start + sum(movement.amount for movement in bridge.movements) == end


def test_cohorts_begin_whole_and_keep_what_the_metric_says() -> None:
    read = tracked(random_ledger(seed=4, units=200))
    cohorts = read_pictures(read, "USD", AS_OF).cohorts
    assert 0 < len(cohorts) <= MOST_COHORTS
    figures = read_metric(read, metric_definition("net_revenue_retention"), whole())
    values = {(f.item, f.period): f.value for f in figures if f.currency == "USD"}
    for cohort in cohorts:
        assert cohort.shares[0] == 1.0
        told = [value for (item, _), value in sorted(values.items()) if item == cohort.label]
        assert [share for share in cohort.shares if share is not None] == told


def bar(workflow: str, guardrail: str, reading: Reading) -> Guarded:
    return Guarded(workflow, guardrail, Action.PAUSE, reading, f"{guardrail} in words", (workflow,))


def test_a_limit_that_cannot_be_told_is_drawn_as_nothing_but_its_reason() -> None:
    told = Reading(Standing.WITHIN, 1000, 4, 0.01, 0.004, 0.001, 0.009, 0.05)
    few = Reading(Standing.TOO_FEW, 10, 0, 0.02, 0.0, 0.0, 0.5, 0.05, needs="20 cases")
    nothing = Reading(Standing.WITHIN, 1000, 0, 0.0, 0.0, 0.0, 0.001, 0.05)
    unsent = Reading(Standing.TOO_FEW, 0, 0, 0.001, None, None, None, 0.05)
    given = [
        bar("w", "unsubscribe_rate", told),
        bar("w", "excess_refund_rate", few),
        bar("w", "complaint_rate", nothing),
        bar(ALL_MAIL, "gmail_complaints", unsent),
    ]
    pictures = read_pictures(tracked(Made()), "USD", AS_OF, given)
    assert pictures.guarded is not None
    assert set(pictures.guarded) == {"w"}, "a provider nothing was sent to is nobody's concern"
    drawn = [(each.label, each.rate, each.why) for each in pictures.guarded["w"]]
    assert drawn == [
        ("unsubscribe rate, pause", 0.004, ""),
        ("excess refund rate, pause", None, "excess_refund_rate in words"),
        ("complaint rate, pause", None, "complaint_rate in words"),
    ]


def test_an_empty_ledger_has_no_pictures() -> None:
    assert read_pictures(tracked(Made()), "USD", AS_OF) == Pictures()
