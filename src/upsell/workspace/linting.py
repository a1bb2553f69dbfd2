"""Linting: every warning about a workspace that compiles, and what was waived of them.

For ``check``, ``plan`` and ``apply``; the worker compiles and never lints. The law: what is linted means
something, so no warning follows from an error; and a waiver changes what is told, never what is done.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

import msgspec

from upsell.clock import Moment, to_datetime
from upsell.errors import Problem
from upsell.journeys.workflow import Status, Workflow
from upsell.workspace.compile import Compiled
from upsell.workspace.documents import CATALOG, WORKFLOWS
from upsell.workspace.findings import Findings
from upsell.workspace.items import NOTHING_WRITTEN, Record
from upsell.workspace.lints import lint_offer, lint_workflow
from upsell.workspace.pricing import lint_currencies
from upsell.workspace.salts import lint_salt
from upsell.workspace.waivers import Waived, sift


class Linted(msgspec.Struct, frozen=True):
    """What may stay and is probably not meant, and what was let stand with a reason; by file and line."""

    warnings: tuple[Problem, ...]
    waived: tuple[Waived, ...]


def lint(compiled: Compiled, now: Moment) -> Linted:
    """Lint a workspace.

    A workflow that has ended speaks to nobody and is left alone, with its waivers.

    Args:
        compiled: The workspace.
        now: The present moment; reviews and waivers end with a day in the team's zone.
    """
    today = to_datetime(now).astimezone(ZoneInfo(compiled.program.zone)).date().isoformat()
    standing, waived = Findings(), []
    for subject in (*_workflows(compiled, today), *_offers(compiled)):
        left, excused = sift(subject.told.in_order(), subject.record, today)
        standing.add(left)
        waived += excused
    # Those about workflows are among the subjects', or about one that has ended.
    standing.add(problem for problem in compiled.warnings if not _is_workflow(problem.file or ""))
    in_order = sorted(waived, key=lambda each: (each.problem.file or "", each.problem.line or 0))
    return Linted(standing.in_order(), tuple(in_order))


class _Subject(msgspec.Struct, frozen=True):
    """What can carry waivers, and everything told of it."""

    record: Record
    told: Findings


def _workflows(compiled: Compiled, today: str) -> Iterator[_Subject]:
    """Lint each workflow, beside what compiling told of its file."""
    for path, record, workflow in _going(compiled):
        told = Findings()
        told.add(problem for problem in compiled.warnings if problem.file == path)
        lint_workflow(workflow, record, compiled.program.policy, today, told)
        lint_salt(workflow, record, compiled.program, told)
        yield _Subject(record, told)


def _going(compiled: Compiled) -> Iterator[tuple[str, Record, Workflow]]:
    """Give the path, file and meaning of each workflow that has not ended."""
    for path, record in compiled.files.items():
        if _is_workflow(path):
            workflow = compiled.program.workflows[PurePosixPath(path).stem]
            if workflow.status is not Status.ENDED:
                yield path, record, workflow


def _is_workflow(path: str) -> bool:
    return path.startswith(f"{WORKFLOWS}/")


def _offers(compiled: Compiled) -> Iterator[_Subject]:
    """Lint each offer of the catalog."""
    offers = compiled.files.get(CATALOG, NOTHING_WRITTEN).record("offers") or NOTHING_WRITTEN
    for key, record in offers.records():
        told = Findings()
        catalog, rails = compiled.program.catalog, compiled.program.policy.rails
        lint_offer(catalog.offers[key], record, told)
        lint_currencies(catalog.offers[key], record, catalog, rails, told)
        yield _Subject(record, told)
