"""Changes: who may do what about them, and that what was approved is what goes live."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.live_world import ON_PRICING, make_documents
from tests.stories.world import START, workflow
from upsell.clock import SetClock
from upsell.errors import ConfigError
from upsell.runtime import changes
from upsell.runtime.apply import apply
from upsell.runtime.change_book import ChangeBook
from upsell.runtime.changes import Word
from upsell.store.acts import read_acts
from upsell.store.changes import (
    Change,
    ChangeAct,
    ChangeState,
    read_change_documents,
    read_change_records,
    read_closed_changes,
    read_open_changes,
)
from upsell.store.connect import Connection, connect
from upsell.store.revisions import newest_revision, read_revisions
from upsell.store.users import Role, add_user, change_role, remove_user
from upsell.workspace.compile import compile_documents
from upsell.workspace.documents import Documents

pytestmark = pytest.mark.postgres

ADA, BOB, EVE = (Word(f"{who}@acme.example", "it is time") for who in ("ada", "bob", "eve"))
HELP = "[{email: {content: t1, intent: help}}]"
CLOCK = SetClock(START)
APPROVING = (Role.APPROVER, Role.ADMIN)


def documents(holdout: str = "0%", settings: str = "") -> Documents:
    return make_documents(
        {"help": workflow(trigger=ON_PRICING, journey=HELP, holdout=holdout)}, policy=settings
    )


@pytest.fixture
def connection(shared_database: str) -> Iterator[Connection]:
    """Give a database in which one revision is live and no change is known."""
    with connect(shared_database) as connection:
        connection.execute(
            "truncate revisions, changes, change_documents, change_records, acts, users cascade"
        )
        add_user(connection, BOB.by, Role.APPROVER, "shell:root", "", CLOCK.now())
        apply(connection, documents(), CLOCK, expected=None)
        yield connection


def drafted(connection: Connection, holdout: str = "10%") -> Change:
    return changes.propose(connection, CLOCK, documents(holdout), ADA, made_from=1)


def asked(connection: Connection) -> Change:
    return changes.ask(connection, CLOCK, drafted(connection).number, ADA)


def approved(connection: Connection) -> Change:
    return changes.approve(connection, CLOCK, asked(connection).number, BOB)


def stands(connection: Connection, change: Change) -> ChangeState:
    return changes.find_change(connection, change.number).state


def test_what_another_person_approved_goes_live_as_it_was_approved(connection: Connection) -> None:
    change = approved(connection)
    revision = changes.launch(connection, CLOCK, change.number, ADA, APPROVING)
    live = newest_revision(connection)
    assert live == revision
    assert (live.number, live.note) == (2, "it is time")
    assert live.documents == documents("10%") == read_change_documents(connection, change)
    records = read_change_records(connection, change.number)
    assert [(each.act, each.by) for each in records] == [
        (ChangeAct.DRAFTED, ADA.by),
        (ChangeAct.ASKED, ADA.by),
        (ChangeAct.APPROVED, BOB.by),
        (ChangeAct.LAUNCHED, ADA.by),
    ]
    assert {each.hash for each in records} == {change.hash}
    told = [(each.by, each.act.value, each.about, each.words) for each in read_acts(connection, 9)]
    assert told[0] == (ADA.by, "launched change", str(change.number), "as revision 2")
    assert [by for by, *_ in told[:4]] == [ADA.by, BOB.by, ADA.by, ADA.by]
    assert [each.revision for each in read_closed_changes(connection, 9)] == [2]
    assert read_open_changes(connection, 9) == ()


def test_nothing_is_launched_that_was_not_approved(connection: Connection) -> None:
    change = drafted(connection)
    for _ in range(2):
        with pytest.raises(ConfigError, match="expected a change that is approved"):
            changes.launch(connection, CLOCK, change.number, BOB, APPROVING)
        if stands(connection, change) is ChangeState.DRAFT:
            changes.ask(connection, CLOCK, change.number, ADA)
    assert len(read_revisions(connection, 1)) == 1


def test_nobody_approves_what_they_drafted_altered_or_asked_for(connection: Connection) -> None:
    change = drafted(connection)
    changes.alter(connection, CLOCK, change.number, documents("20%"), BOB, made_from=1)
    changes.ask(connection, CLOCK, change.number, EVE)
    for each in (ADA, BOB, EVE):
        with pytest.raises(ConfigError, match="expected another person"):
            changes.approve(connection, CLOCK, change.number, each)
    assert changes.approve(connection, CLOCK, change.number, Word("dan", "")).state is ChangeState.APPROVED


def test_what_is_altered_needs_approval_anew(connection: Connection) -> None:
    change = approved(connection)
    other = changes.alter(connection, CLOCK, change.number, documents("20%"), ADA, made_from=1)
    assert (other.state, other.hash == change.hash) == (ChangeState.DRAFT, False)
    with pytest.raises(ConfigError, match="which is draft"):
        changes.launch(connection, CLOCK, change.number, ADA, APPROVING)
    # What was approved can still be read.
    assert read_change_documents(connection, change) == documents("10%")


def test_a_word_about_what_stood_there_before_counts_for_nothing(connection: Connection) -> None:
    change = asked(connection)
    changes.alter(connection, CLOCK, change.number, documents("20%"), ADA, made_from=1)
    changes.ask(connection, CLOCK, change.number, ADA)
    with pytest.raises(ConfigError, match="altered meanwhile"):
        changes.approve(connection, CLOCK, change.number, Word(BOB.by, "fine", change.seen))
    assert stands(connection, change) is ChangeState.ASKED


def test_a_word_about_the_same_text_over_another_revision_counts_for_nothing(connection: Connection) -> None:
    change = asked(connection)
    apply(connection, documents("20%"), CLOCK, expected=1)
    # The same text would now undo what somebody else put live.
    changes.alter(connection, CLOCK, change.number, documents("10%"), ADA, made_from=2)
    other = changes.ask(connection, CLOCK, change.number, ADA)
    assert other.hash == change.hash
    with pytest.raises(ConfigError, match="altered meanwhile"):
        changes.approve(connection, CLOCK, change.number, Word(BOB.by, "fine", change.seen))
    assert stands(connection, change) is ChangeState.ASKED


@pytest.mark.parametrize("name", ["ada+2@acme.example", "ADA@acme.example", " ada@acme.example "])
def test_nobody_approves_their_own_under_another_spelling(connection: Connection, name: str) -> None:
    change = asked(connection)
    with pytest.raises(ConfigError, match="another person"):
        changes.approve(connection, CLOCK, change.number, Word(name, "fine"))
    assert stands(connection, change) is ChangeState.ASKED


def test_an_approval_counts_while_whoever_gave_it_may_approve(connection: Connection) -> None:
    change = approved(connection)
    change_role(connection, BOB.by, Role.EDITOR, "shell:root", "", CLOCK.now())
    with pytest.raises(ConfigError, match=r"bob@acme.example, who is editor by now; ask for approval anew"):
        changes.launch(connection, CLOCK, change.number, ADA, APPROVING)
    remove_user(connection, BOB.by, "shell:root", "", CLOCK.now())
    with pytest.raises(ConfigError, match=r"bob@acme.example, who is no user any more"):
        changes.launch(connection, CLOCK, change.number, ADA, APPROVING)
    assert changes.ask(connection, CLOCK, change.number, ADA).state is ChangeState.ASKED
    changes.approve(connection, CLOCK, change.number, Word("shell:root", "it is right"))
    assert changes.launch(connection, CLOCK, change.number, ADA, APPROVING).number == 2


def test_no_user_goes_by_a_name_of_whoever_acts_by_commands(connection: Connection) -> None:
    with pytest.raises(ConfigError, match="an address of mail"):
        add_user(connection, "shell:eve@acme.example", Role.EDITOR, "shell:root", "", CLOCK.now())


def test_a_change_is_launched_over_the_revision_it_was_made_from_alone(connection: Connection) -> None:
    change = approved(connection)
    apply(connection, documents("5%"), CLOCK, expected=1)
    with pytest.raises(ConfigError, match="expected a change made from revision 2") as refused:
        changes.launch(connection, CLOCK, change.number, ADA, APPROVING)
    assert "-experiment: {holdout: 5%}" in str(refused.value)
    assert "+experiment: {holdout: 10%}" in str(refused.value)
    assert stands(connection, change) is ChangeState.APPROVED
    with pytest.raises(ConfigError, match="made from revision 1"):
        changes.propose(connection, CLOCK, documents("20%"), ADA, made_from=1)


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        (asked, changes.refuse),
        (drafted, changes.withdraw),
        (approved, changes.withdraw),
        (approved, partial(changes.launch, approving=APPROVING)),
    ],
)
def test_what_was_ended_is_closed(
    connection: Connection, begin: Callable[[Connection], Change], end: Callable[..., object]
) -> None:
    change = begin(connection)
    end(connection, CLOCK, change.number, EVE)
    launch = partial(changes.launch, approving=APPROVING)
    for act in (changes.ask, changes.approve, changes.refuse, changes.withdraw, launch):
        with pytest.raises(ConfigError, match="expected a change that is"):
            act(connection, CLOCK, change.number, EVE)
    with pytest.raises(ConfigError, match="expected a change that is"):
        changes.alter(connection, CLOCK, change.number, documents("20%"), EVE, made_from=1)


def test_what_does_not_compile_can_be_drafted_and_not_asked_for(connection: Connection) -> None:
    broken = {**documents(), "workflows/help.yaml": "name: [\n"}
    change = changes.propose(connection, CLOCK, broken, ADA, made_from=1)
    with pytest.raises(ConfigError, match="expected documents whose checks pass"):
        changes.ask(connection, CLOCK, change.number, ADA)
    assert stands(connection, change) is ChangeState.DRAFT


def test_whoever_decides_is_told_that_nobody_has_to_from_then_on(connection: Connection) -> None:
    alone = documents(settings="going_live: {approval: none}\n")
    change = changes.propose(connection, CLOCK, alone, ADA, made_from=1)
    program = compile_documents(documents()).program
    looked = ChangeBook(CLOCK).look(connection, change.number, program)
    assert "launches it alone" in looked.meant[0]
    other = drafted(connection)
    assert ChangeBook(CLOCK).look(connection, other.number, program).meant == ()


def test_what_changes_nothing_is_no_change(connection: Connection) -> None:
    with pytest.raises(ConfigError, match="nothing to propose"):
        changes.propose(connection, CLOCK, documents(), ADA, made_from=1)
    with pytest.raises(ConfigError, match="got none of them"):
        changes.propose(connection, CLOCK, {}, ADA, made_from=1)
    change = drafted(connection)
    with pytest.raises(ConfigError, match="got the same"):
        changes.alter(connection, CLOCK, change.number, documents("10%"), ADA, made_from=1)


def test_a_team_of_one_launches_alone_once_what_is_live_says_so(connection: Connection) -> None:
    alone = documents("10%", "going_live: {approval: none}\n")
    change = changes.propose(connection, CLOCK, alone, ADA, made_from=1)
    # What is proposed cannot let itself through.
    with pytest.raises(ConfigError, match="expected a change that is approved"):
        changes.launch(connection, CLOCK, change.number, ADA, APPROVING)
    apply(connection, alone, CLOCK, expected=1)
    more = documents("20%", "going_live: {approval: none}\n")
    change = changes.propose(connection, CLOCK, more, ADA, made_from=2)
    assert changes.launch(connection, CLOCK, change.number, ADA, APPROVING).number == 3


def test_where_nothing_is_live_what_is_proposed_says_whose_approval_it_needs(connection: Connection) -> None:
    connection.execute("truncate revisions")
    change = changes.propose(connection, CLOCK, documents(), ADA, made_from=0)
    with pytest.raises(ConfigError, match="expected a change that is approved"):
        changes.launch(connection, CLOCK, change.number, ADA, APPROVING)
    alone = documents(settings="going_live: {approval: none}\n")
    change = changes.propose(connection, CLOCK, alone, ADA, made_from=0)
    assert changes.launch(connection, CLOCK, change.number, ADA, APPROVING).number == 1


def test_of_two_who_decide_at_once_one_does_and_the_other_is_told(
    connection: Connection, shared_database: str
) -> None:
    change = asked(connection)
    said: list[str] = []
    started = threading.Barrier(2)

    def decide(act: Callable[..., Change], word: Word) -> None:
        with connect(shared_database) as own:
            started.wait()
            try:
                said.append(act(own, CLOCK, change.number, word).state.value)
            except ConfigError as error:
                said.append(str(error))

    acts = ((changes.approve, BOB), (changes.refuse, EVE))
    threads = [threading.Thread(target=decide, args=each) for each in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (won,) = [each for each in said if not each.startswith("expected")]
    (told,) = [each for each in said if each.startswith("expected")]
    assert f"which is {won}" in told
    assert stands(connection, change).value == won
    decided = [each.act.value for each in read_change_records(connection, change.number)[2:]]
    assert decided == [won]


def test_of_two_who_launch_at_once_one_revision_comes(connection: Connection, shared_database: str) -> None:
    change = approved(connection)
    said: list[str] = []

    def launch(who: Word) -> None:
        with connect(shared_database) as own:
            try:
                said.append(str(changes.launch(own, CLOCK, change.number, who, APPROVING).number))
            except ConfigError as error:
                said.append(str(error))

    threads = [threading.Thread(target=launch, args=(each,)) for each in (ADA, BOB)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said)[0] == "2"
    assert "which is launched (launched by" in sorted(said)[1]
    assert newest_revision(connection) is not None
    assert len(read_revisions(connection, 1)) == 2


def test_a_launch_that_breaks_off_leaves_everything_as_it_was(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = approved(connection)

    def breaks_off(*_: object) -> None:
        msg = "the machine went down"
        raise RuntimeError(msg)

    # The log is written last.
    monkeypatch.setattr(changes, "add_act", breaks_off)
    with pytest.raises(RuntimeError):
        changes.launch(connection, CLOCK, change.number, ADA, APPROVING)
    assert stands(connection, change) is ChangeState.APPROVED
    assert len(read_revisions(connection, 1)) == 1
    assert len(read_change_records(connection, change.number)) == 3
    monkeypatch.undo()
    assert changes.launch(connection, CLOCK, change.number, ADA, APPROVING).number == 2


def test_what_was_done_about_a_change_is_never_changed(connection: Connection) -> None:
    drafted(connection)
    for table in ("change_records", "change_documents"):
        with pytest.raises(Exception, match="never changed"):
            connection.execute(f"delete from {table}")  # names of ours
