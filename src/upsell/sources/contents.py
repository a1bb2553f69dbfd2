"""Contents: what tells a file from others, and from itself as it was before."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import msgspec

from upsell.errors import ConfigError
from upsell.ids import digest
from upsell.sources.mapping import Mapping

_AT_ONCE: Final = 1 << 20


def hash_content(path: Path, size: int | None = None) -> str:
    """Give a hash of what is in a file, or of its first ``size`` bytes.

    Raises:
        ConfigError: It cannot be read.
    """
    hashed = blake2b(digest_size=16)
    left = size if size is not None else path.stat().st_size
    try:
        with path.open("rb") as file:
            while left > 0 and (read := file.read(min(left, _AT_ONCE))):
                hashed.update(read)
                left -= len(read)
    except OSError as error:
        msg = f"expected a file that can be read at {path}, got: {error.strerror}"
        raise ConfigError(msg) from error
    return hashed.hexdigest()


def has_grown(path: Path, before: str, size: int) -> bool:
    """Tell whether a file is what it was before, of ``size`` bytes, with more behind it."""
    return path.stat().st_size > size and hash_content(path, size) == before


def hash_mapping(mapping: Mapping) -> str:
    """Give a hash of what a mapping says, whatever its file is called and how its lines lie."""
    said = msgspec.to_builtins(mapping, enc_hook=str)
    return digest("mapping", msgspec.json.encode(_without_places(said), order="deterministic").decode())


def _without_places(said: Any) -> Any:
    if isinstance(said, dict):
        return {key: _without_places(each) for key, each in said.items() if key != "place"}
    if isinstance(said, list | tuple):
        return [_without_places(each) for each in said]
    return said
