"""Rendering: a letter says what is known, and is not written where something is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
    html: str,
    *,
    subject: str = "Hi",
    text: str | None = None,
    email: str = "ada@example.com",
    files: Mapping[str, str] | None = None,
    settings: str = "",
    **traits: Any,
) -> Letter:
    documents = {
        "upsell.yaml": SETTINGS + settings,
        "catalog.yaml": CATALOG,
        "workflows/w.yaml": workflow(trigger="{on: Pricing Viewed}", journey=JOURNEY),
        "templates/hello.html": f"---\nsubject: {subject}\n---\n{html}\n",
        **(files or {}),
    }
    if text is not None:
        documents["templates/hello.txt"] = text
    program = compile_documents(documents).program
    story = Story(program, delivers=False)
    story.happens("Customer Identified", email="ada@example.com", known_as="<b>Ada</b> & co", nothing=None)
    story.happens("Usage Recorded", metric="api_calls", quantity=90)
    story.happens("Pricing Viewed")
    (message,) = [effect for effect in story.effects if isinstance(effect, Speak)]
    story.happens("Customer Identified", email=email, **traits)
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


SAID = "{{ offer.price }} {{ usage.api_calls }} {{ locale }}"
GERMAN = {"templates/hello.de.html": f"---\nsubject: Hallo\n---\n{SAID}\n"}


@pytest.mark.parametrize(
    ("traits", "subject", "html"),
    [
        ({}, "Hi", "$134.10 90 en\n"),
        ({"locale": "de"}, "Hallo", "134,10\xa0$ 90 de\n"),
        ({"locale": "de_AT"}, "Hallo", "$\xa0134,10 90 de-AT\n"),
        ({"language": "de"}, "Hallo", "134,10\xa0$ 90 de\n"),
        ({"locale": "nonsense", "language": "de"}, "Hallo", "134,10\xa0$ 90 de\n"),
        ({"locale": "en-GB"}, "Hi", "US$134.10 90 en-GB\n"),
        ({"locale": "fr"}, "Hi", "$134.10 90 en\n"),
        ({"locale": 7}, "Hi", "$134.10 90 en\n"),
    ],
)
def test_a_letter_is_in_the_language_of_whom_it_is_for(
    traits: dict[str, Any], subject: str, html: str
) -> None:
    letter = render(SAID, files=GERMAN, **traits)
    assert (letter.subject, letter.html) == (subject, html)


def test_dates_are_on_the_calendar_of_whom_it_is_for() -> None:
    said = "{{ customer.since }} {{ customer.since | date: 'time' }}"
    letter = render(said, since="2026-11-26T23:30:00Z", timezone="Asia/Tokyo", code="2026", locale="en-GB")
    assert letter.html == "27 November 2026 08:30\n"
    assert render("{{ customer.since }}", since="2026-11-26").html == "2026-11-26\n"


def test_numbers_among_traits_stay_as_they_came() -> None:
    assert render("{{ customer.zip }}", zip=12345).html == "12345\n"


@pytest.mark.parametrize(
    "where",
    ["subject", "preheader", "html", "text", "partial", "value of a partial", "locale", "locale's partial"],
)
def test_a_hole_anywhere_stops_the_letter_and_is_named(where: str) -> None:
    hole = "{{ customer.gone }}"
    files = {
        "templates/hello.html": f"---\nsubject: Hi{hole * (where == 'subject')}\n"
        f"preheader: See{hole * (where == 'preheader')}\n---\nHello{hole * (where == 'html')}"
        "{% render 'part', value: customer.gone %}\n",
        "templates/hello.txt": f"Hello{hole * (where == 'text')}\n",
        "templates/partials/part.html": "x"
        + hole * (where == "partial")
        + "{{ value }}" * (where == "value of a partial"),
        "templates/hello.de.html": f"---\nsubject: Hallo\n---\nHallo{hole * (where == 'locale')}"
        "{% render 'part' %}\n",
        "templates/partials/part.de.html": "x" + hole * (where == "locale's partial"),
    }
    locale = "de" if where.startswith("locale") else "en"
    with pytest.raises(DeliveryError, match=r"customer\.gone") as caught:
        render("", files=files, locale=locale)
    assert not caught.value.is_temporary
    assert render("", files={**files, **_whole(files)}, locale=locale).html


def _whole(files: Mapping[str, str]) -> dict[str, str]:
    """Give the same files without what has no value."""
    return {
        path: text.replace("{{ customer.gone }}", "").replace("{{ value }}", "")
        for path, text in files.items()
    }


@pytest.mark.parametrize(
    "source",
    [
        "{{ customer.email | date }}",
        "{{ 1 | divided_by: 0 }}",
        "{{ 12 | money: 'NIX' }}",
        "{{ customer.email | number }}",
    ],
)
def test_what_a_filter_cannot_write_stops_the_letter(source: str) -> None:
    with pytest.raises(DeliveryError, match="the template hello cannot be rendered"):
        render(source)


def test_texts_and_push_are_in_the_language_of_whom_they_are_for() -> None:
    documents = {
        "upsell.yaml": SETTINGS,
        "catalog.yaml": CATALOG,
        "workflows/w.yaml": workflow(
            trigger="{on: Pricing Viewed}", journey="[{sms: {content: hello, intent: help}}]"
        ),
        "templates/hello.sms.txt": "You have used {{ usage.api_calls }}.",
        "templates/hello.de.sms.txt": "Sie haben {{ usage.api_calls }} genutzt.",
        "templates/hello.fr.push.txt": "---\ntitle: x\n---\nx\n",
        "templates/hello.push.txt": "---\ntitle: x\n---\nx\n",
    }
    program = compile_documents(documents).program
    said = {}
    for locale in ("de", "fr"):
        story = Story(program, delivers=False)
        story.happens("Customer Identified", phone="+4915112345678", locale=locale)
        story.happens("Usage Recorded", metric="api_calls", quantity=1234.5)
        story.happens("Pricing Viewed")
        (message,) = [effect for effect in story.effects if isinstance(effect, Speak)]
        said[locale] = write_letter(program, story.household, message, START).text
    assert said == {"de": "Sie haben 1.234,5 genutzt.", "fr": "You have used 1,234.5."}
