"""Schemas: what every description of a route is made of."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

Schema: TypeAlias = dict[str, Any]

KEYS: Final[list[dict[str, list[str]]]] = [{"basic": []}, {"bearer": []}, {}]
"""A key as user name or token; none where no key was ever made, or where the body shows it."""

REFUSED: Final = {
    "400": "Some items were refused, or the body is none; what was good is committed.",
    "401": "No good key was shown.",
    "403": "The key is not for this.",
    "413": "The request is too large.",
    "429": "Too much is waiting; nothing is committed. Send it again after Retry-After.",
    "503": "The database does not answer; nothing is committed. Send it again after Retry-After.",
}
"""What each refusal means, by its status."""


def refusal(said: str) -> Schema:
    """Describe an answer that takes nothing."""
    return response(said, {"$ref": "#/components/schemas/Refused"})


def response(said: str, schema: Schema) -> Schema:
    """Describe an answer in JSON."""
    return {"description": said, "content": {"application/json": {"schema": schema}}}


def body(schema: Schema, example: Schema) -> Schema:
    """Describe a body: JSON, whatever its content type says, so that a page's beacon can send it."""
    return {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}


def asked_refusals() -> Schema:
    """Describe the answers to a question that cannot be answered."""
    return {status: refusal(said) for status, said in REFUSED.items() if status not in ("413", "429")}
