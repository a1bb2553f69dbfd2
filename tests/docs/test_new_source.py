"""The guide to a new source is run as it is written: its file, its sample, and its test."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from upsell.sources.definitions import read_source
from upsell.sources.segment import Draft
from upsell.sources.source import Delivery, read_delivery
from upsell.testing.contract import LAWS, Law, open_source
from upsell.workspace.findings import Findings
from upsell.workspace.nodes import compose

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
BLOCK = re.compile(r"```(yaml|python|json)\n(.*?)```", re.DOTALL)


def blocks(page: str, language: str) -> list[str]:
    text = (GUIDES / page).read_text(encoding="utf-8")
    return [said for kind, said in BLOCK.findall(text) if kind == language]


@pytest.fixture
def guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Do what the guide says, in a folder of its own; give what its test defines."""
    (source,) = blocks("new-source.md", "yaml")
    (test,) = blocks("new-source.md", "python")
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "beacon.yaml").write_text(source, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    defined: dict[str, Any] = {}
    exec(compile(test, "test_beacon.py", "exec"), defined)  # the guide's own code
    return defined


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_the_source_of_the_guide_keeps_the_contract(guide: dict[str, Any], law: Law) -> None:
    law(guide["example"]())


def test_the_sample_of_the_guide_becomes_the_event_it_says(guide: dict[str, Any]) -> None:
    (sample,) = blocks("new-source.md", "json")
    source = open_source(Path("sources/beacon.yaml"), guide["SECRET"])
    taken = read_delivery(source, Delivery(json.dumps(json.loads(sample)).encode()), guide["NOW"])
    (item,) = taken.items
    assert isinstance(item, Draft)
    assert (item.event.name, item.event.account_id) == ("Limit Reached", "acme")


@pytest.mark.parametrize("text", blocks("sources.md", "yaml"))
def test_every_file_of_the_guide_to_sources_is_right(text: str) -> None:
    findings = Findings()
    assert compose("sources/mine.yaml", text, findings) is not None
    found = read_source("sources/mine.yaml", "mine", text, findings)
    assert findings.in_order() == ()
    assert found is not None
