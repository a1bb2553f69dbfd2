"""What is let stand has a reason, an end where one was said, and changes nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.workspace.acme import NOW, QUOTA, compiled, documents, line_of, problems_of, with_change
from tests.unit.workspace.code_examples import FAULTLESS, written_in
from upsell.clock import DAY, HOUR
from upsell.workspace.compile import compile_documents, compile_workspace
from upsell.workspace.linting import Linted, lint

ROOM = "workflows/room.yaml"
EXAMPLES = sorted(path.parent for path in (Path(__file__).parents[3] / "examples").rglob("upsell.yaml"))
REASON = "a pilot with 12 accounts, agreed with finance"


def without_holdout(waive: str) -> dict[str, str]:
    return written_in(f"# {ROOM}\nexperiment: {{holdout: 0%}}\nwaive: {waive}\n")


def linted(changed: dict[str, str], now: int = NOW) -> Linted:
    return lint(compile_documents(changed), now)


def test_what_is_waived_is_not_told_and_is_kept_with_its_reason() -> None:
    found = linted(without_holdout(f"{{no-holdout: '{REASON}'}}"))
    assert found.warnings == ()
    (waived,) = found.waived
    assert (waived.problem.code, waived.reason, waived.until) == ("no-holdout", REASON, None)


def test_a_warning_that_compiling_tells_is_waived_like_any_other() -> None:
    event = f"# {ROOM}\ngoal: {{event: Subscription Upgrade, within: 30 days}}\n"
    waive = "waive: {event-name: our billing system calls it so}\n"
    assert [problem.code for problem in problems_of(written_in(event))] == ["event-name"]
    assert problems_of(written_in(event + waive)) == ()


@pytest.mark.parametrize(
    ("waive", "code", "told"),
    [
        ("{no-holdout: }", "wrong-type", "a reason in words"),
        ("{no-holdout: pilot}", "wrong-type", "of 12 characters or more, got pilot"),
        ("{no-holdout: true}", "wrong-type", "a reason in words"),
        ("{no-holdout: {until: 2027-03-01}}", "missing-key", "the key reason"),
        (f"{{no-holdout: {{reason: '{REASON}', until: March}}}}", "wrong-type", "a date"),
        (f"{{no-holdut: '{REASON}'}}", "unknown-key", "did you mean no-holdout?"),
        (f"{{missing-key: '{REASON}'}}", "unknown-key", "got missing-key"),
        (f"{{promotion-without-end: '{REASON}'}}", "unknown-key", "got promotion-without-end"),
        ("[no-holdout]", "wrong-type", "expected the keys"),
    ],
)
def test_a_waiver_without_a_reason_or_of_nothing_is_an_error(waive: str, code: str, told: str) -> None:
    changed = without_holdout(waive)
    (problem,) = problems_of(changed)
    assert (problem.severity, problem.code, problem.line) == ("error", code, line_of(changed, ROOM, "waive"))
    assert told in str(problem)


def test_a_waiver_holds_through_its_last_day_in_the_teams_zone() -> None:
    changed = without_holdout(f"{{no-holdout: {{reason: '{REASON}', until: 2026-09-21}}}}")
    # New York is four hours behind UTC in September.
    end = (NOW // DAY + 1) * DAY + 4 * HOUR
    assert linted(changed, end - 1).warnings == ()
    assert linted(changed, end - 1).waived[0].until == "2026-09-21"
    found = linted(changed, end)
    assert found.waived == ()
    (problem,) = found.warnings
    assert problem.code == "no-holdout"
    assert "its waiver ended on 2026-09-21" in (problem.hint or "")


def test_a_waiver_of_what_does_not_occur_is_told_on_its_line() -> None:
    changed = without_holdout(f"{{no-holdout: '{REASON}', no-owner: '{REASON}'}}")
    (problem,) = problems_of(changed)
    assert (problem.code, problem.severity) == ("unused-waiver", "warning")
    assert (problem.line, "no-owner" in problem.message) == (line_of(changed, ROOM, "waive"), True)


def test_a_waiver_excuses_nothing_in_another_workflow() -> None:
    changed = without_holdout(f"{{no-holdout: '{REASON}'}}")
    changed["workflows/other.yaml"] = FAULTLESS[ROOM].replace("holdout: 10%", "holdout: 0%")
    (problem,) = problems_of(changed)
    assert (problem.file, problem.code) == ("workflows/other.yaml", "no-holdout")


def test_a_waiver_in_an_offer_excuses_that_offer_alone() -> None:
    offer = "kind: upgrade, plan: business, title: More, discount: 10%"
    waive = "waive: {promotion-without-end: 'charities pay this for good, by our statutes'}"
    text = f"# catalog.yaml\noffers:\n  grow: {{{offer}, {waive}}}\n  more: {{{offer}}}\n"
    changed = written_in(text)
    (problem,) = problems_of(changed)
    assert (problem.code, problem.line) == (
        "promotion-without-end",
        line_of(changed, "catalog.yaml", "more:"),
    )
    assert [each.problem.line for each in linted(changed).waived] == [(problem.line or 0) - 1]


def test_a_waiver_is_no_part_of_any_workflows_version() -> None:
    changed = with_change(QUOTA, "unit: account", f"unit: account\nwaive: {{no-purpose: '{REASON}'}}")
    changed["catalog.yaml"] = changed["catalog.yaml"].replace(
        "discount: 20%", f"discount: 20%\n    waive: {{promotion-without-end: '{REASON}'}}"
    )
    before, after = compiled().program.workflows, compiled(changed).program.workflows
    assert {key: each.version for key, each in after.items()} == {
        key: each.version for key, each in before.items()
    }
    assert changed != documents()


@pytest.mark.parametrize("workspace", EXAMPLES, ids=lambda path: path.parent.name + "/" + path.name)
def test_a_shipped_workspace_has_no_warning_that_stands(workspace: Path) -> None:
    assert lint(compile_workspace(workspace), NOW).warnings == ()
