"""Reports as papers: they say what their commands say, also where there is nothing to say."""

from __future__ import annotations

import pytest

from upsell.clock import DAY
from upsell.journeys.conflicts import Conflict
from upsell.measurement.answers import Effect, Undetermined, UndeterminedReason
from upsell.measurement.charts.chart import Chart, Table
from upsell.measurement.charts.people import Week
from upsell.measurement.figures import Figure
from upsell.measurement.metrics import Span, metric_definition
from upsell.measurement.scorecard import SCORECARD, ExpansionStage
from upsell.measurement.shares import share_of
from upsell.runtime.attribution import Attribution, Credit
from upsell.runtime.discounts import BudgetUse, Discounts, Waiting
from upsell.runtime.papers.attribution_paper import attribution_paper
from upsell.runtime.papers.conflicts_paper import conflicts_paper
from upsell.runtime.papers.discounts_paper import discounts_paper
from upsell.runtime.papers.markdown import markdown_of
from upsell.runtime.papers.paper import Paper
from upsell.runtime.papers.scorecard_paper import scorecard_paper
from upsell.runtime.papers.trust_paper import trust_paper
from upsell.runtime.scorecard import ScoreLine
from upsell.runtime.trends import Trends
from upsell.store.guardrails import MessageSums

SPAN = Span(since=0, until=365 * DAY, as_of=365 * DAY, currency="USD")
NOBODY = Undetermined(UndeterminedReason.NO_UNITS, "nobody has been exposed")


def table(paper: Paper, section: int) -> Table:
    return next(each for each in paper.sections[section].blocks if isinstance(each, Table))


def charts(paper: Paper) -> dict[str, Chart]:
    return {chart.key: chart for chart in paper.charts}


def attribution() -> Attribution:
    lines = (
        Credit("credited", "quota", "email", 12, {"USD": 134_832}),
        Credit("held out", "", "", 3, {}),
        Credit("unattributed", "", "", 5, {"EUR": 700, "USD": 100}),
    )
    total = Credit("total", "", "", 20, {"EUR": 700, "USD": 134_932})
    return Attribution(0, 365 * DAY, lines, total, {"quota": Effect(5_000, 2_000, 8_000), "seats": NOBODY})


def test_credits_stand_beside_the_lift_and_never_as_one() -> None:
    paper = attribution_paper(attribution(), "USD")
    headline = "12 of 20 upgrades are credited to a workflow: attributed, not caused."
    assert paper.sections[0].headline == headline
    assert table(paper, 0).rows == (
        ("quota", "email", "12", "1,348.32 USD"),
        ("held out", "–", "3", "0"),
        ("unattributed", "–", "5", "7.00 EUR, 1.00 USD"),
        ("total", "–", "20", "7.00 EUR, 1,349.32 USD"),
    )
    lifts = charts(paper)["attribution-lifts"].table
    assert lifts.rows[0][:4] == ("quota", "+50.00", "+20.00", "+80.00")
    assert "not therefore caused" in paper.sections[1].headline


def discounts(buyers: int, waited: int) -> Discounts:
    def group(label: str) -> Waiting:
        return Waiting(label, buyers, waited, share_of(waited, buyers, "buyers"))

    use = BudgetUse("quota", 100_000, "USD", 120_000, 4, 200 * DAY, 0, 0)
    groups = (group("percent"), Waiting("none", 5, 0, share_of(0, 5, "buyers")))
    return Discounts(0, 365 * DAY, 3, group(""), groups, (group("1970 Q1"),), ((0, 2),), (use,))


def test_a_share_of_those_who_waited_has_its_interval_and_one_of_too_few_is_not_told() -> None:
    paper = discounts_paper(discounts(100, 20))
    # Wilson's interval of 20 in 100, as published calculators have it.
    said = "20.0 % of 100 buyers had waited for a discount (13.3 % to 28.9 %"
    assert paper.sections[0].headline.startswith(said)
    drawn = charts(paper)["discounts-waited"].table
    assert [row[0] for row in drawn.rows] == ["all buyers", "percent", "1970 Q1"]
    assert drawn.rows[0][1:4] == ("20.0 %", "13.3 %", "28.9 %")
    assert table(paper, 1).rows == (
        ("quota", "1,000.00 USD", "1,200.00 USD", "0.00 USD", "1970-07-20 00:00 UTC"),
    )
    few = discounts_paper(discounts(4, 1))
    assert few.sections[0].headline == "1 of 4 buyers had waited."
    assert charts(few)["discounts-waited"].table.rows[0][1:4] == ("–", "–", "–")


def test_pairs_that_may_meet_are_told_apart_from_those_that_cannot() -> None:
    trigger = ("the event Pricing Viewed",)
    meeting = Conflict("a", "b", "account", (), trigger, "a", "priority 2 over 1", "", "")
    apart = Conflict("a", "c", "people", ("admin", "billing"), (), None, "by name", "", "plan.tier")
    paper = conflicts_paper([meeting, apart])
    assert paper.sections[0].headline == "1 pair of workflows may want one slot at once."
    assert table(paper, 0).rows == (
        ("a and b", "the slots of accounts", *trigger, "a wins: priority 2 over 1", "–"),
    )
    assert table(paper, 1).rows == (("a and c", "plan.tier"),)
    assert conflicts_paper([]).sections[0].headline == "No two workflows compete."


def test_trust_is_told_over_time_each_share_with_its_interval() -> None:
    sums = [
        MessageSums("quota", "email", "", 0, stretch, 500, 5, 0, left)
        for stretch, left in ((10, 10), (11, 2))
    ]
    weeks = (Week(0, 40, 44, 2), Week(7 * DAY, 10, 30, 5))
    paper = trust_paper(Trends(weeks=weeks), sums)
    assert paper.sections[0].headline == "74 messages went out in the last 2 weeks."
    left = "Of 1,000 messages 12 were answered by leaving, and 0 marked as spam."
    assert paper.sections[1].headline == left
    # Ten stretches of 28 days after 1970 began, less half of one: the store numbers them by the nearest.
    assert [row[:2] for row in charts(paper)["trust-leaving"].table.rows] == [
        ("from 1970-09-24", "2.00 %"),
        ("from 1970-10-22", "0.40 %"),
    ]
    assert paper.sections[2].headline == "No limit is watched yet."


def test_the_scorecard_answers_by_what_was_offered_and_says_where_nothing_is_known() -> None:
    def figure(item: str, count: int) -> Figure:
        return Figure("upgrade", item, "all", None, count, None, count)

    funnel = ScoreLine(
        ExpansionStage.DISCOVER,
        metric_definition("funnel"),
        is_by_kind=True,
        figures=(figure("considered", 366), figure("upgraded", 29)),
    )
    paper = scorecard_paper([funnel], SPAN)
    assert paper.sections[0].headline == "By what was offered: upgrade 366 considered and 29 upgraded."
    stages = [each.stage.value.capitalize() for each in SCORECARD]
    assert [section.name for section in paper.sections[1:]] == stages
    assert table(paper, 1).rows == (
        (funnel.metric.name, "upgrade, considered", "366"),
        (funnel.metric.name, "upgrade, upgraded", "29"),
    )
    assert scorecard_paper([], SPAN).sections[0].headline == "Nobody was considered in this stretch."


@pytest.mark.parametrize(
    "paper",
    [
        attribution_paper(Attribution(0, DAY, (), Credit("total", "", "", 0, {}), {}), "USD"),
        discounts_paper(Discounts(0, DAY, 3, Waiting("", 0, 0, NOBODY), (), (), (), ())),
        conflicts_paper([]),
        trust_paper(Trends(), []),
        scorecard_paper([], SPAN),
    ],
    ids=lambda paper: paper.title,
)
def test_a_report_of_nothing_says_so_in_every_section(paper: Paper) -> None:
    assert all(section.headline.endswith(".") for section in paper.sections)
    assert paper.title.endswith("?")
    assert markdown_of(paper)
