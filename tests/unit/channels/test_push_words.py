"""What a notification says beside its title and text: where it leads, and how those like it are ended."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stories.world import CATALOG, SETTINGS, START, Story, workflow
from upsell.channels.devices import Notification
from upsell.channels.link_facts import OFFER, UNSUBSCRIBE, LinkMint, link_to
from upsell.channels.render import write_letter
from upsell.errors import DeliveryError
from upsell.journeys.effects import Speak
from upsell.workspace.compile import compile_documents

MINT = LinkMint("https://upsell.acme.example", bytes(32))
OFFERS = "[{push: {content: near, intent: offer, offer: pro-annual}}]"
SERVES = "[{push: {content: near, intent: service}}]"


def notification(link: str, journey: str = OFFERS, **traits: Any) -> tuple[Notification, str]:
    """Write a push; give what it has beside its words, and its message's key."""
    head = f"link: {link}\n" if link else ""
    documents = {
        "upsell.yaml": SETTINGS,
        "catalog.yaml": CATALOG,
        "workflows/w.yaml": workflow(trigger="{on: Pricing Viewed}", journey=journey),
        "templates/near.push.txt": f"---\ntitle: Near\n{head}---\nYou are near your limit\n",
    }
    story = Story(compile_documents(documents).program, delivers=False)
    story.happens("Customer Identified", push_token="token-0123456789", **traits)
    story.happens("Pricing Viewed")
    (message,) = [effect for effect in story.effects if isinstance(effect, Speak)]
    letter = write_letter(story.program, story.household, message, START, MINT)
    assert (letter.subject, letter.text, letter.html) == ("Near", "You are near your limit\n", "")
    assert letter.notification is not None
    return letter.notification, message.key


def test_it_leads_where_its_template_says_with_what_is_known_of_the_person() -> None:
    link = "https://acme.example/usage?plan={{ plan.name }}&c={{ customer.code }}"
    assert notification(link, code="a-1")[0].link == "https://acme.example/usage?plan=Free&c=a-1"
    assert notification("")[0].link == ""


def test_it_may_lead_to_its_offer() -> None:
    told, key = notification('"{% if links.offer %}{{ links.offer }}{% endif %}"')
    assert told.link == link_to(MINT, OFFER, key)


def test_those_that_promote_can_be_ended_and_those_about_what_one_has_cannot() -> None:
    told, key = notification("")
    assert (told.stop, told.stop_label) == (link_to(MINT, UNSUBSCRIBE, key), "Stop these")
    assert notification("", locale="de-AT")[0].stop_label == "Stop these", (
        "the words are the template's language"
    )
    served = notification("", SERVES)[0]
    assert (served.stop, served.stop_label) == ("", "")


def test_a_link_that_comes_to_none_is_not_sent() -> None:
    with pytest.raises(DeliveryError, match="leads to no web address"):
        notification("https://acme.example/{{ customer.path }}", path="x" * 4_000)
