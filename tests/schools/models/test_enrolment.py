"""The table of what a phase allows. No other module may hold a set of phases."""

import ast
import re
from pathlib import Path

import pytest

from portal.errors import Conflict, PortalError
from schools.models import Action, Enrolment, Season
from tests.config.test_imports import APPS, ROOT, modules
from tests.support.words import said

Status = Enrolment.Status
OWN = ROOT / "schools" / "models" / "enrolment.py"
TABLES = (OWN, OWN.with_name("season.py"))
OPEN = Season(status=Season.Status.OPEN)
# Words that no other model's state has.
UNMISTAKABLE = {"preparing", "capturing", "proofreading", "feedback_sent", "feedback_accepted"}
NAMES_A_PHASE = re.compile("|".join([*UNMISTAKABLE, *Status.names]))

# One column a phase, in their order: preparing, capturing, proofreading, feedback sent and accepted, printing, shipped,
# received.
MATRIX = """
    withdraw            x . . . . . . .
    import              x x x . . . . .
    photograph          x x . . . . . .
    retake              . . x . . . . .
    submit              . x x . . . . .
    daily_check         . x x . . . . .
    open_proofreading   . x . . . . . .
    reset               x x x x . . . .
    remake              x x x x . . . .
    correct             . x x . . . . .
    correct_data        . x x . x x x x
    confirm             . x x . x x x x
    invite              x . x . x x x x
    feedback            . . x . . . . .
    decide_feedback     . . . x . . . .
    print               . . . . x x x x
    hand_over           . . . . x x x x
"""


def matrix() -> str:
    rows = [
        f"    {action:20}"
        + " ".join("x" if Enrolment(status=status, season=OPEN).allows(action) else "." for status in Status)
        for action in Enrolment.ALLOWED
    ]
    return "\n".join(["", *rows, ""])


def test_the_table_reads_as_agreed():
    assert matrix() == MATRIX


def test_what_is_required_is_refused_with_the_sentence_of_the_action():
    with pytest.raises(
        Conflict, match=said("Your school's photos have been concluded. Ask the person in charge at your school.")
    ):
        Enrolment(status=Status.FEEDBACK_SENT, season=OPEN).require(Action.SUBMIT)
    sentence = "The feedback form is with the center: the roster can no longer be changed. Ask the center."
    with pytest.raises(PortalError, match=said(sentence)) as refused:
        Enrolment(status=Status.PRINTING, season=OPEN).require(Action.IMPORT)
    assert not isinstance(refused.value, Conflict)
    Enrolment(status=Status.CAPTURING, season=OPEN).require(Action.SUBMIT)


def required(path: Path) -> list[str]:
    """The actions that a module requires, or whose refusal it raises."""
    found = []
    text = path.read_text()
    for node in ast.walk(ast.parse(text)) if "Action." in text else ():
        is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if is_call and node.func.attr in ("require", "refusal") and ast.unparse(node.args[0]).startswith("Action."):
            found.append(ast.unparse(node.args[0]).removeprefix("Action."))
    return found


def test_every_action_that_is_required_has_a_sentence():
    names = {name for app in APPS for path in modules(app) for name in required(path)}
    assert names >= {"IMPORT", "SUBMIT", "RESET", "CONFIRM", "PRINT"}
    names.remove("CHANGE")  # forbidden by the season only
    assert [name for name in sorted(names) if not Enrolment.ALLOWED[Action[name]].refusal] == []


def test_every_action_is_asked_for_by_some_module():
    text = "\n".join(path.read_text() for app in APPS for path in modules(app) if path not in TABLES)
    assert [action.name for action in Action if f"Action.{action.name}" not in text] == []


def is_phase(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        return node.value in UNMISTAKABLE
    is_status = isinstance(node, ast.Attribute) and node.attr in Status.__members__
    return is_status and ast.unparse(node).startswith(("Enrolment.Status.", "Status.")) and is_unmistakable(node)


def is_unmistakable(node: ast.Attribute) -> bool:
    return ast.unparse(node).startswith("Enrolment.") or Status[node.attr].value in UNMISTAKABLE


def sets_of_phases(source: str) -> list[str]:
    """Tuples, sets and lists of two or more phases, and chained comparisons with phases."""
    found = []
    for node in ast.walk(ast.parse(source)) if NAMES_A_PHASE.search(source) else ():
        among: list[ast.AST] = []
        if isinstance(node, ast.Tuple | ast.Set | ast.List):
            among = list(node.elts)
        elif isinstance(node, ast.BoolOp):
            among = [part for value in node.values for part in ast.walk(value)]
        elif isinstance(node, ast.Dict) and len(node.keys) < len(Status):  # one entry for each phase is no choice
            keys = [key for key in node.keys if key is not None]
            among = keys if all(map(is_phase, keys)) else []
        if len([one for one in among if is_phase(one)]) > 1:
            found.append(ast.unparse(node))
    return found


@pytest.mark.parametrize(
    "source",
    [
        "OPEN = (Enrolment.Status.CAPTURING, Enrolment.Status.SHIPPED)",
        "Status = Enrolment.Status\nOPEN = {Status.CAPTURING, Status.PROOFREADING}",
        "rows.filter(status__in=['capturing', 'proofreading'])",
        "e.status == Enrolment.Status.PRINTING or e.status == Enrolment.Status.SHIPPED",
        "WORDS = {Enrolment.Status.CAPTURING: 1, Enrolment.Status.PRINTING: 2}",
    ],
)
def test_the_guard_sees_a_private_set(source):
    assert sets_of_phases(source)


def test_no_other_module_keeps_a_set_of_phases():
    found = {
        str(path.relative_to(ROOT)): sets_of_phases(path.read_text())
        for app in APPS
        for path in modules(app)
        if path != OWN and "migrations" not in path.parts
    }
    assert {name: sets for name, sets in found.items() if sets} == {}


def test_no_template_compares_the_phase():
    found = [path.name for path in (ROOT / "templates").rglob("*.html") if compares_phase(path.read_text())]
    assert found == []


def compares_phase(text: str) -> bool:
    return re.search(r"enrolment\.status\s*(==|!=|in\b)", text) is not None
