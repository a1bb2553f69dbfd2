"""Metrics of ``catalog.yaml`` compiled: their names alone, or what customers may be told of each."""

from __future__ import annotations

from collections.abc import Mapping

from upsell.catalog.metrics import Metric, PeerRule
from upsell.rules.kinds import Kind
from upsell.workspace.documents import SETTINGS
from upsell.workspace.findings import Findings
from upsell.workspace.items import NOTHING_WRITTEN, Record
from upsell.workspace.products import compile_by_currency
from upsell.workspace.settings import Settings


def named_metrics(record: Record) -> frozenset[str]:
    """Give the metrics that the catalog names under ``metrics``, as a list or with what they are."""
    described = record.record("metrics") or NOTHING_WRITTEN
    return frozenset(leaf.text for leaf in record.leaves("metrics")) | frozenset(described.keys)


def compile_metrics(record: Record, currency: str, findings: Findings) -> Mapping[str, Metric]:
    """Compile the metrics that are described, by id."""
    described = record.record("metrics") or NOTHING_WRITTEN
    return {key: _metric(key, metric, currency, findings) for key, metric in described.records()}


def compile_peers(record: Record, settings: Settings, findings: Findings) -> PeerRule:
    """Compile who is compared with whom; without it, whoever has the same plan family and a like size."""
    written = record.record("benchmark") or NOTHING_WRITTEN
    usual = PeerRule()
    leaf = written.leaf("by")
    by: tuple[str, str] | None = None
    if leaf is not None:
        scope, _, name = leaf.text.partition(".")
        by = (scope, name)
        declared = settings.traits.get(scope)
        if declared is not None and name not in declared:
            findings.unknown(
                leaf.place, "trait", leaf.text, (f"{scope}.{each}" for each in declared), SETTINGS
            )
        elif declared is not None and declared[name] is not Kind.TEXT:
            findings.error(
                leaf.place,
                f"expected a trait that is text, got {leaf.text}, which is {declared[name].value}",
                hint="peers share a word such as an industry or a region",
                code="benchmark",
            )
    return PeerRule(by, written.integer("least", usual.least))


def _metric(key: str, record: Record, currency: str, findings: Findings) -> Metric:
    """Compile one metric."""
    name = record.text("name")
    milestones = {leaf.value for leaf in record.leaves("milestones") if isinstance(leaf.value, int)}
    return Metric(
        id=key,
        name=name,
        plural=record.text("plural", f"{name}s"),
        saves=record.integer("saves") or None,
        worth=compile_by_currency(record.items.get("worth"), currency, findings),
        milestones=tuple(sorted(milestones)),
        is_benchmarked=record.text("benchmark", "false") == "true",
    )
