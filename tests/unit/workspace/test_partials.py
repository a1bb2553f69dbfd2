"""Partials stand for themselves, are written out where they are used, and are frozen with what uses them."""

from __future__ import annotations

import pytest

from tests.unit.workspace.mails import content_of, mjml, of_mails, problems, told_of
from upsell.workspace.compile import compile_documents
from upsell.workspace.liquid_environment import html_environment


def html(within: str) -> str:
    return f"---\nsubject: Tips\n---\n{within}\n"


def rendered(files: dict[str, str], **facts: object) -> str:
    return html_environment().from_string(content_of(files).html).render(**facts)


def test_a_partial_sees_what_it_is_given_and_what_every_template_may_name() -> None:
    files = {
        "tips.html": html("{% assign secret = 1 %}{% render 'go', label: customer.first_name %}"),
        "partials/go.html": "[{{ label }} {{ sender.name }}{% if secret %} leak{% endif %}]",
    }
    said = rendered(files, customer={"first_name": "A&B"}, sender={"name": "Acme"})
    assert said == "[A&amp;B Acme]\n"


def test_a_partial_may_be_used_for_each_of_a_list() -> None:
    files = {
        "tips.html": html("{% render 'row' for plans as plan %}{% render 'row', plan: plan %}"),
        "partials/row.html": "{{ plan.name }}{% if forloop.first %}!{% endif %};",
    }
    said = rendered(files, plans=[{"name": "A"}, {"name": "B"}], plan={"name": "C"})
    assert said == "A!;B;C;\n"


def test_partials_of_mjml_stand_between_tags_and_of_html_in_words() -> None:
    files = {
        "tips.mjml": mjml("{% render 'row', words: 'Hi' %}<mj-text>{% render 'name' %}</mj-text>"),
        "partials/row.mjml": "<mj-text>{{ words }}</mj-text>",
        "partials/name.html": "<b>{{ customer.first_name }}</b>",
    }
    said = rendered(files, customer={"first_name": "Ada"})
    assert "Hi" in said
    assert "<b>Ada</b>" in said


def test_a_partial_is_taken_in_the_language_of_its_template() -> None:
    files = {
        "tips.html": html("{% render 'bye' %}"),
        "tips.de.html": html("{% render 'bye' %}"),
        "partials/bye.html": "Bye",
        "partials/bye.de.html": "Tschüss",
    }
    content = content_of(files)
    environment = html_environment()
    assert environment.from_string(content.html).render() == "Bye\n"
    assert environment.from_string(content.locales["de"].html).render() == "Tschüss\n"


def test_a_word_of_a_partial_makes_another_version_of_the_workflow() -> None:
    files = {"tips.html": html("{% render 'bye' %}"), "partials/bye.html": "Bye"}
    first, second, third = (
        compile_documents(of_mails(each)).program.workflows["room"].version
        for each in (
            files,
            files | {"partials/bye.html": "Bye now"},
            files | {"partials/unused.html": "Nobody reads this"},
        )
    )
    assert first != second
    assert first == third


@pytest.mark.parametrize(
    ("files", "code", "file", "said"),
    [
        (
            {"tips.html": html("{% render 'by' %}"), "partials/bye.html": "x"},
            "unknown-partial",
            "tips.html",
            "got by",
        ),
        (
            {"tips.html": html("{% render name %}")},
            "unknown-partial",
            "tips.html",
            "in quotes, got a variable",
        ),
        (
            {"tips.html": html("{% render 'go' %}"), "partials/go.mjml": "<mj-text>x</mj-text>"},
            "unknown-partial",
            "tips.html",
            "expected templates/partials/go.html",
        ),
        (
            {
                "tips.html": html("{% render 'a' %}"),
                "partials/a.html": "{% render 'b' %}",
                "partials/b.html": "\n{% render 'a' %}",
            },
            "recursive-partial",
            "partials/b.html",
            "a → b → a",
        ),
        (
            {"tips.html": html("{% render 'go', labl: 'x' %}"), "partials/go.html": "{{ label }}"},
            "partial-value",
            "tips.html",
            "expected label for the partial go, got labl",
        ),
        (
            {"tips.html": html("{% render 'go' %}"), "partials/go.html": "\n{{ sender.nam }}"},
            "unknown-variable",
            "partials/go.html",
            "got sender.nam",
        ),
        (
            {"tips.html": html("x"), "partials/go.html": "{{ sender.name | upcas }}"},
            "unknown-filter",
            "partials/go.html",
            "got upcas",
        ),
        (
            {"tips.mjml": mjml("{% render 'go' %}"), "partials/go.mjml": "<mj-section></mj-section>"},
            "mjml",
            "tips.mjml",
            "expected a partial that fits into <mj-column>, got go with <mj-section>",
        ),
        (
            {"tips.mjml": mjml("{% render 'go' %}"), "partials/go.mjml": "\n<mj-txt>x</mj-txt>"},
            "mjml",
            "partials/go.mjml",
            "got <mj-txt>",
        ),
        ({"tips.html": html("{% within 'go' %}{% endwithin %}")}, "liquid-syntax", "tips.html", "within"),
        (
            {"tips.html": html("{% liquid\nrender 'go'\n%}"), "partials/go.html": "x"},
            "liquid-syntax",
            "tips.html",
            "render",
        ),
        ({"tips.html": html("x"), "partials/go.md": "x"}, "unread-file", "partials/go.md", "end in .mjml"),
    ],
)
def test_what_is_wrong_with_a_partial_is_told_where_it_is_written(
    files: dict[str, str], code: str, file: str, said: str
) -> None:
    told = problems(files)
    assert [(each.code, each.file) for each in told] == [(code, f"templates/{file}")], [*map(str, told)]
    assert said in told[0].message


def test_a_value_that_a_partial_asks_for_need_not_be_given() -> None:
    files = {
        "tips.html": html("{% render 'go' %}{% render 'go', label: 'x' %}"),
        "partials/go.html": "({% if label %}{{ label }}{% endif %}{{ note | default: '-' }})",
    }
    assert rendered(files) == "(-)(x-)\n"


def test_a_partial_within_a_comment_is_not_looked_for() -> None:
    assert told_of({"tips.html": html("{% comment %}{% render 'gone' %}{% endcomment %}x")}) == []


def test_partials_that_multiply_without_end_are_stopped() -> None:
    files = {"tips.html": html("{% render 'p0' %}")}
    for number in range(12):
        files[f"partials/p{number}.html"] = f"{{% render 'p{number + 1}' %}}" * 8
    files["partials/p12.html"] = "x" * 100
    assert {code for code, *_ in told_of(files)} == {"too-large"}


def test_a_partial_does_not_see_what_the_text_around_it_calls_by_the_same_name() -> None:
    said = {
        "tips.html": html(
            "{% assign sender = plan %}{% render 'p' %}{% for plan in plans %}{% render 'q' %}{% endfor %}"
        )
    }
    said |= {"partials/p.html": "{{ sender.name }};", "partials/q.html": "{{ plan.name }};"}
    facts = {"sender": {"name": "Acme"}, "plan": {"name": "Team"}, "plans": [{"name": "Free"}]}
    assert rendered(said, **facts) == "Acme;Team;\n"
    nested = {
        "tips.html": html("{% render 'row', plan: sender %}"),
        "partials/row.html": "{{ plan.name }}{% render 'q' %}",
        "partials/q.html": ":{{ plan.name }}",
    }
    assert rendered(nested, **facts) == "Acme:Team\n"
