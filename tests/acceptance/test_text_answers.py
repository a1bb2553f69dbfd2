"""What people text back, live: Twilio proves itself, and what they ask for is done at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from itertools import count
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient

from tests.live_world import LiveWorld, make_documents, open_world
from tests.stories.world import workflow
from tests.twilio_stand_in import (
    ACCOUNT,
    ERRORS,
    PUBLIC,
    SENDER,
    TOKEN,
    error,
    open_twilio_stand_in,
    sid_of,
    signed,
)
from upsell.channels.twilio import Login, TwilioChannel
from upsell.clock import HOUR, MINUTE
from upsell.config import Settings
from upsell.runtime.consent_history import find_history, standing_words
from upsell.runtime.diagnosis import diagnose
from upsell.runtime.dispatcher import Dispatcher
from upsell.runtime.doctor import examine
from upsell.store.connect import connect
from upsell.testing.stand_ins import Manner, StandIn
from upsell.web.app import make_app

pytestmark = pytest.mark.postgres

NUMBER = "+4915112345670"
JOURNEY = "[{sms: {content: t1, intent: help}}]"
SERVICE = "[{sms: {content: t1, intent: service}}]"
DOUBTFUL = """{on: Message Answered, where: "properties.meaning = 'perhaps stop'"}"""
LOOK = "[{task: {queue: success, title: Read what they answered, due: 4 hours}}]"
_sids = count(1)


class Texted:
    """The program with Twilio before and behind it."""

    def __init__(self, world: LiveWorld, client: TestClient[Any], twilio: StandIn) -> None:
        self.world = world
        self.client = client
        self.twilio = twilio

    def ask(self, event: str, *customers: str) -> None:
        for who in customers:
            self.world.happens(event, who)
        self.world.settle()

    def keys(self) -> list[str]:
        return [key for (key,) in self.world.rows("select key from outbox order by reserved_at, key")]

    def tell(self, target: str, said: Mapping[str, str], **more: Any) -> Any:
        body, headers = signed(f"{PUBLIC}{target}", said, **more)
        return self.client.post(target, content=body, headers=headers)

    def status(self, key: str, status: str, code: str = "") -> Any:
        said = {"MessageSid": sid_of(key), "MessageStatus": status, "To": NUMBER, "From": SENDER}
        return self.tell(f"/hooks/twilio?key={key}", {**said, **({"ErrorCode": code} if code else {})})

    def text(self, words: str, *, sid: str = "", number: str = NUMBER, **more: str) -> str:
        """Text to us; give what is texted back."""
        sid = sid or f"SM{next(_sids):032}"
        said = {"MessageSid": sid, "From": number, "To": SENDER, "Body": words, **more}
        told = self.tell("/hooks/twilio/texts", said)
        assert told.status_code == 200, told.text
        assert told.headers["content-type"] == "text/xml; charset=utf-8"
        found = re.search("<Message>(.*)</Message>", told.text)
        return found[1] if found else ""

    def events(self, name: str) -> list[tuple[str, dict[str, Any]]]:
        rows = self.world.connection.execute(
            "select customer_id, properties from events where name = %s order by position", (name,)
        )
        return [(who, msgspec.json.decode(said)) for who, said in rows]


@contextmanager
def open_texted(database: str, *, keywords: int = 1, has_consent: bool = True) -> Iterator[Texted]:
    settings = Settings(twilio_auth_token=TOKEN, public_url=PUBLIC, twilio_keywords=keywords)
    with open_twilio_stand_in() as twilio, open_world(database) as world, connect(database) as sending:
        channel = TwilioChannel(twilio.url, Login(ACCOUNT, ACCOUNT, TOKEN), SENDER, PUBLIC)
        world.dispatcher.close()
        world.dispatcher = Dispatcher(sending, world.clock, {"sms": channel}, links_from=PUBLIC)
        documents = make_documents(
            {
                "w": workflow(trigger="{on: Asked, again_after: 1 hours}", journey=JOURNEY),
                "t": workflow(trigger=DOUBTFUL, journey=LOOK),
                "s": workflow(trigger="{on: Paid, again_after: 1 hours}", journey=SERVICE),
            }
        )
        world.apply({**documents, "templates/t1.sms.txt": "Your limit is near"})
        for who in ("ada", "bob"):
            world.happens("Customer Identified", who, phone=NUMBER, locale="de" if who == "bob" else "en")
            if has_consent:
                world.happens("Consent Given", who, channel="sms", proof="checkout, box", text_version="t-3")
        app = make_app(database, world.clock, settings=settings)
        with TestClient(app) as client:
            yield Texted(world, client, twilio)


def test_whoever_answers_stop_gets_no_text_any_more_nor_does_whoever_else_has_the_number(
    database: str,
) -> None:
    with open_texted(database) as texted:
        texted.ask("Asked", "ada", "bob")
        assert sum(texted.twilio.accepted.values()) == 2
        assert "You will get no more texts" in texted.text("please dont text me anymore!!")
        withdrawn = texted.events("Consent Withdrawn")
        assert sorted(who for who, _ in withdrawn) == ["ada", "bob"]
        assert {said["channel"] for _, said in withdrawn} == {"sms"}
        assert {said["purpose"] for _, said in withdrawn} == {"service"}
        assert withdrawn[0][1]["proof"] == "texted: please dont text me anymore!!"
        texted.world.clock.move_to(texted.world.clock.now() + 2 * HOUR)
        texted.ask("Asked", "ada", "bob")
        texted.ask("Paid", "ada")
        assert sum(texted.twilio.accepted.values()) == 2
        history = find_history(texted.world.connection, "ada", texted.world.clock.now())
        assert standing_words(history)[0][0] == "withdrawn: sms, everything, also service, since"


def test_what_is_queued_when_somebody_says_stop_is_not_sent(database: str) -> None:
    with open_texted(database) as texted:
        texted.world.happens("Asked", "ada")
        texted.world.worker.run_until_idle()
        texted.text("stop this")
        # Nobody at the number was ever texted: it is kept for whoever has it.
        assert texted.events("Consent Withdrawn") == []
        texted.world.dispatcher.run_until_idle()
        assert texted.twilio.came == {}
        assert [who for who, _ in texted.events("Consent Withdrawn")] == ["ada"]


def test_it_is_confirmed_once_and_twilios_own_answers_are_not_doubled(database: str) -> None:
    with open_texted(database) as texted:
        texted.ask("Asked", "ada")
        assert texted.text("STOP") == "", "Twilio answers it"
        texted.text("START")
        first = texted.text("stop it", sid="SM1")
        assert first == "Acme: You will get no more texts from us. Reply START to get them again."
        assert texted.text("stop it", sid="SM1") == "", "told again"
        assert texted.text("I said stop") == "", "said again"
        assert texted.text("Arret", OptOutType="STOP") == "", "Twilio answered it"
        assert len(texted.events("Message Answered")) == 5


def test_a_text_told_again_after_others_changes_nothing_whoever_has_the_number(database: str) -> None:
    with open_texted(database) as texted:
        texted.world.happens("Asked", "ada")
        texted.world.worker.run_until_idle()
        for name, words in (("SM1", "START"), ("SM2", "STOP"), ("SM1", "START")):
            texted.text(words, sid=name)
        texted.world.dispatcher.run_until_idle()
        assert texted.twilio.came == {}, "their last word was to stop"
        for name, words in (("SM3", "START"), ("SM2", "STOP")):
            texted.text(words, sid=name)
        kept = texted.world.rows("select count(*) from left_addresses")
        assert kept == [(0,)], "their last word was to start"


def test_where_twilio_answers_nothing_we_answer_keywords(database: str) -> None:
    with open_texted(database, keywords=0) as texted:
        texted.ask("Asked", "bob")
        assert texted.text("STOP").startswith("Acme: Sie bekommen keine SMS mehr")
        assert texted.text("START").startswith("Acme: Sie bekommen wieder SMS")
        assert texted.text("HELP") == (
            "SMS von Acme, 1 Road, hello@acme.example. Antworten Sie STOP, um keine mehr zu bekommen."
        )


def test_texts_come_again_by_the_persons_own_word_alone(database: str) -> None:
    with open_texted(database) as texted:
        texted.ask("Asked", "ada")
        texted.text("stop")
        texted.world.clock.move_to(texted.world.clock.now() + 2 * HOUR)
        texted.text("maybe start again some day?")
        texted.ask("Asked", "ada")
        assert sum(texted.twilio.accepted.values()) == 1
        texted.text("UNSTOP")
        (told,) = (said for who, said in texted.events("Consent Given") if "key" in said)
        assert (told["proof"], len(told["text_version"])) == ("texted: UNSTOP", 12)
        # What was asked for meanwhile waited.
        texted.world.settle()
        assert sum(texted.twilio.accepted.values()) == 2


def test_an_ordinary_answer_is_kept_for_a_person_and_ends_nothing(database: str) -> None:
    with open_texted(database) as texted:
        texted.ask("Asked", "ada")
        assert texted.text("I'll stop by the store at 5") == ""
        ((who, said),) = texted.events("Message Answered")
        assert (who, said["meaning"], said["words"]) == ("ada", "perhaps stop", "I'll stop by the store at 5")
        assert said["key"] == texted.keys()[0]
        assert texted.events("Consent Withdrawn") == []
        texted.world.settle()
        ((_, task),) = texted.events("Task Opened")
        assert task["workflow"] == "t"


def test_help_says_who_we_are_and_how_to_stop(database: str) -> None:
    with open_texted(database) as texted:
        texted.ask("Asked", "ada")
        assert texted.text("who is this?") == (
            "Texts from Acme, 1 Road, hello@acme.example. Reply STOP to get no more."
        )
        assert texted.text("HELP") == "", "Twilio answers it"


@pytest.mark.parametrize(
    ("said", "is_sent"),
    [
        ({}, False),
        ({"proof": "checkout, box"}, False),
        ({"text_version": "t-3"}, False),
        ({"proof": "checkout, box", "text_version": "t-3", "channel": "email"}, False),
        ({"proof": "checkout, box", "text_version": "t-3", "purpose": "service"}, False),
        ({"proof": "checkout, box", "text_version": "t-3"}, True),
        ({"proof": "checkout, box", "text_version": "t-3", "channel": "*"}, True),
    ],
)
def test_nobody_is_promoted_to_without_consent_and_its_proof(
    database: str, said: dict[str, str], *, is_sent: bool
) -> None:
    with open_texted(database, has_consent=False) as texted:
        if said:
            texted.world.happens("Consent Given", "ada", **{"channel": "sms", **said})
        texted.ask("Asked", "ada")
        assert sum(texted.twilio.accepted.values()) == is_sent
        if not is_sent:
            ((_, withheld),) = texted.events("Message Withheld")
            assert withheld["rule"] == "sms asks for consent with its proof"
            texted.ask("Paid", "ada")
            assert sum(texted.twilio.accepted.values()) == 1, "what they have is told all the same"
        texted.world.worker.run_until_idle()
        shown = dict(standing_words(find_history(texted.world.connection, "ada", texted.world.clock.now())))
        has_all = {"proof", "text_version"} <= said.keys()
        assert any(words.startswith("given without proof:") for words in shown) == (
            bool(said) and not has_all
        )


def test_what_became_of_a_text_is_recorded_once_in_whatever_order_it_is_told(database: str) -> None:
    with open_texted(database) as texted:
        texted.ask("Asked", "ada")
        (key,) = texted.keys()
        assert texted.status(key, "delivered").json()["taken"] == 1
        assert texted.status(key, "sent").json()["passed_over"] == 1
        texted.world.clock.move_to(texted.world.clock.now() + MINUTE)
        assert texted.status(key, "delivered").json()["duplicates"] == 1
        assert [said["key"] for _, said in texted.events("Message Delivered")] == [key]


@pytest.mark.parametrize(
    ("code", "kind"), [("30005", "hard"), ("30006", "hard"), ("30003", "soft"), ("", "soft")]
)
def test_a_text_that_did_not_arrive_suppresses_a_number_only_where_nobody_is(
    database: str, code: str, kind: str
) -> None:
    with open_texted(database) as texted:
        texted.ask("Asked", "ada")
        (key,) = texted.keys()
        assert texted.status(key, "undelivered", code).json()["taken"] == 1
        ((_, said),) = texted.events("Message Bounced")
        assert said["kind"] == kind
        assert len(texted.events("Address Suppressed")) == (kind == "hard")


def test_whoever_told_twilio_stop_is_left_when_twilio_says_so(database: str) -> None:
    with open_texted(database) as texted:
        texted.twilio.be(Manner.REFUSES)
        with pytest.MonkeyPatch.context() as patch:
            unsubscribed = error(400, 21610, "Attempt to send to unsubscribed recipient")
            patch.setitem(ERRORS, Manner.REFUSES, unsubscribed)
            texted.ask("Asked", "ada")
        assert texted.world.states() == {"failed": 1}
        ((who, said),) = texted.events("Consent Withdrawn")
        assert (who, said["channel"], said["purpose"]) == ("ada", "sms", "service")
        texted.twilio.be(Manner.ACCEPTS)
        texted.ask("Asked", "bob")
        assert sum(texted.twilio.accepted.values()) == 0, "it is of the number"


def test_a_text_that_nobody_knows_of_is_known_by_its_callback(database: str) -> None:
    with open_texted(database) as texted:
        texted.twilio.be(Manner.HANGS_UP)
        texted.ask("Asked", "ada")
        assert texted.world.states() == {"unknown": 1}
        (key,) = texted.keys()
        texted.status(key, "delivered")
        assert texted.world.states() == {"sent": 1}
        assert texted.twilio.came == {key: 1}


def test_a_text_waits_for_the_strictest_place_somebody_may_be_in(database: str) -> None:
    with open_texted(database) as texted:
        # A number of New York, somebody of California: at 9:00 UTC it is night in both.
        said = {"phone": "+12125550100", "country": "US", "state": "CA", "timezone": "America/Los_Angeles"}
        texted.world.happens("Customer Identified", "eve", **said)
        texted.world.happens("Consent Given", "eve", channel="sms", proof="box", text_version="3")
        texted.ask("Asked", "eve")
        texted.world.after(6 * HOUR)
        assert texted.twilio.came == {}, "it is 10 in New York, and 7 in California"
        texted.world.after(3 * HOUR)
        assert sum(texted.twilio.accepted.values()) == 1


def test_what_is_forged_changes_nothing(database: str) -> None:
    with open_texted(database) as texted:
        texted.ask("Asked", "ada")
        (key,) = texted.keys()
        said = {"MessageSid": "SM1", "From": NUMBER, "Body": "STOP"}
        target = "/hooks/twilio/texts"
        body, headers = signed(f"{PUBLIC}{target}", said)
        wrong = [
            (target, body, {}),
            (target, body, {**headers, "x-twilio-signature": ""}),
            (target, body + b"&x=1", headers),
            (f"{target}?x=1", body, headers),
            (target, body, {**headers, "x-twilio-signature": headers["x-twilio-signature"][:-2] + "A="}),
            (target, *signed(f"{PUBLIC}{target}", said, token="other")),
            (target, *signed(f"https://evil.example{target}", said)),
            (f"/hooks/twilio?key={key}", *signed(f"{PUBLIC}/hooks/twilio?key=other", said)),
        ]
        for where, sent, shown in wrong:
            assert texted.client.post(where, content=sent, headers=shown).status_code == 403
        assert texted.events("Consent Withdrawn") == []
        assert texted.client.post(target, content=body, headers=headers).status_code == 200
    with open_world(database) as after:
        found = diagnose(examine(after.connection, after.clock.now()))
        advice = [each.advice for each in found if each.code == "hook-forged"]
        assert advice, "the doctor tells of it"
        assert all("docs/guides/texts.md" in each for each in advice)


def test_json_is_proved_by_the_hash_in_its_address(database: str) -> None:
    with open_texted(database) as texted:
        texted.ask("Asked", "ada")
        (key,) = texted.keys()
        body = msgspec.json.encode({"MessageSid": "SM1", "MessageStatus": "delivered", "To": NUMBER})
        target = f"/hooks/twilio?key={key}&bodySHA256={sha256(body).hexdigest()}"
        _, headers = signed(f"{PUBLIC}{target}", {})
        headers["content-type"] = "application/json"
        assert texted.client.post(target, content=body + b" ", headers=headers).status_code == 403
        assert texted.client.post(target, content=body, headers=headers).json()["taken"] == 1
        bare = f"/hooks/twilio?key={key}"
        _, headers = signed(f"{PUBLIC}{bare}", {})
        headers["content-type"] = "application/json"
        assert texted.client.post(bare, content=body, headers=headers).status_code == 403


def test_without_a_token_the_doors_are_closed(database: str) -> None:
    with open_world(database) as world, TestClient(make_app(database, world.clock)) as client:
        for path in ("/hooks/twilio", "/hooks/twilio/texts"):
            told = client.post(path, content=b"")
            assert (told.status_code, told.json()["code"]) == (404, "not_set_up")


def test_a_number_nobody_was_texted_at_is_counted_and_its_stop_is_kept(database: str) -> None:
    with open_texted(database) as texted:
        assert texted.text("hello?", number="+4915112345699") == ""
        assert texted.events("Message Answered") == []
        assert "no more texts" in texted.text("leave me alone", number="+4915112345699")
        assert texted.text("leave me alone", number="+4915112345699") == ""
