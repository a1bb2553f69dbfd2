"""The policy in words: what holds over every workflow as it is live, read from the compiled program.

For the page of the contact policy. The law: the words are made of what the engine asks, and not of the file,
so that what stands beside them is held against them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from upsell.clock import SECOND, format_duration
from upsell.decisions.contact import words_of
from upsell.decisions.contact_law import LegalHours, jurisdiction_name
from upsell.decisions.control import CalendarPeriod, Control
from upsell.decisions.policy import Policy, SensitiveState
from upsell.decisions.rails import PROTECTED, Rails
from upsell.decisions.reach import CHANNELS, EMAIL, PUSH, SMS
from upsell.journeys.program import Program
from upsell.money import Money
from upsell.workspace.contact_hours_reference import week_words
from upsell.workspace.spacing import LEAST

WRITTEN: Final = ("policy", "layers", "accepting")
"""Which parts of ``upsell.yaml`` the words are of."""


class Said(msgspec.Struct, frozen=True):
    """One thing that holds: of what, empty where that is plain, and what of it."""

    of: str
    words: str


class Topic(msgspec.Struct, frozen=True):
    """One part of the policy: what it is about, what holds, and what it means in a sentence."""

    title: str
    lines: tuple[Said, ...]
    note: str


class Place(msgspec.Struct, frozen=True):
    """What the law of one place is read to be."""

    name: str
    hours: str
    holidays: str
    in_force: str
    source: str
    as_of: str


def topics_of(program: Program) -> tuple[Topic, ...]:
    """Give the policy in words, part by part."""
    policy = program.policy
    return (
        Topic(
            "How often is too often",
            _plain(map(words_of, policy.caps)) or _plain(["no cap: nothing but sense limits how often"]),
            "Counted over all workflows, of what helps, shows and offers unless a cap says otherwise.",
        ),
        Topic("When each channel may speak", tuple(_hours(policy)), _CLOCK),
        Topic(
            "How long each channel deserves to be silent",
            tuple(Said(name, format_duration(LEAST[name])) for name in (EMAIL, SMS, PUSH)),
            "This program's convention: a check of the workspace warns of a journey that waits less.",
        ),
        Topic(
            "What silences what sells, by rule",
            _plain(rule.text for rule in policy.suppress) or _plain(["no rule of the workspace's own"]),
            "Workflows write more of their own.",
        ),
        Topic(
            "States in which we stay silent",
            tuple(map(_state, policy.states)) or _plain(["none"]),
            "Of what is meant for the customer: service is stopped by none of them.",
        ),
        Topic(
            "On what ground promotion is sent",
            tuple(_grounds(policy)),
            "Who withdrew is sent none, whatever the ground.",
        ),
        Topic(
            "How long what was declined or stopped rests",
            (
                Said("not now", format_duration(policy.not_now)),
                Said("blocked candidate", f"{format_duration(policy.patience)} while its trigger is true"),
                Said("frozen passage", f"{format_duration(policy.freeze_for)} before it leaves"),
            ),
            "",
        ),
        Topic("Who is kept from everything", _plain([_control(policy.control)]), "Drawn by household."),
        Topic("What a discount may be", _plain(_rails(policy.rails)), "Whatever a workflow says."),
        Topic("Who may accept, and what needs approval", _plain(_accepting(program)), ""),
        Topic(
            "Workflows that share units out",
            tuple(_layers(program)) or _plain(["none: every workflow may meet every other"]),
            "A household is drawn once for a layer, and belongs to one workflow of it at most.",
        ),
    )


def places_of(policy: Policy) -> tuple[Place, ...]:
    """Give what the law is read to be, place by place, as it is asked of the channels that obey it."""
    return tuple(_place(row) for rows in policy.law.values() for row in rows)


def written_parts(text: str) -> str:
    """Give those parts of an ``upsell.yaml`` that the words are of, with the comments above each.

    All of it where it is one value in braces.
    """
    if text.lstrip().startswith("{"):
        return text
    kept: list[str] = []
    between: list[str] = []
    is_inside = False
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            # They are of what follows them.
            between.append(line)
            continue
        if not line[0].isspace():
            named = re.match(r"['\"]?(\w+)['\"]?\s*:", line)
            is_inside = named is not None and named[1] in WRITTEN
        if is_inside:
            kept += [*between, line]
        between = []
    return "\n".join(kept).strip("\n")


def policy_content(program: Program) -> dict[str, Any]:
    """Give the policy for machines: durations in seconds, rates as fractions, amounts in minor units."""
    policy = program.policy
    return {
        "version": program.version,
        "caps": [
            {
                **msgspec.to_builtins(cap),
                "within": cap.within // SECOND,
                "words": words_of(cap),
            }
            for cap in policy.caps
        ],
        "hours": {name: msgspec.to_builtins(hours) for name, hours in policy.hours.items()},
        "lawful": sorted(policy.lawful),
        "law": [msgspec.to_builtins(row) for rows in policy.law.values() for row in rows],
        "spacing": {name: LEAST[name] // SECOND for name in CHANNELS},
        "suppress": [rule.text for rule in policy.suppress],
        "states": [_state_content(state) for state in policy.states],
        "grounds": {
            name: {
                "bases": [basis.value for basis in each.bases],
                "interest": each.interest.text if each.interest is not None else None,
            }
            for name, each in policy.grounds.items()
        },
        "not_now": policy.not_now // SECOND,
        "patience": policy.patience // SECOND,
        "freeze_for": policy.freeze_for // SECOND,
        "control": {
            "rate": policy.control.rate,
            "period": _period(policy.control),
            "wash_out": policy.control.wash_out // SECOND,
        },
        "rails": msgspec.to_builtins(policy.rails),
        "accepting": msgspec.to_builtins(program.accepting),
        "layers": {key: msgspec.to_builtins(part) for key, part in program.layers.items()},
    }


_CLOCK: Final = (
    "By the clock of whoever is written to. Where the law is obeyed, by the clock and the law of every place "
    "they may be in; all must be open."
)


def _plain(lines: Iterable[str]) -> tuple[Said, ...]:
    return tuple(Said("", line) for line in lines)


def _hours(policy: Policy) -> Iterator[Said]:
    for channel in CHANNELS:
        hours = policy.hours.get(channel)
        own = "at any hour" if hours is None else week_words(hours.week)
        dates = len(hours.closed_on) if hours is not None else 0
        closed = f", closed on {dates} {'date' if dates == 1 else 'dates'}" if dates else ""
        holidays = ", closed on public holidays" if hours is not None and hours.closes_on_holidays else ""
        law = ", and obeys the law of the place" if channel in policy.lawful else ""
        yield Said(channel, f"{own}{closed}{holidays}{law}")


def _state(state: SensitiveState) -> Said:
    begins = [f"when {state.when.text}"] if state.when is not None else []
    if state.starts:
        where = f" where {state.where.text}" if state.where is not None else ""
        begins.append(f"from {' or '.join(state.starts)}{where}")
    until = f" until {' or '.join(state.ends)}" if state.ends else ""
    after = f", and {format_duration(state.cool_down)} after" if state.cool_down else ""
    longest = f", {format_duration(state.longest)} at most" if state.longest is not None else ""
    stops = " or ".join(sorted(intent.value for intent in state.stops))
    return Said(state.name, f"{' and '.join(begins)}{until}{after}{longest}; no {stops}")


def _state_content(state: SensitiveState) -> dict[str, Any]:
    return {
        "name": state.name,
        "starts": state.starts,
        "ends": state.ends,
        "cool_down": state.cool_down // SECOND,
        "longest": state.longest // SECOND if state.longest is not None else None,
        "stops": sorted(intent.value for intent in state.stops),
        "where": state.where.text if state.where is not None else None,
        "when": state.when.text if state.when is not None else None,
    }


def _grounds(policy: Policy) -> Iterator[Said]:
    for channel in CHANNELS:
        grounds = policy.grounds.get(channel)
        if grounds is None:
            yield Said(channel, "that they have not withdrawn")
            continue
        interest = f", where {grounds.interest.text}" if grounds.interest is not None else ""
        yield Said(channel, f"{' or '.join(basis.value for basis in grounds.bases)}{interest}")


def _control(control: Control) -> str:
    if control.rate <= 0:
        return "nobody: there is no global control, so what all workflows earned together is not known"
    period = _period(control)
    again = f", drawn anew each {period}" if isinstance(period, str) else ""
    if isinstance(period, int):
        again = f", drawn anew every {format_duration(period * SECOND)}"
    washed = f", counted after a wash-out of {format_duration(control.wash_out)}" if control.wash_out else ""
    return f"{control.rate * 100:.9g} % of households{again}{washed}"


def _period(control: Control) -> str | int | None:
    """Give how often the control is drawn anew: by the calendar, in seconds, or never."""
    if control.period is None or isinstance(control.period, CalendarPeriod):
        return control.period.value if control.period is not None else None
    return control.period // SECOND


def _rails(rails: Rails) -> Iterator[str]:
    deepest = rails.max_discount_rate
    yield "as deep as an offer says" if deepest >= 1 else f"at most {deepest * 100:.4g} % off"
    if rails.min_margin_rate is not None:
        yield f"a margin of at least {rails.min_margin_rate * 100:.4g} % where the cost is known"
    if rails.rest is not None:
        yield f"a rest of {format_duration(rails.rest)} between two for one customer"
    if rails.unit_budget is not None:
        yield f"at most {rails.unit_budget} for one customer within {format_duration(rails.unit_within)}"
    if rails.is_laddered:
        yield "something without a discount is said first"
    if rails.round_to is not None:
        yield f"discounted prices are rounded down to {rails.round_to}"
    if rails.protected:
        own = "" if rails.protected == PROTECTED else ", as the policy lists them"
        yield f"no price hangs on any of {len(rails.protected)} protected traits{own}"


def _accepting(program: Program) -> Iterator[str]:
    accepting = program.accepting
    yield f"of an account: {' or '.join(sorted(accepting.roles))}"
    for currency, amount in sorted(accepting.approval_above.items()):
        yield f"above {Money(amount, currency)} in twelve months it waits for approval"
    if accepting.approval_above:
        who = ", ".join(accepting.approvers) or "anybody of the team"
        yield f"approved by {who}, within {format_duration(accepting.approval_within)}"
    else:
        yield "nothing waits for approval"


def _layers(program: Program) -> Iterator[Said]:
    by_layer: dict[str, list[str]] = {}
    for key, part in sorted(program.layers.items(), key=lambda each: (each[1].layer, each[1].begins)):
        by_layer.setdefault(part.layer, []).append(f"{key} {(part.ends - part.begins) * 100:.4g} %")
    for layer, parts in by_layer.items():
        yield Said(layer, ", ".join(parts))


def _place(row: LegalHours) -> Place:
    dates = (("from", row.valid_from), ("until", row.valid_until))
    return Place(
        f"{jurisdiction_name(row.jurisdiction)}",
        week_words(row.hours.week),
        "closed" if row.hours.closes_on_holidays else "open",
        " ".join(f"{word} {day}" for word, day in dates if day) or "always",
        row.source,
        row.as_of,
    )
