"""Links of letters: they name a message and nobody, open for their purpose alone, and open for ever."""

from __future__ import annotations

import pytest

from tests.stories.world import Story, make_program, workflow
from upsell.channels.link_facts import LinkMint, key_token, link_facts, open_key
from upsell.clock import DAY
from upsell.ids import digest

SECRET, OTHER = b"s" * 32, b"o" * 32
KEY = digest("message", "e", "s", "1", "ada", "email")


def test_a_letter_without_a_mint_has_no_links() -> None:
    program = make_program(
        {"w": workflow(trigger="{on: Asked}", journey="[{email: {content: t1, intent: help}}]")}
    )
    (message,) = Story(program).happens("Asked").mails()
    assert link_facts(message, None) == {}
    links = link_facts(message, LinkMint("https://go.acme.example/x", SECRET))
    assert {name: link[: link.rindex("/") + 1] for name, link in links.items()} == {
        "unsubscribe": "https://go.acme.example/x/u/",
        "preferences": "https://go.acme.example/x/p/",
        "downgrade": "https://go.acme.example/x/d/",
    }
    token = links["unsubscribe"].rpartition("/")[2]
    assert open_key([SECRET], "unsubscribe", token, 0) == message.key
    assert open_key([SECRET], "preferences", token, 0) is None


def test_the_link_of_an_offer_is_there_where_one_is_made() -> None:
    journey = "[{email: {content: t1, intent: offer, offer: pro-annual}}]"
    program = make_program({"w": workflow(trigger="{on: Asked}", journey=journey)})
    (message,) = Story(program).happens("Asked").mails()
    link = link_facts(message, LinkMint("https://go.acme.example", SECRET))["offer"]
    assert link.startswith("https://go.acme.example/a/")
    token = link.rpartition("/")[2]
    assert open_key([SECRET], "offer", token, 40 * 365 * DAY) == message.key
    assert open_key([SECRET], "downgrade", token, 0) is None


@pytest.mark.parametrize("key", [KEY, "k1", KEY.upper(), "ab" * 15])
def test_a_key_comes_out_as_it_went_in_however_old_the_link_is(key: str) -> None:
    token = key_token(SECRET, "unsubscribe", key)
    assert open_key([OTHER, SECRET], "unsubscribe", token, 40 * 365 * DAY) == key
    assert open_key([OTHER], "unsubscribe", token, 0) is None


def test_a_token_is_short_and_fit_for_a_path() -> None:
    token = key_token(SECRET, "unsubscribe", KEY)
    assert len(token) == 43
    assert token.replace("-", "").replace("_", "").isalnum()
