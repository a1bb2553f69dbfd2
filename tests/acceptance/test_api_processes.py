"""``upsell up``: one tree of processes that stands, answers, and ends together."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time

import httpx
import psycopg
import pytest

pytestmark = pytest.mark.postgres


def test_up_takes_events_and_ends_clean_when_asked(database: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    environment = {**os.environ, "UPSELL_DATABASE_URL": database, "UPSELL_HTTP_PORT": str(port)}
    tree = subprocess.Popen([sys.executable, "-m", "upsell", "up"], env=environment)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            _wait_for(client)
            answer = client.post("/v1/track", json={"userId": "u", "event": "X"})
        assert (answer.status_code, answer.json()) == (200, {"accepted": 1, "duplicates": 0})
        with psycopg.connect(database, autocommit=True) as connection:
            assert _others(connection) >= 3
            tree.send_signal(signal.SIGTERM)
            assert tree.wait(30) == 0
            assert _others(connection) == 0
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
    finally:
        tree.kill()


def _others(connection: psycopg.Connection[tuple[int]]) -> int:
    """Count the connections of others to this database: server, worker and dispatcher hold one each."""
    row = connection.execute(
        "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    ).fetchone()
    return row[0] if row is not None else 0


def _wait_for(client: httpx.Client) -> None:
    """Wait until the server answers."""
    for _ in range(600):
        try:
            if client.get("/health").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    pytest.fail("the server did not answer within a minute")
