"""Links in real mail: followed by people and by machines, over the real application and database."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from html import unescape
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar.testing import TestClient

from tests.acceptance.test_audiences import answers
from tests.live_world import LiveWorld, make_documents, open_world
from tests.sinks import Sink, open_sink
from tests.stories.world import DAY, HOUR, START, workflow
from tests.unit.channels.test_scanners import CHROME
from upsell.channels.links import TRAP, link_token
from upsell.channels.scanners import HELD_BACK, MEANINGS, TOO_SOON, Sign
from upsell.clock import MINUTE, SECOND, SetClock, format_moment
from upsell.decisions.channel_fit import Answers
from upsell.measurement.metrics import Span, metric_definition
from upsell.runtime.diagnosis import diagnose
from upsell.runtime.doctor import examine
from upsell.runtime.examined import Finding
from upsell.runtime.reporting import live_program
from upsell.runtime.targets import TargetBook
from upsell.runtime.tracking import read_metric, read_tracked
from upsell.runtime.visits import tell_people
from upsell.store.connect import connect
from upsell.store.households import load_all_members
from upsell.store.link_secrets import read_link_secrets
from upsell.store.links import Kept, VisitKind, count_visits, find_targets, forget_links, keep_links
from upsell.store.outbox import State
from upsell.web.app import make_app
from upsell.web.pages.links import PIXEL

pytestmark = pytest.mark.postgres

BASE = "https://links.acme.example"
PRICING = "https://acme.example/pricing?plan=pro&from=a%20b#compare"
TEMPLATE = """---
subject: {name}
---
<html><body><p>{name} for {{{{ customer.email }}}}</p>
<a href="https://acme.example/pricing?plan=pro&amp;from=a%20b#compare">Plans</a>
<a href='https://acme.example/hej/{{{{ customer.email }}}}?q=ä'>Hej</a>
<a href="mailto:help@acme.example">Help</a></body></html>
"""
ASKS = workflow(
    trigger="{on: Pricing Viewed, again_after: 1 days}",
    journey="[{email: {content: t1, intent: help}}, {wait: {until: clicked, up_to: 2 days}}, "
    "{if: clicked, then: [{email: {content: t2, intent: help}}], "
    "else: [{email: {content: t3, intent: help}}]}]",
)
SEGMENTS = """
clicked: {unit: customer, rule: "event_count('Message Clicked', interval '7 days') >= 1"}
opened: {unit: customer, rule: "event_count('Message Opened', interval '7 days') >= 1"}
"""
BROWSER = {"User-Agent": CHROME, "Sec-Fetch-Mode": "navigate"}


class Mailed:
    """A world in which ada was mailed."""

    def __init__(self, world: LiveWorld, sink: Sink, client: TestClient[Any]) -> None:
        self.world, self.sink, self.client = world, sink, client

    def mail(self, index: int = -1) -> Message:
        return message_from_bytes(self.sink.contents[index])

    def part(self, kind: str) -> str:
        part = next(part for part in self.mail(0).walk() if part.get_content_type() == kind)
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        return content.decode()

    def links(self) -> list[str]:
        return re.findall(rf'href="{BASE}(/l/[^"]+)"', self.part("text/html").replace("'", '"'))

    def visit(self, path: str, method: str = "GET", **headers: str) -> Any:
        asked = {**BROWSER, **{key.replace("_", "-"): value for key, value in headers.items()}}
        return self.client.request(method, path, headers=asked, follow_redirects=False)

    def later(self, duration: int = HELD_BACK) -> dict[State, int]:
        """Let time pass with everything that was handed over written, and told where it is time."""
        self.catch_up()
        self.world.clock.move_to(self.world.clock.now() + duration)
        tell_people(self.world.connection, self.world.clock)
        return self.world.settle()

    def catch_up(self) -> None:
        """Wait until all that was handed over is written: an event behind it is answered after its commit."""
        assert self.client.post("/v1/track", json={"userId": "nobody", "event": "Looked"}).status_code == 200

    def events(self, name: str = "Message Clicked") -> list[dict[str, Any]]:
        rows = self.world.rows(f"select properties from events where name = '{name}' order by position")
        return [json.loads(row[0]) for row in rows]

    def subject(self) -> str:
        return str(self.mail()["Subject"])


@contextmanager
def mailed(database: str, written: str = "", *, flow: str = ASKS, more: str = "") -> Iterator[Mailed]:
    """Open a world whose ada was mailed a minute ago."""
    with open_sink() as sink, open_world(database, sink, base=BASE) as world:
        app = make_app(database, world.clock)
        with TestClient(app) as client:
            documents = make_documents({"w": flow}, policy=written, segments=SEGMENTS, template=TEMPLATE)
            world.apply(documents)
            world.happens("Customer Identified", "ada", email="ada@example.com")
            if more:
                world.happens("Consent Withdrawn", "ada", channel="*", purpose=more)
            world.happens("Pricing Viewed", "ada")
            assert world.settle() == {State.SENT: 1}
            world.clock.move_to(world.clock.now() + MINUTE)
            yield Mailed(world, sink, client)


def test_a_link_in_a_received_mail_leads_to_its_target_and_tells_of_a_person(database: str) -> None:
    with mailed(database) as ada:
        first, second = ada.links()
        answered = ada.visit(first)
        clicked_at = ada.world.clock.now()
        assert answered.status_code == 302
        assert answered.headers["location"] == PRICING
        assert answered.headers["cache-control"] == "no-store"
        assert answered.headers["referrer-policy"] == "no-referrer"
        assert ada.visit(second).headers["location"] == "https://acme.example/hej/ada@example.com?q=%C3%A4"
        ada.world.clock.move_to(clicked_at + 10 * MINUTE)
        assert ada.visit(first).status_code == 302
        ada.later()
        (told,) = ada.events()
        assert told == {
            "key": told["key"], "enrollment": told["enrollment"], "unit": "c:ada", "workflow": "w",
            "step": told["step"], "channel": "email", "intent": "help", "link": PRICING,
        }  # fmt: skip
        assert ada.sink.accepted[told["key"]] == 1
        (row,) = ada.world.rows(
            "select customer_id, occurred_at, source from events where name = 'Message Clicked'"
        )
        assert row == ("ada", clicked_at + 10 * MINUTE, "links")


def test_all_else_in_the_mail_is_as_it_was_written(database: str) -> None:
    with mailed(database) as ada:
        html, text = ada.part("text/html"), ada.part("text/plain")
        assert '<a href="mailto:help@acme.example">Help</a>' in html
        for part in (html, text):
            # The ways to leave and to choose stand as they are, and are behind no link.
            found = [part.count(BASE + path) for path in ("/l/", "/u/", "/p/", "/o/")]
            assert found == [2, 1, 1, 0]
        assert "acme.example/pricing" not in text
        assert max(len(BASE + path) for path in ada.links()) < 60


def test_a_journey_takes_the_way_of_who_clicked_for_a_person(database: str) -> None:
    with mailed(database) as ada:
        ada.visit(ada.links()[0])
        assert ada.later(HELD_BACK - 1) == {}
        assert ada.later(1) == {State.SENT: 1}
        assert ada.subject() == "t2"


MACHINES = {
    "scanner": {"User_Agent": "Mozilla/5.0 (compatible; proofpoint urldefense)"},
    "preview": {"User_Agent": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"},
    "script": {"User_Agent": "python-requests/2.32.3"},
    "prefetch": {"Sec_Purpose": "prefetch"},
}


@pytest.mark.parametrize("sign", MACHINES)
def test_a_machine_never_branches_a_journey_nor_counts_for_a_rule_or_a_metric(
    database: str, sign: str
) -> None:
    with mailed(database) as ada:
        assert ada.visit(ada.links()[0], **MACHINES[sign]).headers["location"] == PRICING
        ada.later()
        assert ada.events() == []
        assert count_visits(ada.world.connection, 0) == [(VisitKind.CLICK, sign, 1)]
        (finding,) = machines_found(ada)
        assert (finding.subject, finding.said.startswith("1 of 1 in 14 days")) == ("clicks", True)
        assert MEANINGS[Sign(sign)] in finding.said
        assert_engaged(ada, set())
        assert ada.world.after(2 * DAY) == {State.SENT: 1}
        assert ada.subject() == "t3"


def test_a_persons_click_counts_for_rules_and_metrics_in_closure_and_sql(database: str) -> None:
    with mailed(database) as ada:
        ada.visit(ada.links()[0])
        ada.visit(ada.links()[0])
        ada.later()
        assert len(ada.events()) == 1
        assert_engaged(ada, {"c:ada"})
        assert machines_found(ada) == []


def machines_found(ada: Mailed) -> list[Finding]:
    found = diagnose(examine(ada.world.connection, ada.world.clock.now()))
    assert {each.subject for each in found if each.code == "event-unread"} <= {"Looked"}
    return [each for each in found if each.code == "machine-visits"]


def assert_engaged(ada: Mailed, who: set[str]) -> None:
    """Hold closure, live membership, SQL over units, and the metric's SQL over events to one answer."""
    found = answers(ada.world)
    assert {way: segments["clicked"] for way, segments in found.items()} == dict.fromkeys(found, who)
    program, now = live_program(ada.world.connection), ada.world.clock.now()
    tracked = read_tracked(ada.world.connection, program, now)
    figures = read_metric(
        tracked, metric_definition("message_click_rate"), Span(now - DAY, now, now, program.currency)
    )
    known = [each.numerator for each in figures if hasattr(each, "numerator")]
    assert (sum(known) > 0) == bool(who)
    person = load_all_members(ada.world.connection, ["c:ada"]).households["c:ada"].customers["ada"]
    held = person.contact.answers.get("email", Answers(0, 0, 0))
    assert (held.answered > 0) == bool(who)


def test_every_link_at_once_is_a_machine_and_a_later_click_is_a_persons(database: str) -> None:
    with mailed(database) as ada:
        for link in ada.links():
            assert ada.visit(link).status_code == 302
            ada.world.clock.move_to(ada.world.clock.now() + SECOND)
        ada.later()
        assert ada.events() == []
        assert count_visits(ada.world.connection, 0) == [(VisitKind.CLICK, "burst", 2)]
        ada.visit(ada.links()[0])
        assert ada.later() == {State.SENT: 1}
        assert [told["link"] for told in ada.events()] == [PRICING]


def test_a_click_before_anybody_can_have_read_the_mail_is_a_machines(database: str) -> None:
    with mailed(database) as ada:
        ada.world.connection.execute(
            "update links set sending_at = moment(%s)", (ada.world.clock.now() - TOO_SOON + 1,)
        )
        ada.visit(ada.links()[0])
        ada.later()
        assert ada.events() == []
        assert count_visits(ada.world.connection, 0) == [(VisitKind.CLICK, "too_soon", 1)]


def test_a_link_that_no_person_can_see_shows_a_machine_up(database: str) -> None:
    with mailed(database, "links: {traps: true}\n") as ada:
        first, second, trap = ada.links()
        html = ada.part("text/html")
        assert re.search(rf'<a href="{BASE}{trap}"[^>]* aria-hidden="true" tabindex="-1"', html)
        assert BASE + trap not in ada.part("text/plain")
        ada.visit(second)
        ada.world.clock.move_to(ada.world.clock.now() + 2 * SECOND)
        assert ada.visit(trap).status_code == 200
        ada.later()
        ada.visit(first)
        ada.later()
        assert ada.events() == []
        assert count_visits(ada.world.connection, 0) == [(VisitKind.CLICK, "trap", 3)]


def test_asking_for_the_head_leads_on_and_keeps_nothing(database: str) -> None:
    with mailed(database) as ada:
        answered = ada.visit(ada.links()[0], "HEAD")
        assert (answered.status_code, answered.headers["location"]) == (302, PRICING)
        assert ada.visit(ada.links()[0], "POST").status_code == 405
        ada.later()
        assert ada.world.rows("select * from visits") == []


def test_a_link_that_expired_says_so_and_leads_to_the_senders_site(database: str) -> None:
    with mailed(database, "links: {for: 2 days}\n") as ada:
        ada.visit(ada.links()[0])
        ada.later()
        ada.world.clock.move_to(ada.world.clock.now() + 2 * DAY + MINUTE)
        answered = ada.visit(ada.links()[0])
        assert answered.status_code == 410
        assert "This link has expired" in answered.text
        assert forget_links(ada.world.connection, ada.world.clock.now()) == 2
        assert ada.world.rows("select * from visits") == []
        assert ada.visit(ada.links()[1]).status_code == 410
        documents = dict(make_documents({"w": ASKS}, template=TEMPLATE))
        documents["upsell.yaml"] = documents["upsell.yaml"].replace(
            "postal_address: 1 Road", "postal_address: 1 Road, website: 'https://acme.example/'"
        )
        ada.world.apply(documents)
        ada.world.clock.move_to(ada.world.clock.now() + MINUTE)
        assert '<a href="https://acme.example/">' in ada.visit(ada.links()[0]).text
        ada.later()
        assert ada.world.rows("select * from visits") == []


def test_a_forged_link_leads_nowhere(database: str) -> None:
    with mailed(database) as ada:
        link = ada.links()[0]
        changed = link[:-1] + ("A" if link[-1] != "A" else "B")
        until = ada.world.clock.now() + DAY
        (secret,) = read_link_secrets(ada.world.connection, until)
        opening = link_token(secret, "open", 1, 0, until)
        for path in (changed, f"/l/{opening}", "/l/x", "/l/https%3A%2F%2Fevil.example", "/l/ä%00"):
            answered = ada.visit(path)
            assert answered.status_code == 404
            assert "location" not in answered.headers
        beyond = link_token(secret, "click", ada.world.rows("select number from links")[0][0], 9, until)
        assert ada.visit(f"/l/{beyond}").status_code == 410
        ada.later()
        assert ada.world.rows("select * from visits") == []


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_is_asked_for_leads_to_nothing_but_a_target_of_a_message(
    database: str, data: st.DataObject
) -> None:
    until = START + DAY
    with connect(database) as connection:
        (secret,) = read_link_secrets(connection, START)
        kept = [
            Kept(number, f"k{number}", until, (f"https://{number}.example/", PRICING)) for number in (1, 2)
        ]
        keep_links(connection, kept, START)
    book = TargetBook(database, SetClock(START))
    for _ in range(20):
        number, place = data.draw(st.integers(0, 3)), data.draw(st.integers(0, 3))
        sealed = link_token(secret, data.draw(st.sampled_from(("click", "open"))), number, place, until)
        at = data.draw(st.integers(0, len(sealed) - 1))
        changed = sealed[:at] + data.draw(st.sampled_from("AZaz09-_")) + sealed[at + 1 :]
        token = data.draw(st.sampled_from((sealed, changed, sealed[:at])) | st.text(max_size=40))
        targets = [each.targets for each in kept if each.number == number]
        for found in (book.recall(token), book.look_up(token), book.recall(token)):
            if found is not None and found.target is not None:
                assert token == sealed
                assert targets[0][place] == found.target
    book.close()


def test_a_secret_made_later_opens_its_links_within_seconds(database: str) -> None:
    with mailed(database) as ada:
        assert ada.visit(ada.links()[0]).status_code == 302
        ada.world.connection.execute("delete from link_secrets")
        until = ada.world.clock.now() + DAY
        (secret,) = read_link_secrets(ada.world.connection, until)
        ((number,),) = ada.world.rows("select number from links")
        later = f"/l/{link_token(secret, 'click', number, 0, until)}"
        ada.world.clock.move_to(ada.world.clock.now() + 10 * SECOND)
        assert ada.visit(later).headers["location"] == PRICING


def test_opens_are_told_where_they_are_wanted_of_people_alone(database: str) -> None:
    with mailed(database, "links: {opens: true}\n") as ada:
        found = re.search(rf'<img src="{BASE}(/o/[^"]+)"[^>]*></body></html>', ada.part("text/html"))
        assert found is not None
        proxies = (
            "Mozilla/5.0",
            "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
        )
        for agent in proxies:
            answered = ada.visit(found[1], User_Agent=agent)
            assert (answered.status_code, answered.content) == (200, PIXEL)
            assert answered.headers["content-type"] == "image/gif"
            ada.world.clock.move_to(ada.world.clock.now() + SECOND)
        assert ada.visit(found[1], "HEAD").status_code == 200
        ada.later()
        assert ada.events("Message Opened") == []
        assert count_visits(ada.world.connection, 0) == [(VisitKind.OPEN, Sign.PROXY.value, 2)]
        assert answers(ada.world)["sql"]["opened"] == set()
        ada.visit(found[1])
        ada.later()
        (told,) = ada.events("Message Opened")
        assert (told["workflow"], "link" in told) == ("w", False)
        assert answers(ada.world)["sql"]["opened"] == {"c:ada"}
        assert ada.visit("/o/forged").content == PIXEL


def test_nothing_tells_what_somebody_does_who_withdrew_profiling(database: str) -> None:
    with mailed(database, "links: {opens: true, traps: true}\n", more="profiling") as ada:
        html = ada.part("text/html")
        assert not re.search(rf"{BASE}/[lo]/", html)
        assert unescape(html).count(PRICING) == 1
        assert ada.world.rows("select * from links") == []


@pytest.mark.parametrize(("purpose", "told"), [("marketing", 1), ("profiling", 0)])
def test_what_is_done_with_a_mail_from_before_a_withdrawal_is_told_no_more(
    database: str, purpose: str, told: int
) -> None:
    with mailed(database, "links: {opens: true}\n") as ada:
        picture = re.search(rf'<img src="{BASE}(/o/[^"]+)"', ada.part("text/html"))
        assert picture is not None
        ada.world.happens("Consent Withdrawn", "ada", channel="email", purpose=purpose)
        ada.world.settle()
        ada.visit(picture[1])
        assert ada.visit(ada.links()[0]).headers["location"] == PRICING
        ada.later()
        assert (len(ada.events("Message Opened")), len(ada.events())) == (0, told)


def test_links_may_be_left_as_they_are(database: str) -> None:
    with mailed(database, "links: {clicks: false}\n") as ada:
        assert f"{BASE}/l/" not in ada.part("text/html")
        assert ada.world.rows("select * from links") == []


def test_a_mail_that_is_tried_again_has_one_row_of_links_and_they_lead_on(database: str) -> None:
    refusals = iter(["451 later", "250 OK taken"])
    with open_sink(lambda _: next(refusals)) as sink, open_world(database, sink, base=BASE) as world:
        world.apply(make_documents({"w": ASKS}, template=TEMPLATE))
        world.happens("Customer Identified", "ada", email="ada@example.com")
        world.happens("Pricing Viewed", "ada")
        assert world.settle() == {State.RESERVED: 1}
        world.clock.move_to(world.clock.now() + HOUR)
        assert world.settle() == {State.SENT: 1}
        assert world.rows("select key, sending_at from links") == world.rows(
            "select key, sending_at from outbox where state = 'sent'"
        )


def test_however_many_tell_at_once_a_click_is_one_event(database: str) -> None:
    with mailed(database) as ada:
        for link in (ada.links()[0], ada.links()[1], ada.links()[0]):
            ada.visit(link)
            ada.world.clock.move_to(ada.world.clock.now() + MINUTE)
        ada.catch_up()

        def tell(_: int) -> int:
            with connect(database) as connection:
                return tell_people(connection, ada.world.clock)

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(tell, range(8))) == 3
        assert len(ada.events()) == 3


def test_what_was_followed_before_a_clean_stop_is_kept(database: str) -> None:
    with open_sink() as sink, open_world(database, sink, base=BASE) as world:
        world.apply(make_documents({"w": ASKS}, template=TEMPLATE))
        world.happens("Customer Identified", "ada", email="ada@example.com")
        world.happens("Pricing Viewed", "ada")
        world.settle()
        world.clock.move_to(world.clock.now() + MINUTE)
        with TestClient(make_app(database, world.clock)) as client:
            link = Mailed(world, sink, client).links()[0]
            for _ in range(50):
                assert client.get(link, headers=BROWSER, follow_redirects=False).status_code == 302
                world.clock.move_to(world.clock.now() + 20 * SECOND)
        assert world.rows("select count(*) from visits where verdict is null") == [(50,)]
        # Whatever tells them then, in whatever process: each minute's is one.
        assert tell_people(world.connection, world.clock) == 50
        assert len(world.rows("select 1 from events where name = 'Message Clicked'")) == 17
        assert world.rows("select * from repeats") == []


def test_the_targets_of_a_message_stand_in_the_order_of_its_links(database: str) -> None:
    with mailed(database) as ada:
        ((number,),) = ada.world.rows("select number from links")
        assert find_targets(ada.world.connection, number) == (
            PRICING, "https://acme.example/hej/ada@example.com?q=ä",
        )  # fmt: skip
        assert find_targets(ada.world.connection, number + 1) is None
        assert format_moment(ada.world.rows("select expires_at from links")[0][0]).startswith("20")
        assert len(ada.links()) < TRAP
