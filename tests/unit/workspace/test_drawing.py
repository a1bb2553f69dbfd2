"""A picture shows every step, lets nothing overlap, says what it says as text, and needs nothing else."""

from __future__ import annotations

from itertools import combinations, pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from tests.drawing import examples
from tests.drawn_world import EVERY_STEP, JOURNEYS, ON_GOAL, compiled, crowded, every_workflow
from upsell.workspace import blocks
from upsell.workspace.drawing import draw_outline
from upsell.workspace.layout import Box, Label, Picture, lay_out
from upsell.workspace.measuring import width_of, wrapped
from upsell.workspace.outline import items_of, outline
from upsell.workspace.whereabouts import Stand, Whereabouts

SVG = "{http://www.w3.org/2000/svg}"


def read(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def words_of(root: ElementTree.Element) -> str:
    return " ".join(" ".join(each.itertext()) for each in root.iter(f"{SVG}text"))


def overlaps(one: Box | Label, other: Box | Label) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


def assert_nothing_overlaps(picture: Picture) -> None:
    things: list[Box | Label] = [*picture.boxes, *picture.labels]
    for one, other in combinations(things, 2):
        assert not overlaps(one, other), f"{one.lines} over {other.lines}"
    for each in things:
        assert picture.left <= each.x <= each.x + each.width <= picture.left + picture.width
        assert 0 <= each.y <= each.y + each.height <= picture.height
        assert all(width_of(line) <= each.width for line in each.lines)
    for line in picture.lines:
        assert all(picture.left <= x <= picture.left + picture.width for x, _ in line.points)
        assert all(0 <= y <= picture.height for _, y in line.points)


def assert_lines_pass_no_box(picture: Picture) -> None:
    """Hold that a line meets boxes at its ends alone, and a jump no label either."""
    for line in picture.lines:
        met: list[Box | Label] = [*picture.boxes, *(picture.labels if line.is_jump else ())]
        for (x1, y1), (x2, y2) in pairwise(line.points):
            left, right, top, foot = min(x1, x2), max(x1, x2), min(y1, y2), max(y1, y2)
            for box in met:
                is_beside = left >= box.x + box.width or right <= box.x
                is_above = top >= box.y + box.height or foot <= box.y
                assert is_beside or is_above, f"a line through {box.lines}"


def assert_counts_cover_nothing(root: ElementTree.Element) -> None:
    """Hold that a count covers no label, no other box, and stays within the picture."""

    def at(each: ElementTree.Element, name: str) -> float:
        return float(each.get(name, ""))

    def places(kind: str) -> list[Label]:
        return [
            Label(at(each, "x"), at(each, "y"), at(each, "width"), at(each, "height"), ())
            for each in root.iter(f"{SVG}rect")
            if each.get("class") == kind
        ]

    boxes, labels, (page,) = places("box"), places("label"), places("page")
    counts = places("count")
    assert counts
    for count in counts:
        assert not any(overlaps(count, label) for label in labels)
        assert sum(overlaps(count, box) for box in boxes) == 1
        assert page.x <= count.x <= count.x + count.width <= page.x + page.width


def test_every_kind_of_step_is_drawn_and_told() -> None:
    drawn = outline(compiled(EVERY_STEP, ON_GOAL))
    root = read(draw_outline(drawn))
    titles = [title.text for title in root.iter(f"{SVG}title")]
    words = words_of(root).replace(" ", "")
    for item in items_of((*drawn.items, *drawn.after_goal)):
        name = f" [{item.name}]" if item.name else ""
        place = f"{item.ids[0]}: " if item.ids else ""
        assert f"{place}{item.words}{name}" in titles
        assert item.words.replace(" ", "") in words
    told = root.find(f"{SVG}desc")
    assert told is not None
    assert "Grant pro-trial as a trial for 14 days" in " ".join((told.text or "").split())


def test_nothing_overlaps_in_the_picture_of_every_example_and_of_every_kind_of_step() -> None:
    for drawn in map(outline, (*every_workflow(), compiled(EVERY_STEP, ON_GOAL))):
        for found in (None, crowded(drawn)):
            picture = lay_out(drawn, found)
            assert_nothing_overlaps(picture)
            assert_lines_pass_no_box(picture)
            shown = [step_id for box in picture.boxes if box.item is not None for step_id in box.item.ids]
            assert len(shown) == len(set(shown)), "every step appears once"
        assert_counts_cover_nothing(read(draw_outline(drawn, crowded(drawn))))


@settings(max_examples=examples(100))
@given(JOURNEYS)
def test_nothing_overlaps_in_the_picture_of_any_journey(journey: str) -> None:
    drawn = outline(compiled(journey, ON_GOAL))
    for found in (None, crowded(drawn)):
        picture = lay_out(drawn, found)
        assert_nothing_overlaps(picture)
        assert_lines_pass_no_box(picture)
    assert_counts_cover_nothing(read(draw_outline(drawn, crowded(drawn))))


def test_a_jump_leads_back_to_the_step_it_names() -> None:
    drawn = outline(compiled(EVERY_STEP))
    picture = lay_out(drawn)
    boxes = {step_id: box for box in picture.boxes if box.item is not None for step_id in box.item.ids}
    jumps = [item for item in items_of(drawn.items) if item.goes_to is not None]
    back = [line for line in picture.lines if line.is_jump]
    assert len(jumps) == len(back) == 2
    for item, line in zip(jumps, back, strict=True):
        here, there = boxes[item.ids[0]], boxes[item.goes_to or ""]
        assert line.points[0] == (here.x, here.y + here.height / 2)
        x, y = line.points[-1]
        assert x == there.x
        assert there.y < y < there.y + there.height


def test_what_is_written_is_text_whatever_it_looks_like() -> None:
    name = '</text><script>alert(1)</script>&amp; "x"'
    svg = draw_outline(outline(compiled("[{email: {content: t1, intent: help}}]", name=name)))
    root = read(svg)
    assert [each.tag for each in root.iter() if "script" in each.tag] == []
    assert name.replace(" ", "") in words_of(root).replace(" ", "")
    assert "<script" not in svg


def test_a_picture_needs_nothing_from_elsewhere_and_is_for_light_and_dark() -> None:
    svg = draw_outline(outline(compiled(EVERY_STEP, ON_GOAL)))
    for outside in ("<script", "<image", "href", "url(http", "@import", "@font-face", "<foreignObject"):
        assert outside not in svg
    assert svg.count("http") == svg.count("http://www.w3.org/2000/svg")
    root = read(svg)
    (style,) = root.iter(f"{SVG}style")
    assert "prefers-color-scheme:dark" in (style.text or "")
    assert root.get("role") == "img"
    named = {each.get("id"): each.text for each in root}
    assert named[root.get("aria-labelledby")] == "A workflow"
    assert (named[root.get("aria-describedby")] or "").startswith("A workflow (w, about each account")


def test_counts_stand_at_their_boxes_and_those_of_other_versions_under_the_picture() -> None:
    flow = compiled(EVERY_STEP, ON_GOAL)
    found = Whereabouts(
        {"1": {Stand.WAITING: 12_345}, "11.early": {Stand.WAITING: 2, Stand.SHADOW: 1}},
        {"deadbeef00": {"1": 7}},
    )
    plain, counted = (read(draw_outline(outline(flow), each)) for each in (None, found))
    badges = [each.text for each in counted.iter(f"{SVG}text") if each.get("class") == "counted"]
    assert badges == ["12,345", "3"]
    assert "12,348 under way now" in words_of(counted)
    assert "2 waiting, 1 held out" in words_of(counted)
    assert "7 in version deadbeef: 7 at step 1" in words_of(counted)
    assert "1: Wait 3 days; 12,345 here" in [title.text for title in counted.iter(f"{SVG}title")]
    assert "under way" not in words_of(plain)
    assert not [each for each in plain.iter() if each.get("class") == "counted"]


def test_a_journey_of_hundreds_of_steps_is_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    row = "{wait: 1 day}"
    for _ in range(12):
        row = f"{{if: plan.tier = 1, then: [{row}, {{wait: 2 days}}], else: [{{wait: 3 days}}]}}"
    drawn = outline(compiled(f"[{', '.join([row] * 4)}]"))
    asked: list[str] = []

    def counting(text: str, width: float) -> tuple[str, ...]:
        asked.append(text)
        return wrapped(text, width)

    monkeypatch.setattr(blocks, "wrapped", counting)
    lay_out(drawn)
    items = list(items_of(drawn.items))
    headings = 4  # what begins it, its gates, its goal, and what becomes of who reaches it
    assert len(items) > 140
    assert len(asked) <= len(items) + sum(len(item.ways) for item in items) + 1 + headings + 2


def test_text_breaks_between_words_and_a_long_word_where_it_must() -> None:
    lines = wrapped("a word and averyveryveryveryverylongonethatfillsmore than one line", 100)
    assert all(width_of(line) <= 100 for line in lines)
    assert "".join(lines).replace(" ", "") == "awordandaveryveryveryveryverylongonethatfillsmorethanoneline"
    assert wrapped("", 100) == ("",)
    assert wrapped("within 12 days at most", width_of("within 12 days") - 1) == (
        "within",
        "12 days at",
        "most",
    )


def test_a_journey_that_does_not_end_itself_comes_to_an_end_and_one_that_does_has_no_other() -> None:
    for journey, ends in (
        ("[{if: plan.tier = 1, then: [end], else: []}]", 2),
        ("[{if: plan.tier = 1, then: [end], else: [end]}]", 2),
        ("[{email: {content: t1, intent: help}}]", 1),
    ):
        boxes = lay_out(outline(compiled(journey))).boxes
        assert [box.lines for box in boxes].count(("End",)) == ends
