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
from typing import TYPE_CHECKING, Any, NamedTuple

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


class _Pattern(NamedTuple):
    """What letters of one template share: its hash, itself packed, and a packer that knows it."""

    hash: bytes
    packed: bytes
    packer: _Compress


class LetterPress:
    """Packs and keeps letters for one process; what letters of one template share is remembered."""

    def __init__(self) -> None:
        """Know no template yet."""
        self._patterns: dict[tuple[str, str], _Pattern] = {}

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
        names = dict.fromkeys(name for _, name, _ in letters)
        templates = {name: template for _, name, template in letters}
        patterns = {name: self._pattern(name, templates[name]) for name in names}
        for pattern in patterns.values():
            # Each time: a transaction that kept it may have come to nothing.
            known = {"hash": pattern.hash, "pattern": pattern.packed}
            connection.execute(query("keep_letter_pattern"), known)
        values = {
            "keys": [letter.key for letter, _, _ in letters],
            "patterns": [patterns[name].hash for _, name, _ in letters],
            "packed": [_pack(patterns[name].packer, letter) for letter, name, _ in letters],
            "now": now,
        }
        connection.execute(query("keep_letters"), values)

    def _pattern(self, name: tuple[str, str], template: Any) -> _Pattern:
        known = self._patterns.get(name)
        if known is None:
            text = _encode(template)[-_WINDOW:]
            # A packer with more memory is copied more slowly for each letter, and packs no better.
            packer = zlib.compressobj(2, wbits=-15, memLevel=8, zdict=text)
            known = _Pattern(blake2b(text, digest_size=16).digest(), zlib.compress(text), packer)
            self._patterns[name] = known
        return known


def _pack(pattern: _Compress, letter: Letter) -> bytes:
    packer = pattern.copy()
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
