"""Changes: documents proposed over what is live, approved by another person, and launched as ``apply`` does.

For the pages under ``/changes``, ``upsell propose`` and ``upsell changes``. The laws: nobody approves what
they proposed; what is launched is, letter by letter, what was approved, over the revision it was made from;
what is altered needs approval anew; what was launched, refused or withdrawn is closed; and each act is one
transaction that holds the change, so that of two who decide at once one does and the other is told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import msgspec

from upsell.clock import Clock
from upsell.errors import ConfigError, DefinitionError, StoreError
from upsell.journeys.program import LaunchApproval
from upsell.runtime.apply import apply, difference
from upsell.runtime.whole import compile_whole
from upsell.store.acts import Act, add_act
from upsell.store.changes import (
    OPEN_STATES,
    Change,
    ChangeAct,
    ChangeRecord,
    ChangeState,
    add_change,
    add_change_record,
    hold_change,
    keep_change_documents,
    read_change,
    read_change_documents,
    read_change_records,
    settle_change,
)
from upsell.store.connect import Connection
from upsell.store.revisions import Revision, newest_revision, read_revision
from upsell.store.users import Role, person_of, read_users
from upsell.workspace.compile import compile_documents
from upsell.workspace.documents import Documents, hash_documents

LARGEST = 4_000_000
"""The most letters the documents of a change may have together."""

SHELL = "shell:"
"""What the name of whoever acts by a command begins with."""

_ACTS = {
    ChangeAct.DRAFTED: Act.CHANGE_DRAFTED,
    ChangeAct.ALTERED: Act.CHANGE_ALTERED,
    ChangeAct.ASKED: Act.CHANGE_ASKED,
    ChangeAct.APPROVED: Act.CHANGE_APPROVED,
    ChangeAct.REFUSED: Act.CHANGE_REFUSED,
    ChangeAct.LAUNCHED: Act.CHANGE_LAUNCHED,
    ChangeAct.WITHDRAWN: Act.CHANGE_WITHDRAWN,
}

_PROPOSING = frozenset({ChangeAct.DRAFTED, ChangeAct.ALTERED, ChangeAct.ASKED})


class Word(msgspec.Struct, frozen=True):
    """Somebody's word about a change.

    Attributes:
        by: Who they are.
        because: Why, for the record.
        seen: ``Change.seen`` of what they looked at; empty for what stands there now.
    """

    by: str
    because: str
    seen: str = ""


def find_change(connection: Connection, number: int) -> Change:
    """Give a change by its number.

    Raises:
        ConfigError: There is none.
    """
    return _found(read_change(connection, number), number)


def propose(
    connection: Connection, clock: Clock, documents: Documents, word: Word, *, made_from: int
) -> Change:
    """Draft a change: documents over the revision they were made from, which is live.

    What is wrong with them is told when it is looked at, and has to be put right before it is asked for.

    Args:
        connection: The database, in autocommit.
        clock: The present.
        documents: The whole workspace as it is to be.
        word: Who proposes it, and why.
        made_from: Number of the revision it was made from, 0 for none.

    Raises:
        ConfigError: Another revision is live, nothing differs, or the documents are too large together.
    """
    hash_ = hash_documents(documents)
    with connection.transaction():
        _check(connection, documents, made_from)
        change = add_change(connection, documents, hash_, made_from, word.by, word.because, clock.now())
        _write(connection, clock, change, ChangeAct.DRAFTED, word, _over(made_from))
    return change


def alter(
    connection: Connection, clock: Clock, number: int, documents: Documents, word: Word, *, made_from: int
) -> Change:
    """Put other documents in the place of a change's: it is a draft again, whatever was approved.

    Raises:
        ConfigError: It is closed or was altered meanwhile, or the documents cannot be proposed.
    """
    hash_ = hash_documents(documents)
    with _held(connection, number, word, *OPEN_STATES) as held:
        _check(connection, documents, made_from)
        if (hash_, made_from) == (held.hash, held.made_from):
            msg = f"expected other documents than change {number} has, got the same; nothing was altered"
            raise ConfigError(msg)
        change = msgspec.structs.replace(held, state=ChangeState.DRAFT, hash=hash_, made_from=made_from)
        keep_change_documents(connection, number, hash_, documents)
        settle_change(connection, change)
        _write(connection, clock, change, ChangeAct.ALTERED, word, _over(made_from))
    return change


def renew(connection: Connection, clock: Clock, number: int, word: Word) -> Change:
    """Carry a change over to the revision that is live by now: its own files on it, those of nobody else.

    Raises:
        ConfigError: It is closed or was altered meanwhile, is over what is live, or a file of it was changed
            by both.
    """
    change, live = find_change(connection, number), newest_revision(connection)
    before, mine = documents_before(connection, change), read_change_documents(connection, change)
    if live is None or live.number == change.made_from:
        msg = f"expected a change over a revision that is not live any more, got change {number}"
        raise ConfigError(msg)
    own = {name for name in {*before, *mine} if before.get(name) != mine.get(name)}
    others = {name for name in {*before, *live.documents} if before.get(name) != live.documents.get(name)}
    both = sorted(name for name in own & others if mine.get(name) != live.documents.get(name))
    if both:
        msg = (
            f"expected files that only change {number} changes, got {', '.join(both)}, changed since "
            f"revision {change.made_from} by others too; put both together by hand and alter it"
        )
        raise ConfigError(msg)
    kept = {name: text for name, text in live.documents.items() if name not in own}
    documents = kept | {name: mine[name] for name in own if name in mine}
    seen = msgspec.structs.replace(word, seen=word.seen or change.seen)
    return alter(connection, clock, number, documents, seen, made_from=live.number)


def ask(connection: Connection, clock: Clock, number: int, word: Word) -> Change:
    """Ask for approval of a draft, or anew of what was approved.

    Raises:
        ConfigError: It is neither, was altered meanwhile, its checks fail, or another revision is live.
    """
    with _held(connection, number, word, ChangeState.DRAFT, ChangeState.APPROVED) as held:
        documents = read_change_documents(connection, held)
        _check(connection, documents, held.made_from)
        _check_sound(documents)
        return _settle(connection, clock, held, ChangeState.ASKED, ChangeAct.ASKED, word)


def approve(connection: Connection, clock: Clock, number: int, word: Word) -> Change:
    """Approve a change that was asked for, exactly as it stands.

    Raises:
        ConfigError: It does not wait for approval, was altered meanwhile, or they proposed it themselves.
    """
    with _held(connection, number, word, ChangeState.ASKED) as held:
        if is_proposer(read_change_records(connection, number), word.by):
            msg = (
                f"expected another person than who proposed change {number}, got {word.by}; let somebody "
                "else look at it and decide"
            )
            raise ConfigError(msg)
        return _settle(connection, clock, held, ChangeState.APPROVED, ChangeAct.APPROVED, word)


def refuse(connection: Connection, clock: Clock, number: int, word: Word) -> Change:
    """Refuse a change that was asked for; it is closed.

    Raises:
        ConfigError: It does not wait for approval, or was altered meanwhile.
    """
    with _held(connection, number, word, ChangeState.ASKED) as held:
        return _settle(connection, clock, held, ChangeState.REFUSED, ChangeAct.REFUSED, word)


def withdraw(connection: Connection, clock: Clock, number: int, word: Word) -> Change:
    """Withdraw a change that is not live, approved or not; it is closed.

    Raises:
        ConfigError: It is closed already, or was altered meanwhile.
    """
    with _held(connection, number, word, *OPEN_STATES) as held:
        return _settle(connection, clock, held, ChangeState.WITHDRAWN, ChangeAct.WITHDRAWN, word)


def launch(
    connection: Connection, clock: Clock, number: int, word: Word, approving: Collection[Role]
) -> Revision:
    """Put a change live as the next revision, as ``apply`` does, over the one it was made from.

    Args:
        connection: The database, in autocommit.
        clock: The present.
        number: Number of the change.
        word: Who launches it, and why.
        approving: Roles that may approve; an approval counts while whoever gave it has one of them.

    Raises:
        ConfigError: It is not approved and has to be, whoever approved may no more, it was altered meanwhile,
            its checks fail, or another revision is live by now; then with the difference from that.
    """
    with _held(connection, number, word, *OPEN_STATES) as held:
        documents = read_change_documents(connection, held)
        if needs_approval(connection, documents):
            if held.state is not ChangeState.APPROVED:
                raise ConfigError(_elsewhere(connection, held, (ChangeState.APPROVED,)))
            _check_approver(connection, number, approving)
        if hash_documents(documents) != held.hash:
            msg = (
                f"expected the documents of change {number} as they were kept, got others; propose them anew"
            )
            raise StoreError(msg)
        try:
            revision = apply(connection, documents, clock, expected=held.made_from, note=held.because)
        except DefinitionError as error:
            raise ConfigError(_unsound(error)) from error
        except StoreError as error:
            # Only what stands in the way for good is told as such: that another revision is live.
            _check(connection, documents, held.made_from)
            raise error
        launched = msgspec.structs.replace(held, revision=revision.number)
        _settle(
            connection, clock, launched, ChangeState.LAUNCHED, ChangeAct.LAUNCHED, word,
            f"as revision {revision.number}",
        )  # fmt: skip
    return revision


def needs_approval(connection: Connection, documents: Documents) -> bool:
    """Tell whether documents have to be approved before they are launched: as what is live says.

    Where nothing is live it is as they say themselves; what is not taken by this release needs approval.
    """
    live = newest_revision(connection)
    try:
        program = compile_documents(live.documents if live is not None else documents).program
    except DefinitionError:
        return True
    return program.launch_approval is not LaunchApproval.NONE


def is_proposer(records: tuple[ChangeRecord, ...], name: str) -> bool:
    """Tell whether somebody drafted, altered or asked for a change: they cannot approve it.

    An address with another tag, such as ``ada+test@``, is read by the same person.
    """
    return person_of(name) in {person_of(each.by) for each in records if each.act in _PROPOSING}


def did_words(act: ChangeAct) -> str:
    """Say what was done, as it goes before who did it."""
    return "approval asked for" if act is ChangeAct.ASKED else act.value


def documents_before(connection: Connection, change: Change) -> Documents:
    """Give the documents of the revision a change was made from; none where nothing was live."""
    before = read_revision(connection, change.made_from) if change.made_from else None
    return before.documents if before is not None else {}


@contextmanager
def _held(connection: Connection, number: int, word: Word, *states: ChangeState) -> Iterator[Change]:
    """Hold a change in a transaction, as long as it stands where it has to.

    Raises:
        ConfigError: There is none, it stands elsewhere, or other documents were looked at.
    """
    with connection.transaction():
        change = _found(hold_change(connection, number), number)
        if change.state not in states:
            raise ConfigError(_elsewhere(connection, change, states))
        if word.seen and word.seen != change.seen:
            msg = (
                f"expected change {number} as it stands now, got a word about what stood there before; it "
                "was altered meanwhile: look at it again"
            )
            raise ConfigError(msg)
        yield change


def _settle(  # one paragraph: where it stands, and who put it there
    connection: Connection,
    clock: Clock,
    change: Change,
    state: ChangeState,
    act: ChangeAct,
    word: Word,
    words: str = "",
) -> Change:
    after = msgspec.structs.replace(change, state=state)
    settle_change(connection, after)
    _write(connection, clock, after, act, word, words)
    return after


def _write(
    connection: Connection, clock: Clock, change: Change, act: ChangeAct, word: Word, words: str
) -> None:
    """Write down what was done: in the change's own record, and in the log of what users did."""
    now = clock.now()
    add_change_record(connection, change, act, word.by, word.because, now)
    add_act(connection, _ACTS[act], word.by, str(change.number), words, word.because, now)


def _check_approver(connection: Connection, number: int, approving: Collection[Role]) -> None:
    """Refuse an approval by a user who may give none any more; what a command approved stands.

    Raises:
        ConfigError: It is one.
    """
    records = read_change_records(connection, number)
    by = next(each.by for each in reversed(records) if each.act is ChangeAct.APPROVED)
    if by.startswith(SHELL):
        return
    role = next((each.role for each in read_users(connection) if each.email == by), None)
    if role not in approving:
        got = f"{by}, who is {role.value} by now" if role is not None else f"{by}, who is no user any more"
        msg = (
            f"expected the approval of somebody who may still approve, got that of {got}; ask for approval "
            f"anew (upsell changes ask {number} --why TEXT)"
        )
        raise ConfigError(msg)


def _check(connection: Connection, documents: Documents, made_from: int) -> None:
    """Refuse documents that cannot be put over what is live.

    Raises:
        ConfigError: Another revision is live than the one they were made from, nothing differs, or they are
            too large together.
    """
    size = sum(map(len, documents.values()))
    if size > LARGEST:
        msg = f"expected documents of at most {LARGEST:,} letters together, got {size:,}"
        raise ConfigError(msg)
    live = newest_revision(connection)
    if (live.number if live is not None else 0) != made_from:
        raise ConfigError(_stale(live, made_from, documents))
    if not documents:
        msg = "expected the files of a workspace, got none of them; name the directory that holds upsell.yaml"
        raise ConfigError(msg)
    if live is not None and live.documents == documents:
        msg = "expected documents that differ from what is live, got the same; there is nothing to propose"
        raise ConfigError(msg)


def _check_sound(documents: Documents) -> None:
    """Refuse documents that do not compile.

    Raises:
        ConfigError: They do not.
    """
    try:
        compile_whole(documents)
    except DefinitionError as error:
        raise ConfigError(_unsound(error)) from error


def _found(change: Change | None, number: int) -> Change:
    if change is None:
        msg = f"expected the number of a change, got {number}; `upsell changes` lists them"
        raise ConfigError(msg)
    return change


def _over(made_from: int) -> str:
    return f"over revision {made_from}" if made_from else "over nothing"


def _unsound(error: DefinitionError) -> str:
    count = len(error.problems)
    first = str(error.problems[0]).partition("\n")[0] if error.problems else "it says no more"
    return (
        f"expected documents whose checks pass, got {count:,} {'error' if count == 1 else 'errors'}; the "
        f"first: {first}; put it right and alter the change"
    )


def _elsewhere(connection: Connection, change: Change, states: tuple[ChangeState, ...]) -> str:
    """Say where a change stands that had to stand elsewhere, and who put it there."""
    wanted = " or ".join(each.value for each in states)
    last = read_change_records(connection, change.number)[-1]
    words = f"{last.act.value} by {last.by}" + (f": {last.because}" if last.because else "")
    got = f"change {change.number}, which is {change.state.value} ({words})"
    return f"expected a change that is {wanted}, got {got}"


def _stale(live: Revision | None, made_from: int, documents: Documents) -> str:
    seen = f"revision {made_from}" if made_from else "no revision"
    if live is None:
        return f"expected a change made from no revision, for none is live, got one made from {seen}"
    changed = difference(live.documents, documents)
    told = f"\nWhat it would change by now:\n{changed}" if changed else "\nIt would change nothing by now."
    return (
        f"expected a change made from revision {live.number}, which is live, got one made from {seen}: make "
        f"it anew from revision {live.number}, so that nobody's work is lost "
        f"(files: pull it first, or propose over it with --over {live.number}){told}"
    )
