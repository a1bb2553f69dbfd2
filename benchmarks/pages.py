"""What each page costs over a store of a million customers and ten million events.

A store is made as ``tests/big_store.py`` tells: some lives through the real engine, and what they left
written many times over. Then somebody signs in and every page that the table of access has is asked for, from
the application itself: the first time, and warm, each time of another customer or account where a page is of
one. Last, a real browser says when it first painted and how much moved.

    python benchmarks/pages.py [--customers 1000000] [--requests 60] [--keep FOLDER] [--only /customers]

A million customers take about half an hour to make and 12 GB of disk; with ``--keep`` the store is kept in a
folder and found there the next time. Whatever is asked for a page with ``{...}`` in its address stands in
``GIVEN``; a page with something else there is listed as not measured.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Final
from urllib.parse import quote

import httpx
from litestar import Litestar
from litestar.testing import TestClient

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.acceptance.browsing import open_browser, serving
from tests.big_store import HEAVY, Seed, live, multiply
from tests.pages_world import invite, join
from upsell.clock import DAY, Moment, SetClock, format_moment
from upsell.config import Settings
from upsell.runtime.guarding import read_live
from upsell.store.connect import Connection, connect
from upsell.store.embedded import embedded_url
from upsell.store.migrate import migrate
from upsell.store.users import Role
from upsell.web.access import ROUTES, Right
from upsell.web.app import make_app
from upsell.web.team import TeamPages

BOUND: Final = 0.1
"""Within how many seconds of the server's time a page is to answer."""

PATIENCE: Final = 900.0
"""How many seconds the first report may take before it is given up."""

PAINTED: Final = """() => new Promise(tell => setTimeout(() => tell({
    paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null,
    moved: window.__moved ?? 0,
}), 300))"""

WATCH: Final = """new PerformanceObserver(list => {
    for (const each of list.getEntries()) window.__moved = (window.__moved ?? 0) + each.value;
}).observe({type: 'layout-shift', buffered: true});"""


def main() -> None:
    """Make the store or find it, and print what each page costs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=60, help="how many warm requests of each page")
    parser.add_argument("--keep", type=Path, default=None, help="where the store is kept, or was")
    parser.add_argument("--only", default="", help="only pages whose address begins so")
    parser.add_argument("--no-browser", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="upsell-bench-", ignore_cleanup_errors=True) as temporary:
        folder = asked.keep or Path(temporary)
        url, end = found_or_made(folder, asked.customers)
        with connect(url) as connection:
            print("\n".join(size_lines(connection)))
            given = examples(connection, end)
        clock, settings = SetClock(end), Settings()
        app = make_app(url, clock, TeamPages(url, clock, settings), settings)
        with TestClient(app) as client:
            email = f"admin-{time.time_ns()}@acme.example"
            assert join(client, invite(url, email, Role.ADMIN, clock)).status_code == 303
            client.headers["Accept"] = "text/html"
            measure(client, app, folder, given, asked.requests, asked.only)
        if not asked.no_browser:
            paint(url, end, given)


def found_or_made(folder: Path, customers: int) -> tuple[str, Moment]:
    """Give the database in a folder and its present; made where there is none."""
    url = embedded_url(folder)
    migrate(url)
    made = folder / "made.json"
    if made.exists():
        return url, int(json.loads(made.read_text("utf-8"))["end"])
    began = time.perf_counter()
    seed = (
        Seed() if customers >= 100_000 else Seed(accounts=20, alone=32, lasts=120 * DAY, heavy_events=2_000)
    )
    end = live(url, seed)
    print(f"the seed lived for {time.perf_counter() - began:.0f} s", flush=True)
    times = max(2, customers // (seed.alone * 2))
    with connect(url) as connection:
        multiply(connection, times)
        connection.execute(
            "insert into acts (done_at, done_by, act, about, words, because)"
            " select moment(%s), %s, 'signed in', %s, '', '' from generate_series(1, %s)",
            (end - DAY, "ada@acme.example", "ada@acme.example", customers // 10),
        )
        connection.execute("vacuum analyze acts")
    made.write_text(json.dumps({"end": end}), "utf-8")
    print(f"the store was made in {time.perf_counter() - began:.0f} s", flush=True)
    return url, end


def size_lines(connection: Connection) -> Iterator[str]:
    """Say how large the store is."""
    counted = {
        "customers": "units where unit_id like 'c:%'", "accounts": "units where unit_id like 'a:%'",
        "events": "events", "decisions": "decisions", "messages": "outbox", "exposures": "exposures",
        "tasks": "tasks", "acts": "acts",
    }  # fmt: skip
    sizes = {name: _one(connection, f"select count(*) from {of}") for name, of in counted.items()}
    yield ", ".join(f"{size:,} {name}" for name, size in sizes.items())
    bytes_used = _one(connection, "select pg_database_size(current_database())")
    buffers = connection.execute("show shared_buffers").fetchone() or ("?",)
    yield (
        f"{bytes_used / 1e9:.1f} GB of database, {buffers[0]} of shared buffers, "
        f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}"
    )


def examples(connection: Connection, end: Moment) -> dict[str, dict[str, list[str]]]:
    """Give what may stand in an address, by the name of what is asked for, each kind with several."""
    draw = Random(3)
    units = [
        row[0] for row in connection.execute("select unit_id from units tablesample system (0.5) limit 2000")
    ]
    units = units or [row[0] for row in connection.execute("select unit_id from units limit 2000")]
    kinds = {
        "account": [each for each in units if each.startswith("a:")],
        "member": [each for each in units if each.startswith("c:acct")],
        "alone": [each for each in units if each.startswith("c:alone")],
    }
    some = {kind: draw.sample(found, min(60, len(found))) for kind, found in kinds.items()}
    some |= {"very busy account": [f"a:{HEAVY}"], "member of it": [f"c:{HEAVY}-3"]}
    rows = connection.execute("select key from tasks where closed_at is null limit 60").fetchall()
    letters = connection.execute("select key from outbox limit 60").fetchall()
    workflows = [row[0] for row in connection.execute("select distinct workflow from exposures")]
    past = format_moment(end - DAY)
    live = read_live(connection)
    events = connection.execute("select distinct name from seen_days order by name").fetchall()
    return {
        "/preview": {"a customer": [f"?unit={quote(each)}" for each in some["alone"]]},
        "/offers/{offer:str}": {"": sorted(live.catalog.offers) if live is not None else []},
        "/signals/{event:path}": {"": [quote(name) for (name,) in events]},
        "unit": {
            **{kind: [quote(each, safe="") for each in found] for kind, found in some.items()},
            **{
                f"{kind}, past": [f"{quote(each, safe='')}?at={past}" for each in found]
                for kind, found in some.items()
            },
        },
        "workflow": {"": workflows},
        "key": {"": [row[0] for row in rows]},
        "/outbox/{key:str}": {"": [row[0] for row in letters]},
        "/outbox/{key:str}/letter": {"": [row[0] for row in letters]},
        "/customers": {
            "a beginning": ["?q=acct1", "?q=acct2", "?q=alone7", "?q=acct55-000"],
            "an id": [f"?q={bare}" for each in some["member"] for bare in (each[2:],)],
            "nobody": ["?q=zzz"],
        },
    }


def asked_of(path: str, given: dict[str, dict[str, list[str]]]) -> dict[str, list[str]] | None:
    """Give the addresses by which a route is asked for, by what they are of; None where nothing is known."""
    named = re.findall(r"\{(\w+):\w+\}", path)
    if not named:
        return {
            path: [path],
            **{f"{path}, {of}": [path + end for end in ends] for of, ends in given.get(path, {}).items()},
        }
    found_for = given.get(path, given.get(named[0]))
    if len(named) > 1 or found_for is None:
        return None
    begins = path.partition("{")
    ending = path.partition("}")[2]
    return {
        f"{begins[0]}{{{named[0]}}}{ending}" + (f" {of}" if of else ""): [
            f"{begins[0]}{said.partition('?')[0]}{ending}"
            + (f"?{said.partition('?')[2]}" if "?" in said else "")
            for said in found
        ]
        for of, found in found_for.items()
        if found
    }


def measure(
    client: httpx.Client,
    app: Litestar,
    folder: Path,
    given: dict[str, dict[str, list[str]]],
    requests: int,
    only: str,
) -> None:
    """Ask for every page, and print how long each took, and how much of that of the processors."""
    readable = {route.path for route in app.routes if "GET" in route.methods}
    pages = [path for path, access in ROUTES.items() if isinstance(access, Right) and path in readable]
    print(
        f"\n{'page':50} {'first':>8} {'p50':>7} {'p95':>7} {'max':>7} {'busy':>7}  of {BOUND * 1000:.0f} ms",
        flush=True,
    )
    unknown = []
    for path in pages:
        if not path.startswith(only):
            continue
        asked = asked_of(path, given)
        if asked is None:
            unknown.append(path)
            continue
        for label, addresses in asked.items():
            print(line_of(client, folder, label, addresses, requests), flush=True)
    if unknown:
        print("not measured, for nothing is known to ask for: " + ", ".join(unknown))


def busy_seconds(folder: Path) -> float:
    """Give the seconds that this process and the database's have had of the processors."""
    leader = (folder / "postgres" / "postmaster.pid").read_text("utf-8").split("\n", 1)[0]
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text("utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        if fields[1] == leader:
            ticks += int(fields[11]) + int(fields[12])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def line_of(client: httpx.Client, folder: Path, label: str, addresses: Sequence[str], requests: int) -> str:
    """Ask for one page again and again, and say how long it took."""
    first, status = timed(client, addresses[0])
    waited, counting = time.perf_counter(), 0
    while status == 202 and time.perf_counter() - waited < PATIENCE:
        counting = max(counting, 1)
        time.sleep(2)
        _, status = timed(client, addresses[0])
    said = f", counted after {time.perf_counter() - waited:.0f} s" if counting else ""
    taken, statuses, began = [], set(), busy_seconds(folder)
    for place in range(requests):
        seconds, status = timed(client, addresses[place % len(addresses)])
        taken.append(seconds)
        statuses.add(status)
        if sum(taken) > 30 and place >= 4:
            break
    busy = (busy_seconds(folder) - began) / len(taken)
    taken.sort()
    p95 = taken[int(0.95 * (len(taken) - 1))]
    figures = " ".join(f"{each * 1000:7.1f}" for each in (statistics.median(taken), p95, taken[-1]))
    odd = "" if statuses == {200} else f", answered {sorted(statuses)}"
    return f"{label:50} {first * 1000:8.1f} {figures} {busy * 1000:7.1f}  {p95 / BOUND:5.2f}{said}{odd}"


def timed(client: httpx.Client, address: str) -> tuple[float, int]:
    """Ask for an address; give the seconds it took and how it was answered."""
    began = time.perf_counter()
    answered = client.get(address, follow_redirects=False)
    return time.perf_counter() - began, answered.status_code


def paint(url: str, end: Moment, given: dict[str, dict[str, list[str]]]) -> None:
    """Print when a browser first painted some pages of a warm server, and how much moved afterwards."""
    pages = TeamPages(url, SetClock(end), Settings())
    paths = ["/", "/workflows", f"/workflows/{given['workflow'][''][0]}", "/results", "/customers?q=acct1",
             f"/customers/{given['unit']['account'][0]}"]  # fmt: skip
    print(f"\n{'page in Chromium':58} {'paint':>8} {'moved':>7}")
    with serving(pages.guest_app()) as address, open_browser() as browser:
        for path in paths:
            deadline = time.perf_counter() + PATIENCE
            while httpx.get(address + path, timeout=60).status_code == 202 and time.perf_counter() < deadline:
                time.sleep(2)
            found = []
            for _ in range(5):
                page = browser.new_page(viewport={"width": 1280, "height": 900})
                page.add_init_script(WATCH)
                page.goto(address + path)
                found.append(page.evaluate(PAINTED))
                page.close()
            paints = sorted(each["paint"] for each in found if each["paint"] is not None)
            middle = f"{paints[len(paints) // 2]:8.0f}" if paints else "       ?"
            print(f"{path:58} {middle} {max(each['moved'] for each in found):7.3f}", flush=True)


def _one(connection: Connection, statement: str) -> int:
    row = connection.execute(statement).fetchone()
    return int(row[0]) if row is not None else 0


if __name__ == "__main__":
    main()
