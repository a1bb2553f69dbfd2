"""JSON Schemas of every workspace file, so that editors complete and check while one writes.

Made from the table that the loader reads by. A schema knows shapes; which plan or template is
there, and whether a rule makes sense, only ``upsell check`` knows.
"""

from __future__ import annotations

from typing import Any, assert_never

from upsell.workspace.files import File
from upsell.workspace.shapes import Either, ListOf, MapOf, Named, RecordOf, Scalar, Shape, Variants
from upsell.workspace.workflow_file import NAMED_SHAPES

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(file: File) -> dict[str, Any]:
    """Give the JSON Schema (draft 2020-12) of one kind of file."""
    return {
        "$schema": DIALECT,
        "title": file.path,
        "description": file.meaning,
        **_schema(file.shape),
        "$defs": {name: _schema(NAMED_SHAPES[name]) for name in sorted(_named_in(file.shape, set()))},
    }


def _schema(shape: Shape) -> dict[str, Any]:
    """Give the schema of one shape."""
    match shape:
        case Scalar():
            return dict(shape.schema)
        case Named():
            return {"$ref": f"#/$defs/{shape.name}"}
        case ListOf():
            return {"type": "array", "items": _schema(shape.each), "minItems": shape.least}
        case MapOf():
            return {
                "type": "object",
                "propertyNames": {key: value for key, value in shape.key.schema.items() if key != "type"},
                "additionalProperties": _schema(shape.each),
                "minProperties": shape.least,
            }
        case RecordOf():
            return _record(shape)
        case Variants():
            cases = [_schema(case) for case in shape.cases.values()]
            return {"anyOf": cases if shape.otherwise is None else [*cases, _schema(shape.otherwise)]}
        case Either():
            return {"anyOf": [_schema(way) for way in shape.ways]}
        case _:
            assert_never(shape)


def _record(shape: RecordOf) -> dict[str, Any]:
    """Give the schema of a fixed set of keys."""
    return {
        "type": "object",
        "properties": {
            name: {"description": key.meaning, **_schema(key.shape)} for name, key in shape.keys.items()
        },
        "required": [name for name, key in shape.keys.items() if key.is_required],
        "additionalProperties": False,
    }


def _named_in(shape: Shape, found: set[str]) -> set[str]:
    """Gather the names of the named shapes that a shape leads to."""
    match shape:
        case Named():
            if shape.name not in found:
                found.add(shape.name)
                _named_in(NAMED_SHAPES[shape.name], found)
        case ListOf() | MapOf():
            _named_in(shape.each, found)
        case RecordOf():
            for key in shape.keys.values():
                _named_in(key.shape, found)
        case Variants():
            for case in shape.cases.values():
                _named_in(case, found)
            if shape.otherwise is not None:
                _named_in(shape.otherwise, found)
        case Either():
            for way in shape.ways:
                _named_in(way, found)
        case Scalar():
            pass
        case _:
            assert_never(shape)
    return found
