"""Webhooks: a server of the team's own is told that a journey reached a step.

Each is one signed POST by Standard Webhooks, with the message's key as ``webhook-id``. The law: it
speaks to no customer, and it goes to no address inside the team's network that a setting does not name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from upsell.channels.border import Border, read_border
from upsell.channels.channel import Letter, Receipt
from upsell.channels.posting import Post, Poster, sign_post, write_posts
from upsell.channels.signing import read_secret
from upsell.clock import Moment, format_moment
from upsell.config import Settings
from upsell.errors import DeliveryError
from upsell.ids import bare, is_account
from upsell.journeys.effects import Speak
from upsell.journeys.household import Household
from upsell.journeys.program import Program
from upsell.journeys.steps import TrialStep, WebhookStep
from upsell.rules.facts import Scalar

STRIPE: Final = "stripe"
"""Whom a letter goes to that is of a trial without an address: Stripe grants, ends and converts it."""

_encode = msgspec.json.Encoder().encode


class WebhookChannel:
    """Tells servers of the team's own."""

    def __init__(self, secret: bytes, border: Border, *, connections: int = 4) -> None:
        """Go where a border lets through; nothing is opened yet."""
        self._secret = secret
        self._poster = Poster("the server", connections, border)

    async def send(self, letters: Sequence[Letter], within: float) -> list[Receipt]:
        """Post letters; see ``Channel.send``. A host that is not allowed is refused for good."""
        posts, refused = write_posts(letters, self._post)
        return refused + await self._poster.send(posts, within)

    async def close(self) -> None:
        """Close every kept connection."""
        await self._poster.close()

    def _post(self, letter: Letter) -> Post:
        return sign_post(self._secret, letter, letter.recipient, letter.text.encode())


def open_webhooks(settings: Settings) -> WebhookChannel:
    """Give the channel for the public internet, and for the hosts that are allowed besides.

    Raises:
        ConfigError: The gateways' secret is none, or a host that is to be allowed is none.
    """
    return WebhookChannel(read_secret(settings.gateway_secret), read_border(settings.webhook_hosts))


def write_webhook(program: Program, household: Household, message: Speak, now: Moment) -> Letter:
    """Write what a server is told: which journey reached which step, and whose traits.

    Raises:
        DeliveryError: The step is no webhook any more.
    """
    workflow = program.of_version(message.workflow, message.version)
    steps = {**workflow.journey.steps, **workflow.on_goal.steps} if workflow is not None else {}
    step = steps.get(message.step)
    if not isinstance(step, WebhookStep | TrialStep):
        msg = f"expected a webhook at step {message.step} of {message.workflow}, found none in its version"
        raise DeliveryError(msg, is_temporary=False)
    is_of_account = is_account(message.unit_id)
    data = {
        "workflow": message.workflow,
        "version": message.version,
        "enrollment": message.enrollment,
        "step": message.step,
        "visit": message.visit,
        "arm": message.arm,
        "account_id": bare(household.id) if is_account(household.id) else None,
        "customer_id": None if is_of_account else bare(message.unit_id),
        "trigger": message.trigger,
        "offer": message.offer,
        "terms": message.terms,
        "ends_at": _ends_at(step, message),
        "traits": _traits(household, message),
    }
    kind = step.says if isinstance(step, WebhookStep) else "trial.granted"
    said = {"type": kind, "timestamp": format_moment(message.reserved_at), "data": data}
    return Letter(
        key=message.key,
        sender_name="",
        sender="",
        recipient=step.url or STRIPE,
        subject="",
        html="",
        text=_encode(said).decode(),
        written_at=now,
    )


def _ends_at(step: WebhookStep | TrialStep, message: Speak) -> str | None:
    """Give when a trial that is granted ends."""
    return format_moment(message.reserved_at + step.lasts) if isinstance(step, TrialStep) else None


def _traits(household: Household, message: Speak) -> Mapping[str, Scalar]:
    if is_account(message.unit_id):
        return household.account.profile.traits if household.account is not None else {}
    person = household.customers.get(bare(message.unit_id))
    return person.profile.traits if person is not None else {}
