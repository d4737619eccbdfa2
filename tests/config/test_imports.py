"""Imports point one way: between the rooms, and inside each room."""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# portal <- schools <- students <- {capture, billing} <- proofing <- printing <- year_end <- demo; vision stands beside.
# config wires and is imported by nobody; launch starts what config wires and knows no room.
MAY_IMPORT: dict[str, set[str]] = {
    "vision": set(),
    "portal": set(),
    "schools": {"portal"},
    "students": {"portal", "schools"},
    "capture": {"portal", "schools", "students", "vision"},
    "billing": {"portal", "schools", "students"},
    "proofing": {"portal", "schools", "students", "capture", "billing"},
    "printing": {"portal", "schools", "students", "capture", "billing", "proofing"},
    "year_end": {"portal", "schools", "students", "capture", "billing", "proofing", "printing"},
    "demo": {"portal", "schools", "students", "vision", "capture", "billing", "proofing", "printing", "year_end"},
    "launch": set(),
}
ROOMS = [*MAY_IMPORT, "config"]
APPS = set(MAY_IMPORT) - {"vision", "launch"}
FORBIDDEN_NAMES = {"utils", "common", "core", "services", "helpers"}

# models <- rule modules <- tasks, forms <- views, api: a module imports from its own floor or below.
# Modules that know no model (errors, identity, tenancy) are the ground, which models may stand on.
GROUND, MODELS, RULES, TASKS, VIEWS, WIRING = range(6)
FLOORS = {
    "models": MODELS,
    "tasks": TASKS,
    "forms": TASKS,
    "views": VIEWS,
    "api": VIEWS,
    "admin": VIEWS,
    "management": VIEWS,
    "templatetags": VIEWS,
    "migrations": VIEWS,
    "urls": WIRING,
    "api_urls": WIRING,
    "apps": WIRING,
    "registration": WIRING,
}


def modules(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> Iterator[str]:
    """The dotted names that a file imports at its top, or anywhere but inside a function."""
    return _imports_among(_outside_functions(ast.parse(path.read_text())), path)


def imported_anywhere(path: Path) -> Iterator[str]:
    return _imports_among(ast.walk(ast.parse(path.read_text())), path)


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef):
            yield child
            yield from _outside_functions(child)


def _imports_among(nodes: Iterator[ast.AST], path: Path) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from _imported_from(node, path)


def _imported_from(node: ast.ImportFrom, path: Path) -> Iterator[str]:
    base = node.module or ""
    if node.level:
        package = path.relative_to(ROOT).parts[: -node.level]
        base = ".".join([*package, *([base] if base else [])])
    for name in node.names:
        whole = f"{base}.{name.name}"
        yield whole if _is_module(whole) else base


def _is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").exists()


def floor(name: str) -> int:
    """The floor of a dotted module name: its first part below the room decides."""
    parts = name.split(".")
    if len(parts) > 1 and parts[1] in FLOORS:
        return FLOORS[parts[1]]
    return RULES if knows_models(name) else GROUND


@functools.cache
def knows_models(name: str) -> bool:
    """Whether a module reaches the models of any room, by itself or through what it imports."""
    path = ROOT.joinpath(*name.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    ours = [other for other in imported(path) if other.split(".")[0] in MAY_IMPORT and other != name]
    return any(floor(other) > GROUND for other in ours)


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_room_imports_only_from_rooms_below_it(room):
    allowed = MAY_IMPORT[room] | {room}
    wrong = [
        f"{dotted(path)} imports {name}"
        for path in modules(room)
        for name in imported_anywhere(path)
        if name.split(".")[0] in ROOMS and name.split(".")[0] not in allowed
    ]
    assert wrong == []


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_module_imports_only_from_its_own_floor_or_below(room):
    wrong = [
        f"{dotted(path)} imports {name}"
        for path in modules(room)
        for name in imported_anywhere(path)
        if name.split(".")[0] == room and floor(name) > floor(dotted(path))
    ]
    assert wrong == []


def test_no_module_has_a_name_that_says_nothing():
    named = [dotted(path) for room in ROOMS for path in modules(room)]
    assert [name for name in named if FORBIDDEN_NAMES & set(name.split("."))] == []


def test_no_modules_of_the_house_import_each_other_in_a_circle():
    """Neither between the rooms nor inside one; an import inside a function counts like any other."""
    needs = {
        dotted(path): {name for name in imported_anywhere(path) if name.split(".")[0] in ROOMS} - {dotted(path)}
        for room in ROOMS
        for path in modules(room)
    }
    assert circles(needs) == []


def circles(needs: dict[str, set[str]]) -> list[list[str]]:
    """The groups of modules that reach each other (Tarjan's strongly connected components of two and more)."""
    index: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = lowest[name] = len(index)
        stack.append(name)
        for other in sorted(needs.get(name, ())):
            if other not in index:
                visit(other)
                lowest[name] = min(lowest[name], lowest[other])
            elif other in stack:
                lowest[name] = min(lowest[name], index[other])
        if lowest[name] == index[name]:
            group = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(group) > 1:
                found.append(sorted(group))

    for name in needs:
        if name not in index:
            visit(name)
    return found


def test_circles_are_found():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == [["b", "c"]]


def test_every_room_is_looked_at():
    found = {path.parent.name for path in ROOT.glob("*/apps.py")}
    assert found == APPS
