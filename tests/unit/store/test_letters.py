"""A letter that was kept is the letter that was handed over, whatever it says, and small."""

from __future__ import annotations

import msgspec
import pytest

from upsell.channels.channel import Letter
from upsell.journeys.workflow import Content
from upsell.store.connect import connect
from upsell.store.letters import LetterPress, read_letter

pytestmark = pytest.mark.postgres

NAME = ("v1/email", "more")
TEMPLATE = Content("more", "More room", "<p>Hello {{ customer.first_name }}</p>" + "<p>said to all</p>" * 400)


def letter(key: str, html: str = "", text: str = "") -> Letter:
    return Letter(key, "Acme", "hello@acme.example", "ada@example.com", "Room – für alle", html, text, 7)


@pytest.mark.parametrize(
    "html", ["", TEMPLATE.html.replace("{{ customer.first_name }}", "Ada"), "\x00\r\n.\r\n😀" * 5000]
)
def test_what_was_kept_is_what_was_handed_over(database: str, html: str) -> None:
    with connect(database) as connection:
        said = letter("k1", html, "Hello\n.\n")
        LetterPress().keep(connection, [(said, NAME, TEMPLATE)], 1_000_000)
        kept = read_letter(connection, "k1")
        assert kept is not None
        assert (kept.letter, kept.kept_at) == (said, 1_000_000)
        assert read_letter(connection, "k2") is None


def test_another_attempt_replaces_the_letter_and_another_process_reads_it(database: str) -> None:
    with connect(database) as connection:
        for at, text in ((1, "first"), (2, "second")):
            LetterPress().keep(connection, [(letter("k1", text=text), NAME, TEMPLATE)], at)
        kept = read_letter(connection, "k1")
        assert kept is not None
        assert (kept.letter.text, kept.kept_at) == ("second", 2)
        assert connection.execute("select count(*) from letter_patterns").fetchone() == (1,)


def test_a_letter_without_a_template_is_kept_too(database: str) -> None:
    with connect(database) as connection:
        LetterPress().keep(connection, [(letter("k1", text="{}"), ("v1/webhook", ""), None)], 1)
        kept = read_letter(connection, "k1")
        assert kept is not None
        assert kept.letter.text == "{}"


def test_a_letter_of_7_kb_takes_a_few_hundred_bytes_beside_its_template(database: str) -> None:
    with connect(database) as connection:
        said = letter("k1", TEMPLATE.html.replace("{{ customer.first_name }}", "Ada"))
        LetterPress().keep(connection, [(said, NAME, TEMPLATE)], 1)
        ((size,),) = connection.execute("select length(packed) from letters").fetchall()
        assert len(msgspec.msgpack.encode(said)) > 7_000
        assert size < 500


def test_a_letter_is_read_whatever_became_of_the_transaction_that_kept_the_first_of_its_template(
    database: str,
) -> None:
    press = LetterPress()
    with connect(database) as connection:
        for key in ("k1", "k2"):
            with connection.transaction(force_rollback=key == "k1"):
                press.keep(connection, [(letter(key, text=key), NAME, TEMPLATE)], 1)
        assert read_letter(connection, "k1") is None
        kept = read_letter(connection, "k2")
        assert kept is not None
        assert kept.letter.text == "k2"
