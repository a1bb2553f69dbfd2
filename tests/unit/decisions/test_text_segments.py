"""Segments are counted as the standard counts them; a second way of counting agrees."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from upsell.decisions.text_segments import BASIC, EXTENSION, Encoding, count_segments

# Oracle: 3GPP TS 23.038, 6.2.1: the table row by row, as code points; 0x1B is the escape to the extension.
TABLE = [
    0x40, 0xA3, 0x24, 0xA5, 0xE8, 0xE9, 0xF9, 0xEC, 0xF2, 0xC7, 0x0A, 0xD8, 0xF8, 0x0D, 0xC5, 0xE5,
    0x394, 0x5F, 0x3A6, 0x393, 0x39B, 0x3A9, 0x3A0, 0x3A8, 0x3A3, 0x398, 0x39E, 0x1B, 0xC6, 0xE6, 0xDF, 0xC9,
    *range(0x20, 0x24), 0xA4, *range(0x25, 0x40),
    0xA1, *range(0x41, 0x5B), 0xC4, 0xD6, 0xD1, 0xDC, 0xA7,
    0xBF, *range(0x61, 0x7B), 0xE4, 0xF6, 0xF1, 0xFC, 0xE0,
]  # fmt: skip
MORE = [0x0C, 0x5E, 0x7B, 0x7D, 0x5C, 0x5B, 0x7E, 0x5D, 0x7C, 0x20AC]


def test_the_alphabet_is_that_of_the_standard() -> None:
    assert len(TABLE) == 128
    assert {chr(code) for code in TABLE if code != 0x1B} == BASIC
    assert {chr(code) for code in MORE} == EXTENSION


@pytest.mark.parametrize(
    ("text", "encoding", "units", "count"),
    [
        ("", Encoding.GSM, 0, 0),
        ("a", Encoding.GSM, 1, 1),
        ("a" * 160, Encoding.GSM, 160, 1),
        ("a" * 161, Encoding.GSM, 161, 2),
        ("a" * 306, Encoding.GSM, 306, 2),
        ("a" * 307, Encoding.GSM, 307, 3),
        ("€" * 80, Encoding.GSM, 160, 1),
        ("€" * 81, Encoding.GSM, 162, 2),
        # 153 is odd: of the euro's two septets none is left alone at the end of a segment.
        ("€" * 153, Encoding.GSM, 306, 3),
        ("ä" * 160, Encoding.GSM, 160, 1),
        ("ç", Encoding.UCS2, 1, 1),
        ("я" * 70, Encoding.UCS2, 70, 1),
        ("я" * 71, Encoding.UCS2, 71, 2),
        ("я" * 134, Encoding.UCS2, 134, 2),
        ("я" * 135, Encoding.UCS2, 135, 3),
        ("👍" * 35, Encoding.UCS2, 70, 1),
        ("👍" * 36, Encoding.UCS2, 72, 2),
        # 67 is odd too: no emoji is split.
        ("👍" * 67, Encoding.UCS2, 134, 3),
        ("a" * 159 + "’", Encoding.UCS2, 160, 3),
    ],
)
def test_a_text_is_sent_in_so_many(text: str, encoding: Encoding, units: int, count: int) -> None:
    found = count_segments(text)
    assert (found.encoding, found.units, found.count) == (encoding, units, count)


def test_what_is_not_of_the_alphabet_is_named_once() -> None:
    assert count_segments("It’s “here”, it’s 👍").odd == ("’", "“", "”", "👍")


def counted_again(text: str) -> int:
    """Count by encoding: octets as they are sent, cut where no unit is torn."""
    table = {chr(code): bytes([at]) for at, code in enumerate(TABLE) if code != 0x1B}
    table |= {chr(code): b"\x1b?" for code in MORE}
    if all(each in table for each in text):
        sent, width, alone, room = b"".join(table[each] for each in text), 1, 160, 153
    else:
        sent, width, alone, room = text.encode("utf-16-be"), 2, 70, 67
    if len(sent) <= alone * width:
        return int(bool(sent))
    count = 0
    while sent:
        cut = sent[: room * width]
        if width == 1 and len(cut) == room and cut.endswith(b"\x1b"):
            cut = cut[:-1]
        if width == 2 and len(cut) == 2 * room and 0xD8 <= cut[-2] <= 0xDB:
            cut = cut[:-2]
        sent, count = sent[len(cut) :], count + 1
    return count


@given(
    st.text(st.sampled_from("ab€[|äя’👍 \n"), max_size=700) | st.text(st.sampled_from("ab€["), max_size=700)
)
@settings(max_examples=50)
def test_a_second_way_of_counting_agrees(text: str) -> None:
    assert count_segments(text).count == counted_again(text)
