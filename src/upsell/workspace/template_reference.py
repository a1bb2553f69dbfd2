"""The reference page of templates: what they may name, and the filters in the reader's locale."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from upsell.decisions.proof_words import (
    METRIC_VALUE_NAMES,
    MILESTONE_NAMES,
    OVERAGE_NAMES,
    PEER_NAMES,
    VALUE_NAMES,
)
from upsell.workspace.filters import TOLD
from upsell.workspace.reference import GENERATED
from upsell.workspace.rulebook import (
    CART_NAMES,
    FIELDS,
    FIT_NAMES,
    LINK_NAMES,
    OFFER_NAMES,
    ORDER_NAMES,
    PLAN_NAMES,
    TRIGGER_FIELDS,
)
from upsell.workspace.template_checks import MAY_BE_ABSENT

_HEAD: Final = """\
# What templates may say

The [guide](../guides/templates.md) says how templates are written. What follows is every name they know, and
the filters beside [Liquid's own](https://jg-rp.github.io/liquid/filter_reference/). Money, moments, numbers
and shares print as the reader's locale writes them, and compare as what they are:
`{% if offer.price > 100 %}` in whole units, `{% if offer.expires_at > "2026-12-01" %}` as ISO 8601.

A name outside these is an error at `check`. A name without a value is never shown as nothing: the message is
not sent, and says which name it was. Those in *italics* are absent for some, so `check` warns where nothing
asks for them.
"""

_ROOTS: Final[Mapping[str, tuple[str, Iterable[str]]]] = {
    "customer": ("traits of whom it is for; any may be absent", ("<trait>",)),
    "account": ("traits of their account; any may be absent", ("<trait>",)),
    "plan": ("the plan they have; `price` is by the month", FIELDS["plan"]),
    "subscription": ("what they pay for it", FIELDS["subscription"]),
    "usage": ("how much of a metric they used in this period", ("<metric>",)),
    "limits": ("how much of it is included", ("<metric>",)),
    "over": ("how much is used beyond that", ("<metric>",)),
    "days_to_limit": ("in how many days they are expected to reach it", ("<metric>",)),
    "offer": ("the offer the step makes, at the terms it was reserved with", OFFER_NAMES),
    "order": ("what was accepted, in the templates `order` and `colleague` alone", ORDER_NAMES),
    "plans": ("a list: the plans they have or may move to, side by side", PLAN_NAMES),
    "fit": ("the plan that fits what they use", FIT_NAMES),
    "cart": ("what lies in their cart", frozenset(FIELDS["cart"]) | CART_NAMES),
    "proof.value.<present, last or ever>": ("what they got out of a stretch of time", VALUE_NAMES),
    "proof.value.<stretch>.metrics.<metric>": ("the same of one metric", METRIC_VALUE_NAMES),
    "proof.milestones.<metric>": ("the greatest round number they reached", MILESTONE_NAMES),
    "proof.peers.<metric>": ("what customers like them use", PEER_NAMES),
    "proof.overage": ("what they paid beyond their limits", OVERAGE_NAMES),
    "links": (
        "where they leave, choose what to hear about, answer the offer, and go back to what they had",
        LINK_NAMES,
    ),
    "sender": ("who writes", ("name", "address", "postal_address")),
    "workflow": ("the workflow that sends it", ("name",)),
    "trigger": ("what its trigger saw", TRIGGER_FIELDS),
}


def templates_page() -> str:
    """Write the reference page of facts and filters."""
    facts = "\n".join(
        f"| `{root}` | {meaning} | {', '.join(_name(root, each) for each in sorted(names))} |"
        for root, (meaning, names) in _ROOTS.items()
    )
    filters = "\n".join(
        f"| `{name}` | {each.meaning} | `{each.example}` | {each.gives} |" for name, each in TOLD.items()
    )
    return "\n".join(
        [
            GENERATED,
            "",
            _HEAD,
            "## Facts",
            "",
            "| name | what it is | fields |",
            "| --- | --- | --- |",
            facts,
            '| `locale` | the reader\'s locale, for `<mjml lang="{{ locale }}">` | |',
            "",
            "## Filters",
            "",
            "| filter | does | example | gives in `en` |",
            "| --- | --- | --- | --- |",
            filters,
            "",
            "What a filter cannot write stops the message, with the reason; it is never guessed or left out.",
            "Money and moments are not reckoned with: `{{ offer.price | times: 12 }}` is refused.",
            "",
        ]
    )


def _name(root: str, name: str) -> str:
    """Write a field, in italics where it may be absent."""
    absent = MAY_BE_ABSENT.get(root.split(".", maxsplit=1)[0], frozenset())
    return f"*`{name}`*" if absent is None or name in absent else f"`{name}`"
