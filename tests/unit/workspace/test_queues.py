"""Queues as they are written: who takes tasks, how, and by when; and what does not go together."""

from __future__ import annotations

import pytest

from tests.stories.world import CATALOG, SETTINGS, TEMPLATE, workflow
from upsell.clock import HOUR
from upsell.decisions.hours import weekly
from upsell.decisions.queues import Away, Give, Person
from upsell.decisions.sla import Sla
from upsell.errors import DefinitionError
from upsell.journeys.program import Program
from upsell.workspace.compile import compile_documents

TASK = "[{task: {queue: success, title: Call%s}}]"


def compiled(queues: str | None, due: str = "") -> Program:
    text = workflow(trigger="{on: Pricing Viewed}", journey=TASK % due)
    documents = {"upsell.yaml": SETTINGS, "catalog.yaml": CATALOG, "workflows/flow.yaml": text}
    documents["templates/t1.html"] = TEMPLATE.format(name="t1")
    if queues is not None:
        documents["queues.yaml"] = queues
    return compile_documents(documents).program


def problems(queues: str | None, due: str = "") -> list[str]:
    with pytest.raises(DefinitionError) as error:
        compiled(queues, due)
    return [f"{each.code}: {each.message}" for each in error.value.problems if each.severity == "error"]


def test_a_queue_says_who_takes_its_tasks_and_by_when() -> None:
    queue = compiled(
        """
success:
  people:
    - {id: ana, name: Ana, mail: ana@acme.example, away: [{from: 2026-08-03, to: 2026-08-14}]}
    - {id: 7, name: Ben}
  give: account_owner
  otherwise: nobody
  owner: csm
  sla: 8 working hours
  hours: {from: '08:00', to: '12:00', days: [mon, tue], closed_on: [2026-12-24]}
  holidays: DE
"""
    ).queues["success"]
    away = (Away("2026-08-03", "2026-08-14"),)
    assert queue.people == (Person("ana", "Ana", "ana@acme.example", away), Person("7", "Ben"))
    assert (queue.give, queue.otherwise, queue.owner_trait) == (Give.ACCOUNT_OWNER, Give.NOBODY, "csm")
    assert (queue.sla, queue.country) == (Sla(hours=8 * HOUR), "DE")
    assert queue.hours.week == weekly(480, 720, {0, 1})
    assert queue.hours.closed_on == {"2026-12-24"}
    assert queue.hours.closes_on_holidays


def test_a_queue_that_says_nothing_gives_by_turns_in_usual_hours() -> None:
    queue = compiled("success: {}\nsales: {sla: 2 working days}", ", due: 1 days").queues["success"]
    assert (queue.people, queue.give, queue.sla) == ((), Give.ROUND_ROBIN, None)
    assert queue.hours.week == weekly(540, 1_020, range(5))


def test_without_the_file_any_queue_may_be_named() -> None:
    assert compiled(None, ", due: 1 days").queues == {}


@pytest.mark.parametrize(
    ("queues", "due", "code", "words"),
    [
        (None, "", "missing-key", "expected the key due in a task, or an sla of its queue"),
        ("success: {}", "", "missing-key", "expected the key due in a task"),
        ("sucess: {}", ", due: 1 days", "unknown-queue", "got success"),
        ("success: {give: turns}", ", due: 1 days", "wrong-type", "round_robin"),
        ("success: {sla: 2 days}", "", "wrong-type", "working"),
        ("success: {people: [{id: a, name: A}, {id: A, name: B}]}", ", due: 1 days", "queue", "of their own"),
        ("success: {otherwise: nobody}", ", due: 1 days", "queue", "beside give: account_owner"),
        (
            "success: {people: [{id: a, name: A, away: [{from: 2026-02-02, to: 2026-02-01}]}]}",
            ", due: 1 days",
            "queue",
            "end after",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(queues: str | None, due: str, code: str, words: str) -> None:
    found = problems(queues, due)
    assert any(words in each and each.startswith(code) for each in found), found
