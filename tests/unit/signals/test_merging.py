"""Merging of profiles: what is counted is what one id alone would have counted, in any order."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drawing import examples
from upsell.clock import DAY, HOUR, Moment, parse_moment
from upsell.decisions.consents import give_consent, merge_consents, told_scope, withdraw_consent
from upsell.decisions.contact import Contact, Touch, merge_contact
from upsell.decisions.intents import Intent
from upsell.decisions.policy import SensitiveState
from upsell.decisions.sensitive import take_state
from upsell.rules.facts import Counter, Measure
from upsell.signals.counters import count_event
from upsell.signals.events import Event
from upsell.signals.merging import merge_profiles
from upsell.signals.profiles import Lifetime, OveragePayment, Profile, Span, Usage
from upsell.signals.purchases import take_purchase

START: Moment = parse_moment("2026-03-02T09:00:00Z") or 0
COUNTERS = {
    counter.key: counter
    for counter in (
        Counter(Measure.COUNT, "E", window=2 * DAY, tile=HOUR),
        Counter(Measure.TREND, "E", window=DAY, tile=HOUR),
        Counter(Measure.SUM, "E", property="amount", window=2 * DAY, tile=HOUR),
        Counter(Measure.DISTINCT, "E", property="amount", window=2 * DAY, tile=HOUR),
        Counter(Measure.FIRST, "E"),
        Counter(Measure.LAST, "E"),
    )
}
happened = st.lists(st.tuples(st.booleans(), st.integers(0, 40), st.integers(0, 5)), max_size=25)


@settings(max_examples=examples(150), deadline=None)
@given(happened)
def test_counters_of_two_ids_merged_are_those_of_one_id_that_did_it_all(
    drawn: list[tuple[bool, int, int]],
) -> None:
    # Oracle: one profile that takes every event.
    one, two, alone = Profile(), Profile(), Profile()
    for is_first, hours, amount in drawn:
        for profile in (one if is_first else two, alone):
            for key, counter in COUNTERS.items():
                at = START + hours * HOUR
                count_event(profile.counters, key, counter, at, START + 2 * DAY, {"amount": amount})
    merge_profiles(one, two, COUNTERS)
    for key in COUNTERS:
        assert one.counters.get(key) == alone.counters.get(key), key


bought = st.lists(
    st.tuples(st.booleans(), st.sampled_from(["mug", "shirt", "other"]), st.integers(0, 40)), max_size=12
)


@settings(max_examples=examples(150), deadline=None)
@given(bought)
def test_purchases_of_two_ids_merged_are_those_of_one_that_made_them_all(
    drawn: list[tuple[bool, str, int]],
) -> None:
    # Oracle: one profile that takes every event.
    families = {"mug": frozenset({""}), "shirt": frozenset({"clothes", "gifts"})}
    one, two, alone = Profile(), Profile(), Profile()
    for number, (is_first, item, hours) in enumerate(drawn):
        said = {"items": [item], "amount": 100}
        event = Event(str(number), "Order Completed", START + hours * HOUR, START + DAY, "ada", None, said)
        for profile in (one if is_first else two, alone):
            take_purchase(profile.bought, event, families)
    merge_profiles(one, two, {})
    assert one.bought == alone.bought


TICKETS = SensitiveState(
    name="open_ticket",
    starts=("Opened",),
    ends=("Closed",),
    stops=frozenset(Intent),
    cool_down=0,
    key="ticket_id",
)


def test_traits_of_who_stays_win_and_missing_ones_are_taken_over() -> None:
    stays, gone = Profile(traits={"email": "a@x.example"}), Profile(traits={"email": "b", "city": "Ulm"})
    merge_profiles(stays, gone, {})
    assert stays.traits == {"email": "a@x.example", "city": "Ulm"}


def test_use_of_one_period_adds_up_and_the_later_of_two_periods_holds() -> None:
    stays = Profile(usage={"calls": Usage(3, START), "seats": Usage(5, None), "jobs": Usage(9, START)})
    gone = Profile(usage={"calls": Usage(4, START), "seats": Usage(2, None), "jobs": Usage(1, START + DAY)})
    merge_profiles(stays, gone, {})
    jobs = Usage(1, START + DAY, past=[(START, 9)], lifetime=Lifetime(10, START, START + DAY))
    calls = Usage(7, START, lifetime=Lifetime(7, START, START))
    assert stays.usage == {"calls": calls, "seats": Usage(5, None), "jobs": jobs}


def test_one_invoice_told_of_both_counts_once_and_other_overage_adds_up() -> None:
    one, two = OveragePayment(5, "USD", START), OveragePayment(6, "USD", START + DAY)
    stays = Profile(overage={"i1": one, "i2": one})
    merge_profiles(stays, Profile(overage={"i1": two, "i3": one}), {})
    assert stays.overage == {"i1": two, "i2": one, "i3": one}


def test_a_ticket_that_one_id_opened_and_the_other_closed_is_over() -> None:
    stays, gone = Profile(), Profile()
    take_state(stays, TICKETS, Event("1", "Opened", START, START, "a", properties={"ticket_id": "7"}))
    take_state(stays, TICKETS, Event("2", "Opened", START, START, "a", properties={"ticket_id": "8"}))
    closed = Event("3", "Closed", START + HOUR, START + HOUR, "b", properties={"ticket_id": "7"})
    take_state(gone, TICKETS, closed)
    merge_profiles(stays, gone, {})
    assert stays.states["open_ticket"] == Span({"8": START}, START + HOUR, {"7": START + HOUR})


consents = st.lists(
    st.tuples(
        st.booleans(),
        st.booleans(),
        st.sampled_from(["*", "Email", "push", "fax"]),
        st.sampled_from(["", "profiling", "x"]),
        st.sampled_from(["", "chat"]),
        st.integers(0, 30),
    ),
    max_size=8,
    unique_by=lambda said: said[-1],
)


@settings(max_examples=examples(200), deadline=None)
@given(consents)
def test_consents_of_two_ids_merged_are_those_of_one_id_that_said_it_all_by_the_moment_it_was_said(
    drawn: list[tuple[bool, bool, str, str, str, int]],
) -> None:
    # Oracle: one contact that takes every word.
    one, two, alone = Contact(), Contact(), Contact()
    for is_first, is_given, channel, purpose, family, hours in drawn:
        for contact in (one if is_first else two, alone):
            said = told_scope(channel, purpose, family)
            (give_consent if is_given else withdraw_consent)(contact, said, START + hours * HOUR)
    merge_consents(one, two)
    assert (one.withdrawn, one.given) == (alone.withdrawn, alone.given)


def test_every_place_stays_spent_once_in_order_of_time_and_refused_addresses_stay_refused() -> None:
    first, second, third = (
        Touch(key, START + hours * HOUR, Intent.SHOW, "email")
        for key, hours in (("x", 0), ("y", 1), ("z", 2))
    )
    stays = Contact([first, third], bounced=["a@x.example"])
    merge_contact(stays, Contact([first, second], bounced=["b@x.example", "a@x.example"]))
    assert stays.touches == [first, second, third]
    assert stays.bounced == ["a@x.example", "b@x.example"]
