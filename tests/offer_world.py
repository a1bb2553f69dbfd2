"""Offers by mail to an account and to a customer, with everything a page may say of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from tests.live_world import LiveWorld, make_documents, open_world
from tests.sinks import Sink
from tests.stories.world import workflow
from upsell.channels.link_facts import DOWNGRADE, OFFER, key_token
from upsell.store.link_secrets import read_link_secrets
from upsell.workspace.documents import Documents

CATALOG = """
default_plan: free
metrics:
  api_calls: {name: API call, plural: API calls, saves: 2 minutes}
  seats: {name: seat, plural: seats}
plans:
  free: {name: Free, tier: 0, limits: {api_calls: 100}}
  starter:
    name: Starter
    tier: 1
    price: {month: 49}
    limits: {api_calls: 1000, seats: 5}
    features: [reports]
  pro:
    name: Pro
    tier: 2
    price: {month: 149, year: 1490}
    limits: {api_calls: 10000, seats: 25}
    features: [reports, single_sign_on]
offers:
  more:
    kind: upgrade
    plan: pro
    title: Room for ten times the calls
    reason: Your calls keep running into the limit of Starter; Pro has ten times as many.
    discount: 10%
    months: 6
    guarantee: Your money back within 30 days, without a question.
    downgrade: Back to Starter at any time, in one click.
    valid_for: 14 days
    testimonials:
      - {quote: We stopped counting calls., name: Grace Hopper, company: Navy Works}
      - {quote: It paid for itself in a week., name: Edsger}
"""

TEMPLATE = """---
subject: {name} for you
---
<p>{name} {{% if links.offer %}}<a href="{{{{ links.offer }}}}">Look</a>{{% endif %}}
{{% if links.downgrade %}}<a href="{{{{ links.downgrade }}}}">Back</a>{{% endif %}}</p>
"""

CROSSING = "{crossing: {of: usage_ratio('api_calls'), at: [80%, 100%]}}"
MAIL = "{email: {content: t1, intent: offer, offer: more}}"


def offer_documents(trigger: str = CROSSING, policy: str = "") -> Documents:
    """Write a workspace that offers by mail: to an account that nears a limit, to a customer who asks."""
    flows = {
        "team": workflow(
            trigger=trigger, unit="account", journey=f"[{MAIL}, {{wait: 30 days}}]", more=_WELCOME
        ),
        "own": workflow(
            trigger="{on: Pricing Viewed}", journey=f"[{MAIL}, {{wait: 30 days}}]", more=_WELCOME
        ),
    }
    return {**make_documents(flows, template=TEMPLATE, policy=policy), "catalog.yaml": CATALOG}


_WELCOME = "on_goal: [{email: {content: t2, intent: service}}]"


class Offered:
    """A world in which an offer was made by mail, to an account unless it is told otherwise."""

    def __init__(self, world: LiveWorld) -> None:
        self.world = world

    def to_account(self, *, role: str = "admin", **traits: Any) -> str:
        """Let Acme run into its limit; give the key of the mail to its admin."""
        world = self.world
        world.happens("Customer Identified", "ada", email="ada@acme.example", first_name="Ada", **traits)
        world.happens("Account Identified", "ada", "acme", name="Acme GmbH", role="admin")
        _subscribe(world, "ada", "acme")
        world.happens("Usage Recorded", "ada", "acme", metric="api_calls", quantity=850)
        world.worker.run_until_idle()
        if role != "admin":
            world.happens("Account Identified", "ada", "acme", role=role)
            world.worker.run_until_idle()
        return self.key()

    def to_customer(self, **traits: Any) -> str:
        """Let a customer ask; give the key of the mail to them."""
        world = self.world
        world.happens("Customer Identified", "bob", email="bob@example.com", **traits)
        _subscribe(world, "bob")
        world.happens("Usage Recorded", "bob", metric="api_calls", quantity=420)
        world.happens("Pricing Viewed", "bob")
        world.worker.run_until_idle()
        return self.key()

    def key(self, content: str = "t1") -> str:
        rows = self.world.rows("select key, content from outbox order by reserved_at, key")
        return str(next(key for key, name in reversed(rows) if name == content))

    def offer(self, key: str) -> str:
        return f"/a/{self._token(OFFER, key)}"

    def back(self, key: str) -> str:
        return f"/d/{self._token(DOWNGRADE, key)}"

    def told(self, name: str) -> list[dict[str, Any]]:
        """Give the properties of the events of a name, in order."""
        rows = self.world.rows(f"select properties from events where name = '{name}' order by position")
        return [msgspec.json.decode(said) for (said,) in rows]

    def _token(self, purpose: str, key: str) -> str:
        secret = read_link_secrets(self.world.connection, self.world.clock.now())[0]
        return key_token(secret, purpose, key)


def _subscribe(world: LiveWorld, customer_id: str, account_id: str | None = None) -> None:
    world.happens(
        "Subscription Started",
        customer_id,
        account_id,
        subscription_id=f"s-{customer_id}",
        plan="starter",
        amount=4_900,
        currency="USD",
        interval="month",
    )


@contextmanager
def open_offers(
    url: str, sink: Sink | None = None, base: str | None = None, **said: Any
) -> Iterator[Offered]:
    """Open a world that offers by mail."""
    with open_world(url, sink, base=base) as world:
        world.apply(offer_documents(**said))
        yield Offered(world)
