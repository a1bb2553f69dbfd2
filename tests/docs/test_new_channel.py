"""The guide to a new channel is run as it is written: its file, and its test."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

from tests.docs.test_new_source import blocks
from upsell.testing.channel_contract import DISPATCHED_LAWS, LAWS, DispatchedLaw, Law


@pytest.fixture
def guide(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Do what the guide says; give what its test defines."""
    file, test = blocks("new-channel.md", "python")
    beacon = ModuleType("beacon")
    monkeypatch.setitem(sys.modules, "beacon", beacon)
    exec(compile(file, "beacon.py", "exec"), beacon.__dict__)  # the guide's own code
    defined: dict[str, Any] = {}
    exec(compile(test, "test_beacon.py", "exec"), defined)  # the guide's own code
    return defined


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_the_channel_of_the_guide_keeps_the_contract(guide: dict[str, Any], law: Law) -> None:
    law(guide["example"]())


@pytest.mark.postgres
@pytest.mark.parametrize("law", DISPATCHED_LAWS, ids=lambda law: law.__name__)
def test_the_channel_of_the_guide_behind_the_dispatcher_keeps_the_contract(
    guide: dict[str, Any], law: DispatchedLaw, database: str
) -> None:
    law(guide["example"](), database)
