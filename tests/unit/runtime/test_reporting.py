"""Reporting over the store: units counted once, outcomes as SQL reads them, nothing before it happened."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.live_world import LiveWorld, make_documents, open_world, two_mails
from tests.sinks import Sink, open_sink
from upsell.cli.results_text import results_lines
from upsell.clock import DAY, WEEK
from upsell.decisions.control import draw_control
from upsell.errors import ConfigError
from upsell.measurement.answers import Undetermined, UndeterminedReason
from upsell.measurement.question import Metric
from upsell.measurement.sample_ratio import SampleRatio
from upsell.runtime.papers.markdown import markdown_of
from upsell.runtime.papers.report_paper import report_paper
from upsell.runtime.reporting import Report, live_program, read_ledger, report, report_live
from upsell.runtime.results import Results, holdout_lifts, lifts_in_order, programme_lifts, results_json
from upsell.runtime.trends import Trends, read_trends, read_weeks
from upsell.store.connect import connect

pytestmark = pytest.mark.postgres

PEOPLE = [f"p{number}" for number in range(60)]
"""Enough for a holdout of half to have some of either."""


@pytest.fixture
def sink() -> Iterator[Sink]:
    with open_sink() as opened:
        yield opened


def live_through(world: LiveWorld, days: int) -> None:
    """Everybody looks at the prices and is let in or held out; every third buys on the third day."""
    world.apply(make_documents({"flow": two_mails(holdout="50%")}))
    for person in PEOPLE:
        world.happens("Customer Identified", person, email=f"{person}@example.com")
        world.happens("Pricing Viewed", person)
    world.after(3 * DAY)
    terms = {"plan": "pro", "amount": 4900, "currency": "USD", "interval": "month"}
    for person in PEOPLE[::3]:
        world.happens("Subscription Started", person, **terms)
    world.after(days * DAY)


def test_a_funnel_counts_each_unit_once_and_a_second_entry_not_again(database: str, sink: Sink) -> None:
    with open_world(database, sink) as world:
        live_through(world, 5)
        for person in PEOPLE:
            world.happens("Pricing Viewed", person)
        world.settle()
        reported = report(world.connection, live_program(world.connection), world.clock.now())
        (found,) = reported.workflows
        funnel = found.funnel
        assert funnel.considered == funnel.let_in + funnel.held_out == len(PEOPLE)
        assert funnel.messages_sent == world.states()["sent"]
        held_out = {unit for (unit,) in world.rows("select unit_id from exposures where arm = 'holdout'")}
        assert funnel.held_out == len(held_out)


def test_revenue_is_read_from_the_ledger_for_customers_without_an_account(database: str, sink: Sink) -> None:
    with open_world(database, sink) as world:
        live_through(world, 120)
        (found,) = report_live(world.connection, world.clock.now()).workflows
        revenue = next(one for one in holdout_lifts(found) if one.metric is Metric.NET_COMMITTED_REVENUE)
        # 90 days after the exposure, terms that began on day 3 fell due three times: days 3, 34 and 62 to 64.
        assert revenue.arm.total + revenue.against.total == len(PEOPLE[::3]) * 3 * 4900
        assert revenue.open_units == 0


def test_a_report_as_of_then_knows_nothing_of_later(database: str, sink: Sink) -> None:
    with open_world(database, sink) as world:
        starts_at = world.clock.now()
        live_through(world, 5)
        program = live_program(world.connection)
        (before,) = report(world.connection, program, starts_at - 1).workflows
        assert before.funnel.considered == 0
        assert read_ledger(world.connection, program, starts_at - 1).exposures.num_rows == 0


def test_where_nothing_is_live_a_report_is_empty_and_says_how_when_asked(database: str) -> None:
    with connect(database) as connection:
        assert report_live(connection, 0).workflows == ()
        with pytest.raises(ConfigError, match="upsell apply"):
            live_program(connection)


def test_a_slip_in_a_workflows_name_is_answered_with_the_nearest(database: str) -> None:
    with open_world(database) as world:
        world.apply(make_documents({"flow": two_mails()}))
        with pytest.raises(ConfigError, match="did you mean flow"):
            report(world.connection, live_program(world.connection), world.clock.now(), "flwo")


def test_stages_divide_the_exposed_and_their_conversions_add_up(database: str, sink: Sink) -> None:
    with open_world(database, sink) as world:
        world.apply(make_documents({"flow": two_mails(holdout="50%")}))
        for number, person in enumerate(PEOPLE):
            new = {"created_at": "2026-03-01T00:00:00Z"} if number % 2 else {}
            world.happens("Customer Identified", person, email=f"{person}@example.com", **new)
            world.happens("Pricing Viewed", person)
        world.after(40 * DAY)
        program, now = live_program(world.connection), world.clock.now()
        (found,) = report(world.connection, program, now, by_stage=True).workflows
        assert [one.stage for one in found.stages] == ["maturity", "onboarding"]
        whole = holdout_lifts(found)[0]
        parts = [lifts_in_order(one.lift)[0] for one in found.stages]
        assert sum(part.arm.exposed for part in parts) == whole.arm.exposed
        assert sum(part.against.exposed for part in parts) == whole.against.exposed
        assert all(part.arm.exposed + part.against.exposed == 30 for part in parts)
        assert report(world.connection, program, now).workflows[0].stages == ()
        printed = "\n".join(results_lines(Results("", report(world.connection, program, now, by_stage=True))))
        assert "by lifecycle stage when exposed (2 looks" in printed


def test_a_person_merged_from_two_ids_counts_in_the_stage_of_the_first_exposure(
    database: str, sink: Sink
) -> None:
    with open_world(database, sink) as world:
        world.apply(make_documents({"flow": two_mails(holdout="50%")}))
        for person in ("old", "new"):
            world.happens("Customer Identified", person, email="ada@example.com")
        world.happens("Pricing Viewed", "old")
        world.after(DAY)
        world.happens("Customer Identified", "new", created_at="2026-03-01T00:00:00Z")
        world.happens("Pricing Viewed", "new")
        world.settle()
        world.happens("Customers Merged", "new", **{"from": "old"})
        world.settle()
        ledger = read_ledger(world.connection, live_program(world.connection), world.clock.now())
        assert ledger.stages("flow") == ["maturity"]


def test_the_whole_programme_is_read_by_household_against_the_control(database: str, sink: Sink) -> None:
    policy = "policy: {global_control: {share: 50%, period: year}}\n"
    flows = {"one": two_mails(holdout="20%"), "two": two_mails(trigger="{on: Report Run}")}
    with open_world(database, sink) as world:
        world.apply(make_documents(flows, policy=policy))
        # Two people share an account: one household, exposed by either of them.
        for number, person in enumerate(PEOPLE):
            account = f"acme{number // 2}" if number < 20 else None
            world.happens("Customer Identified", person, email=f"{person}@example.com")
            if account is not None:
                world.happens("Account Identified", person, account, roles=["member"])
            world.happens("Pricing Viewed", person, account)
            world.happens("Report Run", person, account)
        world.after(3 * DAY)
        terms = {"plan": "pro", "amount": 4900, "currency": "USD", "interval": "month"}
        world.happens("Subscription Started", None, "acme0", **terms)
        for person in PEOPLE[20::3]:
            world.happens("Subscription Started", person, **terms)
        world.after(120 * DAY)
        program, now = live_program(world.connection), world.clock.now()
        found = report(world.connection, program, now)
        assert found.programme is not None
        conversion, revenue, *_ = programme_lifts(found.programme)
        assert conversion.arm.exposed + conversion.against.exposed == 50
        controls = [
            household
            for household in [f"a:acme{n}" for n in range(10)] + [f"c:{person}" for person in PEOPLE[20:]]
            if draw_control(program.policy.control, household, now).is_control
        ]
        assert conversion.against.exposed == len(controls)
        assert isinstance(conversion.sample_ratio, SampleRatio)
        # Oracle: 14 subscriptions of 49.00, each due on days 3, 34 and 62 to 64 after exposure.
        assert revenue.arm.total + revenue.against.total == (1 + len(PEOPLE[20::3])) * 3 * 4900
        assert conversion.arm.total + conversion.against.total == 1 + len(PEOPLE[20::3])
        printed = "\n".join(results_lines(Results("", found)))
        assert "== The whole programme ===" in printed
        assert "per household exp" in printed
        assert report(world.connection, program, now, "one").programme is None
        told = json.loads(results_json(Results("", found)))["programme"]
        assert told["headline"].startswith("The whole programme: what it earned cannot be said yet.")


@pytest.mark.parametrize("is_changed_back", [False, True])
def test_what_is_drawn_by_account_is_read_over_accounts_also_when_it_no_longer_is(
    database: str, sink: Sink, is_changed_back: bool
) -> None:
    apart = two_mails(holdout="50%")
    together = apart.replace("holdout: 50%", "holdout: 50%, by: account")
    with open_world(database, sink) as world:
        world.apply(make_documents({"flow": together}))
        for number, person in enumerate(PEOPLE):
            account = f"acme{number // 3}"
            world.happens("Customer Identified", person, email=f"{person}@example.com")
            world.happens("Account Identified", person, account, roles=["member"])
            world.happens("Pricing Viewed", person, account)
        world.after(40 * DAY)
        if is_changed_back:
            world.apply(make_documents({"flow": apart}))
        (found,) = report_live(world.connection, world.clock.now()).workflows
        conversion = holdout_lifts(found)[0]
        assert conversion.arm.exposed + conversion.against.exposed == len(PEOPLE)
        # Twenty accounts of three: the sample ratio counts what was drawn, and twenty are too few to read.
        assert isinstance(conversion.sample_ratio, SampleRatio)
        assert sum(conversion.sample_ratio.units.values()) == len(PEOPLE) // 3
        assert isinstance(conversion.absolute, Undetermined)
        assert conversion.absolute.reason is UndeterminedReason.TOO_FEW
        fewest = min(conversion.sample_ratio.units.values())
        assert conversion.absolute.detail.startswith("counting accounts, needs 50")
        assert conversion.absolute.detail.endswith(f"the smaller arm has {fewest}")


def test_every_way_of_reading_is_told_where_it_was_asked_for(database: str, sink: Sink) -> None:
    with open_world(database, sink) as world:
        live_through(world, 130)
        program, now = live_program(world.connection), world.clock.now()
        plain = report(world.connection, program, now)
        whole = report(world.connection, program, now, has_readings=True)
        assert "looked at any time" not in "\n".join(results_lines(Results("", plain)))
        told = "\n".join(results_lines(Results("", whole)))
        assert "the same differences read in other ways, 95 %" in told
        (flow,) = json.loads(results_json(Results("", whole)))["workflows"]
        ways = {lift["metric"]: [one["reading"] for one in lift["readings"]] for lift in flow["lifts"]}
        assert ways.pop("conversion") == ["cuped", "always_valid", "all_metrics", "exact", "bayesian"]
        # Without known costs a margin is told nowhere, and so not together with the others.
        assert ways.pop("margin") == ["winsorised", "cuped", "always_valid"]
        together = ("winsorised", "cuped", "always_valid", "all_metrics")
        assert set(map(tuple, ways.values())) == {together}
        assert "looked at any time" in told
        # Of 60 people 28 were held out: too few, and it is said how long it takes.
        assert "Cannot know with 60 customers: seeing a lift of 20% takes" in " ".join(told.split())
        assert flow["outlook"]["needed"] > 60


def test_a_paper_tells_the_ways_of_reading_and_the_health_where_they_were_asked_for(
    database: str, sink: Sink
) -> None:
    with open_world(database, sink) as world:
        live_through(world, 130)
        program, now = live_program(world.connection), world.clock.now()
        found = report(world.connection, program, now, has_readings=True, has_health=True)
        told = markdown_of(report_paper(Results("", found), Trends()))
        for said in ("looked at any time", "A against A, Conversion", "Cannot know with 60 customers"):
            assert said in told
        (flow,) = report(world.connection, program, now).workflows
        plain = markdown_of(report_paper(Results("", Report(now, "USD", (flow,))), Trends()))
        assert "Cannot know with 60 customers" in plain
        assert "Health of these numbers" not in plain
        assert "looked at any time" not in plain


def test_messages_and_serving_are_taken_off_the_margin_and_told_beside_the_revenue(
    database: str, sink: Sink
) -> None:
    costs = "costs: {messages: {email: 12.5}, task_minute: 80}\n"
    with open_world(database, sink) as world:
        documents = make_documents({"flow": two_mails(holdout="50%")})
        without = report_live(world.connection, world.clock.now())
        assert without.workflows == ()
        live_through(world, 130)
        (bare,) = report_live(world.connection, world.clock.now()).workflows
        assert Metric.MARGIN not in [lift.metric for lift in holdout_lifts(bare)]
        world.apply({**documents, "upsell.yaml": documents["upsell.yaml"] + costs})
        (found,) = report_live(world.connection, world.clock.now()).workflows
        by_metric = {lift.metric: lift for lift in holdout_lifts(found)}
        revenue, margin = by_metric[Metric.NET_COMMITTED_REVENUE], by_metric[Metric.MARGIN]
        # Oracle: messages by unit, at 12.5 cents each, rounded up to whole cents by unit.
        sent = dict(world.rows("select unit_id, count(*) from outbox where state = 'sent' group by unit_id"))
        assert sum(sent.values()) > 20
        spent = sum(-(-125 * count // 10) for count in sent.values())
        assert margin.arm.total == revenue.arm.total - spent
        assert margin.against.total == revenue.against.total
        assert "Margin, 90 days" in "\n".join(results_lines(Results("", Report(0, "USD", (found,)))))


def test_what_was_known_at_a_moment_is_what_a_report_of_that_moment_says(database: str, sink: Sink) -> None:
    with open_world(database, sink) as world:
        live_through(world, 120)
        program, now = live_program(world.connection), world.clock.now()
        readings = read_trends(world.connection, program, now).readings["flow"]
        assert [one.at for one in readings] == sorted(one.at for one in readings)
        assert readings[-1].at == now
        for reading in readings:
            (then,) = report(world.connection, program, reading.at).workflows
            assert holdout_lifts(then)[1].absolute == reading.effect


def test_message_pressure_counts_each_persons_messages_in_their_week(database: str, sink: Sink) -> None:
    with open_world(database, sink) as world:
        live_through(world, 16)
        now = world.clock.now()
        sent = world.rows("select customer_id, finished_at from outbox where state = 'sent'")
        weeks = read_weeks(world.connection, now, 4)
        assert sum(week.messages for week in weeks) == len(sent) > 0
        for week in weeks:
            mine = Counter(who for who, at in sent if week.starts_at < at <= week.starts_at + WEEK)
            told = (len(mine), mine.total(), max(mine.values(), default=0))
            assert (week.persons, week.messages, week.most) == told
        # What was said at the very end of a week is in it, and of the next nothing is.
        at = max(at for _, at in sent)
        assert read_weeks(world.connection, at, 1)[0].messages == sum(
            at - WEEK < one <= at for _, one in sent
        )
        assert read_weeks(world.connection, at - 1, 1)[0].messages < len(sent)


def test_before_anybody_was_exposed_there_is_one_reading_that_says_so(database: str) -> None:
    with open_world(database) as world:
        world.apply(make_documents({"flow": two_mails(holdout="50%")}))
        trends = read_trends(world.connection, live_program(world.connection), world.clock.now())
        (reading,) = trends.readings["flow"]
        assert isinstance(reading.effect, Undetermined)
        assert {week.persons for week in trends.weeks} == {0}
