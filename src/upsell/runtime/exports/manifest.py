"""The manifest: which files an export holds, and how far it has come; kept beside them as JSON.

The law: it is written last and at once, so that what it names is whole.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from upsell.clock import Moment
from upsell.errors import ConfigError
from upsell.runtime.exports.tables import VERSION
from upsell.runtime.papers.forms import write_whole

NAME = "manifest.json"


class ExportFile(msgspec.Struct, frozen=True):
    """One file: its path within the export, its rows, and what tells whether its content changed."""

    path: str
    rows: int
    fingerprint: str = ""


class TableState(msgspec.Struct, frozen=True):
    """One table: its files in order, and for an appended one how far it has come."""

    files: tuple[ExportFile, ...] = ()
    up_to: int = 0


class Manifest(msgspec.Struct, frozen=True):
    """What an export holds.

    Attributes:
        exported_at: As of when.
        tables: By name.
        format: Always ``upsell-export``.
        version: Version of the form.
    """

    exported_at: Moment
    tables: dict[str, TableState]
    format: str = "upsell-export"
    version: int = VERSION


def read_manifest(folder: Path) -> Manifest | None:
    """Read the manifest of an export, None where there is none.

    Raises:
        ConfigError: It is of another program or version.
    """
    path = folder / NAME
    if not path.exists():
        return None
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        msg = f"expected the manifest of an export at {path}, got: {error}; export into an empty folder"
        raise ConfigError(msg) from error
    if (found.format, found.version) != ("upsell-export", VERSION):
        msg = (
            f"expected an export of version {VERSION} at {folder}, got {found.format} {found.version}; "
            "export into an empty folder"
        )
        raise ConfigError(msg)
    return found


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Put a manifest in the place of the one before."""
    write_whole(folder / NAME, msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
