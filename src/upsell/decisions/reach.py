"""Reach: the channels that carry a message to somebody, and the trait that says where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

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
