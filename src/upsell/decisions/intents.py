"""Intents: what a speaking step is for, and so what may stop it.

Suppressions, caps and the slot name the intents they stop; the law is that ``service`` (about
what the customer already has) is stopped by nothing but consent and do-not-contact.
"""

from __future__ import annotations

import enum


class Intent(enum.Enum):
    """What a speaking step is for."""

    SERVICE = "service"
    HELP = "help"
    SHOW = "show"
    OFFER = "offer"


SELLING = frozenset({Intent.SHOW, Intent.OFFER})
"""Intents that want something of the customer: they take the unit's one upsell slot."""

PROMOTIONAL = frozenset({Intent.HELP, Intent.SHOW, Intent.OFFER})
"""Every intent but service: what frequency caps count and obey unless they say otherwise."""
