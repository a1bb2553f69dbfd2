"""Health of the number: would it find something where nothing is, and are both arms alike at first?

For reports. The law: each check says what it counted, is a test whose chance of a false alarm is stated,
and is ``Undetermined`` where it has too little to say anything.

- **A against A**: units nobody treated are parted at random ``SPLITS`` times and read as if one part had been
  treated. Given the outcomes, the partings are independent, so that the intervals that miss zero are
  binomial at 1 - ``LEVEL``.
- **Symmetry**: what was known of units at their exposure against their arm, by Pearson's chi-square of
  homogeneity within strata, added up; values too rare to expect ``LEAST_EXPECTED`` in each arm are put
  together.
- **Triggers**: units by what had fired and by arm, each trigger's against the planned shares by Pearson's
  chi-square within strata, added up, as in ``sample_ratio``. A trigger fires before arms differ, so every
  one's units keep to the plan but for chance.
- **Novelty**: the effect by week of exposure, and its slope by weighted least squares, with the variances of
  the weeks' effects taken as known.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from scipy import stats

from upsell.measurement.answers import LEVEL, Effect, Undetermined, UndeterminedReason
from upsell.measurement.effects import Cell, over_exposed_units
from upsell.measurement.estimates import compare, weigh
from upsell.measurement.observations import Rows
from upsell.measurement.queries import HealthQuery
from upsell.measurement.question import HELD_OUT, TREATED, Metric
from upsell.measurement.sample_ratio import LEAST_EXPECTED, ArmCount, SampleRatio, check_sample_ratio
from upsell.measurement.sums import Sums

LEAST_READ = 100
"""Partings that must be readable for false alarms to be counted."""

ALARM_BELOW = 0.001
"""A check is failed when chance alone gives it less often than this: many are made."""

LEAST_WEEKS = 3
"""How many stretches of weeks have to be read before anything is said of a trend."""

WIDTHS = (1, 4, 13)
"""How many weeks are read together: more where single ones hold too few units for the estimators."""

LEAST_SHARE_READ = 0.8
"""Which share of units has to lie in stretches that can be read, before wider ones are taken."""

_DRAWN_WHOLE = Undetermined(
    UndeterminedReason.CLUSTERED, "whole accounts were drawn, so that their people are not independent"
)


class Placebo(msgspec.Struct, frozen=True, tag="placebo", tag_field="kind"):
    """How often something is found where nothing is.

    Attributes:
        read: Partings in which an interval could be given.
        found: Of these, intervals without zero.
        rate: The one over the other.
        low: Lower end of the exact 99.9 % interval of that rate.
        high: Upper end of it.
        is_nominal: Whether it holds 1 - ``LEVEL``.
    """

    read: int
    found: int
    rate: float
    low: float
    high: float
    is_nominal: bool


class Symmetry(msgspec.Struct, frozen=True, tag="symmetry", tag_field="kind"):
    """Whether a trait at exposure hangs together with the arm, where it may not.

    Attributes:
        p_value: Chi-square of homogeneity, added up over strata.
        freedom: Its degrees of freedom.
        is_alike: Whether it is at least ``ALARM_BELOW``.
    """

    p_value: float
    freedom: int
    is_alike: bool


class Novelty(msgspec.Struct, frozen=True, tag="novelty", tag_field="kind"):
    """How the effect goes with the week of exposure.

    Attributes:
        weeks: The effect by the first week of each stretch, counted from the first exposure.
        slope: By how much it grows a week.
        p_value: Of a slope of zero, two-sided.
        width: How many weeks a stretch has.
    """

    weeks: dict[int, Effect]
    slope: Effect
    p_value: float
    width: int = 1


class Triggered(msgspec.Struct, frozen=True):
    """Units that were exposed after one trigger.

    Attributes:
        treated: How many were treated.
        held_out: How many were held out.
        ratio: Their sizes against the planned shares, for one look.
    """

    treated: int
    held_out: int
    ratio: SampleRatio | Undetermined


class Health(msgspec.Struct, frozen=True):
    """What speaks for and against the readings of a workflow against its holdout.

    Attributes:
        placebo: A against A, by metric.
        symmetry: By trait: stage, trigger, week and hour of exposure.
        triggers: By what had fired; empty text where nothing kept it.
        novelty: By metric.
    """

    placebo: dict[str, Placebo | Undetermined]
    symmetry: dict[str, Symmetry | Undetermined]
    triggers: dict[str, Triggered]
    novelty: dict[str, Novelty | Undetermined]


def read_health(rows: Mapping[HealthQuery, Rows], *, is_clustered: bool = False) -> Health:
    """Turn the rows of ``health_queries`` into checks.

    Where whole accounts were drawn their people are not independent, so that what counts people is not
    tested: ``is_clustered``.
    """
    return Health(
        placebo=_placebos(rows[HealthQuery.PLACEBO]),
        symmetry=_symmetries(rows[HealthQuery.TRAITS], is_clustered=is_clustered),
        triggers=_triggers(rows[HealthQuery.TRIGGERS], is_clustered=is_clustered),
        novelty=_novelties(rows[HealthQuery.WEEKLY]),
    )


def count_alarms(splits: Iterable[Effect | Undetermined]) -> Placebo | Undetermined:
    """Count the intervals that miss zero among those that could be given."""
    read = [effect for effect in splits if isinstance(effect, Effect)]
    if len(read) < LEAST_READ:
        detail = (
            f"{len(read)} partings could be read, {LEAST_READ} are needed; the rest are outside the regime"
        )
        return Undetermined(UndeterminedReason.TOO_FEW, detail)
    found = sum(not effect.low <= 0 <= effect.high for effect in read)
    ends = stats.binomtest(found, len(read)).proportion_ci(1 - ALARM_BELOW, method="exact")
    is_nominal = bool(ends.low <= 1 - LEVEL <= ends.high)
    return Placebo(len(read), found, found / len(read), float(ends.low), float(ends.high), is_nominal)


def check_symmetry(strata: Iterable[Mapping[str, tuple[int, int]]]) -> Symmetry | Undetermined:
    """Test whether values are spread alike over the two arms, each stratum by itself.

    Args:
        strata: By value, units of the arm and of the one it is compared with.
    """
    statistic, freedom = 0.0, 0
    for counts in strata:
        table = _dense(list(counts.values()))
        if len(table) > 1:
            found = stats.chi2_contingency(table, correction=False)
            statistic += float(found.statistic)
            freedom += int(found.dof)
    if freedom == 0:
        detail = f"no stratum has two values that expect {LEAST_EXPECTED:g} units in each arm"
        return Undetermined(UndeterminedReason.TOO_FEW, detail)
    p_value = float(stats.chi2.sf(statistic, freedom))
    return Symmetry(p_value, freedom, p_value >= ALARM_BELOW)


def find_trend(weeks: Mapping[int, Sequence[Cell]]) -> Novelty | Undetermined:
    """Find how the effect goes with the week; stretches outside the estimators' regime are left out.

    Weeks are read one by one where most units lie in weeks that can be read, else several together; how wide
    is chosen by how many can be read and never by what they say.
    """
    found: Novelty | None = None
    detail = ""
    whole = _size_of(weeks.values())
    for width in WIDTHS:
        stretches: dict[int, list[Cell]] = {}
        for week, cells in sorted(weeks.items()):
            stretches.setdefault(week // width * width, []).extend(cells)
        trend = _trend(stretches, width)
        if isinstance(trend, Undetermined):
            detail = trend.detail
            continue
        found = trend
        if _size_of(stretches[first] for first in trend.weeks) >= LEAST_SHARE_READ * whole:
            break
    return found or Undetermined(UndeterminedReason.TOO_FEW, detail)


def _size_of(groups: Iterable[Sequence[Cell]]) -> int:
    return sum(cell.arm.units + cell.against.units for cells in groups for cell in cells)


def _trend(stretches: Mapping[int, Sequence[Cell]], width: int) -> Novelty | Undetermined:
    """Fit a line through the effects of stretches of weeks, each at its middle."""
    effects: dict[int, Effect] = {}
    weights: list[float] = []
    for week, cells in sorted(stretches.items()):
        effect = compare(strata := over_exposed_units(cells)).absolute if cells else None
        if not isinstance(effect, Effect):
            continue
        shares = [one.weight for one in strata]
        variance = weigh([one.arm for one in strata], shares).variance
        variance += weigh([one.against for one in strata], shares).variance
        effects[week] = effect
        weights.append(1 / variance)
    if len(effects) < LEAST_WEEKS:
        stretch = "weeks" if width == 1 else f"stretches of {width} weeks"
        detail = f"{len(effects)} {stretch} of exposure can be read, {LEAST_WEEKS} are needed"
        return Undetermined(UndeterminedReason.TOO_FEW, detail)
    whole = math.fsum(weights)
    mean = math.fsum(w * week for w, week in zip(weights, effects, strict=True)) / whole
    spread = math.fsum(w * (week - mean) ** 2 for w, week in zip(weights, effects, strict=True))
    pairs = zip(weights, effects.items(), strict=True)
    slope = math.fsum(w * (week - mean) * effect.estimate for w, (week, effect) in pairs) / spread
    error = 1 / math.sqrt(spread)
    reach = float(stats.norm.ppf((1 + LEVEL) / 2)) * error
    p_value = float(2 * stats.norm.sf(abs(slope) / error))
    return Novelty(effects, Effect(slope, slope - reach, slope + reach), p_value, width)


def _placebos(rows: Rows) -> dict[str, Placebo | Undetermined]:
    splits = _cells_by(rows, ("one", "other"))
    return {
        metric.value: count_alarms(
            compare(over_exposed_units(cells)).absolute
            for (name, _), cells in splits.items()
            if name == metric.value and cells
        )
        for metric in Metric
    }


def _novelties(rows: Rows) -> dict[str, Novelty | Undetermined]:
    weeks = _cells_by(rows, (TREATED, HELD_OUT))
    return {
        metric.value: find_trend(
            {week: cells for (name, week), cells in weeks.items() if name == metric.value}
        )
        for metric in Metric
    }


def _cells_by(rows: Rows, arms: tuple[str, str]) -> dict[tuple[str, int], list[Cell]]:
    """Give the readable cells by metric and number; rows of one group, as from partitions, are added."""
    sums: dict[tuple[str, int], dict[str, dict[str, Sums]]] = {}
    for number, stratum, arm, metric, *found in rows:
        by_arm = sums.setdefault((str(metric), int(number)), {}).setdefault(str(stratum), {})
        by_arm[str(arm)] = by_arm.get(str(arm), Sums()) + Sums(*(int(each) for each in found))
    return {
        key: [
            Cell(one, other, one.units, other.units)
            for _, by_arm in sorted(strata.items())
            for one, other in [(by_arm.get(arms[0], Sums()), by_arm.get(arms[1], Sums()))]
            if min(one.units, other.units) > 1
        ]
        for key, strata in sums.items()
    }


def _triggers(rows: Rows, *, is_clustered: bool) -> dict[str, Triggered]:
    counted: dict[str, dict[str, list[ArmCount]]] = {}
    for trigger, stratum, arm, least, greatest, units in rows:
        strata = counted.setdefault(str(trigger), {})
        strata.setdefault(str(stratum), []).append(ArmCount(str(arm), int(units), least, greatest))
    return {
        trigger: Triggered(
            treated=_units_of(TREATED, strata),
            held_out=_units_of(HELD_OUT, strata),
            ratio=_DRAWN_WHOLE if is_clustered else check_sample_ratio(strata),
        )
        for trigger, strata in sorted(counted.items())
    }


def _units_of(arm: str, strata: Mapping[str, Sequence[ArmCount]]) -> int:
    return sum(count.units for counts in strata.values() for count in counts if count.arm == arm)


def _symmetries(rows: Rows, *, is_clustered: bool) -> dict[str, Symmetry | Undetermined]:
    traits: dict[str, dict[str, dict[str, tuple[int, int]]]] = {
        "stage": {}, "trigger": {}, "week": {}, "hour": {},
    }  # fmt: skip
    if is_clustered:
        return dict.fromkeys(traits, _DRAWN_WHOLE)
    for trait, stratum, arm, value, units in rows:
        values = traits[str(trait)].setdefault(str(stratum), {})
        treated, held_out = values.get(str(value), (0, 0))
        is_treated = arm == TREATED
        values[str(value)] = (
            treated + (int(units) if is_treated else 0),
            held_out + (0 if is_treated else int(units)),
        )
    return {trait: check_symmetry(strata.values()) for trait, strata in traits.items()}


def _dense(counts: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Put values together until each expects enough units in either arm; none where that cannot be."""
    arms = [sum(pair[side] for pair in counts) for side in (0, 1)]
    if min(arms) == 0:
        return []
    least = LEAST_EXPECTED * sum(arms) / min(arms)
    rare = [pair for pair in counts if sum(pair) < least]
    table = [pair for pair in counts if sum(pair) >= least]
    rest = (sum(one for one, _ in rare), sum(other for _, other in rare))
    if sum(rest) >= least or (table and sum(rest)):
        # What is left over and still too rare goes to the smallest of the others.
        if sum(rest) < least:
            smallest = min(range(len(table)), key=lambda place: sum(table[place]))
            one, other = table.pop(smallest)
            rest = (rest[0] + one, rest[1] + other)
        table.append(rest)
    return table
