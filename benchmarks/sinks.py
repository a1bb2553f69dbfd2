"""Tell a webhook on this machine of many events, and print how many a second it takes, and the memory held.

Usage: python benchmarks/sinks.py [EVENTS]

An embedded server and a plain receiver in a process of its own, which verifies nothing and answers at once.
One figure is told in order, the other with eight under way; a third is a ledger with nothing for the sink.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from upsell.channels.border import read_border
from upsell.channels.sinks.definitions import read_sinks
from upsell.clock import SystemClock
from upsell.runtime.lanes import Lane
from upsell.signals.events import Event
from upsell.store.connect import connect
from upsell.store.embedded import embedded_url
from upsell.store.ledger import append, read_head
from upsell.store.migrate import migrate
from upsell.store.sinks import settle_sinks

SECRETS = {"UPSELL_SECRET_SINK_CRM": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
ANSWER = b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n"


def receive(port: Any) -> None:
    """Answer every request at once."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                await reader.readexactly(size)
                writer.write(ANSWER)
        except asyncio.IncompleteReadError:
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port.value = server.sockets[0].getsockname()[1]
        await server.serve_forever()

    asyncio.run(run())


def main(events: int) -> None:
    """Print the figures."""
    port = multiprocessing.Value("i", 0)
    receiver = multiprocessing.Process(target=receive, args=(port,), daemon=True)
    receiver.start()
    with tempfile.TemporaryDirectory() as folder:
        url = embedded_url(Path(folder))
        migrate(url)
        clock = SystemClock()
        with connect(url) as connection:
            for start in range(0, events, 1_000):
                drafts = [
                    Event(f"e{start + n}", "Offer Accepted", clock.now(), 0, f"c{n}", None, {"offer": "pro"})
                    for n in range(min(1_000, events - start))
                ]
                append(connection, drafts, clock)
            print(f"{'':<28}{'events/s':>10}{'peak MiB':>10}")
            for label, at_once, name in (
                ("in order", 1, "Offer Accepted"),
                ("eight at once", 8, "Offer Accepted"),
                ("none of them for it", 1, "Offer Declined"),
            ):
                webhook = f"{{url: 'http://127.0.0.1:{port.value}/', at_once: {at_once}}}"
                text = f"{{webhook: {webhook}, events: [{name}]}}"
                definition = read_sinks({"sinks/crm.yaml": text})["crm"]
                connection.execute("delete from sinks")
                head = read_head(connection)
                settle_sinks(connection, ["crm"], type(head)(0, head.seen_at))
                with asyncio.Runner() as runner:
                    sink = definition.open(SECRETS, read_border("127.0.0.1"))
                    lane = Lane(connection, clock, definition, sink, runner)
                    began = time.perf_counter()
                    while lane.run_once():
                        pass
                    took = time.perf_counter() - began
                    runner.run(sink.close())
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
                print(f"{label:<28}{events / took:>10,.0f}{peak:>10,.0f}")
    receiver.terminate()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5_000)
