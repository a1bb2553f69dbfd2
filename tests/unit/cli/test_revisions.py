"""The commands that put definitions live and bring them back."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live_world import make_documents, two_mails
from tests.stories.world import workflow
from tests.unit.workspace.acme import NOW
from upsell.cli.main import main
from upsell.clock import SystemClock
from upsell.store.connect import connect

pytestmark = pytest.mark.postgres

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("UPSELL_DATABASE_URL", database)

    def run_command(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["upsell", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            main()
        shown = capsys.readouterr()
        return (left.value.code if isinstance(left.value.code, int) else 0), shown.out, shown.err

    return run_command


def write(folder: Path, wait: str) -> Path:
    for name, text in make_documents({"w": two_mails(wait)}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


def test_what_is_applied_is_live_and_then_there_is_nothing_to_plan(run: Run, tmp_path: Path) -> None:
    here = write(tmp_path / "here", "1 days")
    code, planned, _ = run("plan", here)
    assert code == 0
    assert "+++ here/workflows/w.yaml" in planned
    assert "These changes would make revision 1." in planned
    code, said, _ = run("apply", here)
    assert code == 0
    assert "Revision 1 is live (" in said
    assert run("plan", here)[1].endswith("Revision 1 is live and is the same; there is nothing to apply.\n")


def test_plan_and_apply_say_how_many_warnings_stand(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SystemClock, "now", lambda _: NOW)
    here = write(tmp_path / "here", "1 hours")
    # The workflow holds nobody out, its mails come too soon, and an offer has no end.
    said = f"3 warnings stand; upsell check {here} shows them.\n"
    assert run("plan", here)[1].endswith(f"{said}These changes would make revision 1.\n")
    assert run("apply", here)[1].startswith(f"{said}Revision 1 is live (")
    flow = here / "workflows" / "w.yaml"
    reason = "nothing of it is ever sent to anybody"
    waive = f"waive: {{no-holdout: {reason}, wait-too-short: {reason}}}"
    flow.write_text(f"{flow.read_text('utf-8')}\n{waive}\n", "utf-8")
    said = f"1 warning stands, 2 are waived; upsell check --waived {here} shows them.\n"
    assert run("plan", here)[1].endswith(f"{said}These changes would make revision 2.\n")
    assert run("apply", here)[1].startswith(f"{said}Revision 2 is live (")
    assert run("plan", here)[1] == (f"{said}Revision 2 is live and is the same; there is nothing to apply.\n")


def test_applying_over_what_somebody_else_applied_is_refused_until_it_is_pulled(
    run: Run, tmp_path: Path
) -> None:
    mine, theirs = write(tmp_path / "mine", "1 days"), write(tmp_path / "theirs", "2 days")
    run("apply", theirs)
    code, _, said = run("apply", mine)
    assert code == 1
    assert "made from revision 1, which is live, got one made from no revision: pull it first" in said
    assert "-journey: [{email: {content: t1, intent: help}}, {wait: 2 days}" in said
    assert run("pull", mine)[0] == 1
    assert run("pull", "--force", mine)[:2] == (0, f"Revision 1 was written to {mine}.\n")
    write(mine, "3 days")
    assert "Revision 2 is live" in run("apply", mine)[1]
    assert (
        "made from revision 2, which is live, got one made from revision 1"
        in run("apply", write(theirs, "4 days"))[2]
    )
    assert "Revision 3 is live" in run("apply", theirs, "--over", 2)[1]


def test_a_workspace_that_is_wrong_is_not_applied(run: Run, tmp_path: Path) -> None:
    here = write(tmp_path / "here", "1 days")
    (here / "upsell.yaml").write_text("currency: USD\n", "utf-8")
    code, _, said = run("apply", here)
    assert code == 1
    assert "upsell.yaml" in said
    assert "expected a revision to be live, found none" in run("pull", tmp_path / "empty")[2]


def test_migrating_a_schema_that_is_there_changes_nothing(run: Run) -> None:
    assert run("migrate")[:2] == (0, "The schema is that of this program; nothing was changed.\n")


def test_applying_what_is_live_says_that_nothing_was_applied(run: Run, tmp_path: Path) -> None:
    here = write(tmp_path / "here", "1 days")
    run("apply", here)
    code, said, told = run("apply", here)
    assert (code, told) == (0, "")
    assert said.endswith("Revision 1 is live and is the same; nothing was applied.\n")


def test_plan_and_apply_say_what_is_meant_otherwise_than_when_the_live_revision_was_applied(
    run: Run, database: str, tmp_path: Path
) -> None:
    here = write(tmp_path / "here", "1 days")
    flow = here / "workflows" / "w.yaml"
    flow.write_text(flow.read_text("utf-8").replace("experiment: {holdout: 0%}\n", ""), "utf-8")
    run("apply", here)
    with connect(database) as connection:
        connection.execute("update revisions set edition = 1")
    assert run("plan", here)[1].endswith("Revision 1 is live and is the same; there is nothing to apply.\n")
    assert run("apply", here)[1].endswith("Revision 1 is live and is the same; nothing was applied.\n")
    flow.write_text(
        flow.read_text("utf-8").replace("review_by: 2027-01-01", "review_by: 2027-02-01"), "utf-8"
    )
    said = (
        "workflows/w.yaml names no holdout: 10 % of its customers are held out now, 0 % were before; "
        "write holdout: 0% to keep that"
    )
    assert said in run("plan", here)[1]
    assert said in run("apply", here)[1]
    assert said not in run("apply", here)[1]


def test_an_experiment_is_rolled_out_and_its_record_kept_and_listed(run: Run, tmp_path: Path) -> None:
    arms = workflow(
        trigger="{on: Pricing Viewed}",
        journey="[{email: {content: {one: t1, two: t2}, intent: help}}]",
        experiment=", vary: message, arms: {one: 50%, two: 50%}",
    )
    here = tmp_path / "here"
    for name, text in make_documents({"w": arms}).items():
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text(text, "utf-8")
    assert run("experiment", "list")[1] == "No experiment was closed yet.\n"
    run("apply", here)
    words = ("experiment", "roll", here, "w", "--arm", "two", "--why", "It reads better.")
    code, out, _ = run(*words)
    assert code == 1
    assert "  but against one nothing can be said: nobody has been exposed" in out
    assert run("experiment", "list")[1] == "No experiment was closed yet.\n"
    code, out, _ = run(*words, "--anyway")
    assert code == 0
    assert "put it live with upsell apply" in out
    listed = run("experiment", "list")[1]
    assert " w: two over one, which differed in message\n" in listed
    assert ": It reads better.\n" in listed
    assert "against one, Conversion, 30 days: not known: nobody has been exposed" in listed
    assert "-journey: [{email: {content: {one: t1, two: t2}, intent: help}}]" in run("plan", here)[1]
    assert "Revision 2 is live" in run("apply", here)[1]
