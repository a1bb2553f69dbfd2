"""What stands in the JSON of a report, key by key: the page of reference is written from this.

The law: within a version every key here stays and keeps its meaning; others may come beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

KEYS: Final[Mapping[str, str]] = {
    "format": "always `upsell-report`",
    "version": "1; a key that goes or changes its meaning makes it 2",
    "about": "what was run, in a sentence; empty for a report on what is live",
    "as_of": "the moment of the report, ISO 8601 in UTC; only windows that had closed by then count",
    "currency": "ISO 4217 code of every amount; amounts are in its minor units",
    "workflows[]": "one for each workflow, in order of their keys",
    "workflows[].key": "the workflow's key: the stem of its file",
    "workflows[].name": "what people call it",
    "workflows[].headline": "what it earned, in a sentence that claims no more than the interval",
    "workflows[].unit": "`account` or `customer`: what is decided about and counted",
    "workflows[].holdout_rate": "planned share of the holdout, 0 to 1",
    "workflows[].goal.event": "name of the event it is for",
    "workflows[].goal.within_seconds": "length of the goal's window after exposure",
    "workflows[].horizon_seconds": "length of the revenue's window after exposure",
    "workflows[].funnel.considered": "units that were a candidate at least once",
    "workflows[].funnel.let_in": "of those, units let in and spoken to",
    "workflows[].funnel.held_out": "of those, units let in as shadows",
    "workflows[].funnel.not_let_in[]": "the others by their last reason: `reason`, `rule`, `count`",
    "workflows[].funnel.messages_sent": "messages the provider accepted",
    "workflows[].funnel.messages_unknown": "messages of which that is not known; they count as sent",
    "workflows[].funnel.messages_failed": "messages refused for good",
    "workflows[].funnel.messages_waiting": "messages still on their way out",
    "workflows[].funnel.withheld[]": "messages stopped in the moment of sending: `reason`, `rule`, `count`",
    "workflows[].funnel.silenced[]": "units whose journey stood still or ended early, likewise",
    "workflows[].lifts[]": "treated against holdout, then each pair of arms; within a pair by metric",
    "workflows[].lifts[].contrast": "`holdout` or `arms`",
    "workflows[].lifts[].metric": "`net_committed_revenue`, `recurring_revenue_change`, `conversion`, "
    "`margin` or `net_value_after_regret`; without known costs the margin is the revenue",
    "workflows[].lifts[].currency": "of money; null for conversion",
    "workflows[].lifts[].arm.arm": "the arm whose effect it is",
    "workflows[].lifts[].arm.exposed": "its units exposed, windows closed or not",
    "workflows[].lifts[].arm.closed": "its units whose window has closed",
    "workflows[].lifts[].arm.total": "sum of their outcomes: conversions, or minor units",
    "workflows[].lifts[].arm.mean": "mean outcome per closed unit, or why it cannot be said",
    "workflows[].lifts[].against": "the arm it is compared with, likewise",
    "workflows[].lifts[].absolute.kind": "`effect`, or `undetermined`; so for `relative` and `total`",
    "workflows[].lifts[].absolute": "effect per unit: `estimate`, `low`, `high`, `level`; or `reason` "
    "(of a closed set) and `detail`",
    "workflows[].lifts[].relative": "the same as a fraction of the other arm's mean",
    "workflows[].lifts[].total": "effect on the arm's closed units together",
    "workflows[].lifts[].readings[]": "the same effect read in other ways: `reading`, `detail`, and "
    "`absolute`, `relative`, `total` likewise",
    "workflows[].lifts[].sample_ratio": "the check of the arms' sizes with `p_value` and `verdict`, or why "
    "there is none",
    "workflows[].lifts[].open_units": "units whose window has not closed",
    "workflows[].lifts[].crossed_units": "units seen in more than one arm, counted in their first",
    "workflows[].left_out[]": "money that was counted and not added: another currency, or unreadable",
    "workflows[].stages[]": "with `--by-stage`, `stage` and `lift` for each lifecycle stage",
    "workflows[].health": "with `--health`, what speaks for and against the readings: `checks`, "
    "`contamination`, `dilution`; else null",
    "workflows[].outlook": "when a conversion that cannot be read yet can be: `closed`, `needed`, `lift`, "
    "`per_day`, `lasts` (microseconds, or why that is not known); else null",
    "programme": "all workflows together against the global control; null without one",
    "charts[]": "every chart, in order",
    "charts[].key": "a name of its own within the report",
    "charts[].title": "what it finds",
    "charts[].alternative": "the same in words",
    "charts[].spec": "Vega-Lite without colours: marks name a style",
    "charts[].table.caption": "what its numbers are of",
    "charts[].table.head[]": "names of the columns",
    "charts[].table.rows[]": "every number that is drawn, as text",
    "charts[].table.align": "`l` or `r` for each column",
}
"""Meaning of each key by its path; ``[]`` is any member of a list."""
