"""Built-in signals: conclusions every workspace may name, and write anew under the same name.

They are rules like any others, made from the boundaries under ``lifecycle`` in ``upsell.yaml``. The
law: a built-in signal that nothing names costs nothing (the sensitive states and the report's stage
name some), and one that lacks its data is unknown or false, never true.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from upsell.clock import DAY, Duration, format_duration
from upsell.rules.kinds import Kind
from upsell.workspace.items import Record


class Lifecycle(msgspec.Struct, frozen=True):
    """Boundaries of the stages and trends.

    Attributes:
        engagement: Names of the events that count as use of the product.
        window: Length of the window engagement is counted in, in microseconds.
        least: How many such events the window before must hold for a trend to be known.
        growing: The trend from which on engagement grows.
        falling: The trend up to which it falls.
        onboarding: How long somebody is new, in microseconds.
        renewal: How long before its date a yearly renewal is near, in microseconds.
    """

    engagement: tuple[str, ...] = ("Usage Recorded", "Feature Used", "Page Viewed", "Screen Viewed")
    window: Duration = 28 * DAY
    least: int = 20
    growing: float = 1.25
    falling: float = 0.5
    onboarding: Duration = 14 * DAY
    renewal: Duration = 30 * DAY


class StandardSignal(msgspec.Struct, frozen=True):
    """One built-in signal.

    Attributes:
        text: Its rule.
        kind: What its value is.
        meaning: What it says.
    """

    text: str
    kind: Kind
    meaning: str


def compile_lifecycle(record: Record) -> Lifecycle:
    """Compile ``lifecycle`` of ``upsell.yaml``; what is not written is as usual."""
    usual = Lifecycle()
    return Lifecycle(
        engagement=tuple(leaf.text for leaf in record.leaves("engagement")) or usual.engagement,
        window=record.integer("window", usual.window),
        least=record.integer("least", usual.least),
        growing=record.rate("growing", usual.growing),
        falling=record.rate("falling", usual.falling),
        onboarding=record.integer("onboarding", usual.onboarding),
        renewal=record.integer("renewal", usual.renewal),
    )


def standard_signals(lifecycle: Lifecycle) -> Mapping[str, StandardSignal]:
    """Give the built-in signals by name, in the order of the reference page."""
    return {**_engagement(lifecycle), **_growth(), **_stages(lifecycle)}


def _engagement(lifecycle: Lifecycle) -> dict[str, StandardSignal]:
    once, twice = _interval(lifecycle.window), _interval(2 * lifecycle.window)
    present = " + ".join(f"event_count({_quoted(name)}, {once})" for name in lifecycle.engagement)
    both = " + ".join(f"event_count({_quoted(name)}, {twice})" for name in lifecycle.engagement)
    return {
        "engagement": StandardSignal(present, Kind.NUMBER, "how often the product was used in the window"),
        "engagement_before": StandardSignal(
            f"({both}) - engagement", Kind.NUMBER, "how often in the window before it"
        ),
        "engagement_trend": StandardSignal(
            f"case when engagement_before >= {lifecycle.least} then engagement / engagement_before end",
            Kind.NUMBER,
            "the one over the other; unknown while the window before holds too little",
        ),
        "engagement_accelerating": StandardSignal(
            f"engagement_trend >= {lifecycle.growing!r}", Kind.BOOLEAN, "the product is used more and more"
        ),
        "engagement_falling": StandardSignal(
            f"engagement_trend <= {lifecycle.falling!r}", Kind.BOOLEAN, "the product is used less and less"
        ),
    }


def _growth() -> dict[str, StandardSignal]:
    number, boolean = Kind.NUMBER, Kind.BOOLEAN
    return {
        "invites_sent": StandardSignal(
            "event_count('Invite Sent', interval '14 days')", number, "invitations of colleagues in 14 days"
        ),
        "team_growth": StandardSignal("invites_sent >= 3", boolean, "a team brings its colleagues in"),
        "integrations_connected": StandardSignal(
            "event_distinct('Integration Connected', 'integration', interval '365 days')",
            number,
            "different integrations connected within a year",
        ),
        "deep_integration": StandardSignal(
            "integrations_connected >= 3", boolean, "the product is built into how they work"
        ),
        "features_explored": StandardSignal(
            "event_distinct('Feature Used', 'feature', interval '28 days')",
            number,
            "different features used in 28 days",
        ),
        "feature_exploration": StandardSignal(
            "features_explored >= 5", boolean, "they look around for what else there is"
        ),
        "buying_committee": StandardSignal(
            "event_distinct('Pricing Viewed', 'actor_role', interval '14 days') >= 2",
            boolean,
            "people in different roles of one account have looked at plans; for accounts",
        ),
        "buying_intent": StandardSignal(
            "coalesce(account.intent_score, customer.intent_score) >= 70",
            boolean,
            "a third party says that they are looking to buy: a score of 0 to 100 kept as a trait",
        ),
        "milestone_reached": StandardSignal(
            "event_count('Milestone Reached', interval '3 days') >= 1",
            boolean,
            "they have just achieved something with the product",
        ),
    }


def _stages(lifecycle: Lifecycle) -> dict[str, StandardSignal]:
    created_at = 'account.created_at, account."createdAt", customer.created_at, customer."createdAt"'
    return {
        "onboarding": StandardSignal(
            f"days_since(coalesce({created_at})) < {lifecycle.onboarding / DAY!r}"
            " and last_event('Onboarding Finished') is null",
            Kind.BOOLEAN,
            "they are new: created lately by their trait `created_at` or `createdAt`, and not through yet",
        ),
        "renewal_due": StandardSignal(
            "subscription.interval = 'year'"
            f" and days_until(subscription.renews_at) <= {lifecycle.renewal / DAY!r}",
            Kind.BOOLEAN,
            "a yearly term ends soon",
        ),
        "at_risk": StandardSignal("engagement_falling", Kind.BOOLEAN, "they may be about to leave"),
        "lifecycle_stage": StandardSignal(
            "case when at_risk then 'at_risk' when onboarding then 'onboarding'"
            " when renewal_due then 'renewal' when engagement_accelerating then 'growth' else 'maturity' end",
            Kind.TEXT,
            "`at_risk`, `onboarding`, `renewal`, `growth` or `maturity`: the first that holds",
        ),
    }


def _quoted(text: str) -> str:
    """Write a text literal."""
    return "'" + text.replace("'", "''") + "'"


def _interval(duration: Duration) -> str:
    return f"interval '{format_duration(duration)}'"
