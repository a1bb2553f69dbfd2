"""Stripe's webhooks a second: proved and read alone, and all the way by HTTP into PostgreSQL.

Each webhook is an update of a subscription with two items, made of the vendor's sample objects as Stripe
sends it and signed by the vendor's library. (Not called stripe.py: that would hide the library.)

1. Proved by its signature and read into drafts of events, in one thread.
2. Sent by connections that are kept open to a server of its own, until the ledger has its event.

    python benchmarks/stripe_hooks.py [--count 5000] [--connections 16]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import psycopg

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.stripe_world import FILE, SECRET, SOLD, SOURCE, VARIABLE, Life, make_item, make_price, signed
from upsell.clock import SECOND, SystemClock
from upsell.runtime.apply import apply
from upsell.sources.source import Delivery, take_delivery
from upsell.store.connect import connect
from upsell.store.embedded import embedded_url
from upsell.store.migrate import migrate

CLOCK = SystemClock()
SETTINGS = """
name: Acme
currency: USD
zone: UTC
sender: {name: Acme, address: hello@acme.example, postal_address: 1 Road}
"""
DOCUMENTS = {"upsell.yaml": SETTINGS, "catalog.yaml": SOLD, "sources/stripe.yaml": FILE}


def main() -> None:
    """Run both measurements and print their figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5_000)
    parser.add_argument("--connections", type=int, default=16)
    chosen = parser.parse_args()
    deliveries = made(chosen.count)
    size = sum(len(each.body) for each in deliveries) / len(deliveries)
    print(f"{chosen.count:,} updates of subscriptions, {size / 1024:.1f} KB each on average")
    print(f"proved and read, one thread: {read(deliveries):,.0f} webhooks/s")
    rate, memory = send(deliveries, chosen.connections)
    print(f"by HTTP until the ledger has them: {rate:,.0f} webhooks/s, server at most {memory:,.0f} MB")
    mine = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"this process, with every webhook in memory: {mine:,.0f} MB")


def made(count: int) -> list[Delivery]:
    """Make webhooks: each another customer's subscription that takes on a seat."""
    now = CLOCK.now()
    deliveries = []
    for place in range(count):
        sso = make_item(make_price("price_sso", 1000))
        life = Life(make_item(make_price(), 3), sso, id=f"sub_{place}", customer=f"cus_{place}")
        life.now = now // SECOND
        life.set_items(make_item(make_price(), 4), sso)
        deliveries.append(signed(json.dumps({**life.hooks[1], "id": f"evt_{place}"}), now))
    return deliveries


def read(deliveries: list[Delivery]) -> float:
    """Prove and read every webhook; give how many a second."""
    started = time.perf_counter()
    for delivery in deliveries:
        taken = take_delivery(SOURCE, delivery, CLOCK.now())
        assert len(taken.items) == 1
    return len(deliveries) / (time.perf_counter() - started)


def send(deliveries: list[Delivery], connections: int) -> tuple[float, float]:
    """Send every webhook to a server; give how many a second were committed, and its most memory in MB."""
    with tempfile.TemporaryDirectory(prefix="upsell-bench-", ignore_cleanup_errors=True) as folder:
        url = embedded_url(f"{folder}/data")
        migrate(url)
        with connect(url) as connection:
            apply(connection, DOCUMENTS, CLOCK, expected=0)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port: int = free.getsockname()[1]
        named = {"UPSELL_DATABASE_URL": url, "UPSELL_HTTP_PORT": str(port), VARIABLE: SECRET}
        server = subprocess.Popen(
            [sys.executable, "-m", "upsell", "serve"],
            env={**os.environ, **named},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            with httpx.Client(transport=httpx.HTTPTransport(retries=40)) as client:
                client.get(f"http://127.0.0.1:{port}/health")
            rate = asyncio.run(_send(deliveries, port, connections))
            memory = _most_memory(server.pid)
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(30)
        with psycopg.connect(url) as ledger:
            row = ledger.execute("select count(*) from events where source = 'stripe'").fetchone()
        assert row == (len(deliveries),), row
        return rate, memory


async def _send(deliveries: list[Delivery], port: int, connections: int) -> float:
    """Send them over so many connections, each waiting for its answer before it sends the next."""
    waiting = iter(deliveries)

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for delivery in waiting:
            head = (
                f"POST /hooks/stripe HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
                f"stripe-signature: {delivery.headers['stripe-signature']}\r\n"
                f"content-length: {len(delivery.body)}\r\n\r\n"
            )
            writer.write(head.encode() + delivery.body)
            told = await reader.readuntil(b"\r\n\r\n")
            assert told.startswith(b"HTTP/1.1 200"), told
            length = next(line for line in told.lower().split(b"\r\n") if line.startswith(b"content-length"))
            await reader.readexactly(int(length.partition(b":")[2]))
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(connections)))
    return len(deliveries) / (time.perf_counter() - started)


def _most_memory(pid: int) -> float:
    """Give the most memory a process had, in MB; 0 where the system does not tell."""
    told = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) / 1024 for line in told if line.startswith("VmHWM")), 0.0)


if __name__ == "__main__":
    main()
