"""Posting: bodies handed to servers over HTTP, each once, with an answer that never guesses.

For gateways, webhooks and providers with an HTTP API. The law: a request that was sent without an answer that
says what became of it is unknown.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus

import httpx
import msgspec

from upsell.channels.border import Border, BorderError
from upsell.channels.calling import Called, Caller, CallError
from upsell.channels.channel import Answer, Letter, Receipt
from upsell.channels.signing import sign
from upsell.clock import SECOND

TIMEOUT = 6.0
"""Seconds a server may take over one answer."""

_NOT_TAKEN = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
"""Answers that say a body was not taken and may be given again."""


class Post(msgspec.Struct, frozen=True):
    """One body for one server: the message's key, where to, what, and the headers that go with it."""

    key: str
    url: str
    body: bytes
    headers: Mapping[str, str]


def sign_post(secret: bytes, letter: Letter, url: str, body: bytes) -> Post:
    """Make a letter's JSON a post, signed by Standard Webhooks, with the message's key as ``webhook-id``."""
    signed = sign((secret,), letter.key, letter.written_at // SECOND, body)
    return Post(letter.key, url, body, {"content-type": "application/json", **signed})


def write_posts(
    letters: Iterable[Letter], write: Callable[[Letter], Post]
) -> tuple[list[Post], list[Receipt]]:
    """Write what is posted of each letter; one of which nothing can be posted is refused for good.

    Args:
        letters: The letters.
        write: Writes one; raises ValueError or ``httpx.InvalidURL`` with why it cannot be.
    """
    posts: list[Post] = []
    refused: list[Receipt] = []
    for letter in letters:
        try:
            posts.append(write(letter))
        except (ValueError, httpx.InvalidURL) as error:
            refused.append(Receipt(letter.key, Answer.REFUSED, str(error)))
    return posts, refused


def read_answer(key: str, answer: Called) -> Receipt:
    """Read an answer: 2xx took it, 429 and 503 did not yet, other 4xx never will, the rest is unknown."""
    if answer.is_success:
        return Receipt(key, Answer.ACCEPTED, answer.said())
    if answer.status in _NOT_TAKEN:
        return Receipt(key, Answer.NOT_NOW, answer.said())
    return Receipt(key, Answer.REFUSED if 400 <= answer.status < 500 else Answer.UNKNOWN, answer.said())


class Poster:
    """Posts bodies over connections that are kept."""

    def __init__(
        self,
        said_of: str,
        connections: int,
        border: Border,
        read: Callable[[str, Called], Receipt] = read_answer,
    ) -> None:
        """Post to a server, to where a border lets through; nothing is opened yet.

        Args:
            said_of: What receipts call the server.
            connections: How many posts are under way at once.
            border: What may be reached; what may not is refused for good.
            read: Makes of an answer the receipt of the message with a key.
        """
        self._said_of = said_of
        self._connections = connections
        self._read = read
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
        try:
            answer = await self._caller.call("POST", post.url, post.headers, post.body)
        except BorderError as error:
            return Receipt(post.key, Answer.REFUSED, str(error))
        except CallError as error:
            because = Answer.UNKNOWN if error.is_sent else Answer.NOT_NOW
            return Receipt(post.key, because, f"{self._said_of} {error}")
        try:
            return self._read(post.key, answer)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            return Receipt(post.key, Answer.UNKNOWN, f"{self._said_of} said what cannot be read: {error!r}")
