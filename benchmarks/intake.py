"""The API's figures, with server, worker and database on this machine, from a load tool outside of them.

1. Events per second accepted and committed with dedupe, batches of 100, worker stopped; beside it the
   same rows by bare COPY, and the ratio.
2. The same with the worker running, until every event is decided about.
3. From the request to the committed decision, at a steady rate of arrivals that does not wait for answers.

The load tool is wrk (Debian's package of that name); the script says so when it is not there.

    python benchmarks/intake.py [--seconds 10] [--rate 1000]
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg

from upsell.clock import SystemClock
from upsell.runtime.apply import apply
from upsell.store.connect import connect
from upsell.store.embedded import embedded_url, make_database
from upsell.store.migrate import migrate

CLOCK = SystemClock()
SETTINGS = """
name: Acme
currency: USD
zone: UTC
sender: {name: Acme, address: hello@acme.example, postal_address: 1 Road}
"""
WORKFLOW = """
name: Interest
owner: growth@acme.example
purpose: Everybody who looks at prices is decided about.
review_by: 2027-03-01
unit: customer
trigger: {on: Pricing Viewed, again_after: 1 seconds}
eligible: ["customer.region = 'EU'"]
goal: {event: Subscription Upgraded, within: 30 days}
experiment: {holdout: 10%}
journey:
  - email: {content: more, intent: help}
"""
DOCUMENTS = {
    "upsell.yaml": SETTINGS,
    "workflows/interest.yaml": WORKFLOW,
    "templates/more.html": "---\nsubject: Hello\n---\n<p>Hello</p>\n",
}
LOAD = """
local thread = 0
function setup(one) one:set("number", thread) thread = thread + 1 end
local sent = 0
function request()
  local items = {}
  for place = 1, 100 do
    sent = sent + 1
    items[place] = string.format(
      '{"type":"track","event":"%s","messageId":"%s-%d-%d","userId":"u%d","timestamp":"%s",' ..
      '"properties":{"path":"/docs/page","seconds":%d,"referrer":"search"}}',
      sent % 20 == 0 and "Pricing Viewed" or "Page Seen", RUN, number, sent, sent % 10000, NOW, sent % 60)
  end
  return wrk.format("POST", "/v1/batch", {["Content-Type"] = "application/json"},
    '{"batch":[' .. table.concat(items, ",") .. "]}")
end
"""


def main() -> None:
    """Run every measurement and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rate", type=int, default=1000)
    chosen = parser.parse_args()
    if shutil.which("wrk") is None:
        print("expected the load tool wrk, found none; install it (apt-get install wrk) and run this again")
        return
    with tempfile.TemporaryDirectory(prefix="upsell-bench-", ignore_cleanup_errors=True) as folder:
        base = embedded_url(f"{folder}/data")
        accepted = _accept(_database(base, "accepting"), folder, chosen.seconds)
        floor = _copy(_database(base, "copying"), round(accepted * chosen.seconds))
        print(f"accepted and committed: {accepted:,.0f} events/s (target 30,000, stretch 60,000)")
        print(f"bare COPY of as many rows: {floor:,.0f} rows/s; ratio {accepted / floor:.2f}")
        decided = _decide(_database(base, "deciding"), folder, chosen.seconds)
        print(f"through to the decision: {decided:,.0f} events/s (target 15,000)")
        waits = sorted(_wait(_database(base, "waiting"), chosen.seconds, chosen.rate))
        half, most = waits[len(waits) // 2], waits[int(len(waits) * 0.99)]
        told = f"p50 {half * 1e3:.1f} ms, p99 {most * 1e3:.1f} ms (target 25 ms)"
        print(f"request to decision at {chosen.rate:,} events/s: {told}")


def _database(base: str, name: str) -> str:
    make_database(base, name)
    url = re.sub(r"/[^/?]*\?", f"/{name}?", base, count=1)
    migrate(url)
    with connect(url) as connection:
        apply(connection, DOCUMENTS, CLOCK, expected=0)
    return url


@contextmanager
def running(url: str, *commands: str) -> Iterator[int]:
    """Run commands of the program, and give the port they serve on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    environment = {**os.environ, "UPSELL_DATABASE_URL": url, "UPSELL_HTTP_PORT": str(port)}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    processes = [
        subprocess.Popen([sys.executable, "-m", "upsell", command], env=environment, **quiet)
        for command in commands
    ]
    try:
        with httpx.Client(transport=httpx.HTTPTransport(retries=40)) as client:
            client.get(f"http://127.0.0.1:{port}/health")
        yield port
    finally:
        for process in processes:
            process.send_signal(signal.SIGINT)
        for process in processes:
            process.wait(30)


def _load(port: int, folder: str, seconds: int, run: str) -> None:
    """Send batches of 100 from wrk for some seconds."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    script = Path(folder) / "load.lua"
    script.write_text(f'RUN = "{run}"\nNOW = "{now}"\n{LOAD}')
    words = ["wrk", "-t2", "-c16", f"-d{seconds}s", "-s", str(script), f"http://127.0.0.1:{port}"]
    told = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in told:
        print(told)


def _count(url: str) -> int:
    with psycopg.connect(url) as connection:
        return int(
            (connection.execute("select count(*) from events where not is_derived").fetchone() or (0,))[0]
        )


def _accept(url: str, folder: str, seconds: int) -> float:
    with running(url, "serve") as port:
        _load(port, folder, 2, "warm")
        before, started = _count(url), time.perf_counter()
        _load(port, folder, seconds, "run")
        return (_count(url) - before) / (time.perf_counter() - started)


def _copy(url: str, rows: int) -> float:
    """Copy rows as the ledger has them, with nothing asked of them; give rows per second."""
    with psycopg.connect(url) as connection:
        connection.execute("create table bare (like events including all)")
        connection.commit()
        started = time.perf_counter()
        with connection.cursor() as cursor:
            for start in range(0, rows, 5_000):
                with cursor.copy("copy bare from stdin") as copy:
                    for place in range(start, min(rows, start + 5_000)):
                        copy.write_row(
                            (
                                place, "2026-01-01", "2026-01-01", 1, f"c:u{place % 10_000}",
                                f"u{place % 10_000}", None, "Page Seen", f"run-{place}", "api",
                                '{"path":"/docs/page","seconds":5,"referrer":"search"}', False, False,
                            )
                        )  # fmt: skip
                connection.commit()
        return rows / (time.perf_counter() - started)


def _decide(url: str, folder: str, seconds: int) -> float:
    with running(url, "serve", "worker") as port:
        _load(port, folder, 2, "warm")
        before, started = _count(url), time.perf_counter()
        _load(port, folder, seconds, "run")
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            while client.get("/health").json()["behind"]:
                time.sleep(0.02)
        return (_count(url) - before) / (time.perf_counter() - started)


def _wait(url: str, seconds: int, rate: int) -> list[float]:
    """Send single events at a steady rate; give the seconds from each request to its decision."""
    sent: dict[str, float] = {}
    seen: dict[str, float] = {}
    is_over = threading.Event()
    with running(url, "serve", "worker") as port:
        watching = threading.Thread(target=_watch, args=(url, seen, is_over))
        watching.start()
        limits = httpx.Limits(max_connections=32)
        # Ten events a request, so that the client itself keeps the pace.
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}", limits=limits)
        with client, ThreadPoolExecutor(24) as pool:
            started = time.perf_counter()
            for number in range(seconds * rate // 10):
                pause = started + number * 10 / rate - time.perf_counter()
                if pause > 0:
                    time.sleep(pause)
                users = [f"w{number * 10 + place}" for place in range(10)]
                at = time.perf_counter()
                sent.update(dict.fromkeys(users, at))
                items = [{"type": "track", "userId": user, "event": "Pricing Viewed"} for user in users]
                pool.submit(client.post, "/v1/batch", json={"batch": items})
        time.sleep(1)
        is_over.set()
        watching.join()
    lost = len(sent) - len(seen)
    if lost:
        print(f"{lost:,} events were not decided about within a second")
    warm = list(sent)[: len(sent) // 5]
    return [seen[user] - sent[user] for user in sent if user in seen and user not in set(warm)]


def _watch(url: str, seen: dict[str, float], is_over: threading.Event) -> None:
    """Note when each decision can be read."""
    last = 0
    with psycopg.connect(url, autocommit=True) as connection:
        while not is_over.is_set():
            rows = connection.execute(
                "select number, substr(unit_id, 3) from decisions where number > %s", (last,)
            ).fetchall()
            now = time.perf_counter()
            for number, user in rows:
                seen.setdefault(user, now)
                last = max(last, number)
            time.sleep(0.002)


if __name__ == "__main__":
    main()
