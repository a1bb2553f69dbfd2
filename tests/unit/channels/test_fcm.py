"""Pushes to apps: as Firebase describes its requests, and what it may have taken is given once."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator, Sequence

import pytest
from msgspec.structs import replace

from tests.push_servers import Firebase, check_schema, open_firebase
from tests.stories.world import START
from upsell.channels.channel import Answer, Letter, Receipt
from upsell.channels.devices import Device, DeviceKind, Notification
from upsell.channels.fcm import KEPT_FOR, Fcm
from upsell.clock import MINUTE, SECOND
from upsell.errors import ConfigError

KEY = "0123456789abcdef0123456789abcdef"


def letter(**more: object) -> Letter:
    return replace(Letter(KEY, "Acme", "", "devices:1", "Nearly full", "", "90 % used", START), **more)


def app(token: str) -> Device:
    return Device(DeviceKind.APP, token)


@pytest.fixture(scope="module")
def firebase() -> Iterator[Firebase]:
    with open_firebase() as opened:
        yield opened


@pytest.fixture(autouse=True)
def at_ease(firebase: Firebase) -> None:
    firebase.errors.clear()
    firebase.wrong.clear()
    firebase.is_granting = True


def push(firebase: Firebase, *tokens: str, said: Sequence[Letter] = ()) -> list[Receipt]:
    async def run() -> list[Receipt]:
        fcm = Fcm(firebase.account_key, firebase.url)
        try:
            letters = said or [letter()] * len(tokens)
            pushes = (fcm.push(each, app(token)) for each, token in zip(letters, tokens, strict=True))
            return await asyncio.gather(*pushes)
        finally:
            await fcm.close()

    return asyncio.run(run())


def test_a_message_is_as_googles_description_has_it(firebase: Firebase) -> None:
    more = Notification("https://a.example/l/1", "https://a.example/u/1", "Stop these", "en")
    (receipt,) = push(firebase, "app-1", said=[letter(notification=more)])
    assert receipt == Receipt(KEY, Answer.ACCEPTED, f"projects/acme-1/messages/{len(firebase.messages)}")
    assert firebase.wrong == []
    sent = firebase.messages[-1]
    assert sent["token"] == "app-1"
    assert sent["notification"] == {"title": "Nearly full", "body": "90 % used"}
    assert sent["data"] == {
        "upsell": "1",
        "key": KEY,
        "link": "https://a.example/l/1",
        "stop": "https://a.example/u/1",
        "stop_label": "Stop these",
    }
    assert sent["apns"]["headers"]["apns-expiration"] == str((START + KEPT_FOR) // SECOND)
    assert sent["android"]["notification"]["tag"] == sent["apns"]["headers"]["apns-collapse-id"] == KEY


def test_what_the_description_does_not_have_is_found() -> None:
    # The check itself: a field nobody described, a number for a text, and a duration without its unit.
    said = {"message": {"tokn": "a", "data": {"n": 1}, "android": {"ttl": "5"}}}
    assert check_schema(said, "SendMessageRequest") == [
        ".message.tokn", ".message.android.ttl", ".message.data.n",
    ]  # fmt: skip


def test_many_at_once_ask_for_access_once(firebase: Firebase) -> None:
    before = firebase.granted
    assert all(each.answer is Answer.ACCEPTED for each in push(firebase, *"abcdefgh"))
    assert firebase.granted == before + 1


@pytest.mark.parametrize(
    ("status", "code", "headers", "answer", "pause", "is_gone"),
    [
        (404, "UNREGISTERED", {}, Answer.REFUSED, 0, True),
        (404, "", {}, Answer.REFUSED, 0, False),
        (400, "INVALID_ARGUMENT", {}, Answer.REFUSED, 0, False),
        (403, "SENDER_ID_MISMATCH", {}, Answer.REFUSED, 0, False),
        (403, "", {}, Answer.NOT_NOW, 0, False),
        (401, "THIRD_PARTY_AUTH_ERROR", {}, Answer.NOT_NOW, 0, False),
        (429, "QUOTA_EXCEEDED", {}, Answer.NOT_NOW, MINUTE, False),
        (429, "QUOTA_EXCEEDED", {"retry-after": "90"}, Answer.NOT_NOW, 90 * SECOND, False),
        (503, "UNAVAILABLE", {"retry-after": "7"}, Answer.NOT_NOW, 7 * SECOND, False),
        (503, "UNAVAILABLE", {}, Answer.NOT_NOW, 0, False),
        (500, "INTERNAL", {}, Answer.UNKNOWN, 0, False),
        (502, "", {}, Answer.UNKNOWN, 0, False),
    ],
)
def test_each_of_its_errors_is_what_it_means(
    firebase: Firebase,
    status: int,
    code: str,
    headers: dict[str, str],
    answer: Answer,
    pause: int,
    is_gone: bool,
) -> None:
    # Source: FCM's reference of ErrorCode.
    firebase.errors["app-1"] = (status, code, headers)
    (receipt,) = push(firebase, "app-1")
    assert (receipt.answer, receipt.pause) == (answer, pause)
    assert receipt.gone == ((app("app-1").id,) if is_gone else ())


def test_without_access_nothing_is_given_and_it_may_be_tried_again(firebase: Firebase) -> None:
    firebase.is_granting = False
    before = len(firebase.messages)
    (receipt,) = push(firebase, "app-1")
    assert receipt.answer is Answer.NOT_NOW
    assert "UPSELL_FCM_SERVICE_ACCOUNT_KEY" in receipt.detail
    assert len(firebase.messages) == before


def askers(listening: socket.socket) -> int:
    """Take every connection that waits, and give how many there were."""
    listening.setblocking(False)
    count = 0
    while True:
        try:
            listening.accept()[0].close()
        except BlockingIOError:
            return count
        count += 1


@pytest.mark.parametrize(("kept_for", "asked"), [(60.0, 1), (0.0, 3)])
def test_where_google_says_nothing_those_in_line_do_not_each_wait_anew(
    firebase: Firebase, kept_for: float, asked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("upsell.channels.fcm.TIMEOUT", 0.1)
    monkeypatch.setattr("upsell.channels.fcm.FAILED_FOR", kept_for)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        where = f"http://127.0.0.1:{deaf.getsockname()[1]}/token"
        key = json.dumps(json.loads(firebase.account_key) | {"token_uri": where})

        async def run() -> list[Receipt]:
            fcm = Fcm(key, firebase.url)
            try:
                return await asyncio.gather(*(fcm.push(letter(), app(token)) for token in "abc"))
            finally:
                await fcm.close()

        receipts = asyncio.run(run())
        assert {(each.answer, each.is_fault) for each in receipts} == {(Answer.NOT_NOW, True)}
        assert "Google does not answer" in receipts[-1].detail
        assert askers(deaf) == asked


def test_access_that_is_refused_is_asked_for_anew(firebase: Firebase) -> None:
    async def run() -> list[Answer]:
        fcm = Fcm(firebase.account_key, firebase.url)
        first = await fcm.push(letter(), app("a"))
        # As if somebody had taken it back meanwhile.
        firebase.granted += 1
        refused = await fcm.push(letter(), app("a"))
        again = await fcm.push(letter(), app("a"))
        await fcm.close()
        return [first.answer, refused.answer, again.answer]

    assert asyncio.run(run()) == [Answer.ACCEPTED, Answer.NOT_NOW, Answer.ACCEPTED]


@pytest.mark.parametrize(
    "key", ["", "{", "[]", "{}", '{"project_id": "a"}', json.dumps({"private_key": "s3cret"})]
)
def test_a_key_that_is_none_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(ConfigError, match="FCM_SERVICE_ACCOUNT_KEY") as error:
        Fcm(key, "https://fcm.googleapis.com")
    assert "s3cret" not in str(error.value)


def test_firebase_is_spoken_to_in_the_open_on_this_machine_alone(firebase: Firebase) -> None:
    with pytest.raises(ConfigError, match="UPSELL_FCM_URL"):
        Fcm(firebase.account_key, "http://fcm.example")
