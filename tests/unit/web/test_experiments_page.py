"""The pages of experiments: when something may be read, and what is said of it, without a server."""

from __future__ import annotations

import msgspec
import pytest

from tests.made_results import AS_OF, lift, results, spread
from tests.pages_world import written
from tests.stories.world import make_program, workflow
from upsell.clock import DAY
from upsell.measurement.answers import Effect
from upsell.measurement.health import Health
from upsell.measurement.question import Contrast, Metric
from upsell.measurement.readings import Reading, ReadingKind
from upsell.measurement.sample_ratio import SampleRatio, Verdict
from upsell.runtime.comparisons import Comparison, Phase, compare
from upsell.runtime.phase_words import phase_state, phase_words, sizes_state, together_words
from upsell.runtime.reporting import Report, WorkflowReport
from upsell.runtime.soundness import Contamination, Dilution, WorkflowHealth
from upsell.store.experiments import ClosedExperiment
from upsell.web.pages.experiments import (
    MOST_CLOSED,
    experiment_content,
    experiment_page,
    experiments_page,
    list_content,
    seen_of,
)

FLOW = workflow(
    trigger="{on: Pricing Viewed, again_after: 1 days}",
    journey="[{email: {content: t1, intent: help}}]",
    holdout="30%",
)
PROGRAM = make_program({key: FLOW.replace("A workflow", name) for key, name in
                        (("earning", "Earning"), ("early", "Early"), ("empty", "Empty"))})  # fmt: skip
BEGAN = {"holdout": {"treated": AS_OF - 100 * DAY, "holdout": AS_OF - 99 * DAY}}
RECORD = {
    "arms": {"short": 0.5, "long": 0.5},
    "findings": [{"against": "short", "said": "Conversion, 30 days: +14.6 pp (9.0 to 20.2)"}],
    "doubts": ["nothing more"],
}
CLOSED = ClosedExperiment(
    "earning", "v1", "message", "long", AS_OF, "ada@acme.example", "Twice <b>as many</b>.",
    msgspec.json.encode(RECORD).decode(), 7,
)  # fmt: skip


def report_of(key: str = "earning") -> WorkflowReport:
    found = next(each for each in results().report.workflows if each.key == key)
    return msgspec.structs.replace(found, began=BEGAN if key != "empty" else {})


def of_holdout(found: WorkflowReport, thorough: WorkflowReport | None = None) -> Comparison:
    (comparison,) = compare(PROGRAM.workflows[found.key], found, thorough)
    return comparison


def changed(found: WorkflowReport, **fields: object) -> WorkflowReport:
    """Change every lift of a report."""
    lifts = tuple(msgspec.structs.replace(each, **fields) for each in found.lift.lifts)
    return msgspec.structs.replace(found, lift=msgspec.structs.replace(found.lift, lifts=lifts))


def watched(found: WorkflowReport, low: float) -> WorkflowReport:
    effect = Effect(3_000, low, 6_000)
    reading = Reading(ReadingKind.ALWAYS_VALID, "", effect, None, effect)
    return changed(found, readings=(reading,))


def test_before_the_planned_size_a_reading_is_early_unless_it_holds_at_any_look() -> None:
    found = report_of()
    pair = of_holdout(found).pairs[0]
    # The size is that which `upsell power` plans; 1,470 is the sum of both arms.
    assert pair.outlook is not None
    assert pair.outlook.closed == 1_470 < pair.outlook.needed
    assert pair.phase is Phase.EARLY
    assert "do not decide yet. 1,470 of the" in phase_words(pair, "account")
    assert of_holdout(found, watched(found, 100.0)).pairs[0].phase is Phase.CERTAIN
    unsure = of_holdout(found, watched(found, -100.0)).pairs[0]
    assert (unsure.phase, unsure.watched) == (Phase.EARLY, Effect(3_000, -100.0, 6_000))


def test_at_the_planned_size_it_may_be_read_whether_it_found_something_or_not() -> None:
    many = lift("early", spread(6_000, 7_000), spread(6_000, 3_000), (2_100, 900))
    found = msgspec.structs.replace(report_of("early"), lift=many)
    pair = of_holdout(found).pairs[0]
    assert pair.outlook is not None
    assert pair.outlook.closed == 10_000 >= pair.outlook.needed
    assert pair.phase is Phase.READY
    assert phase_state(pair).words == "may be read"


def test_money_is_not_read_before_its_own_windows_have_closed_whatever_converted() -> None:
    # 10,000 windows of conversion are over, and 400 of money: what cannot be there yet is not read.
    many = lift("early", spread(6_000, 7_000), spread(6_000, 3_000), (2_100, 900))
    young = tuple(
        each
        if each.metric is Metric.CONVERSION
        else msgspec.structs.replace(
            each,
            arm=msgspec.structs.replace(each.arm, closed=280),
            against=msgspec.structs.replace(each.against, closed=120),
        )
        for each in many.lifts
    )
    found = msgspec.structs.replace(report_of("early"), lift=msgspec.structs.replace(many, lifts=young))
    pair = of_holdout(found).pairs[0]
    assert pair.deciding.metric is Metric.NET_COMMITTED_REVENUE
    assert pair.outlook is not None
    assert (pair.phase, pair.outlook.closed) == (Phase.EARLY, 400)
    assert "400 of the" in phase_words(pair, "account")
    assert "a lift of 20% of the conversion" in phase_words(pair, "account")


def test_arms_that_the_report_does_not_know_are_being_read() -> None:
    arms = ", vary: message, arms: {short: 40%, long: 60%}"
    flow = FLOW.replace("content: t1", "content: {short: t1, long: t2}").replace(
        "holdout: 30%", f"holdout: 30%{arms}"
    )
    program = make_program({"earning": flow})
    seen = seen_of(program, results(), None)
    of_arms = seen[0].comparisons[1]
    assert (of_arms.pairs, [side.exposed for side in of_arms.sides]) == ((), [None, None])
    for html in (
        written("experiments.html", experiments_page(seen, (), results(), is_live=True)),
        written("experiment.html", experiment_page("earning", seen[0], (), program)),
    ):
        assert "It has just gone live: what it did is being read." in html


def test_of_several_pairs_it_is_said_that_each_interval_is_of_its_own() -> None:
    one = of_holdout(report_of())
    three = msgspec.structs.replace(one, pairs=one.pairs * 3)
    assert together_words(one) == ""
    assert "that one of 3 misses is likelier than one in twenty" in together_words(three)


def test_arms_that_are_not_as_large_as_planned_are_not_read_whatever_else_holds() -> None:
    ratio = SampleRatio(1e-9, 1e-9, 50.0, 1, {}, {}, 1, 0, Verdict.BLOCK)
    found = changed(report_of(), sample_ratio=ratio)
    comparison = of_holdout(found, watched(found, 100.0))
    pair = comparison.pairs[0]
    assert pair.phase is Phase.BLOCKED
    assert "not as large as planned (p = 1e-09)" in phase_words(pair, "account")
    assert sizes_state(comparison).words == "not as planned"


def test_what_nobody_entered_is_too_early_and_says_why() -> None:
    comparison = of_holdout(report_of("empty"))
    assert (comparison.since, comparison.pairs[0].phase) == (None, Phase.UNKNOWN)
    assert phase_words(comparison.pairs[0], "account")
    assert [side.exposed for side in comparison.sides] == [0, 0]


def test_a_workflow_compares_against_its_holdout_and_its_own_arms_alone() -> None:
    found = report_of()
    arms = ", vary: message, arms: {short: 40%, long: 60%}"
    flow = workflow(
        trigger="{on: Pricing Viewed, again_after: 1 days}",
        journey="[{email: {content: {short: t1, long: t2}, intent: help}}]",
        holdout="30%", experiment=arms,
    )  # fmt: skip
    of_before, tested = _armed(flow, found)
    assert tested.contrast is Contrast.ARMS
    assert [(side.arm, side.share) for side in tested.sides] == [("short", 0.4), ("long", 0.6)]
    assert [(pair.arm, pair.against) for pair in tested.pairs] == [("long", "short")]
    assert tested.since == AS_OF - 50 * DAY, "what an earlier experiment's arm began does not count"
    assert of_before.contrast is Contrast.HOLDOUT
    nothing = make_program(
        {"w": workflow(trigger="{on: Pricing Viewed, again_after: 1 days}", journey="[{wait: 1 days}]")}
    )
    assert compare(nothing.workflows["w"], found) == ()


def _armed(flow: str, found: WorkflowReport) -> tuple[Comparison, ...]:
    """Give the comparisons of a workflow with arms, whose report tells of an older arm too."""
    held = [each for each in found.lift.lifts if each.contrast is Contrast.HOLDOUT]

    def side(one: str, other: str) -> list[object]:
        return [
            msgspec.structs.replace(
                each,
                contrast=Contrast.ARMS,
                arm=msgspec.structs.replace(each.arm, arm=one),
                against=msgspec.structs.replace(each.against, arm=other),
            )
            for each in held
        ]

    lifts = (*held, *side("long", "short"), *side("older", "short"))
    began = {
        **BEGAN,
        "arms": {"short": AS_OF - 50 * DAY, "long": AS_OF - 40 * DAY, "older": AS_OF - 300 * DAY},
    }
    both = msgspec.structs.replace(found, began=began, lift=msgspec.structs.replace(found.lift, lifts=lifts))
    return compare(make_program({"earning": flow}).workflows["earning"], both)


def test_the_list_says_how_many_may_be_read_and_what_was_closed_by_whom_and_why() -> None:
    seen = seen_of(PROGRAM, results(), None)
    page = experiments_page(seen, [CLOSED], results(), is_live=True)
    assert page.answer == "Of 3 comparisons: 2 early, 1 too early to read."
    html = written("experiments.html", page)
    for said in (
        "Earning",
        "Treated against held out",
        "treated 1,050",
        "long over short",
        "But nothing more",
    ):
        assert said in html, said
    assert "ada@acme.example" in html
    assert "Twice &lt;b&gt;as many&lt;/b&gt;." in html
    told = msgspec.json.decode(msgspec.json.encode(list_content(seen, [CLOSED], results(), page)))
    assert [each["pairs"][0]["phase"] for each in told["experiments"]] == ["early", "early", "unknown"]
    assert told["closed"][0]["record"]["doubts"] == ["nothing more"]
    assert (
        experiments_page((), [CLOSED] * (MOST_CLOSED + 1), results(), is_live=True).older
        == "/experiments?before=7"
    )


def test_of_one_it_is_said_what_was_found_and_decided_and_a_guest_closes_nothing() -> None:
    seen = {each.found.key: each for each in seen_of(PROGRAM, results(), None)}["earning"]
    page = experiment_page("earning", seen, [CLOSED], PROGRAM)
    html = written("experiment.html", page)
    assert "earned $31,500 more than doing nothing" in html
    assert "Being checked now" in html
    assert "<form" not in html
    assert (page.arms, page.file) == ((), "")
    told = experiment_content("earning", seen, [CLOSED])
    assert (told["health"], told["closed"][0]["why"]) == (None, "Twice <b>as many</b>.")
    gone = experiment_page("gone", None, [CLOSED], PROGRAM)
    assert "It compares nothing any more." in written("experiment.html", gone)


def test_what_was_checked_stands_there_with_its_own_moment() -> None:
    health = WorkflowHealth(
        Health({}, {}, {}, {}), Contamination(420, {"message": 3, "accepted": 0}), Dilution(1_700, 1_470, {})
    )
    deep = msgspec.structs.replace(report_of(), health=health)
    thorough = Report(AS_OF - DAY, "USD", (deep,))
    seen = {each.found.key: each for each in seen_of(PROGRAM, results(), thorough)}["earning"]
    html = written("experiment.html", experiment_page("earning", seen, (), PROGRAM))
    assert "Being checked now" not in html
    assert "3 by message of 420" in html
    assert "Checked as of 31 December 2026" in html
    told = experiment_content("earning", seen, ())
    assert told["checked_at"] == "2026-12-31T00:00:00Z"
    assert told["health"]["contamination"]["ways"]["message"] == 3


@pytest.mark.parametrize("is_live", [True, False])
def test_without_anything_it_says_what_will_stand_there(is_live: bool) -> None:
    html = written("experiments.html", experiments_page((), (), results(), is_live=is_live))
    assert ("holdout: 10%" if is_live else "upsell apply") in html
    assert "None was." in html


def test_it_is_decided_by_money_where_that_can_be_told() -> None:
    assert of_holdout(report_of()).pairs[0].deciding.metric is Metric.NET_COMMITTED_REVENUE
