"""Of every call that failed it is known whether it may have arrived."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ipaddress import ip_network
from traceback import format_exception

import httpcore
import httpx
import pytest

from tests.sinks import open_gateway
from upsell.channels.border import Border
from upsell.channels.bordered import BorderedSyncTransport, BorderedTransport
from upsell.channels.calling import Called, Caller, CallError

SHORT = 0.3
"""Seconds; long enough for this machine to connect to itself, also with others at work on it."""


def border_of(*addresses: str) -> Border:
    return Border(frozenset(), (ip_network("127.0.0.0/8"),), lambda _name, _port: addresses)


def call(border: Border, url: str, headers: Mapping[str, str] = {}) -> Called:
    async def run() -> Called:
        caller = Caller(border, connections=1, timeout=SHORT)
        try:
            return await caller.call("POST", url, headers, b"{}")
        finally:
            await caller.close()

    return asyncio.run(run())


@contextmanager
def deaf(address: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """Listen where nobody ever takes a connection; give the port."""
    with socket.create_server((address, port)) as listening:
        yield listening.getsockname()[1]


@contextmanager
def unreachable(address: str, port: int) -> Iterator[None]:
    """Let what is sent to an address be lost: its queue of connections is full."""
    with socket.create_server((address, port), backlog=0) as listening, socket.socket() as filling:
        filling.connect(listening.getsockname())
        yield


def test_what_is_not_connected_to_in_time_was_not_sent() -> None:
    # A server that never shakes hands for TLS.
    with deaf() as port, pytest.raises(CallError, match="does not answer: ConnectTimeout") as failed:
        call(border_of(), f"https://127.0.0.1:{port}/x")
    assert not failed.value.is_sent


def test_what_was_sent_and_is_not_answered_in_time_may_have_arrived() -> None:
    with deaf() as port, pytest.raises(CallError, match="did not say") as failed:
        call(border_of(), f"http://127.0.0.1:{port}/x")
    assert failed.value.is_sent


@pytest.mark.parametrize("secret", ["s3cret\nword", "s3cret\0", "s3crét"])
def test_a_header_that_is_none_is_never_sent_and_never_shown(secret: str) -> None:
    with open_gateway() as gateway, pytest.raises(CallError, match="header") as failed:
        call(border_of(), gateway.url, {"authorization": f"Bearer {secret}"})
    assert not failed.value.is_sent
    assert gateway.requests == []
    assert "s3cr" not in "".join(format_exception(failed.value))


def test_an_address_that_is_lost_leaves_time_for_the_next_one() -> None:
    with open_gateway() as gateway:
        port = httpx.URL(gateway.url).port or 0
        with unreachable("127.0.0.2", port):
            answer = asyncio.run(connect(border_of("127.0.0.2", "127.0.0.1"), port))
    assert answer == 200


async def connect(border: Border, port: int, seconds: float = SHORT) -> int:
    times = httpx.Timeout(2, connect=seconds)
    async with httpx.AsyncClient(transport=BorderedTransport(border, 1), timeout=times) as client:
        return (await client.post(f"http://hooks.acme.example:{port}/x", content=b"{}")).status_code


def test_all_addresses_and_the_name_have_one_time_to_connect_in(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    async def hang(_self: object, address: str, *_others: object) -> httpcore.AsyncNetworkStream:
        tried.append(address)
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", hang)

    async def run() -> None:
        async with asyncio.timeout(2):
            await connect(border_of("127.0.0.1", "127.0.0.2"), 9, 0.01)

    with pytest.raises(httpx.ConnectTimeout):
        asyncio.run(run())
    assert tried == ["127.0.0.1"]


@pytest.mark.parametrize(
    ("look_up", "expected"),
    [
        # Of 8 seconds none went by: a quarter, then a third of 6, half of 4, and what is left.
        (0, [2, 2, 2, 2]),
        (4, [1, 1, 1, 1]),
        (8, []),
    ],
)
def test_addresses_share_the_time_that_the_name_left(
    look_up: int, expected: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    now, given = [0.0], list[float]()

    def resolve(_name: str, _port: int) -> list[str]:
        now[0] += look_up
        return [f"127.0.0.{each}" for each in range(1, 5)]

    def lose(_self: object, _address: str, _port: int, seconds: float, *_others: object) -> None:
        given.append(seconds)
        now[0] += seconds
        raise httpcore.ConnectTimeout

    monkeypatch.setattr("upsell.channels.bordered.monotonic", lambda: now[0])
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", lose)
    transport = BorderedSyncTransport(Border(frozenset(), (ip_network("127.0.0.0/8"),), resolve))
    with httpx.Client(transport=transport, timeout=8) as client, pytest.raises(httpx.ConnectTimeout):
        client.post("http://hooks.acme.example/x")
    assert given == expected
