"""Words about results claim what the interval says, and nothing more."""

from __future__ import annotations

import msgspec
import pytest

from tests.made_results import AS_OF, NOTHING, lift, results, spread
from upsell.cli.results_text import results_lines
from upsell.decisions.reasons import MEANINGS, Reason
from upsell.measurement.answers import Undetermined
from upsell.runtime import results as said
from upsell.runtime.reporting import ReasonCount, Report, WorkflowReport
from upsell.runtime.results import Results, results_json


def found(key: str) -> WorkflowReport:
    return next(one for one in results().report.workflows if one.key == key)


def test_a_headline_claims_earnings_only_when_the_whole_interval_is_above_zero() -> None:
    assert said.headline(found("earning")).startswith(
        "Earning earned $31,500 more than doing nothing, in 90 days"
    )
    assert said.headline(found("early")).startswith(
        "Early: too early to say. Against doing nothing it earned"
    )


def test_a_headline_says_a_loss_as_a_loss() -> None:
    losing = lift("losing", spread(3_000, 1_050), spread(6_000, 420), (30, 34))
    words = said.headline(WorkflowReport("losing", "Losing", "account", 0.3, NOTHING, losing))
    assert words.startswith("Losing lost $31,500 against doing nothing")
    assert "−" not in words


def test_a_headline_says_why_nothing_can_be_said() -> None:
    assert said.headline(found("empty")) == (
        "Empty: what it earned cannot be said yet. Nobody has been exposed."
    )


def test_conversion_is_told_in_percentage_points_and_money_with_its_currency() -> None:
    conversion, revenue, *_ = said.holdout_lifts(found("earning"))
    assert said.mean_words(conversion.arm.mean, conversion) == "14.3 %"
    assert said.effect_words(conversion.absolute, conversion).startswith("+6.2 pp (")
    assert said.mean_words(revenue.arm.mean, revenue) == "$90.00"
    assert said.effect_words(revenue.absolute, revenue).startswith("+$30.00 (")


def test_an_undetermined_effect_is_never_a_number() -> None:
    for one in said.holdout_lifts(found("empty")):
        assert isinstance(one.absolute, Undetermined)
        assert said.effect_words(one.absolute, one) == "not known: nobody has been exposed"
        assert said.mean_words(one.arm.mean, one) == "–"


def test_a_planted_truth_is_said_to_lie_inside_or_outside_its_interval() -> None:
    told = results()
    conversion, revenue, _, recurring = said.holdout_lifts(found("earning"))
    words = [
        said.truth_words(truth, one)
        for one in (conversion, revenue, recurring)
        if (truth := told.truth_of(one)) is not None
    ]
    assert words == ["+7.0 pp inside", "+$29.00 inside", "+$839.00 outside"]


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_is_said_in_its_plain_words(reason: Reason) -> None:
    assert said.reason_words(ReasonCount(reason.value, "", 1)) == MEANINGS[reason]


@pytest.mark.parametrize(
    ("reason", "rule", "words"),
    [
        ("lapsed", "capped", "was written to often enough for now, for longer than a candidate waits"),
        ("trigger_gone", "no_consent", "consent was withdrawn, until the trigger was no longer true"),
        ("ineligible", "plan.tier < 3", "an eligibility rule is not true: plan.tier < 3"),
        ("frozen", "open_ticket", f"{MEANINGS[Reason.FROZEN]}: open ticket"),
    ],
)
def test_a_reason_says_what_decided(reason: str, rule: str, words: str) -> None:
    assert said.reason_words(ReasonCount(reason, rule, 1)) == words


def test_a_terminal_of_80_columns_holds_every_line() -> None:
    lines = "\n".join(results_lines(results())).split("\n")
    assert [line for line in lines if len(line) > 80] == []


def test_a_place_where_nothing_is_live_says_what_to_do() -> None:
    assert "upsell apply" in "".join(results_lines(Results("", Report(AS_OF, "", ()))))


def test_json_says_moments_as_text_and_silence_with_its_reason() -> None:
    content = msgspec.json.decode(results_json(results()))
    assert content["as_of"] == "2027-01-01T00:00:00Z"
    empty = next(flow for flow in content["workflows"] if flow["key"] == "empty")
    assert {one["absolute"]["reason"] for one in empty["lifts"]} == {"no_units"}
    earning = next(flow for flow in content["workflows"] if flow["key"] == "earning")
    covered = {
        one["metric"]: one["planted_truth"]["is_covered"]
        for one in earning["lifts"]
        if "planted_truth" in one
    }
    assert covered == {
        "conversion": True, "net_committed_revenue": True, "recurring_revenue_change": False,
    }  # fmt: skip
