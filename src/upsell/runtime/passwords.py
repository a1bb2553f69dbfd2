"""Passwords: their argon2id hashes, in the PHC format, and what a password must be.

The law: a name that nobody has costs as much as one that somebody has.
"""

from __future__ import annotations

import secrets
import unicodedata
from functools import cache
from typing import Final

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

LEAST_LETTERS: Final = 12
"""How long a password must be; nothing is asked of which letters."""

MOST_LETTERS: Final = 256
"""How long it may be."""

# What OWASP's password storage cheat sheet asks for at least: 19 MiB, two passes, one lane.
_MEMORY_KIB: Final = 19_456
_PASSES: Final = 2
_SALT_BYTES: Final = 16
_HASH_BYTES: Final = 32


def fault_of(password: str, email: str) -> str:
    """Say what is wrong with a password somebody chose; empty when nothing is."""
    if len(password) < LEAST_LETTERS:
        return f"Expected a password of at least {LEAST_LETTERS} characters, got {len(password)}."
    if len(password) > MOST_LETTERS:
        return f"Expected a password of at most {MOST_LETTERS} characters, got {len(password):,}."
    if password.strip().lower() == email:
        return "Expected a password that is not your address again."
    if len(set(password)) < LEAST_LETTERS // 3:
        return "Expected a password of more than a few different characters."
    return ""


def hash_password(password: str) -> str:
    """Give the hash a password is known by, with its salt and its costs."""
    kdf = Argon2id(
        salt=secrets.token_bytes(_SALT_BYTES),
        length=_HASH_BYTES,
        iterations=_PASSES,
        lanes=1,
        memory_cost=_MEMORY_KIB,
    )
    return kdf.derive_phc_encoded(_bytes(password))


def is_password(password: str, hashed: str | None) -> bool:
    """Tell whether a password is the one of a hash; with None it is not, after the same work."""
    try:
        Argon2id.verify_phc_encoded(_bytes(password), _nobodys() if hashed is None else hashed)
    except InvalidKey:
        return False
    return hashed is not None


def _bytes(password: str) -> bytes:
    """Give the bytes of a password however the keyboard put its letters together."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


@cache
def _nobodys() -> str:
    """Give the hash of a password that nobody knows."""
    return hash_password(secrets.token_urlsafe(32))
