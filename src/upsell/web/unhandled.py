"""Unhandled: what is answered where no handler did: senders get a sentence as JSON, people a page.

For a server that shows pages: without them there is neither a home to lead to nor a style.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from litestar import Request, Response
from litestar.exceptions import HTTPException

from upsell.web.api.answers import answer_exception, exception_code, exception_words
from upsell.web.pages.forms import HTML
from upsell.web.pages.shell import Trouble, refuse, wants_json

_SENDERS: Final = ("/v1/", "/hooks/", "/sdk/")
"""What is asked by programs alone, however they say they read."""


def answer_unhandled(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer a wrong address or method, a body too large, or a fault of ours."""
    if not isinstance(error, HTTPException) or not _is_read_by_people(request):
        return answer_exception(request, error)
    status = HTTPStatus(error.status_code)
    words = exception_words(request, status, error)
    if status is HTTPStatus.NOT_FOUND:
        words = f"Nothing answers {request.url.path}."
        trouble = Trouble(
            "There is no page at this address",
            words if words.isprintable() else "Nothing answers it.",
            "If a link led here it may have been cut short: copy the whole of it.",
        )
    else:
        said = f"{words[:1].upper()}{words[1:]}."
        trouble = Trouble("This was not taken", said, "Go back, load the page again, and send it once more.")
    answered = refuse(request, trouble, exception_code(status), status)
    answered.headers.update(error.headers or {})
    return answered


def _is_read_by_people(request: Request[Any, Any, Any]) -> bool:
    is_named = HTML in request.headers.get("accept", "") and not wants_json(request)
    return is_named and not f"{request.url.path}/".startswith(_SENDERS)
