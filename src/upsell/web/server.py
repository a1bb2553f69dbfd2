"""The server: the application on Granian, on loopback unless a key keeps strangers out."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from typing import Any

import uvloop
from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar

from upsell.clock import Clock
from upsell.config import Settings, link_base
from upsell.errors import ConfigError
from upsell.runtime.keyring import has_good_key
from upsell.runtime.processes import pass_over_what_is_there
from upsell.store.connect import connect
from upsell.store.users import make_first_link, read_users
from upsell.web.app import FOLLOWERS, make_app
from upsell.web.pages.sign_in import JOIN
from upsell.web.team import TeamPages

_ASKED_EVERY_SECONDS = 0.1


def check_address(settings: Settings, url: str, clock: Clock) -> None:
    """Hold the address to the law that an open door opens on this machine alone.

    Raises:
        ConfigError: The address is not loopback and the database at ``url`` holds no good key.
    """
    if not _is_loopback(settings.http_host) and not has_good_key(url, clock.now()):
        msg = (
            f"expected a key before events are taken on {settings.http_host}, got none; make one with "
            "`upsell keys create NAME`, or let UPSELL_HTTP_HOST be 127.0.0.1"
        )
        raise ConfigError(msg)


def served_at(settings: Settings, url: str, clock: Clock) -> tuple[str, ...]:
    """Say in lines for people what is served where; with a link for the first admin while there is none."""
    base = _own_base(settings)
    lines = [f"taking events on {base}/v1/batch"]
    if not has_pages(settings):
        return tuple(lines)
    lines.append(f"showing pages on {base}/")
    with connect(url) as connection:
        link = make_first_link(connection, clock.now())
        who, what = ("no admin", "admin") if read_users(connection) else ("nobody", "user")
    if link is not None:
        # Through the public address where nobody reaches another; on this machine its own always works.
        shown = base if _is_loopback(settings.http_host) else link_base(settings)
        lines.append(f"{who} can sign in yet; make the first {what} within a day: {shown}{JOIN}/{link}")
    return tuple(lines)


def has_pages(settings: Settings) -> bool:
    """Tell whether the team's pages are served: on this machine, or where their passwords travel by https."""
    return _is_loopback(settings.http_host) or settings.public_url.startswith("https://")


def serve_events(
    settings: Settings,
    url: str,
    clock: Clock,
    is_stopped: Callable[[], bool],
    tell: Callable[[], None] = lambda: None,
) -> None:
    """Serve the application over the database at ``url`` until stopped; requests under way are answered.

    ``tell`` is called once it listens.

    Raises:
        ConfigError: The address may not be listened on, or is taken.
    """
    check_address(settings, url, clock)
    address = _address(settings)
    _check_port(settings, address)
    pages = TeamPages(url, clock, settings) if has_pages(settings) else None
    app = make_app(url, clock, pages, settings)
    pass_over_what_is_there()
    if pages is not None:
        pages.begin()
    uvloop.run(_serve(app, address, settings.http_port, is_stopped, tell))


def _own_base(settings: Settings) -> str:
    """Give how addresses of this server begin on its own machine or network."""
    host = f"[{settings.http_host}]" if ":" in settings.http_host else settings.http_host
    return f"http://{host}:{settings.http_port}"


def _address(settings: Settings) -> str:
    """Give the address of the host by number: Granian knows no names.

    Raises:
        ConfigError: The host is not known.
    """
    try:
        found = socket.getaddrinfo(settings.http_host, settings.http_port, type=socket.SOCK_STREAM)
    except OSError as error:
        msg = (
            f"expected a host of this machine to listen on, got {settings.http_host}: {error.strerror}; "
            "let UPSELL_HTTP_HOST be 127.0.0.1"
        )
        raise ConfigError(msg) from error
    # Where a name has both, the older kind of address: what sends to localhost tries that one too.
    found.sort(key=lambda each: each[0] is not socket.AF_INET)
    return str(found[0][4][0])


def _check_port(settings: Settings, address: str) -> None:
    """Hold the port to being free: Granian would share it with another server and say nothing.

    Raises:
        ConfigError: It cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        socket.create_server((address, settings.http_port), family=family).close()
    except OSError as error:
        msg = (
            f"expected to listen on {settings.http_host}:{settings.http_port}, got: {error}; "
            "set UPSELL_HTTP_PORT to a free port"
        )
        raise ConfigError(msg) from error


async def _serve(
    app: Litestar, address: str, port: int, is_stopped: Callable[[], bool], tell: Callable[[], None]
) -> None:
    # Granian's methods have no types of their own.
    server: Any = Server(
        app,
        address,
        port,
        interface=Interfaces.ASGI,
        websockets=False,
        log_enabled=False,
    )
    serving = asyncio.ensure_future(server.serve())
    is_told = False
    while not is_stopped() and not serving.done():
        await asyncio.sleep(_ASKED_EVERY_SECONDS)
        if not is_told and await asyncio.to_thread(_is_listened_on, address, port):
            tell()
            is_told = True
    if not serving.done():
        # Requests under way are answered; who follows would never end by itself.
        await asyncio.to_thread(app.state[FOLLOWERS].close)
        server.stop()
    await serving


def _is_listened_on(address: str, port: int) -> bool:
    """Tell whether something takes connections there; on any address of this machine for its wildcard."""
    try:
        socket.create_connection((address, port), 1).close()
    except OSError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    """Tell whether an address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
