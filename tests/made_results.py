"""Results made of sums, for tests of what is said about them."""

from __future__ import annotations

from collections.abc import Sequence

from upsell.clock import DAY, Moment, parse_moment
from upsell.measurement.lift import LiftReport, read_lift
from upsell.measurement.queries import Query
from upsell.measurement.question import Metric, Question
from upsell.runtime.reporting import Funnel, ReasonCount, Report, WorkflowReport
from upsell.runtime.results import Results
from upsell.runtime.truth import Truth

AS_OF: Moment = parse_moment("2027-01-01T00:00:00Z") or 0

FUNNEL = Funnel(
    considered=1_700,
    let_in=1_050,
    held_out=420,
    not_let_in=(
        ReasonCount("ineligible", "plan.tier in (1, 2)", 180),
        ReasonCount("lapsed", "outranked", 50),
    ),
    messages_sent=2_400,
    messages_unknown=0,
    messages_failed=0,
    messages_waiting=0,
    withheld=(ReasonCount("sensitive", "open_ticket", 12),),
    silenced=(ReasonCount("frozen", "failed_payment", 7),),
)
NOTHING = Funnel(0, 0, 0, (), 0, 0, 0, 0, (), ())


def question(key: str) -> Question:
    return Question(
        workflow=key, goal_event="Subscription Upgraded", goal_within=30 * DAY, as_of=AS_OF, currency="USD"
    )


def lift(key: str, treated: Sequence[int], held_out: Sequence[int], rates: tuple[int, int]) -> LiftReport:
    """Make a lift of revenues in cents per unit, and of so many conversions in each arm."""
    arms = (("treated", treated, 0.7, rates[0]), ("holdout", held_out, 0.3, rates[1]))
    sums = []
    for arm, values, _, converted in arms:
        units = len(values)
        sums.append(("holdout", "v1", arm, Metric.CONVERSION.value, units, converted, converted, converted))
        for metric in (one for one in Metric if one is not Metric.CONVERSION):
            powers = (sum(v**n for v in values) for n in (1, 2, 3))
            sums.append(("holdout", "v1", arm, metric.value, units, *powers))
    exposed = [("holdout", "v1", arm, share, share, len(values), 0) for arm, values, share, _ in arms]
    return read_lift(question(key), {Query.EXPOSED: exposed, Query.SUMS: sums, Query.LEFT_OUT: []})


def spread(mean: int, units: int) -> list[int]:
    """Give revenues that lie evenly around a mean."""
    return [mean + (place % 21 - 10) * 400 for place in range(units)]


def results() -> Results:
    """Give results of a workflow that earned, one that is too early to tell, and one nobody entered."""
    flows = (
        ("earning", "Earning", FUNNEL, lift("earning", spread(9_000, 1_050), spread(6_000, 420), (150, 34))),
        ("early", "Early", FUNNEL, lift("early", spread(6_010, 1_050), spread(6_000, 420), (81, 34))),
        ("empty", "Empty", NOTHING, lift("empty", [], [], (0, 0))),
    )
    found = tuple(
        WorkflowReport(key, name, "account", 0.3, funnel, said) for key, name, funnel, said in flows
    )
    truths = {
        "earning": (
            Truth(Metric.NET_COMMITTED_REVENUE, 1_470, 9_000.0, 6_100.0),
            Truth(Metric.RECURRING_REVENUE_CHANGE, 1_470, 90_000.0, 6_100.0),
            Truth(Metric.CONVERSION, 1_470, 0.15, 0.08),
        )
    }
    return Results("A year that was made up.", Report(AS_OF, "USD", found), truths)


def nothing() -> Results:
    """Give the results of a place where nothing is live yet."""
    return Results("", Report(AS_OF, "USD", ()))
