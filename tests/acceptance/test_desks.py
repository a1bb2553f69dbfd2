"""Tasks at desks of vendors: made there once, brought to what they are now, and their outcomes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.acceptance.test_tasks import FLOW, QUEUES
from tests.live_world import LiveWorld, make_documents, open_world
from tests.sinks import GATEWAY_SECRET, LOCAL
from tests.unit.sources.vendors import form, open_recipe
from tests.vendor_desks import HubSpot, Salesforce, Slack, Vendor, open_vendor
from upsell.channels.sinks.definitions import read_sinks
from upsell.channels.sinks.sink import Outcome
from upsell.clock import HOUR, MINUTE, SECOND, Moment, format_moment
from upsell.runtime.diagnosis import diagnose
from upsell.runtime.doctor import examine
from upsell.runtime.examined import Finding, Severity
from upsell.runtime.lanes import FULL_PAGE, MOST_PAGES, Lane
from upsell.runtime.sink_desk import find_sink, knock, minute, standing_words
from upsell.runtime.sink_runner import run_lane
from upsell.runtime.task_desk import Closing, TaskDesk
from upsell.sources.segment import Draft
from upsell.sources.source import draft_item
from upsell.store.connect import connect
from upsell.store.sinks import Standing
from upsell.store.sinks import read_sinks as read_standings
from upsell.store.tasks import Task, find_tasks

SECRETS = {
    "UPSELL_SECRET_SINK_HUBSPOT": "pat-1",
    "UPSELL_SECRET_SINK_SALESFORCE": "word-1",
    "UPSELL_SECRET_SINK_SALESFORCE_ID": "id-1",
    "UPSELL_SECRET_SINK_SLACK": "xoxb-1",
}
FILES = {
    "hubspot": "hubspot: {{url: '{url}', company: crm_id, outcome: sales_outcome, owners: {{ana: '77'}}}}",
    "salesforce": "salesforce: {{url: '{url}', account: crm_id, outcome: Outcome__c, "
    "owners: {{ana: '005A'}}}}",
    "slack": "slack: {{url: '{url}', channel: C1, owners: {{ana: U7}}}}",
}
VENDORS: dict[str, Callable[[], Vendor]] = {"hubspot": HubSpot, "salesforce": Salesforce, "slack": Slack}


class Office:
    """A world whose tasks go to one desk."""

    def __init__(self, world: LiveWorld, lane: Lane, vendor: Any, name: str, url: str) -> None:
        self.world, self.lane, self.vendor, self.name = world, lane, vendor, name
        self.tasks = TaskDesk(url, world.clock)

    def open_task(self, account: str = "acme") -> Task:
        self.world.happens("Account Identified", None, account, owner="ana", crm_id="4711")
        self.world.happens("Subscription Started", None, account, plan="starter", amount=4900, currency="USD")
        self.world.happens("Pricing Viewed", None, account)
        self.tell()
        return self.task()

    def task(self) -> Task:
        return find_tasks(self.world.connection, is_open=None)[-1]

    def tell(self) -> None:
        self.world.settle()
        while self.lane.run_once():
            pass
        self.world.settle()

    def later(self, duration: int) -> None:
        self.world.clock.move_to(self.world.clock.now() + duration)
        self.tell()

    def unheard(self) -> list[Finding]:
        """Give what the doctor says of desks that are not heard."""
        examined = examine(self.world.connection, self.world.clock.now())
        return [each for each in diagnose(examined) if each.code == "desk-unheard"]

    def standing(self) -> Standing:
        return read_standings(self.world.connection, self.name)[0]


@contextmanager
def at_desk(url: str, name: str) -> Iterator[Office]:
    with open_world(url) as world, open_vendor(VENDORS[name]) as vendor, connect(url) as connection:
        documents = {
            **make_documents({"flow": FLOW}),
            "queues.yaml": QUEUES,
            f"sinks/{name}.yaml": FILES[name].format(url=vendor.url),
        }
        world.apply(documents)
        definition = read_sinks(documents)[name]
        sink = definition.open(SECRETS, LOCAL)
        with asyncio.Runner() as runner:
            try:
                yield Office(
                    world, Lane(connection, world.clock, definition, sink, runner), vendor, name, url
                )
            finally:
                runner.run(sink.close())


def test_a_task_is_one_at_hubspot_and_ends_there_as_it_ends_here(database: str) -> None:
    with at_desk(database, "hubspot") as office:
        task = office.open_task()
        assert office.standing().said == "200"
        (made,) = office.vendor.tasks.values()
        said = made["properties"]
        assert (said["upsell_task_key"], said["hs_task_subject"]) == (task.key, "Call")
        assert (said["hs_task_status"], said["hubspot_owner_id"]) == ("NOT_STARTED", "77")
        assert said["hs_timestamp"] == format_moment(task.due_at)
        assert office.vendor.links == {(made["id"], "company", "4711")}
        # What a person does with it there is not undone by what is said anew.
        made["properties"]["hs_task_status"] = "IN_PROGRESS"
        office.tasks.take(task.key, "ben")
        office.tell()
        assert made["properties"]["hs_task_status"] == "IN_PROGRESS"
        office.tasks.close(task.key, Closing("lost", "ben", reason="too_expensive"))
        office.tell()
        assert len(office.vendor.tasks) == 1
        assert (said["hs_task_status"], said["sales_outcome"]) == ("COMPLETED", "lost")


@pytest.mark.parametrize("is_answered", [True, False])
def test_what_people_do_with_a_task_stays_though_it_could_not_be_hung_on_anything(
    database: str, *, is_answered: bool
) -> None:
    with at_desk(database, "hubspot") as office:
        office.vendor.fails = lambda path: "/associations/" in path
        office.vendor.failure = 404 if is_answered else 0
        office.open_task()
        (made,) = office.vendor.tasks.values()
        assert office.standing().waiting > 0
        office.vendor.fails = lambda _: False
        made["properties"]["hs_task_status"] = "IN_PROGRESS"
        office.later(6 * MINUTE)
        assert (office.standing().waiting, len(office.vendor.links)) == (0, 1)
        assert made["properties"]["hs_task_status"] == "IN_PROGRESS"


def test_a_task_is_one_at_salesforce_and_a_token_that_ran_out_is_had_anew(database: str) -> None:
    with at_desk(database, "salesforce") as office:
        task = office.open_task()
        made = office.vendor.tasks[task.key]
        assert (made["Subject"], made["Status"], made["WhatId"], made["OwnerId"]) == (
            "Call", "Not Started", "4711", "005A",
        )  # fmt: skip
        for name in ("ben", "ana", "ben"):
            office.tasks.give(task.key, name, "lead")
            office.tell()
        assert office.vendor.tokens > 1
        office.tasks.close(task.key, Closing("won", "ben"))
        office.tell()
        assert (made["Status"], made["Outcome__c"], len(office.vendor.tasks)) == ("Completed", "won", 1)


def test_a_task_is_one_message_at_slack_that_says_how_it_ended(database: str) -> None:
    with at_desk(database, "slack") as office:
        task = office.open_task()
        (message,) = office.vendor.messages
        (actions,) = [each for each in message["blocks"] if each["type"] == "actions"]
        assert actions["block_id"] == task.key
        assert {each["value"] for each in actions["elements"]} == {"acme"}
        assert "<@U7>" in str(message["blocks"])
        office.tasks.give(task.key, "ben", "lead")
        office.tell()
        assert len(office.vendor.messages) == 1
        assert "ben" in str(message["blocks"])
        office.tasks.close(task.key, Closing("meeting_set", "ben"))
        office.tell()
        first, answer = office.vendor.messages
        assert [each for each in first["blocks"] if each["type"] == "actions"] == []
        assert (answer["thread_ts"], answer["text"]) == (first["ts"], "Closed: meeting set")


def test_a_button_that_is_pressed_closes_the_task_and_the_message_says_so(database: str) -> None:
    """The button that stands in the message is read by the recipe: what one writes the other takes."""
    with at_desk(database, "slack") as office:
        task = office.open_task()
        (message,) = office.vendor.messages
        (actions,) = [each for each in message["blocks"] if each["type"] == "actions"]
        (button,) = [each for each in actions["elements"] if each["text"]["text"] == "Not now"]
        pressed = {"block_id": actions["block_id"], "action_ts": "1772442600.000100"}
        payload = {
            "type": "block_actions",
            "user": {"id": "U7", "username": "ana"},
            "actions": [pressed | {name: button[name] for name in ("type", "action_id", "value")}],
        }
        now = office.world.clock.now()
        read = open_recipe("slack").read(form(payload), now)
        (draft,) = [draft_item("slack", item, now) for item in read.items]
        assert isinstance(draft, Draft)
        office.world.append([draft.event])
        office.tell()
        after = office.task()
        assert (after.key, after.outcome, after.closed_by) == (task.key, "not_now", "ana")
        assert office.vendor.messages[1]["text"] == "Closed: not now"


@pytest.mark.parametrize("name", ["hubspot", "salesforce", "slack"])
def test_an_answer_that_was_lost_makes_no_second_task(database: str, name: str) -> None:
    with at_desk(database, name) as office:
        # Of Slack and Salesforce the first answer is that of a look-up and of the token.
        office.lane._runner.run(office.lane._sink.knock(0))  # so that there is a token
        office.vendor.asked.clear()
        lost = {"hubspot": 1, "salesforce": 1, "slack": 2}[name]
        office.vendor.breaks = lost
        office.open_task()
        assert office.vendor.breaks < lost
        for _ in range(lost):
            office.later(6 * MINUTE)
        assert (office.vendor.breaks, office.standing().waiting) == (0, 0)
        made = office.vendor.messages if name == "slack" else office.vendor.tasks
        assert len(made) == 1


@pytest.mark.parametrize(
    ("name", "closed", "outcome"),
    [
        ("hubspot", {"hs_task_status": "COMPLETED", "sales_outcome": "won"}, "won"),
        ("hubspot", {"hs_task_status": "COMPLETED"}, "done"),
        ("salesforce", {"Status": "Completed", "Outcome__c": "not_now"}, "not_now"),
    ],
)
def test_what_is_closed_at_a_desk_is_closed_here_once(
    database: str, name: str, closed: dict[str, str], outcome: str
) -> None:
    with at_desk(database, name) as office:
        task = office.open_task()
        made = office.vendor.tasks[task.key]
        kept = made.get("properties", made)
        kept |= closed
        at = format_moment(office.world.clock.now() + 30 * SECOND)
        kept |= {"hs_lastmodifieddate": at, "LastModifiedDate": at.replace("Z", ".000+0000")}
        for _ in range(3):
            office.later(2 * MINUTE)
        after = office.task()
        assert (after.outcome, after.closed_by) == (outcome, name)
        rows = office.world.rows("select source from events where name = 'Task Closed'")
        assert rows == [(f"sink {name}",)]


def test_of_what_was_closed_in_one_second_everything_is_heard(database: str) -> None:
    """Salesforce tells moments to the second, and gives 200 tasks at a time."""
    with at_desk(database, "salesforce") as office:
        task = office.open_task()
        at = format_moment(office.world.clock.now() + 30 * SECOND)[:19] + ".000+0000"
        closed = {"Status": "Completed", "LastModifiedDate": at}
        office.vendor.tasks[task.key] |= {**closed, "Id": "00T9"}
        for number in range(450):
            office.vendor.tasks[f"other{number}"] = {
                **closed, "Id": f"00T{number:04}", "Upsell_Key__c": f"other{number}",
            }  # fmt: skip
        office.later(2 * MINUTE)
        assert office.task().closed_by == "salesforce"


@pytest.mark.parametrize("step", [0, 1])
def test_however_much_was_changed_at_a_desk_what_was_closed_behind_it_is_heard(
    database: str, step: int
) -> None:
    """All within one millisecond, or one in each, beyond what is asked for in one round."""
    with at_desk(database, "hubspot") as office:
        task = office.open_task()
        began = office.world.clock.now() + SECOND
        changed = (MOST_PAGES + 2) * FULL_PAGE
        for number in range(changed):
            office.vendor.tasks[f"other{number}"] = {
                "id": str(10_000 + number),
                "properties": _completed(f"other{number}", began + number * step * SECOND // 1_000),
            }
        last = office.vendor.tasks.pop(task.key)
        last["properties"] |= _completed(task.key, began + changed * step * SECOND // 1_000)
        office.vendor.tasks[task.key] = last | {"id": str(10_000 + changed)}
        office.later(2 * MINUTE)
        office.later(SECOND)
        assert office.task().closed_by == "hubspot"
        heard = office.standing().heard_at
        # Behind it nothing is left, so it is asked again in a minute, from when this began.
        assert heard == office.world.clock.now() - SECOND
        office.vendor.asked.clear()
        office.later(SECOND)
        assert [path for _, path, _ in office.vendor.asked if path.endswith("search")] == []


def test_what_was_heard_before_a_desk_failed_is_kept_and_the_rest_is_asked_for_again(database: str) -> None:
    with at_desk(database, "hubspot") as office:
        task = office.open_task()
        began = office.world.clock.now() + SECOND
        office.vendor.tasks[task.key]["properties"] |= _completed(task.key, began)
        for number in range(FULL_PAGE):
            said = _completed(f"other{number}", began + number * SECOND // 1_000)
            office.vendor.tasks[f"other{number}"] = {"id": str(10_000 + number), "properties": said}
        heard = office.standing().heard_at
        failing = iter([False, True])
        office.vendor.fails = lambda _: next(failing, False)
        office.later(2 * MINUTE)
        assert (office.task().closed_by, office.standing().heard_at) == ("hubspot", heard)
        office.later(2 * MINUTE)
        assert office.standing().heard_at != heard


def test_the_doctor_tells_of_a_desk_that_does_not_say_what_was_closed_until_it_does(database: str) -> None:
    with at_desk(database, "hubspot") as office:
        office.vendor.fails = lambda path: path.endswith("search")
        office.vendor.failure = 403
        began_at = office.world.clock.now()
        task = office.open_task()
        (never,) = office.unheard()
        assert (never.subject, never.severity) == ("hubspot", Severity.WARNING)
        assert f"since {minute(began_at)}: " in never.said
        assert "403" in never.said
        closed = _completed(task.key, began_at + MINUTE)
        office.vendor.tasks[task.key]["properties"] |= closed
        office.later(HOUR)
        # What it is told meanwhile does not move from when on it is asked.
        office.tasks.take(task.key, "ben")
        office.later(HOUR)
        office.vendor.fails = lambda _: False
        office.later(2 * MINUTE)
        assert (office.unheard(), office.task().closed_by) == ([], "hubspot")
        heard_at = office.world.clock.now()
        office.vendor.fails = lambda path: path.endswith("search")
        for _ in range(3):
            office.later(HOUR)
        (since,) = office.unheard()
        assert f"since {minute(heard_at)}: " in since.said
        listed = find_sink(office.world.connection, "hubspot")
        said = standing_words(listed, office.standing().position, office.world.clock.now())
        assert said.startswith("does not say what was closed there: ")
        assert "403" in said


def test_of_what_is_no_desk_any_more_nothing_is_left_to_hear(database: str) -> None:
    with at_desk(database, "hubspot") as office:
        office.vendor.fails = lambda path: path.endswith("search")
        office.open_task()
        assert office.unheard()
        webhook = read_sinks({"sinks/hubspot.yaml": f"webhook: {{url: '{office.vendor.url}'}}"})["hubspot"]
        secrets = {"UPSELL_SECRET_SINK_HUBSPOT": GATEWAY_SECRET}
        stops = iter([False] * 2)
        run_lane(database, secrets, LOCAL, webhook, office.world.clock, lambda: next(stops, True))
        assert office.unheard() == []


def _completed(key: str, at: Moment) -> dict[str, str]:
    return {
        "upsell_task_key": key,
        "hs_task_status": "COMPLETED",
        "hs_lastmodifieddate": format_moment(at),
    }


def test_a_task_that_is_closed_already_is_closed_no_second_time(database: str) -> None:
    with at_desk(database, "hubspot") as office:
        task = office.open_task()
        office.tasks.close(task.key, Closing("lost", "ana"))
        office.tell()
        kept = office.vendor.tasks[task.key]["properties"]
        kept |= {"sales_outcome": "won", "hs_lastmodifieddate": format_moment(office.world.clock.now())}
        office.later(2 * MINUTE)
        assert office.task().outcome == "lost"
        assert office.world.rows("select source from events where name = 'Task Closed'") == [("tasks",)]


def test_a_desk_that_does_not_answer_holds_up_nothing_and_is_told_what_is_so_by_then(database: str) -> None:
    with at_desk(database, "hubspot") as office:
        office.vendor.status = 503
        task = office.open_task()
        office.tasks.close(task.key, Closing("won", "ana"))
        office.tell()
        office.vendor.status = 0
        office.later(HOUR)
        (made,) = office.vendor.tasks.values()
        assert made["properties"]["hs_task_status"] == "COMPLETED"


@pytest.mark.parametrize("name", ["hubspot", "salesforce", "slack"])
def test_a_desk_says_whether_it_knows_us(database: str, name: str) -> None:
    with at_desk(database, name) as office:
        definition = read_sinks({f"sinks/{name}.yaml": FILES[name].format(url=office.vendor.url)})[name]
        good = knock(definition, SECRETS, LOCAL, office.world.clock)
        bad = knock(definition, dict.fromkeys(SECRETS, "x"), LOCAL, office.world.clock)
        assert (good.outcome, bad.outcome) == (Outcome.TAKEN, Outcome.FAILED), (good, bad)
