"""Scanners: what says or shows that it is a machine is taken for one, and what does neither for a person."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upsell.channels.scanners import (
    BURST,
    HELD_BACK,
    MEANINGS,
    TOO_SOON,
    TRAPPED,
    Sign,
    Visit,
    judge_visits,
    read_signs,
)
from upsell.clock import DAY, HOUR, SECOND

SENT = 20_000 * DAY
LATER = SENT + HOUR

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
    "Safari/537.36"
)
PEOPLE = (
    CHROME,
    f"{CHROME} Edg/126.0.0.0",
    f"{CHROME} Avast/126.0.0.0",
    f"{CHROME} YaBrowser/24.6 Yowser/2.5",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
    "Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
    "Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Mobile/15E148 [FBAN/FBIOS;FBAV/470.0.0.35.98]",
    "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 "
    "Chrome/121.0.0.0 Mobile Safari/537.36",
    "Opera/9.80 (Windows NT 6.1; WOW64) Presto/2.12.388 Version/12.18",
)
"""What browsers of people say of themselves, as their vendors document it."""

MACHINES = (
    ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", Sign.SCANNER),
    ("Mozilla/5.0 (Linux; Android 7.0) AppleWebKit/537.36 Chrome/126 Mobile Safari/537.36 (compatible; "
     "Google-Read-Aloud; +https://support.google.com/webmasters/answer/1061943)", Sign.SCANNER),
    ("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", Sign.SCANNER),
    ("Mozilla/5.0 (compatible; proofpoint urldefense)", Sign.SCANNER),
    ("Mimecast URL Protection", Sign.SCANNER),
    ("Barracuda Sentinel (EE)", Sign.SCANNER),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) SafeLinks", Sign.SCANNER),
    ("Mozilla/5.0 (compatible; SomebodysBot/1.0)", Sign.SCANNER),
    ("Mozilla/5.0 (compatible; Thing; +https://thing.example/about)", Sign.SCANNER),
    ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", Sign.PREVIEW),
    ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", Sign.PREVIEW),
    ("WhatsApp/2.23.20.0", Sign.PREVIEW),
    ("Twitterbot/1.0", Sign.PREVIEW),
    ("LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)", Sign.PREVIEW),
    ("TelegramBot (like TwitterBot)", Sign.PREVIEW),
    ("Mozilla/4.0 (compatible; ms-office; MSOffice 16)", Sign.PREVIEW),
    ("curl/8.5.0", Sign.SCRIPT),
    ("python-requests/2.32.3", Sign.SCRIPT),
    ("python-httpx/0.27.0", Sign.SCRIPT),
    ("Go-http-client/2.0", Sign.SCRIPT),
    (CHROME.replace("Chrome", "HeadlessChrome"), Sign.SCRIPT),
    ("", Sign.SCRIPT),
    ("something of its own", Sign.SCRIPT),
    ("Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)", Sign.PROXY),
    ("YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", Sign.PROXY),
    ("Mozilla/5.0", Sign.PROXY),
)  # fmt: skip
"""What machines say of themselves, as their vendors document it."""


@pytest.mark.parametrize("agent", PEOPLE)
def test_a_browser_is_taken_for_a_person(agent: str) -> None:
    assert read_signs({"user-agent": agent, "sec-fetch-mode": "navigate"}) is None
    assert read_signs({"user-agent": agent}, is_opening=True) is None


@pytest.mark.parametrize(("agent", "sign"), MACHINES)
def test_what_says_that_it_is_a_machine_is_taken_for_one(agent: str, sign: Sign) -> None:
    assert read_signs({"user-agent": agent}) is sign


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sec-purpose", "prefetch"),
        ("sec-purpose", "prefetch;prerender"),
        ("purpose", "prefetch"),
        ("x-moz", "prefetch"),
        ("x-purpose", "preview"),
    ],
)
def test_what_is_fetched_ahead_is_no_visit_of_a_person(name: str, said: str) -> None:
    assert read_signs({"user-agent": CHROME, name: said}) is Sign.PREFETCH


def test_a_page_that_a_script_of_another_page_fetches_was_not_gone_to() -> None:
    assert read_signs({"user-agent": CHROME, "sec-fetch-mode": "no-cors"}) is Sign.SCRIPT
    assert read_signs({"user-agent": CHROME, "sec-fetch-mode": "no-cors"}, is_opening=True) is None


def test_pictures_in_outlook_are_looked_at() -> None:
    agent = "Mozilla/4.0 (compatible; ms-office; MSOffice 16)"
    assert read_signs({"user-agent": agent}, is_opening=True) is None


@given(st.text(max_size=200))
def test_whatever_is_said_is_read(agent: str) -> None:
    assert read_signs({"user-agent": agent, "purpose": agent}) in {None, *Sign}


def test_every_sign_has_its_meaning() -> None:
    assert set(MEANINGS) == set(Sign)


def test_a_click_on_its_own_is_a_persons() -> None:
    assert judge_visits([Visit(LATER, 0)], SENT) == [None]


def test_what_said_that_it_is_a_machine_is_one_whenever_it_comes() -> None:
    assert judge_visits([Visit(LATER, 0, Sign.PREVIEW)], SENT) == [Sign.PREVIEW]


def test_before_anybody_can_have_read_the_mail_only_machines_come() -> None:
    before, after = Visit(SENT + TOO_SOON - 1, 0), Visit(SENT + TOO_SOON, 0)
    assert judge_visits([before, after], SENT) == [Sign.TOO_SOON, None]


def test_two_links_at_once_are_followed_by_a_machine_and_one_link_twice_by_a_person() -> None:
    burst = [Visit(LATER, 0), Visit(LATER + BURST - 1, 1)]
    assert judge_visits(burst, SENT) == [Sign.BURST, Sign.BURST]
    slow = [Visit(LATER, 0), Visit(LATER + BURST, 1)]
    assert judge_visits(slow, SENT) == [None, None]
    twice = [Visit(LATER, 0), Visit(LATER + 1, 0)]
    assert judge_visits(twice, SENT) == [None, None]


def test_pictures_fetched_beside_a_burst_are_not_looked_at() -> None:
    visits = [Visit(LATER, 0, is_opening=True), Visit(LATER + 1, 0), Visit(LATER + 2, 1)]
    assert judge_visits(visits, SENT) == [Sign.BURST] * 3
    apart = [Visit(LATER, 0, is_opening=True), Visit(LATER + BURST - 1, 0), Visit(LATER + BURST, 1)]
    assert judge_visits(apart, SENT) == [None, Sign.BURST, Sign.BURST]
    alone = [Visit(LATER, 0, is_opening=True), Visit(LATER + 1, 1)]
    assert judge_visits(alone, SENT) == [None, None]


def test_what_follows_a_link_nobody_can_see_is_a_machine_on_every_link_around() -> None:
    trap = Visit(LATER + TRAPPED, 255, is_trap=True)
    around = [Visit(LATER + 1, 0), trap, Visit(LATER + 2 * TRAPPED - 1, 1)]
    assert judge_visits(around, SENT) == [Sign.TRAP] * 3
    assert judge_visits([Visit(LATER, 0), trap], SENT) == [None, Sign.TRAP]


histories = st.lists(
    st.builds(
        Visit,
        st.integers(SENT, SENT + 20 * SECOND),
        st.integers(0, 3),
        st.sampled_from((None, None, Sign.SCRIPT)),
        is_opening=st.booleans(),
    ),
    max_size=12,
).map(lambda visits: sorted(visits, key=lambda visit: visit.visited_at))


@given(histories)
def test_what_is_said_of_a_visit_after_it_was_held_back_is_not_taken_back_later(visits: list[Visit]) -> None:
    at_the_end = judge_visits(visits, SENT)
    for place, visit in enumerate(visits):
        known = [each for each in visits if each.visited_at <= visit.visited_at + HELD_BACK]
        assert judge_visits(known, SENT)[place] is at_the_end[place]


@given(histories)
def test_a_burst_is_what_comparing_each_with_each_finds(visits: list[Visit]) -> None:
    def is_burst(visit: Visit) -> bool:
        return any(
            abs(other.visited_at - visit.visited_at) < BURST and other.place != visit.place
            for other in visits
            if not other.is_opening
        )

    for visit, sign in zip(visits, judge_visits(visits, SENT), strict=True):
        near = {
            other.place
            for other in visits
            if not other.is_opening and abs(other.visited_at - visit.visited_at) < BURST
        }
        if visit.said is not None:
            assert sign is visit.said
        elif visit.visited_at < SENT + TOO_SOON:
            assert sign is Sign.TOO_SOON
        else:
            assert (sign is Sign.BURST) == (len(near) > 1 if visit.is_opening else is_burst(visit))


@given(st.permutations([Visit(LATER, 0), Visit(LATER, 1), Visit(LATER, 0, is_opening=True)]))
def test_what_comes_at_one_moment_is_judged_alike_in_any_order(visits: list[Visit]) -> None:
    assert judge_visits(visits, SENT) == [Sign.BURST] * 3


def test_a_visit_is_held_back_for_longer_than_what_may_show_it_up() -> None:
    assert HELD_BACK > BURST
