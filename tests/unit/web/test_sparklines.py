"""Sparklines: zero in the picture, the interval around every estimate, and gaps where nothing was known."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.made_results import results
from tests.pages_world import written
from upsell.clock import DAY
from upsell.measurement.answers import Effect, Undetermined, UndeterminedReason
from upsell.measurement.charts.readings import Reading
from upsell.runtime.results import holdout_lifts
from upsell.web.pages.components import PAGE
from upsell.web.pages.sparklines import HEIGHT, WIDTH, draw_sparkline, sparkline_words

TOO_FEW = Undetermined(UndeterminedReason.TOO_FEW, "40 closed units in an arm, 50 needed")
REVENUE = holdout_lifts(results().report.workflows[0])[1]

effects = st.tuples(st.floats(-1e6, 1e6), st.floats(0, 1e6), st.floats(0, 1e6)).map(
    lambda each: Effect(each[0], each[0] - each[1], each[0] + each[2])
)


def places(points: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (each.split(",") for each in points.split())]


@given(st.lists(effects | st.just(TOO_FEW), min_size=1, max_size=9))
def test_every_estimate_stands_inside_its_interval_and_all_inside_the_picture(
    found: list[Effect | Undetermined],
) -> None:
    drawn = draw_sparkline([Reading(n * DAY, each) for n, each in enumerate(found)])
    known = [each for each in found if isinstance(each, Effect)]
    assert (drawn is None) == (not known)
    if drawn is None:
        return
    assert drawn.high <= drawn.estimate <= drawn.low
    assert 0 < drawn.zero < HEIGHT
    line = [place for each in drawn.stretches for place in places(each.line)]
    band = [place for each in drawn.stretches for place in places(each.band)]
    assert (len(line), len(band)) == (len(known), 2 * len(known))
    assert all(0 < x < WIDTH and 0 < y < HEIGHT for x, y in line + band)
    for stretch in drawn.stretches:
        middle, outline = places(stretch.line), places(stretch.band)
        for (x, y), (_, upper), (_, lower) in zip(
            middle, outline, reversed(outline[len(middle) :]), strict=False
        ):
            assert upper <= y <= lower, x


def test_what_was_not_known_in_between_leaves_a_gap() -> None:
    sure = Effect(10.0, 5.0, 15.0)
    found: list[Effect | Undetermined] = [sure, TOO_FEW, sure, sure]
    drawn = draw_sparkline([Reading(n * DAY, each) for n, each in enumerate(found)])
    assert drawn is not None
    assert [len(places(each.line)) for each in drawn.stretches] == [1, 2]


def test_its_words_say_what_was_known_last_and_first() -> None:
    readings: list[Reading] = [
        Reading(0, TOO_FEW),
        Reading(DAY, Effect(900, -500, 2_300)),
        Reading(9 * DAY, Effect(800, 400, 1_200)),
    ]
    words = sparkline_words(readings, REVENUE)
    assert words.startswith("+$8")
    assert words.index("10 January 1970") < words.index("2 January 1970")
    assert sparkline_words(readings[:1], REVENUE) == ""


def test_the_picture_has_its_words_and_no_style_of_its_own() -> None:
    page = written("components_page.html", PAGE)
    picture = page.partition('<svg class="sparkline"')[2].partition("</svg>")[0]
    assert 'aria-label="+$41.80 (29.00 to 54.60)' in picture
    assert "style=" not in picture
    assert picture.count("<polygon") == 1
