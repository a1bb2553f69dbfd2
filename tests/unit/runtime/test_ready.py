"""The ready templates: whole, honest in every locale, small, readable, and the team's own once copied."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.unit.workspace.acme import problems_of
from upsell.channels import render
from upsell.channels.channel import Letter
from upsell.clock import parse_moment
from upsell.errors import ConfigError
from upsell.journeys.program import Program
from upsell.runtime.made_up import CUSTOMER, preview_made_up
from upsell.runtime.previewing import Wanted
from upsell.runtime.ready import READY, copy_templates, locales_of
from upsell.workspace.compile import compile_documents
from upsell.workspace.documents import read_workspace

SAAS = Path(__file__).parents[3] / "examples" / "saas"
NOW = parse_moment("2026-11-26T09:00:00Z") or 0
CLIPPED_AT = 102_000
WORKFLOW = """\
name: Ready
owner: growth@acme.example
purpose: Sends every ready template.
review_by: 2027-06-01
unit: account
trigger: {when: renewal_near, again_after: 300 days}
goal: {event: Subscription Upgraded, within: 90 days}
experiment: {holdout: 10%}
journey:
  - email: {content: education, intent: help}
  - wait: 9 days
  - email: {content: value-report, intent: help}
  - wait: 9 days
  - email: {content: milestone, intent: help}
  - wait: 9 days
  - email: {content: compare-plans, intent: show}
  - wait: 9 days
  - email: {content: offer, intent: offer, offer: team-upgrade}
  - wait: 9 days
on_goal:
  - email: {content: welcome, intent: service}
guardrails: {unsubscribe_rate: 1%}
"""
EVERY = [(name, locale) for name in READY for locale in ("en", "de")]


def workspace(folder: Path, settings: str = "") -> Path:
    """Write a workspace without templates, with a workflow that sends every ready one."""
    (folder / "workflows").mkdir(parents=True)
    for name in ("upsell.yaml", "catalog.yaml", "signals.yaml"):
        (folder / name).write_text((SAAS / name).read_text("utf-8"), "utf-8")
    (folder / "workflows" / "ready.yaml").write_text(WORKFLOW, "utf-8")
    with (folder / "upsell.yaml").open("a", encoding="utf-8") as file:
        file.write(settings)
    return folder


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    folder = workspace(tmp_path_factory.mktemp("ready") / "ws")
    copy_templates(folder, READY)
    return compile_documents(read_workspace(folder)).program


def letter(program: Program, name: str, locale: str) -> Letter:
    wanted = Wanted(name, CUSTOMER, locale=locale)
    return preview_made_up(program, wanted, NOW).letter


def test_every_ready_template_is_copied_and_faultless(tmp_path: Path) -> None:
    folder = workspace(tmp_path / "ws")
    written = copy_templates(folder, READY)
    assert {path.parent.name for path in written} == {"templates", "partials"}
    assert len(written) == len({*written}) > 2 * len(READY)
    assert problems_of(read_workspace(folder)) == ()


def test_a_workspace_in_german_gets_the_german_texts_as_its_own(tmp_path: Path) -> None:
    folder = workspace(tmp_path / "ws", "locale: de\n")
    copy_templates(folder, READY)
    assert problems_of(read_workspace(folder)) == ()
    program = compile_documents(read_workspace(folder)).program
    content = program.workflows["ready"].contents["welcome"]
    assert "Willkommen" in content.html
    assert "Welcome" in content.locales["en"].html


def test_one_language_may_be_copied_alone(tmp_path: Path) -> None:
    folder = workspace(tmp_path / "ws")
    names = {path.name for path in copy_templates(folder, ["education"], ["en"])}
    assert "education.mjml" in names
    assert not any(".de." in name for name in names)
    assert locales_of("education") == ("en", "de")


def test_nothing_that_is_there_is_written_over(tmp_path: Path) -> None:
    folder = workspace(tmp_path / "ws")
    copy_templates(folder, ["offer"])
    mine = folder / "templates" / "partials" / "footer.mjml"
    mine.write_text("<mj-section></mj-section>", "utf-8")
    (folder / "templates" / "welcome.mjml").write_text("mine", "utf-8")
    with pytest.raises(ConfigError, match=r"expected names that are free .* got welcome\.mjml"):
        copy_templates(folder, ["education", "welcome"])
    assert not (folder / "templates" / "education.mjml").exists(), "nothing is half copied"
    copy_templates(folder, ["education"])
    assert mine.read_text("utf-8") == "<mj-section></mj-section>"


def test_what_is_no_workspace_gets_no_templates(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"expected a workspace with upsell\.yaml"):
        copy_templates(tmp_path, ["offer"])
    with pytest.raises(ConfigError, match="expected one of de, en, got fr"):
        copy_templates(workspace(tmp_path / "ws"), ["offer"], ["fr"])


@pytest.mark.parametrize(("name", "locale"), EVERY)
def test_a_ready_mail_is_far_from_where_it_would_be_clipped(program: Program, name: str, locale: str) -> None:
    assert len(letter(program, name, locale).html.encode()) < CLIPPED_AT / 4


class _Reader(HTMLParser):
    """Gathers what assistive technology reads."""

    def __init__(self) -> None:
        super().__init__()
        self.lang = ""
        self.tables = 0
        self.silent_tables = 0
        self.links: list[str] = []
        self.headings: list[str] = []
        self.images: list[str] = []
        self.metas: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "html":
            self.lang = said.get("lang") or ""
        elif tag == "table":
            self.tables += 1
            self.silent_tables += said.get("role") == "presentation"
        elif tag == "a":
            self.links.append(said.get("href") or "")
        elif tag in ("h1", "h2"):
            self.headings.append(tag)
        elif tag == "img":
            self.images.append(said.get("alt") or "")
        elif tag == "meta":
            self.metas[said.get("name") or ""] = said.get("content") or ""


@pytest.mark.parametrize(("name", "locale"), EVERY)
def test_a_ready_mail_can_be_read_by_everybody_with_images_off_and_in_the_dark(
    program: Program, name: str, locale: str
) -> None:
    html = letter(program, name, locale).html
    read = _Reader()
    read.feed(html)
    assert read.lang == locale
    assert read.headings[:1] == ["h1"]
    assert read.images == [], "nothing is said by an image alone"
    assert read.links
    assert all(link.startswith("https://") for link in read.links)
    assert read.metas["color-scheme"] == "light dark"
    assert "prefers-color-scheme: dark" in html
    assert "max-width:600px" in html
    assert read.tables == read.silent_tables


@pytest.mark.parametrize(("name", "locale"), EVERY)
def test_a_ready_mail_says_all_it_says_in_plain_text_too(program: Program, name: str, locale: str) -> None:
    said = letter(program, name, locale)
    assert "\n\n\n" not in said.text
    assert not said.text.startswith("\n")
    assert not re.search(r"^[ \t]|\{[{%]|<[a-z/!]|mso|mj-", said.text, re.MULTILINE)
    assert "12 Example Street" in said.text
    greeting = "Guten Tag Ada" if locale == "de" else "Hello Ada"
    assert greeting in said.text
    english = r"\b(the|you|your|month|plan)\b"
    if locale == "de" and name != "offer":  # whose title and reason are the catalog's
        assert not re.search(english, said.text, re.IGNORECASE)


@pytest.mark.parametrize(("name", "locale"), EVERY)
def test_the_links_to_leave_and_the_address_stand_once_in_every_ready_mail(
    program: Program, name: str, locale: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    links = {"unsubscribe": "https://acme.example/u?a=1&b=2", "preferences": "https://acme.example/p"}
    monkeypatch.setattr(render, "link_facts", lambda *_: links)
    said = letter(program, name, locale)
    for part in (said.text, unescape(said.html)):
        assert [part.count(each) for each in links.values()] == [1, 1]
        assert part.count("12 Example Street") == 1
    assert 'href="https://acme.example/u?a=1&amp;b=2"' in said.html


def contrast(one: str, other: str) -> float:
    """Give the contrast of two colours as WCAG 2.2 reckons it."""

    def luminance(colour: str) -> float:
        channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(
    ("words", "ground"),
    [
        ("#26302c", "#ffffff"),
        ("#26302c", "#f3f4f1"),
        ("#5b6560", "#ffffff"),
        ("#5b6560", "#f3f4f1"),
        ("#ffffff", "#17624b"),
        ("#17624b", "#ffffff"),
        ("#17503e", "#e2efe9"),
        ("#dfe5e1", "#1c211f"),
        ("#a3ada8", "#1c211f"),
        ("#a3ada8", "#121614"),
        ("#0b1712", "#4fb58d"),
        ("#6fcfa9", "#1c211f"),
        ("#b9ecd6", "#214236"),
    ],
)
def test_words_stand_out_from_their_ground(words: str, ground: str) -> None:
    look = (SAAS.parents[1] / "src/upsell/runtime/ready_templates/partials/look.mjml").read_text("utf-8")
    assert words in look
    assert contrast(words, ground) >= 4.5


@pytest.mark.parametrize("locale", ["en", "de"])
def test_what_was_used_has_a_heading_only_where_something_was(program: Program, locale: str) -> None:
    heading = "In diesem Monat bisher" if locale == "de" else "This month so far"
    assert heading in letter(program, "education", locale).text
    limitless = {key: replace(plan, limits={}) for key, plan in program.catalog.plans.items()}
    unknown = replace(program, catalog=replace(program.catalog, plans=limitless))
    said = letter(unknown, "education", locale)
    assert heading not in said.text
    assert heading not in said.html


@pytest.mark.parametrize("locale", ["en", "de"])
def test_a_value_report_without_numbers_says_nothing_of_why(program: Program, locale: str) -> None:
    """A metric may be described nowhere, or unused: neither means that a first month is not over."""
    undescribed = replace(program, catalog=replace(program.catalog, described={}))
    said = letter(undescribed, "value-report", locale).text
    assert re.search("no numbers|keine Zahlen", said)
    assert "first" not in said
    assert "erster" not in said
