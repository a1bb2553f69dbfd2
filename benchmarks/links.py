"""Links: what putting them behind ours costs a mail, and how many are followed a second.

1. Mails of 3, 8 and 20 links in 2, 15 and 38 kB of HTML, each with a plain text part: microseconds of
   processor time per mail, sealing included, the best of 30 turns.
2. ``GET /l/...`` over real sockets that are kept, with server, worker and database on this machine: as
   many as 16 lines get through, each visit kept, over the links of 2,000 messages.

    python benchmarks/links.py [--seconds 10]
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from itertools import cycle

from intake import running

from upsell.channels.links import CLICK, link_token, put_behind
from upsell.clock import DAY, SystemClock
from upsell.store.connect import connect
from upsell.store.embedded import embedded_url
from upsell.store.link_secrets import read_link_secrets
from upsell.store.links import Kept, keep_links
from upsell.store.migrate import migrate

CLOCK = SystemClock()
SECRET = b"a" * 32
MESSAGES, LINES = 2_000, 16
ROW = (
    '<tr><td style="padding:12px 24px;font:16px/1.5 -apple-system,Segoe UI,sans-serif;color:#1b1f24">Some '
    "words of a paragraph that goes on for a while, as mails do, with <b>bold</b> and <i>other</i> "
    "things.</td></tr>\n"
)
LINK = (
    '<tr><td><a href="https://acme.example/p/{n}?plan=pro&amp;from=mail" target="_blank" style="display:'
    'inline-block;background:#0b5cad;color:#fff;padding:12px 20px;border-radius:6px">Go {n}</a></td></tr>\n'
)


def main() -> None:
    """Run both measurements and print their figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=10)
    chosen = parser.parse_args()
    for links, rows in ((3, 6), (8, 64), (20, 160)):
        size, spent = _rewrite(links, rows // links)
        print(f"{links} links in {size / 1000:.0f} kB: {spent * 1e6:.0f} microseconds per mail")
    waits = sorted(_follow(chosen.seconds))
    half, most = waits[len(waits) // 2], waits[int(len(waits) * 0.99)]
    print(
        f"GET /l/: {len(waits) / chosen.seconds:,.0f} redirects/s on {LINES} lines, p50 {half * 1e3:.1f} ms, "
        f"p99 {most * 1e3:.1f} ms"
    )


def _rewrite(links: int, rows: int) -> tuple[int, float]:
    html = "<html><body><table>" + "".join(ROW * rows + LINK.format(n=number) for number in range(links))
    text = "\n".join(
        f"Some words (https://acme.example/p/{number}?plan=pro&from=mail)\nand more."
        for number in range(links)
    )

    def link(place: int) -> str:
        return "https://links.acme.example/l/" + link_token(SECRET, CLICK, 123_456_789, place, 20_000 * DAY)

    turns = []
    for _ in range(30):
        started = time.process_time()
        for _ in range(100):
            put_behind(html, text, link)
        turns.append((time.process_time() - started) / 100)
    return len(html), min(turns)


def _follow(seconds: int) -> list[float]:
    with tempfile.TemporaryDirectory(prefix="upsell-bench-", ignore_cleanup_errors=True) as folder:
        url = embedded_url(f"{folder}/data")
        migrate(url)
        now = CLOCK.now()
        with connect(url) as connection:
            secret = read_link_secrets(connection, now)[0]
            kept = [
                Kept(number, f"k{number}", now + DAY, (f"https://acme.example/{number}",))
                for number in range(MESSAGES)
            ]
            keep_links(connection, kept, now)
        paths = [f"/l/{link_token(secret, CLICK, number, 0, now + DAY)}" for number in range(MESSAGES)]
        with running(url, "serve", "worker") as port:
            return asyncio.run(_ask(port, paths, seconds))


async def _ask(port: int, paths: list[str], seconds: int) -> list[float]:
    """Follow links one after the other on each line; give the seconds each waited."""
    waits: list[float] = []
    end = time.perf_counter() + seconds

    async def line(start: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for path in cycle(paths[start:] + paths[:start]):
            started = time.perf_counter()
            if started >= end:
                break
            asked = (
                f"GET {path} HTTP/1.1\r\nHost: links\r\nUser-Agent: Mozilla/5.0 (X11) Firefox/127.0\r\n\r\n"
            )
            writer.write(asked.encode())
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 302"):
                msg = f"expected 302, got {head[:200]!r}"
                raise RuntimeError(msg)
            waits.append(time.perf_counter() - started)
        writer.close()

    await asyncio.gather(*(line(start * MESSAGES // LINES) for start in range(LINES)))
    return waits


if __name__ == "__main__":
    main()
