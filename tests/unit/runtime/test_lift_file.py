"""An experiment in a file is read as the libraries read it, or refused with what is wrong."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tea_tasting as tt
from scipy import stats

from upsell.errors import ConfigError
from upsell.measurement.answers import Effect, Undetermined
from upsell.measurement.sample_ratio import SampleRatio, Verdict
from upsell.runtime.lift_file import FileQuestion, measure_file

COOKIE_CATS = Path(__file__).parents[4] / "shared" / "data" / "cookie_cats" / "cookie_cats.csv.gz"
CHANCE = np.random.default_rng(3)
UNITS = 3_000


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pa.Table]:
    before = CHANCE.gamma(4.0, 5.0, UNITS)
    arm = CHANCE.permutation(np.repeat(["a", "b"], UNITS // 2))
    after = 0.8 * before + CHANCE.gamma(2.0, 4.0, UNITS) + 1.5 * (arm == "b")
    columns = {
        "unit": np.arange(UNITS),
        "arm": arm,
        "before": before,
        "after": after,
        "team": np.arange(UNITS) // 6,
    }
    path = tmp_path_factory.mktemp("lift") / "experiment.parquet"
    made = pa.table({**columns, "bought": after > 25})
    pq.write_table(made, path)
    return path, made


def question(path: Path, **more: object) -> FileQuestion:
    return msgspec.structs.replace(FileQuestion(path, "unit", "arm", "a", ("after",)), **more)


def split(made: pa.Table, column: str) -> tuple[np.ndarray, np.ndarray]:
    values, arms = made[column].to_numpy(), np.array(made["arm"].to_pylist())
    return values[arms == "b"], values[arms == "a"]


def effect(found: Effect | Undetermined | None) -> tuple[float, float, float]:
    assert isinstance(found, Effect)
    return found.estimate, found.low, found.high


def test_a_plain_reading_is_welchs(table: tuple[Path, pa.Table]) -> None:
    path, made = table
    (lift,) = measure_file(question(path)).lifts
    one, other = split(made, "after")
    # Oracle: scipy's Welch test.
    ends = stats.ttest_ind(one, other, equal_var=False).confidence_interval(0.95)
    assert effect(lift.readings[0].absolute) == pytest.approx(
        (one.mean() - other.mean(), ends.low, ends.high), rel=1e-9
    )


def test_several_metrics_hold_together_by_bonferroni_beside_the_plain_ones(
    table: tuple[Path, pa.Table],
) -> None:
    path, made = table
    lifts = measure_file(question(path, metrics=("after", "before", "bought"))).lifts
    for lift, column in zip(lifts, ("after", "before", "bought"), strict=True):
        assert [each.name for each in lift.readings] == ["plain", "all 3 together"]
        one, other = (values.astype(float) for values in split(made, column))
        # Oracle: scipy's Welch test at 1 - 0.05 / 3.
        ends = stats.ttest_ind(one, other, equal_var=False).confidence_interval(1 - 0.05 / 3)
        assert effect(lift.readings[1].absolute)[1:] == pytest.approx((ends.low, ends.high), rel=1e-9)


def test_a_covariate_reduces_the_spread_as_tea_tasting_does(table: tuple[Path, pa.Table]) -> None:
    path, made = table
    (lift,) = measure_file(question(path, covariate="before")).lifts
    arms = (np.array(made["arm"].to_pylist()) == "b").astype(int)
    data = pa.table({"variant": arms, "after": made["after"], "before": made["before"]})
    # Oracle: tea-tasting's mean with a covariate, by Welch.
    (oracle,) = tt.Experiment(m=tt.Mean("after", "before", equal_var=False)).analyze(data).values()
    adjusted = lift.readings[1].absolute
    assert effect(adjusted) == pytest.approx(
        (oracle.effect_size, oracle.effect_size_ci_lower, oracle.effect_size_ci_upper), rel=1e-9
    )
    plain = effect(lift.readings[0].absolute)
    assert effect(adjusted)[2] - effect(adjusted)[1] < 0.8 * (plain[2] - plain[1])


def test_clusters_are_the_units_as_in_tea_tastings_ratio(tmp_path: Path) -> None:
    teams = np.repeat(np.arange(300), CHANCE.integers(1, 9, 300))
    arm = np.where(teams % 2 == 0, "a", "b")
    outcome = CHANCE.normal(10, 2, len(teams)) + CHANCE.normal(0, 3, 300)[teams]
    path = tmp_path / "rows.csv"
    lines = [
        f"{n},{t},{a},{y!r}" for n, (t, a, y) in enumerate(zip(teams, arm, map(float, outcome), strict=True))
    ]
    path.write_text("\n".join(["unit,team,arm,after", *lines]))
    (lift,) = measure_file(question(path, cluster="team")).lifts
    sums = np.bincount(teams, outcome)
    data = pa.table({"variant": np.arange(300) % 2, "total": sums, "size": np.bincount(teams).astype(float)})
    # Oracle: tea-tasting's ratio of means over clusters, by the delta method.
    (oracle,) = tt.Experiment(m=tt.RatioOfMeans("total", "size", equal_var=False)).analyze(data).values()
    assert lift.units == 150
    assert effect(lift.readings[0].absolute) == pytest.approx(
        (oracle.effect_size, oracle.effect_size_ci_lower, oracle.effect_size_ci_upper), rel=1e-6
    )


def test_true_and_false_are_read_as_shares(table: tuple[Path, pa.Table]) -> None:
    path, made = table
    (lift,) = measure_file(question(path, metrics=("bought",))).lifts
    one, other = split(made, "bought")
    assert (lift.mean, lift.control_mean) == pytest.approx((one.mean(), other.mean()), rel=1e-12)


def test_a_held_reading_is_that_of_held_outcomes(table: tuple[Path, pa.Table]) -> None:
    path, made = table
    (lift,) = measure_file(question(path, winsorised_at=0.9)).lifts
    most = np.quantile(made["after"].to_numpy(), 0.9)
    one, other = (np.minimum(values, most) for values in split(made, "after"))
    # Oracle: numpy's quantile, by linear interpolation.
    assert effect(lift.readings[1].absolute)[0] == pytest.approx(one.mean() - other.mean(), rel=1e-9)


def test_a_unit_in_two_arms_is_left_out_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    rows = [f"{n},{'ab'[n % 2]},{n % 7}" for n in range(400)] + ["3,a,5", "9,a,1", "500,,3"]
    path.write_text("\n".join(["unit,arm,after", *rows]))
    report = measure_file(question(path))
    assert (report.crossed, report.unread) == (2, 1)
    assert report.lifts[0].units == 198


@pytest.mark.parametrize(
    ("text", "more", "said"),
    [
        ("unit,arm,after\n1,a,2\n2,b,3", {"unit": "units"}, "did you mean unit"),
        ("unit,arm,after\n1,a,2\n2,b,3", {"control": "c"}, "an arm of column arm, got c"),
        ("unit,arm,after\n1,a,2\n2,a,3", {}, "at least two arms"),
        ("unit,arm,after\n1,a,2\n1,a,2\n2,b,3", {}, "one row per unit, got 3 rows of 2"),
        ("unit,arm,after\n1,a,much\n2,b,3", {}, "expected numbers"),
        ("unit,arm,after\n1,a,2\n2,b,3", {"shares": {"c": 0.5}}, "a planned share of an arm"),
    ],
)
def test_what_cannot_be_read_is_refused(
    tmp_path: Path, text: str, more: dict[str, object], said: str
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(text)
    with pytest.raises(ConfigError, match=said):
        measure_file(question(path, **more))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a file that ends in"):
        measure_file(question(tmp_path / "nothing.csv"))


def test_few_units_are_said_to_be_too_few(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(["unit,arm,after", *(f"{n},{'ab'[n % 2]},{n % 7}" for n in range(40))]))
    (lift,) = measure_file(question(path, is_sequential=True)).lifts
    assert all(isinstance(reading.absolute, Undetermined) for reading in lift.readings)


@pytest.mark.skipif(
    not COOKIE_CATS.is_file(), reason="the public dataset cookie_cats is not beside the checkout"
)
def test_cookie_cats_gives_the_published_differences_and_warns_of_its_arms() -> None:
    asked = FileQuestion(COOKIE_CATS, "userid", "version", "gate_30", ("retention_1", "retention_7"))
    report = measure_file(asked)
    # Oracle: the differences published for this experiment, in the note beside the data.
    estimates = [round(effect(lift.readings[0].absolute)[0], 6) for lift in report.lifts]
    assert estimates == [-0.005905, -0.008201]
    assert isinstance(report.sample_ratio, SampleRatio)
    assert (report.sample_ratio.verdict, round(report.sample_ratio.p_value, 4)) == (Verdict.WARN, 0.0086)


def test_a_csv_that_writes_true_in_words_is_read_as_the_same_table_in_parquet(tmp_path: Path) -> None:
    # DuckDB's reader, asked for numbers, refuses words it would itself have taken for true and false.
    rows = [(unit, "ab"[unit % 2], unit % 7, unit % 3 == 0) for unit in range(200)]
    csv, parquet = tmp_path / "experiment.csv", tmp_path / "experiment.parquet"
    lines = [f"{unit},{arm},{before},{str(bought).upper()}" for unit, arm, before, bought in rows]
    csv.write_text("\n".join(["unit,arm,before,bought", *lines]), "utf-8")
    names = ("unit", "arm", "before", "bought")
    pq.write_table(pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))), parquet)
    asked = {"metrics": ("bought",), "covariate": "before"}
    (read,), (same,) = (measure_file(question(path, **asked)).lifts for path in (csv, parquet))
    assert [effect(each.absolute) for each in read.readings] == [
        effect(each.absolute) for each in same.readings
    ]
