"""The pages under a workflow without a browser: who is in it, its versions and its file, full and empty."""

from __future__ import annotations

import msgspec
import pytest

from tests.drawn_world import compiled
from tests.made_results import AS_OF
from tests.one_workflow_world import counted_as, one_of
from tests.pages_world import written
from upsell.clock import DAY
from upsell.decisions.guardrails import Action
from upsell.journeys.household import Enrollment, Phase
from upsell.journeys.workflow import Arm, Vary
from upsell.measurement.guardrails import Reading, Standing
from upsell.runtime.guarding import ALL_MAIL, Guarded
from upsell.runtime.under_way import People, UnderWay
from upsell.runtime.written import WrittenBook
from upsell.store.experiments import ClosedExperiment
from upsell.store.guardrails import Breach, NoticeState
from upsell.store.passages import LAST
from upsell.store.revisions import Revision
from upsell.store.users import Role
from upsell.web.access import RIGHTS, Right
from upsell.web.pages.workflow import workflow_page
from upsell.web.pages.workflow_parts import broken_of, experiment_of
from upsell.web.pages.workflow_people import Asked, is_asked_for, people_page
from upsell.web.pages.workflow_versions import file_page, versions_page
from upsell.workspace.outline import outline
from upsell.workspace.whereabouts import Stand, Whereabouts

WORKFLOW = compiled("[{wait: 2 days}, {email: {content: t1, intent: help}}]")
DRAWN = outline(WORKFLOW)
EVERYBODY = Asked("", "", LAST)
STANDING = Whereabouts({"0": {Stand.WAITING: 3, Stand.SHADOW: 1}}, {"0123456789": {"1": 2}})


def passage(step: str | None = "0", **said: object) -> Enrollment:
    stands = Enrollment("e", "w", WORKFLOW.version, entered_at=AS_OF - DAY, step=step, step_at=AS_OF)
    return msgspec.structs.replace(stands, **said)


def people(*passages: Enrollment, older: int | None = None) -> People:
    found = tuple(UnderWay(9 - n, f"c:<i>{n}/ü", "a:acme", each) for n, each in enumerate(passages))
    return People(found, 1_000, older)


def test_a_row_says_where_somebody_stands_since_when_and_what_holds_them() -> None:
    page = people_page(
        DRAWN,
        people(
            passage(due_at=AS_OF + DAY, is_shadow=True, arm="a"),
            passage("1", phase=Phase.FROZEN, held_by="sensitive|open_ticket"),
            passage("1", phase=Phase.SPEAKING),
            passage(None),
            passage("0", version="0123456789"),
        ),
        EVERYBODY,
        counted_as(WORKFLOW, STANDING),
    )
    first, frozen, told, before, old = page.rows
    assert (first.stands, first.since, first.due) == ("0 Wait 2 days", "2027-01-01 00:00", "2027-01-02 00:00")
    assert (first.arm, first.waits, first.of) == ("held out, a", "", "acme")
    assert frozen.waits == (
        "stands still: something is wrong or fresh for this customer, so we stay silent (open_ticket)"
    )
    assert told.waits.startswith("being told")
    assert (before.stands, before.since) == ("before the first step", "2026-12-31 00:00")
    assert old.stands == "step 0 of version 01234567"
    assert page.answer == "6 accounts are under way."
    html = written("workflow_people.html", page)
    assert '<a class="whole" href="/customers/c%3A%3Ci%3E0%2F%C3%BC">&lt;i&gt;0/ü</a>' in html
    assert "0 Wait 2 days (4)" in html


@pytest.mark.parametrize(
    ("asked", "found", "words"),
    [
        (EVERYBODY, people(), "Nobody is in it"),
        (Asked("0", "", LAST), people(), "Nobody stands here"),
        (Asked("0", "", LAST), people(older=7), "None of the last 1,000 who came in"),
        (Asked("nope", "", LAST), people(), "There is no step nope in what is live"),
    ],
)
def test_a_page_without_rows_says_why_and_what_to_do(asked: Asked, found: People, words: str) -> None:
    html = written("workflow_people.html", people_page(DRAWN, found, asked, None))
    assert words in html
    assert "How many is being counted." in html
    assert (f"?step={asked.step}&amp;before=7" in html) == (found.older is not None)


def test_a_step_is_one_of_the_version_that_is_live() -> None:
    at_first, old = passage("0"), passage("0", version="0123456789")
    assert is_asked_for(at_first, Asked("0", "", LAST), DRAWN)
    assert not is_asked_for(old, Asked("0", "", LAST), DRAWN)
    assert is_asked_for(old, Asked("", "0123456789", LAST), DRAWN)
    assert is_asked_for(passage(None), Asked("-", "", LAST), DRAWN)
    assert not is_asked_for(passage(None), Asked("nope", "", LAST), DRAWN)


def book_of(*texts: str) -> WrittenBook:
    book = WrittenBook()
    book.add(
        Revision(
            number, "0123456789", {"workflows/w.yaml": text}, 0, AS_OF + number, AS_OF + number, "a note"
        )
        for number, text in enumerate(texts, 1)
    )
    return book


def test_a_difference_says_what_comes_and_goes_and_runs_nothing() -> None:
    book = book_of("name: a\n", "name: a\n<script>1</script>\n", "name: b\n")
    html = written("workflow_versions.html", versions_page(DRAWN, book, ("", ""), None))
    assert "From revision 2 to 3" in html
    assert '<del data-at="2"><span class="sign">−</span> &lt;script&gt;1&lt;/script&gt;' in html
    assert '<ins data-at="1"><span class="sign">+</span> name: b' in html
    assert "<script>1" not in html
    assert "That is being counted" in html


def test_any_two_revisions_are_set_side_by_side_and_others_are_refused() -> None:
    book = book_of("a\n", "b\n", "c\n")

    def shown(since: str, until: str) -> tuple[int, int, bool]:
        page = versions_page(DRAWN, book, (since, until), None)
        return page.since, page.until, bool(page.fault)

    assert shown("", "") == (2, 3, False)
    assert shown("1", "3") == (1, 3, False)
    assert shown("0", "1") == (0, 1, False)
    assert shown("", "2") == (1, 2, False)
    assert shown("9", "<b>") == (2, 3, True)


def test_the_file_is_text_with_a_line_for_each_and_a_way_to_change_it_for_whoever_may() -> None:
    book = book_of("name: <b>\n\npurpose: x\n")
    page = file_page(DRAWN, book)
    assert page.lines == ("name: <b>", "", "purpose: x")
    html = written("workflow_file.html", page)
    assert "<span>name: &lt;b&gt;\n</span><span>\n</span><span>purpose: x\n</span>" in html
    for role in Role:
        way = 'href="/changes/new?file=workflows%2Fw.yaml"' in written("workflow_file.html", page, role)
        assert way is (Right.PROPOSE in RIGHTS[role])


def test_a_breach_says_when_and_whether_somebody_let_it_go_on() -> None:
    kept = Breach(
        1, "w", "bounce_rate", Action.PAUSE, "9 of 90", AS_OF, None, "", "", NoticeState.NOBODY, "", ""
    )
    assert broken_of(kept).ended == "Paused; nobody has let it go on yet"
    ended = Breach(
        1, "w", "bounce_rate", Action.WARN, "9 of 90", AS_OF, AS_OF + DAY, "ada", "mended", NoticeState.SENT,
        "owner@acme.example", "",
    )  # fmt: skip
    assert broken_of(ended).ended == "Its owner was told; let go on 2 January 2027, 00:00 UTC, by ada: mended"


def test_its_own_guardrails_stand_apart_from_those_of_all_mail() -> None:
    def guarded(workflow: str, standing: Standing) -> Guarded:
        reading = Reading(standing, 400, 9, 0.003, 0.0225, 0.01, 0.04, 0.05)
        words = "unsubscribe_rate: 9 unsubscribes of 400 delivered"
        return Guarded(workflow, "unsubscribe_rate", Action.PAUSE, reading, words, ())

    readings = (guarded("w", Standing.BEYOND), guarded(ALL_MAIL, Standing.WITHIN))
    page = workflow_page(one_of(WORKFLOW, readings=readings), None)
    (own,), (mail,) = page.rails, page.mail_rails
    assert (own.name, own.limit, own.standing.words) == ("unsubscribe rate", "0.3 %", "beyond")
    assert own.counted == "9 unsubscribes of 400 delivered"
    assert own.then == "it is paused, and its owner told"
    assert mail.standing.words == "within"
    html = written("workflow.html", page)
    assert html.index("Limits of its own") < html.index("Limits of all mail")


def test_an_experiment_says_what_each_arm_gets_and_its_share_of_all() -> None:
    arms = (Arm("early", 0.5), Arm("late", 0.5))
    experiment = msgspec.structs.replace(WORKFLOW.experiment, vary=Vary.TIMING, arms=arms)
    closed = ClosedExperiment("w", "v", "offer", "annual", AS_OF, "ada", "it earned more", "{}")
    workflow = msgspec.structs.replace(WORKFLOW, experiment=experiment)
    tested = experiment_of(one_of(workflow, closed=(closed,)))
    assert [(arm.name, arm.planned) for arm in tested.arms] == [
        ("holdout", "30.0 %"), ("treated", "70.0 %"), ("early", "35.0 %"), ("late", "35.0 %"),
    ]  # fmt: skip
    assert [arm.exposed for arm in tested.arms] == [420, 1_050, None, None], (
        "what the report does not know is not none"
    )
    assert tested.arms[2].gets == "of those treated, its own timing"
    assert tested.notes[0].startswith("Sample ratio 1,050 to 420")
    assert tested.closed == (
        "1 January 2027: annual was rolled out to all; the arms differed in offer. ada: it earned more",
    )
