"""What became of mail, live: webhooks prove themselves, and addresses are suppressed at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient

from tests import hooked_world as hooked
from tests.commands import run_command_on
from tests.live_world import LiveWorld, make_documents, open_world
from tests.sinks import open_sink
from tests.stories.world import workflow
from upsell.clock import DAY, HOUR, MINUTE, SECOND
from upsell.config import Settings
from upsell.decisions.addresses import address_key
from upsell.decisions.reasons import Reason
from upsell.errors import ConfigError
from upsell.runtime.deciding import Asked, Decider
from upsell.runtime.diagnosis import diagnose
from upsell.runtime.doctor import examine
from upsell.runtime.explaining import explain_now
from upsell.runtime.guarding import guard, read_guardrails, read_live
from upsell.runtime.mail_desk import FetchError, MailDesk
from upsell.runtime.suppressing import free_by_hand, suppress_by_hand
from upsell.store.keys import Kind, Scope, create_key
from upsell.store.outbox import State
from upsell.store.suppressions import Cause, read_suppressions
from upsell.web.app import make_app

pytestmark = pytest.mark.postgres

MAIL = "{email: {content: t1, intent: help}}"
ON = "{on: Pricing Viewed, again_after: 1 hours}"
SETTINGS = Settings(
    postmark_secret=hooked.POSTMARK_SECRET,
    sendgrid_public_key=hooked.SENDGRID_KEY,
    mailgun_signing_key=hooked.MAILGUN_KEY,
    ses_topics=f"{hooked.TOPIC}, arn:aws:sns:eu-west-1:123456789012:other",
)


class Hooked:
    """The program with its webhooks, and every address that was fetched."""

    def __init__(self, world: LiveWorld, client: TestClient[Any], fetched: list[str]) -> None:
        self.world = world
        self.client = client
        self.fetched = fetched

    def mail(self, *customers: str) -> dict[str, str]:
        """Write to customers; give the key of each one's message that a server took now."""
        before = {row[0] for row in self.world.rows("select key from outbox")}
        for who in customers:
            self.world.happens("Pricing Viewed", who)
        self.world.settle()
        rows = self.world.rows("select customer_id, key from outbox where state = 'sent'")
        return {who: key for who, key in rows if key not in before}

    def tell(self, provider: str, kind: str, key: str, address: str, **said: Any) -> Any:
        """Say by a provider's webhook what became of a message; ``kind`` in our words."""
        at = self.world.clock.now()
        if provider == "ses":
            names = {"bounced": "Bounce", "complained": "Complaint", "delivered": "Delivery"}
            body, headers = hooked.sns(hooked.ses(names[kind], key, address, at, **said)), {}
        elif provider == "postmark":
            names = {"bounced": "Bounce", "complained": "SpamComplaint", "delivered": "Delivery"}
            body = hooked.postmark_said(names[kind], key, address, at, **said)
            headers = hooked.postmark_headers()
        elif provider == "sendgrid":
            names = {"bounced": "bounce", "complained": "spamreport", "delivered": "delivered"}
            body = json.dumps([hooked.sendgrid_item(names[kind], key, address, at, **said)]).encode()
            headers = hooked.sendgrid_headers(body)
        else:
            names = {"bounced": "failed", "complained": "complained", "delivered": "delivered"}
            told = hooked.mailgun_said(names[kind], key, address, at, **said)
            body, headers = hooked.mailgun_signed(told, at, token=f"{kind}{key}{at}"), {}
        return self.client.post(f"/hooks/{provider}", content=body, headers=headers)

    def events(self, name: str) -> list[tuple[str, dict[str, Any]]]:
        """Give the events of a name: whose, and what they say."""
        rows = self.world.connection.execute(
            "select customer_id, properties from events where name = %s order by position", (name,)
        )
        return [(who, msgspec.json.decode(said)) for who, said in rows]

    def findings(self, code: str) -> list[tuple[str, str]]:
        found = diagnose(examine(self.world.connection, self.world.clock.now()))
        return [(each.subject, each.said) for each in found if each.code == code]


@contextmanager
def open_hooked(
    database: str,
    *,
    settings: Settings = SETTINGS,
    more: str = "",
    answer: Callable[[str], str] = lambda _: "250 OK taken",
    fetch: Callable[[str], bytes] | None = None,
) -> Iterator[Hooked]:
    fetched: list[str] = []

    def fetch_made(url: str) -> bytes:
        fetched.append(url)
        return hooked.certificate() if fetch is None else fetch(url)

    with open_sink(answer) as sink, open_world(database, sink) as world:
        texts = {"w": workflow(trigger=ON, journey=f"[{MAIL}]", more=more)}
        world.apply(make_documents(texts, policy="policy: {guardrails: {mailbox_limits: false}}\n"))
        desk = MailDesk(database, world.clock, settings, fetch_made)
        with TestClient(make_app(database, world.clock, desk=desk)) as client:
            yield Hooked(world, client, fetched)


def meet(hooked_: Hooked, *customers: str, address: str | None = None) -> None:
    for who in customers:
        hooked_.world.happens("Customer Identified", who, email=address or f"{who}@example.com")


PROVIDERS = ["ses", "postmark", "sendgrid", "mailgun"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_a_provider_says_becomes_one_event_of_the_household_however_often_it_is_told(
    database: str, provider: str
) -> None:
    with open_hooked(database) as world:
        meet(world, "ada")
        key = world.mail("ada")["ada"]
        for kind in ("bounced", "delivered", "complained"):
            first = world.tell(provider, kind, key, "Ada@Example.com")
            assert (first.status_code, first.json()["taken"]) == (200, 1), first.json()
            again = world.tell(provider, kind, key, "Ada@Example.com")
            assert (again.status_code, again.json()["taken"], again.json()["duplicates"]) == (200, 0, 1)
        ((who, said),) = world.events("Message Bounced")
        assert (who, said["key"], said["workflow"], said["kind"]) == ("ada", key, "w", "hard")
        assert "user" in said["reason"]
        assert "Ada" not in json.dumps(said), "the ledger holds the address once, as a trait"
        for name in ("Message Delivered", "Message Complained"):
            ((who, said),) = world.events(name)
            assert (who, said["key"], said["channel"]) == ("ada", key, "email")
        world.world.settle()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_request_that_proves_nothing_writes_nothing_and_the_doctor_tells_of_it(
    database: str, provider: str
) -> None:
    other = Settings(
        postmark_secret="another",
        mailgun_signing_key="another",
        sendgrid_public_key=(
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/"
            "m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q=="
        ),
        ses_topics="arn:aws:sns:eu-west-1:123456789012:other",
    )
    with open_hooked(database, settings=other) as world:
        meet(world, "ada")
        key = world.mail("ada")["ada"]
        for _ in range(3):
            said = world.tell(provider, "bounced", key, "ada@example.com")
            assert (said.status_code, said.json()["code"]) == (403, "forged")
            assert said.json()["message"].startswith("expected ")
        assert world.events("Message Bounced") == []
        assert world.fetched == [], "no certificate is fetched for a topic that is none of ours"
        assert read_suppressions(world.world.connection) == []
        assert world.world.rows("select count(*) from rejections") == [(0,)]
    with open_world(database) as after:
        found = diagnose(examine(after.connection, after.clock.now()))
        (told,) = [each for each in found if each.code == "hook-forged"]
        assert told.subject == f"/hooks/{provider}"
        assert told.said.startswith("3 requests in 14 days did not prove")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_webhook_without_its_secret_is_closed_and_says_which_setting_opens_it(
    database: str, provider: str
) -> None:
    with open_hooked(database, settings=Settings()) as world:
        said = world.tell(provider, "bounced", "0" * 32, "ada@example.com")
        assert said.status_code == 404
        assert "UPSELL_" in said.json()["message"]
        assert provider in said.json()["message"]


def test_a_hard_bounce_stops_the_next_message_and_the_one_reserved_to_everybody_at_the_address(
    database: str,
) -> None:
    with open_hooked(database) as world:
        meet(world, "ada", "bob", address="Box@example.com")
        meet(world, "eve")
        key = world.mail("ada")["ada"]
        # Bob's message is reserved, and Eve's; the bounce is known before the worker or anybody heard of it.
        for who in ("bob", "eve"):
            world.world.happens("Pricing Viewed", who)
        world.world.worker.run_until_idle()
        assert world.tell("postmark", "bounced", key, "box@example.com").status_code == 200
        assert world.world.dispatcher.run_once().by_state == {
            State.UNKNOWN: 0,
            State.WITHDRAWN: 1,
            State.SENT: 1,
        }
        (withheld,) = [said for who, said in world.events("Message Withheld") if who == "bob"]
        assert withheld["reason"].startswith("address_suppressed: ")
        # From the gate's receipt on Bob's record says it too: explained, and the next time let in by nothing.
        world.world.after(2 * HOUR)
        assert world.mail("ada", "bob") == {}
        reasons = dict(world.world.rows("select unit_id, reason from decisions order by number"))
        assert (reasons["c:ada"], reasons["c:bob"]) == ("address_suppressed", "address_suppressed")
        for who in ("ada", "bob"):
            (explained,) = explain_now(
                world.world.connection, who, world.world.clock.now(), None
            ).explanations
            assert explained.would_enter is False
            assert explained.reason is Reason.ADDRESS_SUPPRESSED
        # A changed address is free again, and the old one is not.
        meet(world, "bob", address="bob@example.com")
        world.world.after(2 * HOUR)
        assert set(world.mail("ada", "bob")) == {"bob"}
        (row,) = read_suppressions(world.world.connection)
        assert (row.cause, row.source, row.shown) == (Cause.HARD_BOUNCE, "postmark", "b***@example.com")
        assert row.address == address_key("email", "BOX@example.com")


def test_somebody_never_written_to_is_explained_with_what_others_found_out_about_their_address(
    database: str,
) -> None:
    with open_hooked(database) as world:
        meet(world, "ada", "new", address="box@example.com")
        world.tell("sendgrid", "bounced", world.mail("ada")["ada"], "box@example.com")
        world.world.settle()
        now = world.world.clock.now()
        (explained,) = explain_now(world.world.connection, "new", now, None).explanations
        assert explained.would_enter is False
        (held,) = explain_now(world.world.connection, "new", now, None).suppressed
        assert (held.cause, held.source) == (Cause.HARD_BOUNCE, "sendgrid")
        # Let in by a record that had not heard, it is told by the gate, and says so from then on.
        assert world.mail("new") == {}
        assert [who for who, _ in world.events("Address Suppressed")] == ["ada", "new"]
        world.world.after(2 * HOUR)
        world.mail("new")
        (explained,) = explain_now(world.world.connection, "new", world.world.clock.now(), None).explanations
        assert explained.reason is Reason.ADDRESS_SUPPRESSED


def test_a_decision_for_a_channel_says_that_the_address_is_suppressed(database: str) -> None:
    documents = make_documents(
        {
            "w": workflow(
                trigger="{on: Placement Asked, again_after: 1 hours}",
                journey="[{prompt: {channel: email, content: upgrade, offer: pro-annual}}, {wait: 1 days}]",
            )
        }
    )
    with open_world(database) as world:
        world.apply(documents)
        for who in ("ada", "bob"):
            world.happens("Customer Identified", who, email=f"{who}@example.com")
        world.settle()
        suppress_by_hand(world.connection, world.clock, "ADA@example.com", "eve", "she asked by phone")
        decider = Decider(database, world.clock)
        reasons = {}
        for who in ("ada", "bob"):
            told = decider.decide(Asked(f"r-{who}", "", who, None, {}, is_dry_run=False, channel="email"))
            reasons[who] = {each.reason for each in told.reasons}
            assert (told.prompt is not None) is (who == "bob")
        assert reasons == {"ada": {Reason.ADDRESS_SUPPRESSED}, "bob": set()}
        decider.close()


def test_removing_a_suppression_lets_everybody_there_be_written_to_and_old_reports_change_nothing(
    database: str,
) -> None:
    with open_hooked(database) as world:
        meet(world, "ada", "bob", address="box@example.com")
        keys = world.mail("ada", "bob")
        world.tell("mailgun", "bounced", keys["ada"], "box@example.com")
        world.world.after(2 * HOUR)
        assert world.mail("ada", "bob") == {}
        with pytest.raises(
            ConfigError, match=r"expected an address that is suppressed, got eve@example\.com"
        ):
            free_by_hand(world.world.connection, world.world.clock, "eve@example.com", "me", "why not")
        freed = free_by_hand(
            world.world.connection, world.world.clock, "BOX@example.com", "me", "mailbox mended"
        )
        assert freed.customers == ("ada", "bob")
        world.world.after(2 * HOUR)
        assert set(world.mail("ada", "bob")) == {"ada", "bob"}
        # What happened before is told once more by another way, under another id.
        at = world.world.clock.now() - 5 * HOUR
        item = hooked.sendgrid_item("bounce", keys["bob"], "box@example.com", at)
        body = json.dumps([item]).encode()
        headers = hooked.sendgrid_headers(body)
        assert world.client.post("/hooks/sendgrid", content=body, headers=headers).json()["taken"] == 1
        assert read_suppressions(world.world.connection) == []
        (row,) = read_suppressions(world.world.connection, with_ended=True)
        assert (row.ended_by, row.ended_why, row.cause) == ("me", "mailbox mended", Cause.HARD_BOUNCE)
        assert [who for who, _ in world.events("Address Freed")] == ["ada", "bob"]


def test_a_complaint_suppresses_at_once_and_withdraws_consent(database: str) -> None:
    with open_hooked(database) as world:
        meet(world, "ada", "bob", address="box@example.com")
        world.tell("ses", "complained", world.mail("ada")["ada"], "box@example.com")
        world.world.after(2 * HOUR)
        assert world.mail("ada", "bob") == {}
        (row,) = read_suppressions(world.world.connection)
        assert row.cause is Cause.COMPLAINT
        # With the address free again, whoever complained has still withdrawn; the other has not.
        free_by_hand(world.world.connection, world.world.clock, "box@example.com", "me", "they wrote to us")
        world.world.after(2 * HOUR)
        assert set(world.mail("ada", "bob")) == {"bob"}


def soft_bounce(world: Hooked, who: str) -> None:
    key = world.mail(who)[who]
    assert (
        world.tell("postmark", "bounced", key, f"{who}@example.com", Type="SoftBounce").json()["taken"] == 1
    )


def test_three_soft_bounces_in_a_row_over_three_days_suppress_and_nothing_less_does(database: str) -> None:
    with open_hooked(database) as world:
        meet(world, "ada", "bob", "eve", "dan")
        # Ada: three in a row, over three days. Bob: within two. Eve: with one that arrived between.
        for number in range(3):
            soft_bounce(world, "ada")
            if number < 2:
                world.world.after(36 * HOUR)
        assert [row.cause for row in read_suppressions(world.world.connection)] == [Cause.SOFT_BOUNCES]
        world.world.after(2 * HOUR)
        assert world.mail("ada") == {}
        for number in range(3):
            soft_bounce(world, "bob")
            if number < 2:
                world.world.after(24 * HOUR)
        assert len(read_suppressions(world.world.connection)) == 1
        for number in range(4):
            if number == 2:
                assert world.mail("eve")
            else:
                soft_bounce(world, "eve")
            world.world.after(36 * HOUR)
        assert len(read_suppressions(world.world.connection)) == 1
        # Dan: what came back for now was delivered after all.
        for number in range(3):
            key = world.mail("dan")["dan"]
            world.tell("postmark", "bounced", key, "dan@example.com", Type="Transient")
            world.world.after(36 * HOUR)
            if number == 0:
                world.tell("postmark", "delivered", key, "dan@example.com")
        assert len(read_suppressions(world.world.connection)) == 1


def test_what_a_server_refuses_at_once_for_good_suppresses_and_what_is_about_the_mail_does_not(
    database: str,
) -> None:
    answers = {"ada@example.com": "550 5.1.1 no such user", "bob@example.com": "554 5.7.1 looks like spam"}
    with open_hooked(database, answer=lambda to: answers[to]) as world:
        meet(world, "ada", "bob")
        assert world.mail("ada", "bob") == {}
        (row,) = read_suppressions(world.world.connection)
        assert (row.address, row.source) == (address_key("email", "ada@example.com"), "dispatcher")
        world.world.after(2 * HOUR)
        world.mail("ada", "bob")
        rows = world.world.rows("select customer_id, count(*) from outbox group by 1 order by 1")
        assert rows == [("ada", 1), ("bob", 2)]


def test_a_bounce_that_another_sender_tells_through_the_api_suppresses_the_address_of_its_message(
    database: str,
) -> None:
    with open_hooked(database) as world:
        meet(world, "ada", "bob", address="box@example.com")
        key = world.mail("ada")["ada"]
        told = {"userId": "ada", "event": "Message Bounced", "properties": {"key": key}}
        old = {"userId": "ada", "event": "Message Bounced", "properties": {"key": key}, "historical": True}
        stranger = {"userId": "ada", "event": "Message Bounced", "properties": {"key": "\0", "kind": 7}}
        for said in (old, stranger):
            assert world.client.post("/v1/track", json=said).status_code == 200
        assert read_suppressions(world.world.connection) == []
        assert world.client.post("/v1/track", json=told).status_code == 200
        (row,) = read_suppressions(world.world.connection)
        assert (row.address, row.source) == (address_key("email", "box@example.com"), "api")
        world.world.after(2 * HOUR)
        assert world.mail("bob") == {}


def test_an_unknown_message_that_is_delivered_after_all_was_sent(database: str) -> None:
    with open_hooked(database) as world:
        meet(world, "ada")
        key = world.mail("ada")["ada"]
        world.world.connection.execute("update outbox set state = 'unknown', reason = 'lost'")
        assert world.tell("ses", "delivered", key, "ada@example.com").json()["taken"] == 1
        assert world.world.states() == {"sent": 1}


def test_a_report_of_no_message_of_ours_or_of_another_address_is_no_event(database: str) -> None:
    with open_hooked(database) as world:
        meet(world, "ada")
        key = world.mail("ada")["ada"]
        for provider in PROVIDERS:
            said = world.tell(provider, "bounced", "f" * 32, "ada@example.com")
            assert (said.status_code, said.json()["foreign"], said.json()["taken"]) == (200, 1, 0)
            said = world.tell(provider, "bounced", key, "eve@example.com")
            assert (said.status_code, said.json()["set_aside"], said.json()["taken"]) == (200, 1, 0)
        assert world.events("Message Bounced") == []
        assert read_suppressions(world.world.connection) == []
    with open_world(database) as after:
        found = diagnose(examine(after.connection, after.clock.now()))
        foreign = {each.subject for each in found if each.code == "reports-foreign"}
        refused = {each.subject for each in found if each.code == "refused" and "other_address" in each.said}
        assert (foreign, refused) == (set(PROVIDERS), set(PROVIDERS))


def test_of_a_batch_what_is_good_is_taken_and_the_rest_is_kept_aside(database: str) -> None:
    with open_hooked(database) as world:
        meet(world, "ada", "bob")
        keys = world.mail("ada", "bob")
        at = world.world.clock.now()
        items = [
            hooked.sendgrid_item("delivered", keys["ada"], "ada@example.com", at),
            {"event": "teleported", "timestamp": at // SECOND, "sg_event_id": "x"},
            7,
            hooked.sendgrid_item("processed", keys["ada"], "ada@example.com", at),
            hooked.sendgrid_item("open", keys["ada"], "ada@example.com", at),
            hooked.sendgrid_item("bounce", keys["bob"], "bob@example.com", at),
            hooked.sendgrid_item("bounce", keys["bob"], "bob@example.com", 10**30 * SECOND),
        ]
        body = json.dumps(items).encode()
        said = world.client.post("/hooks/sendgrid", content=body, headers=hooked.sendgrid_headers(body))
        assert said.json() == {"taken": 2, "duplicates": 0, "foreign": 0, "set_aside": 3, "passed_over": 2}
        rows = world.world.rows("select source, place, code from rejections order by number")
        assert rows == [
            ("sendgrid", "1", "unknown_kind"),
            ("sendgrid", "2", "invalid"),
            ("sendgrid", "6", "invalid"),
        ]
        assert {subject for subject, _ in world.findings("refused")} == {"sendgrid"}


@pytest.mark.parametrize(
    ("provider", "body", "expected"),
    [
        ("sendgrid", b"{}", "expected a JSON array"),
        ("postmark", b"[]", "expected one JSON object"),
        ("postmark", b"\xff\xfe", "expected one JSON object"),
        ("mailgun", b'{"signature": 7}', 'expected {"signature"'),
        ("ses", b'{"Type": "Hello"}', "expected a message of SNS"),
    ],
)
def test_a_body_that_is_none_of_the_providers_is_refused_with_what_was_expected(
    database: str, provider: str, body: bytes, expected: str
) -> None:
    with open_hooked(database) as world:
        headers = hooked.postmark_headers() if provider == "postmark" else hooked.sendgrid_headers(body)
        said = world.client.post(f"/hooks/{provider}", content=body, headers=headers)
        assert (said.status_code, said.json()["code"]) == (400, "malformed")
        assert said.json()["message"].startswith(expected)
        is_kept = provider in ("sendgrid", "postmark")  # of the others nobody knows who sent it
        assert world.world.rows("select count(*) from rejections") == [(int(is_kept),)]


def test_a_token_of_mailguns_is_good_once_but_for_the_same_again(database: str) -> None:
    with open_hooked(database) as world:
        meet(world, "ada", "bob")
        keys = world.mail("ada", "bob")
        at = world.world.clock.now()
        told = hooked.mailgun_said("delivered", keys["ada"], "ada@example.com", at)
        other = hooked.mailgun_said("failed", keys["bob"], "bob@example.com", at)

        def post(said: dict[str, Any], signed_at: int, token: str = "t" * 50) -> int:
            body = hooked.mailgun_signed(said, signed_at, token)
            return int(world.client.post("/hooks/mailgun", content=body).status_code)

        assert [post(told, at), post(told, at), post(other, at)] == [200, 200, 403]
        assert [post(other, at - 13 * HOUR, "u"), post(other, at + 10 * MINUTE, "v")] == [403, 403]
        assert world.events("Message Bounced") == []
        assert post(other, at - 8 * HOUR, "w") == 200, "Mailgun tries for eight hours"


def test_a_subscription_is_confirmed_for_a_topic_of_ours_at_an_address_made_here(database: str) -> None:
    with open_hooked(database) as world:
        body = hooked.sns("You have chosen to subscribe", kind="SubscriptionConfirmation")
        assert world.client.post("/hooks/ses", content=body).json()["passed_over"] == 1
        assert world.fetched[0] == hooked.CERTIFICATE_URL
        assert world.fetched[1].startswith("https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&")
        assert "evil" not in world.fetched[1]
        strange = hooked.sns("x", kind="SubscriptionConfirmation", TopicArn=hooked.TOPIC + "-of-others")
        assert world.client.post("/hooks/ses", content=strange).status_code == 403
        elsewhere = hooked.sns("{}", SigningCertURL="https://sns.eu-west-1.amazonaws.com.evil.example/a.pem")
        assert world.client.post("/hooks/ses", content=elsewhere).status_code == 403
        assert len(world.fetched) == 2


def test_without_a_certificate_amazon_is_asked_to_come_again(database: str) -> None:
    def fail(url: str) -> bytes:
        raise FetchError("SNS did not answer")

    with open_hooked(database, fetch=fail) as world:
        said = world.tell("ses", "bounced", "0" * 32, "ada@example.com")
        assert (said.status_code, said.json()["code"]) == (503, "unproved")
        assert said.headers["retry-after"] == "1"


def test_opens_and_clicks_are_taken_from_a_provider_only_where_links_are_its_own(database: str) -> None:
    with open_hooked(database, settings=msgspec.structs.replace(SETTINGS, provider_engagement=1)) as world:
        meet(world, "ada")
        key = world.mail("ada")["ada"]
        at = world.world.clock.now()
        body = json.dumps(
            [
                hooked.sendgrid_item("open", key, "ada@example.com", at, sg_machine_open=True),
                hooked.sendgrid_item("click", key, "ada@example.com", at, url="https://acme.example/pro"),
            ]
        ).encode()
        said = world.client.post("/hooks/sendgrid", content=body, headers=hooked.sendgrid_headers(body))
        assert (said.json()["taken"], said.json()["passed_over"]) == (1, 1)
        ((_, clicked),) = world.events("Message Clicked")
        assert clicked["link"] == "https://acme.example/pro"
        assert world.events("Message Opened") == []


def test_bounces_and_complaints_told_over_http_are_what_guardrails_count(database: str) -> None:
    with open_hooked(database, more="guardrails: {bounce_rate: 5%, complaint_rate: 5%, least: 20}") as world:
        who = [f"p{number:02}" for number in range(40)]
        meet(world, *who)
        keys = world.mail(*who)
        for number, each in enumerate(who[:12]):
            kind = "bounced" if number % 2 else "complained"
            provider = PROVIDERS[number % 4]
            for _ in range(2):  # told twice, it counts once
                assert world.tell(provider, kind, keys[each], f"{each}@example.com").status_code == 200
        guard(world.world.connection, world.world.clock)
        program = read_live(world.world.connection)
        assert program is not None
        words = {each.guardrail: each.words for each in read_guardrails(world.world.connection, program)}
        assert words["bounce_rate"].startswith("bounce_rate: 6 bounces of 40 sent;")
        assert words["complaint_rate"].startswith("complaint_rate: 6 complaints of 34 delivered;")
        shown = run(database, "guardrails")
        assert "bounce_rate pause 40 6 15 %" in " ".join(shown.stdout.split())


def run(database: str, *words: str, said: bytes = b"") -> CompletedProcess[str]:
    return run_command_on(said, *words, UPSELL_DATABASE_URL=database, COLUMNS="200")


def dsn(key: str, address: str, *, date: str = "") -> bytes:
    """Write a delivery status notification as Postfix does."""
    return f"""From: MAILER-DAEMON@mx.acme.example (Mail Delivery System)
To: hello@acme.example
Subject: Undelivered Mail Returned to Sender
{date}Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain

This is the mail system at host mx.acme.example.

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.acme.example

Final-Recipient: rfc822; {address}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <{address}>: user unknown

--b1
Content-Type: text/rfc822-headers

From: hello@acme.example
To: {address}
Message-ID: <{key}@acme.example>

--b1--
""".encode()


def test_mail_that_came_back_is_taken_over_http_with_a_key_for_it(database: str) -> None:
    with open_hooked(database) as world:
        meet(world, "ada")
        key = world.mail("ada")["ada"]
        good = create_key(
            world.world.connection, "mta", Kind.SERVER, {Scope.BOUNCES}, world.world.clock.now()
        )
        other = create_key(
            world.world.connection, "site", Kind.WRITE, {Scope.EVENTS}, world.world.clock.now()
        )

        def post(body: bytes, shown: str) -> Any:
            headers = {"authorization": f"Bearer {shown}", "content-type": "message/rfc822"}
            return world.client.post("/v1/bounces", content=body, headers=headers)

        assert post(dsn(key, "ada@example.com"), "").status_code == 401
        assert post(dsn(key, "ada@example.com"), other).status_code == 403
        assert post(b"", good).json()["message"].startswith("expected a mail that came back")
        assert post(dsn(key, "eve@example.com"), good).json()["set_aside"] == 1
        assert post(dsn("f" * 32, "ada@example.com"), good).json()["foreign"] == 1
        assert post(b"Subject: On holiday\n\nBack in May.", good).json()["passed_over"] == 1
        unread = post(dsn(key, "ada@example.com").replace(b"Message-ID", b"X-Other"), good)
        assert (unread.status_code, unread.json()["code"]) == (400, "no_message")
        assert world.events("Message Bounced") == []
        assert post(dsn(key, "Ada@example.com"), good).json()["taken"] == 1
        assert post(dsn(key, "Ada@example.com"), good).json()["duplicates"] == 1
        ((who, said),) = world.events("Message Bounced")
        assert (who, said["kind"], said["status"]) == ("ada", "hard", "5.1.1")
        assert len(read_suppressions(world.world.connection)) == 1


def test_a_bounce_is_believed_for_fourteen_days(database: str) -> None:
    with open_hooked(database) as world:
        meet(world, "ada", "bob")
        keys = world.mail("ada", "bob")
        world.world.after(14 * DAY)
        post = world.client.post
        assert post("/v1/bounces", content=dsn(keys["ada"], "ada@example.com")).json()["taken"] == 1
        world.world.after(MINUTE)
        assert post("/v1/bounces", content=dsn(keys["bob"], "bob@example.com")).json()["set_aside"] == 1
        assert [who for who, _ in world.events("Message Bounced")] == ["ada"]


def test_the_commands_read_mailboxes_and_keep_the_list_and_say_what_they_did(
    database: str, tmp_path: Path
) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(make_documents({"w": workflow(trigger=ON, journey=f"[{MAIL}]")}))
        for who in ("ada", "bob", "eve"):
            world.happens("Customer Identified", who, email=f"{who}@example.com")
            world.happens("Pricing Viewed", who)
        world.settle()
        # The commands' clock is the machine's.
        world.connection.execute("update outbox set sending_at = now() - interval '1 hour'")
        keys = dict(world.rows("select customer_id, key from outbox"))
    mbox, maildir = tmp_path / "mbox", tmp_path / "Maildir"
    first, second = dsn(keys["ada"], "ada@example.com"), dsn("f" * 32, "x@example.com")
    mbox.write_bytes(b"From MAILER-DAEMON Mon Jan  5\n" + first + b"\n\nFrom x Mon\n" + second)
    (maildir / "new").mkdir(parents=True)
    (maildir / "cur").mkdir()
    (maildir / "new" / "1.mx").write_bytes(dsn(keys["bob"], "bob@example.com"))
    read = run(database, "bounces", "read", str(mbox))
    assert read.stdout == "2 mails read: 1 new reports taken\n  1 are about no message of ours\n"
    assert run(database, "bounces", "read", str(maildir)).stdout == "1 mail read: 1 new reports taken\n"
    again = run(database, "bounces", "read", "-", said=first)
    assert again.stdout == "1 mail read: 0 new reports taken\n  1 were taken before\n"
    broken = run(database, "bounces", "read", "-", said=first.replace(b"Message-ID", b"X-Id"))
    assert (broken.returncode, "stdin: expected the Message-ID" in broken.stderr) == (0, True)
    missing = run(database, "bounces", "read", str(tmp_path / "none"))
    assert (missing.returncode, "expected an mbox, a Maildir or a mail" in missing.stderr) == (1, True)

    listed = run(database, "suppressions", "list").stdout
    assert listed.count("hard bounce, since") == 2
    assert "a***@example.com" in listed
    assert "ada@example.com" not in listed
    added = run(database, "suppressions", "add", "Eve@example.com", "--because", "asked by phone")
    assert added.stdout == "Eve@example.com is written to no more, whoever has it.\n"
    again = run(database, "suppressions", "add", "eve@example.com", "--because", "asked by phone")
    assert (again.returncode, "is suppressed already" in again.stdout) == (1, True)
    assert "asked by phone" in run(database, "suppressions", "list", "eve@example.com").stdout
    removed = run(database, "suppressions", "remove", "eve@example.com", "--because", "asked again")
    assert removed.stdout == "eve@example.com may be written to again; told of it: 1 customers.\n"
    gone = run(database, "suppressions", "remove", "eve@example.com", "--because", "asked again")
    assert (gone.returncode, "expected an address that is suppressed" in gone.stderr) == (1, True)
    whole = run(database, "suppressions", "list", "--all").stdout
    assert ": asked again" in whole
    assert run(database, "suppressions", "add", "eve@example.com").returncode == 2
    assert run(database, "suppressions", "add", "eve", "--because", "x").returncode == 2
    with open_world(database) as world:
        told = world.rows(
            "select name, customer_id from events where source = 'suppressions' order by position"
        )
        assert told[-2:] == [("Address Suppressed", "eve"), ("Address Freed", "eve")]
