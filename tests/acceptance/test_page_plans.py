"""Plans: no page reads a table that grows from its beginning to its end, whatever it is asked for.

Every page of the table of access is asked for by an admin, and every statement that runs meanwhile is
explained by a planner that believes the tables to be large. What still reads one of them whole has no index
that helps it, and will not do with a million customers.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import httpx
import psycopg
import pytest
from litestar.testing import TestClient

from tests.acceptance.test_access import GIVEN
from tests.live_world import ON_PRICING, make_documents, open_world
from tests.pages_world import invite, join
from tests.stories.world import START, workflow
from upsell.clock import DAY, SetClock, format_moment
from upsell.config import Settings
from upsell.store.queries import query
from upsell.store.users import Role
from upsell.web.access import ROUTES, Right
from upsell.web.app import make_app
from upsell.web.team import TeamPages

pytestmark = pytest.mark.postgres

GROW: Final = (
    "acts", "decisions", "events", "exposures", "identities", "letters", "links", "members", "message_ids",
    "orders", "outbox", "places", "rejections", "rosters", "showings", "tasks", "units", "visits",
)  # fmt: skip
"""Tables that grow with customers or with time; partitions of one have its name before theirs."""

GROWN: Final = """
update pg_class set reltuples = 10000000, relpages = 1
where relkind = 'r' and (relname = any(%(tables)s) or split_part(relname, '_2', 1) = any(%(tables)s))
"""
"""Has the planner believe that there are ten million rows for each page that is there."""

MUST: Final = """
select attname, format_type(atttypid, null) from pg_attribute
where attrelid = %s::regclass and attnum > 0 and attnotnull and not atthasdef and attidentity = ''
    and not attisdropped
"""
SAYS: Final = {
    "text": "",
    "bytea": b"",
    "boolean": False,
    "timestamp with time zone": "2026-01-01",
    "text[]": [],
}

REQUESTS: Final = ("AnyIO worker", "asyncio_")
"""How the names of threads begin in which requests are answered; keepers read in others, beside them."""

WHERE_SMALL: Final = ("count_passages",)
"""Queries that read all there is, which a page asks itself where that is little."""

SEARCHES: Final = (
    "/customers?q=a",
    "/customers/c%3Aada?at=",
    "/log?before=9",
    "/customers/c%3Aada?before=9.0.9",
)

Statement = tuple[bytes, Any]


@pytest.fixture(scope="module")
def url(postgres_url: str, migrated_template: str) -> Iterator[str]:
    """Give a database in which somebody is in a workflow and belongs to an account."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"create database page_plans template {migrated_template}")
    found = postgres_url.replace("/postgres?", "/page_plans?", 1)
    steps = "[{email: {content: t1, intent: help}}, {task: {queue: success, title: Call, due: 2 days}}]"
    with open_world(found) as world:
        world.apply(make_documents({"w": workflow(trigger=ON_PRICING, journey=steps)}))
        world.happens("Customer Identified", "ada", "acme", email="ada@example.com")
        world.happens("Pricing Viewed", "ada", "acme")
        world.worker.run_until_idle()
        world.connection.execute("analyze")
    yield found
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("drop database page_plans with (force)")


@contextmanager
def noting(said: list[Statement]) -> Iterator[None]:
    """Note every statement that reads something, with its values, but for what keepers read."""
    execute = psycopg.Cursor.execute

    def note(cursor: Any, statement: Any, values: Any = None, **options: Any) -> Any:
        text = statement if isinstance(statement, bytes) else str(statement).encode()
        if b"select" in text.lower() and threading.current_thread().name.startswith(REQUESTS):
            said.append((text, values))
        return execute(cursor, statement, values, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", note)
        yield


def scans(node: dict[str, Any], *, is_limited: bool = False) -> Iterator[str]:
    """List the places of a plan that read a whole table that grows, or a whole index of one."""
    kind, table = node["Node Type"], str(node.get("Relation Name", ""))
    grows = any(table == name or table.startswith(f"{name}_2") for name in GROW)
    if grows and kind == "Seq Scan":
        yield f"sequential scan of {table}"
    # A walk along an index in its order ends with what it was asked for; a partial one holds few.
    if grows and kind in ("Index Scan", "Index Only Scan") and "Index Cond" not in node and not is_limited:
        yield f"all of {node['Index Name']}"
    ends = is_limited or kind == "Limit"
    for inner in node.get("Plans", ()):
        # Whoever sorts or adds up what is beneath reads all of it before the limit above can end anything.
        passes = kind in ("Limit", "Merge Append", "Append", "Subquery Scan", "Result", "LockRows")
        yield from scans(inner, is_limited=ends and passes)


def small_indexes(connection: psycopg.Connection[Any]) -> set[str]:
    """Give the names of indexes that hold what is open alone; those over decisions hold much more."""
    rows = connection.execute(
        "select indexrelid::regclass::text from pg_index"
        " where indpred is not null and indrelid <> 'decisions'::regclass"
    )
    return {row[0] for row in rows}


def troubles(connection: psycopg.Connection[Any], said: list[Statement]) -> Iterator[str]:
    """Explain statements as they were asked, and list what reads too much."""
    few, small = small_indexes(connection), {query(name) for name in WHERE_SMALL}
    for text, values in {text: values for text, values in said if text not in small}.items():
        head = text.lstrip().lower()
        while head.startswith(b"--"):
            head = head.partition(b"\n")[2].lstrip()
        if not head.startswith((b"select", b"with", b"insert", b"update", b"delete")):
            continue
        told = connection.execute(b"explain (format json) " + text, values).fetchone()
        assert told is not None
        for found in scans(told[0][0]["Plan"]):
            if found.removeprefix("all of ") not in few:
                yield f"{found}: {text.decode()[:300]}"


def give_pages(connection: psycopg.Connection[Any]) -> None:
    """Let every table that grows have a page: a row that is taken back leaves one. None is large without."""
    for table in set(GROW) - {"events"}:
        with connection.transaction(force_rollback=True):
            checks = (
                "select conname from pg_constraint where conrelid = %s::regclass and contype in ('c', 'f')"
            )
            for (name,) in connection.execute(checks, (table,)).fetchall():
                connection.execute(f"alter table {table} drop constraint {name}")
            must = {name: SAYS.get(kind, 0) for name, kind in connection.execute(MUST, (table,))}
            marks = ", ".join("%s" for _ in must)
            statement = f"insert into {table} ({', '.join(must)}) values ({marks})"
            connection.execute(statement.encode(), list(must.values()))


def ask_for_pages(client: httpx.Client, app: Any) -> None:
    """Ask for every page of the table of access, and for some that are asked with more."""
    readable = {route.path for route in app.routes if "GET" in route.methods}
    given = {**GIVEN, "unit": "c%3Aada", "workflow": "w"}
    for path, access in ROUTES.items():
        if isinstance(access, Right) and path in readable and "sign-out" not in path:
            client.get(path.replace(":str}", "}").replace(":path}", "}").format(**given))
    for path in SEARCHES:
        client.get(path + (format_moment(START) if path.endswith("=") else ""))


def test_no_page_reads_a_table_that_grows_from_end_to_end(url: str) -> None:
    clock, settings = SetClock(START + DAY), Settings()
    app = make_app(url, clock, TeamPages(url, clock, settings), settings)
    said: list[Statement] = []
    with TestClient(app) as client:
        assert join(client, invite(url, "ada@acme.example", Role.ADMIN, clock)).status_code == 303
        client.headers["Accept"] = "text/html"
        ask_for_pages(client, app)
        with noting(said):
            ask_for_pages(client, app)
    assert len({text for text, _ in said}) > 20
    with psycopg.connect(url, autocommit=True) as connection:
        give_pages(connection)
        connection.execute(GROWN, {"tables": list(GROW)})
        for way in ("seqscan", "hashjoin", "mergejoin"):
            connection.execute(f"set enable_{way} = off")
        found = sorted(set(troubles(connection, said)))
    assert not found, "\n\n".join(found)
