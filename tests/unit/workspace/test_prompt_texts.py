"""Prompt texts: found by their name, held to what they may say, and frozen with the workflow."""

from __future__ import annotations

import pytest

from tests.unit.workspace.acme import problems_of
from tests.unit.workspace.code_examples import FAULTLESS
from upsell.errors import Problem
from upsell.journeys.workflow import PromptLink, Workflow
from upsell.workspace.compile import compile_documents

FILE = "templates/more-room.prompt.yaml"
TEXT = """\
title: 'Room for {{ customer.first_name | default: "everyone" }}'
paragraphs: ["{{ offer.reason }}"]
accept: Get {{ offer.name }}
reasons: {too_expensive: Too dear}
link: {label: All plans, url: "https://acme.example/plans?from={{ plan.id }}"}
"""
STEP = "  - prompt: {placement: usage-page, content: more-room, offer: grow}\n  - wait: 7 days\n"


def written(text: str | None = TEXT, step: str = STEP, **files: str) -> dict[str, str]:
    documents = dict(FAULTLESS)
    documents["workflows/room.yaml"] += step
    if text is not None:
        documents[FILE] = text
    return documents | {
        f"templates/{name.replace('__', '.')}.prompt.yaml": said for name, said in files.items()
    }


def workflow(documents: dict[str, str]) -> Workflow:
    return compile_documents(documents).program.workflows["room"]


def errors(documents: dict[str, str]) -> list[Problem]:
    return [each for each in problems_of(documents) if each.severity == "error"]


def test_a_text_is_frozen_with_the_workflow_that_names_it_in_every_language() -> None:
    content = workflow(written(more_room="title: x", **{"more-room__de": "title: Platz"})).contents[
        "more-room"
    ]
    assert content.prompt is not None
    assert content.prompt.accept == "Get {{ offer.name }}"
    assert content.prompt.link == PromptLink("All plans", "https://acme.example/plans?from={{ plan.id }}")
    german = content.locales["de"].prompt
    assert german is not None
    assert german.title == "Platz"


def test_a_word_in_a_text_makes_another_version_and_a_text_nobody_names_does_not() -> None:
    plain = workflow(written(None))
    assert workflow(written()).version != plain.version
    assert workflow(written(TEXT.replace("Too dear", "Too much"))).version != workflow(written()).version
    assert workflow(written(None, other=TEXT)).version == plain.version
    assert workflow(written(None, tips=TEXT)).version == plain.version, "named by a mail alone"


def test_content_without_a_text_stays_what_the_page_draws_itself() -> None:
    assert workflow(written(None)).contents.keys() == {"tips", "upgrade"}
    assert problems_of(written(None)) == ()


def test_a_mail_and_a_prompt_may_be_called_the_same() -> None:
    content = workflow(written(None, STEP.replace("more-room", "tips"), tips=TEXT)).contents["tips"]
    assert content.subject == "Tips"
    assert content.prompt is not None


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("title:", "titel:", "unknown-key", "did you mean title?"),
        ("title: 'Room", "later: 'Room", "missing-key", "title"),
        ("offer.reason", "offer.raeson", "unknown-variable", "did you mean offer.reason?"),
        ("offer.reason", "links.leave", "unknown-variable", "links"),
        ("| default", "| defualt", "unknown-filter", "default"),
        ("{{ offer.reason }}", "{{ offer.reason", "liquid-syntax", "}}"),
        ("{{ offer.reason }}", "{% render 'footer' %}", "unknown-partial", "footer"),
        ('["{{ offer.reason }}"]', "[a, b, c, d, e, f, g]", "too-large", "at most 6"),
        ("too_expensive", "Too Expensive", "wrong-type", "reason"),
        ("https://", "javascript:", "wrong-type", "a path such as /plans"),
        ("https://acme.example/plans", "//acme.example", "wrong-type", "a path such as /plans"),
        ("https://acme.example/plans", "https://{{ customer.first_name }}/", "wrong-type", "web address"),
        ("https://acme.example/plans", "/\\\\acme.example", "wrong-type", "web address"),
        ("label: All plans, ", "", "missing-key", "label"),
    ],
)
def test_what_is_wrong_in_a_text_is_told_with_its_place(old: str, new: str, code: str, words: str) -> None:
    assert old in TEXT
    (problem, *others) = errors(written(TEXT.replace(old, new, 1)))
    assert all(each.code == "missing-key" for each in others)
    assert (problem.code, problem.file) == (code, FILE)
    assert words in f"{problem.message} {problem.hint}"
    assert problem.line == next(n for n, line in enumerate(TEXT.splitlines(), 1) if old in line)


def test_an_empty_text_lacks_its_title() -> None:
    (problem,) = errors(written("# soon\n"))
    assert (problem.code, problem.file) == ("missing-key", FILE)


def test_every_text_is_written_in_the_language_of_the_workspace() -> None:
    (problem,) = errors(written(None, **{"more-room__de": "title: Platz"}))
    assert problem.code == "missing-file"
    assert "templates/more-room.prompt.yaml" in problem.message


def test_a_text_that_speaks_of_an_offer_nobody_makes_is_told() -> None:
    step = STEP.replace("offer: grow", "intent: help")
    (problem,) = problems_of(written(TEXT, step))
    assert (problem.code, problem.file) == ("no-offer", "workflows/room.yaml")


def test_a_language_that_only_the_prompt_or_only_the_mail_speaks_is_told() -> None:
    german = {"templates/tips.de.html": "---\nsubject: Tipps\n---\n<p>Hallo</p>\n"}
    told = [each.message for each in problems_of(written() | german) if each.code == "missing-locale"]
    assert [each.split()[1] for each in told] == ["upgrade", "more-room"]
