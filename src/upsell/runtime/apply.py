"""Apply: documents become a numbered revision, and the store is the truth of what is live.

For the commands ``apply``, ``pull`` and ``plan``. The law: nobody overwrites what they have not
seen; applying over a newer revision than the one expected is refused, with the difference.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping

from upsell.clock import Clock
from upsell.errors import DefinitionError, StoreError
from upsell.journeys.program import Program
from upsell.journeys.steps import SplitStep, WaitTimeStep
from upsell.journeys.workflow import Workflow
from upsell.runtime.whole import compile_whole
from upsell.store.acts import Act, add_act
from upsell.store.connect import Connection
from upsell.store.ledger import reach_moment
from upsell.store.queries import query
from upsell.store.revisions import Revision, keep_revision, newest_revision
from upsell.store.sinks import settle_sinks
from upsell.workspace.compile import compile_documents
from upsell.workspace.documents import Documents
from upsell.workspace.editions import NEWEST, edition_of


def apply(
    connection: Connection,
    documents: Documents,
    clock: Clock,
    *,
    expected: int | None,
    note: str = "",
    by: str = "",
) -> Revision:
    """Put documents live as the next revision; the worker launches it when it comes to that place.

    Counters that are new are filled from the ledger by that launch. Documents equal to what is
    live change nothing, and the revision that is live is given.

    Args:
        connection: The database.
        documents: The workspace.
        clock: Tells when it goes live.
        expected: Number of the revision the documents were made from, 0 for none; None to apply
            over whatever is live.
        note: What is to be remembered about it.
        by: Who applies it, for the log; empty where what it is part of stands there.

    Raises:
        DefinitionError: The documents do not compile.
        StoreError: Another revision than the one expected is live.
    """
    whole = compile_whole(documents)
    with connection.transaction():
        # This holds the ledger, so no event comes between the place where it goes live and its record.
        head = reach_moment(connection, clock.now())
        live = newest_revision(connection)
        number = live.number if live is not None else 0
        if expected is not None and expected != number:
            raise StoreError(_refusal(expected, live, documents))
        if live is not None and live.documents == documents:
            return live
        revision = Revision(
            number=number + 1,
            hash=whole.compiled.program.version,
            documents=documents,
            # What came in before there were definitions is taken under the first.
            live_from=head.position if live is not None else 0,
            live_at=head.seen_at,
            applied_at=head.seen_at,
            note=note,
            edition=NEWEST.value,
        )
        keep_revision(connection, revision)
        # A sink that is new hears of what comes from here on, also while nobody delivers yet.
        settle_sinks(connection, whole.sinks, head)
        connection.execute(query("notify_events"))
        if by:
            add_act(connection, Act.APPLIED, by, str(revision.number), "", note, head.seen_at)
    return revision


def difference(before: Documents, after: Documents) -> str:
    """Give what changes from one set of documents to another, as a unified diff; empty when nothing does."""
    parts = []
    for name in sorted({*before, *after}):
        old, new = before.get(name, ""), after.get(name, "")
        if old == new:
            continue
        lines = difflib.unified_diff(
            old.splitlines(keepends=True),
            new.splitlines(keepends=True),
            fromfile=f"live/{name}" if name in before else "/dev/null",
            tofile=f"here/{name}" if name in after else "/dev/null",
        )
        parts += [
            line if line.endswith("\n") else f"{line}\n\\ no newline at end of file\n" for line in lines
        ]
    return "".join(parts)


def changed_workflows(before: Documents, after: Program) -> frozenset[str]:
    """Give the keys of a program's workflows that documents have not, or have otherwise.

    All of them where this release does not take the documents any more.
    """
    try:
        known = compile_documents(before).program.workflows if before else {}
    except DefinitionError:
        known = {}
    return differing_workflows(known, after)


def differing_workflows(known: Mapping[str, Workflow], after: Program) -> frozenset[str]:
    """Give the keys of a program's workflows that are not among those known, or are there otherwise."""
    return frozenset(
        key
        for key, workflow in after.workflows.items()
        if key not in known or (known[key].version, known[key].status) != (workflow.version, workflow.status)
    )


def newly_meant(before: Revision, documents: Documents) -> Iterator[str]:
    """Say what workflows that are live mean from now on by what they do not say, and meant until now.

    Nothing where ``before`` was applied by the present edition, or where everything is said.
    """
    if before.edition == NEWEST.value:
        return
    was = compile_documents(documents, edition_of(before.edition)).program.workflows
    for key, workflow in sorted(compile_documents(documents).program.workflows.items()):
        path = f"workflows/{key}.yaml"
        if path not in before.documents:
            continue
        rate, earlier = workflow.experiment.holdout_rate, was[key].experiment.holdout_rate
        if rate != earlier:
            now, until_now = (f"{each * 100:g}" for each in (rate, earlier))
            yield (
                f"{path} names no holdout: {now} % of its {workflow.unit.value}s are held out "
                f"now, {until_now} % were before; write holdout: {until_now}% to keep that"
            )
        steps = [*workflow.journey.steps.values(), *workflow.on_goal.steps.values()]
        kept = [*was[key].journey.steps.values(), *was[key].on_goal.steps.values()]
        if any(isinstance(step, SplitStep) and step not in kept for step in steps):
            yield (
                f"{path} has splits with ways of the same names: they are drawn apart now; before, whoever "
                "went one way at the first went it at every one"
            )
        if any(isinstance(step, WaitTimeStep) and step not in kept for step in steps):
            yield (
                f"{path} waits for a time of day: who comes there exactly at that time waits for the next "
                "one now, and went on at once before, which only the held out did"
            )


def _refusal(expected: int, live: Revision | None, documents: Documents) -> str:
    if live is None:
        return (
            f"expected revision {expected} to be live, found none: is this the right database? "
            "If so, say --over 0"
        )
    changed = difference(live.documents, documents)
    seen = f"revision {expected}" if expected else "no revision"
    told = f"What would change:\n{changed}" if changed else "Nothing would change."
    return (
        f"expected a directory made from revision {live.number}, which is live, got one made from {seen}: "
        f"pull it first, or apply over it with --over {live.number}. {told}"
    )
