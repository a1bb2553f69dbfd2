"""Charts of shares: how many of some did something, each with its interval, side by side."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import msgspec

from upsell.measurement.answers import Undetermined
from upsell.measurement.charts.chart import (
    BREADTH,
    DOT,
    WIDTH,
    Chart,
    Table,
    percent,
    rows_of,
    spec_of,
    told_by,
)
from upsell.measurement.shares import Share

_NOT_YET = "cannot be said yet"
_DASH = "\N{EN DASH}"


class Shared(msgspec.Struct, frozen=True):
    """One share by what people call those it is of; none that can be told has its reason."""

    label: str
    share: Share | Undetermined


def shares_chart(key: str, title: str, what: str, shares: Sequence[Shared], digits: int = 1) -> Chart:
    """Draw shares with their intervals, one below the other; none give an empty field.

    Args:
        key: Name within a document.
        title: What it finds.
        what: What the shares are of: ``Buyers who had waited``.
        shares: In the order of the lines.
        digits: Digits behind the point of a percentage.
    """
    rows = [
        {
            "label": one.label,
            **dict(zip(("share", "low", "high"), _ends(one.share), strict=True)),
            "told": f"{one.label}: {_words(one.share, digits)}",
        }
        for one in shares
    ]
    down = alt.Y(
        "label:N",
        sort=[one.label for one in shares],
        title=None,
        # Room for the point of a share of nothing.
        axis=alt.Axis(ticks=False, domain=False, labelPadding=8),
    )
    along = alt.X(
        "share:Q",
        title=[what, "share of them, with its 95 % interval"],
        axis=alt.Axis(format="~%", tickCount=5),
        scale=alt.Scale(zero=True),
    )
    base = alt.Chart(rows_of(*rows), width=WIDTH, height=max(36 * len(rows), 36))
    known = base.transform_filter("isValid(datum.share)")
    span = known.mark_rule(style="accent-line").encode(x=alt.X("low:Q"), x2="high:Q", y=down)
    layers = (
        span,
        known.mark_point(style="accent", size=DOT, opacity=1).encode(x=along, y=down),
        base.transform_filter("!isValid(datum.share)")
        .mark_text(style="quiet-text", align="left", dx=6, text=_NOT_YET)
        .encode(x=alt.XDatum(0), y=down),
        told_by(
            known.mark_rule(style="accent-line").encode(x=alt.X("low:Q"), x2="high:Q", y=down), size=BREADTH
        ),
    )
    table = Table(
        caption=what,
        head=("Of", "Share", "From", "To", "Why not"),
        rows=tuple((one.label, *_cells(one.share, digits)) for one in shares),
        align="lrrrl",
    )
    said = "; ".join(f"{one.label} {_words(one.share, digits)}" for one in shares)
    return Chart(key, title, f"{what}: {said or _NOT_YET}.", spec_of(title, *layers), table)


def _ends(share: Share | Undetermined) -> tuple[float | None, float | None, float | None]:
    if isinstance(share, Undetermined):
        return None, None, None
    return share.estimate, share.low, share.high


def _cells(share: Share | Undetermined, digits: int) -> tuple[str, str, str, str]:
    if isinstance(share, Undetermined):
        return _DASH, _DASH, _DASH, share.detail
    return (percent(share.estimate, digits), percent(share.low, digits), percent(share.high, digits), "")


def _words(share: Share | Undetermined, digits: int) -> str:
    if isinstance(share, Undetermined):
        return _NOT_YET
    ends = f"{percent(share.low, digits)} to {percent(share.high, digits)}"
    return f"{percent(share.estimate, digits)} ({ends})"
