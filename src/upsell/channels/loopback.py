"""Loopback: the hosts that are this machine, and the rule that gateways are there.

The law: what ends texts by a gateway, such as STOP, is heard by the gateway alone, so it is on this machine.
"""

from __future__ import annotations

from ipaddress import ip_address

from upsell.errors import ConfigError


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine by its very name: localhost, or a loopback address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def require_loopback(host: str, said_of: str, setting: str) -> None:
    """Refuse a host that is not this machine.

    Args:
        host: The host.
        said_of: What the message calls it, such as ``a gateway for sms``.
        setting: Where it was set.

    Raises:
        ConfigError: It is not loopback.
    """
    if is_loopback(host):
        return
    msg = (
        f"expected a loopback host for {said_of} (127.0.0.1, ::1, localhost), got {host}: what ends texts, "
        f"such as STOP, is heard by the gateway alone, so it is on this machine; look at {setting}"
    )
    raise ConfigError(msg)
