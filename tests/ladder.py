"""What the ladder of rooms allows, read off the syntax tree of the package.

For whoever adds a module and wants to know where it may stand. The law it keeps: imports point
down only, wherever they are written (inside functions and for types as well), and what happens in
a pure room depends on its arguments alone.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

PACKAGE = "upsell"

RUNGS: tuple[frozenset[str], ...] = (
    frozenset({"testing"}),
    frozenset({"__main__"}),
    frozenset({"cli"}),
    frozenset({"analysis", "web"}),
    frozenset({"runtime"}),
    frozenset({"store"}),
    frozenset({"channels", "sources"}),
    frozenset({"measurement", "workspace"}),
    frozenset({"journeys"}),
    frozenset({"decisions"}),
    frozenset({"catalog", "signals"}),
    frozenset({"rules"}),
    frozenset({"config"}),
    frozenset({"errors", "clock", "ids", "money"}),
)
"""The rooms from the top rung to the bottom one; rooms on one rung never import each other."""

HEIGHTS = {room: height for height, rung in enumerate(reversed(RUNGS)) for room in rung}

PURE_ROOMS = frozenset({"rules", "catalog", "signals", "decisions", "journeys", "measurement", "workspace"})

ALLOWED_IN_PURE_ROOMS = frozenset(
    """
    __future__ abc array bisect calendar collections contextlib copy dataclasses datetime decimal difflib
    enum fractions functools graphlib hashlib heapq itertools json keyword math numbers operator re
    statistics string struct textwrap types typing unicodedata weakref zoneinfo
    babel msgspec sqlglot typing_extensions
    """.split()
)
"""Outside modules that compute and do nothing else; any other is refused until it is put here."""

ALLOWED_IN_ROOM = {
    "decisions": frozenset({"holidays", "phonenumbers"}),
    "measurement": frozenset(
        {"altair", "csv", "importlib.resources", "io.StringIO", "numpy", "scipy", "tea_tasting", "vl_convert"}
    ),
    "workspace": frozenset({"html", "io.StringIO", "liquid", "mjml", "pathlib", "yaml"}),
}
"""What one pure room may use beside that: measurement reads its own SQL, workspace reads files."""

FORBIDDEN_CALLS = frozenset({"open", "print", "input", "breakpoint", "__import__"})
FORBIDDEN_METHODS = frozenset(
    """
    now today utcnow open write_text write_bytes mkdir touch unlink rmdir rename rvs default_rng
    """.split()
)
"""Methods that read a clock, draw at random or change a file, whatever they are called on."""

CLOCKS = frozenset({"now", "today", "utcnow"})

DRAWERS = frozenset({"util", "utils", "common", "helper", "helpers", "misc"})
"""Names that say nothing of what is inside."""


class Module(NamedTuple):
    """One module of the package.

    Attributes:
        name: Dotted name, ``upsell.rules.facts``; a package has the name of its folder.
        path: Where it stands.
        tree: Its syntax tree.
    """

    name: str
    path: Path
    tree: ast.Module

    @property
    def room(self) -> str:
        """The folder or module directly under the package; empty for the package itself."""
        return self.name.split(".")[1] if "." in self.name else ""

    @property
    def is_package(self) -> bool:
        """Whether this is the ``__init__`` of a folder."""
        return self.path.name == "__init__.py"


class Import(NamedTuple):
    """One name that a module imports, made absolute, and the line that does it."""

    target: str
    line: int


def read_package(folder: Path) -> list[Module]:
    """Parse every module under the folder of the package, in order of name."""
    modules = []
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        modules.append(Module(name, path, ast.parse(path.read_text("utf-8"), str(path))))
    return modules


def imports_of(module: Module) -> Iterator[Import]:
    """Give every import in a module, however deep, also those made by name with ``import_module``."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(module, node)
            yield from (Import(f"{base}.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.Call) and _called_name(node) in {"import_module", "__import__"}:
            yield from (
                Import(argument.value, node.lineno)
                for argument in node.args
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
            )


def _absolute(module: Module, node: ast.ImportFrom) -> str:
    if node.level == 0:
        return node.module or ""
    climbed = node.level - 1 if module.is_package else node.level
    parts = module.name.split(".")
    base = parts[: len(parts) - climbed]
    return ".".join([*base, node.module] if node.module else base)


def _called_name(node: ast.Call) -> str:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def climbing(modules: Iterable[Module]) -> list[str]:
    """Complain of imports that point up the ladder, or sideways to another room of the same rung."""
    complaints = []
    for module in modules:
        if module.room not in HEIGHTS:
            continue
        for target, line in imports_of(module):
            room = _room_of(target)
            if room in {None, module.room}:
                continue
            if HEIGHTS[str(room)] >= HEIGHTS[module.room]:
                complaints.append(f"{module.name}:{line} imports {target}: {module.room} may not know {room}")
    return complaints


def _room_of(target: str) -> str | None:
    package, _, rest = target.partition(".")
    room = rest.split(".")[0]
    return room if package == PACKAGE and room in HEIGHTS else None


def impure_imports(modules: Iterable[Module]) -> list[str]:
    """Complain of outside modules that a pure room may not use, and of the machine's own clock."""
    complaints = []
    for module in modules:
        if module.room not in PURE_ROOMS:
            continue
        allowed = ALLOWED_IN_PURE_ROOMS | ALLOWED_IN_ROOM.get(module.room, frozenset())
        for target, line in imports_of(module):
            is_ours = target.split(".")[0] == PACKAGE
            if is_ours and not target.endswith(".SystemClock"):
                continue
            if is_ours or not _is_under(target, allowed) or "random" in target.split("."):
                complaints.append(f"{module.name}:{line} imports {target}: {module.room} is a pure room")
    return complaints


def _is_under(target: str, allowed: frozenset[str]) -> bool:
    parts = target.split(".")
    return any(".".join(parts[:length]) in allowed for length in range(1, len(parts) + 1))


def impure_acts(modules: Iterable[Module]) -> list[str]:
    """Complain of what a pure room may not do: read or write, ask the time, draw at random."""
    complaints = []
    for module in modules:
        if module.room not in PURE_ROOMS:
            continue
        for node in ast.walk(module.tree):
            act = _impure_act(node)
            if act is not None:
                line = getattr(node, "lineno", 0)
                complaints.append(f"{module.name}:{line} has {act}: {module.room} is a pure room")
    return complaints


def _impure_act(node: ast.AST) -> str | None:
    match node:
        case ast.Call(func=ast.Name(id=name)) if name in FORBIDDEN_CALLS:
            return f"{name}()"
        case ast.Call(func=ast.Name(id="hash")):
            return "hash(), which differs from process to process"
        case ast.Call(func=ast.Attribute(attr=name)) if name in FORBIDDEN_METHODS:
            return f".{name}()"
        case ast.Attribute(value=ast.Name(id="datetime" | "date"), attr=name) if name in CLOCKS:
            return f".{name}"
        case ast.Attribute(value=ast.Name(id="np" | "numpy"), attr="random"):
            return "numpy.random"
        case _:
            return None


def homeless(folder: Path) -> list[str]:
    """Complain of folders and modules directly under the package that stand on no rung."""
    complaints = []
    for path in sorted(folder.iterdir()):
        is_room = path.suffix == ".py" or (path.is_dir() and any(path.rglob("*.py")))
        if is_room and path.stem not in HEIGHTS and path.stem != "__init__":
            complaints.append(f"{path.name} stands on no rung: give it a meaning and a place")
    return complaints


def drawers(modules: Iterable[Module]) -> list[str]:
    """Complain of modules and folders whose name says nothing."""
    return [
        f"{module.name} is a drawer: name it for its one idea"
        for module in modules
        if DRAWERS & set(module.name.split("."))
    ]


def talking_packages(modules: Iterable[Module]) -> list[str]:
    """Complain of an ``__init__`` with more than a docstring; only the package itself has a version."""
    return [
        f"{module.name}.__init__ holds more than a docstring: import from the modules"
        for module in modules
        if module.is_package and not _only_docstring(module)
    ]


def _only_docstring(module: Module) -> bool:
    if ast.get_docstring(module.tree) is None:
        return False
    return all(module.name == PACKAGE and _is_version(statement) for statement in module.tree.body[1:])


def _is_version(statement: ast.stmt) -> bool:
    match statement:
        case ast.Assign(targets=[ast.Name(id="__version__")], value=ast.Constant()):
            return True
        case _:
            return False


def folders_without_init(folder: Path) -> list[str]:
    """Complain of folders with modules but no ``__init__``."""
    holders = {path.parent for path in folder.rglob("*.py")}
    return [f"{holder.name} has no __init__.py" for holder in sorted(holders) if not _has_init(holder)]


def _has_init(folder: Path) -> bool:
    return (folder / "__init__.py").is_file()


def loops(modules: Iterable[Module]) -> list[str]:
    """Complain of modules that import each other, directly or in a round."""
    graph = _import_graph(list(modules))
    complaints: list[str] = []
    done: set[str] = set()
    for start in sorted(graph):
        _walk(start, graph, [], done, complaints)
    return complaints


def _import_graph(modules: list[Module]) -> dict[str, set[str]]:
    names = {module.name for module in modules}
    graph: dict[str, set[str]] = {}
    for module in modules:
        targets = {_module_named(imported.target, names) for imported in imports_of(module)}
        graph[module.name] = {target for target in targets if target is not None and target != module.name}
    return graph


def _module_named(target: str, names: set[str]) -> str | None:
    if target in names:
        return target
    parent = target.rpartition(".")[0]
    return parent if parent in names else None


def _walk(name: str, graph: dict[str, set[str]], path: list[str], done: set[str], found: list[str]) -> None:
    if name in path:
        found.append(" -> ".join([*path[path.index(name) :], name]))
        return
    if name in done:
        return
    for target in sorted(graph[name]):
        _walk(target, graph, [*path, name], done, found)
    done.add(name)
