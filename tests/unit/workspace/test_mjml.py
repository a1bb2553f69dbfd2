"""MJML is compiled once; Liquid goes through it untouched, and what is wrong is told with its line."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.workspace.mails import content_of, mjml, problems, told_of
from upsell.workspace.findings import Findings
from upsell.workspace.liquid_environment import html_environment
from upsell.workspace.liquid_text import PIECE, LiquidText
from upsell.workspace.mjml import check_mjml, compile_mjml
from upsell.workspace.mjml_tags import ATTRIBUTES, CHILDREN, HTML_INSIDE, NOTHING_INSIDE, TAKES_LIQUID


def html_of(within: str, head: str = "subject: Tips") -> str:
    return content_of({"tips.mjml": mjml(within, head)}).html


def test_mjml_becomes_html_and_liquid_stays_as_it_was_written() -> None:
    html = html_of(
        '<mj-text>Hello {{ customer.first_name | default: "<you> & all" }}</mj-text>\n'
        '<mj-button href="https://acme.example/?a={{ customer.email | url_encode }}&b=1">Go</mj-button>'
    )
    assert html.startswith("<!doctype html>")
    assert '{{ customer.first_name | default: "<you> & all" }}' in html
    assert 'href="https://acme.example/?a={{ customer.email | url_encode }}&b=1"' in html
    assert "mj-" not in re.sub(r'class="[^"]*"|\.mj-[\w-]*', "", html)


def test_nothing_is_loaded_from_others_that_nobody_wrote() -> None:
    html = html_of('<mj-text>Hello.</mj-text><mj-button href="https://acme.example/up">Go</mj-button>')
    assert set(re.findall(r"https?://([\w.-]+)", html)) <= {"acme.example", "www.w3.org"}
    assert "@import" not in html


def test_loops_and_branches_may_stand_around_tags() -> None:
    html = html_of(
        "{% for each in plans %}<mj-text>{{ each.name }}.</mj-text>"
        "{% else %}<mj-text>None.</mj-text>{% endfor %}"
        "{% if customer.first_name %}\n<mj-text>You.</mj-text>\n{% endif %}"
    )
    template = html_environment().from_string(html)
    plans = [{"name": "Team"}, {"name": "Business"}]
    said = template.render(plans=plans, customer={})
    assert said.index("Team.") < said.index("Business.")
    assert said.count("<tr>") == said.count("</tr>")
    assert "None." not in said
    assert "You." not in said
    assert "None." in template.render(plans=[], customer={"first_name": "Ada"})


def test_loops_may_stand_around_sections_and_columns() -> None:
    source = (
        "---\nsubject: Tips\n---\n<mjml><mj-body>{% for each in plans %}<mj-section>{% if each.is_present %}"
        "<mj-column><mj-text>{{ each.name }}</mj-text></mj-column>{% endif %}</mj-section>{% endfor %}"
        "</mj-body></mjml>"
    )
    html = content_of({"tips.mjml": source}).html
    plans = [{"name": "Team", "is_present": True}, {"name": "Business", "is_present": False}]
    said = html_environment().from_string(html).render(plans=plans)
    assert "Team" in said
    assert "Business" not in said
    assert said.count("<table") == said.count("</table>")


@pytest.mark.parametrize(
    ("within", "line", "said"),
    [
        ("<mj-txt>x</mj-txt>", 8, "expected a tag of MJML, got <mj-txt>"),
        ("\n<mj-section></mj-section>", 9, "expected no <mj-section> in <mj-column>, got one"),
        ("<mj-text>x</mj-text>\n</mj-section>", 9, "expected </mj-column>, got </mj-section>"),
        ("<p>x</p>", 8, "expected a tag of MJML, got <p>"),
        ("\nwords", 9, "expected tags here, got words"),
        ("{{ customer.email }}", 8, "expected tags here, got {{ customer.email }}"),
        ("<mj-image src=logo.png />", 8, "expected quotes around the value of src, got none"),
        ('<mj-text {% if plan.id %}align="left"{% endif %}>x</mj-text>', 8, "inside the quotes"),
        ('<mj-text padding="{{ plan.tier }}px">x</mj-text>', 8, "expected a fixed padding, got Liquid"),
        ("<mj-social>{% if plan.id %}{% endif %}</mj-social>", 8, "no Liquid directly in <mj-social>"),
        ("<mj-divider>x</mj-divider>", 8, "expected nothing inside <mj-divider>, got something"),
        ("<mj-preview>x</mj-preview>", 8, "expected no mj-preview, got one"),
        ('<mj-include path="x" />', 8, "expected no mj-include, got one"),
    ],
)
def test_what_is_wrong_with_mjml_is_told_with_its_line(within: str, line: int, said: str) -> None:
    told = problems({"tips.mjml": mjml(within)})
    assert {(each.code, each.file) for each in told} == {("mjml", "templates/tips.mjml")}
    assert told[0].line == line
    assert said in told[0].message
    assert told[0].hint


@pytest.mark.parametrize(
    "within",
    [
        "<mj-txt>a {{ plan.id }} b<p>c</p></mj-text>\n<mj-text>d</mj-text>",
        "<mj-txt>a {{ plan.id }} b<p>c</p></mj-txt>\n<mj-text>d</mj-text>",
        "<mj-txt>{% if plan.id %}a{% endif %}</mj-text>",
        "<mj-text>a</mj-text>\n</mj-section>\nwords {{ plan.id }}",
    ],
)
def test_one_slip_is_told_once_and_not_all_that_follows_from_it(within: str) -> None:
    assert [each.code for each in problems({"tips.mjml": mjml(within)})] == ["mjml"]


def test_a_mail_that_is_no_mjml_is_told() -> None:
    (problem,) = problems({"tips.mjml": "---\nsubject: Tips\n---\n"})
    assert problem.message == "expected one <mjml> that holds head and body, got none"


def test_an_attribute_that_mjml_passes_over_is_told_and_may_stay() -> None:
    (problem,) = problems({"tips.mjml": mjml('<mj-text colour="red">x</mj-text>')})
    assert (problem.code, problem.severity, problem.line) == ("mjml-attribute", "warning", 8)
    assert problem.hint == "did you mean color?"


def test_names_are_held_to_in_mjml_as_in_html() -> None:
    assert told_of({"tips.mjml": mjml("<mj-text>{{ custommer.email }}</mj-text>")}) == [
        ("unknown-variable", "templates/tips.mjml", 8)
    ]


def test_a_mail_is_written_in_mjml_or_in_html() -> None:
    html = "---\nsubject: Tips\n---\nHi\n"
    assert [code for code, *_ in told_of({"tips.mjml": mjml(""), "tips.html": html})] == ["file-name"]


def test_plain_text_of_mjml_has_its_words_alone() -> None:
    content = content_of(
        {
            "tips.mjml": mjml(
                "<mj-text>Hello.</mj-text>\n{% if customer.first_name %}<mj-text>You.</mj-text>{% endif %}\n"
                '<mj-button href="https://acme.example/plans">Plans</mj-button>\n<mj-text>Bye.</mj-text>',
                "subject: Tips\npreheader: Three of them",
            )
        }
    )
    template = html_environment().from_string(content.text)
    assert template.render(customer={}) == "Hello.\n\nPlans (https://acme.example/plans)\n\nBye.\n"
    assert template.render(customer={"first_name": "x"}) == (
        "Hello.\n\nYou.\n\nPlans (https://acme.example/plans)\n\nBye.\n"
    )


def test_plain_text_beside_mjml_takes_its_place() -> None:
    files = {"tips.mjml": mjml("<mj-text>Hello.</mj-text>"), "tips.txt": "Hi there\n"}
    assert content_of(files).text == "Hi there\n"


def test_the_tables_of_tags_agree_with_one_another() -> None:
    inside = {name for children in CHILDREN.values() for name in children}
    assert inside - {"mjml"} <= CHILDREN.keys()
    assert CHILDREN.keys() >= HTML_INSIDE | NOTHING_INSIDE | TAKES_LIQUID
    assert all(CHILDREN[name] == () for name in HTML_INSIDE | NOTHING_INSIDE)
    assert {"href", "src", "padding"} <= ATTRIBUTES


@pytest.mark.parametrize("parent", sorted(TAKES_LIQUID))
def test_liquid_comes_through_wherever_it_may_stand(parent: str) -> None:
    around = {
        "mj-head": "<mjml><mj-head>{}</mj-head><mj-body></mj-body></mjml>",
        "mj-body": "<mjml><mj-body>{}</mj-body></mjml>",
        "mj-wrapper": "<mjml><mj-body><mj-wrapper>{}</mj-wrapper></mj-body></mjml>",
        "mj-section": "<mjml><mj-body><mj-section>{}</mj-section></mj-body></mjml>",
        "mj-group": "<mjml><mj-body><mj-section><mj-group>{}</mj-group></mj-section></mj-body></mjml>",
        "mj-column": "<mjml><mj-body><mj-section><mj-column>{}</mj-column></mj-section></mj-body></mjml>",
        "mj-hero": "<mjml><mj-body><mj-hero>{}</mj-hero></mj-body></mjml>",
    }
    text = LiquidText("x.mjml", around[parent].format('{% if plan.id == "<a>" %}{% endif %}'), is_html=True)
    findings = Findings()
    assert check_mjml(text, findings, is_partial=False) is not None
    html = compile_mjml(text, findings)
    assert html is not None
    assert PIECE.findall(html) == ['{% if plan.id == "<a>" %}', "{% endif %}"]


PARTS = st.sampled_from(
    [
        *(f"<{name}>" for name in CHILDREN),
        *(f"</{name}>" for name in CHILDREN),
        "<mj-image",
        ' src="',
        '"',
        ">",
        "{{ plan.id }}",
        "{% if plan.id %}",
        "{% endif %}",
        "{{",
        "%}",
        "<!--",
        "-->",
        "x",
        "\n",
        "&",
        "\ue0000\ue001",
    ]
)


@given(st.lists(PARTS, max_size=25))
def test_no_text_however_odd_breaks_the_compiler(parts: list[str]) -> None:
    text = LiquidText("x.mjml", "".join(parts), is_html=True)
    findings = Findings()
    if check_mjml(text, findings, is_partial=False) is not None and compile_mjml(text, findings) is None:
        assert findings.has_errors
