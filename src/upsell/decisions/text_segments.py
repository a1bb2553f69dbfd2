"""Text segments: how many a text is sent in, and paid for.

For previews and lints. The laws: a text of nothing but the characters of the GSM alphabet counts 7 bits for
each, twice for those of its extension; one other character makes it 16 bits for each, twice for those beyond
the basic plane. What counts twice is in one segment whole.

Source: 3GPP TS 23.038, 6.2.1 (GSM 7 bit default alphabet and its extension table); 3GPP TS 23.040, 9.2.3.24.1
(concatenated short messages).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Final

import msgspec

BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION: Final = frozenset("\f^{}\\[~]|€")


class Encoding(enum.Enum):
    """In which alphabet a text is sent."""

    GSM = "GSM 7-bit"
    UCS2 = "UCS-2"


_ALONE: Final = {Encoding.GSM: 160, Encoding.UCS2: 70}
_TOGETHER: Final = {Encoding.GSM: 153, Encoding.UCS2: 67}
"""How many units a text has that is alone, and each of several: a header takes six octets."""


class Segments(msgspec.Struct, frozen=True):
    """How a text is sent.

    Attributes:
        encoding: In which alphabet.
        units: How many units of it: septets, or pairs of octets.
        count: In how many segments; 0 where there is no text.
        odd: What is in it that is not of the GSM alphabet, each character once, in order.
    """

    encoding: Encoding
    units: int
    count: int
    odd: tuple[str, ...] = ()


def count_segments(text: str) -> Segments:
    """Count the segments of a text."""
    odd = tuple(dict.fromkeys(each for each in text if each not in BASIC and each not in EXTENSION))
    encoding = Encoding.UCS2 if odd else Encoding.GSM
    sizes = [_size(each, encoding) for each in text]
    units = sum(sizes)
    count = min(units, 1) if units <= _ALONE[encoding] else _fill(sizes, _TOGETHER[encoding])
    return Segments(encoding, units, count, odd)


def _size(each: str, encoding: Encoding) -> int:
    if encoding is Encoding.GSM:
        return 2 if each in EXTENSION else 1
    return 2 if ord(each) > 0xFFFF else 1


def _fill(sizes: Iterable[int], room: int) -> int:
    """Count how many segments hold characters of some sizes, one after the other."""
    count, left = 0, 0
    for size in sizes:
        if size > left:
            count, left = count + 1, room
        left -= size
    return count
