"""A workflow's discount budget on the live path: by whichever key, exact in a replay, and at once."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.live_world import LiveWorld, make_documents, open_world
from tests.sinks import open_sink
from tests.stories.test_prompts import JOURNEY, ON_REQUEST
from tests.stories.world import workflow
from upsell.cli.discounts_text import discounts_text
from upsell.clock import DAY, HOUR, MINUTE, SECOND, Moment
from upsell.decisions.reasons import Reason
from upsell.runtime.deciding import Asked, Decider
from upsell.runtime.diagnosis import diagnose
from upsell.runtime.discounts import read_discounts
from upsell.runtime.doctor import examine
from upsell.runtime.explaining import decide_again, explain_now, explain_past
from upsell.runtime.programs import Programs
from upsell.store.acceptances import Acceptance, read_acceptances
from upsell.store.migrate import FOLDER

pytestmark = pytest.mark.postgres

# Pro is 149.00 a month less 10 %: over a year 178.80 of discount each. Two and a bit fit into 400.
EACH = 17_880
BUDGET = "discount_budget: 400"
MAIL = workflow(
    trigger="{on: Asked, again_after: 1 hour}",
    journey="[{email: {content: t1, offer: pro-annual}}, {wait: 2 hours}]",
    more=BUDGET,
)
PROMPT = workflow(trigger=ON_REQUEST, journey=JOURNEY, more=BUDGET)
TASK = workflow(
    trigger="{on: Asked, again_after: 1 hour}",
    journey="[{task: {queue: success, title: Call them, offer: pro-annual, due: 2 days}}]",
    more=BUDGET,
)


def passes(world: LiveWorld, length: int = SECOND) -> Moment:
    world.clock.move_to(world.clock.now() + length)
    return world.clock.now()


def meets(world: LiveWorld, *people: str) -> None:
    world.append([world.event("Customer Identified", who, email=f"{who}@example.com") for who in people])
    world.settle()
    passes(world)


def accepts(world: LiveWorld, who: str, **said: Any) -> None:
    world.happens("Offer Accepted", who, offer="pro-annual", **said)
    passes(world)


def answer(world: LiveWorld, who: str) -> Reason:
    """Let somebody ask and give what was decided about them last."""
    world.happens("Asked", who)
    world.settle()
    passes(world)
    (row,) = world.rows(
        f"select reason from decisions where unit_id = 'c:{who}' order by number desc limit 1"
    )
    return Reason(row[0])


def told(world: LiveWorld) -> list[tuple[str, str, int, str]]:
    return [
        (each.workflow, each.currency, each.discount, each.offer)
        for each in read_acceptances(world.connection, 0)
    ]


def test_acceptances_by_the_keys_of_mails_run_a_budget_out(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(make_documents({"w": MAIL}))
        people = ["ann", "bob", "cyd", "dan"]
        meets(world, *people, "eve")
        assert {answer(world, who) for who in people} == {Reason.ENROLLED}
        keys: dict[str, str] = dict(
            world.connection.execute("select customer_id, key from outbox").fetchall()
        )
        for who in people[:2]:
            accepts(world, who, key=keys[who])
            # Told again, it is the same acceptance.
            accepts(world, who, key=keys[who], discount=99_999_999)
        assert answer(world, "eve") is Reason.ENROLLED, "357.60 of 400 are accepted"
        accepts(world, "cyd", key=keys["cyd"])
        assert told(world) == [("w", "USD", EACH, "pro-annual")] * 5
        passes(world, 2 * HOUR)
        assert answer(world, "dan") is Reason.PRICE_GUARDRAIL
        (why,) = explain_now(world.connection, "dan", world.clock.now(), None).explanations
        assert "a discount budget of 400.00 USD for w" in why.words
        assert "536.40 USD" in why.words


def test_the_key_of_a_task_says_its_workflow_and_so_may_the_event_itself(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(make_documents({"w": TASK}))
        meets(world, "ann", "bob", "cyd")
        answer(world, "ann")
        ((key, enrollment),) = world.rows("select key, enrollment from tasks")
        accepts(world, "ann", key=key)
        accepts(world, "zoe", workflow="w", discount=1_234, currency="USD")
        accepts(world, "zoe", workflow="w", discount=30_000, currency="EUR")
        accepts(world, "zoe", discount=90_000)
        accepts(world, "zoe", workflow="w", discount=-90_000, key="unheard of")
        accepts(world, "zoe", workflow="w", discount="a lot", key="a\0b")
        assert told(world) == [
            ("w", "USD", EACH, "pro-annual"),
            ("w", "USD", 1_234, "pro-annual"),
            ("w", "EUR", 30_000, "pro-annual"),
            ("", "", 90_000, "pro-annual"),
            ("w", "", 0, "pro-annual"),
            ("w", "", 0, "pro-annual"),
        ]
        (first, *_) = read_acceptances(world.connection, 0)
        assert (first.enrollment, first.showing) == (enrollment, key)
        assert answer(world, "bob") is Reason.FINISHED, "191.14 in dollars are accepted"
        accepts(world, "zoe", workflow="w", discount=20_886)
        assert answer(world, "cyd") is Reason.PRICE_GUARDRAIL, "exactly the budget is the whole budget"


def prompt(decider: Decider, who: str, number: int) -> tuple[str | None, list[Reason]]:
    asked = Asked(f"r{number}", "usage-page", who, None, {}, is_dry_run=False)
    said = decider.decide(asked)
    return (said.prompt["prompt"] if said.prompt is not None else None), [
        each.reason for each in said.reasons
    ]


def test_a_prompt_taken_before_the_worker_came_to_it_is_counted_all_the_same(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(make_documents({"w": PROMPT}))
        meets(world, "ann", "bob", "cyd", "dan")
        decider = Decider(database, world.clock)
        for number, who in enumerate(("ann", "bob", "cyd")):
            key, _ = prompt(decider, who, number)
            assert key is not None
            world.clock.move_to(world.clock.now() + 1)
            world.happens("Offer Accepted", who, offer="pro-annual", key=key)
            world.clock.move_to(world.clock.now() + 1)
        assert told(world) == [("w", "USD", EACH, "pro-annual")] * 3
        before = read_acceptances(world.connection, 0)
        # The answer is what the worker will record, though it has not come to any of this.
        assert prompt(decider, "dan", 9) == (None, [Reason.PRICE_GUARDRAIL])
        dry = decider.decide(Asked("dry", "usage-page", "dan", None, {}, is_dry_run=True))
        assert [each.reason for each in dry.reasons] == [Reason.PRICE_GUARDRAIL]
        world.worker.run_until_idle()
        assert read_acceptances(world.connection, 0) == before
        recorded = world.rows(
            "select customer_id, name from events where name like 'Prompt %' order by position"
        )
        assert recorded == [
            ("ann", "Prompt Offered"),
            ("bob", "Prompt Offered"),
            ("cyd", "Prompt Offered"),
        ], "dan is not let in, so nothing is available to him"
        assert world.rows("select reason from decisions where unit_id = 'c:dan'") == [("price_guardrail",)]
        assert world.rows("select count(*) from showings") == [(3,)], "one row, whoever was first"
        decider.close()


def test_the_second_gate_asks_the_budget_too(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(make_documents({"w": MAIL}))
        meets(world, "ann")
        world.happens("Asked", "ann")
        world.worker.run_until_idle()
        assert world.states() == {"reserved": 1}
        passes(world)
        accepts(world, "zoe", workflow="w", discount=40_000)
        world.settle()
        assert world.states() == {"withdrawn": 1}
        assert not sink.accepted
        ((reason,),) = world.rows("select reason from outbox")
        assert reason.startswith("price_guardrail")
        assert reason.endswith("(a discount budget of 400.00 USD for w)")
        reasons = world.rows("select reason from decisions where unit_id = 'c:ann' order by number")
        assert reasons == [("enrolled",), ("price_guardrail",)]


def test_more_budget_in_a_new_revision_opens_what_was_spent(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(make_documents({"w": MAIL}))
        meets(world, "ann", "bob")
        accepts(world, "zoe", workflow="w", discount=40_000)
        assert answer(world, "ann") is Reason.PRICE_GUARDRAIL
        then = world.clock.now()
        passes(world)
        world.apply(make_documents({"w": MAIL.replace("budget: 400", "budget: 401")}))
        assert answer(world, "bob") is Reason.ENROLLED
        # What was said before is said again of before.
        (why,) = explain_past(world.connection, "ann", then, None).explanations
        assert why.reason is Reason.PRICE_GUARDRAIL


@pytest.mark.parametrize("seed", range(4))
def test_a_replay_takes_every_decision_as_it_was_taken(database: str, seed: int) -> None:
    """The ledger is lived again, household by household: each decision, whenever a budget ran out."""
    chance = random.Random(seed)
    people = [f"p{number}" for number in range(12)]
    with open_sink() as sink, open_world(database, sink) as world:
        documents = make_documents({"w": MAIL, "v": MAIL.replace("budget: 400", "budget: 900")})
        world.apply(documents)
        meets(world, *people)
        for _ in range(60):
            who = chance.choice(people)
            if chance.random() < 0.3:
                of = chance.choice(["w", "v", ""])
                world.happens(
                    "Offer Accepted", who, offer="x", workflow=of, discount=chance.randrange(10_000, 40_000)
                )
            else:
                world.happens("Asked", who)
            # Often several things fall on one moment, and the worker comes by when it comes by.
            passes(world, chance.choice([0, 0, 1, 20 * MINUTE, 2 * HOUR]))
            if chance.random() < 0.4:
                world.settle()
        world.settle()
        now = world.clock.now()
        reasons = set()
        for who in people:
            again = decide_again(world.connection, who, now)
            kept = world.rows(
                "select workflow, reason, rule, decided_at from decisions "
                f"where unit_id = 'c:{who}' order by number"
            )
            assert [(each.workflow, each.reason.value, each.rule, each.decided_at) for each in again] == kept
            reasons |= {each.reason for each in again}
        assert Reason.PRICE_GUARDRAIL in reasons
        assert Reason.ENROLLED in reasons


def test_what_programs_know_does_not_hang_on_when_they_looked(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(make_documents({"w": MAIL}))
        early = Programs()
        for number in range(5):
            accepts(world, "zoe", workflow="w", discount=15_000)
            if number % 2:
                early.refresh(world.connection)
        early.refresh(world.connection)
        late = Programs()
        late.refresh(world.connection)
        assert early.program(1).spent == late.program(1).spent
        assert early.program(1).spent["w"].accepted == 45_000


def test_an_acceptance_says_what_is_known_of_it(database: str) -> None:
    with open_world(database) as world:
        world.happens("Offer Accepted", "zoe", offer="x", discount=12.6)
        at = world.clock.now()
        assert read_acceptances(world.connection, 0) == [Acceptance(1, "x", at, 13)]


def test_what_a_discount_comes_to_on_a_price_nobody_knows_is_the_events_word(database: str) -> None:
    with open_world(database) as world:
        documents = make_documents({"w": PROMPT})
        catalog = documents["catalog.yaml"].replace("price: {month: 149, year: 1490}, ", "")
        world.apply({**documents, "catalog.yaml": catalog})
        decider = Decider(database, world.clock)
        key, _ = prompt(decider, "ann", 1)
        passes(world)
        accepts(world, "ann", key=key, discount=777)
        assert told(world) == [("w", "", 777, "pro-annual")]
        decider.close()


def test_what_is_accepted_and_what_is_still_open_is_told_and_bounds_what_a_budget_can_cost(
    database: str,
) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        catalog = make_documents({})["catalog.yaml"].replace(
            "discount: 10%", "discount: 10%, valid_for: 7 days"
        )
        world.apply({**make_documents({"w": MAIL}), "catalog.yaml": catalog})
        people = ["ann", "bob", "cyd", "dan"]
        meets(world, *people)
        for who in people:
            answer(world, who)
        passes(world, 2 * HOUR)
        # Said again within its validity, it is the same promise.
        answer(world, "dan")
        keys: dict[str, str] = dict(
            world.connection.execute("select customer_id, key from outbox").fetchall()
        )
        for who in people[:3]:
            accepts(world, who, key=keys[who])
        accepts(world, "zoe", discount=900)
        (use,) = read_discounts(world.connection, world.clock.now()).budgets
        assert (use.accepted, use.acceptances) == (3 * EACH, 3)
        assert use.ran_out_at is not None
        assert (use.open, use.open_discounts) == (2 * EACH, 2), "dan's two journeys each made one"
        found = {each.code: each for each in diagnose(examine(world.connection, world.clock.now()))}
        assert "357.60 USD that was shown may still be taken" in found["budget-spent"].said
        assert "1 in 14 days say no key" in found["acceptance-unplaced"].said
        before = read_discounts(world.connection, world.clock.now() - HOUR).budgets[0]
        assert (before.accepted, before.ran_out_at) == (0, None)
        passes(world, 8 * DAY)
        (later,) = read_discounts(world.connection, world.clock.now()).budgets
        assert (later.open, later.open_discounts) == (0, 0)
        assert "nothing that was shown is still open" in discounts_text(
            read_discounts(world.connection, world.clock.now())
        )


def test_prompts_from_before_the_table_of_their_discounts_are_filled_in(database: str) -> None:
    with open_world(database) as world:
        world.apply(make_documents({"w": PROMPT}))
        meets(world, "ann", "bob")
        for who in ("ann", "ann", "bob"):
            world.happens("Placement Asked", who, placement="usage-page")
            passes(world)
        world.worker.run_until_idle()
        kept = world.rows("select * from showings order by key")
        assert len(kept) == 2
        world.connection.execute("delete from showings")
        migration = (FOLDER / "0014.prompted_discounts.sql").read_text("utf-8")
        (filling,) = [each for each in migration.split(";") if "insert into" in each]
        world.connection.execute(filling.replace("prompted_discounts", "showings").encode())
        assert world.rows("select * from showings order by key") == kept
