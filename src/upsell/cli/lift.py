"""``upsell lift``: the effect in an experiment that stands in a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from upsell.runtime.lift_file import FileLift, FileReport, Reading


def lift(  # noqa: PLR0913  # an option each
    file: Annotated[Path, typer.Argument(help="CSV (also gzipped), Parquet or JSON lines.")],
    *,
    unit: Annotated[str, typer.Option(help="Column that names who was randomised.")],
    arm: Annotated[str, typer.Option(help="Column that names their arm.")],
    control: Annotated[str, typer.Option(help="The arm others are compared with.")],
    metric: Annotated[
        list[str], typer.Option(help="Column of an outcome: numbers, or true and false. Repeat it.")
    ],
    covariate: Annotated[
        str, typer.Option(help="Column known before the experiment, to reduce the spread by (CUPED).")
    ] = "",
    cluster: Annotated[
        str, typer.Option(help="Column that was randomised together, where rows are finer.")
    ] = "",
    winsorise: Annotated[
        float, typer.Option(min=0.5, max=1, help="Hold outcomes to this quantile beside the plain reading.")
    ] = 1.0,
    is_sequential: Annotated[
        bool, typer.Option("--sequential", help="Add an interval that holds however often you look.")
    ] = False,
    share: Annotated[
        list[str] | None,
        typer.Option(metavar="ARM=SHARE", help="Planned share of an arm; without any equal."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Estimate the effect of each arm on each metric with a 95 % interval, beside the arms' sizes.

    The exit code is 1 when the arms are so unlike the plan that no number should be read.
    """
    import msgspec

    from upsell.measurement.sample_ratio import SampleRatio, Verdict
    from upsell.runtime.lift_file import FileQuestion, measure_file

    report = measure_file(
        FileQuestion(
            path=file,
            unit=unit,
            arm=arm,
            control=control,
            metrics=tuple(metric),
            covariate=covariate,
            cluster=cluster,
            winsorised_at=winsorise,
            is_sequential=is_sequential,
            shares=dict(_share(each) for each in share or []),
        )
    )
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(report)).decode())
    else:
        print("\n".join(_lines(report, control)))
    ratio = report.sample_ratio
    raise typer.Exit(int(isinstance(ratio, SampleRatio) and ratio.verdict is Verdict.BLOCK))


def _share(written: str) -> tuple[str, float]:
    arm, _, share = written.rpartition("=")
    try:
        value = float(share.removesuffix("%")) / (100 if share.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not arm or not 0 < value < 1:
        raise typer.BadParameter(
            f"expected ARM=SHARE such as annual=50%, got {written}", param_hint="--share"
        )
    return arm, value


def _lines(report: FileReport, control: str) -> Iterator[str]:
    """Write a report for people, the sizes of the arms last."""
    from upsell.measurement.sample_ratio import SampleRatio, Verdict

    for each in report.lifts:
        yield from _lift_lines(each, control)
    ratio = report.sample_ratio
    if not isinstance(ratio, SampleRatio):
        yield f"Sample ratio: not known, {ratio.detail}."
    else:
        sizes = ", ".join(f"{arm} {units:,}" for arm, units in ratio.units.items())
        said = {
            Verdict.GOOD: "as planned",
            Verdict.WARN: "uneven, look at it before you believe the rest",
            Verdict.BLOCK: "not as planned: find out what moved units before reading anything above",
        }[ratio.verdict]
        yield f"Sample ratio {sizes}: {said} (p = {ratio.p_value:.2g})."
    if report.crossed:
        yield f"{report.crossed:,} units stand in more than one arm and are left out."
    if report.unread:
        yield f"{report.unread:,} rows name no arm and are left out."


def _lift_lines(lift: FileLift, control: str) -> Iterator[str]:
    yield f"{lift.metric}: {lift.arm} against {control}"
    width = max(24, *(len(name) for name in (lift.arm, control, *(each.name for each in lift.readings))))
    yield f"  {lift.arm:<{width}} {lift.mean:>12.6g}   over {lift.units:,}"
    yield f"  {control:<{width}} {lift.control_mean:>12.6g}   over {lift.control_units:,}"
    for reading in lift.readings:
        yield f"  {reading.name:<{width}} {_effect(reading)}"
    yield ""


def _effect(reading: Reading) -> str:
    from upsell.measurement.answers import Effect

    found, share = reading.absolute, reading.relative
    if not isinstance(found, Effect):
        return f"not known: {found.detail}"
    said = f"{found.estimate:>+12.6g}   ({found.low:+.6g} to {found.high:+.6g})"
    return said + (f", {share.estimate:+.2%}" if isinstance(share, Effect) else "")
