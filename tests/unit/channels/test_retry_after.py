"""For how long a server asks to be left alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stories.world import START
from upsell.channels.retry_after import read_retry_after
from upsell.clock import DAY, MINUTE, SECOND, parse_moment

NOW = parse_moment("2026-03-02T09:00:00Z") or 0


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("120", 2 * MINUTE),
        (" 120 ", 2 * MINUTE),
        ("0", 0),
        ("Mon, 02 Mar 2026 09:01:00 GMT", MINUTE),
        ("Mon, 02 Mar 2026 08:00:00 GMT", 0),
        ("999999999", DAY),
        ("Mon, 02 Mar 2099 09:00:00 GMT", DAY),
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("٣", None),
        ("1 Jan 99999999999 00:00:00 GMT", None),
    ],
)
def test_it_is_read_as_seconds_or_a_date_and_never_for_longer_than_a_day(
    said: str | None, expected: int | None
) -> None:
    assert read_retry_after(said, NOW) == expected


@pytest.mark.parametrize(
    "said",
    ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"],
)
def test_each_form_of_a_date_is_the_same_moment(said: str) -> None:
    # Oracle: RFC 9110, 5.6.7, whose example this is in all three forms.
    at = 784_111_777 * SECOND
    assert read_retry_after(said, at - MINUTE) == MINUTE


def test_the_published_example_is_reproduced() -> None:
    # Oracle: RFC 9110, 10.2.3, whose date this is.
    at = 946_684_739 * SECOND  # Fri, 31 Dec 1999 23:58:59 GMT
    assert read_retry_after("Fri, 31 Dec 1999 23:59:59 GMT", at) == MINUTE


@settings(max_examples=50)
@given(st.text(max_size=40))
def test_whatever_is_said_raises_nothing(said: str) -> None:
    pause = read_retry_after(said, START)
    assert pause is None or 0 <= pause <= DAY
