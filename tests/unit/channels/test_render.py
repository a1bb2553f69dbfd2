"""Rendering: a letter says what is known, and is not written where something is missing."""

from __future__ import annotations

import msgspec
import pytest

from tests.stories.world import CATALOG, SETTINGS, START, Story, workflow
from upsell.channels.channel import Letter
from upsell.channels.render import write_letter
from upsell.errors import DeliveryError
from upsell.journeys.effects import Speak
from upsell.workspace.compile import compile_documents

JOURNEY = "[{email: {content: hello, intent: offer, offer: pro-annual}}]"


def render(
    html: str, *, subject: str = "Hi", text: str | None = None, email: str = "ada@example.com"
) -> Letter:
    documents = {
        "upsell.yaml": SETTINGS,
        "catalog.yaml": CATALOG,
        "workflows/w.yaml": workflow(trigger="{on: Pricing Viewed}", journey=JOURNEY),
        "templates/hello.html": f"---\nsubject: {subject}\n---\n{html}\n",
    }
    if text is not None:
        documents["templates/hello.txt"] = text
    program = compile_documents(documents).program
    story = Story(program, delivers=False)
    story.happens("Customer Identified", email="ada@example.com", known_as="<b>Ada</b> & co", nothing=None)
    story.happens("Usage Recorded", metric="api_calls", quantity=90)
    story.happens("Pricing Viewed")
    (message,) = [effect for effect in story.effects if isinstance(effect, Speak)]
    story.happens("Customer Identified", email=email)
    return write_letter(program, story.household, message, START)


def test_a_letter_names_who_what_and_from_whom() -> None:
    html = (
        "{{ customer.email }} {{ plan.name }} {{ usage.api_calls }}/{{ limits.api_calls }} "
        "{{ offer.title }} {{ offer.price }} {{ offer.discount }} {{ trigger.event }} "
        "{{ workflow.name }} {{ sender.postal_address }}"
    )
    letter = render(html, subject="Hi {{ customer.email }}")
    assert letter.html == (
        "ada@example.com Free 90/100 Pro for a year $134.10 10% Pricing Viewed A workflow 1 Road\n"
    )
    assert (letter.subject, letter.recipient) == ("Hi ada@example.com", "ada@example.com")
    assert (letter.sender_name, letter.sender) == ("Acme", "hello@acme.example")


def test_what_a_customer_said_is_escaped_in_html_and_not_in_text() -> None:
    letter = render(
        "{{ customer.known_as }}", subject="{{ customer.known_as }}", text="{{ customer.known_as }}"
    )
    assert letter.html == "&lt;b&gt;Ada&lt;/b&gt; &amp; co\n"
    assert letter.subject == letter.text == "<b>Ada</b> & co"


@pytest.mark.parametrize(
    "missing", ["customer.first_name", "customer.nothing", "account.name", "subscription.plan"]
)
def test_a_name_without_a_value_stops_the_letter_and_is_named(missing: str) -> None:
    with pytest.raises(DeliveryError, match=missing.replace(".", r"\.")) as caught:
        render(f"Hello {{{{ {missing} }}}}")
    assert not caught.value.is_temporary


def test_a_template_may_ask_whether_a_name_has_a_value() -> None:
    letter = render(
        "{% if customer.first_name %}x{% else %}friend{% endif %} {{ customer.nothing | default: 'y' }}"
    )
    assert letter.html == "friend y\n"


@pytest.mark.parametrize("email", ["nobody", "ada@example.com\nBcc: eve@example.com"])
def test_somebody_without_a_plain_address_is_not_written_to(email: str) -> None:
    with pytest.raises(DeliveryError, match="plain address"):
        render("Hello", email=email)


def test_a_template_that_does_not_end_is_stopped() -> None:
    with pytest.raises(DeliveryError, match="cannot be rendered"):
        render("{% for n in (1..1000000000) %}x{% endfor %}")


def test_a_template_of_another_version_is_not_looked_for_elsewhere() -> None:
    with pytest.raises(DeliveryError, match="found none in its version"):
        program = compile_documents(
            {
                "upsell.yaml": SETTINGS,
                "catalog.yaml": CATALOG,
                "workflows/w.yaml": workflow(trigger="{on: Pricing Viewed}", journey=JOURNEY),
                "templates/hello.html": "---\nsubject: Hi\n---\nHello\n",
            }
        ).program
        story = Story(program, delivers=False).happens("Pricing Viewed")
        (message,) = [effect for effect in story.effects if isinstance(effect, Speak)]
        write_letter(program, story.household, msgspec.structs.replace(message, version="gone"), START)
