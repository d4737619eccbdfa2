"""Which statements of the rooms the tests have run: `python -m pytest -p tests.support.coverage`.

As a module of a room is imported, a mark is set before each of its statements: a store into an array. A tracer would be
called for every line of Django too (measured: half as much time again); a mark costs the modules that are asked about.
Processes that tests start are not followed.
"""

import ast
import sys
from collections import defaultdict
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = (
    "config", "launch", "portal", "schools", "students", "vision", "capture", "billing", "proofing", "printing",
    "year_end", "demo",
)  # fmt: skip
NAME = "__ran__"
# By file, relative to the root: byte n is 1 when the statement of line n has been run, 2 when there is one to run.
RAN: dict[str, bytearray] = {}
TO_RUN = 2


class Marks(ast.NodeTransformer):
    """Sets a mark before each statement, and collects their lines."""

    def __init__(self) -> None:
        self.lines: set[int] = set()

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if isinstance(block, list):
                setattr(node, field, [part for statement in block for part in self._marked(statement)])
        return node

    def _marked(self, statement: ast.stmt) -> list[ast.stmt]:
        is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        is_future = isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
        if is_text or is_future or isinstance(statement, ast.Global | ast.Nonlocal):
            return [statement]
        self.lines.add(statement.lineno)
        mark = ast.parse(f"{NAME}[{statement.lineno}] = 1").body[0]
        for part in ast.walk(mark):
            ast.copy_location(part, statement)
        return [mark, statement]


class Loader(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        source = self.get_data(self.path)
        marks = Marks()
        tree = marks.visit(ast.parse(source))
        RAN[str(Path(self.path).relative_to(ROOT))] = blank(marks.lines)
        return compile(tree, self.path, "exec", dont_inherit=True)

    def exec_module(self, module: ModuleType) -> None:
        code = self.get_code(module.__name__)
        vars(module)[NAME] = RAN[str(Path(self.path).relative_to(ROOT))]
        exec(code, vars(module))


class Finder(PathFinder):
    @classmethod
    def find_spec(cls, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if fullname.partition(".")[0] not in ROOMS or ".migrations" in fullname:
            return None
        spec = super().find_spec(fullname, path, target)
        if spec and spec.origin and isinstance(spec.loader, SourceFileLoader):
            spec.loader = Loader(fullname, spec.origin)
        return spec


sys.meta_path.insert(0, Finder)


def blank(lines: set[int]) -> bytearray:
    ran = bytearray(max(lines, default=0) + 1)
    for line in lines:
        ran[line] = TO_RUN
    return ran


def merge(other: dict[str, bytes]) -> None:
    """Add what another process has run."""
    for file, ran in other.items():
        mine = RAN.setdefault(file, bytearray(ran))
        for line, state in enumerate(ran):
            if state == 1:
                mine[line] = 1


def never_imported() -> dict[str, bytearray]:
    """The modules that no test has asked for."""
    found = {}
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            file = str(path.relative_to(ROOT))
            if file not in RAN and "migrations" not in path.parts:
                marks = Marks()
                marks.visit(ast.parse(path.read_bytes()))
                found[file] = blank(marks.lines)
    return found


def by_room() -> dict[str, tuple[int, int]]:
    """{room: (statements, those that were run)}."""
    found: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for file, ran in (RAN | never_imported()).items():
        statements, done = found[file.partition("/")[0]]
        found[file.partition("/")[0]] = (statements + len(ran) - ran.count(0), done + ran.count(1))
    return {room: found[room] for room in ROOMS}


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["ran"] = {file: bytes(ran) for file, ran in RAN.items()}


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    merge(getattr(node, "workeroutput", {}).get("ran", {}))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    terminalreporter.section("statements run by tests")
    rooms = by_room()
    total = tuple(map(sum, zip(*rooms.values(), strict=True)))
    for room, (statements, done) in [*rooms.items(), ("all", total)]:
        share = 100 * done / max(1, statements)
        terminalreporter.write_line(f"{room:<10} {statements:>7,} {share:>6.1f} %  {statements - done:>6,} never run")
