"""Posting: signed bodies handed to servers over HTTP, each once, with an answer that never guesses.

For gateways and webhooks. The law: a request that was sent without an answer that says what became of
it is unknown.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from http import HTTPStatus

import msgspec

from upsell.channels.border import Border, BorderError
from upsell.channels.calling import Called, Caller, CallError
from upsell.channels.channel import Answer, Receipt
from upsell.channels.signing import sign
from upsell.clock import SECOND, Moment

TIMEOUT = 6.0
"""Seconds a server may take over one answer."""

_NOT_TAKEN = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
"""Answers that say a body was not taken and may be given again."""


class Post(msgspec.Struct, frozen=True):
    """One body for one server: the message's key, where to, JSON, and when it was written."""

    key: str
    url: str
    body: bytes
    written_at: Moment


class Poster:
    """Posts bodies over connections that are kept."""

    def __init__(self, said_of: str, secret: bytes, connections: int, border: Border) -> None:
        """Post signed with a secret, to where a border lets through; nothing is opened yet.

        ``said_of`` is what receipts call the server.
        """
        self._said_of = said_of
        self._secret = secret
        self._connections = connections
        self._caller = Caller(border, connections=connections, timeout=TIMEOUT)

    async def send(self, posts: Sequence[Post], within: float) -> list[Receipt]:
        """Post bodies, beginning none after ``within`` seconds; give a receipt for each, in any order."""
        waiting = deque(posts)
        receipts: list[Receipt] = []
        last_start = asyncio.get_running_loop().time() + within
        posters = (self._post_each(waiting, receipts, last_start) for _ in range(self._connections))
        await asyncio.gather(*posters)
        return receipts + [
            Receipt(post.key, Answer.NOT_NOW, f"{self._said_of} was too slow", is_begun=False)
            for post in waiting
        ]

    async def close(self) -> None:
        """Close every kept connection."""
        await self._caller.close()

    async def _post_each(self, waiting: deque[Post], receipts: list[Receipt], last_start: float) -> None:
        while waiting and asyncio.get_running_loop().time() < last_start:
            receipts.append(await self._post(waiting.popleft()))

    async def _post(self, post: Post) -> Receipt:
        signed = sign((self._secret,), post.key, post.written_at // SECOND, post.body)
        headers = {"content-type": "application/json", **signed}
        try:
            answer = await self._caller.call("POST", post.url, headers, post.body)
        except BorderError as error:
            return Receipt(post.key, Answer.REFUSED, str(error))
        except CallError as error:
            because = Answer.UNKNOWN if error.is_sent else Answer.NOT_NOW
            return Receipt(post.key, because, f"{self._said_of} {error}")
        return _read(post, answer)


def _read(post: Post, answer: Called) -> Receipt:
    """Read an answer: 2xx took it, 429 and 503 did not yet, other 4xx never will, the rest is unknown."""
    if answer.is_success:
        return Receipt(post.key, Answer.ACCEPTED, answer.said())
    if answer.status in _NOT_TAKEN:
        return Receipt(post.key, Answer.NOT_NOW, answer.said())
    refused = Answer.REFUSED if 400 <= answer.status < 500 else Answer.UNKNOWN
    return Receipt(post.key, refused, answer.said())
