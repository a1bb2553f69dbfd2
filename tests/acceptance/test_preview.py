"""A preview is what would be sent: the same words, from the same facts, by the same way."""

from __future__ import annotations

import email
import email.policy
import re
from pathlib import Path

import pytest

from tests.live_world import LiveWorld, make_documents, open_world
from tests.sinks import open_sink
from tests.stories.world import workflow
from upsell.channels.channel import Letter
from upsell.errors import ConfigError, DeliveryError
from upsell.ids import customer_unit
from upsell.runtime.explaining import stand_now, stand_past
from upsell.runtime.made_up import CUSTOMER, preview_made_up
from upsell.runtime.previewing import Preview, Wanted, preview
from upsell.workspace.compile import compile_documents, compile_workspace

SAAS = Path(__file__).parents[2] / "examples" / "saas"
JOURNEY = "[{email: {content: t1, intent: offer, offer: pro-annual}}]"
TEMPLATE = """---
subject: {name} for {{{{ customer.name }}}}
preheader: Only {{{{ offer.price }}}}
---
<p>{{{{ customer.name }}}}: {{{{ offer.title }}}} at {{{{ offer.price }}}}, {{{{ usage.api_calls }}}} used</p>
"""


def begin(world: LiveWorld) -> None:
    asks = workflow(trigger="{on: Asked, again_after: 1 hour}", journey=JOURNEY)
    german = TEMPLATE.format(name="t1").replace("used", "genutzt")
    files = {"templates/t1.de.html": german, **make_documents({"w": asks}, template=TEMPLATE)}
    world.apply(files)
    world.happens("Customer Identified", "ada", email="ada@example.com", name="Ada & Co", locale="de-AT")
    world.happens("Usage Recorded", "ada", metric="api_calls", quantity=1234.5)
    world.settle()


def unsealed(text: str) -> str:
    """Give a text with the links that are made with a secret as they are in any mail."""
    return " ".join(re.sub(r"https?://[^/\s]+(/[upad]/)[\w-]+", r"\1", text).split())


def shown(world: LiveWorld, **said: str) -> Preview:
    now = world.clock.now()
    stood = stand_now(world.connection, customer_unit("ada"), now)
    return preview(stood.program, stood.household, Wanted("t1", "ada", **said), now)


@pytest.mark.postgres
def test_a_preview_shows_what_is_then_sent(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        begin(world)
        before = shown(world)
        assert before.preheader == "Only $\xa0134,10"
        assert (before.locale, before.workflow, before.offer) == ("de-AT", "w", "pro-annual")
        assert world.rows("select 1 from outbox") == []
        world.happens("Asked", "ada")
        world.settle()
        (content,) = sink.contents
        sent = email.message_from_bytes(content, policy=email.policy.default)
        assert sent["Subject"] == before.letter.subject == "t1 for Ada & Co"
        body = sent.get_body(("html",))
        assert body is not None
        assert unsealed(body.get_content()) == unsealed(before.letter.html)
        plain = sent.get_body(("plain",))
        assert plain is not None
        assert unsealed(plain.get_content()) == unsealed(before.letter.text)


@pytest.mark.postgres
def test_a_preview_of_the_past_is_from_what_was_known_then(database: str) -> None:
    with open_world(database) as world:
        begin(world)
        then = world.clock.now()
        world.after(3600 * 1_000_000)
        world.happens("Customer Identified", "ada", name="Somebody else")
        stood = stand_past(world.connection, customer_unit("ada"), then)
        assert preview(stood.program, stood.household, Wanted("t1", "ada"), then).letter.subject == (
            "t1 for Ada & Co"
        )
        assert shown(world).letter.subject == "t1 for Somebody else"


@pytest.mark.postgres
def test_a_preview_may_be_in_another_language(database: str) -> None:
    with open_world(database) as world:
        begin(world)
        assert "134,10" in shown(world).letter.html
        assert "genutzt" in shown(world).letter.html
        english = shown(world, locale="en")
        assert "$134.10, 1,234.5 used" in english.letter.html


@pytest.mark.postgres
def test_what_cannot_be_shown_is_refused_with_what_to_do(database: str) -> None:
    with open_world(database) as world:
        begin(world)
        with pytest.raises(ConfigError, match="that w sends, got t9; known: t1"):
            stood = stand_now(world.connection, customer_unit("ada"), world.clock.now())
            preview(stood.program, stood.household, Wanted("t9", "ada", "w"), world.clock.now())
        with pytest.raises(ConfigError, match="expected the key of a workflow, got v"):
            shown(world, workflow="v")
        with pytest.raises(ConfigError, match="by which w sends t1, got sms; known: email"):
            shown(world, channel="sms")
        world.happens("Customer Identified", "ada", email="nobody")
        with pytest.raises(DeliveryError, match="to be a plain address"):
            shown(world)


def made_up(template: str, locale: str | None = None) -> Letter:
    program = compile_workspace(SAAS).program
    return preview_made_up(program, Wanted(template, CUSTOMER, locale=locale), 1_764_000_000_000_000).letter


@pytest.mark.parametrize("locale", [None, "de"])
def test_a_made_up_customer_sees_every_template_of_the_example(locale: str | None) -> None:
    program = compile_workspace(SAAS).program
    names = {name for each in program.workflows.values() for name in each.contents}
    assert len(names) == 9
    for name in names:
        letter = made_up(name, locale)
        assert letter.recipient == "ada@example.com"
        assert "Ada" in letter.text
        assert "Acme Reports, 12 Example Street" in letter.text
        assert "[" not in letter.text


def test_an_offer_that_nobody_could_be_made_is_told() -> None:
    documents = dict(
        make_documents({"w": workflow(trigger="{on: Asked}", journey=JOURNEY)}, template=TEMPLATE)
    )
    documents["catalog.yaml"] = documents["catalog.yaml"].replace(
        "reason: More calls, discount", "available_until: 2020-01-01, reason: More calls, discount"
    )
    program = compile_documents(documents).program
    with pytest.raises(ConfigError, match=r"expected that the offer pro-annual can be made to .*--example"):
        preview_made_up(program, Wanted("t1", CUSTOMER), 1_764_000_000_000_000)
