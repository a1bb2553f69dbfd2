"""Linking: which letters are given links of ours, and where customers can reach us at all."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from tests.live_world import make_documents, open_world
from tests.sinks import open_sink
from tests.stories.world import CATALOG, SETTINGS, START, workflow
from upsell.channels.channel import Answer, Letter, Receipt
from upsell.channels.devices import Notification
from upsell.channels.links import OPEN, open_token
from upsell.clock import DAY, SetClock
from upsell.config import Settings
from upsell.decisions.consents import allows_tracking, told_scope, withdraw_consent
from upsell.decisions.contact import Contact
from upsell.journeys.program import Links
from upsell.runtime.dispatcher import Dispatcher
from upsell.runtime.linking import Linker, make_linker
from upsell.store.connect import connect
from upsell.workspace.compile import compile_documents

SECRET = b"s" * 32
BASE = "https://links.acme.example"
LETTER = Letter(
    key="k",
    sender_name="Acme",
    sender="hello@acme.example",
    recipient="ada@example.com",
    subject="Hi",
    html='<body><a href="https://acme.example/">Go</a></body>',
    text="Go (https://acme.example/)",
    written_at=START,
)
PLAIN = LETTER.html.replace("https://acme.example/", "#")
EVERYTHING = Links(has_opens=True, has_traps=True)


def withdrawn(channel: str, purpose: str) -> Contact:
    contact = Contact()
    withdraw_consent(contact, told_scope(channel, purpose), START)
    return contact


def link(links: Links, contact: Contact | None = None, html: str = LETTER.html) -> Letter:
    return Linker(BASE, SECRET).link(replace(LETTER, html=html), 7, links, contact or Contact())


def test_a_letter_is_linked_until_so_long_after_it_was_written() -> None:
    linked = link(Links(lasts=3 * DAY))
    assert linked.targets is not None
    assert (linked.targets.addresses, linked.targets.until) == (("https://acme.example/",), START + 3 * DAY)
    (address,) = re.findall(r'href="([^"]+)"', linked.html)
    assert linked.text == f"Go ({address})"
    assert address.startswith(f"{BASE}/l/")


@pytest.mark.parametrize("html", [PLAIN, LETTER.html])
def test_a_letter_is_as_it_was_written_where_nothing_is_asked_for_or_there_is_no_link(html: str) -> None:
    links = Links() if html == PLAIN else Links(has_clicks=False)
    linked = link(links, html=html)
    assert (linked.html, linked.text, linked.targets) == (html, LETTER.text, None)


def pushed(
    to: str, links: Links | None = None, contact: Contact | None = None
) -> tuple[str, tuple[str, ...] | None]:
    """Link a push; give where it leads then, and what is kept."""
    letter = replace(LETTER, html="", notification=Notification(link=to))
    linked = Linker(BASE, SECRET).link(letter, 7, links or Links(), contact or Contact())
    assert linked.notification is not None
    return linked.notification.link, None if linked.targets is None else linked.targets.addresses


def test_where_a_push_leads_is_put_behind_ours_for_whoever_may_be_watched() -> None:
    address, kept = pushed("https://acme.example/usage")
    assert address.startswith(f"{BASE}/l/")
    assert kept == ("https://acme.example/usage",)
    as_it_was = ("https://acme.example/usage", None)
    assert pushed("https://acme.example/usage", Links(has_clicks=False)) == as_it_was
    assert pushed("https://acme.example/usage", contact=withdrawn("push", "profiling")) == as_it_was
    assert pushed("https://acme.example/usage", contact=withdrawn("sms", "profiling")) != as_it_was
    assert pushed("") == ("", None)
    assert pushed(f"{BASE}/a/x") == (f"{BASE}/a/x", (f"{BASE}/a/x",)), "whoever comes to an offer has clicked"
    assert pushed(f"{BASE}/p/x") == (f"{BASE}/p/x", None)


def test_a_picture_alone_is_kept_too() -> None:
    linked = link(Links(has_clicks=False, has_opens=True))
    assert linked.targets is not None
    assert linked.targets.addresses == ()
    found = re.search(rf'<img src="{BASE}/o/([^"]+)"[^>]*></body>$', linked.html)
    assert found is not None
    assert open_token([SECRET], OPEN, found[1], START) == (7, 0)


@pytest.mark.parametrize(
    ("channel", "purpose", "has_links", "has_picture"),
    [
        ("sms", "marketing", True, True),
        ("sms", "profiling", True, True),
        ("email", "marketing", True, False),
        ("*", "marketing", True, False),
        ("email", "profiling", False, False),
        ("*", "profiling", False, False),
        ("fax", "profiling", False, False),
        ("email", "something else", False, False),
    ],
)
def test_what_was_withdrawn_says_what_may_be_told(
    channel: str, purpose: str, has_links: bool, has_picture: bool
) -> None:
    contact = withdrawn(channel, purpose)
    linked = link(EVERYTHING, contact)
    assert (f"{BASE}/l/" in linked.html, f"{BASE}/o/" in linked.html) == (has_links, has_picture)
    assert allows_tracking(contact, "email") is has_links


def test_a_workspace_says_what_becomes_of_links() -> None:
    documents = {"upsell.yaml": SETTINGS, "catalog.yaml": CATALOG}
    assert compile_documents(documents).program.links == Links()
    written = "links: {clicks: false, opens: true, traps: true, for: 2 days}\n"
    documents["upsell.yaml"] += written
    assert compile_documents(documents).program.links == Links(
        has_clicks=False, has_opens=True, has_traps=True, lasts=2 * DAY
    )


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("settings", "is_linking"),
    [
        (Settings(), True),
        (Settings(public_url="https://links.acme.example/"), True),
        (Settings(smtp_host="mail.acme.example"), False),
        (Settings(http_host="0.0.0.0"), False),  # an address customers cannot go to
        (Settings(smtp_host="mail.acme.example", public_url="https://links.acme.example"), True),
    ],
)
def test_links_lead_over_us_only_where_customers_can_reach_us(
    database: str, settings: Settings, is_linking: bool
) -> None:
    with connect(database) as connection:
        assert (make_linker(settings, connection, START) is not None) is is_linking


@pytest.mark.postgres
def test_where_links_lead_is_kept_before_a_provider_is_spoken_to(database: str) -> None:
    flow = workflow(trigger="{on: Pricing Viewed}", journey="[{email: {content: t1, intent: help}}]")
    template = '---\nsubject: {name}\n---\n<a href="https://acme.example/">Go</a>\n'

    class Looking:
        """Looks from outside at what is committed when it is handed letters."""

        seen: tuple[str, ...] = ()

        async def send(self, letters: Sequence[Letter], within: float) -> list[Receipt]:
            with connect(database) as other:
                rows = other.execute("select o.state from links l join outbox o on o.number = l.number")
                self.seen += tuple(row[0] for row in rows)
            return [Receipt(letter.key, Answer.ACCEPTED, "") for letter in letters]

        async def close(self) -> None:
            pass

    with open_sink() as sink, open_world(database, sink) as world, connect(database) as connection:
        world.apply(make_documents({"w": flow}, template=template))
        for person in ("ada", "bob"):
            world.happens("Customer Identified", person, email=f"{person}@example.com")
            world.happens("Pricing Viewed", person)
        world.worker.run_until_idle()
        looking = Looking()
        dispatcher = Dispatcher(
            connection, SetClock(world.clock.now()), {"email": looking}, linker=Linker(BASE, SECRET)
        )
        dispatcher.run_until_idle()
        dispatcher.close()
        assert looking.seen == ("sending", "sending")
