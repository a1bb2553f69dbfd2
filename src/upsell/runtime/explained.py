"""Explanations for machines: the same content from the command and from the API.

The law: moments are ISO 8601 in UTC, money is minor units, a reason is a member of the closed set.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from upsell.clock import DAY, format_moment
from upsell.decisions.lineup import lineup_content
from upsell.decisions.proof_words import proof_content
from upsell.decisions.standing import Standing
from upsell.journeys.explain import Explanation
from upsell.runtime.explaining import Answer


def answer_content(answer: Answer) -> dict[str, Any]:
    """Give why and why not, for each workflow, with what was decided before."""
    return {
        "unit": answer.unit_id,
        "asked_as": answer.asked_as,
        "at": format_moment(answer.at),
        "revision": answer.revision,
        "standing": standing_content(answer.standing),
        "full_address": [
            {
                "rule": full.rule,
                "until": format_moment(full.until) if full.until is not None else None,
                "customers": list(full.customers),
            }
            for full in answer.full_address
        ],
        "suppressed": [
            {"reason": held.cause.value, "by": held.source, "why": held.why} for held in answer.suppressed
        ],
        "segments": [{"segment": one.segment, "since": format_moment(one.since)} for one in answer.segments],
        "workflows": [
            {
                **said,
                "recorded": [
                    {
                        "decided_at": format_moment(decided.decided_at),
                        "reason": decided.reason.value,
                        "rule": decided.rule,
                    }
                    for decided in answer.recorded.get(said["workflow"], ())
                ],
            }
            for said in reasons_content(answer.explanations)
        ],
    }


def reasons_content(explanations: Iterable[Explanation]) -> list[dict[str, Any]]:
    """Give what each workflow answers, with the values it saw."""
    return [
        {
            "workflow": one.workflow,
            "unit": one.unit_id,
            "reason": one.reason.value,
            "words": one.words,
            "rule": one.rule,
            "seen": [{"term": seen.term, "value": seen.value} for seen in one.seen],
            "would_enter": one.would_enter,
            "discounts": [
                {
                    "offer": each.offer,
                    "rate": each.rate,
                    "seen": {"term": each.seen.term, "value": each.seen.value},
                    "kept_rate": each.kept_rate,
                }
                for each in one.discounts
            ],
        }
        for one in explanations
    ]


def standing_content(standing: Standing | None) -> dict[str, Any] | None:
    """Give what somebody pays for and uses, and what can be proved to them; forecasts in days."""
    if standing is None:
        return None
    content: dict[str, Any] = msgspec.to_builtins(standing)
    for name in ("renews_at", "ends_at", "period_started_at", "period_ends_at"):
        at = getattr(standing, name)
        content[name] = format_moment(at) if at is not None else None
    if standing.fit is not None:
        content["fit"] = msgspec.to_builtins(standing.fit)
    content["plans"] = lineup_content(standing.plans)
    content["proof"] = proof_content(standing.proof)
    for use, said in zip(standing.metrics, content["metrics"], strict=True):
        spans = msgspec.structs.asdict(use.forecast)
        said["days_to_limit"] = {name: None if span is None else span / DAY for name, span in spans.items()}
        del said["forecast"]
    return content
