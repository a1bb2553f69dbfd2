"""The expansion scorecard: which metrics tell how far expansion comes, stage by stage.

For whoever answers for growth. The law: it counts nothing itself, each line is a metric of the catalogue; and
upsell, cross-sell and retention are told apart by the kind of the offers a workflow makes.
"""

from __future__ import annotations

import enum

import msgspec


class ExpansionStage(enum.Enum):
    """How far an account has come on the way to a bigger one."""

    DISCOVER = "discover"
    QUALIFY = "qualify"
    RECOMMEND = "recommend"
    PROVE = "prove"
    COMMIT = "commit"
    EXPAND = "expand"


class StageLines(msgspec.Struct, frozen=True):
    """What is told of one stage.

    Attributes:
        stage: The stage.
        says: When an account is in it, in one sentence.
        metrics: Ids of the metrics that tell of it, in order.
    """

    stage: ExpansionStage
    says: str
    metrics: tuple[str, ...]


SCORECARD = (
    StageLines(
        ExpansionStage.DISCOVER,
        "A signal fired: a workflow considered the unit.",
        ("funnel",),
    ),
    StageLines(
        ExpansionStage.QUALIFY,
        "It may be offered something, as eligibility goes: a qualified expansion account.",
        ("eligibility_rate",),
    ),
    StageLines(
        ExpansionStage.RECOMMEND,
        "A play was started with it, and something was said or shown.",
        ("signal_to_play_rate", "impression_rate"),
    ),
    StageLines(
        ExpansionStage.PROVE,
        "It answered: followed a link, or met a person.",
        ("click_through_rate", "task_funnel", "pipeline"),
    ),
    StageLines(
        ExpansionStage.COMMIT,
        "It took an offer, reached the goal, or signed a deal.",
        (
            "acceptance_rate",
            "conversion_rate",
            "opportunity_win_rate",
            "win_rate",
            "average_deal_size",
            "attributed_deal_size",
        ),
    ),
    StageLines(
        ExpansionStage.EXPAND,
        "It pays more, uses what it bought, and stays.",
        (
            "attributed_expansion",
            "expansion_mrr",
            "expansion_margin",
            "feature_activation_rate",
            "attach_rate",
            "nrr",
            "grr",
        ),
    ),
)
"""Every line of the scorecard; each metric stands in one stage."""
