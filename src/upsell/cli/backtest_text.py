"""A backtest as text for a terminal of 80 columns."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from upsell.clock import format_moment

if TYPE_CHECKING:
    from upsell.runtime.backtest import Backtest, Outcome
    from upsell.runtime.tally import Tally

_WIDTH = 78


def backtest_text(found: Backtest) -> str:
    """Write a backtest: the files first, then one block for each workflow, then what it cannot say."""
    blocks = [file_lines(found), *(_outcome(outcome) for outcome in found.outcomes), _CAUTION]
    return "\n\n".join("\n".join(block) for block in blocks)


def file_lines(found: Backtest) -> list[str]:
    """Write what was read: events, and what was left out."""
    files = found.files
    lines = [
        f"Backtest of {_counted(files.events, 'event')}, "
        f"{_counted(files.customers, 'customer')}, {_counted(files.accounts, 'account')}",
    ]
    if files.first_at is not None:
        since = found.since if found.since is not None else files.first_at
        lines.append(f"  from {format_moment(since)} to {format_moment(found.until)}")
    lines += [
        dotted("events that can mean something to these workflows", found.mattered),
        dotted("rows the mapping leaves out", files.skipped),
        dotted("rows rejected", files.rejected),
    ]
    return lines


def _outcome(outcome: Outcome) -> list[str]:
    tally = outcome.tally
    lines = [
        f"{outcome.workflow}: {outcome.name}",
        "-" * _WIDTH,
        dotted(f"{outcome.unit}s seen", outcome.units),
        dotted(f"{outcome.unit}s whose trigger fired", tally.triggered),
        dotted("candidates", tally.candidates),
    ]
    lines += [dotted(f"  {_words(reason)}", number) for reason, number in _ordered(tally.answers)]
    lines += [
        dotted(f"  still waiting at the end: {_words(reason)}", number)
        for reason, number in _ordered(tally.waiting)
    ]
    lines += [_sum(tally)]
    if tally.blocked:
        lines.append("candidates that were blocked for a while, by what they met")
        lines += [dotted(f"  {_words(reason)}", number) for reason, number in _ordered(tally.blocked)]
    if tally.lost_to:
        lines.append(f"{outcome.unit}s that wanted the one slot while another workflow held it")
        for holder, number in _ordered(tally.lost_to):
            lines.append(dotted(f"  {holder}", number))
            if tally.in_vain[holder]:
                lines.append(dotted("    candidates that never got it", tally.in_vain[holder]))
    if tally.fates:
        lines.append("what became of enrollments")
        lines += [dotted(f"  {_words(reason)}", number) for reason, number in _ordered(tally.fates)]
    return [*lines, *_messages(tally), *_reached(outcome)]


def _sum(tally: Tally) -> str:
    """Say whether the answers and those still waiting are all candidates."""
    total = tally.answers.total() + tally.waiting.total()
    says = "adds up" if total == tally.candidates else f"differs by {tally.candidates - total:,}"
    return dotted(f"  sum ({says})", total)


def _messages(tally: Tally) -> list[str]:
    """Say how many messages by channel, and how they fall on days."""
    channels: Counter[str] = Counter()
    for sent in tally.messages.values():
        channels.update(sent)
    lines = [dotted(f"messages by {channel}", number) for channel, number in _ordered(channels)]
    if tally.messages:
        busiest = max(tally.messages, key=lambda day: (tally.messages[day].total(), day))
        lines.append(dotted("  days with any", len(tally.messages)))
        lines.append(dotted(f"  on the busiest day, {busiest}", tally.messages[busiest].total()))
    else:
        lines.append(dotted("messages", 0))
    if tally.tasks:
        lines.append(dotted("tasks", tally.tasks))
    return lines


def _reached(outcome: Outcome) -> list[str]:
    """Say how many reached the goal anyway, over those whose window has closed."""
    names = {"enrolled": "would have been treated", "held_out": "held out", "not_let_in": "not let in"}
    lines = [f"reached the goal anyway ({outcome.goal} within {outcome.within_days:g} days)"]
    reached = closed = 0
    for group, name in names.items():
        rate = outcome.tally.reached.get(group)
        if rate is not None:
            lines.append(dotted(f"  {name}", _share(rate.reached, rate.closed)))
            reached += rate.reached
            closed += rate.closed
    return [*lines, dotted("  all whose trigger fired", _share(reached, closed))]


def _share(reached: int, closed: int) -> str:
    """Write a share with its numbers; without units whose window has closed there is none."""
    return f"{reached:,} of {closed:,} = {reached / closed:.1%}" if closed else "no window has closed"


def dotted(name: str, value: int | str) -> str:
    """Write a name and its number at the right margin."""
    shown = f"{value:,}" if isinstance(value, int) else value
    return f"{name} {'.' * max(2, _WIDTH - len(name) - len(shown) - 2)} {shown}"


def _ordered(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))


def _words(reason: str) -> str:
    return reason.replace("_", " ")


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


_CAUTION = [
    "Nobody was truly treated: what happened after a message is what happened without",
    "one. Only units whose window has closed are in a rate.",
]
