"""Proof in words: sentences ready to be said, and the numbers beside them, by the names templates use.

For templates, prompts, tasks and explanations, so that all say the same. The laws: a sentence never says
more than its numbers (what is saved and how often the price is worth are rounded down), and an
assumption of the team is said wherever something is made of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import floor
from typing import Any, Final, TypeAlias

from babel.dates import format_date

from upsell.clock import HOUR, MINUTE, SECOND, Duration, Moment, format_moment, to_datetime
from upsell.decisions.proof import (
    Achieved,
    Compared,
    MetricValue,
    OveragePaid,
    ProofFacts,
    Stretch,
    Value,
)
from upsell.money import Money

Written: TypeAlias = Callable[[Money], Any]
"""How an amount of money is written: as text for people, as minor units for machines."""

METRIC_VALUE_NAMES: Final = frozenset({"used", "hours", "worth", "saves", "worth_each", "sentence"})
"""What is said of one metric in a stretch of time."""

VALUE_NAMES: Final = frozenset({"from", "to", "hours", "worth", "price", "ratio", "sentence"})
"""What is said of a stretch of time, beside its ``metrics``."""

MILESTONE_NAMES: Final = frozenset({"milestone", "reached_at", "total", "since", "sentence"})
"""What is said of a milestone that was reached."""

PEER_NAMES: Final = frozenset(
    {"who", "units", "low", "median", "high", "used", "from", "made_at", "sentence"}
)
"""What is said of peers."""

OVERAGE_NAMES: Final = frozenset({"total", "given_back", "invoices", "last", "last_at", "sentence"})
"""What is said of overage that was paid."""


def proof_told(proof: ProofFacts, written: Written) -> dict[str, Any]:
    """Give what can be proved by the names templates use; what was not observed is absent."""
    told: dict[str, Any] = {}
    if proof.values:
        told["value"] = {value.stretch.value: _value_told(value, written) for value in proof.values}
    if proof.milestones:
        told["milestones"] = {each.metric.id: _milestone_told(each) for each in proof.milestones}
    if proof.peers:
        told["peers"] = {each.metric.id: _peers_told(each) for each in proof.peers}
    if proof.overage is not None:
        told["overage"] = _overage_told(proof.overage, written)
    return told


def proof_content(proof: ProofFacts) -> dict[str, Any]:
    """Give what can be proved for machines: moments in ISO 8601, money in minor units with its currency."""
    return proof_told(proof, lambda money: {"amount": money.amount, "currency": money.currency})


def proof_sentences(proof: ProofFacts) -> list[str]:
    """Give every sentence, the value received first."""
    return [
        *map(_value_sentence, proof.values),
        *map(_milestone_sentence, proof.milestones),
        *map(_peers_sentence, proof.peers),
        *([_overage_sentence(proof.overage)] if proof.overage is not None else []),
    ]


def _value_told(value: Value, written: Written) -> dict[str, Any]:
    return _known(
        {
            "from": format_moment(value.began_at),
            "to": format_moment(value.ended_at),
            "hours": _hours(value.saved),
            "worth": _money(value.worth, written),
            "price": _money(value.price, written),
            "ratio": value.ratio,
            "sentence": _value_sentence(value),
            "metrics": {each.metric.id: _metric_told(each, written) for each in value.metrics},
        }
    )


def _metric_told(each: MetricValue, written: Written) -> dict[str, Any]:
    return _known(
        {
            "used": _number(each.used),
            "hours": _hours(each.saved),
            "worth": _money(each.worth, written),
            "saves": _span(each.metric.saves) if each.metric.saves is not None else None,
            "worth_each": _money(_worth_each(each), written),
            "sentence": f"{_capital(_metric_words(each))}.",
        }
    )


def _milestone_told(each: Achieved) -> dict[str, Any]:
    return _known(
        {
            "milestone": each.milestone,
            "reached_at": format_moment(each.reached_at) if each.reached_at is not None else None,
            "total": _number(each.total),
            "since": format_moment(each.since),
            "sentence": _milestone_sentence(each),
        }
    )


def _peers_told(each: Compared) -> dict[str, Any]:
    return {
        "who": each.peers.cohort.words,
        "units": each.peers.units,
        "low": _number(each.peers.low),
        "median": _number(each.peers.median),
        "high": _number(each.peers.high),
        "used": _number(each.used),
        "from": format_moment(each.began_at),
        "made_at": format_moment(each.peers.made_at),
        "sentence": _peers_sentence(each),
    }


def _overage_told(paid: OveragePaid, written: Written) -> dict[str, Any]:
    return {
        "total": written(paid.total),
        "given_back": written(paid.given_back),
        "invoices": paid.invoices,
        "last": written(paid.last),
        "last_at": format_moment(paid.last_at),
        "sentence": _overage_sentence(paid),
    }


def _value_sentence(value: Value) -> str:
    """Write what was received in a stretch of time, with the assumptions it is made of."""
    said = f"{_when(value)}: {_joined([_metric_words(each) for each in value.metrics])}."
    if value.saved is not None and sum(each.saved is not None for each in value.metrics) > 1:
        said += f" Together {_saved(value.saved)}."
    if value.worth is not None and sum(each.worth is not None for each in value.metrics) > 1:
        said += f" Together worth {value.worth}."
    if value.price is not None and value.ratio is not None and value.ratio >= 1:
        said += f" That is {_times(value.ratio)} the plan's {value.price}."
    return said


def _when(value: Value) -> str:
    if value.stretch is Stretch.EVER:
        return f"Since {_day(value.began_at)}"
    so_far = " so far" if value.stretch is Stretch.PRESENT else ""
    return f"In the month from {_day(value.began_at)}{so_far}"


def _metric_words(each: MetricValue) -> str:
    """Write an amount, and in brackets what was saved and what it is worth at the team's word for one."""
    made = []
    if each.saved is not None and each.metric.saves is not None and each.saved >= MINUTE:
        made.append(f"{_saved(each.saved)} at {_span(each.metric.saves)} each")
    worth_each = _worth_each(each)
    if each.worth is not None and worth_each is not None:
        made.append(f"worth {each.worth} at {worth_each} each")
    words = _counted(each.used, each.metric.name, each.metric.plural)
    return f"{words} ({'; '.join(made)})" if made else words


def _milestone_sentence(each: Achieved) -> str:
    passed = _counted(each.milestone, each.metric.name, each.metric.plural)
    if each.reached_at is None:
        return f"Past {passed}: {_amount(each.total)} so far."
    return f"{passed} reached on {_day(each.reached_at)}, {_amount(each.total)} so far."


def _peers_sentence(each: Compared) -> str:
    own = _counted(each.used, each.metric.name, each.metric.plural)
    who = f"{each.peers.units:,} {each.peers.cohort.words}"
    half = f"half had about {_amount(each.peers.median)} or more"
    return f"{own} in the month from {_day(each.began_at)}. Of {who}, {half}."


def _overage_sentence(paid: OveragePaid) -> str:
    invoices = "1 invoice" if paid.invoices == 1 else f"{paid.invoices:,} invoices"
    back = f" after {paid.given_back} was given back" if paid.given_back.amount else ""
    return (
        f"{paid.total} paid for use beyond the plan's limits in the last 12 months{back}, on {invoices}, "
        f"the last on {_day(paid.last_at)}."
    )


def _worth_each(each: MetricValue) -> Money | None:
    return each.metric.worth.get(each.worth.currency) if each.worth is not None else None


def _saved(saved: Duration) -> str:
    """Write time saved in hours, below one in minutes, rounded down."""
    if saved < HOUR:
        return f"{_counted(saved // MINUTE, 'minute', 'minutes')} saved"
    tenths = saved * 10 // HOUR
    hours = tenths / 10 if tenths < 100 else tenths // 10
    return f"{_counted(hours, 'hour', 'hours')} saved"


def _times(ratio: float) -> str:
    """Write how many times, rounded down."""
    times = floor(ratio * 10) / 10 if ratio < 10 else floor(ratio)
    return f"{_amount(times)} times"


def _span(span: Duration) -> str:
    """Write a duration in the greatest unit up to hours that it is a whole number of."""
    unit, name = next(
        each for each in ((HOUR, "hour"), (MINUTE, "minute"), (SECOND, "second")) if not span % each[0]
    )
    return _counted(span // unit, name, f"{name}s")


def _counted(number: float, one: str, several: str) -> str:
    return f"{_amount(number)} {one if number == 1 else several}"


def _amount(number: float) -> str:
    return f"{number:,.15g}"


def _day(at: Moment) -> str:
    return str(format_date(to_datetime(at), "d MMMM y", locale="en"))


def _joined(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _hours(saved: Duration | None) -> float | int | None:
    return _number(saved / HOUR) if saved is not None else None


def _money(money: Money | None, written: Written) -> Any:
    return written(money) if money is not None else None


def _number(number: float) -> float | int:
    """Give a whole number as one, so that no text shows a point."""
    return int(number) if number == int(number) else number


def _known(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if value is not None}
