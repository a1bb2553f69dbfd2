"""The examples on public datasets: what plain SQL over the raw files counts, the backtest counts."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from examples.real_data import (
    EXAMPLES,
    ONLINE_RETAIL,
    RAVENSTACK,
    SPARKIFY,
    Example,
    backtest,
    data_folder,
    full_run,
    intervals,
    unexpected,
)
from upsell.clock import DAY, HOUR
from upsell.runtime.backtest import Backtest

DATA = data_folder([])


def needs(*examples: Example) -> pytest.MarkDecorator:
    """Skip where the examples' data are not on this machine."""
    missing = [example.data for example in examples if not (DATA / example.data).exists()]
    return pytest.mark.skipif(bool(missing), reason=f"public datasets are not here: {', '.join(missing)}")


def one(query: str) -> Any:
    """Ask DuckDB for one value."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def check_sums(found: Backtest) -> None:
    """Hold a backtest to the law that every candidate has one answer or waits."""
    for outcome in found.outcomes:
        tally = outcome.tally
        assert tally.answers.total() + tally.waiting.total() == tally.candidates
        assert sum(rate.units for rate in tally.reached.values()) == tally.triggered


@needs(SPARKIFY)
def test_sparkify_counts_are_those_of_plain_sql() -> None:
    found = backtest(SPARKIFY, DATA, 1)
    log = f"read_json('{DATA / SPARKIFY.data}') where auth = 'Logged In'"
    pages = one(f"select count(*) from {log}")
    listeners = one(f"select count(distinct userId) from {log}")
    changes = one(
        "select count(*) from ("
        f"select level, lag(level, 1, 'free') over (partition by userId order by ts) as was from {log}"
        ") where level <> was"
    )
    assert found.files.events == pages + listeners + changes
    assert found.files.customers == found.outcomes[0].units == listeners
    assert found.files.skipped == one(f"select count(*) from read_json('{DATA / SPARKIFY.data}')") - pages
    assert found.outcomes[0].tally.triggered == one(
        f"select count(distinct userId) from {log} and page = 'Upgrade'"
    )
    check_sums(found)


@needs(ONLINE_RETAIL)
def test_online_retail_counts_are_those_of_plain_sql() -> None:
    found = backtest(ONLINE_RETAIL, DATA, 1)
    lines = f"'{DATA / ONLINE_RETAIL.data}'"
    invoices = (
        "(select CustomerID as buyer, InvoiceNo as invoice, "
        f"epoch_us(min(InvoiceDate) at time zone 'Europe/London') as placed from {lines} "
        "where CustomerID is not null and InvoiceNo not like 'A%' group by all)"
    )
    buyers = one(f"select count(distinct CustomerID) from {lines}")
    assert found.files.events == one(f"select count(*) from {invoices}") + buyers
    assert found.files.customers == buyers
    # Sixty days are kept in tiles of an hour: an order counts while its hour is after the window's first.
    repeat = one(
        f"""
        with orders as (select * from {invoices} where invoice not like 'C%'),
        counted as (
            select later.buyer, later.invoice, count(*) as orders
            from orders as later join orders as earlier
                on earlier.buyer = later.buyer
                and (earlier.placed, earlier.invoice) <= (later.placed, later.invoice)
                and earlier.placed // {HOUR} > (later.placed - {60 * DAY}) // {HOUR}
            group by all
        )
        select count(distinct buyer) from counted where orders >= 3
        """
    )
    assert found.outcomes[0].tally.triggered == repeat > 900
    check_sums(found)


@pytest.fixture
def ravenstack() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the raw files of RavenStack as views of plain DuckDB."""
    folder = DATA / RAVENSTACK.data
    with duckdb.connect() as connection:
        for name in ("accounts", "subscriptions", "feature_usage", "support_tickets", "churn_events"):
            connection.execute(f"create view {name} as from read_csv('{folder}/ravenstack_{name}.csv*')")
        yield connection


@needs(RAVENSTACK)
def test_ravenstack_counts_are_those_of_plain_sql(ravenstack: duckdb.DuckDBPyConnection) -> None:
    found = backtest(RAVENSTACK, DATA, 1)
    rows = ravenstack.execute(
        "select (select 2 * count(*) from accounts) "
        "+ (select 2 * count(*) + count(end_date) from subscriptions) "
        "+ (select count(*) from feature_usage) + (select 2 * count(*) from support_tickets) "
        "+ (select count(*) from churn_events where refund_amount_usd > 0)"
    ).fetchone()
    accounts = ravenstack.execute("select count(*) from accounts").fetchone()
    assert (found.files.events,) == rows
    assert (found.files.accounts,) == accounts
    assert ravenstack.execute(_SEATS).fetchone() == (found.outcomes[0].tally.triggered,)
    check_sums(found)


_SEATS = """
    -- What happened to each account, in the order in which the backtest takes it: on one day first
    -- what starts, then what ends, then the seats that are in use since the start.
    with happened as (
        select account_id, start_date as day, 1 as kind, subscription_id, seats from subscriptions
        union all
        select account_id, end_date, 2, subscription_id, null from subscriptions where end_date is not null
        union all
        select account_id, start_date, 3, subscription_id, seats from subscriptions
    ),
    numbered as (
        select happened.*, terms.line, row_number() over (
            partition by account_id order by day, kind, terms.line
        ) as place
        from happened join (
            select subscription_id, row_number() over () as line from subscriptions
        ) as terms using (subscription_id)
    ),
    -- After each of them: the biggest plan among the subscriptions open then, and the seats last said.
    standing as (
        select moment.account_id, moment.place,
            max(case plan_tier when 'Basic' then 25 when 'Pro' then 60 when 'Enterprise' then 100 end)
                filter (
                    where begun.place <= moment.place
                    and (ended.place is null or ended.place > moment.place)
                ) as seat_limit
        from numbered as moment
        join numbered as begun on begun.account_id = moment.account_id and begun.kind = 1
        join subscriptions on subscriptions.subscription_id = begun.subscription_id
        left join numbered as ended on ended.subscription_id = begun.subscription_id and ended.kind = 2
        group by all
    ),
    used as (
        select account_id, place, last_value(case when kind = 3 then seats end ignore nulls) over (
            partition by account_id order by place
        ) as seats
        from numbered
    )
    select count(distinct account_id) from standing join used using (account_id, place)
    where seats >= 0.9 * seat_limit
"""


@needs(RAVENSTACK)
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_full_run_where_nobody_was_treated_finds_nothing_and_agrees_with_its_backtest() -> None:
    # A database started by root runs as another user, who may not enter pytest's own folders.
    with tempfile.TemporaryDirectory(prefix="upsell-real-data-") as folder:
        results = full_run(RAVENSTACK, DATA, Path(folder))
    assert "A/A test" in results.about
    assert len(intervals(results)) >= 3
    assert unexpected(results) == []
    found = backtest(RAVENSTACK, DATA, 2)
    for outcome, reported in zip(found.outcomes, results.report.workflows, strict=True):
        assert outcome.tally.triggered == reported.funnel.considered
        assert outcome.tally.reached["enrolled"].units == reported.funnel.let_in
        assert outcome.tally.reached["held_out"].units == reported.funnel.held_out


def test_committed_examples_hold_no_data() -> None:
    for example in EXAMPLES:
        names = [path.name for path in example.folder.rglob("[!.]*") if path.is_file()]
        assert {Path(name).suffix for name in names} <= {".yaml", ".html", ".md", ".py"}
        assert "README.md" in names
