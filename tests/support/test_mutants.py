"""What counts as a mistake, and how it reaches the function that runs."""

import ast

import pytest

from tests.support import coverage, mutants

SOURCE = '''LIMIT = 3


class Box:
    def holds(self, n):
        """Words with 7."""
        if n < LIMIT and not self.shut:
            return True
        return False
'''


def made(tmp_path, monkeypatch) -> list[str]:
    """The text of the module after each mistake, without what is the same in all."""
    monkeypatch.setattr(coverage, "ROOT", tmp_path)
    (tmp_path / "box.py").write_text(SOURCE)
    found = [mutants.mutant("box.py", place, mistake) for place, mistake, _line in mutants.candidates("box.py")]
    return [str(one) for one in found if one]


@pytest.mark.parametrize(
    "line",
    [
        "LIMIT = 4",
        "LIMIT = 2",
        "if n <= LIMIT and (not self.shut):",
        "if n >= LIMIT and (not self.shut):",
        "if n < LIMIT or not self.shut:",
        "if n < LIMIT and self.shut:",
        "if True:",
        "if False:",
        "return None",
    ],
)
def test_a_mistake_changes_one_thing(tmp_path, monkeypatch, line):
    added = [
        [part.strip(" +") for part in text.splitlines() if part.startswith("    +")]
        for text in made(tmp_path, monkeypatch)
    ]
    assert [line] in added
    assert {len(lines) for lines in added} == {1}


def test_words_are_left_alone(tmp_path, monkeypatch):
    assert not any("Words" in text for text in made(tmp_path, monkeypatch))


@pytest.mark.parametrize(
    ("file", "is_one"),
    [
        ("billing/accounts/ledger.py", True),
        ("capture/judging/judge.py", True),
        ("billing/views/pay.py", False),
        ("billing/admin.py", False),
        ("portal/migrations/0001_initial.py", False),
        ("demo/season.py", False),
    ],
)
def test_rule_modules_are_mutated_and_what_translates_for_them_is_not(file, is_one):
    assert mutants.is_rule_module(file) is is_one


def turned(n: int) -> bool:
    return n > 3


def test_the_function_in_memory_is_exchanged():
    file = str(mutants.Path(__file__).relative_to(coverage.ROOT))
    tree = ast.parse((coverage.ROOT / file).read_bytes())
    place = next(
        n
        for n, (owner, _top, node, _line) in enumerate(mutants.places(tree))
        if owner == "turned" and isinstance(node, ast.Compare)
    )
    code = turned.__code__
    mutants.mutant(file, place, 0).apply()
    try:
        assert turned(3)
    finally:
        turned.__code__ = code
    assert not turned(3)
