"""The outbox in pages: what was said to whom, as they saw it, and what a person does about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest
from litestar.testing import TestClient

from tests.look_world import NOW, fill
from tests.pages_world import field, invite, join
from upsell.clock import MINUTE, SetClock, SystemClock
from upsell.config import Settings
from upsell.runtime import desk
from upsell.runtime.desk_words import show_content, terms_words, without_costs
from upsell.store.acts import Act, read_acts
from upsell.store.connect import connect
from upsell.store.message_pages import STATES, Asked, Group, read_message_page
from upsell.store.messages import find_message
from upsell.store.outbox import State
from upsell.store.queries import query
from upsell.store.users import Role
from upsell.web.app import make_app
from upsell.web.pages import outbox
from upsell.web.team import TeamPages

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def url(shared_database: str) -> str:
    fill(shared_database)
    return shared_database


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[httpx.Client]:
    """Give what an editor's browser sends, two minutes after everything happened."""
    clock = SetClock(NOW + 2 * MINUTE)
    settings = Settings()
    with TestClient(make_app(url, clock, TeamPages(url, clock, settings), settings)) as client:
        client.headers["Accept"] = "text/html"
        client.follow_redirects = False
        join(client, invite(url, "eddie@acme.example", Role.EDITOR, clock))
        yield client


def told(client: httpx.Client, path: str) -> Any:
    answered = client.get(path, headers={"Accept": "application/json"})
    assert answered.status_code == 200, answered.text
    return answered.json()


def keys(client: httpx.Client, path: str = "/outbox") -> dict[str, str]:
    return {each["customer_id"]: each["key"] for each in told(client, path)["messages"]}


def send(client: httpx.Client, path: str, act: str, **said: str) -> httpx.Response:
    page = client.get(path).text
    return client.post(f"{path}/{act}", data={"form": field(page, "form"), **said})


def test_every_state_is_in_one_group_that_people_look_for() -> None:
    named = [state for states in STATES.values() for state in states]
    assert sorted(named, key=lambda state: state.value) == sorted(State, key=lambda state: state.value)
    assert set(STATES) == set(Group)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", ["fay", "dan", "cyd", "ada", "eve", "bob", "ada"]),
        ("?state=waiting", ["fay", "cyd"]),
        ("?state=sent", ["ada", "ada"]),
        ("?state=withdrawn", ["dan"]),
        ("?state=failed", ["eve"]),
        ("?state=unknown", ["bob"]),
        ("?state=sent&workflow=help", ["ada"]),
        ("?workflow=annual", ["ada"]),
        ("?channel=sms", []),
        ("?state=nonsense&channel=x&before=y", ["fay", "dan", "cyd", "ada", "eve", "bob", "ada"]),
        ("?workflow=%00", ["fay", "dan", "cyd", "ada", "eve", "bob", "ada"]),
    ],
)
def test_messages_stand_newest_first_and_what_is_asked_for_alone(
    client: httpx.Client, asked: str, found: list[str]
) -> None:
    rows = told(client, f"/outbox{asked}")["messages"]
    order = [row["customer_id"] for row in rows]
    # Of those reserved in one moment the worker's order is the households'.
    assert sorted(order) == sorted(found)
    moments = [row["reserved_at"] for row in rows]
    assert moments == sorted(moments, reverse=True)


def test_page_by_page_every_message_is_read_once(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = [row["key"] for row in told(client, "/outbox")["messages"]]
    monkeypatch.setattr(outbox, "MOST", 2)
    found, path = [], "/outbox"
    while path:
        page = told(client, path)
        found += [row["key"] for row in page["messages"]]
        path = page["older"]
    assert found == whole


def test_a_look_that_ends_before_enough_was_found_says_where_to_go_on(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("upsell.store.message_pages.MOST_LOOKED", 2)
    with connect(url) as connection:
        found, before = [], None
        for _ in range(9):
            page = read_message_page(connection, Asked(Group.SENT, before=before), 50)
            found += [each.key for each in page.rows]
            before = page.older
            if before is None:
                break
            assert page.is_cut
        assert len(found) == 2


def test_a_page_of_messages_is_read_along_an_index_whatever_is_asked(url: str) -> None:
    values = {
        "before": 9, "look": 5, "most": 3, "states": ["failed"], "channel": None, "workflow": "help",
    }  # fmt: skip
    with connect(url) as connection, connection.transaction():
        connection.execute("set local enable_seqscan = off")
        for name, index in (("page_messages", "outbox_number"), ("page_unsent_messages", "outbox_unsent")):
            plan = connection.execute(b"explain " + query(name), values).fetchall()
            words = "\n".join(row[0] for row in plan)
            assert f"Index Scan Backward using {index} on outbox" in words
            assert "Sort Key: outbox.number" not in words


def test_the_outbox_says_what_waits_and_of_what_nobody_knows(client: httpx.Client, url: str) -> None:
    assert (
        "2 messages wait to be sent, and of 1 nobody knows whether it went out." in client.get("/outbox").text
    )
    opened = told(client, "/outbox")["open"]
    assert (opened["waiting"], opened["unknown"]) == (2, 1)
    clock = SetClock(NOW + MINUTE)
    with connect(url) as connection:
        desk.stop(connection, clock, "ada", "wrong prices", channel="sms")
        assert "The channel sms is stopped, by ada: wrong prices" in client.get("/outbox").text
        desk.resume(connection, SetClock(NOW + MINUTE + 1), "ada", "mended", channel="sms")


def test_a_message_is_shown_as_the_command_shows_it_and_with_what_was_heard(
    client: httpx.Client, url: str
) -> None:
    key = keys(client, "/outbox?workflow=annual")["ada"]
    page = client.get(f"/outbox/{key}")
    assert "What did ada get?" in page.text
    assert f'src="/outbox/{key}/letter"' in page.text
    assert "frame-src 'self'" in page.headers["content-security-policy"]
    assert "Message Sent" in page.text
    said = told(client, f"/outbox/{key[:12]}")
    with connect(url) as connection:
        shown = desk.show_message(connection, key, NOW + 2 * MINUTE)
    assert shown.queued.message.terms is not None
    assert terms_words(shown.queued.message.terms).removeprefix("Offer pro-annual: ") in page.text
    same = msgspec.json.decode(msgspec.json.encode(show_content(without_costs(shown))))
    assert {name: said[name] for name in same} == same
    assert [each["event"] for each in said["heard"]] == [
        "Message Reserved",
        "Message Sent",
        "Offer Accepted",
    ]


def test_a_letter_has_an_address_of_its_own_where_nothing_runs(client: httpx.Client) -> None:
    key = keys(client, "/outbox?workflow=annual")["ada"]
    letter = client.get(f"/outbox/{key}/letter")
    assert "<p>t2 for ada@example.com</p>" in letter.text
    assert "sandbox" in letter.headers["content-security-policy"]
    assert "frame-src" not in client.get("/outbox").headers["content-security-policy"]


@pytest.mark.parametrize("key", ["nothing", "%00", "a%0Ab", "%C3%A4", ""])
def test_what_is_no_message_is_said_to_be_none(client: httpx.Client, key: str) -> None:
    for path in (f"/outbox/{key}/letter", f"/outbox/{key}") if key else ("/outbox/x/letter",):
        answered = client.get(path)
        assert answered.status_code == 404, path
        assert ("null character" if key == "%00" else "There is no such message") in answered.text


def test_what_was_not_handed_over_is_withdrawn_with_why_and_stands_in_the_log(
    client: httpx.Client, url: str
) -> None:
    key = keys(client)["fay"]
    path = f"/outbox/{key}"
    assert send(client, path, "withdraw", why=" ").status_code == 400
    answered = send(client, path, "withdraw", why="an old price")
    assert answered.headers["location"] == f"{path}?done=withdrawn"
    assert "Nobody" not in client.get(f"{path}?done=withdrawn").text.partition("<main")[0]
    with connect(url) as connection:
        found = find_message(connection, key)
        assert found is not None
        assert found.listed.state is State.WITHDRAWN
        assert found.listed.reason == "withdrawn by eddie@acme.example: an old price"
        act = read_acts(connection, 1)[0]
    assert (act.act, act.by, act.about, act.because) == (
        Act.MESSAGE_WITHDRAWN, "eddie@acme.example", key, "an old price",
    )  # fmt: skip
    again = client.post(
        f"{path}/withdraw", data={"form": field(client.get("/outbox").text, "form"), "why": "x"}
    )
    assert again.status_code == 400
    with connect(url) as connection:
        assert read_acts(connection, 1)[0] == act


def test_what_nobody_knows_is_settled_by_hand_once(client: httpx.Client, url: str) -> None:
    key = keys(client)["bob"]
    path = f"/outbox/{key}"
    assert send(client, path, "settle", why="the provider says so").status_code == 400
    answered = send(client, path, "settle", why="the provider says so", was="not-sent")
    assert answered.headers["location"] == f"{path}?done=settled_not_sent"
    with connect(url) as connection:
        found = find_message(connection, key)
        assert found is not None
        assert found.listed.state is State.FAILED
        act = read_acts(connection, 1)[0]
    assert (act.act, act.words, act.because) == (Act.MESSAGE_SETTLED, "not sent", "the provider says so")
    heard = told(client, path)["heard"][-1]
    assert (heard["event"], heard["properties"]["by"]) == ("Message Failed", "eddie@acme.example")


def test_who_may_only_see_is_offered_no_act_and_refused_one(url: str) -> None:
    clock, settings = SystemClock(), Settings()
    with TestClient(make_app(url, clock, TeamPages(url, clock, settings), settings)) as client:
        client.headers["Accept"] = "text/html"
        join(client, invite(url, "vic@acme.example", Role.VIEWER, clock))
        key = keys(client)["cyd"]
        page = client.get(f"/outbox/{key}").text
        assert "Withdraw this message" not in page
        answered = client.post(f"/outbox/{key}/withdraw", data={"form": field(page, "form"), "why": "x"})
        assert answered.status_code == 403
