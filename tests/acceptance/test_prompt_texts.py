"""Prompts in the team's own words: in the reader's language, never without the price or with a hole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from litestar.testing import TestClient

from tests.acceptance.test_prompts_api import ODD, Place
from tests.live_world import make_documents, open_world
from tests.stories.test_prompts import ON_REQUEST
from tests.stories.world import workflow
from upsell.ids import customer_unit
from upsell.runtime.explaining import stand_now
from upsell.runtime.made_up import CUSTOMER, preview_made_up
from upsell.runtime.previewing import Wanted, preview
from upsell.web.app import make_app
from upsell.workspace.compile import compile_documents

JOURNEY = "[{prompt: {placement: usage-page, content: room, offer: pro-annual}}, {wait: 7 days}]"
HELP = "[{prompt: {placement: tips-page, content: tips, intent: help, as: card}}, {wait: 7 days}]"
ON_TIPS = "{on: Placement Asked, where: \"properties.placement = 'tips-page'\"}"
ROOM = """\
title: Room for {{ usage.api_calls }} calls
paragraphs:
  - '{% if plan.name %}You are on {{ plan.name }}.{% endif %}'
  - "{% if customer.never_said %}Never.{% endif %}"
accept: Get {{ offer.name }}
later: Perhaps later
never: Never
link: {label: Compare, url: "/plans?from={{ plan.id }}"}
reasons: {too_expensive: Too dear, other_tool: We use another tool}
"""
GERMAN = """\
title: Platz für {{ usage.api_calls }} Aufrufe
paragraphs: ["Kostet {{ offer.price }}."]
accept: Nehmen
"""
TIPS = """\
title: Three tips
paragraphs: [Pack your reports.]
link: {label: Read on, url: https://acme.example/tips}
"""


def written(room: str = ROOM) -> dict[str, str]:
    keys = {
        "w": workflow(trigger=ON_REQUEST, journey=JOURNEY),
        "tips": workflow(trigger=ON_TIPS, journey=HELP),
    }
    texts = {"room": room, "room.de": GERMAN, "tips": TIPS}
    return {
        **make_documents(keys),
        **{f"templates/{name}.prompt.yaml": text for name, text in texts.items()},
    }


@pytest.fixture
def place(database: str) -> Iterator[Place]:
    with open_world(database) as world:
        world.apply(written())
        for who in ("ada", "bob"):
            world.happens("Usage Recorded", who, metric="api_calls", quantity=1234)
        app = make_app(database, world.clock)
        with TestClient(app) as client:
            yield Place(world, app, client)


def shown(place: Place, who: str = "ada", **more: Any) -> dict[str, Any]:
    said: dict[str, Any] = place.ask(who, **more).json()["prompt"]
    return said


def test_a_prompt_says_what_its_text_says_and_costs_what_its_terms_say(place: Place) -> None:
    said = shown(place, locale="en-US")
    assert said["title"] == "Room for 1,234 calls"
    assert said["paragraphs"] == ["You are on Free."]
    # 149 USD less ten per cent, by the stories' catalog.
    assert said["accept"] == {
        "label": "Get Pro · $134.10 per month",
        "price": 13_410,
        "currency": "USD",
    }
    assert said["price"] == "$134.10 per month instead of $149.00 per month"
    assert (said["words"]["later"], said["words"]["never"]) == ("Perhaps later", "Never")
    assert said["words"]["close"] == "Close"
    assert said["link"] == {"label": "Compare", "url": "/plans?from=free"}
    assert [each["value"] for each in said["reasons"]] == ["too_expensive", "other_tool"]


def test_a_text_is_in_the_language_of_the_page_else_of_the_customer_else_of_the_workspace(
    place: Place,
) -> None:
    german = shown(place, locale="de-DE")
    assert (german["lang"], german["title"]) == ("de", "Platz für 1.234 Aufrufe")
    assert "134,10" in german["paragraphs"][0]
    assert "134,10" in german["accept"]["label"]
    assert german["accept"]["label"].startswith("Nehmen · ")
    assert german["words"]["later"] == "Nicht jetzt"
    place.world.happens("Customer Identified", "bob", locale="de")
    assert shown(place, "bob")["lang"] == "de"
    french = shown(place, locale="fr-FR")
    assert (french["lang"], french["title"]) == ("en", "Room for 1,234 calls")


def test_a_prompt_without_an_offer_is_drawn_with_its_link_and_nothing_to_accept(place: Place) -> None:
    body = {"placement": "tips-page", "token": place.token("ada")}
    said = place.post("/v1/prompts", body).json()["prompt"]
    assert (said["title"], said["paragraphs"], said["kind"]) == ("Three tips", ["Pack your reports."], "card")
    assert said["link"] == {"label": "Read on", "url": "https://acme.example/tips"}
    assert said["words"] == {"later": "Not now", "close": "Close"}
    assert "accept" not in said
    assert "price" not in said


def test_a_text_with_a_hole_is_not_shown_and_the_words_of_the_offer_stand_for_it(place: Place) -> None:
    place.world.apply(written(ROOM.replace("{{ usage.api_calls }}", "{{ customer.team_name }}")))
    said = shown(place, "eve", locale="en-US")
    assert said["title"] == "Pro for a year"
    assert "$134.10" in said["accept"]["label"]
    assert said["words"]["later"] == "Not now"


def test_a_trait_cannot_lead_a_link_elsewhere(place: Place) -> None:
    place.world.apply(written(ROOM.replace("/plans?from={{ plan.id }}", "/{{ customer.team_name }}")))
    for name, led in (("a/b", "/a/b"), ("/evil.example", None), ("\\evil.example", None), ("a b", None)):
        place.world.happens("Customer Identified", "ada", team_name=name)
        link = shown(place, locale="en").get("link")
        assert (link and link["url"]) == led


def test_who_is_in_a_journey_keeps_the_text_it_entered_with(database: str, place: Place) -> None:
    first = shown(place, locale="en-US")
    place.world.settle()
    place.world.apply(written(ROOM.replace("Room for", "Space for")))
    again = shown(place, locale="en-US")
    assert (again["key"], again["title"]) == (first["key"], "Room for 1,234 calls")
    # What is known of revisions is read anew beside the requests; another server begins with the newest.
    with TestClient(make_app(database, place.world.clock)) as place.client:
        assert shown(place, locale="en-US")["title"] == "Room for 1,234 calls"
        assert shown(place, "bob", locale="en-US")["title"] == "Space for 1,234 calls"


@pytest.mark.parametrize("odd", ODD)
def test_no_locale_breaks_a_text(place: Place, odd: str) -> None:
    said = place.ask("ada", locale=odd)
    assert said.status_code == 200
    assert said.json()["prompt"]["title"]


def test_a_preview_of_a_prompt_says_what_is_shown(place: Place) -> None:
    place.world.settle()
    now = place.world.clock.now()
    stood = stand_now(place.world.connection, customer_unit("ada"), now)
    told = preview(
        stood.program, stood.household, Wanted("room", "ada", channel="prompt", locale="en-US"), now
    )
    said = shown(place, locale="en-US")
    assert (told.channel, told.letter.subject, told.offer) == ("prompt", said["title"], "pro-annual")
    for part in (
        *said["paragraphs"],
        said["price"],
        *said.get("terms", []),
        f"[{said['accept']['label']}]",
        "Compare: ",
    ):
        assert part in told.letter.text


def test_a_made_up_customer_is_shown_every_prompt() -> None:
    program = compile_documents(written()).program
    now = 1_790_000_000_000_000
    assert preview_made_up(program, Wanted("tips", CUSTOMER), now).letter.subject == "Three tips"
    german = preview_made_up(program, Wanted("room", CUSTOMER, locale="de"), now)
    assert german.letter.text.startswith("Kostet 134,10")
