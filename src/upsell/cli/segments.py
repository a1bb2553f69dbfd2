"""``upsell segments``: how many units each segment holds, which, and how many a rule nobody saved would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from upsell.clock import Moment
    from upsell.journeys.workflow import UnitKind
    from upsell.runtime.segments import SegmentCount, SegmentUnits


def segments(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="List the units of this segment.", show_default=False)
    ] = "",
    *,
    limit: Annotated[int, typer.Option(min=1, help="How many units are listed at most.")] = 20,
    after: Annotated[str, typer.Option(help="List those behind this unit, such as c:ann.")] = "",
    rule: Annotated[
        str | None, typer.Option(help="Count whom this rule is true for; nothing is saved.")
    ] = None,
    unit: Annotated[
        Literal["account", "customer"] | None, typer.Option(help="With --rule, what is counted.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Count the units of every live segment, list those of one, or count a rule that nobody saved.

    Every unit is asked now, in SQL. Since when a unit is in a segment is what the worker noticed.
    """
    import os

    import msgspec

    from upsell.clock import SystemClock, format_moment
    from upsell.config import load_settings
    from upsell.runtime.segments import (
        count_audience,
        count_segment,
        count_segments,
        counts_content,
        list_segment,
        units_content,
    )
    from upsell.store.connect import connect, database_url

    kind = _kind(name, rule, unit)
    now = SystemClock().now()
    content: dict[str, Any]
    lines: list[str]
    with connect(database_url(load_settings(os.environ))) as connection:
        if rule is not None and kind is not None:
            count = count_audience(connection, rule, kind, now)
            content = {"at": format_moment(now), "unit": kind.value, "rule": rule, "count": count}
            lines = [_counted(count, kind)]
        elif name:
            found, whole = (
                list_segment(connection, name, now, after, limit),
                count_segment(connection, name, now),
            )
            content = units_content(found, now) | {"count": whole.count}
            lines = list(_unit_lines(found, whole))
        else:
            counts = count_segments(connection, now)
            content = counts_content(counts, now)
            lines = list(_count_lines(counts))
    print(msgspec.json.format(msgspec.json.encode(content)).decode() if as_json else "\n".join(lines))


def _kind(name: str, rule: str | None, unit: str | None) -> UnitKind | None:
    """Give what a rule is to count; None without a rule.

    Raises:
        typer.BadParameter: The arguments do not belong together.
    """
    from upsell.journeys.workflow import UnitKind as Known

    if (rule is None) is not (unit is None):
        raise typer.BadParameter("expected --rule and --unit together, got one of them")
    if rule is not None and name:
        raise typer.BadParameter(f"expected a segment's name or --rule, got {name} and a rule")
    return Known(unit) if unit is not None else None


def _count_lines(counts: Sequence[SegmentCount]) -> Iterator[str]:
    """Write each segment with its count."""
    if not counts:
        yield "No segment is live; write one in segments.yaml."
    widest = max((len(one.segment.name) for one in counts), default=0)
    for one in counts:
        told = one.segment.meaning or one.segment.rule.text
        yield f"{one.segment.name:<{widest}}  {_counted(one.count, one.segment.unit):>18}  {told}"


def _unit_lines(found: SegmentUnits, whole: SegmentCount) -> Iterator[str]:
    """Write how many units a segment holds, and some of them."""
    segment = whole.segment
    yield f"{segment.name}: {_counted(whole.count, segment.unit)}"
    if segment.meaning:
        yield f"  {segment.meaning}"
    yield f"  {segment.rule.text}"
    for one in found.units:
        yield f"{one.unit_id:<32}  {_since(one.since)}"
    if found.next_after is not None:
        yield f"There are more: --after {found.next_after}"


def _counted(number: int, kind: UnitKind) -> str:
    return f"{number:,} {kind.value}{'' if number == 1 else 's'}"


def _since(at: Moment | None) -> str:
    from upsell.clock import to_datetime

    if at is None:
        return "just now; the worker has not come to it"
    return f"since {to_datetime(at):%Y-%m-%d %H:%M} UTC"
