"""Differences: what comes and goes, line by line, gives both sides back."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drawing import examples
from upsell.runtime.differences import MOST_LINES, Line, Sign, find_differences

TEXTS = st.lists(st.sampled_from(["a", "b", "c: 1", "", "  - d"]), max_size=30)


def numbered(lines: tuple[Line, ...], signs: set[Sign], side: str) -> dict[int, str]:
    return {getattr(line, side): line.text for line in lines if line.sign in signs}


@settings(max_examples=examples(200))
@given(TEXTS, TEXTS)
def test_what_is_shown_stands_where_it_says_in_what_was_and_what_is(
    before: list[str], after: list[str]
) -> None:
    found = find_differences({"f": "\n".join(before)}, {"f": "\n".join(after)})
    # An empty text and one of an empty line are the same lines.
    before, after = "\n".join(before).splitlines(), "\n".join(after).splitlines()
    if before == after:
        assert sum(file.added + file.removed for file in found) == 0
        return
    (file,) = found
    was = numbered(file.lines, {Sign.KEPT, Sign.REMOVED}, "before")
    now = numbered(file.lines, {Sign.KEPT, Sign.ADDED}, "after")
    assert all(before[at - 1] == text for at, text in was.items())
    assert all(after[at - 1] == text for at, text in now.items())
    # What is not shown is the same on both sides.
    assert [text for at, text in enumerate(before, 1) if at not in was] == [
        text for at, text in enumerate(after, 1) if at not in now
    ]
    assert len(after) - len(before) == file.added - file.removed


def test_a_file_that_comes_or_goes_is_said_to_and_the_same_is_not_named() -> None:
    found = find_differences({"a": "1\n", "b": "2\n"}, {"b": "2\n", "c": "3\n"})
    assert [(each.name, each.how, each.added, each.removed) for each in found] == [
        ("a", "removed", 0, 1),
        ("c", "added", 1, 0),
    ]


def test_what_is_too_long_to_show_is_counted() -> None:
    (file,) = find_differences({}, {"a": "x\n" * (MOST_LINES + 5)})
    assert (len(file.lines), file.left_out, file.added) == (MOST_LINES, 5, MOST_LINES + 5)
