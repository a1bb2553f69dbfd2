"""The page of a workflow in a real browser: its picture holds its words, and is reached by everybody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest
from playwright.sync_api import Browser

from tests.acceptance.browsing import CONTRAST, in_a_browser, open_browser, open_page, serving
from tests.drawn_world import EVERY_STEP, ON_GOAL, TEXTS, compiled, crowded, every_step, every_workflow
from tests.live_world import ON_PRICING, make_documents, open_world
from tests.stories.world import workflow
from upsell.clock import SystemClock
from upsell.config import Settings
from upsell.web.team import TeamPages
from upsell.workspace.drawing import draw_outline
from upsell.workspace.measuring import BOLD, FONT_SIZE, width_of
from upsell.workspace.outline import Outline, outline

pytestmark = in_a_browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def address(database: str) -> Iterator[str]:
    """Serve the pages over a database in which three are in one workflow and nobody in another."""
    waiting = workflow(trigger=ON_PRICING, journey="[{wait: 2 days}, {email: {content: t1, intent: help}}]")
    documents = make_documents({"w": waiting, "every": every_step()})
    with open_world(database) as world:
        world.apply({**documents, **TEXTS})
        for who in ("ada", "bob", "cyd"):
            world.happens("Customer Identified", who, email=f"{who}@example.com")
            world.happens("Pricing Viewed", who)
        world.worker.run_until_idle()
    with serving(TeamPages(database, SystemClock(), Settings()).guest_app()) as address:
        yield address


def every_outline() -> list[Outline]:
    hard = compiled(
        EVERY_STEP, ON_GOAL, name="Wörter mit WWWW und 日本語 in a name that takes several lines, " * 3
    )
    return [outline(flow) for flow in (*every_workflow(), hard)]


OVERFLOWING = """() => {
  const said = [];
  const root = document.documentElement.getBoundingClientRect();
  for (const text of document.querySelectorAll('svg text')) {
    const {left, right, top, bottom} = text.getBoundingClientRect();
    const rects = [...text.parentNode.children].filter(each => each.tagName === 'rect');
    const within = text.classList.contains('counted') ? rects.find(each => each.classList.contains('count'))
      : text.parentNode.tagName === 'g' ? rects[0]
      : text.previousElementSibling?.classList.contains('label') ? text.previousElementSibling : null;
    const room = within ? within.getBoundingClientRect() : root;
    if (left < room.left || right > room.right || top < room.top - 3 || bottom > room.bottom + 3)
      said.push(text.textContent);
  }
  return said;
}"""


def test_no_words_leave_their_box_in_any_picture(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page()
    for drawn in every_outline():
        for found in (None, crowded(drawn)):
            target = tmp_path / "drawn.svg"
            target.write_text(draw_outline(drawn, found), encoding="utf-8")
            page.goto(target.as_uri())
            assert page.evaluate(OVERFLOWING) == [], drawn.key
    page.close()


@pytest.mark.parametrize("family", ["system-ui", "sans-serif"])
@pytest.mark.parametrize(("weight", "bolder"), [(400, 1.0), (600, BOLD)])
def test_no_letter_is_wider_than_it_is_measured(
    browser: Browser, family: str, weight: int, bolder: float
) -> None:
    letters = [chr(code) for code in (*range(32, 127), *range(0xA1, 0x180), 0x3042, 0x65E5, 0x20AC, 0x2003)]
    page = browser.new_page()
    widths = page.evaluate(
        """([letters, font]) => {
          const context = document.createElement('canvas').getContext('2d');
          context.font = font;
          return letters.map(letter => context.measureText(letter).width);
        }""",
        [letters, f"{weight} {FONT_SIZE}px {family}"],
    )
    page.close()
    pairs = zip(letters, widths, strict=True)
    assert [letter for letter, width in pairs if width > bolder * width_of(letter) + 0.01] == []


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_only_the_picture_scrolls_sideways(browser: Browser, address: str, width: int, scheme: str) -> None:
    page = open_page(browser, f"{address}/workflows/every", width, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    picture = page.get_by_role("region", name="Picture of the journey")
    is_wider = picture.evaluate("each => each.scrollWidth > each.clientWidth")
    assert is_wider, "or this asks nothing"
    page.close()


def test_the_picture_says_who_stands_where_without_a_script(browser: Browser, address: str) -> None:
    page = open_page(browser, f"{address}/workflows/w", 1280, java_script_enabled=False)
    assert page.get_by_role("heading", name="Does A workflow help?").is_visible()
    assert page.get_by_text("3 customers are under way now.").is_visible()
    assert page.locator("svg .counted").text_content() == "3"
    assert page.get_by_role("img", name="A workflow").count() == 1
    assert page.get_by_role("listitem").filter(has_text="Wait 2 days").get_by_text("3 here").is_visible()
    page.close()


def test_no_request_leaves_the_page_and_its_style_is_allowed(browser: Browser, address: str) -> None:
    page = browser.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(f"{address}/workflows/w")
    assert [url for url in asked if not url.startswith((address, "data:"))] == []
    assert complaints == []
    assert page.evaluate("getComputedStyle(document.querySelector('.drawing .line')).fill") == "none"
    page.close()


def test_a_keyboard_reaches_the_picture_and_every_link(browser: Browser, address: str) -> None:
    page = open_page(browser, f"{address}/workflows/every", 390)
    reached = []
    for _ in range(9):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("document.activeElement.ariaLabel || document.activeElement.innerText.trim()")
        )
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert reached == [
        "To the page",
        "Upsell",
        "Pages",
        "▲ none written",
        "Overview",
        "People in it",
        "Versions",
        "File",
        "Picture of the journey",
    ]
    page.keyboard.down("ArrowRight")
    moved = 0
    for _ in range(200):
        moved = moved or page.evaluate("document.querySelector('.picture').scrollLeft")
        page.wait_for_timeout(0 if moved else 20)
    assert moved
    page.close()


def test_words_stand_out_from_their_ground_in_both_themes(
    browser: Browser, address: str, scheme: str
) -> None:
    page = open_page(browser, f"{address}/workflows/w", 1280, scheme)
    for selector, painted, ground in (
        (".here", "color", ""),
        (".steps .quiet", "color", ""),
        (".lead", "color", ""),
        (".drawing .waits text:not(.counted)", "fill", ".drawing .waits .box"),
        (".drawing .counted", "fill", ".drawing .count"),
        (".drawing .soft", "fill", ".drawing .box"),
    ):
        ratio = page.evaluate(CONTRAST, [selector, painted, ground])
        assert ratio >= 4.5, (selector, ratio)  # WCAG 2.2, 1.4.3, level AA
    assert page.evaluate(CONTRAST, [".drawing .box", "stroke", ".drawing .page"]) >= 3  # 1.4.11
    page.close()


def test_the_results_lead_to_the_page_of_each_workflow(browser: Browser, address: str) -> None:
    page = open_page(browser, f"{address}/results", 1280)
    page.get_by_role("link", name="Its journey, and who stands where").last.click()
    assert page.url == f"{address}/workflows/w"
    page.get_by_role("link", name="results", exact=True).click()
    assert page.url == f"{address}/results#w"
    page.close()


def test_one_address_is_a_page_for_people_and_json_for_machines(address: str) -> None:
    with httpx.Client(base_url=address) as client:
        for path, accept in (("/workflows/w", "application/json"), ("/workflows/w.json", "*/*")):
            answer = client.get(path, headers={"Accept": accept})
            assert answer.headers["content-type"] == "application/json"
            told = msgspec.json.decode(answer.content)
            assert (told["workflow"], told["under_way"]["all"]) == ("w", 3)
            assert [each["here"]["all"] for each in told["steps"]] == [3, 0]
        for path in ("/workflows/nope", "/workflows/nope.json"):
            answer = client.get(path)
            assert answer.status_code == 404
            assert "the workflows are every, w" in answer.text
        assert client.get("/workflows/%3Cscript%3E").text.count("<script>") == 0
