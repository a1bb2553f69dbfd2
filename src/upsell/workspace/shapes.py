"""Shapes: what values a workspace's files may hold, as data.

One table of shapes (``files``) drives the reader, the JSON Schemas and the reference page, so the
three cannot say different things.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeAlias

import msgspec

Value: TypeAlias = bool | int | str | Decimal
"""What a scalar is read to."""


class Scalar(msgspec.Struct, frozen=True):
    """One kind of text or number.

    Attributes:
        name: What it is called on the reference page.
        expected: What is asked for, after ``expected`` in messages.
        parse: Reads the text; None when it is not one of these.
        schema: The JSON Schema of its value.
        takes_numbers: Whether an unquoted number is taken.
        takes_booleans: Whether an unquoted ``true`` or ``false`` is taken.
        choices: The words that are meant, when only these are; offered when another is near.
    """

    name: str
    expected: str
    parse: Callable[[str], Value | None]
    schema: Mapping[str, Any]
    takes_numbers: bool = False
    takes_booleans: bool = False
    choices: tuple[str, ...] = ()


class ListOf(msgspec.Struct, frozen=True):
    """A list of values of one shape; ``least`` says how many there must be."""

    each: Shape
    least: int = 0


class MapOf(msgspec.Struct, frozen=True):
    """Values of one shape by names the team chooses.

    Attributes:
        each: The shape of each value.
        name: What one of the names stands for, such as ``plan``.
        key: Reads a name.
        least: How many there must be.
    """

    each: Shape
    name: str
    key: Scalar
    least: int = 0


class Key(msgspec.Struct, frozen=True):
    """One key of a record: the shape of its value, what it means, and whether it must be there."""

    shape: Shape
    meaning: str
    is_required: bool = False


class RecordOf(msgspec.Struct, frozen=True):
    """A fixed set of keys."""

    keys: Mapping[str, Key]


class Either(msgspec.Struct, frozen=True):
    """Different shapes told apart by how they are written; at least two of them are given."""

    scalar: Scalar | None = None
    listing: ListOf | None = None
    mapping: Keyed | None = None

    @property
    def ways(self) -> tuple[Shape, ...]:
        """The shapes that are given."""
        return tuple(way for way in (self.scalar, self.listing, self.mapping) if way is not None)


class Variants(msgspec.Struct, frozen=True):
    """Records told apart by the key that only they have.

    Attributes:
        cases: Record by its telling key, which is one of its keys.
        otherwise: The shape when no telling key is there; None when there must be one.
        bare_words: Words that may stand alone in place of a record; messages offer them too.
    """

    cases: Mapping[str, RecordOf]
    otherwise: MapOf | None = None
    bare_words: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """Everything that may be written, in the order of the alphabet."""
        return tuple(sorted((*self.cases, *self.bare_words)))


class Named(msgspec.Struct, frozen=True):
    """A shape from the table of named shapes: what makes recursion possible."""

    name: str


Keyed: TypeAlias = RecordOf | MapOf | Variants
"""Shapes that are written with keys."""

Shape: TypeAlias = Scalar | ListOf | MapOf | RecordOf | Either | Variants | Named
