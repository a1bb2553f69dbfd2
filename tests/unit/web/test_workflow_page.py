"""The page of a workflow without a browser: what it says, and that what is written in a workflow is text."""

from __future__ import annotations

from html.parser import HTMLParser

from tests.drawn_world import EVERY_STEP, ON_GOAL, compiled, crowded
from tests.pages_world import written
from upsell.clock import parse_moment
from upsell.web.pages.workflow import WorkflowPage, workflow_page
from upsell.workspace.outline import items_of, outline
from upsell.workspace.whereabouts import Stand, Whereabouts

NOW = parse_moment("2027-01-01T00:00:00Z") or 0
NOBODY = Whereabouts({}, {})


class _Read(HTMLParser):
    """Collects tags and ids, and the text outside the picture."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.words = ""
        self._is_drawn = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self._is_drawn |= tag == "svg"

    def handle_endtag(self, tag: str) -> None:
        self._is_drawn &= tag != "svg"

    def handle_data(self, data: str) -> None:
        self.words += "" if self._is_drawn else f" {data}"


def read(page: WorkflowPage) -> _Read:
    found = _Read()
    found.feed(written("workflow.html", page))
    found.words = " ".join(found.words.split())
    return found


def test_what_is_written_in_a_workflow_is_text_on_the_page() -> None:
    name = '</title></text><script>alert(1)</script>&lt; "x"'
    drawn = outline(compiled("[{email: {content: t1, intent: help}}]", name=name))
    page = read(workflow_page(drawn, NOBODY, NOW))
    assert "script" not in page.tags
    assert f"Who stands where in {name}?" in page.words


def test_the_page_says_every_step_in_words_with_its_place_in_the_file() -> None:
    drawn = outline(compiled(EVERY_STEP, ON_GOAL))
    page = read(workflow_page(drawn, crowded(drawn), NOW))
    for item in items_of((*drawn.items, *drawn.after_goal)):
        assert f"{item.ids[0]} {item.words}" in page.words if item.ids else item.words in page.words
    for gate in drawn.gates:
        assert gate in page.words
    assert len(page.ids) == len(set(page.ids))


def test_the_answer_stands_at_the_top_with_how_they_stand() -> None:
    drawn = outline(compiled("[{wait: 2 days}, {email: {content: t1, intent: help}}]"))
    for here, words in (
        ({}, "0 accounts are under way now."),
        ({"0": {Stand.WAITING: 1}}, "1 account is under way now."),
        (
            {"0": {Stand.WAITING: 1200, Stand.SHADOW: 300}, "1": {Stand.FROZEN: 4}},
            "1,504 accounts are under way now: 1,200 waiting, 4 frozen, 300 held out.",
        ),
    ):
        assert words in read(workflow_page(drawn, Whereabouts(here, {}), NOW)).words


def test_those_in_other_versions_are_told_at_the_top() -> None:
    drawn = outline(compiled("[{wait: 2 days}, {email: {content: t1, intent: help}}]"))
    page = workflow_page(drawn, Whereabouts({}, {"0123456789": {"0": 7}}), NOW)
    assert "7 in version 01234567: 7 at step 0" in read(page).words
