"""Calling: one request to somebody else's server, within a time and with an answer of bounded length.

For everything that posts to where a workspace or a setting says. The law: it is known of every request that
failed whether it may have arrived.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

import httpx
import msgspec

from upsell.channels.border import Border
from upsell.channels.bordered import BorderedTransport
from upsell.errors import UpsellError

LARGEST_ANSWER: Final = 262_144
"""How much of an answer is read, in bytes; what is longer is cut off."""

HEADERS: Final = {"accept-encoding": "identity", "user-agent": "Upsell"}
"""What every request says; nothing is unpacked, so that no answer is longer than it looks."""

_CONNECT: Final = 5.0
"""Seconds within which a connection must stand."""

_CONNECT_PART: Final = 5 / 6
"""The most of a call's time that goes to it, so that it ends before the call does."""

_FIRST_STEP: Final = "http11.send_request_headers.started"
"""Before it nothing of a request has left: a connection is waited for, made, and secured."""


class Called(msgspec.Struct, frozen=True):
    """An answer.

    Attributes:
        status: The status.
        headers: Its headers, names in small letters.
        body: Its body, cut off at ``LARGEST_ANSWER``.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_success(self) -> bool:
        """Whether it is 2xx."""
        return 200 <= self.status < 300

    @property
    def is_server_error(self) -> bool:
        """Whether it is 5xx."""
        return self.status >= 500

    def said(self, most: int = 200) -> str:
        """Give the status and how the body begins, for people."""
        return f"{self.status} {self.body.decode('utf-8', 'replace')[:most].strip()}".strip()


class CallError(UpsellError):
    """No answer came."""

    def __init__(self, message: str, *, is_sent: bool) -> None:
        """Keep whether the request may have arrived."""
        self.is_sent = is_sent
        super().__init__(message)


class Caller:
    """Sends requests over connections that are kept."""

    def __init__(self, border: Border, *, connections: int, timeout: float) -> None:
        """Go where a border lets through; nothing is opened yet.

        Args:
            border: What may be reached.
            connections: How many connections are kept at most.
            timeout: Seconds one call may take in all.
        """
        self._border = border
        self._connections = connections
        self._timeout = timeout
        self._client: httpx.AsyncClient | None = None

    async def call(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Called:
        """Send one request and read what is answered; redirects are not followed.

        Raises:
            BorderError: It would go where it may not.
            CallError: No answer came.
        """
        self._border.check(url)
        client = self._client = self._client or self._opened()
        leaving = _Leaving()
        try:
            async with (
                asyncio.timeout(self._timeout),
                client.stream(
                    method, url, headers=headers, content=body, extensions={"trace": leaving}
                ) as answer,
            ):
                return Called(answer.status_code, dict(answer.headers), await _body(answer))
        except (httpx.LocalProtocolError, UnicodeError):
            # What it says shows the header, and with it perhaps a secret.
            msg = "was not asked: a header of the request holds what none may, such as a line break"
            raise CallError(msg, is_sent=False) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise leaving.failed(repr(error)) from error
        except TimeoutError as error:
            raise leaving.failed(f"nothing within {self._timeout:g} seconds") from error

    async def close(self) -> None:
        """Close every kept connection."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _opened(self) -> httpx.AsyncClient:
        times = httpx.Timeout(self._timeout, connect=min(_CONNECT, self._timeout * _CONNECT_PART))
        return httpx.AsyncClient(
            transport=BorderedTransport(self._border, self._connections),
            timeout=times,
            headers=HEADERS,
            trust_env=False,
        )


class _Leaving:
    """Whether a request began to leave; httpcore tells each of its steps."""

    def __init__(self) -> None:
        self._is_begun = False

    async def __call__(self, step: str, _told: Mapping[str, object]) -> None:
        self._is_begun = self._is_begun or step == _FIRST_STEP

    def failed(self, why: str) -> CallError:
        """Give the error of a request without an answer."""
        return CallError(
            f"{'did not say' if self._is_begun else 'does not answer'}: {why}", is_sent=self._is_begun
        )


async def _body(answer: httpx.Response) -> bytes:
    read = bytearray()
    async for part in answer.aiter_raw():
        read += part[: LARGEST_ANSWER - len(read)]
        if len(read) >= LARGEST_ANSWER:
            break
    return bytes(read)
