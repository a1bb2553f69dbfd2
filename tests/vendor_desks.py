"""HubSpot, Salesforce and Slack as local servers, as far as tasks go there.

They hold requests to what the vendors' published references say of each field, and refuse what these do not
have, as the vendors do. The checks are written by hand from those pages, because neither HubSpot's collection
of specifications nor Slack's states a licence, and Salesforce publishes no description.

- developers.hubspot.com, CRM API v3: tasks (batch upsert, search), properties; associations v4, default
- developer.salesforce.com, REST API: upsert by external id, query; OAuth 2.0 client credentials flow
- docs.slack.dev: chat.postMessage, chat.update, conversations.history, auth.test, Block Kit
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from upsell.clock import SECOND, parse_moment
from upsell.testing.stand_ins import QuietHandler

ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3,6})?Z")
Answer = tuple[int, Any]


class Vendor(ABC):
    """A vendor with what it holds.

    ``breaks`` lets the next so many answers be lost after they were done; ``fails`` says by its path which
    request fails: with the status ``failure``, or without an answer where that is 0.
    """

    def __init__(self) -> None:
        self.url = ""
        self.tasks: dict[str, dict[str, Any]] = {}
        self.asked: list[tuple[str, str, Any]] = []
        self.breaks = 0
        self.status = 0
        self.fails: Callable[[str], bool] = lambda _: False
        self.failure = 503

    @abstractmethod
    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Answer one request."""


class HubSpot(Vendor):
    """HubSpot: ids count from 9000."""

    PROPERTIES = frozenset(
        """
        upsell_task_key hs_timestamp hs_task_body hs_task_subject hs_task_status hs_task_priority
        hubspot_owner_id sales_outcome
        """.split()
    )
    STATUSES = frozenset({"NOT_STARTED", "IN_PROGRESS", "WAITING", "COMPLETED", "DEFERRED"})

    def __init__(self) -> None:
        super().__init__()
        self.links: set[tuple[str, str, str]] = set()

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        if headers.get("authorization") != "Bearer pat-1":
            return 401, {"status": "error", "category": "INVALID_AUTHENTICATION"}
        said = json.loads(body) if body else None
        if (method, path) == ("GET", "/crm/v3/properties/tasks/upsell_task_key"):
            return 200, {"name": "upsell_task_key", "hasUniqueValue": True}
        if (method, path) == ("POST", "/crm/v3/objects/tasks/batch/upsert"):
            return self._upsert(said)
        if (method, path) == ("POST", "/crm/v3/objects/tasks/search"):
            return self._search(said)
        link = re.fullmatch(r"/crm/v4/objects/0-27/(\d+)/associations/default/(company|contact)/(\d+)", path)
        if method == "PUT" and link is not None and not said:
            if link[1] not in {each["id"] for each in self.tasks.values()}:
                return 404, {"status": "error"}
            self.links.add((link[1], link[2], link[3]))
            return 200, {"status": "COMPLETE", "results": []}
        return 404, {"status": "error", "message": f"no {method} {path}"}

    def _upsert(self, said: Any) -> Answer:
        assert set(said) == {"inputs"}
        results = []
        for each in said["inputs"]:
            assert set(each) == {"id", "idProperty", "properties"}
            assert each["idProperty"] == "upsell_task_key"
            properties = each["properties"]
            assert all(isinstance(value, str) for value in properties.values()), "values are strings"
            wrong = set(properties) - self.PROPERTIES
            if wrong or properties.get("hs_task_status", "COMPLETED") not in self.STATUSES:
                return 400, {"status": "error", "category": "VALIDATION_ERROR", "message": f"{wrong}"}
            assert ISO.fullmatch(properties["hs_timestamp"])
            kept = self.tasks.setdefault(each["id"], {"id": str(9000 + len(self.tasks)), "properties": {}})
            kept["properties"] |= {**properties, each["idProperty"]: each["id"]}
            results.append({"id": kept["id"], "properties": properties, "new": True})
        return 200, {"status": "COMPLETE", "results": results}

    def _search(self, said: Any) -> Answer:
        assert set(said) <= {"filterGroups", "properties", "sorts", "limit", "after", "query"}
        assert 0 < said["limit"] <= 200
        (sort,) = said["sorts"]  # one sorting rule is taken
        found = [
            task
            for task in self.tasks.values()
            if all(self._passes(task, each) for each in said["filterGroups"][0]["filters"])
        ]
        found.sort(key=lambda task: self._number(task, sort))
        return 200, {"total": len(found), "results": found[: said["limit"]]}

    def _passes(self, task: dict[str, Any], asked: dict[str, Any]) -> bool:
        assert set(asked) <= {"propertyName", "operator", "value", "values", "highValue"}
        name = asked["propertyName"]
        match asked["operator"]:
            case "HAS_PROPERTY":
                return bool(task["properties"].get(name))
            case "EQ":
                return bool(task["properties"].get(name) == asked["value"])
            case "GTE":
                return self._number(task, name) >= int(asked["value"])
            case "GT":
                return self._number(task, name) > int(asked["value"])
            case "BETWEEN":
                return int(asked["value"]) <= self._number(task, name) <= int(asked["highValue"])
            case other:
                raise AssertionError(other)

    def _number(self, task: dict[str, Any], name: str) -> int:
        """Give what is compared: of a moment milliseconds since 1970; -1 where there is none."""
        if name == "hs_object_id":
            return int(task["id"])
        assert name == "hs_lastmodifieddate"
        at = parse_moment(task["properties"].get(name, ""))
        return -1 if at is None else at * 1_000 // SECOND


class Salesforce(Vendor):
    """Salesforce, whose tokens are good for so many calls."""

    FIELDS = frozenset(
        """
        Subject Description ActivityDate Status Priority WhatId WhoId OwnerId Outcome__c
        """.split()
    )

    def __init__(self) -> None:
        super().__init__()
        self.tokens = 0
        self.left = 0

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        parts = urlsplit(path)
        if (method, parts.path) == ("POST", "/services/oauth2/token"):
            assert headers["content-type"] == "application/x-www-form-urlencoded"
            said = {name: value[0] for name, value in parse_qs(body.decode()).items()}
            if said != {"grant_type": "client_credentials", "client_id": "id-1", "client_secret": "word-1"}:
                return 400, {"error": "invalid_client"}
            self.tokens, self.left = self.tokens + 1, 3
            return 200, {"access_token": f"t{self.tokens}", "instance_url": self.url, "token_type": "Bearer"}
        if headers.get("authorization") != f"Bearer t{self.tokens}" or self.left == 0:
            return 401, [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]
        self.left -= 1
        row = re.fullmatch(r"/services/data/v\d\d\.0/sobjects/Task/Upsell_Key__c/([^/]+)", parts.path)
        if method == "PATCH" and row is not None:
            return self._upsert(row[1], json.loads(body))
        if method == "GET" and re.fullmatch(r"/services/data/v\d\d\.0/query", parts.path):
            return self._query(parse_qs(parts.query)["q"][0])
        return 404, [{"errorCode": "NOT_FOUND"}]

    def _upsert(self, key: str, said: dict[str, Any]) -> Answer:
        wrong = set(said) - self.FIELDS
        if wrong:
            # The field of the external id may not stand in the body either.
            return 400, [{"errorCode": "INVALID_FIELD", "message": f"{wrong}"}]
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", said["ActivityDate"])
        assert len(said["Subject"]) <= 255
        is_new = key not in self.tasks
        kept = self.tasks.setdefault(key, {"Id": f"00T{len(self.tasks):015}", "Upsell_Key__c": key})
        kept |= said
        return (201 if is_new else 200), {"id": kept["Id"], "success": True, "errors": [], "created": is_new}

    def _query(self, asked: str) -> Answer:
        moment = r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"
        found = re.fullmatch(
            r"SELECT [\w, ]+ FROM Task WHERE Upsell_Key__c != null AND IsClosed = true AND "
            rf"(?:LastModifiedDate >= {moment}|"
            rf"\(LastModifiedDate > {moment} OR \(LastModifiedDate = {moment} AND Id > '(\w+)'\)\)) "
            r"ORDER BY LastModifiedDate, Id LIMIT (\d+)",
            asked,
        )
        if asked == "SELECT Upsell_Key__c FROM Task LIMIT 1":
            return 200, {"totalSize": 0, "done": True, "records": []}
        if found is None:
            return 400, [{"errorCode": "MALFORMED_QUERY", "message": asked}]
        since, after, _, passed, limit = found.groups()
        first = (since, "") if since else (after, passed)
        closed = sorted(
            (task["LastModifiedDate"][:19] + "Z", task["Id"], number)
            for number, task in enumerate(self.tasks.values())
            if task.get("Status") == "Completed" and "LastModifiedDate" in task
        )
        tasks = list(self.tasks.values())
        rows = [tasks[number] for at, its_id, number in closed if (at, its_id) > first][: int(limit)]
        return 200, {"totalSize": len(rows), "done": True, "records": rows}


class Slack(Vendor):
    """Slack: messages by their ts."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[dict[str, Any]] = []
        self.posted = 0

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        assert method == "POST"
        assert headers["content-type"] == "application/json; charset=utf-8"
        if headers.get("authorization") != "Bearer xoxb-1":
            return 200, {"ok": False, "error": "invalid_auth"}
        said = json.loads(body)
        match path:
            case "/auth.test":
                return 200, {"ok": True, "team": "Acme"}
            case "/chat.postMessage":
                return self._post(said)
            case "/chat.update":
                return self._update(said)
            case "/conversations.history":
                assert set(said) <= {"channel", "oldest", "latest", "include_all_metadata", "limit", "cursor"}
                tops = [each for each in self.messages if "thread_ts" not in each]
                return 200, {"ok": True, "messages": tops[::-1], "has_more": False}
            case _:
                return 200, {"ok": False, "error": "unknown_method"}

    def _post(self, said: dict[str, Any]) -> Answer:
        assert set(said) <= {"channel", "text", "blocks", "metadata", "thread_ts"}
        if said["channel"] != "C1":
            return 200, {"ok": False, "error": "channel_not_found"}
        check_blocks(said.get("blocks", []))
        self.posted += 1
        ts = f"1772442000.{self.posted:06}"
        self.messages.append({**said, "ts": ts})
        return 200, {"ok": True, "channel": "C1", "ts": ts}

    def _update(self, said: dict[str, Any]) -> Answer:
        assert set(said) <= {"channel", "ts", "text", "blocks", "metadata"}
        check_blocks(said["blocks"])
        for each in self.messages:
            if each["ts"] == said["ts"]:
                each.update(said)
                return 200, {"ok": True, "channel": "C1", "ts": said["ts"]}
        return 200, {"ok": False, "error": "message_not_found"}


def check_blocks(blocks: list[dict[str, Any]]) -> None:
    """Hold blocks to what Block Kit's reference says of those that are used."""
    assert len(blocks) <= 50
    ids = [each["block_id"] for each in blocks if "block_id" in each]
    assert len(set(ids)) == len(ids)
    assert all(len(each) <= 255 for each in ids)
    for block in blocks:
        match block["type"]:
            case "header":
                assert (block["text"]["type"], 0 < len(block["text"]["text"]) <= 150) == ("plain_text", True)
            case "section":
                assert 0 < len(block["text"]["text"]) <= 3_000
            case "context":
                assert 0 < len(block["elements"]) <= 10
            case "actions":
                assert 0 < len(block["elements"]) <= 25
                for each in block["elements"]:
                    assert each["type"] == "button"
                    assert len(each["text"]["text"]) <= 75
                    assert len(each["action_id"]) <= 255
                    assert 0 < len(each["value"]) <= 2_000
                actions = [each["action_id"] for each in block["elements"]]
                assert len(set(actions)) == len(actions)
            case other:
                raise AssertionError(other)


@contextmanager
def open_vendor(make: Callable[[], Vendor]) -> Iterator[Any]:
    """Run a vendor; what it does not understand makes it answer 599 with the reason."""
    vendor = make()

    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"

        def reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                vendor.asked.append((self.command, self.path, body.decode()))
                status, said = (
                    (vendor.status, {})
                    if vendor.status
                    else vendor.answer(self.command, self.path, headers, body)
                )
            except (AssertionError, KeyError, ValueError) as error:
                status, said = 599, {"wrong": repr(error)}
            if vendor.fails(self.path):
                status = vendor.failure
            if vendor.breaks and 0 < status < 300:
                vendor.breaks, status = vendor.breaks - 1, 0
            if not status:
                self.close_connection = True
                return
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    vendor.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield vendor
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
