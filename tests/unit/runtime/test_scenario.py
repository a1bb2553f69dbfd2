"""A scenario plants what it says and nothing else, for whatever workspace."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from upsell.clock import DAY, HOUR, parse_moment
from upsell.errors import ConfigError
from upsell.journeys.program import Program
from upsell.measurement.question import Metric
from upsell.runtime.company import Company, Response
from upsell.runtime.reporting import question_of
from upsell.runtime.scenario import Habitual, Planted, Scenario, make_company, read_scenario
from upsell.runtime.truth import Rerun, planted_truth
from upsell.runtime.worlds import live_through
from upsell.workspace.compile import compile_documents
from upsell.workspace.documents import read_workspace

SAAS = Path(__file__).parents[3] / "examples" / "saas"
DOCUMENTS = dict(read_workspace(SAAS))
PROGRAM = compile_documents(DOCUMENTS).program
STARTS_AT = parse_moment("2026-01-01T00:00:00Z") or 0
PEACE: dict[str, float | list[float]] = {"pressure_rate": 0.0, "objection_rate": 0.0}
SCENARIO = Scenario(accounts=120, days=240, metric="reports", habits=PEACE)


def company(scenario: Scenario, program: Program = PROGRAM) -> Company:
    return make_company(scenario, program, STARTS_AT)


def effects(made: Company, workflow: str = "usage-limit") -> dict[Metric, float]:
    """The planted truth of a workflow over all accounts, lived in both worlds."""
    question = question_of(PROGRAM.workflows[workflow], PROGRAM.currency, made.ends_at)
    rerun = Rerun(DOCUMENTS, made, 12 * HOUR, question, tuple(range(made.accounts)))
    (truths,) = planted_truth([rerun], 1, lambda _: None).values()
    assert all(truth.units > 10 for truth in truths), "a truth over nobody says nothing"
    return {truth.metric: truth.effect for truth in truths}


def test_where_nothing_is_planted_nothing_is_true() -> None:
    # Oracle: both lives of an account are the same life when no message changes anything.
    assert set(effects(company(SCENARIO)).values()) == {0.0}


def test_a_file_that_says_nothing_of_messages_plants_nothing_they_do() -> None:
    # In any world of such customers: nobody is persuaded, leaves or asks for no more because of a message.
    assert effects(company(Scenario(accounts=120, days=240))) == dict.fromkeys(Metric, 0.0)
    for made in (company(Scenario()), company(Scenario(habits={"churn_rate": 0.5}))):
        assert not made.responses
        assert (made.habits.pressure_rate, made.habits.objection_rate, made.habits.fatigue_rate) == (0, 0, 0)


def test_what_is_planted_is_true_and_fatigue_makes_it_less() -> None:
    sure = {"usage-limit": Planted([1.0])}
    fresh = effects(company(msgspec.structs.replace(SCENARIO, responses=sure)))
    tired = company(msgspec.structs.replace(SCENARIO, responses=sure, habits={**PEACE, "fatigue_rate": 1.0}))
    assert fresh[Metric.CONVERSION] > 0.3
    assert effects(tired)[Metric.CONVERSION] < fresh[Metric.CONVERSION]


def test_pressure_makes_accounts_leave() -> None:
    pressed = company(msgspec.structs.replace(SCENARIO, habits={**PEACE, "pressure_rate": 0.5}))
    assert effects(pressed)[Metric.NET_COMMITTED_REVENUE] < 0


def test_an_arm_may_persuade_otherwise() -> None:
    response = Response((0.1, 0.2), by_arm={"annual": (0.9,)})
    assert [response.rate(heard) for heard in (0, 1, 2, 5)] == [0.0, 0.1, 0.2, 0.2]
    assert [response.rate(heard, "annual") for heard in (0, 1, 2)] == [0.0, 0.9, 0.9]
    assert response.rate(1, "trial") == 0.1


def test_events_of_the_companys_own_come_as_often_as_said() -> None:
    habit = Habitual("Report Shared", 2.5, {"kind": "pdf"})
    made = company(msgspec.structs.replace(SCENARIO, accounts=40, events=[habit]))
    worlds = [live_through(PROGRAM, made, index, 12 * HOUR) for index in range(made.accounts)]
    shared = [each for world in worlds for each in world.events if each.name == "Report Shared"]
    months = sum(_months(world.events[0].occurred_at, made) for world in worlds)
    # Oracle: a mean of 2.5 a month, over a few hundred months; a fifth allows for who leaves early.
    assert abs(len(shared) / months - 2.5) < 0.5
    assert shared[0].properties == {"kind": "pdf"}


def _months(signed_up_at: int, made: Company) -> float:
    return (made.ends_at - max(made.starts_at, signed_up_at)) / (30.4 * DAY)


def test_plans_and_prices_are_those_of_the_workspace() -> None:
    made = company(msgspec.structs.replace(SCENARIO, gates={"team": "audit-log"}))
    assert [(plan.id, plan.month, plan.included) for plan in made.plans] == [
        ("free", 0, 50), ("starter", 2900, 500), ("team", 9900, 2000), ("business", 29900, 10000),
    ]  # fmt: skip
    assert [plan.shut_feature for plan in made.plans] == [None, None, "audit-log", None]


def test_the_scenario_that_is_shipped_is_read() -> None:
    told = read_scenario(SAAS / "scenarios" / "tired.yaml")
    assert company(told).accounts == told.accounts
    assert company(told).habits.fatigue_rate == 0.10


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"responses": {"usage-limt": Planted([0.1])}}, "did you mean usage-limit"),
        ({"responses": {"usage-limit": Planted([1.1])}}, "from 0 to 1 in responses.usage-limit, got 1.1"),
        ({"responses": {"usage-limit": Planted([0.1], means="buy")}}, "upgrade or stay"),
        ({"responses": {"usage-limit": Planted([0.1], by_arm={"x": [0.1]})}}, "an? arm of usage-limit"),
        ({"habits": {"churn": 0.1}}, "did you mean churn_rate"),
        ({"habits": {"churn_rate": [0.1, 0.1]}}, "one chance in habits.churn_rate"),
        ({"habits": {"upgrade_rates": 0.1}}, "a list of three chances"),
        ({"plans": {"free": 0.5, "team": 0.4}}, "add up to 1, got 0.9"),
        ({"plans": {"team": 1.0}}, "none of tier 0"),
        ({"plans": {"fre": 1.0}}, "did you mean free"),
        ({"metric": "report"}, "did you mean reports"),
        ({"accounts": 0}, "accounts of 1 or more"),
    ],
)
def test_what_cannot_be_is_refused_with_what_was_expected(change: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        company(msgspec.structs.replace(SCENARIO, **change))


@pytest.mark.parametrize("text", ["accounts: many", "acounts: 3", "[", "accounts: 3\nresponses: {w: {}}"])
def test_a_file_that_says_something_else_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"scenario\.yaml"):
        read_scenario(path)
