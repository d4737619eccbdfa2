"""Does a test fail when a line is wrong? `python -m pytest -p tests.support.mutants --mutants 200 tests/billing`.

1. The chosen tests run once, in forks too; marks (tests.support.coverage) tell which lines of the rule modules each of them runs.
2. Some of these lines, by chance, get one small mistake each: a comparison turned, a condition left out, a number off by one.
3. For each mistake the process forks; the child exchanges the code of the one function in its memory and runs the tests
   that run the line, until one fails. No file is touched.

Left out: browsers, tests that commit (they would leave rows), and tests that take longer than SLOW seconds.
"""

import ast
import copy
import difflib
import gc
import importlib
import os
import pickle
import random
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType, SimpleNamespace
from typing import Any

import pytest

from tests.support import coverage

SLOW = 6  # seconds
KILLED, NOT_APPLIED = 1, 3
OUTCOMES = {0: "survived", NOT_APPLIED: "not applied"}  # by the child's exit code
NOT_RULES = ("/views/", "/migrations/", "/management/", "/templatetags/")
NOT_RULE_FILES = {
    "admin.py",
    "apps.py",
    "urls.py",
    "api_urls.py",
    "checks.py",
    "registration.py",
    "permissions.py",
    "event_kinds.py",
    "__init__.py",
}
NOT_RULE_ROOMS = {"config", "launch", "demo"}
TURNED = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
SWAPPED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult}


# mistakes


def mistakes(node: ast.AST) -> Iterator[Callable[[], ast.AST | None]]:
    """Each way to make `node` wrong: a function that returns what stands in its place, None when it was changed itself."""
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in TURNED:
            for other in TURNED[type(operator)]:
                yield lambda other=other: _set(node, ops=[other()])
        case ast.BoolOp():
            yield lambda: _set(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
        case ast.UnaryOp(op=ast.Not()):
            yield lambda: node.operand
        case ast.BinOp() if type(node.op) in SWAPPED and not isinstance(node.left, ast.Constant):
            yield lambda: _set(node, op=SWAPPED[type(node.op)]())
        case ast.AugAssign() if type(node.op) in SWAPPED:
            yield lambda: _set(node, op=SWAPPED[type(node.op)]())
        case ast.Constant(value=bool()):
            yield lambda: _set(node, value=not node.value)
        case ast.Constant(value=int() | float()):
            yield lambda: _set(node, value=node.value + 1)
            yield lambda: _set(node, value=node.value - 1)
        case ast.Return(value=ast.AST() as value) if not (isinstance(value, ast.Constant) and value.value is None):
            yield lambda: _set(node, value=ast.Constant(None))
        case ast.If() | ast.IfExp():
            yield lambda: _set(node, test=ast.Constant(True))
            yield lambda: _set(node, test=ast.Constant(False))
        case ast.comprehension(ifs=[_, *_]):
            yield lambda: _set(node, ifs=[])
        case ast.Expr(value=ast.Call()):
            yield ast.Pass


def _set(node: ast.AST, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(node, name, value)


@dataclass
class Mutant:
    file: str
    line: int
    owner: str  # the qualified name of the outermost function, or "" for a constant of the module
    code: CodeType
    before: str
    after: str

    def apply(self) -> None:
        """Exchange the code in memory. Raises LookupError when the function is not there."""
        module = importlib.import_module(
            self.file.removesuffix(".py").replace("/", ".")
        )  # some wait for a first request
        if not self.owner:
            exec(self.code, vars(module))
            return
        gc.unfreeze()  # what was frozen (tests.conftest) is not listed
        # Not isinstance: it asks a lazy object for what it stands for.
        found = [
            thing for thing in gc.get_objects() if type(thing) is FunctionType and _same(thing.__code__, self.code)
        ]
        if not found:
            raise LookupError(self)
        for function in found:
            function.__code__ = self.code

    def __str__(self) -> str:
        pair = difflib.unified_diff(self.before.splitlines(), self.after.splitlines(), lineterm="", n=0)
        changes = [line for line in pair if line[:2] not in ("--", "++", "@@")]
        return "\n".join([f"{self.file}:{self.line}", *(f"    {line}" for line in changes)])


def _same(one: CodeType, other: CodeType) -> bool:
    return (one.co_filename, one.co_qualname, one.co_firstlineno) == (
        other.co_filename, other.co_qualname, other.co_firstlineno,
    )  # fmt: skip


def is_rule_module(file: str) -> bool:
    path = Path(file)
    return not (
        path.name in NOT_RULE_FILES or path.parts[0] in NOT_RULE_ROOMS or any(part in f"/{file}" for part in NOT_RULES)
    )


def places(tree: ast.Module) -> Iterator[tuple[str, ast.AST, ast.AST, int]]:
    """(owner, its node, a node inside it, the line of its statement) of everything that may be made wrong."""

    def owners(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, ast.stmt]]:
        for statement in body:
            if isinstance(statement, ast.FunctionDef):
                yield prefix + statement.name, statement
            elif isinstance(statement, ast.ClassDef):
                yield from owners(statement.body, f"{prefix}{statement.name}.")
            elif not prefix and isinstance(statement, ast.Assign) and not _calls(statement):
                yield "", statement

    for owner, top in owners(tree.body, ""):
        for statement in top.body if isinstance(top, ast.FunctionDef) else [top]:
            yield from ((owner, top, node, line) for node, line in _inside(statement, statement.lineno))


def _calls(node: ast.AST) -> bool:
    return any(isinstance(part, ast.Call) for part in ast.walk(node))


def _inside(node: ast.AST, line: int) -> Iterator[tuple[ast.AST, int]]:
    line = node.lineno if isinstance(node, ast.stmt) else line
    if isinstance(node, ast.Assert | ast.arg | ast.JoinedStr | ast.Raise):
        return
    yield node, line
    for child in ast.iter_child_nodes(node):
        yield from _inside(child, line)


def candidates(file: str) -> list[tuple[int, int, int]]:
    """(place, mistake, line) of every mutant of a file, in the order of its text."""
    tree = ast.parse((coverage.ROOT / file).read_bytes())
    return [
        (place, n, line)
        for place, (_owner, _top, node, line) in enumerate(places(tree))
        for n, _make in enumerate(mistakes(node))
    ]


def mutant(file: str, place: int, mistake: int) -> Mutant | None:
    """The mutant with its compiled code; None when the mistake would be none (the text stays the same)."""
    path = coverage.ROOT / file
    tree = ast.parse(path.read_bytes())
    owner, top, node, line = next(found for n, found in enumerate(places(tree)) if n == place)
    before = _text(top)
    instead = list(mistakes(node))[mistake]()
    if instead is not None:
        _replace(top, node, instead)
    after = _text(top)
    if before == after:
        return None
    ast.fix_missing_locations(tree)
    if not owner:
        code = compile(ast.Module([copy.deepcopy(top)], []), str(path), "exec", dont_inherit=True)
        return Mutant(file, line, "", code, before, after)
    first = min(part.lineno for part in [top, *getattr(top, "decorator_list", [])])
    codes = _codes(compile(tree, str(path), "exec", dont_inherit=True))
    return next(
        Mutant(file, line, owner, code, before, after)
        for code in codes
        if (code.co_qualname, code.co_firstlineno) == (owner, first)
    )


class _Shorter(ast.NodeTransformer):
    """Without the f-strings: they are never changed, and not all of them can be written out again."""

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        return ast.copy_location(ast.Constant("…"), node)


def _text(node: ast.AST) -> str:
    return ast.unparse(_Shorter().visit(copy.deepcopy(node)))


def _codes(code: CodeType) -> Iterator[CodeType]:
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield part
            yield from _codes(part)


def _replace(top: ast.AST, node: ast.AST, instead: ast.AST) -> None:
    for parent in ast.walk(top):
        for name, value in ast.iter_fields(parent):
            if value is node:
                setattr(parent, name, ast.copy_location(instead, node))
            elif isinstance(value, list) and any(part is node for part in value):
                setattr(parent, name, [ast.copy_location(instead, node) if part is node else part for part in value])


# the run


def pytest_addoption(parser: Any) -> None:
    group = parser.getgroup("mutants")
    group.addoption("--mutants", type=int, default=200, help="how many mistakes to try")
    group.addoption("--seed", type=int, default=None, help="of the choice; printed when it is left out")
    group.addoption("--lanes", type=int, default=2, help="how many at a time, each on a database of its own")
    group.addoption("--of", default="", help="only files whose name begins so, as billing/accounts/ledger")


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    apart = [item for item in items if _is_apart(item)]
    config.hook.pytest_deselected(items=apart)
    items[:] = [item for item in items if item not in set(apart)]


def _is_apart(item: Any) -> bool:
    marker = item.get_closest_marker("django_db")
    fixtures = set(getattr(item, "fixturenames", ()))
    return bool(
        (marker and (marker.kwargs.get("transaction") or marker.args))
        or fixtures & {"transactional_db", "live_server", "browser", "page", "stack"}
        or "/journey/" in item.nodeid
    )


class Watch:
    """Remembers the outcome of the test that runs, and its seconds without those of its fixtures."""

    def __init__(self) -> None:
        self.failed, self.seconds = False, 0.0

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.failed |= report.outcome != "passed"
        self.seconds += report.duration if report.when == "call" else 0


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool:
    if session.testsfailed or session.config.option.collectonly:
        return False
    Run(session).all()
    return True


class Run:
    def __init__(self, session: pytest.Session) -> None:
        self.session, self.option = session, session.config.option
        self.say = session.config.pluginmanager.get_plugin("terminalreporter").write_line
        # To a test that is told of this next one, only the session's own fixtures are still needed.
        self.next = SimpleNamespace(listchain=lambda: [session])
        self.seconds: dict[Any, float] = {}
        self.items: dict[tuple[str, int], list[Any]] = defaultdict(list)

    def all(self) -> None:
        started = time.monotonic()
        self.run_one(next((item for item in self.session.items if "db" in item.fixturenames), self.session.items[0]))
        self.databases = self.make_databases()
        self.learn()
        seed = self.option.seed if self.option.seed is not None else random.randrange(10_000)
        chosen = self.choose(random.Random(seed))
        learnt = time.monotonic()
        self.say(f"\n{len(self.seconds)} tests in {learnt - started:.0f} s; {len(chosen)} mutants, --seed {seed}")
        outcomes = self.try_out(chosen)
        counts = Counter(outcomes.values())
        self.say("")
        for made in chosen:
            if outcomes[id(made)] in OUTCOMES.values():
                self.say(f"{outcomes[id(made)]}  {made}")
        told = ", ".join(f"{number} {name}" for name, number in sorted(counts.items()))
        self.say(f"{told} of {len(chosen)} mutants in {time.monotonic() - learnt:.0f} s")

    def run_one(self, item: Any) -> Watch:
        watch = Watch()
        self.session.config.pluginmanager.register(watch)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=self.next)
        self.session.config.pluginmanager.unregister(watch)
        return watch

    def learn(self) -> None:
        """Every test once, in a fork as later: {its place: (seconds, the lines that it runs)} of those that pass."""
        lanes = len(self.databases)
        with ExitStack() as files:
            answers = [files.enter_context(tempfile.TemporaryFile()) for _ in self.databases]
            children = [
                self.fork(lambda lane=lane: pickle.dump(self._measured(lane, lanes), answers[lane]), database)
                for lane, database in enumerate(self.databases)
            ]
            for pid, answer in zip(children, answers, strict=True):
                _pid, status = os.waitpid(pid, 0)
                if status:
                    pytest.exit("The tests could not be run in a forked process.", returncode=1)
                answer.seek(0)
                for place, (seconds, ran) in pickle.load(answer).items():
                    item = self.session.items[place]
                    self.seconds[item] = seconds
                    for spot in ran:
                        self.items[spot].append(item)

    def _measured(self, lane: int, lanes: int) -> dict[int, tuple[float, list[tuple[str, int]]]]:
        found = {}
        for place in range(lane, len(self.session.items), lanes):
            for ran in coverage.RAN.values():
                ran[:] = ran.replace(b"\1", b"\2")
            watch = self.run_one(self.session.items[place])
            if not watch.failed and watch.seconds < SLOW:
                files = [file for file in coverage.RAN if is_rule_module(file) and file.startswith(self.option.of)]
                spots = [(file, line) for file in files for line, state in enumerate(coverage.RAN[file]) if state == 1]
                found[place] = (watch.seconds, spots)
        return found

    def choose(self, chance: random.Random) -> list[Mutant]:
        files = sorted({file for file, _line in self.items})
        every = []
        for file in files:
            lines = {line for name, line in self.items if name == file}
            constants = self._constants(file)
            every += [(file, *spot) for spot in candidates(file) if spot[2] in lines or spot[2] in constants]
        chance.shuffle(every)
        made: list[Mutant] = []
        for file, place, mistake, _line in every:
            if len(made) == self.option.mutants:
                break
            new = mutant(file, place, mistake)
            if new:
                made.append(new)
        return made

    def _constants(self, file: str) -> set[int]:
        """Lines of the module's constants: they ran when it was imported, for all tests of the module."""
        tree = ast.parse((coverage.ROOT / file).read_bytes())
        return {line for owner, _top, _node, line in places(tree) if not owner}

    def tests_of(self, made: Mutant) -> list[Any]:
        """Those that run the line, the quickest first; for a constant those that run anything of the module."""
        found = (
            self.items[made.file, made.line]
            if made.owner
            else {item for (file, _line), items in self.items.items() if file == made.file for item in items}
        )
        return sorted(found, key=self.seconds.__getitem__)

    def try_out(self, chosen: list[Mutant]) -> dict[int, str]:
        waiting, running, outcomes = list(reversed(chosen)), {}, {}
        free = list(self.databases)
        while waiting or running:
            while waiting and free:
                made, lane = waiting.pop(), free.pop()
                tests = self.tests_of(made)
                limit = time.monotonic() + 30 + 4 * sum(map(self.seconds.__getitem__, tests))
                running[self.fork(lambda made=made, tests=tests: self.attack(made, tests), lane)] = (made, lane, limit)
            time.sleep(0.02)
            for pid, (made, lane, limit) in list(running.items()):
                over, status = os.waitpid(pid, os.WNOHANG)
                if not over and time.monotonic() < limit:
                    continue
                if not over:
                    os.kill(pid, 9)
                    os.waitpid(pid, 0)
                outcomes[id(made)] = (
                    OUTCOMES.get(os.waitstatus_to_exitcode(status), "killed") if over else "ran too long"
                )
                del running[pid]
                free.append(lane)
        return outcomes

    def attack(self, made: Mutant, tests: list[Any]) -> None:
        try:
            made.apply()
        except LookupError:
            os._exit(NOT_APPLIED)
        if any(self.run_one(item).failed for item in tests):
            os._exit(KILLED)

    def fork(self, work: Callable[[], None], database: str) -> int:
        """The id of a child that works on this database, silently; it ends with 0 unless `work` says otherwise."""
        pid = os.fork()
        if pid:
            return pid
        status = KILLED
        try:
            nothing = os.open(os.devnull, os.O_WRONLY)
            for stream in (1, 2):
                os.dup2(nothing, stream)
            self.session.config.pluginmanager.unregister(name="terminalreporter")
            from django.core.cache import caches
            from django.db import connection

            connection.settings_dict["NAME"] = database
            caches["default"].key_prefix += database
            work()
            status = 0
        finally:
            os._exit(status)

    def make_databases(self) -> list[str]:
        """One for each lane: the test's own, and copies of it. All connections are closed for the forks."""
        from django.db import connection, connections
        from pytest_django.plugin import blocking_manager_key

        from portal.database.owner import as_owner

        names = [connection.settings_dict["NAME"]]
        with self.session.config.stash[blocking_manager_key].unblock():
            connections.close_all()
            for lane in range(1, self.option.lanes):
                with as_owner():
                    connection.creation.clone_test_db(str(lane), verbosity=0)
                names.append(connection.creation.get_test_db_clone_settings(str(lane))["NAME"])
            connections.close_all()
        return names
