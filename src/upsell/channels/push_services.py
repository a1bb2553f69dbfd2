"""Push services: to which servers a browser's subscription may send us.

An endpoint is an address that whoever holds a write key can tell, so it is believed to be a push service
only by its host. The law: nothing is posted to a host that is no browser maker's push service and that the
team did not name, and never in the open but to this machine.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from upsell.channels.loopback import is_loopback

LONGEST: Final = 2_000
"""Characters of an endpoint."""

_HOSTS: Final = frozenset(
    {"fcm.googleapis.com", "android.googleapis.com", "jmt17.google.com", "updates.push.services.mozilla.com"}
)
_DOMAINS: Final = (".push.services.mozilla.com", ".push.apple.com", ".notify.windows.com")
_HTTPS: Final = 443


def refuse_endpoint(endpoint: str, hosts: Collection[str], *, is_local: bool = False) -> str | None:
    """Say why nothing is posted to an endpoint; None when it may be.

    Args:
        endpoint: What a browser's subscription calls its endpoint.
        hosts: Hosts that may be posted to beside those of browsers' makers, in lower case; loopback ones in
            the open and at any port too.
        is_local: Whether nothing leaves this machine.
    """
    if len(endpoint) > LONGEST or not endpoint.isascii() or not endpoint.isprintable() or " " in endpoint:
        return f"expected an endpoint of at most {LONGEST:,} plain characters, got another"
    try:
        parts = urlsplit(endpoint)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return "expected the address of a push service, got one that cannot be read"
    if not host or parts.username is not None or parts.password is not None or "\\" in endpoint:
        return "expected the address of a push service, got one that cannot be read"
    if host in hosts and is_loopback(host) and parts.scheme in ("http", "https"):
        return None
    if is_local:
        return (
            f"expected a push service of this machine, got {host}: set UPSELL_PUBLIC_URL, with https, first"
        )
    if parts.scheme != "https":
        return f"expected an endpoint with https, got {parts.scheme or 'none'}"
    if port not in (None, _HTTPS):
        return f"expected an endpoint at port {_HTTPS}, got {port}"
    if host in hosts or host in _HOSTS or host.endswith(_DOMAINS):
        return None
    return f"expected a browser maker's push service, got {host}; if it is one, name it in UPSELL_PUSH_HOSTS"
