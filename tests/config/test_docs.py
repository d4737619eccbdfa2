"""What the documents name exists: files, functions, modules to run, pages and pictures."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from portal.pages import panels
from portal.permissions import ACTIONS

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
FOLDERS = "portal|schools|students|vision|capture|billing|proofing|printing|year_end|demo|config|launch"
FOLDERS += "|templates|static|tests|bench|deploy|docs|locale"
# `capture/upload/intake.py`, `templates/students/roster.html`, `portal/notifications/channels/`, `capture/judging/judge.py:settle`
NAMED = re.compile(rf"`((?:{FOLDERS})/[\w./-]*?)(?::(\w+))?`")
RUN = re.compile(rf"python -m ((?:{FOLDERS})\.[\w.]+)")  # python -m bench.roster_import
CALLED = re.compile(r"(?:^|[\s(=,])([a-z_]+)\.([a-z_]+)(?=\(|$)")  # jobs.create(, decisions.approve
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)(?:#([^)\s]+))?\)")
PICTURE = re.compile(r'<img src="([\w./-]+)"')


def by_page(pages):
    return pytest.mark.parametrize("page", pages, ids=lambda page: str(page.relative_to(ROOT)))


def named_in(page: Path) -> list[tuple[str, str]]:
    """(path, function or class) of everything that a page names in code style."""
    return NAMED.findall(page.read_text())


def defined_in(path: Path) -> set[str]:
    """The functions, classes and constants at the top of a module."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {ast.unparse(target) for target in node.targets}
    return found


def test_the_documents_name_files_and_functions():
    found = [name for page in PAGES for name in named_in(page)]
    assert len(found) > 100
    assert len([function for _path, function in found if function]) > 30


@by_page(PAGES)
def test_what_a_document_names_exists(page):
    missing = {path for path, _function in named_in(page) if not (ROOT / path).exists()}
    assert missing == set()
    functions = {(path, function) for path, function in named_in(page) if function}
    assert {one for one in functions if one[1] not in defined_in(ROOT / one[0])} == set()
    run = {name.replace(".", "/") for name in RUN.findall(page.read_text())}
    assert {path for path in run if not (ROOT / path).is_dir() and not (ROOT / f"{path}.py").is_file()} == set()


@cache
def modules_of_rooms() -> dict[str, set[str]]:
    """What the modules of each name define; models are asked by their own names."""
    found: dict[str, set[str]] = {}
    for room in FOLDERS.split("|")[:9]:
        for path in (ROOT / room).rglob("*.py"):
            if "models" not in path.parts:
                name = path.parent.name if path.stem == "__init__" else path.stem
                found.setdefault(name, set()).update(defined_in(path))
    return found


# Words in code style that look the same.
NO_CALLS = {*ACTIONS, *panels.registered()}


def called_in(page: Path) -> set[tuple[str, str]]:
    """(module, function) of what stands in code style and names a module of ours."""
    text = page.read_text()
    code = re.findall(r"```python\n(.*?)```", text, re.DOTALL) + re.findall(r"`([^`\n]+)`", text)
    found = {call for part in code for call in CALLED.findall(part) if call[0] in modules_of_rooms()}
    return {
        (module, name) for module, name in found if f"{module}.{name}" not in NO_CALLS and name not in ("py", "html")
    }


@by_page([page for page in PAGES if "decisions" not in page.parts])
def test_functions_that_a_document_calls_are_defined(page):
    """Not in the records of decisions, whose names are those of their day."""
    assert {f"{module}.{name}" for module, name in called_in(page) if name not in modules_of_rooms()[module]} == set()


def headings(page: Path) -> set[str]:
    """The anchors that a page of Markdown offers."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@by_page(PAGES)
def test_a_link_leads_somewhere(page):
    for target, anchor in LINK.findall(page.read_text()):
        goal = (page.parent / target).resolve()
        assert goal.exists(), target
        if anchor:
            assert anchor in headings(goal), f"{target}#{anchor}"
    assert [name for name in PICTURE.findall(page.read_text()) if not (page.parent / name).exists()] == []


def test_the_operators_blocks_can_be_typed_on_an_installed_machine():
    """Bare manage.py finds no environment there, and restic needs that of the backups."""
    page = (ROOT / "docs/operators.md").read_text()
    blocks = [text for kind, text in re.findall(r"```(\w*)\n(.*?)```", page, re.DOTALL) if not kind]
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    assert len(lines) > 60
    assert [line for line in lines if re.search(r"(?<!/)\bmanage\.py", line)] == []
    restic = [line for line in lines if re.search(r"(?<!backup )\brestic [a-z]", line) and "apt-get" not in line]
    assert restic
    assert all("/etc/tucai-backup.env" in line for line in restic)
    scripts = {name for line in lines for name in re.findall(r"(?<![\w/])deploy/[\w./-]+\.sh", line)}
    assert {name for name in scripts if not (ROOT / name).exists()} == set()
