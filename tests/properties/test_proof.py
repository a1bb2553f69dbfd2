"""The law of proof: every number is a plain recomputation from the events; what has none has no number."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec
from dateutil.relativedelta import relativedelta  # type: ignore[import-untyped]  # ships no types
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.drawing import examples
from tests.stories.world import DAY, HOUR, START, make_program, workflow
from upsell.clock import MINUTE, Moment, format_moment, from_datetime, to_datetime
from upsell.decisions.proof import Value
from upsell.decisions.proof_words import proof_content
from upsell.journeys.advance import Session, advance
from upsell.journeys.effects import Record
from upsell.journeys.explain import prove
from upsell.journeys.household import empty_household
from upsell.signals.events import Event

MILESTONES = (10, 25, 100, 300)
CATALOG = """
default_plan: free
metrics:
  reports: {name: report, saves: 20 minutes, worth: {USD: 3.50, EUR: 3}, milestones: [10, 25, 100, 300]}
  exports: {name: export, milestones: [1000]}
  minutes: {name: minute, saves: 30 seconds}
plans:
  free: {name: Free, tier: 0, limits: {calls: 100}}
  starter: {name: Starter, tier: 1, price: {month: 49}}
"""
PROGRAM = make_program(
    {
        "w": workflow(
            trigger="{on: Milestone Reached, again_after: 1 days}",
            journey="[{email: {content: t1, intent: help}}]",
        )
    },
    catalog=CATALOG,
)
METRICS = ("reports", "exports", "minutes", "calls", "unheard")
AMOUNTS = ((4900, "USD"), (5900, "USD"), (4900, "EUR"))

uses = st.tuples(
    st.just("use"),
    st.sampled_from(METRICS),
    st.integers(1, 40),
    st.sampled_from([0, 0, 0, HOUR, 20 * DAY, 70 * DAY]),
)
pays = st.tuples(
    st.just("pay"),
    st.sampled_from(["i1", "i2", "i3", "i4"]),
    st.integers(0, 2000),
    st.sampled_from([0, 0, 9 * DAY]),
)
refunds = st.tuples(st.just("refund"), st.just(""), st.integers(0, 900), st.just(0))
prices = st.tuples(st.just("price"), st.just(""), st.integers(0, 2), st.just(0))
waits = st.sampled_from([MINUTE, HOUR, DAY, 9 * DAY, 31 * DAY])
USED = (("use", "reports", 5, 0), HOUR)
PAID = ("pay", "i1", 7, 0)
LATE = ("use", "reports", 2, 20 * DAY)
"""A use, an invoice, and a use that is told twenty days late: what a gap between periods is made of."""

histories = st.lists(st.tuples(uses | uses | uses | pays | refunds | prices, waits), max_size=40)


def events_of(drawn: Iterable[tuple[tuple[str, str, int, int], int]], *, subscribes: bool) -> list[Event]:
    """The events in ledger order; whoever subscribes does so first, so that the periods are known."""
    now = START
    found = [Event("i", "Customer Identified", now, now, "ada", properties={"email": "ada@example.com"})]
    if subscribes:
        said = {"plan": "starter", "amount": 4900, "currency": "USD"}
        found.append(Event("s", "Subscription Started", now, now, "ada", properties=said))
    for number, ((kind, which, amount, late), wait) in enumerate(drawn):
        now += wait
        name, said = {
            "use": ("Usage Recorded", {"metric": which, "quantity": amount}),
            "pay": (
                "Invoice Paid",
                {"invoice_id": which, "amount": 9000, "overage": amount, "currency": "USD"},
            ),
            "refund": ("Refunded", {"amount": 9000, "overage": amount, "currency": "USD"}),
            "price": (
                "Subscription Changed",
                dict(zip(("amount", "currency"), AMOUNTS[amount % 3], strict=True)),
            ),
        }[kind]
        if kind != "price" or subscribes:
            found.append(Event(str(number), name, now - late, now, "ada", properties=said))
    return found


class Use(NamedTuple):
    metric: str
    amount: int
    at: Moment


def uses_of(events: list[Event]) -> list[Use]:
    return [
        Use(e.properties["metric"], e.properties["quantity"], e.occurred_at)
        for e in events
        if e.name == "Usage Recorded"
    ]


def month(anchor: Moment, number: int) -> Moment:
    return from_datetime(to_datetime(anchor) + relativedelta(months=number))


def edges(events: list[Event], now: Moment) -> tuple[Moment, Moment, int]:
    """The last whole period's beginning, the present one's, and its number; by dateutil."""
    anchor = next((e.occurred_at for e in events if e.name == "Subscription Started"), None)
    if anchor is None:
        anchor = from_datetime(to_datetime(START).replace(day=1, hour=0))
    number = max(n for n in range(200) if month(anchor, n) <= now)
    return month(anchor, number - 1), month(anchor, number), number


def price_of(events: list[Event], since: Moment) -> tuple[int, str] | None:
    """What falls due a month, where it has been the same since a moment."""
    told = [e for e in events if e.name in ("Subscription Started", "Subscription Changed")]
    at, held = None, None
    for event in told:
        price = (event.properties["amount"], event.properties["currency"])
        if price != held:
            at, held = event.occurred_at, price
    return held if at is not None and at <= since else None


def summed(used: Iterable[Use]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for use in used:
        if use.metric in PROGRAM.catalog.described:
            totals[use.metric] = totals.get(use.metric, 0) + use.amount
    return totals


def check_value(
    value: Value, totals: dict[str, int], currency: str, price: tuple[int, str] | None, months: int
) -> None:
    assert {each.metric.id: each.used for each in value.metrics} == totals
    by_hand = {
        "reports": (20 * MINUTE, {"USD": 350, "EUR": 300}[currency]),
        "exports": (None, None),
        "minutes": (MINUTE // 2, None),
    }
    # What is None is left out in the same line, which the type does not show.
    saved = [by_hand[m][0] * n for m, n in totals.items() if by_hand[m][0] is not None]  # type: ignore[operator]
    assert value.saved == (sum(saved) if saved else None)
    # Reports always have a worth here.
    worth = totals["reports"] * by_hand["reports"][1] if "reports" in totals else None  # type: ignore[operator]
    assert (value.worth.amount if value.worth else None) == worth
    assert (value.price is None) == (price is None)
    if price is not None and value.price is not None:
        assert (value.price.amount, value.price.currency) == (price[0] * months, price[1])
    if price is not None and worth is not None:
        assert value.ratio == worth / (price[0] * months)
    else:
        assert value.ratio is None


@settings(max_examples=examples(300), deadline=None)
@given(histories, st.booleans(), st.sampled_from([0, 3 * DAY, 40 * DAY]))
@example([USED, (USED[0], 31 * DAY), (USED[0], 31 * DAY), (LATE, HOUR)], True, 0)
@example([USED, (PAID, 31 * DAY), (USED[0], 31 * DAY), (LATE, HOUR)], True, 0)
@example([USED, (PAID, 31 * DAY), (USED[0], 31 * DAY), (LATE, HOUR)], False, 0)
@example([(("use", "reports", 1, HOUR), 31 * DAY)], True, 0)
def test_every_number_of_value_received_is_the_plain_sum_of_the_events(
    drawn: list[tuple[tuple[str, str, int, int], int]], subscribes: bool, later: int
) -> None:
    events = events_of(drawn, subscribes=subscribes)
    now = events[-1].seen_at + later
    household, _ = advance(PROGRAM, empty_household("c:ada"), events)
    proof = prove(PROGRAM, household, "c:ada", now)
    used = uses_of(events)
    before_at, began_at, _ = edges(events, now)
    values = {value.stretch.value: value for value in proof.values}
    told = [e for e in events if e.name == "Subscription Changed"]
    currency = told[-1].properties["currency"] if told else "USD"
    since = min((use.at for use in used if use.metric in PROGRAM.catalog.described), default=now)
    expected = {
        "present": (summed(use for use in used if use.at >= began_at), began_at, now, 1),
        "last": (summed(use for use in used if before_at <= use.at < began_at), before_at, began_at, 1),
        "ever": (summed(used), since, now, 0),
    }
    assert values.keys() == {stretch for stretch, (totals, *_) in expected.items() if totals}
    for stretch, value in values.items():
        totals, start, end, months = expected[stretch]
        price = price_of(events, start)
        # The stretch ends before now: a period that begins at this very moment is not in it.
        last = edges(events, max(start, now - 1))[2]
        months = months or last - edges(events, start)[2] + 1 if price else 1
        check_value(value, totals, currency, price, months)
        assert (value.began_at, value.ended_at) == (start, end)


@settings(max_examples=examples(200), deadline=None)
@given(histories)
@example([(("use", "reports", 30, 0), HOUR), (("use", "reports", 30, 20 * DAY), HOUR)])
@example([(LATE, HOUR), USED, (("use", "reports", 5, HOUR), MINUTE)])
def test_a_milestone_is_reached_once_when_the_running_sum_passes_it_and_the_greatest_is_told(
    drawn: list[tuple[tuple[str, str, int, int], int]],
) -> None:
    events = events_of(drawn, subscribes=True)
    household, effects = advance(PROGRAM, empty_household("c:ada"), events)
    told = [e.event for e in effects if isinstance(e, Record) and e.event.name == "Milestone Reached"]
    total, newest = 0, 0
    reached: dict[int, Moment] = {}
    expected: list[tuple[Moment, int, int]] = []
    for event in (e for e in events if e.name == "Usage Recorded" and e.properties["metric"] == "reports"):
        before, total = total, total + event.properties["quantity"]
        newest = max(newest, event.occurred_at)
        passed = [each for each in MILESTONES if before < each <= total]
        reached |= dict.fromkeys(passed, newest)
        if passed:
            expected.append((event.occurred_at, passed[-1], total))
    said = [
        (e.occurred_at, e.properties["milestone"], e.properties["total"])
        for e in told
        if e.properties["metric"] == "reports"
    ]
    assert said == expected
    found = [
        each
        for each in prove(PROGRAM, household, "c:ada", household.taken_at).milestones
        if each.metric.id == "reports"
    ]
    assert [(each.milestone, each.reached_at, each.total) for each in found] == (
        [(max(reached), reached[max(reached)], total)] if reached else []
    )


@settings(max_examples=examples(200), deadline=None)
@given(histories, st.sampled_from([0, 100 * DAY, 340 * DAY]))
def test_overage_is_the_sum_of_what_invoices_said_in_a_year_less_what_was_given_back(
    drawn: list[tuple[tuple[str, str, int, int], int]], later: int
) -> None:
    events = events_of(drawn, subscribes=True)
    now = events[-1].seen_at + later
    household, _ = advance(PROGRAM, empty_household("c:ada"), events)
    paid = prove(PROGRAM, household, "c:ada", now).overage
    told = [e for e in events if e.properties.get("overage")]
    by_invoice: dict[str, Event] = {}
    for event in (e for e in told if e.name == "Invoice Paid"):
        held = by_invoice.get(event.properties["invoice_id"])
        if held is None or event.occurred_at >= held.occurred_at:
            by_invoice[event.properties["invoice_id"]] = event
    since = from_datetime(to_datetime(now) - relativedelta(months=12))
    invoices = [e for e in by_invoice.values() if e.occurred_at > since]
    refunds = [e for e in told if e.name == "Refunded" and e.occurred_at > since]
    given = sum(e.properties["overage"] for e in refunds)
    total = sum(e.properties["overage"] for e in invoices) - given
    if not invoices or total <= 0:
        assert paid is None
        return
    last_at = max(e.occurred_at for e in invoices)
    assert paid is not None
    assert (paid.total.amount, paid.given_back.amount, paid.invoices) == (total, given, len(invoices))
    assert paid.last_at == last_at
    assert paid.last.amount in {e.properties["overage"] for e in invoices if e.occurred_at == last_at}


@settings(max_examples=examples(100), deadline=None)
@given(histories, st.integers(0, 40))
def test_of_whom_has_no_use_and_no_overage_nothing_is_said_and_any_split_says_the_same(
    drawn: list[tuple[tuple[str, str, int, int], int]], cut: int
) -> None:
    events = events_of(drawn, subscribes=True)
    whole, effects = advance(PROGRAM, empty_household("c:ada"), events)
    first, begun = advance(PROGRAM, empty_household("c:ada"), events[:cut])
    both, ended = advance(PROGRAM, first, events[cut:])
    assert msgspec.json.encode((both, [*begun, *ended])) == msgspec.json.encode((whole, effects))
    silent = [e for e in events if e.name != "Usage Recorded" and not e.properties.get("overage")]
    household, _ = advance(PROGRAM, empty_household("c:ada"), silent)
    assert proof_content(prove(PROGRAM, household, "c:ada", household.taken_at)) == {}


@settings(max_examples=examples(150), deadline=None)
@given(histories, histories, histories)
def test_a_merge_adds_up_and_celebrates_nothing_that_either_had_passed(
    one: list[tuple[tuple[str, str, int, int], int]],
    other: list[tuple[tuple[str, str, int, int], int]],
    after: list[tuple[tuple[str, str, int, int], int]],
) -> None:
    account = {"account_id": None}
    mine = events_of(one, subscribes=False)
    theirs = [
        msgspec.structs.replace(e, id=f"x{e.id}", customer_id="eve", **account)
        for e in events_of(other, subscribes=False)
    ]
    session = Session(PROGRAM, empty_household("c:ada"))
    theirs_alone = Session(PROGRAM, empty_household("c:eve"))
    for event in mine:
        session.take(event)
    for event in theirs:
        theirs_alone.take(event)
    now = max(mine[-1].seen_at, theirs[-1].seen_at)
    session.household.customers["eve"] = theirs_alone.household.customers["eve"]
    effects = session.take(Event("m", "Customers Merged", now, now, "ada", properties={"from": "eve"}))
    both = summed([*uses_of(mine), *uses_of(theirs)])
    totals = {
        each.metric.id: each.total for each in prove(PROGRAM, session.household, "c:ada", now).milestones
    }
    assert all(both[metric] == total for metric, total in totals.items())
    assert ("reports" in totals) == (both.get("reports", 0) >= MILESTONES[0])
    later = [
        msgspec.structs.replace(
            e, id=f"y{e.id}", occurred_at=e.occurred_at + now - START, seen_at=e.seen_at + now - START
        )
        for e in events_of(after, subscribes=False)[1:]
    ]
    for event in later:
        effects += session.take(event)
    told = [
        e.event.properties for e in effects if isinstance(e, Record) and e.event.name == "Milestone Reached"
    ]
    new = [said["milestone"] for said in told if said["metric"] == "reports"]
    assert new == sorted(set(new))
    assert all(milestone > both.get("reports", 0) for milestone in new)


def test_a_moment_is_written_as_everywhere() -> None:
    household, _ = advance(
        PROGRAM, empty_household("c:ada"), events_of([(("use", "reports", 30, 0), HOUR)], subscribes=True)
    )
    said = proof_content(prove(PROGRAM, household, "c:ada", household.taken_at))
    assert said["milestones"]["reports"]["reached_at"] == format_moment(START + HOUR)
