"""A world for the pages that prove and hold: orders above a limit, guardrails with counts, experiments."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.acceptance.test_accepting import Shop
from tests.live_world import ON_PRICING, open_world
from tests.stories.world import workflow
from upsell.clock import DAY
from upsell.decisions.guardrails import Action
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


def pass_days(shop: Shop, days: int) -> None:
    """Let days pass."""
    shop.world.clock.move_to(shop.world.clock.now() + days * DAY)


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
