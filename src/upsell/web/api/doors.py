"""Doors: who may ask a route, by the key that is shown.

A key is the user name of Basic authorization, as SDKs show it, a Bearer token, or ``writeKey`` in a
body that can hold one. The law: nothing is done for a request before its key was asked.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from http import HTTPStatus
from typing import Any, Final

import psycopg
from litestar import Request, Response

from upsell.errors import StoreError
from upsell.runtime.keyring import KeyRing
from upsell.store.keys import PUBLIC, Scope
from upsell.web.api.answers import Refused, answer

AGAIN: Final = {"Retry-After": "1"}
"""Headers of an answer to a request that can be sent again."""

_ASKED = {"WWW-Authenticate": 'Basic realm="upsell"'}


async def turn_away(
    ring: KeyRing, request: Request[Any, Any, Any], scope: Scope, said: str | None = None
) -> Response[bytes] | None:
    """Give the answer to a request whose key is not good for ``scope``; None when it may go on.

    Args:
        ring: The keys.
        request: The request, whose header may show a key.
        scope: What is asked for.
        said: The key its body shows, which goes before its header's; None when it shows none.
    """
    if ring.is_stale():
        try:
            await asyncio.to_thread(ring.read)
        except (psycopg.Error, StoreError):
            words = "the database did not answer; nothing of this request is committed, so send it again"
            return answer(Refused("unavailable", words), HTTPStatus.SERVICE_UNAVAILABLE, AGAIN)
    shown = said if said is not None else shown_key(request)
    found = ring.ask(shown, scope)
    if not found.is_known:
        words = (
            "expected a good key as the user name of Basic authorization, as Bearer, or as writeKey; "
            "`upsell keys list` tells which there are"
        )
        return answer(Refused("unauthorized", words), HTTPStatus.UNAUTHORIZED, _ASKED)
    if not found.is_allowed:
        made = "upsell keys create NAME" + ("" if scope in PUBLIC else f" --server --scope {scope.value}")
        words = f"expected a key with the scope {scope.value}, got one without; make one with `{made}`"
        return answer(Refused("forbidden", words), HTTPStatus.FORBIDDEN)
    return None


def shown_key(request: Request[Any, Any, Any]) -> str:
    """Give the user name of Basic authorization, or the Bearer token; empty when there is neither."""
    header = request.headers.get("authorization", "")
    scheme, _, credentials = header.partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        decoded = base64.b64decode(credentials, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return decoded.partition(":")[0]
