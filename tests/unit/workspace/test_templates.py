"""A mail is a subject, HTML and plain text; all three are Liquid that knows its names."""

from __future__ import annotations

import pytest

from tests.unit.workspace.acme import compiled, with_change
from upsell.workspace.liquid_environment import html_environment, text_environment
from upsell.workspace.plain_text import plain_text


def test_a_mail_is_split_into_subject_html_and_text() -> None:
    content = compiled().program.workflows["api-quota"].contents["upgrade"]
    assert content.subject == "{{ offer.title }}"
    assert content.html.startswith("<p>Hello")
    assert content.text.startswith("Hello {{ customer.name")


def test_a_subject_may_begin_with_what_yaml_would_misread() -> None:
    changed = with_change(
        "templates/optimise-usage.html", "subject: Three", "subject: {{ plan.name }}: *three*"
    )
    content = compiled(changed).program.workflows["api-quota"].contents["optimise-usage"]
    assert content.subject.startswith("{{ plan.name }}: *three*")


@pytest.mark.parametrize(
    ("written", "subject"),
    [
        ('"{{ plan.name }}: more"', "{{ plan.name }}: more"),
        ("'{{ plan.name }}'", "{{ plan.name }}"),
        ('"{{ customer.name | default: "you" }}, more"', '{{ customer.name | default: "you" }}, more'),
        ('"Less" or "more"', '"Less" or "more"'),
        ('"', '"'),
        ('""', '""'),
    ],
)
def test_quotes_around_a_whole_subject_are_no_part_of_it(written: str, subject: str) -> None:
    changed = with_change(
        "templates/optimise-usage.html",
        "subject: Three ways to make {{ plan.name }} go further",
        f"subject: {written}",
    )
    content = compiled(changed).program.workflows["api-quota"].contents["optimise-usage"]
    assert content.subject == subject


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("<p>One</p><p>Two</p>", "One\n\nTwo\n"),
        ("One<br>Two", "One\nTwo\n"),
        ("<ul><li>One</li><li>Two</li></ul>", "- One\n- Two\n"),
        ('<a href="{{ link }}">Plans</a>', "Plans ({{ link }})\n"),
        ("<style>p{}</style><p>a &lt; b &amp; c</p>", "a < b & c\n"),
        ("<p>{% if usage.a < limits.a %}less{% endif %}</p>", "{% if usage.a < limits.a %}less{% endif %}\n"),
        ('<p>{{ "<b>" | escape }}</p>', '{{ "<b>" | escape }}\n'),
        ('<img src="x" alt="Logo"> <b>b</b>old', "Logo bold\n"),
        ("<p>   \n  many   \n\n spaces </p>", "many spaces\n"),
        ("<p>\ue0007\ue001</p>", "7\ue001\n"),
    ],
)
def test_plain_text_keeps_words_links_and_liquid(html: str, text: str) -> None:
    assert plain_text(html) == text


def test_values_are_escaped_in_html_and_stand_as_they_are_in_text() -> None:
    source, values = "{{ customer.name }}", {"customer": {"name": "<b>"}}
    assert html_environment().from_string(source).render(**values) == "&lt;b&gt;"
    assert text_environment().from_string(source).render(**values) == "<b>"
