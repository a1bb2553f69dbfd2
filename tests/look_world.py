"""A live world for the pages that are looked at: messages in most states, offers, events, refusals."""

from __future__ import annotations

from tests.live_world import LiveWorld, open_world
from tests.sinks import open_sink
from tests.stories.world import SETTINGS, START, TEMPLATE, workflow
from upsell.clock import HOUR, MINUTE, SetClock
from upsell.runtime import desk
from upsell.runtime.learning import learn
from upsell.store.outbox import LOST, State
from upsell.store.rejections import Rejection, keep_rejections

NOW = START + 2 * HOUR

CATALOG = """
default_plan: free
metrics: [api_calls, seats]
plans:
  free: {name: Free, tier: 0, limits: {api_calls: 100}}
  starter: {name: Starter, tier: 1, price: {month: 49}, limits: {api_calls: 1000, seats: 5}, cost: 12}
  pro: {name: Pro, tier: 2, price: {month: 149, year: 1490}, limits: {api_calls: 10000}, cost: 90,
    features: [SSO]}
products:
  support: {kind: add-on, name: Support, price: {month: 30}, cost: 20}
offers:
  pro-annual:
    {kind: upgrade, plan: pro, title: Pro for a year, reason: More calls, interval: year, discount: 10%,
    budget: 5000, guarantee: "Your money back, whatever the reason.", guarantee_for: 30 days,
    valid_for: 14 days, fallback: pro-trial}
  pro-trial: {kind: upgrade, plan: pro, title: Pro on trial, reason: Try it, trial_days: 14}
  support: {kind: cross-sell, product: support, title: Support by people, reason: Somebody answers}
"""

SIGNALS = """
interested: "event_count('Pricing Viewed', interval '7 days') >= 1"
never: "event_count('Colleague Praised', interval '7 days') >= 3"
"""

MAIL = "[{email: {content: t1, intent: help}}]"
OFFERED = "[{email: {content: t2, intent: offer, offer: pro-annual}}]"


def documents() -> dict[str, str]:
    """Write the workspace."""
    found = {"upsell.yaml": SETTINGS, "catalog.yaml": CATALOG, "signals.yaml": SIGNALS}
    found["segments.yaml"] = """
keen: {unit: customer, rule: "event_count('Pricing Viewed', interval '7 days', properties.seats > 5) >= 1"}
"""
    found["workflows/help.yaml"] = workflow(trigger="{on: Pricing Viewed, again_after: 1 days}", journey=MAIL)
    found["workflows/annual.yaml"] = workflow(
        trigger="{on: Limit Reached, when: interested}", journey=OFFERED, more="discount_budget: 1000"
    ).replace("name: A workflow", "name: Annual")
    return found | {f"templates/t{n}.html": TEMPLATE.format(name=f"t{n}") for n in range(1, 5)}


def fill(url: str) -> None:
    """Let things happen until ``NOW``: ada is offered something, cyd waits, of bob nobody knows."""
    sink = open_sink(lambda who: "550 no such person" if "eve" in who else "250 OK")
    with sink as mail, open_world(url, mail, clock=SetClock(START)) as world:
        world.apply(documents())
        world.clock.move_to(START + HOUR)
        for who in ("ada", "bob", "eve"):
            identify(world, who)
            world.happens("Pricing Viewed", who, url="/pricing")
        world.settle()
        world.happens("Limit Reached", "ada", metric="api_calls")
        world.settle()
        offered = world.rows("select key from outbox where workflow = 'annual'")[0][0]
        world.happens("Offer Accepted", "ada", offer="pro-annual", key=offered)
        lost = (State.UNKNOWN.value, LOST)
        world.connection.execute("update outbox set state = %s, reason = %s where customer_id = 'bob'", lost)
        world.clock.move_to(START + HOUR + MINUTE)
        for who in ("cyd", "dan", "fay"):
            identify(world, who)
            world.happens("Pricing Viewed", who, url="/pricing", visits=3)
        world.worker.run_until_idle()
        dan = key_of(world, "dan")
        desk.withdraw(world.connection, world.clock, "ada@acme.example", "a wrong price", key=dan)
        world.worker.run_until_idle()
        world.clock.move_to(NOW)
        refused = Rejection(NOW - MINUTE, "http", "3", "no_id", "expected a userId, got none", "{}")
        keep_rejections(world.connection, [refused])
        learn(world.connection)


def identify(world: LiveWorld, who: str) -> None:
    """Let a customer become known."""
    world.happens("Customer Identified", who, email=f"{who}@example.com")


def key_of(world: LiveWorld, who: str) -> str:
    """Give the key of the first message to somebody."""
    return str(world.rows(f"select key from outbox where customer_id = '{who}' order by number")[0][0])
