"""Pages in a real browser: an application over a socket, Debian's Chromium, and what is asked of colours."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")

# Only Debian can install it for everybody: elsewhere these tests say so, and the others run.
needs_browser = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM}")

in_a_browser = [pytest.mark.browser, needs_browser]


@contextmanager
def serving(app: Litestar) -> Iterator[str]:
    """Serve an application, and give its address without a slash at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server: Any = Server(
        app, "127.0.0.1", port, interface=Interfaces.ASGI, websockets=False, log_enabled=False
    )
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=lambda: loop.run_until_complete(server.serve()), daemon=True)
    thread.start()
    for _ in range(400):
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                break
        threading.Event().wait(0.05)
    yield f"http://127.0.0.1:{port}"
    loop.call_soon_threadsafe(server.stop)
    thread.join(10)
    loop.close()


@contextmanager
def open_browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        yield opened
        opened.close()


def open_page(browser: Browser, address: str, width: int, scheme: Any = "light", **options: Any) -> Page:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme, **options)
    page.goto(address)
    return page


def note_troubles(page: Page, troubles: list[str]) -> None:
    """Note errors of a page's scripts, and what its policy refused, for the end of a test to look at.

    To raise where they are told, in the midst of reading what the browser says, would end the driver.
    """
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: troubles.append(said.text) if "Content Security" in said.text else None)


def wait_until(page: Page, said: str) -> None:
    """Wait until an expression is true in a page.

    It is asked from outside every time: what a page asks itself again, as ``wait_for_function`` has it do,
    a strict policy forbids as evaluation of a string.
    """
    for _ in range(400):
        if page.evaluate(said):
            return
        page.wait_for_timeout(25)
    msg = f"expected that it came true within 10 seconds: {said}"
    raise AssertionError(msg)


SMALL = """[...document.querySelectorAll('button, label, input:not([type=hidden])')]
  .filter(each => (each.closest('label') || each).getBoundingClientRect().height < 44)
  .map(each => each.outerHTML)"""
"""What is smaller than a finger: 44 pixels (WCAG 2.2, 2.5.5)."""


UNSIGNED = """[...document.querySelectorAll('.wide')]
  .filter(each => each.scrollWidth > each.clientWidth)
  .filter(each => !getComputedStyle(each, '::before').content.includes('sideways'))
  .map(each => each.ariaLabel)"""
"""Tables that are wider than what is seen of them, and do not say so."""


def violations(page: Page) -> list[str]:
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in Axe().run(page).response["violations"]]


def place_of(picture: Path) -> Path:
    """Give where a picture goes: under the folder that ``PICTURES`` names, by its test, if it is set."""
    # A name that began as our settings do would be refused as one that is unknown.
    kept = os.environ.get("PICTURES", "")
    return Path(kept, picture.parent.name, picture.name) if kept else picture


def check_usable(page: Page, picture: Path) -> None:
    """Take a picture of a page, and hold it to what everybody needs at the width it is shown in."""
    page.screenshot(path=place_of(picture), full_page=True)
    assert violations(page) == [], picture.stem
    width = page.viewport_size["width"] if page.viewport_size is not None else 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width, picture.stem
    assert page.evaluate(SMALL) == [], picture.stem
    assert page.evaluate(UNSIGNED) == [], picture.stem


CONTRAST = """([selector, property, ground]) => {
  const parts = colour => colour.match(/[0-9.]+/g).slice(0, 3).map(Number);
  const light = colour => {
    const [r, g, b] = parts(colour).map(v => v / 255)
      .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const last = found => [...document.querySelectorAll(found)].pop();
  const under = ground ? getComputedStyle(last(ground)).fill
    : getComputedStyle(document.body).backgroundColor;
  const both = [getComputedStyle(last(selector))[property], under].map(light).sort((a, b) => b - a);
  return (both[0] + 0.05) / (both[1] + 0.05);
}"""
"""How much the last of what a selector finds stands out: its color, or fill over the fill of a ground."""
