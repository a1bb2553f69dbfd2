"""Shares against a second library, and told only where there are enough."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from upsell.measurement.answers import Undetermined, UndeterminedReason
from upsell.measurement.shares import LEAST, Share, share_of


@given(st.integers(LEAST, 10**7).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_is_wilsons_as_statsmodels_has_it(counts: tuple[int, int]) -> None:
    found, counted = counts
    share = share_of(found, counted, "buyers")
    assert isinstance(share, Share)
    low, high = proportion_confint(found, counted, alpha=0.05, method="wilson")
    assert (share.estimate, share.low, share.high) == pytest.approx((found / counted, low, high), abs=1e-12)
    assert 0 <= share.low <= share.estimate <= share.high <= 1


@pytest.mark.parametrize(
    ("counted", "reason"),
    [(0, UndeterminedReason.NO_UNITS), (1, UndeterminedReason.TOO_FEW), (29, UndeterminedReason.TOO_FEW)],
)
def test_of_too_few_no_share_is_told_but_how_many_are_needed(
    counted: int, reason: UndeterminedReason
) -> None:
    share = share_of(0, counted, "buyers")
    assert isinstance(share, Undetermined)
    assert share.reason is reason
    assert "30 are needed" in share.detail
