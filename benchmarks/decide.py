"""Decisions: how many one core takes, and how long a request for one waits.

1. The pure core alone: 20 workflows of 10 rules over one kind of unit, each event asking all of them;
   printed are events and answers per second on one core, without any storage.
2. ``POST /v1/decide`` over a real socket with server, worker and database on this machine, at a steady
   rate of arrivals that does not wait for answers; a tenth of the customers is in each workflow.

    python benchmarks/decide.py [--seconds 10] [--rate 200]
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Callable

import httpx
from intake import running

from upsell.clock import HOUR, SystemClock
from upsell.journeys.advance import Session
from upsell.journeys.household import empty_household
from upsell.runtime.apply import apply
from upsell.signals.events import Event
from upsell.store.connect import connect
from upsell.store.embedded import embedded_url
from upsell.store.migrate import migrate
from upsell.workspace.compile import compile_documents

CLOCK = SystemClock()
START = 1_772_442_000_000_000
WORKFLOWS, RULES, UNITS, EVENTS = 20, 10, 500, 100
LINES = 32
SETTINGS = """
name: Acme
currency: USD
zone: UTC
sender: {name: Acme, address: hello@acme.example, postal_address: 1 Road}
policy:
  caps: [{at_most: 3, within: 7 days}]
  gap: 1 day
"""
CATALOG = """
metrics: [calls]
default_plan: free
plans:
  free: {name: Free, tier: 0, limits: {calls: 100}}
  pro: {name: Pro, tier: 1, price: {month: 49}, limits: {calls: 1000}}
offers:
  pro: {kind: upgrade, plan: pro, title: Pro}
"""


def documents() -> dict[str, str]:
    """Write a workspace of many workflows, two of them with a prompt for who asks for one."""
    written = {"upsell.yaml": SETTINGS, "catalog.yaml": CATALOG}
    for number in range(WORKFLOWS):
        rules = [f"event_count('Clicked', interval '{days} days') >= {days}" for days in range(1, RULES)]
        rules.append(f"usage_ratio('calls') >= 0.{number:02d} or customer.group = {number}")
        eligible = "\n".join(f'  - "{rule}"' for rule in rules)
        written[f"workflows/w{number}.yaml"] = f"""
name: Workflow {number}
owner: growth@acme.example
purpose: To be asked.
review_by: 2027-03-01
unit: customer
trigger: {{on: {"Placement Asked" if number < 2 else "Clicked"}, again_after: 30 days}}
eligible:
{eligible if number >= 2 else f'  - "customer.group = {number}"'}
goal: {{event: Subscription Upgraded, within: 30 days}}
experiment: {{holdout: 10%}}
journey:
  - prompt: {{placement: page, offer: pro}}
  - wait: 7 days
"""
    return written


def main() -> None:
    """Run both measurements and print their figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rate", type=int, default=200)
    chosen = parser.parse_args()
    events = _core()
    asked = events * (WORKFLOWS - 2)
    print(f"the pure core, {WORKFLOWS} workflows of {RULES} rules: {events:,.0f} events/s per core,")
    print(f"each asking {WORKFLOWS - 2} triggers and their gates: {asked:,.0f} decisions/s per core")
    waits = sorted(_serve(chosen.seconds, chosen.rate))
    half, most = waits[len(waits) // 2], waits[int(len(waits) * 0.99)]
    told = f"p50 {half * 1e3:.1f} ms, p99 {most * 1e3:.1f} ms (target 10 ms)"
    print(f"POST /v1/decide at {chosen.rate} requests/s: {told}")


def _core() -> float:
    program = compile_documents(documents()).program
    sessions = [(f"u{number}", Session(program, empty_household(f"c:u{number}"))) for number in range(UNITS)]
    for customer, session in sessions:
        said = {"email": f"{customer}@example.com", "group": int(customer[1:]) % 40}
        session.take(Event("i", "Customer Identified", START, START, customer, None, said))
    started = time.perf_counter()
    for number in range(EVENTS):
        at = START + number * HOUR
        for customer, session in sessions:
            session.take(Event(f"e{number}", "Clicked", at, at, customer, None, {"page": "pro"}))
    return UNITS * EVENTS / (time.perf_counter() - started)


def _serve(seconds: int, rate: int) -> list[float]:
    with tempfile.TemporaryDirectory(prefix="upsell-bench-", ignore_cleanup_errors=True) as folder:
        url = embedded_url(f"{folder}/data")
        migrate(url)
        with connect(url) as connection:
            apply(connection, documents(), CLOCK, expected=0)
        with running(url, "serve", "worker") as port:
            return asyncio.run(_decide(port, seconds, rate))


async def _decide(port: int, seconds: int, rate: int) -> list[float]:
    await identify(port)

    def body(number: int) -> bytes:
        return f'{{"userId":"u{number % UNITS}","placement":"page"}}'.encode()

    return await ask_steadily(port, seconds, rate, "/v1/decide", body)


async def ask_steadily(
    port: int, seconds: int, rate: int, path: str, body: Callable[[int], bytes]
) -> list[float]:
    """Send requests at a steady rate; give the seconds each waited, after two seconds to warm up.

    Bare sockets, because a client that thinks longer than the server would be what is measured.
    """
    waits: list[float] = []
    free: asyncio.LifoQueue[Line] = asyncio.LifoQueue()
    for _ in range(LINES):
        free.put_nowait(await Line.open(port))

    async def one(number: int, begun_at: float) -> None:
        line = await free.get()
        await line.ask(path, body(number))
        free.put_nowait(line)
        if number >= 2 * rate:
            waits.append(time.perf_counter() - begun_at)

    started, tasks = time.perf_counter(), []
    for number in range(rate * (seconds + 2)):
        due_at = started + number / rate
        await asyncio.sleep(max(0.0, due_at - time.perf_counter()))
        # Counted from when it was due: a client that is late is waited for too.
        tasks.append(asyncio.ensure_future(one(number, due_at)))
    await asyncio.gather(*tasks)
    while not free.empty():
        free.get_nowait().close()
    return waits


async def identify(port: int) -> None:
    """Make everybody known who will ask, and let the worker take it."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        for number in range(0, UNITS, 100):
            batch = [
                {
                    "type": "identify",
                    "userId": f"u{each}",
                    "traits": {"group": each % WORKFLOWS, "email": "a@b.example"},
                }
                for each in range(number, number + 100)
            ]
            (await client.post("/v1/batch", json={"batch": batch})).raise_for_status()
    await asyncio.sleep(1)


class Line:
    """A connection that stays open, for one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> Line:
        """Connect to a server on this machine."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self, path: str, body: bytes) -> None:
        """Send a request and read its answer, which must be good."""
        head = f"POST {path} HTTP/1.1\r\nHost: upsell\r\nContent-Type: application/json\r\n"
        self._writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answered = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        if not answered.startswith(b"http/1.1 200"):
            raise RuntimeError(answered.decode())
        length = answered.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]
        await self._reader.readexactly(int(length))

    def close(self) -> None:
        """Let go of the connection."""
        self._writer.close()


if __name__ == "__main__":
    main()
