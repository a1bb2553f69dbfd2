"""The plan that fits in rules: what is said of it, when it is asked, and what it costs who does not ask."""

from __future__ import annotations

import pytest

import upsell.decisions.facts
from tests.stories.test_offers import CATALOG, on, uses
from tests.stories.world import DAY, HOUR, Reason, Story, make_program, workflow
from upsell.decisions.fit import fit_plan
from upsell.errors import DefinitionError

HELP = "[{email: {content: t1, intent: help}}]"
PACKS = CATALOG.replace("pack: {kind: pack, name: 1000 reports", "pack: {kind: pack, name: Pack", 1)


def begun(trigger: str, *, eligible: str = "[]", journey: str = HELP) -> Story:
    """On Starter since now: 500 reports a month, 0.20 for each beyond; Team is 99 for 2,000."""
    text = workflow(trigger=trigger, journey=journey, eligible=eligible)
    return on(Story(make_program({"w": text}, catalog=PACKS)), "starter")


def test_only_whom_another_plan_fits_better_is_let_in() -> None:
    gate, asks = "{on: Feature Gate Hit, again_after: 1 day}", "[fit.is_staying = false]"
    story = uses(begun(gate, eligible=asks), 10, days=10).happens("Feature Gate Hit")
    assert (story.mails(), story.reasons()) == ([], [Reason.INELIGIBLE])
    assert [(each.term, each.value) for each in story.decisions()[0].seen] == [("fit.is_staying", True)]
    story = uses(begun(gate, eligible=asks), 40, days=10).happens("Feature Gate Hit")
    assert len(story.mails()) == 1


def test_where_nothing_can_be_said_it_is_unknown_and_nobody_is_let_in() -> None:
    gate = "{on: Feature Gate Hit, again_after: 1 day}"
    for asks in (
        "[fit.is_staying = false]",
        "[not fit.is_staying]",
        "[fit.saving >= 0]",
        "[fit.periods = 0]",
    ):
        story = begun(gate, eligible=asks).happens("Feature Gate Hit")
        assert story.reasons() == [Reason.INELIGIBLE], asks
    assert len(begun(gate, eligible="[fit.plan is null]").happens("Feature Gate Hit").mails()) == 1


@pytest.mark.parametrize(
    "rule",
    [
        "fit.plan = 'team'",
        "fit.price = 9900",
        # 151 of overage and 29, less 99, as in the closed form of the offers' tests.
        "fit.saving = 8100",
        "fit.periods = 0 and fit.periods_over is null and fit.would_have_saved is null",
    ],
)
def test_what_a_rule_sees_is_what_the_fit_says(rule: str) -> None:
    story = begun("{on: Feature Gate Hit}", eligible=f'["{rule}"]')
    assert len(uses(story, 40, days=10).happens("Feature Gate Hit").mails()) == 1


def test_what_was_over_in_past_periods_is_seen() -> None:
    story = begun("{on: Feature Gate Hit}", eligible="[fit.periods_over = 1, fit.periods = 1]")
    uses(story, 700).after(35 * DAY)
    uses(story, 40, days=1).happens("Feature Gate Hit")
    assert len(story.mails()) == 1


def test_it_turns_at_midnight_though_nothing_happens() -> None:
    # After a whole week the rate is known: seven days of 40 and one of none are told in the eighth night.
    story = uses(begun("{when: fit.plan = 'team'}"), 40, days=7)
    story.after(15 * HOUR - 1)
    assert story.mails() == []
    story.after(DAY)
    assert len(story.mails()) == 1


def test_a_journey_is_left_at_the_midnight_after_which_staying_is_best() -> None:
    story = begun(
        "{on: Feature Gate Hit}",
        eligible="[fit.is_staying = false]",
        journey="[{wait: 25 days}, {email: {content: t1, intent: show}}]",
    )
    uses(story, 40, days=10).happens("Feature Gate Hit")
    assert story.reasons() == [Reason.ENROLLED]
    story.after(22 * DAY)
    assert (story.mails(), story.reasons()[-1]) == ([], Reason.INELIGIBLE)
    assert story.decisions()[-1].decided_at % DAY == 0


def test_a_pack_and_a_country_are_asked_about_as_they_change_what_fits() -> None:
    story = uses(begun("{when: fit.is_staying = true, again_after: 1 day}"), 40, days=9)
    story.after(DAY)
    before = len(story.mails())
    story.happens("Order Completed", order_id="o1", items=["pack"], amount=4_000)
    assert len(story.mails()) == before + 1, "enough for the period"
    story = uses(begun("{when: fit.plan = 'local'}"), 40, days=9)
    assert story.happens("Customer Identified", country="at").contents() == ["t1"], "Local is 10 for 9,000"


def test_the_country_of_an_account_is_asked_about_for_its_members_too() -> None:
    text = workflow(trigger="{when: fit.plan = 'local'}", journey=HELP)
    story = Story(make_program({"w": text}, catalog=PACKS), "a:acme").member("ada")
    story.happens("Subscription Started", plan="starter", amount=2900, currency="USD")
    for _ in range(9):
        story.happens("Usage Recorded", by="ada", metric="reports", quantity=40).after(DAY)
    assert story.mails() == []
    assert story.happens("Account Identified", by="ada", country="AT").contents() == ["t1"]


def test_who_asks_nothing_of_it_never_pays_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def counted(*given: object) -> object:
        calls.append(given)
        return fit_plan(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(upsell.decisions.facts, "fit_plan", counted)
    text = "{when: \"usage_ratio('reports') > 0.5 and plan.tier = 1\", again_after: 1 day}"
    uses(begun(text, eligible="[plan.tier < 2]"), 40, days=12).after(30 * DAY)
    assert calls == []
    uses(begun('{when: "plan.tier = 3 and fit.is_staying"}'), 40, days=2)
    assert calls == [], "what is decided before it is not read"
    uses(begun("{when: fit.is_staying}"), 40, days=1)
    assert calls != []


def test_a_feature_that_is_used_is_asked_about_as_it_changes_what_fits() -> None:
    text = workflow(trigger="{when: fit.is_staying, again_after: 1 day}", journey=HELP)
    story = on(Story(make_program({"w": text}, catalog=PACKS)), "team", amount=9_900)
    uses(story, 3, days=2)
    assert story.mails() == []
    assert len(story.happens("Feature Used", feature="sso").mails()) == 1


def test_a_name_the_fit_has_not_is_told() -> None:
    with pytest.raises(DefinitionError, match=r"did you mean fit\.is_staying"):
        begun("{when: fit.is_stayin}")
