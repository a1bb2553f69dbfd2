"""Power over a history: whom it counts, what it takes for the baseline, and what it says on a terminal."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow.compute as pc
import pytest

from tests.acceptance.made_history import DOCUMENTS, make_lines
from tests.commands import typed
from upsell.clock import DAY, SystemClock
from upsell.measurement.answers import Undetermined, UndeterminedReason
from upsell.measurement.question import Contrast, Metric
from upsell.runtime.backtest import Backtest, History, Question, read_history, run_backtest
from upsell.runtime.outcomes import first_exposures, read_observations
from upsell.runtime.power import ask_power, read_lift_asked
from upsell.runtime.reporting import question_of
from upsell.sources.defaults import default_mapping
from upsell.sources.relations import choose_files


@pytest.fixture(scope="module")
def history_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("power") / "history.jsonl"
    path.write_text("\n".join(make_lines()))
    return path


def question(path: Path, *, ramp: str = "", workers: int = 1) -> Question:
    mapping = default_mapping()
    documents = {
        name: text.replace("{holdout: 25%}", f"{{holdout: 25%{ramp}}}") for name, text in DOCUMENTS.items()
    }
    return Question(documents, mapping, choose_files(mapping, [path]), workers=workers)


def quietly(what: str, done: int, total: int) -> None:
    pass


def read(asked: Question) -> History:
    return read_history(asked, SystemClock(), quietly, lambda _: None)


@pytest.fixture(scope="module")
def history(history_file: Path) -> History:
    return read(question(history_file))


@pytest.fixture(scope="module")
def backtest(history_file: Path) -> Backtest:
    return run_backtest(question(history_file), SystemClock(), quietly, lambda _: None)


def test_whom_a_backtest_lets_in_is_exposed_once(history: History, backtest: Backtest) -> None:
    for outcome in backtest.outcomes:
        let_in = sum(outcome.tally.reached[group].units for group in ("enrolled", "held_out"))
        exposed = first_exposures(history.ledger, outcome.workflow, Contrast.HOLDOUT)
        assert 0 < len(exposed) == let_in


def test_the_baseline_is_what_plain_sql_finds_that_the_exposed_did(history: History) -> None:
    workflow = history.program.workflows["keen"]
    seen = read_observations(history.ledger, question_of(workflow, "USD", history.until))
    (arms,) = seen.sums[Contrast.HOLDOUT, Metric.CONVERSION].values()
    exposures, events = history.ledger.exposures, history.ledger.events  # noqa: F841  # read by DuckDB
    (found,) = duckdb.execute(
        """
        with first as (
            select unit_id, min(exposed_at) as began from exposures
            where workflow = 'keen' and contrast = 'holdout' group by unit_id
        )
        select count(*), count(*) filter (where exists (
            select 1 from events where events.unit_id = first.unit_id and name = 'Subscription Upgraded'
            and occurred_at > began and occurred_at <= began + interval 14 day
        ))
        from first where began + interval 14 day <= make_timestamptz(?)
        """,
        [history.until],
    ).fetchall()
    assert (sum(each.units for each in arms.values()), sum(each.total for each in arms.values())) == found
    assert found[1] > 0


def test_a_ramp_that_has_not_begun_hides_nobody_and_stretches_the_days(
    history_file: Path, history: History
) -> None:
    steps = "[{from: 2030-01-01, share: 1%}, {from: 2030-01-15, share: 100%}]"
    ramped = read(question(history_file, ramp=f", ramp: {steps}"))
    lift = read_lift_asked("50%")
    plain, slow = (ask_power(each, lift, 0.8, "keen").workflows[0] for each in (history, ramped))
    assert [step.after for step in slow.ramp] == [0, 14 * DAY]
    for before, after in zip(plain.comparisons, slow.comparisons, strict=True):
        assert (before.exposed, before.per_day) == (after.exposed, after.per_day)
        (sooner, *_), (later, *_) = before.metrics, after.metrics
        assert sooner.needed == later.needed
        assert isinstance(sooner.lasts, int)
        assert isinstance(later.lasts, int)
        # A hundredth of two weeks comes in two weeks: 13.86 days are lost.
        assert later.lasts - sooner.lasts == pytest.approx(13.86 * DAY, abs=2)


def test_the_answer_does_not_depend_on_the_number_of_processes(history_file: Path, history: History) -> None:
    lift = read_lift_asked("2pp")
    shared = read(question(history_file, workers=2))
    assert ask_power(shared, lift, 0.8) == ask_power(history, lift, 0.8)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Path]:
    for name, text in DOCUMENTS.items():
        path = tmp_path / "workspace" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    yield tmp_path / "workspace"


def test_the_command_says_in_80_columns_what_cannot_be_known(
    history_file: Path,
    workspace: Path,
) -> None:
    words = ("power", workspace, "--events", history_file, "--workers", 1)
    code, out, _ = typed(*words, "--workflow", "keen", "--lift", "5pp")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    flat = " ".join(out.split())
    assert "60 customers in a history of 60 days; 25 % held out." in flat
    assert "conversion in 14 days: 3.45 % now, of 29 whose window has closed" in flat
    assert "cannot be known with 60 customers;" in flat
    assert "if new ones keep coming at this rate" in flat
    _, out, _ = typed(*words, "--workflow", "keen", "--lift", "1%")
    assert "cannot be known, not in a hundred years at this rate" in " ".join(out.split())
    code, out, _ = typed(*words, "--json", "--lift", "5pp")
    told = json.loads(out)
    assert [one["key"] for one in told["workflows"]] == ["keen", "stuck"]
    assert told["workflows"][0]["comparisons"][0]["metrics"][0]["difference"] == 0.05


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--lift", "0%"), "--lift: expected a lift above zero such as 10% of the baseline or 2pp, got 0%"),
        (("--lift", "much"), "got much"),
        (("--workflow", "keem"), "got keem; did you mean keen?"),
        (("--power", "40%"), "expected a share above 50% and below 100%"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(
    history_file: Path,
    workspace: Path,
    words: tuple[str, str],
    told: str,
) -> None:
    asked = ("power", workspace, "--events", history_file, "--workers", 1, *words)
    code, _, err = typed(*asked)
    assert code != 0
    assert told in " ".join(err.replace("│", " ").split())


def test_what_is_drawn_by_account_is_planned_where_each_account_has_one_and_else_it_is_said_why(
    history_file: Path, history: History
) -> None:
    lift = read_lift_asked("10%")
    asked = question(history_file, ramp=", by: account")
    drawn = read(asked)
    assert drawn.program.workflows["keen"].experiment.is_by_account
    (found,) = ask_power(drawn, lift, 0.8, "keen").workflows
    # Oracle: of whom the history says that they are of an account, every second one.
    exposed = drawn.ledger.exposures.filter(pc.field("workflow") == "keen")["unit_id"].unique().to_pylist()
    numbers = [int(unit.removeprefix("c:u")) for unit in exposed]
    accounts = Counter(number // 2 % 10 for number in numbers if number % 2)
    shared = sum(units > 1 for units in accounts.values())
    assert shared > 0
    for metric in found.comparisons[0].metrics:
        assert isinstance(metric.needed, Undetermined)
        assert metric.needed.reason is UndeterminedReason.CLUSTERED
        assert f"of {shared} of them several customers would be exposed" in metric.needed.detail
    # Without anybody's account, people are alone, and the plan is that of drawing people.
    lines = [line for line in make_lines() if json.loads(line)["type"] != "group"]
    alone = history_file.with_name("alone.jsonl")
    alone.write_text("\n".join(lines))
    by_account, by_person = (
        ask_power(read(question(alone, ramp=ramp)), lift, 0.8, "keen").workflows[0].comparisons[0].metrics
        for ramp in (", by: account", "")
    )
    assert [each.mean for each in by_account] == [each.mean for each in by_person]
    assert by_account[0].units > 0
    assert by_account == by_person
    # A workflow about accounts draws accounts and counts them.
    (stuck,) = ask_power(drawn, lift, 0.8, "stuck").workflows
    assert (
        stuck.comparisons[0].metrics
        == ask_power(history, lift, 0.8, "stuck").workflows[0].comparisons[0].metrics
    )
