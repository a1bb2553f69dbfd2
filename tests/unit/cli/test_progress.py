"""Progress where nobody watches: a line now and then, with what a stop-watch and a division would say."""

from __future__ import annotations

from upsell.cli.progress import LINE_EACH, Lines


class Watch:
    """Seconds that pass because the test says so."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


def test_short_work_says_nothing_and_long_work_a_line_each_ten_seconds() -> None:
    watch, lines = Watch(), list[str]()
    told = Lines(lines.append, watch)
    for _ in range(99):
        told("reading", 0, 0)
        watch.at += LINE_EACH / 100
    assert lines == []
    for _ in range(301):
        told("reading", 0, 0)
        watch.at += LINE_EACH / 100
    assert lines == ["reading"] * 3


def test_a_line_tells_how_much_how_fast_and_how_long_still() -> None:
    watch, lines = Watch(), list[str]()
    told = Lines(lines.append, watch)
    # What an earlier run took says nothing about how fast this one is.
    told("importing", 200_000, 1_000_000)
    watch.at += 20
    told("importing", 400_000, 1_000_000)
    watch.at += 80
    told("importing", 990_000, 1_000_000)
    told("importing", 995_000, 1_000_000)
    assert lines == [
        "importing: 400,000 of 1,000,000 (40%), 10,000/s, about 60 s left",
        "importing: 990,000 of 1,000,000 (99%), 7,900/s, about 1 s left",
    ]


def test_what_is_of_no_known_length_tells_only_how_much_and_how_fast() -> None:
    watch, lines = Watch(), list[str]()
    told = Lines(lines.append, watch)
    told("reading", 0, 0)
    watch.at += 10
    told("reading", 50_000, 0)
    assert lines == ["reading: 50,000, 5,000/s"]
