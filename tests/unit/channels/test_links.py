"""Links in mail: each leads to what was written, to the letter, and nothing else of the mail changes."""

from __future__ import annotations

import re
from html import escape
from urllib.parse import quote, unquote

import liquid
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from upsell.channels.links import (
    LONGEST_TARGET,
    MOST_TARGETS,
    add_before_end,
    is_linkable,
    link_token,
    location,
    open_token,
    put_behind,
)
from upsell.clock import DAY
from upsell.workspace.plain_text import plain_text

SECRET = b"a" * 32
NOW = 20_000 * DAY
HERE = "https://links.acme.example"


def link(place: int) -> str:
    return f"{HERE}/l/{place}"


def targets_of(html: str) -> tuple[str, ...]:
    return put_behind(html, "", link).targets


addresses = st.builds(
    "{}://{}{}{}{}".format,
    st.sampled_from(("http", "https", "HTTPS")),
    st.sampled_from(("acme.example", "a.b.example:8080", "user@acme.example")),
    st.sampled_from(("", "/", "/a/b(c)", "/ä/日本", "/x y", "/100%25")),
    st.text(st.sampled_from("?a=1&amp;copy=2<>\"'(){}%+ é,;:[]|~"), max_size=20).map(
        lambda said: "?" + said if said else ""
    ),
    st.sampled_from(("", "#", "#top", "#a?b=c&d", "#ö")),
).filter(lambda address: address == address.strip())


@given(st.lists(addresses, min_size=1, max_size=5), st.sampled_from(("double", "single")))
@example(["https://acme.example/?a=1&copy=2&lt=3"], "double")
def test_every_target_is_what_was_written_to_the_letter(written: list[str], quotes: str) -> None:
    mark = '"' if quotes == "double" else "'"
    html = "<p>".join(f"<a class=x href={mark}{escape(each)}{mark}>go</a>" for each in written)
    linked = put_behind(html, "", link)
    assert linked.targets == tuple(dict.fromkeys(written))
    places = [int(found) for found in re.findall(rf"{HERE}/l/(\d+)", linked.html)]
    assert [linked.targets[place] for place in places] == written


@given(addresses)
def test_what_liquid_escapes_comes_back_as_the_value_was(address: str) -> None:
    template = liquid.Environment(autoescape=True).from_string('<a href="{{ where }}">go</a>')
    assert targets_of(template.render(where=address)) == (address,)


@given(st.lists(addresses, min_size=1, max_size=5), st.text(max_size=40))
def test_nothing_else_of_the_html_changes(written: list[str], around: str) -> None:
    around = around.replace("<", "&lt;")
    html = around.join(f'<A title="a > b" HREF = "{escape(each)}" >go</A>' for each in written) + around
    linked = put_behind(html, "", link)
    back = re.sub(rf"{HERE}/l/(\d+)", lambda found: escape(linked.targets[int(found[1])]), linked.html)
    assert back == html


@pytest.mark.parametrize(
    ("value", "target"),
    [
        ("https://a.example/?x=1&amp;y=2", "https://a.example/?x=1&y=2"),
        ("https://a.example/?x=1&y=2", "https://a.example/?x=1&y=2"),
        # Without a semicolon a reference is none where an equals sign or a letter follows (HTML 13.2.5.73).
        ("https://a.example/?x&copy=2", "https://a.example/?x&copy=2"),
        ("https://a.example/?x&copyy", "https://a.example/?x&copyy"),
        ("https://a.example/?x&copy", "https://a.example/?x©"),
        ("https://a.example/&#x2F;&#47;", "https://a.example///"),
        (" \n https://a.example/a\n b\t ", "https://a.example/a b"),
    ],
)
def test_an_attribute_is_read_as_browsers_read_it(value: str, target: str) -> None:
    assert targets_of(f'<a href="{value}">go</a>') == (target,)


@pytest.mark.parametrize(
    "tag",
    [
        '<a href="mailto:ada@acme.example">',
        '<a href="tel:+15551234567">',
        '<a href="#top">',
        '<a href="/relative">',
        '<a href="//acme.example/">',
        '<a href="javascript:alert(1)">',
        '<a href="data:text/html,hi">',
        '<a href="ftp://acme.example/">',
        '<a href="https://">',
        '<a href="https:///path">',
        '<a href="">',
        "<a href>",
        "<a>",
        '<a href="https://bücher.example/">',
        '<a href="https://acme.example/\x00a">',
        '<a href="https://acme.example/" data-untracked>',
        '<a data-untracked="" href="https://acme.example/">',
        f'<a href="{HERE}/u/token">',
        f'<a href="{HERE}/p/token">',
        '<link href="https://acme.example/style.css">',
        '<base href="https://acme.example/">',
        '<img src="https://acme.example/a.png">',
        '<abbr href="https://acme.example/">',
        '<a data-href="https://acme.example/">',
        '<a title="href=https://acme.example/">',
        f'<a href="https://acme.example/{"x" * LONGEST_TARGET}">',
    ],
)
def test_what_is_no_link_to_the_web_or_is_marked_stays_as_it_is(tag: str) -> None:
    linked = put_behind(tag, "text", link, (f"{HERE}/u/", f"{HERE}/p/"))
    assert (linked.html, linked.targets) == (tag, ())


def test_what_is_noted_stays_as_it_is_and_has_a_place_among_the_targets() -> None:
    html = f'<a href="https://a.example/">A</a><a href="{HERE}/a/T">B</a><a href="https://b.example/">C</a>'
    linked = put_behind(html, f"B ({HERE}/a/T)", link, (f"{HERE}/u/",), (f"{HERE}/a/",))
    assert linked.targets == ("https://a.example/", f"{HERE}/a/T", "https://b.example/")
    assert linked.html == f'<a href="{HERE}/l/0">A</a><a href="{HERE}/a/T">B</a><a href="{HERE}/l/2">C</a>'
    assert linked.text == f"B ({HERE}/a/T)"


def test_links_of_maps_and_of_outlooks_own_shapes_are_put_behind_too() -> None:
    html = (
        '<area href=https://a.example/?a=1/><!--[if mso]><v:roundrect href="https://b.example/"><![endif]-->'
    )
    linked = put_behind(html, "", link)
    assert linked.targets == ("https://a.example/?a=1/", "https://b.example/")
    assert linked.html == f'<area href={HERE}/l/0><!--[if mso]><v:roundrect href="{HERE}/l/1"><![endif]-->'


def test_the_first_of_two_addresses_is_the_one() -> None:
    assert targets_of('<a href="https://a.example/" href="https://b.example/">') == ("https://a.example/",)


def test_what_goes_beyond_the_most_links_is_left_as_it_is() -> None:
    html = "".join(f'<a href="https://a.example/{number}">' for number in range(MOST_TARGETS + 2))
    linked = put_behind(html, "", link)
    assert len(linked.targets) == MOST_TARGETS
    assert linked.html.endswith('<a href="https://a.example/255"><a href="https://a.example/256">')


@given(addresses.filter(lambda address: not re.search(r"[\s<>\"]", address)))
@example("https://acme.example/a(b")
@example("https://acme.example/?a=.")
def test_plain_text_leads_where_the_html_leads(address: str) -> None:
    html = f'<p>Read <a href="{escape(address)}">this</a>, now.</p>'
    linked = put_behind(html, plain_text(html), link)
    assert linked.text == f"Read this ({HERE}/l/0), now.\n"


def test_an_address_that_only_the_text_names_stays_as_it_is() -> None:
    text = "Dear http://evil.example/ https://a.example/x, see https://a.example/ or https://a.example/."
    linked = put_behind('<a href="https://a.example/">go</a>', text, link)
    assert linked.text == (f"Dear http://evil.example/ https://a.example/x, see {HERE}/l/0 or {HERE}/l/0.")


def test_what_is_marked_in_the_html_stays_as_it_is_in_the_text() -> None:
    html = '<a href="https://a.example/" data-untracked>a</a><a href="https://b.example/">b</a>'
    linked = put_behind(html, "https://a.example/ https://b.example/", link)
    assert linked.text == f"https://a.example/ {HERE}/l/0"


@given(st.text(max_size=60))
@example("[")
@example("a.example/\ud800")
def test_whatever_may_be_put_behind_is_http_or_https_and_a_header_can_hold_it(rest: str) -> None:
    for target in (rest, f"http://{rest}", f"https://a.example/{rest}"):
        if is_linkable(target):
            written = location(target)
            assert re.fullmatch(r"(?i)https?://[!-~]+", written)
            assert unquote(written, errors="strict") == unquote(target, errors="replace")


@given(st.integers(0, 2**63 - 1), st.integers(0, 255))
def test_a_token_says_message_and_place_and_is_short(number: int, place: int) -> None:
    token = link_token(SECRET, "click", number, place, NOW + DAY)
    assert open_token([SECRET], "click", token, NOW) == (number, place)
    assert open_token([SECRET], "open", token, NOW) is None
    assert open_token([SECRET], "click", token, NOW + 2 * DAY) is None
    assert len(token) <= 34
    assert number >= 2**32 or len(token) <= 28
    assert quote(token) == token


def test_a_picture_stands_before_the_last_end_of_the_body() -> None:
    assert add_before_end("<BODY></body>a</BODY >b", "!") == "<BODY></body>a!</BODY >b"
    assert add_before_end("no body", "!") == "no body!"
