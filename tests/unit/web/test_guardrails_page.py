"""The page of guardrails: what it says of readings and breaches, without a server."""

from __future__ import annotations

import msgspec
import pytest

from tests.pages_world import written
from upsell.clock import DAY
from upsell.decisions.guardrails import Action
from upsell.measurement.guardrails import Counts, Reading, Standing, read_rate
from upsell.runtime.guarding import ALL_MAIL, Guarded
from upsell.runtime.limits import Limits
from upsell.store.guardrails import Breach, NoticeState
from upsell.web.pages.guardrails import guardrails_page, limits_content
from upsell.web.pages.intervals import WIDTH, draw_beside_limit

BROKEN = read_rate([Counts(400, 21)], 0.01, 0.025, 30)
HELD = read_rate([Counts(400, 2)], 0.02, 0.025, 30)
OWNER = "o@acme.example"
FEW = Reading(Standing.TOO_FEW, 5, 1, 0.02, None, None, None, 0.01, Counts(3, 0), "100 units held out")


def guarded(key: str, name: str, reading: Reading, since: int = 0) -> Guarded:
    return Guarded(key, name, Action.PAUSE, reading, f"{name} in words", (key,), since)


def breach(number: int, ended_at: int | None = None, notice: NoticeState = NoticeState.SENT) -> Breach:
    words = "complaint_rate: 21 complaints of 400 delivered"
    why = "the list was cleaned" if ended_at is not None else ""
    by = "ada@acme.example" if why else ""
    return Breach(
        number, "w", "complaint_rate", Action.PAUSE, words, DAY, ended_at, by, why, notice, OWNER, ""
    )  # fmt: skip


def limits(*readings: Guarded, **more: object) -> Limits:
    usual = Limits(
        2 * DAY, readings, (), (), has_more=False, names={"w": "API <b>quota</b>"}, false_alarm_rate=0.05
    )
    return msgspec.structs.replace(usual, **more)


def test_each_guardrail_says_its_limit_its_reading_and_how_many_were_counted() -> None:
    found = limits(
        guarded("w", "complaint_rate", HELD, 3 * DAY),
        guarded("w", "excess_churn_rate", FEW),
        guarded(ALL_MAIL, "mail_complaints", HELD),
    )
    page = guardrails_page(found, is_live=True)
    held, few, mail = page.rows
    # The rate is by hand; that the ends hold it is the law of an interval.
    assert (held.state.words, held.limit, held.counted) == ("within", "2 %", "2 of 400")
    assert held.reading.startswith("0.5 % (")
    assert held.window == "since it went on, 4 January 1970"
    assert (few.state.words, few.needs) == ("too few to say", "Needs 100 units held out.")
    assert few.limit == "2 pp beyond the holdout", "a difference of two shares is told in points"
    assert few.counted == "1 of 5 spoken to, 0 of 3 held out"
    assert few.window == "everybody exposed, for 14 days each"
    assert (mail.workflow, mail.key) == ("All mail", "")
    assert page.answer == "Nothing is broken: 2 within, 1 with too few to say."
    html = written("guardrails.html", page)
    assert "API &lt;b&gt;quota&lt;/b&gt;" in html
    assert "Counted up to 3 January 1970" in html
    assert "a chance of at most 5 %" in html
    assert "<form" not in html, "a guest can let nothing go on"


def test_what_is_broken_stands_first_and_what_was_says_who_let_it_go_on_and_why() -> None:
    found = limits(guarded("w", "complaint_rate", BROKEN), open=(breach(2),), past=(breach(1, 5 * DAY),))
    page = guardrails_page(found, is_live=True)
    assert page.answer == "API <b>quota</b> is paused for its complaint rate."
    assert page.rows[0].state.words == "paused"
    html = written("guardrails.html", page)
    assert (
        html.index("waiting for somebody") < html.index("Each guardrail") < html.index("the list was cleaned")
    )
    assert "o@acme.example was told by mail." in html
    told = limits_content(found, page.older)
    assert told["open"][0]["ended_at"] is None
    assert (told["past"][0]["ended_by"], told["past"][0]["ended_at"]) == (
        "ada@acme.example", "1970-01-06T00:00:00Z",
    )  # fmt: skip
    assert told["guardrails"][0]["counted"] == 400


@pytest.mark.parametrize("notice", list(NoticeState))
def test_of_every_breach_it_is_said_whether_its_owner_knows(notice: NoticeState) -> None:
    page = guardrails_page(limits(open=(breach(1, notice=notice),)), is_live=True)
    assert "told by mail" in page.stuck[0].rows[0].told


def test_without_anything_it_says_what_will_stand_there() -> None:
    assert "upsell apply" in written("guardrails.html", guardrails_page(limits(), is_live=False))
    assert "Nothing is watched yet" in written("guardrails.html", guardrails_page(limits(), is_live=True))


def test_there_is_more_to_read_only_where_there_was_more() -> None:
    found = limits(past=(breach(7, 5 * DAY),))
    assert guardrails_page(found, is_live=True).older == ""
    assert (
        guardrails_page(msgspec.structs.replace(found, has_more=True), is_live=True).older
        == "/guardrails?before=7"
    )


def test_the_marks_of_a_rate_and_its_limit_are_in_their_order_on_one_scale() -> None:
    drawn = draw_beside_limit(0.02, 0.11, 0.05, 0.01)
    assert drawn is not None
    assert 0 < drawn.limit < drawn.low < drawn.estimate < drawn.high < WIDTH
    assert draw_beside_limit(None, None, 0.1, 0.01) is None
    flat = draw_beside_limit(0.0, 0.0, 0.0, 0.0)
    assert flat is not None
    assert flat.low == flat.limit
