"""The lift of an experiment that stands in a file: read by DuckDB, estimated like one of ours.

So that an analyst can check our estimators against what he knows. The law: the estimators see the
moments of each arm and never a row; what the file cannot say is ``Undetermined``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import msgspec

from upsell.errors import ConfigError, nearest
from upsell.measurement.answers import LEVEL, Effect, Undetermined, UndeterminedReason
from upsell.measurement.estimates import Comparison, Stratum, compare
from upsell.measurement.moments import Moments
from upsell.measurement.readings import level_together
from upsell.measurement.sample_ratio import ArmCount, SampleRatio, check_sample_ratio
from upsell.measurement.sequential import always_valid

_READERS = {
    ".parquet": "read_parquet",
    ".csv": "read_csv",
    ".gz": "read_csv",
    ".jsonl": "read_json",
    ".json": "read_json",
}


class FileQuestion(msgspec.Struct, frozen=True):
    """What is asked of a file.

    Attributes:
        path: The file: CSV (also gzipped), Parquet or JSON lines.
        unit: Column that names who was randomised.
        arm: Column that names their arm.
        control: The arm others are compared with.
        metrics: Columns of outcomes: numbers, or true and false.
        covariate: Column known before the experiment, by which the spread is reduced; empty for none.
        cluster: Column that names what was randomised together where rows are finer; empty for none.
        winsorised_at: Outcomes above this share of all are held to it, 0 to 1; 1 for none.
        is_sequential: Whether an interval is given that holds however often somebody looks.
        shares: Planned share of each arm; without any they are equal.
    """

    path: Path
    unit: str
    arm: str
    control: str
    metrics: tuple[str, ...]
    covariate: str = ""
    cluster: str = ""
    winsorised_at: float = 1.0
    is_sequential: bool = False
    shares: Mapping[str, float] = msgspec.field(default_factory=dict)


class Reading(msgspec.Struct, frozen=True):
    """One way of reading an effect: its name, the effect itself, and as a fraction of the control's mean."""

    name: str
    absolute: Effect | Undetermined
    relative: Effect | Undetermined | None = None


class FileLift(msgspec.Struct, frozen=True):
    """The effect of one arm on one metric, read in every way that was asked for, the plain one first."""

    metric: str
    arm: str
    units: int
    mean: float
    control_units: int
    control_mean: float
    readings: tuple[Reading, ...]


class FileReport(msgspec.Struct, frozen=True):
    """All that a file says.

    Attributes:
        lifts: By metric, then by arm.
        sample_ratio: Whether the arms are as large as planned.
        crossed: Units that stand in more than one arm, left out.
        unread: Rows without an arm, left out.
    """

    lifts: tuple[FileLift, ...]
    sample_ratio: SampleRatio | Undetermined
    crossed: int
    unread: int


def measure_file(question: FileQuestion) -> FileReport:
    """Read a file and estimate the effect of each arm on each metric.

    Raises:
        ConfigError: The file or a column is not there, or rows are finer than the unit without a cluster.
    """
    with duckdb.connect() as connection:
        _open(connection, question)
        counts = _counts(connection, question)
        ((crossed,),) = connection.execute("select count(*) from crossed").fetchall()
        ((unread,),) = connection.execute("select count(*) from written where arm is null").fetchall()
        others = [arm for arm in counts if arm != question.control]
        together = len(question.metrics) * len(others)
        lifts = [
            _lift(connection, question, place, arm, together)
            for place in range(len(question.metrics))
            for arm in others
        ]
    return FileReport(tuple(lifts), _sample_ratio(question, counts), int(crossed), int(unread))


def _open(connection: duckdb.DuckDBPyConnection, question: FileQuestion) -> None:
    """Give the file as a table of units, arms, clusters, covariates and outcomes, all of a known kind."""
    reader = _READERS.get(question.path.suffix)
    if not question.path.is_file() or reader is None:
        msg = f"expected a file that ends in {', '.join(_READERS)}, got {question.path}"
        raise ConfigError(msg)
    try:
        connection.execute(f"create view file as select * from {reader}({_text(str(question.path))})")
        known = [row[0] for row in connection.execute("describe file").fetchall()]
    except duckdb.Error as error:
        msg = f"expected a table in {question.path}, got one that cannot be read: {error}"
        raise ConfigError(msg) from error
    named = (question.unit, question.arm, question.cluster, question.covariate, *question.metrics)
    for column in named:
        if column and column not in known:
            near = nearest(column, known)
            advice = f"did you mean {near}?" if near else f"it has {', '.join(known)}"
            msg = f"expected a column of {question.path.name}, got {column}; {advice}"
            raise ConfigError(msg)
    columns = ", ".join(_name(column) for column in dict.fromkeys(filter(None, named)))
    try:
        # Read before it is cast: a cast is handed down to the CSV reader, which has other words for true.
        connection.execute(f"create table raw as select {columns} from file")
    except duckdb.Error as error:
        msg = f"expected a table in {question.path}, got one that cannot be read: {error}"
        raise ConfigError(msg) from error
    outcomes = ", ".join(
        f"cast({_name(metric)} as double) as y{place}" for place, metric in enumerate(question.metrics)
    )
    covariate = f"cast({_name(question.covariate)} as double)" if question.covariate else "null"
    try:
        connection.execute(
            f"create table written as select {_name(question.unit)} as unit,"
            f" cast({_name(question.arm)} as varchar) as arm,"
            f" {_name(question.cluster or question.unit)} as cluster, {covariate} as x, {outcomes} from raw"
        )
    except duckdb.Error as error:
        said = str(error).splitlines()[0]
        msg = f"expected numbers, or true and false, in metrics and covariate, got others: {said}"
        raise ConfigError(msg) from error
    connection.execute(
        "create table crossed as select unit from written where arm is not null"
        " group by unit having count(distinct arm) > 1"
    )
    connection.execute(
        "create table kept as select * from written"
        " where arm is not null and unit not in (select unit from crossed)"
    )
    ((rows, units),) = connection.execute("select count(*), count(distinct unit) from kept").fetchall()
    if rows > units and not question.cluster:
        msg = (
            f"expected one row per {question.unit}, got {rows:,} rows of {units:,}; "
            f"say --cluster {question.unit}, so that rows of one are not taken for independent"
        )
        raise ConfigError(msg)


def _counts(connection: duckdb.DuckDBPyConnection, question: FileQuestion) -> dict[str, int]:
    found = "select arm, count(distinct cluster) from kept group by arm order by arm"
    counts = {str(arm): int(units) for arm, units in connection.execute(found).fetchall()}
    if question.control not in counts:
        near = nearest(question.control, counts)
        advice = f"did you mean {near}?" if near else f"it has {', '.join(counts) or 'none'}"
        msg = f"expected an arm of column {question.arm}, got {question.control}; {advice}"
        raise ConfigError(msg)
    if len(counts) < 2:
        msg = f"expected at least two arms in column {question.arm}, got {question.control} alone"
        raise ConfigError(msg)
    return counts


def _lift(
    connection: duckdb.DuckDBPyConnection, question: FileQuestion, place: int, arm: str, together: int
) -> FileLift:
    """Read one metric of one arm in every way that was asked for, and where there are several, together."""
    outcome, pair = f"y{place}", (arm, question.control)
    plain = _moments(connection, outcome, pair)
    readings = [_reading("plain", plain, pair)]
    if question.winsorised_at < 1:
        values = {"share": question.winsorised_at}
        ((most,),) = connection.execute(
            f"select quantile_cont({outcome}, $share) from kept", values
        ).fetchall()
        held = _moments(connection, f"least({outcome}, {float(most)!r})", pair)
        readings.append(_reading(f"held to its {question.winsorised_at:.4g} quantile", held, pair))
    if question.covariate:
        adjusted = _adjusted(connection, outcome, pair)
        readings.append(
            _reading(f"by {question.covariate} (CUPED)", _moments(connection, adjusted, pair), pair)
        )
    if question.is_sequential:
        strata = [Stratum(plain[arm], plain[question.control], 1.0)]
        readings.append(Reading("looked at at any time", always_valid(strata)))
    if together > 1:
        readings.append(_reading(f"all {together} together", plain, pair, level_together(together)))
    one, other = plain[arm], plain[question.control]
    return FileLift(
        question.metrics[place], arm, one.units, one.mean, other.units, other.mean, tuple(readings)
    )


def _reading(
    name: str, moments: Mapping[str, Moments], pair: tuple[str, str], level: float = LEVEL
) -> Reading:
    fewest = min(moments[arm].units for arm in pair)
    if fewest < 2:
        few = Undetermined(UndeterminedReason.TOO_FEW, f"an arm has {fewest} units; a spread needs two")
        return Reading(name, few, few)
    found: Comparison = compare([Stratum(moments[pair[0]], moments[pair[1]], 1.0)], level)
    return Reading(name, found.absolute, found.relative)


def _adjusted(connection: duckdb.DuckDBPyConnection, outcome: str, pair: Sequence[str]) -> str:
    """Write an outcome less what the covariate explains of it (Deng and others, WSDM 2013, section 3)."""
    found = (
        f"select covar_samp({outcome}, x), var_samp(x), avg(x) from kept"
        f" where arm in (select unnest($arms)) and x is not null and {outcome} is not null"
    )
    ((covariance, variance, mean),) = connection.execute(found, {"arms": list(pair)}).fetchall()
    slope = covariance / variance if variance else 0.0
    return f"{outcome} - {slope!r} * (coalesce(x, {mean or 0.0!r}) - {mean or 0.0!r})"


def _moments(connection: duckdb.DuckDBPyConnection, outcome: str, arms: Sequence[str]) -> dict[str, Moments]:
    """Give the moments of an outcome by arm, over clusters by the delta method for a ratio of sums."""
    found = f"""
        with clusters as (
            select arm, cluster, sum({outcome}) as total, count({outcome}) as size
            from kept where arm in (select unnest($arms)) and {outcome} is not null group by arm, cluster
        ),
        means as (select arm, sum(total) / sum(size) as mean, avg(size) as size from clusters group by arm),
        parts as (
            select arm, means.mean as mean, (total - means.mean * clusters.size) / means.size as part
            from clusters join means using (arm)
        )
        select arm, count(*), any_value(mean), var_samp(part), avg(part * part * part) from parts group by arm
    """
    rows = connection.execute(found, {"arms": list(arms)}).fetchall()
    by_arm = {
        str(arm): Moments(int(units), mean, spread or 0.0, third) for arm, units, mean, spread, third in rows
    }
    return {arm: by_arm.get(arm, Moments(0, 0.0, 0.0, 0.0)) for arm in arms}


def _sample_ratio(question: FileQuestion, counts: Mapping[str, int]) -> SampleRatio | Undetermined:
    shares = question.shares or {arm: 1 / len(counts) for arm in counts}
    for arm in shares:
        if arm not in counts:
            msg = f"expected a planned share of an arm of the file, got {arm}; it has {', '.join(counts)}"
            raise ConfigError(msg)
    planned = [
        ArmCount(arm, units, shares.get(arm, 0.0), shares.get(arm, 0.0)) for arm, units in counts.items()
    ]
    return check_sample_ratio({"file": planned})


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
