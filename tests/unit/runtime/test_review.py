"""The monthly review: months abut, what ran adds up, and stopping follows stated rules."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from statistics import NormalDist
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.power import NormalIndPower

from tests.commands import typed
from tests.live_world import make_documents, open_world, two_mails
from tests.made_results import AS_OF, lift, spread
from tests.sinks import Sink, open_sink
from tests.stories.world import make_program
from upsell.clock import DAY, to_datetime
from upsell.decisions.guardrails import Action
from upsell.errors import ConfigError
from upsell.journeys.workflow import Status, Workflow
from upsell.measurement.answers import Effect, Undetermined
from upsell.measurement.lift import Lift
from upsell.runtime.papers.markdown import markdown_of
from upsell.runtime.papers.review_paper import review_paper
from upsell.runtime.reporting import live_program, report
from upsell.runtime.review import POWER, Seen, StopRule, month_of, review, rules_broken, seen_of
from upsell.store.guardrails import Breach, Broken, NoticeState, end_breaches, keep_breach

DAY_OF_REVIEW = date(2026, 11, 1)


@pytest.fixture
def sink() -> Iterator[Sink]:
    with open_sink() as opened:
        yield opened


def revenue(estimate: float, error: float, mean: float = 6_000.0) -> Lift:
    """A lift with this effect and standard error over 2,000 units, half in each arm."""
    made = next(one for one in lift("w", spread(6_000, 1_000), spread(6_000, 1_000), (80, 80)).lifts)
    reach = NormalDist().inv_cdf(0.975) * error
    return msgspec.structs.replace(
        made,
        absolute=Effect(estimate, estimate - reach, estimate + reach),
        against=msgspec.structs.replace(made.against, mean=mean),
    )


def flow(review_by: str | None = "2027-01-01", status: Status = Status.LIVE) -> Workflow:
    (made,) = make_program({"w": two_mails(holdout="50%")}).workflows.values()
    return msgspec.structs.replace(made, review_by=review_by, status=status)


@pytest.mark.parametrize(("spread_of", "units"), [(1_000.0, 1_000), (250.0, 1_000), (5_000.0, 1_000)])
def test_the_smallest_effect_seen_is_that_of_statsmodels(spread_of: float, units: int) -> None:
    error = spread_of * (2 / units) ** 0.5
    seen = seen_of(revenue(0.0, error))
    oracle = NormalIndPower().solve_power(nobs1=units, alpha=0.05, power=POWER, ratio=1.0)
    assert isinstance(seen, Seen)
    assert seen.smallest * 6_000 == pytest.approx(oracle * spread_of, rel=1e-4)
    enough = NormalIndPower().solve_power(effect_size=600 / spread_of, alpha=0.05, power=POWER, ratio=1.0)
    assert seen.needed == pytest.approx(2 * enough, rel=1e-3, abs=1.5)


@pytest.mark.parametrize(
    ("estimate", "error", "rules"),
    [
        (-500.0, 100.0, (StopRule.NEGATIVE,)),
        (-150.0, 100.0, (StopRule.NO_EFFECT,)),
        (100.0, 100.0, (StopRule.NO_EFFECT,)),
        (100.0, 1_000.0, ()),
        (500.0, 100.0, ()),
    ],
)
def test_a_workflow_is_stopped_for_a_loss_or_for_nothing_where_something_would_have_been_seen(
    estimate: float, error: float, rules: tuple[StopRule, ...]
) -> None:
    assert rules_broken(revenue(estimate, error), flow(), DAY_OF_REVIEW) == rules


def test_a_review_is_overdue_from_the_day_after_its_date() -> None:
    unsure = revenue(100.0, 1_000.0)
    assert rules_broken(unsure, flow("2026-11-01"), DAY_OF_REVIEW) == ()
    assert rules_broken(unsure, flow("2026-10-31"), DAY_OF_REVIEW) == (StopRule.OVERDUE,)
    assert rules_broken(unsure, flow("2026-10-31", Status.ENDED), DAY_OF_REVIEW) == ()
    assert rules_broken(unsure, flow(None), DAY_OF_REVIEW) == ()


def test_a_broken_guardrail_is_a_reason_to_stop_whatever_was_earned() -> None:
    breach = Breach(
        1, "w", "complaint_rate", Action.WARN, "3 of 30", AS_OF, None, "", "", NoticeState.DUE, "", ""
    )
    earning = revenue(500.0, 100.0)
    assert rules_broken(earning, flow(), DAY_OF_REVIEW, [breach]) == (StopRule.GUARDRAIL,)
    assert rules_broken(earning, flow(status=Status.ENDED), DAY_OF_REVIEW, [breach]) == ()
    losing, overdue = revenue(-500.0, 100.0), flow("2026-10-31")
    every = (StopRule.NEGATIVE, StopRule.GUARDRAIL, StopRule.OVERDUE)
    assert rules_broken(losing, overdue, DAY_OF_REVIEW, [breach]) == every


@pytest.mark.postgres
def test_a_workflow_that_a_guardrail_paused_is_to_be_stopped_until_somebody_lets_it_go_on(
    database: str, sink: Sink
) -> None:
    with open_world(database, sink) as world:
        world.apply(make_documents({"flow": two_mails(), "other": two_mails()}))
        program = live_program(world.connection)
        world.after(10 * DAY)
        for action in Action:
            broken = Broken("complaint_rate", action, "7 of 200 delivered, 3.5 %; limit 1 %", 0)
            keep_breach(world.connection, world.clock, "flow", broken)
        world.after(30 * DAY)
        end_breaches(world.connection, world.clock, "flow", "ada", "The list is cleaned.")
        world.after(30 * DAY)
        now = world.clock.now()
        march, april, may = (
            review(world.connection, program, month_of(f"2026-{number:02d}", program.zone, now), now)
            for number in (3, 4, 5)
        )
        assert [one.stop for one in march.workflows] == [(StopRule.GUARDRAIL,), ()]
        assert [one.is_held for one in march.workflows] == [True, False]
        written = markdown_of(review_paper(march))
        assert "Stop or decide about A workflow." in written
        for said in ("rate, paused on 12 March", "rate, warned on 12 March", "3.5 %; limit 1 %"):
            assert said in written
        assert "| paused by a guardrail |" in written
        # It went on in April: that is told, and nothing is to be stopped.
        for one in (april, may):
            assert [each.stop for each in one.workflows] == [(), ()]
            assert not one.workflows[0].is_held
        assert "| ada | The list is cleaned. |" in markdown_of(review_paper(april))
        assert "ada" not in markdown_of(review_paper(may))


def test_what_cannot_be_said_is_no_reason_to_stop() -> None:
    nothing = lift("w", [], [], (0, 0)).lifts[0]
    assert isinstance(seen_of(nothing), Undetermined)
    assert rules_broken(nothing, flow(), DAY_OF_REVIEW) == ()


@given(
    year=st.integers(2020, 2030),
    month=st.integers(1, 12),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland"]),
)
def test_months_abut_and_begin_at_midnight_of_the_zone(year: int, month: int, zone: str) -> None:
    late = 2_000_000_000_000_000
    this = month_of(f"{year}-{month:02d}", zone, late)
    following = month_of(f"{year + month // 12}-{month % 12 + 1:02d}", zone, late)
    assert this.ends_at == following.starts_at
    begin = to_datetime(this.starts_at).astimezone(ZoneInfo(zone))
    assert (begin.year, begin.month, begin.day, begin.hour, begin.minute) == (year, month, 1, 0, 0)
    # Without a name, the last month that is over.
    assert month_of(None, zone, this.ends_at) == this
    assert month_of(None, zone, this.ends_at - 1).ends_at == this.starts_at


@pytest.mark.parametrize("text", ["2026-13", "October", "2026", "2027-02"])
def test_a_month_that_cannot_be_reviewed_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="--month: expected a month"):
        month_of(text, "UTC", AS_OF)


@pytest.mark.postgres
def test_what_ran_in_each_month_adds_up_to_the_report(database: str, sink: Sink) -> None:
    with open_world(database, sink) as world:
        settings = "reports: {proposals: [Try a longer trial.]}\n"
        world.apply(make_documents({"flow": two_mails(holdout="50%")}, policy=settings))
        for number in range(30):
            world.happens("Customer Identified", f"p{number}", email=f"p{number}@example.com")
            world.happens("Pricing Viewed", f"p{number}")
            world.after(2 * DAY)
        program, now = live_program(world.connection), world.clock.now()
        months = [month_of(f"2026-{number:02d}", program.zone, now) for number in (3, 4, 5)]
        reviews = [review(world.connection, program, month, now) for month in months]
        active = [one.workflows[0].activity for one in reviews]
        (whole,) = report(world.connection, program, now).workflows
        assert sum(one.considered for one in active) == whole.funnel.considered == 30
        assert sum(one.messages for one in active) == whole.funnel.messages_sent
        assert (
            sum(one.exposed for one in active)
            == whole.lift.lifts[0].arm.exposed + whole.lift.lifts[0].against.exposed
        )
        assert all(one.considered for one in active[:2])
        written = markdown_of(review_paper(reviews[0]))
        assert "Expansion review, March 2026" in written
        assert "| proposed | Try a longer trial. |" in written
        assert "no experiment between arms" in written


@pytest.mark.postgres
def test_a_review_is_written_from_the_command_line(
    database: str, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_world(database, sink) as world:
        world.apply(make_documents({"flow": two_mails(holdout="50%")}))
    monkeypatch.setenv("UPSELL_DATABASE_URL", database)
    code, out, err = typed("review", "--month", "2026-03", "--format", "docx")
    assert (code, out) == (1, "")
    assert "--format: expected the name of a form, got docx" in err
