"""A world for the pages that prove and hold: orders above a limit, guardrails with counts, experiments."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from tests.acceptance.test_accepting import Shop
from tests.live_world import ON_PRICING, open_world
from tests.stories.world import workflow
from upsell.clock import DAY
from upsell.decisions.guardrails import Action
from upsell.ids import share
from upsell.runtime.approving import Decision, refuse
from upsell.runtime.programs import Programs
from upsell.store.guardrails import Broken, keep_breach
from upsell.store.orders import find_order

LIMIT = "accepting: {approval_above: {USD: 1000}, approval_within: 5 days}\n"
NAMED = LIMIT.replace("}, ", "}, approvers: [grace@acme.example], ")
MAIL = "[{email: {content: {short: t1, long: t2}, intent: help}}]"
QUOTA = workflow(
    trigger=ON_PRICING,
    journey=MAIL,
    holdout="20%",
    experiment=", vary: message, arms: {short: 50%, long: 50%}",
    more="guardrails: {complaint_rate: 1%, unsubscribe_rate: 2%, excess_churn_rate: 2%, least: 30}",
).replace("name: A workflow", "name: API quota upgrade")


@contextmanager
def open_shop(url: str, settings: str = LIMIT) -> Iterator[Shop]:
    """Open a shop that sells nothing above a limit without approval, and in which a guardrail is broken."""
    with open_world(url) as world:
        shop = Shop(world, url)
        shop.extra = {"workflows/quota.yaml": QUOTA}
        shop.apply(settings=settings)
        yield shop
        shop.decider.close()


def ask(shop: Shop, who: str) -> str:
    """Let somebody accept what is above the limit; give the key of their order."""
    shop.world.happens("Customer Identified", who, email=f"{who}@acme.example", first_name=who.capitalize())
    return shop.take(shop.show(who), who).order.key


def count_mail(shop: Shop) -> None:
    """Let mail have been counted, of which more was complained of than is allowed."""
    shop.world.connection.execute(
        "insert into guarded_messages"
        " (since, stretch, workflow, channel, mailbox, sent, bounced, complained, unsubscribed)"
        " values (moment(0), 700, 'quota', 'email', '', 400, 3, 21, 2),"
        " (moment(0), 700, 'w', 'email', '', 12, 0, 0, 0)"
    )


def break_guardrail(shop: Shop, workflow: str = "quota", ended: int = 0) -> None:
    """Let a guardrail of a workflow be found broken."""
    words = "complaint_rate: 21 complaints of 397 delivered; rate 5.29 %, between 2.9 % and 8.9 %, limit 1 %"
    broken = Broken("complaint_rate", Action.PAUSE, words, ended)
    assert keep_breach(shop.world.connection, shop.world.clock, workflow, broken) is not None


def fill(shop: Shop) -> list[str]:
    """Let three accept what is above the limit, one of whom was refused; give the keys of the orders."""
    keys = [ask(shop, who) for who in ("ada", "bob", "eve")]
    programs = Programs()
    programs.refresh(shop.world.connection)
    order = find_order(shop.world.connection, keys[2])
    assert order is not None
    no = Decision(
        "grace@acme.example", "we cannot deliver so many", "We cannot deliver that many this month."
    )
    refuse(shop.world.connection, shop.world.clock, programs, order, no)
    return keys


def plant(shop: Shop, units: int = 1_200) -> None:
    """Let units have been exposed four months ago, of whom the treated converted more.

    A fifth is held out and converts one time in ten; of the others those of long convert more than of short.
    """
    begun = shop.world.clock.now() - 120 * DAY
    shop.world.connection.execute(
        "insert into exposures (unit_id, workflow, contrast, arm, share, stratum, exposed_at, enrollment)"
        " select 'c:u' || n, 'quota', 'holdout', case when mod(n, 5) = 0 then 'holdout' else 'treated' end,"
        " case when mod(n, 5) = 0 then 0.2 else 0.8 end, 's',"
        " moment(%(begun)s) + n * interval '1 minute', 'e' || n"
        " from generate_series(0, %(units)s - 1) as n"
        " union all"
        " select 'c:u' || n, 'quota', 'arms', case when mod(n, 2) = 0 then 'short' else 'long' end, 0.5, 's',"
        " moment(%(begun)s) + n * interval '1 minute', 'e' || n"
        " from generate_series(0, %(units)s - 1) as n where mod(n, 5) <> 0",
        {"begun": begun, "units": units},
    )
    rates = {"holdout": 0.1, "short": 0.2, "long": 0.35}
    events = []
    for number in range(units):
        arm = "holdout" if number % 5 == 0 else ("short" if number % 2 == 0 else "long")
        if share("converts", f"c:u{number}") >= rates[arm]:
            continue
        said = {"amount": 9_000 + number % 7 * 300, "currency": "USD"}
        for name, properties in (("Subscription Upgraded", {}), ("Order Completed", said)):
            event = shop.world.event(name, f"u{number}", **properties)
            events.append(msgspec.structs.replace(event, occurred_at=begun + 2 * DAY))
    shop.world.append(events)
