"""``upsell tasks``: what it prints of the queue and of one task, and which command lines it refuses."""

from __future__ import annotations

import json

import msgspec
import pytest

from tests.commands import typed
from tests.live_world import make_documents, open_world
from upsell.catalog.offers import Objection
from upsell.cli.tasks_text import list_lines, show_lines
from upsell.clock import DAY, HOUR, parse_moment
from upsell.decisions.task_value import TaskValue
from upsell.decisions.terms import Terms
from upsell.store.tasks import Task

NOW = parse_moment("2026-03-02T09:00:00Z") or 0
# An empty list may be one of a person, a queue, or of tasks that are all put off.
NOTHING = "Nothing is open for that; what is put off is shown with --snoozed."
TASK = Task(
    key="55f7eaa1f4e4f6c104982162b8a407e0",
    unit_id="c:ada",
    household_id="a:acme",
    reason="quota",
    workflow="quota",
    enrollment="e",
    source="core",
    queue="success",
    title="Talk about their quota",
    why=("usage_ratio('api_calls') passed 0.8 on 2026-03-01: it was 0.85",),
    proof=("Saved 12 hours this month.",),
    offer="pro-annual",
    terms=Terms("pro-annual", "pro", "Pro", "USD", "year", full=149_000, price=134_100, discount_rate=0.1),
    talk_track="Ask about the busiest month.",
    objections=(Objection("It is too dear", "Two months are free."),),
    value=TaskValue(22_590, "USD", 0.3),
    opened_at=NOW - DAY,
    updated_at=None,
    due_at=NOW - HOUR,
    overdue_at=None,
    snoozed_until=None,
    owner="ana",
    given_at=NOW - DAY,
    taken_at=None,
    closed_at=None,
    closed_by=None,
    outcome=None,
    because=None,
    amount=None,
    amount_currency=None,
    minutes=None,
)


def test_a_list_says_what_each_may_earn_whose_it_is_and_what_is_overdue() -> None:
    later = msgspec.structs.replace(TASK, key="a1", owner=None, due_at=NOW + HOUR, value=TaskValue(), why=())
    taken = msgspec.structs.replace(TASK, key="b2", taken_at=NOW, snoozed_until=NOW + DAY)
    assert list(list_lines([TASK, later, taken], 5, NOW)) == [
        "5 open, 1 of those shown overdue; times are in UTC",
        "  1.         225.90 USD  OVERDUE since 2026-03-02 08:00  55f7eaa1f4  ana's",
        "     Talk about their quota, for ada of acme [success]",
        "     usage_ratio('api_calls') passed 0.8 on 2026-03-01: it was 0.85",
        "  2.    value not known  due 2026-03-02 10:00          a1  nobody's",
        "     Talk about their quota, for ada of acme [success]",
        "  3.         225.90 USD  put off until 2026-03-03 09:00  b2  ana has taken it",
        "     Talk about their quota, for ada of acme [success]",
        "     usage_ratio('api_calls') passed 0.8 on 2026-03-01: it was 0.85",
        "and 2 more: --limit shows more of them",
    ]
    assert list(list_lines([], 0, NOW)) == [NOTHING]


def test_one_task_says_why_what_to_offer_what_to_say_and_what_came_of_it() -> None:
    shown = list(show_lines(TASK, NOW))
    assert shown[:2] == [
        "Talk about their quota, for ada of acme (times are in UTC)",
        "  55f7eaa1f4e4f6c104982162b8a407e0",
    ]
    for line in (
        "  may earn 225.90 USD over twelve months, at a chance of 30%",
        "    Pro (pro-annual): 1,341.00 USD per year, 10% off",
        "    Ask about the busiest month.",
        "    Saved 12 hours this month.",
        "    It is too dear - Two months are free.",
    ):
        assert line in shown
    closed = msgspec.structs.replace(
        TASK, closed_at=NOW, closed_by="ana", outcome="opportunity", amount=120_000, amount_currency="USD"
    )
    words = "  closed 2026-03-02 09:00 by ana as opportunity (an opportunity was opened, worth the amount)"
    assert f"{words}, 1,200.00 USD" in list(show_lines(closed, NOW))
    own = msgspec.structs.replace(closed, outcome="Left a note", amount=None)
    assert "  closed 2026-03-02 09:00 by ana as Left a note" in list(show_lines(own, NOW))


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("list", "55f7"), "list, with options and no key"),
        (("show",), "show KEY"),
        (("give", "55f7"), "give KEY --to WHO"),
        (("snooze", "55f7"), "snooze KEY --until WHEN"),
        (("close", "55f7"), "close KEY --outcome OUTCOME"),
        (("open", "55f7"), "without a key"),
    ],
)
def test_a_command_line_that_says_too_little_or_too_much_is_told_what_it_lacks(
    words: tuple[str, ...],
    wanted: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    code, _, told = typed("tasks", *words)
    assert (code, wanted in " ".join(told.split())) == (2, True)


@pytest.mark.postgres
def test_a_task_is_opened_taken_and_closed_by_command(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSELL_DATABASE_URL", database)
    with open_world(database) as world:
        world.apply(make_documents({}))
        world.happens("Account Identified", "ada", "acme", seats=12)
        world.settle()

    def tell(*words: object) -> tuple[int, str, str]:
        return typed("tasks", *words)

    asked = ("open", "--account", "acme", "--queue", "any", "--reason", "risk", "--title", "Ask", "--due")
    code, out, _ = tell(*asked, "2 days", "--why", "They went quiet", "--by", "lead")
    assert (code, "is open: Ask, nobody's" in out) == (0, True)
    key = json.loads(tell("list", "--json")[1])[0]["key"]
    assert "is taken: Ask, ana has taken it" in tell("take", key[:8], "--by", "ana")[1]
    assert "nothing changed" in tell("take", key[:8], "--by", "ana")[1]
    assert "They went quiet" in tell("show", key)[1]
    code, _, told = tell("close", key, "--outcome", "sold")
    assert (code, "meeting_set, opportunity, won" in told) == (1, True)
    closed = json.loads(tell("close", key, "--outcome", "not_now", "--by", "ana", "--json")[1])
    assert (closed["changed"], closed["task"]["outcome"]) == (True, "not_now")
    assert tell("list")[1] == f"{NOTHING}\n"
