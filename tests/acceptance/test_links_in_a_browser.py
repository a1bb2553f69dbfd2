"""Links as a real browser sees them: what it reads in a mail's HTML, and a person's click that counts."""

from __future__ import annotations

import json
from threading import Event

import pytest

from tests.acceptance.browsing import in_a_browser, open_browser, open_page, serving
from tests.acceptance.test_links import ASKS, SEGMENTS
from tests.live_world import make_documents, open_world
from tests.sinks import open_sink
from tests.stories.world import START
from tests.unit.channels.test_scanners import CHROME
from upsell.channels.links import is_linkable, put_behind
from upsell.channels.scanners import HELD_BACK
from upsell.clock import MINUTE, SetClock
from upsell.runtime.visits import tell_people
from upsell.store.links import VisitKind, count_visits
from upsell.web.app import make_app

pytestmark = [pytest.mark.postgres, *in_a_browser]

ODD = (
    '<a href="https://a.example/?x=1&amp;copy=2&copy=3&copy;&notit;&lt;&#38;&#x26;#é">',
    "<a href='https://a.example/\"quoted\"?a=%20 b'>",
    "<a href=https://a.example/?a=1&b=2/>",
    '<A\nclass="x>y" HREF = "https://a.example/a(b)">',
    '<a title="href=https://b.example/" href=" https://a.example/x\ty\n">',
    '<a href="https://a.example/1" href="https://b.example/2">',
)


def test_a_target_is_the_address_that_a_browser_would_go_to() -> None:
    with open_browser() as browser:
        page = browser.new_page()
        for tag in ODD:
            (target,) = put_behind(tag, "", lambda place: f"https://links.example/l/{place}").targets
            assert is_linkable(target)
            page.set_content(f"<meta charset=utf-8>{tag}go</a>")
            goes_to, would_go_to = page.evaluate(
                "target => [document.querySelector('a').href, new URL(target).href]", target
            )
            assert would_go_to == goes_to, tag


def test_a_person_in_a_browser_reaches_the_target_and_the_click_counts(database: str) -> None:
    clock = SetClock(START)
    with (
        open_sink() as sink,
        serving(make_app(database, clock)) as address,
        open_world(database, sink, base=address) as world,
    ):
        template = (
            "---\nsubject: {name}\n---\n<html><body>"
            f'<a href="{address}/health?a=1&amp;b=ä#part">Look</a></body></html>\n'
        )
        world.apply(make_documents({"w": ASKS}, segments=SEGMENTS, template=template))
        world.happens("Customer Identified", "ada", email="ada@example.com")
        world.happens("Pricing Viewed", "ada")
        world.settle()
        clock.move_to(world.clock.now() + MINUTE)
        html = sink.contents[0].decode().split("text/html", 1)[1].replace("=\r\n", "")
        mail = html.split("quoted-printable", 1)[1].replace("=3D", "=").split("--=_")[0]

        with open_browser() as browser:
            # A headless browser says that it is one.
            for width, options in ((800, {"user_agent": CHROME}), (801, {})):
                page = open_page(browser, f"{address}/openapi.json", width, **options)
                page.set_content(mail)
                look = page.get_by_role("link", name="Look")
                assert address in (look.get_attribute("href") or "")
                look.click()
                page.wait_for_url("**/health**")
                assert page.url == f"{address}/health?a=1&b=%C3%A4#part"

        kept = "select count(*) from visits"
        while world.rows(kept) != [(2,)]:
            Event().wait(0.02)
        world.clock.move_to(clock.now() + HELD_BACK)
        tell_people(world.connection, world.clock)
        ((said,),) = world.rows("select properties from events where name = 'Message Clicked'")
        assert json.loads(said)["link"] == f"{address}/health?a=1&b=ä#part"
        assert sorted(count_visits(world.connection, 0), key=str) == [
            (VisitKind.CLICK, "", 1), (VisitKind.CLICK, "script", 1),
        ]  # fmt: skip


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1200, "light")])
def test_the_page_of_a_link_that_leads_nowhere_fits_and_loads_nothing_else(
    database: str, width: int, scheme: str
) -> None:
    with serving(make_app(database, SetClock(START))) as address, open_browser() as browser:
        # The schemes are parameters, so text here; Playwright wants its own literals.
        page = browser.new_page(viewport={"width": width, "height": 700}, color_scheme=scheme)  # type: ignore[arg-type]
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        answered = page.goto(f"{address}/l/forged")
        assert answered is not None
        assert answered.status == 404
        assert page.locator("h1").inner_text() == "There is no such link"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert asked == [f"{address}/l/forged"]
        assert page.evaluate("getComputedStyle(document.querySelector('body')).maxWidth") == "544px"
