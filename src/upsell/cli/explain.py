"""``upsell explain``: for each workflow, why a unit is spoken to or why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from upsell.journeys.explain import DiscountSeen
    from upsell.runtime.explaining import Answer, FullAddress
    from upsell.store.answers import Decided
    from upsell.store.suppressions import Suppressed


def explain(
    unit: Annotated[str, typer.Argument(help="a:<account> or c:<customer>, or the bare id.")],
    *,
    workflow: Annotated[str | None, typer.Option(help="Only this workflow, by its key.")] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", help="As of this moment, such as 2026-03-01T12:00:00Z, from the ledger alone."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Tell, for each workflow, why a unit is spoken to or why not, with the values that decided.

    The exit code is 1 when nothing is known of the unit.
    """
    import os

    import msgspec

    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.runtime.explained import answer_content
    from upsell.runtime.explaining import explain_now, explain_past
    from upsell.runtime.moments import moment_of
    from upsell.store.connect import connect, database_url
    from upsell.store.stops import open_stops

    past = moment_of(at, "--at")
    with connect(database_url(load_settings(os.environ))) as connection:
        if past is None:
            answer = explain_now(connection, unit, SystemClock().now(), workflow)
            stops = open_stops(connection)
        else:
            answer, stops = explain_past(connection, unit, past, workflow), ()
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(answer_content(answer))).decode())
        return
    print("\n".join(_lines(answer)))
    for stop in stops:
        print(f"\nStopped by hand, so that messages wait: {stop.words}, by {stop.by}: {stop.because}")


def _lines(answer: Answer) -> list[str]:
    """Write an answer, a paragraph per workflow."""
    import textwrap

    from upsell.cli.standing_text import standing_lines
    from upsell.clock import to_datetime

    lines = [f"{answer.unit_id} at {to_datetime(answer.at):%Y-%m-%d %H:%M} UTC, revision {answer.revision}"]
    if answer.asked_as is not None:
        lines.append(f"{answer.asked_as} is the same customer and goes by {answer.unit_id} now")
    lines += standing_lines(answer.standing)
    lines += _address_lines(answer.full_address)
    lines += _suppressed_lines(answer.suppressed)
    if answer.segments:
        lines.append("")
    lines += [
        f"in segment {one.segment} since {to_datetime(one.since):%Y-%m-%d %H:%M} UTC"
        for one in answer.segments
    ]
    for one in answer.explanations:
        lines += ["", f"{one.workflow}: {one.reason.value.replace('_', ' ')}"]
        lines += textwrap.wrap(one.words, 80, initial_indent="  ", subsequent_indent="  ")
        if one.would_enter:
            lines.append("  Every gate is open: it would be let in if the trigger fired now.")
        lines += [line for each in one.discounts for line in _discount_lines(each)]
        lines += _recorded_lines(answer.recorded.get(one.workflow, ()))
    if not answer.explanations:
        lines += ["", "No workflow decides about units of this kind."]
    return lines


def _address_lines(full: Sequence[FullAddress]) -> list[str]:
    """Write which caps others filled at the customer's address; nothing where none is full."""
    import textwrap

    from upsell.clock import to_datetime

    lines = [""] if full else []
    for each in full:
        until = f" until {to_datetime(each.until):%Y-%m-%d %H:%M} UTC" if each.until is not None else ""
        words = f"The address is full{until} ({each.rule}), counting what was reserved there for "
        words += (
            f"{', '.join(each.customers)}. Whatever the gates say, nothing this cap counts goes out before."
        )
        lines += textwrap.wrap(words, 80)
    return lines


def _suppressed_lines(suppressed: Sequence[Suppressed]) -> list[str]:
    """Write why the customer's addresses are suppressed; nothing where none is."""
    import textwrap

    lines = [""] if suppressed else []
    for held in suppressed:
        words = f"The address is suppressed ({held.cause.value.replace('_', ' ')}, by {held.source}): "
        lines += textwrap.wrap(f"{words}{held.why}. Nothing is sent there, whoever has it.", 80)
    return lines


def _discount_lines(discount: DiscountSeen) -> list[str]:
    """Write what an offer takes off for them, and by which value."""
    import textwrap

    from upsell.decisions.decision import value_words

    off = f"{discount.rate * 100:.4g} % off" if discount.rate else "no discount"
    words = f"{discount.offer}: {off}, as {discount.seen.term} is {value_words(discount.seen)}"
    if discount.kept_rate is not None and discount.kept_rate != discount.rate:
        words += f"; {discount.kept_rate * 100:.4g} % off was shown before and is kept"
    return textwrap.wrap(words, 80, initial_indent="  ", subsequent_indent="    ")


def _recorded_lines(recorded: Sequence[Decided]) -> list[str]:
    """Write the decisions on record, oldest first; nothing without any."""
    import textwrap

    from upsell.clock import to_datetime
    from upsell.decisions.reasons import MEANINGS

    lines = ["  Decided before:"] if recorded else []
    for decided in recorded:
        rule = f" ({decided.rule})" if decided.rule else ""
        words = f"{to_datetime(decided.decided_at):%Y-%m-%d %H:%M} UTC: {MEANINGS[decided.reason]}{rule}"
        lines += textwrap.wrap(words, 80, initial_indent="    ", subsequent_indent="      ")
    return lines
