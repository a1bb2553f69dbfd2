"""Reading: nodes to items by their shape, every complaint noted.

The law: nothing is guessed and nothing is skipped in silence. A key nobody knows, a key written
twice and a value of the wrong kind are problems with their line and the nearest known word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import assert_never

import yaml

from upsell.errors import nearest
from upsell.workspace.findings import Findings, Place, listed
from upsell.workspace.items import Item, Leaf, Listing, Record
from upsell.workspace.nodes import (
    Node,
    describe,
    has_tag,
    is_nothing,
    is_plain,
    is_plain_boolean,
    is_plain_number,
    is_writable,
    place_of,
)
from upsell.workspace.shapes import Either, ListOf, MapOf, Named, RecordOf, Scalar, Shape, Variants


class Reader:
    """Reads the nodes of one document."""

    def __init__(self, file: str, named: Mapping[str, Shape], findings: Findings) -> None:
        """Read ``file`` with the table of named shapes, noting problems in ``findings``."""
        self._file = file
        self._named = named
        self._findings = findings

    def read(self, node: Node, shape: Shape, path: str = "") -> Item | None:
        """Read a node; None when it is not of the shape at all, which is then noted.

        ``path`` is how messages call the value: the keys that lead to it, joined by dots.
        """
        if has_tag(node):
            self._wrong(node, f"a value without the tag {node.tag}", path, "write the value itself")
            return None
        match shape:
            case Named():
                return self.read(node, self._named[shape.name], path)
            case Scalar():
                return self._scalar(node, shape, path)
            case ListOf():
                return self._list(node, shape, path)
            case MapOf():
                return self._map(node, shape, path)
            case RecordOf():
                return self._record(node, shape, path)
            case Variants():
                return self._variant(node, shape, path)
            case Either():
                return self._either(node, shape, path)
            case _:
                assert_never(shape)

    def _scalar(self, node: Node, shape: Scalar, path: str) -> Leaf | None:
        """Read a scalar."""
        if not isinstance(node, yaml.ScalarNode) or is_nothing(node):
            self._wrong(node, shape.expected, path)
            return None
        if not is_writable(node.value):
            self._wrong(node, "text without control characters", path)
            return None
        is_odd_number = is_plain_number(node) and not shape.takes_numbers
        is_odd_boolean = is_plain_boolean(node) and not shape.takes_booleans
        is_odd = is_odd_number or is_odd_boolean
        value = None if is_odd else shape.parse(node.value)
        if value is None:
            near = nearest(node.value, shape.choices)
            is_text = is_odd and shape.parse(node.value) is not None
            hint = f"write it in quotes if text is meant: '{node.value}'" if is_text else None
            self._wrong(node, shape.expected, path, f"did you mean {near}?" if near else hint)
            return None
        return Leaf(place_of(self._file, node), value)

    def _list(self, node: Node, shape: ListOf, path: str) -> Listing | None:
        """Read a list."""
        if not isinstance(node, yaml.SequenceNode):
            self._wrong(node, "a list", path, "write each value on a line of its own after a dash")
            return None
        if len(node.value) < shape.least:
            self._wrong(node, f"at least {_counted(shape.least)}", path)
        read = (self.read(each, shape.each, f"{path}[{at}]") for at, each in enumerate(node.value))
        return Listing(place_of(self._file, node), tuple(item for item in read if item is not None))

    def _map(self, node: Node, shape: MapOf, path: str) -> Record | None:
        """Read values by names of the team's choice."""
        if not isinstance(node, yaml.MappingNode):
            self._wrong(node, f"a {shape.name} and its value on each line", path)
            return None
        items: dict[str, Item] = {}
        keys: dict[str, Place] = {}
        for key, value in self._pairs(node, path):
            if shape.key.parse(key.value) is None:
                self._wrong(key, f"for each {shape.name} {shape.key.expected}", path)
                continue
            keys[key.value] = place_of(self._file, key)
            item = self.read(value, shape.each, _joined(path, key.value))
            if item is not None:
                items[key.value] = item
        if len(node.value) < shape.least:
            self._wrong(node, f"at least {_counted(shape.least)}", path)
        return Record(place_of(self._file, node), items, keys)

    def _record(self, node: Node, shape: RecordOf, path: str) -> Record | None:
        """Read a fixed set of keys; a slip of one that is not written is noted and read as the one meant."""
        if not isinstance(node, yaml.MappingNode):
            example = next(iter(shape.keys))
            hint = f"write keys with their values, such as {{{example}: ...}}"
            self._wrong(node, f"the keys {listed(shape.keys)}", path, hint)
            return None
        items: dict[str, Item] = {}
        keys: dict[str, Place] = {}
        pairs = self._pairs(node, path)
        written = {key.value for key, _ in pairs}
        for key, value in pairs:
            name = str(key.value)
            if name not in shape.keys:
                meant = self._unknown_key(key, shape.keys, path)
                if meant is None or meant in written or meant in keys:
                    continue
                name = meant
            keys[name] = place_of(self._file, key)
            item = self.read(value, shape.keys[name].shape, _joined(path, key.value))
            if item is not None:
                items[name] = item
        place = place_of(self._file, node)
        for name, known in shape.keys.items():
            if known.is_required and name not in keys:
                where = f" in {path}" if path else ""
                self._findings.error(
                    place,
                    f"expected the key {name}{where}, got none",
                    hint=f"{name}: {known.meaning}",
                    code="missing-key",
                )
        return Record(place, items, keys)

    def _variant(self, node: Node, shape: Variants, path: str) -> Item | None:
        """Read one of several records, told apart by a key."""
        if not isinstance(node, yaml.MappingNode):
            self._wrong(node, f"one of {listed(shape.words, 20)}", path)
            return None
        written = [key for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for key in written:
            if key.value in shape.cases:
                return self._record(node, shape.cases[key.value], path)
        if shape.otherwise is not None:
            return self._map(node, shape.otherwise, path)
        if not written:
            self._wrong(node, f"one of {listed(shape.words, 20)}", path)
            return None
        near = nearest(written[0].value, shape.words)
        advice = f"did you mean {near}?" if near else None
        if written[0].value in shape.bare_words:
            advice = f"write {written[0].value} alone, without a colon"
        self._wrong(written[0], f"one of {listed(shape.words, 20)}", path, advice)
        return None

    def _either(self, node: Node, shape: Either, path: str) -> Item | None:
        """Read one of several shapes, told apart by how it is written."""
        if isinstance(node, yaml.MappingNode) and shape.mapping is not None:
            return self.read(node, shape.mapping, path)
        if isinstance(node, yaml.SequenceNode) and shape.listing is not None:
            return self.read(node, shape.listing, path)
        if isinstance(node, yaml.ScalarNode) and shape.scalar is not None:
            return self._scalar(node, shape.scalar, path)
        self._wrong(node, _ways(shape), path)
        return None

    def _pairs(self, node: yaml.MappingNode, path: str) -> list[tuple[yaml.ScalarNode, Node]]:
        """List the keys and values of a mapping with its merge keys (``<<``) resolved.

        A key that is no text, or is written twice, is noted and left out.
        """
        pairs: dict[str, tuple[yaml.ScalarNode, Node]] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or not is_writable(key.value):
                self._wrong(key, "text as a key", path)
            elif key.value == "<<" and is_plain(key):
                continue
            elif key.value in pairs:
                first = place_of(self._file, pairs[key.value][0])
                self._findings.error(
                    place_of(self._file, key),
                    f"expected the key {_joined(path, key.value)} once, got it again",
                    hint=f"it is written first on line {first.line}; keep one of the two",
                    code="duplicate-key",
                )
            else:
                pairs[key.value] = (key, value)
        for key, value in self._merged(node, path):
            pairs.setdefault(key.value, (key, value))
        return list(pairs.values())

    def _merged(self, node: yaml.MappingNode, path: str) -> Iterable[tuple[yaml.ScalarNode, Node]]:
        """List the pairs that merge keys bring in; of several, the first wins."""
        for key, value in node.value:
            if not (isinstance(key, yaml.ScalarNode) and key.value == "<<" and is_plain(key)):
                continue
            for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                if isinstance(source, yaml.MappingNode):
                    yield from self._pairs(source, path)
                else:
                    self._wrong(source, "an alias such as *base after <<", path)

    def _wrong(self, node: Node, expected: str, path: str, hint: str | None = None) -> None:
        """Note a value of the wrong kind."""
        where = f"{path}: " if path else ""
        self._findings.error(
            place_of(self._file, node),
            f"{where}expected {expected}, got {describe(node)}",
            hint=hint,
            code="wrong-type",
        )

    def _unknown_key(self, key: yaml.ScalarNode, known: Iterable[str], path: str) -> str | None:
        """Note a key that nobody reads; give the known one that is nearest."""
        names = list(known)
        near = nearest(key.value, names)
        where = f" in {path}" if path else ""
        self._findings.error(
            place_of(self._file, key),
            f"expected a known key{where}, got {describe(key)}",
            hint=f"did you mean {near}?" if near else f"known keys: {listed(names, 30)}",
            code="unknown-key",
        )
        return near


def read_loosely(file: str, node: Node) -> Item:
    """Give a node as it is written, whatever its shape: scalars are text, a key written twice is the last."""
    place = place_of(file, node)
    if isinstance(node, yaml.MappingNode):
        named = [(key.value, key, value) for key, value in node.value if isinstance(key, yaml.ScalarNode)]
        return Record(
            place,
            {name: read_loosely(file, value) for name, _, value in named},
            {name: place_of(file, key) for name, key, _ in named},
        )
    if isinstance(node, yaml.SequenceNode):
        return Listing(place, tuple(read_loosely(file, each) for each in node.value))
    return Leaf(place, str(node.value))


def _joined(path: str, key: str) -> str:
    """Give the path of what is under a key."""
    return f"{path}.{key}" if path else key


def _counted(number: int) -> str:
    """Write how many values are asked for."""
    return "one value" if number == 1 else f"{number} values"


def _ways(shape: Either) -> str:
    """Write the ways a value may be given."""
    ways = []
    if shape.scalar is not None:
        ways.append(shape.scalar.expected)
    if shape.listing is not None:
        ways.append("a list")
    match shape.mapping:
        case RecordOf():
            ways.append(f"the keys {listed(shape.mapping.keys)}")
        case MapOf():
            ways.append(f"a value by {shape.mapping.name}")
        case Variants():
            ways.append(f"one of {listed(shape.mapping.words)}")
        case None:
            pass
        case _:
            assert_never(shape.mapping)
    return " or ".join(ways)
