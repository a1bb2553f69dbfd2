"""The JSON Schemas take what the loader takes. Oracle: a small validator of the keywords they use."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.workspace.acme import QUOTA, documents, with_change
from upsell.channels.sinks.definitions import SINK_FILE
from upsell.sources.definitions import SOURCE_FILE
from upsell.workspace.files import FILES, FileKind
from upsell.workspace.schema import schema_of

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").rglob("upsell.yaml"))

_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}
_KEYWORDS = {
    "$schema", "$defs", "$ref", "title", "description", "type", "properties", "required",
    "additionalProperties", "propertyNames", "items", "minItems", "minProperties", "minLength", "minimum",
    "maximum", "pattern", "enum", "anyOf", "format",
}  # fmt: skip


class _Words(yaml.SafeLoader):
    """YAML as version 1.2 reads it: dates, ``on`` and ``off`` are text."""


_Words.yaml_implicit_resolvers = {
    letter: [
        (tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":bool", ":int"))
    ]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Words.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), list("tf"))
_Words.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^-?\d+$"), list("-0123456789"))


def _complaints(value: Any, schema: Any, root: Any, path: str = "") -> list[str]:
    assert schema.keys() <= _KEYWORDS, schema.keys() - _KEYWORDS
    if "$ref" in schema:
        return _complaints(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root, path)
    found = []
    if "anyOf" in schema and all(_complaints(value, way, root, path) for way in schema["anyOf"]):
        found.append(f"{path}: none of the ways fits {value!r}")
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(
        isinstance(value, _TYPES[name]) and not (isinstance(value, bool) and name in ("integer", "number"))
        for name in types
    ):
        return [f"{path}: {value!r} is none of {types}"]
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{path}: {value!r} is none of {schema['enum']}")
    if isinstance(value, str):
        if not re.search(schema.get("pattern", ""), value) or len(value) < schema.get("minLength", 0):
            found.append(f"{path}: {value!r} does not fit")
    elif isinstance(value, (int, float)) and not schema.get("minimum", value) <= value <= schema.get(
        "maximum", value
    ):
        found.append(f"{path}: {value!r} is out of range")
    elif isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            found.append(f"{path}: too few")
        for at, each in enumerate(value):
            found += _complaints(each, schema.get("items", {}), root, f"{path}[{at}]")
    elif isinstance(value, dict):
        found += _of_object(value, schema, root, path)
    return found


def _of_object(value: dict[Any, Any], schema: Any, root: Any, path: str) -> list[str]:
    found = [f"{path}: lacks {name}" for name in schema.get("required", []) if name not in value]
    if len(value) < schema.get("minProperties", 0):
        found.append(f"{path}: too few")
    for key, each in value.items():
        found += _complaints(str(key), schema.get("propertyNames", {}), root, f"{path}.{key}?")
        known = schema.get("properties", {}).get(key, schema.get("additionalProperties", {}))
        if known is False:
            found.append(f"{path}: {key} is not known")
        else:
            found += _complaints(each, known, root, f"{path}.{key}")
    return found


def _kind(path: str) -> FileKind:
    return FileKind.WORKFLOW if path.startswith("workflows/") else FileKind(path.removesuffix(".yaml"))


def _judge(path: str, text: str) -> list[str]:
    schema = schema_of(FILES[_kind(path)])
    return _complaints(yaml.load(text, Loader=_Words), schema, schema)  # a loader without objects


@pytest.mark.parametrize("path", [path for path in documents() if path.endswith(".yaml")])
def test_a_right_file_fits_its_schema(path: str) -> None:
    assert _judge(path, documents()[path]) == []


@pytest.mark.parametrize("settings", EXAMPLES, ids=lambda path: path.parent.as_posix().split("examples/")[1])
def test_every_example_fits_the_schemas(settings: Path) -> None:
    root = settings.parent
    files = [root / name for name in ("upsell.yaml", "catalog.yaml", "signals.yaml", "segments.yaml")]
    files += sorted((root / "workflows").glob("*.yaml"))
    for file in files:
        if file.exists():
            assert _judge(file.relative_to(root).as_posix(), file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("upsell.yaml", "zone:", "zon:"),
        ("upsell.yaml", "within: 7 days", "within: 7 dayz"),
        ("upsell.yaml", "global_control: 2%", "global_control: 2"),
        ("catalog.yaml", "kind: upgrade", "kind: upgrad"),
        ("catalog.yaml", "tier: 2", "tier: high"),
        ("signals.yaml", "warm:", "warm-ish:"),
        ("segments.yaml", "unit: customer", "unit: custmer"),
        ("segments.yaml", "unit: customer, ", ""),
        ("segments.yaml", "meaning:", "meanin:"),
        (QUOTA, "unit: account", "unit: acount"),
        (QUOTA, "- wait: 3 days", "- push: {placement: page}"),
        (QUOTA, "- wait: 3 days", "- wait: soon"),
        (QUOTA, "- wait: 3 days", "- begin"),
        (QUOTA, "within: 30 days}", "wihtin: 30 days}"),
        (QUOTA, "due: 2 days", "due: 2"),
    ],
)
def test_a_wrong_file_does_not_fit_its_schema(file: str, old: str, new: str) -> None:
    assert _judge(file, with_change(file, old, new)[file]) != []


def test_there_is_a_schema_for_every_kind_of_file() -> None:
    assert len(FILES) == len(FileKind)


def test_a_schema_holds_every_shape_it_refers_to() -> None:
    for file in (*FILES.values(), SOURCE_FILE, SINK_FILE):
        schema = schema_of(file)
        named = set(re.findall(r"#/\$defs/(\w+)", repr(schema)))
        assert named <= schema["$defs"].keys()
