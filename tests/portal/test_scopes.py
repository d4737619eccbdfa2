"""Which module may open which of the scopes that reach beyond one school."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("portal", "schools", "students", "capture", "billing", "proofing", "printing", "year_end", "demo", "config")

# The center's eyes: what stands between a signed-in person of the center, or the operator, and the rows.
CENTER = {"portal.access", "portal.admin"}

# One fact across schools, inside a request of a school, a student or a visitor.
ACROSS = {
    "portal.accounts.adapter": "who signs in, or has tried to",
    "billing.online.orders": "a payment provider's message names an order, not a school",
    "capture.dashboard_counts": "whether the other account of a likeness is locked",
    "capture.judging.likeness": "the same picture, handed in at another school",
    "capture.stations.devices": "the school is not known before the row of the device is read",
    "capture.upload.waiting": "how many photos of all schools wait before one",
    "capture.sign_in.credentials": "the roster says which school a visitor belongs to",
    "capture.sign_in.offers": "which ways to sign in any school has added: the visitor's is not known yet",
    "capture.sign_in.real_name.asking": "how often a service was asked: who signs in is of no school yet",
    "capture.sign_in.registry_codes": "a number of the registry that a student of any school has used",
    "capture.sign_in.wechat_binding": "whose WeChat it is: the student may be of any school",
    "capture.sign_in.appearing": "the schools that hand over no list, from which a visitor chooses",
    "capture.views.capture_code": "the demo's students, whose codes anybody may fetch",
    "portal.notifications.__init__": "what a school does may concern the center too",
    "portal.pages.navigation": "the numbers in the menu of a person of the center",
    "portal.accounts.second_factor": "an event about a person who is signing in",
    "schools.views.schedule": "days that schools were granted, in the calendar of a person of the center",
    "students.moving.school_changes": "the student whom another school asks for, and its two sides",
    "students.records": "an ID number that is enrolled at another school",
    "students.without_list.appearances": "a number of the registry that a student of any school has",
    "students.roster.number_clashes": "whether another school still has a number",
    "students.roster.staging": "the same for a whole roster",
    "students.identity.student_access": "the student whom a session names; the school is read from the row",
    "year_end.commended_schools": "the names of a published bulletin",
}

# The system's own work. Tasks and commands may always open it; these are what they call.
SYSTEM = {
    "billing.online.orders": "unpaid orders past their time",
    "billing.accounts.payment_reminders": "schools that owe",
    "capture.capture_period": "captures that are over",
    "capture.daily_check": "schools whose day is to be checked",
    "capture.judging.judge": "checks that were lost",
    "capture.judging.likeness": "comparisons that were lost",
    "capture.live.watching": "films that were lost",
    "capture.same_person.comparison": "comparisons with admission photos that were lost",
    "billing.online.repayments": "payments on their way back, of students of all schools",
    "capture.window_reminders": "schools whose days begin or end",
    "capture.upload.submission": "photos whose fee was settled while nobody could hand them in",
    "portal.database.filling": "rows that a migration fills",
    "demo.first_days": "the demo's command",
    "demo.last_season": "the demo's command",
    "demo.loading": "the demo's command",
    "demo.photos": "the demo's command",
    "demo.scale.filling": "the demo's command",
    "demo.schools": "the demo's command",
    "portal.background.jobs": "the state of a job, and a job that belongs to no school",
    "portal.accounts.sessions": "sessions past their time",
    "portal.notifications.deliveries": "notifications that are to be sent",
    "portal.privacy.unnamed_files": "files of all schools that no row names",
    "students.moving.move": "a student's rows at the two schools of a move",
    "proofing.deadline_reminders": "schools and students to remind",
}


def nodes_of_modules_with(word: str) -> Iterator[tuple[str, ast.AST]]:
    """(module, node) of the modules whose text has the word: to read all of them takes seconds."""
    for path in (path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))):
        if word in (text := path.read_text()):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            yield from ((name, node) for node in ast.walk(ast.parse(text)))


def opened_by(scope: str) -> set[str]:
    found = {
        name
        for name, node in nodes_of_modules_with(scope)
        if scope in (getattr(node, "id", ""), getattr(node, "attr", ""))
    }
    return found - {"portal.tenancy"}


def _is_task_or_command(name: str) -> bool:
    return name.split(".")[1] == "tasks" or ".management.commands." in name


def test_the_centers_eyes_open_only_under_its_doors():
    assert opened_by("center_scope") == CENTER


def test_facts_across_schools_are_the_ones_that_are_listed():
    assert opened_by("across_schools") == set(ACROSS)


def test_the_systems_scope_opens_only_for_tasks_commands_and_what_they_call():
    assert {name for name in opened_by("system_scope") if not _is_task_or_command(name)} == set(SYSTEM)


@pytest.mark.parametrize("scope", ["scopes_disabled", "scope"])
def test_nothing_goes_round_the_four_scopes(scope):
    imported = [
        name
        for name, node in nodes_of_modules_with("django_scopes")
        if isinstance(node, ast.ImportFrom) and node.module == "django_scopes" and scope in {n.name for n in node.names}
    ]
    assert imported == ["portal.tenancy"]
