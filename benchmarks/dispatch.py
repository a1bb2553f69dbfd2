"""Mails a second that one dispatcher process sends from a full outbox, and where its time goes.

Every mail is of another customer and says the ready ``offer``. It is claimed, its household read as of now,
the second gate asked, its Liquid rendered, its links put behind ours, written as MIME, kept as it is, handed
over by SMTP and recorded. The mail sink is a process of its own and
its capacity is measured first, by the same mail pumped at it without a thought. The figure that tells is
processor time for each mail: on a shared machine the clock on the wall tells of the neighbours.

    python benchmarks/dispatch.py [--mails 20000] [--runs 3] [--stages]
"""

from __future__ import annotations

import argparse
import logging
import os
import socket
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from multiprocessing import get_context
from threading import Thread, get_ident
from typing import Any

import msgspec
import psycopg
import structlog

from upsell.channels import email, render
from upsell.channels.channel import Answer, Letter, Receipt
from upsell.channels.email import EmailChannel
from upsell.channels.mime import format_mail
from upsell.clock import SystemClock
from upsell.config import Settings
from upsell.runtime import dispatcher as dispatching
from upsell.runtime.apply import apply
from upsell.runtime.dispatcher import Dispatcher
from upsell.runtime.linking import Linker, make_linker
from upsell.runtime.live import run_worker
from upsell.runtime.processes import collect_rarely
from upsell.signals.events import Event
from upsell.store.connect import Connection, connect
from upsell.store.embedded import embedded_url, make_database
from upsell.store.ledger import append
from upsell.store.letters import LetterPress
from upsell.store.migrate import migrate
from upsell.store.outbox import State
from upsell.testing.mail_sink import HOST, MailSinkProcess, open_mail_sink

CLOCK = SystemClock()
AT_ONCE = 1_000
LISTMONK = 5_930
"""Mails a second by listmonk's transactional API, as its makers published; it asks no gate."""

SETTINGS = """
name: Acme
currency: USD
zone: Europe/Berlin
sender: {name: Acme Reports, address: hello@acme.example, postal_address: "1 Road, 10115 Berlin"}
policy:
  caps: [{at_most: 2, within: 7 days}, {at_most: 1, within: 1 days, intents: [offer]}]
"""
CATALOG = """
default_plan: free
metrics: [reports, seats]
plans:
  free: {name: Free, tier: 0, limits: {reports: 100, seats: 3}, features: [export]}
  team: {name: Team, tier: 1, price: {month: 49}, limits: {reports: 1000, seats: 10}, features: [share]}
  pro: {name: Pro, tier: 2, price: {month: 149}, limits: {reports: 10000, seats: 50}, features: [api]}
offers:
  pro-annual: {kind: upgrade, plan: pro, title: Pro for a year, reason: Room for more, discount: 10%}
"""
WORKFLOW = """
name: More room
owner: growth@acme.example
purpose: Who runs many reports hears what the next plan holds.
review_by: 2027-03-01
unit: customer
trigger: {on: Checkout Started, again_after: 90 days}
eligible: ["plan.tier < 2", "customer.region in ('US', 'EU')"]
suppress: ["subscription.status = 'trialing'", "event_count('Checkout Started', interval '1 day') > 50"]
goal: {event: Subscription Upgraded, within: 30 days}
experiment: {holdout: 0%}
journey:
  - email: {content: offer, intent: offer, offer: pro-annual}
  - wait: 3 days
  - email: {content: offer, intent: offer, offer: pro-annual}
"""
READY = files("upsell.runtime") / "ready_templates"
TEMPLATES = {
    "templates/offer.mjml": READY / "offer.mjml",
    **{f"templates/partials/{path.name}": path for path in (READY / "partials").iterdir()},
}
"""The offer as it is shipped, and its partials."""


class Stages:
    """Time by stage, of the processor and on the wall; what an inner stage takes is not the outer one's."""

    def __init__(self) -> None:
        """Have measured nothing yet."""
        self.cpu: dict[str, float] = {}
        self.wall: dict[str, float] = {}
        self._open: dict[int, list[tuple[str, float, float]]] = {}

    def wrap(self, module: Any, name: str, stage: str) -> None:
        """Measure a function of a module wherever the module's own code calls it."""
        function: Callable[..., Any] = getattr(module, name)

        def measured(*given: Any, **named: Any) -> Any:
            """Do the same and count."""
            self._begin(stage)
            try:
                return function(*given, **named)
            finally:
                self._end()

        setattr(module, name, measured)

    def _begin(self, stage: str) -> None:
        opened = self._open.setdefault(get_ident(), [])
        now = time.thread_time(), time.perf_counter()
        if opened:
            self._add(opened[-1], now)
        opened.append((stage, *now))

    def _end(self) -> None:
        opened = self._open[get_ident()]
        now = time.thread_time(), time.perf_counter()
        self._add(opened.pop(), now)
        if opened:
            opened[-1] = (opened[-1][0], *now)

    def _add(self, begun: tuple[str, float, float], now: tuple[float, float]) -> None:
        stage, cpu, wall = begun
        self.cpu[stage] = self.cpu.get(stage, 0.0) + now[0] - cpu
        self.wall[stage] = self.wall.get(stage, 0.0) + now[1] - wall


class Figures(msgspec.Struct, frozen=True):
    """One run: mails a second by the wall, and processor seconds a mail of dispatcher and sink."""

    rate: float
    cpu: float
    sink_cpu: float


def main() -> None:
    """Fill an outbox once, send it from copies, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=Settings().send_batch_size)
    parser.add_argument("--stages", action="store_true", help="measure stages too; it costs some itself")
    parser.add_argument("--profile", default="", help="write a cProfile of the last run to this file")
    chosen = parser.parse_args()
    collect_rarely()
    with tempfile.TemporaryDirectory(prefix="upsell-bench-", ignore_cleanup_errors=True) as folder:
        bench = Bench(folder, chosen.mails, chosen.batch)
        with open_mail_sink() as sink:
            capacity, sink_cpu, size = bench.measure_sink(sink)
        print(f"{'one mail':50} {size:>9,} bytes")
        print(f"{'yardstick: a plain loop of Python, to compare runs by':50} {yardstick():>9,.1f} ms")
        print(
            f"{'the sink alone takes':50} {capacity:>9,.0f} mails/s, {sink_cpu * 1e6:.0f} us of its CPU each"
        )
        runs = [bench.measure() for _ in range(chosen.runs)]
        show("sent with every check (target 1,500)", [each.rate for each in runs], "mails/s by the wall")
        show("the same by processor time", [1 / each.cpu for each in runs], "mails/s for a core of its own")
        show("processor time of the dispatcher", [each.cpu * 1e6 for each in runs], "us a mail")
        show("processor time of the sink", [each.sink_cpu * 1e6 for each in runs], "us a mail")
        print(f"{'listmonk, transactional API, as published':50} {LISTMONK:>9,} mails/s; it asks nothing")
        if chosen.stages:
            stages = Stages()
            watch(stages)
            figures = bench.measure()
            print("where it goes, in us a mail: of the processor, and on the wall with waiting")
            for stage, seconds in sorted(stages.cpu.items(), key=lambda each: -each[1]):
                show_stage(stage, seconds / chosen.mails, stages.wall[stage] / chosen.mails)
            cpu, wall = sum(stages.cpu.values()), sum(stages.wall.values())
            show_stage(
                "SMTP and the rest", figures.cpu - cpu / chosen.mails, 1 / figures.rate - wall / chosen.mails
            )
            show_stage("all", figures.cpu, 1 / figures.rate)
        if chosen.profile:
            import cProfile  # noqa: PLC0415  # only where asked for

            profile = cProfile.Profile()
            bench.measure(profile)
            profile.dump_stats(chosen.profile)


def watch(stages: Stages) -> None:
    """Measure each stage of the dispatcher."""
    stages.wrap(dispatching, "claim_messages", "claim")
    stages.wrap(dispatching, "take_snapshot", "snapshot")
    stages.wrap(dispatching, "ask_gate", "gate")
    stages.wrap(dispatching, "write_letter", "render: what a template may name")
    stages.wrap(render, "_rendered", "render: Liquid")
    stages.wrap(render, "with_footer", "footer")
    stages.wrap(Linker, "link", "links")
    stages.wrap(email, "format_mail", "mime")
    stages.wrap(LetterPress, "keep", "record: letters")
    stages.wrap(dispatching, "keep_links", "record: links")
    stages.wrap(dispatching, "start_sending", "record: sending")
    stages.wrap(dispatching, "finish_messages", "record: outbox")
    stages.wrap(dispatching, "settle_places", "record: places")
    stages.wrap(dispatching, "append", "record: ledger")


class Bench:
    """A full outbox on an embedded server, sent from copies of it."""

    def __init__(self, folder: str, mails: int, batch: int) -> None:
        """Start the server in a folder and fill the outbox."""
        self._url = embedded_url(folder)
        self._mails = mails
        self._batch = batch
        self._made = 0
        make_database(self._url, "full")
        migrate(self._at("full"))
        self._fill(self._at("full"))

    def measure(self, profile: Any = None) -> Figures:
        """Send a copy of the full outbox."""
        with self._copy() as url, open_mail_sink() as sink, connect(url) as connection:
            connection.execute("vacuum analyze")
            dispatcher = Dispatcher(
                connection,
                CLOCK,
                {"email": EmailChannel(HOST, sink.port)},
                linker=make_linker(Settings(), connection, CLOCK.now()),
                batch_size=self._batch,
            )
            dispatcher.run_once()
            begun = len(sink.taken().accepted)
            sink_cpu, cpu, started = sink.taken().cpu_seconds, time.process_time(), time.perf_counter()
            if profile is not None:
                profile.enable()
            sent = dispatcher.run_until_idle().by_state.get(State.SENT, 0)
            if profile is not None:
                profile.disable()
            wall, cpu = time.perf_counter() - started, time.process_time() - cpu
            taken = sink.taken()
            dispatcher.close()
            assert sent + begun == self._mails, f"expected {self._mails} mails to be sent, found {sent}"
            assert set(taken.accepted.values()) == {1}, "a mail was taken twice"
            assert len(taken.accepted) == self._mails
            return Figures(sent / wall, cpu / sent, (taken.cpu_seconds - sink_cpu) / sent)

    def measure_sink(self, sink: MailSinkProcess) -> tuple[float, float, int]:
        """Give mails a second that the sink takes, its processor time for each, and the size of one mail."""
        letters: list[Letter] = []
        with self._copy() as url, connect(url) as connection:
            linker = make_linker(Settings(), connection, CLOCK.now())
            dispatcher = Dispatcher(connection, CLOCK, {"email": Keeps(letters)}, linker=linker, batch_size=1)
            dispatcher.run_once()
            dispatcher.close()
        # Doubled dots are not needed: no line of this mail begins with one.
        mail = format_mail(letters[0])
        said = b"MAIL FROM:<a@acme.example>\r\nRCPT TO:<b@acme.example>\r\nDATA\r\n" + mail + b".\r\n"
        number, before = 20_000, sink.taken().cpu_seconds
        with socket.create_connection((HOST, sink.port)) as talk:
            reader = talk.makefile("rb")
            reader.readline()
            started = time.perf_counter()
            pump = Thread(target=lambda: [talk.sendall(said * 50) for _ in range(number // 50)])
            pump.start()
            for _ in range(4 * number):
                reader.readline()
            rate = number / (time.perf_counter() - started)
            pump.join()
        return rate, (sink.taken().cpu_seconds - before) / number, len(mail)

    def _fill(self, url: str) -> None:
        """Let a worker process put one mail for each of many customers into the outbox."""
        documents = {
            "upsell.yaml": SETTINGS,
            "catalog.yaml": CATALOG,
            "workflows/more.yaml": WORKFLOW,
            **{path: file.read_text(encoding="utf-8") for path, file in TEMPLATES.items()},
        }
        with connect(url) as connection:
            apply(connection, documents, CLOCK, expected=0)
            process = get_context("spawn").Process(target=work, args=(url, os.getpid()))
            process.start()
            try:
                for start in range(0, self._mails, AT_ONCE):
                    append(connection, happenings(range(start, min(start + AT_ONCE, self._mails))), CLOCK)
                wait_until_taken(connection)
            finally:
                process.terminate()
                process.join()
            queued = connection.execute("select count(*) from outbox where state = 'reserved'").fetchone()
            assert queued == (self._mails,), f"expected {self._mails} messages in the outbox, found {queued}"

    def _at(self, name: str) -> str:
        return self._url.replace("/upsell?", f"/{name}?", 1)

    @contextmanager
    def _copy(self) -> Iterator[str]:
        self._made += 1
        name = f"bench_{self._made}"
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(f"create database {name} template full")
            yield self._at(name)
            connection.execute(f"drop database {name} with (force)")
            connection.execute("checkpoint")


class Keeps:
    """A channel that keeps letters and refuses them."""

    def __init__(self, letters: list[Letter]) -> None:
        """Put letters into a list."""
        self._letters = letters

    async def send(self, letters: Any, within: float) -> list[Any]:  # noqa: ARG002  # the contract's
        """Keep the letters, and say that they may come again at once."""
        self._letters += letters
        return [Receipt(letter.key, Answer.REFUSED, "kept") for letter in letters]

    async def close(self) -> None:
        """Let go of nothing."""


def happenings(numbers: range) -> list[Event]:
    """Make what is known of some customers, and what brings each a mail."""
    now = CLOCK.now()
    events: list[Event] = []
    for n in numbers:
        person = f"user-{n}"
        traits = {
            "email": f"{person}@example.com", "first_name": f"Ada {n}", "region": "EU", "country": "DE",
            "company": f"Analytical Engines {n}", "role": "admin", "signed_up": "2024-03-01",
        }  # fmt: skip
        used = {"metric": "reports", "quantity": 60 + n % 40}
        events += [
            Event(f"i{n}", "Customer Identified", now, 0, person, None, traits, "bench"),
            Event(f"u{n}", "Usage Recorded", now, 0, person, None, used, "bench"),
            Event(f"c{n}", "Checkout Started", now, 0, person, None, {}, "bench"),
        ]  # fmt: skip
    return events


def work(url: str, parent: int) -> None:
    """Be a worker process until the parent is gone, and say only what is wrong."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    run_worker(url, Settings(), CLOCK, lambda: os.getppid() != parent)


def wait_until_taken(connection: Connection) -> None:
    """Wait until the worker has taken the whole ledger."""
    behind = "select count(*) from cursors where position < (select position from ledger_head)"
    while connection.execute(behind).fetchone() != (0,):
        time.sleep(0.01)


def yardstick() -> float:
    """Give the milliseconds of processor time a fixed piece of plain Python takes here and now.

    Neighbours make every instruction dearer; what two runs found is compared by this.
    """
    before = time.process_time()
    said = {f"name {n % 100}": str(n) for n in range(100_000)}
    assert len(said) == 100
    return (time.process_time() - before) * 1000


def show_stage(stage: str, cpu: float, wall: float) -> None:
    """Print one stage."""
    print(f"  {stage:48} {cpu * 1e6:>9.0f} {wall * 1e6:>9.0f}")


def show(what: str, figures: list[float], what_of: str) -> None:
    """Print the median of some figures with the least and the greatest."""
    middle = statistics.median(figures)
    print(f"{what:50} {middle:>9,.0f} {what_of} [{min(figures):,.0f}..{max(figures):,.0f}]", flush=True)


if __name__ == "__main__":
    main()
