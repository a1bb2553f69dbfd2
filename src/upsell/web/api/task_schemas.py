"""The description of the routes of tasks."""

from __future__ import annotations

from typing import Final

import msgspec

from upsell.decisions.task_outcomes import TaskOutcome
from upsell.sources.bounds import LONGEST_NAME
from upsell.store.keys import Scope
from upsell.web.api.schemas import KEYS, REFUSED, Schema, asked_refusals, body, refusal, response
from upsell.web.api.tasks import MOST_TASKS, USUAL_TASKS, OpenBody

_NAME: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME}
_TEXT: Final[Schema] = {"type": "string", "maxLength": LONGEST_NAME}
_TIME: Final[Schema] = {"type": "string", "format": "date-time"}
_KEY: Final[Schema] = {
    "name": "key",
    "in": "path",
    "required": True,
    "schema": _NAME,
    "example": "5f60eda1c0",
}
_READS: Final = f"Needs a server key with the scope `{Scope.TASKS_READ.value}`."
_WRITES: Final = f"Needs a server key with the scope `{Scope.TASKS_WRITE.value}`."


def _or_null(kind: str) -> Schema:
    return {"type": [kind, "null"]}


_TASK: Final[Schema] = {
    "key": {"type": "string"},
    "unit": {"type": "string", "description": "Whom it is about: `a:` an account, `c:` a customer."},
    "account_id": _or_null("string"),
    "customer_id": _or_null("string"),
    "reason": _or_null("string"),
    "workflow": _or_null("string"),
    "source": {"type": "string"},
    "queue": {"type": "string"},
    "title": {"type": "string"},
    "why": {"type": "array", "items": {"type": "string"}},
    "proof": {"type": "array", "items": {"type": "string"}},
    "offer": _or_null("string"),
    "terms": _or_null("object"),
    "talk_track": _or_null("string"),
    "objections": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"says": {"type": "string"}, "answer": {"type": "string"}},
            "required": ["says", "answer"],
        },
    },
    "value": {
        "type": ["object", "null"],
        "properties": {
            "amount": {"type": "integer", "description": "In minor units."},
            "currency": {"type": "string"},
            "chance": _or_null("number"),
        },
    },
    **{name: _or_null("string") for name in ("opened_at", "updated_at", "due_at", "snoozed_until")},
    "is_overdue": {"type": "boolean"},
    **{name: _or_null("string") for name in ("owner", "given_at", "taken_at", "closed_at", "closed_by")},
    **{name: _or_null("string") for name in ("outcome", "because", "currency")},
    "amount": _or_null("integer"),
    "minutes": _or_null("number"),
}


def task_components() -> Schema:
    """Describe what a task is told as."""
    return {
        "Task": {
            "type": "object",
            "properties": _TASK,
            "required": list(_TASK),
            "additionalProperties": False,
        }
    }


def task_paths() -> Schema:
    """Describe every route of tasks."""
    return {
        "/v1/tasks": {"get": _listing(), "post": _opening()},
        "/v1/tasks/{key}": {"get": _showing()},
        "/v1/tasks/{key}/{action}": {"post": _changing()},
    }


def _listing() -> Schema:
    limit = {"type": "integer", "minimum": 1, "maximum": MOST_TASKS, "default": USUAL_TASKS}
    return {
        "operationId": "tasks",
        "summary": "List what is open, what may earn most first.",
        "description": f"What is put off is listed with `snoozed=true` only. {_READS}",
        "security": KEYS,
        "parameters": [
            {"name": "queue", "in": "query", "schema": {"type": "string"}},
            {
                "name": "owner",
                "in": "query",
                "schema": {"type": "string"},
                "description": "By id or mail; empty for nobody's.",
            },
            {"name": "snoozed", "in": "query", "schema": {"enum": ["true", "false"], "default": "false"}},
            {"name": "limit", "in": "query", "schema": limit},
        ],
        "responses": {
            "200": response(
                "The queue; `count` says how many there are.",
                {
                    "type": "object",
                    "properties": {
                        "tasks": {"type": "array", "items": {"$ref": "#/components/schemas/Task"}},
                        "count": {"type": "integer", "minimum": 0},
                    },
                    "required": ["tasks", "count"],
                    "additionalProperties": False,
                },
            ),
            **asked_refusals(),
        },
    }


def _showing() -> Schema:
    return {
        "operationId": "task",
        "summary": "Give one task, open or closed, by its key or by how that alone begins.",
        "description": _READS,
        "security": KEYS,
        "parameters": [_KEY],
        "responses": {
            "200": response("The task.", {"$ref": "#/components/schemas/Task"}),
            "404": refusal("There is no such task."),
            **asked_refusals(),
        },
    }


def _opening() -> Schema:
    properties: Schema = {
        "by": {**_NAME, "description": "Who asks."},
        "accountId": {"anyOf": [_NAME, {"type": "null"}]},
        "customerId": {"anyOf": [_NAME, {"type": "null"}]},
        "reason": {**_NAME, "description": "Of an account one task is open for each."},
        "queue": _NAME,
        "title": _NAME,
        "dueAt": {"anyOf": [_TIME, {"type": "null"}], "description": "Default by the sla of the queue."},
        "why": {"type": "array", "items": _NAME},
        "talkTrack": _TEXT,
        "value": {"type": ["integer", "null"], "description": "What it may earn, in minor units."},
    }
    return {
        "operationId": "open-task",
        "summary": "Open a task about an account or a customer, or say anew the one open for its reason.",
        "description": f"Sent again, nothing changes. {_WRITES}",
        "security": KEYS,
        "requestBody": body(
            {
                "type": "object",
                "properties": properties,
                "required": [each.encode_name for each in msgspec.structs.fields(OpenBody) if each.required],
                "additionalProperties": False,
            },
            {
                "by": "crm",
                "accountId": "acme",
                "reason": "renewal",
                "queue": "success",
                "title": "Talk about the renewal",
                "dueAt": "2026-04-01T09:00:00Z",
            },
        ),
        "responses": _changed(),
    }


def _changing() -> Schema:
    action = {"name": "action", "in": "path", "required": True}
    properties: Schema = {
        "by": {**_NAME, "description": "Who does it; taken, it is theirs."},
        "to": {**_NAME, "description": "give: to whom, by id or mail; needed there."},
        "until": {**_TIME, "description": "snooze: until when; needed there."},
        "outcome": {
            "enum": [each.value for each in TaskOutcome],
            "description": "close: what came of it; needed there.",
        },
        "reason": {**_TEXT, "description": "close: why it was lost or put off."},
        "feature": {**_TEXT, "description": "close: the feature that is missing."},
        "amount": {"type": ["integer", "null"], "description": "close: of the opportunity, minor units."},
        "currency": {**_TEXT, "description": "close: of the amount (default the workspace's)."},
        "minutes": {"type": ["number", "null"], "description": "close: minutes of work."},
        "note": {**_TEXT, "description": "close: what else is to be remembered."},
    }
    return {
        "operationId": "change-task",
        "summary": "Take a task up, give it to somebody, put it off, or close it.",
        "description": f"Sent again, nothing changes. A key that no task has is refused. {_WRITES}",
        "security": KEYS,
        "parameters": [
            _KEY,
            {**action, "schema": {"enum": ["take", "give", "snooze", "close"]}, "example": "take"},
        ],
        "requestBody": body(
            {
                "type": "object",
                "properties": properties,
                "required": ["by"],
                "additionalProperties": False,
            },
            {"by": "ana"},
        ),
        "responses": {"404": refusal("There is no such task, or no such action."), **_changed()},
    }


def _changed() -> Schema:
    schema = {
        "type": "object",
        "properties": {"changed": {"type": "boolean"}, "task": {"$ref": "#/components/schemas/Task"}},
        "required": ["changed", "task"],
        "additionalProperties": False,
    }
    return {
        "200": response("The task as it stands; `changed` says whether that is new.", schema),
        **{status: refusal(said) for status, said in REFUSED.items() if status != "429"},
    }
