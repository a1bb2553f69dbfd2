"""Prompts over HTTP: pages ask by a signature, see nothing of others, and what they answer is heard."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests.live_world import LiveWorld, make_documents, open_world
from tests.stories.test_prompts import JOURNEY, ON_REQUEST
from tests.stories.world import CATALOG, workflow
from upsell.clock import DAY, HOUR, MINUTE, SECOND
from upsell.runtime.identities import Identity, IdentityReader, sign_identity
from upsell.sources.bounds import LARGEST_EVENT, LONGEST_NAME
from upsell.store.connect import connect
from upsell.store.identity_secrets import make_identity_secret
from upsell.store.keys import PUBLIC, Kind, Scope, create_key
from upsell.web.app import make_app

pytestmark = pytest.mark.postgres

DOCUMENTS = dict(make_documents({"w": workflow(trigger=ON_REQUEST, journey=JOURNEY)}))
DOCUMENTS["catalog.yaml"] = CATALOG.replace("name: Pro, tier: 2,", "name: Pro, tier: 2, features: [sso],")


class Place:
    """A live world with its application, a write key and an identity secret."""

    def __init__(self, world: LiveWorld, app: Litestar, client: TestClient[Any]) -> None:
        self.world, self.app, self.client = world, app, client
        now = world.clock.now()
        self.key = create_key(world.connection, "web", Kind.WRITE, PUBLIC, now)
        self.server = create_key(world.connection, "back", Kind.SERVER, {Scope.DECISIONS}, now)
        self.secret = make_identity_secret(world.connection, now)

    def token(self, who: str, account: str | None = None) -> str:
        return sign_identity(self.secret, Identity(who, account), self.world.clock.now() + HOUR)

    def post(self, path: str, body: dict[str, Any], key: str | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self.key if key is None else key}"}
        return self.client.post(path, json=body, headers=headers)

    def ask(self, who: str, **more: Any) -> Any:
        return self.post("/v1/prompts", {"placement": "usage-page", "token": self.token(who), **more})

    def told(self, *names: str) -> list[tuple[Any, ...]]:
        self.world.worker.run_until_idle()
        return self.world.rows(
            f"select name, customer_id, properties::json ->> 'key' from events where name in {names}"
            " order by position"
        )


@pytest.fixture
def place(database: str) -> Iterator[Place]:
    with open_world(database) as world:
        world.apply(DOCUMENTS)
        app = make_app(database, world.clock)
        with TestClient(app) as client:
            yield Place(world, app, client)


def test_a_page_is_shown_what_its_signed_customer_may_have_and_what_it_costs(place: Place) -> None:
    said = place.ask("ada", locale="en-US").json()["prompt"]
    assert said["title"]
    # 149 USD a month less ten per cent, by the stories' catalog.
    assert said["price"] == "$134.10 per month instead of $149.00 per month"
    assert (said["accept"]["price"], said["accept"]["currency"]) == (13_410, "USD")
    assert "$134.10" in said["accept"]["label"]
    german = place.ask("bob", locale="de-DE").json()["prompt"]
    assert german["lang"] == "de"
    assert german["price"] == "134,10\xa0$ im Monat statt 149,00\xa0$ im Monat"


def test_a_prompt_is_in_the_language_of_the_customer_where_the_page_says_none(place: Place) -> None:
    place.world.happens("Customer Identified", "ada", locale="de-AT")
    assert place.ask("ada").json()["prompt"]["lang"] == "de"


def test_nobody_is_shown_anything_without_a_signature_that_holds(place: Place) -> None:
    now = place.world.clock.now() // SECOND
    good = {"sub": "ada", "exp": now + 60}
    forged = [
        jwt.encode(good, "another secret that is long enough", algorithm="HS256"),
        jwt.encode(good, "", algorithm="none"),
        jwt.encode(good, place.secret * 2, algorithm="HS512"),
        jwt.encode(good | {"exp": now - 1}, place.secret, algorithm="HS256"),
        jwt.encode(good | {"exp": now + 8 * DAY // SECOND}, place.secret, algorithm="HS256"),
        jwt.encode({"sub": "ada"}, place.secret, algorithm="HS256"),
        jwt.encode({"exp": now + 60}, place.secret, algorithm="HS256"),
        jwt.encode(good | {"sub": 7}, place.secret, algorithm="HS256"),
        jwt.encode(good | {"account": ""}, place.secret, algorithm="HS256"),
        "x",
        "",
    ]
    for token in forged:
        answered = place.post("/v1/prompts", {"placement": "usage-page", "token": token})
        assert (answered.status_code, answered.json()["code"]) == (401, "identity"), token
    for body in ({"placement": "usage-page"}, {"placement": "usage-page", "userId": "ada"}):
        assert place.post("/v1/prompts", body).status_code == 401
    assert place.post("/v1/prompts", {"placement": "p", "token": place.token("ada")}, "no").status_code == 401
    assert place.world.rows("select count(*) from events where name = 'Placement Asked'") == [(0,)]


def test_a_changed_token_names_nobody(place: Place) -> None:
    head, said, mark = place.token("ada").split(".")
    other = base64.urlsafe_b64encode(base64.urlsafe_b64decode(said + "==").replace(b"ada", b"bob")).decode()
    changed = f"{head}.{other.rstrip('=')}.{mark}"
    assert place.post("/v1/prompts", {"placement": "usage-page", "token": changed}).status_code == 401


def test_a_secret_that_was_replaced_opens_until_its_grace_is_over(place: Place) -> None:
    token = place.token("ada")
    make_identity_secret(place.world.connection, place.world.clock.now(), 10 * MINUTE)
    place.world.clock.move_to(place.world.clock.now() + 9 * MINUTE)
    assert place.post("/v1/prompts", {"placement": "usage-page", "token": token}).status_code == 200
    place.world.clock.move_to(place.world.clock.now() + 2 * MINUTE)
    assert place.post("/v1/prompts", {"placement": "usage-page", "token": token}).status_code == 401


def test_a_server_asks_with_its_own_key_for_whom_it_names(place: Place) -> None:
    body = {"placement": "usage-page", "userId": "ada"}
    assert place.post("/v1/prompts", body, place.server).json()["prompt"]["title"]


def test_what_became_of_a_prompt_is_heard_once_of_whoever_the_token_names(place: Place) -> None:
    key = place.ask("ada").json()["prompt"]["key"]
    for act in ("shown", "shown", "clicked", "dismissed"):
        body = {"key": key, "id": f"1-{act}", "token": place.token("ada")}
        assert place.post(f"/v1/prompts/{act}", body).json() == {"heard": True}
        place.world.clock.move_to(place.world.clock.now() + SECOND)
    assert place.told("Prompt Shown", "Prompt Clicked", "Prompt Dismissed") == [
        (name, "ada", key) for name in ("Prompt Shown", "Prompt Clicked", "Prompt Dismissed")
    ]
    body = {"key": key, "id": "2", "token": place.token("ada")}
    answered = place.post("/v1/prompts/bought", body)
    assert answered.status_code == 404
    assert "shown, clicked, dismissed, declined" in answered.json()["message"]


def test_a_decline_is_of_what_was_shown_and_is_held_to(place: Place) -> None:
    key = place.ask("ada").json()["prompt"]["key"]
    body = {"key": key, "id": "1", "token": place.token("ada"), "answer": "never", "reason": "too_expensive"}
    assert place.post("/v1/prompts/declined", body).status_code == 200
    place.world.worker.run_until_idle()
    (said,) = place.world.rows(
        "select properties::json ->> 'offer', properties::json ->> 'answer' from events"
        " where name = 'Offer Declined'"
    )
    assert said == ("pro-annual", "never")
    place.world.clock.move_to(place.world.clock.now() + 300 * DAY)
    assert place.ask("ada").json()["prompt"] is None, "never is never"
    assert place.ask("bob").json()["prompt"] is not None


def test_a_page_of_any_site_may_ask_and_is_told_no_secret(place: Place) -> None:
    answered = place.client.options("/v1/prompts")
    assert answered.headers["access-control-allow-origin"] == "*"
    answered = place.ask("ada")
    assert answered.headers["access-control-allow-origin"] == "*"
    assert answered.headers["cache-control"] == "no-store"
    assert set(answered.json()) == {"id", "prompt"}, "no reasons, no facts"
    nothing = place.ask("ada", placement="elsewhere", messageId="m7")
    assert nothing.json() == {"id": "m7", "prompt": None}, "nor why nothing is shown"


def test_a_gate_records_what_it_held_back_and_the_request_behind_it_in_one_commit(place: Place) -> None:
    body = {"feature": "sso", "placement": "usage-page", "messageId": "m1", "token": place.token("ada")}
    assert place.post("/v1/can", body).status_code == 200
    told = "select name, position - lag(position) over (order by position), seen_at, xmin::text from events"
    told += " where name in ('Feature Gate Hit', 'Placement Asked') order by position"
    hit, asked = place.world.rows(told)
    assert (hit[0], asked[0], asked[1]) == ("Feature Gate Hit", "Placement Asked", 1)
    assert hit[2:] == asked[2:]
    assert place.post("/v1/can", body).json()["id"] == "m1"
    other = place.post("/v1/can", body | {"feature": "audit"})
    assert (other.status_code, other.json()["code"]) == (400, "conflict")
    assert len(place.world.rows(told)) == 2


def test_secrets_are_read_by_one_request_while_the_others_go_on(database: str, place: Place) -> None:
    clock = place.world.clock
    reader = IdentityReader(database, clock)
    token = place.token("ada")
    assert reader.is_stale()
    reader.refresh()
    clock.move_to(clock.now() + MINUTE)
    with ThreadPoolExecutor(1) as pool:
        with connect(database) as other, other.transaction():
            other.execute("lock table identity_secrets in access exclusive mode")
            waiting = pool.submit(reader.refresh)
            while not other.execute("select 1 from pg_locks where not granted").fetchall():
                assert not waiting.done()
            reader.refresh()
            assert reader.is_stale()
            assert reader.read(token).customer_id == "ada"
        waiting.result()
    assert not reader.is_stale()
    reader.close()


def test_a_gate_lets_in_who_has_the_feature_and_records_who_has_not(place: Place) -> None:
    world = place.world
    world.happens("Subscription Started", "eve", plan="pro", amount=14_900, currency="USD", interval="month")
    world.worker.run_until_idle()
    body = {"feature": "sso", "placement": "usage-page", "token": place.token("eve")}
    said = place.post("/v1/can", body).json()
    assert (said["allowed"], said["plan"], said["prompt"]) == (True, "pro", None)
    world.happens(
        "Subscription Started", "fay", plan="starter", amount=4_900, currency="USD", interval="month"
    )
    said = place.post("/v1/can", body | {"token": place.token("fay")}).json()
    assert (said["allowed"], said["plan"]) == (False, "starter")
    assert said["prompt"]["accept"]["price"] > 0
    world.worker.run_until_idle()
    hits = world.rows(
        "select customer_id, properties::json ->> 'feature' from events where name = 'Feature Gate Hit'"
    )
    assert hits == [("fay", "sso")]


def test_who_has_no_key_for_this_is_told_which_to_make(place: Place) -> None:
    now = place.world.clock.now()
    events = create_key(place.world.connection, "events", Kind.SERVER, {Scope.EVENTS}, now)
    page = create_key(place.world.connection, "page", Kind.WRITE, {Scope.EVENTS}, now)
    place.world.clock.move_to(now + MINUTE)
    asked = {"feature": "sso", "userId": "ada"}
    for path, key, words in (
        ("/v1/can", events, "`upsell keys create NAME --server --scope decisions:ask`"),
        ("/v1/decide", events, "`upsell keys create NAME --server --scope decisions:ask`"),
        ("/v1/can", page, "`upsell keys create NAME`"),
    ):
        answered = place.post(path, asked, key)
        assert (answered.status_code, answered.json()["code"]) == (403, "forbidden")
        assert words in answered.json()["message"]


@pytest.mark.parametrize("path", ["/v1/prompts", "/v1/can", "/v1/prompts/declined", "/v1/prompts/accepted"])
def test_a_page_may_read_that_it_said_too_much(place: Place, path: str) -> None:
    answered = place.post(path, {"context": {"said": "x" * LARGEST_EVENT}})
    assert (answered.status_code, answered.json()["code"]) == (413, "request_entity_too_large")
    assert "32,768 bytes" in answered.json()["message"]
    assert answered.headers["access-control-allow-origin"] == "*"
    of_server = place.post("/v1/decide", {"context": {"said": "x" * LARGEST_EVENT}}, place.server)
    assert "32,768 bytes" in of_server.json()["message"]


def test_what_another_says_under_ones_key_changes_nothing_for_one(place: Place) -> None:
    key = place.ask("ada").json()["prompt"]["key"]
    for act in ("clicked", "dismissed", "declined"):
        body = {"key": key, "id": "1", "token": place.token("bob"), "answer": "never"}
        assert place.post(f"/v1/prompts/{act}", body).status_code == 200
    taken = {"key": key, "price": 13_410, "currency": "USD", "token": place.token("bob")}
    assert place.post("/v1/prompts/accepted", taken).json()["code"] == "not_yours"
    assert {said[1] for said in place.told("Prompt Clicked", "Prompt Dismissed", "Offer Declined")} == {"bob"}
    assert place.ask("ada").json()["prompt"]["key"] == key
    assert place.ask("bob").json()["prompt"] is None, "what bob said is bob's"


def test_the_snippets_are_served_small_and_kept_by_their_tags(place: Place) -> None:
    for name, most in (("upsell.js", 10_240), ("push.js", 5_120), ("upsell-push.js", 2_048)):
        answered = place.client.get(f"/sdk/{name}")
        assert answered.headers["content-type"] == "text/javascript; charset=utf-8"
        assert len(gzip.compress(answered.content, 9)) < most, name
        tag = answered.headers["etag"]
        assert place.client.get(f"/sdk/{name}", headers={"If-None-Match": tag}).status_code == 304
    assert place.client.get("/sdk/routes.py").status_code == 404


ODD = (
    "",
    "\0",
    "\x1b[2J",
    "\N{GRINNING FACE}" * 3,
    "de_",
    "-",
    "zz-ZZ",
    "de@x=y",
    "e" * LONGEST_NAME,
    "\N{ZERO WIDTH SPACE}",
)


@pytest.mark.parametrize("odd", ODD)
def test_no_locale_token_name_or_context_breaks_anything(place: Place, odd: str) -> None:
    token = place.token("ada")
    asked: dict[str, Any] = {"placement": "usage-page", "token": token}
    bodies = {
        "/v1/prompts": [{**asked, "locale": odd}, {**asked, "placement": odd}, {**asked, "token": odd}],
        "/v1/can": [{"feature": odd, "token": token}, {"feature": "sso", "token": odd, "locale": odd}],
        "/v1/prompts/shown": [
            {"key": odd, "id": "1", "token": token},
            {"key": "k", "id": odd, "token": token},
        ],
        "/v1/prompts/declined": [{"key": odd, "id": "2", "token": token, "reason": odd, "feature": odd}],
    }
    bodies["/v1/prompts"] += [{**asked, "context": {odd: odd}}, {**asked, "messageId": odd}]
    bodies["/v1/can"] += [{"feature": "sso", "userId": odd}]
    bodies["/v1/can"] += [{"feature": odd, "placement": "usage-page", "token": token}]
    for path, asks in bodies.items():
        for body in asks:
            for key in (place.key, place.server):
                answered = place.post(path, body, key)
                assert answered.status_code in {200, 400, 401}, (path, body, answered.text)
                assert answered.headers["content-type"] == "application/json"
    assert place.post("/v1/prompts", {**asked, "locale": odd}).json()["prompt"]["lang"] in {"en", "de"}
