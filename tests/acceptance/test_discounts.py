"""Who waited for a discount: the SQL against a plain reading of the definition, and planted truth."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from tests.live_world import LiveWorld, make_documents, open_world
from tests.stories.world import CATALOG, START, workflow
from upsell.cli.discounts_text import discounts_text
from upsell.clock import DAY, HOUR, Moment
from upsell.decisions.intents import Intent
from upsell.decisions.terms import Terms
from upsell.journeys.effects import Speak
from upsell.measurement.answers import Undetermined
from upsell.measurement.shares import Share
from upsell.runtime.diagnosis import diagnose
from upsell.runtime.discounts import Discounts, discounts_content, read_discounts
from upsell.runtime.doctor import examine
from upsell.signals.events import PROMPT_OFFERED, Event
from upsell.store.acceptances import keep_prompted
from upsell.store.ledger import append_derived
from upsell.store.outbox import keep_messages

pytestmark = pytest.mark.postgres

OFFERS = {"less": "upgrade", "beside": "cross-sell", "stay": "retention"}
NOW = START + 400 * DAY
WORKFLOW = workflow(trigger="{on: Asked}", journey="[{email: {content: t1, offer: less}}]")


class Shown(msgspec.Struct, frozen=True):
    """An offer that was shown, as prompt or mail: in which enrollment, when, how much less, until when."""

    enrollment: str
    offer: str
    at: Moment
    rate: float
    ends_at: Moment | None
    is_prompt: bool


class Life(msgspec.Struct, frozen=True):
    """What happened to one household: events by name and moment with what they say, and offers shown."""

    unit_id: str
    events: list[tuple[str, Moment, dict[str, Any]]]
    shown: list[Shown]


def terms_of(shown: Shown) -> Terms:
    price = round(10_000 * (1 - shown.rate))
    return Terms(
        shown.offer, "pro", "Pro", "USD", "month", full=10_000, price=price, unit_price=price,
        discount_rate=shown.rate, discount=10_000 - price, expires_at=shown.ends_at,
    )  # fmt: skip


def apply(world: LiveWorld) -> None:
    catalog = CATALOG + "".join(
        f"  {offer}: {{kind: {kind}, plan: pro, title: T, valid_for: 7 days, discount: 10%}}\n"
        for offer, kind in OFFERS.items()
    )
    world.apply({**make_documents({"w": WORKFLOW}), "catalog.yaml": catalog})


def write(world: LiveWorld, lives: Sequence[Life]) -> None:
    """Write lives into the ledger, the outbox and among the prompts, as the program would have."""
    apply(world)
    world.clock.move_to(NOW)
    events: list[Event] = []
    derived: list[tuple[str, Event]] = []
    messages: list[tuple[str, Speak]] = []
    for life in lives:
        customer_id = life.unit_id[2:]
        for name, at, said in life.events:
            events.append(Event(f"{life.unit_id}{len(events)}", name, at, 0, customer_id, None, said, "test"))
        for shown in life.shown:
            key = f"{shown.enrollment}/{shown.offer}/{shown.at}"
            terms = terms_of(shown)
            if shown.is_prompt:
                said = {
                    "prompt": key, "workflow": "w", "enrollment": shown.enrollment, "unit": life.unit_id,
                    "offer": shown.offer, "terms": msgspec.to_builtins(terms),
                }  # fmt: skip
                told = Event(key, PROMPT_OFFERED, shown.at, NOW, customer_id, None, said, "core")
                derived.append((life.unit_id, told))
                keep_prompted(world.connection, [msgspec.structs.replace(told, seen_at=shown.at)])
            else:
                messages.append(
                    (life.unit_id, Speak(
                        key, shown.enrollment, "w", "v", "1", 1, life.unit_id, customer_id, "email",
                        Intent.OFFER, "t1", shown.offer, None, {}, shown.at, terms,
                    ))
                )  # fmt: skip
    world.append(events)
    append_derived(world.connection, derived)
    keep_messages(world.connection, messages, {})
    world.connection.execute("update outbox set state = 'sent', finished_at = reserved_at")


BOUGHT = ("Subscription Upgraded", "Order Completed", "Offer Accepted")
ENDLESS, REACH = 30 * DAY, 90 * DAY


def purchases(life: Life) -> set[Moment]:
    paid = [
        at for name, at, said in life.events
        if name == "Subscription Started" and said["amount"] != "a lot"
        and said.get("status") != "trialing" and "note" not in said
    ]  # fmt: skip
    bought = {at for name, at, said in life.events if name in BOUGHT and said.get("offer") != "pro-trial"}
    return bought | ({min(paid)} if paid else set())


def waits(life: Life, wait: int, since: Moment) -> list[tuple[Moment, str | None, bool, int]]:
    """Read a life by the definition: per purchase and discount when, which kind, waited, shown before."""
    bought = purchases(life)
    first: dict[tuple[str, str, Moment | None], Moment] = {}
    for shown in life.shown:
        if shown.rate > 0:
            key = (shown.enrollment, shown.offer, shown.ends_at)
            first[key] = min(first.get(key, shown.at), shown.at)
    discounts = sorted(
        (at, enrollment, offer, ends_at if ends_at is not None else at + ENDLESS)
        for (enrollment, offer, ends_at), at in first.items()
    )
    chances = [at for name, at, _ in life.events if name in ("Pricing Viewed", "Checkout Started")]
    chances += [shown.at for shown in life.shown if shown.rate == 0]
    chances = [at for at in chances if not any(d[0] <= at < d[3] for d in discounts)]
    found: list[tuple[Moment, str | None, bool, int]] = []
    for at in sorted(bought):
        if not since < at <= NOW:
            continue
        under = [(place, d) for place, d in enumerate(discounts) if d[0] <= at < d[3]]
        if not under:
            found.append((at, None, False, 0))
        for place, (shown_at, _, offer, _) in under:
            passed = [
                chance for chance in chances
                if shown_at - REACH <= chance < shown_at - wait * DAY
                and not any(chance <= other < shown_at for other in bought)
            ]  # fmt: skip
            found.append((at, OFFERS.get(offer, "unknown"), bool(passed), place))
    return found


def expected(lives: Sequence[Life], wait: int, days: int) -> dict[str, Any]:
    read = {life.unit_id: waits(life, wait, NOW - days * DAY) for life in lives}
    buyers = {unit for unit, rows in read.items() if rows}
    waited = {unit for unit, rows in read.items() if any(row[2] for row in rows)}
    kinds: dict[str, tuple[set[str], set[str]]] = {}
    for unit, rows in read.items():
        for _, kind, has_waited, _ in rows:
            had, late = kinds.setdefault(kind or "none", (set(), set()))
            had.add(unit)
            if has_waited:
                late.add(unit)
    firsts = [min((at, place) for at, _, late, place in read[unit] if late) for unit in waited]
    return {
        "all": (len(buyers), len(waited)),
        "kinds": {kind: (len(had), len(late)) for kind, (had, late) in kinds.items()},
        "before": Counter(place for _, place in firsts),
    }


def counted(found: Discounts) -> dict[str, Any]:
    return {
        "all": (found.all.buyers, found.all.waited),
        "kinds": {each.label: (each.buyers, each.waited) for each in found.kinds},
        "before": dict(found.before),
    }


def any_life(chance: random.Random, number: int) -> Life:
    """Make up a life of a few dozen days, on a coarse grid so that moments coincide."""

    def at() -> Moment:
        return NOW - chance.randrange(160) * DAY // 2

    names: list[tuple[str, dict[str, Any]]] = [
        ("Pricing Viewed", {}),
        ("Pricing Viewed", {}),
        ("Checkout Started", {}),
        ("Order Completed", {"order_id": "1"}),
        ("Subscription Started", {"plan": "pro", "amount": 5}),
        ("Subscription Started", {"plan": "pro", "amount": 5, "status": "trialing"}),
        ("Subscription Started", {"plan": "pro", "amount": "a lot"}),
        ("Subscription Started", {"plan": "pro", "amount": 5, "note": "a\0b"}),
        ("Offer Accepted", {"offer": "less"}),
        ("Offer Accepted", {"offer": "pro-trial"}),
        ("Page Viewed", {}),
        ("Subscription Upgraded", {}),
    ]
    events = [(name, at(), said) for name, said in chance.choices(names, k=chance.randrange(8))]
    shown = []
    for _ in range(chance.randrange(5)):
        moment = at()
        shown.append(
            Shown(
                enrollment=f"e{number}-{chance.randrange(2)}",
                offer=chance.choice(list(OFFERS)),
                at=moment,
                rate=chance.choice([0.0, 0.1]),
                ends_at=chance.choice([None, moment + 7 * DAY, moment + 20 * DAY]),
                is_prompt=chance.random() < 0.5,
            )
        )
    return Life(f"c:p{number}", events, shown)


@pytest.mark.parametrize("seed", range(3))
def test_the_counts_are_those_of_a_plain_reading_of_the_definition(database: str, seed: int) -> None:
    chance = random.Random(seed)
    lives = [any_life(chance, number) for number in range(400)]
    with open_world(database) as world:
        write(world, lives)
        for wait, days in ((3, 365), (0, 30), (20, 60)):
            found = counted(read_discounts(world.connection, NOW, days=days, wait_days=wait))
            assert found == expected(lives, wait, days)
            assert found["all"][1] > 0, "the made-up lives hold some who waited"


def planted(number: int, *, has_waited: bool, kind: str = "less", at: Moment = NOW - 20 * DAY) -> Life:
    """Make up a buyer of whom it is known whether they waited: both look, only one lets it pass."""
    before = 10 * DAY if has_waited else HOUR
    shown = Shown(f"e{number}", kind, at - DAY, 0.1, at + DAY, is_prompt=number % 2 == 0)
    return Life(
        f"c:b{number}", [("Pricing Viewed", at - DAY - before, {}), ("Order Completed", at, {})], [shown]
    )


def test_planted_waiters_are_found_with_their_share_and_quarter_and_kind(database: str) -> None:
    # 200 buyers under a discount, 50 of whom waited; and 100 buyers with none.
    lives = [planted(number, has_waited=number < 50) for number in range(160)]
    last_year = NOW - 100 * DAY
    lives += [planted(number, has_waited=False, kind="stay", at=last_year) for number in range(160, 200)]
    lives += [Life(f"c:f{number}", [("Order Completed", NOW - DAY, {})], []) for number in range(100)]
    with open_world(database) as world:
        write(world, lives)
        found = read_discounts(world.connection, NOW)
        assert counted(found) == {
            "all": (300, 50),
            "kinds": {"upgrade": (160, 50), "retention": (40, 0), "none": (100, 0)},
            "before": {0: 50},
        }
        # START is in March 2026, NOW in April 2027; twenty days before it is in March.
        quarters = {each.label: (each.buyers, each.waited) for each in found.quarters}
        assert quarters == {"2026 Q4": (40, 0), "2027 Q1": (160, 50), "2027 Q2": (100, 0)}
        share = found.all.share
        assert isinstance(share, Share)
        # Oracle: statsmodels 0.15, proportion_confint(50, 300, method="wilson").
        assert (share.estimate, share.low, share.high) == pytest.approx((1 / 6, 0.128765, 0.212997), abs=1e-6)
        text = discounts_text(found)
        assert "  upgrade                    160      50  31.2% (24.6% to 38.8%)" in text
        assert "  no discount                100       0  -" in text
        assert max(map(len, text.split("\n"))) <= 80
        content = discounts_content(found)
        assert content["all"]["share"]["kind"] == "share"
        assert content["before"] == [{"discounts": 0, "buyers": 50}]


def test_of_few_buyers_no_share_is_told(database: str) -> None:
    with open_world(database) as world:
        write(world, [planted(number, has_waited=True) for number in range(29)])
        found = read_discounts(world.connection, NOW)
        assert isinstance(found.all.share, Undetermined)
        assert "29 buyers; 30 are needed" in found.all.share.detail
        assert "too few: 30 are needed" in discounts_text(found)
        nobody = read_discounts(world.connection, NOW, days=1)
        assert "nobody bought" in discounts_text(nobody)
        assert [each.code for each in diagnose(examine(world.connection, NOW))].count("discount-trained") == 0


@pytest.mark.parametrize(("waited", "is_told"), [(20, False), (40, True)])
def test_the_doctor_tells_of_customers_who_learned_to_wait_only_when_it_is_clear(
    database: str, waited: int, is_told: bool
) -> None:
    # Of 100: at 20 the interval begins at 13 %, at 40 at 31 %; the line is at 20 %.
    with open_world(database) as world:
        write(world, [planted(number, has_waited=number < waited) for number in range(100)])
        told = [each for each in diagnose(examine(world.connection, NOW)) if each.code == "discount-trained"]
        assert bool(told) is is_told
        if is_told:
            assert "40 of 100" in told[0].said
            assert "31% to 50%" in told[0].said


def test_somebody_who_went_into_another_or_joined_an_account_is_one_buyer(database: str) -> None:
    """Looked as a visitor, was shown the discount as a customer, bought as an account."""
    with open_world(database) as world:
        apply(world)
        world.happens("Pricing Viewed", "anon:1")
        world.worker.run_until_idle()
        world.clock.move_to(START + 5 * DAY)
        world.happens("Customers Merged", "ada", **{"from": "anon:1"})
        world.worker.run_until_idle()
        shown = Shown("e1", "less", START + 10 * DAY, 0.1, START + 20 * DAY, is_prompt=True)
        terms = msgspec.to_builtins(terms_of(shown))
        said = {"prompt": "k", "workflow": "w", "enrollment": "e1", "unit": "c:ada", "terms": terms}
        keep_prompted(world.connection, [Event("k", PROMPT_OFFERED, shown.at, shown.at, properties=said)])
        world.clock.move_to(START + 12 * DAY)
        world.happens("Account Identified", "ada", "acme", roles=["admin"])
        world.happens("Order Completed", None, "acme", order_id="1")
        world.worker.run_until_idle()
        found = read_discounts(world.connection, world.clock.now())
        assert (found.all.buyers, found.all.waited) == (1, 1)


@pytest.mark.parametrize(
    ("before", "has_waited"),
    [(3 * DAY, False), (3 * DAY + 1, True), (REACH, True), (REACH + 1, False)],
)
def test_a_chance_counts_from_more_than_the_wait_to_the_reach_before_the_discount(
    database: str, before: int, has_waited: bool
) -> None:
    at = NOW - 20 * DAY
    shown = Shown("e", "less", at, 0.1, at + DAY, is_prompt=False)
    life = Life("c:a", [("Checkout Started", at - before, {}), ("Order Completed", at, {})], [shown])
    with open_world(database) as world:
        write(world, [life])
        assert read_discounts(world.connection, NOW).all.waited == int(has_waited)
        assert expected([life], 3, 365)["all"] == (1, int(has_waited))
