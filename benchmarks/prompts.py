"""Prompts: how long a page waits for one and for a feature gate, and how much it loads.

``POST /v1/prompts`` and ``POST /v1/can`` over a real socket with server, worker and database on this machine,
at a steady rate of arrivals that does not wait for answers, every page with a token of its own; a tenth of
the customers is in each workflow. The same of a checkout, whose visitors show a cart of five items to a
catalog of a thousand, each another cart than before. Then as fast as the server answers, and the snippet's
size as it is and packed.

    python benchmarks/prompts.py [--seconds 10] [--rate 200]
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import tempfile
import time
from collections.abc import Callable
from importlib.resources import files

from decide import CLOCK, LINES, UNITS, Line, ask_steadily, documents, identify
from intake import running

from upsell.clock import HOUR
from upsell.runtime.apply import apply
from upsell.runtime.identities import Identity, sign_identity
from upsell.store.connect import connect
from upsell.store.embedded import embedded_url
from upsell.store.identity_secrets import make_identity_secret
from upsell.store.migrate import migrate

ROUTES = {"/v1/prompts": {"placement": "page"}, "/v1/can": {"feature": "sso", "placement": "page"}}

ITEMS = 1_000


def main() -> None:
    """Run the measurements and print their figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rate", type=int, default=200)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="upsell-bench-", ignore_cleanup_errors=True) as folder:
        url = embedded_url(f"{folder}/data")
        migrate(url)
        with connect(url) as connection:
            apply(connection, _with_shop(documents()), CLOCK, expected=0)
            secret = make_identity_secret(connection, CLOCK.now())
        until = CLOCK.now() + HOUR
        tokens = [sign_identity(secret, Identity(f"u{number}", None), until) for number in range(UNITS)]
        with running(url, "serve", "worker") as port:
            asyncio.run(_measure(port, chosen.seconds, chosen.rate, tokens))
    snippet = files("upsell.web.sdk").joinpath("upsell.js").read_bytes()
    print(f"upsell.js: {len(snippet):,} bytes, {len(gzip.compress(snippet, 9)):,} packed (target 10,240)")


async def _measure(port: int, seconds: int, rate: int, tokens: list[str]) -> None:
    await identify(port)
    for path, said in ROUTES.items():

        def body(number: int, said: dict[str, str] = said) -> bytes:
            return json.dumps({**said, "token": tokens[number % UNITS]}).encode()

        await _tell(port, seconds, rate, path, path, body)
    await _tell(port, seconds, rate, "/v1/prompts", "/v1/prompts with a cart", _cart)


async def _tell(
    port: int, seconds: int, rate: int, path: str, name: str, body: Callable[[int], bytes]
) -> None:
    """Measure one kind of request, and print its figures."""
    waits = sorted(await ask_steadily(port, seconds, rate, path, body))
    half, most = waits[len(waits) // 2], waits[int(len(waits) * 0.99)]
    told = f"p50 {half * 1e3:.1f} ms, p99 {most * 1e3:.1f} ms (target 10 ms)"
    print(f"POST {name} at {rate} requests/s: {told}")
    print(f"POST {name} as fast as it answers: {await _hurry(port, seconds, path, body):,.0f} requests/s")


def _with_shop(written: dict[str, str]) -> dict[str, str]:
    """Give a workspace a shop: items with better ones, sets of them and warranties, and what offers them."""
    items = ""
    for number in range(ITEMS // 2):
        price = 20 + number % 50
        items += f"  i{number}: {{name: Item {number}, price: {price}, premium: p{number}, warranty: care}}\n"
        items += f"  p{number}: {{name: Better {number}, price: {price + 10}}}\n"
        if number % 5:
            items += f"  s{number}: {{name: Set, price: 39, contains: [i{number}, i{number - 1}]}}\n"
    offers = """
  better: {kind: upgrade, item: premium, title: Better, fallback: set}
  set: {kind: cross-sell, item: bundle, title: Set, fallback: insure}
  insure: {kind: cross-sell, item: warranty, title: Care}
"""
    checkout = """
name: Checkout
owner: growth@acme.example
purpose: To be asked.
review_by: 2027-03-01
unit: customer
trigger: {on: Placement Asked, where: "properties.placement = 'checkout'", again_after: 1 minute}
goal: {event: Order Completed, within: 1 day}
experiment: {holdout: 10%}
journey:
  - prompt: {placement: checkout, offer: better}
  - wait: 7 days
"""
    catalog = f"{written['catalog.yaml']}{offers}items:\n  care: {{name: Care, price: 9}}\n{items}"
    return written | {"catalog.yaml": catalog, "workflows/checkout.yaml": checkout}


def _cart(number: int) -> bytes:
    """Write the request of a visitor with a cart of five items."""
    items = [
        {"id": f"i{(number * 7 + place) % (ITEMS // 2)}", "quantity": 1 + place % 2} for place in range(5)
    ]
    said = {"placement": "checkout", "anonymousId": f"v{number % UNITS}"}
    return json.dumps({**said, "cart": {"items": items, "currency": "USD"}}).encode()


async def _hurry(port: int, seconds: int, path: str, body: Callable[[int], bytes]) -> float:
    """Ask over every line again and again; give requests per second."""
    started, count = time.perf_counter(), 0

    async def ask(first: int) -> None:
        nonlocal count
        line, number = await Line.open(port), first
        while time.perf_counter() < started + seconds:
            await line.ask(path, body(number))
            number, count = number + LINES, count + 1
        line.close()

    await asyncio.gather(*(ask(first) for first in range(LINES)))
    return count / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
