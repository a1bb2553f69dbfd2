"""The reference pages say what the tables say."""

from __future__ import annotations

from pathlib import Path

import pytest

from upsell.signals.event_table import EVENT_TABLE
from upsell.workspace.contact_hours_reference import contact_hours_page
from upsell.workspace.reference import events_page, reasons_page, workspace_page
from upsell.workspace.template_reference import templates_page

REFERENCE = Path(__file__).parents[3] / "docs" / "reference"


PAGES = [
    ("workspace.md", workspace_page()),
    ("events.md", events_page()),
    ("templates.md", templates_page()),
    ("reasons.md", reasons_page()),
    ("contact-hours.md", contact_hours_page()),
]


@pytest.mark.parametrize(("name", "page"), PAGES)
def test_a_reference_page_is_current(name: str, page: str) -> None:
    stale = f"docs/reference/{name} is stale; run python docs/reference/write.py"
    assert (REFERENCE / name).read_text(encoding="utf-8") == page, stale


def test_every_fixed_event_has_its_section() -> None:
    page = events_page()
    for name in EVENT_TABLE:
        assert f"### {name}\n" in page
