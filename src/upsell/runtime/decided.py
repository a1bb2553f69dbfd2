"""Decided: what was decided in a request, for machines: servers, chatbots and agents."""

from __future__ import annotations

from typing import Any

import msgspec

from upsell.clock import format_moment
from upsell.decisions.lineup import lineup_content
from upsell.decisions.proof_words import proof_content
from upsell.runtime.deciding import Asked, Prompted
from upsell.runtime.explained import reasons_content
from upsell.runtime.prompt_views import view_prompted


def decided_content(prompted: Prompted, asked: Asked, locale: str = "") -> dict[str, Any]:
    """Give an answer for machines, with what is said to people beside it; ``locale`` as of a view."""
    said = prompted.prompt
    prompt = None
    if said is not None:
        offer = prompted.program.catalog.offers.get(str(said.get("offer")))
        prompt = {
            "key": said["prompt"],
            "workflow": said["workflow"],
            "intent": said["intent"],
            "content": said.get("content"),
            "offer": None
            if offer is None
            else {
                "id": offer.id,
                "kind": offer.kind.value,
                "title": offer.title,
                "reason": offer.reason,
                "trial_days": offer.trial_days,
                "months": offer.months,
                "guarantee": offer.guarantee,
                "downgrade": offer.downgrade,
                "terms": said["terms"],
            },
            "proof": proof_content(prompted.proof),
            "view": msgspec.to_builtins(view_prompted(prompted, locale)),
        }
    return {
        "id": asked.id,
        "at": format_moment(prompted.at),
        "unit": prompted.unit_id,
        "dry_run": asked.is_dry_run,
        "prompt": prompt,
        "plans": lineup_content(prompted.plans),
        "reasons": reasons_content(prompted.reasons),
    }
