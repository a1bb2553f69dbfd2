"""``GET /openapi.json``: the API described for machines, in OpenAPI 3.1.

Written by hand, because bodies are read item by item, so that one bad item never stops the others:
no framework can tell their shape. Tests hold it to the routes and to what the server answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

import upsell
from upsell.runtime.mail_desk import SETTING, Hook
from upsell.runtime.mail_reports import Taken
from upsell.sources.bounds import LARGEST_BATCH, LARGEST_EVENT, LONGEST_NAME
from upsell.store.keys import Scope
from upsell.web.api.prompt_schemas import prompt_components, prompt_paths
from upsell.web.api.schemas import KEYS, REFUSED, Schema, asked_refusals, body, refusal, response
from upsell.web.api.segments import MOST_UNITS, USUAL_UNITS
from upsell.web.api.sources import Heard
from upsell.web.api.task_schemas import task_components, task_paths

_TEXT: Final[Schema] = {"type": ["string", "null"]}
_ID: Final[Schema] = {
    "type": ["string", "integer", "null"],
    "description": f"At most {LONGEST_NAME} printable characters.",
}
_TIME: Final[Schema] = {
    "type": ["string", "null"],
    "description": "ISO 8601 with a zone, from 1970 on and at most a day ahead.",
    "examples": ["2026-03-01T12:00:00Z"],
}
_SAID: Final[Schema] = {"type": ["object", "null"], "additionalProperties": True}

_COMMON: Final[Schema] = {
    "messageId": {**_TEXT, "description": "Told again under the same id, an item is a duplicate."},
    "userId": {**_ID, "description": "Id of a known customer."},
    "anonymousId": {**_ID, "description": "Id of a visitor's device."},
    "timestamp": {**_TIME, "description": "When it happened; without it, when it came."},
    "sentAt": {**_TIME, "description": "When the sender sent it: what its clock is off is taken out."},
    "context": {
        "type": ["object", "null"],
        "properties": {
            "groupId": {**_ID, "description": "Id of the account it belongs to."},
            "historical": {"type": "boolean"},
        },
        "additionalProperties": True,
    },
    "historical": {"type": "boolean", "description": "Builds up what is known and starts nothing."},
}

_CALLS: Final[dict[str, tuple[str, Schema, list[str], Schema]]] = {
    "identify": (
        "Take traits of a customer.",
        {"traits": _SAID},
        [],
        {"userId": "ann", "traits": {"email": "ann@example.com"}},
    ),
    "track": (
        "Take one event.",
        {
            "event": {
                "type": "string",
                "description": f"Its name, of at most {LONGEST_NAME} printable characters.",
            },
            "properties": _SAID,
        },
        ["event"],
        {"userId": "ann", "event": "Pricing Viewed", "timestamp": "2026-03-01T12:00:00Z"},
    ),
    "group": (
        "Take traits of an account, and whom it has as a member with which roles.",
        {"groupId": {"type": ["string", "integer"], "description": "Id of the account."}, "traits": _SAID},
        ["groupId"],
        {"userId": "ann", "groupId": "acme", "traits": {"roles": ["admin"]}},
    ),
    "page": (
        "Take that a page was seen.",
        {"name": _TEXT, "category": _TEXT, "properties": _SAID},
        [],
        {"anonymousId": "v1", "name": "Pricing"},
    ),
    "screen": (
        "Take that a screen was seen.",
        {"name": _TEXT, "category": _TEXT, "properties": _SAID},
        [],
        {"userId": "ann", "name": "Home"},
    ),
    "alias": (
        "Take that two ids are one customer.",
        {
            "userId": {"type": ["string", "integer"], "description": "The id that stays."},
            "previousId": {**_ID, "description": "The id that goes; without it anonymousId."},
        },
        ["userId"],
        {"previousId": "old", "userId": "ann"},
    ),
}
"""Each call: what it does, its own fields, which it needs, and an example that is taken."""


def description_route() -> HTTPRouteHandler:
    """Give the route that describes the API; the description needs no key and tells no secret."""
    content = msgspec.json.encode(describe())

    @get("/openapi.json")
    async def openapi() -> Response[bytes]:
        """Describe the API."""
        return Response(content, media_type="application/json")

    return openapi


def describe() -> Schema:
    """Give the description of every route of the API."""
    paths: Schema = {f"/v1/{name}": {"post": _call(name)} for name in _CALLS}
    paths["/v1/batch"] = {"post": _batch()}
    paths["/v1/incidents"] = {"post": _incidents()}
    paths |= prompt_paths()
    paths["/v1/customers/{customer}/explain"] = {"get": _explain()}
    paths["/v1/segments"] = {"get": _segments()}
    paths["/v1/segments/{segment}"] = {"get": _segment()}
    paths |= task_paths()
    paths |= {f"/hooks/{hook.value}": {"post": _hook(hook)} for hook in Hook}
    paths["/hooks/{path}"] = {"post": _source()}
    paths["/v1/bounces"] = {"post": _bounces()}
    paths["/health"] = {"get": _health()}
    paths["/openapi.json"] = {"get": _self()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Upsell",
            "version": upsell.__version__,
            "description": "Takes events in Segment's shapes. 200 is said only when every item is committed.",
        },
        "paths": paths,
        "components": {
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic", "description": "The key is the user name."},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
            "schemas": {
                **{_title(name): _item(name) for name in _CALLS},
                **prompt_components(),
                **task_components(),
                **_answers(),
            },
        },
    }


def _title(name: str) -> str:
    return name.capitalize()


def _item(name: str) -> Schema:
    """Describe an item; what is not named is left alone."""
    _, own, needed, example = _CALLS[name]
    return {
        "type": "object",
        "properties": {**_COMMON, **own, "writeKey": _TEXT},
        "required": needed,
        "additionalProperties": True,
        "examples": [example],
    }


def _call(name: str) -> Schema:
    does, _, _, example = _CALLS[name]
    schema = {"$ref": f"#/components/schemas/{_title(name)}"}
    return {
        "operationId": name,
        "summary": does,
        "description": f"At most {LARGEST_EVENT:,} bytes. Needs the scope `{Scope.EVENTS.value}`.",
        "security": KEYS,
        "requestBody": body(schema, example),
        "responses": _event_responses(),
    }


def _batch() -> Schema:
    items = [
        {
            "allOf": [
                {"$ref": f"#/components/schemas/{_title(name)}"},
                {"properties": {"type": {"const": name}}, "required": ["type"]},
            ]
        }
        for name in _CALLS
    ]
    schema = {
        "type": "object",
        "properties": {
            "batch": {"type": "array", "items": {"anyOf": items}},
            "sentAt": _TIME,
            "writeKey": _TEXT,
        },
        "required": ["batch"],
        "additionalProperties": True,
    }
    example = {"batch": [{"type": name, **_CALLS[name][3]} for name in _CALLS]}
    return {
        "operationId": "batch",
        "summary": "Take many items; each says what it does by its type.",
        "description": f"At most {LARGEST_BATCH:,} bytes, each item at most {LARGEST_EVENT:,}.",
        "security": KEYS,
        "requestBody": body(schema, example),
        "responses": _event_responses(),
    }


def _incidents() -> Schema:
    name = {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME}
    schema = {
        "type": "object",
        "properties": {
            "id": name,
            "turn": {"enum": ["start", "end"]},
            "title": {"type": "string", "maxLength": LONGEST_NAME},
            "accountId": {"anyOf": [name, {"type": "null"}]},
            "customerId": {"anyOf": [name, {"type": "null"}]},
        },
        "required": ["id", "turn"],
        "additionalProperties": False,
    }
    changed = {"type": "object", "properties": {"changed": {"type": "boolean"}}, "required": ["changed"]}
    return {
        "operationId": "incidents",
        "summary": "Take that an incident begins or is over: for an account, a customer, or everyone.",
        "description": f"Needs a server key with the scope `{Scope.INCIDENTS.value}`.",
        "security": KEYS,
        "requestBody": body(schema, {"id": "INC-7", "turn": "start", "title": "checkout is down"}),
        "responses": {
            "200": response("It is told; `changed` says whether that was new.", changed),
            **{status: refusal(said) for status, said in REFUSED.items() if status != "429"},
        },
    }


def _explain() -> Schema:
    return {
        "operationId": "explain",
        "summary": "Say for each workflow why a customer is spoken to, or why not.",
        "description": "The customer's id; `a:<account>` asks about an account. "
        f"Needs a server key with the scope `{Scope.DECISIONS.value}`.",
        "security": KEYS,
        "parameters": [
            {
                "name": "customer",
                "in": "path",
                "required": True,
                "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME},
            },
            {
                "name": "at",
                "in": "query",
                "schema": {"type": "string", "format": "date-time"},
                "description": "As of this moment, from the ledger alone.",
            },
            {"name": "workflow", "in": "query", "schema": {"type": "string"}},
        ],
        "responses": {
            "200": response("Why and why not.", {"type": "object"}),
            **asked_refusals(),
        },
    }


_SEGMENT: Final[Schema] = {
    "segment": {"type": "string"},
    "unit": {"enum": ["account", "customer"]},
    "meaning": {"type": "string"},
    "rule": {"type": "string"},
}
_NEEDS_SEGMENTS: Final = f"Needs a server key with the scope `{Scope.SEGMENTS.value}`."


def _segments() -> Schema:
    counted = {
        "type": "object",
        "properties": {**_SEGMENT, "count": {"type": "integer", "minimum": 0}},
        "required": [*_SEGMENT, "count"],
        "additionalProperties": False,
    }
    answered = {
        "type": "object",
        "properties": {"at": {"type": "string"}, "segments": {"type": "array", "items": counted}},
        "required": ["at", "segments"],
        "additionalProperties": False,
    }
    return {
        "operationId": "segments",
        "summary": "Count the accounts or customers of every live segment.",
        "description": f"Every unit is asked now. {_NEEDS_SEGMENTS}",
        "security": KEYS,
        "responses": {"200": response("The counts.", answered), **asked_refusals()},
    }


def _segment() -> Schema:
    listed = {
        "type": "object",
        "properties": {"unit": {"type": "string"}, "since": {"type": ["string", "null"]}},
        "required": ["unit", "since"],
        "additionalProperties": False,
    }
    properties = {
        "at": {"type": "string"},
        **_SEGMENT,
        "units": {"type": "array", "items": listed},
        "next_after": {"type": ["string", "null"]},
    }
    limit = {"type": "integer", "minimum": 1, "maximum": MOST_UNITS, "default": USUAL_UNITS}
    return {
        "operationId": "segment",
        "summary": "List the accounts or customers of one segment, in the order of their ids.",
        "description": "`next_after` is what to say in `after` for the next page; null on the last. `since` "
        f"is null where the worker has not noticed yet. {_NEEDS_SEGMENTS}",
        "security": KEYS,
        "parameters": [
            {
                "name": "segment",
                "in": "path",
                "required": True,
                "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME},
            },
            {"name": "after", "in": "query", "schema": {"type": "string"}},
            {"name": "limit", "in": "query", "schema": limit},
        ],
        "responses": {
            "200": response(
                "A page.",
                {
                    "type": "object",
                    "properties": properties,
                    "required": list(properties),
                    "additionalProperties": False,
                },
            ),
            **asked_refusals(),
        },
    }


_HOOK_BODIES: Final[Mapping[Hook, tuple[Schema, Schema | list[Schema]]]] = {
    Hook.SES: ({"type": "object"}, {"Type": "Notification", "MessageId": "22b80b92", "Message": "{}"}),
    Hook.POSTMARK: ({"type": "object"}, {"RecordType": "Bounce", "Type": "HardBounce"}),
    Hook.SENDGRID: ({"type": "array"}, [{"event": "bounce", "sg_event_id": "6g4ZI7SA", "timestamp": 1}]),
    Hook.MAILGUN: ({"type": "object"}, {"signature": {}, "event-data": {}}),
}
"""Each webhook's body, in the provider's own form, and an example of it without its proof."""


def _hook(hook: Hook) -> Schema:
    schema, example = _HOOK_BODIES[hook]
    described = f"In the provider's own form, and proved in its own way. Closed until {SETTING[hook]} is set."
    return {
        "operationId": f"{hook.value}-hook",
        "summary": f"Take what {hook.value} says became of messages.",
        "description": described,
        "security": [],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema, "example": example}},
        },
        "responses": {
            "200": response("What is believed is committed.", _counts(Taken)),
            "404": refusal("It is not set up."),
            **{status: refusal(said) for status, said in REFUSED.items() if status != "401"},
        },
    }


def _source() -> Schema:
    return {
        "operationId": "source-hook",
        "summary": "Take what a vendor sends to a source of the workspace.",
        "description": "In the vendor's own form, and proved in its own way. Which paths there are is said "
        "by the files `sources/*.yaml` of the live workspace; a source is closed until its secret is set.",
        "security": [],
        "parameters": [
            {
                "name": "path",
                "in": "path",
                "required": True,
                "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME},
                "example": "zendesk",
            }
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {}, "example": {"type": "ticket.created"}}},
        },
        "responses": {
            "200": response("Everything is committed, what was kept aside too.", _counts(Heard)),
            "404": refusal("There is no such source, or it is not set up."),
            **{status: refusal(said) for status, said in REFUSED.items() if status != "401"},
        },
    }


def _bounces() -> Schema:
    return {
        "operationId": "bounces",
        "summary": "Take one mail that came back, as it came (message/rfc822).",
        "description": f"Needs a server key with the scope `{Scope.BOUNCES.value}`.",
        "security": KEYS,
        "requestBody": {
            "required": True,
            "content": {
                "text/plain": {"schema": {"type": "string"}, "example": "Subject: On holiday\n\nBye"}
            },
        },
        "responses": {
            "200": response("What is believed is committed.", _counts(Taken)),
            **{status: refusal(said) for status, said in REFUSED.items()},
        },
    }


def _counts(told: type[msgspec.Struct]) -> Schema:
    names = msgspec.structs.fields(told)
    return {
        "type": "object",
        "properties": {each.name: {"type": "integer", "minimum": 0} for each in names},
        "required": [each.name for each in names],
        "additionalProperties": False,
    }


def _health() -> Schema:
    schema = {
        "type": "object",
        "properties": {"is_ready": {"type": "boolean"}, "behind": {"type": ["integer", "null"]}},
        "required": ["is_ready"],
    }
    return {
        "operationId": "health",
        "summary": "Say whether events can be taken, and how far the worker is behind.",
        "security": [],
        "responses": {"200": response("They can.", schema), "503": response("They cannot.", schema)},
    }


def _self() -> Schema:
    return {
        "operationId": "openapi",
        "summary": "Describe the API.",
        "security": [],
        "responses": {"200": response("This description.", {"type": "object"})},
    }


def _event_responses() -> Schema:
    taken = response("Every item is committed.", {"$ref": "#/components/schemas/Taken"})
    return {"200": taken, **{status: refusal(said) for status, said in REFUSED.items()}}


def _answers() -> Schema:
    count = {"type": "integer", "minimum": 0}
    item = {
        "type": "object",
        "properties": {
            "index": count,
            "status": {"enum": ["accepted", "duplicate", "refused"]},
            "code": {"type": "string"},
            "message": {"type": "string"},
        },
        "required": ["index", "status"],
        "additionalProperties": False,
    }
    return {
        "Taken": {
            "type": "object",
            "properties": {"accepted": count, "duplicates": count},
            "required": ["accepted", "duplicates"],
            "additionalProperties": False,
        },
        "Refused": {
            "type": "object",
            "properties": {
                "code": {"type": "string", "description": "Short and stable."},
                "message": {"type": "string", "description": "What was expected and what came."},
                "results": {"type": "array", "items": item},
            },
            "required": ["code", "message"],
            "additionalProperties": False,
        },
    }
