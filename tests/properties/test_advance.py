"""The laws of ``advance``: no split of the inputs changes anything, and the argument is not touched."""

from __future__ import annotations

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.stories.world import CATALOG, DAY, HOUR, START, make_program, receipt_of, workflow
from upsell.clock import MINUTE, format_moment
from upsell.journeys.advance import Session, advance, concerns_for
from upsell.journeys.effects import Effect, Speak
from upsell.journeys.household import Household, Unit, empty_household
from upsell.journeys.inputs import Input, Launched, Tick
from upsell.runtime.batches import stirring
from upsell.signals.events import Event
from upsell.store.ledger import LedgerInput

JOURNEY = (
    "[{email: {content: t1, intent: help}}, {wait: {for: Pricing Viewed, up_to: 2 days}},"
    " {if: arrived, then: [{email: {content: t2, intent: offer, offer: {one: pro-annual, two: pro-trial}}}],"
    " else: [{wait: 1 day}, {email: {content: t3, intent: show}}]}]"
)
STEPS = (
    "[{email: {content: t1, intent: help}, name: first},"
    " {wait: {until: clicked, up_to: 1 day}},"
    " {if: arrived, then: [{update: {keen: 'true'}}], elif: [{if: customer.keen = true, then: []}],"
    " else: [{split: {a: {share: 40%, steps: [{wait: {time: '09:00', days: [mon, thu]}}]},"
    " b: {share: 60%, steps: [{wait: 3 hours}]}}}]},"
    " {wait: {until: \"event_count('Pricing Viewed', interval '2 days') >= 1\", up_to: 2 days}},"
    " {go: {to: first, at_most: 1}},"
    " {choose: {offers: [pro-annual, pro-trial], as: best, else: [end]}},"
    " {wait: {date: subscription.started_at, up_to: 1 day}}, {webhook: {url: 'https://x.example/'}},"
    " {email: {content: t2, offer: best}}]"
)
WORKFLOWS = {
    "quota": workflow(
        unit="account",
        trigger=(
            "{crossing: {of: \"usage_ratio('api_calls')\", at: [50%, 80%], hysteresis: 5%},"
            " again_after: 2 days}"
        ),
        journey=JOURNEY,
        holdout="30%",
        experiment=", vary: offer, arms: {one: 50%, two: 50%}",
        eligible="[plan.tier < 2, limit('api_calls') < 5000]",
        more="on_goal: [{email: {content: t4, intent: service}}]",
    ),
    "interest": workflow(
        trigger=(
            "{when: \"event_count('Pricing Viewed', interval '2 days') >= 2\", held_for: 3 hours,"
            " again_after: 1 days}"
        ),
        journey="[{email: {content: t1, intent: help}}, {wait: 1 day}, {email: {content: t2, intent: show}}]",
        holdout="30%",
        experiment=", ramp: [{from: '2026-03-02T11:00:00Z', share: 20%}, {from: 2026-03-05, share: 90%}]",
        suppress="[\"event_count('Refund Asked', interval '1 days') > 0\"]",
    ),
    "steps": workflow(
        trigger="{on: Order Placed, again_after: 1 hour}",
        journey=STEPS,
        holdout="30%",
        more="key: order\nat_once: 3",
    ),
    "fits": workflow(
        unit="account",
        trigger="{when: fit.is_staying = false, again_after: 2 days}",
        journey="[{wait: 1 day}, {email: {content: t2, intent: help}}]",
        eligible="[fit.plan is not null]",
    ),
    "seat": workflow(
        trigger="{on: Feature Gate Hit, when: plan.tier < 2, again_after: 1 days}",
        journey="[{email: {content: t1, intent: help}}, {wait: 1 day}]",
    ),
}
PACKS = "products:\n  calls: {kind: pack, name: Calls, limits: {api_calls: 2000}}\n"
SEGMENTS = """
keen: {unit: customer, rule: "event_count('Pricing Viewed', interval '2 days') >= 2"}
paying: {unit: customer, rule: "plan.tier >= 1 and account.country = 'DE'"}
over: {unit: customer, rule: "usage_ratio('api_calls') > 0.5"}
pressed: {unit: account, rule: "usage_ratio('api_calls') > 0.8"}
courted:
  unit: account
  rule: event_count('Segment Entered', interval '4 days', properties.segment in ('keen', 'paying')) >= 2
lapsed:
  unit: customer
  rule: event_count('Segment Left', interval '3 days', properties.segment = 'keen') > 0
"""
WORKFLOWS["lapsed"] = workflow(
    trigger="{on: Segment Entered, where: \"properties.segment = 'lapsed'\", again_after: 2 days}",
    journey="[{email: {content: t1, intent: help}}, {wait: {for: Segment Left, up_to: 3 days}},"
    " {email: {content: t2, intent: show}}]",
)
WORKFLOWS["courted"] = workflow(
    unit="account",
    trigger="{when: \"event_count('Segment Entered', interval '4 days') >= 3\", again_after: 2 days}",
    journey="[{email: {content: t3, intent: help}}]",
    goal="{event: Segment Left, within: 3 days}",
)
WORKFLOWS["call"] = workflow(
    trigger="{on: Refund Asked, again_after: 5 hours}",
    journey="[{task: {queue: success, title: Call, offer: pro-annual, due: 1 days}}, {wait: 5 hours},"
    " {task: {queue: success, title: Ask, due: 3 hours}}]",
    eligible="[\"event_count('Order Placed', interval '2 days') < 2\", account.country is null]",
)
WORKFLOWS["visit"] = workflow(
    unit="account",
    trigger="{on: Task Overdue, again_after: 1 hours}",
    journey="[{task: {queue: success, title: Go there, due: 5 hours, reason: call}}]",
    goal="{event: Order Completed, within: 3 days}",
)
PROGRAM = make_program(
    WORKFLOWS,
    policy="policy: {caps: [{at_most: 2, within: 3 days}], global_control: 10%}\n",
    segments=SEGMENTS,
    catalog=CATALOG + PACKS,
)

CUSTOMERS = ("ada", "bob", "anon:x")
MERGED = "Customers Merged"
NAMES: list[tuple[str, dict[str, object]]] = [
    ("Pricing Viewed", {}),
    ("Usage Recorded", {"metric": "api_calls", "quantity": 300}),
    ("Subscription Started", {"plan": "starter", "amount": 4900, "currency": "USD"}),
    ("Subscription Changed", {"plan": "pro", "amount": 14900}),
    ("Subscription Changed", {"plan": "starter", "amount": 4900}),
    ("Subscription Canceled", {}),
    ("Ticket Opened", {"ticket_id": "1"}),
    ("Ticket Closed", {"ticket_id": "1"}),
    ("Refund Asked", {}),
    ("Consent Withdrawn", {}),
    ("Consent Given", {}),
    ("Feature Gate Hit", {}),
    ("Nobody Reads This", {}),
    ("Order Placed", {"order": "1"}),
    ("Order Placed", {"order": "2"}),
    ("Order Completed", {"order_id": "1", "items": ["calls"], "amount": 4000}),
    ("Order Completed", {"order_id": "2", "items": [{"id": "calls", "quantity": 2}]}),
    ("Order Canceled", {"order_id": "1"}),
    (MERGED, {}),
    ("Subscription Canceled", {"ends_at": format_moment(START + 4 * DAY)}),
    ("Account Identified", {"country": "DE"}),
    ("Account Identified", {"country": "US"}),
]
steps = st.tuples(
    st.integers(0, len(NAMES) - 1),
    st.sampled_from(CUSTOMERS),
    st.sampled_from([0, MINUTE, HOUR, 5 * HOUR, DAY, 2 * DAY]),
    st.sampled_from([0, 0, 0, HOUR, 3 * DAY]),
)


def inputs_of(drawn: list[tuple[int, str, int, int]]) -> list[Input]:
    """The inputs as the ledger gives them: an id that went into another is that other's from then on."""
    now = START
    went: dict[str, str] = {}
    found: list[Input] = []
    for customer_id, role in (("ada", "admin"), ("bob", "billing")):
        who = {"customer_id": customer_id, "account_id": "acme", "seen_at": now, "occurred_at": now}
        joined = {"roles": [role]}
        found.append(Event(id=f"g{customer_id}", name="Account Identified", properties=joined, **who))  # type: ignore[arg-type]  # one mapping of mixed kinds
        said = {"email": f"{customer_id}@example.com"}
        found.append(Event(id=f"i{customer_id}", name="Customer Identified", properties=said, **who))  # type: ignore[arg-type]  # one mapping of mixed kinds
    for number, (which, customer_id, later, late) in enumerate(drawn):
        now += later
        name, properties = NAMES[which]
        if name == MERGED:
            gone_id = now_is(went, customer_id)
            stays_id = now_is(went, CUSTOMERS[CUSTOMERS.index(customer_id) - 1])
            if gone_id == stays_id:
                continue
            went[gone_id] = stays_id
            properties = {"from": gone_id}
        about = now_is(went, customer_id)
        found.append(Event(str(number), name, now - late, now, about, "acme", dict(properties)))
        if number % 5 == 4:
            found.append(Launched(now))
    return found


def now_is(went: dict[str, str], customer_id: str) -> str:
    while customer_id in went:
        customer_id = went[customer_id]
    return customer_id


def gone_by(inputs: list[Input]) -> set[str]:
    """The customers that inputs merge into others."""
    merges = [item for item in inputs if isinstance(item, Event) and item.name == MERGED]
    return {str(item.properties["from"]) for item in merges if item.customer_id is not None}


def answered(inputs: list[Input]) -> list[Input]:
    """The inputs with a receipt after each message, as the dispatcher would have seen to it.

    As in the ledger, a receipt for somebody who has just gone is about whom they went into.
    """
    session = Session(PROGRAM, empty_household("a:acme"))
    found: list[Input] = []
    went: dict[str, str] = {}

    def take(item: Input) -> None:
        found.append(item)
        if isinstance(item, Event) and item.name == MERGED and item.customer_id is not None:
            went[str(item.properties["from"])] = item.customer_id
        for effect in session.take(item):
            if isinstance(effect, Speak):
                name = ("Message Sent", "Message Failed", "Message Withheld")[int(effect.key[0], 16) % 3]
                receipt = receipt_of(effect, session.household.taken_at, name)
                about = now_is(went, effect.customer_id)
                take(msgspec.structs.replace(receipt, customer_id=about or None))
                if effect.key[1] in "01234567":
                    click = receipt_of(effect, session.household.taken_at, "Message Clicked")
                    take(msgspec.structs.replace(click, customer_id=about or None))

    for item in inputs:
        take(item)
    return found


def encoded(household: Household, effects: list[Effect]) -> tuple[bytes, bytes]:
    return msgspec.json.encode(household), msgspec.json.encode(effects)


@settings(max_examples=120, deadline=None)
@given(st.lists(steps, max_size=40), st.data())
def test_advance_of_a_then_b_equals_advance_of_both_to_the_byte_for_any_split(
    drawn: list[tuple[int, str, int, int]], data: st.DataObject
) -> None:
    inputs = answered(inputs_of(drawn))
    whole = encoded(*advance(PROGRAM, empty_household("a:acme"), inputs))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(inputs)), max_size=6)))
    household, effects = empty_household("a:acme"), list[Effect]()
    for start, end in zip([0, *cuts], [*cuts, len(inputs)], strict=True):
        household, more = advance(PROGRAM, household, inputs[start:end])
        effects += more
    assert encoded(household, effects) == whole


@settings(max_examples=80, deadline=None)
@given(st.lists(steps, max_size=30), st.data())
def test_a_tick_on_the_way_changes_nothing_because_a_due_timer_comes_before_any_later_input(
    drawn: list[tuple[int, str, int, int]], data: st.DataObject
) -> None:
    inputs = answered(inputs_of(drawn))
    last = max(item.seen_at for item in inputs)
    whole = encoded(*advance(PROGRAM, empty_household("a:acme"), [*inputs, Tick(last + 9 * DAY)]))
    ticked: list[Input] = []
    for here, after in zip(inputs, [*inputs[1:], Tick(last + 9 * DAY)], strict=True):
        ticked.append(here)
        between = data.draw(st.lists(st.integers(here.seen_at, after.seen_at), max_size=2))
        ticked += [Tick(at) for at in sorted(between)]
    household, effects = advance(PROGRAM, empty_household("a:acme"), [*ticked, Tick(last + 9 * DAY)])
    assert encoded(household, effects) == whole


@settings(max_examples=40, deadline=None)
@given(st.lists(steps, max_size=25))
def test_advance_does_not_touch_its_argument(drawn: list[tuple[int, str, int, int]]) -> None:
    inputs = answered(inputs_of(drawn))
    household, _ = advance(PROGRAM, empty_household("a:acme"), inputs)
    before = msgspec.json.encode(household)
    advance(PROGRAM, household, [*inputs_of(drawn), Tick(household.taken_at + 30 * DAY)])
    assert msgspec.json.encode(household) == before


@settings(max_examples=80, deadline=None)
@given(st.lists(steps, max_size=60))
def test_no_cap_is_ever_exceeded_and_nobody_speaks_to_a_held_out_unit(
    drawn: list[tuple[int, str, int, int]],
) -> None:
    # Two who turn out to be one may have been sent more together than one may be.
    inputs = answered(inputs_of([step for step in drawn if NAMES[step[0]][0] != MERGED]))
    session = Session(PROGRAM, empty_household("a:acme"))
    for item in inputs:
        for effect in session.take(item):
            if isinstance(effect, Speak):
                unit = session.household.account if effect.unit_id[0] == "a" else None
                unit = unit or session.household.customers[effect.unit_id[2:]]
                assert (
                    effect.enrollment not in unit.enrollments
                    or not unit.enrollments[effect.enrollment].is_shadow
                )
        for customer in session.household.customers.values():
            now = session.household.taken_at
            counted = [
                t for t in customer.contact.touches if t.at > now - 3 * DAY and t.intent.value != "service"
            ]
            assert len(counted) <= 2
        households = [session.household.account, *session.household.customers.values()]
        for unit in households:
            if unit is not None:
                going = [e.workflow for e in unit.enrollments.values() if not e.after_goal]
                # Of the keyed one as many may go on as it says, each with a key of its own.
                assert all(going.count(key) <= (3 if key == "steps" else 1) for key in going)


def loaded_for(household: Household, inputs: list[Input]) -> Household:
    """The household as the store gives it: members named, engaged, addressed by role, or due."""
    concerned = {item.customer_id for item in inputs if isinstance(item, Event)} | {*household.engaged}
    concerned |= gone_by(inputs)
    concerned |= {key for key, held in household.roster.items() if "admin" in held}
    until = inputs[-1].seen_at
    told = [LedgerInput(0, 0, "a:acme", item) for item in inputs if isinstance(item, Event)]
    is_stirred = stirring(concerns_for(PROGRAM), told, until)
    is_everyone = any(isinstance(item, Launched) for item in inputs) or (
        is_stirred is not None and is_stirred(household)
    )
    kept = {
        key: unit
        for key, unit in household.customers.items()
        if is_everyone or key in concerned or (unit.next_due_at is not None and unit.next_due_at <= until)
    }
    return msgspec.structs.replace(household, customers=kept)


@settings(max_examples=120, deadline=None)
@given(st.lists(steps, max_size=40), st.integers(1, 6), st.sets(st.integers(0, 60)))
def test_members_who_are_not_concerned_may_stay_away_and_nothing_changes(
    drawn: list[tuple[int, str, int, int]], size: int, of_nobody: set[int]
) -> None:
    asked = [
        msgspec.structs.replace(item, customer_id=None)
        if isinstance(item, Event) and item.name[0] != "M" and number > 3 and number in of_nobody
        else item
        for number, item in enumerate(inputs_of(drawn))
    ]
    inputs = answered(asked)
    whole, expected = advance(PROGRAM, empty_household("a:acme"), inputs)
    household, effects = empty_household("a:acme"), list[Effect]()
    away: dict[str, Unit] = {}
    for start in range(0, len(inputs), size):
        batch = inputs[start : start + size]
        everyone = msgspec.structs.replace(household, customers={**away, **household.customers})
        away = {key: unit for key, unit in everyone.customers.items() if key not in gone_by(batch)}
        household, more = advance(PROGRAM, loaded_for(everyone, batch), batch)
        effects += more
    household = msgspec.structs.replace(household, customers={**away, **household.customers})
    assert msgspec.json.encode(effects) == msgspec.json.encode(expected)
    assert household == whole


@settings(max_examples=120, deadline=None)
@given(st.lists(steps, max_size=40))
@example([(0, "ada", 0, 0), (0, "ada", 0, 0), (13, "ada", 5 * HOUR, 0)])
def test_a_merge_says_nothing_again_and_leaves_nothing_of_who_went(
    drawn: list[tuple[int, str, int, int]],
) -> None:
    inputs = answered(inputs_of(drawn))
    household, effects = advance(PROGRAM, empty_household("a:acme"), inputs)
    keys = [effect.key for effect in effects if isinstance(effect, Speak)]
    assert len(keys) == len(set(keys))
    gone = gone_by(inputs)
    assert gone.isdisjoint(household.customers)
    assert gone.isdisjoint(household.engaged)
    assert gone.isdisjoint(household.roster)
    for unit in household.customers.values():
        going = [passage.workflow for passage in unit.enrollments.values()]
        assert all(going.count(key) <= (3 if key == "steps" else 1) for key in going)
        assert unit.slot is None or unit.slot in {*unit.enrollments, *_account(household).enrollments}


def _account(household: Household) -> Unit:
    assert household.account is not None
    return household.account
