"""Costs: what a message and a person's minute cost, for the margin that measurement reads.

The law: prices are whole millionths of a minor unit, so that fractions of a cent add up exactly; what is
not named costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

MILLIONTHS = 1_000_000
"""Prices are counted in millionths of a minor unit."""


class Costs(msgspec.Struct, frozen=True):
    """What the team pays to speak to somebody, in millionths of a minor unit of the workspace's currency.

    Attributes:
        messages: Price of a message, by channel.
        task_minute: Price of a minute of a person's work.
        minutes_per_task: How many minutes a task takes whose closing does not tell.
    """

    messages: Mapping[str, int] = msgspec.field(default_factory=dict)
    task_minute: int = 0
    minutes_per_task: int = 15

    @property
    def are_known(self) -> bool:
        """Whether anything costs something."""
        return self.task_minute > 0 or any(self.messages.values())
