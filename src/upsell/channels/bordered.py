"""Bordered: HTTP over connections that go only to addresses the border lets through.

The laws: the address that was checked is the one that is connected to, so a name that changes its address
in between changes nothing; TLS still holds the server to the name; neither proxy nor redirect is followed;
and looking a name up, trying its addresses and agreeing on TLS have one time in all, of which no address
takes what the next ones need (without asyncio TLS has as long again).
"""

from __future__ import annotations

import asyncio
import ssl
import typing
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from time import monotonic

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
        deadline = _Deadline(host, timeout)
        try:
            async with asyncio.timeout(timeout):
                addresses = await asyncio.to_thread(self._border.admit, host, port)
                for left, address in deadline.each(addresses[:-1]):
                    try:
                        stream = await self._inner.connect_tcp(
                            address, port, left, local_address, socket_options
                        )
                    except (httpcore.ConnectError, httpcore.ConnectTimeout):
                        continue
                    return _Connected(stream, deadline)
                stream = await self._inner.connect_tcp(
                    addresses[-1], port, deadline.share(1), local_address, socket_options
                )
                return _Connected(stream, deadline)
        except TimeoutError as error:
            raise deadline.missed() from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error

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
        deadline = _Deadline(host, timeout)
        try:
            addresses = self._border.admit(host, port)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        for left, address in deadline.each(addresses[:-1]):
            try:
                return self._inner.connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return self._inner.connect_tcp(addresses[-1], port, deadline.share(1), local_address, socket_options)


class _Deadline:
    """Until when a host must be connected to."""

    def __init__(self, host: str, seconds: float | None) -> None:
        """Begin now; None for without end."""
        self._host = host
        self._until = None if seconds is None else monotonic() + seconds

    def each(self, addresses: Sequence[str]) -> Iterator[tuple[float | None, str]]:
        """Give addresses, each with the seconds for it, when one more comes after them."""
        for tried, address in enumerate(addresses):
            yield self.share(len(addresses) + 1 - tried), address

    def share(self, among: int) -> float | None:
        """Give the seconds for the next of so many addresses: an equal part of what is left.

        Raises:
            httpcore.ConnectTimeout: Nothing is left.
        """
        if self._until is None:
            return None
        left = self._until - monotonic()
        if left <= 0:
            raise self.missed()
        return left / among

    def missed(self) -> httpcore.ConnectTimeout:
        """Give the error that says so."""
        return httpcore.ConnectTimeout(f"{self._host} was not connected to in time")


class _Connected(httpcore.AsyncNetworkStream):
    """A connection that agrees on TLS within what is left of the time to connect."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, deadline: _Deadline) -> None:
        self._stream, self._deadline = stream, deadline

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002  # it would begin anew
    ) -> httpcore.AsyncNetworkStream:
        try:
            left = self._deadline.share(1)
        except httpcore.ConnectTimeout:
            await self._stream.aclose()
            raise
        return await self._stream.start_tls(ssl_context, server_hostname, left)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


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
