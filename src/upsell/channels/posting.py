"""Posting: signed bodies handed to servers over HTTP, each once, with an answer that never guesses.

For gateways and webhooks. The law: a request that was sent without an answer that says what became of
it is unknown.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus

import httpx
import msgspec

from upsell.channels.channel import Answer, Letter, Receipt
from upsell.channels.signing import sign
from upsell.clock import SECOND, Moment

TIMEOUT = 6.0
"""Seconds a server may take over one answer."""

_NOT_TAKEN = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
"""Answers that say a body was not taken and may be given again."""

_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Post(msgspec.Struct, frozen=True):
    """One body for one server: the message's key, where to, JSON, and when it was written."""

    key: str
    url: str
    body: bytes
    written_at: Moment


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


class Poster:
    """Posts bodies over connections that are kept."""

    def __init__(self, said_of: str, secret: bytes, connections: int) -> None:
        """Post signed with a secret; ``said_of`` is what receipts call the server. Nothing is opened yet."""
        self._said_of = said_of
        self._secret = secret
        self._connections = connections
        self._client: httpx.AsyncClient | None = None

    async def send(self, posts: Sequence[Post], within: float) -> list[Receipt]:
        """Post bodies, beginning none after ``within`` seconds; give a receipt for each, in any order."""
        waiting = deque(posts)
        receipts: list[Receipt] = []
        last_start = asyncio.get_running_loop().time() + within
        client = self._client = self._client or httpx.AsyncClient(timeout=TIMEOUT, trust_env=False)
        posters = (self._post_each(client, waiting, receipts, last_start) for _ in range(self._connections))
        await asyncio.gather(*posters)
        return receipts + [
            Receipt(post.key, Answer.NOT_NOW, f"{self._said_of} was too slow", is_begun=False)
            for post in waiting
        ]

    async def close(self) -> None:
        """Close every kept connection."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _post_each(
        self, client: httpx.AsyncClient, waiting: deque[Post], receipts: list[Receipt], last_start: float
    ) -> None:
        while waiting and asyncio.get_running_loop().time() < last_start:
            receipts.append(await self._post(client, waiting.popleft()))

    async def _post(self, client: httpx.AsyncClient, post: Post) -> Receipt:
        signed = sign(self._secret, post.key, post.written_at // SECOND, post.body)
        headers = {"content-type": "application/json", **signed}
        try:
            answer = await client.post(post.url, content=post.body, headers=headers)
        except _UNSENT as error:
            return Receipt(post.key, Answer.NOT_NOW, f"{self._said_of} does not answer: {error!r}")
        except httpx.HTTPError as error:
            return Receipt(post.key, Answer.UNKNOWN, f"{self._said_of} did not say: {error!r}")
        return _read(post, answer)


def _read(post: Post, answer: httpx.Response) -> Receipt:
    """Read an answer: 2xx took it, 429 and 503 did not yet, other 4xx never will, the rest is unknown."""
    said = f"{answer.status_code} {answer.text[:200].strip()}".strip()
    if answer.is_success:
        return Receipt(post.key, Answer.ACCEPTED, said)
    if answer.status_code in _NOT_TAKEN:
        return Receipt(post.key, Answer.NOT_NOW, said)
    return Receipt(post.key, Answer.REFUSED if answer.is_client_error else Answer.UNKNOWN, said)
