"""Print what gbstats answers for the sequential cases of the tests, from an environment of its own.

gbstats pins NumPy 1, so it is no dependency: in a fresh virtual environment with gbstats 0.8.0 installed,
run ``python tests/statistics/gbstats_sequential.py`` and put what it prints into ``test_sequential.py``.
"""

from __future__ import annotations

from typing import Any

CASES = (
    (44_700, 0.190201, 0.154, 45_489, 0.182, 0.1489, 5_000),
    (600, 10.0, 25.0, 640, 11.5, 36.0, 5_000),
    (120, 3.0, 2.0, 90, 2.5, 1.5, 500),
    (5_000, 100.0, 90_000.0, 50_000, 103.0, 85_000.0, 20_000),
)
"""Units, mean and variance of the control, of the other arm, and the tuning."""


def main() -> None:
    """Print the lower and the upper end for each case."""
    from gbstats.frequentist.tests import (  # type: ignore[import-not-found]  # noqa: PLC0415  # elsewhere
        SequentialConfig,
        SequentialTwoSidedTTest,
    )
    from gbstats.models.statistics import (  # type: ignore[import-not-found]  # noqa: PLC0415  # elsewhere
        SampleMeanStatistic,
    )

    def stat(units: int, mean: float, variance: float) -> Any:
        squares = variance * (units - 1) + units * mean * mean
        return SampleMeanStatistic(n=units, sum=mean * units, sum_squares=squares)

    for one_units, one_mean, one_variance, units, mean, variance, tuning in CASES:
        config = SequentialConfig(
            difference_type="absolute",
            traffic_proportion_b=0.5,
            phase_length_days=1,
            alpha=0.05,
            test_value=0,
            sequential_tuning_parameter=tuning,
        )
        control, arm = stat(one_units, one_mean, one_variance), stat(units, mean, variance)
        print([float(end) for end in SequentialTwoSidedTTest(control, arm, config).confidence_interval])


if __name__ == "__main__":
    main()
