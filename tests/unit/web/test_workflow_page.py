"""The page of a workflow without a browser: what it says, and that what is written in a workflow is text."""

from __future__ import annotations

from html.parser import HTMLParser

from tests.drawn_world import EVERY_STEP, ON_GOAL, compiled, crowded
from tests.made_results import FUNNEL
from tests.one_workflow_world import counted_as, one_of
from tests.pages_world import written
from upsell.journeys.workflow import Workflow
from upsell.web.pages.workflow import WorkflowPage, workflow_page
from upsell.web.pages.workflow_parts import message_rows, people_rows
from upsell.workspace.outline import items_of, outline
from upsell.workspace.whereabouts import Stand, Whereabouts

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


def page_of(workflow: Workflow, where: Whereabouts = NOBODY) -> WorkflowPage:
    return workflow_page(one_of(workflow), counted_as(workflow, where))


def test_what_is_written_in_a_workflow_is_text_on_the_page() -> None:
    name = '</title></text><script>alert(1)</script>&lt; "x"'
    page = read(page_of(compiled("[{email: {content: t1, intent: help}}]", name=name)))
    assert page.tags.count("script") == 0
    assert f"Does {name} help?" in page.words


def test_the_page_says_every_step_in_words_with_its_place_in_the_file() -> None:
    workflow = compiled(EVERY_STEP, ON_GOAL)
    drawn = outline(workflow)
    page = read(page_of(workflow, crowded(drawn)))
    for item in items_of((*drawn.items, *drawn.after_goal)):
        assert f"{item.ids[0]} {item.words}" in page.words if item.ids else item.words in page.words
    for gate in drawn.gates:
        assert gate in page.words
    assert len(page.ids) == len(set(page.ids))


def test_who_is_under_way_is_said_with_how_they_stand() -> None:
    workflow = compiled("[{wait: 2 days}, {email: {content: t1, intent: help}}]")
    for here, words in (
        ({}, "0 accounts are under way now."),
        ({"0": {Stand.WAITING: 1}}, "1 account is under way now."),
        (
            {"0": {Stand.WAITING: 1200, Stand.SHADOW: 300}, "1": {Stand.FROZEN: 4}},
            "1,504 accounts are under way now: 1,200 waiting, 4 frozen, 300 held out.",
        ),
    ):
        assert words in read(page_of(workflow, Whereabouts(here, {}))).words


def test_those_in_other_versions_are_told() -> None:
    workflow = compiled("[{wait: 2 days}, {email: {content: t1, intent: help}}]")
    page = page_of(workflow, Whereabouts({}, {"0123456789": {"0": 7}}))
    assert "7 in version 01234567: 7 at step 0" in read(page).words


def test_while_nobody_knows_who_stands_where_no_number_is_said() -> None:
    workflow = compiled("[{wait: 2 days}, {email: {content: t1, intent: help}}]")
    words = read(workflow_page(one_of(workflow), None)).words
    assert "Who stands where is being counted." in words
    assert "under way now" not in words


def test_what_became_of_everybody_considered_adds_up_to_who_was() -> None:
    considered, *rest = people_rows(FUNNEL, 0.3)
    assert considered.count == sum(row.count for row in rest) == 1_700
    assert [(row.words, row.count) for row in rest] == [
        ("not let in: an eligibility rule is not true: plan.tier in (1, 2)", 180),
        ("not let in: another workflow holds the one upsell slot, for longer than a candidate waits", 50),
        ("held out, 30 % planned", 420),
        ("let in", 1_050),
    ]  # fmt: skip


def test_what_became_of_every_message_adds_up_to_what_was_to_be_said() -> None:
    total, *rest = message_rows(FUNNEL)
    assert total.count == sum(row.count for row in rest) == 2_412
    assert [row.count for row in rest] == [2_400, 12]


def test_an_empty_page_says_what_will_stand_in_every_part() -> None:
    workflow = compiled("[{wait: 2 days}, {email: {content: t1, intent: help}}]")
    empty, unread = (
        read(workflow_page(one_of(workflow, found, first_entry_at=None), None)).words
        for found in ("empty", "")
    )
    for part in ("Nobody was considered yet", "Nobody was let in yet", "No guardrail is written"):
        assert part in empty
        assert part in unread
    assert "It is not in the report yet" in unread
