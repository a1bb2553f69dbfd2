"""Laws of mapping files: strict, every problem at once, with line and advice."""

from __future__ import annotations

from pathlib import Path

import pytest

from upsell.errors import DefinitionError, Problem
from upsell.sources.defaults import default_mapping
from upsell.sources.mapping import NameRule, Subject, TimeUnit, parse_mapping, read_mapping

WHOLE = """\
zone: Europe/Paris
files:
  log: {match: 'log*.csv', columns: {n: integer}}
tables:
  totals: select user, sum(n) as n, min(at) as first from log group by user
records:
  - from: log
    skip: user = 'x'
    event: {of: page, names: {a: Page A}, others: skip}
    customer: user
    occurred_at: {of: at, unit: ms}
    properties: {n: n}
  - from: totals
    customer: user
    account: "'acme'"
    role: "'admin'"
    occurred_at: first
    account_traits: {n: n}
"""


def problems(text: str) -> tuple[Problem, ...]:
    with pytest.raises(DefinitionError) as caught:
        parse_mapping("map.yaml", text)
    return caught.value.problems


def test_a_mapping_says_what_its_file_says() -> None:
    mapping = parse_mapping("map.yaml", WHOLE)
    log, totals = mapping.records
    assert isinstance(log.name, NameRule)
    assert (log.name.names, log.name.only) == ({"a": "Page A"}, True)
    assert (log.occurred_at.unit, log.occurred_at.zone) == (TimeUnit.MILLISECONDS, "Europe/Paris")
    assert (totals.subject, totals.occurred_at.unit) == (Subject.ACCOUNT, TimeUnit.ISO)
    assert mapping.files[0].columns == {"n": "integer"}


def test_an_unknown_key_is_named_with_its_line_and_the_nearest_one() -> None:
    (problem,) = problems(WHOLE.replace("    skip: user", "    skipp: user"))
    assert (problem.file, problem.line, problem.hint) == ("map.yaml", 8, "did you mean skip?")


def test_every_problem_is_told_at_once() -> None:
    found = problems(
        WHOLE.replace("unit: ms", "unit: msec")
        .replace("from: totals", "from: total")
        .replace("zone:", "zoen:")
    )
    assert {problem.line for problem in found} == {1, 11, 13}
    assert {problem.hint for problem in found} >= {"did you mean totals?", "did you mean zone?"}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("    customer: user\n    occurred_at: {", "    occurred_at: {", "needs the key customer"),
        ("    account: \"'acme'\"\n", "", "account_traits need the key account"),
        ("    account_traits: {n: n}", "", "exactly one of event"),
        ("    account_traits: {n: n}", "    account_traits: {n: n}\n    event: X", "exactly one of event"),
        ("    skip: user = 'x'", "    role: \"'admin'\"", "role stands beside account_traits"),
    ],
)
def test_a_record_that_lacks_what_it_says_is_about_is_refused(before: str, after: str, said: str) -> None:
    assert any(said in problem.message for problem in problems(WHOLE.replace(before, after)))


def test_an_empty_file_is_no_mapping() -> None:
    (problem,) = problems("")
    assert "got an empty file" in problem.message


def test_a_file_that_is_not_there_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="expected a mapping file"):
        read_mapping(tmp_path / "map.yaml")


def test_the_default_mapping_is_a_mapping() -> None:
    assert [record.source.sql for record in default_mapping().records] == ["events"]
