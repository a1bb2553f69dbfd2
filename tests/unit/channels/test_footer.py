"""Footers: no mail that promotes lacks a way to leave or an address, and nothing is said twice."""

from __future__ import annotations

from email import message_from_bytes
from html import unescape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stories.world import CATALOG, SETTINGS, START, Story, workflow
from upsell.channels.channel import Letter
from upsell.channels.footer import leaving_headers, with_footer
from upsell.channels.languages import language_of
from upsell.channels.link_facts import LinkMint
from upsell.channels.mime import format_mail
from upsell.channels.render import write_letter
from upsell.journeys.program import Sender
from upsell.workspace.compile import compile_documents

LINKS = {"unsubscribe": "https://go.acme.example/u/T", "preferences": "https://go.acme.example/p/T"}
SENDER = Sender("Acme & Sons", "hello@acme.example", "1 Road <East>\nSpringfield")
MINT = LinkMint("https://go.acme.example", b"s" * 32)


def letter(html: str, *, intent: str = "help", text: str = "", german: str = "", **traits: Any) -> Letter:
    documents = {
        "upsell.yaml": SETTINGS,
        "catalog.yaml": CATALOG,
        "workflows/w.yaml": workflow(
            trigger="{on: Asked}", journey=f"[{{email: {{content: hello, intent: {intent}}}}}]"
        ),
        "templates/hello.html": f"---\nsubject: Hi\n---\n{html}\n",
    }
    if german:
        documents["templates/hello.de.html"] = f"---\nsubject: Hallo\n---\n{german}\n"
    if text:
        documents["templates/hello.txt"] = text
    story = Story(compile_documents(documents).program, delivers=False)
    story.happens("Customer Identified", email="ada@example.com", **traits).happens("Asked")
    (message,) = story.mails()
    return write_letter(story.program, story.household, message, START, MINT)


@pytest.mark.parametrize("intent", ["help", "show", "offer"])
def test_mail_that_promotes_says_how_to_leave_and_where_it_is_from(intent: str) -> None:
    offer = "offer, offer: pro-annual" if intent == "offer" else intent
    said = letter("<html><body><p>Tips</p></body></html>", intent=offer)
    headers = dict(said.headers)
    leave = headers["List-Unsubscribe"].strip("<>")
    assert leave.startswith("https://go.acme.example/u/")
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for part in (said.html, said.text):
        assert leave in part
        assert "1 Road" in part
        assert leave.replace("/u/", "/p/")[:26] in part
    assert said.html.rstrip().endswith("</body></html>"), "the footer stands within the page"


def test_service_is_no_promotion_and_has_no_footer() -> None:
    said = letter("<p>Your invoice</p>", intent="service")
    assert said.html == "<p>Your invoice</p>\n"
    assert not [name for name, _ in said.headers if name.startswith("List-Unsubscribe")]


def test_what_a_template_says_itself_is_not_said_twice() -> None:
    html = "<p>{{ sender.postal_address }}</p><a href='{{ links.unsubscribe }}'>Leave</a>"
    said = letter(html)
    assert said.html.count("/u/") == said.text.count("/u/") == 1
    assert said.html.count("1 Road") == said.text.count("1 Road") == 1
    assert said.headers, "the headers are there whatever the template says"


def test_a_text_beside_a_page_that_says_it_is_looked_at_by_itself() -> None:
    said = letter("<a href='{{ links.unsubscribe }}'>Leave</a>", text="Tips")
    assert (said.html.count("/u/"), said.text.count("/u/")) == (1, 1)


def test_a_footer_is_in_the_language_of_its_mail() -> None:
    assert "Abmelden" in letter("<p>Tips</p>", german="<p>Tipps</p>", locale="de_AT").text
    assert "Unsubscribe" in letter("<p>Tips</p>", german="<p>Tipps</p>", language="fr").text
    assert "Unsubscribe" in letter("<p>Tips</p>", locale="de").text, "a mail is in one language"


@given(st.sampled_from(["", "<p>{}</p>", "<td>{}<br></td></BODY >", "<i>{}</i> 1 Road"]), st.booleans())
def test_a_page_has_its_address_once_however_it_is_written(page: str, is_broken: bool) -> None:  # drawn
    address = "1 Road &lt;East&gt;<br>Springfield" if is_broken else "1 Road &lt;East&gt;\nSpringfield"
    html, text = with_footer(page.format(address), "", SENDER, LINKS, "en")
    assert " ".join(unescape(html).replace("<br>", " ").split()).count("1 Road <East> Springfield") == 1
    assert text.count("1 Road <East>") == 1
    assert (html.count("/u/T"), text.count("/u/T")) == (1, 1)


def test_without_links_nobody_is_promised_a_way() -> None:
    assert leaving_headers({}) == ()


def test_headers_stand_in_the_mail_one_line_each() -> None:
    said = letter("<p>Tips</p>")
    parsed = message_from_bytes(format_mail(said))
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert parsed["List-Unsubscribe"].strip() == dict(said.headers)["List-Unsubscribe"]


@pytest.mark.parametrize(
    "header", [("X\r\nBcc", "a"), ("X", "a\r\nBcc: b"), ("X", ""), ("X", " a"), ("X", "ä"), ("", "a")]
)
def test_nothing_that_is_no_header_becomes_one(header: tuple[str, str]) -> None:
    said = Letter("k", "A", "a@a.example", "b@b.example", "S", "", "", START, headers=(header,))
    with pytest.raises(ValueError, match="header field of one line"):
        format_mail(said)


@pytest.mark.parametrize(
    ("traits", "accepted", "language"),
    [
        ({}, "", "en"),
        ({"locale": "de-CH"}, "en", "de"),
        ({"locale": "DE_de"}, "", "de"),
        ({"language": "German"}, "", "en"),
        ({"locale": "fr", "language": "de"}, "", "de"),
        ({"locale": 7}, "", "en"),
        ({}, "fr;q=0.9, de;q=0.8, en;q=0.1", "de"),
        ({}, "en;q=0.2, de-AT", "de"),
        ({}, "de;q=0, en", "en"),
        ({}, "de;q=x", "en"),
        ({}, ";;,,;q=", "en"),
        ({"locale": "en"}, "de", "en"),
    ],
)
def test_a_language_is_what_is_known_then_what_is_accepted_else_english(
    traits: dict[str, str], accepted: str, language: str
) -> None:
    assert language_of(traits, accepted) == language


def test_a_template_that_says_how_to_leave_still_gets_a_link_to_choose() -> None:
    leave = LINKS["unsubscribe"]
    html, text = with_footer(f'<a href="{leave}">leave</a>', f"leave ({leave})", SENDER, LINKS, "en")
    for part in (html, text):
        assert part.count(leave) == 1
        assert part.count(LINKS["preferences"]) == 1


@pytest.mark.parametrize("postal_address", ["Acme & Sons, 1 Road", "ACME & Sons\n1 Road"])
def test_a_name_that_begins_the_postal_address_is_not_said_twice(postal_address: str) -> None:
    sender = Sender("Acme & Sons", "hello@acme.example", postal_address)
    html, text = with_footer("<p>Tips</p>", "Tips", sender, LINKS, "en")
    for part in (unescape(html), text):
        assert part.casefold().count("acme & sons") == 1
        assert "1 Road" in part
