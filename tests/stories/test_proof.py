"""What can be proved to a customer: value received, milestones, overage paid; and what is never said."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from liquid.exceptions import LiquidError

from tests.stories.world import DAY, HOUR, Story, make_program, workflow
from upsell.channels.render import template_facts
from upsell.cli.standing_text import standing_lines
from upsell.decisions.benchmarks import OLDEST, Benchmark, Cohort, benchmarks_by_cohort
from upsell.decisions.proof_words import proof_content
from upsell.journeys.explain import explain_standing, prove
from upsell.journeys.program import Program, with_benchmarks
from upsell.runtime.explained import standing_content
from upsell.workspace.liquid_environment import html_environment

CATALOG = """
default_plan: free
metrics:
  reports: {name: report, saves: 20 minutes, worth: 3.50, milestones: [100, 1000, 10000], benchmark: true}
  exports: {name: export}
  seats: {name: seat}
plans:
  free: {name: Free, tier: 0, limits: {api_calls: 100}}
  starter: {name: Starter, tier: 1, price: {month: 49}}
  pro: {name: Pro, tier: 2, price: {month: 149}}
offers:
  pro: {kind: upgrade, plan: pro, title: Pro}
"""
HELP = "[{email: {content: t1, intent: help}}]"
QUIET = workflow(trigger="{on: Go}", journey=HELP)


def program_of(text: str = QUIET, *, catalog: str = CATALOG) -> Program:
    return make_program({"w": text}, catalog=catalog)


def begun(program: Program, household_id: str = "c:ada", *, seats: int = 3) -> Story:
    story = Story(program, household_id)
    return story.happens("Subscription Started", plan="starter", amount=4900, currency="USD", quantity=seats)


def used(story: Story, amount: float, metric: str = "reports", **more: Any) -> Story:
    return story.happens("Usage Recorded", metric=metric, quantity=amount, **more)


def told(story: Story) -> dict[str, Any]:
    return proof_content(prove(story.program, story.household, story.household.id, story.now))


def test_a_milestone_is_told_with_the_day_where_that_was_seen() -> None:
    assert told(used(begun(program_of()), 99)).keys() == {"value"}
    said = told(used(begun(program_of()), 12_000))["milestones"]["reports"]
    assert (said["milestone"], said["sentence"]) == (
        10_000, "10,000 reports reached on 2 March 2026, 12,000 so far.",
    )  # fmt: skip


def test_a_milestone_new_in_the_catalog_and_long_passed_is_told_without_a_day() -> None:
    before = used(begun(program_of(catalog=CATALOG.replace("milestones: [100, 1000, 10000], ", ""))), 400)
    said = told(used(Story(program_of(), household=before.household), 1))["milestones"]["reports"]
    assert "reached_at" not in said
    assert said["sentence"] == "Past 100 reports: 401 so far."


def test_value_is_told_with_the_assumptions_it_is_made_of() -> None:
    story = used(used(begun(program_of()), 240).after(32 * DAY), 31, "exports")
    said = told(story)["value"]
    assert said["last"]["sentence"] == (
        "In the month from 2 March 2026: 240 reports (80 hours saved at 20 minutes each; worth 840.00 USD at "
        "3.50 USD each). That is 17 times the plan's 49.00 USD."
    )
    assert said["present"]["sentence"] == "In the month from 2 April 2026 so far: 31 exports."
    assert said["last"]["ratio"] == 840 / 49
    assert said["last"]["metrics"]["reports"]["saves"] == "20 minutes"
    assert said["ever"]["price"] == {"amount": 9800, "currency": "USD"}


def test_of_a_metric_without_assumptions_only_its_amount_is_told() -> None:
    said = told(used(begun(program_of()), 31, "exports"))["value"]["present"]
    assert said.keys() == {"from", "to", "price", "sentence", "metrics"}
    assert said["metrics"] == {"exports": {"used": 31, "sentence": "31 exports."}}


def test_a_worth_in_a_currency_they_do_not_pay_in_is_not_told() -> None:
    story = Story(program_of())
    story.happens("Subscription Started", plan="starter", amount=4500, currency="EUR")
    said = told(used(story, 10))["value"]["present"]
    assert "worth" not in said
    assert said["hours"] == pytest.approx(10 / 3)


def test_a_price_that_changed_on_the_way_is_not_told() -> None:
    story = used(begun(program_of()), 10).after(5 * DAY)
    assert told(story)["value"]["present"]["price"] == {"amount": 4900, "currency": "USD"}
    story.happens("Subscription Renewed", plan="starter")
    assert "price" in told(story)["value"]["present"]
    story.happens("Subscription Changed", plan="starter", amount=9800, quantity=6)
    said = told(story)["value"]
    assert "price" not in said["present"]
    assert "ratio" not in said["ever"]


def test_what_is_saved_and_how_often_it_pays_is_rounded_down() -> None:
    story = used(begun(program_of()), 29.9)
    said = told(story)["value"]["present"]["sentence"]
    assert "9.9 hours saved" in said
    assert "2.1 times" in said
    worth_less = used(begun(program_of()), 3)
    assert "times" not in told(worth_less)["value"]["present"]["sentence"]
    assert told(worth_less)["value"]["present"]["ratio"] < 1


def test_a_gauge_and_a_metric_nobody_described_are_not_value() -> None:
    story = begun(program_of()).happens("Usage Recorded", metric="seats", level=4)
    assert told(used(story, 50, "api_calls")) == {}


def test_use_before_a_subscription_is_of_no_period_of_it() -> None:
    story = used(Story(program_of()), 40).after(5 * DAY)
    story.happens("Subscription Started", plan="starter", amount=4900, currency="USD")
    assert told(story)["value"].keys() == {"ever"}
    said = told(used(story, 7))["value"]
    assert said["present"]["metrics"]["reports"]["used"] == 7
    assert "price" not in said["ever"]


def test_overage_is_what_was_paid_and_what_would_be_charged_is_another_thing() -> None:
    story = begun(program_of())
    story.happens("Invoice Paid", invoice_id="1", amount=4900, currency="USD")
    assert told(story) == {}
    story.happens("Invoice Paid", invoice_id="2", amount=6000, overage=1100, currency="USD").after(DAY)
    story.happens("Invoice Paid", invoice_id="3", amount=7600, overage=2700, currency="USD")
    story.happens("Refunded", amount=700, overage=700, currency="USD")
    said = told(story)["overage"]
    assert (said["total"], said["invoices"]) == ({"amount": 3100, "currency": "USD"}, 2)
    assert said["sentence"] == (
        "31.00 USD paid for use beyond the plan's limits in the last 12 months after 7.00 USD was given "
        "back, on 2 invoices, the last on 3 March 2026."
    )
    story.after(366 * DAY)
    assert told(story) == {}


@pytest.mark.parametrize("odd", [True, "12", -5, 0, None, 0.2])
def test_overage_that_is_no_amount_is_none(odd: object) -> None:
    story = begun(program_of()).happens("Invoice Paid", invoice_id="1", amount=1, overage=odd, currency="USD")
    assert told(story) == {}


SMALL = Cohort(is_account=False, family="", size=1)


def with_peers(program: Program, made_at: int, *, units: int = 37, cohort: Cohort = SMALL) -> Program:
    peers = Benchmark("reports", cohort, made_at, units, 120, 240, 400)
    return with_benchmarks(program, benchmarks_by_cohort([peers]))


def test_peers_are_told_of_beside_ones_own_last_period() -> None:
    story = used(begun(program_of()), 310).after(32 * DAY)
    story = Story(with_peers(story.program, story.now - DAY), household=story.household)
    story.now = story.household.taken_at
    said = told(story)["peers"]["reports"]
    assert (said["used"], said["median"], said["units"]) == (310, 240, 37)
    assert said["sentence"] == (
        "310 reports in the month from 2 March 2026. "
        "Of 37 customers of 2\N{EN DASH}5 seats, half had about 240 or more."
    )


@pytest.mark.parametrize(
    ("made", "units", "cohort", "is_told"),
    [
        (-1, 37, SMALL, True),
        (0, 37, SMALL, True),
        (1, 37, SMALL, False),
        (1 - OLDEST, 37, SMALL, True),
        (-OLDEST, 37, SMALL, False),
        (-1, 19, SMALL, False),
        (-1, 37, msgspec.structs.replace(SMALL, size=2), False),
        (-1, 37, msgspec.structs.replace(SMALL, is_account=True), False),
        (-1, 37, msgspec.structs.replace(SMALL, by="customer.industry", value="retail"), False),
    ],
)
def test_a_benchmark_of_others_too_few_too_old_or_made_later_is_not_told(
    made: int, units: int, cohort: Cohort, is_told: bool
) -> None:
    story = used(begun(program_of()), 310).after(32 * DAY)
    program = with_peers(story.program, story.now + made, units=units, cohort=cohort)
    said = proof_content(prove(program, story.household, "c:ada", story.now))
    assert ("peers" in said) is is_told


def test_whoever_used_nothing_in_the_last_period_or_pays_nothing_has_no_peers() -> None:
    quiet = used(begun(program_of()), 310).after(70 * DAY)
    program = with_peers(quiet.program, quiet.now)
    assert "peers" not in proof_content(prove(program, quiet.household, "c:ada", quiet.now))
    trial = Story(program_of())
    trial.happens(
        "Subscription Started", plan="starter", amount=4900, currency="USD", quantity=3, status="trialing"
    )
    used(trial, 310).after(32 * DAY)
    program = with_peers(trial.program, trial.now)
    assert "peers" not in proof_content(prove(program, trial.household, "c:ada", trial.now))


def test_a_task_carries_what_can_be_proved_when_it_is_opened() -> None:
    ask = workflow(
        trigger="{on: Pricing Viewed}", journey="[{task: {queue: success, title: Call, due: 2 days}}]"
    )
    story = used(begun(program_of(ask)), 240).happens("Pricing Viewed")
    (task,) = story.tasks()
    assert task.proof is not None
    assert proof_content(task.proof) == told(story)
    (bare,) = begun(program_of(ask)).happens("Pricing Viewed").tasks()
    assert bare.proof is None


def test_templates_see_money_as_it_prints_and_what_is_missing_as_nothing() -> None:
    story = used(begun(program_of()), 240).after(HOUR).happens("Go")
    facts = template_facts(story.program, story.household, story.mails()[0], story.now)
    environment = html_environment()

    def written(text: str) -> str:
        return environment.from_string(text).render(**facts)

    assert written("{{ proof.value.present.worth }}, {{ proof.value.present.metrics.reports.used }}") == (
        "$840.00, 240"
    )
    assert written("{% if proof.peers %}x{% endif %}{% if proof.value.last.hours %}y{% endif %}") == ""
    assert written("{% if proof.overage %}x{% endif %}{% if proof.milestones.exports %}y{% endif %}") == ""
    with pytest.raises(LiquidError):
        written("{{ proof.value.last.sentence }}")


def test_explain_says_what_can_be_proved_in_words_and_numbers() -> None:
    story = used(begun(program_of()), 240)
    standing = explain_standing(story.program, story.household, "c:ada", story.now)
    assert standing is not None
    text = " ".join("\n".join(standing_lines(standing)).split())
    assert "can be said: In the month from 2 March 2026 so far: 240 reports (80 hours saved" in text
    said = standing_content(standing)
    assert said is not None
    assert said["proof"] == told(story)
