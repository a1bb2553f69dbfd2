"""Serving one application alone, in this process, on loopback: for the demo."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar

HOST = "127.0.0.1"


def serve_alone(app: Litestar, port: int, told: Callable[[str], None]) -> None:
    """Serve until interrupted; ``told`` hears the address first.

    A port that is taken, or 0, becomes any free one.
    """
    chosen = _free_port(port)
    # Granian's methods have no types of their own.
    server: Any = Server(app, HOST, chosen, interface=Interfaces.ASGI, websockets=False, log_enabled=False)
    told(f"http://{HOST}:{chosen}/")
    with suppress(KeyboardInterrupt):
        asyncio.run(server.serve())


def _free_port(wanted: int) -> int:
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            tried.bind((HOST, wanted))
            return int(tried.getsockname()[1])
    with socket.socket() as any_free:
        any_free.bind((HOST, 0))
        return int(any_free.getsockname()[1])
