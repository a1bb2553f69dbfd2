"""Pages of what can be wrong with an experiment: whom it draws, its ramp, layers and the global control."""

from __future__ import annotations

from typing import Final

from upsell.workspace.codes.page import Page

PAGES: Final = (
    Page(
        code="by",
        meaning="A workflow about accounts is to draw customers.",
        remedy="Leave by out, or write the workflow with unit: customer.",
        wrong="""\
# workflows/room.yaml
experiment: {holdout: 10%, by: customer}
""",
        right="""\
# workflows/room.yaml
experiment: {holdout: 10%, by: account}
""",
    ),
    Page(
        code="ramp",
        meaning="The steps of a ramp are out of order, or one does not grow.",
        remedy="Each begins later than the one before, with more; status: paused stops a workflow.",
        wrong="""\
# workflows/room.yaml
experiment:
  holdout: 10%
  ramp: [{from: 2026-10-01, share: 50%}, {from: 2026-11-01, share: 20%}]
""",
        right="""\
# workflows/room.yaml
experiment:
  holdout: 10%
  ramp: [{from: 2026-10-01, share: 20%}, {from: 2026-11-01, share: 50%}]
""",
    ),
    Page(
        code="layer",
        meaning="The shares of a layer come to more than 100%, or a workflow is in two layers.",
        remedy="Let the shares fit, and name each workflow in one layer.",
        wrong="""\
# upsell.yaml
layers: {mails: {room: 60%}, prices: {room: 40%}}
""",
        right="""\
# upsell.yaml
layers: {mails: {room: 60%}}
""",
    ),
    Page(
        code="unknown-workflow",
        meaning="A layer names a workflow that is not written.",
        remedy="Name a workflow by its file, without .yaml.",
        wrong="""\
# upsell.yaml
layers: {mails: {rom: 60%}}
""",
        right="""\
# upsell.yaml
layers: {mails: {room: 60%}}
""",
    ),
    Page(
        code="control",
        meaning="The global control washes out for as long as a whole period, or longer.",
        remedy="Let the wash-out be shorter than the period, or nobody who changed sides is ever counted.",
        wrong="""\
# upsell.yaml
policy: {global_control: {share: 2%, period: month, wash_out: 28 days}}
""",
        right="""\
# upsell.yaml
policy: {global_control: {share: 2%, period: month, wash_out: 7 days}}
""",
    ),
    Page(
        code="roll",
        meaning="An experiment is written so that its arms cannot be cut out of the text.",
        remedy="Write aliases and merge keys out, or take vary, arms and the other values out by hand.",
    ),
    Page(
        code="edition",
        meaning="A revision was applied by a later release, which may have meant more by what is not said.",
        remedy="Run the release that applied it, or a later one.",
    ),
)
"""The pages, in the order in which they are listed."""
