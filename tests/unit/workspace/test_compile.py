"""What the files say is what the program holds. Oracle: the files of tests/workspaces/acme, read by eye."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.unit.workspace.acme import ACME, QUOTA, compiled, documents, problems_of, with_change
from upsell.catalog.plans import BillingInterval
from upsell.clock import DAY, HOUR, from_datetime
from upsell.decisions.control import Control
from upsell.decisions.intents import PROMOTIONAL, SELLING, Intent
from upsell.decisions.policy import Cap
from upsell.journeys.program import Program
from upsell.journeys.steps import EndStep, IfStep, MessageStep, TaskStep, WaitForStep, WaitStep
from upsell.journeys.workflow import Existing, Status, UnitKind, Vary
from upsell.money import Money
from upsell.workspace.compile import compile_workspace


@pytest.fixture(scope="module")
def program() -> Program:
    return compile_workspace(ACME).program


def test_a_right_workspace_has_no_problem_and_no_warning() -> None:
    assert problems_of(documents()) == ()


def test_amounts_are_minor_units_of_the_workspaces_currency(program: Program) -> None:
    team, pro = program.catalog.plans["team"], program.catalog.plans["pro"]
    assert team.prices == {
        BillingInterval.MONTH: {"USD": Money(4_900, "USD")},
        BillingInterval.YEAR: {"USD": Money(49_000, "USD")},
    }
    assert team.cost == Money(850, "USD")
    assert pro.price(BillingInterval.MONTH, "USD") == Money(14_900, "USD")


def test_a_currency_without_minor_unit_takes_whole_amounts() -> None:
    changed = with_change("upsell.yaml", "USD", "JPY")
    changed["catalog.yaml"] = changed["catalog.yaml"].replace("cost: 8.50", "cost: 850")
    changed["catalog.yaml"] = changed["catalog.yaml"].replace('"149.00"', "149")
    assert compiled(changed).program.catalog.plans["team"].cost == Money(850, "JPY")


def test_metrics_are_those_listed_and_those_limited(program: Program) -> None:
    assert program.catalog.metrics == {"seats", "api_calls"}


def test_an_offer_available_until_a_date_ends_with_that_day_in_the_teams_zone(program: Program) -> None:
    # New York is five hours behind UTC in winter.
    end = from_datetime(datetime(2029, 1, 1, 5, tzinfo=UTC))
    assert program.catalog.offers["pro-annual"].available_until == end


def test_caps_hold_for_promotional_intents_and_all_channels_unless_said(program: Program) -> None:
    assert program.policy.caps == (
        Cap(2, 7 * DAY, PROMOTIONAL, frozenset()),
        Cap(1, 3 * DAY, SELLING, frozenset({"email"})),
    )


def test_sensitive_states_are_the_built_in_ones_as_changed_and_the_teams_own(program: Program) -> None:
    states = {state.name: state for state in program.policy.states}
    assert set(states) == {
        "open_ticket",
        "severe_ticket",
        "failed_payment",
        "recent_downgrade",
        "pending_cancellation",
        "incident",
        "low_satisfaction",
        "onboarding",
        "at_risk",
        "open_task",
        "open_deal",
    }
    assert states["open_ticket"].starts == ("Ticket Opened",)
    assert states["open_ticket"].ends == ("Ticket Closed",)
    assert states["open_ticket"].key == "ticket_id"
    assert states["open_ticket"].cool_down == 3 * DAY
    assert states["open_ticket"].stops == PROMOTIONAL
    assert states["onboarding"].stops == {Intent.OFFER}
    assert states["onboarding"].when is None
    assert states["at_risk"].when is not None


def test_policy_durations_and_the_global_control_are_as_written(program: Program) -> None:
    assert program.policy.patience == 14 * DAY
    assert program.policy.freeze_for == 10 * DAY
    assert program.policy.control == Control(0.02)


def test_steps_go_on_as_they_stand_in_the_file(program: Program) -> None:
    journey = program.workflows["api-quota"].journey
    assert journey.entry == "0"
    assert journey.steps["0"] == MessageStep("0", "1", {"": "optimise-usage"}, Intent.HELP, ("admin",))
    assert journey.steps["1"] == WaitStep("1", "2", {"": 3 * DAY})
    awaited = journey.steps["5"]
    assert isinstance(awaited, WaitForStep)
    assert (awaited.event, awaited.up_to, awaited.since_enrollment) == ("Trial Started", 5 * DAY, True)
    assert journey.steps["6"] == IfStep("6", None, "6.then.0", "6.else.0")
    branch = journey.steps["6.else.0"]
    assert isinstance(branch, IfStep)
    assert branch.test is not None
    assert (branch.yes, branch.no) == ("6.else.0.then.0", "6.else.0.else.0")
    task = journey.steps["6.else.0.then.0"]
    assert isinstance(task, TaskStep)
    assert (task.then, task.due) == (None, 2 * DAY)
    assert journey.steps["6.else.0.else.0"] == EndStep("6.else.0.else.0")


def test_a_branch_without_else_goes_on_with_the_next_step() -> None:
    changed = with_change(
        QUOTA, "  - wait: 3 days", "  - if: warm\n    then: [{wait: 1 day}]\n  - wait: 3 days"
    )
    steps = compiled(changed).program.workflows["api-quota"].journey.steps
    branch, inside = steps["1"], steps["1.then.0"]
    assert isinstance(branch, IfStep)
    assert (branch.yes, branch.no) == ("1.then.0", "2")
    assert isinstance(inside, WaitStep)
    assert inside.then == "2"


def test_steps_after_the_goal_never_share_an_id_with_the_journeys(program: Program) -> None:
    workflow = program.workflows["api-quota"]
    assert workflow.on_goal.entry == "on_goal.0"
    assert not workflow.on_goal.steps.keys() & workflow.journey.steps.keys()


def test_an_email_that_makes_an_offer_has_intent_offer_by_itself(program: Program) -> None:
    step = program.workflows["api-quota"].journey.steps["4"]
    assert isinstance(step, MessageStep)
    assert step.intent is Intent.OFFER
    assert step.offer == {"trial": "pro-trial-14d", "annual": "pro-annual"}


def test_each_thing_an_experiment_may_vary_is_read_by_arm(program: Program) -> None:
    wait = program.workflows["seat-growth"].journey.steps["0"]
    mail = program.workflows["welcome-back"].journey.steps["0"]
    assert isinstance(wait, WaitStep)
    assert isinstance(mail, MessageStep)
    assert wait.lasts == {"soon": HOUR, "late": 2 * DAY}
    assert mail.content == {"short": "upgrade-short", "long": "upgrade"}
    assert program.workflows["welcome-back"].experiment.vary is Vary.MESSAGE


def test_audience_adds_a_rule_by_arm() -> None:
    changed = with_change(
        "workflows/seat-growth.yaml",
        "vary: timing\n  arms: {soon: 50%, late: 50%}",
        "vary: audience\n  arms: {all: 50%, large: 50%}\n  audience: {large: account.employees > 100}",
    )
    changed["workflows/seat-growth.yaml"] = changed["workflows/seat-growth.yaml"].replace(
        "{soon: 1 hour, late: 2 days}", "1 hour"
    )
    experiment = compiled(changed).program.workflows["seat-growth"].experiment
    assert [arm.share for arm in experiment.arms] == [0.5, 0.5]
    assert list(experiment.audience) == ["large"]


def test_a_crossing_reads_percents_and_numbers_in_ascending_order(program: Program) -> None:
    crossing = program.workflows["seat-growth"].trigger.crossing
    assert crossing is not None
    assert (crossing.at, crossing.hysteresis) == ((0.8, 1.0), 0.05)
    assert program.workflows["seat-growth"].trigger.when is not None


def test_the_salt_of_the_holdout_is_the_workflows_key_unless_written(program: Program) -> None:
    assert program.workflows["api-quota"].experiment.salt == "api-quota"
    assert program.workflows["seat-growth"].experiment.salt == "seats"


def test_the_salt_of_the_arms_is_another_than_the_holdouts(program: Program) -> None:
    for workflow in program.workflows.values():
        assert workflow.experiment.arms_salt not in {"", workflow.experiment.salt}


def test_what_is_not_written_has_its_documented_default(program: Program) -> None:
    quota, back = program.workflows["api-quota"], program.workflows["welcome-back"]
    assert (quota.status, quota.existing, quota.priority) == (Status.LIVE, Existing.IGNORE, 0)
    assert quota.max_age == 24 * HOUR
    assert (back.status, back.existing, back.unit) == (Status.PAUSED, Existing.ENTER, UnitKind.CUSTOMER)
    assert back.max_age == 2 * HOUR
    assert program.workflows["seat-growth"].trigger.again_after is None


def test_a_workflow_that_only_helps_takes_no_slot(program: Program) -> None:
    assert program.workflows["api-quota"].takes_slot
    changed = with_change(
        "workflows/seat-growth.yaml",
        "content: compare-plans, intent: show",
        "content: compare-plans, intent: help",
    )
    assert not compiled(changed).program.workflows["seat-growth"].takes_slot


def test_a_workflow_carries_the_offers_and_contents_its_steps_name(program: Program) -> None:
    workflow = program.workflows["api-quota"]
    assert set(workflow.offers) == {"pro-trial-14d", "pro-annual"}
    assert set(workflow.contents) == {
        "optimise-usage",
        "compare-plans",
        "upgrade",
        "trial-onboarding",
        "welcome-to-pro",
    }


def test_a_rule_has_signals_written_into_it(program: Program) -> None:
    when = program.workflows["api-quota"].trigger.when
    assert when is not None
    assert when.text == "quota_pressure"
    assert "api_calls" in when.canonical


def test_anchors_and_merge_keys_stand_for_what_they_repeat() -> None:
    changed = with_change(
        "catalog.yaml",
        "    features: [audit log]\n    cost: 8.50",
        "    features: &some [audit log]\n    cost: 8.50",
    )
    changed["catalog.yaml"] = changed["catalog.yaml"].replace(
        "  pro-annual:\n    kind: upgrade\n    plan: pro\n",
        "  pro-annual:\n    <<: &base {kind: upgrade, plan: pro}\n",
    )
    changed["catalog.yaml"] = changed["catalog.yaml"].replace(
        "features: [audit log, single sign-on]", "features: *some"
    )
    catalog = compiled(changed).program.catalog
    assert catalog.plans["pro"].features == ("audit log",)
    assert catalog.offers["pro-annual"].thing == "pro"


def test_words_that_older_yaml_takes_for_booleans_are_text() -> None:
    changed = with_change("workflows/welcome-back.yaml", "name: Welcome back", "name: Yes")
    assert compiled(changed).program.workflows["welcome-back"].name == "Yes"


def test_without_a_catalog_any_metric_will_do() -> None:
    changed = {
        path: text
        for path, text in documents().items()
        if path in ("upsell.yaml", "workflows/seat-growth.yaml") or path.startswith("templates/")
    }
    changed["workflows/seat-growth.yaml"] = changed["workflows/seat-growth.yaml"].replace(
        "usage_ratio('seats')", "usage_ratio('whatever')"
    )
    assert compiled(changed).program.catalog.plans == {}


def test_segments_are_asked_after_those_whose_events_they_count() -> None:
    segments = compiled().program.segments
    assert list(segments) == ["interested", "power_teams", "cooled_off"]
    assert segments["power_teams"].unit is UnitKind.ACCOUNT
    assert segments["power_teams"].meaning == "Accounts near their quota whose team grows."


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("properties.segment = 'b'", "properties.segment in ('a', 'c')"),
        ("true", "properties.segment <> 'z'"),
        ("properties.unit = 'c:ada'", "properties.segment = 'a'"),
        ("coalesce(properties.unit, properties.segment) = 'b'", "properties.segment = 'a'"),
    ],
)
def test_segments_that_may_count_each_others_events_in_a_circle_are_refused(first: str, second: str) -> None:
    rule = "event_count('Segment Entered', interval '1 day', {}) > 0"
    text = "".join(
        f'{name}: {{unit: customer, rule: "{rule.format(where)}"}}\n'
        for name, where in (("a", first), ("b", second))
    )
    (problem,) = problems_of({**documents(), "segments.yaml": text})
    assert problem.code == "segment-cycle"
    assert "->" in problem.message


def test_a_customers_segment_never_counts_an_accounts_so_there_is_no_circle_between_them() -> None:
    rule = "event_count('Segment Entered', interval '1 day', properties.segment = '{}') > 0"
    of_account = f'a: {{unit: account, rule: "{rule.format("b")}"}}\n'
    text = f'{of_account}b: {{unit: customer, rule: "{rule.format("a")}"}}\n'
    assert list(compiled({**documents(), "segments.yaml": text}).program.segments) == ["b", "a"]


def test_a_segment_that_changes_is_another_program_and_another_version_of_what_names_it() -> None:
    def naming(changed: dict[str, str]) -> Program:
        return compiled(
            {**changed, QUOTA: changed[QUOTA].replace("eligible:", "eligible:\n  - power_teams", 1)}
        ).program

    before, after = documents(), with_change("segments.yaml", "and team_growth", "or team_growth")
    one, other = naming(before), naming(after)
    assert one.version != other.version
    assert one.workflows["api-quota"].version != other.workflows["api-quota"].version
    assert one.workflows["seat-growth"].version == other.workflows["seat-growth"].version


def test_arms_are_written_as_shares_or_as_weights_that_mean_the_same() -> None:
    shares = "arms: {trial: 50%, annual: 50%}"
    halves = compiled(with_change(QUOTA, shares, "arms: {trial: 3, annual: 3}")).program
    assert halves.workflows["api-quota"].version == compiled().program.workflows["api-quota"].version
    thirds = compiled(with_change(QUOTA, shares, "arms: {trial: 1, annual: 2}")).program
    arms = thirds.workflows["api-quota"].experiment.arms
    assert [(arm.name, arm.share) for arm in arms] == [("trial", 1 / 3), ("annual", 2 / 3)]


def test_what_is_about_accounts_draws_accounts_whether_written_or_not() -> None:
    written = compiled(with_change(QUOTA, "holdout: 10%", "holdout: 10%\n  by: account")).program
    assert written.workflows["api-quota"].version == compiled().program.workflows["api-quota"].version


def test_arms_are_drawn_by_the_experiments_name_where_it_has_one() -> None:
    named = "holdout: 10%\n  name: annual-or-trial"
    first = with_change(QUOTA, "holdout: 10%", named)
    renamed = {**first, QUOTA: first[QUOTA].replace("annual: ", "yearly: ")}
    salts = [compiled(each).program.workflows["api-quota"].experiment.arms_salt for each in (first, renamed)]
    assert salts == ["api-quota/annual-or-trial"] * 2
    other = with_change(QUOTA, "annual: ", "yearly: ")
    other[QUOTA] = other[QUOTA].replace("annual: ", "yearly: ")
    bare = compiled().program.workflows["api-quota"].experiment.arms_salt
    assert compiled(other).program.workflows["api-quota"].experiment.arms_salt != bare


def test_costs_are_exact_to_a_millionth_of_a_minor_unit() -> None:
    written = "\ncosts: {messages: {email: 0.04, sms: 0.8765433}, task_minute: 75.5, minutes_per_task: 20}\n"
    changed = documents()
    changed["upsell.yaml"] += written
    costs = compiled(changed).program.costs
    assert costs.messages == {"email": 40_000, "sms": 876_543}
    assert (costs.task_minute, costs.minutes_per_task) == (75_500_000, 20)
    assert costs.are_known
    assert not compiled().program.costs.are_known
