"""Named files: what is written one a file, each called what its file is called.

For sources and sinks. The law: a file that cannot be read as one of them is noted with what was expected.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from upsell.workspace.findings import Findings, Place
from upsell.workspace.items import Record
from upsell.workspace.nodes import compose
from upsell.workspace.reading import Reader
from upsell.workspace.scalars import NAME
from upsell.workspace.shapes import Shape


def is_named(path: PurePosixPath, noun: str, findings: Findings) -> bool:
    """Tell whether a file is named as a thing may be; else that is noted.

    Args:
        path: The file, within the workspace.
        noun: What the thing is called, one of them.
        findings: Where it is noted.
    """
    place = Place(str(path))
    if path.suffix != ".yaml":
        findings.error(place, f"expected {noun}s that end in .yaml, got {path.name}", code="file-name")
    elif NAME.parse(path.stem) is None:
        findings.error(
            place,
            f"expected {NAME.expected}, got {path.stem}",
            hint=f"a {noun}'s name is its file's name",
            code="file-name",
        )
    else:
        return True
    return False


def read_record(file: str, text: str, shape: Shape, keys: Iterable[str], findings: Findings) -> Record | None:
    """Read the text of a file; what is wrong is noted, and where nothing can be read there is none.

    Args:
        file: The file, within the workspace.
        text: What stands in it.
        shape: What may stand in it.
        keys: Of which one tells its sort, for whoever left it empty.
        findings: Where it is noted.
    """
    before = len(findings)
    node = compose(file, text, findings)
    if node is None:
        if len(findings) == before:
            findings.error(
                Place(file),
                f"expected one of the keys {', '.join(keys)}, got an empty file",
                code="missing-key",
            )
        return None
    read = Reader(file, {}, findings).read(node, shape)
    return read if isinstance(read, Record) else None
