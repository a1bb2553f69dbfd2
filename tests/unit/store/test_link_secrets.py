"""Link secrets: one from the first time, the same for everybody, and old links open after a new one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from upsell.channels.seals import open_seal, seal
from upsell.clock import DAY
from upsell.store.connect import connect
from upsell.store.link_secrets import add_link_secret, read_link_secrets

NOW = 20_000 * DAY


def test_everybody_who_asks_at_once_is_given_the_same_secret(database: str) -> None:
    def ask(_: int) -> tuple[bytes, ...]:
        with connect(database) as connection:
            return read_link_secrets(connection, NOW)

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(ask, range(8)))
    assert len(answers) == 1
    assert [len(secret) for secret in answers.pop()] == [32]


def test_a_link_sealed_before_a_new_secret_still_opens(database: str) -> None:
    with connect(database) as connection:
        (first,) = read_link_secrets(connection, NOW)
        add_link_secret(connection, NOW + DAY)
        secrets = read_link_secrets(connection, NOW + DAY)
    assert len(secrets) == 2
    assert secrets[1] == first
    assert open_seal(secrets, "click", seal(first, "click", b"x"), NOW) == b"x"
