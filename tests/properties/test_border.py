"""No request crosses the border to an address that is not of the public internet, however it is written."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.sinks import open_gateway
from upsell.channels.border import Border, BorderError, is_public, read_border
from upsell.channels.bordered import BorderedSyncTransport, BorderedTransport
from upsell.channels.calling import Caller, CallError
from upsell.errors import ConfigError

# The library's own table of the same registries is the second opinion. It lets these through, and we do not:
# relays of 6to4 and 6to4 itself, which lead on to another IPv4, protocols', and the examples of RFC 9637.
STRICTER = tuple(map(ip_network, ("192.88.99.0/24", "192.0.0.0/24", "2002::/16", "3fff::/20")))
# What it lets through and lies outside 2000::/3 is given to nobody (RFC 4291, 2.4), or is IPv4 in IPv6.
GIVEN_OUT = IPv6Network("2000::/3")
# The library keeps these few out of the protocols' 2001::/23; they are services' and no server of anybody's.
PROTOCOLS = IPv6Network("2001::/23")

V4 = st.integers(0, 2**32 - 1).map(IPv4Address)
SMALL = st.sampled_from(
    "10.0.0.1 127.0.0.1 127.255.255.255 169.254.169.254 172.16.0.0 172.31.255.255 172.32.0.0 192.168.1.1 "
    "100.64.0.0 100.127.255.255 100.128.0.0 0.0.0.0 224.0.0.1 239.1.1.1 255.255.255.255 198.19.0.1 "
    "8.8.8.8".split()
).map(IPv4Address)
V6 = st.integers(0, 2**128 - 1).map(IPv6Address) | st.integers(0, 2**125 - 1).map(
    lambda low: IPv6Address((1 << 125) + low)
)


@settings(max_examples=50)
@given(V4 | SMALL)
def test_an_ipv4_address_is_public_where_the_registry_says_so(address: IPv4Address) -> None:
    expected = address.is_global and not address.is_multicast
    assert is_public(address) == (
        expected and not any(address in each for each in STRICTER if each.version == 4)
    )


@settings(max_examples=50)
@given(V6)
@example(IPv6Address("::1"))
@example(IPv6Address("::"))
@example(IPv6Address("fe80::1%eth0"))
@example(IPv6Address("fc00::1"))
@example(IPv6Address("ff02::1"))
@example(IPv6Address("2001:db8::1"))
@example(IPv6Address("2606:4700::1111"))
def test_an_ipv6_address_is_public_where_the_registry_says_so(address: IPv6Address) -> None:
    is_stricter = any(address in each for each in STRICTER if each.version == 6) or address in PROTOCOLS
    expected = address.is_global and not address.is_multicast and address in GIVEN_OUT
    assert is_public(address) == (expected and not is_stricter)


@settings(max_examples=50)
@given(V4 | SMALL)
def test_an_ipv4_address_inside_an_ipv6_one_is_never_let_through(inner: IPv4Address) -> None:
    low = int(inner)
    for prefix in ("::ffff:0:0", "::", "64:ff9b::", "64:ff9b:1::", "::ffff:0:0:0"):
        assert not is_public(IPv6Address(int(IPv6Address(prefix)) + low)), prefix
    assert not is_public(IPv6Address((0x2002 << 112) + (low << 80)))  # 6to4
    assert not is_public(IPv6Address((0x20010000 << 96) + (low ^ 0xFFFFFFFF)))  # Teredo


@settings(max_examples=50)
@given(st.lists(V4 | SMALL | V6, min_size=1, max_size=5))
def test_a_name_is_let_through_only_when_every_address_of_it_is(
    addresses: list[IPv4Address | IPv6Address],
) -> None:
    border = read_border("", lambda _name, _port: map(str, addresses))
    if all(map(is_public, addresses)):
        assert set(border.admit("hooks.acme.example", 443)) <= set(map(str, addresses))
    else:
        with pytest.raises(BorderError, match=r"add hooks\.acme\.example to UPSELL_WEBHOOK_HOSTS"):
            border.admit("hooks.acme.example", 443)


@settings(max_examples=50)
@given(V4 | SMALL, st.integers(8, 32))
def test_what_a_setting_names_is_let_through_and_nothing_else(address: IPv4Address, length: int) -> None:
    network = ip_network((int(address), length), strict=False)
    border = read_border(f" {network} , hooks.internal.")
    assert border.admit(str(address), 443) == (str(address),)
    outside = ip_address((int(address) + network.num_addresses) % 2**32)
    if not is_public(outside):
        with pytest.raises(BorderError):
            border.admit(str(outside), 443)


def test_a_name_that_a_setting_names_may_lead_anywhere() -> None:
    border = read_border("hooks.internal", lambda _name, _port: ["10.0.0.7"])
    assert border.admit("Hooks.Internal.", 443) == ("10.0.0.7",)
    with pytest.raises(BorderError):
        border.admit("other.internal", 443)


@pytest.mark.parametrize(
    "host", ["127.1", "0x7f.1", "2130706433", "0177.0.0.1", "0", "localhost", "[::1]", "::ffff:7f00:1"]
)
def test_this_machine_is_not_reached_however_it_is_written(host: str) -> None:
    # Through the machine's own resolver: it is what takes such texts for addresses.
    with pytest.raises((BorderError, OSError)):
        read_border("").admit(host, 443)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://hooks.acme.example/x", "expected https for hooks.acme.example"),
        ("ftp://hooks.acme.example/x", "expected an address that begins with https://"),
        ("https:///x", "expected an address that begins with https://"),
        ("\r", "expected an address that begins with https://"),
        ("\ud800", "expected an address that begins with https://"),
        ("\r", "expected an address that begins with https://"),
        ("https://user:word@hooks.acme.example/", "without a user and a password"),
        ("https://10.0.0.1/", "add 10.0.0.1 to UPSELL_WEBHOOK_HOSTS"),
        ("http://localhost:8600/", "add localhost to UPSELL_WEBHOOK_HOSTS"),
        ("https://[fd00::1]/", "add fd00::1 to UPSELL_WEBHOOK_HOSTS"),
    ],
)
def test_an_address_that_can_never_do_is_refused_before_it_is_looked_up(url: str, words: str) -> None:
    with pytest.raises(BorderError) as refused:
        read_border("").check(url)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    "written", ["10.0.0.0/33", "127.1", "0x7f000001", "hooks acme", "https://x.example", "-x"]
)
def test_a_setting_that_names_no_host_is_refused(written: str) -> None:
    with pytest.raises(ConfigError, match="UPSELL_WEBHOOK_HOSTS: expected names of hosts"):
        read_border(f"hooks.internal, {written}")


def test_a_setting_may_name_its_own_address_and_no_more() -> None:
    border = read_border("")
    assert border.widened("127.0.0.1").admit("127.0.0.1", 80) == ("127.0.0.1",)
    for host, asked in (("127.0.0.1", "127.0.0.2"), ("billing.internal", "billing.internal")):
        wider = read_border("", lambda _name, _port: ["10.0.0.9"]).widened(host)
        with pytest.raises(BorderError):
            wider.admit(asked, 443)


class Rebinding:
    """A name server that says something else each time it is asked."""

    def __init__(self, *answers: str) -> None:
        self._answers: Iterator[str] = iter(answers)
        self.asked = 0

    def __call__(self, _name: str, _port: int) -> list[str]:
        self.asked += 1
        return [next(self._answers)]


def test_the_address_that_was_checked_is_the_one_that_is_connected_to() -> None:
    """A name that leads to a good address when it is checked, and inside right after, gains nothing."""
    with open_gateway() as gateway:
        port = httpx.URL(gateway.url).port
        names = Rebinding("127.0.0.1", "10.0.0.1")
        border = Border(frozenset(), (ip_network("127.0.0.1/32"),), names)

        async def call() -> int:
            # By http, which is checked before: what is asked here is where the connection goes.
            async with httpx.AsyncClient(transport=BorderedTransport(border, 1)) as client:
                answer = await client.post(f"http://hooks.acme.example:{port}/x", content=b"{}")
            return answer.status_code

        assert asyncio.run(call()) == 200
        assert names.asked == 1
        ((headers, _),) = gateway.requests
        assert headers["Host"] == f"hooks.acme.example:{port}"
        again = httpx.Client(transport=BorderedSyncTransport(border))
        with pytest.raises(BorderError), again:
            again.post(f"http://hooks.acme.example:{port}/x")
        assert len(gateway.requests) == 1


def test_no_redirect_is_followed_and_no_answer_is_read_without_end() -> None:
    with open_gateway(302) as gateway:
        gateway.said = b"x" * 1_000_000
        caller = Caller(read_border("127.0.0.1"), connections=1, timeout=5)

        async def call() -> tuple[int, int]:
            answer = await caller.call("POST", gateway.url, {}, b"{}")
            await caller.close()
            return answer.status, len(answer.body)

        assert asyncio.run(call()) == (302, 262_144)
        assert len(gateway.requests) == 1


@pytest.mark.parametrize("is_heard", [False, True])
def test_a_call_without_an_answer_says_whether_it_may_have_arrived(is_heard: bool) -> None:
    with open_gateway(0) as gateway:
        url = gateway.url if is_heard else "http://127.0.0.1:9/x"
        caller = Caller(read_border("127.0.0.1"), connections=1, timeout=5)

        async def call() -> None:
            try:
                await caller.call("POST", url, {}, b"{}")
            finally:
                await caller.close()

        with pytest.raises(CallError) as failed:
            asyncio.run(call())
        assert failed.value.is_sent == is_heard
