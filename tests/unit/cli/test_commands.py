"""The door: what is typed, what is printed where, and the exit code."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import upsell
from tests.unit.workspace.acme import ACME, NOW, QUOTA, documents, with_change
from upsell.cli.codes import PAGES
from upsell.cli.main import COMMANDS, _load, main
from upsell.clock import SystemClock
from upsell.workspace.files import FileKind


def _run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["upsell", *words])
    with pytest.raises(SystemExit) as left:
        main()
    shown = capsys.readouterr()
    code = left.value.code
    return (code if isinstance(code, int) else 0), shown.out, shown.err


@pytest.fixture(autouse=True)
def _before_any_review_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SystemClock, "now", lambda _: NOW)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    for path, text in with_change("upsell.yaml", "currency: USD", "curency: USD").items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    return tmp_path


def test_a_right_workspace_is_checked_with_exit_code_0(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = _run(capsys, monkeypatch, "check", str(ACME))
    assert (code, err) == (0, "")
    assert out == (
        "No problems in 3 workflows, 5 signals and 3 segments. It can be applied.\n"
        "1 waived; --waived shows it.\n"
    )


def test_problems_are_printed_with_file_and_line_and_exit_code_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, written: Path
) -> None:
    code, out, err = _run(capsys, monkeypatch, "check", str(written))
    assert (code, out) == (1, "")
    assert (
        f"{written}/upsell.yaml:2: error: expected a known key, got curency [unknown-key]\n"
        "    did you mean currency?\n"
    ) in err
    assert "What the codes in brackets mean: upsell check --explain unknown-key\n" in err
    assert err.endswith("1 error. Put it right and check again; nothing was changed.\n")


def test_warnings_alone_leave_the_exit_code_at_0(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, written: Path
) -> None:
    settings = (written / "upsell.yaml").read_text(encoding="utf-8")
    (written / "upsell.yaml").write_text(settings.replace("curency", "currency"), encoding="utf-8")
    quota = written / "workflows" / "api-quota.yaml"
    quota.write_text(
        quota.read_text(encoding="utf-8").replace("review_by: 2027-03-01\n", ""), encoding="utf-8"
    )
    code, out, err = _run(capsys, monkeypatch, "check", str(written))
    assert code == 0
    assert "warning: expected review_by" in err
    assert out.startswith("No errors, 1 warning in 3 workflows")
    assert _run(capsys, monkeypatch, "check", "--strict", str(written))[0] == 1
    assert _run(capsys, monkeypatch, "check", "--strict", str(ACME))[0] == 0


def test_what_was_waived_is_shown_with_its_reason_when_asked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = _run(capsys, monkeypatch, "check", "--waived", str(ACME))
    line = 1 + (ACME / "workflows" / "welcome-back.yaml").read_text("utf-8").split("\n").index("  - email:")
    assert (code, "waived" in out) == (0, False)
    assert err == (
        f"{ACME}/workflows/welcome-back.yaml:{line}: waived: expected a step that helps before an offer is "
        "made, got the offer first [offer-before-help]\n"
        "    Whoever looks at the prices again has asked; there is nothing to help with.\n"
    )
    _, out, _ = _run(capsys, monkeypatch, "check", "--json", str(ACME))
    told = json.loads(out)
    assert (told["warnings"], told["problems"]) == (0, [])
    (waived,) = told["waived"]
    assert (waived["code"], waived["line"], waived["until"]) == ("offer-before-help", line, None)
    assert waived["reason"].startswith("Whoever looks")


@pytest.mark.parametrize("code", list(PAGES))
def test_every_code_is_explained_with_what_to_do_and_where_it_stands(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    left, out, err = _run(capsys, monkeypatch, "check", "--explain", code)
    assert (left, err) == (0, "")
    assert out.startswith(f"# {code}\n\n{PAGES[code].meaning[:40]}")
    assert "What to do." in out
    assert max(map(len, out.splitlines())) <= 100
    page, _, anchor = out.splitlines()[-1].removeprefix("In the documents: ").partition("#")
    text = (Path(__file__).parents[3] / page).read_text("utf-8")
    assert re.search(f"^#+ {anchor}$", text, re.MULTILINE)


def test_json_holds_every_problem_and_the_version(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, written: Path
) -> None:
    code, out, err = _run(capsys, monkeypatch, "check", "--json", str(written))
    told = json.loads(out)
    assert (code, err, told["is_valid"], told["errors"], told["version"]) == (1, "", False, 1, None)
    (problem,) = told["problems"]
    assert problem["line"] == 2
    assert problem["explained_in"] == "docs/reference/errors.md#unknown-key"
    _, out, _ = _run(capsys, monkeypatch, "check", "--json", str(ACME))
    assert len(json.loads(out)["version"]) == 32


def test_a_directory_that_is_not_there_is_told_plainly(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _, err = _run(capsys, monkeypatch, "check", "nowhere")
    assert code == 1
    assert "expected a workspace directory at nowhere, got nothing" in err


@pytest.mark.parametrize("kind", [*(kind.value for kind in FileKind), "source", "sink"])
def test_each_schema_is_printed_as_json(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    code, out, _ = _run(capsys, monkeypatch, "schema", "--workspace", kind)
    assert code == 0
    assert json.loads(out)["$schema"].startswith("https://json-schema.org/")


def test_all_schemas_are_written_into_a_directory(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = str(tmp_path / "schemas")
    code, _, _ = _run(capsys, monkeypatch, "schema", "--workspace", "all", "--write", folder)
    assert code == 0
    assert {file.name for file in (tmp_path / "schemas").iterdir()} == {
        "source.schema.json",
        "sink.schema.json",
        *(f"{kind.value}.schema.json" for kind in FileKind),
    }


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["schema", "--workspace", "workflw"], 1, "did you mean workflow?"),
        (["schema", "--workspace", "all"], 1, "expected --write DIR"),
        (["schema", "--workspace", "catalog", "--write", "x"], 1, "expected all beside --write"),
        (["schema", "--write", "x"], 1, "expected --workspace all"),
        (["chekc", "x"], 2, "did you mean check?"),
        (["check"], 2, "expected the directory of the workspace"),
        (["check", "--explain", "no-holdut"], 1, "did you mean no-holdout?"),
        (["check", "--explain", "x"], 1, "check prints it in brackets"),
        (
            ["import", "--events", "x", "--map", "nomap.yaml"],
            1,
            "nomap.yaml:1: error: expected a mapping file",
        ),
        (["backtest", "w", "--events", "x", "--from", "2026-02-01", "--to", "2026-01-01"], 1, "after --from"),
    ],
)
def test_what_cannot_be_done_is_said_without_a_traceback(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    code: int,
    told: str,
) -> None:
    left, out, err = _run(capsys, monkeypatch, *words)
    assert (left, out) == (code, "")
    assert told in err
    assert "Traceback" not in err


def test_what_is_wrong_with_a_workspace_is_told_by_every_command_as_by_check(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, written: Path
) -> None:
    code, out, err = _run(capsys, monkeypatch, "plan", str(written))
    assert (code, out) == (1, "")
    assert "upsell.yaml:2: error: expected a known key, got curency [unknown-key]\n    did you mean" in err
    assert err.endswith("nothing was changed\n")


def test_the_version_is_that_of_the_package(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _run(capsys, monkeypatch, "--version") == (0, f"upsell {upsell.__version__}\n", "")


def test_help_lists_every_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = _run(capsys, monkeypatch, "--help")
    assert code == 0
    for name in COMMANDS:
        assert name in out


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_is_there_and_explains_itself(name: str) -> None:
    assert _load(COMMANDS[name].function).__doc__


def test_help_imports_none_of_the_rooms() -> None:
    program = (
        "import sys\nsys.argv = ['upsell', '--help']\nfrom upsell.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "rooms = {name.split('.')[1] for name in sys.modules if name.startswith('upsell.')}\n"
        "assert rooms == {'cli', 'errors'}, rooms\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sound workspace in a place without a database."""
    monkeypatch.delenv("UPSELL_DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    for name, text in documents().items():
        path = tmp_path / "acme" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "acme"


def test_rolling_out_without_a_result_is_refused_and_done_when_told_anyway(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, acme: Path
) -> None:
    words = ("experiment", "roll", str(acme), "api-quota", "--arm", "annual", "--why", "They asked for it.")
    code, out, err = _run(capsys, monkeypatch, *words)
    assert code == 1
    assert "  but nothing was measured: there is no database here" in out
    assert "nothing was changed" in err
    assert (acme / QUOTA).read_text("utf-8") == documents()[QUOTA]
    code, out, _ = _run(capsys, monkeypatch, *words, "--anyway")
    assert code == 0
    assert "workflows/api-quota.yaml gives annual to everybody" in out
    assert "offer: pro-annual}" in (acme / QUOTA).read_text("utf-8")
    (record,) = yaml.safe_load((acme / "experiments" / "api-quota.yaml").read_text("utf-8"))
    assert (record["arm"], record["why"]) == ("annual", "They asked for it.")
    code, out, err = _run(capsys, monkeypatch, "check", str(acme))
    assert (code, err) == (0, "")
    assert out.startswith("No problems in 3 workflows")
    assert _run(capsys, monkeypatch, *words, "--anyway")[2] == (
        "upsell: expected a workflow with arms, got api-quota, which has none; there is nothing to roll out\n"
    )


@pytest.mark.parametrize(
    "words",
    [(), ("api-quota",), ("api-quota", "--arm", "annual"), ("api-quota", "--arm", "annual", "--why", " ")],
)
def test_rolling_out_asks_for_workflow_arm_and_reason(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, acme: Path, words: tuple[str, ...]
) -> None:
    code, _, err = _run(capsys, monkeypatch, "experiment", "roll", str(acme), *words)
    assert code == 2
    assert "--arm ARM --why REASON" in " ".join(err.replace("│", " ").split())
