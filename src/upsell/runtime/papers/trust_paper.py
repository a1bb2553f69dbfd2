"""What it cost in trust, as a paper: how often people were written to, and what they answered over time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from upsell.clock import DAY
from upsell.measurement.charts.chart import day_of
from upsell.measurement.charts.money import guardrail_chart
from upsell.measurement.charts.people import pressure_chart
from upsell.measurement.charts.shares import Shared, shares_chart
from upsell.measurement.shares import share_of
from upsell.runtime.guarding import ALL_MAIL
from upsell.runtime.papers.paper import Block, Paper, Paragraph, Section
from upsell.runtime.trends import Trends
from upsell.store.guardrails import MessageSums

STRETCH = 28 * DAY
"""How long a stretch is over which messages are summed."""

MOST = 13
"""How many stretches are shown, the last ones: a year."""

_FOOTER = (
    "A message counts in the 28 days in which it went out, and so does what was answered to it. Limits are "
    "those that workflows write and mailbox providers publish. Intervals are of 95 %."
)


def trust_paper(trends: Trends, sums: Sequence[MessageSums]) -> Paper:
    """Write what it cost in trust as a paper; before a message went out it says so."""
    return Paper(
        "How often were people written to, and what did it cost in trust?",
        (),
        (_pressure(trends), _answers(sums), _limits(trends)),
        _FOOTER,
    )


def _pressure(trends: Trends) -> Section:
    chart = pressure_chart("trust-pressure", trends.weeks)
    messages = sum(week.messages for week in trends.weeks)
    headline = (
        f"{messages:,} messages went out in the last {len(trends.weeks)} weeks."
        if messages
        else "Nobody has been written to yet."
    )
    return Section("How often people were written to", headline, (chart,))


def _answers(sums: Sequence[MessageSums]) -> Section:
    sent = sum(each.sent for each in sums)
    if not sent:
        said = Paragraph("What people answered stands here once a message went out and was summed.")
        return Section("What they answered", "Nothing went out yet.", (said,))
    left, marked = sum(each.unsubscribed for each in sums), sum(each.complained for each in sums)
    headline = f"Of {sent:,} messages {left:,} were answered by leaving, and {marked:,} marked as spam."
    return Section("What they answered", headline, tuple(_over_time(sums)))


def _over_time(sums: Sequence[MessageSums]) -> Iterator[Block]:
    kinds: tuple[tuple[str, str, Callable[[MessageSums], int]], ...] = (
        ("leaving", "Messages answered by leaving", lambda each: each.unsubscribed),
        ("complaints", "Messages marked as spam", lambda each: each.complained),
        ("bounces", "Messages that came back", lambda each: each.bounced),
    )
    stretches = sorted({each.stretch for each in sums})[-MOST:]
    for key, what, count in kinds:
        shares = []
        for stretch in stretches:
            mine = [each for each in sums if each.stretch == stretch]
            found, of = sum(map(count, mine)), sum(each.sent for each in mine)
            # They are numbered by the nearest multiple of their length: half of it lies before.
            began_at = stretch * STRETCH - STRETCH // 2
            shares.append(Shared(f"from {day_of(began_at)}", share_of(found, of, "messages")))
        total = sum(map(count, sums))
        title = f"{what}: {total:,} of {sum(each.sent for each in sums):,}"
        yield shares_chart(f"trust-{key}", title, f"{what}, by 28 days", shares, digits=2)


def _limits(trends: Trends) -> Section:
    bars = trends.pictures.guarded or {}
    charts = tuple(
        guardrail_chart(f"trust-limits-{workflow or 'all-mail'}", guarded)
        for workflow, guarded in sorted(bars.items())
        if guarded
    )
    broken = sum(
        each.low is not None and each.low > each.limit for guarded in bars.values() for each in guarded
    )
    total = sum(map(len, bars.values()))
    if not charts:
        said = Paragraph("Workflows write limits as guardrails in their files.")
        return Section("Limits", "No limit is watched yet.", (said,))
    headline = f"{broken} of {total} limits are broken." if broken else "No limit is broken."
    named = (
        block
        for workflow, chart in zip([key for key, found in sorted(bars.items()) if found], charts, strict=True)
        for block in (Paragraph("All mail" if workflow == ALL_MAIL else workflow), chart)
    )
    return Section("Limits", headline, tuple(named))
