"""Loopback: the hosts that are this machine, and the rule that texts and pushes go nowhere else yet.

The law: until what ends them, such as STOP, is understood here, texts are handed to gateways on this machine
only.
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
        f"expected a loopback host for {said_of} (127.0.0.1, ::1, localhost), got {host}: texts go "
        f"nowhere else until what ends them, such as STOP, is understood here; look at {setting}"
    )
    raise ConfigError(msg)
