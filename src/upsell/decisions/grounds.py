"""Grounds: what a policy takes as reason enough to write to somebody who has not withdrawn."""

from __future__ import annotations

import enum

import msgspec

from upsell.rules.compile import Rule


class Basis(enum.Enum):
    """On what ground a message is sent."""

    CONTRACT = "contract"
    CONSENT = "consent"
    PROVEN_CONSENT = "proven-consent"
    SOFT_OPT_IN = "soft-opt-in"
    LEGITIMATE_INTEREST = "legitimate-interest"
    NOT_WITHDRAWN = "not-withdrawn"


class Grounds(msgspec.Struct, frozen=True):
    """What the policy takes as ground for promotion on one channel.

    Attributes:
        bases: The grounds that will do, the first that holds is the message's.
        interest: When the team's legitimate interest holds; None for always.
    """

    bases: tuple[Basis, ...]
    interest: Rule | None = None
