"""The border: which addresses a request of ours may go to that somebody wrote into a workspace.

What a team writes is trusted with the internet and not with the network that this program stands in. The
laws: an address that is not of the public internet is refused unless a setting names it; every address that
a name leads to is checked, and the connection goes to one that was; and beyond this machine nothing goes in
the open.

Source: the IANA registries of special-purpose addresses for IPv4 and IPv6 (RFC 6890 and its updates), RFC
6598 (carriers' networks), RFC 6052 and RFC 8215 (IPv4 behind NAT64).
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final, TypeAlias

import httpx
import msgspec

from upsell.channels.loopback import is_loopback
from upsell.errors import ConfigError, DeliveryError

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network
Resolve: TypeAlias = Callable[[str, int], Iterable[str]]
"""Gives the addresses of a name; raises OSError where there is none."""

MOST_TRIED: Final = 4
"""How many addresses of one name are tried."""

_SPECIAL: Final = tuple(
    map(
        IPv4Network,
        """
        0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
        192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
        """.split(),
    )
)
"""What of IPv4 is no public address of one host: this network, private, carriers', loopback, link-local,
protocols', examples, relays of 6to4, benchmarks, multicast, reserved and broadcast."""

_PUBLIC: Final = IPv6Network("2000::/3")
"""All of IPv6 that is given out; outside it lie unspecified, loopback, IPv4 in IPv6, NAT64, unique local,
link-local, site-local and multicast."""

_SPECIAL_IN_PUBLIC: Final = tuple(map(IPv6Network, "2001::/23 2001:db8::/32 2002::/16 3fff::/20".split()))
"""What of that is none: protocols' (Teredo and ORCHID among them), examples, and 6to4, which is IPv4."""

_NAME: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")


class BorderError(DeliveryError):
    """A request would go to an address that is not allowed."""

    def __init__(self, message: str) -> None:
        """Keep why; trying again does not help until a setting or a name's address changes."""
        super().__init__(message, is_temporary=False)


def is_public(address: Address) -> bool:
    """Tell whether an address is one of a single host in the public internet."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SPECIAL)
    if address.scope_id is not None:
        return False
    return address in _PUBLIC and not any(address in network for network in _SPECIAL_IN_PUBLIC)


class Border(msgspec.Struct, frozen=True):
    """What may be reached: the public internet, and what a setting names.

    Attributes:
        names: Hosts that are allowed, wherever they lead.
        networks: Addresses that are allowed.
        resolve: Gives the addresses of a name.
    """

    names: frozenset[str]
    networks: tuple[Network, ...]
    resolve: Resolve

    def widened(self, host: str) -> Border:
        """Give a border that allows besides the host of a setting, where it is written as an address.

        A name that leads to no public address still has to be among the names.
        """
        address = _address(host)
        if address is not None:
            return msgspec.structs.replace(self, networks=(*self.networks, ip_network(address)))
        return msgspec.structs.replace(self, names=self.names | {host}) if is_loopback(host) else self

    def check(self, url: str) -> None:
        """Refuse what is no web address, would go in the open, or is no address that is allowed.

        Names are not looked up.

        Raises:
            BorderError: It is refused; says why and what to do.
        """
        try:
            parsed = httpx.URL(url)
        except (httpx.InvalidURL, UnicodeError) as error:
            msg = f"expected an address that begins with https://, got {url!r}"
            raise BorderError(msg) from error
        if parsed.scheme not in ("http", "https") or not parsed.host:
            msg = f"expected an address that begins with https://, got {url}"
            raise BorderError(msg)
        if parsed.scheme == "http" and not is_loopback(parsed.host):
            msg = f"expected https for {parsed.host}, which is not this machine, got http"
            raise BorderError(msg)
        if parsed.userinfo:
            msg = f"expected an address of {parsed.host} without a user and a password, got one with them"
            raise BorderError(msg)
        address = _address(parsed.host)
        if address is not None:
            self._admit(parsed.host, address)
        elif _is_local_name(parsed.host) and parsed.host not in self.names:
            raise BorderError(_refusal(parsed.host, parsed.host))

    def admit(self, host: str, port: int) -> tuple[str, ...]:
        """Give the addresses of a host that may be connected to, each checked.

        Raises:
            BorderError: One of its addresses is not allowed; then none is.
            OSError: There is no such host.
        """
        name = host.lower().rstrip(".")
        literal = _address(name)
        found = [str(literal)] if literal is not None else list(dict.fromkeys(self.resolve(name, port)))
        if not found:
            msg = f"no address of {host} was found"
            raise OSError(msg)
        if name not in self.names:
            for each in found:
                self._admit(host, ip_address(each))
        return tuple(found[:MOST_TRIED])

    def _admit(self, host: str, address: Address) -> None:
        named = any(address in network for network in self.networks if network.version == address.version)
        if not named and not is_public(address):
            raise BorderError(_refusal(host, str(address)))


def read_border(allowed: str, resolve: Resolve | None = None) -> Border:
    """Read what is allowed beside the public internet.

    Args:
        allowed: Host names, addresses and networks such as ``10.1.0.0/16``, with commas between.
        resolve: Gives the addresses of a name; None for the machine's own way.

    Raises:
        ConfigError: One of these is none.
    """
    names: set[str] = set()
    networks: list[Network] = []
    for written in filter(None, (each.strip().lower().rstrip(".") for each in allowed.split(","))):
        try:
            networks.append(ip_network(written.strip("[]")))
        except ValueError as error:
            if _NAME.fullmatch(written) is None or _is_number(written):
                msg = (
                    "UPSELL_WEBHOOK_HOSTS: expected names of hosts, addresses or networks such as "
                    f"10.1.0.0/16, with commas between, got {written}"
                )
                raise ConfigError(msg) from error
            names.add(written)
    return Border(frozenset(names), tuple(networks), resolve or _resolve)


def border_to(url: str) -> Border:
    """Give a border that lets through to the public internet, and to where a setting leads by an address."""
    return read_border("").widened(httpx.URL(url).host)


def _refusal(host: str, address: str) -> str:
    where = host if host == address else f"{host}, which is {address}"
    return (
        f"expected a host of the public internet, got {where}; if it is yours and meant, add "
        f"{host} to UPSELL_WEBHOOK_HOSTS"
    )


def _address(host: str) -> Address | None:
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


def _is_local_name(host: str) -> bool:
    """Whether a name is this machine by what it says."""
    return host == "localhost" or host.endswith(".localhost")


def _is_number(written: str) -> bool:
    """Whether a resolver would take a name for an address: 127.1, 0x7f000001."""
    return re.fullmatch(r"(0x[0-9a-f]*|\d+)(\.(0x[0-9a-f]*|\d+))*", written) is not None


def _resolve(name: str, port: int) -> Iterable[str]:
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        msg = f"{name} is no name of a host"
        raise OSError(msg) from error
    return [str(each[4][0]) for each in found]
