"""Letters in a page: nothing of one is loaded, run or followed while somebody of the team looks at it."""

from __future__ import annotations

import re

import pytest
from litestar import Response

from upsell.web.pages.forms import page
from upsell.web.pages.letters import letter_response


def policy(response: Response[bytes]) -> dict[str, str]:
    said = response.headers["Content-Security-Policy"].split(";")
    return {name: what for name, _, what in (each.strip().partition(" ") for each in said)}


def test_a_letter_may_load_run_and_send_nothing_and_stands_in_our_pages_alone() -> None:
    given = letter_response("<b>Hi</b><img src='https://x.example/pixel'>")
    said = policy(given)
    assert said["default-src"] == said["img-src"] == said["form-action"] == "'none'"
    assert said["sandbox"] == ""
    assert said["style-src"] == "'unsafe-inline'"
    assert said["frame-ancestors"] == "'self'"
    assert set(said) == {
        *("default-src", "style-src", "img-src", "form-action", "base-uri", "frame-ancestors", "sandbox")
    }
    assert given.headers["Cache-Control"] == "no-store"


def test_links_of_a_letter_ask_for_a_window_that_its_frame_does_not_open() -> None:
    base = b'<base target="_blank">'
    assert letter_response("<p>Hi").content == base + b"<p>Hi"
    whole = "<!DOCTYPE html><html><HEAD lang='en'><title>x</title>"
    assert letter_response(whole).content == whole.encode().replace(b"'en'>", b"'en'>" + base)
    bare = "<!doctype html><header>x</header>"
    assert letter_response(bare).content == b"<!doctype html>" + base + b"<header>x</header>"


def test_only_a_page_that_asks_for_them_may_hold_frames() -> None:
    assert policy(page("", has_frames=True))["frame-src"] == "'self'"
    assert "frame-src" not in policy(page("", is_private=True))


@pytest.mark.parametrize(
    "said", ["target=_self", 'TARGET="_self"', "href='/l/x'target=_parent", "target = x"]
)
def test_a_link_that_asks_for_its_own_frame_is_not_followed_there(said: str) -> None:
    given = letter_response(f"<p target=x>target=_self</p><a class=y {said}>Go</a>").content.decode()
    link = given.rpartition("<a")[2]
    assert "data-target" in link.lower()
    assert not re.search(r"[\s'\"]target\s*=", link, re.IGNORECASE)
    assert "<p target=x>target=_self</p>" in given
