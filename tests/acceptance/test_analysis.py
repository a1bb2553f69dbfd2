"""The Python API: an export and its database answer the same, and the example notebook runs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.test_export import begin, live
from tests.live_world import open_world
from tests.sinks import Sink, open_sink
from upsell.analysis import LIFT_COLUMNS, open_database, open_export
from upsell.clock import to_datetime
from upsell.errors import ConfigError
from upsell.measurement.answers import Effect
from upsell.measurement.question import Contrast, Metric
from upsell.runtime.exports.writing import export

pytestmark = pytest.mark.postgres

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "examples" / "notebooks" / "lift.ipynb"


@pytest.fixture
def sink() -> Iterator[Sink]:
    with open_sink() as opened:
        yield opened


@pytest.fixture
def exported(database: str, sink: Sink, tmp_path: Path) -> Path:
    with open_world(database, sink) as world:
        begin(world)
        live(world, range(24), 35)
        export(database, tmp_path / "export", world.clock)
    return tmp_path / "export"


def test_an_export_and_its_database_give_the_same_tables_and_results(database: str, exported: Path) -> None:
    with open_export(exported) as data, open_database(database) as live_data:
        assert data.workflows == live_data.workflows == {"one": "A workflow", "two": "A workflow"}
        for name in data.tables:
            assert data.table(name).schema == live_data.table(name).schema
            assert sorted(map(repr, data.table(name).to_pylist())) == sorted(
                map(repr, live_data.table(name).to_pylist())
            )
        at = to_datetime(data.as_of)
        for as_of in (at, at - timedelta(days=20)):
            assert data.report(as_of=as_of) == live_data.report(as_of=as_of)
            assert data.lift_table(as_of) == live_data.lift_table(as_of)
        assert data.charts(at) == live_data.charts(at)
        for name in ("messages_per_unit", "time_to_upgrade", "mrr_movements"):
            assert data.metric(name) == live_data.metric(name, until=at)
        assert data.metric("messages_per_unit", by="workflow")
        with pytest.raises(ConfigError, match="known: "):
            data.metric("arpa", by="colour")
        assert data.lifts("one") == live_data.lifts("one", at)
        assert data.funnel("two") == live_data.funnel("two", at)


def test_a_table_of_lifts_has_numbers_or_the_reason_why_not(exported: Path) -> None:
    with open_export(exported) as data:
        table = data.lift_table()
        assert table.schema == LIFT_COLUMNS
        lifts = [lift for key in data.workflows for lift in data.lifts(key)]
        for row, lift in zip(table.to_pylist(), lifts, strict=True):
            is_known = isinstance(lift.absolute, Effect)
            assert (row["estimate"] is None) != is_known
            assert (row["why_not"] is None) == is_known
            assert row["units"] == lift.arm.closed


def test_what_is_not_there_is_refused_with_the_nearest(exported: Path) -> None:
    with open_export(exported) as data:
        with pytest.raises(ConfigError, match="did you mean messages"):
            data.table("mesages")
        with pytest.raises(ConfigError, match="known: one, two"):
            data.lifts("zzz")
        with pytest.raises(ValueError, match="with a zone"):
            data.report(as_of=datetime(2026, 1, 1))
        assert data.report(as_of=datetime(2000, 1, 1, tzinfo=UTC)).workflows[0].funnel.considered == 0


def run_notebook() -> dict[str, Any]:
    """Run the notebook's code cells in their order; give what they named."""
    content = json.loads(NOTEBOOK.read_text("utf-8"))
    names: dict[str, Any] = {}
    for number, cell in enumerate(content["cells"]):
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), f"{NOTEBOOK.name}[{number}]", "exec"), names)
    return names


def test_the_notebook_runs_over_an_export(
    exported: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UPSELL_EXPORT", str(exported))
    named = run_notebook()
    assert named["lifts"].num_rows == 2 * len(Metric)
    assert "net_committed_revenue" in capsys.readouterr().out
    # By hand and by the program: the shares of one stratum are the same.
    with open_export(exported) as data:
        conversion = next(
            lift
            for lift in data.lifts(named["first"])
            if lift.metric is Metric.CONVERSION and lift.contrast is Contrast.HOLDOUT
        )
    by_hand = {row["arm"]: row["units"] for row in named["naive"].to_pylist()}
    assert sum(by_hand.values()) >= conversion.arm.closed + conversion.against.closed > 0
    assert named["charts"][0]._repr_svg_().startswith("<svg")


def test_the_notebook_holds_nothing_of_a_machine() -> None:
    content = json.loads(NOTEBOOK.read_text("utf-8"))
    code = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert not re.search(r"/(home|tmp|root|work|Users)/", NOTEBOOK.read_text("utf-8"))
    assert content["nbformat"] == 4
    assert len({cell["id"] for cell in content["cells"]}) == len(content["cells"])


@pytest.mark.slow
def test_the_notebook_runs_over_the_demo_as_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = json.loads(NOTEBOOK.read_text("utf-8"))["cells"][0]["source"]
    commands = [line.strip() for line in said if "upsell " in line]
    assert len(commands) == 2
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    (bin_folder / "upsell").write_text(f'#!/bin/sh\nexec {sys.executable} -m upsell "$@"\n')
    (bin_folder / "upsell").chmod(0o755)
    here = {**os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT / "src")}
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for command in commands:
        subprocess.run(command, shell=True, check=True, cwd=tmp_path, env=here, capture_output=True)
    monkeypatch.chdir(tmp_path)
    named = run_notebook()
    assert set(named["data"].workflows) == {"locked-feature", "renewal", "usage-limit"}
