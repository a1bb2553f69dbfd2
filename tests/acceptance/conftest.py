"""What acceptance tests share: the API over a real socket, with a write key that senders must show."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import psycopg
import pytest

from upsell.clock import SystemClock
from upsell.config import Settings
from upsell.store.keys import hash_key
from upsell.web.server import serve_events


@pytest.fixture
def served_with_key(database: str) -> Iterator[str]:
    """Serve the database with the write key ``key``, and give the address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = Settings(http_port=port)
    with psycopg.connect(database) as connection:
        values = (hash_key("key"), datetime.now(UTC))
        connection.execute(
            "insert into keys (name, kind, shown, hash, scopes, created_at)"
            " values ('site', 'write', 'key', %s, '{events:write}', %s)",
            values,
        )
    stopped = threading.Event()
    server = threading.Thread(target=serve_events, args=(settings, database, SystemClock(), stopped.is_set))
    server.start()
    try:
        with httpx.Client(transport=httpx.HTTPTransport(retries=20)) as client:
            client.get(f"http://127.0.0.1:{port}/health")
        yield f"http://127.0.0.1:{port}"
    finally:
        stopped.set()
        server.join(20)
