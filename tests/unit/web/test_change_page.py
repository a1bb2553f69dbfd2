"""The page of a change: what it answers in each state, and which forms stand on it for whom."""

from __future__ import annotations

import msgspec
import pytest

from tests.live_world import ON_PRICING, make_documents
from tests.pages_world import written
from tests.stories.world import START, workflow
from upsell.errors import Problem
from upsell.journeys.workflow import UnitKind
from upsell.runtime.change_book import Checked, Looked, check
from upsell.runtime.change_reach import How, Reach, ReachedWorkflow
from upsell.runtime.differences import find_differences
from upsell.store.changes import Change, ChangeAct, ChangeRecord, ChangeState
from upsell.store.headcount import Headcount
from upsell.store.users import Role
from upsell.web.access import RIGHTS
from upsell.web.pages.change_view import ChangePage, change_content, change_page
from upsell.web.pages.changes import changes_page
from upsell.web.pages.forms import rendered
from upsell.web.pages.shell import Shell, Visit
from upsell.web.pages.stops import stops_page
from upsell.workspace.linting import Linted

HELP = workflow(trigger=ON_PRICING, journey="[{email: {content: t1, intent: help}}]")
BEFORE, AFTER = (make_documents({"help": text}) for text in (HELP, HELP.replace("0%", "10%")))
PASSES = check(AFTER, START)
FAILS = Checked((Problem("expected a <b>, got none", "workflows/help.yaml", 3),), Linted((), ()), None)
REACH = Reach(
    (ReachedWorkflow("help", "Help", UnitKind.ACCOUNT, How.ALTERED, 412, 98, 12),),
    {UnitKind.ACCOUNT: Headcount(1_204, is_exact=False)},
    (),
    (),
)
ACTS = {
    ChangeState.DRAFT: ["drafted"],
    ChangeState.ASKED: ["drafted", "asked"],
    ChangeState.APPROVED: ["drafted", "asked", "approved"],
    ChangeState.LAUNCHED: ["drafted", "asked", "approved", "launched"],
    ChangeState.REFUSED: ["drafted", "asked", "refused"],
    ChangeState.WITHDRAWN: ["drafted", "withdrawn"],
}


def visit(role: Role, name: str = "eve@acme.example") -> Visit:
    return Visit(name, role, "token", RIGHTS[role])


ADA, EDITOR, APPROVER, VIEWER = (
    visit(Role.APPROVER, "ada@acme.example"),
    visit(Role.EDITOR),
    visit(Role.APPROVER),
    visit(Role.VIEWER),
)


def looked(
    state: ChangeState, checked: Checked = PASSES, live: int = 3, *, needs_approval: bool = True
) -> Looked:
    revision = 4 if state is ChangeState.LAUNCHED else None
    change = Change(7, state, 3, "h", "offer <Pro> sooner", "ada@acme.example", START, revision)
    who = {"approved": "bob@acme.example"}
    return Looked(
        change=change,
        records=tuple(
            ChangeRecord(ChangeAct(act), who.get(act, "ada@acme.example"), START, "", "h")
            for act in ACTS[state]
        ),
        differences=find_differences(BEFORE, AFTER),
        live=live,
        checked=checked if change.is_open else None,
        reach=REACH if change.is_open and live == 3 and not checked.problems else None,
        counted_at=START,
        needs_approval=needs_approval,
    )


def buttons(found: Looked, who: Visit | None) -> list[str]:
    return [each.path.rpartition("/")[2] for each in change_page(found, who).doings]


def html(page: ChangePage, who: Visit) -> str:
    return rendered("change.html", page=page, shell=Shell(who, (), "/here?format=json", ""))


@pytest.mark.parametrize(
    ("state", "who", "may"),
    [
        (ChangeState.DRAFT, EDITOR, ["ask", "withdraw"]),
        (ChangeState.ASKED, EDITOR, ["withdraw"]),
        (ChangeState.ASKED, APPROVER, ["approve", "refuse", "withdraw"]),
        (ChangeState.ASKED, ADA, ["withdraw"]),
        (ChangeState.APPROVED, EDITOR, ["launch", "ask", "withdraw"]),
        (ChangeState.LAUNCHED, APPROVER, []),
        (ChangeState.REFUSED, APPROVER, []),
        (ChangeState.WITHDRAWN, APPROVER, []),
        *((state, VIEWER, []) for state in ChangeState),
        *((state, None, []) for state in ChangeState),
    ],
)
def test_a_page_has_the_forms_that_its_reader_may_use_now(
    state: ChangeState, who: Visit | None, may: list[str]
) -> None:
    assert buttons(looked(state), who) == may


def test_what_fails_its_checks_cannot_be_asked_for_approved_or_launched() -> None:
    for state in (ChangeState.DRAFT, ChangeState.APPROVED):
        assert buttons(looked(state, FAILS), APPROVER) == ["withdraw"]
    assert buttons(looked(ChangeState.ASKED, FAILS), APPROVER) == ["refuse", "withdraw"]
    page = change_page(looked(ChangeState.DRAFT, FAILS), EDITOR)
    assert page.answer == "Not yet: its checks find 1 error to put right."
    said = html(page, EDITOR)
    assert "expected a &lt;b&gt;, got none" in said
    assert "workflows/help.yaml, line 3" in said


def test_what_is_over_another_revision_is_carried_over_first() -> None:
    found = looked(ChangeState.APPROVED, live=4)
    assert buttons(found, EDITOR) == ["renew", "withdraw"]
    assert "by now revision 4 is live" in change_page(found, EDITOR).answer


def test_where_no_approval_is_asked_for_a_draft_is_launched() -> None:
    assert buttons(looked(ChangeState.DRAFT, needs_approval=False), EDITOR) == ["launch", "withdraw"]


def test_the_button_says_what_it_will_do() -> None:
    found = looked(ChangeState.APPROVED)
    assert "Launch for about 1,204 accounts" in html(change_page(found, EDITOR), EDITOR)
    (one,) = REACH.workflows
    ends = msgspec.structs.replace(REACH, workflows=(msgspec.structs.replace(one, how=How.ENDED),))
    page = change_page(msgspec.structs.replace(found, reach=ends), EDITOR)
    assert page.doings[0].button == "Launch as revision 4: 412 accounts leave Help"
    alone = msgspec.structs.replace(one, how=How.PAUSED, under_way=1)
    page = change_page(
        msgspec.structs.replace(found, reach=msgspec.structs.replace(REACH, workflows=(alone,))), EDITOR
    )
    assert page.doings[0].button == "Launch as revision 4: 1 account stops in Help"
    nothing = msgspec.structs.replace(REACH, workflows=())
    page = change_page(msgspec.structs.replace(found, reach=nothing), EDITOR)
    assert page.doings[0].button == "Launch as revision 4"


def test_a_page_says_what_is_not_counted() -> None:
    (one,) = REACH.workflows
    many = msgspec.structs.replace(one, under_way=None, eligible=None, triggered=None)
    found = msgspec.structs.replace(
        looked(ChangeState.DRAFT), reach=msgspec.structs.replace(REACH, workflows=(many,))
    )
    assert "is not counted here" in html(change_page(found, EDITOR), EDITOR)


@pytest.mark.parametrize("state", list(ChangeState))
def test_every_state_is_written_with_its_difference_and_its_record(state: ChangeState) -> None:
    page = change_page(looked(state), None)
    said = written("change.html", page)
    assert "offer &lt;Pro&gt; sooner" in said
    assert '<ins data-at="' in said
    assert '<del data-at="' in said
    assert "drafted by ada@acme.example" in said.casefold()
    assert "<form" not in said
    told = msgspec.json.decode(msgspec.json.encode(change_content(looked(state))))
    assert (told["state"], told["proposed_at"][:10]) == (state.value, "2026-03-02")
    assert [each["name"] for each in told["files"]] == ["workflows/help.yaml"]


def test_where_nothing_is_proposed_or_stopped_it_says_what_will_stand_there_and_how_to_make_it() -> None:
    said = written("changes.html", changes_page((), (), 3, ""))
    assert "Nothing is proposed" in said
    assert "upsell propose" in said
    said = written("stops.html", stops_page((), {}, 0))
    assert "Nothing is stopped" in said
    assert "upsell stop --because" in said


def test_a_list_says_whom_each_change_waits_for() -> None:
    states = (ChangeState.DRAFT, ChangeState.ASKED, ChangeState.APPROVED)
    found = tuple(looked(state).change for state in states)
    page = changes_page(found, (), 3, "")
    assert page.headline == "3 changes are open; 1 waits for approval."
    assert [row.waits for row in page.open] == [
        "whoever proposes, to ask for approval",
        "another person, to approve it",
        "whoever proposes, to launch it",
    ]
    page = changes_page(found, (), 4, "")
    assert {row.waits for row in page.open} == {"whoever proposes, to carry it over to revision 4"}
