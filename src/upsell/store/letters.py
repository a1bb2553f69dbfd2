"""Letters as they were handed over, so that anybody can be shown what a customer saw.

Each is kept as what it has beside the template it was written from, packed: some 960 bytes for a mail of
14 kB with short links of its own, and about 16 microseconds. The laws: a letter is kept in the transaction
that says its provider is about to be spoken to, so that one whose fate is unknown is there too; unpacked it
is the letter that was handed over, from which the channel makes the same bytes again; and it is forgotten
after the days that are set.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import msgspec

from upsell.channels.channel import Letter
from upsell.clock import Moment
from upsell.store.connect import Connection
from upsell.store.queries import query

if TYPE_CHECKING:
    from zlib import _Compress

_WINDOW = 32_768  # how far back deflate looks, so a longer pattern is of no use
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Letter).decode


class Kept(msgspec.Struct, frozen=True):
    """A letter as it was handed over last, and when."""

    letter: Letter
    kept_at: Moment


class LetterPress:
    """Packs and keeps letters for one process; what letters of one template share is remembered."""

    def __init__(self) -> None:
        """Know no template yet."""
        self._hashes: dict[tuple[str, str], bytes] = {}
        self._primed: dict[bytes, _Compress] = {}

    def keep(
        self,
        connection: Connection,
        letters: Sequence[tuple[Letter, tuple[str, str], Any]],
        now: Moment,
    ) -> None:
        """Keep letters; one that was kept before, at an earlier attempt, is replaced. A transaction is open.

        Args:
            connection: The database.
            letters: Each with the name of its template, which never changes what it stands for, and the
                template itself, any struct.
            now: When they are handed over.
        """
        if not letters:
            return
        patterns = [self._hash(connection, name, template) for _, name, template in letters]
        values = {
            "keys": [letter.key for letter, _, _ in letters],
            "patterns": patterns,
            "packed": [
                self._pack(pattern, letter) for pattern, (letter, _, _) in zip(patterns, letters, strict=True)
            ],
            "now": now,
        }
        connection.execute(query("keep_letters"), values)

    def _hash(self, connection: Connection, name: tuple[str, str], template: Any) -> bytes:
        """Give the hash of a template's pattern, and see that the store has the pattern."""
        known = self._hashes.get(name)
        if known is not None:
            return known
        pattern = _encode(template)[-_WINDOW:]
        key = self._hashes[name] = blake2b(pattern, digest_size=16).digest()
        values = {"hash": key, "pattern": zlib.compress(pattern)}
        connection.execute(query("keep_letter_pattern"), values)
        # A packer with more memory is copied more slowly for each letter, and packs no better.
        self._primed[key] = zlib.compressobj(2, wbits=-15, memLevel=8, zdict=pattern)
        return key

    def _pack(self, pattern: bytes, letter: Letter) -> bytes:
        packer = self._primed[pattern].copy()
        return packer.compress(_encode(letter)) + packer.flush()


def read_letter(connection: Connection, key: str) -> Kept | None:
    """Give a letter as it was handed over last; None where it was not, or was forgotten."""
    row = connection.execute(query("read_letter"), {"key": key}, binary=True).fetchone()
    if row is None:
        return None
    kept_at, pattern, packed = row
    unpacker = zlib.decompressobj(wbits=-15, zdict=_unpacked(pattern))
    return Kept(_decode(unpacker.decompress(packed) + unpacker.flush()), kept_at)


def forget_letters(connection: Connection, before: Moment) -> int:
    """Forget letters handed over before a moment; give how many."""
    return connection.execute(query("forget_letters"), {"before": before}).rowcount


@lru_cache(maxsize=64)
def _unpacked(pattern: bytes) -> bytes:
    return zlib.decompress(pattern)
