"""Public links: no mail and no push leaves this machine with links that lead nowhere.

The law: what is for customers is handed to a server elsewhere only when its links to leave and to choose
lead, over HTTPS as RFC 8058 asks (3.1), to a host that is not just this machine's name for itself.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from upsell.channels.loopback import is_loopback
from upsell.errors import ConfigError


def check_links(mail_host: str, base: str) -> None:
    """Hold the address links begin with to being reached by whoever is sent them.

    Args:
        mail_host: The host that takes mail.
        base: How links in messages begin.

    Raises:
        ConfigError: Mail leaves this machine, and the links in it would not work elsewhere.
    """
    if is_loopback(mail_host) or leads_out(base):
        return
    msg = (
        f"expected an address that customers reach over https before mail goes to {mail_host}, got {base}: "
        "by the links in it they unsubscribe; set UPSELL_PUBLIC_URL, such as https://mail.acme.example, or "
        "let UPSELL_SMTP_HOST be 127.0.0.1"
    )
    raise ConfigError(msg)


def leads_out(base: str) -> bool:
    """Tell whether links that begin so lead whoever is elsewhere to this server, over HTTPS."""
    parts = urlsplit(base)
    return parts.scheme == "https" and bool(parts.hostname) and not is_loopback(parts.hostname or "")
