"""The documents name what exists: links lead somewhere, laws have their test, commands are told of."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from upsell.cli.codes import errors_page, lints_page
from upsell.cli.main import COMMANDS
from upsell.cli.reference import (
    commands_page,
    doctor_page,
    export_page,
    report_page,
    settings_page,
    sinks_page,
    sources_page,
)
from upsell.decisions.reasons import MEANINGS, Reason
from upsell.measurement.metrics_page import metrics_page

ROOT = Path(__file__).parents[2]
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)")
CODE = re.compile(r"`([a-z_]+/[a-z_]+\.py)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_to_a_file(page: Path) -> None:
    found = LINK.findall(page.read_text(encoding="utf-8"))
    missing = [link for link in found if not (page.parent / link).exists()]
    assert missing == []


def test_every_law_of_the_semantics_page_names_code_and_tests_that_exist() -> None:
    page = (ROOT / "docs" / "explanation" / "semantics.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ") and "`" in line]
    assert len(rows) > 15
    for row in rows:
        named = CODE.findall(row)
        missing = [
            name
            for name in named
            if not (ROOT / "src" / "upsell" / name).exists() and not (ROOT / "tests" / name).exists()
        ]
        assert missing == [], row


def test_every_command_is_told_of_with_every_option_explained() -> None:
    page = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
    assert page == commands_page(), "commands.md is stale; run python docs/reference/write.py"
    assert [name for name in COMMANDS if f"## upsell {name}\n" not in page] == []
    assert [line for line in page.splitlines() if line.endswith("|  |") and "`" in line] == []


def test_every_code_is_told_of() -> None:
    for name, page in (("lints.md", lints_page()), ("errors.md", errors_page())):
        stale = f"{name} is stale; run python docs/reference/write.py"
        assert (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8") == page, stale


def test_every_setting_is_told_of() -> None:
    page = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    assert page == settings_page(), "settings.md is stale; run python docs/reference/write.py"


def test_every_key_of_a_source_is_told_of() -> None:
    page = (ROOT / "docs" / "reference" / "sources.md").read_text(encoding="utf-8")
    assert page == sources_page(), "sources.md is stale; run python docs/reference/write.py"


def test_every_key_of_a_sink_is_told_of() -> None:
    page = (ROOT / "docs" / "reference" / "sinks.md").read_text(encoding="utf-8")
    assert page == sinks_page(), "sinks.md is stale; run python docs/reference/write.py"


def test_every_metric_is_told_of() -> None:
    page = (ROOT / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8")
    assert page == metrics_page(), "metrics.md is stale; run python docs/reference/write.py"


def test_every_check_of_the_doctor_is_told_of() -> None:
    page = (ROOT / "docs" / "reference" / "doctor.md").read_text(encoding="utf-8")
    assert page == doctor_page(), "doctor.md is stale; run python docs/reference/write.py"


def test_every_key_of_a_reports_json_is_told_of() -> None:
    page = (ROOT / "docs" / "reference" / "report.md").read_text(encoding="utf-8")
    assert page == report_page(), "report.md is stale; run python docs/reference/write.py"


def test_every_column_of_the_export_is_told_of() -> None:
    page = (ROOT / "docs" / "reference" / "export.md").read_text(encoding="utf-8")
    assert page == export_page(), "export.md is stale; run python docs/reference/write.py"


def test_every_reason_has_a_meaning() -> None:
    assert set(MEANINGS) == set(Reason)


def test_every_decision_page_says_what_guards_it() -> None:
    parts = ("## Context", "## Decision", "## Consequences", "## Alternatives", "## The check that guards it")
    for page in sorted((ROOT / "docs" / "decisions").glob("0*.md")):
        text = page.read_text(encoding="utf-8")
        assert [part for part in parts if part not in text] == [], page.name
