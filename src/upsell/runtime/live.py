"""Live: the worker and the dispatcher kept going, each woken by what it waits for.

For the commands ``worker`` and ``up``. The law: a due moment is waited for to the moment, never
polled for; and a database that goes away is come back to, with nothing lost in between.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from upsell.channels.border import read_border
from upsell.channels.channel import Channel
from upsell.channels.email import EmailChannel
from upsell.channels.gateway import GatewayChannel
from upsell.channels.mail_file import Mail, read_mail
from upsell.channels.public_links import check_links
from upsell.channels.reconcilers import open_reconcilers
from upsell.channels.signing import read_secret
from upsell.channels.webhook import WebhookChannel
from upsell.clock import DAY, HOUR, MINUTE, SECOND, Clock, Duration, Moment
from upsell.config import Settings, link_base
from upsell.decisions.reach import EMAIL, PUSH, SMS, WEBHOOK
from upsell.runtime.approving import lapse_due
from upsell.runtime.benchmarking import benchmark
from upsell.runtime.cart_orders import settle_carts
from upsell.runtime.dispatcher import Dispatcher
from upsell.runtime.fulfil_desk import open_fulfiller
from upsell.runtime.fulfilling import fulfil_due
from upsell.runtime.guarding import guard
from upsell.runtime.learning import learn
from upsell.runtime.linking import make_linker
from upsell.runtime.notices import tell_owners
from upsell.runtime.processes import collect_rarely
from upsell.runtime.reconciling import reconcile_unknown
from upsell.runtime.staying import LONGEST_WAIT, keep_going
from upsell.runtime.visits import tell_people
from upsell.runtime.worker import Worker
from upsell.store import ledger, outbox
from upsell.store.connect import Connection
from upsell.store.letters import forget_letters
from upsell.store.links import forget_links
from upsell.store.outbox import State
from upsell.store.revisions import newest_revision

_TOLD = {
    State.RESERVED: "mail_put_off",
    State.FAILED: "mail_failed",
    State.UNKNOWN: "mail_unknown",
}
"""What is logged of messages that a mail server did not accept, by where they stand now."""

LEARNED_EACH = 10.0
"""Seconds after which it is learned again what names and kinds came."""

BENCHMARKED_EACH: Duration = HOUR
"""How often it is asked whether today has a benchmark yet."""

GUARDED_EACH: Duration = 10 * MINUTE
"""How often guardrails are looked at."""

NOTICES_EACH: Duration = 15 * SECOND
"""How often it is asked whether a notice is due."""

ORDERS_EACH: Duration = 5 * SECOND
"""How often it is asked whether billing is to be told of what was accepted."""

CARTS_EACH: Duration = MINUTE
"""How often it is looked what became of what lies in carts."""

RECONCILED_EACH: Duration = 10 * MINUTE
"""How often it is asked what became of mail whose fate is unknown."""

MOST_RECONCILED = 100
"""How many unknown mails are asked about at a time."""
VISITS_EACH: Duration = SECOND
"""How often visits that were held back are told, and some links that have expired are forgotten."""

_log = structlog.get_logger(__name__)


def run_worker(url: str, settings: Settings, clock: Clock, is_stopped: Callable[[], bool]) -> None:
    """Take the ledger further until stopped; while another worker has all shards, stand by.

    Raises:
        StoreError: The schema is not this program's.
    """
    collect_rarely()

    def work(connection: Connection) -> None:
        connection.execute(f"listen {ledger.CHANNEL}")
        worker = Worker(connection, clock, batch_size=settings.batch_size)
        _log.info("worker_started", shards=len(worker.shards))
        if newest_revision(connection) is None:
            _log.warning("no_workspace_is_live", remedy="upsell apply WORKSPACE")
        forget_at = visits_at = clock.now()
        while not is_stopped():
            if clock.now() >= visits_at:
                tell_people(connection, clock)
                forget_links(connection, clock.now())
                visits_at = clock.now() + VISITS_EACH
            if clock.now() >= forget_at:
                ledger.forget_ids(connection, clock.now() - settings.dedup_days * DAY)
                worker.forget_places()
                forget_at = clock.now() + HOUR
            # Shards that a worker held which was lost become free when the database has noticed.
            worker.hold_missing()
            if not worker.shards:
                _wait(connection, clock, None)
            elif not worker.run_once().is_behind:
                _wait(connection, clock, worker.next_due_at())

    keep_going(url, work, is_stopped)


def run_dispatcher(url: str, settings: Settings, clock: Clock, is_stopped: Callable[[], bool]) -> None:
    """Send what the outbox holds until stopped.

    Raises:
        ConfigError: Mail would leave this machine with links that lead nowhere.
    """
    collect_rarely()

    def work(connection: Connection) -> None:
        connection.execute(f"listen {outbox.CHANNEL}")
        linker = make_linker(settings, connection, clock.now())
        if linker is None:
            _log.warning("links_stay_as_they_are", remedy="say in UPSELL_PUBLIC_URL how customers reach us")
        dispatcher = Dispatcher(
            connection,
            clock,
            open_channels(settings),
            linker=linker,
            links_from=link_base(settings),
            batch_size=settings.send_batch_size,
            lease_seconds=settings.lease_seconds,
            send_attempts=settings.send_attempts,
            is_keeping_letters=settings.letter_days > 0,
        )
        _log.info("dispatcher_started", providers=[each.name for each in read_mail(settings).providers])
        if put_off := dispatcher.spread_late():
            _log.info("late_messages_spread", messages=put_off)
        forget_at = clock.now()
        try:
            while not is_stopped():
                if clock.now() >= forget_at:
                    forget_letters(connection, clock.now() - settings.letter_days * DAY)
                    forget_at = clock.now() + HOUR
                done = dispatcher.run_once(is_stopped)
                for state in (State.RESERVED, State.FAILED, State.UNKNOWN):
                    if done.by_state.get(state):
                        _log.warning(_TOLD[state], messages=done.by_state[state])
                if not done.is_behind:
                    _wait(connection, clock, dispatcher.next_attempt_at())
        finally:
            dispatcher.close()

    keep_going(url, work, is_stopped)


def open_channels(settings: Settings) -> dict[str, Channel]:
    """Give the channels that are set up: mail, and those with a gateway; nothing is opened yet.

    Raises:
        ConfigError: A gateway is not on this machine, the gateways' secret is none, or mail would leave
            this machine with links that lead nowhere.
    """
    channels: dict[str, Channel] = {EMAIL: open_mail(settings)}
    for name, url in ((SMS, settings.sms_url), (PUSH, settings.push_url)):
        if url:
            channels[name] = GatewayChannel(name, url, read_secret(settings.gateway_secret))
    if settings.gateway_secret:
        border = read_border(settings.webhook_hosts)
        channels[WEBHOOK] = WebhookChannel(read_secret(settings.gateway_secret), border)
    return channels


def check_billing(settings: Settings) -> None:
    """See that there is one billing or none, and that it is not told in the open.

    Raises:
        ConfigError: There are two, one would be told in the open, or one is told without a signature.
    """
    fulfiller = open_fulfiller(settings)
    if fulfiller is not None:
        fulfiller.close()


def check_mail(settings: Settings) -> Mail:
    """Read how mail leaves, and hold it to leaving with links that lead somewhere.

    Raises:
        ConfigError: The mail file is wrong, or mail would leave this machine with links that lead nowhere.
    """
    mail = read_mail(settings)
    for provider in mail.providers:
        check_links(provider.host, link_base(settings))
    return mail


def open_mail(settings: Settings) -> EmailChannel:
    """Give the channel for mail over the providers that are set up; nothing is opened yet.

    Raises:
        ConfigError: The mail file is wrong, or mail would leave this machine with links that lead nowhere.
    """
    mail = check_mail(settings)
    return EmailChannel.over(mail.providers, mail.keys)


def run_learner(url: str, clock: Clock, is_stopped: Callable[[], bool]) -> None:
    """Learn behind the ledger what names and kinds came, and once a day what peers use, until stopped."""

    def work(connection: Connection) -> None:
        learned_at = -LEARNED_EACH
        benchmark_at = clock.now()
        while not is_stopped():
            if clock.now() >= benchmark_at:
                made = benchmark(connection, clock)
                if made is not None:
                    _log.info("benchmark_made", kept=made.kept, withheld=made.withheld)
                benchmark_at = clock.now() + BENCHMARKED_EACH
            if time.monotonic() >= learned_at + LEARNED_EACH:
                # A piece at a time, so that a stop is heard while there is much to learn.
                is_behind = learn(connection, 1) > 0
                learned_at = learned_at if is_behind else time.monotonic()
            time.sleep(LONGEST_WAIT / 5)

    keep_going(url, work, is_stopped)


def run_guard(url: str, settings: Settings, clock: Clock, is_stopped: Callable[[], bool]) -> None:
    """Look at every guardrail each few minutes, tell owners and billing, and settle unknown mail.

    Raises:
        ConfigError: Mail would leave this machine with links that lead nowhere, or billing would be told in
            the open.
    """

    def work(connection: Connection) -> None:
        mail = open_mail(settings)
        fulfiller = open_fulfiller(settings, url)
        reconcilers = open_reconcilers(read_mail(settings).providers)
        guard_at = notices_at = reconcile_at = orders_at = carts_at = clock.now()
        while not is_stopped():
            if clock.now() >= guard_at:
                for breach in guard(connection, clock, is_stopped):
                    _log.warning("guardrail_broken", workflow=breach.workflow, words=breach.words)
                guard_at = clock.now() + GUARDED_EACH
                notices_at = clock.now()
            if clock.now() >= notices_at:
                tell_owners(connection, clock, mail)
                notices_at = clock.now() + NOTICES_EACH
            if clock.now() >= orders_at:
                lapse_due(connection, clock)
                fulfil_due(connection, clock, fulfiller, is_stopped)
                orders_at = clock.now() + ORDERS_EACH
            if clock.now() >= carts_at:
                settle_carts(connection, clock)
                carts_at = clock.now() + CARTS_EACH
            if clock.now() >= reconcile_at:
                done = reconcile_unknown(connection, clock, reconcilers, limit=MOST_RECONCILED)
                if done.sent or done.again:
                    _log.info("unknown_mail_reconciled", sent=len(done.sent), again=len(done.again))
                reconcile_at = clock.now() + RECONCILED_EACH
            time.sleep(LONGEST_WAIT / 5)

    keep_going(url, work, is_stopped)


def _wait(connection: Connection, clock: Clock, until: Moment | None) -> None:
    """Wait for a notification, the moment ``until``, or the longest wait, whichever comes first."""
    seconds = LONGEST_WAIT
    if until is not None:
        seconds = min(seconds, max(0.0, (until - clock.now()) / SECOND))
    # Taken whole: a connection cannot be used while its notifications are being looped over.
    list(connection.notifies(timeout=seconds, stop_after=1))
