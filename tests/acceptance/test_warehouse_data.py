"""Public datasets in a warehouse: what a query sends is what Python's own reader of CSV finds in them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import duckdb
import psycopg
import pytest

from examples.real_data import data_folder
from upsell.clock import HOUR, SetClock, SystemClock
from upsell.runtime.syncing import Synced, sync
from upsell.sources.definitions import read_sources
from upsell.sources.query import QueryDefinition
from upsell.store.connect import connect

pytestmark = pytest.mark.postgres

DATA = data_folder([])
TELCO = DATA / "telco_churn_ibm" / "Telco-Customer-Churn.csv"
RAVENSTACK = DATA / "ravenstack_saas" / "ravenstack_accounts.csv"


def needs(path: Path) -> pytest.MarkDecorator:
    """Skip where a dataset is not on this machine."""
    # The data is public but not ours to copy here: where it is absent the reason is printed.
    return pytest.mark.skipif(not path.exists(), reason=f"a public dataset is not here: {path}")


def sync_twice(database: str, address: str, text: str) -> dict[str, dict[str, object]]:
    """Ask a source twice; give what the first run told of each unit, the second telling nothing."""
    found = read_sources({"sources/crm.yaml": text})["crm"]
    assert isinstance(found, QueryDefinition)
    clock = SetClock(SystemClock().now())
    with connect(database) as connection:
        runs = []
        for _ in range(2):
            runs.append(sync(connection, found, {"UPSELL_SECRET_W": address}, clock))
            clock.move_to(clock.at + HOUR)
        rows = connection.execute(
            "select coalesce(account_id, customer_id), properties from events"
        ).fetchall()
    first, second = runs
    assert isinstance(first, Synced)
    assert isinstance(second, Synced)
    assert (first.rows, first.rejected, second.sent, second.same) == (len(rows), 0, 0, len(rows))
    return {unit: json.loads(properties) for unit, properties in rows}


@needs(TELCO)
def test_traits_of_telco_customers_come_from_a_duckdb_file(database: str, tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"create table customers as from read_csv('{TELCO}')")
    told = sync_twice(database, f"duckdb:{path}", """
query:
  sql: select * from customers
  from: UPSELL_SECRET_W
  records:
    - customer: customerID
      customer_traits:
        {tenure: tenure, contract: Contract, is_senior: SeniorCitizen = 1, monthly: MonthlyCharges}
""")  # fmt: skip
    with TELCO.open() as file:
        expected = {
            row["customerID"]: {
                "tenure": int(row["tenure"]),
                "contract": row["Contract"],
                "is_senior": row["SeniorCitizen"] == "1",
                "monthly": float(row["MonthlyCharges"]),
            }
            for row in csv.DictReader(file)
        }
    assert told == expected


@needs(RAVENSTACK)
def test_traits_of_ravenstack_accounts_come_from_postgresql_by_adbc(database: str) -> None:
    with RAVENSTACK.open() as file:
        rows = list(csv.DictReader(file))
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "create table crm "
            "(account_id text, industry text, seats numeric, signed_up date, is_trial boolean)"
        )
        with connection.cursor() as cursor, cursor.copy("copy crm from stdin") as copy:
            for row in rows:
                copy.write_row(
                    (row["account_id"], row["industry"], row["seats"], row["signup_date"], row["is_trial"])
                )
    told = sync_twice(database, database, """
query:
  sql: select * from crm
  from: UPSELL_SECRET_W
  zone: UTC
  records:
    - account_traits: {industry: industry, seats: seats, signed_up: signed_up, is_trial: is_trial}
      account: account_id
""")  # fmt: skip
    assert told == {
        row["account_id"]: {
            "industry": row["industry"],
            "seats": float(row["seats"]),
            "signed_up": f"{row['signup_date']}T00:00:00.000000Z",
            "is_trial": row["is_trial"] == "TRUE",
        }
        for row in rows
    }
