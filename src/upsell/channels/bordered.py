"""Bordered: HTTP over connections that go only to addresses the border lets through.

The laws: the address that was checked is the one that is connected to, so a name that changes its address
in between changes nothing; TLS still holds the server to the name; neither proxy nor redirect is followed.
"""

from __future__ import annotations

import asyncio
import ssl
import typing
from collections.abc import AsyncIterator, Iterable, Iterator

import httpcore
import httpx

from upsell.channels.border import Border

_Options = Iterable[typing.Any] | None


class BorderedTransport(httpx.AsyncBaseTransport):
    """Carries the requests of an ``httpx.AsyncClient``."""

    def __init__(self, border: Border, connections: int) -> None:
        """Keep so many connections at most; nothing is opened yet."""
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=_trusted(), max_connections=connections, network_backend=_Backend(border)
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request; see ``httpx.AsyncBaseTransport``.

        Raises:
            BorderError: Its host is not allowed.
        """
        assert isinstance(request.stream, httpx.AsyncByteStream)  # noqa: S101  # what an AsyncClient gives
        try:
            answer = await self._pool.handle_async_request(_carried(request))
        except _CARRIED as error:
            raise _told(error, request) from error
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Stream(answer, request),
            extensions=answer.extensions,
        )

    async def aclose(self) -> None:
        """Close every kept connection."""
        await self._pool.aclose()


class BorderedSyncTransport(httpx.BaseTransport):
    """Carries the requests of an ``httpx.Client``."""

    def __init__(self, border: Border) -> None:
        """Open nothing yet."""
        self._pool = httpcore.ConnectionPool(ssl_context=_trusted(), network_backend=_SyncBackend(border))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request; see ``httpx.BaseTransport``.

        Raises:
            BorderError: Its host is not allowed.
        """
        assert isinstance(request.stream, httpx.SyncByteStream)  # noqa: S101  # what a Client gives
        try:
            answer = self._pool.handle_request(_carried(request))
        except _CARRIED as error:
            raise _told(error, request) from error
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_SyncStream(answer, request),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        """Close every kept connection."""
        self._pool.close()


_CARRIED: typing.Final = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)


class _Backend(httpcore.AsyncNetworkBackend):
    """Connects to addresses that were checked."""

    def __init__(self, border: Border) -> None:
        self._border = border
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # the name is the library's
        local_address: str | None = None,
        socket_options: _Options = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            looked_up = asyncio.to_thread(self._border.admit, host, port)
            addresses = await asyncio.wait_for(looked_up, timeout)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(f"no address of {host} was found in time") from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        for address in addresses[:-1]:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._inner.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _SyncBackend(httpcore.NetworkBackend):
    """Connects to addresses that were checked."""

    def __init__(self, border: Border) -> None:
        self._border = border
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: _Options = None,
    ) -> httpcore.NetworkStream:
        try:
            addresses = self._border.admit(host, port)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        for address in addresses[:-1]:
            try:
                return self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return self._inner.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)


class _Stream(httpx.AsyncByteStream):
    """An answer's body, as it comes."""

    def __init__(self, answer: httpcore.Response, request: httpx.Request) -> None:
        self._answer, self._request = answer, request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for part in self._answer.aiter_stream():
                yield part
        except _CARRIED as error:
            raise _told(error, self._request) from error

    async def aclose(self) -> None:
        await self._answer.aclose()


class _SyncStream(httpx.SyncByteStream):
    """An answer's body, as it comes."""

    def __init__(self, answer: httpcore.Response, request: httpx.Request) -> None:
        self._answer, self._request = answer, request

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._answer.iter_stream()
        except _CARRIED as error:
            raise _told(error, self._request) from error

    def close(self) -> None:
        self._answer.close()


def _carried(request: httpx.Request) -> httpcore.Request:
    url = request.url
    target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    return httpcore.Request(
        request.method,
        target,
        headers=request.headers.raw,
        content=request.stream,
        extensions=request.extensions,
    )


def _told(error: Exception, request: httpx.Request) -> httpx.TransportError:
    """Say in httpx's words what httpcore said: their errors go by the same names."""
    name = type(error).__name__
    known: type[httpx.TransportError] = getattr(httpx, name, httpx.TransportError)
    return known(str(error) or name, request=request)


def _trusted() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)
