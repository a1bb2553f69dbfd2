"""One entry of a file stands as it was written, and nothing beside it."""

from __future__ import annotations

import pytest
import yaml

from upsell.workspace.excerpts import excerpt

TEXT = """\
plans:
  pro: {tier: 1}
# All offers.
offers:
  # The first.
  one:
    title: One   # as said
    reason: >
      Because
      of it

  # The second.
  two: {title: Two,
    reason: Why}
  three:
    title: Three
last: 1
"""


@pytest.mark.parametrize("key", ["one", "two", "three"])
def test_an_excerpt_reads_as_the_entry_it_is_of(key: str) -> None:
    found = excerpt(TEXT, "offers", key)
    assert yaml.safe_load(f"{found}\n") == {key: yaml.safe_load(TEXT)["offers"][key]}
    assert found.startswith(f"{key}:")
    assert "The second" not in found


@pytest.mark.parametrize("text", ["offers:\n  one:\n    title: One\n", "offers:\n  one:\n    title: One"])
def test_the_last_entry_of_a_file_is_whole_with_and_without_a_line_end(text: str) -> None:
    assert excerpt(text, "offers", "one") == "one:\n  title: One"


def test_what_is_not_there_or_cannot_be_read_is_nothing() -> None:
    assert excerpt(TEXT, "offers", "four") == ""
    assert excerpt(TEXT, "last", "one") == ""
    assert excerpt("a: [", "a", "b") == ""
    assert excerpt("", "a") == ""
