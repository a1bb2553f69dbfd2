"""What a full report costs over many exposures and outcomes, on DuckDB over Parquet.

DuckDB itself writes exposures (a tenth held out, four strata) and outcome rows (orders, terms, refunds,
upgrades) of the exposed units to Parquet. Then, each in a process of its own, so that memory is its own:
the report's measurement of conversion, net committed revenue and recurring revenue with intervals and
sample ratio; and beside it plain SQL that only counts upgrades and adds amounts per arm and stratum in the
same windows: what nobody can do with less.

    python benchmarks/report.py [--full | --exposures 1000000 --outcomes 5000000] [--memory 4GB] [--threads 2]

``--full`` is 10 million exposures and 50 million outcome rows; it takes minutes, and 20 GB to spill to.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from upsell.clock import DAY, Moment, parse_moment
from upsell.measurement.answers import Effect
from upsell.measurement.measuring import measure
from upsell.measurement.queries import Dialect
from upsell.measurement.question import Question

NOW: Moment = parse_moment("2027-01-01T00:00:00Z") or 0
FULL = (10_000_000, 50_000_000)
START = "timestamptz '2026-01-01 00:00:00+00'"

EXPOSURES = """
copy (
    select
        'quota' as workflow, 'holdout' as contrast, 'v' || (hash(n * 8 + 1) % 4) as stratum,
        'a:' || n as unit_id,
        case when hash(n * 8 + 2) % 10 = 0 then 'holdout' else 'treated' end as arm,
        case when hash(n * 8 + 2) % 10 = 0 then 0.1 else 0.9 end as share,
        {start} + to_seconds(hash(n * 8 + 3) % (240 * 86400)) as exposed_at
    from range({exposures}) as units (n)
) to '{folder}/exposures.parquet' (compression zstd, row_group_size 200000)
"""

OUTCOMES = """
copy (
    select
        'a:' || (hash(n * 8 + 4) % {exposures}) as unit_id,
        case
            when hash(n * 8 + 5) % 100 < 60 then 'Order Completed'
            when hash(n * 8 + 5) % 100 < 75 then 'Subscription Started'
            when hash(n * 8 + 5) % 100 < 90 then 'Subscription Renewed'
            when hash(n * 8 + 5) % 100 < 95 then 'Refunded'
            else 'Subscription Upgraded'
        end as name,
        {start} + to_seconds(hash(n * 8 + 6) % (360 * 86400)) as occurred_at,
        '{{"amount": ' || (900 + hash(n * 8 + 7) % 9000) || ', "total": ' || (900 + hash(n * 8 + 7) % 9000)
            || ', "currency": "USD", "interval": "month"}}' as properties
    from range({outcomes}) as rows (n)
) to '{folder}/events.parquet' (compression zstd, row_group_size 200000)
"""

PLAIN = """
with windows as (
    select arm, stratum, unit_id, exposed_at, exposed_at + interval 30 days as goal_ends,
        exposed_at + interval 90 days as ends
    from exposures
    where exposed_at + interval 90 days <= make_timestamptz({now})
),

outcomes as (
    select
        windows.arm, windows.stratum, windows.unit_id,
        max(case when events.name = 'Subscription Upgraded' and events.occurred_at <= windows.goal_ends
            then 1 else 0 end) as converted,
        sum(case when events.name <> 'Subscription Upgraded'
            then coalesce((events.properties ->> '$.amount')::bigint, 0) else 0 end) as amount
    from windows
    left join events
        on windows.unit_id = events.unit_id
        and events.occurred_at > windows.exposed_at and events.occurred_at <= windows.ends
    group by all
)

select arm, stratum, count(*), sum(converted), sum(amount), sum(amount::hugeint * amount)
from outcomes group by all order by all
"""


def opened(folder: Path, memory: str, threads: int) -> duckdb.DuckDBPyConnection:
    """Open DuckDB over the files, with a bound on its memory and room to spill beside them."""
    engine = duckdb.connect(
        config={"threads": threads, "memory_limit": memory, "temp_directory": str(folder / "spilled")}
    )
    engine.execute("set timezone = 'UTC'")
    engine.execute("set preserve_insertion_order = false")
    for name in ("exposures", "events"):
        if (folder / f"{name}.parquet").exists():
            engine.execute(f"create view {name} as from '{folder}/{name}.parquet'")
    return engine


def run_report(engine: duckdb.DuckDBPyConnection) -> str:
    """Measure as the report does; give the headline number."""
    question = Question("quota", "Subscription Upgraded", 30 * DAY, NOW, "USD")
    found = measure(question, lambda sql: engine.execute(sql).fetchall(), Dialect.DUCKDB)
    effect = found.lifts[0].absolute
    closed = found.lifts[0].arm.closed + found.lifts[0].against.closed
    said = (
        f"{effect.estimate:+.2f} ({effect.low:+.2f} to {effect.high:+.2f})"
        if isinstance(effect, Effect)
        else effect
    )
    return f"{closed:,} closed units, net revenue {said} minor units"


def run_plain(engine: duckdb.DuckDBPyConnection) -> str:
    """Count and add in plain SQL."""
    rows = engine.execute(PLAIN.format(now=NOW)).fetchall()
    return f"{sum(row[2] for row in rows):,} closed units"


def run_one(what: str, folder: Path, memory: str, threads: int) -> None:
    """Run one of the two and print seconds, peak memory and what it said as JSON."""
    engine = opened(folder, memory, threads)
    began = time.perf_counter()
    said = {"report": run_report, "plain": run_plain}[what](engine)
    seconds = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_SELF)
    # Seconds of the processor say more than those of the wall where others work on the same machine.
    busy = used.ru_utime + used.ru_stime
    print(json.dumps({"seconds": seconds, "busy": busy, "peak": used.ru_maxrss * 1024, "said": said}))


def main() -> None:
    """Write the files, run both, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--full", action="store_true", help="10 million exposures and 50 million outcome rows"
    )
    parser.add_argument("--exposures", type=int, default=1_000_000)
    parser.add_argument("--outcomes", type=int, default=5_000_000)
    parser.add_argument("--memory", default="4GB", help="what DuckDB may use before it spills")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--folder", type=Path, default=None, help="where the files are put; else a temporary one"
    )
    parser.add_argument("--only", choices=["report", "plain"], help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.only:
        run_one(asked.only, asked.folder, asked.memory, asked.threads)
        return
    if asked.full:
        asked.exposures, asked.outcomes = FULL
    with tempfile.TemporaryDirectory(prefix="upsell-bench-", dir=asked.folder) as name:
        folder = Path(name)
        engine = opened(folder, asked.memory, asked.threads)
        values = {"exposures": asked.exposures, "outcomes": asked.outcomes, "folder": folder, "start": START}
        began = time.perf_counter()
        engine.execute(EXPOSURES.format(**values))
        engine.execute(OUTCOMES.format(**values))
        engine.close()
        size = sum(file.stat().st_size for file in folder.glob("*.parquet")) / 1e6
        print(f"{asked.exposures:,} exposures, {asked.outcomes:,} outcome rows, {size:,.0f} MB of Parquet,")
        written = time.perf_counter() - began
        print(f"written in {written:.1f} s; {asked.threads} threads, {asked.memory} before spilling")
        for what in ("plain", "report"):
            command = [
                sys.executable, __file__, "--only", what, "--folder", str(folder),
                "--memory", asked.memory, "--threads", str(asked.threads),
            ]  # fmt: skip
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            found = json.loads(done.stdout)
            cost = f"{found['seconds']:.1f} s, {found['busy']:.1f} s of processor"
            print(f"{what:<8}{cost}, {found['peak'] / 1e6:,.0f} MB peak: {found['said']}")


if __name__ == "__main__":
    main()
