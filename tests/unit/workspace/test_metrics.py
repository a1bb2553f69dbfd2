"""Metrics are a list of names, or what customers may be told of each; templates may say no more than that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.unit.workspace.acme import compiled, line_of, problems_of, with_change
from upsell.catalog.metrics import Metric, PeerRule
from upsell.clock import MINUTE
from upsell.decisions.benchmarks import Benchmark, Cohort
from upsell.decisions.proof import Achieved, Compared, MetricValue, OveragePaid, ProofFacts, Stretch, Value
from upsell.decisions.proof_words import proof_told
from upsell.errors import DefinitionError
from upsell.money import Money
from upsell.workspace.compile import compile_documents
from upsell.workspace.findings import Findings
from upsell.workspace.templates import compile_templates

DESCRIBED = """metrics:
  seats: {name: seat}
  api_calls:
    name: API call
    saves: 2 minutes
    worth: {USD: 0.05, EUR: 0.04}
    milestones: [10000, 100, 10000]
    benchmark: true
  visits: {name: visit to the shop, plural: visits to the shop}
benchmark: {by: account.region, least: 30}
"""


def described(text: str = DESCRIBED) -> dict[str, str]:
    return with_change("catalog.yaml", "metrics: [seats]\n", text)


def test_a_described_metric_is_known_by_its_words_assumptions_and_milestones() -> None:
    catalog = compiled(described()).program.catalog
    assert catalog.metrics == {"seats", "api_calls", "visits"}
    assert catalog.described["api_calls"] == Metric(
        id="api_calls",
        name="API call",
        plural="API calls",
        saves=2 * MINUTE,
        worth={"USD": Money(5, "USD"), "EUR": Money(4, "EUR")},
        milestones=(100, 10_000),
        is_benchmarked=True,
    )
    assert catalog.described["visits"].plural == "visits to the shop"
    assert catalog.peers == PeerRule(("account", "region"), 30)


def test_a_list_of_metrics_describes_none_and_peers_are_twenty_at_least() -> None:
    catalog = compiled().program.catalog
    assert catalog.metrics == {"seats", "api_calls"}
    assert catalog.described == {}
    assert catalog.peers == PeerRule(None, 20)


def test_describing_a_metric_makes_no_workflow_another_one() -> None:
    before, after = compiled().program.workflows, compiled(described()).program.workflows
    assert [each.version for each in before.values()] == [each.version for each in after.values()]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("name: API call\n", "nme: API call\n", "did you mean name?"),
        ("saves: 2 minutes", "saves: 2", "a duration"),
        ("USD: 0.05", "USD: 0.005", "at most 2 digits"),
        ("USD: 0.05", "USB: 0.05", "ISO 4217"),
        ("milestones: [10000, 100, 10000]", "milestones: [0]", "whole number, 1 or more"),
        ("milestones: [10000, 100, 10000]", "milestones: []", "at least one value"),
        ("benchmark: true", "benchmark: maybe", "true or false"),
        ("least: 30", "least: 9", "whole number, 10 or more"),
        ("by: account.region", "by: account.regoin", "did you mean account.region?"),
        ("by: account.region", "by: region", "a trait such as account.industry"),
        ("by: account.region", "by: account.is_partner", "trait that is text, got account.is_partner"),
    ],
)
def test_a_wrong_line_is_told_with_its_place(old: str, new: str, said: str) -> None:
    changed = described(DESCRIBED.replace(old, new))
    found = [each for each in problems_of(changed) if said in f"{each.message} {each.hint}"]
    assert found, problems_of(changed)
    assert (found[0].file, found[0].line) == ("catalog.yaml", line_of(changed, "catalog.yaml", new))


def mail(html: str, text: str = DESCRIBED) -> dict[str, str]:
    return {**described(text), "templates/optimise-usage.html": f"---\nsubject: Hi\n---\n{html}\n"}


@pytest.mark.parametrize(
    "html",
    [
        "{% if proof.value.last %}{{ proof.value.last.sentence }}{% endif %}",
        "{{ proof.value.ever.metrics.visits.used }} {{ proof.value.present.hours }}",
        "{{ proof.milestones.api_calls.milestone }} {{ proof.peers.api_calls.median }}",
        "{% if proof.peers %}{{ proof.overage.total }}{% endif %}",
        "{% for each in proof.value.last.metrics %}{{ each[1].sentence }}{% endfor %}",
    ],
)
def test_a_template_may_say_what_can_be_proved(html: str) -> None:
    compile_documents(mail(html))


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ("{{ proof.valeu.last.sentence }}", "did you mean proof.value?"),
        ("{{ proof.value.lst.sentence }}", "did you mean proof.value.last?"),
        ("{{ proof.value.last.hour }}", "did you mean proof.value.last.hours?"),
        ("{{ proof.value.last.metrics.visit.used }}", "did you mean proof.value.last.metrics.visits?"),
        ("{{ proof.value.last.metrics.visits.usd }}", "did you mean proof.value.last.metrics.visits.used?"),
        ("{{ proof.milestones.visits.milestone }}", "known variables: proof.milestones.api_calls"),
        ("{{ proof.peers.seats.median }}", "known variables: proof.peers.api_calls"),
        ("{{ proof.overage.sum }}", "got proof.overage.sum"),
    ],
)
def test_a_template_may_say_nothing_else(html: str, said: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        compile_documents(mail(html))
    (problem,) = caught.value.problems
    assert said in f"{problem.message} {problem.hint}"


def test_every_name_that_is_ever_told_is_one_that_templates_may_say() -> None:
    metric = compiled(described()).program.catalog.described["api_calls"]
    money = Money(5, "USD")
    values = tuple(
        Value(each, 0, 1, (MetricValue(metric, 2.0, 3, money),), 3, money, money, 1.0) for each in Stretch
    )
    peers = Benchmark("api_calls", Cohort(True, "", 0), 0, 20, 1, 2, 3)
    proof = ProofFacts(
        values,
        (Achieved(metric, 100, 5, 105, 0),),
        (Compared(metric, 2.0, 0, peers),),
        OveragePaid(money, money, 1, money, 0),
    )
    for path in paths(proof_told(proof, str), "proof"):
        compile_documents(mail(f"{{{{ {path} }}}}"))


def paths(told: Mapping[str, Any], at: str) -> list[str]:
    found = []
    for name, value in told.items():
        found += paths(value, f"{at}.{name}") if isinstance(value, Mapping) else [f"{at}.{name}"]
    return found


def test_without_a_catalog_that_can_be_read_no_metric_is_complained_of() -> None:
    findings = Findings()
    scopes = {"proof": {"peers": None}}
    guarded = "{% if proof.peers.any.thing %}{{ proof.peers.any.thing }}{% endif %}"
    documents = {"templates/x.html": f"---\nsubject: Hi\n---\n{guarded}{{{{ proof.x.y }}}}\n"}
    compile_templates(documents, "en", scopes, {}, findings)
    (problem,) = findings.in_order()
    assert problem.message == "expected a variable templates know, got proof.x"


def test_peers_of_no_metric_cannot_be_told() -> None:
    with pytest.raises(DefinitionError, match=r"got proof\.peers\.api_calls") as caught:
        compile_documents(
            mail("{{ proof.peers.api_calls.median }}", DESCRIBED.replace("benchmark: true", ""))
        )
    assert caught.value.problems[0].hint == "none is known there; metrics are in catalog.yaml"
