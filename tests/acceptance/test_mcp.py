"""Agents: a real process that speaks the Model Context Protocol, by its revision of 2025-06-18."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.test_prompt_texts import written
from tests.live_world import LiveWorld, open_world

pytestmark = pytest.mark.postgres

SEGMENTS = {"segments.yaml": "all: {unit: customer, rule: \"event_count('Asked', interval '7 days') = 0\"}\n"}


class Agent:
    """A process of ``upsell mcp``, and what is said to it."""

    def __init__(self, database: str, *options: str) -> None:
        environment = {**os.environ, "UPSELL_DATABASE_URL": database}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "upsell", "mcp", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        heard: dict[str, Any] = json.loads(self.process.stdout.readline())
        assert heard["jsonrpc"] == "2.0"
        return heard

    def ask(self, method: str, params: Any = None, number: Any = 1) -> dict[str, Any]:
        said = {"jsonrpc": "2.0", "id": number, "method": method}
        self.say(json.dumps(said if params is None else said | {"params": params}))
        heard = self.hear()
        assert heard["id"] == number
        return heard

    def call(self, name: str, /, **arguments: Any) -> dict[str, Any]:
        result: dict[str, Any] = self.ask("tools/call", {"name": name, "arguments": arguments})["result"]
        if not result["isError"]:
            assert json.loads(result["content"][0]["text"]) == result["structuredContent"]
        return result

    def end(self) -> int:
        if self.process.returncode is None:
            self.process.communicate(timeout=20)
        return self.process.returncode


@pytest.fixture
def world(database: str) -> Iterator[LiveWorld]:
    with open_world(database) as world:
        world.apply(written() | SEGMENTS)
        world.happens("Usage Recorded", "ada", metric="api_calls", quantity=1234)
        world.settle()
        yield world


@pytest.fixture
def agent(database: str, world: LiveWorld) -> Iterator[Agent]:
    agent = Agent(database)
    yield agent
    agent.end()


def test_an_agent_is_greeted_told_the_tools_and_let_go(agent: Agent) -> None:
    client = {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "t", "version": "1"},
    }
    greeted = agent.ask("initialize", client)["result"]
    assert greeted["protocolVersion"] == "2025-06-18"
    assert greeted["serverInfo"]["name"] == "upsell"
    assert "tools" in greeted["capabilities"]
    agent.say('{"jsonrpc": "2.0", "method": "notifications/initialized"}')
    assert agent.ask("ping", number="a")["result"] == {}
    tools = agent.ask("tools/list")["result"]["tools"]
    assert [each["name"] for each in tools] == ["decide", "explain", "report", "segments"]
    assert all(each["inputSchema"]["type"] == "object" for each in tools)
    assert all(each["annotations"]["readOnlyHint"] for each in tools)
    assert agent.end() == 0


def test_what_is_wrong_has_its_code_and_the_next_message_is_answered(agent: Agent) -> None:
    for line, number, code in (
        ("{", None, -32700),
        ("\xff{}", None, -32700),
        ("[" * 100_000, None, -32700),
        ("[]", None, -32600),
        ("7", None, -32600),
        ('{"jsonrpc": "2.0", "id": null, "method": "ping"}', None, -32600),
        ('{"jsonrpc": "1.0", "id": 3, "method": "ping"}', 3, -32600),
        ('{"jsonrpc": "2.0", "id": 4}', 4, -32600),
        ('{"jsonrpc": "2.0", "id": 5, "method": "tools/burn"}', 5, -32601),
        ('{"jsonrpc": "2.0", "id": 6, "method": "tools/call", "params": {"name": "burn"}}', 6, -32602),
        ('{"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": []}', 7, -32602),
    ):
        agent.say(line)
        heard = agent.hear()
        assert (heard["id"], heard["error"]["code"]) == (number, code), line
    assert agent.ask("ping")["result"] == {}


def test_an_agent_is_told_what_to_say_and_nothing_is_recorded(agent: Agent, world: LiveWorld) -> None:
    before = world.rows("select count(*) from events")
    told = agent.call("decide", placement="usage-page", userId="ada", locale="en-US")["structuredContent"]
    assert told["dry_run"] is True
    assert told["prompt"]["view"]["title"].startswith("Room for ")
    assert told["prompt"]["view"]["accept"]["price"] == told["prompt"]["offer"]["terms"]["price"] == 13_410
    nothing = agent.call("decide", placement="elsewhere", userId="ada")["structuredContent"]
    assert nothing["prompt"] is None
    refused = agent.call("decide", placement="usage-page", userId="ada", record=True)
    assert refused["isError"]
    assert "--allow-record" in refused["content"][0]["text"]
    assert world.rows("select count(*) from events") == before


def test_whatever_it_is_asked_it_writes_to_no_table(agent: Agent, world: LiveWorld) -> None:
    tables = [name for (name,) in world.rows(
        "select format('%I.%I', schemaname, relname) from pg_stat_user_tables"
        " where relname not like 'events_%'"
    )]  # fmt: skip

    def held() -> dict[str, Any]:
        told = "select count(*), coalesce(sum(hashtextextended(t::text || t.xmin::text, 0)), 0) from {} t"
        return {name: world.rows(told.format(name)) for name in tables if "." in name}

    before = held()
    assert len(before) > 20
    agent.call("decide", placement="usage-page", userId="ada", context={"topic": "quota"})
    agent.call("decide", placement="usage-page", userId="nobody-yet", accountId="acme")
    agent.call("explain", unit="c:ada")
    agent.call("explain", unit="c:ada", at="2026-03-01T12:00:00Z")
    agent.call("report")
    agent.call("segments")
    agent.call("segments", name="all")
    agent.call("decide", placement="usage-page", userId="ada", record=True)
    assert held() == before


def test_what_is_allowed_to_be_recorded_is(database: str, world: LiveWorld) -> None:
    agent = Agent(database, "--allow-record")
    (decide, *_) = agent.ask("tools/list")["result"]["tools"]
    assert decide["annotations"]["readOnlyHint"] is False
    assert agent.call("decide", placement="usage-page", userId="ada")["structuredContent"]["dry_run"] is True
    assert world.rows("select 1 from events where name = 'Placement Asked'") == []
    told = agent.call("decide", placement="usage-page", userId="ada", record=True)["structuredContent"]
    assert told["dry_run"] is False
    assert world.rows("select 1 from events where name = 'Placement Asked'") == [(1,)]
    assert agent.end() == 0


def test_an_agent_may_ask_why_what_was_earned_and_who(agent: Agent) -> None:
    explained = agent.call("explain", unit="c:ada")["structuredContent"]
    assert "ada" in json.dumps(explained)
    assert {each["key"] for each in agent.call("report")["structuredContent"]["workflows"]} == {"w", "tips"}
    (counted,) = agent.call("segments")["structuredContent"]["segments"]
    assert (counted["segment"], counted["count"]) == ("all", 1)
    listed = agent.call("segments", name="all")["structuredContent"]
    assert [each["unit"] for each in listed["units"]] == ["c:ada"]


def test_what_a_tool_cannot_do_is_said_in_its_result(agent: Agent) -> None:
    for name, arguments, words in (
        ("decide", {"placement": "usage-page"}, "neither"),
        ("decide", {"userId": "ada"}, "placement"),
        ("decide", {"placement": "a\0", "userId": "ada"}, "print"),
        ("decide", {"placement": "p", "userId": "ada", "burn": 1}, "burn"),
        ("explain", {"unit": "c:ada", "at": "soon"}, "2026-03-01T12:00:00Z"),
        ("report", {"workflow": "nothing"}, "nothing"),
        ("segments", {"name": "al"}, "all"),
    ):
        result = agent.call(name, **arguments)
        assert result["isError"], name
        assert words in result["content"][0]["text"]


def test_the_tools_are_named_in_the_guide() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "guides" / "agents.md").read_text(encoding="utf-8")
    for name in ("decide", "explain", "report", "segments", "--allow-record"):
        assert name in guide
