"""Deciding in a request: the answer is what the worker records, before or after it."""

from __future__ import annotations

from typing import Any

import pytest
from litestar.testing import TestClient

from tests.live_world import LiveWorld, make_documents, open_world
from tests.sinks import open_sink
from tests.stories.test_prompts import BY_MAIL, FROM_MAIL, JOURNEY, ON_REQUEST
from tests.stories.world import CATALOG, workflow
from upsell.clock import SECOND
from upsell.runtime.deciding import Asked, Decider
from upsell.runtime.intake import Intake, OverloadedError
from upsell.web.app import make_app

pytestmark = pytest.mark.postgres

DOCUMENTS = make_documents({"w": workflow(trigger=ON_REQUEST, journey=JOURNEY, holdout="50%")})


def asked(number: int, *, dry: bool = False) -> Asked:
    return Asked(f"r{number}", "usage-page", f"u{number}", None, {}, dry)


def recorded(world: LiveWorld) -> dict[str, tuple[str, str | None]]:
    rows = world.rows(
        "select properties::json ->> 'request', name, properties::json ->> 'offer' from events"
        " where name like 'Prompt %'"
    )
    return {request: (name, offer) for request, name, offer in rows}


def test_the_answer_is_what_the_worker_records_for_both_arms(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(DOCUMENTS)
        decider = Decider(database, world.clock)
        answers: dict[str, tuple[str, str | None]] = {}
        for number in range(30):
            told = decider.decide(asked(number))
            offer = told.prompt["offer"] if told.prompt is not None else None
            answers[f"r{number}"] = ("Prompt Offered" if offer else "Prompt Withheld", offer)
            if number % 3 == 0:
                world.worker.run_until_idle()
        world.worker.run_until_idle()
        assert recorded(world) == answers
        assert {name for name, _ in answers.values()} == {"Prompt Offered", "Prompt Withheld"}
        # Told again, also when the worker was there before, it is the same request with the same answer.
        for number in range(30):
            told = decider.decide(asked(number))
            offer = told.prompt["offer"] if told.prompt is not None else None
            assert offer == answers[f"r{number}"][1]
        assert world.rows("select count(*) from events where name = 'Placement Asked'") == [(30,)]
        assert world.rows("select count(*) from exposures") == [(30,)]
        decider.close()


def test_a_dry_run_answers_the_same_and_leaves_no_trace(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(DOCUMENTS)
        decider = Decider(database, world.clock)
        for number in range(10):
            dry, real = decider.decide(asked(number, dry=True)), None
            assert world.rows("select count(*) from events") == [(number,)]
            real = decider.decide(asked(number))
            assert (dry.prompt is None) == (real.prompt is None)
            assert [each.reason for each in dry.reasons] == [each.reason for each in real.reasons]
        decider.close()


def ask(client: TestClient[Any], **body: Any) -> Any:
    return client.post("/v1/decide", json=body)


def test_the_api_offers_with_terms_or_says_why_not(database: str) -> None:
    documents = make_documents({"w": workflow(trigger=ON_REQUEST, journey=JOURNEY)})
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(documents)
        world.happens("Ticket Opened", "bob", ticket_id="1")
        world.happens("Customer Identified", "ada", email="ada@example.com")
        with TestClient(make_app(database, world.clock)) as client:
            said = ask(client, userId="ada", placement="usage-page", messageId="m1").json()
            assert (said["unit"], said["prompt"]["workflow"]) == ("c:ada", "w")
            assert said["prompt"]["offer"]["terms"]["price"] == 13_410
            marks = {each["id"]: (each["is_present"], each["is_offered"]) for each in said["plans"]}
            assert marks == {"free": (True, False), "starter": (False, False), "pro": (False, True)}
            assert said["plans"][0]["prices"]["month"] == {"text": "unknown", "amount": None}
            assert said["plans"][2]["prices"]["year"] == {"text": "1,490.00 USD", "amount": 149_000}
            world.clock.move_to(world.clock.now() + SECOND)
            again = ask(client, userId="ada", placement="usage-page", messageId="m1").json()
            assert again["prompt"]["key"] == said["prompt"]["key"], "told again, it is the same"
            other = ask(client, userId="ada", placement="home", messageId="m1")
            assert (other.status_code, other.json()["code"]) == (400, "conflict")
            said = ask(client, accountId="acme", userId="dan", placement="usage-page", dryRun=True).json()
            assert {each["unit"] for each in said["reasons"]} <= {"c:dan", "a:acme"}
            said = ask(client, userId="bob", placement="usage-page").json()
            assert (said["prompt"], said["plans"]) == (None, [])
            assert [(each["unit"], each["reason"]) for each in said["reasons"]] == [("c:bob", "sensitive")]
            assert ask(client, userId="ada", placement="home").json()["reasons"] == []
            for body in (
                {"placement": "p"},
                {"userId": "a"},
                {"userId": "a", "placement": "p", "more": 1},
                {"userId": "a", "placement": "p", "channel": "email"},
                {"userId": "a", "channel": "fax"},
            ):
                assert client.post("/v1/decide", json=body).status_code == 400, body
            # Whoever is in the workflow and is shown nothing hears why, too.
            world.happens("Ticket Opened", "ada", ticket_id="2")
            said = ask(client, userId="ada", placement="usage-page").json()
            assert [each["reason"] for each in said["reasons"]] == ["sensitive"]
            world.happens("Offer Declined", "cyd", offer="pro-annual", answer="never")
            said = ask(client, userId="cyd", placement="usage-page").json()
            assert [each["reason"] for each in said["reasons"]] == ["declined"], "the gate answers"
            said = ask(client, userId="cyd", placement="usage-page", dryRun=True).json()
            assert [each["reason"] for each in said["reasons"]] == ["declined"]
            world.worker.run_until_idle()
            explained = client.get("/v1/customers/bob/explain").json()
            assert explained["workflows"][0]["reason"] == "sensitive"
            assert [each["id"] for each in explained["standing"]["plans"]] == ["free", "starter", "pro"]
            assert client.get("/v1/customers/nobody/explain").status_code == 400
            assert client.get("/v1/customers/bob/explain", params={"at": "soon"}).status_code == 400


def test_the_api_says_a_price_per_result_as_what_it_is(database: str) -> None:
    catalog = CATALOG.replace("reason: More calls, discount: 10%", "outcome: {per: booking made, price: 2}")
    documents = make_documents({"w": workflow(trigger=ON_REQUEST, journey=JOURNEY)})
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply({**documents, "catalog.yaml": catalog})
        with TestClient(make_app(database, world.clock)) as client:
            terms = ask(client, userId="ada", placement="usage-page").json()["prompt"]["offer"]["terms"]
    assert (terms["outcome_price"], terms["outcome_per"], terms["currency"]) == (200, "booking made", "USD")
    assert "price" not in terms


def test_a_system_of_the_teams_own_is_told_what_it_may_say_by_a_channel_and_what_it_says_counts(
    database: str,
) -> None:
    policy = "policy: {caps: [{at_most: 1, within: 7 days, channels: [email]}]}\n"
    text = workflow(trigger=FROM_MAIL, journey=BY_MAIL, holdout="0%")
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(make_documents({"w": text}, policy=policy))
        for who in ("ada", "bob"):
            world.happens("Customer Identified", who, email="box@example.com")
        world.happens("Consent Withdrawn", "eve", channel="email")
        with TestClient(make_app(database, world.clock)) as client:
            said = ask(client, userId="ada", channel="email").json()
            assert said["prompt"]["offer"]["id"] == "pro-annual"
            said = ask(client, userId="eve", channel="email").json()
            assert [each["reason"] for each in said["reasons"]] == ["no_consent"]
        world.worker.run_until_idle()
        # Whatever else is written to that address stands behind it.
        assert world.rows("select customer_id, channel, is_open from places") == [("ada", "email", False)]


def test_without_definitions_nothing_is_decided_and_it_is_said(database: str) -> None:
    with (
        open_sink() as sink,
        open_world(database, sink) as world,
        TestClient(make_app(database, world.clock)) as client,
    ):
        answer = ask(client, userId="ada", placement="usage-page")
        assert (answer.status_code, answer.json()["code"]) == (400, "unknown")


def test_the_answers_to_what_is_shown_are_taken_from_the_page_that_shows_it(database: str) -> None:
    documents = make_documents({"w": workflow(trigger=ON_REQUEST, journey=JOURNEY)})
    with (
        open_sink() as sink,
        open_world(database, sink) as world,
        TestClient(make_app(database, world.clock)) as client,
    ):
        world.apply(documents)
        prompt = ask(client, userId="ada", placement="usage-page").json()["prompt"]
        properties = {"offer": prompt["offer"]["id"], "key": prompt["key"], "answer": "never"}
        said = {"userId": "ada", "event": "Offer Declined", "properties": properties}
        assert client.post("/v1/track", json=said).status_code == 200
        answer = ask(client, userId="ada", placement="usage-page").json()
        assert answer["prompt"] is None
        for name in ("Prompt Shown", "Prompt Clicked", "Prompt Dismissed", "Offer Accepted", "Task Closed"):
            said = {"userId": "ada", "event": name, "properties": {"key": "k", "offer": "pro-annual"}}
            assert client.post("/v1/track", json=said).status_code == 200, name
        for name in ("Prompt Offered", "Placement Asked", "Task Opened", "Message Sent"):
            refused = client.post("/v1/track", json={"userId": "ada", "event": name})
            assert (refused.status_code, refused.json()["code"]) == (400, "reserved_event"), name


def test_a_request_that_finds_no_room_is_asked_to_come_again(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(DOCUMENTS)

        def submit(*_: object) -> Any:
            raise OverloadedError("expected room for 1 event, but 50,000 are waiting; send them again")

        monkeypatch.setattr(Intake, "submit", submit)
        with TestClient(make_app(database, world.clock)) as client:
            said = client.post("/v1/decide", json={"userId": "ada", "placement": "usage-page"})
            assert (said.status_code, said.json()["code"]) == (429, "overloaded")
            assert said.headers["retry-after"]
