"""Lawfulness: on what ground somebody may be written to, per channel, purpose and product family.

The law: a withdrawal beats every ground but the contract itself. Where the policy names no grounds for
a channel, whoever has not withdrawn may be written to; where it does, one of them must hold.
"""

from __future__ import annotations

from collections.abc import Sequence

from upsell.catalog.catalog import Catalog
from upsell.decisions.consents import is_given, is_proven
from upsell.decisions.contact import Contact
from upsell.decisions.decision import Seen, Verdict
from upsell.decisions.facts import UnitFacts
from upsell.decisions.grounds import Basis, Grounds
from upsell.decisions.intents import PROMOTIONAL, Intent
from upsell.decisions.reasons import Reason
from upsell.signals.profiles import Profile


def find_basis(
    grounds: Grounds | None,
    contact: Contact,
    facts: UnitFacts,
    catalog: Catalog,
    buyers: Sequence[Profile],
    channel: str,
    intent: Intent,
    family: str,
) -> Basis | Verdict:
    """Give the ground on which somebody who has not withdrawn may be written to, or why there is none.

    Args:
        grounds: What the policy takes for the channel; None when it says nothing.
        contact: What they allow.
        facts: The person, as of now.
        catalog: Whose plans belong to which family.
        buyers: Whose purchases count, also what has ended: the person, and whoever pays for them.
        channel: How it would be sent.
        intent: What it is for; ``service`` is part of the contract.
        family: Product family it is about, empty for the main one.
    """
    if intent not in PROMOTIONAL:
        return Basis.CONTRACT
    if grounds is None:
        return Basis.NOT_WITHDRAWN
    for basis in grounds.bases:
        if _holds(basis, grounds, contact, facts, catalog, buyers, channel, family):
            return basis
    asked = ", ".join(basis.value for basis in grounds.bases)
    seen = (Seen("family", family),) if family else ()
    retry_at = grounds.interest.next_change_at(facts) if grounds.interest is not None else None
    return Verdict(Reason.NO_CONSENT, f"{channel} asks for {asked}", seen, retry_at)


def _holds(
    basis: Basis,
    grounds: Grounds,
    contact: Contact,
    facts: UnitFacts,
    catalog: Catalog,
    buyers: Sequence[Profile],
    channel: str,
    family: str,
) -> bool:
    match basis:
        case Basis.CONSENT:
            return is_given(contact, channel, family)
        case Basis.PROVEN_CONSENT:
            return is_proven(contact, channel, family)
        case Basis.SOFT_OPT_IN:
            return any(_has_bought(buyer, catalog, family) for buyer in buyers)
        case Basis.LEGITIMATE_INTEREST:
            return grounds.interest is None or grounds.interest.value(facts) is True
        case Basis.CONTRACT | Basis.NOT_WITHDRAWN:
            return False


def _has_bought(buyer: Profile, catalog: Catalog, family: str) -> bool:
    """Tell whether something of a family was sold: ordered or subscribed to, for money and not on trial."""
    if family in buyer.bought:
        return True
    return any(
        held.amount > 0 and held.status != "trialing" and family in catalog.families_of(held.plan)
        for held in buyer.subscriptions.values()
    )
