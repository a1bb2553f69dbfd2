"""Small arms in a report: read exactly where strata were planned alike, and when they can be read plainly."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from upsell.clock import DAY
from upsell.decisions.decision import Exposure
from upsell.ids import UnitId
from upsell.measurement.answers import Undetermined, UndeterminedReason
from upsell.measurement.bayes import find_posterior, find_prior
from upsell.measurement.exact import Counted, exact_difference
from upsell.measurement.lift import Lift, LiftReport
from upsell.measurement.question import Contrast, Metric, Question
from upsell.measurement.readings import ReadingKind
from upsell.runtime.outcomes import Ledger, read_lifts
from upsell.runtime.outlook import find_outlook, outlook_words
from upsell.runtime.small_arms import held_out_rates, read_small
from upsell.signals.events import Event

GOAL = "Subscription Upgraded"
START = 1_700_000_000_000_000
QUESTION = Question("w", GOAL, 30 * DAY, START + 200 * DAY, "USD")


def made(
    treated: tuple[int, int], held_out: tuple[int, int], shares: Sequence[float] = (0.7,), days: int = 1
) -> tuple[Ledger, LiftReport]:
    """Make so many converted of so many in each arm, in as many strata as there are shares of the treated."""
    exposures, events = [], []
    for arm, (converted, units) in (("treated", treated), ("holdout", held_out)):
        for number in range(units):
            unit = UnitId(f"c:{arm}{number}")
            place = number % len(shares)
            share = shares[place] if arm == "treated" else 1 - shares[place]
            at = START + number * days * DAY // units
            exposures.append(Exposure(unit, "w", "holdout", arm, share, f"s{place}", at, unit))
            if number < converted:
                event = Event(unit, GOAL, at + DAY, at + DAY, customer_id=unit[2:])
                events.append((unit, event))
    ledger = Ledger.of(exposures, events)
    return ledger, read_lifts(ledger, QUESTION)


def conversion(report: LiftReport) -> Lift:
    return next(
        one for one in report.lifts if one.contrast is Contrast.HOLDOUT and one.metric is Metric.CONVERSION
    )


OTHERS = [Counted(10, 100), Counted(12, 100), Counted(8, 100), Counted(11, 100)]


@pytest.mark.parametrize("shares", [(0.7,), (0.7, 0.7)])
def test_a_conversion_in_small_arms_is_read_exactly_and_by_what_is_likely(shares: Sequence[float]) -> None:
    ledger, report = made((6, 28), (1, 12), shares)
    lift = conversion(read_small(report, ledger, OTHERS))
    assert isinstance(lift.absolute, Undetermined)
    exact, likely = lift.readings
    assert exact.reading is ReadingKind.EXACT
    assert exact.absolute == exact_difference(Counted(6, 28), Counted(1, 12))
    assert likely.reading is ReadingKind.BAYESIAN
    found = find_posterior(Counted(6, 28), Counted(1, 12), find_prior(OTHERS))
    assert likely.absolute == found.difference
    assert f"{found.helps:.0%} likely to help" in likely.detail
    assert "convert 10.2%" in likely.detail


def test_counts_of_strata_that_were_planned_apart_are_not_added() -> None:
    ledger, report = made((6, 28), (1, 12), (0.7, 0.5))
    assert conversion(read_small(report, ledger, OTHERS)).readings == ()


def test_where_the_plain_reading_speaks_nothing_is_added() -> None:
    ledger, report = made((90, 700), (25, 300))
    assert read_small(report, ledger, OTHERS) == report
    assert find_outlook(report, ledger, 0.3) is None


def test_what_is_silent_for_another_reason_stays_silent() -> None:
    # 20 to 60 where 70 to 30 was planned: the sample ratio blocks, whatever the counts are.
    ledger, report = made((6, 20), (1, 60))
    found = read_small(report, ledger, OTHERS)
    lift = conversion(found)
    assert isinstance(lift.absolute, Undetermined)
    assert lift.absolute.reason is UndeterminedReason.SAMPLE_RATIO
    assert lift.readings == ()


def test_accounts_that_were_drawn_in_whole_are_not_counted_by_their_people() -> None:
    ledger, report = made((6, 28), (1, 12))
    clustered = msgspec.structs.replace(report.question, is_clustered=True)
    silent = msgspec.structs.replace(report, question=clustered)
    assert read_small(silent, ledger, OTHERS) == silent


def test_the_arms_of_a_workflow_are_what_the_prior_of_others_is_made_of() -> None:
    _, report = made((6, 28), (1, 12))
    assert held_out_rates(report) == (Counted(6, 28), Counted(1, 12))


def test_it_is_said_how_long_it_takes_at_the_rate_so_far() -> None:
    # 40 units in 200 days are one in five days.
    ledger, report = made((6, 28), (1, 12), days=10)
    outlook = find_outlook(report, ledger, 0.3)
    assert outlook is not None
    assert outlook.per_day == pytest.approx(0.2)
    assert isinstance(outlook.lasts, int)
    # Oracle: what is missing, at one in five days, and the window of the last one.
    assert outlook.lasts / DAY == pytest.approx((outlook.needed - 40) * 5 + 30, abs=1)
    words = outlook_words(outlook, "account")
    assert words.startswith(
        f"Cannot know with 40 accounts: seeing a lift of 20% takes {outlook.needed:,}, about "
    )
    months = outlook.lasts / DAY / 30.4375
    assert words.endswith(f"about {months:,.0f} months more at this rate.")


def test_without_a_conversion_nothing_is_promised() -> None:
    ledger, report = made((0, 28), (0, 12))
    assert find_outlook(report, ledger, 0.3) is None
