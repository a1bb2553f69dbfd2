"""Public links: nothing leaves this machine with links, or with an ear for answers, that leads nowhere.

The law: mail and pushes for customers are handed to a server elsewhere only when their links to leave and to
choose lead, over HTTPS as RFC 8058 asks (3.1), to a host that is not just this machine's name for itself; and
texts only when what is answered to them comes back to such a host.
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


def check_hooks(text_host: str, base: str) -> None:
    """Hold the address webhooks come to to being reached by whoever is handed texts.

    Args:
        text_host: The host that takes texts.
        base: How addresses of this server begin.

    Raises:
        ConfigError: Texts leave this machine, and what is answered to them would not come back.
    """
    if is_loopback(text_host) or leads_out(base):
        return
    msg = (
        f"expected an address that is reached over https before texts go to {text_host}, got {base}: by it "
        "comes back who answered STOP; set UPSELL_PUBLIC_URL, such as https://mail.acme.example"
    )
    raise ConfigError(msg)


def leads_out(base: str) -> bool:
    """Tell whether links that begin so lead whoever is elsewhere to this server, over HTTPS."""
    parts = urlsplit(base)
    return parts.scheme == "https" and bool(parts.hostname) and not is_loopback(parts.hostname or "")
