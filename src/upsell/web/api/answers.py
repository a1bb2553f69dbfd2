"""Answers: what the API says, always as JSON with a stable code and a sentence.

The law: 200 is said only when every item is committed; 400 names each item that is not.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from upsell.sources.bounds import LARGEST_BATCH

_log = structlog.get_logger(__name__)


class ItemAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one item.

    Attributes:
        index: Its place in the request, from 0.
        status: ``accepted``, ``duplicate`` or ``refused``.
        code: For a refusal, a short stable code.
        message: For a refusal, what was expected and what came.
    """

    index: int
    status: str
    code: str | None = None
    message: str | None = None


class Taken(msgspec.Struct, frozen=True):
    """Every item is committed; how many came for the first time, and how many had come before."""

    accepted: int
    duplicates: int


class Refused(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something was not taken: a short stable code, a sentence, and what became of each item."""

    code: str
    message: str
    results: tuple[ItemAnswer, ...] = ()


def answer(
    body: msgspec.Struct, status: HTTPStatus = HTTPStatus.OK, headers: Mapping[str, str] | None = None
) -> Response[bytes]:
    """Give a struct as the body of a response."""
    return Response(
        msgspec.json.encode(body),
        status_code=status,
        media_type="application/json",
        headers=dict(headers or {}),
    )


def answer_items(items: Sequence[ItemAnswer]) -> Response[bytes]:
    """Answer a request by what became of its items."""
    refused = refused_of(items)
    if refused is not None:
        return answer(refused, HTTPStatus.BAD_REQUEST)
    duplicates = count_duplicates(items)
    return answer(Taken(len(items) - duplicates, duplicates))


def refused_of(items: Sequence[ItemAnswer]) -> Refused | None:
    """Say which of the items were refused; None where none was."""
    refused = [item for item in items if item.status == "refused"]
    if not refused:
        return None
    if len(items) == 1:
        only = refused[0]
        return Refused(only.code or "refused", only.message or "", tuple(items))
    said = f"{len(refused)} of {len(items)} items were refused; the others are committed"
    return Refused("refused", said, tuple(items))


def count_duplicates(items: Sequence[ItemAnswer]) -> int:
    """Count the items that had come before."""
    return sum(item.status == "duplicate" for item in items)


def answer_exception(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer what a handler did not: a wrong path or method, a body too large, or a fault of ours."""
    if isinstance(error, HTTPException):
        status = HTTPStatus(error.status_code)
        refused = Refused(exception_code(status), exception_words(request, status, error))
        return answer(refused, status, error.headers)
    # Not the path itself, which may end with what lets somebody act as a customer; and the trace as text, for
    # what shows variables beside one would show keys.
    route, trace = str(request.scope.get("path_template", "")), "".join(traceback.format_exception(error))
    _log.error("request_failed", path=route, trace=trace)
    return answer(
        Refused("fault", "something broke here; nothing of this request can be relied on, so send it again"),
        HTTPStatus.INTERNAL_SERVER_ERROR,
    )


def exception_code(status: HTTPStatus) -> str:
    """Give the code of what no handler took."""
    return status.phrase.lower().replace(" ", "_")


def exception_words(request: Request[Any, Any, Any], status: HTTPStatus, error: HTTPException) -> str:
    """Say in a sentence what was expected of a request that no handler took."""
    match status:
        case HTTPStatus.NOT_FOUND:
            return f"expected POST to /v1/batch or a call such as /v1/track, got {request.url.path}"
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return f"expected another method on {request.url.path}, got {request.method}"
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            asked = request.scope.get("route_handler")
            most = asked.resolve_request_max_body_size() if isinstance(asked, HTTPRouteHandler) else None
            most = most or LARGEST_BATCH
            return f"expected at most {most:,} bytes in one request, got more; send several"
        case _:
            return error.detail or status.phrase
