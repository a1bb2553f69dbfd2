"""Reach: the channels that carry a message to somebody, and their address on each.

The law: an address that is malformed, or that refused a message for good, is none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

from upsell.rules.facts import Scalar

EMAIL: Final = "email"
SMS: Final = "sms"
PUSH: Final = "push"
CHANNELS: Final = (EMAIL, SMS, PUSH)
"""What carries a message to somebody, wherever they are."""

WEBHOOK: Final = "webhook"
"""What tells a server of the team's own; it speaks to no customer."""

PROMPT: Final = "prompt"
TASK: Final = "task"
TRIAL: Final = "trial"
"""A trial that is granted."""

CAPPED: Final = (*CHANNELS, PROMPT, TASK, TRIAL)
"""What caps may name: the channels, prompts, work given to a person, and trials."""

ADDRESS_TRAITS: Final[Mapping[str, str]] = {EMAIL: "email", SMS: "phone", PUSH: "push_token"}
"""The customer's trait that holds their address on each channel."""

_FORMS: Final[Mapping[str, re.Pattern[str]]] = {
    EMAIL: re.compile(r".*@.*", re.DOTALL),
    # E.164: a plus, the country's code and the number, 15 digits at most.
    SMS: re.compile(r"\+[1-9][0-9]{6,14}"),
    PUSH: re.compile(r"\S{8,4096}"),
}


def address_on(channel: str, traits: Mapping[str, Scalar], bounced: Collection[str]) -> str | None:
    """Give somebody's address on a channel; None when they have none or it refused messages for good."""
    address = traits.get(ADDRESS_TRAITS[channel])
    if not isinstance(address, str) or address in bounced:
        return None
    return address if _FORMS[channel].fullmatch(address) else None
