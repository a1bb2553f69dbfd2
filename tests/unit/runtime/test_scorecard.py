"""The expansion scorecard: stages in order, kinds of offer apart, every line a metric that adds up."""

from __future__ import annotations

from tests.unit.measurement.test_metrics import DAY_ONE, SPAN
from tests.unit.measurement.tracked_worlds import Made, in_duckdb, random_ledger
from upsell.cli.scorecard_text import scorecard_text
from upsell.clock import DAY
from upsell.measurement.metrics import Dimension, metric_definition
from upsell.measurement.scorecard import SCORECARD, ExpansionStage
from upsell.runtime.scorecard import ScoreLine, read_scorecard, scorecard_content
from upsell.runtime.tracking import Tracked


def scored(made: Made) -> dict[str, ScoreLine]:
    """Read the scorecard of a ledger, by metric."""
    engine = in_duckdb(made)
    tables = {name: engine.sql(f"select * from {name}").to_arrow_table() for name in made.rows}
    return {line.metric.id: line for line in read_scorecard(Tracked(tables), SPAN)}


def test_the_six_stages_are_told_in_order_and_each_metric_in_one() -> None:
    assert [lines.stage for lines in SCORECARD] == list(ExpansionStage)
    ids = [id_ for lines in SCORECARD for id_ in lines.metrics]
    assert len(ids) == len(set(ids))
    for id_ in ids:
        assert metric_definition(id_).id == id_


def test_upsell_cross_sell_and_retention_are_told_apart_by_the_kind_of_offer() -> None:
    made = Made()
    for number, kind in enumerate(("upgrade", "cross-sell", "retention")):
        made.workflow(kind, kind=kind)
        for unit in range(number + 1):
            made.exposed(f"a:{unit}", DAY_ONE, workflow=kind)
            made.sent(f"{kind}{unit}", f"a:{unit}", DAY_ONE, workflow=kind)
    made.pays("a:0", DAY_ONE - 9 * DAY, 1000)
    made.pays("a:0", DAY_ONE + DAY, 1700)
    lines = scored(made)
    played = {f.slice: (f.numerator, f.denominator) for f in lines["signal_to_play_rate"].figures}
    assert played == {"upgrade": (1, 1), "cross-sell": (2, 2), "retention": (3, 3)}
    (credited,) = lines["attributed_expansion"].figures
    assert credited.numerator == 700
    # Three touches at one moment: the first key by code point stands.
    assert credited.slice == "cross-sell"


def test_what_is_told_by_month_elsewhere_is_one_figure_of_the_stretch() -> None:
    made = Made()
    made.pays("a:1", SPAN.since - DAY, 1000)
    made.pays("a:1", DAY_ONE, 1500)
    made.pays("a:2", SPAN.since - DAY, 1000)
    made.told("a:2", "Subscription Canceled", DAY_ONE)
    made.pays("a:3", DAY_ONE, 5000)
    lines = scored(made)
    (net,), (gross,) = lines["nrr"].figures, lines["grr"].figures
    assert (net.period, net.numerator, net.denominator, net.value) == ("all", 1500, 2000, 0.75)
    assert (gross.numerator, gross.denominator) == (1000, 2000)


def test_credits_on_the_scorecard_add_up_whatever_they_are_told_apart_by() -> None:
    lines = scored(random_ledger(seed=4, units=40))
    by_kind = lines["attributed_expansion"]
    assert Dimension.KIND in by_kind.metric.dimensions
    kinds = {figure.slice for figure in by_kind.figures}
    assert kinds <= {"upgrade", "retention", "held out", "unattributed"}
    assert len(kinds) > 2


def test_a_scorecard_without_anything_says_so_line_by_line_and_shows_no_zero() -> None:
    lines = tuple(scored(Made()).values())
    text = scorecard_text(lines, SPAN)
    for stage in ExpansionStage:
        assert f"== {stage.value} " in text
    assert "not known: nobody was considered" in text
    assert "0.0 %" not in text
    assert len(scorecard_content(lines)) == len(lines)
