"""What is left by a mail holds at its address: whoever else has the same mailbox is not written to there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from tests.hooked_world import SENDGRID_KEY, sendgrid_headers, sendgrid_item
from tests.live_world import LiveWorld, make_documents, open_world
from tests.sinks import open_sink
from tests.stories.world import workflow
from upsell.channels.link_facts import PATHS, PREFERENCES, UNSUBSCRIBE, key_token
from upsell.clock import HOUR, format_moment
from upsell.config import Settings
from upsell.runtime.consent_history import find_history, standing_words
from upsell.runtime.deciding import Asked, Decider
from upsell.runtime.explaining import explain_now
from upsell.runtime.guarding import guard
from upsell.runtime.importing import Importing, import_files
from upsell.sources.defaults import default_mapping
from upsell.sources.relations import choose_files
from upsell.store.consents import read_consent_events
from upsell.store.link_secrets import read_link_secrets
from upsell.web.app import make_app

pytestmark = pytest.mark.postgres

SHARED = "office@example.com"
HELP = "{email: {content: t1, intent: help}}"
SERVICE = "{email: {content: t2, intent: service}}"


class Mailbox:
    """Bob and Cyd read one mailbox; Dan has his own."""

    def __init__(self, world: LiveWorld, client: TestClient[Any]) -> None:
        self.world, self.client = world, client

    def mail(self, who: str, on: str = "Pricing Viewed") -> int:
        """Let something happen that somebody is written to for; give how many mails they have had since."""
        before = self._count(who)
        self.world.clock.move_to(self.world.clock.now() + 2 * HOUR)
        self.world.happens(on, who)
        self.world.settle()
        return self._count(who) - before

    def say(self, who: str, purpose: str, **form: Any) -> None:
        """Post to a link of the last mail that somebody had."""
        sql = "select key from outbox where customer_id = %(who)s and state = 'sent' order by number desc"
        key = self.world.connection.execute(sql, {"who": who}).fetchall()[0][0]
        secret = read_link_secrets(self.world.connection, self.world.clock.now())[0]
        answer = self.client.post(PATHS[purpose] + key_token(secret, purpose, key), data=form)
        assert answer.status_code == 200, answer.text

    def leave(self, who: str) -> None:
        self.say(who, UNSUBSCRIBE, **{"List-Unsubscribe": "One-Click"})

    def withdrawn(self, who: str) -> list[dict[str, Any]]:
        events = read_consent_events(self.world.connection, who)
        return [each.properties for each in events if each.name == "Consent Withdrawn"]

    def _count(self, who: str) -> int:
        sql = "select count(*) from outbox where customer_id = %(who)s and state = 'sent'"
        ((count,),) = self.world.connection.execute(sql, {"who": who}).fetchall()
        return int(count)


@pytest.fixture
def mailbox(database: str) -> Iterator[Mailbox]:
    helps = workflow(trigger="{on: Pricing Viewed, again_after: 1 hours}", journey=f"[{HELP}]")
    serves = workflow(trigger="{on: Bought, again_after: 1 hours}", journey=f"[{SERVICE}]")
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(make_documents({"helps": helps, "serves": serves}))
        for who, address in {"bob": SHARED, "cyd": SHARED.upper(), "dan": "dan@example.com"}.items():
            world.happens("Customer Identified", who, email=address)
        settings = Settings(sendgrid_public_key=SENDGRID_KEY)
        with TestClient(make_app(database, world.clock, settings=settings)) as client:
            yield Mailbox(world, client)


def test_whoever_has_an_address_that_was_left_is_not_promoted_to_there(mailbox: Mailbox) -> None:
    assert mailbox.mail("bob") == 1
    mailbox.leave("bob")
    assert [mailbox.mail(who) for who in ("bob", "cyd", "dan")] == [0, 0, 1]
    assert [mailbox.mail(who, "Bought") for who in ("bob", "cyd")] == [1, 1]


def test_whoever_turns_out_to_have_it_is_told_once_and_decided_of_so_from_then_on(mailbox: Mailbox) -> None:
    mailbox.mail("bob")
    mailbox.leave("bob")
    assert mailbox.withdrawn("cyd") == []
    for _ in range(3):
        assert mailbox.mail("cyd") == 0
    proof = "left by a message to the same address"
    ((key,),) = mailbox.world.rows("select key from outbox where customer_id = 'bob'")
    assert mailbox.withdrawn("cyd") == [{"channel": "email", "key": key, "proof": proof}]
    # Once at the gate; after that nothing is reserved for them.
    assert mailbox.world.rows("select customer_id from outbox where state = 'withdrawn'") == [("cyd",)]


def test_one_unsubscribe_is_counted_once_however_many_are_told(mailbox: Mailbox) -> None:
    world = mailbox.world
    for who in ("cyd", "bob"):
        assert mailbox.mail(who) == 1
    mailbox.leave("bob")
    mailbox.mail("cyd")
    assert len(mailbox.withdrawn("cyd")) == 1
    world.clock.move_to(world.clock.now() + HOUR)
    guard(world.connection, world.clock)
    assert world.rows("select sum(unsubscribed) from guarded_messages") == [(1,)]


def test_it_is_known_before_anything_is_sent(mailbox: Mailbox, database: str) -> None:
    world = mailbox.world
    mailbox.mail("bob")
    mailbox.leave("bob")
    explained = explain_now(world.connection, "cyd", world.clock.now(), "helps").explanations[0]
    assert (explained.would_enter, "consent" in explained.words) == (False, True), explained
    (standing,) = standing_words(find_history(world.connection, "cyd", world.clock.now()))
    assert standing[0].startswith("withdrawn: email, marketing")
    decider = Decider(database, world.clock)
    asked = Asked("asked-1", "", "cyd", None, {}, is_dry_run=False, channel="email")
    decider.decide(asked)
    decider.close()
    assert [each["channel"] for each in mailbox.withdrawn("cyd")] == ["email"]


def test_whoever_comes_back_by_it_is_written_to_and_so_is_whoever_had_not_heard(mailbox: Mailbox) -> None:
    mailbox.mail("bob")
    mailbox.leave("bob")
    mailbox.say("bob", PREFERENCES, action="subscribe")
    assert [mailbox.mail(who) for who in ("bob", "cyd")] == [1, 1]


def test_consent_that_somebody_gives_themselves_later_holds_for_them(mailbox: Mailbox) -> None:
    mailbox.mail("bob")
    mailbox.leave("bob")
    mailbox.world.clock.move_to(mailbox.world.clock.now() + HOUR)
    mailbox.world.happens("Consent Given", "cyd", channel="email", proof="signed up")
    assert [mailbox.mail(who) for who in ("cyd", "bob")] == [1, 0]
    assert mailbox.withdrawn("cyd") == []


def test_everything_off_holds_at_the_address_for_its_channel_alone_and_a_pause_for_nobody_else(
    mailbox: Mailbox,
) -> None:
    mailbox.mail("bob")
    mailbox.say("bob", PREFERENCES, action="pause")
    assert [mailbox.mail(who) for who in ("bob", "cyd")] == [0, 1]
    mailbox.say("bob", PREFERENCES, action="off")
    assert mailbox.world.rows("select scope from left_addresses") == [("email",)]
    assert mailbox.mail("cyd") == 0


def test_what_somebody_unsubscribed_from_at_a_provider_holds_at_the_address(mailbox: Mailbox) -> None:
    mailbox.mail("bob")
    ((key,),) = mailbox.world.rows("select key from outbox where customer_id = 'bob'")
    body = json.dumps([sendgrid_item("unsubscribe", key, SHARED, mailbox.world.clock.now())]).encode()
    answer = mailbox.client.post("/hooks/sendgrid", content=body, headers=sendgrid_headers(body))
    assert answer.json()["taken"] == 1, answer.text
    assert [mailbox.mail(who) for who in ("bob", "cyd", "dan")] == [0, 0, 1]


def test_a_withdrawal_that_names_its_message_holds_at_the_address(mailbox: Mailbox) -> None:
    mailbox.mail("bob")
    ((key,),) = mailbox.world.rows("select key from outbox where customer_id = 'bob'")
    said = {"channel": "email", "key": key}
    told = {"userId": "bob", "event": "Consent Withdrawn", "messageId": "m1", "properties": said}
    body = {"type": "track", **told}
    assert mailbox.client.post("/v1/track", json=body).status_code == 200
    assert mailbox.mail("cyd") == 0


@pytest.mark.parametrize(("is_historical", "mails"), [(False, 0), (True, 1)])
def test_what_a_file_tells_was_left_holds_at_the_address_but_where_it_is_history(
    mailbox: Mailbox, tmp_path: Path, is_historical: bool, mails: int
) -> None:
    world = mailbox.world
    mailbox.mail("bob")
    ((key,),) = world.rows("select key from outbox where customer_id = 'bob'")
    said = {"channel": "email", "key": key, "proof": "told by the mailing tool"}
    told = {"type": "track", "event": "Consent Withdrawn", "messageId": "w1", "userId": "bob"}
    at = format_moment(world.clock.now())
    (tmp_path / "left.jsonl").write_text(json.dumps({**told, "timestamp": at, "properties": said}) + "\n")
    mapping = default_mapping()
    done = import_files(
        world.connection, mapping, choose_files(mapping, [tmp_path / "left.jsonl"]), world.clock,
        lambda *_: None, lambda rejects: len(list(rejects)), Importing(tmp_path, is_historical=is_historical),
    )  # fmt: skip
    assert (done.appended, done.rejected) == (1, 0)
    assert mailbox.mail("cyd") == mails
